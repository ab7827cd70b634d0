//! Whatever is sent: never a panic, and nothing accepted that was not signed.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::support::{BOTH, base64url, tokens};
use crate::signing::assertion::{self, ClientKey, Expected};
use crate::signing::{PublicKeys, verify};

/// A JSON value of any kind, with names and texts that mean something here among others.
fn any_json() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "ES256", "RS256", "HS256", "none", "RSA", "EC", "P-256", "sig", "AQAB", "client", "here",
        "",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words.prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        prop::collection::vec(any::<u8>(), 0..300)
            .prop_map(|bytes| { Value::from(crate::signing::public_key::encode(&bytes)) }),
    ];
    let names = prop::sample::select(vec![
        "alg", "kid", "typ", "crit", "kty", "crv", "n", "e", "x", "y", "use", "key_ops", "keys",
        "iss", "sub", "aud", "exp", "nbf", "iat", "jti",
    ]);
    leaf.prop_recursive(3, 32, 8, move |inner| {
        let members = prop::collection::vec((names.clone(), inner.clone()), 0..8);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            members.prop_map(|members| {
                let members = members.into_iter();
                Value::Object(
                    members
                        .map(|(name, value)| (name.to_owned(), value))
                        .collect(),
                )
            }),
        ]
    })
}

fn refused_by_all(token: &str, secret: &[u8], set: &Value) -> Result<(), TestCaseError> {
    let audiences = ["here".to_owned()];
    let expected = Expected {
        client_id: "client",
        audiences: &audiences,
        now_seconds: 1000,
        leeway_seconds: 0,
        identifier_required: false,
        longest_life_seconds: None,
    };
    prop_assert!(BOTH.verify(token).is_err());
    prop_assert!(verify(token, &PublicKeys::read(set)).is_err());
    prop_assert!(assertion::verify(token, &ClientKey::Jwks(set), &expected).is_err());
    prop_assert!(assertion::verify(token, &ClientKey::Secret(secret), &expected).is_err());
    assertion::claimed_client(token);
    Ok(())
}

proptest! {
    #[test]
    fn any_text_is_refused(token in "\\PC{0,64}", set in any_json()) {
        refused_by_all(&token, b"secret", &set)?;
    }

    #[test]
    fn any_bytes_between_dots_are_refused(
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 3),
    ) {
        let parts: Vec<String> =
            parts.iter().map(|part| crate::signing::public_key::encode(part)).collect();
        refused_by_all(&parts.join("."), b"secret", &BOTH.jwks().unwrap())?;
    }

    #[test]
    fn any_header_and_claims_are_refused(
        header in any_json(),
        claims in any_json(),
        signature in prop::collection::vec(any::<u8>(), 0..300),
        set in any_json(),
    ) {
        let token = format!(
            "{}.{}.{}",
            base64url(&header.to_string()),
            base64url(&claims.to_string()),
            crate::signing::public_key::encode(&signature),
        );
        refused_by_all(&token, b"secret", &set)?;
        refused_by_all(&token, b"secret", &json!({ "keys": [set] }))?;
    }

    /// Keys with numbers of the right length that are numbers of no key, or of a key that nobody
    /// knows: read or not, they never verify, and never end the process.
    #[test]
    fn any_numbers_of_a_key_can_be_read(
        modulus in prop::collection::vec(any::<u8>(), 0..1100),
        exponent in prop::collection::vec(any::<u8>(), 0..10),
        point in prop::collection::vec(any::<u8>(), 64),
    ) {
        use crate::signing::public_key::encode;
        let set = json!({"keys": [
            {"kty": "RSA", "n": encode(&modulus), "e": encode(&exponent)},
            {"kty": "EC", "crv": "P-256", "x": encode(&point[..32]), "y": encode(&point[32..])},
        ]});
        for algorithm in ["RS256", "ES256"] {
            let header = base64url(&json!({ "alg": algorithm }).to_string());
            for signature in [encode(&point), encode(&modulus), encode(&[0; 256])] {
                refused_by_all(&format!("{header}.e30.{signature}"), b"secret", &set)?;
            }
        }
    }

    #[test]
    fn a_token_cut_short_is_refused(which in 0..2_usize, at in any::<Index>()) {
        let token = &tokens()[which];
        let cut = &token[..at.index(token.len())];
        refused_by_all(cut, b"secret", &BOTH.jwks().unwrap())?;
    }

    #[test]
    fn a_token_with_another_bit_is_refused(
        which in 0..2_usize,
        at in any::<Index>(),
        bit in 0..8_u32,
    ) {
        let token = &tokens()[which];
        let mut bytes = token.clone().into_bytes();
        let position = at.index(bytes.len());
        bytes[position] ^= 1 << bit;
        // What is not UTF-8 any longer is no text that could be handed in.
        if let Ok(changed) = String::from_utf8(bytes) {
            refused_by_all(&changed, b"secret", &BOTH.jwks().unwrap())?;
        }
    }
}
