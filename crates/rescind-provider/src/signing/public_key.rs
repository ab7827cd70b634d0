//! Public keys: those of the provider, and those that a client registered.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Verifier;
use rsa::BoxedUint;
use rsa::sha2::Sha256;
use serde_json::{Map, Value, json};

use super::key::SigningAlgorithm;
use super::refusal::Refusal;

/// How many keys of a set are looked at. A token without `kid` is tried with each of them.
pub const MOST_KEYS: usize = 64;

/// RFC 7518 section 3.3 demands 2048 bits at least; above 8192, verifying is work.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// The public keys that tokens are verified with.
#[derive(Clone, Debug, Default)]
pub struct PublicKeys {
    usable: Vec<PublicKey>,
    ignored: Vec<IgnoredKey>,
}

/// A key of a set that nothing is verified with. Keys that are not understood are no mistake of
/// the set (RFC 7517 section 5); whoever registers a set may want to know of them all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IgnoredKey {
    /// Where it stands in the set, from 0.
    pub position: usize,
    /// Why.
    pub why: WhyIgnored,
}

/// Why nothing is verified with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WhyIgnored {
    /// It is something else than an object.
    #[error("it is no JSON object: write a JSON Web Key (RFC 7517 section 4)")]
    NotAnObject,
    /// Of another kind than RSA and P-256.
    #[error("its `kty` (and `crv`) is neither RSA nor EC on P-256: register a key of these kinds")]
    OtherKind,
    /// Meant for something else.
    #[error(
        "its `use`, `key_ops` or `alg` says that it is not for RS256 or ES256 signatures: register \
         one that is"
    )]
    OtherUse,
    /// Its numbers are missing, not base64url, too short or too long, or no key.
    #[error(
        "its numbers are no key of that kind: give `n` (2048 to 8192 bits) and `e`, or `x` and `y` \
         (32 bytes each), in base64url"
    )]
    Numbers,
    /// More keys than are looked at.
    #[error("it comes after {MOST_KEYS} others: register fewer")]
    TooMany,
}

/// One public key.
#[derive(Clone, Debug)]
pub(super) struct PublicKey {
    identifier: Option<String>,
    material: Material,
}

#[derive(Clone, Debug)]
enum Material {
    Rs256(Box<rsa::PublicKey>),
    Es256(Box<p256::ecdsa::VerifyingKey>),
}

impl PublicKeys {
    /// The keys of a JSON Web Key Set (RFC 7517 section 5). What is no set at all has no keys.
    pub fn read(set: &Value) -> Self {
        let mut keys = Self::default();
        let listed = set.get("keys").and_then(Value::as_array);
        for (position, key) in listed.into_iter().flatten().enumerate() {
            let read = if keys.usable.len() < MOST_KEYS {
                PublicKey::read(key)
            } else {
                Err(WhyIgnored::TooMany)
            };
            match read {
                Ok(key) => keys.usable.push(key),
                Err(why) => keys.ignored.push(IgnoredKey { position, why }),
            }
        }
        keys
    }

    /// How many keys can be used.
    pub fn len(&self) -> usize {
        self.usable.len()
    }

    /// Whether no key can be used.
    pub fn is_empty(&self) -> bool {
        self.usable.is_empty()
    }

    /// The keys of the set that cannot be used.
    pub fn ignored(&self) -> &[IgnoredKey] {
        &self.ignored
    }

    pub(super) fn of(keys: impl IntoIterator<Item = PublicKey>) -> Self {
        Self {
            usable: keys.into_iter().collect(),
            ignored: Vec::new(),
        }
    }

    /// Whether one of them signed. A token that names a key is verified with keys of that name and
    /// no other; several may share it.
    pub(super) fn check(
        &self,
        identifier: Option<&str>,
        algorithm: SigningAlgorithm,
        input: &str,
        signature: &[u8],
    ) -> Result<(), Refusal> {
        let named: Vec<&PublicKey> = self
            .usable
            .iter()
            .filter(|key| identifier.is_none() || key.identifier.as_deref() == identifier)
            .collect();
        let mut fitting = named
            .iter()
            .filter(|key| key.algorithm() == algorithm)
            .peekable();
        if fitting.peek().is_none() {
            return Err(match named.first() {
                // The key is there, and is of another kind than the token says.
                Some(key) if identifier.is_some() => Refusal::AlgorithmNotAllowed {
                    allowed: key.algorithm().name(),
                },
                _ => Refusal::UnknownKey {
                    usable: self.usable.len(),
                    ignored: self.ignored.len(),
                },
            });
        }
        if fitting.any(|key| key.signed(input.as_bytes(), signature)) {
            Ok(())
        } else {
            Err(Refusal::BadSignature)
        }
    }
}

