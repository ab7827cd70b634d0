//! What each kind of fault may be told.

use serde_json::{Value, json};

use super::super::latency::{LogNormal, Range};
use super::super::*;
use super::{check_effect, check_senseless};

#[track_caller]
fn check_kind(kind: &Value, expected: &Effect) {
    let mut stated = json!({ "endpoint": "revocation" });
    let kind = kind.as_object().expect("a kind and its parameters").clone();
    let (word, _) = kind.iter().next().expect("a kind");
    assert_eq!(word, expected.word());
    stated.as_object_mut().expect("a fault").extend(kind);
    check_effect(stated, expected);
}

#[track_caller]
fn check_wrong(kind: &str, parameters: Value, at: &[&str]) {
    let mut stated = json!({ "endpoint": "revocation" });
    stated[kind] = parameters;
    let at: Vec<String> = at.iter().map(|key| format!("{kind}.{key}")).collect();
    let at: Vec<&str> = at.iter().map(String::as_str).collect();
    check_senseless(stated, &at);
}

#[test]
fn what_keeps_an_answer_back_says_when() {
    let (before, after) = (When::BeforeEffect, When::AfterEffect);
    let closed = |when| Effect::Drop(DropConnection { when });
    check_kind(&json!({ "drop": {} }), &closed(before));
    check_kind(
        &json!({ "drop": { "when": "before_effect" } }),
        &closed(before),
    );
    check_kind(
        &json!({ "drop": { "when": "after_effect" } }),
        &closed(after),
    );
    let reset = |when| Effect::Reset(Reset { when });
    check_kind(&json!({ "reset": {} }), &reset(before));
    check_kind(
        &json!({ "reset": { "when": "after_effect" } }),
        &reset(after),
    );
}

#[test]
fn what_is_about_the_effect_says_how() {
    check_kind(&json!({ "lie": {} }), &Effect::Lie(Lie {}));
    check_kind(
        &json!({ "late_kill": { "seconds": 30 } }),
        &Effect::LateKill(LateKill { seconds: 30 }),
    );
    check_wrong("late_kill", json!({ "seconds": 0 }), &["seconds"]);
}

#[test]
fn what_spoils_an_answer_says_by_how_much() {
    let drip = json!({ "bytes": 3, "every_milliseconds": 60_000 });
    let expected = Drip {
        bytes: 3,
        every_milliseconds: 60_000,
    };
    check_kind(&json!({ "drip": drip }), &Effect::Drip(expected));
    check_wrong(
        "drip",
        json!({ "bytes": 0, "every_milliseconds": 0 }),
        &["bytes", "every_milliseconds"],
    );
    check_wrong(
        "drip",
        json!({ "bytes": 1, "every_milliseconds": 60_001 }),
        &["every_milliseconds"],
    );
    check_kind(
        &json!({ "truncate": { "at_byte": 1 } }),
        &Effect::Truncate(Truncate { at_byte: 1 }),
    );
    check_wrong("truncate", json!({ "at_byte": 0 }), &["at_byte"]);
    for by in [-1, 1] {
        check_kind(
            &json!({ "wrong_length": { "by": by } }),
            &Effect::WrongLength(WrongLength { by }),
        );
    }
    check_wrong("wrong_length", json!({ "by": 0 }), &["by"]);
}

#[test]
fn a_latency_is_one_distribution_and_bounded() {
    check_kind(
        &json!({ "latency": { "fixed_milliseconds": 60_000 } }),
        &Effect::Latency(Latency::FixedMilliseconds(60_000)),
    );
    check_wrong(
        "latency",
        json!({ "fixed_milliseconds": 60_001 }),
        &["fixed_milliseconds"],
    );
    check_kind(
        &json!({ "latency": { "uniform_milliseconds": { "from": 5, "to": 5 } } }),
        &Effect::Latency(Latency::UniformMilliseconds(Range { from: 5, to: 5 })),
    );
    check_wrong(
        "latency",
        json!({ "uniform_milliseconds": { "from": 70_000, "to": 60_001 } }),
        &["uniform_milliseconds.from", "uniform_milliseconds.to"],
    );
    check_kind(
        &json!({ "latency": { "log_normal": { "median_milliseconds": 1, "sigma": 10.0 } } }),
        &Effect::Latency(Latency::LogNormal(LogNormal {
            median_milliseconds: 1,
            sigma: 10.0,
        })),
    );
    check_wrong(
        "latency",
        json!({ "log_normal": { "median_milliseconds": 0, "sigma": -0.1 } }),
        &["log_normal.median_milliseconds", "log_normal.sigma"],
    );
    let two = json!({ "fixed_milliseconds": 1, "uniform_milliseconds": { "from": 1, "to": 2 } });
    let stated = json!({ "endpoint": "token", "latency": two });
    assert!(serde_json::from_value::<Stated>(stated).is_err());
}

#[test]
fn no_deviation_is_not_a_number() {
    for sigma in [f64::NAN, f64::INFINITY] {
        let latency = Latency::LogNormal(LogNormal {
            median_milliseconds: 1,
            sigma,
        });
        assert_eq!(latency.senseless().len(), 1, "{sigma}");
    }
}

#[test]
fn a_quota_can_be_used_up_and_asks_to_wait() {
    let quota = |status| {
        let (requests, per_seconds) = (2, 60);
        Effect::Quota(Quota {
            requests,
            per_seconds,
            status,
        })
    };
    check_kind(
        &json!({ "quota": { "requests": 2, "per_seconds": 60 } }),
        &quota(429),
    );
    check_kind(
        &json!({ "quota": { "requests": 2, "per_seconds": 60, "status": 503 } }),
        &quota(503),
    );
    check_wrong(
        "quota",
        json!({ "requests": 0, "per_seconds": 0, "status": 403 }),
        &["requests", "per_seconds", "status"],
    );
    let of_one =
        json!({ "endpoint": "token", "nth": 3, "quota": { "requests": 1, "per_seconds": 1 } });
    check_senseless(of_one, &["nth"]);
}

#[test]
fn an_answer_does_not_say_how_long_it_is() {
    for name in ["content-length", "Transfer-Encoding"] {
        check_wrong(
            "answer",
            json!({ "status": 200, "headers": { name: "5" } }),
            &["headers"],
        );
    }
}

#[test]
fn every_kind_has_its_place_among_the_words() {
    let parameters = |word: &str| match word {
        "answer" => json!({ "status": 500 }),
        "redirect" => json!({ "to": "same_origin" }),
        "late_kill" => json!({ "seconds": 1 }),
        "drip" => json!({ "bytes": 1, "every_milliseconds": 1 }),
        "truncate" => json!({ "at_byte": 1 }),
        "wrong_length" => json!({ "by": 1 }),
        "latency" => json!({ "fixed_milliseconds": 1 }),
        "quota" => json!({ "requests": 1, "per_seconds": 1 }),
        _ => json!({}),
    };
    let mut all = json!({ "endpoint": "token" });
    for word in Effect::WORDS {
        all[word] = parameters(word);
    }
    let stated: Stated = serde_json::from_value(all).expect("each can be read");
    let words: Vec<&str> = stated.effects().iter().map(Effect::word).collect();
    assert_eq!(words, Effect::WORDS);
}
