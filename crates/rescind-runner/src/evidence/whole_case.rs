//! Everything that was said in a case, in order and timed, with every secret replaced.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use rescind_model::case_evidence::{
    CaseEvidence, EvidentStep, FORMAT, KeptExchange, Party, ProviderNote,
};
use rescind_model::event::{CheckVerdict, Exchange, ExplainedToken};
use rescind_model::secret::SecretScanner;
use rescind_model::{RequirementSet, Target};
use rescind_provider::Entry;
use rescind_provider::journal::Presented;
use rescind_provider::ledger::TokenId;

use super::by_hand::by_hand;
use super::{exchange, exchange_of, explained};
use crate::exchanges::{KeptCall, KeptCase, KeptStep};
use crate::record::{Call, CaseRecord, World};
use crate::target::ApiKeys;

/// What a case's evidence says of the run, and is redacted by.
pub struct Surroundings<'a> {
    /// The requirement set.
    pub set: &'a RequirementSet,
    /// The target.
    pub target: &'a Target,
    /// The seed.
    pub seed: &'a str,
    /// Knows the secrets of all cases.
    pub scanner: &'a SecretScanner,
    /// The target's address, if it is there when the run has ended.
    pub base_url: Option<&'a str>,
    /// The keys that calls carried.
    pub keys: Option<&'a ApiKeys>,
}

impl Surroundings<'_> {
    /// The shell variables that hold the target's keys, by the keys' fingerprints: those that the
    /// target file names, where it does.
    pub(super) fn key_variables(&self) -> BTreeMap<String, String> {
        let Some(keys) = self.keys else {
            return BTreeMap::new();
        };
        let named = |environment: Option<&str>, otherwise: &str| {
            environment.map_or_else(|| otherwise.to_owned(), str::to_owned)
        };
        let target = self.target;
        let other = |key: &Option<rescind_model::target::OtherKey>, otherwise: &str| {
            let environment = key.as_ref().and_then(|key| key.environment.as_ref());
            named(environment.map(|name| name.as_str()), otherwise)
        };
        let main = target.api_key.environment.as_ref();
        let main = named(main.map(|name| name.as_str()), "API_KEY");
        let read_only = other(&target.read_only_api_key, "READ_ONLY_API_KEY");
        let other_project = other(&target.other_project_api_key, "OTHER_PROJECT_API_KEY");
        let headers = keys.headers.iter().filter_map(|(name, value)| {
            let variable = target.headers_from_environment.get(name)?;
            Some((value, variable.get().clone()))
        });
        [
            (Some(&keys.main), main),
            (keys.read_only.as_ref(), read_only),
            (keys.other_project.as_ref(), other_project),
        ]
        .into_iter()
        .filter_map(|(key, variable)| key.map(|key| (key, variable)))
        .chain(headers)
        .map(|(key, variable)| (self.scanner.fingerprint(key.expose()), variable))
        .collect()
    }
}

/// Everything that was kept of a case, for a person or a program to read.
pub fn whole_case(
    record: &CaseRecord,
    kept: &KeptCase,
    checks: Vec<CheckVerdict>,
    around: &Surroundings<'_>,
) -> CaseEvidence {
    CaseEvidence {
        schema: FORMAT.to_owned(),
        scenario: record.id.scenario.clone(),
        profile: record.id.profile.clone(),
        title: record.scenario.title.clone(),
        file: record.scenario.file.path().to_owned(),
        set: around.set.name.clone(),
        target: around.target.name.clone(),
        seed: around.seed.to_owned(),
        harness_error: record
            .harness_error
            .as_ref()
            .map(|error| around.scanner.redact(error)),
        is_incomplete: kept.is_incomplete,
        steps: steps(record, kept, around.scanner),
        exchanges: exchanges(kept, around.scanner),
        checks,
        by_hand: by_hand(record, kept, around),
    }
}

fn steps(record: &CaseRecord, kept: &KeptCase, scanner: &SecretScanner) -> Vec<EvidentStep> {
    let nothing = World::default();
    let mut known = &nothing;
    let mut steps = Vec::new();
    for begun in &kept.steps {
        let Some(stated) = record.scenario.steps.get(begun.index) else {
            continue;
        };
        let (line, text) = text_of(record, begun.index, &stated.span);
        let mut ran = record.steps.iter();
        let ran = ran.find(|step| step.index == begun.index);
        steps.push(EvidentStep {
            step: begun.index + 1,
            verb: stated.verb.word().to_owned(),
            line,
            text,
            offset_ms: milliseconds(begun.offset),
            tokens: ran.map_or_else(Vec::new, |ran| changed(known, &ran.after, scanner)),
        });
        known = ran.map_or(known, |ran| &ran.after);
    }
    steps
}

