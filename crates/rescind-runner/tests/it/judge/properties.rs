//! Whatever a target does and answers, it is judged, and no message repeats what it said.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use rescind_model::scenario::Verb;
use rescind_model::verdict::Strictness;
use rescind_model::{AccountStatus, RequirementSet, Subject, TokenState};
use rescind_runner::judge::{Judgement, checks};
use rescind_runner::record::{Answered, CallFailure, CallOutcome, CaseRecord};
use rescind_runner::verdicts;
use serde_json::{Value, json};

use super::{
    API_KEY, Desk, INACTIVE, NO_ACCESS_TOKEN, NO_REFRESH_TOKEN, REMOVED, REVOKED, judgements,
    judgements_by, profile, record, revoke_of_alice,
};
use crate::files::{named, sets};
use crate::support::{answer, scenario};

/// A word that no message may repeat from an answer: it might be a secret.
const MARK: &str = "zqxj";

/// The envelope of an error, with another value for each of its members in turn.
#[test]
fn no_message_repeats_what_an_error_says() {
    for member in ["message", "code", "slug", "status"] {
        for value in [json!(MARK), json!([MARK]), json!({ MARK: 1 })] {
            let mut error = json!({ "message": "no", "code": 1, "slug": "no", "status": 500 });
            error[member] = value;
            let body = json!({ "error": error });
            let scenario = revoke_of_alice("", "");
            let record = record(&profile("rfc7009"), &scenario, |_, _| answer(500, &body));
            for violation in judgements(&record)
                .into_iter()
                .filter_map(|made| made.violation)
            {
                assert!(!violation.message.contains(MARK), "{}", violation.message);
            }
        }
    }
}

/// Values such as a target may put anywhere, right ones among them.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(|text| json!(format!("{MARK}{text}"))),
        prop_oneof![
            Just("access_token"),
            Just("refresh_token"),
            Just("REVOKED"),
            Just("ACTIVE"),
            Just("ca_alice")
        ]
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((any_key(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_key() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("revoked_tokens".to_owned()),
        Just("connected_account".to_owned()),
        Just("id".to_owned()),
        Just("status".to_owned()),
        Just("error".to_owned()),
        Just("message".to_owned()),
        Just("code".to_owned()),
        Just("slug".to_owned()),
        "\\PC{0,6}",
    ]
}

/// Bodies: any bytes, any JSON, and JSON of the right outline with any values in it.
fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let success = (any_value(), any_value(), any_value()).prop_map(|(list, id, status)| {
        json!({ "revoked_tokens": list, "connected_account": { "id": id, "status": status } })
    });
    let error = (any_value(), any_value(), any_value(), any_value()).prop_map(
        |(message, code, slug, status)| {
            json!({ "error": { "message": message, "code": code, "slug": slug, "status": status } })
        },
    );
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..64),
        any_value().prop_map(|value| value.to_string().into_bytes()),
        success.prop_map(|value| value.to_string().into_bytes()),
        error.prop_map(|value| value.to_string().into_bytes()),
    ]
}

fn any_headers() -> impl Strategy<Value = HeaderMap> {
    let header = (
        "[a-z][a-z0-9-]{0,8}",
        prop::collection::vec(any::<u8>(), 0..12),
    );
    prop::collection::vec(header, 0..4).prop_map(|headers| {
        headers
            .into_iter()
            .filter_map(|(name, value)| {
                let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
                Some((name, HeaderValue::from_bytes(&value).ok()?))
            })
            .collect()
    })
}

fn any_outcome() -> impl Strategy<Value = CallOutcome> {
    let answered = (
        prop_oneof![Just(200), Just(400), Just(409), Just(500), 100..1000u16],
        any_headers(),
        any_body(),
    )
        .prop_map(|(status, headers, body)| {
            CallOutcome::Answered(Answered {
                status,
                headers,
                body: Bytes::from(body),
            })
        });
    let failed = prop_oneof![
        Just(CallFailure::TimedOut(60_000)),
        Just(CallFailure::TooLong(1024)),
        Just(CallFailure::Broken("reset".to_owned())),
        Just(CallFailure::NotConnected("refused".to_owned())),
    ]
    .prop_map(CallOutcome::Failed);
    prop_oneof![9 => answered, 1 => failed]
}

