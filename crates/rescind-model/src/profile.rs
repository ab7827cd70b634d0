//! The profile language: how one provider behaves, as data.
//!
//! A provider that cannot be said here makes the language grow by one general feature; no
//! provider has code of its own.

mod authentication;
mod flows;
mod hosts;
pub mod path_template;
mod provenance;
mod server_metadata;
mod validate;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

pub use authentication::{ClientAuthentication, Place};
pub use provenance::{Confidence, Statements};
pub use server_metadata::{
    AccessTokenFormat, Metadata, OpenId, Registration, RegistrationAccess, SigningAlgorithm,
    SigningKeys,
};

use crate::fault::{Fault, Stated};
use crate::source::{self, Diagnostic, Located, SourceFile};
use crate::vocabulary::Subject;
pub use flows::{
    AuthorizationEndpoint, DeviceAuthorization, GraceAnswer, GrantType, Pkce, RefreshTokenWhen,
    Reuse, ScopeInResponse, Scopes, is_scope_name,
};

/// How one provider behaves.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The provider's name for people.
    pub title: String,
    /// What is particular about its revocation, in a sentence.
    pub summary: String,
    /// How sure its facts are.
    #[serde(default)]
    pub confidence: Option<Confidence>,
    /// Where the facts come from, links or sections of RFCs, each with the fields of this file that it
    /// states: `"https://…" = ["tokens.access_token", "revocation_route.revoke"]`.
    pub sources: Located<Statements>,
    /// What no source states, and why it is so, each with its fields.
    #[serde(default)]
    pub assumptions: Statements,
    /// The names of the provider's hosts beyond its main one, e.g. `api`; none for a provider that
    /// has everything at one.
    #[serde(default)]
    pub hosts: Vec<Located<String>>,
    /// The tokens that it issues.
    pub tokens: Tokens,
    /// Where tokens are issued and refreshed (RFC 6749 §3.2).
    pub token_endpoint: TokenEndpoint,
    /// Where a user lets a client in, and it gets its code (RFC 6749 §3.1).
    #[serde(default)]
    pub authorization_endpoint: Option<AuthorizationEndpoint>,
    /// Where a device without a browser begins (RFC 8628).
    #[serde(default)]
    pub device_authorization: Option<DeviceAuthorization>,
    /// The scopes that can be asked for (RFC 6749 §3.3).
    #[serde(default)]
    pub scopes: Scopes,
    /// The routes that a client can revoke by; none for a provider that has no such thing.
    #[serde(default, rename = "revocation_route")]
    pub revocation_routes: Vec<RevocationRoute>,
    /// Token introspection (RFC 7662).
    #[serde(default)]
    pub introspection: Option<Introspection>,
    /// A protected resource (RFC 6750).
    pub resource: Resource,
    /// What the provider says of itself.
    #[serde(default)]
    pub metadata: Metadata,
    /// What it signs with; none if it signs nothing.
    #[serde(default)]
    pub signing_keys: Option<SigningKeys>,
    /// OpenID Connect; none if it knows nothing of it.
    #[serde(default)]
    pub openid: Option<OpenId>,
    /// Where clients register themselves; none if they cannot.
    #[serde(default)]
    pub registration: Option<Registration>,
    /// What a removal of the app by the user, on the provider's own site, ends.
    #[serde(default = "RevocationScope::user_grants")]
    pub removal_by_user_ends: RevocationScope,
    /// How long after its answer a revocation bites, in seconds: until then what it ended is
    /// accepted everywhere. 0 if not stated.
    #[serde(default)]
    pub revocation_bites_after_seconds: u64,
    /// How it fails by itself, a rate limit say: the faults that are set from its beginning, and
    /// that no recovery ends.
    #[serde(default, rename = "fault")]
    stated_faults: Vec<Located<Stated>>,
    /// The file that states all this, for another program that is to imitate the same provider.
    #[serde(skip)]
    pub file: SourceFile,
}

