//! Runs in parts: each case in exactly one, and all parts together what one run is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rescind_model::event::Report;
use rescind_model::verdict::Verdict;
use serde_json::{Value, json};

use crate::support::{Finished, check, reference_target, run, write};

/// What is run whole and in parts.
const PART: [&str; 3] = [
    "connected-accounts/success",
    "connected-accounts/repeat",
    "connected-accounts/refusals",
];

/// A target with a bug, that lacks something and says so of one thing only: of each kind of verdict
/// there is some.
fn target(folder: &Path) -> String {
    let text = reference_target(&[
        (
            "\"serve\"",
            "\"serve\", \"--defect\", \"access-token-only\"",
        ),
        (
            "[read_only_api_key]\n",
            "[capabilities]\ncannot = { set_status = \"it has no switch\" }\n\n[read_only_api_key]\n",
        ),
    ]);
    write(
        folder,
        "target.toml",
        &without(&without(&text, "[delete]"), "[set_status]"),
    )
}

/// A file without one of its tables.
fn without(text: &str, table: &str) -> String {
    let start = text
        .find(&format!("\n{table}\n"))
        .expect("the table is there")
        + 1;
    let length = text[start + 1..]
        .find("\n[")
        .map_or(text.len() - start, |at| at + 2);
    format!("{}{}", &text[..start], &text[start + length..])
}

fn shard(folder: &Path, target: &str, number: &str, also: &[&str]) -> (PathBuf, Finished, Report) {
    let own = folder.join(number.replace('/', "-of-"));
    std::fs::create_dir_all(&own).expect("the folder can be made");
    let arguments = [
        &PART,
        ["--target", target, "--shard", number].as_slice(),
        also,
    ]
    .concat();
    let (finished, report) = check(&own, &arguments);
    (own.join("report.json"), finished, report)
}

fn merge(folder: &Path, shards: &[&Path], also: &[&str]) -> (Finished, Report) {
    let report = folder.join("merged.json");
    let to = format!("json={}", report.display());
    let shards: Vec<String> = shards
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let shards: Vec<&str> = shards.iter().map(String::as_str).collect();
    let finished = run(&[&["merge", "--report", &to], also, &shards].concat());
    let text = std::fs::read_to_string(&report)
        .unwrap_or_else(|error| panic!("no report ({error}): {}", finished.stderr));
    (
        finished,
        serde_json::from_str(&text).expect("the report is of its type"),
    )
}

/// What may differ from run to run.
fn without_what_varies(report: &Report) -> Value {
    let mut value = serde_json::to_value(report).expect("a report is JSON");
    value["run"]["seed"] = Value::Null;
    value["summary"]["duration_ms"] = Value::Null;
    value
}

/// The names of JUnit's test cases, each with what it came to.
fn junit(path: &Path) -> BTreeSet<(String, String, &'static str)> {
    let text = std::fs::read_to_string(path).expect("the report is there");
    let suites = junit_parser::from_reader(text.as_bytes()).expect("it is JUnit's XML");
    let tests = suites.suites.into_iter().flat_map(|suite| suite.cases);
    tests
        .map(|test| {
            let status = if test.status.is_failure() {
                "failure"
            } else if test.status.is_error() {
                "error"
            } else if test.status.is_skipped() {
                "skipped"
            } else {
                "success"
            };
            (
                test.classname.unwrap_or_default(),
                test.original_name,
                status,
            )
        })
        .collect()
}

#[test]
fn four_shards_merged_are_what_one_run_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = target(folder.path());
    let place = |name: &str| folder.path().join(name);
    let one_junit = format!("junit={}", place("one.xml").display());
    let options = ["--target", &target, "--strict", "--report", &one_junit];
    let whole = [PART.as_slice(), &options];
    let (finished, one) = check(folder.path(), &whole.concat());
    assert_eq!(finished.code, 1, "{}", finished.stderr);
    let is_there = |verdict| one.checks.iter().any(|row| row.verdict == verdict);
    for verdict in [Verdict::Fail, Verdict::NotApplicable, Verdict::Untestable] {
        assert!(is_there(verdict), "no case came to {verdict}");
    }

    let shards =
        ["1/4", "2/4", "3/4", "4/4"].map(|number| shard(folder.path(), &target, number, &[]));
    let cases: usize = shards
        .iter()
        .map(|(_, _, report)| report.summary.cases)
        .sum();
    assert_eq!(cases, one.summary.cases);
    let paths: Vec<&Path> = shards
        .iter()
        .rev()
        .map(|(path, ..)| path.as_path())
        .collect();
    let merged_junit = format!("junit={}", place("merged.xml").display());
    // The shards did not run strictly: that can be asked for afterwards.
    let also = ["--strict", "--report", &merged_junit];
    let (finished_merge, merged) = merge(folder.path(), &paths, &also);
    assert_eq!(
        finished_merge.code, finished.code,
        "{}",
        finished_merge.stderr
    );
    assert_eq!(without_what_varies(&merged), without_what_varies(&one));
    assert_eq!(junit(&place("merged.xml")), junit(&place("one.xml")));
    // What people read is as long, and each finding is explained by the same line of the same file.
    let underlined = |text: &str| -> Vec<String> {
        let lines = text
            .lines()
            .filter(|line| line.contains("--> ") || line.contains("FAIL: "));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(
        underlined(&finished_merge.stdout),
        underlined(&finished.stdout)
    );
    assert!(!underlined(&finished.stdout).is_empty());
}