/// Something that a target does.
#[derive(Clone, Debug)]
enum Deed {
    Dispatch(Subject),
    DispatchAccount,
    DispatchElsewhere(Subject),
    Refresh,
    Wait(u64),
}

/// What a target does and says when it is called.
#[derive(Clone, Debug)]
struct Deeds {
    done: Vec<Deed>,
    status: Option<AccountStatus>,
    read: Value,
    outcome: CallOutcome,
}

fn any_deed() -> impl Strategy<Value = Deed> {
    let subject = || prop::sample::select(Subject::ALL.to_vec());
    prop_oneof![
        4 => subject().prop_map(Deed::Dispatch),
        1 => Just(Deed::DispatchAccount),
        1 => subject().prop_map(Deed::DispatchElsewhere),
        1 => Just(Deed::Refresh),
        1 => (0u64..5000).prop_map(Deed::Wait),
    ]
}

fn any_deeds() -> impl Strategy<Value = Deeds> {
    (
        prop::collection::vec(any_deed(), 0..4),
        prop::option::weighted(0.9, prop::sample::select(AccountStatus::ALL.to_vec())),
        any_value(),
        any_outcome(),
    )
        .prop_map(|(done, status, read, outcome)| Deeds {
            done,
            status,
            read,
            outcome,
        })
}

/// Does what can be done at the provider with what alice holds.
fn do_them(desk: &mut Desk, deeds: &Deeds) -> CallOutcome {
    let profile = desk.profile();
    for deed in &deeds.done {
        let can = |subject: Subject| {
            desk.state("alice", subject) != TokenState::Absent
                && profile.routes_for(subject).next().is_some()
        };
        match deed {
            Deed::Dispatch(subject) if can(*subject) => {
                desk.dispatch("alice", *subject);
            }
            Deed::DispatchElsewhere(subject) if can(*subject) => {
                desk.dispatch_elsewhere("alice", *subject);
            }
            Deed::DispatchAccount if profile.tokens.account_id_field.is_some() => {
                desk.dispatch_account("alice");
            }
            Deed::Refresh if desk.state("alice", Subject::RefreshToken) != TokenState::Absent => {
                desk.refresh("alice");
            }
            Deed::Wait(milliseconds) => desk.let_pass(*milliseconds),
            _ => {}
        }
    }
    match deeds.status {
        Some(status) => desk.becomes("alice", status),
        None => desk.disappears("alice"),
    }
    desk.reads("alice", &deeds.read);
    deeds.outcome.clone()
}

/// What was done before, how alice was connected, and which calls are then made.
#[derive(Clone, Debug)]
struct Start {
    provider: String,
    scenario: String,
}

fn any_call() -> impl Strategy<Value = String> {
    let keys = ["right", "read_only", "other_project", "wrong", "missing"];
    let whom = [
        "account = \"alice\"",
        "unknown_like = \"alice\"",
        "id = \"nonsense\"",
        "account = \"alice\", method = \"PUT\"",
    ];
    let revoke = (
        prop::sample::select(keys.to_vec()),
        prop::sample::select(whom.to_vec()),
    )
        .prop_map(|(key, whom)| format!("revoke = {{ {whom}, key = \"{key}\" }}"));
    let ordinary = Just("revoke = { account = \"alice\" }".to_owned());
    let others = prop::sample::select(vec![
        "delete = { account = \"alice\" }",
        "delete = { account = \"alice\", and_revoke = true }",
        "delete_client = { client = \"main\" }",
        "set_client_status = { client = \"main\", to = \"INACTIVE\" }",
        "set_status = { account = \"alice\", to = \"INACTIVE\" }",
        "refresh = { account = \"alice\" }",
        "read = { account = \"alice\" }",
    ]);
    prop_oneof![
        2 => ordinary,
        2 => revoke,
        2 => others.prop_map(str::to_owned),
    ]
}

