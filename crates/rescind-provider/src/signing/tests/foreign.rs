//! Somebody else: `jsonwebtoken` reads and writes the tokens, `ring` does the cryptography, and
//! the keys are those of RFC 7515 appendix A. No code is shared with what is tested.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::signature::{Error, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde_json::{Value, json};

use super::support::{base64url, bytes};
use crate::signing::public_key::encode;

pub const RSA_EXPONENT: &str = "AQAB";
pub const RSA_MODULUS: &str = concat!(
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4",
    "d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5re",
    "xMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxX",
    "FvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
);
const RSA_D: &str = concat!(
    "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXO",
    "oAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51",
    "gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3c",
    "cPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ",
);
const RSA_P: &str = concat!(
    "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5P",
    "JdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc",
);
const RSA_Q: &str = concat!(
    "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZ",
    "D_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc",
);
const RSA_DP: &str = concat!(
    "BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R",
    "6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0",
);
const RSA_DQ: &str = concat!(
    "h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0aja",
    "HF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU",
);
const RSA_QI: &str = concat!(
    "IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7Y",
    "IBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U",
);
pub const CURVE_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
pub const CURVE_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const CURVE_D: &str = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";

/// The client's public keys, without names, as RFC 7515 has them.
pub fn curve_key_set() -> Value {
    json!({"keys": [{"kty": "EC", "crv": "P-256", "x": CURVE_X, "y": CURVE_Y}]})
}

pub fn rsa_key_set() -> Value {
    json!({"keys": [{"kty": "RSA", "n": RSA_MODULUS, "e": RSA_EXPONENT}]})
}

/// A token of any header and claims, signed with the curve's key.
pub fn curve_token(header: &Value, claims: &Value) -> String {
    let input = format!(
        "{}.{}",
        base64url(&header.to_string()),
        base64url(&claims.to_string())
    );
    let signature = curve_signature(input.as_bytes());
    format!("{input}.{}", encode(&signature))
}

/// Lets `jsonwebtoken` calculate with `ring`. May be called any number of times.
pub fn install() {
    static FOREIGN: CryptoProvider = CryptoProvider {
        signer_factory: |algorithm, key| Ok(Box::new(Signing(*algorithm, key.as_bytes().to_vec()))),
        verifier_factory: |algorithm, key| match algorithm {
            Algorithm::ES256 | Algorithm::RS256 => Ok(Box::new(Verifying(*algorithm, key.clone()))),
            _ => Err(ErrorKind::InvalidAlgorithm.into()),
        },
        key_utils: KeyUtils {
            compute_digest: |data, _| {
                Ok(ring::digest::digest(&ring::digest::SHA256, data)
                    .as_ref()
                    .to_vec())
            },
            ..KeyUtils::new_unimplemented()
        },
    };
    // The second of two calls finds it installed.
    let _ = FOREIGN.install_default();
}

/// Signs with the keys above; with the key that is handed in for HS256.
struct Signing(Algorithm, Vec<u8>);
struct Verifying(Algorithm, DecodingKey);

impl JwtSigner for Signing {
    fn algorithm(&self) -> Algorithm {
        self.0
    }
}

impl Signer<Vec<u8>> for Signing {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        match self.0 {
            Algorithm::ES256 => Ok(curve_signature(message)),
            Algorithm::RS256 => Ok(rsa_signature(message)),
            Algorithm::HS256 => {
                let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &self.1);
                Ok(ring::hmac::sign(&key, message).as_ref().to_vec())
            }
            _ => Err(Error::new()),
        }
    }
}

impl JwtVerifier for Verifying {
    fn algorithm(&self) -> Algorithm {
        self.0
    }
}

impl Verifier<Vec<u8>> for Verifying {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), Error> {
        let verified = match (self.0, self.1.kind()) {
            (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
                let key = RsaPublicKeyComponents { n, e };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            (_, DecodingKeyKind::SecretOrDer(point)) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            _ => return Err(Error::new()),
        };
        verified.map_err(|_| Error::new())
    }
}

fn curve_signature(message: &[u8]) -> Vec<u8> {
    let point = [vec![4], bytes(CURVE_X), bytes(CURVE_Y)].concat();
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::from_private_key_and_public_key(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        &bytes(CURVE_D),
        &point,
        &random,
    );
    key.unwrap()
        .sign(&random, message)
        .unwrap()
        .as_ref()
        .to_vec()
}

fn rsa_signature(message: &[u8]) -> Vec<u8> {
    let key = RsaKeyPair::from_components(&ring::rsa::KeyPairComponents {
        public_key: RsaPublicKeyComponents {
            n: bytes(RSA_MODULUS),
            e: bytes(RSA_EXPONENT),
        },
        d: bytes(RSA_D),
        p: bytes(RSA_P),
        q: bytes(RSA_Q),
        dP: bytes(RSA_DP),
        dQ: bytes(RSA_DQ),
        qInv: bytes(RSA_QI),
    })
    .unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        message,
        &mut signature,
    )
    .unwrap();
    signature
}
