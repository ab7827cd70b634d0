//! The words that every part shares: subjects, account statuses, token states, levels.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A thing that can be revoked (contract: `revoked_tokens` is an array over these).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// An OAuth 2.0 access token (RFC 6749 §1.4).
    AccessToken,
    /// An OAuth 2.0 refresh token (RFC 6749 §1.5).
    RefreshToken,
}

impl Subject {
    /// Both subjects, in the order in which the contract writes them.
    pub const ALL: [Self; 2] = [Self::AccessToken, Self::RefreshToken];

    /// The name on the wire: `access_token` or `refresh_token`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::RefreshToken => "refresh_token",
        }
    }

    /// The subject of that wire name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|subject| subject.as_str() == name)
    }

    /// The other one.
    #[must_use]
    pub const fn partner(self) -> Self {
        match self {
            Self::AccessToken => Self::RefreshToken,
            Self::RefreshToken => Self::AccessToken,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The endpoints of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// The token endpoint.
    Token,
    /// Any revocation route.
    Revocation,
    /// Introspection.
    Introspection,
    /// The protected resource.
    Resource,
    /// The authorization endpoint.
    Authorization,
    /// Where the user's decision at the authorization endpoint is sent.
    Consent,
    /// Where a device begins.
    DeviceAuthorization,
    /// The page where the user lets a device in.
    DeviceVerification,
    /// Userinfo (OpenID Connect Core 1.0 §5.3).
    Userinfo,
    /// The documents in which the provider describes itself (RFC 8414).
    Metadata,
    /// The keys that it signs with (RFC 7517 §5).
    Jwks,
    /// The registration of clients (RFC 7591, RFC 7592).
    Registration,
}

/// Where a connected account stands in its life, in the words of the published API.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum AccountStatus {
    /// Created; the user has not opened the connect flow.
    Initializing,
    /// The user has opened the connect flow.
    Initiated,
    /// Usable.
    Active,
    /// The connect flow failed.
    Failed,
    /// The connect flow timed out, or a refresh met a permanent error.
    Expired,
    /// Switched off.
    Inactive,
    /// Its tokens were revoked through the API.
    Revoked,
}

impl AccountStatus {
    /// Every status, in the order of an account's life.
    pub const ALL: [Self; 7] = [
        Self::Initializing,
        Self::Initiated,
        Self::Active,
        Self::Failed,
        Self::Expired,
        Self::Inactive,
        Self::Revoked,
    ];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initializing => "INITIALIZING",
            Self::Initiated => "INITIATED",
            Self::Active => "ACTIVE",
            Self::Failed => "FAILED",
            Self::Expired => "EXPIRED",
            Self::Inactive => "INACTIVE",
            Self::Revoked => "REVOKED",
        }
    }

    /// The status of that wire word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether the contract lets an account in this status be revoked (CA-409-STATE lists the
    /// others).
    pub const fn is_revocable(self) -> bool {
        matches!(self, Self::Active | Self::Revoked)
    }
}

impl fmt::Display for AccountStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What the ledger says of a token.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TokenState {
    /// The provider accepts it.
    Alive,
    /// Its lifetime ended; nobody killed it.
    Expired,
    /// Something killed it: a revocation, a cascade, the user, a rotation.
    Dead,
    /// There is no such token.
    Absent,
}

impl TokenState {
    /// The word in scenario files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Expired => "expired",
            Self::Dead => "dead",
            Self::Absent => "absent",
        }
    }
}

impl fmt::Display for TokenState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// How much a requirement weighs (RFC 2119's words, and one of our own).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// Recorded, never judged.
    May,
    /// Warns; fails under `--strict`.
    Should,
    /// No source decides: any of the listed outcomes, and nothing else.
    Silent,
    /// Fails the run.
    Must,
}

impl Level {
    /// The word in requirement files and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::May => "MAY",
            Self::Should => "SHOULD",
            Self::Silent => "SILENT",
            Self::Must => "MUST",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
