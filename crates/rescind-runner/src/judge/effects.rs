//! Which tokens are dead, who may be blamed, and what may be claimed.

use std::collections::BTreeSet;

use rescind_model::profile::RevocationScope;
use rescind_model::scenario::Verb;
use rescind_model::{AccountStatus, RequirementSet, Subject, Target, TokenState};
use rescind_provider::{Entry, Outcome};

use super::Sheet;
use super::facts::{self, Held};
use super::hearing;
use super::view::{Listed, RevokeView, StepView, has_lost, names};
use crate::record::CaseRecord;

/// Judges the effects of a step.
pub(super) fn judge(view: &StepView<'_>, sheet: &mut Sheet<'_>) {
    if let Some(revoke) = view.ordinary_revoke() {
        claims(&revoke, sheet);
        revoked_means_dead(&revoke, sheet);
        live_refresh_token(&revoke, sheet);
        every_subject_tried(&revoke, sheet);
    }
    siblings(view, sheet);
}

/// CA-EXACT-NO-OVERCLAIM and CA-EXACT-NO-UNDERCLAIM.
fn claims(revoke: &RevokeView<'_>, sheet: &mut Sheet<'_>) {
    let Listed::Subjects(listed) = revoke.view.listed() else {
        return;
    };
    let listed: BTreeSet<Subject> = listed.into_iter().collect();
    let acknowledged = revoke.acknowledged();
    let cascade = revoke.died_by_cascade();
    let deceived = revoke.deceived_about();
    for subject in &listed {
        sheet.check("listed-is-held", revoke.held_or_obtained(*subject), || {
            format!("only what the account holds should be listed; it holds no {subject}")
        });
        // Who was told so cannot know better.
        let dead = revoke.is_dead_after(*subject) || deceived.contains(subject);
        sheet.check("listed-is-dead", dead, || {
            format!("a listed subject should be dead; the {subject} is alive")
        });
        let known = acknowledged.contains(subject) || cascade.contains(subject);
        sheet.check("listed-is-acknowledged", known, || {
            format!("a listed subject should have been acknowledged, or have died with one that was; the {subject} was neither")
        });
    }
    // Of what was dead before, CA-DEAD-BEFORE lets a target list what it likes of this.
    if revoke.dead_before() {
        return;
    }
    let named = revoke.named_and_acknowledged();
    // CA-LOST-ANSWER: nobody need report what they may not have heard, nor what they have looked at
    // and found alive for a while.
    let unclear = revoke.unclear();
    for subject in named
        .iter()
        .filter(|subject| revoke.is_dead_after(**subject) && !unclear.contains(subject))
    {
        sheet.check("acknowledged-is-listed", listed.contains(subject), || {
            format!("the {subject} was dispatched, acknowledged and is dead, so it should be listed; the list is {}", names(&listed))
        });
    }
    for subject in cascade
        .difference(&named)
        .filter(|subject| !unclear.contains(subject))
    {
        sheet.check("cascade-is-listed", listed.contains(subject), || {
            format!("the {subject} died with an acknowledged dispatch, so it should be listed; the list is {}", names(&listed))
        });
    }
}

/// INV-TRUTHFUL-STATUS, right after the revoke.
fn revoked_means_dead(revoke: &RevokeView<'_>, sheet: &mut Sheet<'_>) {
    for subject in must_be_dead(revoke) {
        sheet.check("revoked-means-dead", revoke.is_dead_after(subject), || {
            format!("the account is REVOKED, so its {subject} should be dead; it is alive, and the provider could have killed it")
        });
    }
}

/// INV-TRUTHFUL-STATUS, at the end: nothing that came later has brought a token back to life.
pub(super) fn judge_end(
    record: &CaseRecord,
    target: &Target,
    set: &RequirementSet,
    sheet: &mut Sheet<'_>,
) {
    let Some(end) = record.steps.last().map(|step| &step.after) else {
        return;
    };
    for step in &record.steps {
        let view = StepView::new(record, step, target, set);
        let Some(revoke) = view.ordinary_revoke() else {
            continue;
        };
        let Some(account) = revoke
            .revoke
            .account
            .as_ref()
            .and_then(|name| end.accounts.get(name.get()))
        else {
            continue;
        };
        if !account.is(AccountStatus::Revoked) {
            continue;
        }
        for subject in must_be_dead(&revoke)
            .into_iter()
            .filter(|subject| revoke.is_dead_after(*subject))
        {
            let ended = account.held(subject).is_none_or(hearing::is_ended);
            sheet.check("revoked-means-dead", ended, || {
                format!("the account is REVOKED, so it should hold no live {subject} later either; it does at the end")
            });
        }
    }
}

