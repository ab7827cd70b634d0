//! What is written here is read by somebody else, and the other way round.

use jsonwebtoken::jwk::{Jwk, JwkSet, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde_json::{Value, json};

use super::foreign::{curve_key_set, install, rsa_key_set};
use super::support::{ALGORITHMS, BOTH};
use crate::signing::assertion::{self, Accepted, ClientKey, Expected};
use crate::signing::{PublicKeys, SigningAlgorithm, verify};

/// The year 2100: the other implementation looks at its clock.
const LATER: u64 = 4_102_444_800;

fn foreign_name(algorithm: SigningAlgorithm) -> Algorithm {
    match algorithm {
        SigningAlgorithm::Rs256 => Algorithm::RS256,
        SigningAlgorithm::Es256 => Algorithm::ES256,
    }
}

fn published() -> JwkSet {
    serde_json::from_value(BOTH.jwks().unwrap()).unwrap()
}

#[test]
fn tokens_are_accepted_with_the_published_keys_and_with_no_others() {
    install();
    for algorithm in ALGORITHMS {
        let claims = json!({
            "iss": "https://provider.example", "sub": "user", "aud": "client", "exp": LATER,
        });
        let token = BOTH.sign_with(algorithm, "JWT", &claims).unwrap();
        let header = jsonwebtoken::decode_header(&token).unwrap();
        assert_eq!(header.typ.as_deref(), Some("JWT"));

        let set = published();
        let key = set.find(header.kid.as_deref().unwrap()).unwrap();
        let mut validation = Validation::new(foreign_name(algorithm));
        validation.set_issuer(&["https://provider.example"]);
        validation.set_audience(&["client"]);
        let read = |key: &Jwk, token: &str| {
            decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &validation)
        };
        assert_eq!(read(key, &token).unwrap().claims, claims);

        let other_claims = BOTH
            .sign_with(algorithm, "JWT", &json!({"sub": "x"}))
            .unwrap();
        let (input, _) = token.rsplit_once('.').unwrap();
        let (_, signature) = other_claims.rsplit_once('.').unwrap();
        read(key, &format!("{input}.{signature}")).unwrap_err();
    }
}

#[test]
fn identifiers_are_the_thumbprints_that_others_calculate() {
    install();
    for key in published().keys {
        let thumbprint = key.thumbprint(ThumbprintHash::SHA256).unwrap();
        assert_eq!(key.common.key_id, Some(thumbprint));
    }
}

fn foreign_token(algorithm: Algorithm, secret: &[u8]) -> String {
    install();
    let key = match algorithm {
        Algorithm::ES256 => EncodingKey::from_ec_der(&[]),
        Algorithm::RS256 => EncodingKey::from_rsa_der(&[]),
        _ => EncodingKey::from_secret(secret),
    };
    let claims = json!({
        "iss": "client", "sub": "client", "aud": "https://provider.example/token", "exp": 1300,
        "iat": 1000, "jti": "one",
    });
    encode(&Header::new(algorithm), &claims, &key).unwrap()
}

#[test]
fn tokens_of_others_are_verified() {
    for (algorithm, set) in [
        (Algorithm::ES256, curve_key_set()),
        (Algorithm::RS256, rsa_key_set()),
    ] {
        let token = foreign_token(algorithm, b"");
        let verified = verify(&token, &PublicKeys::read(&set)).unwrap();
        assert_eq!(verified.claims["jti"], "one");
        BOTH.verify(&token).unwrap_err();
    }
}

#[test]
fn assertions_of_others_are_accepted() {
    let audiences = ["https://provider.example/token".to_owned()];
    let expected = Expected {
        client_id: "client",
        audiences: &audiences,
        now_seconds: 1000,
        leeway_seconds: 0,
        identifier_required: true,
        longest_life_seconds: Some(300),
    };
    let accepted = Ok(Accepted {
        jti: Some("one".to_owned()),
        expires_at: 1300,
    });
    let [curve, rsa] = [curve_key_set(), rsa_key_set()];
    let secret = b"a secret of the client, longer than the hash";
    for (algorithm, key) in [
        (Algorithm::ES256, ClientKey::Jwks(&curve)),
        (Algorithm::RS256, ClientKey::Jwks(&rsa)),
        (Algorithm::HS256, ClientKey::Secret(secret)),
    ] {
        let assertion = foreign_token(algorithm, secret);
        assert_eq!(assertion::verify(&assertion, &key, &expected), accepted);
        assert_eq!(
            assertion::claimed_client(&assertion).as_deref(),
            Some("client")
        );
    }
}
