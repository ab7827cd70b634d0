//! Every refusal of a client's assertion, and what it says.

use serde_json::{Value, json};

use super::foreign::{curve_key_set, curve_token};
use super::support::{base64url, unsigned};
use crate::signing::assertion::{
    Accepted, AssertionRefusal, ClientKey, Expected, claimed_client, verify,
};
use crate::signing::public_key::encode;

const NOW: u64 = 1_000_000;

fn audiences() -> [String; 2] {
    ["https://provider.example", "https://provider.example/token"].map(str::to_owned)
}

fn expected(audiences: &[String]) -> Expected<'_> {
    Expected {
        client_id: "client",
        audiences,
        now_seconds: NOW,
        leeway_seconds: 30,
        identifier_required: true,
        longest_life_seconds: Some(600),
    }
}

fn good_claims() -> Value {
    json!({
        "iss": "client", "sub": "client", "aud": "https://provider.example", "exp": NOW + 300,
        "nbf": NOW, "iat": NOW, "jti": "one",
    })
}

/// The good claims with one changed, or left out.
fn claims_with(claim: &str, value: Option<Value>) -> Value {
    let mut claims = good_claims();
    let members = claims.as_object_mut().unwrap();
    match value {
        Some(value) => members.insert(claim.to_owned(), value),
        None => members.remove(claim),
    };
    claims
}

fn judged(claims: &Value) -> Result<Accepted, AssertionRefusal> {
    let assertion = curve_token(&json!({"alg": "ES256"}), claims);
    verify(
        &assertion,
        &ClientKey::Jwks(&curve_key_set()),
        &expected(&audiences()),
    )
}

fn said(claim: &str, value: Option<Value>) -> String {
    judged(&claims_with(claim, value)).unwrap_err().to_string()
}

fn secret_assertion(secret: &[u8], claims: &Value) -> String {
    let header = base64url(&json!({"alg": "HS256"}).to_string());
    let input = format!("{header}.{}", base64url(&claims.to_string()));
    let signature = hmac_sha256::HMAC::mac(&input, secret);
    format!("{input}.{}", encode(&signature))
}

#[test]
fn a_good_one_is_accepted_with_what_tells_it_from_others() {
    let accepted = judged(&good_claims()).unwrap();
    assert_eq!(accepted.jti.as_deref(), Some("one"));
    assert_eq!(accepted.expires_at, NOW + 300);
}

#[test]
fn a_secret_proves_the_client_and_another_does_not() {
    let assertion = secret_assertion(b"the secret", &good_claims());
    let judged = |secret| {
        verify(
            &assertion,
            &ClientKey::Secret(secret),
            &expected(&audiences()),
        )
    };
    assert_eq!(judged(b"the secret").unwrap().jti.as_deref(), Some("one"));
    assert_eq!(
        judged(b"the secreT").unwrap_err().to_string(),
        "client assertion: the token's signature does not belong to it: send it as it was issued, \
         and see whether the key is the right one"
    );
    assert_eq!(judged(b"").unwrap_err(), AssertionRefusal::EmptySecret);
    let by_nobody = secret_assertion(b"", &good_claims());
    let refused = verify(&by_nobody, &ClientKey::Secret(b""), &expected(&audiences()));
    assert_eq!(
        refused.unwrap_err().to_string(),
        "client assertion: the client's secret is empty: register one"
    );
}

#[test]
fn the_method_that_is_registered_is_the_one_that_counts() {
    let set = curve_key_set();
    let by_secret = secret_assertion(b"the secret", &good_claims());
    let by_key = curve_token(&json!({"alg": "ES256"}), &good_claims());
    let by_nobody = unsigned(&json!({"alg": "none"}), &good_claims());
    let judged = |assertion: &str, key| {
        let refused = verify(assertion, &key, &expected(&audiences()));
        refused.unwrap_err().to_string()
    };
    assert_eq!(
        judged(&by_secret, ClientKey::Jwks(&set)),
        "client assertion: the token's `alg` does not belong to the key: sign it with RS256 or ES256"
    );
    assert_eq!(
        judged(&by_key, ClientKey::Secret(b"the secret")),
        "client assertion: the token's `alg` does not belong to the key: sign it with HS256"
    );
    for key in [ClientKey::Jwks(&set), ClientKey::Secret(b"the secret")] {
        assert_eq!(
            judged(&by_nobody, key),
            "client assertion: the token's `alg` is none, so nobody signed it: sign it"
        );
    }
}

#[test]
fn claims_that_must_be_there() {
    for claim in ["iss", "sub", "aud", "exp", "jti"] {
        assert_eq!(
            said(claim, None),
            format!(
                "client assertion: the claim `{claim}` is missing: state it (RFC 7523 section 3)"
            )
        );
    }
    for claim in ["nbf", "iat"] {
        judged(&claims_with(claim, None)).unwrap();
    }
    assert_eq!(
        said("jti", Some(json!(""))),
        "client assertion: the claim `jti` is missing: state it (RFC 7523 section 3)"
    );
}

