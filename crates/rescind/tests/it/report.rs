//! The JSON report: its shape, and that nothing in it varies but what is named to.

use std::collections::BTreeMap;

use rescind_model::verdict::Verdict;
use serde_json::Value;

use crate::support::{check, without_what_varies};

#[test]
fn the_reference_service_passes_strictly_and_every_row_is_judged_or_excluded_with_a_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let (finished, report) = check(folder.path(), &["--strict"]);
    assert_eq!(finished.code, 0, "{}", finished.stdout);
    assert_eq!(report.schema, "rescind.report/1");
    assert_eq!(
        (report.contract.as_str(), report.set.as_str()),
        ("connected-accounts", "connected-accounts-2026-05-12")
    );
    assert_eq!(report.target, "reference");
    for row in &report.requirements {
        match row.verdict {
            Verdict::Excluded => assert!(row.reason.is_some(), "{} gives no reason", row.id),
            verdict => assert_eq!(
                (verdict, row.checks.is_empty()),
                (Verdict::Pass, false),
                "{}",
                row.id
            ),
        }
    }
    let summary = &report.summary;
    assert!(summary.scenarios >= 20, "{summary:?}");
    assert_eq!(summary.checks, report.checks.len());
    assert_eq!(summary.pass, summary.checks);
}

#[test]
fn a_check_stands_once_for_each_case() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, report) = check(folder.path(), &[]);
    let mut seen: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for check in &report.checks {
        *seen
            .entry((&check.scenario, &check.profile, &check.id))
            .or_default() += 1;
    }
    let twice: Vec<_> = seen.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    let mut sorted: Vec<_> = report
        .checks
        .iter()
        .map(|check| (&check.scenario, &check.profile, &check.id))
        .collect();
    sorted.sort();
    let order: Vec<_> = report
        .checks
        .iter()
        .map(|check| (&check.scenario, &check.profile, &check.id))
        .collect();
    assert_eq!(order, sorted);
}

#[test]
fn the_report_has_the_published_members() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, report) = check(folder.path(), &["connected-accounts/success/both-killed"]);
    let value = serde_json::to_value(&report).expect("a report is JSON");
    let members = |value: &Value| -> Vec<String> {
        value
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect()
    };
    assert_eq!(
        members(&value),
        [
            "schema",
            "contract",
            "set",
            "target",
            "run",
            "summary",
            "requirements",
            "checks"
        ]
    );
    assert_eq!(
        members(&value["summary"]),
        [
            "scenarios",
            "cases",
            "checks",
            "pass",
            "fail",
            "warn",
            "not_run",
            "expected_fail",
            "unexpected_pass",
            "not_applicable",
            "untestable",
            "harness_error",
            "duration_ms"
        ]
    );
    assert_eq!(
        members(&value["requirements"][0])[..4],
        ["id", "level", "verdict", "checks"]
    );
    assert_eq!(
        members(&value["checks"][0]),
        [
            "id",
            "scenario",
            "profile",
            "requirements",
            "verdict",
            "message"
        ]
    );
}

#[test]
fn a_seed_repeats_a_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = "connected-accounts/success/both-killed";
    let (_, first) = check(folder.path(), &["--seed", "x", scenario]);
    let (_, second) = check(folder.path(), &["--seed", "x", scenario]);
    assert_eq!(first.run.seed, "x");
    assert_eq!(without_what_varies(&first), without_what_varies(&second));
}
