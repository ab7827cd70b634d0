//! From judgements to verdicts.

use rescind_model::verdict::{Strictness, Verdict};
use rescind_runner::verdicts;
use serde_json::json;

use super::{
    ACCESS, AccountStatus, CaseRecord, Is, REFRESH, REMOVED, RequirementSet, Target, came_to,
    dispatches_both_and_lists_both, judgements, judgements_by, later_set, outcome_of, profile,
    record, revoke_of_alice, says_revoked, set,
};
use crate::support::{answer, refusal, scenario};

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
        desk.dispatch("alice", REFRESH);
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
        desk.dispatch("alice", REFRESH);
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

/// Who repeats a call that had killed, and was not told not to.
fn kills_twice() -> CaseRecord {
    let revoke = "revoke = { account = \"alice\" }\nexpect = { status = 500 }";
    let scenario = scenario("", "", &[revoke, revoke]);
    record(&profile("rfc7009"), &scenario, |desk, _| {
        desk.reads("alice", &json!({ "access_token": "redacted" }));
        desk.dispatch("alice", ACCESS);
        desk.becomes("alice", AccountStatus::Revoked);
        refusal(500)
    })
}

#[test]
fn a_check_of_a_later_set_says_nothing_about_an_earlier_one() {
    let record = kills_twice();
    let made = |set: &RequirementSet| -> Vec<String> {
        let outcomes = verdicts::of_case(&record, &judgements(&record), set, Strictness::Strict);
        outcomes
            .into_iter()
            .map(|outcome| outcome.verdict.id)
            .collect()
    };
    let (earlier, later) = (made(&set()), made(&later_set()));
    for id in ["retry-is-harmless", "revoked-read-is-explained"] {
        assert!(!earlier.contains(&id.to_owned()), "{id}");
        assert!(later.contains(&id.to_owned()), "{id}");
    }
    for id in &earlier {
        assert!(later.contains(id), "{id}");
    }
}

#[test]
fn a_later_set_weighs_what_it_states_anew() {
    let scenario = revoke_of_alice("", "");
    let record = record(&profile("rfc7009"), &scenario, |desk, _| {
        let token = desk.token("alice", ACCESS).unwrap().text;
        desk.reads("alice", &json!({ "access_token": token }));
        refusal(500)
    });
    let of =
        |set: &RequirementSet| verdict_of(&record, "no-secret-elsewhere", set, Strictness::Normal);
    assert_eq!(of(&set()), Verdict::Warn);
    assert_eq!(of(&later_set()), Verdict::Fail);
    let weak = kills_twice();
    for id in ["retry-is-harmless", "revoked-read-is-explained"] {
        let verdict = |strict| verdict_of(&weak, id, &later_set(), strict);
        assert_eq!(verdict(Strictness::Normal), Verdict::Warn, "{id}");
        assert_eq!(verdict(Strictness::Strict), Verdict::Fail, "{id}");
    }
}

#[test]
fn a_list_may_hold_a_further_word_in_a_later_set_only() {
    let lists = |words: &'static [&'static str]| {
        record(
            &profile("rfc7009"),
            &revoke_of_alice("", ""),
            move |desk, _| {
                desk.dispatch("alice", ACCESS);
                desk.dispatch("alice", REFRESH);
                says_revoked(desk, words)
            },
        )
    };
    let of = |record: &CaseRecord, set: &RequirementSet, check| {
        came_to(&judgements_by(record, set), check)
    };
    let right = lists(&["access_token", "credential", "refresh_token"]);
    assert_eq!(of(&right, &set(), "answer-shape"), Is::Violated);
    assert_eq!(of(&right, &later_set(), "answer-shape"), Is::Held);
    assert_eq!(of(&right, &later_set(), "acknowledged-is-listed"), Is::Held);
    assert_eq!(of(&right, &later_set(), "expect-status"), Is::Held);
    // It stands for no token, and no other word is allowed.
    let alone = lists(&["credential"]);
    assert_eq!(
        of(&alone, &later_set(), "acknowledged-is-listed"),
        Is::Violated
    );
    assert_eq!(
        of(&alone, &later_set(), "empty-means-revoked"),
        Is::Violated
    );
    let another = lists(&["access_token", "refresh_token", "password"]);
    assert_eq!(of(&another, &later_set(), "answer-shape"), Is::Violated);
}
