//! What a case declares, held against what the judge has made. That an honest judge makes exactly
//! that is asked of every record of these tests, in `judgements`.

use rescind_model::Verdict;
use rescind_model::verdict::Strictness;
use rescind_runner::judge::Judgement;
use rescind_runner::judge::declared::{Irregular, Irregularity, audit};
use rescind_runner::record::CaseRecord;
use rescind_runner::verdicts::{self, CheckOutcome};

use super::{dispatches_both_and_lists_both, judgements, later_set};
use crate::files::{profile, set, target};
use crate::support::{record, revoke_of_alice};

/// A revoke that does all that it should, at step 2.
fn revoked() -> CaseRecord {
    let scenario = revoke_of_alice("", "");
    record(&profile("rfc7009"), &scenario, |desk, _| {
        dispatches_both_and_lists_both(desk)
    })
}

fn irregular(record: &CaseRecord, judgements: &[Judgement]) -> Vec<Irregular> {
    audit(record, &target(), &set(), judgements)
}

fn outcomes(record: &CaseRecord, judgements: &[Judgement]) -> Vec<CheckOutcome> {
    let outcomes = verdicts::of_case(record, judgements, &set(), Strictness::Normal);
    verdicts::audited(record, outcomes, &irregular(record, judgements), &set())
}

#[track_caller]
fn outcome<'a>(outcomes: &'a [CheckOutcome], id: &str) -> &'a CheckOutcome {
    let mut outcomes = outcomes.iter();
    let found = outcomes.find(|outcome| outcome.verdict.id == id);
    found.expect("it stands in the report")
}

#[track_caller]
fn check_missing(id: &'static str, step: Option<usize>, place: &str) {
    let record = revoked();
    let mut judgements = judgements(&record);
    judgements.retain(|made| made.check != id);
    let kind = Irregularity::Missing;
    let missing = Irregular {
        check: id,
        step,
        kind,
    };
    assert_eq!(irregular(&record, &judgements), [missing]);
    let outcomes = outcomes(&record, &judgements);
    let verdict = &outcome(&outcomes, id).verdict;
    assert_eq!(verdict.verdict, Verdict::NotRun, "{id}");
    assert!(verdict.message.contains(place), "{}", verdict.message);
    assert!(!verdict.requirements.is_empty(), "{id} is of no row");
    let mut others = outcomes.iter().filter(|other| other.verdict.id != id);
    assert!(others.all(|other| other.verdict.verdict == Verdict::Pass));
}

#[test]
fn a_declared_check_that_was_not_made_is_not_run() {
    for id in [
        "call-is-answered",
        "answer-shape",
        "read-says-revoked",
        "listed-once",
        "listed-is-dead",
        "credentials-are-declared",
        "dispatches-are-bounded",
        "no-secret-in-answer",
        "expect-status",
    ] {
        check_missing(id, Some(1), "at step 2");
    }
    check_missing("no-late-dispatch", None, "of the case as a whole");
}

#[test]
fn a_check_that_nothing_gives_occasion_for_is_a_harness_error() {
    let record = revoked();
    // Nobody revokes without a key, nothing is revoked at step 1, and nothing overlaps.
    for (check, step) in [
        ("key-is-required", Some(1)),
        ("answer-shape", Some(0)),
        ("repetition-kills-once", Some(1)),
        ("expect-status", Some(0)),
        ("expect-ledger", Some(1)),
        ("call-is-answered", None),
        ("a-check-that-nobody-knows", Some(1)),
    ] {
        let mut judgements = judgements(&record);
        judgements.push(Judgement {
            check,
            step,
            violation: None,
            rows: None,
        });
        let kind = Irregularity::Surplus;
        let surplus = Irregular { check, step, kind };
        assert_eq!(irregular(&record, &judgements), [surplus]);
        let outcomes = outcomes(&record, &judgements);
        let verdict = &outcome(&outcomes, check).verdict;
        assert_eq!(verdict.verdict, Verdict::HarnessError, "{check}");
        assert!(verdict.message.contains("defect of rescind"));
    }
}

#[test]
fn one_may_be_missing_while_another_is_too_much() {
    let record = revoked();
    let mut judgements = judgements(&record);
    for made in &mut judgements {
        if made.check == "expect-status" {
            made.step = Some(0);
        }
    }
    let kinds: Vec<_> = irregular(&record, &judgements)
        .into_iter()
        .map(|one| (one.step, one.kind))
        .collect();
    let expected = [
        (Some(0), Irregularity::Surplus),
        (Some(1), Irregularity::Missing),
    ];
    assert_eq!(kinds, expected);
    // What the judge did wrong weighs more than what it left out.
    let outcomes = outcomes(&record, &judgements);
    let verdict = outcome(&outcomes, "expect-status").verdict.verdict;
    assert_eq!(verdict, Verdict::HarnessError);
}

#[test]
fn what_fails_stays_failed_and_what_a_later_set_adds_is_not_missed() {
    let scenario = revoke_of_alice("", "");
    let silent = record(&profile("rfc7009"), &scenario, |desk, _| {
        super::says_revoked(desk, &["access_token", "refresh_token"])
    });
    let mut made = judgements(&silent);
    let is_of_one = |made: &Judgement| made.check == "listed-is-dead";
    assert!(
        made.iter()
            .any(|made| is_of_one(made) && made.violation.is_some())
    );
    made.retain(|made| made.check != "no-late-dispatch");
    let outcomes = outcomes(&silent, &made);
    let of = |id: &str| outcome(&outcomes, id).verdict.verdict;
    assert_eq!(of("listed-is-dead"), Verdict::Fail);
    assert_eq!(of("no-late-dispatch"), Verdict::NotRun);

    let first = set().rows_of_check("retry-is-harmless").count();
    let later = later_set();
    assert_eq!(
        (first, later.rows_of_check("retry-is-harmless").count()),
        (0, 1)
    );
    let missing = Irregular {
        check: "retry-is-harmless",
        step: Some(1),
        kind: Irregularity::Missing,
    };
    let audited =
        |set| verdicts::audited(&silent, Vec::new(), std::slice::from_ref(&missing), set).len();
    assert_eq!((audited(&set()), audited(&later)), (0, 1));
}
