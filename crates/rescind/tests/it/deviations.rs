//! Findings that somebody has accepted: what stays so is expected, whatever is not so any more fails.

use std::path::Path;

use rescind_model::event::Report;
use rescind_model::verdict::Verdict;

use crate::support::{Finished, check, reference_target, root, write};

const OTHER_CASE: &str = "connected-accounts/success/both-killed@google";

/// Runs one case against the reference service, honest or with a bug that is found in it.
fn run(folder: &Path, buggy: bool, deviations: &str) -> (Finished, Report) {
    let serve = if buggy {
        "\"serve\", \"--defect\", \"access-token-only\""
    } else {
        "\"serve\""
    };
    let target = reference_target(&[("\"serve\"", serve)]);
    let target = write(folder, "target.toml", &target);
    let deviations = write(folder, "deviations.toml", deviations);
    let scenarios = folder.join("scenarios");
    std::fs::create_dir_all(&scenarios).expect("a folder");
    // At one profile alone: then every finding is shown in full.
    let path = root().join("scenarios/connected-accounts/success/both-killed.toml");
    let text = std::fs::read_to_string(path).expect("the scenario is there");
    let (before, rest) = text.split_once("profiles = [").expect("its profiles");
    let (_, after) = rest.split_once(']').expect("the list ends");
    let alone = format!("{before}profiles = [\"rfc7009\"]{after}");
    write(&scenarios, "alone.toml", &alone);
    check(
        folder,
        &[
            "--target",
            &target,
            "--deviations",
            &deviations,
            "--scenarios",
            &scenarios.to_string_lossy(),
            "alone",
        ],
    )
}

/// The entries that the output of a failing run holds.
fn printed_entries(stdout: &str) -> String {
    let keys = ["check", "case", "observed", "reason", "expires"];
    let is_of_an_entry = |line: &&str| {
        let key = line.split_once(" = ").map(|(key, _)| key);
        *line == "[[deviation]]" || key.is_some_and(|key| keys.contains(&key))
    };
    let lines: Vec<&str> = stdout.lines().filter(is_of_an_entry).collect();
    lines.join("\n") + "\n"
}

/// The entries of a run with the bug, as it prints them.
fn entries_of_the_bug(folder: &Path) -> String {
    let (finished, report) = run(folder, true, "");
    assert_eq!(finished.code, 1, "{}", finished.stdout);
    let entries = printed_entries(&finished.stdout);
    let count = entries.matches("[[deviation]]").count();
    assert_eq!(count, report.summary.fail, "{}", finished.stdout);
    assert!(count >= 2);
    entries
}

fn rows(report: &Report, verdict: Verdict) -> Vec<&str> {
    let rows = report.checks.iter();
    rows.filter(|row| row.verdict == verdict)
        .map(|row| row.message.as_str())
        .collect()
}

#[test]
fn what_a_failure_prints_accepts_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let entries = entries_of_the_bug(folder.path());
    let (finished, report) = run(folder.path(), true, &entries);
    assert_eq!(finished.code, 0, "{}", finished.stdout);
    let expected = rows(&report, Verdict::ExpectedFail);
    assert_eq!(expected.len(), entries.matches("[[deviation]]").count());
    assert!(
        expected
            .iter()
            .all(|message| message.contains("; accepted until "))
    );
    assert!(rows(&report, Verdict::Fail).is_empty());
    let row = report
        .requirements
        .iter()
        .find(|row| row.id == "INV-TRUTHFUL-STATUS");
    assert_eq!(row.expect("the row").verdict, Verdict::ExpectedFail);
    // One is left out: it alone fails.
    let (one, rest) = entries.split_at(entries.rfind("[[deviation]]").expect("an entry"));
    assert!(!one.is_empty() && !rest.is_empty());
    let (finished, report) = run(folder.path(), true, one);
    assert_eq!((finished.code, report.summary.fail), (1, 1));
}

