//! Every refusal of a token, and what it says.

use serde_json::{Value, json};

use super::support::{BOTH, base64url, tokens, unsigned};
use crate::signing::{LONGEST_TOKEN, PublicKeys, WhyIgnored, verify};

fn said(token: &str) -> String {
    BOTH.verify(token).unwrap_err().to_string()
}

fn said_of_header(header: &Value) -> String {
    said(&unsigned(header, &json!({})))
}

#[test]
fn what_is_no_token() {
    let [token, _] = tokens();
    assert_eq!(
        said(&"a".repeat(LONGEST_TOKEN + 1)),
        "the token is longer than 65536 bytes: put less into its claims"
    );
    let parts = |count: usize| {
        format!(
            "the token has {count} part(s) between dots where a signed one has 3: send it whole, \
             and as it was issued"
        )
    };
    assert_eq!(said(""), parts(1));
    assert_eq!(said("a.b"), parts(2));
    assert_eq!(
        said(&format!("{token}.b.c")),
        parts(5),
        "as many as an encrypted one has"
    );
    let no_base64url = |part: &str| {
        format!("the token's {part} is not base64url without padding: send it as it was issued")
    };
    assert_eq!(said(&format!("+{token}")), no_base64url("header"));
    assert_eq!(said("eyJhbGciOiJFUzI1NiJ9.e30=."), no_base64url("claims"));
    assert_eq!(said(&format!("{token}=")), no_base64url("signature"));
    let no_object = |part: &str| {
        format!("the token's {part} is no JSON object: send a JWT (RFC 7519 section 3)")
    };
    assert_eq!(said(&unsigned(&json!([]), &json!({}))), no_object("header"));
    assert_eq!(
        said(&unsigned(&json!({"alg": "ES256"}), &json!("text"))),
        no_object("claims")
    );
    assert_eq!(
        said(&format!("{}.e30.", base64url("{\"alg\":"))),
        no_object("header")
    );
}

#[test]
fn headers_that_say_too_little_or_too_much() {
    for member in ["alg", "kid", "typ"] {
        let mut header = json!({"alg": "ES256"});
        header[member] = json!(256);
        assert_eq!(
            said_of_header(&header),
            format!(
                "the token's header has no text as `{member}`: state it (RFC 7515 section 4.1)"
            )
        );
    }
    assert_eq!(
        said_of_header(&json!({})),
        "the token's header has no text as `alg`: state it (RFC 7515 section 4.1)"
    );
    assert_eq!(
        said_of_header(&json!({"alg": "ES256", "crit": ["b64"], "b64": false})),
        "the token's header lists extensions in `crit`, and none is known here: leave it out"
    );
}

#[test]
fn algorithms_that_prove_nothing() {
    for none in ["none", "None", "nOnE"] {
        assert_eq!(
            said_of_header(&json!({"alg": none})),
            "the token's `alg` is none, so nobody signed it: sign it"
        );
    }
    for unknown in ["PS256", "RS512", "ES384", "es256", ""] {
        assert_eq!(
            said_of_header(&json!({"alg": unknown})),
            "the token's `alg` is not known here: sign it with RS256, ES256 or HS256"
        );
    }
    assert_eq!(
        said_of_header(&json!({"alg": "HS256"})),
        "the token's `alg` does not belong to the key: sign it with RS256 or ES256"
    );
}

/// A public key as the secret of an HMAC: the confusion that `alg` invites.
#[test]
fn a_public_key_is_no_secret() {
    let key = BOTH.jwks().unwrap()["keys"][1].clone();
    let input = format!(
        "{}.{}",
        base64url(&json!({"alg": "HS256", "kid": key["kid"]}).to_string()),
        base64url("{}")
    );
    let signature = hmac_sha256::HMAC::mac(&input, key["n"].as_str().unwrap());
    let token = format!("{input}.{}", crate::signing::public_key::encode(&signature));
    assert_eq!(
        said(&token),
        "the token's `alg` does not belong to the key: sign it with RS256 or ES256"
    );
}

