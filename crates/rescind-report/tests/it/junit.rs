//! JUnit, read by a parser of its own.

use std::collections::BTreeMap;

use junit_parser::{TestCase, TestStatus, TestSuites};
use rescind_model::Verdict;
use rescind_model::event::RunFinished;
use rescind_report::junit;

use crate::sample::{self, SCENARIO, check_of, message_of};

fn read(finished: &RunFinished) -> TestSuites {
    let text = junit::render(finished).expect("a report");
    junit_parser::from_reader(text.as_bytes()).expect("JUnit's XML")
}

fn tests(suites: &TestSuites) -> BTreeMap<&str, &TestCase> {
    let tests = suites.suites.iter().flat_map(|suite| &suite.cases);
    tests
        .map(|test| (test.original_name.as_str(), test))
        .collect()
}

/// The element that a test case has, its type and its message.
fn status(test: &TestCase) -> (&str, &str, &str) {
    match &test.status {
        TestStatus::Success => ("passed", "", ""),
        TestStatus::Failure(failure) => ("failure", &failure.failure_type, &failure.message),
        TestStatus::Error(error) => ("error", &error.error_type, &error.message),
        TestStatus::Skipped(skipped) => ("skipped", &skipped.skipped_type, &skipped.message),
    }
}

#[test]
fn every_verdict_of_a_check_has_its_element() {
    let suites = read(&sample::finished());
    let tests = tests(&suites);
    for verdict in sample::of_checks() {
        let name = check_of(verdict);
        let test = tests[name.as_str()];
        assert_eq!(test.classname, Some(format!("{SCENARIO}@slack")));
        let element = match verdict {
            Verdict::Pass | Verdict::Warn => "passed",
            Verdict::Fail | Verdict::UnexpectedPass => "failure",
            Verdict::NotRun | Verdict::Untestable | Verdict::HarnessError => "error",
            _ => "skipped",
        };
        let (actual, kind, message) = status(test);
        assert_eq!(actual, element, "{verdict}");
        if element != "passed" {
            assert_eq!(kind, verdict.as_str());
            // A parser makes a space of a line break in an attribute.
            let expected = message_of(verdict).replace('\n', " ");
            assert_eq!(message.replace('\n', " "), expected);
        }
    }
}

#[test]
fn texts_are_read_back_as_they_were() {
    // The other parser leaves entities out of texts.
    let xml = junit::render(&sample::finished()).expect("a report");
    let report = quick_junit::Report::deserialize_from_str(&xml).expect("JUnit's XML");
    let name = check_of(Verdict::Warn);
    let test = report
        .test_suites
        .iter()
        .flat_map(|suite| &suite.test_cases)
        .find(|test| test.name.as_str() == name)
        .expect("the warning");
    let said = test.system_out.as_ref().expect("what it says").as_str();
    let expected = format!("warn: {}", message_of(Verdict::Warn));
    assert!(said.starts_with(&expected), "{said}");
}

#[test]
fn counts_are_those_of_the_elements() {
    let suites = read(&sample::finished());
    assert_eq!(suites.suites.len(), 2);
    let counts = |wanted: &str| {
        let tests = suites.suites.iter().flat_map(|suite| &suite.cases);
        tests.filter(|test| status(test).0 == wanted).count() as u64
    };
    assert_eq!(suites.failures, counts("failure"));
    assert_eq!(suites.errors, counts("error"));
    assert_eq!(suites.skipped, counts("skipped"));
    assert_eq!(suites.failures, 2);
    let all: usize = suites.suites.iter().map(|suite| suite.cases.len()).sum();
    assert_eq!(suites.tests, all as u64);
}

#[test]
fn rows_that_nothing_judges_are_there_too() {
    let suites = read(&sample::finished());
    let tests = tests(&suites);
    assert_eq!(
        status(tests["CA-CRASH"]),
        ("skipped", "excluded", "not | yet")
    );
    assert_eq!(status(tests["CA-AUTH"]).0, "error");
    assert!(!tests.contains_key("CA-ROUTE"), "its checks are there");
}

#[test]
fn one_of_a_step_carries_the_evidence_and_the_others_name_it() {
    let suites = read(&sample::finished());
    let texts: Vec<&str> = suites
        .suites
        .iter()
        .flat_map(|suite| &suite.cases)
        .filter_map(|test| match &test.status {
            TestStatus::Failure(failure) => Some(failure.text.as_str()),
            TestStatus::Error(error) => Some(error.text.as_str()),
            TestStatus::Skipped(skipped) => Some(skipped.text.as_str()),
            TestStatus::Success => test.system_out.as_deref(),
        })
        .collect();
    let with = |words: &str| texts.iter().filter(|text| text.contains(words)).count();
    let evidence = "POST /oauth2/revoke";
    assert_eq!(with(evidence), 1);
    let fail = tests(&suites)[check_of(Verdict::Fail).as_str()];
    assert!(fail.status.failure_as_ref().text.contains(evidence));
    assert_eq!(with("evidence: beside `"), sample::explained().count() - 1);
    assert_eq!(
        with("stated at scenarios/own/a,b:c%.toml:3"),
        sample::explained().count()
    );
}

#[test]
fn a_run_without_a_judgement_and_an_interrupted_one_are_errors() {
    let mut nothing = sample::clean();
    nothing.report.checks.clear();
    nothing.report.summary.pass = 0;
    let mut interrupted = sample::clean();
    interrupted.report.run.interrupted = true;
    for finished in [nothing, interrupted] {
        assert_eq!(read(&finished).errors, 1);
    }
    assert_eq!(read(&sample::clean()).errors, 0);
}
