//! What a client that repeats a refused call does not do any harm with (set 2026-09).

use std::collections::BTreeSet;

use rescind_model::scenario::{Key, Verb};
use rescind_provider::journal::Presented;
use rescind_provider::ledger::TokenId;

use super::Sheet;
use super::hearing;
use super::view::{RevokeView, StepView};
use crate::record::{Answered, StepRecord};

/// The header that keeps the published clients from repeating a call.
const HEADER: &str = "x-should-retry";

/// CA-CLIENT-RETRY: a 409 or 500 tells clients not to repeat the call, or a call that was repeated
/// at once does no harm.
pub(super) fn judge(view: &StepView<'_>, sheet: &mut Sheet<'_>) {
    let Some(revoke) = view.ordinary_revoke() else {
        return;
    };
    if asks_for_no_retry(view) {
        sheet.check("retry-is-harmless", true, String::new);
    }
    let Some(previous) = repeated(view) else {
        return;
    };
    let previous = StepView::new(view.record, previous, view.target, view.set);
    let Some(first) = previous.ordinary_revoke() else {
        return;
    };
    if asks_for_no_retry(&previous) {
        return;
    }
    let first_says = |contract| first.view.says(contract);
    // One that another call stood in the way of, or that ran into another refusal, is none.
    let harm = if first_says(409) && first.is_in_no_state_for_it() && is_let_through(view) {
        Some("the call that was refused with 409 was let through when it was repeated")
    } else if first_says(500) && kills_twice(&first, &revoke) {
        Some("what had been killed was dispatched again")
    } else {
        None
    };
    sheet.check("retry-is-harmless", harm.is_none(), || {
        format!("a 409 or 500 should say `{HEADER}: false`, or its repetition do no harm; it does not say so, and {}", harm.unwrap_or_default())
    });
}

/// The step before this one, if this one repeats its call and it was answered 409 or 500.
fn repeated<'a>(view: &StepView<'a>) -> Option<&'a StepRecord> {
    let index = view.step.index.checked_sub(1)?;
    let previous = view.record.steps.iter().find(|step| step.index == index)?;
    let (Verb::Revoke(first), Verb::Revoke(second)) = (&previous.step.verb, &view.step.step.verb)
    else {
        return None;
    };
    let account = |named: &Option<rescind_model::source::Located<String>>| {
        named.as_ref().map(|name| name.get().clone())
    };
    let same = account(&first.account) == account(&second.account) && first.key == Key::Right;
    let of_previous = StepView::new(view.record, previous, view.target, view.set);
    (same && of_previous.says_one_of(&[409, 500])).then_some(previous)
}

fn asks_for_no_retry(view: &StepView<'_>) -> bool {
    view.answered().is_some_and(|answered| {
        view.says_one_of(&[409, 500])
            && answered
                .headers
                .get(HEADER)
                .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"false"))
    })
}

fn is_let_through(view: &StepView<'_>) -> bool {
    view.answered().is_some_and(Answered::is_success)
}

/// Whether the repetition dispatched what its predecessor had killed, as it was told. What was dead
/// before that, and acknowledged all the same, nobody kills twice.
fn kills_twice(first: &RevokeView<'_>, second: &RevokeView<'_>) -> bool {
    let killed: BTreeSet<TokenId> = first
        .dispatches()
        .filter(|entry| entry.acknowledged && hearing::is_told_plainly(entry))
        .flat_map(|entry| entry.killed.iter().copied())
        .collect();
    second.dispatches().any(|entry| match entry.presented {
        Presented::Token(token) => killed.contains(&token),
        Presented::Account(grant) => killed.iter().any(|token| token.grant == grant),
        Presented::Nothing | Presented::Code | Presented::Unknown => false,
    })
}
