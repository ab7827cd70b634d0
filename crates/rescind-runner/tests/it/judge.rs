//! The judge: whatever a target answers, it judges and does not fall over; and the rules that are
//! easily got wrong.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use rescind_model::scenario::Verb;
use rescind_model::verdict::{Strictness, Verdict};
use rescind_model::{AccountStatus, RequirementSet, Subject};
use rescind_runner::judge::{Judgement, checks, judge};
use rescind_runner::record::{Answered, CallFailure, CallOutcome, CaseRecord};
use rescind_runner::verdicts;
use serde_json::{Value, json};

use crate::files::{profile, set, target};
use crate::support::{Desk, answer, record, refusal, revoke_of_alice};

fn judgements(record: &CaseRecord) -> Vec<Judgement> {
    let target = target();
    judge(record, &target.limits, &target.revoke)
}

/// What a check came to in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    Held,
    Violated,
    NotMade,
}

fn outcome_of(record: &CaseRecord, check: &str) -> Is {
    let judgements = judgements(record);
    let mut made = judgements
        .iter()
        .filter(|made| made.check == check)
        .peekable();
    if made.peek().is_none() {
        return Is::NotMade;
    }
    if made.any(|judgement| judgement.violation.is_some()) {
        Is::Violated
    } else {
        Is::Held
    }
}

/// What a target does and answers when alice is to be revoked.
type Target = fn(&mut Desk) -> CallOutcome;

/// A check of the revoke of `alice`, who holds what is given, after what is done with her tokens.
#[track_caller]
fn check(id: &str, provider: &str, held: &str, before: &str, target: Target, expected: Is) {
    let scenario = revoke_of_alice(held, before);
    let record = record(&profile(provider), &scenario, |desk, _| target(desk));
    assert_eq!(
        outcome_of(&record, id),
        expected,
        "`{id}` at {provider}: {:?}",
        judgements(&record)
    );
}

const REMOVED: &str = "remove_by_user = { account = \"alice\" }";
const EXPIRED: &str = "expire = { account = \"alice\", token = \"access_token\" }";
const EVERYTHING_EXPIRED: &str = "expire = { account = \"alice\", token = \"access_token\" }\n\
                                  expire = { account = \"alice\", token = \"refresh_token\" }";
const REVOKED: &str = ", status = \"REVOKED\"";
const NO_REFRESH_TOKEN: &str = ", refresh_token = \"absent\"";

fn says_revoked(desk: &mut Desk, listed: &[&str]) -> CallOutcome {
    desk.becomes("alice", AccountStatus::Revoked);
    desk.success("alice", listed)
}

fn empty(desk: &mut Desk) -> CallOutcome {
    says_revoked(desk, &[])
}

fn dispatches_both_and_lists_both(desk: &mut Desk) -> CallOutcome {
    desk.dispatch("alice", Subject::AccessToken);
    desk.dispatch("alice", Subject::RefreshToken);
    says_revoked(desk, &["access_token", "refresh_token"])
}

#[test]
fn an_empty_list_needs_a_reason() {
    let id = "empty-means-revoked";
    check(id, "rfc7009", "", "", empty, Is::Violated);
    check(id, "rfc7009", REVOKED, "", empty, Is::Held);
    check(id, "rfc7009", "", REMOVED, empty, Is::Held);
    check(id, "rfc7009", "", EVERYTHING_EXPIRED, empty, Is::Held);
    // The refresh token lives: something killable was left.
    check(id, "rfc7009", "", EXPIRED, empty, Is::Violated);
    // The provider can kill refresh tokens only, and alice holds none.
    check(id, "refresh-only", NO_REFRESH_TOKEN, "", empty, Is::Held);
    check(id, "refresh-only", "", "", empty, Is::Violated);
    check(
        id,
        "rfc7009",
        "",
        "",
        dispatches_both_and_lists_both,
        Is::Held,
    );
    check(id, "rfc7009", "", "", |_| refusal(500), Is::NotMade);
}

