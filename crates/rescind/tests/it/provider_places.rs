//! A target finds the provider of its case however its requests tell whose they are.

use rescind_model::event::Report;
use rescind_model::verdict::Verdict;

use crate::support::{check, reference_target, run, write};

/// A success that needs one dispatch, one that needs several, a refusal, and a redirect to where no
/// tenant lies by itself.
const SELECTION: [&str; 3] = [
    "connected-accounts/success/both-killed",
    "connected-accounts/refusals/unsupported-scheme",
    "connected-accounts/redirects",
];

/// The cases of a few scenarios, all without a finding, with a target file that has this table.
#[track_caller]
fn check_place(table: &str) -> Report {
    let folder = tempfile::tempdir().expect("a folder");
    let text = reference_target(&[("[limits]", &format!("{table}\n\n[limits]"))]);
    let target = write(folder.path(), "target.toml", &text);
    let arguments = [&["--strict", "--target", target.as_str()], &SELECTION[..]].concat();
    let (finished, report) = check(folder.path(), &arguments);
    assert_eq!(finished.code, 0, "{table}: {}", finished.stdout);
    assert!(report.summary.cases > 20, "{}", report.summary.cases);
    let passed = report.checks.iter();
    assert!(passed.clone().any(|check| check.verdict == Verdict::Pass));
    report
}

#[test]
fn by_its_path() {
    check_place("[provider]\ntenants = \"path\"\npublic_url = \"http://localhost:{port}\"");
}

#[test]
fn by_its_port() {
    check_place("[provider]\ntenants = \"port\"");
}

#[test]
fn by_the_name_of_its_host() {
    check_place("[provider]\ntenants = \"host\"");
}

#[test]
fn by_its_client() {
    check_place("[provider]\ntenants = \"client\"");
}

#[test]
fn from_every_address_of_this_machine() {
    check_place("[provider]\nlisten = \"0.0.0.0:0\"\npublic_url = \"http://127.0.0.1:{port}\"");
}

#[test]
fn where_nobody_can_listen_the_doctor_says_so_at_that_line() {
    let folder = tempfile::tempdir().expect("a folder");
    // RFC 5737 §3: an address of no machine.
    let table = "[provider]\nlisten = \"192.0.2.1:0\"\n\n[limits]";
    let text = reference_target(&[("[limits]", table)]);
    let target = write(folder.path(), "target.toml", &text);
    let finished = run(&["doctor", "--target", &target]);
    assert_eq!(finished.code, 3, "{}", finished.stderr);
    let said = format!("{}{}", finished.stdout, finished.stderr);
    let place = "listen = \"192.0.2.1:0\"";
    for expected in [
        "cannot listen on 192.0.2.1:0",
        place,
        "port 0 takes any free one",
    ] {
        assert!(said.contains(expected), "no `{expected}` in {said}");
    }
}
