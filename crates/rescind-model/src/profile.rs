//! The profile language: how one provider behaves, as data.
//!
//! A provider that cannot be said here makes the language grow by one general feature; no
//! provider has code of its own.

mod validate;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::source::{self, Diagnostic, Located, SourceFile};
use crate::vocabulary::Subject;

/// How one provider behaves.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The provider's name for people.
    pub title: String,
    /// What is particular about its revocation, in a sentence.
    pub summary: String,
    /// Where the facts come from: links, RFC sections.
    pub sources: Located<Vec<String>>,
    /// The tokens that it issues.
    pub tokens: Tokens,
    /// Where tokens are issued and refreshed (RFC 6749 §3.2).
    pub token_endpoint: TokenEndpoint,
    /// The routes that a client can revoke by; none for a provider that has no such thing.
    #[serde(default, rename = "revocation_route")]
    pub revocation_routes: Vec<RevocationRoute>,
    /// Token introspection (RFC 7662).
    #[serde(default)]
    pub introspection: Option<Introspection>,
    /// A protected resource (RFC 6750).
    pub resource: Resource,
    /// What a removal of the app by the user, on the provider's own site, ends.
    #[serde(default = "RevocationScope::user_grants")]
    pub removal_by_user_ends: RevocationScope,
}

/// The tokens that a provider issues.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// The access token.
    pub access_token: TokenFormat,
    /// The refresh token; none if the provider issues none.
    #[serde(default)]
    pub refresh_token: Option<TokenFormat>,
    /// Whether a refresh replaces the refresh token (RFC 6749 §6), and so kills the old one.
    #[serde(default)]
    pub refresh_token_rotates: bool,
    /// The field of the token response that carries the provider's id of the user's account.
    #[serde(default)]
    pub account_id_field: Option<String>,
}

/// How one kind of token looks and how long it lives.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenFormat {
    /// The fixed start of every such token; no secret.
    #[serde(default)]
    pub prefix: String,
    /// The characters of the random part that follows the prefix.
    #[serde(default)]
    pub characters: TokenCharacters,
    /// The lifetime in seconds; none for a token that does not expire.
    #[serde(default)]
    pub lifetime_seconds: Option<u64>,
}

/// The characters of a token's random part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenCharacters {
    /// Letters, digits, `-` and `_`.
    #[default]
    UrlSafe,
    /// What a bearer header may carry (RFC 6750 §2.1, `b64token`): letters, digits, `-._~+/`.
    Bearer,
    /// Those, and characters that a form or a URL must escape: `=&%` (RFC 6749 appendix A.12
    /// allows every printable character).
    Printable,
}

/// Where tokens are issued and refreshed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenEndpoint {
    /// Its path below the provider's address.
    pub path: Located<String>,
    /// How a client may authenticate.
    pub client_authentication: Vec<ClientAuthentication>,
    /// The answer to a refresh token that is dead, expired, unknown or another client's.
    #[serde(default = "Answer::invalid_grant")]
    pub invalid_grant: Answer,
    /// The answer to a client that is not who it says.
    #[serde(default = "Answer::invalid_client")]
    pub invalid_client: Answer,
}

/// How a client shows who it is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthentication {
    /// Not at all: no credential may be there.
    None,
    /// HTTP Basic with form-encoded id and secret (RFC 6749 §2.3.1).
    Basic,
    /// `client_id` and `client_secret` in the form body (RFC 6749 §2.3.1).
    Post,
    /// `client_id` alone in the form body: a public client (RFC 7009 §5).
    ClientId,
    /// The presented token itself, as bearer.
    BearerToken,
    /// A live access token of the grant that the presented token or account id belongs to, as
    /// bearer, whatever is presented. For revocation routes only.
    AccessToken,
}

impl ClientAuthentication {
    /// The word in profiles and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic => "basic",
            Self::Post => "post",
            Self::ClientId => "client_id",
            Self::BearerToken => "bearer_token",
            Self::AccessToken => "access_token",
        }
    }
}

