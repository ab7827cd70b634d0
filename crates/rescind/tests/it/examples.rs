//! A service in another language that says everything in words of its own, judged by a file alone;
//! and the README's way to it, command by command.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use rescind_model::event::{CheckVerdict, Report};
use rescind_model::verdict::Verdict;

use crate::support::{check, only_races_are_spoiled, root, run};

const SERVICE: &str = "examples/disconnect-service";

/// The target file of the example, with a bug of the service's.
fn judged(bug: Option<&str>) -> (i32, Report) {
    let folder = tempfile::tempdir().expect("a folder");
    for file in ["service.py", "target.toml"] {
        let from = root().join(SERVICE).join(file);
        std::fs::copy(from, folder.path().join(file)).expect("the example is there");
    }
    let target = folder.path().join("target.toml");
    if let Some(bug) = bug {
        let text = std::fs::read_to_string(&target).expect("the target file");
        let program = "\"{directory}/service.py\"";
        assert!(text.contains(program));
        let with_bug = format!("{program}, \"--bug\", \"{bug}\"");
        std::fs::write(&target, text.replace(program, &with_bug)).expect("it is written");
    }
    let target = target.display().to_string();
    let (finished, report) = check(folder.path(), &["--strict", "--target", &target]);
    (finished.code, report)
}

/// The checks that failed, by id.
fn failed(report: &Report) -> BTreeSet<&str> {
    report
        .checks
        .iter()
        .filter(|check| check.verdict == Verdict::Fail)
        .map(|check| check.id.as_str())
        .collect()
}

#[test]
fn a_service_shaped_unlike_ours_passes_by_its_target_file_alone() {
    let (code, report) = judged(None);
    assert_eq!(failed(&report), BTreeSet::new());
    assert_eq!(code, 0, "{:?}", report.summary);
    assert!(report.summary.pass > 2000, "{:?}", report.summary);
    // What it cannot do is said, with its reason, and is not green.
    let row = |id: &str| report.requirements.iter().find(|row| row.id == id);
    let foreign = row("CA-FOREIGN").expect("a row of the set");
    assert_eq!(foreign.verdict, Verdict::NotApplicable);
    assert_eq!(foreign.cases, 0);
    assert!(
        foreign
            .reason
            .as_deref()
            .unwrap_or_default()
            .contains("there are no projects")
    );
    // And everything else that the set asks for was judged.
    for row in &report.requirements {
        let expected = matches!(
            row.verdict,
            Verdict::Pass | Verdict::Excluded | Verdict::NotApplicable
        );
        assert!(expected, "{}: {}", row.id, row.verdict);
    }
}

#[test]
fn each_of_its_bugs_falls_to_the_check_that_names_it() {
    let found = |bug, by: &[&str]| {
        let (code, report) = judged(Some(bug));
        assert_eq!(code, 1, "{bug}");
        let failed = failed(&report);
        for check in by {
            assert!(
                failed.contains(check),
                "{bug} is not found by {check}: {failed:?}"
            );
        }
        only_races_are_spoiled(&report);
    };
    found(
        "access-token-only",
        &["every-subject-tried", "revoked-means-dead"],
    );
    found(
        "error-is-success",
        &["listed-is-acknowledged", "all-failed-is-500"],
    );
    found("asks-in-any-state", &["state-is-409"]);
}

#[test]
fn what_a_file_neither_states_nor_declares_away_cannot_be_tested_and_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = std::fs::read_to_string(root().join(SERVICE).join("target.toml")).expect("the file");
    let call =
        "[delete]\nrequest = { method = \"DELETE\", path = \"/v1/connections/{account_id}\" }\n";
    assert!(text.contains(call));
    let service = root().join(SERVICE).display().to_string();
    let text = text.replace(call, "").replace("{directory}", &service);
    let target = folder.path().join("target.toml");
    std::fs::write(&target, text).expect("it is written");
    let target = target.display().to_string();
    let selection = [
        "--target",
        &target,
        "connected-accounts/delete",
        "connected-accounts/success",
    ];
    let (finished, report) = check(folder.path(), &selection);
    assert_eq!(finished.code, 1);
    let of_deletions: Vec<_> = report
        .checks
        .iter()
        .filter(|check| {
            check
                .scenario
                .starts_with("connected-accounts/delete/keeps-tokens")
        })
        .collect();
    let untestable = |check: &&CheckVerdict| check.verdict == Verdict::Untestable;
    let of_deletions: Vec<_> = of_deletions.into_iter().filter(untestable).collect();
    assert!(!of_deletions.is_empty());
    assert!(
        of_deletions[0].message.contains("cannot = { delete = "),
        "{}",
        of_deletions[0].message
    );
}

#[test]
fn a_target_file_that_leaves_nothing_to_judge_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = std::fs::read_to_string(root().join(SERVICE).join("target.toml")).expect("the file");
    let text = text.replace(
        r#"profiles = ["rfc7009", "access-only", "no-revoke-route"]"#,
        "profiles = []",
    );
    let target = folder.path().join("target.toml");
    std::fs::write(&target, text).expect("it is written");
    let finished = run(&["check", "--target", &target.display().to_string()]);
    assert_eq!(finished.code, 4, "{}", finished.stderr);
    assert!(
        finished
            .stderr
            .contains("the target file leaves nothing to judge"),
        "{}",
        finished.stderr
    );
}

/// The commands of the README's section, each with what it is said to exit with.
fn commands_of(section: &str) -> Vec<(String, i32)> {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("the README");
    let (_, after) = readme
        .split_once(&format!("\n## {section}\n"))
        .expect("the section is there");
    let section = after.split("\n## ").next().unwrap_or_default();
    let blocks = section.split("```sh\n").skip(1);
    let lines = blocks.flat_map(|block| block.split("```").next().unwrap_or_default().lines());
    lines
        .map(|line| match line.split_once("# exits with ") {
            Some((command, code)) => (
                command.trim().to_owned(),
                code.trim().parse().expect("an exit code"),
            ),
            None => (line.to_owned(), 0),
        })
        .collect()
}

#[test]
fn the_readme_leads_from_nothing_to_a_red_check_on_somebody_elses_endpoint() {
    let folder = tempfile::tempdir().expect("a folder");
    let commands = commands_of("A first red check");
    assert!(commands.len() >= 4, "{commands:?}");
    assert!(
        commands.iter().any(|(_, code)| *code == 1),
        "one is to be red"
    );
    let this = env!("CARGO_BIN_EXE_rescind");
    for (command, code) in commands {
        // The program is built already; everything else is what the README says.
        let command = command.replace("cargo run --release --", this).replace(
            "/tmp/mine",
            &folder.path().join("mine").display().to_string(),
        );
        let output = Command::new("sh")
            .args(["-c", &command])
            .current_dir(root())
            .env_remove("CI")
            .output()
            .expect("a shell");
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            output.status.code(),
            Some(code),
            "`{command}`:\n{shown}\n{complaint}"
        );
        if code == 1 {
            assert!(shown.contains("FAIL: revoked-means-dead"), "{shown}");
        }
    }
    assert!(Path::new(&folder.path().join("mine/target.toml")).exists());
}
