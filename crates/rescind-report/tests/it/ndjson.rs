//! The events, held against the committed schema.

use std::path::Path;

use rescind_model::Verdict;
use rescind_model::event_line::EventLine;
use rescind_report::{json, ndjson};
use serde_json::Value;

use crate::sample;

fn schema(name: &str) -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../schemas")
        .join(format!("{name}.schema.json"));
    let text = std::fs::read_to_string(path).expect("the schema is there");
    let schema = serde_json::from_str(&text).expect("it is JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("it is a schema");
    jsonschema::validator_for(&schema).expect("it is a schema that can be used")
}

fn lines() -> Vec<Value> {
    let text = ndjson::render(&sample::events()).expect("events are JSON");
    assert!(text.ends_with('\n'));
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .collect()
}

fn kinds(lines: &[Value]) -> Vec<&str> {
    let mut kinds: Vec<&str> = lines
        .iter()
        .map(|line| line["event"].as_str().expect("a kind"))
        .collect();
    kinds.dedup();
    kinds
}

#[test]
fn every_line_is_as_the_schema_says() {
    let schema = schema("event");
    let lines = lines();
    for line in &lines {
        let mistakes: Vec<String> = schema
            .iter_errors(line)
            .map(|error| error.to_string())
            .collect();
        assert!(mistakes.is_empty(), "{line}: {mistakes:?}");
    }
    let order = [
        "run_started",
        "case_finished",
        "check",
        "finding",
        "requirement",
        "run_finished",
    ];
    assert_eq!(kinds(&lines), order);
    let spoiled = serde_json::json!({"event": "check", "verdict": "great"});
    assert!(!schema.is_valid(&spoiled), "the schema forbids something");
}

#[test]
fn a_line_is_read_back_as_it_was() {
    for line in lines() {
        let event: EventLine = serde_json::from_value(line.clone()).expect("an event");
        assert_eq!(serde_json::to_value(&event).expect("JSON"), line);
    }
}

#[test]
fn every_verdict_of_a_check_has_its_lines() {
    let lines = lines();
    for verdict in sample::of_checks() {
        let of = |kind: &str| {
            let id = sample::check_of(verdict);
            lines
                .iter()
                .filter(|line| {
                    line["event"] == kind
                        && line["verdict"] == verdict.as_str()
                        && (line["id"] == id.as_str() || line["check"] == id.as_str())
                })
                .count()
        };
        let explained = usize::from(verdict > Verdict::Pass);
        assert_eq!((of("check"), of("finding")), (1, explained), "{verdict}");
    }
    let excluded = lines
        .iter()
        .find(|line| line["event"] == "requirement" && line["verdict"] == "excluded");
    assert_eq!(excluded.expect("a line")["reason"], "not | yet");
}

#[test]
fn the_json_report_is_as_its_schema_says() {
    let finished = sample::finished();
    let text = json::render(&finished.report).expect("a report is JSON");
    let value: Value = serde_json::from_str(&text).expect("JSON");
    assert!(schema("report").is_valid(&value));
    for verdict in sample::of_checks() {
        let is_it = |check: &&Value| check["verdict"] == verdict.as_str();
        let checks = value["checks"].as_array().expect("checks");
        assert_eq!(checks.iter().filter(is_it).count(), 1, "{verdict}");
        assert_eq!(value["summary"][verdict.as_str()], 1, "{verdict}");
    }
}