#[test]
fn an_empty_list_of_a_revoked_account_comes_without_a_dispatch() {
    let asks_again: Target = |desk| {
        desk.dispatch("alice", Subject::RefreshToken);
        empty(desk)
    };
    for id in ["empty-means-revoked", "repeat-is-silent"] {
        check(id, "rfc7009", REVOKED, "", asks_again, Is::Violated);
        check(id, "rfc7009", REVOKED, "", empty, Is::Held);
    }
}

#[test]
fn what_was_dead_before_allows_these_outcomes() {
    let allowed = |provider, target| {
        check(
            "dead-before-outcome",
            provider,
            "",
            REMOVED,
            target,
            Is::Held,
        );
    };
    for provider in ["rfc7009", "externally-revoked"] {
        allowed(provider, empty);
        allowed(provider, |_| refusal(500));
        allowed(provider, |desk| {
            desk.becomes("alice", AccountStatus::Expired);
            refusal(500)
        });
    }
    // RFC 7009 §2.2: a dead token is acknowledged, and what is acknowledged may be listed.
    allowed("rfc7009", dispatches_both_and_lists_both);
    allowed("rfc7009", |desk| {
        desk.dispatch("alice", Subject::AccessToken);
        says_revoked(desk, &["access_token"])
    });
    // An acknowledged refresh token ends its grant, so that it speaks for the access token.
    allowed("rfc7009", |desk| {
        desk.dispatch("alice", Subject::RefreshToken);
        says_revoked(desk, &["access_token", "refresh_token"])
    });
}

#[test]
fn what_was_dead_before_allows_no_other_outcome() {
    let forbidden = |provider, target| {
        let id = "dead-before-outcome";
        check(id, provider, "", REMOVED, target, Is::Violated);
    };
    // This provider refuses dead tokens: a list of them is a claim that it denies.
    forbidden("externally-revoked", dispatches_both_and_lists_both);
    // Nobody acknowledged what nobody dispatched.
    forbidden("rfc7009", |desk| says_revoked(desk, &["access_token"]));
    // An access token speaks for itself only.
    forbidden("rfc7009", |desk| {
        desk.dispatch("alice", Subject::AccessToken);
        says_revoked(desk, &["access_token", "refresh_token"])
    });
    // A success whose account is not REVOKED, a failure whose account is.
    forbidden("rfc7009", |desk| desk.success("alice", &[]));
    forbidden("rfc7009", |desk| {
        desk.becomes("alice", AccountStatus::Revoked);
        refusal(500)
    });
    forbidden("rfc7009", |desk| {
        desk.becomes("alice", AccountStatus::Inactive);
        refusal(500)
    });
    for status in [204, 400, 404, 409, 502] {
        let scenario = revoke_of_alice("", REMOVED);
        let record = record(&profile("rfc7009"), &scenario, |_, _| refusal(status));
        let outcome = outcome_of(&record, "dead-before-outcome");
        assert_eq!(outcome, Is::Violated, "{status}");
    }
    forbidden("rfc7009", |_| CallOutcome::Failed(CallFailure::TimedOut(1)));
}

#[test]
fn one_live_token_is_not_dead_before() {
    let id = "dead-before-outcome";
    check(id, "rfc7009", "", EXPIRED, |_| refusal(500), Is::NotMade);
    check(id, "rfc7009", "", "", |_| refusal(500), Is::NotMade);
    // Already REVOKED, it is a repeat.
    check(id, "rfc7009", REVOKED, REMOVED, empty, Is::NotMade);
}