#[test]
fn an_identifier_and_a_bound_only_where_they_are_asked_for() {
    let audiences = audiences();
    let lenient = Expected {
        identifier_required: false,
        longest_life_seconds: None,
        ..expected(&audiences)
    };
    let mut claims = claims_with("jti", None);
    claims["exp"] = json!(u64::MAX);
    let assertion = curve_token(&json!({"alg": "ES256"}), &claims);
    let accepted = verify(&assertion, &ClientKey::Jwks(&curve_key_set()), &lenient);
    assert_eq!(
        accepted,
        Ok(Accepted {
            jti: None,
            expires_at: u64::MAX
        })
    );
}

#[test]
fn claims_of_another_type() {
    let wrong = |claim: &str, wanted: &str| {
        format!(
            "client assertion: the claim `{claim}` is no {wanted}: state one (RFC 7519 section 4.1)"
        )
    };
    for claim in ["iss", "sub", "jti"] {
        assert_eq!(said(claim, Some(json!(["client"]))), wrong(claim, "text"));
    }
    for audience in [
        json!(null),
        json!(["https://provider.example", 1]),
        json!({}),
    ] {
        assert_eq!(
            said("aud", Some(audience)),
            wrong("aud", "text or list of texts")
        );
    }
    for claim in ["exp", "nbf", "iat"] {
        for time in [json!("1000300"), json!(-1), json!(-0.5), json!(null)] {
            assert_eq!(
                said(claim, Some(time)),
                wrong(claim, "time in seconds since 1970")
            );
        }
    }
}

#[test]
fn somebody_elses() {
    for claim in ["iss", "sub"] {
        for other in ["Client", "client ", ""] {
            assert_eq!(
                said(claim, Some(json!(other))),
                format!(
                    "client assertion: the claim `{claim}` is not the client's id: set both `iss` \
                     and `sub` to it"
                )
            );
        }
    }
}

#[test]
fn for_somebody_else() {
    let good = [
        json!("https://provider.example/token"),
        json!(["https://elsewhere.example", "https://provider.example"]),
    ];
    for audience in good {
        judged(&claims_with("aud", Some(audience))).unwrap();
    }
    let bad = [
        json!("https://provider.example/"),
        json!("https://PROVIDER.example"),
        json!(["https://elsewhere.example"]),
        json!([]),
        json!(""),
    ];
    for audience in bad {
        assert_eq!(
            said("aud", Some(audience)),
            "client assertion: the claim `aud` names nobody here: set it to \
             https://provider.example or https://provider.example/token"
        );
    }
}

#[test]
fn at_another_time() {
    let accepted = |claim: &str, time: Value| judged(&claims_with(claim, Some(time))).is_ok();
    assert!(accepted("exp", json!(NOW - 29)), "within the leeway");
    assert!(
        accepted("exp", json!(NOW + 630)),
        "at the bound, with the leeway"
    );
    assert!(accepted("nbf", json!(NOW + 30)));
    assert!(accepted("iat", json!(NOW + 30)));
    assert!(accepted("iat", json!(0)));
    assert!(
        accepted("iat", json!(1_000_000.75)),
        "seconds need not be whole"
    );

    let expired = |seconds: u64| {
        format!(
            "client assertion: it expired {seconds} seconds ago: make a new one for each request"
        )
    };
    assert_eq!(said("exp", Some(json!(NOW - 30))), expired(30));
    assert_eq!(said("exp", Some(json!(0))), expired(NOW));
    for exp in [json!(NOW + 631), json!(u64::MAX), json!(1e300)] {
        assert_eq!(
            said("exp", Some(exp)),
            "client assertion: the claim `exp` lies more than 600 seconds ahead: let it expire \
             sooner"
        );
    }
    for claim in ["nbf", "iat"] {
        assert_eq!(
            said(claim, Some(json!(NOW + 31))),
            format!(
                "client assertion: the claim `{claim}` lies 31 seconds ahead: set the client's clock"
            )
        );
    }
}

#[test]
fn whose_it_says_it_is() {
    let assertion = unsigned(&json!({"alg": "ES256"}), &good_claims());
    assert_eq!(claimed_client(&assertion).as_deref(), Some("client"));
    let without = unsigned(&json!({"alg": "ES256"}), &claims_with("sub", None));
    assert_eq!(claimed_client(&without), None);
    assert_eq!(claimed_client("no token"), None);
}

/// A refusal goes into logs and answers; what the client sent does not.
#[test]
fn refusals_repeat_nothing_of_what_was_sent() {
    let secret_like = "s3cr3t-in-a-wrong-place";
    for claim in ["iss", "sub", "aud", "exp", "nbf", "iat"] {
        assert!(
            !said(claim, Some(json!(secret_like))).contains(secret_like),
            "{claim}"
        );
    }
    for member in ["alg", "kid"] {
        let mut header = json!({"alg": "ES256"});
        header[member] = json!(secret_like);
        let assertion = curve_token(&header, &good_claims());
        let set = curve_key_set();
        let refused = verify(&assertion, &ClientKey::Jwks(&set), &expected(&audiences()));
        let refused = refused.unwrap_err();
        assert!(
            !format!("{refused} {refused:?}").contains(secret_like),
            "{member}"
        );
    }
}
