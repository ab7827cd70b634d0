//! One key that signs.

use p256::ecdsa::signature::Signer;
use rsa::sha2::Sha256;
use rsa::traits::PublicKeyParts;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::compact;
use super::generator::SeededGenerator;
use super::public_key::{PublicKey, encode, rsa_thumbprint, thumbprint};
use crate::ledger::LedgerKey;

/// RFC 7518 section 3.3 demands 2048 bits at least. More would only be slower.
const RSA_BITS: usize = 2048;

/// With what a token is signed: `alg`, in the words of RFC 7518 section 3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256. Every OpenID provider has it (OpenID Connect Core 1.0
    /// section 15.1), and making a key of it takes a while.
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-256 with SHA-256. Making a key takes no time.
    #[serde(rename = "ES256")]
    Es256,
}

impl SigningAlgorithm {
    /// As it stands in a header, a key and a metadata document.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

impl std::fmt::Display for SigningAlgorithm {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Why nothing was signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningError {
    /// The set was never told of the algorithm.
    #[error(
        "the provider has no {0} key: name the algorithm where its keys are set up, or sign with another"
    )]
    NoSuchAlgorithm(SigningAlgorithm),
    /// The algorithm's own code gave up, which it does for no input known.
    #[error("{algorithm} failed ({reason}): run again with another seed, and report this one")]
    Failed {
        /// Which algorithm.
        algorithm: SigningAlgorithm,
        /// In its words, which know nothing of the key.
        reason: String,
    },
}

/// A private key. It is never shown: only its public half leaves it.
pub struct SigningKey {
    private: PrivateKey,
    identifier: String,
}

/// Boxed, for the two differ in size by far.
enum PrivateKey {
    Rs256 {
        key: Box<rsa::PrivateKey>,
        /// What blinds the computation; no randomness of the machine, so that nothing here needs
        /// any. The signature does not depend on it.
        blinding: [u8; 32],
    },
    Es256(Box<p256::ecdsa::SigningKey>),
}

impl SigningKey {
    /// The key of a generation: the same for the same seed and tenant. For RS256 this takes long
    /// enough to stay away from an async thread.
    pub fn derive(
        key: &LedgerKey,
        generation: u32,
        algorithm: SigningAlgorithm,
    ) -> Result<Self, SigningError> {
        let seed = key.derive_bytes(&format!("signing/{algorithm}/{generation}"));
        let private = match algorithm {
            SigningAlgorithm::Rs256 => PrivateKey::Rs256 {
                key: Box::new(
                    rsa::PrivateKey::new(&mut SeededGenerator::new(seed), RSA_BITS)
                        .map_err(|error| failed(algorithm, &error))?,
                ),
                blinding: key.derive_bytes(&format!("blinding/{generation}")),
            },
            SigningAlgorithm::Es256 => PrivateKey::Es256(Box::new(curve_key(seed))),
        };
        Ok(Self {
            identifier: private.thumbprint(),
            private,
        })
    }

    /// With what it signs.
    pub const fn algorithm(&self) -> SigningAlgorithm {
        match self.private {
            PrivateKey::Rs256 { .. } => SigningAlgorithm::Rs256,
            PrivateKey::Es256(_) => SigningAlgorithm::Es256,
        }
    }

    /// Its `kid`: the thumbprint of its public half (RFC 7638).
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// Its public half, as a JSON Web Key (RFC 7517).
    pub fn public_jwk(&self) -> Value {
        let algorithm = self.algorithm().name();
        match &self.private {
            PrivateKey::Rs256 { key, .. } => json!({
                "kty": "RSA", "use": "sig", "alg": algorithm, "kid": self.identifier,
                "n": encode(&key.n_bytes()), "e": encode(&key.e_bytes()),
            }),
            PrivateKey::Es256(key) => {
                let (x, y) = coordinates(key);
                json!({
                    "kty": "EC", "use": "sig", "alg": algorithm, "kid": self.identifier,
                    "crv": "P-256", "x": x, "y": y,
                })
            }
        }
    }

    /// A JWT (RFC 7519) in the compact serialization (RFC 7515 section 7.1). `typ` says what it is
    /// (`JWT`, or `at+jwt` for an access token, RFC 9068); claims ought to be an object.
    pub fn sign(&self, typ: &str, claims: &Value) -> Result<String, SigningError> {
        let header = json!({
            "typ": typ, "alg": self.algorithm().name(), "kid": self.identifier,
        });
        let input = compact::signing_input(&header, claims);
        let signature = self.signature_of(input.as_bytes())?;
        Ok(format!("{input}.{}", encode(&signature)))
    }

    /// Its public half, to verify with.
    pub(super) fn public_key(&self) -> PublicKey {
        let identifier = Some(self.identifier.clone());
        match &self.private {
            PrivateKey::Rs256 { key, .. } => PublicKey::rs256(identifier, key.to_public_key()),
            PrivateKey::Es256(key) => PublicKey::es256(identifier, *key.verifying_key()),
        }
    }

    fn signature_of(&self, input: &[u8]) -> Result<Vec<u8>, SigningError> {
        match &self.private {
            PrivateKey::Rs256 { key, blinding } => {
                let seed = hmac_sha256::HMAC::mac(input, blinding);
                key.pkcs1v15_sign_with_rng::<Sha256, _>(&mut SeededGenerator::new(seed), input)
                    .map_err(|error| failed(SigningAlgorithm::Rs256, &error))
            }
            // Deterministic by itself (RFC 6979); r and s side by side, as RFC 7518 section 3.4
            // wants them.
            PrivateKey::Es256(key) => {
                let signature: p256::ecdsa::Signature = key
                    .try_sign(input)
                    .map_err(|error| failed(SigningAlgorithm::Es256, &error))?;
                Ok(signature.to_bytes().to_vec())
            }
        }
    }
}

impl PrivateKey {
    fn thumbprint(&self) -> String {
        match self {
            Self::Rs256 { key, .. } => rsa_thumbprint(&key.n_bytes(), &key.e_bytes()),
            Self::Es256(key) => {
                let (x, y) = coordinates(key);
                thumbprint(&json!({"crv": "P-256", "kty": "EC", "x": x, "y": y}))
            }
        }
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "SigningKey({}, {})",
            self.algorithm(),
            self.identifier
        )
    }
}

/// A number in the range of the curve's order; of 2^32 candidates one is not.
fn curve_key(seed: [u8; 32]) -> p256::ecdsa::SigningKey {
    let mut generator = SeededGenerator::new(seed);
    loop {
        if let Ok(key) = p256::ecdsa::SigningKey::from_slice(&generator.bytes::<32>()) {
            return key;
        }
    }
}

/// `x` and `y` of the public point, at their full length (RFC 7518 section 6.2.1.2).
fn coordinates(key: &p256::ecdsa::SigningKey) -> (String, String) {
    // 0x04, then the two coordinates of 32 bytes (SEC 1 section 2.3.3).
    let point = key.verifying_key().to_sec1_point(false);
    let (x, y) = point.as_bytes()[1..].split_at(32);
    (encode(x), encode(y))
}

fn failed(algorithm: SigningAlgorithm, error: &dyn std::error::Error) -> SigningError {
    SigningError::Failed {
        algorithm,
        reason: error.to_string(),
    }
}
