//! Toolkits: how this service calls each provider. One TOML file each in `fixtures/toolkits`,
//! embedded in the binary and checked when the service starts. The file name is the slug.

use std::collections::BTreeMap;

use include_dir::{Dir, include_dir};
use serde::Deserialize;
use serde_json::Value;

use crate::account::Subject;
use crate::upstream::address;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../fixtures/toolkits");

/// The slugs of the embedded toolkits, sorted.
pub fn toolkits() -> Vec<String> {
    let mut slugs: Vec<String> = toml_files().map(|(slug, _)| slug.to_owned()).collect();
    slugs.sort();
    slugs
}

/// An embedded toolkit cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("toolkit `{slug}` cannot be used: {problem}")]
pub struct ToolkitError {
    slug: String,
    problem: String,
}

/// How one provider is called. All paths are relative to the base URL of the auth config.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Toolkit {
    /// The authorization endpoint. None: no user can be connected by this service.
    pub(crate) authorization: Option<AuthorizationEndpoint>,
    /// The token endpoint, for code exchanges and refreshes.
    pub(crate) token: TokenEndpoint,
    /// The revocation routes, in order of preference. None: the provider has no programmatic
    /// revocation.
    #[serde(default, rename = "revoke")]
    pub(crate) revoke_routes: Vec<RevokeRoute>,
}

/// Where a user's browser is sent for consent, RFC 6749 section 3.1. Its path is relative to the
/// base URL that the auth config names for browsers, if it names one apart.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuthorizationEndpoint {
    pub(crate) path: String,
    /// What is asked for where the auth config names no scopes. Empty: the parameter is left out.
    #[serde(default)]
    pub(crate) default_scopes: Vec<String>,
    #[serde(default)]
    pub(crate) pkce: Pkce,
    /// What else the provider wants to be told.
    #[serde(default)]
    pub(crate) parameters: BTreeMap<String, String>,
}

/// Whether a code is bound to a verifier, RFC 7636.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum Pkce {
    /// RFC 9700 section 2.1.1 wants it from every client, and whoever does not know it ignores it.
    #[default]
    S256,
    /// Only for a provider that refuses requests with it.
    #[serde(rename = "none")]
    Never,
}

/// What the protocol itself says in an authorization request, and how it is answered. A toolkit
/// that set one of these would undo what this service relies on.
const RESERVED_PARAMETERS: [&str; 10] = [
    "response_type",
    "response_mode",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "request",
    "request_uri",
];

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenEndpoint {
    pub(crate) path: String,
    pub(crate) client_authentication: ClientAuthentication,
}

