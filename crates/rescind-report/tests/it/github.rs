//! Annotations, read as GitHub documents that its runner does.

use std::collections::BTreeMap;

use rescind_model::Verdict;
use rescind_report::github;

use crate::sample::{self, SCENARIO, check_of, message_of};

/// A workflow command.
struct Command {
    name: String,
    properties: BTreeMap<String, String>,
    message: String,
}

/// Reads `::name key=value,key=value::message` and takes the escapes back, the percent sign's last.
fn read(line: &str) -> Command {
    let rest = line.strip_prefix("::").expect("a command");
    let (head, message) = rest.split_once("::").expect("an end of its head");
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let data = |text: &str| {
        let text = text.replace("%0D", "\r").replace("%0A", "\n");
        text.replace("%25", "%")
    };
    let property = |text: &str| data(&text.replace("%3A", ":").replace("%2C", ","));
    let properties = properties
        .split(',')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), property(value)))
        .collect();
    Command {
        name: name.to_owned(),
        properties,
        message: data(message),
    }
}

#[test]
fn every_explained_verdict_has_an_annotation_at_its_line() {
    let text = github::annotations(&sample::finished());
    let commands: Vec<Command> = text.lines().map(read).collect();
    for verdict in sample::explained() {
        let title = format!(
            "{}: {} at {SCENARIO}@slack",
            verdict.as_str().replace('_', " "),
            check_of(verdict)
        );
        let its = |command: &&Command| command.properties.get("title") == Some(&title);
        let command = commands.iter().find(its).expect("an annotation");
        let kind = match verdict {
            Verdict::Warn => "warning",
            Verdict::ExpectedFail => "notice",
            _ => "error",
        };
        assert_eq!(command.name, kind, "{verdict}");
        assert_eq!(command.properties["file"], "scenarios/own/a,b:c%.toml");
        assert_eq!(command.properties["line"], "3");
        let said = message_of(verdict);
        assert!(command.message.starts_with(&said), "{}", command.message);
        assert!(command.message.contains("CA-ROUTE (MUST): "));
    }
    // And one for the row that is not judged; for what passes there is none.
    assert_eq!(commands.len(), sample::explained().count() + 1);
    let last = commands.last().expect("the row");
    assert_eq!(last.properties["title"], "CA-AUTH is not judged");
}

#[test]
fn the_gravest_comes_first() {
    let text = github::annotations(&sample::finished());
    let first = text.lines().next().map(read).expect("a line");
    assert!(first.properties["title"].starts_with("fail: "));
}

#[test]
fn a_clean_run_has_none_and_an_interrupted_one_says_so() {
    let mut finished = sample::clean();
    assert_eq!(github::annotations(&finished), "");
    finished.report.run.interrupted = true;
    let text = github::annotations(&finished);
    let command = text.lines().next().map(read).expect("a line");
    assert_eq!(command.name, "error");
    assert!(command.message.starts_with("interrupted: "));
}

#[test]
fn evidence_stands_where_no_command_is_read() {
    assert_eq!(
        github::shielded("  ::error::not ours\n", "word"),
        "::stop-commands::word\n  ::error::not ours\n::word::\n"
    );
}
