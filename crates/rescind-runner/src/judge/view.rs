//! One step, as the judge looks at it.

use std::collections::BTreeSet;

use rescind_model::profile::{RevocationRoute, RevocationScope};
use rescind_model::scenario::{Key, Revoke, Verb};
use rescind_model::{AccountStatus, Profile, RequirementSet, Subject, Target, TokenState};
use rescind_provider::Entry;
use rescind_provider::journal::Presented;
use rescind_provider::ledger::{Cause, GrantId, TokenId, TokenView};
use serde_json::Value;

use super::facts::{self, Held};
use super::hearing;
use crate::record::{AccountIdentity, AccountWorld, Answered, CaseRecord, ReadStatus, StepRecord};

/// One step.
pub struct StepView<'a> {
    pub record: &'a CaseRecord,
    pub step: &'a StepRecord,
    /// Where an answer says what, and what a call may take.
    pub target: &'a Target,
    /// The rows, and which words beside the subjects a list may hold.
    pub set: &'a RequirementSet,
}

/// A revoke that was made of an account which the scenario connected.
pub struct RevokeView<'a> {
    pub view: &'a StepView<'a>,
    pub revoke: &'a Revoke,
    pub identity: &'a AccountIdentity,
    pub grant: GrantId,
    pub before: &'a AccountWorld,
    pub after: &'a AccountWorld,
    /// The tokens that it held when the call began.
    pub held: Held,
    /// Those that some declared route reaches.
    pub killable: BTreeSet<Subject>,
}

/// The list of a revoke's answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Listed {
    /// The answer is none, no success, or has no such list.
    None,
    /// What it lists, in its order.
    Subjects(Vec<Subject>),
}

impl<'a> StepView<'a> {
    pub const fn new(
        record: &'a CaseRecord,
        step: &'a StepRecord,
        target: &'a Target,
        set: &'a RequirementSet,
    ) -> Self {
        Self {
            record,
            step,
            target,
            set,
        }
    }

    pub fn profile(&self) -> &Profile {
        &self.record.profile
    }

    /// The step's revoke, if it is one.
    pub const fn revoke(&self) -> Option<&'a Revoke> {
        match &self.step.step.verb {
            Verb::Revoke(revoke) => Some(revoke),
            _ => None,
        }
    }

    /// The answer to the step's call.
    pub fn answered(&self) -> Option<&'a Answered> {
        self.step.call.as_ref().and_then(|call| call.answered())
    }

    /// The status code of the answer.
    pub fn status(&self) -> Option<u16> {
        self.answered().map(|answered| answered.status)
    }

    /// Whether the answer says what the contract says by that status code. With which of its codes
    /// any other call than a revoke succeeds is the target's own affair.
    pub fn says(&self, contract: u16) -> bool {
        let words = &self.target.words;
        let is_revoke = matches!(self.step.step.verb.called(), Verb::Revoke(_));
        let succeeds = contract == 200 && !is_revoke;
        self.answered().is_some_and(|answered| {
            words.means(answered.status, contract) || (succeeds && answered.is_success())
        })
    }

    /// Whether the answer says what the contract says by one of these status codes.
    pub fn says_one_of(&self, contract: &[u16]) -> bool {
        contract.iter().any(|code| self.says(*code))
    }

    /// The dispatches that came during the call.
    pub fn dispatches(&self) -> impl Iterator<Item = &'a Entry> + use<'a> {
        self.step.entries.iter().filter(|entry| entry.is_dispatch())
    }

    /// Whether every account has the status that it had before.
    pub fn statuses_unchanged(&self) -> bool {
        let before = &self.step.before.accounts;
        let after = &self.step.after.accounts;
        before.iter().all(|(name, world)| {
            after
                .get(name)
                .is_some_and(|after| after.status == world.status)
        })
    }

    /// Whether the provider was told to misbehave during the call.
    pub fn met_a_fault(&self) -> bool {
        self.step.entries.iter().any(hearing::met_a_fault)
    }

    /// The tokens that the target was given during the call. What was minted and never reached it,
    /// it does not hold.
    pub fn given(&self) -> impl Iterator<Item = TokenId> + use<'a> {
        let entries = self.step.entries.iter();
        entries
            .filter(|entry| entry.acknowledged)
            .flat_map(|entry| entry.minted.iter().copied())
    }

    /// What a successful answer lists.
    pub fn listed(&self) -> Listed {
        let Some(answered) = self.answered().filter(|answered| answered.is_success()) else {
            return Listed::None;
        };
        let json = answered.json().unwrap_or_default();
        let items = json
            .pointer(&self.target.revoke.revoked_tokens)
            .and_then(Value::as_array);
        // A later set allows further words, which say nothing about a token.
        let is_extra = |item: &&Value| {
            let mut extra = self.set.extra_subjects.iter();
            extra.any(|word| item.as_str() == Some(word.as_str()))
        };
        let subjects = items.and_then(|items| {
            items
                .iter()
                .filter(|item| !is_extra(item))
                .map(|item| {
                    item.as_str()
                        .and_then(|word| self.target.words.subject(word))
                })
                .collect::<Option<Vec<Subject>>>()
        });
        subjects.map_or(Listed::None, Listed::Subjects)
    }

    /// The revoke of an account that the scenario connected, with the right key, by the target's
    /// own method: what most rows are about.
    pub fn ordinary_revoke(&'a self) -> Option<RevokeView<'a>> {
        let revoke = self.revoke()?;
        if revoke.key != Key::Right || revoke.method.is_some() {
            return None;
        }
        self.account_revoke(revoke)
    }

    /// The revoke of an account that the scenario connected, however it was called.
    pub fn account_revoke(&'a self, revoke: &'a Revoke) -> Option<RevokeView<'a>> {
        let name = revoke.account.as_ref()?.get();
        let before = self.step.before.accounts.get(name)?;
        let after = self.step.after.accounts.get(name)?;
        let identity = self.record.accounts.get(name)?;
        let held = Held::of(before);
        Some(RevokeView {
            view: self,
            revoke,
            grant: identity.grant,
            before,
            after,
            held,
            killable: if identity.is_oauth2() {
                facts::killable(self.profile(), held)
            } else {
                BTreeSet::new()
            },
            identity,
        })
    }
}

