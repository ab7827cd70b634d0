//! Calls that overlapped, judged together: nothing tells which of them asked the provider for what.
//! Each answers for what it says; for the dispatches and for how things stand afterwards they answer
//! as one (CA-CONCURRENT, CA-RETRY-OVERLAP, CA-RACE-REFRESH, CA-RACE-DELETE). What a crash left to be
//! done is [`super::crashes`]'s.

use std::collections::BTreeSet;

use rescind_model::scenario::{Step, Verb};
use rescind_model::{AccountStatus, RequirementSet, Subject, Target, TokenState};
use rescind_provider::Entry;
use rescind_provider::journal::Presented;

use super::view::{Listed, RevokeView, StepView};
use super::{Judgement, Sheet, answers, crashes, effects};
use crate::record::overlaps::{Ended, Overlap, OverlappingCall};
use crate::record::{Answered, Call, CaseRecord, StepRecord};

/// Steps whose calls overlapped, as the judge looks at them.
pub(super) struct OverlapView<'a> {
    pub(super) record: &'a CaseRecord,
    pub(super) overlap: &'a Overlap,
    target: &'a Target,
    set: &'a RequirementSet,
}

/// Judges every overlap of a case.
pub(super) fn judge(
    record: &CaseRecord,
    target: &Target,
    set: &RequirementSet,
    judgements: &mut Vec<Judgement>,
) {
    for overlap in &record.overlaps {
        let view = OverlapView {
            record,
            overlap,
            target,
            set,
        };
        for call in &overlap.calls {
            view.judge_call(call, judgements);
        }
        let mut sheet = Sheet {
            step: Some(overlap.last),
            judgements,
        };
        for account in view.revoked_accounts() {
            view.judge_together(&account, &mut sheet);
        }
    }
}

impl<'a> OverlapView<'a> {
    /// A call as a step of its own, in which everything happened that happened in the overlap.
    fn alone(&self, call: &OverlappingCall) -> Option<StepRecord> {
        let last = self.step(self.overlap.last)?;
        let own = self.step(call.step)?;
        Some(StepRecord {
            index: call.step,
            step: Step {
                verb: call.verb.clone(),
                ..own.step.clone()
            },
            before: last.before.clone(),
            after: last.after.clone(),
            call: call.call().cloned(),
            reads: std::collections::BTreeMap::new(),
            entries: last.entries.clone(),
            strays: Vec::new(),
        })
    }