#[test]
fn a_provider_that_kills_one_kind_only_is_asked_for_that_alone() {
    let id = "partial-support-is-200";
    let kills = |desk: &mut Desk, listed: &[&str]| {
        desk.dispatch("alice", Subject::AccessToken);
        says_revoked(desk, listed)
    };
    let right: Target = |desk| {
        desk.dispatch("alice", Subject::AccessToken);
        says_revoked(desk, &["access_token"])
    };
    check(id, "access-only", "", "", right, Is::Held);
    for listed in [
        &[][..],
        &["refresh_token"],
        &["access_token", "refresh_token"],
    ] {
        let scenario = revoke_of_alice("", "");
        let record = record(&profile("access-only"), &scenario, |desk, _| {
            kills(desk, listed)
        });
        assert_eq!(outcome_of(&record, id), Is::Violated, "{listed:?}");
    }
    check(id, "access-only", "", "", |_| refusal(500), Is::Violated);
    check(id, "access-only", "", "", |_| refusal(400), Is::Violated);
    // What is not held alive, and a provider that kills both kinds, are not its business.
    check(id, "access-only", "", EXPIRED, right, Is::NotMade);
    check(id, "access-only", NO_REFRESH_TOKEN, "", right, Is::NotMade);
    check(id, "rfc7009", "", "", right, Is::NotMade);
}

#[test]
fn what_ends_a_grant_acknowledges_every_token_of_it() {
    let id = "listed-is-acknowledged";
    let refresh_token_for_both: Target = |desk| {
        desk.dispatch("alice", Subject::RefreshToken);
        says_revoked(desk, &["access_token", "refresh_token"])
    };
    let access_token_for_both: Target = |desk| {
        desk.dispatch("alice", Subject::AccessToken);
        says_revoked(desk, &["access_token", "refresh_token"])
    };
    let account_for_both: Target = |desk| {
        desk.dispatch_account("alice");
        says_revoked(desk, &["access_token", "refresh_token"])
    };
    check(id, "rfc7009", "", "", refresh_token_for_both, Is::Held);
    // An expired access token does not die of the cascade, and is acknowledged all the same.
    check(id, "rfc7009", "", EXPIRED, refresh_token_for_both, Is::Held);
    check(id, "google", "", EXPIRED, refresh_token_for_both, Is::Held);
    check(id, "google", "", "", access_token_for_both, Is::Held);
    check(id, "grant-only", "", "", account_for_both, Is::Held);
    check(id, "grant-only", "", EXPIRED, account_for_both, Is::Held);
    // At this provider an access token ends itself alone.
    check(id, "rfc7009", "", "", access_token_for_both, Is::Violated);
    // A dispatch that failed acknowledges nothing.
    let fails = "fail = { endpoint = \"revocation\", status = 503 }";
    check(
        id,
        "rfc7009",
        "",
        fails,
        refresh_token_for_both,
        Is::Violated,
    );
}

#[test]
fn what_died_with_an_acknowledged_token_should_be_listed() {
    let id = "cascade-is-listed";
    let lists_itself: Target = |desk| {
        desk.dispatch("alice", Subject::RefreshToken);
        says_revoked(desk, &["refresh_token"])
    };
    check(id, "rfc7009", "", "", lists_itself, Is::Violated);
    // An access token that had expired did not die of it.
    check(id, "rfc7009", "", EXPIRED, lists_itself, Is::NotMade);
    check(id, "refresh-only", "", "", lists_itself, Is::NotMade);
}

