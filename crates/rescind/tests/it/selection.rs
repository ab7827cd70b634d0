//! Which cases are run: by scenario, profile, requirement, and by what an earlier run found.

use std::collections::BTreeSet;

use rescind_model::event::Report;

use crate::support::{check, reference_target, run, write};

/// The cases that a dry run prints.
fn planned(arguments: &[&str]) -> BTreeSet<String> {
    let finished = run(&[&["check", "--dry-run"], arguments].concat());
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    let lines = finished.stdout.lines();
    lines
        .take_while(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn each_kind_of_selection_leaves_fewer_cases() {
    let all = planned(&[]);
    assert!(all.len() > 300);
    let of_profile = planned(&["--profile", "google", "--profile", "dropbox"]);
    assert!(
        of_profile
            .iter()
            .all(|case| case.ends_with("@google") || case.ends_with("@dropbox"))
    );
    let of_both = planned(&["--profile", "google", "--requirement", "CA-REPEAT"]);
    assert!(!of_both.is_empty() && of_both.is_subset(&of_profile));
    let in_folder = planned(&["connected-accounts/repeat", "--profile", "google"]);
    assert!(
        in_folder
            .iter()
            .all(|case| case.starts_with("connected-accounts/repeat/"))
    );
    assert!(in_folder.is_subset(&of_profile) && !in_folder.is_empty());
    let races = planned(&["--tag", "race"]);
    let races_or_crashes = planned(&["--tag", "race", "--tag", "crash"]);
    assert!(!races.is_empty() && races.len() < races_or_crashes.len());
    assert!(races.is_subset(&races_or_crashes) && races_or_crashes.is_subset(&all));
    let hostile = planned(&["--tag", "hostile-answer"]);
    let elsewhere = |case: &&String| !case.starts_with("connected-accounts/hostile-answers/");
    let elsewhere = hostile.iter().filter(elsewhere).count();
    assert!(elsewhere > 0, "a tag says more than a folder");
}

#[test]
fn what_is_planned_is_what_is_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let selection = ["connected-accounts/success", "--profile", "google"];
    let (finished, report) = check(folder.path(), &selection);
    assert_eq!(finished.code, 0, "{}", finished.stdout);
    assert_eq!(cases(&report), planned(&selection));
    assert_eq!(
        report.run.selection,
        ["connected-accounts/success", "profile google"]
    );
}

fn cases(report: &Report) -> BTreeSet<String> {
    let checks = report.checks.iter();
    checks
        .map(|check| format!("{}@{}", check.scenario, check.profile))
        .collect()
}

#[test]
fn names_that_nothing_answers_to_are_never_green() {
    let says = |arguments: &[&str], expected: &str| {
        let finished = run(&[&["check"], arguments].concat());
        assert_eq!(finished.code, 4, "{}", finished.stderr);
        assert!(finished.stderr.contains(expected), "{}", finished.stderr);
    };
    says(&["--profile", "gogle"], "did you mean `google`?");
    says(
        &["--requirement", "CA-TRY-AL"],
        "did you mean `CA-TRY-ALL`?",
    );
    says(&["--tag", "raze"], "did you mean `race`?");
    says(
        &["connected-accounts/repeat", "--requirement", "CA-TRY-ALL"],
        "no case is left by the selection",
    );
}

#[test]
fn what_failed_last_time_is_run_again_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let buggy = reference_target(&[(
        "\"serve\"",
        "\"serve\", \"--defect\", \"access-token-only\"",
    )]);
    let target = write(folder.path(), "buggy.toml", &buggy);
    let part = ["--target", &target, "connected-accounts/success"];
    let (finished, first) = check(folder.path(), &part);
    assert_eq!(finished.code, 1);
    let kept = folder.path().join("last.json").display().to_string();
    std::fs::copy(folder.path().join("report.json"), &kept).expect("the report is kept");
    let again = ["--target", &target, "--failed-last-time", &kept];
    let (finished, second) = check(folder.path(), &again);
    assert_eq!(finished.code, 1);
    let failed = |report: &Report| -> BTreeSet<String> {
        let failed = report
            .checks
            .iter()
            .filter(|check| check.verdict.as_str() == "fail");
        failed
            .map(|check| format!("{}@{}", check.scenario, check.profile))
            .collect()
    };
    assert_eq!(cases(&second), failed(&first));
    assert!(cases(&second).len() < cases(&first).len());
    // A run of which everything is well leaves nothing to do again: that is not green either.
    let (_, good) = check(folder.path(), &["connected-accounts/success/both-killed"]);
    assert_eq!(good.summary.fail, 0);
    let report = folder.path().join("report.json").display().to_string();
    let finished = run(&["check", "--failed-last-time", &report]);
    assert_eq!(finished.code, 4, "{}", finished.stderr);
}

#[test]
fn after_a_finding_no_further_case_begins_if_that_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let buggy = reference_target(&[(
        "\"serve\"",
        "\"serve\", \"--defect\", \"access-token-only\"",
    )]);
    let target = write(folder.path(), "buggy.toml", &buggy);
    let part = ["--target", &target, "connected-accounts/success"];
    let whole = planned(&part);
    let one_by_one = [&part, ["--fail-fast", "--jobs", "1"].as_slice()].concat();
    let (finished, report) = check(folder.path(), &one_by_one);
    assert_eq!(finished.code, 1, "{}", finished.stdout);
    assert!(report.run.failed_fast && !report.run.interrupted);
    assert_eq!(cases(&report), whole, "each case stands in the report");
    let of = |verdict: &str| -> BTreeSet<String> {
        let rows = report.checks.iter();
        let rows = rows.filter(|check| check.verdict.as_str() == verdict);
        rows.map(|check| format!("{}@{}", check.scenario, check.profile))
            .collect()
    };
    assert_eq!(of("fail").len(), 1, "the second one was not begun");
    let not_begun = of("not_run");
    assert_eq!(not_begun.len() + report.summary.cases, whole.len());
    assert!(!not_begun.is_empty(), "{:?}", report.summary);
    for check in &report.checks {
        if check.verdict.as_str() == "not_run" {
            assert_eq!(check.id, "case-ran");
            assert!(check.message.contains("no further one was begun"));
        }
    }
    assert!(finished.stdout.contains("(`--fail-fast`)"));
    // Where nothing is found, everything is run.
    let good = ["connected-accounts/repeat", "--fail-fast"];
    let (finished, report) = check(folder.path(), &good);
    assert_eq!(finished.code, 0, "{}", finished.stdout);
    assert!(!report.run.failed_fast);
    assert_eq!(report.summary.not_run, 0);
}