#[test]
fn a_shard_says_that_it_is_one_and_does_not_answer_for_the_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let (finished, report) = check(
        folder.path(),
        &["connected-accounts/success", "--shard", "2/3"],
    );
    assert_eq!(finished.code, 0, "{}", finished.stdout);
    let shard = report.run.shard.expect("it is a shard's report");
    assert_eq!((shard.index, shard.of), (2, 3));
    assert!(shard.cases > report.summary.cases);
    assert!(
        finished.stdout.contains(", shard 2/3\n"),
        "{}",
        finished.stdout
    );
    assert!(
        finished.stdout.contains("pass, as far as this shard goes"),
        "{}",
        finished.stdout
    );
    let help = run(&["check", "--shard", "5/4"]);
    assert_eq!(help.code, 2);
    let small = [
        "check",
        "connected-accounts/success/both-killed",
        "--profile",
        "google",
    ];
    let empty = run(&[small.as_slice(), &["--shard", "2/2"]].concat());
    assert_eq!(empty.code, 4, "{}", empty.stderr);
    assert!(
        empty.stderr.contains("shard 2/2 has no case"),
        "{}",
        empty.stderr
    );
}

/// Rewrites a report.
fn changed(path: &Path, name: &str, change: impl Fn(&mut Value)) -> PathBuf {
    let text = std::fs::read_to_string(path).expect("the report is there");
    let mut value: Value = serde_json::from_str(&text).expect("it is JSON");
    change(&mut value);
    let to = path.with_file_name(name);
    std::fs::write(&to, value.to_string()).expect("the folder can be written to");
    to
}

#[test]
fn what_are_not_all_shards_of_one_run_is_not_put_together() {
    let folder = tempfile::tempdir().expect("a folder");
    let part = ["connected-accounts/success/both-killed"];
    let shard = |number: &str| {
        let own = folder.path().join(number.replace('/', "-of-"));
        std::fs::create_dir_all(&own).expect("the folder can be made");
        let (finished, _) = check(&own, &[&part, ["--shard", number].as_slice()].concat());
        assert_eq!(finished.code, 0, "{}", finished.stdout);
        own.join("report.json")
    };
    let (first, second) = (shard("1/2"), shard("2/2"));
    let says = |reports: &[&Path], expected: &str| {
        let paths: Vec<String> = reports
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let finished = run(&[&["merge"], paths.as_slice()].concat());
        assert_eq!(finished.code, 3, "{}", finished.stdout);
        assert!(finished.stderr.contains(expected), "{}", finished.stderr);
        assert!(finished.stderr.contains("hint: "), "{}", finished.stderr);
    };
    says(&[&first], "there is no report of shard 2/2");
    says(&[&first, &second, &first], "are both of shard 1/2");
    let whole = changed(&second, "whole.json", |report| {
        report["run"]
            .as_object_mut()
            .expect("an object")
            .remove("shard");
    });
    says(&[&first, &whole], "is the report of a whole run");
    let older = changed(&second, "older.json", |report| {
        report["run"]["version"] = json!("0.0.1");
    });
    says(&[&first, &older], "was written by version 0.0.1");
    let of_three = changed(&second, "three.json", |report| {
        report["run"]["shard"]["of"] = json!(3);
    });
    says(
        &[&first, &of_three],
        "they differ in their number of shards",
    );
    let another_set = changed(&second, "set.json", |report| {
        report["set"] = json!("connected-accounts-2026-09");
    });
    says(
        &[&first, &another_set],
        "they differ in their requirement set",
    );
    let another_target = changed(&second, "target.json", |report| {
        report["target"] = json!("x");
    });
    says(&[&first, &another_target], "they differ in their target\n");
    let another_selection = changed(&second, "selection.json", |report| {
        report["run"]["selection"] = json!(["connected-accounts/repeat"]);
    });
    says(
        &[&first, &another_selection],
        "they differ in their selection",
    );
    for (digest, expected) in [
        ("target", "target file"),
        ("cases", "list of cases"),
        ("suite", "scenarios or profiles"),
        ("deviations", "file of deviations"),
        ("snapshots", "snapshots"),
    ] {
        let other = changed(&second, "digest.json", |report| {
            report["run"]["shard"]["same"][digest] = json!("0");
        });
        says(
            &[&first, &other],
            &format!("they differ in their {expected}"),
        );
    }
    let strict = changed(&second, "strict.json", |report| {
        report["run"]["shard"]["strict"] = json!(true);
    });
    says(&[&first, &strict], "they differ in their `--strict`");
    let no_report = folder.path().join("no-report.json");
    std::fs::write(&no_report, "[]").expect("the folder can be written to");
    says(&[&first, &no_report], "is no report of rescind's");
}
