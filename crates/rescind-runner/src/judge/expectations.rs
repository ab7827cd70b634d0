//! What the scenario states, held against what happened.

use std::collections::BTreeSet;
use std::ops::Range;

use rescind_model::event::Place;
use rescind_model::scenario::{Expectation, ExpectedTokenState, Step};
use rescind_model::source::Located;
use rescind_model::{Scenario, Subject, TokenState};

use super::view::{Listed, StepView, names};
use super::{Sheet, Violation};
use crate::record::{CaseRecord, ReadStatus};

/// One stated value, held against the actual one.
struct Comparison {
    check: &'static str,
    span: Range<usize>,
    expected: String,
    /// The actual value, if it is another.
    differs: Option<String>,
}

/// Judges the outcomes that a step states. One that matches as a whole satisfies it; else the
/// nearest is held against what happened.
pub(super) fn judge_step(view: &StepView<'_>, sheet: &mut Sheet<'_>) {
    let step = &view.step.step;
    let compared: Vec<Vec<Comparison>> = step
        .outcomes
        .iter()
        .map(|outcome| compare(view, outcome))
        .collect();
    let nearest = compared.into_iter().min_by_key(|comparisons| {
        comparisons
            .iter()
            .filter(|comparison| comparison.differs.is_some())
            .count()
    });
    let alternatives = step.outcomes.len();
    for comparison in nearest.into_iter().flatten() {
        let violation = comparison.differs.map(|actual| Violation {
            message: if alternatives > 1 {
                format!("none of the {alternatives} allowed outcomes came about; the nearest has {}, where it is {actual}", comparison.expected)
            } else {
                format!("{} is expected; it is {actual}", comparison.expected)
            },
            place: Some(Place { file: view.record.scenario.file.clone(), span: comparison.span, label: format!("it is {actual}") }),
        });
        sheet.expectation(
            comparison.check,
            rows(&view.record.scenario, step),
            violation,
        );
    }
}

/// The rows that a step's outcome judges: its own, else the scenario's.
fn rows(scenario: &Scenario, step: &Step) -> Vec<String> {
    let rows = if step.requirements.is_empty() {
        &scenario.requirements
    } else {
        &step.requirements
    };
    rows.iter().map(|row| row.get().clone()).collect()
}

fn compare(view: &StepView<'_>, outcome: &Expectation) -> Vec<Comparison> {
    let mut comparisons = Vec::new();
    if let Some(status) = &outcome.status {
        let actual = view.status();
        comparisons.push(Comparison {
            check: "expect-status",
            span: status.span(),
            expected: format!("status {}", **status),
            differs: (!view.says(**status)).then(|| {
                actual.map_or_else(|| "no answer".to_owned(), |actual| actual.to_string())
            }),
        });
    }
    if let Some(expected) = &outcome.revoked_tokens {
        comparisons.push(compare_list(view, expected));
    }
    if let Some(expected) = &outcome.account_status {
        let actual = status_after(view);
        comparisons.push(Comparison {
            check: "expect-account-status",
            span: expected.span(),
            expected: format!("account status {}", **expected),
            differs: (actual != ReadStatus::Known(**expected)).then(|| actual.to_string()),
        });
    }
    if let Some(expected) = &outcome.dispatches {
        let actual = dispatches(view);
        comparisons.push(Comparison {
            check: "expect-dispatches",
            span: expected.span(),
            expected: format!("{} dispatches", **expected),
            // How many came of a call that never ended is a matter of speed.
            differs: (actual != **expected).then(|| {
                if actual > 10 {
                    "more than 10".to_owned()
                } else {
                    actual.to_string()
                }
            }),
        });
    }
    comparisons
}

/// What a read says after the step; if its calls overlapped with others, when all of them had ended.
fn status_after(view: &StepView<'_>) -> ReadStatus {
    let verb = &view.step.step.verb;
    let (mut after, mut said) = (&view.step.after, None);
    if let Some(overlap) = view.record.overlap_at(view.step.index) {
        let mut calls = overlap.calls.iter();
        let own = calls.find(|call| call.step == view.step.index);
        said = own.and_then(|call| call.status.clone());
        let mut steps = view.record.steps.iter();
        let last = steps.find(|step| step.index == overlap.last);
        after = last.map_or(after, |last| &last.after);
    }
    let account = verb.account().map_or("", |account| account.as_str());
    let account = after.accounts.get(account);
    let read = account.map_or(ReadStatus::Missing, |account| account.status.clone());
    said.unwrap_or(read)
}

/// How many dispatches came during the step, or during all those that overlapped with it.
fn dispatches(view: &StepView<'_>) -> usize {
    let overlap = view.record.overlap_at(view.step.index);
    let last = overlap.map_or(view.step.index, |overlap| overlap.last);
    let mut steps = view.record.steps.iter();
    let step = steps.find(|step| step.index == last).unwrap_or(view.step);
    step.entries
        .iter()
        .filter(|entry| entry.is_dispatch())
        .count()
}

fn compare_list(view: &StepView<'_>, expected: &Located<Vec<Subject>>) -> Comparison {
    let wanted: BTreeSet<Subject> = expected.iter().copied().collect();
    let differs = match view.listed() {
        Listed::None => Some("no list".to_owned()),
        Listed::Subjects(listed) => {
            let actual: BTreeSet<Subject> = listed.into_iter().collect();
            (actual != wanted).then(|| names(&actual))
        }
    };
    Comparison {
        check: "expect-revoked-tokens",
        span: expected.span(),
        expected: names(&wanted),
        differs,
    }
}

/// Judges the ledger at the end of a scenario.
pub(super) fn judge_ledger(record: &CaseRecord, sheet: &mut Sheet<'_>) {
    let Some(end) = record.steps.last().map(|step| &step.after) else {
        return;
    };
    let rows: Vec<String> = record
        .scenario
        .requirements
        .iter()
        .map(|row| row.get().clone())
        .collect();
    for (name, expected) in &record.scenario.ledger {
        let Some(account) = end.accounts.get(name) else {
            continue;
        };
        for (subject, expected) in [
            (Subject::AccessToken, &expected.access_token),
            (Subject::RefreshToken, &expected.refresh_token),
        ] {
            let actual = account.state(subject);
            let violation = (!fits(**expected, actual)).then(|| Violation {
                message: format!(
                    "at the end the {subject} of `{name}` should be {}; it is {actual}",
                    word(**expected)
                ),
                place: Some(Place {
                    file: record.scenario.file.clone(),
                    span: expected.span(),
                    label: format!("it is {actual}"),
                }),
            });
            sheet.expectation("expect-ledger", rows.clone(), violation);
        }
    }
}

const fn fits(expected: ExpectedTokenState, actual: TokenState) -> bool {
    match expected {
        ExpectedTokenState::Any => true,
        ExpectedTokenState::Alive => matches!(actual, TokenState::Alive),
        ExpectedTokenState::Expired => matches!(actual, TokenState::Expired),
        ExpectedTokenState::Dead => matches!(actual, TokenState::Dead),
        ExpectedTokenState::Gone => matches!(actual, TokenState::Dead | TokenState::Expired),
        ExpectedTokenState::Absent => matches!(actual, TokenState::Absent),
    }
}

const fn word(expected: ExpectedTokenState) -> &'static str {
    match expected {
        ExpectedTokenState::Alive => "alive",
        ExpectedTokenState::Expired => "expired",
        ExpectedTokenState::Dead => "dead",
        ExpectedTokenState::Gone => "dead or expired",
        ExpectedTokenState::Absent => "absent",
        ExpectedTokenState::Any => "in any state",
    }
}
