use rescind_model::event::{CheckVerdict, Report, RequirementVerdict, RunInformation, Summary};
use rescind_model::source::Colour;
use rescind_model::verdict::Verdict;
use rescind_model::vocabulary::Level;

use super::{
    DefectRun, Failures, HonestRun, RowToProve, Runs, VariantRun, failures, findings, json,
    markdown, terminal,
};

fn verdict(check: &str, verdict: Verdict, rows: &[&str]) -> CheckVerdict {
    CheckVerdict {
        id: check.into(),
        scenario: "folder/scenario".into(),
        profile: "profile".into(),
        requirements: rows.iter().map(|&row| row.into()).collect(),
        verdict,
        message: "step 1: wrong".into(),
    }
}

fn report(checks: Vec<CheckVerdict>, row: Verdict) -> Report {
    let mut summary = Summary::default();
    for check in &checks {
        summary.count(check.verdict);
    }
    Report {
        schema: "rescind.report/1".into(),
        contract: "contract".into(),
        set: "set".into(),
        target: "target".into(),
        run: RunInformation {
            version: "0".into(),
            seed: "seed".into(),
            selection: Vec::new(),
            interrupted: false,
            failed_fast: false,
            notes: Vec::new(),
            shard: None,
        },
        summary,
        requirements: vec![RequirementVerdict {
            id: "ROW".into(),
            level: Level::Must,
            verdict: row,
            checks: Vec::new(),
            cases: 1,
            reason: None,
        }],
        checks,
    }
}

fn failing(check: &str, rows: &[&str]) -> Failures {
    failures(&report(
        vec![verdict(check, Verdict::Fail, rows)],
        Verdict::Fail,
    ))
}

/// One defect and one variant, both as they should be.
fn runs() -> Runs {
    Runs {
        honest: vec![HonestRun {
            set: "set".into(),
            findings: Vec::new(),
        }],
        defects: vec![DefectRun {
            name: "defect".into(),
            summary: "Does | wrong.".into(),
            sources: vec![
                "https://github.com/owner/name/pull/1".into(),
                "contract: ROW".into(),
            ],
            check: "check".into(),
            failures: vec![failing("check", &["ROW"])],
        }],
        variants: vec![VariantRun {
            name: "variant".into(),
            summary: "Does otherwise.".into(),
            row: "ROW".into(),
            findings: Vec::new(),
        }],
        checks: vec!["check".into()],
        rows: vec![
            RowToProve {
                id: "ROW".into(),
                excluded: None,
            },
            RowToProve {
                id: "OTHER".into(),
                excluded: Some("not staged".into()),
            },
        ],
        only: Vec::new(),
    }
}

#[test]
fn only_what_fails_counts_as_a_failure_and_whatever_is_not_clean_as_a_finding() {
    let checks = vec![
        verdict("one", Verdict::Fail, &["ROW", "OTHER"]),
        verdict("one", Verdict::Fail, &["THIRD"]),
        verdict("two", Verdict::NotRun, &[]),
        verdict("three", Verdict::Pass, &["ROW"]),
    ];
    let report = report(checks, Verdict::NotRun);
    let failed: Vec<(String, Vec<String>)> = failures(&report)
        .into_iter()
        .map(|(check, rows)| (check, rows.into_iter().collect()))
        .collect();
    let rows = ["OTHER", "ROW", "THIRD"].map(str::to_owned).to_vec();
    assert_eq!(failed, [("one".to_owned(), rows)]);
    assert_eq!(
        findings(&report),
        [
            "one @ folder/scenario@profile: step 1: wrong",
            "one @ folder/scenario@profile: step 1: wrong",
            "two @ folder/scenario@profile: step 1: wrong",
            "ROW: not judged",
        ]
    );
}

#[test]
fn a_run_that_judged_nothing_is_a_finding() {
    assert_eq!(
        findings(&report(Vec::new(), Verdict::Pass)),
        ["nothing was judged"]
    );
    let clean = report(vec![verdict("one", Verdict::Pass, &["ROW"])], Verdict::Pass);
    assert!(findings(&clean).is_empty());
}

