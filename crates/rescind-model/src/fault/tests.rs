//! What a stated fault means, and what makes no sense.

mod kinds;
mod latency;

use serde_json::json;

use super::*;

#[track_caller]
fn stated(value: serde_json::Value) -> Stated {
    serde_json::from_value(value).expect("it can be read")
}

#[track_caller]
fn check_effect(value: serde_json::Value, expected: &Effect) {
    let effect = stated(value).fault().map(|fault| fault.effect);
    assert_eq!(effect.as_ref(), Ok(expected));
}

#[track_caller]
fn check_senseless(value: serde_json::Value, expected: &[&str]) {
    let found: Vec<String> = match stated(value).fault() {
        Ok(fault) => panic!("it makes sense: {fault:?}"),
        Err(senseless) => senseless.iter().map(|one| one.path.join(".")).collect(),
    };
    assert_eq!(found, expected);
}

#[test]
fn every_kind_is_stated_by_its_word() {
    let endpoint = "revocation";
    check_effect(
        json!({ "endpoint": endpoint, "noop": {} }),
        &Effect::Noop(Noop {}),
    );
    check_effect(
        json!({ "endpoint": endpoint, "hang": { "when": "after_effect" } }),
        &Effect::Hang(Hang {
            when: When::AfterEffect,
        }),
    );
    check_effect(
        json!({ "endpoint": endpoint, "answer": { "status": 200 } }),
        &Effect::Answer(Answer::of(200)),
    );
    check_effect(
        json!({ "endpoint": endpoint, "redirect": { "to": "other_origin" } }),
        &Effect::Redirect(Redirect {
            to: Origin::OtherOrigin,
            status: 307,
        }),
    );
}

#[test]
fn whom_a_fault_is_for_is_kept() {
    let fault = stated(json!({
        "endpoint": "revocation", "subject": "refresh_token", "client": "main", "nth": 3, "noop": {},
    }));
    let meets = fault.fault().expect("it makes sense").meets;
    let expected = Meets {
        endpoint: Endpoint::Revocation,
        subject: Some(Subject::RefreshToken),
        client: Some("main".to_owned()),
        nth: Some(3),
    };
    assert_eq!(meets, expected);
}

#[test]
fn a_fault_has_exactly_one_kind() {
    check_senseless(json!({ "endpoint": "token" }), &[""]);
    check_senseless(
        json!({ "endpoint": "token", "hang": {}, "noop": {} }),
        &["hang"],
    );
}

#[test]
fn an_answer_carries_only_what_its_status_allows() {
    let check = |answer: serde_json::Value, key: &str| {
        check_senseless(json!({ "endpoint": "token", "answer": answer }), &[key]);
    };
    for code in [0, 199, 600] {
        check(json!({ "status": code }), "answer.status");
    }
    for code in [200, 307, 400, 500] {
        check(
            json!({ "status": code, "retry_after": 1 }),
            "answer.retry_after",
        );
    }
    for code in [200, 204, 399] {
        check(json!({ "status": code, "echo": true }), "answer.echo");
    }
    check(
        json!({ "status": 500, "json": 1, "text": "1" }),
        "answer.text",
    );
    check(
        json!({ "status": 500, "echo": true, "text": "1" }),
        "answer.echo",
    );
    for name in ["", "a b", "a:", "ä"] {
        check(
            json!({ "status": 500, "headers": { name: "x" } }),
            "answer.headers",
        );
    }
    check(
        json!({ "status": 500, "headers": { "x": "a\nb" } }),
        "answer.headers",
    );
    for code in [413, 429, 503] {
        let answer = Answer {
            retry_after: Some(7),
            echo: true,
            ..Answer::of(code)
        };
        let stated = json!({ "status": code, "retry_after": 7, "echo": true });
        check_effect(
            json!({ "endpoint": "token", "answer": stated }),
            &Effect::Answer(answer),
        );
    }
}

#[test]
fn a_redirect_has_the_status_of_one() {
    for code in [200, 300, 304, 305, 400] {
        let redirect = json!({ "to": "same_origin", "status": code });
        check_senseless(
            json!({ "endpoint": "token", "redirect": redirect }),
            &["redirect.status"],
        );
    }
    for status in [301, 302, 303, 307, 308] {
        let redirect = json!({ "to": "same_origin", "status": status });
        let expected = Effect::Redirect(Redirect {
            to: Origin::SameOrigin,
            status,
        });
        check_effect(
            json!({ "endpoint": "token", "redirect": redirect }),
            &expected,
        );
    }
}

#[test]
fn everything_that_makes_no_sense_is_told() {
    let answer = json!({ "status": 99 });
    check_senseless(
        json!({ "endpoint": "token", "nth": 0, "answer": answer }),
        &["nth", "answer.status"],
    );
}