/// The tokens that a provider issues.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// The access token.
    pub access_token: TokenFormat,
    /// How access tokens are made. Of a JWT, `characters` are those of its id (`jti`).
    #[serde(default)]
    pub access_token_format: Located<AccessTokenFormat>,
    /// The refresh token; none if the provider issues none.
    #[serde(default)]
    pub refresh_token: Option<TokenFormat>,
    /// Whether a refresh replaces the refresh token (RFC 6749 §6), and so kills the old one.
    #[serde(default)]
    pub refresh_token_rotates: bool,
    /// What comes of a refresh token that is used after it was replaced (RFC 9700 §4.14.2).
    #[serde(default)]
    pub refresh_token_reuse: Located<Reuse>,
    /// For how long a refresh token still works after it was replaced, for the client that did not
    /// get the answer or asked twice at once; then it is dead.
    #[serde(default)]
    pub rotation_grace_seconds: Located<u64>,
    /// What it is answered in the meantime.
    #[serde(default)]
    pub rotation_grace_answers: Located<GraceAnswer>,
    /// When a user's consent brings a refresh token.
    #[serde(default)]
    pub refresh_token_when: Located<RefreshTokenWhen>,
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
    /// The name of the host that it lies at, one of `hosts`; the main one if not stated.
    #[serde(default)]
    pub host: Option<Located<String>>,
    /// How a client may authenticate.
    pub client_authentication: Vec<ClientAuthentication>,
    /// The grants that it takes. If none are stated: `refresh_token`, `authorization_code` beside an
    /// authorization endpoint, and `device_code` beside a device authorization endpoint.
    #[serde(default)]
    pub grant_types: Option<Located<Vec<GrantType>>>,
    /// The answer to a code or refresh token that is dead, expired, unknown or another client's, or
    /// that comes without what it is bound to.
    #[serde(default = "Answer::invalid_grant")]
    pub invalid_grant: Answer,
    /// The answer to a client that is not who it says.
    #[serde(default = "Answer::invalid_client")]
    pub invalid_client: Answer,
}

/// A route that a client can revoke by.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevocationRoute {
    /// The route's name in journals and messages.
    pub name: Located<String>,
    /// The HTTP method.
    pub method: HttpMethod,
    /// The path below the provider's address. It may have holes, as `/tokens/{token}`: values
    /// that sit there are declared by `{ path = "token" }`, and what is not declared is not read.
    pub path: Located<String>,
    /// The name of the host that it lies at, one of `hosts`; the main one if not stated.
    #[serde(default)]
    pub host: Option<Located<String>>,
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
    /// Whether an access token is the caller's credential, and not what is to be revoked.
    pub fn is_authenticated_by_access_token(&self) -> bool {
        self.client_authentication
            .iter()
            .any(ClientAuthentication::is_by_access_token)
    }

    /// Whether a path is this route's.
    pub fn is_at(&self, path: &str) -> bool {
        *self.path == path
            || (self.path.contains('{') && path_template::values(&self.path, path).is_some())
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
    /// The name of the host that it lies at, one of `hosts`; the main one if not stated.
    #[serde(default)]
    pub host: Option<Located<String>>,
    /// How a client may authenticate.
    pub client_authentication: Vec<ClientAuthentication>,
}

/// A protected resource (RFC 6750).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Its path below the provider's address.
    pub path: Located<String>,
    /// The name of the host that it lies at, one of `hosts`; the main one if not stated.
    #[serde(default)]
    pub host: Option<Located<String>>,
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
        let mut profile: Self = source::parse(file).map_err(|diagnostic| vec![diagnostic])?;
        profile.file = file.clone();
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

    /// How the provider fails by itself.
    pub fn faults(&self) -> impl Iterator<Item = Fault> {
        // What makes no sense has been a mistake of the file.
        self.stated_faults
            .iter()
            .filter_map(|stated| stated.fault().ok())
    }

    /// Whether the provider has any way for a client to revoke.
    pub fn can_revoke(&self) -> bool {
        !self.revocation_routes.is_empty()
    }
}
