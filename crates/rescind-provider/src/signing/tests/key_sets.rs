use serde_json::{Value, json};

use super::support::{ALGORITHMS, BOTH, bytes, ledger_key};
use crate::ledger::LedgerKey;
use crate::signing::{
    KeySet, MOST_GENERATIONS, Refusal, SigningAlgorithm, SigningError, SigningKey,
};

fn curve_keys() -> KeySet {
    KeySet::new(ledger_key(), SigningAlgorithm::Es256)
}

fn identifiers(set: &KeySet) -> Vec<String> {
    let published = set.jwks().unwrap();
    let keys = published["keys"].as_array().unwrap();
    let identifier = |key: &Value| key["kid"].as_str().unwrap().to_owned();
    keys.iter().map(identifier).collect()
}

#[test]
fn the_same_seed_gives_the_same_keys_and_the_same_tokens() {
    let again = KeySet::new(ledger_key(), SigningAlgorithm::Es256).with(SigningAlgorithm::Rs256);
    assert_eq!(again.jwks(), BOTH.jwks());
    for algorithm in ALGORITHMS {
        let claims = json!({"sub": "user"});
        assert_eq!(
            again.sign_with(algorithm, "JWT", &claims),
            BOTH.sign_with(algorithm, "JWT", &claims)
        );
    }
}

/// What a seed gives stays what it is: a run of an earlier version can be replayed.
#[test]
fn the_keys_of_a_seed_are_these() {
    assert_eq!(
        identifiers(&BOTH),
        [
            "2ZdMbLSZSnafNON6wwOJJ7M-MQsOkMDtP-S2kVL-jD8",
            "mraNtPvmPWh11XNqSOlcUh20auAWj23w6diaY1TSB-M",
        ]
    );
}

#[test]
fn another_seed_tenant_or_generation_gives_another_key() {
    let key = |seed, tenant, generation| {
        let ledger_key = LedgerKey::new(seed, tenant);
        let key = SigningKey::derive(&ledger_key, generation, SigningAlgorithm::Es256).unwrap();
        key.identifier().to_owned()
    };
    let mut keys = [
        key("a", "tenant", 0),
        key("b", "tenant", 0),
        key("a", "other", 0),
        key("a", "tenant", 1),
    ];
    keys.sort();
    assert!(keys.windows(2).all(|pair| pair[0] != pair[1]), "{keys:?}");
}

#[test]
fn published_keys_have_what_rfc_7517_and_7518_ask_for_and_nothing_private() {
    let published = BOTH.jwks().unwrap();
    let members = |key: &Value| -> Vec<String> {
        let mut members: Vec<String> = key.as_object().unwrap().keys().cloned().collect();
        members.sort();
        members
    };
    let curve = &published["keys"][0];
    assert_eq!(
        members(curve),
        ["alg", "crv", "kid", "kty", "use", "x", "y"]
    );
    for (member, value) in [
        ("kty", "EC"),
        ("crv", "P-256"),
        ("alg", "ES256"),
        ("use", "sig"),
    ] {
        assert_eq!(curve[member], value);
    }
    assert_eq!(bytes(curve["x"].as_str().unwrap()).len(), 32);
    assert_eq!(bytes(curve["y"].as_str().unwrap()).len(), 32);

    let rsa = &published["keys"][1];
    assert_eq!(members(rsa), ["alg", "e", "kid", "kty", "n", "use"]);
    for (member, value) in [
        ("kty", "RSA"),
        ("e", "AQAB"),
        ("alg", "RS256"),
        ("use", "sig"),
    ] {
        assert_eq!(rsa[member], value);
    }
    let modulus = bytes(rsa["n"].as_str().unwrap());
    assert_eq!(
        (modulus.len(), modulus[0] >> 7),
        (256, 1),
        "2048 bits, and no zeros in front"
    );
}

#[test]
fn a_token_says_what_it_is_and_which_key_signed_it() {
    for (algorithm, identifier) in ALGORITHMS.iter().zip(identifiers(&BOTH)) {
        let claims = json!({"sub": "user", "z": 1, "a": [true, null]});
        let token = BOTH.sign_with(*algorithm, "at+jwt", &claims).unwrap();
        let verified = BOTH.verify(&token).unwrap();
        assert_eq!(verified.typ.as_deref(), Some("at+jwt"));
        assert_eq!(verified.kid, Some(identifier));
        assert_eq!(verified.algorithm, *algorithm);
        assert_eq!(Value::Object(verified.claims), claims);
    }
}

