//! JUnit's XML: a suite for each case, a test case for each check. Names stay the same from run to
//! run: the class is the case (`scenario@profile`), the name the check's id.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};
use rescind_model::event::{CheckVerdict, Finding, RunFinished};
use rescind_model::verdict::{RunVerdict, Verdict};

use crate::{evidence, outcome};

/// The suite of what a run came to beside its checks: rows that nothing judges.
pub const REQUIREMENTS: &str = "requirements";

/// The report, with a line break at its end.
///
/// # Errors
/// None that a report's types allow; the writer's own error is passed on rather than hidden.
pub fn render(finished: &RunFinished) -> Result<String, SerializeError> {
    let report = &finished.report;
    let mut page = Report::new(format!("{} at {}", report.set, report.target));
    page.set_time(Duration::from_millis(report.summary.duration_ms));
    let explained = explained(finished);
    let mut suites: BTreeMap<String, TestSuite> = BTreeMap::new();
    for check in &report.checks {
        let case = format!("{}@{}", check.scenario, check.profile);
        let explanation = explained
            .get(&(case.clone(), check.id.clone()))
            .map(String::as_str);
        let test = test_case(check, &case, explanation);
        suites
            .entry(case)
            .or_insert_with_key(|case| TestSuite::new(case))
            .add_test_case(test);
    }
    page.add_test_suites(suites.into_values());
    let rows = rows(finished);
    if !rows.test_cases.is_empty() {
        page.add_test_suite(rows);
    }
    page.to_string()
}

fn test_case(check: &CheckVerdict, case: &str, explanation: Option<&str>) -> TestCase {
    let mut test = TestCase::new(
        check.id.as_str(),
        status(check.verdict, &check.message, explanation),
    );
    test.set_classname(case);
    if check.verdict == Verdict::Warn {
        let words = explanation.unwrap_or(&check.message);
        test.set_system_out(xml(&format!("warn: {words}")));
    }
    test
}

/// What fails a run is a failure, or an error where nothing was judged; what does not is passed or
/// skipped.
fn status(verdict: Verdict, message: &str, explanation: Option<&str>) -> TestCaseStatus {
    let mut status = match verdict {
        Verdict::Pass | Verdict::Warn => TestCaseStatus::success(),
        Verdict::Fail | Verdict::UnexpectedPass => {
            TestCaseStatus::non_success(NonSuccessKind::Failure)
        }
        Verdict::NotRun | Verdict::Untestable | Verdict::HarnessError => {
            TestCaseStatus::non_success(NonSuccessKind::Error)
        }
        Verdict::ExpectedFail | Verdict::NotApplicable | Verdict::Excluded => {
            TestCaseStatus::skipped()
        }
    };
    status.set_type(verdict.as_str()).set_message(xml(message));
    if let Some(explanation) = explanation {
        status.set_description(xml(explanation));
    }
    status
}

/// Rows that the set excludes are skipped; those that a full run should have judged and did not
/// are errors, for they fail the run. So is a run that judged nothing, or that was stopped.
fn rows(finished: &RunFinished) -> TestSuite {
    let report = &finished.report;
    let unjudged: BTreeSet<&str> = outcome::unjudged_rows(report).into_iter().collect();
    let mut suite = TestSuite::new(REQUIREMENTS);
    let mut add = |name: &str, verdict: Verdict, message: &str| {
        let mut test = TestCase::new(name, status(verdict, message, None));
        test.set_classname(report.set.as_str());
        suite.add_test_case(test);
    };
    for row in &report.requirements {
        if row.verdict == Verdict::Excluded {
            let reason = row.reason.as_deref().unwrap_or_default();
            add(&row.id, Verdict::Excluded, reason);
        } else if unjudged.contains(row.id.as_str()) {
            let message = "nothing that happened could show it, which fails a full run";
            add(&row.id, Verdict::NotRun, message);
        }
    }
    if matches!(
        outcome::of(report),
        RunVerdict::NothingJudged | RunVerdict::Interrupted
    ) {
        add("run", Verdict::NotRun, outcome::in_words(report));
    }
    suite
}

/// What explains each finding, by case and check. Of the findings of one step the gravest carries
/// the evidence, and the others name it: the same exchange thirty times helps nobody.
fn explained(finished: &RunFinished) -> BTreeMap<(String, String), String> {
    let mut explained = BTreeMap::new();
    for group in evidence::by_step(&finished.findings) {
        let gravest = group.iter().max_by_key(|finding| evidence::weight(finding));
        let Some(gravest) = gravest else { continue };
        for finding in &group {
            let mut text = head(finding);
            if finding.check == gravest.check {
                for section in evidence::sections(finding) {
                    text.push(format!("{}:", section.title));
                    text.extend(section.lines.iter().map(|line| format!("  {line}")));
                }
            } else {
                text.push(format!("evidence: beside `{}` of this case", gravest.check));
            }
            if let Some(entry) = evidence::deviation(finding) {
                text.push(format!("{}:", entry.title));
                text.extend(entry.lines);
            }
            let key = (finding.case.to_string(), finding.check.clone());
            explained.insert(key, text.join("\n"));
        }
    }
    explained
}

fn head(finding: &Finding) -> Vec<String> {
    let mut lines = vec![finding.message.clone()];
    lines.extend(evidence::place(finding).map(|place| format!("stated at {place}")));
    lines.extend(evidence::requirements(finding));
    lines
}

/// What XML 1.0 can hold (section 2.2): the writer takes control characters out, and not these.
fn xml(text: &str) -> String {
    text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}