#[test]
fn what_is_as_it_should_be_is_proved() {
    let runs = runs();
    assert!(runs.is_proved());
    assert_eq!(
        json(&runs.proof()).expect("a proof is JSON"),
        r#"{
  "schema": "rescind.proof/1",
  "defects": [
    {
      "name": "defect",
      "sources": [
        "https://github.com/owner/name/pull/1",
        "contract: ROW"
      ],
      "caught": true,
      "by": [
        "check"
      ],
      "cause_named": true
    }
  ],
  "variants": [
    {
      "name": "variant",
      "passed": true,
      "findings": []
    }
  ],
  "checks_never_failed": []
}
"#
    );
}

/// Whether a change of what came to pass is noticed, and what a person is told of it.
#[track_caller]
fn check_unproved(change: impl Fn(&mut Runs), said: &str) {
    let mut changed = runs();
    change(&mut changed);
    assert!(!changed.is_proved());
    let text = terminal(&changed, Colour::Plain, 100);
    assert!(text.contains(said), "{text}");
    assert!(text.ends_with("\nnot proved\n"), "{text}");
}

#[test]
fn whatever_is_not_as_it_should_be_is_not_proved() {
    check_unproved(
        |runs| runs.defects[0].failures[0] = Failures::new(),
        "not caught: defect: must fall to `check`, and nothing failed",
    );
    check_unproved(
        |runs| runs.defects[0].failures[0] = failing("another", &["ROW"]),
        "not caught: defect: must fall to `check`, and only these failed: another",
    );
    check_unproved(
        |runs| runs.defects[0].failures[0] = failing("check", &[]),
        "not caught: defect: fails `check`, whose finding names no requirement",
    );
    check_unproved(
        |runs| runs.defects[0].failures.push(Failures::new()),
        "not caught: defect: must fall to `check`, and only these failed: check (not by every set)",
    );
    check_unproved(
        |runs| runs.variants[0].findings = vec!["check @ a@b: wrong".into()],
        "does not pass: variant (allowed by ROW)\n  check @ a@b: wrong",
    );
    check_unproved(
        |runs| runs.honest[0].findings = vec!["check @ a@b: wrong".into()],
        "the service as it should be is found wanting by set\n  check @ a@b: wrong",
    );
    check_unproved(
        |runs| runs.checks.push("unproved".into()),
        "no defect makes these checks fail: unproved",
    );
}

#[test]
fn a_row_with_a_single_defect_is_marked_and_an_excluded_one_is_not() {
    assert_eq!(
        terminal(&runs(), Colour::Plain, 100),
        "every MUST, and the defects that make it fail:

  ROW      1  defect (fewer than 2)
  OTHER    -  excluded: not staged

1 of 1 defects caught by the check that names their cause, 1 of 1 variants pass
proved
"
    );
}

#[test]
fn the_page_says_what_falls_to_what() {
    let page = markdown(&runs());
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ")).collect();
    assert_eq!(
        rows,
        [
            "| defect | what it does | falls to | and to | requirements | sources |",
            "| `defect` | Does \\| wrong. | `check` |  | ROW | [owner/name#1](https://github.com/owner/name/pull/1), contract: ROW |",
            "| variant | what it does | requirement | result |",
            "| `variant` | Does otherwise. | ROW | passes |",
            "| requirement | defects | which |",
            "| ROW | **1** | `defect` |",
            "| OTHER | – | excluded: not staged |",
        ]
    );
    assert!(
        page.contains("`rescind prove --markdown docs/proof.md`"),
        "{page}"
    );
    assert!(page.ends_with("|\n"), "{page}");
}

#[test]
fn a_page_of_a_part_says_so() {
    let mut part = runs();
    part.only = vec!["defect".into()];
    assert!(markdown(&part).contains("`rescind prove --only defect --markdown docs/proof.md`"));
}