impl PublicKey {
    pub(super) fn rs256(identifier: Option<String>, key: rsa::PublicKey) -> Self {
        let material = Material::Rs256(Box::new(key));
        Self {
            identifier,
            material,
        }
    }

    pub(super) fn es256(identifier: Option<String>, key: p256::ecdsa::VerifyingKey) -> Self {
        let material = Material::Es256(Box::new(key));
        Self {
            identifier,
            material,
        }
    }

    fn read(key: &Value) -> Result<Self, WhyIgnored> {
        let key = key.as_object().ok_or(WhyIgnored::NotAnObject)?;
        let member = |name| key.get(name).and_then(Value::as_str);
        let material = match (member("kty"), member("crv")) {
            (Some("RSA"), _) => Material::Rs256(Box::new(read_rsa(key)?)),
            (Some("EC"), Some("P-256")) => Material::Es256(Box::new(read_p256(key)?)),
            _ => return Err(WhyIgnored::OtherKind),
        };
        let read = Self {
            identifier: member("kid").map(str::to_owned),
            material,
        };
        if verifies_signatures(key, read.algorithm()) {
            Ok(read)
        } else {
            Err(WhyIgnored::OtherUse)
        }
    }

    const fn algorithm(&self) -> SigningAlgorithm {
        match self.material {
            Material::Rs256(_) => SigningAlgorithm::Rs256,
            Material::Es256(_) => SigningAlgorithm::Es256,
        }
    }

    fn signed(&self, input: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Rs256(key) => key.pkcs1v15_verify::<Sha256>(input, signature).is_ok(),
            // r and s side by side, 32 bytes each, and nothing else (RFC 7518 section 3.4).
            Material::Es256(key) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(input, &signature).is_ok()),
        }
    }
}

/// Whether nothing that a key says of itself speaks against it (RFC 7517 sections 4.2 to 4.4).
fn verifies_signatures(key: &Map<String, Value>, algorithm: SigningAlgorithm) -> bool {
    let may_be = |name, wanted: &str| key.get(name).is_none_or(|stated| stated == wanted);
    let may_verify = key.get("key_ops").is_none_or(|operations| {
        let operations = operations.as_array();
        operations.is_some_and(|operations| operations.iter().any(|one| one == "verify"))
    });
    may_be("use", "sig") && may_be("alg", algorithm.name()) && may_verify
}

fn read_rsa(key: &Map<String, Value>) -> Result<rsa::PublicKey, WhyIgnored> {
    let modulus = number(key, "n", RSA_BITS.end() / 8)?;
    let exponent = number(key, "e", 8)?;
    rsa::PublicKey::new_with_size_limits(
        BoxedUint::from_be_slice_vartime(&modulus),
        BoxedUint::from_be_slice_vartime(&exponent),
        RSA_BITS,
    )
    .map_err(|_| WhyIgnored::Numbers)
}

fn read_p256(key: &Map<String, Value>) -> Result<p256::ecdsa::VerifyingKey, WhyIgnored> {
    // An uncompressed point (SEC 1 section 2.3.4).
    let mut point = vec![4];
    for name in ["x", "y"] {
        // The length is fixed, zeros in front included (RFC 7518 section 6.2.1.2): where either is
        // shorter, the point is.
        point.extend(number(key, name, 32)?);
    }
    p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).map_err(|_| WhyIgnored::Numbers)
}

/// A number's bytes, the most significant first.
fn number(key: &Map<String, Value>, name: &str, longest: usize) -> Result<Vec<u8>, WhyIgnored> {
    let text = key.get(name).and_then(Value::as_str);
    let bytes = text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    bytes
        .filter(|bytes| (1..=longest).contains(&bytes.len()))
        .ok_or(WhyIgnored::Numbers)
}

/// The thumbprint of an RSA key (RFC 7638 section 3.2).
pub(super) fn rsa_thumbprint(modulus: &[u8], exponent: &[u8]) -> String {
    thumbprint(&json!({"e": encode(exponent), "kty": "RSA", "n": encode(modulus)}))
}

/// The thumbprint of a key whose required members these are, in the order of their names
/// (RFC 7638 section 3).
pub(super) fn thumbprint(members: &Value) -> String {
    encode(&hmac_sha256::Hash::hash(members.to_string().as_bytes()))
}

/// Base64url without padding (RFC 7515 section 2).
pub(super) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