/// The first line of a step, and what stands there up to the next.
fn text_of(record: &CaseRecord, index: usize, span: &Range<usize>) -> (usize, Vec<String>) {
    let file = &record.scenario.file;
    let first = file.line_of(span.start);
    let next = record.scenario.steps.get(index + 1);
    let end = next.map_or(usize::MAX, |next| file.line_of(next.span.start));
    let lines = file.text().lines().enumerate().skip(first - 1);
    let lines = lines.take_while(|(number, line)| {
        number + 1 < end && (number + 1 == first || !line.starts_with("[ledger"))
    });
    let mut text: Vec<String> = lines.map(|(_, line)| line.to_owned()).collect();
    let is_of_the_next = |line: &String| line.trim().is_empty() || line.starts_with('#');
    while text.pop_if(|line| is_of_the_next(line)).is_some() {}
    (first, text)
}

/// The tokens that stand otherwise than before.
fn changed(before: &World, after: &World, scanner: &SecretScanner) -> Vec<ExplainedToken> {
    let mut changed = Vec::new();
    for (name, account) in &after.accounts {
        let earlier = before.accounts.get(name);
        for token in &account.tokens {
            let was = earlier.and_then(|account| account.token(token.id));
            if was.is_none_or(|was| (was.state, was.death) != (token.state, token.death)) {
                changed.push(explained(name, token, scanner));
            }
        }
    }
    changed
}

/// Calls and requests, in one order: how many requests had taken effect when a call began says
/// between which of them it did.
fn exchanges(kept: &KeptCase, scanner: &SecretScanner) -> Vec<KeptExchange> {
    let tokens = kept.tokens.iter();
    let fingerprints = tokens.map(|(id, token)| (*id, scanner.fingerprint(token.expose())));
    let fingerprints = fingerprints.collect();
    let calls = kept.calls.iter();
    let calls = calls.map(|call| ((call.received, 1), of_call(call, scanner)));
    let entries = kept.entries.iter();
    let entries = entries.map(|entry| {
        (
            (entry.number, 0),
            of_entry(entry, kept, scanner, &fingerprints),
        )
    });
    let mut all: Vec<_> = calls.chain(entries).collect();
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, exchange)| exchange).collect()
}

fn of_call(call: &KeptCall, scanner: &SecretScanner) -> KeptExchange {
    let (exchange, duration) = match &call.ended {
        Some((outcome, elapsed)) => {
            let call = Call {
                sent: call.sent.clone(),
                outcome: outcome.clone(),
                elapsed: *elapsed,
            };
            (exchange(&call, scanner), *elapsed)
        }
        None => {
            let answer = "nobody waited for the answer any more";
            (exchange_of(&call.sent, answer, scanner), Duration::ZERO)
        }
    };
    KeptExchange {
        asked: Party::Target,
        purpose: Some(call.purpose),
        step: call.step + 1,
        offset_ms: milliseconds(call.offset),
        duration_ms: milliseconds(duration),
        exchange,
        provider: None,
    }
}

fn of_entry(
    entry: &Entry,
    kept: &KeptCase,
    scanner: &SecretScanner,
    fingerprints: &BTreeMap<TokenId, String>,
) -> KeptExchange {
    let named = |tokens: &[TokenId]| {
        let known = tokens.iter().filter_map(|token| fingerprints.get(token));
        known.cloned().collect()
    };
    let presented = match entry.presented {
        Presented::Token(token) => fingerprints.get(&token).cloned(),
        _ => None,
    };
    let faults = entry.faults.iter().map(|fault| (*fault).to_owned());
    let departures = entry.departures.iter();
    let departures = departures.map(|departure| departure.describe().to_owned());
    KeptExchange {
        asked: Party::Provider,
        purpose: None,
        step: step_of(entry, &kept.steps),
        offset_ms: entry.came.0.saturating_sub(kept.began.0),
        duration_ms: entry.lasted,
        exchange: Exchange {
            sent: entry.request_lines(scanner),
            received: entry.answer_lines(scanner),
        },
        provider: Some(ProviderNote {
            number: entry.number,
            is_dispatch: entry.is_dispatch(),
            is_acknowledged: entry.acknowledged,
            presented,
            killed: named(&entry.killed),
            minted: named(&entry.minted),
            faults: faults.collect(),
            departures: departures.collect(),
        }),
    }
}

/// The step that was the last to begin before a request took effect, counted from 1.
fn step_of(entry: &Entry, steps: &[KeptStep]) -> usize {
    let mut begun = steps.iter().rev();
    let step = begun.find(|step| step.received < entry.number);
    step.map_or(1, |step| step.index + 1)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
