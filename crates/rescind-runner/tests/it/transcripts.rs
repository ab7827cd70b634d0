//! Transcripts: what has no meaning does not show in them, and no secret does.

use proptest::prelude::*;
use rescind_model::Subject;
use rescind_model::scenario::Verb;
use rescind_runner::record::{CallFailure, CallOutcome, CaseRecord};
use rescind_runner::transcript::transcript;
use serde_json::{Value, json};

use crate::files::{profile, target};
use crate::support::{Desk, answer, record, refusal, revoke_of_alice};

fn text(record: &CaseRecord) -> String {
    transcript(record, &target())
}

/// A revoke of `alice` at a provider, after what is done with her tokens.
fn revoked(provider: &str, before: &str, target: impl Fn(&mut Desk) -> CallOutcome) -> CaseRecord {
    let scenario = revoke_of_alice("", before);
    record(&profile(provider), &scenario, |desk, _: &Verb| target(desk))
}

#[test]
fn a_transcript_tells_what_happened_by_names() {
    let record = revoked("rfc7009", "", |desk| {
        desk.dispatch("alice", Subject::AccessToken);
        desk.dispatch("alice", Subject::RefreshToken);
        desk.becomes("alice", rescind_model::AccountStatus::Revoked);
        desk.success("alice", &["refresh_token", "access_token"])
    });
    insta::assert_snapshot!(text(&record));
}

#[test]
fn the_order_of_dispatches_has_no_meaning() {
    let in_order = |subjects: [Subject; 2]| {
        let record = revoked(
            "rfc7009",
            "fail = { endpoint = \"revocation\", answer = { status = 503 } }",
            move |desk| {
                for subject in subjects {
                    desk.dispatch("alice", subject);
                }
                refusal(500)
            },
        );
        text(&record)
    };
    let one = in_order(Subject::ALL);
    assert_eq!(one.matches("not acknowledged, a fault").count(), 2, "{one}");
    assert_eq!(one, in_order([Subject::RefreshToken, Subject::AccessToken]));
}

/// The lines of the upstream calls of a record whose entries stand in the given order.
fn upstream_lines(mut record: CaseRecord, order: [usize; 3]) -> Vec<String> {
    let step = record.steps.last_mut().unwrap();
    step.entries = order.map(|index| step.entries[index].clone()).to_vec();
    let text = text(&record);
    let lines = text.lines().filter(|line| line.contains("upstream:"));
    lines.map(str::to_owned).collect()
}

#[test]
fn what_stands_between_two_dispatches_stays_there() {
    let mut record = revoked("rfc7009", "", |desk| {
        desk.dispatch("alice", Subject::RefreshToken);
        desk.dispatch("alice", Subject::AccessToken);
        desk.dispatch("alice", Subject::AccessToken);
        refusal(500)
    });
    // The last one is to be no dispatch.
    let step = record.steps.last_mut().unwrap();
    step.entries[2].endpoint = Some(rescind_model::vocabulary::Endpoint::Token);
    let [refresh_token, access_token, other] = [0, 1, 2];
    let kinds = |order| -> Vec<&str> {
        let lines = upstream_lines(record.clone(), order);
        let kind = |line: &String| match line {
            line if line.contains("token endpoint") => "other",
            line if line.contains("refresh#1") => "refresh token",
            _ => "access token",
        };
        lines.iter().map(kind).collect()
    };
    assert_eq!(
        kinds([refresh_token, access_token, other]),
        ["access token", "refresh token", "other"]
    );
    assert_eq!(
        kinds([refresh_token, other, access_token]),
        ["refresh token", "other", "access token"]
    );
}

#[test]
fn dispatches_that_nobody_asked_for_stand_together() {
    let revoked = || {
        revoked("rfc7009", "", |desk| {
            desk.dispatch("alice", Subject::AccessToken);
            desk.dispatch("alice", Subject::RefreshToken);
            refusal(500)
        })
    };
    assert!(!text(&revoked()).contains("no call was under way"));
    let [mut stray, mut late] = [revoked(), revoked()];
    let step = stray.steps.last_mut().unwrap();
    step.strays = std::mem::take(&mut step.entries);
    let step = late.steps.last_mut().unwrap();
    late.late = std::mem::take(&mut step.entries);
    late.late.reverse();
    assert!(
        text(&stray).contains("\n\nwhile no call was under way\n  upstream: POST"),
        "{}",
        text(&stray)
    );
    assert_eq!(text(&stray), text(&late));
}

#[test]
fn what_the_system_says_of_a_failure_does_not_show() {
    let failed = |failure: &CallFailure| {
        let failure = failure.clone();
        text(&revoked("rfc7009", "", move |_| {
            CallOutcome::Failed(failure.clone())
        }))
    };
    for (one, other, shown) in [
        (
            CallFailure::Broken("reset by peer".into()),
            CallFailure::Broken("os error 104".into()),
            "not answered: the connection ended before a whole answer",
        ),
        (
            CallFailure::TimedOut(400),
            CallFailure::TimedOut(40_000),
            "not answered: not within the limit",
        ),
    ] {
        let text = failed(&one);
        assert!(text.contains(shown), "{text}");
        assert_eq!(text, failed(&other));
    }
}

/// What a target may list: subjects, other words, other values, and its own secrets by number.
fn listed() -> impl Strategy<Value = Vec<Value>> {
    let item = prop_oneof![
        Just(json!("access_token")),
        Just(json!("refresh_token")),
        "\\PC{0,12}".prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(Value::Null),
        (0usize..8).prop_map(|number| json!({ "secret": number })),
    ];
    prop::collection::vec(item, 0..5)
}

proptest! {
    #[test]
    fn no_answer_puts_a_secret_or_a_word_of_its_own_into_a_transcript(
        status in 100u16..600,
        list in listed(),
        rotation in 0usize..5,
    ) {
        // Tokens are made from the seed: those of another record are the same.
        let quiet = revoked("rfc7009", "", |_| refusal(500));
        let secrets: Vec<String> = quiet
            .scanner
            .secrets()
            .iter()
            .map(|known| known.secret.expose().to_owned())
            .collect();
        prop_assert!(!secrets.is_empty());
        let filled: Vec<Value> = list
            .iter()
            .map(|item| match item["secret"].as_u64() {
                Some(number) => json!(secrets[usize::try_from(number).unwrap() % secrets.len()]),
                None => item.clone(),
            })
            .collect();
        let told = |list: Vec<Value>| {
            let body = json!({ "revoked_tokens": list, "error": secrets[0] });
            text(&revoked("rfc7009", "", move |_| answer(status, &body)))
        };
        let text = told(filled.clone());
        prop_assert!(quiet.scanner.find(&text).is_empty(), "{}", text);
        // The order of the list has no meaning either.
        let mut rotated = filled;
        let by = rotation % rotated.len().max(1);
        rotated.rotate_left(by);
        prop_assert_eq!(&text, &told(rotated));
        prop_assert!(!text.contains('‹'), "{}", text);
    }
}
