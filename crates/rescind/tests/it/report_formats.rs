//! Reports of real runs: where they go, and that somebody else's reader reads them.

use std::path::Path;

use rescind_model::event::Report;
use serde_json::Value;

use crate::support::{Finished, reference_target, rescind, root, write};

const SCENARIO: &str = "connected-accounts/success/both-killed";

/// Runs `check` against the reference service with a bug, from a folder of the test's own.
fn check(folder: &Path, reports: &[&str], environment: &[(&str, &str)]) -> Finished {
    let target = reference_target(&[(
        "\"serve\"",
        "\"serve\", \"--defect\", \"access-token-only\"",
    )]);
    let target = write(folder, "target.toml", &target);
    let mut command = rescind(&["check", "--target", &target, SCENARIO]);
    for report in reports {
        command.args(["--report", report]);
    }
    command.envs(environment.iter().copied());
    let finished = Finished::from(command.current_dir(folder).output().expect("it starts"));
    assert_eq!(finished.code, 1, "{}", finished.stderr);
    finished
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).expect("the report is there")
}

fn schema(name: &str) -> jsonschema::Validator {
    let path = root().join("schemas").join(format!("{name}.schema.json"));
    let text = std::fs::read_to_string(path).expect("the schema is there");
    let schema = serde_json::from_str(&text).expect("it is JSON");
    jsonschema::validator_for(&schema).expect("it is a schema")
}

#[test]
fn one_run_makes_every_report_and_they_say_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let reports = [
        "json=report.json",
        "ndjson=events.ndjson",
        "junit=report.xml",
        "github=annotations.txt",
        "markdown=report.md",
    ];
    let finished = check(folder, &reports, &[]);
    assert!(finished.stdout.contains("FAIL: "), "{}", finished.stdout);
    assert!(!finished.stdout.contains("::error"), "{}", finished.stdout);

    let json: Value = serde_json::from_str(&read(folder, "report.json")).expect("JSON");
    assert!(schema("report").is_valid(&json));
    let report: Report = serde_json::from_value(json).expect("a report");
    assert!(report.summary.fail > 0);

    let event = schema("event");
    let lines = read(folder, "events.ndjson");
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert!(lines.iter().all(|line| event.is_valid(line)));
    let of = |kind: &str| lines.iter().filter(|line| line["event"] == kind).count();
    assert_eq!(of("check"), report.checks.len());
    assert_eq!(of("case_finished"), report.summary.cases);
    assert_eq!((of("run_started"), of("run_finished")), (1, 1));

    let xml = read(folder, "report.xml");
    let suites = junit_parser::from_reader(xml.as_bytes()).expect("JUnit's XML");
    assert_eq!(suites.failures as usize, report.summary.fail);
    let tests: u64 = suites
        .suites
        .iter()
        .filter(|suite| suite.name != "requirements")
        .map(|suite| suite.tests)
        .sum();
    assert_eq!(tests as usize, report.checks.len());

    let annotations = read(folder, "annotations.txt");
    assert_eq!(
        annotations
            .lines()
            .filter(|line| line.starts_with("::error "))
            .count(),
        report.summary.fail
    );
    let page = read(folder, "report.md");
    let headings = pulldown_cmark::Parser::new(&page)
        .filter(|event| {
            matches!(
                event,
                pulldown_cmark::Event::Start(pulldown_cmark::Tag::Heading {
                    level: pulldown_cmark::HeadingLevel::H3,
                    ..
                })
            )
        })
        .count();
    let explained = report.summary.fail + report.summary.warn;
    assert_eq!(headings, explained, "{page}");

    let files = std::fs::read_dir(folder)
        .expect("the folder is there")
        .count();
    assert_eq!(files, 6, "nothing unfinished is left beside the reports");
}

#[test]
fn a_report_on_standard_output_stands_there_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let actions = [("GITHUB_ACTIONS", "true")];
    for environment in [&[][..], &actions[..]] {
        let finished = check(folder.path(), &["json=-"], environment);
        let report: Report = serde_json::from_str(&finished.stdout).expect("a report and no more");
        assert!(report.summary.fail > 0);
        assert!(finished.stderr.contains("FAIL: "), "{}", finished.stderr);
        let annotated = finished.stderr.contains("\n::error ");
        assert_eq!(annotated, !environment.is_empty());
    }
}

#[test]
fn github_gets_annotations_and_a_job_summary_unasked() {
    let folder = tempfile::tempdir().expect("a folder");
    let summary = write(folder.path(), "summary.md", "what an earlier step wrote\n");
    let environment = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_STEP_SUMMARY", summary.as_str()),
    ];
    let finished = check(folder.path(), &[], &environment);
    let page = read(folder.path(), "summary.md");
    assert!(
        page.starts_with("what an earlier step wrote\n# rescind: findings"),
        "{page}"
    );

    // What is for people, evidence among it, stands where GitHub's runner reads no command.
    let lines: Vec<&str> = finished.stdout.lines().collect();
    let word = lines[0].strip_prefix("::stop-commands::").expect("a word");
    assert!(word.len() >= 16, "{word}");
    let end = format!("::{word}::");
    let end = lines.iter().position(|line| *line == end).expect("its end");
    let people = &lines[1..end];
    assert!(people.iter().any(|line| line.starts_with("FAIL: ")));
    assert!(!people.iter().any(|line| line.starts_with("::")));
    let commands = &lines[end + 1..];
    assert!(!commands.is_empty());
    assert!(
        commands.iter().all(|line| line.starts_with("::")),
        "{commands:?}"
    );
    let place = "file=scenarios/connected-accounts/success/both-killed.toml,line=";
    assert!(commands[0].contains(place), "{}", commands[0]);

    // Another system's variable of that name says nothing.
    let finished = check(folder.path(), &[], &[("GITHUB_ACTIONS", "false")]);
    assert!(!finished.stdout.contains("::error"));
}

#[test]
fn what_a_target_file_says_nothing_of_is_explained_in_every_format() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let delete = "[delete]\nrequest = { method = \"DELETE\", path = \"/api/v3.1/connected_accounts/{account_id}\" }\n";
    let target = write(folder, "target.toml", &reference_target(&[(delete, "")]));
    let output = rescind(&["check", "--target", &target, "connected-accounts/delete"])
        .arg(SCENARIO)
        .args(["--report", "github=annotations.txt"])
        .args(["--report", "junit=report.xml"])
        .args(["--report", "json=report.json"])
        .current_dir(folder)
        .output();
    let finished = Finished::from(output.expect("it starts"));
    assert_eq!(finished.code, 1, "{}", finished.stderr);
    let report: Report = serde_json::from_str(&read(folder, "report.json")).expect("a report");
    let untestable = report.summary.untestable;
    assert!(untestable > 0, "{:?}", report.summary);
    let annotations = read(folder, "annotations.txt");
    let with = |words: &str| {
        let lines = annotations.lines();
        lines.filter(|line| line.contains(words)).count()
    };
    assert_eq!(with("title=untestable%3A case-ran at "), untestable);
    let xml = read(folder, "report.xml");
    let suites = junit_parser::from_reader(xml.as_bytes()).expect("JUnit's XML");
    assert_eq!(suites.errors as usize, untestable);
    assert!(finished.stdout.contains("UNTESTABLE: case-ran at "));
}
