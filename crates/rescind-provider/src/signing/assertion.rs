//! JWTs by which a client proves who it is: `private_key_jwt` and `client_secret_jwt` (RFC 7523
//! section 3, OpenID Connect Core 1.0 section 9).

use serde_json::{Map, Value};

use super::compact::{StatedAlgorithm, Unverified};
use super::public_key::PublicKeys;
use super::refusal::Refusal;

/// The `client_assertion_type` that says that a `client_assertion` is such a JWT (RFC 7523
/// section 2.2).
pub const CLIENT_ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a client registered to be known by.
#[derive(Clone, Copy)]
pub enum ClientKey<'a> {
    /// The JSON Web Key Set with its public keys: `private_key_jwt`, with RS256 or ES256.
    Jwks(&'a Value),
    /// Its client secret: `client_secret_jwt`, with HS256.
    Secret(&'a [u8]),
}

/// What an assertion has to say.
#[derive(Clone, Debug)]
pub struct Expected<'a> {
    /// Whose it is to be.
    pub client_id: &'a str,
    /// The names of whom it may be meant for: the provider's issuer, the token endpoint's URL, the
    /// URL of the endpoint that was called.
    pub audiences: &'a [String],
    /// Now, in seconds since 1970.
    pub now_seconds: u64,
    /// How far clocks may be apart.
    pub leeway_seconds: u64,
    /// Whether `jti` must be there: OpenID Connect demands it, RFC 7523 does not.
    pub identifier_required: bool,
    /// How far ahead `exp` may lie; none for any time. Who remembers identifiers wants a bound.
    pub longest_life_seconds: Option<u64>,
}

/// An assertion that proves who the client is, unless it was seen before: that is for the caller
/// to find out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// `jti`: no other assertion of the client has it. None if it has none and need not.
    pub jti: Option<String>,
    /// `exp`, in seconds since 1970. With the leeway on top, this is how long `jti` must be
    /// remembered.
    pub expires_at: u64,
}

/// Why an assertion proves nothing. All of it is `invalid_client` to whoever sent it (RFC 7521
/// section 4.2.1). Says nothing that the assertion says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssertionRefusal {
    /// It is no token, or its signature is not the client's.
    #[error("client assertion: {0}")]
    Token(#[from] Refusal),
    /// Anybody could have signed with what the client registered.
    #[error("client assertion: the client's secret is empty: register one")]
    EmptySecret,
    /// A claim is missing.
    #[error("client assertion: the claim `{claim}` is missing: state it (RFC 7523 section 3)")]
    Missing {
        /// Which.
        claim: &'static str,
    },
    /// A claim is of another type than it has to be.
    #[error(
        "client assertion: the claim `{claim}` is no {wanted}: state one (RFC 7519 section 4.1)"
    )]
    WrongType {
        /// Which.
        claim: &'static str,
        /// Of which type it has to be.
        wanted: &'static str,
    },
    /// `iss` or `sub` names somebody else.
    #[error(
        "client assertion: the claim `{claim}` is not the client's id: set both `iss` and `sub` to it"
    )]
    NotTheClient {
        /// Which.
        claim: &'static str,
    },
    /// It is meant for somebody else.
    #[error(
        "client assertion: the claim `aud` names nobody here: set it to {}",
        audiences.join(" or ")
    )]
    OtherAudience {
        /// Whom it could name.
        audiences: Vec<String>,
    },
    /// It is no longer valid.
    #[error("client assertion: it expired {seconds} seconds ago: make a new one for each request")]
    Expired {
        /// For how long.
        seconds: u64,
    },
    /// It is not valid yet.
    #[error(
        "client assertion: the claim `{claim}` lies {seconds} seconds ahead: set the client's clock"
    )]
    NotYet {
        /// `nbf` or `iat`.
        claim: &'static str,
        /// By how much.
        seconds: u64,
    },
    /// It would be valid for too long.
    #[error(
        "client assertion: the claim `exp` lies more than {longest} seconds ahead: let it expire \
         sooner"
    )]
    LivesTooLong {
        /// How far ahead it may lie.
        longest: u64,
    },
}

/// Whose an assertion says it is (`sub`), before anything of it is believed: for looking up the
/// key to verify it with, where the request does not name the client.
pub fn claimed_client(assertion: &str) -> Option<String> {
    let claims = Unverified::read(assertion).ok()?.claims;
    claims.get("sub")?.as_str().map(str::to_owned)
}

/// Whether an assertion proves that the client sent it.
pub fn verify(
    assertion: &str,
    how: &ClientKey<'_>,
    expected: &Expected<'_>,
) -> Result<Accepted, AssertionRefusal> {
    let assertion = Unverified::read(assertion)?;
    check_signature(&assertion, how)?;
    let claims = &assertion.claims;
    check_client(claims, expected)?;
    check_audience(claims, expected)?;
    let expires_at = check_times(claims, expected)?;
    let jti = identifier(claims, expected)?;
    Ok(Accepted { jti, expires_at })
}