/// The subjects that a revoke which made the account REVOKED should have killed: but for those of
/// which the provider said so without its being true, and those whose dispatch met an injected
/// failure and which it left out of its list.
fn must_be_dead(revoke: &RevokeView<'_>) -> Vec<Subject> {
    let became = revoke.was_active() && revoke.after.is(AccountStatus::Revoked);
    if !became {
        return Vec::new();
    }
    let listed: Vec<Subject> = match revoke.view.listed() {
        Listed::Subjects(listed) => listed,
        Listed::None => Vec::new(),
    };
    let faulted = revoke.faulted();
    let deceived = revoke.deceived_about();
    let excused = |subject: &&Subject| {
        deceived.contains(subject) || faulted.contains(subject) && !listed.contains(subject)
    };
    revoke
        .killable
        .iter()
        .filter(|subject| !excused(subject))
        .copied()
        .collect()
}

/// CA-DEAD-PARTNER.
fn live_refresh_token(revoke: &RevokeView<'_>, sheet: &mut Sheet<'_>) {
    let concerned = revoke.was_active()
        && !revoke.view.met_a_fault()
        && revoke.held.access_token != TokenState::Alive
        && revoke.held.refresh_token == TokenState::Alive
        && revoke.killable.contains(&Subject::RefreshToken);
    if !concerned {
        return;
    }
    let direct = facts::refresh_token_needs_no_access_token(revoke.view.profile(), revoke.held);
    let given_up = !direct && revoke.view.says(500);
    let dead = revoke.is_dead_after(Subject::RefreshToken);
    sheet.check("live-refresh-token-dies", dead || given_up, || {
        format!("the access token is {}, which should keep no refresh token alive; the refresh token is alive", revoke.held.access_token)
    });
}

/// CA-TRY-ALL.
fn every_subject_tried(revoke: &RevokeView<'_>, sheet: &mut Sheet<'_>) {
    let view = revoke.view;
    let failed: Vec<_> = revoke
        .dispatches()
        .filter(|entry| !entry.acknowledged)
        .collect();
    if !revoke.was_active() || failed.is_empty() || revoke.dead_before() {
        return;
    }
    // Inside a `Retry-After` the other must even be left alone.
    if failed.iter().any(|entry| entry.retry_after.is_some()) {
        return;
    }
    for subject in &revoke.killable {
        let alive =
            revoke.held.state(*subject) == TokenState::Alive && !revoke.is_dead_after(*subject);
        let tried = revoke
            .dispatches()
            .any(|entry| revoke.named(entry).contains(subject));
        // A route that would have killed both failed for a reason of its own: it has been tried.
        let covered = failed
            .iter()
            .any(|entry| revoke.kills_grant(entry) && !is_refused_for_its_token(entry));
        // What takes a refresh first may be left (CA-DEAD-PARTNER).
        let could_be = view.profile().routes_for(*subject).next().is_some()
            && facts::is_reached_at_once(view.profile(), revoke.held, *subject);
        sheet.check("every-subject-tried", !alive || tried || covered || !could_be, || {
            format!("a dispatch for the {} failed, which should not keep the {subject} from being tried; it never was, and is alive", subject.partner())
        });
    }
}

/// Whether a dispatch was refused for what it presented, so that another token might do better.
const fn is_refused_for_its_token(entry: &Entry) -> bool {
    matches!(
        entry.outcome,
        Outcome::Dead | Outcome::Expired | Outcome::Unknown | Outcome::Unsupported
    )
}

/// INV-SIBLINGS.
pub(super) fn siblings(view: &StepView<'_>, sheet: &mut Sheet<'_>) {
    if view.step.call.is_none() {
        return;
    }
    let Some(account) = view.step.step.verb.account() else {
        return;
    };
    let Some(own) = view.record.accounts.get(account.get()) else {
        return;
    };
    let revokes = match &view.step.step.verb {
        Verb::Revoke(_) => true,
        Verb::Delete(delete) => delete.and_revoke,
        _ => false,
    };
    let held = view.step.before.accounts.get(account.get()).map(Held::of);
    let reach = held
        .filter(|_| revokes)
        .and_then(|held| facts::least_reach(view.profile(), held));
    for (name, before) in view
        .step
        .before
        .accounts
        .iter()
        .filter(|(name, _)| *name != account.get())
    {
        let Some(identity) = view.record.accounts.get(name) else {
            continue;
        };
        let unavoidable = reach == Some(RevocationScope::UserGrants)
            && identity.user == own.user
            && identity.client == own.client;
        let Some(after) = view.step.after.accounts.get(name) else {
            continue;
        };
        let died = Subject::ALL.into_iter().find(|subject| {
            let token = before.held(*subject);
            token.is_some_and(|token| has_lost(after, token))
        });
        sheet.check("siblings-live", unavoidable || died.is_none(), || {
            format!(
                "tokens of account `{name}` should be as alive as before; its {} died",
                died.map_or("", Subject::as_str)
            )
        });
    }
}
