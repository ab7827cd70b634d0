//! Snapshots: what a case comes to beside its own, and that insta reads what is written.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rescind_model::Subject;
use rescind_model::event::{CaseId, Report, RunFinished, RunInformation, SNAPSHOT, Summary};
use rescind_model::verdict::{Strictness, Verdict};
use rescind_runner::record::CaseRecord;
use rescind_runner::snapshots::{
    NotHere, SnapshotComparison, SnapshotSet, SnapshotState, accept, compare, format, report,
};
use rescind_runner::transcript::transcript;

use crate::files::{profile, target};
use crate::support::{record, revoke_of_alice};

fn a_case() -> CaseRecord {
    record(&profile("rfc7009"), &revoke_of_alice("", ""), |desk, _| {
        desk.dispatch("alice", Subject::RefreshToken);
        desk.success("alice", &["refresh_token"])
    })
}

/// A set of one file, made from the case's transcript, and one that no case has.
fn set(changed: impl Fn(String) -> String, complete: bool) -> SnapshotSet {
    let case = a_case();
    let text = changed(transcript(&case, &target()));
    let file = format::file_text(&case.id, &text);
    SnapshotSet {
        folder: "folder".to_owned(),
        files: [
            (format::path_of(&case.id), file),
            ("gone@profile.snap".to_owned(), "---\n---\nold\n".to_owned()),
        ]
        .into(),
        complete,
    }
}

fn comparisons(records: &[CaseRecord], set: &SnapshotSet) -> Vec<SnapshotComparison> {
    let not_here = NotHere {
        of_other_sets: &BTreeSet::new(),
        elsewhere: &[],
    };
    compare(records, &target(), set, &not_here)
}

fn an_end() -> RunFinished {
    RunFinished {
        report: Report {
            schema: String::new(),
            contract: String::new(),
            set: String::new(),
            target: String::new(),
            run: RunInformation {
                version: String::new(),
                seed: String::new(),
                selection: Vec::new(),
                interrupted: false,
                failed_fast: false,
                notes: Vec::new(),
                shard: None,
            },
            summary: Summary {
                scenarios: 1,
                cases: 1,
                duration_ms: 7,
                ..Summary::default()
            },
            requirements: Vec::new(),
            checks: Vec::new(),
        },
        findings: Vec::new(),
    }
}

/// What a run's end says of its snapshots.
fn end_of(set: &SnapshotSet, strictness: Strictness) -> RunFinished {
    let mut finished = an_end();
    let case = a_case();
    let compared = comparisons(std::slice::from_ref(&case), set);
    report(&mut finished, &compared, set, strictness, &case.scanner);
    finished
}

fn verdicts(finished: &RunFinished) -> Vec<(&str, Verdict)> {
    let rows = finished.report.checks.iter();
    rows.map(|row| {
        assert_eq!(row.id, SNAPSHOT);
        (row.scenario.as_str(), row.verdict)
    })
    .collect()
}

#[test]
fn the_same_passes_and_line_breaks_of_another_system_are_the_same() {
    for changed in [
        |text: String| text,
        |text: String| text.replace('\n', "\r\n"),
    ] {
        let finished = end_of(&set(changed, false), Strictness::Strict);
        assert_eq!(verdicts(&finished), [("scenario", Verdict::Pass)]);
        assert!(finished.findings.is_empty());
    }
}

#[test]
fn a_missing_one_warns_and_fails_when_strict() {
    let mut set = set(|text| text, false);
    set.files.clear();
    let finished = end_of(&set, Strictness::Normal);
    assert_eq!(verdicts(&finished), [("scenario", Verdict::Warn)]);
    assert_eq!(
        (finished.findings.len(), finished.report.summary.warn),
        (1, 1)
    );
    let strict = end_of(&set, Strictness::Strict);
    assert_eq!(verdicts(&strict), [("scenario", Verdict::Fail)]);
}

#[test]
fn a_different_one_fails_and_shows_how() {
    let changed = |text: String| text.replace("answered: 200", "answered: 500");
    let finished = end_of(&set(changed, false), Strictness::Normal);
    assert_eq!(verdicts(&finished), [("scenario", Verdict::Fail)]);
    insta::assert_snapshot!(finished.findings[0].difference.join("\n"));
}

#[test]
fn one_that_no_case_has_fails_a_run_of_every_case_only() {
    let partial = end_of(&set(|text| text, false), Strictness::Normal);
    assert_eq!(verdicts(&partial), [("scenario", Verdict::Pass)]);
    let full = end_of(&set(|text| text, true), Strictness::Normal);
    assert_eq!(
        verdicts(&full),
        [("gone", Verdict::Fail), ("scenario", Verdict::Pass)]
    );
}

#[test]
fn one_of_a_case_that_another_shard_runs_is_not_left_over() {
    let gone = CaseId {
        scenario: "gone".to_owned(),
        profile: "profile".to_owned(),
    };
    let not_here = NotHere {
        of_other_sets: &BTreeSet::new(),
        elsewhere: &[gone],
    };
    let set = set(|text| text, true);
    let compared = compare(&[a_case()], &target(), &set, &not_here);
    assert_eq!(compared.len(), 1);
    assert_eq!(compared[0].state, SnapshotState::Same);
}

#[test]
fn a_case_that_broke_off_says_nothing_of_its_snapshot_and_still_has_it() {
    let mut case = a_case();
    case.harness_error = Some("the machine is on fire".to_owned());
    let mut set = set(|text| text + "more", true);
    set.files.remove("gone@profile.snap");
    assert!(comparisons(&[case], &set).is_empty());
}

#[test]
fn what_is_accepted_holds_and_is_counted_so() {
    let set = set(|text| text + "more\n", true);
    let mut finished = end_of(&set, Strictness::Strict);
    let before = finished.report.summary.clone();
    assert_eq!((before.checks, before.fail, before.pass), (2, 2, 0));
    for comparison in comparisons(&[a_case()], &set) {
        let is_left_over = matches!(comparison.state, SnapshotState::Unreferenced { .. });
        assert_eq!(comparison.accepted_file().is_none(), is_left_over);
        accept(&mut finished, &comparison);
    }
    assert_eq!(verdicts(&finished), [("scenario", Verdict::Pass)]);
    let after = &finished.report.summary;
    assert_eq!((after.checks, after.fail, after.pass), (1, 0, 1));
    assert_eq!((after.cases, after.duration_ms), (1, 7));
    assert!(finished.findings.is_empty());
}

/// Whether insta's own assertion holds for a text, with the files of a folder.
fn insta_accepts(folder: &std::path::Path, text: &str) -> bool {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_suffix("profile");
    let assertion = || settings.bind(|| insta::assert_snapshot!("scenario", text));
    catch_unwind(AssertUnwindSafe(assertion)).is_ok()
}

#[test]
fn insta_reads_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let case = a_case();
    let comparison = &comparisons(&[case], &SnapshotSet::default())[0];
    let SnapshotState::Missing { transcript } = &comparison.state else {
        panic!("there is no snapshot yet");
    };
    std::fs::write(
        folder.path().join(&comparison.path),
        comparison.accepted_file().unwrap(),
    )
    .unwrap();
    assert!(insta_accepts(folder.path(), transcript));
    let other = transcript.replace("answered: 200", "answered: 500");
    assert!(!insta_accepts(folder.path(), &other));
}
