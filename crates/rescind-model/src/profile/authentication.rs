//! How a client shows who it is, and where in a request a value sits.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a client shows who it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthentication {
    /// Not at all: no credential may be there.
    None,
    /// HTTP Basic with form-encoded id and secret (RFC 6749 §2.3.1).
    Basic,
    /// `client_id` and `client_secret` in the form body (RFC 6749 §2.3.1).
    Post,
    /// `client_id` and `client_secret` as members of the JSON body.
    JsonBody,
    /// `client_id` alone in the body: a public client (RFC 7009 §5).
    ClientId,
    /// An assertion that the client signed with its own key, in the form body (RFC 7523 §2.2,
    /// OpenID Connect Core 1.0 §9). The client's public keys are part of its registration.
    PrivateKeyJwt,
    /// An assertion that the client authenticated with its secret, in the form body (RFC 7523
    /// §2.2, OpenID Connect Core 1.0 §9).
    ClientSecretJwt,
    /// The presented token itself, as bearer.
    BearerToken,
    /// A live access token of the grant that the presented token or account id belongs to, as
    /// bearer, whatever is presented. For revocation routes only.
    AccessToken,
    /// A live access token that the client holds of any user, or of none, as bearer. For
    /// revocation routes only.
    ClientAccessToken,
    /// As `access_token`, at another place than the bearer header. For revocation routes only.
    AccessTokenAt(Place),
    /// The client's secret alone at a place, as a platform's key: who has it, is the client.
    ClientSecretAt(Place),
    /// The client's id alone at another place than the body: a public client, or one whose
    /// credentials stand elsewhere; it must be the same client then.
    ClientIdAt(Place),
    /// An assertion as of `private_key_jwt` at a place of its own, where others send a secret.
    AssertionAt(Place),
}

impl ClientAuthentication {
    /// The word in profiles and messages.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic => "basic",
            Self::Post => "post",
            Self::JsonBody => "json_body",
            Self::ClientId => "client_id",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::ClientSecretJwt => "client_secret_jwt",
            Self::BearerToken => "bearer_token",
            Self::AccessToken => "access_token",
            Self::ClientAccessToken => "client_access_token",
            Self::AccessTokenAt(_) => "access_token_at",
            Self::ClientSecretAt(_) => "client_secret_at",
            Self::ClientIdAt(_) => "client_id_at",
            Self::AssertionAt(_) => "assertion_at",
        }
    }

    /// The name that authorization server metadata has for it (RFC 8414 §2, and the registry of
    /// RFC 7591 §4.2); none for what no standard names.
    pub const fn registered_name(&self) -> Option<&'static str> {
        match self {
            // RFC 7591 §2: a public client, which authenticates by nothing.
            Self::None | Self::ClientId => Some("none"),
            Self::Basic => Some("client_secret_basic"),
            Self::Post => Some("client_secret_post"),
            Self::PrivateKeyJwt => Some("private_key_jwt"),
            Self::ClientSecretJwt => Some("client_secret_jwt"),
            _ => None,
        }
    }

    /// Whether it proves who the client is: by a secret, a key, or a token.
    pub const fn is_proof(&self) -> bool {
        !matches!(self, Self::None | Self::ClientId | Self::ClientIdAt(_))
    }

    /// Whether it names a client, and not a token or a grant.
    pub const fn names_a_client(&self) -> bool {
        !matches!(
            self,
            Self::None
                | Self::BearerToken
                | Self::AccessToken
                | Self::ClientAccessToken
                | Self::AccessTokenAt(_)
        )
    }

    /// Whether it is a live access token that is not what the request is about.
    pub const fn is_by_access_token(&self) -> bool {
        matches!(
            self,
            Self::AccessToken | Self::ClientAccessToken | Self::AccessTokenAt(_)
        )
    }

    /// Where what it shows stands, if that is a place that could hold something else.
    pub const fn place(&self) -> Option<&Place> {
        match self {
            Self::BearerToken | Self::AccessToken | Self::ClientAccessToken => Some(&Place::Bearer),
            Self::AccessTokenAt(place)
            | Self::ClientSecretAt(place)
            | Self::ClientIdAt(place)
            | Self::AssertionAt(place) => Some(place),
            _ => None,
        }
    }
}

/// Where a value sits in a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
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
    /// A header of its own.
    Header(String),
    /// `Authorization: SCHEME …`, a scheme of the provider's own, and all that follows it.
    Scheme(String),
    /// A part of the path, which is a template: `/tokens/{token}`.
    Path(String),
}
