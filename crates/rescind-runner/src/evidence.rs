//! What explains a finding: the scenario's line, the requirement, both sides' exchanges, the
//! tokens, and a line for a shell. Everything goes through a scanner that knows the secrets of all
//! cases, so that none leaves.

mod by_hand;
mod shell;
mod whole_case;

use rescind_model::RequirementSet;
use rescind_model::event::{
    CaseId, Exchange, ExplainedRequirement, ExplainedToken, Finding, Place,
};
use rescind_model::secret::SecretScanner;
use rescind_provider::Entry;
use rescind_provider::ledger::TokenView;

use crate::record::{Call, CallOutcome, CaseRecord, Sent, StepRecord};
use crate::verdicts::CheckOutcome;

pub use whole_case::{Surroundings, whole_case};

/// How much of an answer's body is shown, in characters.
const SHOWN_BODY: usize = 2000;

/// Explains a check that does not hold.
pub fn explain(
    record: &CaseRecord,
    outcome: &CheckOutcome,
    set: &RequirementSet,
    scanner: &SecretScanner,
    base_url: Option<&str>,
) -> Finding {
    let (step_index, violation) = match &outcome.first_violation {
        Some((index, violation)) => (*index, Some(violation)),
        None => (None, None),
    };
    // What is judged of the case as a whole shows its last call.
    let step = step_index.map_or_else(
        || record.steps.iter().rev().find(|step| step.call.is_some()),
        |index| record.steps.iter().find(|step| step.index == index),
    );
    let call = step.and_then(|step| step.call.as_ref());
    Finding {
        case: record.id.clone(),
        step: step.map(|step| step.index),
        check: outcome.verdict.id.clone(),
        verdict: outcome.verdict.verdict,
        message: outcome.verdict.message.clone(),
        place: violation
            .and_then(|violation| violation.place.clone())
            .or_else(|| step.map(|step| step_place(record, step))),
        requirements: requirements(outcome, set),
        exchange: call.map(|call| exchange(call, scanner)),
        provider_saw: step
            .map(|step| with_entries(record, step))
            .map(|step| provider_saw(record, step, scanner))
            .unwrap_or_default(),
        tokens: step.map(|step| tokens(step, scanner)).unwrap_or_default(),
        curl: call.map(|call| shell::of_finding(&call.sent, scanner, base_url)),
        difference: Vec::new(),
        deviation: None,
    }
}

/// Explains why a case was not run: there is nothing to show beside what is said of it.
pub fn of_left_out(case: &CaseId, outcome: &CheckOutcome, set: &RequirementSet) -> Finding {
    Finding {
        case: case.clone(),
        step: None,
        check: outcome.verdict.id.clone(),
        verdict: outcome.verdict.verdict,
        message: outcome.verdict.message.clone(),
        place: None,
        requirements: requirements(outcome, set),
        exchange: None,
        provider_saw: Vec::new(),
        tokens: Vec::new(),
        curl: None,
        difference: Vec::new(),
        deviation: None,
    }
}

/// The step that has what the provider saw: of calls that overlap, the last.
fn with_entries<'a>(record: &'a CaseRecord, step: &'a StepRecord) -> &'a StepRecord {
    let overlap = record.overlap_at(step.index);
    let mut steps = record.steps.iter();
    let last = overlap.and_then(|overlap| steps.find(|step| step.index == overlap.last));
    last.unwrap_or(step)
}

/// The first line of the step's table: where the scenario says what was done.
fn step_place(record: &CaseRecord, step: &StepRecord) -> Place {
    Place {
        file: record.scenario.file.clone(),
        span: step.step.span.clone(),
        label: "in this step".to_owned(),
    }
}

fn requirements(outcome: &CheckOutcome, set: &RequirementSet) -> Vec<ExplainedRequirement> {
    outcome
        .rows
        .iter()
        .filter_map(|(id, level)| {
            set.row(id).map(|row| ExplainedRequirement {
                id: id.clone(),
                level: *level,
                text: row.text.clone(),
                source: row.source.clone().unwrap_or_else(|| set.source.clone()),
            })
        })
        .collect()
}

fn exchange(call: &Call, scanner: &SecretScanner) -> Exchange {
    let answer = match &call.outcome {
        CallOutcome::Answered(answered) => shortened(&answered.text()),
        CallOutcome::Failed(failure) => failure.to_string(),
    };
    exchange_of(&call.sent, &answer, scanner)
}

fn exchange_of(sent: &Sent, answer: &str, scanner: &SecretScanner) -> Exchange {
    let mut request = format!("{} {}", sent.method, sent.path);
    for (name, value) in &sent.headers {
        request.extend(["\n", name, ": ", value]);
    }
    if let Some(body) = &sent.body {
        request.extend(["\n\n", body]);
    }
    Exchange {
        sent: lines(&scanner.redact_message(&request)),
        received: lines(&scanner.redact_message(answer)),
    }
}

fn provider_saw(record: &CaseRecord, step: &StepRecord, scanner: &SecretScanner) -> Vec<String> {
    let late = record
        .steps
        .last()
        .is_some_and(|last| last.index == step.index)
        .then_some(&record.late);
    let entries: Vec<&Entry> = step
        .entries
        .iter()
        .chain(&step.strays)
        .chain(late.into_iter().flatten())
        .collect();
    // A call that never stops dispatching would fill the screen.
    let mut seen: Vec<String> = entries
        .iter()
        .take(10)
        .flat_map(|entry| entry_lines(entry, scanner))
        .collect();
    if entries.len() > 10 {
        seen.push(format!("… and {} more requests", entries.len() - 10));
    }
    seen
}

fn entry_lines(entry: &Entry, scanner: &SecretScanner) -> Vec<String> {
    let mut lines: Vec<String> = entry
        .request_lines(scanner)
        .into_iter()
        .filter(|line| !line.is_empty())
        .collect();
    let acknowledged = if entry.acknowledged {
        "acknowledged"
    } else {
        "not acknowledged"
    };
    let mut verdict = format!("→ {} ({acknowledged})", entry.answer_in_words());
    for departure in &entry.departures {
        verdict.extend(["; ", departure.describe()]);
    }
    lines.push(verdict);
    // What was answered, but for the status, which stands there, and for headers that say nothing
    // of tokens.
    let answer = entry.answer_lines(scanner).into_iter().skip(1);
    let body = answer.skip_while(|line| !line.is_empty());
    lines.extend(
        body.filter(|line| !line.is_empty())
            .map(|line| format!("  {line}")),
    );
    lines
}

fn tokens(step: &StepRecord, scanner: &SecretScanner) -> Vec<ExplainedToken> {
    let accounts = step.after.accounts.iter();
    accounts
        .flat_map(|(name, account)| {
            let tokens = account.tokens.iter();
            tokens.map(|token| explained(name, token, scanner))
        })
        .collect()
}

fn explained(account: &str, token: &TokenView, scanner: &SecretScanner) -> ExplainedToken {
    ExplainedToken {
        account: account.to_owned(),
        kind: token.id.subject.to_string(),
        fingerprint: scanner.fingerprint(&token.text),
        state: token.state,
        cause: token.death.map(|death| death.cause.to_string()),
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN_BODY) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}
