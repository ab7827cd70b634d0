//! What a deletion must do, and must not.

use rescind_model::scenario::{Delete, Verb};
use rescind_model::{AccountStatus, TokenState};

use super::Sheet;
use super::facts::{self, Held};
use super::view::{StepView, has_lost};
use crate::record::Answered;

/// Judges a deletion.
pub(super) fn judge(view: &StepView<'_>, sheet: &mut Sheet<'_>) {
    let Verb::Delete(delete) = &view.step.step.verb else {
        return;
    };
    if !view.answered().is_some_and(Answered::is_success) {
        return;
    }
    if delete.and_revoke {
        revokes(view, delete, sheet);
    } else {
        is_silent(view, sheet);
    }
}

/// CA-DELETE-KEEPS.
fn is_silent(view: &StepView<'_>, sheet: &mut Sheet<'_>) {
    let count = view.dispatches().count();
    let mut died: Vec<String> = Vec::new();
    for (name, before) in &view.step.before.accounts {
        for token in &before.tokens {
            let after = view.step.after.accounts.get(name);
            if after.is_some_and(|after| has_lost(after, token)) {
                died.push(format!("the {} of `{name}`", token.id.subject));
            }
        }
    }
    sheet.check("delete-is-silent", count == 0 && died.is_empty(), || {
        let died = if died.is_empty() {
            String::new()
        } else {
            format!(", and {} died", died.join(" and "))
        };
        format!("a deletion should dispatch nothing; {count} dispatches came{died}")
    });
}

/// CA-DELETE-REVOKES: of an ACTIVE account that holds something alive which can be killed without
/// a refresh first, which a target may leave here as well as in a revoke (CA-DEAD-PARTNER).
fn revokes(view: &StepView<'_>, delete: &Delete, sheet: &mut Sheet<'_>) {
    let name = delete.account.get();
    let accounts = &view.step.before.accounts;
    let (Some(before), Some(identity)) = (accounts.get(name), view.record.accounts.get(name))
    else {
        return;
    };
    let held = Held::of(before);
    let mut killable = facts::killable(view.profile(), held);
    killable.retain(|subject| {
        held.state(*subject) == TokenState::Alive
            && facts::is_reached_at_once(view.profile(), held, *subject)
    });
    let has_work = identity.is_oauth2() && before.is(AccountStatus::Active) && !killable.is_empty();
    if !has_work {
        return;
    }
    let pointer = view
        .target
        .delete_and_revoke
        .as_ref()
        .map(|call| call.job_id.get());
    let json = view.answered().and_then(Answered::json).unwrap_or_default();
    let job = pointer.and_then(|pointer| json.pointer(pointer));
    let is_named = job
        .and_then(|job| job.as_str())
        .is_some_and(|id| !id.is_empty());
    sheet.check("deletion-names-its-job", is_named, || {
        "a deletion that is asked to revoke should name the job that does; the answer names none"
            .to_owned()
    });
    if view.met_a_fault() {
        return;
    }
    let after = view.step.after.accounts.get(name);
    let alive = killable
        .into_iter()
        .find(|subject| after.is_some_and(|after| after.state(*subject) == TokenState::Alive));
    sheet.check("deletion-revokes", alive.is_none(), || {
        let alive = alive.map_or("", |subject| subject.as_str());
        format!("a deletion that is asked to revoke should end in dead tokens within the target's bound; the {alive} is alive")
    });
}