/// A route that a client can revoke by.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevocationRoute {
    /// The route's name in journals and messages.
    pub name: Located<String>,
    /// The HTTP method.
    pub method: HttpMethod,
    /// The path below the provider's address.
    pub path: Located<String>,
    /// How the body is encoded.
    pub encoding: BodyEncoding,
    /// How a client may authenticate.
    pub client_authentication: Vec<ClientAuthentication>,
    /// Where the token may sit; empty for a route that takes none.
    #[serde(default)]
    pub token_in: Vec<Place>,
    /// Where the provider's account id sits, for a route that takes that instead of a token.
    #[serde(default)]
    pub account_in: Option<Place>,
    /// Where `token_type_hint` may sit (RFC 7009 §2.1); it is accepted and never needed.
    #[serde(default)]
    pub hint_in: Option<Place>,
    /// What a call ends, by what it presents. What is not listed is refused as unsupported.
    pub ends: Ends,
    /// What the route answers.
    pub answers: RevocationAnswers,
}

impl RevocationRoute {
    /// Whether a bearer token is the caller's credential, and not what is to be revoked.
    pub fn is_authenticated_by_access_token(&self) -> bool {
        self.client_authentication
            .contains(&ClientAuthentication::AccessToken)
    }
}

/// HTTP methods that revocation routes use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum HttpMethod {
    /// GET
    Get,
    /// POST
    Post,
    /// DELETE
    Delete,
}

impl HttpMethod {
    /// The method's token on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// How a request's body is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BodyEncoding {
    /// `application/x-www-form-urlencoded`
    Form,
    /// `application/json`, one object
    Json,
    /// No body is needed; one that is there is not read.
    None,
}

/// Where a value sits in a request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A parameter of the form body.
    Form(String),
    /// A parameter of the query string.
    Query(String),
    /// A member of the JSON body.
    Json(String),
    /// `Authorization: Bearer …`
    Bearer,
}

/// What a call ends, by what it presents.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ends {
    /// … an access token.
    #[serde(default)]
    pub access_token: Option<RevocationScope>,
    /// … a refresh token.
    #[serde(default)]
    pub refresh_token: Option<RevocationScope>,
    /// … an account id.
    #[serde(default)]
    pub account: Option<RevocationScope>,
}

impl Ends {
    /// What a call that presents a token of that kind ends; none if the route refuses the kind.
    pub const fn of(&self, subject: Subject) -> Option<RevocationScope> {
        match subject {
            Subject::AccessToken => self.access_token,
            Subject::RefreshToken => self.refresh_token,
        }
    }
}

/// How far a revocation reaches. Ordered from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RevocationScope {
    /// The presented token only.
    Token,
    /// Every token of its grant.
    Grant,
    /// Every grant of that user and client.
    UserGrants,
}

impl RevocationScope {
    const fn user_grants() -> Self {
        Self::UserGrants
    }
}

/// What a revocation route answers.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevocationAnswers {
    /// Done.
    pub success: Answer,
    /// The token is dead already; as `success` if not stated (RFC 7009 §2.2).
    #[serde(default)]
    pub dead: Option<Answer>,
    /// The token has expired; as `dead` if not stated.
    #[serde(default)]
    pub expired: Option<Answer>,
    /// The provider has never issued such a token or account; as `dead` if not stated.
    #[serde(default)]
    pub unknown: Option<Answer>,
    /// The token is another client's (RFC 7009 §2.1: refused).
    #[serde(default = "Answer::invalid_grant")]
    pub foreign: Answer,
    /// Nothing was presented (RFC 7009 §2.1, RFC 6749 §5.2).
    #[serde(default = "Answer::invalid_request")]
    pub missing: Answer,
    /// The route does not take tokens of that kind (RFC 7009 §2.2.1).
    #[serde(default = "Answer::unsupported_token_type")]
    pub unsupported: Answer,
    /// The client is not who it says (RFC 6749 §5.2).
    #[serde(default = "Answer::invalid_client")]
    pub unauthenticated: Answer,
}

