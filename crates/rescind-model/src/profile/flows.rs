//! How tokens come to be: the user's consent, the grants of the token endpoint, scopes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ClientAuthentication, Profile};
use crate::source::Located;

/// Where a user is asked, and a client gets its authorization code (RFC 6749 §3.1, §4.1).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationEndpoint {
    /// Its path below the provider's address. The page that it shows sends what the user decides
    /// to the same path, followed by `/decision`.
    pub path: Located<String>,
    /// The name of the host that it lies at, one of `hosts`; the main one if not stated.
    #[serde(default)]
    pub host: Option<Located<String>>,
    /// What it demands of clients by RFC 7636.
    #[serde(default)]
    pub pkce: Pkce,
    /// How long a code can be exchanged (RFC 6749 §4.1.2 recommends ten minutes at most).
    #[serde(default = "ten_minutes")]
    pub code_lifetime_seconds: Located<u64>,
    /// What comes of a code that its client sends a second time; `ends_grant` if not stated, as
    /// RFC 6749 §4.1.2 recommends.
    #[serde(default = "Reuse::ends_grant")]
    pub code_reuse: Reuse,
    /// Whether what goes back to the client names the issuer as `iss` (RFC 9207 §2), so that a
    /// client of several providers knows which one it comes from.
    #[serde(default = "yes")]
    pub names_issuer: bool,
}

impl AuthorizationEndpoint {
    /// The path that the user's decision is sent to.
    pub fn decision_path(&self) -> String {
        format!("{}/decision", self.path.trim_end_matches('/'))
    }
}

/// What an authorization endpoint demands of the proof that a code's request and its exchange come
/// from one client (RFC 7636).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pkce {
    /// A challenge may be there, by either method; one that is there binds the code.
    #[default]
    Optional,
    /// A challenge by either method must be there (RFC 7636 §4.4.1).
    Required,
    /// A challenge by the method `S256` must be there; `plain` is refused (RFC 9700 §2.1.1).
    S256Required,
}

/// What comes of something that may be used once and is used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reuse {
    /// The request is refused, and that is all.
    #[default]
    Refused,
    /// Somebody has stolen it: the request is refused, and every token of the grant ends
    /// (RFC 6749 §4.1.2 of codes, RFC 9700 §4.14.2 of refresh tokens).
    EndsGrant,
}

impl Reuse {
    const fn ends_grant() -> Self {
        Self::EndsGrant
    }
}

/// What a replaced refresh token is answered while it still works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GraceAnswer {
    /// Another refresh token: the request is a refresh like any other.
    #[default]
    Another,
    /// The newest refresh token of the grant once more.
    Same,
}

/// When a user's consent brings a refresh token beside the access token.
#[derive(Clone, Debug, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefreshTokenWhen {
    /// Always, if the provider issues any.
    #[default]
    Always,
    /// If that scope is granted (OpenID Connect Core §11: `offline_access`).
    Scope(String),
    /// If the authorization request carries that parameter with that value.
    Parameter {
        /// The parameter's name.
        name: String,
        /// Its value.
        value: String,
    },
}

/// Authorization of a device that has no browser (RFC 8628).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceAuthorization {
    /// The path where a device begins (RFC 8628 §3.1).
    pub path: Located<String>,
    /// The name of the host that it and the page lie at, one of `hosts`; the main one if not stated.
    #[serde(default)]
    pub host: Option<Located<String>>,
    /// How a client may authenticate there.
    pub client_authentication: Vec<ClientAuthentication>,
    /// The path of the page where the user enters the code and decides (RFC 8628 §3.3).
    pub verification_path: Located<String>,
    /// How long the codes live.
    #[serde(default = "ten_minutes")]
    pub code_lifetime_seconds: Located<u64>,
    /// How long a device must wait between two requests to the token endpoint, at first; each
    /// `slow_down` adds five seconds (RFC 8628 §3.5).
    #[serde(default = "DeviceAuthorization::five_seconds")]
    pub interval_seconds: u64,
}

impl DeviceAuthorization {
    const fn five_seconds() -> u64 {
        5
    }
}

/// The scopes of a provider (RFC 6749 §3.3).
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scopes {
    /// The scopes that there are; any other is an `invalid_scope`. None stated: any will do.
    #[serde(default)]
    pub known: Vec<Located<String>>,
    /// What is granted to a client that asks for none.
    #[serde(default)]
    pub default: Vec<Located<String>>,
    /// When a token response says which scopes it grants.
    #[serde(default)]
    pub in_response: ScopeInResponse,
}

/// When a token response says which scopes it grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScopeInResponse {
    /// When they are others than the client asked for (RFC 6749 §5.1 demands it then).
    #[default]
    WhenItDiffers,
    /// Whenever the grant has any.
    Always,
}

/// The grants that a token endpoint can take.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// An authorization code (RFC 6749 §4.1.3).
    AuthorizationCode,
    /// A refresh token (RFC 6749 §6).
    RefreshToken,
    /// The client's own credentials (RFC 6749 §4.4).
    ClientCredentials,
    /// A device code (RFC 8628 §3.4).
    DeviceCode,
}

impl GrantType {
    /// Every grant type.
    pub const ALL: [Self; 4] = [
        Self::AuthorizationCode,
        Self::RefreshToken,
        Self::ClientCredentials,
        Self::DeviceCode,
    ];

    /// The value of `grant_type` on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
        }
    }

    /// The word in profiles.
    pub const fn word(self) -> &'static str {
        match self {
            Self::DeviceCode => "device_code",
            other => other.as_str(),
        }
    }

    /// The grant type of that wire value.
    pub fn parse(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == value)
    }
}

impl Profile {
    /// Whether its token endpoint takes a grant: one that it states; if it states none, the refresh
    /// token, and what its other endpoints give out.
    pub fn takes(&self, kind: GrantType) -> bool {
        match (&self.token_endpoint.grant_types, kind) {
            (Some(stated), kind) => stated.contains(&kind),
            (None, GrantType::RefreshToken) => true,
            (None, GrantType::AuthorizationCode) => self.authorization_endpoint.is_some(),
            (None, GrantType::DeviceCode) => self.device_authorization.is_some(),
            (None, GrantType::ClientCredentials) => false,
        }
    }
}

/// Whether a text can be the name of a scope (RFC 6749 §3.3: `scope-token`).
pub fn is_scope_name(name: &str) -> bool {
    let allowed =
        |byte: u8| byte == 0x21 || (0x23..=0x5b).contains(&byte) || (0x5d..=0x7e).contains(&byte);
    !name.is_empty() && name.bytes().all(allowed)
}

const fn ten_minutes() -> Located<u64> {
    Located::unplaced(600)
}

const fn yes() -> bool {
    true
}
