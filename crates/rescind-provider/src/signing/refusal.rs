//! Why a token is not accepted.

use super::compact::LONGEST_TOKEN;
use super::key::SigningError;

/// A part of a token that is text to a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What comes before the first dot.
    Header,
    /// What stands between the dots.
    Claims,
    /// What comes after the second dot.
    Signature,
}

impl std::fmt::Display for Part {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Header => "header",
            Self::Claims => "claims",
            Self::Signature => "signature",
        })
    }
}

/// Why a token is not accepted. Says nothing that the token says, for a token may carry anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Longer than any token that is meant.
    #[error("the token is longer than {LONGEST_TOKEN} bytes: put less into its claims")]
    TooLong,
    /// Not in the compact serialization (RFC 7515 section 7.1).
    #[error(
        "the token has {parts} part(s) between dots where a signed one has 3: send it whole, and as \
         it was issued"
    )]
    NotThreeParts {
        /// How many it has.
        parts: usize,
    },
    /// Characters that base64url has not, padding, or bits left over (RFC 7515 section 2).
    #[error("the token's {part} is not base64url without padding: send it as it was issued")]
    NotBase64Url {
        /// Where.
        part: Part,
    },
    /// Header or claims are something else than a JSON object.
    #[error("the token's {part} is no JSON object: send a JWT (RFC 7519 section 3)")]
    NotAnObject {
        /// Where.
        part: Part,
    },
    /// A member of the header is missing or no text.
    #[error("the token's header has no text as `{member}`: state it (RFC 7515 section 4.1)")]
    HeaderMember {
        /// Which.
        member: &'static str,
    },
    /// The header names extensions that must be understood, and none is (RFC 7515 section 4.1.11).
    #[error("the token's header lists extensions in `crit`, and none is known here: leave it out")]
    CriticalExtension,
    /// `none`: nobody signed it.
    #[error("the token's `alg` is none, so nobody signed it: sign it")]
    AlgorithmNone,
    /// `alg` is one that nothing here can verify.
    #[error("the token's `alg` is not known here: sign it with RS256, ES256 or HS256")]
    AlgorithmUnknown,
    /// `alg` is known, but does not belong to what the token is verified with.
    #[error("the token's `alg` does not belong to the key: sign it with {allowed}")]
    AlgorithmNotAllowed {
        /// What does.
        allowed: &'static str,
    },
    /// No key fits.
    #[error(
        "no key fits the token's `kid` and `alg`: {usable} key(s) were looked at, and {ignored} \
         more cannot be used; publish the key that signs, with its `kid`"
    )]
    UnknownKey {
        /// How many keys can be used.
        usable: usize,
        /// How many keys of the set cannot.
        ignored: usize,
    },
    /// Somebody else signed it, or it was changed since.
    #[error(
        "the token's signature does not belong to it: send it as it was issued, and see whether the \
         key is the right one"
    )]
    BadSignature,
    /// The provider's own key could not be made.
    #[error(transparent)]
    NoKey(#[from] SigningError),
}