#[test]
fn keys_that_do_not_fit() {
    let [curve, rsa] = tokens();
    let published = BOTH.jwks().unwrap();
    let only = |position: usize| PublicKeys::read(&json!({"keys": [published["keys"][position]]}));
    let [curve_key, rsa_key] = [only(0), only(1)];
    let unknown = "no key fits the token's `kid` and `alg`: 1 key(s) were looked at, and 0 more \
                   cannot be used; publish the key that signs, with its `kid`";
    verify(&curve, &curve_key).unwrap();
    verify(&rsa, &rsa_key).unwrap();
    assert_eq!(verify(&curve, &rsa_key).unwrap_err().to_string(), unknown);
    assert_eq!(verify(&rsa, &curve_key).unwrap_err().to_string(), unknown);
    assert_eq!(
        verify(&curve, &PublicKeys::read(&json!("no set")))
            .unwrap_err()
            .to_string(),
        "no key fits the token's `kid` and `alg`: 0 key(s) were looked at, and 0 more cannot be \
         used; publish the key that signs, with its `kid`"
    );
    // The key that the token names, under an algorithm that is not its own.
    let named = json!({"alg": "RS256", "kid": published["keys"][0]["kid"]});
    assert_eq!(
        verify(&unsigned(&named, &json!({})), &curve_key)
            .unwrap_err()
            .to_string(),
        "the token's `alg` does not belong to the key: sign it with ES256"
    );
}

#[test]
fn signatures_of_somebody_else() {
    for token in tokens() {
        let (input, signature) = token.rsplit_once('.').unwrap();
        let other = BOTH.sign("JWT", &json!({"sub": "other"})).unwrap();
        let foreign = other.rsplit_once('.').unwrap().1;
        for signature in [foreign, "", &signature[4..], &format!("{signature}AAAA")] {
            assert_eq!(
                said(&format!("{input}.{signature}")),
                "the token's signature does not belong to it: send it as it was issued, and see \
                 whether the key is the right one"
            );
        }
    }
}

#[test]
fn a_key_without_a_name_is_tried_for_tokens_without_one_only() {
    let [curve, _] = tokens();
    let mut published = BOTH.jwks().unwrap();
    published["keys"][0].as_object_mut().unwrap().remove("kid");
    let keys = PublicKeys::read(&published);
    verify(&curve, &keys).unwrap_err();

    let key = super::foreign::curve_key_set();
    let token = super::foreign::curve_token(&json!({"alg": "ES256"}), &json!({"sub": "user"}));
    verify(&token, &PublicKeys::read(&key)).unwrap();
}

#[test]
fn keys_that_nothing_is_verified_with() {
    let published = BOTH.jwks().unwrap();
    let changed = |position: usize, member: &str, value: Value| {
        let mut key = published["keys"][position].clone();
        key[member] = value;
        key
    };
    let expected = [
        (json!("key"), WhyIgnored::NotAnObject),
        (json!({}), WhyIgnored::OtherKind),
        (changed(0, "crv", json!("P-384")), WhyIgnored::OtherKind),
        (changed(0, "kty", json!("oct")), WhyIgnored::OtherKind),
        (changed(0, "use", json!("enc")), WhyIgnored::OtherUse),
        (changed(0, "alg", json!("ES384")), WhyIgnored::OtherUse),
        (changed(0, "key_ops", json!(["sign"])), WhyIgnored::OtherUse),
        (changed(0, "key_ops", json!("verify")), WhyIgnored::OtherUse),
        (changed(1, "alg", json!("PS256")), WhyIgnored::OtherUse),
        (changed(0, "x", json!("AA")), WhyIgnored::Numbers),
        (
            changed(0, "y", published["keys"][0]["x"].clone()),
            WhyIgnored::Numbers,
        ),
        (
            changed(1, "n", json!("A".repeat(1400))),
            WhyIgnored::Numbers,
        ),
        (changed(1, "n", json!("_".repeat(170))), WhyIgnored::Numbers),
        (changed(1, "n", json!("n+n")), WhyIgnored::Numbers),
        (changed(1, "e", json!("")), WhyIgnored::Numbers),
        (changed(1, "e", json!("AQ")), WhyIgnored::Numbers),
        (changed(1, "e", json!(65_537)), WhyIgnored::Numbers),
    ];
    let listed: Vec<&Value> = expected.iter().map(|(key, _)| key).collect();
    let keys = PublicKeys::read(&json!({ "keys": listed }));
    assert!(keys.is_empty());
    for (ignored, (key, why)) in keys.ignored().iter().zip(&expected) {
        assert_eq!(ignored.why, *why, "{key}");
    }
    assert_eq!(keys.ignored().len(), expected.len());
    // A key that says that it verifies does.
    let verifying = changed(0, "key_ops", json!(["verify"]));
    assert_eq!(PublicKeys::read(&json!({"keys": [verifying]})).len(), 1);
}

#[test]
fn a_set_is_looked_at_up_to_a_bound() {
    let key = BOTH.jwks().unwrap()["keys"][0].clone();
    let keys = PublicKeys::read(&json!({"keys": vec![key; 65]}));
    assert_eq!(keys.len(), 64);
    let [ignored] = keys.ignored() else {
        panic!("one more")
    };
    assert_eq!((ignored.position, ignored.why), (64, WhyIgnored::TooMany));
}