    fn step(&self, index: usize) -> Option<&'a StepRecord> {
        self.record.steps.iter().find(|step| step.index == index)
    }

    fn view_of<'b>(&'b self, step: &'b StepRecord) -> StepView<'b> {
        StepView::new(self.record, step, self.target, self.set)
    }

    /// What a call says for itself.
    fn judge_call(&self, call: &OverlappingCall, judgements: &mut Vec<Judgement>) {
        let (Some(step), Verb::Revoke(_)) = (self.alone(call), &call.verb) else {
            return;
        };
        let view = self.view_of(&step);
        let mut sheet = Sheet {
            step: Some(call.step),
            judgements,
        };
        let Ended::Answered(made) = &call.ended else {
            return;
        };
        answers::whole(&made.outcome, self.target.words.error.as_ref(), &mut sheet);
        let Some(revoke) = view.ordinary_revoke() else {
            return;
        };
        if let Some(answered) = view.answered().filter(|answered| answered.is_success()) {
            answers::shape(&revoke, answered, &mut sheet);
            self.claims(&revoke, &mut sheet);
        }
        if self.revoked_accounts().len() == 1 {
            effects::siblings(&view, &mut sheet);
        }
    }

    /// CA-EXACT-NO-OVERCLAIM: what each claims. A subject may be claimed as often as it was
    /// acknowledged.
    fn claims(&self, revoke: &RevokeView<'_>, sheet: &mut Sheet<'_>) {
        let Listed::Subjects(listed) = revoke.view.listed() else {
            return;
        };
        let distinct: BTreeSet<Subject> = listed.iter().copied().collect();
        sheet.check("listed-once", distinct.len() == listed.len(), || {
            "no subject should be listed twice; one is".to_owned()
        });
        // Of an empty list, too: after a crash it is chance whether the call kills or the target has
        // finished by itself, and the same must be judged in every run.
        let unheld = distinct
            .iter()
            .find(|subject| !revoke.held_or_obtained(**subject));
        sheet.check("listed-is-held", unheld.is_none(), || {
            let subject = unheld.map_or("", |subject| subject.as_str());
            format!("only what the account holds should be listed; it holds no {subject}")
        });
        let alive = distinct
            .iter()
            .find(|subject| !self.is_dead(revoke, **subject));
        sheet.check("listed-is-dead", alive.is_none(), || {
            let subject = alive.map_or("", |subject| subject.as_str());
            format!("a listed subject should be dead; the {subject} is alive")
        });
        let claimed = distinct.iter().find_map(|subject| {
            let times = acknowledgements(revoke, *subject);
            let claims = self.claims_of(revoke, *subject);
            (claims > times).then_some((subject, claims, times))
        });
        sheet.check("listed-is-acknowledged", claimed.is_none(), || {
            let told = claimed.map(|(subject, claims, times)| format!("the {subject} is listed {claims} times, and was acknowledged {times} times"));
            format!("calls that overlap should list a subject no more often than it was acknowledged; {}", told.unwrap_or_default())
        });
    }

    /// How many calls of the overlap list a subject of the account.
    fn claims_of(&self, revoke: &RevokeView<'_>, subject: Subject) -> usize {
        let lists = self.lists(account_of(revoke));
        lists.filter(|list| list.contains(&subject)).count()
    }

    /// The list of every revoke of an account that has one.
    fn lists(&self, account: &str) -> impl Iterator<Item = Vec<Subject>> {
        let steps: Vec<StepRecord> = self
            .revokes_of(account)
            .filter_map(|call| self.alone(call))
            .collect();
        steps
            .into_iter()
            .filter_map(|step| match self.view_of(&step).listed() {
                Listed::Subjects(listed) => Some(listed),
                Listed::None => None,
            })
    }

    /// The accounts that are revoked in it.
    fn revoked_accounts(&self) -> BTreeSet<String> {
        let calls = self.overlap.calls.iter();
        calls
            .filter_map(|call| match &call.verb {
                Verb::Revoke(revoke) => revoke.account.as_ref(),
                _ => None,
            })
            .map(|account| account.get().clone())
            .collect()
    }

    pub(super) fn calls_of(&self, account: &str) -> impl Iterator<Item = &'a OverlappingCall> {
        self.overlap.calls.iter().filter(move |call| {
            call.verb
                .account()
                .is_some_and(|name| name.as_str() == account)
        })
    }

    /// The revokes of an account.
    pub(super) fn revokes_of(&self, account: &str) -> impl Iterator<Item = &'a OverlappingCall> {
        self.calls_of(account)
            .filter(|call| matches!(call.verb, Verb::Revoke(_)))
    }

    /// What the calls about an account did together.
    fn judge_together(&self, account: &str, sheet: &mut Sheet<'_>) {
        let Some(step) = self.revokes_of(account).find_map(|call| self.alone(call)) else {
            return;
        };
        let view = self.view_of(&step);
        let Some(revoke) = view.ordinary_revoke() else {
            return;
        };
        self.is_listed_by_one(&revoke, sheet);
        self.revoked_means_dead(&revoke, sheet);
        self.is_bounded(&revoke, sheet);
        self.concurrent(&revoke, sheet);
        self.repeated(&revoke, sheet);
        self.deleted_meanwhile(account, sheet);
        crashes::judge(self, &revoke, sheet);
    }

    /// CA-EXACT-NO-UNDERCLAIM: what was acknowledged, some call lists; if every one was heard, and
    /// none of them dispatches for a reason of its own.
    fn is_listed_by_one(&self, revoke: &RevokeView<'_>, sheet: &mut Sheet<'_>) {
        let account = account_of(revoke);
        let only_revokes = self
            .calls_of(account)
            .all(|call| matches!(call.verb, Verb::Revoke(_) | Verb::Read(_)));
        let listed: Vec<Vec<Subject>> = self.lists(account).collect();
        let is_heard = !self.overlap.has_unheard() && only_revokes && !listed.is_empty();
        if !is_heard || revoke.dead_before() {
            return;
        }
        for subject in revoke.named_and_acknowledged() {
            if !revoke.is_dead_after(subject) {
                continue;
            }
            let is_listed = listed.iter().any(|list| list.contains(&subject));
            sheet.check("acknowledged-is-listed", is_listed, || {
                format!("the {subject} was dispatched, acknowledged and is dead, so one of the calls that overlap should list it; none does")
            });
        }
    }

    /// INV-TRUTHFUL-STATUS and CA-RACE-REFRESH.
    fn revoked_means_dead(&self, revoke: &RevokeView<'_>, sheet: &mut Sheet<'_>) {
        if !revoke.was_active() || !revoke.after.is(AccountStatus::Revoked) {
            return;
        }
        let listed: BTreeSet<Subject> = self.lists(account_of(revoke)).flatten().collect();
        let faulted = revoke.faulted();
        for subject in &revoke.killable {
            // Judged whoever lists it: after a crash that is chance.
            let excused = faulted.contains(subject) && !listed.contains(subject);
            let holds = excused || self.is_dead(revoke, *subject);
            sheet.check("revoked-means-dead", holds, || {
                format!("the account is REVOKED, so every {subject} that it held or has been given should be dead; one is alive, and the provider could have killed it")
            });
        }
    }

    /// Whether a subject is dead that the target held, or has stored. Where a refresh was answered
    /// with a success, that is the newest of its kind; what another one brought, the target may have
    /// thrown away.
    pub(super) fn is_dead(&self, revoke: &RevokeView<'_>, subject: Subject) -> bool {
        let mut refreshes = self
            .calls_of(account_of(revoke))
            .filter(|call| matches!(call.verb, Verb::Refresh(_)))
            .peekable();
        if refreshes.peek().is_none() {
            return revoke.is_dead_after(subject);
        }
        let is_success = |call: &OverlappingCall| call.call().is_some_and(Call::is_success);
        if refreshes.any(is_success) {
            return revoke.after.state(subject) != TokenState::Alive;
        }
        let held = revoke.before.held(subject);
        held.is_none_or(|token| revoke.after.state_of(token.id) != TokenState::Alive)
    }

    /// INV-BOUNDED: each call, and whoever finishes what a crash interrupted, has its bound.
    fn is_bounded(&self, revoke: &RevokeView<'_>, sheet: &mut Sheet<'_>) {
        let calls = self.overlap.calls.len() + self.overlap.restarts.len();
        let limit = self.target.limits.dispatches_per_subject * calls;
        for subject in Subject::ALL {
            let names = |entry: &&Entry| revoke.named(entry).contains(&subject);
            let count = revoke.dispatches().filter(names).count();
            sheet.check("dispatches-are-bounded", count <= limit, || {
                format!("{calls} calls should make at most {limit} dispatches for the {subject}; they made more")
            });
        }
    }

    /// CA-CONCURRENT-ONCE: of revokes at once, each heard to its end, one kills.
    fn concurrent(&self, revoke: &RevokeView<'_>, sheet: &mut Sheet<'_>) {
        let account = account_of(revoke);
        let is_among_revokes = |call: &OverlappingCall| match &call.verb {
            Verb::Revoke(_) => call.call().is_some(),
            Verb::Read(_) => true,
            _ => false,
        };
        let is_race = self.revokes_of(account).count() > 1
            && self.calls_of(account).all(is_among_revokes)
            && self.overlap.restarts.is_empty();
        if !is_race || !revoke.is_nominal() {
            return;
        }
        let refused = self.first_refusal(account);
        let kills = self.lists(account).filter(|list| !list.is_empty()).count();
        let twice = dispatched_twice(revoke.dispatches());
        let holds = refused.is_none() && kills <= 1 && !twice;
        sheet.check("concurrent-revokes-kill-once", holds, || {
            let problem = match refused {
                Some(other) => format!("one was answered {other}"),
                None if twice => "a token was dispatched twice".to_owned(),
                None => format!("{kills} of them list it"),
            };
            format!("revokes of one account at once should all be answered 200, with one dispatch for each subject and one of them listing it; {problem}")
        });
    }

    /// CA-RETRY-OVERLAP: a revoke that is sent again while the first runs, whose client has left.
    fn repeated(&self, revoke: &RevokeView<'_>, sheet: &mut Sheet<'_>) {
        let account = account_of(revoke);
        let was_given_up = self
            .revokes_of(account)
            .any(|call| matches!(call.ended, Ended::GivenUp));
        let is_answered = self.revokes_of(account).any(|call| call.call().is_some());
        let only_revokes = self
            .calls_of(account)
            .all(|call| matches!(call.verb, Verb::Revoke(_) | Verb::Read(_)));
        let is_race =
            was_given_up && is_answered && only_revokes && self.overlap.restarts.is_empty();
        if !is_race || !is_revocable(revoke) {
            return;
        }
        let refused = self.first_refusal(account);
        let twice = dispatched_twice(revoke.dispatches().filter(|entry| entry.acknowledged));
        sheet.check("repetition-kills-once", refused.is_none() && !twice, || {
            let problem = match refused {
                Some(other) => format!("it was answered {other}"),
                None => "a token was killed twice".to_owned(),
            };
            format!("a revoke that is sent again while the first still runs should be answered 200, and kill nothing a second time; {problem}")
        });
    }

    /// The first status of a revoke of the account that does not say 200.
    fn first_refusal(&self, account: &str) -> Option<u16> {
        self.revokes_of(account)
            .filter_map(|call| call.call().and_then(Call::status))
            .find(|status| !self.means(*status, 200))
    }

    /// Whether a status is the target's own for one of the contract's.
    pub(super) fn means(&self, status: u16, contract: u16) -> bool {
        self.target.words.means(status, contract)
    }

    /// CA-RACE-DELETE.
    fn deleted_meanwhile(&self, account: &str, sheet: &mut Sheet<'_>) {
        let is_deleted = self
            .calls_of(account)
            .any(|call| matches!(call.verb, Verb::Delete(_)));
        if !is_deleted || !self.overlap.restarts.is_empty() {
            return;
        }
        let failed = self
            .calls_of(account)
            .filter_map(|call| call.call().and_then(|call| call.answered()))
            .map(|answered: &Answered| answered.status)
            .find(|status| *status >= 500);
        sheet.check("deletion-meets-revoke", failed.is_none(), || {
            format!(
                "neither a revoke nor a deletion that meet should fail; one was answered {}",
                failed.unwrap_or_default()
            )
        });
    }
}