#[test]
fn what_is_mended_makes_its_entries_stale() {
    let folder = tempfile::tempdir().expect("a folder");
    let entries = entries_of_the_bug(folder.path());
    let (finished, report) = run(folder.path(), false, &entries);
    assert_eq!(finished.code, 1, "{}", finished.stdout);
    let stale = rows(&report, Verdict::UnexpectedPass);
    assert_eq!(stale.len(), entries.matches("[[deviation]]").count());
    assert_eq!(report.summary.fail, 0);
    assert!(
        finished.stdout.contains("deviations.toml:2:"),
        "{}",
        finished.stdout
    );
}

#[test]
fn an_entry_that_has_expired_fails_at_its_day() {
    let folder = tempfile::tempdir().expect("a folder");
    let entries = entries_of_the_bug(folder.path());
    let expired: Vec<&str> = entries
        .lines()
        .map(|line| {
            if line.starts_with("expires") {
                "expires = 2020-01-31"
            } else {
                line
            }
        })
        .collect();
    let (finished, report) = run(folder.path(), true, &expired.join("\n"));
    assert_eq!(finished.code, 1, "{}", finished.stdout);
    let failed = rows(&report, Verdict::Fail);
    assert_eq!(failed.len(), entries.matches("[[deviation]]").count());
    let over = "; it was accepted until 2020-01-31, and that is over";
    assert!(
        failed.iter().all(|message| message.ends_with(over)),
        "{failed:?}"
    );
    assert!(
        finished.stdout.contains("deviations.toml:6:"),
        "{}",
        finished.stdout
    );
    // What it prints holds the observation alone, and accepts it again.
    let renewed = printed_entries(&finished.stdout);
    assert_eq!(renewed, entries);
}

#[test]
fn another_observation_is_another_finding() {
    let folder = tempfile::tempdir().expect("a folder");
    let entries = entries_of_the_bug(folder.path());
    let other = entries.replace("it is alive", "it is absent");
    assert_ne!(other, entries);
    let (finished, report) = run(folder.path(), true, &other);
    assert_eq!(finished.code, 1, "{}", finished.stdout);
    let failed = rows(&report, Verdict::Fail);
    let differs = |message: &&&str| message.contains("; a deviation accepts something else: ");
    assert!(!failed.is_empty());
    assert_eq!(failed.iter().filter(differs).count(), failed.len());
}

#[test]
fn an_entry_of_a_case_that_is_not_selected_is_not_stale() {
    let folder = tempfile::tempdir().expect("a folder");
    let entries = entries_of_the_bug(folder.path());
    let elsewhere = entries.replace("alone@rfc7009", OTHER_CASE);
    let (finished, report) = run(folder.path(), false, &elsewhere);
    assert_eq!(finished.code, 0, "{}", finished.stdout);
    assert_eq!(report.summary.pass, report.summary.checks);
}

#[test]
fn an_entry_of_a_check_that_judges_nothing_in_its_case_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let entry = "[[deviation]]\ncheck = \"unknown-is-404\"\ncase = \"alone@rfc7009\"\nobserved = \"x\"\nreason = \"x\"\nexpires = 2099-01-01\n";
    let (finished, report) = run(folder.path(), false, entry);
    assert_eq!(finished.code, 1, "{}", finished.stdout);
    assert_eq!(rows(&report, Verdict::NotRun).len(), 1);
    assert!(
        finished.stdout.contains("take the entry out"),
        "{}",
        finished.stdout
    );
}

#[test]
fn an_unknown_name_fails_before_anything_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let entry = "[[deviation]]\ncheck = \"revoked-mean-dead\"\ncase = \"connected-accounts/success/both-killed@rfc7009\"\nobserved = \"x\"\nreason = \"x\"\nexpires = 2099-01-01\n";
    let deviations = write(folder.path(), "deviations.toml", entry);
    let finished = crate::support::run(&["check", "--deviations", &deviations]);
    assert_eq!((finished.code, finished.stdout.as_str()), (3, ""));
    let words = "there is no check `revoked-mean-dead`";
    assert!(finished.stderr.contains(words), "{}", finished.stderr);
}
