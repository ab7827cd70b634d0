//! The compact serialization (RFC 7515 section 7.1): how it is written, and how it is read from
//! whoever sends it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::key::SigningAlgorithm;
use super::public_key::{PublicKeys, encode};
use super::refusal::{Part, Refusal};

/// The longest token that is looked at, in bytes.
pub const LONGEST_TOKEN: usize = 65_536;

/// A token whose signature belongs to a key that was asked for. What its claims say (who, for
/// whom, until when) is not judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// What the token says it is, if it does.
    pub typ: Option<String>,
    /// Which key signed it, if the token says so.
    pub kid: Option<String>,
    /// With what it was signed.
    pub algorithm: SigningAlgorithm,
    /// What it says.
    pub claims: Map<String, Value>,
}

/// Whether one of these keys signed a token.
pub fn verify(token: &str, keys: &PublicKeys) -> Result<Verified, Refusal> {
    let token = Unverified::read(token)?;
    let algorithm = token.signing_algorithm()?;
    keys.check(
        token.kid.as_deref(),
        algorithm,
        token.signing_input,
        &token.signature,
    )?;
    Ok(Verified {
        typ: token.typ,
        kid: token.kid,
        algorithm,
        claims: token.claims,
    })
}

/// What is signed (RFC 7515 section 5.1).
pub(super) fn signing_input(header: &Value, claims: &Value) -> String {
    let header = encode(header.to_string().as_bytes());
    let claims = encode(claims.to_string().as_bytes());
    format!("{header}.{claims}")
}

/// What a token says of itself, before anything of it is believed.
pub(super) struct Unverified<'a> {
    pub(super) algorithm: StatedAlgorithm,
    pub(super) typ: Option<String>,
    pub(super) kid: Option<String>,
    pub(super) claims: Map<String, Value>,
    pub(super) signing_input: &'a str,
    pub(super) signature: Vec<u8>,
}

/// An `alg` that can be verified, with some key or other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StatedAlgorithm {
    Signature(SigningAlgorithm),
    Hs256,
}

impl<'a> Unverified<'a> {
    pub(super) fn read(token: &'a str) -> Result<Self, Refusal> {
        if token.len() > LONGEST_TOKEN {
            return Err(Refusal::TooLong);
        }
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts[..] else {
            return Err(Refusal::NotThreeParts { parts: parts.len() });
        };
        let header = object(header, Part::Header)?;
        // First of all, for what an extension changes may be how the rest is read.
        if header.contains_key("crit") {
            return Err(Refusal::CriticalExtension);
        }
        let algorithm = algorithm_of(&header)?;
        Ok(Self {
            algorithm,
            typ: text_of(&header, "typ")?,
            kid: text_of(&header, "kid")?,
            claims: object(claims, Part::Claims)?,
            signing_input: &token[..token.len() - signature.len() - 1],
            signature: decode(signature, Part::Signature)?,
        })
    }

    /// The algorithm, where only keys with a public half will do. A public key is no secret, so
    /// what is signed with it as one (`HS256`) is signed by anybody.
    pub(super) fn signing_algorithm(&self) -> Result<SigningAlgorithm, Refusal> {
        match self.algorithm {
            StatedAlgorithm::Signature(algorithm) => Ok(algorithm),
            StatedAlgorithm::Hs256 => Err(Refusal::AlgorithmNotAllowed {
                allowed: "RS256 or ES256",
            }),
        }
    }
}

fn algorithm_of(header: &Map<String, Value>) -> Result<StatedAlgorithm, Refusal> {
    let name = text_of(header, "alg")?.ok_or(Refusal::HeaderMember { member: "alg" })?;
    match name.as_str() {
        "RS256" => Ok(StatedAlgorithm::Signature(SigningAlgorithm::Rs256)),
        "ES256" => Ok(StatedAlgorithm::Signature(SigningAlgorithm::Es256)),
        "HS256" => Ok(StatedAlgorithm::Hs256),
        // Names are case-sensitive (RFC 7515 section 4.1.1), but whoever writes `None` means it.
        _ if name.eq_ignore_ascii_case("none") => Err(Refusal::AlgorithmNone),
        _ => Err(Refusal::AlgorithmUnknown),
    }
}

fn text_of(header: &Map<String, Value>, member: &'static str) -> Result<Option<String>, Refusal> {
    match header.get(member) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Refusal::HeaderMember { member }),
    }
}

fn object(text: &str, part: Part) -> Result<Map<String, Value>, Refusal> {
    let bytes = decode(text, part)?;
    serde_json::from_slice(&bytes).map_err(|_| Refusal::NotAnObject { part })
}

fn decode(text: &str, part: Part) -> Result<Vec<u8>, Refusal> {
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| Refusal::NotBase64Url { part })
}