impl RevocationAnswers {
    /// Every answer by its key, those among them that are stated or have a default.
    pub const fn all(&self) -> [(&'static str, Option<&Answer>); 8] {
        [
            ("success", Some(&self.success)),
            ("dead", self.dead.as_ref()),
            ("expired", self.expired.as_ref()),
            ("unknown", self.unknown.as_ref()),
            ("foreign", Some(&self.foreign)),
            ("missing", Some(&self.missing)),
            ("unsupported", Some(&self.unsupported)),
            ("unauthenticated", Some(&self.unauthenticated)),
        ]
    }
}

/// An HTTP answer.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Headers beyond the content type.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// A JSON body. Exclusive with `text`.
    #[serde(default)]
    pub json: Option<serde_json::Value>,
    /// A JSON body as its text, for what TOML cannot say (`null`, a bare string). Exclusive with
    /// `json`.
    #[serde(default)]
    pub json_text: Option<String>,
}

impl Answer {
    fn error(status: u16, code: &str) -> Self {
        Self {
            status,
            headers: BTreeMap::new(),
            json: Some(serde_json::json!({ "error": code })),
            json_text: None,
        }
    }
    fn invalid_grant() -> Self {
        Self::error(400, "invalid_grant")
    }
    fn invalid_request() -> Self {
        Self::error(400, "invalid_request")
    }
    fn unsupported_token_type() -> Self {
        Self::error(400, "unsupported_token_type")
    }
    fn invalid_client() -> Self {
        let mut answer = Self::error(401, "invalid_client");
        // RFC 6749 §5.2: a 401 names the scheme that the client used.
        answer
            .headers
            .insert("www-authenticate".into(), "Basic realm=\"provider\"".into());
        answer
    }
    fn invalid_bearer() -> Self {
        let mut answer = Self::error(401, "invalid_token");
        // RFC 6750 §3
        answer.headers.insert(
            "www-authenticate".into(),
            "Bearer error=\"invalid_token\"".into(),
        );
        answer
    }

    /// The body's bytes; empty if it has none.
    pub fn body(&self) -> String {
        match (&self.json, &self.json_text) {
            (Some(value), _) => value.to_string(),
            (None, Some(text)) => text.clone(),
            (None, None) => String::new(),
        }
    }
}

/// Token introspection (RFC 7662).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Introspection {
    /// Its path below the provider's address.
    pub path: Located<String>,
    /// How a client may authenticate.
    pub client_authentication: Vec<ClientAuthentication>,
}

/// A protected resource (RFC 6750).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Its path below the provider's address.
    pub path: Located<String>,
    /// The answer to a token that is not alive.
    #[serde(default = "Answer::invalid_bearer")]
    pub refused: Answer,
}

impl Profile {
    /// Reads a profile and validates it.
    ///
    /// # Errors
    /// Every mistake in the file.
    pub fn parse(file: &SourceFile) -> Result<Self, Vec<Diagnostic>> {
        let profile: Self = source::parse(file).map_err(|diagnostic| vec![diagnostic])?;
        let mistakes = profile.mistakes(file);
        if mistakes.is_empty() {
            Ok(profile)
        } else {
            Err(mistakes)
        }
    }

    /// The routes that take a token of that kind.
    pub fn routes_for(
        &self,
        subject: Subject,
    ) -> impl Iterator<Item = (&RevocationRoute, RevocationScope)> {
        self.revocation_routes
            .iter()
            .filter_map(move |route| route.ends.of(subject).map(|scope| (route, scope)))
    }

    /// Whether the provider has any way for a client to revoke.
    pub fn can_revoke(&self) -> bool {
        !self.revocation_routes.is_empty()
    }
}