/// A refusal, and a positive control whose answer is given.
fn refused_and_then(control: Target) -> CaseRecord {
    let scenario = "
title = \"without a key there is a 401\"
profiles = [\"rfc7009\"]
requirements = [\"CA-AUTH\"]

[[step]]
connect = { account = \"alice\" }

[[step]]
revoke = { account = \"alice\", key = \"missing\" }
expect = { status = 401, dispatches = 0 }

[[step]]
revoke = { account = \"alice\" }
expect = { status = 200 }
positive_control = true

[ledger.alice]
access_token = \"any\"
refresh_token = \"any\"
";
    let mut calls = 0;
    record(&profile("rfc7009"), scenario, |desk, _| {
        calls += 1;
        if calls == 1 {
            refusal(401)
        } else {
            control(desk)
        }
    })
}

fn verdict_of(
    record: &CaseRecord,
    check: &str,
    set: &RequirementSet,
    strict: Strictness,
) -> Verdict {
    let outcomes = verdicts::of_case(record, &judgements(record), set, strict);
    let outcome = outcomes.iter().find(|outcome| outcome.verdict.id == check);
    outcome.expect("the check was made").verdict.verdict
}

#[test]
fn a_refusal_counts_where_its_positive_control_succeeds() {
    let record = refused_and_then(dispatches_both_and_lists_both);
    let outcomes = verdicts::of_case(&record, &judgements(&record), &set(), Strictness::Strict);
    for outcome in outcomes {
        let verdict = outcome.verdict;
        assert_eq!(
            verdict.verdict,
            Verdict::Pass,
            "{}: {}",
            verdict.id,
            verdict.message
        );
    }
}

#[test]
fn a_refusal_proves_nothing_where_its_positive_control_fails() {
    let record = refused_and_then(|_| refusal(401));
    let outcomes = verdicts::of_case(&record, &judgements(&record), &set(), Strictness::Normal);
    let passes = outcomes
        .iter()
        .filter(|outcome| outcome.verdict.verdict == Verdict::Pass);
    assert_eq!(passes.count(), 0);
    let of = |check| verdict_of(&record, check, &set(), Strictness::Normal);
    assert_eq!(of("key-is-required"), Verdict::NotRun);
    assert_eq!(of("refusal-dispatches-nothing"), Verdict::NotRun);
    // What failed still failed.
    assert_eq!(of("expect-status"), Verdict::Fail);
    assert_eq!(of("body-is-optional"), Verdict::Fail);
}

#[test]
fn a_should_warns_and_fails_only_when_strict() {
    let without_envelope: Target = |_| answer(500, &json!("oops"));
    let scenario = revoke_of_alice("", REMOVED);
    let envelope = record(&profile("rfc7009"), &scenario, |desk, _| {
        without_envelope(desk)
    });
    let scenario = revoke_of_alice("", "");
    let cascade = record(&profile("rfc7009"), &scenario, |desk, _| {
        desk.dispatch("alice", Subject::RefreshToken);
        says_revoked(desk, &["refresh_token"])
    });
    // The first belongs to a row of that level, the second to the weaker half of a MUST.
    for (record, id) in [
        (&envelope, "error-envelope"),
        (&cascade, "cascade-is-listed"),
    ] {
        let verdict = |strict| verdict_of(record, id, &set(), strict);
        assert_eq!(verdict(Strictness::Normal), Verdict::Warn, "{id}");
        assert_eq!(verdict(Strictness::Strict), Verdict::Fail, "{id}");
    }
}

#[test]
fn a_warning_about_its_weaker_half_is_no_failure_of_a_must() {
    let scenario = revoke_of_alice("", "");
    let record = record(&profile("rfc7009"), &scenario, |desk, _| {
        desk.dispatch("alice", Subject::RefreshToken);
        says_revoked(desk, &["refresh_token"])
    });
    for (strict, expected) in [
        (Strictness::Normal, Verdict::Warn),
        (Strictness::Strict, Verdict::Fail),
    ] {
        let outcomes = verdicts::of_case(&record, &judgements(&record), &set(), strict);
        let rows = verdicts::of_requirements(&set(), &outcomes, strict);
        let row = rows.iter().find(|row| row.id == "CA-EXACT-NO-UNDERCLAIM");
        assert_eq!(row.unwrap().verdict, expected);
    }
}

#[test]
fn a_case_that_did_not_run_to_its_end_is_no_finding() {
    let mut record = refused_and_then(dispatches_both_and_lists_both);
    record.harness_error = Some("the provider is gone".to_owned());
    let verdict = |id| verdict_of(&record, id, &set(), Strictness::Normal);
    assert_eq!(verdict(verdicts::CASE_RAN), Verdict::HarnessError);
    assert_eq!(outcome_of(&record, "expect-ledger"), Is::NotMade);
    assert_eq!(outcome_of(&record, "no-late-dispatch"), Is::NotMade);
}

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

// ---------------------------------------------------------------- whatever a target answers

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

/// What a target does and says when it is called.
#[derive(Clone, Debug)]
struct Deeds {
    dispatches: Vec<Subject>,
    status: AccountStatus,
    outcome: CallOutcome,
}

fn any_deeds() -> impl Strategy<Value = Deeds> {
    let subject = prop_oneof![Just(Subject::AccessToken), Just(Subject::RefreshToken)];
    (
        prop::collection::vec(subject, 0..4),
        prop::sample::select(AccountStatus::ALL.to_vec()),
        any_outcome(),
    )
        .prop_map(|(dispatches, status, outcome)| Deeds {
            dispatches,
            status,
            outcome,
        })
}

fn do_them(desk: &mut Desk, deeds: &Deeds, killable: &[Subject]) -> CallOutcome {
    for subject in deeds
        .dispatches
        .iter()
        .filter(|subject| killable.contains(subject))
    {
        desk.dispatch("alice", *subject);
    }
    desk.becomes("alice", deeds.status);
    deeds.outcome.clone()
}

/// What was done before a revoke of alice, and how she was connected.
fn any_start() -> impl Strategy<Value = (&'static str, &'static str, &'static str)> {
    (
        prop::sample::select(vec![
            "rfc7009",
            "google",
            "access-only",
            "refresh-only",
            "externally-revoked",
        ]),
        prop::sample::select(vec!["", REVOKED, ", status = \"EXPIRED\""]),
        prop::sample::select(vec![
            "",
            REMOVED,
            EXPIRED,
            EVERYTHING_EXPIRED,
            "fail = { endpoint = \"revocation\", status = 503 }",
        ]),
    )
}

proptest! {
    #[test]
    fn whatever_a_target_does_it_is_judged(start in any_start(), deeds in any_deeds()) {
        let (provider, held, before) = start;
        let profile = profile(provider);
        let killable: Vec<Subject> = Subject::ALL
            .into_iter()
            .filter(|subject| profile.routes_for(*subject).next().is_some())
            .collect();
        let record = record(&profile, &revoke_of_alice(held, before), |desk, verb| {
            assert!(matches!(verb, Verb::Revoke(_)));
            do_them(desk, &deeds, &killable)
        });
        let judgements = judgements(&record);

        let of = |check: &str| judgements.iter().filter(|made| made.check == check).count();
        prop_assert_eq!(of("call-is-answered"), 1);
        prop_assert_eq!(of("expect-status"), 1);
        prop_assert_eq!(of("no-late-dispatch"), 1);
        let answered = matches!(deeds.outcome, CallOutcome::Answered(_));
        prop_assert_eq!(of("no-secret-in-answer"), usize::from(answered));

        let known: BTreeSet<&str> = checks::ids().into_iter().collect();
        for judgement in &judgements {
            prop_assert!(known.contains(judgement.check), "{}", judgement.check);
            prop_assert!(judgement.step.is_none_or(|step| step < record.steps.len()));
            if let Some(violation) = &judgement.violation {
                prop_assert!(!violation.message.is_empty());
                prop_assert!(!violation.message.contains(MARK), "{}", violation.message);
            }
        }
        let outcomes = verdicts::of_case(&record, &judgements, &set(), Strictness::Normal);
        let made: BTreeSet<&str> = judgements.iter().map(|judgement| judgement.check).collect();
        let ids: Vec<&str> = outcomes.iter().map(|outcome| outcome.verdict.id.as_str()).collect();
        prop_assert_eq!(ids, made.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn only_a_200_of_the_right_outline_satisfies_a_revoke_of_live_tokens(deeds in any_deeds()) {
        let both = Subject::ALL;
        let record = record(&profile("rfc7009"), &revoke_of_alice("", ""), |desk, _| {
            do_them(desk, &deeds, &both)
        });
        let violated = judgements(&record).iter().any(|made| made.violation.is_some());
        let right = match &deeds.outcome {
            CallOutcome::Answered(answered) => answered.status == 200 && answered.json().is_some_and(|json| json["revoked_tokens"].is_array() && json["connected_account"]["id"] == "ca_alice" && json["connected_account"]["status"] == "REVOKED"),
            CallOutcome::Failed(_) => false,
        };
        prop_assert!(violated || right, "{deeds:?}");
    }
}
