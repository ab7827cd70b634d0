//! What a provider says of itself, and what it signs: metadata documents, keys, OpenID Connect,
//! the registration of clients.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::source::Located;

/// The documents in which a provider describes itself. They are made from the rest of the
/// profile, and say what it supports and nothing else.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// Authorization server metadata at `/.well-known/oauth-authorization-server` (RFC 8414 §3).
    #[serde(default)]
    pub oauth: bool,
    /// The OpenID Provider's at `/.well-known/openid-configuration` (OpenID Connect Discovery 1.0
    /// §4).
    #[serde(default)]
    pub openid: Located<bool>,
}

/// How access tokens are made, and what can end them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessTokenFormat {
    /// A text that says nothing: whoever gets it asks the provider.
    #[default]
    Opaque,
    /// A signed JWT (RFC 9068) that every endpoint still looks up in the ledger: revoked, it is
    /// refused.
    Jwt,
    /// A signed JWT (RFC 9068) that resources take by its signature and its end alone, so that
    /// nothing but time ends it: no revocation, no cascade, no removal by the user. The ledger
    /// says the same, at every endpoint, and no route may state that it ends access tokens.
    JwtThatLivesOn,
}

impl AccessTokenFormat {
    /// Whether it is a JWT.
    pub const fn is_jwt(self) -> bool {
        matches!(self, Self::Jwt | Self::JwtThatLivesOn)
    }
}

/// What a provider signs with (RFC 7518 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA with P-256 and SHA-256.
    Es256,
}

impl SigningAlgorithm {
    /// Its name in a token's header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

/// The keys that a provider signs with. They are made when they are first needed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SigningKeys {
    /// The path of the public ones, below the provider's address (RFC 7517 §5).
    pub path: Located<String>,
    /// What signs access tokens that are JWTs.
    #[serde(default = "SigningKeys::es256")]
    pub access_tokens: SigningAlgorithm,
    /// What signs ID tokens; every client knows RS256 (OpenID Connect Core 1.0 §15.1).
    #[serde(default = "SigningKeys::rs256")]
    pub id_tokens: SigningAlgorithm,
}

impl SigningKeys {
    const fn es256() -> SigningAlgorithm {
        SigningAlgorithm::Es256
    }
    const fn rs256() -> SigningAlgorithm {
        SigningAlgorithm::Rs256
    }
}

/// OpenID Connect: an ID token beside the access token, if the scope `openid` was granted.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenId {
    /// The userinfo endpoint's path below the provider's address (OpenID Connect Core 1.0 §5.3).
    pub userinfo_path: Located<String>,
    /// The lifetime of an ID token in seconds.
    #[serde(default = "OpenId::an_hour")]
    pub id_token_lifetime_seconds: u64,
}

impl OpenId {
    const fn an_hour() -> u64 {
        3600
    }
}

/// The registration of clients by themselves (RFC 7591), and what they can do to it afterwards
/// (RFC 7592).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// Its path below the provider's address; each client's own lies one step below it.
    pub path: Located<String>,
    /// Who may register.
    #[serde(default)]
    pub access: RegistrationAccess,
    /// Whether the deletion of a client ends all its grants (RFC 7592 §2.3 advises it).
    #[serde(default = "Registration::yes")]
    pub deletion_ends_grants: bool,
}

impl Registration {
    const fn yes() -> bool {
        true
    }
}

/// Who may register a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationAccess {
    /// Whoever asks.
    #[default]
    Open,
    /// Who has the provider's initial access token, as bearer (RFC 7591 §3). The provider's owner
    /// knows it.
    InitialAccessToken,
}
