//! The text for a terminal.

use rescind_model::Verdict;
use rescind_model::source::Colour;
use rescind_report::terminal;

use crate::sample::{self, check_of};

fn position(text: &str, words: &str) -> usize {
    text.find(words)
        .unwrap_or_else(|| panic!("`{words}` is not in\n{text}"))
}

#[test]
fn every_verdict_is_counted_or_explained() {
    let text = terminal::render(&sample::finished(), Colour::Plain);
    for words in [
        "1 passed",
        "1 failed",
        "1 warned",
        "1 not run",
        "1 failed as expected",
        "1 passed unexpectedly",
        "1 not applicable",
        "1 untestable",
        "1 spoiled by the harness",
        "1 requirement excluded",
    ] {
        position(&text, words);
    }
    for verdict in sample::explained() {
        position(&text, &check_of(verdict));
    }
}

#[test]
fn the_gravest_stands_last_and_what_is_known_first() {
    // One finding a step, so that each is a group of its own.
    let mut finished = sample::finished();
    for (step, finding) in finished.findings.iter_mut().enumerate() {
        finding.step = Some(step);
    }
    let text = terminal::render(&finished, Colour::Plain);
    let order = [
        Verdict::ExpectedFail,
        Verdict::Warn,
        Verdict::HarnessError,
        Verdict::UnexpectedPass,
        Verdict::Fail,
    ];
    let places = order.map(|verdict| position(&text, &check_of(verdict)));
    assert!(places.is_sorted(), "{places:?}\n{text}");
    assert!(position(&text, "1 failed") > places[4], "the counts end it");
}

#[test]
fn without_colour_there_is_no_escape_and_lines_are_aligned() {
    let finished = sample::clean();
    let plain = terminal::render(&finished, Colour::Plain);
    assert!(!plain.contains('\u{1b}'));
    assert!(plain.lines().all(|line| line.trim_end() == line));
    assert!(terminal::render(&finished, Colour::Styled).contains('\u{1b}'));
    let mut rows = sample::finished().report;
    rows.requirements[1].id = "CA-A-LONG-NAME".to_owned();
    let text = terminal::render(
        &rescind_model::event::RunFinished {
            report: rows,
            findings: Vec::new(),
        },
        Colour::Plain,
    );
    let columns: Vec<usize> = text
        .lines()
        .filter_map(|line| line.find("  MUST"))
        .collect();
    assert_eq!(columns.len(), 3);
    assert!(columns.iter().all(|column| *column == columns[0]));
}

#[test]
fn a_finding_says_how_to_see_it_again() {
    let text = terminal::render(&sample::finished(), Colour::Plain);
    position(
        &text,
        "to see it again, with the same target: `rescind replay 'own/a,b:c%|d@slack' --set connected-accounts-2026-05-12 --seed seed`",
    );
}
