//! What a target that was killed hard says once it runs again, and what becomes of the call that is
//! made again then (CA-CRASH).

use rescind_model::{AccountStatus, Subject, TokenState};
use rescind_provider::Entry;

use super::Sheet;
use super::facts;
use super::overlaps::{OverlapView, account_of};
use super::view::RevokeView;
use crate::record::ReadStatus;
use crate::record::overlaps::Restarted;

/// Judges what a crash left behind of one account.
pub(super) fn judge(view: &OverlapView<'_>, revoke: &RevokeView<'_>, sheet: &mut Sheet<'_>) {
    // What takes a refresh first may be left (CA-DEAD-PARTNER).
    let can_be_killed = |subject: &Subject| {
        revoke.held.state(*subject) == TokenState::Alive
            && facts::is_reached_at_once(revoke.view.profile(), revoke.held, *subject)
    };
    if !revoke.was_active() || !revoke.killable.iter().any(can_be_killed) {
        return;
    }
    for restarted in &view.overlap.restarts {
        is_no_success(revoke, restarted, sheet);
    }
    if let Some(restarted) = view.overlap.restarts.last() {
        converges(view, revoke, restarted, sheet);
    }
}

/// Nobody may have been told that it is REVOKED whose tokens were never dispatched.
fn is_no_success(revoke: &RevokeView<'_>, restarted: &Restarted, sheet: &mut Sheet<'_>) {
    let status = restarted.statuses.get(account_of(revoke));
    let is_revoked = status == Some(&ReadStatus::Known(AccountStatus::Revoked));
    let untried = revoke
        .killable
        .iter()
        .find(|subject| !was_tried(revoke, **subject, restarted.seen));
    let holds = !is_revoked || untried.is_none();
    sheet.check("crash-is-no-success", holds, || {
        let untried = untried.map_or("", |subject| subject.as_str());
        format!("after a crash the account should be REVOKED only if all that can be killed was dispatched; it is, and its {untried} never was")
    });
}

/// Whether a subject was dispatched, or ended with another, up to a request.
fn was_tried(revoke: &RevokeView<'_>, subject: Subject, seen: u64) -> bool {
    revoke
        .dispatches()
        .filter(|entry| entry.number <= seen)
        .any(|entry| {
            let mut killed = entry.killed.iter();
            let is_killed =
                killed.any(|token| token.subject == subject && token.grant == revoke.grant);
            is_killed || revoke.named(entry).contains(&subject) || revoke.kills_grant(entry)
        })
}

/// The first revoke after it ends in 200, REVOKED and dead tokens. Where everything had died before,
/// and the provider says so of a dead token in other words than of one that it kills, it may end as
/// CA-DEAD-BEFORE allows.
fn converges(
    view: &OverlapView<'_>,
    revoke: &RevokeView<'_>,
    restarted: &Restarted,
    sheet: &mut Sheet<'_>,
) {
    let account = account_of(revoke);
    let retry = view
        .revokes_of(account)
        .find(|call| call.step > restarted.step)
        .and_then(|call| call.call());
    let Some(retry) = retry else {
        return;
    };
    let after = revoke.status_after();
    let mut killable = revoke.killable.iter();
    let are_dead = killable.all(|subject| view.is_dead(revoke, *subject));
    let says = |contract| {
        retry
            .status()
            .is_some_and(|status| view.means(status, contract))
    };
    let is_done = says(200) && revoke.after.is(AccountStatus::Revoked);
    let later = || {
        revoke
            .dispatches()
            .filter(|entry| entry.number > restarted.seen)
    };
    let were_dead = are_dead && !later().any(|entry: &Entry| !entry.killed.is_empty());
    let was_tried = revoke
        .view
        .step
        .entries
        .iter()
        .any(|entry| entry.number > restarted.seen);
    let is_expired = *after == ReadStatus::Known(AccountStatus::Expired);
    // Who finds out by itself refuses what has expired (CA-409-STATE).
    let is_refusal = says(500) || (says(409) && is_expired);
    let is_refused = is_refusal
        && were_dead
        && was_tried
        && !later().any(|entry| entry.acknowledged)
        && (revoke.status_unchanged() || is_expired);
    let converged = (is_done && are_dead) || is_refused;
    sheet.check("retry-after-crash-converges", converged, || {
        let answered = retry
            .status()
            .map_or_else(|| "not answered".to_owned(), |status| format!("answered {status}"));
        let dead = if are_dead { "dead" } else { "not all dead" };
        format!("a revoke after a crash should end in 200, REVOKED and dead tokens; it was {answered}, the account is {after}, and what can be killed is {dead}")
    });
}