/// How often a subject was acknowledged: by dispatches that name it, or that end the grant.
fn acknowledgements(revoke: &RevokeView<'_>, subject: Subject) -> usize {
    let ends_it = |entry: &&Entry| {
        entry.acknowledged && (revoke.named(entry).contains(&subject) || revoke.kills_grant(entry))
    };
    let times = revoke.dispatches().filter(ends_it).count();
    let by_cascade =
        revoke.acknowledged().contains(&subject) || revoke.died_by_cascade().contains(&subject);
    times.max(usize::from(by_cascade))
}

/// Whether an ordinary revoke would succeed, were it alone and nothing failed. A dispatch whose
/// client left counts as failed.
fn is_revocable(revoke: &RevokeView<'_>) -> bool {
    revoke.was_active() && revoke.is_supported() && !revoke.dead_before() && !revoke.nothing_held()
}

/// The account that a revoke is about.
pub(super) fn account_of<'a>(revoke: &RevokeView<'a>) -> &'a str {
    let account = revoke.revoke.account.as_ref();
    account.map_or("", |account| account.as_str())
}

fn dispatched_twice<'b>(dispatches: impl Iterator<Item = &'b Entry>) -> bool {
    let mut seen: Vec<Presented> = Vec::new();
    for entry in dispatches {
        if seen.contains(&entry.presented) {
            return true;
        }
        seen.push(entry.presented);
    }
    false
}