#[test]
fn nothing_is_made_before_it_is_needed() {
    let set = KeySet::new(ledger_key(), SigningAlgorithm::Rs256).with(SigningAlgorithm::Es256);
    assert!(!set.is_warm());
    // A token of the curve's key makes that key, and leaves the slow one alone; so do tokens that
    // only say that they are of the slow one's kind.
    let token = set
        .sign_with(SigningAlgorithm::Es256, "JWT", &json!({}))
        .unwrap();
    set.verify(&token).unwrap();
    set.verify("eyJhbGciOiJSUzI1NiJ9.e30.+").unwrap_err();
    assert!(format!("{set:?}").contains("Rs256, made: OnceLock(<uninit>)"));
    assert!(!set.is_warm());
}

#[test]
fn warming_a_clone_on_another_thread_warms_the_set() {
    let set = curve_keys();
    let clone = set.clone();
    std::thread::spawn(move || clone.warm())
        .join()
        .unwrap()
        .unwrap();
    assert!(set.is_warm());
}

#[test]
fn a_rotation_signs_anew_and_keeps_what_was_signed_until_it_is_retired() {
    let mut set = curve_keys();
    let old = set.sign("JWT", &json!({"token": "old"})).unwrap();
    let [first] = &identifiers(&set)[..] else {
        panic!("one key")
    };

    assert_eq!(set.rotate(), 1);
    assert!(!set.is_warm());
    let new = set.sign("JWT", &json!({"token": "new"})).unwrap();
    let published = identifiers(&set);
    assert_eq!(published.len(), 2);
    assert_eq!(&published[1], first, "the newest comes first");
    assert_eq!(set.verify(&old).unwrap().kid.as_ref(), Some(first));
    assert_eq!(set.verify(&new).unwrap().kid.as_ref(), Some(&published[0]));

    assert_eq!(set.retire(), 1);
    assert_eq!(identifiers(&set), published[..1]);
    assert_eq!(
        set.verify(&old),
        Err(Refusal::UnknownKey {
            usable: 1,
            ignored: 0
        })
    );
    set.verify(&new).unwrap();
    assert_eq!(set.retire(), 0);
    // A generation that was retired does not come back.
    assert_eq!(set.rotate(), 2);
    assert!(!identifiers(&set).contains(first));
}

#[test]
fn generations_are_bounded() {
    let mut set = curve_keys();
    let old = set.sign("JWT", &json!({})).unwrap();
    for _ in 1..MOST_GENERATIONS {
        set.rotate();
    }
    set.verify(&old).unwrap();
    set.rotate();
    assert_eq!(identifiers(&set).len(), MOST_GENERATIONS);
    set.verify(&old).unwrap_err();
}

#[test]
fn an_algorithm_without_keys_is_said_to_have_none() {
    let set = curve_keys();
    let error = set.sign_with(SigningAlgorithm::Rs256, "JWT", &json!({}));
    let error = error.unwrap_err();
    assert_eq!(
        error,
        SigningError::NoSuchAlgorithm(SigningAlgorithm::Rs256)
    );
    assert_eq!(
        error.to_string(),
        "the provider has no RS256 key: name the algorithm where its keys are set up, or sign with \
         another"
    );
}

#[test]
fn an_algorithm_that_is_there_is_not_added_again() {
    let set = curve_keys().with(SigningAlgorithm::Es256);
    assert_eq!(set.algorithms(), [SigningAlgorithm::Es256]);
    assert_eq!(identifiers(&set).len(), 1);
}

#[test]
fn a_key_shows_its_name_and_no_more() {
    let key = SigningKey::derive(&ledger_key(), 0, SigningAlgorithm::Es256).unwrap();
    assert_eq!(
        format!("{key:?}"),
        format!("SigningKey(ES256, {})", key.identifier())
    );
}

#[test]
fn a_set_may_be_used_from_any_thread() {
    const fn shared<T: Send + Sync>() {}
    shared::<KeySet>();
}