impl RevokeView<'_> {
    /// The dispatches about this account.
    pub fn dispatches(&self) -> impl Iterator<Item = &Entry> {
        self.view
            .dispatches()
            .filter(|entry| entry.presented.grant() == Some(self.grant))
    }

    /// The subjects that a dispatch names: that of the token that it carries, or, if it carries
    /// an account id, every one that is held.
    pub fn named(&self, entry: &Entry) -> Vec<Subject> {
        match entry.presented {
            Presented::Token(token) => vec![token.subject],
            Presented::Account(_) => Subject::ALL
                .into_iter()
                .filter(|subject| self.held.has(*subject))
                .collect(),
            Presented::Nothing | Presented::Code | Presented::Unknown => Vec::new(),
        }
    }

    /// The subjects that an acknowledged dispatch named.
    pub fn named_and_acknowledged(&self) -> BTreeSet<Subject> {
        let acknowledged = self.dispatches().filter(|entry| entry.acknowledged);
        acknowledged.flat_map(|entry| self.named(entry)).collect()
    }

    /// The subjects that were acknowledged, or that the target may take for it: a route that kills a
    /// grant acknowledges every subject of it.
    pub fn acknowledged(&self) -> BTreeSet<Subject> {
        self.told_dead_by(|entry| self.may_be_believed(entry))
    }

    /// The subjects that an answer told the target are dead without its being so.
    pub fn deceived_about(&self) -> BTreeSet<Subject> {
        self.told_dead_by(|entry| hearing::is_deceptive(entry, self.route(entry)))
    }

    /// The subjects that some of the dispatches would end, by what their routes declare.
    fn told_dead_by(&self, is_one: impl Fn(&Entry) -> bool) -> BTreeSet<Subject> {
        let mut subjects = BTreeSet::new();
        for entry in self.dispatches().filter(|entry| is_one(entry)) {
            subjects.extend(self.named(entry));
            if self.kills_grant(entry) {
                subjects.extend(
                    Subject::ALL
                        .into_iter()
                        .filter(|subject| self.held_or_obtained(*subject)),
                );
            }
        }
        subjects
    }

    /// Whether the target may take a dispatch for acknowledged.
    pub fn may_be_believed(&self, entry: &Entry) -> bool {
        hearing::may_be_believed(entry, self.route(entry))
    }

    /// Whether something was ended during the call, and the target may not have heard of it.
    pub fn has_ended_unheard(&self) -> bool {
        self.dispatches().any(hearing::may_have_ended_unheard)
    }

    /// The subjects of which the target could not be certain what came of a dispatch that named
    /// them: an earlier one may have ended what a later one found dead (CA-LOST-ANSWER).
    pub fn unclear(&self) -> BTreeSet<Subject> {
        self.told_dead_by(|entry| !hearing::is_told_plainly(entry))
    }

    /// The route that a dispatch used.
    fn route(&self, entry: &Entry) -> Option<&RevocationRoute> {
        let mut routes = self.view.profile().revocation_routes.iter();
        routes.find(|route| Some(route.name.as_str()) == entry.route.as_deref())
    }

    /// Whether what a dispatch presented ends the whole grant on its route.
    pub fn kills_grant(&self, entry: &Entry) -> bool {
        let scope = self.route(entry).and_then(|route| match entry.presented {
            Presented::Token(token) => route.ends.of(token.subject),
            Presented::Account(_) => route.ends.account,
            Presented::Nothing | Presented::Code | Presented::Unknown => None,
        });
        scope.is_some_and(|scope| scope >= RevocationScope::Grant)
    }

    /// The subjects of this account that died with an acknowledged dispatch which did not name
    /// them.
    pub fn died_by_cascade(&self) -> BTreeSet<Subject> {
        let acknowledged: Vec<u64> = self
            .dispatches()
            .filter(|entry| self.may_be_believed(entry))
            .map(|entry| entry.number)
            .collect();
        self.after
            .tokens
            .iter()
            .filter(|token| matches!(token.death.map(|death| death.cause), Some(Cause::Cascade(number)) if acknowledged.contains(&number)))
            .filter(|token| !self.after.never_given.contains(&token.id))
            .map(|token| token.id.subject)
            .collect()
    }

    /// The subjects whose dispatch met a fault.
    pub fn faulted(&self) -> BTreeSet<Subject> {
        self.dispatches()
            .filter(|entry| hearing::met_a_fault(entry))
            .flat_map(|entry| self.named(entry))
            .collect()
    }

    /// Whether the account was ACTIVE when the call began.
    pub fn was_active(&self) -> bool {
        !self.before.deleted && self.before.is(AccountStatus::Active)
    }

    /// Whether the account was REVOKED when the call began.
    pub fn was_revoked(&self) -> bool {
        !self.before.deleted && self.before.is(AccountStatus::Revoked)
    }

    /// Whether the account's status allows no revoke (CA-409-STATE).
    pub fn is_in_no_state_for_it(&self) -> bool {
        let status = &self.before.status;
        matches!(status, ReadStatus::Known(status) if !status.is_revocable())
    }

    /// Whether the account is one that the provider can revoke at all (CA-400-UNSUPPORTED).
    pub fn is_supported(&self) -> bool {
        self.identity.is_oauth2() && self.view.profile().can_revoke()
    }

    /// CA-DEAD-BEFORE: every killable subject was dead or expired before the call.
    pub fn dead_before(&self) -> bool {
        self.was_active()
            && !self.killable.is_empty()
            && self
                .killable
                .iter()
                .all(|subject| self.held.state(*subject) != TokenState::Alive)
    }

    /// CA-NOTHING-HELD: the provider can revoke, and nothing that this account holds.
    pub fn nothing_held(&self) -> bool {
        self.was_active() && self.is_supported() && self.killable.is_empty()
    }

    /// Whether nothing stands in the way of a success: something killable is alive, and reached
    /// without a refresh first, which a target may leave (CA-DEAD-PARTNER).
    pub fn is_nominal(&self) -> bool {
        let profile = self.view.profile();
        self.was_active()
            && !self.view.met_a_fault()
            && self.killable.iter().any(|subject| {
                self.held.state(*subject) == TokenState::Alive
                    && facts::is_reached_at_once(profile, self.held, *subject)
            })
    }

    /// Whether the status is what it was.
    pub fn status_unchanged(&self) -> bool {
        self.before.status == self.after.status
    }

    /// Whether a subject is at its end after the call, be it the one held at its beginning or one
    /// obtained during it.
    pub fn is_dead_after(&self, subject: Subject) -> bool {
        let before = self.before.held(subject).map(|token| token.id);
        let mut tokens = before
            .into_iter()
            .chain(self.view.given())
            .filter(|token| token.subject == subject && token.grant == self.grant);
        tokens.all(|token| self.after.token(token).is_none_or(hearing::is_ended))
    }

    /// Whether the account held a subject when the call began, or obtained it during the call.
    pub fn held_or_obtained(&self, subject: Subject) -> bool {
        self.held.has(subject) || self.obtained(subject)
    }

    /// Whether the account obtained a subject during the call.
    pub fn obtained(&self, subject: Subject) -> bool {
        let mut given = self.view.given();
        given.any(|token| token.subject == subject && token.grant == self.grant)
    }

    /// What a read says after the call.
    pub const fn status_after(&self) -> &ReadStatus {
        &self.after.status
    }
}

/// Whether an account has lost a token that was alive. One that a refresh replaced by another live
/// one is not lost.
pub fn has_lost(after: &AccountWorld, token: &TokenView) -> bool {
    let later = after.token(token.id);
    let death = later.and_then(|later| later.death);
    let is_replaced = matches!(death.map(|death| death.cause), Some(Cause::Rotated(_)))
        && after.state(token.id.subject) == TokenState::Alive;
    !hearing::is_ended(token) && later.is_none_or(hearing::is_ended) && !is_replaced
}

/// Subjects as a message shows them.
pub fn names<'a>(subjects: impl IntoIterator<Item = &'a Subject>) -> String {
    let names: Vec<&str> = subjects
        .into_iter()
        .map(|subject| subject.as_str())
        .collect();
    format!("[{}]", names.join(", "))
}