/// One way to revoke something at the provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokeRoute {
    /// What the operator reads in the log.
    pub(crate) name: String,
    pub(crate) method: RouteMethod,
    pub(crate) path: String,
    pub(crate) encoding: Encoding,
    pub(crate) client_authentication: ClientAuthentication,
    /// The tokens it can carry, in the order in which they are dispatched (`ends = "token"`), or
    /// tried until one is held (`ends = "grant"`). Empty: it carries no token.
    pub(crate) subjects: Vec<Subject>,
    pub(crate) ends: Ends,
    /// What dies, by the provider's word, with a token that is ended by itself: RFC 7009 section
    /// 2.1 would have a refresh token take its access tokens along.
    #[serde(default)]
    pub(crate) takes_along: BTreeMap<Subject, Vec<Subject>>,
    /// The names under which the body carries things.
    #[serde(default)]
    pub(crate) fields: Fields,
    pub(crate) success: SuccessRule,
    /// Answers that mean "that token, or grant, is dead already".
    #[serde(default)]
    pub(crate) already_dead: Vec<DeadRule>,
    /// Answers that mean "the access token that authenticates the call is dead", and that nothing
    /// was done. Only with `client_authentication = "access_token"`.
    #[serde(default)]
    pub(crate) access_token_dead: Vec<DeadRule>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum RouteMethod {
    Post,
    Delete,
    Put,
    Get,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Encoding {
    Form,
    Json,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClientAuthentication {
    None,
    /// HTTP Basic, RFC 6749 section 2.3.1.
    Basic,
    /// `client_id` and `client_secret` in the body, RFC 6749 section 2.3.1.
    Post,
    /// The token that the route carries, as `Authorization: Bearer`, RFC 6750 section 2.1.
    BearerToken,
    /// The account's access token, as `Authorization: Bearer`, whatever token the route carries.
    AccessToken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ends {
    /// The token that it carries.
    Token,
    /// The whole grant, with every token of it.
    Grant,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fields {
    pub(crate) token: Option<String>,
    pub(crate) hint: Option<String>,
    pub(crate) account_id: Option<String>,
}

/// The answers that acknowledge a revocation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuccessRule {
    pub(crate) status: Vec<u16>,
    /// Where the status alone does not decide.
    pub(crate) body: Option<BodyRule>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BodyRule {
    /// RFC 6901.
    pub(crate) pointer: String,
    pub(crate) equals: Vec<Value>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeadRule {
    pub(crate) status: u16,
    /// RFC 6901.
    pub(crate) pointer: String,
    pub(crate) equals: Vec<Value>,
}

impl RevokeRoute {
    /// Whether it is called with the account's id at the provider instead of a token.
    pub(crate) fn carries_account_id(&self) -> bool {
        self.fields.account_id.is_some()
    }

    /// Whether the token that it carries is also what authenticates the call.
    pub(crate) fn authenticates_with_its_token(&self) -> bool {
        self.client_authentication == ClientAuthentication::BearerToken
    }

    /// Whether the account's access token authenticates the call, whatever it carries.
    pub(crate) fn authenticates_with_the_access_token(&self) -> bool {
        self.client_authentication == ClientAuthentication::AccessToken
    }
}

impl Toolkit {
    pub(crate) fn parse(slug: &str, text: &str) -> Result<Self, ToolkitError> {
        let error = |problem: String| ToolkitError {
            slug: slug.to_owned(),
            problem,
        };
        let toolkit: Self = toml::from_str(text).map_err(|problem| error(problem.to_string()))?;
        toolkit.validate().map_err(error)?;
        Ok(toolkit)
    }

    fn validate(&self) -> Result<(), String> {
        if let Some(authorization) = &self.authorization {
            validate_authorization(authorization)
                .map_err(|problem| format!("authorization: {problem}"))?;
        }
        validate_path(&self.token.path)?;
        if !matches!(
            self.token.client_authentication,
            ClientAuthentication::Basic | ClientAuthentication::Post
        ) {
            return Err("the token endpoint is authenticated by `basic` or `post`".to_owned());
        }
        self.revoke_routes.iter().try_for_each(|route| {
            validate_route(route).map_err(|problem| format!("route `{}`: {problem}", route.name))
        })
    }
}

fn validate_authorization(endpoint: &AuthorizationEndpoint) -> Result<(), String> {
    validate_path(&endpoint.path)?;
    let mut names = endpoint.parameters.keys();
    match names.find(|name| RESERVED_PARAMETERS.contains(&name.as_str())) {
        Some(name) => Err(format!("the parameter `{name}` is not a toolkit's to set")),
        None => Ok(()),
    }
}

fn validate_path(path: &str) -> Result<(), String> {
    if address::below("https://provider.invalid", path).is_some() {
        return Ok(());
    }
    Err(format!(
        "path `{path}` must begin with one slash, hold neither query nor fragment, and lead \
         nowhere else"
    ))
}

fn validate_route(route: &RevokeRoute) -> Result<(), String> {
    validate_path(&route.path)?;
    let has_body_fields = route.fields.token.is_some()
        || route.fields.hint.is_some()
        || route.fields.account_id.is_some();
    if has_body_fields && route.encoding == Encoding::None {
        return Err("fields are declared, but `encoding` says that there is no body".to_owned());
    }
    if route.subjects.is_empty() && route.ends == Ends::Token {
        return Err("a route that ends a token must name the subjects that it takes".to_owned());
    }
    if route.subjects.is_empty() != route.carries_account_id() {
        return Err("a route carries either tokens or the account id".to_owned());
    }
    let sends_its_token = route.fields.token.is_some() || route.authenticates_with_its_token();
    if !route.subjects.is_empty() && !sends_its_token {
        return Err("nothing says where the token goes".to_owned());
    }
    if route.client_authentication == ClientAuthentication::Post && route.encoding == Encoding::None
    {
        return Err("credentials cannot be posted without a body".to_owned());
    }
    if !route.takes_along.is_empty() && route.ends == Ends::Grant {
        return Err("a route that ends the whole grant takes everything along".to_owned());
    }
    if route.authenticates_with_the_access_token() && route.ends == Ends::Grant {
        // Where one call ends everything, no second call has to be authenticated: the token that
        // it carries can be the access token itself.
        return Err(
            "a route that ends the whole grant is authenticated by `bearer_token`, not by \
             `access_token`"
                .to_owned(),
        );
    }
    if !route.access_token_dead.is_empty() && !route.authenticates_with_the_access_token() {
        return Err(
            "`access_token_dead` needs `client_authentication = \"access_token\"`".to_owned(),
        );
    }
    if route.success.status.is_empty() {
        return Err("no status counts as success".to_owned());
    }
    Ok(())
}

/// Every embedded toolkit, by slug.
pub(crate) fn load() -> Result<BTreeMap<String, Toolkit>, ToolkitError> {
    toml_files()
        .map(|(slug, text)| Ok((slug.to_owned(), Toolkit::parse(slug, text)?)))
        .collect()
}

fn toml_files() -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES.files().filter_map(|file| {
        let slug = file.path().to_str()?.strip_suffix(".toml")?;
        Some((slug, file.contents_utf8()?))
    })
}

#[cfg(test)]
mod tests {
    use super::{Toolkit, load, toolkits};

    #[test]
    fn every_embedded_toolkit_is_valid() {
        let loaded: Vec<String> = load().unwrap().into_keys().collect();
        assert_eq!(loaded, toolkits());
        insta::assert_snapshot!(loaded.join("\n"));
    }

    const VALID: &str = r#"
[token]
path = "/token"
client_authentication = "basic"

[[revoke]]
name = "revoke"
method = "POST"
path = "/revoke"
encoding = "form"
client_authentication = "none"
subjects = ["access_token"]
ends = "token"
fields.token = "token"
success.status = [200]
"#;

    /// The problem that a valid file has once `from` is replaced by `to`.
    #[track_caller]
    fn problem(from: &str, to: &str) -> String {
        assert!(VALID.contains(from));
        Toolkit::parse("mine", &VALID.replacen(from, to, 1))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn invalid_toolkits_say_what_is_wrong() {
        Toolkit::parse("mine", VALID).unwrap();
        let problems = [
            problem("path = \"/revoke\"", "path = \"revoke\""),
            problem("path = \"/token\"", "path = \"/token?a=b\""),
            problem("path = \"/token\"", "path = \"//other.test/token\""),
            problem("\"basic\"", "\"none\""),
            problem("[token]", "[authorization]\npath = \"authorize\"\n[token]"),
            problem(
                "[token]",
                "[authorization]\npath = \"/a\"\nparameters = { state = \"1\" }\n[token]",
            ),
            problem(
                "[token]",
                "[authorization]\npath = \"/a\"\npkce = \"plain\"\n[token]",
            ),
            problem("\"form\"", "\"none\""),
            problem("[\"access_token\"]", "[]"),
            problem("fields.token", "fields.hint"),
            problem("[200]", "[]"),
            problem("ends = \"token\"", "ends = \"token\"\nsurprise = 1"),
            problem(
                "\"none\"\nsubjects = [\"access_token\"]\nends = \"token\"",
                "\"access_token\"\nsubjects = [\"access_token\"]\nends = \"grant\"",
            ),
            problem(
                "success.status = [200]",
                "success.status = [200]\n[[revoke.access_token_dead]]\nstatus = 401\n\
                 pointer = \"/error\"\nequals = [\"invalid_token\"]",
            ),
        ];
        insta::assert_snapshot!(problems.join("\n---\n"));
    }
}