fn any_start() -> impl Strategy<Value = Start> {
    let providers: Vec<String> = named("fixtures/providers")
        .into_iter()
        .map(|file| file.name)
        .collect();
    let held = [
        "",
        REVOKED,
        INACTIVE,
        ", status = \"EXPIRED\"",
        API_KEY,
        NO_ACCESS_TOKEN,
        NO_REFRESH_TOKEN,
        ", access_token = \"dead\"",
        ", refresh_token = \"expired\"",
    ];
    let before = [
        "",
        REMOVED,
        "advance_clock = { seconds = 100000 }",
        "fail = { endpoint = \"revocation\", answer = { status = 503 } }",
        "fail = { endpoint = \"revocation\", answer = { status = 429, retry_after = 1 } }",
        "fail = { endpoint = \"revocation\", nth = 1, redirect = { to = \"other_origin\" } }",
        "fail = { endpoint = \"revocation\", nth = 2, redirect = { to = \"same_origin\" } }",
        "fail = { endpoint = \"revocation\", hang = {} }",
        "fail = { endpoint = \"token\", answer = { status = 400, echo = true } }",
        "connect = { account = \"bob\", user = \"alice\" }",
    ];
    (
        prop::sample::select(providers),
        prop::sample::select(held.to_vec()),
        prop::sample::select(before.to_vec()),
        prop::collection::vec(any_call(), 1..3),
    )
        .prop_map(|(provider, held, before, mut calls)| {
            // A scenario expects something.
            calls[0].push_str("\nexpect = { status = 200 }");
            let calls: Vec<&str> = calls.iter().map(String::as_str).collect();
            Start {
                provider,
                scenario: scenario(held, before, &calls),
            }
        })
}

/// What is judged in any case, whatever a target did.
fn check_that_it_is_judged(
    record: &CaseRecord,
    judgements: &[Judgement],
    set: &RequirementSet,
) -> Result<(), TestCaseError> {
    let of = |check: &str| judgements.iter().filter(|made| made.check == check).count();
    let is_revoke = |verb: &Verb| matches!(verb, Verb::Revoke(_));
    let revokes = record
        .steps
        .iter()
        .filter(|step| is_revoke(&step.step.verb));
    let (mut all, mut answered) = (0, 0);
    for step in revokes {
        all += 1;
        answered += usize::from(
            step.call
                .as_ref()
                .is_some_and(|call| call.answered().is_some()),
        );
    }
    prop_assert_eq!(of("call-is-answered"), all);
    prop_assert_eq!(of("no-secret-in-answer"), answered);
    prop_assert_eq!(of("expect-status"), 1);
    prop_assert_eq!(of("no-late-dispatch"), 1);

    let known: BTreeSet<&str> = checks::ids().into_iter().collect();
    for judgement in judgements {
        prop_assert!(known.contains(judgement.check), "{}", judgement.check);
        prop_assert!(judgement.step.is_none_or(|step| step < record.steps.len()));
        if let Some(violation) = &judgement.violation {
            prop_assert!(!violation.message.is_empty());
            prop_assert!(!violation.message.contains(MARK), "{}", violation.message);
        }
    }
    let outcomes = verdicts::of_case(record, judgements, set, Strictness::Normal);
    let ids: Vec<&str> = outcomes
        .iter()
        .map(|outcome| outcome.verdict.id.as_str())
        .collect();
    let belongs = |id: &&str| set.rows_of_check(id).next().is_some();
    let made: BTreeSet<&str> = judgements.iter().map(|judgement| judgement.check).collect();
    let made: Vec<&str> = made.into_iter().filter(belongs).collect();
    prop_assert_eq!(ids, made);
    Ok(())
}

proptest! {
    #[test]
    fn whatever_a_target_does_it_is_judged(start in any_start(), deeds in any_deeds()) {
        let record = record(&profile(&start.provider), &start.scenario, |desk, _| {
            do_them(desk, &deeds)
        });
        for set in sets() {
            check_that_it_is_judged(&record, &judgements_by(&record, &set), &set)?;
        }
    }

    #[test]
    fn only_a_200_of_the_right_outline_satisfies_a_revoke_of_live_tokens(deeds in any_deeds()) {
        let record = record(&profile("rfc7009"), &revoke_of_alice("", ""), |desk, _| {
            do_them(desk, &deeds)
        });
        let violated = judgements(&record).iter().any(|made| made.violation.is_some());
        let right = match &deeds.outcome {
            CallOutcome::Answered(answered) => answered.status == 200 && answered.json().is_some_and(|json| json["revoked_tokens"].is_array() && json["connected_account"]["id"] == "ca_alice" && json["connected_account"]["status"] == "REVOKED"),
            CallOutcome::Failed(_) => false,
        };
        prop_assert!(violated || right, "{deeds:?}");
    }
}
