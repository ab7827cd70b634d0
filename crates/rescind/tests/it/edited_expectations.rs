//! Whoever edits one expectation of a scenario sees exactly that check fail, at that line.

use std::collections::BTreeSet;

use rescind_model::verdict::Verdict;

use crate::support::{check, root};

const SCENARIO: &str = "connected-accounts/reads/edited";
const TEXT: &str = r#"title = "a scenario that states everything that can be stated"
profiles = ["rfc7009", "google"]
requirements = ["CA-200-STATUS", "CA-REPEAT"]

[[step]]
connect = { account = "alice" }

[[step]]
connect = { account = "bob" }

[[step]]
read = { account = "bob" }
expect = { status = 200, account_status = "ACTIVE", dispatches = 0 }

[[step]]
revoke = { account = "alice" }
expect = { status = 200, revoked_tokens = ["access_token", "refresh_token"], account_status = "REVOKED" }

[[step]]
revoke = { account = "alice" }
expect = { status = 200, revoked_tokens = [], account_status = "REVOKED", dispatches = 0 }

[ledger.alice]
access_token = "dead"
refresh_token = "dead"

[ledger.bob]
access_token = "alive"
refresh_token = "alive"
"#;

/// Runs the scenario with one line of it replaced. Returns the checks that fail, and the lines that
/// the findings point at.
fn findings(line: usize, from: &str, to: &str) -> (BTreeSet<String>, BTreeSet<usize>) {
    let mut lines: Vec<String> = TEXT.lines().map(str::to_owned).collect();
    let edited = lines[line - 1].replacen(from, to, 1);
    assert_ne!(edited, lines[line - 1], "line {line} has no `{from}`");
    lines[line - 1] = edited;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(format!("{SCENARIO}.toml"));
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
    std::fs::write(&path, lines.join("\n") + "\n").expect("it can be written");
    let given = folder.path().to_string_lossy().into_owned();
    let target = root().join("fixtures/targets/reference.toml");
    let how = [
        "--scenarios",
        &given,
        "--target",
        &target.to_string_lossy(),
        SCENARIO,
    ];
    let (finished, report) = check(
        folder.path(),
        &how.map(str::to_owned).each_ref().map(String::as_str),
    );
    assert_eq!(report.summary.cases, 2, "{}", finished.stderr);
    let failed = report.checks.iter();
    let failed = failed.filter(|row| row.verdict != Verdict::Pass && row.id != "snapshot");
    let pointed = finished.stdout.lines().filter_map(|shown| {
        let (place, line_and_column) = shown
            .trim_start()
            .strip_prefix("--> ")?
            .split_once(".toml:")?;
        assert!(place.ends_with("edited"), "{shown}");
        line_and_column.split(':').next()?.parse().ok()
    });
    (
        failed.map(|row| row.id.clone()).collect(),
        pointed.collect(),
    )
}

fn check_edit(line: usize, from: &str, to: &str, expected: &str) {
    let (failed, lines) = findings(line, from, to);
    let only: BTreeSet<String> = [expected.to_owned()].into();
    assert_eq!(
        (failed, lines),
        (only, [line].into()),
        "line {line}: {from} -> {to}"
    );
}

#[test]
fn one_that_holds_has_no_finding() {
    let (failed, lines) = findings(1, "everything", "all");
    assert!(
        failed.is_empty() && lines.is_empty(),
        "{failed:?} {lines:?}"
    );
}

#[test]
fn an_edited_status_fails_there() {
    check_edit(13, "status = 200", "status = 201", "expect-status");
    check_edit(17, "status = 200", "status = 500", "expect-status");
}

#[test]
fn an_edited_list_fails_there() {
    check_edit(17, r#""access_token", "#, "", "expect-revoked-tokens");
    check_edit(21, "[]", r#"["refresh_token"]"#, "expect-revoked-tokens");
}

#[test]
fn an_edited_account_status_fails_there() {
    check_edit(13, "ACTIVE", "EXPIRED", "expect-account-status");
    check_edit(17, "REVOKED", "ACTIVE", "expect-account-status");
}

#[test]
fn an_edited_number_of_dispatches_fails_there() {
    check_edit(13, "dispatches = 0", "dispatches = 1", "expect-dispatches");
    check_edit(21, "dispatches = 0", "dispatches = 2", "expect-dispatches");
}

#[test]
fn an_edited_line_of_the_ledger_fails_there() {
    check_edit(24, "dead", "alive", "expect-ledger");
    check_edit(29, "alive", "dead", "expect-ledger");
}
