//! Snapshots of a target on the command line: each action, each thing that it can find, and what
//! is refused.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;

use rescind_model::event::{Report, SNAPSHOT};
use rescind_model::verdict::Verdict;

use crate::support::{Finished, check, files, reference_target, rescind, root, run, write};

/// Two cases, which is enough where a full run is not needed.
const SELECTION: &str = "connected-accounts/refusals/deleted-account";
const ONE: &str = "connected-accounts/refusals/deleted-account@google.snap";
const OTHER: &str = "connected-accounts/refusals/deleted-account@rfc7009.snap";

/// A target file with a folder of snapshots beside it.
struct Place {
    folder: tempfile::TempDir,
    target: String,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let named = "base_url = \"{base_url}\"\nsnapshots = \"kept\"";
        let text = reference_target(&[("base_url = \"{base_url}\"", named)]);
        let target = write(folder.path(), "target.toml", &text);
        Self { folder, target }
    }

    /// With the snapshots of the two cases.
    fn filled() -> Self {
        let place = Self::new();
        let finished = place.run(&["--snapshots", "write", SELECTION]);
        assert_eq!(finished.code, 0, "{}", finished.stderr);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("kept").join(name)
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Puts a text in the place of what a snapshot holds of the first answer.
    fn spoil(&self, name: &str) {
        let spoilt = self
            .text(name)
            .replacen("answered: 200", "answered: 299", 1);
        assert!(spoilt.contains("299"));
        std::fs::write(self.path(name), spoilt).expect("it can be written");
    }

    fn is_spoilt(&self, name: &str) -> bool {
        self.text(name).contains("answered: 299")
    }

    fn add(&self, name: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
        std::fs::write(path, "---\nsource: x\n---\nold\n").expect("it can be written");
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        run(&[&["check", "--target", &self.target], arguments].concat())
    }

    fn report(&self, arguments: &[&str]) -> (Finished, Report) {
        let arguments = [&["--target", &self.target], arguments].concat();
        check(self.folder.path(), &arguments)
    }

    /// Reviews the two cases with answers, one a line, and gives the rows of the snapshots.
    fn review(&self, answers: &str) -> (Finished, Vec<Verdict>) {
        let report = self.folder.path().join("report.json");
        let mut child = rescind(&[
            "check",
            "--target",
            &self.target,
            "--snapshots",
            "review",
            "--report",
            &format!("json={}", report.display()),
            SELECTION,
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
        let mut input = child.stdin.take().expect("it is piped");
        // A program that ends without having read its input is what some tests are about.
        let _ = input.write_all(answers.as_bytes());
        drop(input);
        let finished = Finished::from(child.wait_with_output().expect("it ends"));
        let text = std::fs::read_to_string(report).unwrap_or_default();
        let rows = serde_json::from_str(&text).map_or_else(|_| Vec::new(), |report| rows(&report));
        (finished, rows)
    }
}

/// What the snapshots of a report came to.
fn rows(report: &Report) -> Vec<Verdict> {
    let rows = report.checks.iter().filter(|row| row.id == SNAPSHOT);
    rows.map(|row| row.verdict).collect()
}

#[test]
fn the_reference_service_is_held_against_its_own_by_default() {
    let folder = tempfile::tempdir().expect("a folder");
    let (finished, report) = check(folder.path(), &[]);
    assert_eq!(finished.code, 0, "{}", finished.stdout);
    assert_eq!(rows(&report), vec![Verdict::Pass; report.summary.cases]);
}

#[test]
fn the_embedded_ones_are_not_those_of_scenarios_from_elsewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenarios = folder.path().join("scenarios");
    std::fs::create_dir(&scenarios).expect("a folder");
    let scenario = std::fs::read_to_string(
        root().join("scenarios/connected-accounts/delete/keeps-tokens.toml"),
    )
    .expect("the scenario is there");
    write(&scenarios, "own.toml", &scenario);
    let own = scenarios.to_string_lossy();
    let (_, report) = check(folder.path(), &["--scenarios", &own, "own"]);
    assert_eq!((rows(&report), report.summary.cases > 0), (vec![], true));
    let asked = ["--scenarios", &own, "--snapshots", "check", "own"];
    let (_, report) = check(folder.path(), &asked);
    assert_eq!(rows(&report), vec![Verdict::Warn; report.summary.cases]);
}

#[test]
fn what_was_written_holds_and_is_not_written_again() {
    let place = Place::filled();
    assert!(
        place.text(ONE).starts_with("---\nsource: "),
        "{}",
        place.text(ONE)
    );
    let before = files(&place.path(""));
    assert_eq!(before.len(), 2);
    let (finished, report) = place.report(&["--strict", SELECTION]);
    assert_eq!(finished.code, 0, "{}", finished.stdout);
    assert_eq!(rows(&report), [Verdict::Pass, Verdict::Pass]);
    let again = place.run(&["--snapshots", "write", SELECTION]);
    assert!(
        again.stderr.contains("snapshots: 0 changed, 2 unchanged"),
        "{}",
        again.stderr
    );
    assert_eq!(files(&place.path("")), before);
}

#[test]
fn a_missing_one_warns_and_fails_when_strict() {
    let place = Place::filled();
    std::fs::remove_file(place.path(ONE)).expect("it was there");
    let (finished, report) = place.report(&[SELECTION]);
    assert_eq!(finished.code, 0, "{}", finished.stdout);
    assert_eq!(rows(&report), [Verdict::Warn, Verdict::Pass]);
    assert!(finished.stdout.contains(ONE), "{}", finished.stdout);
    assert_eq!(place.run(&["--strict", SELECTION]).code, 1);
    assert!(!place.path(ONE).exists(), "only who is told to writes");
}

#[test]
fn a_target_without_any_yet_is_told_so_and_fails_only_who_asks() {
    let place = Place::new();
    let (finished, report) = place.report(&["--strict", SELECTION]);
    assert_eq!((finished.code, rows(&report)), (0, vec![]));
    assert!(
        finished.stderr.contains("this target has no snapshots yet"),
        "{}",
        finished.stderr
    );
    let asked = ["--strict", "--snapshots", "check", SELECTION];
    let (finished, report) = place.report(&asked);
    assert_eq!(finished.code, 1, "{}", finished.stdout);
    assert_eq!(rows(&report), [Verdict::Fail, Verdict::Fail]);
}

#[test]
fn a_different_one_fails_and_shows_how() {
    let place = Place::filled();
    place.spoil(OTHER);
    let (finished, report) = place.report(&["--seed", "fixed", SELECTION]);
    assert_eq!(finished.code, 1, "{}", finished.stdout);
    assert_eq!(rows(&report), [Verdict::Pass, Verdict::Fail]);
    assert!(place.is_spoilt(OTHER), "only who is told to writes");
    let folder = place.folder.path().to_string_lossy().into_owned();
    let shown = finished.stdout.replace(&folder, "FOLDER");
    let filters = vec![(r"in \d+\.\d+ s", "in TIME")];
    insta::with_settings!({ filters => filters }, {
        insta::assert_snapshot!(shown);
    });
    let written = place.run(&["--snapshots", "write", SELECTION]);
    assert_eq!(written.code, 0, "{}", written.stdout);
    assert!(!place.is_spoilt(OTHER));
}

#[test]
fn what_the_contract_asks_stands_last_where_it_is_seen() {
    let place = Place::filled();
    let buggy = reference_target(&[
        (
            "base_url = \"{base_url}\"",
            "base_url = \"{base_url}\"\nsnapshots = \"kept\"",
        ),
        (
            "\"serve\"",
            "\"serve\", \"--defect\", \"access-token-only\"",
        ),
    ]);
    write(place.folder.path(), "target.toml", &buggy);
    let finished = place.run(&[SELECTION]);
    assert_eq!(finished.code, 1);
    let last_snapshot = finished.stdout.rfind("FAIL: snapshot at ");
    let first_of_the_contract = finished.stdout.find("requirement: ");
    assert!(last_snapshot.is_some() && last_snapshot < first_of_the_contract);
}

#[test]
fn one_that_no_case_has_fails_a_full_run_until_it_is_deleted() {
    let place = Place::new();
    assert_eq!(place.run(&["--snapshots", "write"]).code, 0);
    let written = files(&place.path(""));
    place.add("connected-accounts/gone/with-its-folder@google.snap");
    // What insta's tooling leaves beside is none.
    place.add("connected-accounts/pending@google.snap.new");
    let (finished, report) = place.report(&[]);
    assert_eq!(finished.code, 1, "{}", finished.stdout);
    let failed = report
        .checks
        .iter()
        .filter(|row| row.verdict != Verdict::Pass);
    let failed: Vec<&str> = failed.map(|row| row.scenario.as_str()).collect();
    assert_eq!(failed, ["connected-accounts/gone/with-its-folder"]);
    // A run of a part does not know what belongs to the rest.
    assert_eq!(place.run(&["--strict", SELECTION]).code, 0);
    let part = place.run(&["--snapshots", "write", SELECTION]);
    assert!(part.stderr.contains("0 changed"), "{}", part.stderr);
    let full = place.run(&["--snapshots", "write"]);
    assert_eq!(full.code, 0, "{}", full.stdout);
    assert!(full.stderr.contains("deleted "), "{}", full.stderr);
    assert!(!place.path("connected-accounts/gone").exists());
    std::fs::remove_file(place.path("connected-accounts/pending@google.snap.new"))
        .expect("it is still there");
    assert!(files(&place.path("")) == written);
}

#[test]
fn a_case_that_could_not_be_run_keeps_its_snapshot() {
    let place = Place::new();
    let folder = |name: &str| {
        let folder = place.folder.path().join(name);
        std::fs::create_dir(&folder).expect("a folder");
        folder
    };
    let read = |path: &str| std::fs::read_to_string(root().join(path)).expect("it is there");
    let (scenarios, profiles) = (folder("scenarios"), folder("profiles"));
    let scenario = read("scenarios/connected-accounts/refusals/unknown-account.toml");
    let scenario = scenario.replace("[\"rfc7009\"]", "[\"no-toolkit-knows-this\"]");
    write(&scenarios, "unprovisionable.toml", &scenario);
    let profile = read("fixtures/providers/rfc7009.toml");
    write(&profiles, "no-toolkit-knows-this.toml", &profile);
    place.add("unprovisionable@no-toolkit-knows-this.snap");
    let finished = place.run(&[
        "--snapshots",
        "write",
        "--scenarios",
        &scenarios.to_string_lossy(),
        "--profiles",
        &profiles.to_string_lossy(),
    ]);
    assert_eq!(finished.code, 5, "{}{}", finished.stdout, finished.stderr);
    assert!(
        place
            .text("unprovisionable@no-toolkit-knows-this.snap")
            .ends_with("\nold\n")
    );
    assert!(place.path(ONE).exists());
}

#[test]
fn continuous_integration_checks_and_never_writes() {
    let place = Place::filled();
    place.spoil(ONE);
    let in_integration = |value: &str, action: &str| {
        let arguments = [
            "check",
            "--target",
            &place.target,
            "--snapshots",
            action,
            SELECTION,
        ];
        let mut command = rescind(&arguments);
        let output = command.env("CI", value).stdin(Stdio::null()).output();
        Finished::from(output.expect("the program starts"))
    };
    assert_eq!(in_integration("true", "check").code, 1);
    for action in ["write", "review"] {
        let finished = in_integration("true", action);
        assert_eq!(
            (finished.code, finished.stdout.as_str()),
            (3, ""),
            "{action}"
        );
        assert!(place.is_spoilt(ONE), "{action}");
        if action == "write" {
            insta::assert_snapshot!(finished.stderr);
        }
    }
    assert_eq!(in_integration("false", "write").code, 0);
    assert!(!place.is_spoilt(ONE));
}

#[test]
fn the_embedded_ones_cannot_be_written() {
    for action in ["write", "review"] {
        let finished = run(&["check", "--snapshots", action, SELECTION]);
        assert_eq!(
            (finished.code, finished.stdout.as_str()),
            (3, ""),
            "{action}"
        );
        if action == "write" {
            insta::assert_snapshot!(finished.stderr);
        }
    }
}

#[test]
fn a_target_that_names_no_folder_has_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = write(folder.path(), "target.toml", &reference_target(&[]));
    let (_, report) = check(folder.path(), &["--target", &target, SELECTION]);
    assert_eq!((rows(&report), report.summary.cases), (vec![], 2));
    for action in ["check", "write", "review"] {
        let finished = run(&["check", "--target", &target, "--snapshots", action]);
        assert_eq!(
            (finished.code, finished.stdout.as_str()),
            (3, ""),
            "{action}"
        );
        if action == "check" {
            insta::assert_snapshot!(
                finished
                    .stderr
                    .replace(&*folder.path().to_string_lossy(), "FOLDER")
            );
        }
    }
}

