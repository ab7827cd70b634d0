//! What happened in a case, as a text that is the same in every run in which the same happened:
//! what a snapshot holds. Pure.
//!
//! A token stands in it by name: `access#1` is the first access token of its account. Times, ids,
//! addresses and seeds do not stand in it, nor any text of the target's or the provider's.

mod lines;

use rescind_model::scenario::Verb;
use rescind_model::{AccountStatus, Target};
use rescind_provider::Entry;

use crate::record::overlaps::Overlap;
use crate::record::{AccountWorld, CaseRecord, ReadStatus, StepRecord, World};

/// The transcript of a case. `target` says where a revoke's answer lists what it revoked, and in which words.
pub fn transcript(record: &CaseRecord, target: &Target) -> String {
    let mut blocks = vec![format!(
        "title: {}\nprofile: {}",
        record.scenario.title, record.id.profile
    )];
    let nothing = World::default();
    let mut known = &nothing;
    for step in &record.steps {
        blocks.push(step_block(record, step, known, target));
        known = &step.after;
    }
    blocks.extend(unasked_block(record));
    blocks.push(ledger_block(known));
    // No line is made of what could hold a secret; this is the second lock on that door.
    record.scanner.redact(&(blocks.join("\n\n") + "\n"))
}

/// A step: what was done, what was answered, what it did to accounts, upstream and to tokens.
/// `known` is how the tokens stood after the step before.
fn step_block(record: &CaseRecord, step: &StepRecord, known: &World, target: &Target) -> String {
    let mut block = vec![format!(
        "step {}: {}",
        step.index + 1,
        deed(&step.step.verb)
    )];
    if let Some(call) = &step.call {
        let is_certain = !follows_a_crash(record, step);
        block.extend(lines::answer(call, &step.step.verb, target, is_certain));
    }
    block.extend(statuses(record, step));
    block.extend(upstream(record, &step.entries));
    for (name, account) in &step.after.accounts {
        block.extend(fates(name, account, known.accounts.get(name)));
    }
    block.join("\n  ")
}

/// Whether a call overlaps with what a target may finish by itself after a crash: which of the two
/// kills is chance, and so is what the call lists.
fn follows_a_crash(record: &CaseRecord, step: &StepRecord) -> bool {
    let overlap = record.overlap_at(step.index);
    let restart = overlap.and_then(Overlap::last_restart);
    restart.is_some_and(|restart| restart < step.index)
}

/// The verb and the account that it is about.
fn deed(verb: &Verb) -> String {
    match verb {
        Verb::Start(named) | Verb::Finish(named) | Verb::GiveUp(named) => {
            return format!("{} `{}`: {}", verb.word(), *named.name, deed(&named.verb));
        }
        Verb::Hold(hold) => return format!("hold at gate `{}`", *hold.name),
        Verb::Release(name) => return format!("release gate `{}`", **name),
        Verb::WaitUntil(awaited) => return lines::awaited(awaited),
        _ => {}
    }
    if let Verb::Revoke(revoke) = verb
        && revoke.account.is_none()
    {
        let whom = if revoke.unknown_like.is_some() {
            "nobody's account"
        } else {
            "an id that the scenario writes out"
        };
        return format!("revoke {whom}");
    }
    match verb.account() {
        Some(account) => format!("{} `{}`", verb.word(), **account),
        None => verb.word().to_owned(),
    }
}

/// What reads said after the step, of its account and of every other whose status changed. Where
/// calls overlap, that is known when the last of them has ended; a read among them is told what it
/// was told.
fn statuses(record: &CaseRecord, step: &StepRecord) -> Vec<String> {
    let about = step.step.verb.account().map(|account| account.as_str());
    if let Some(overlap) = record.overlap_at(step.index) {
        let mut calls = overlap.calls.iter();
        let own = calls.find(|call| call.step == step.index);
        let said = own.and_then(|call| call.status.as_ref());
        let said =
            said.map(|said| format!("said of `{}`: {}", about.unwrap_or_default(), status(said)));
        let mut lines: Vec<String> = said.into_iter().collect();
        if step.index == overlap.last {
            let about = overlap.calls.iter().filter_map(|call| call.verb.account());
            let about: Vec<&str> = about.map(|account| account.as_str()).collect();
            lines.extend(changes(step, |name| about.contains(&name)));
        }
        return lines;
    }
    if step.call.is_some() || matches!(step.step.verb, Verb::Connect(_)) {
        changes(step, |name| about == Some(name))
    } else {
        Vec::new()
    }
}

/// The status of every account that the step is about, or whose status it changed.
fn changes(step: &StepRecord, is_concerned: impl Fn(&str) -> bool) -> Vec<String> {
    let accounts = step.after.accounts.iter();
    accounts
        .filter_map(|(name, account)| {
            let now = status(&account.status);
            let before = step.before.accounts.get(name);
            let before = before.map(|account| status(&account.status));
            match before {
                Some(before) if before != now => {
                    Some(format!("status of `{name}`: {before} → {now}"))
                }
                _ => is_concerned(name).then(|| format!("status of `{name}`: {now}")),
            }
        })
        .collect()
}

const fn status(status: &ReadStatus) -> &'static str {
    match status {
        ReadStatus::Known(status) => AccountStatus::as_str(*status),
        ReadStatus::Missing => "no such account",
        // Why is told by the target's own words, or by those of this machine's network.
        ReadStatus::Unreadable(_) => "not readable",
    }
}

/// The requests to the provider. Dispatches that follow one another are sorted: which of them
/// goes first has no meaning. Anything between them, as a refresh, may be what the later ones
/// rest on.
fn upstream(record: &CaseRecord, entries: &[Entry]) -> Vec<String> {
    entries
        .chunk_by(|left, right| left.is_dispatch() && right.is_dispatch())
        .flat_map(|run| {
            let mut run: Vec<String> = run
                .iter()
                .map(|entry| lines::entry(record, entry))
                .collect();
            run.sort();
            run
        })
        .collect()
}

/// The tokens of an account that the step brought into being, or that stand otherwise than before.
fn fates(name: &str, now: &AccountWorld, before: Option<&AccountWorld>) -> Vec<String> {
    let mut tokens: Vec<_> = now.tokens.iter().collect();
    tokens.sort_by_key(|token| token.id);
    tokens
        .into_iter()
        .filter_map(|token| {
            let state = lines::fate(token);
            let earlier = before.and_then(|account| {
                let mut tokens = account.tokens.iter();
                tokens.find(|earlier| earlier.id == token.id)
            });
            let token = lines::token_of(token.id, name);
            match earlier.map(lines::fate) {
                None => Some(format!("{token}: {state}")),
                Some(earlier) if earlier != state => Some(format!("{token}: {earlier} → {state}")),
                Some(_) => None,
            }
        })
        .collect()
}

/// Dispatches that came while no call was under way. When they come is a matter of chance, so
/// they stand together and sorted.
fn unasked_block(record: &CaseRecord) -> Option<String> {
    let strays = record.steps.iter().flat_map(|step| &step.strays);
    let mut lines: Vec<String> = strays
        .chain(&record.late)
        .map(|entry| lines::entry(record, entry))
        .collect();
    if lines.is_empty() {
        return None;
    }
    lines.sort();
    lines.insert(0, "while no call was under way".to_owned());
    Some(lines.join("\n  "))
}

/// How every token stands at the end.
fn ledger_block(world: &World) -> String {
    let mut block = vec!["ledger".to_owned()];
    for (name, account) in &world.accounts {
        block.extend(fates(name, account, None));
    }
    block.join("\n  ")
}