fn check_signature(
    assertion: &Unverified<'_>,
    how: &ClientKey<'_>,
) -> Result<(), AssertionRefusal> {
    match how {
        ClientKey::Jwks(set) => {
            let algorithm = assertion.signing_algorithm()?;
            PublicKeys::read(set).check(
                assertion.kid.as_deref(),
                algorithm,
                assertion.signing_input,
                &assertion.signature,
            )?;
        }
        ClientKey::Secret([]) => return Err(AssertionRefusal::EmptySecret),
        ClientKey::Secret(secret) => {
            if assertion.algorithm != StatedAlgorithm::Hs256 {
                return Err(Refusal::AlgorithmNotAllowed { allowed: "HS256" }.into());
            }
            check_secret(assertion, secret)?;
        }
    }
    Ok(())
}

/// HS256 (RFC 7518 section 3.2). A secret shorter than the hash, which that section forbids, is let
/// pass: how long secrets are is for whoever registers clients.
pub(super) fn check_secret(assertion: &Unverified<'_>, secret: &[u8]) -> Result<(), Refusal> {
    // In constant time, whatever it is compared with.
    let signature = assertion.signature.as_slice().try_into();
    let belongs = signature.is_ok_and(|signature| {
        hmac_sha256::HMAC::verify(assertion.signing_input, secret, signature)
    });
    if belongs {
        Ok(())
    } else {
        Err(Refusal::BadSignature)
    }
}

/// RFC 7523 section 3, 1 and 2: for client authentication, `iss` and `sub` are the client.
fn check_client(
    claims: &Map<String, Value>,
    expected: &Expected<'_>,
) -> Result<(), AssertionRefusal> {
    for claim in ["iss", "sub"] {
        let stated = text(claims, claim)?.ok_or(AssertionRefusal::Missing { claim })?;
        if stated != expected.client_id {
            return Err(AssertionRefusal::NotTheClient { claim });
        }
    }
    Ok(())
}

/// RFC 7523 section 3, 3: one of those whom it is meant for is here. They are compared letter by
/// letter.
fn check_audience(
    claims: &Map<String, Value>,
    expected: &Expected<'_>,
) -> Result<(), AssertionRefusal> {
    let wrong_type = AssertionRefusal::WrongType {
        claim: "aud",
        wanted: "text or list of texts",
    };
    // One or several (RFC 7519 section 4.1.3).
    let stated = match claims.get("aud") {
        None => return Err(AssertionRefusal::Missing { claim: "aud" }),
        Some(Value::Array(several)) => several.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    let mut found = false;
    for one in stated {
        let name = one.as_str().ok_or_else(|| wrong_type.clone())?;
        found |= expected.audiences.iter().any(|audience| audience == name);
    }
    if found {
        Ok(())
    } else {
        Err(AssertionRefusal::OtherAudience {
            audiences: expected.audiences.to_vec(),
        })
    }
}

/// RFC 7523 section 3, 4 to 6. Returns `exp`.
fn check_times(
    claims: &Map<String, Value>,
    expected: &Expected<'_>,
) -> Result<u64, AssertionRefusal> {
    let Expected {
        now_seconds: now,
        leeway_seconds: leeway,
        ..
    } = *expected;
    let expires_at = time(claims, "exp")?.ok_or(AssertionRefusal::Missing { claim: "exp" })?;
    // At `exp` itself it is too late (RFC 7519 section 4.1.4).
    if now >= expires_at.saturating_add(leeway) {
        return Err(AssertionRefusal::Expired {
            seconds: now - expires_at,
        });
    }
    if let Some(longest) = expected.longest_life_seconds
        && expires_at > now.saturating_add(longest).saturating_add(leeway)
    {
        return Err(AssertionRefusal::LivesTooLong { longest });
    }
    for claim in ["nbf", "iat"] {
        if let Some(begins_at) = time(claims, claim)?
            && begins_at > now.saturating_add(leeway)
        {
            return Err(AssertionRefusal::NotYet {
                claim,
                seconds: begins_at - now,
            });
        }
    }
    Ok(expires_at)
}

/// RFC 7523 section 3, 7.
fn identifier(
    claims: &Map<String, Value>,
    expected: &Expected<'_>,
) -> Result<Option<String>, AssertionRefusal> {
    let stated = text(claims, "jti")?;
    match stated.filter(|identifier| !identifier.is_empty()) {
        None if expected.identifier_required => Err(AssertionRefusal::Missing { claim: "jti" }),
        identifier => Ok(identifier.map(str::to_owned)),
    }
}

fn text<'a>(
    claims: &'a Map<String, Value>,
    claim: &'static str,
) -> Result<Option<&'a str>, AssertionRefusal> {
    match claims.get(claim) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(AssertionRefusal::WrongType {
            claim,
            wanted: "text",
        }),
    }
}

/// A `NumericDate`: seconds since 1970, whole or not (RFC 7519 section 2).
fn time(claims: &Map<String, Value>, claim: &'static str) -> Result<Option<u64>, AssertionRefusal> {
    let Some(stated) = claims.get(claim) else {
        return Ok(None);
    };
    let whole = stated.as_u64().or_else(|| {
        let fraction = stated.as_f64().filter(|seconds| *seconds >= 0.0)?;
        // Rounded down, and far in the future at most: such a cast saturates.
        #[expect(clippy::cast_sign_loss, reason = "it is no less than zero")]
        Some(fraction as u64)
    });
    whole.map(Some).ok_or(AssertionRefusal::WrongType {
        claim,
        wanted: "time in seconds since 1970",
    })
}