#[test]
fn a_review_accepts_what_it_is_told_to_and_nothing_else() {
    let place = Place::filled();
    place.spoil(ONE);
    place.spoil(OTHER);
    // What it does not understand it asks again.
    let (finished, rows) = place.review("yes\nr\na\n");
    assert_eq!(finished.code, 1, "{}", finished.stderr);
    assert_eq!(rows, [Verdict::Fail, Verdict::Pass]);
    assert_eq!(
        (place.is_spoilt(ONE), place.is_spoilt(OTHER)),
        (true, false)
    );
    let folder = place.folder.path().to_string_lossy().into_owned();
    insta::assert_snapshot!(finished.stderr.replace(&folder, "FOLDER"));
    let (finished, rows) = place.review("a\n");
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    assert_eq!(rows, [Verdict::Pass, Verdict::Pass]);
    assert!(!place.is_spoilt(ONE));
}

#[test]
fn a_review_may_skip_and_stop() {
    let place = Place::new();
    let (finished, rows) = place.review("s\na\n");
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    assert_eq!(rows, [Verdict::Warn, Verdict::Pass]);
    assert_eq!(
        (place.path(ONE).exists(), place.path(OTHER).exists()),
        (false, true)
    );
    std::fs::remove_file(place.path(OTHER)).expect("it was accepted");
    let (finished, rows) = place.review("a\nq\n");
    assert_eq!(rows, [Verdict::Pass, Verdict::Warn]);
    assert!(
        finished
            .stderr
            .contains("1 accepted, 0 rejected, 1 left as they were"),
        "{}",
        finished.stderr
    );
    assert_eq!(
        (place.path(ONE).exists(), place.path(OTHER).exists()),
        (true, false)
    );
}

#[test]
fn a_review_that_nobody_answers_says_so() {
    let place = Place::new();
    let (finished, rows) = place.review("");
    assert_eq!((finished.code, rows), (3, vec![]));
    assert!(
        finished.stderr.contains("nobody answers"),
        "{}",
        finished.stderr
    );
    assert!(!place.path(ONE).exists());
    // Nothing to ask is nothing to answer.
    let place = Place::filled();
    let (finished, rows) = place.review("");
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    assert_eq!(rows, [Verdict::Pass, Verdict::Pass]);
}
