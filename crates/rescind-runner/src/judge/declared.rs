//! Which checks a case declares, and which the judge has made: from its steps and what they state
//! follows where a check may be made, and from what was answered and asked, where it must be. A
//! declared one that was not made is not run; one that was made where nothing asks for it is a
//! defect of the judge. Pure.
//!
//! Each check says both in the list of [`super::checks`]. What only the judge itself can know, as
//! whether everything was dead before, stands there as [`Duty::Possible`]: then a check may be
//! made, and need not be. Where calls overlap it is judged of all of them together, at any of their
//! steps.

use std::collections::BTreeSet;

use rescind_model::scenario::{Expectation, Key, Revoke, Verb};
use rescind_model::{RequirementSet, Target};
use rescind_provider::Entry;

use super::Judgement;
use super::checks::{CHECKS, Check};
use super::view::{Listed, StepView};
use crate::record::{Answered, Call, CaseRecord, StepRecord};

/// Where a check may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Of the case as a whole.
    Case,
    /// Of the case as a whole, if the scenario states a ledger.
    Ledger,
    /// At any step.
    Step,
    /// At a call about an account, beside which there are others; together, where calls overlap.
    CallBesideOthers,
    /// At a revoke.
    Revoke,
    /// At a revoke of an account with the right key, by the target's own method.
    OrdinaryRevoke,
    /// At a revoke; together, where calls overlap.
    LoneRevoke,
    /// At a revoke of an account, however it is made; together, where calls overlap.
    LoneRevokeOfAccount,
    /// At an ordinary revoke; together, where calls overlap.
    LoneOrdinaryRevoke,
    /// … and once more of the case as a whole.
    LoneOrdinaryRevokeAndEnd,
    /// At a revoke without a valid key.
    RevokeWithoutKey,
    /// At a revoke with a key that may only read.
    RevokeWithReadOnlyKey,
    /// At a revoke with a key of another project.
    RevokeFromAnotherProject,
    /// At a revoke of an id that is nobody's.
    RevokeOfUnknown,
    /// At a deletion that is to revoke nothing.
    Deletion,
    /// At a deletion that is to revoke.
    RevokingDeletion,
    /// Where calls overlap.
    Overlap,
    /// At a step that states an outcome.
    Stated(Outcome),
}

/// What a step may state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The HTTP status.
    Status,
    /// The list of revoked subjects.
    RevokedTokens,
    /// What a read says afterwards.
    AccountStatus,
    /// How many dispatches there are.
    Dispatches,
}

/// When a check must be made where it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// In any case.
    Always,
    /// If the step's call was answered.
    WhenAnswered,
    /// … with a success.
    WhenSucceeded,
    /// … and the account has not been deleted.
    WhenSucceededAndKept,
    /// … with anything else.
    WhenRefused,
    /// If the answer has a list.
    WhenListed,
    /// … with something in it.
    WhenSomethingListed,
    /// If a dispatch came.
    WhenDispatched,
    /// … that presents what an account holds.
    WhenTokenDispatched,
    /// If anything but a revoke was answered.
    WhenOthersAnswered,
    /// If the target's log has been read.
    WhenLogIsRead,
    /// Only the judge can know.
    Possible,
}

/// What the judge did not do as it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Irregular {
    /// The check.
    pub check: &'static str,
    /// The number of the step, counted from 0; none for the case as a whole.
    pub step: Option<usize>,
    /// What it is.
    pub kind: Irregularity,
}

/// How the judge departs from what a case declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Irregularity {
    /// The check was declared, and not made.
    Missing,
    /// It was made, and not declared.
    Surplus,
}

/// Holds what the judge has made against what a case declares, step by step, and then of the whole.
pub fn audit(
    record: &CaseRecord,
    target: &Target,
    set: &RequirementSet,
    judgements: &[Judgement],
) -> Vec<Irregular> {
    let made: BTreeSet<(&str, Option<usize>)> = judgements
        .iter()
        .map(|judgement| (judgement.check, judgement.step))
        .collect();
    let mut irregular = Vec::new();
    for place in places(record) {
        let occasion = Occasion::of(record, target, set, place);
        for check in CHECKS {
            let kind = match made.contains(&(check.id, place)) {
                false if occasion.demands(check) => Irregularity::Missing,
                true if !occasion.allows(check.at) => Irregularity::Surplus,
                _ => continue,
            };
            irregular.push(Irregular {
                check: check.id,
                step: place,
                kind,
            });
        }
    }
    let is_listed = |id: &str| CHECKS.iter().any(|check| check.id == id);
    let unlisted = judgements.iter().filter(|made| !is_listed(made.check));
    irregular.extend(unlisted.map(|made| Irregular {
        check: made.check,
        step: made.step,
        kind: Irregularity::Surplus,
    }));
    irregular
}

/// Every step that has run, and the case as a whole.
fn places(record: &CaseRecord) -> impl Iterator<Item = Option<usize>> {
    let steps = record.steps.iter().map(|step| Some(step.index));
    steps.chain([None])
}

/// A step, or the case as a whole, as a place where checks are made.
struct Occasion<'a> {
    record: &'a CaseRecord,
    /// None for the case as a whole.
    step: Option<StepView<'a>>,
    is_overlapped: bool,
}

impl<'a> Occasion<'a> {
    fn of(
        record: &'a CaseRecord,
        target: &'a Target,
        set: &'a RequirementSet,
        place: Option<usize>,
    ) -> Self {
        let mut steps = record.steps.iter();
        let step = place.and_then(|index| steps.find(|step| step.index == index));
        Self {
            record,
            step: step.map(|step| StepView::new(record, step, target, set)),
            is_overlapped: place.is_some_and(|index| record.overlap_at(index).is_some()),
        }
    }

    /// Whether a check may be made here.
    fn allows(&self, at: At) -> bool {
        let Some(view) = &self.step else {
            return match at {
                At::LoneOrdinaryRevokeAndEnd | At::Case => true,
                At::Ledger => !self.record.scenario.ledger.is_empty(),
                _ => false,
            };
        };
        match at {
            At::Step => true,
            At::Case | At::Ledger => false,
            At::Stated(outcome) => states_at_all(view.step, outcome),
            // Who did what is not known here: it is judged at the step of any of the calls.
            _ if self.is_overlapped => true,
            At::Overlap => false,
            At::CallBesideOthers => view.step.call.is_some() && has_others(view),
            At::Deletion => deletion(view.step) == Some(false),
            At::RevokingDeletion => deletion(view.step) == Some(true),
            _ => revoke(view.step).is_some_and(|revoke| is_such(revoke, at)),
        }
    }

    /// Whether a check must be made here.
    fn demands(&self, check: &Check) -> bool {
        let Some(view) = &self.step else {
            let is_judged = self.record.harness_error.is_none() && !self.record.steps.is_empty();
            return is_judged && self.allows(check.at) && self.demands_of_case(check.duty);
        };
        match check.at {
            At::Stated(outcome) => return is_stated_anyway(view.step, outcome),
            At::LoneRevoke
            | At::LoneRevokeOfAccount
            | At::LoneOrdinaryRevoke
            | At::LoneOrdinaryRevokeAndEnd
            | At::CallBesideOthers
            | At::Deletion
            | At::RevokingDeletion
            | At::Overlap
                if self.is_overlapped =>
            {
                return false;
            }
            At::Step => {}
            at => {
                let is_such = revoke(view.step).is_some_and(|revoke| is_such(revoke, at));
                let is_other = !self.is_overlapped && self.allows(at);
                if !is_such && !is_other {
                    return false;
                }
            }
        }
        self.is_due(view, check.duty)
    }

    fn demands_of_case(&self, duty: Duty) -> bool {
        match duty {
            Duty::Always => true,
            Duty::WhenLogIsRead => self.record.log_leaks.is_some(),
            _ => false,
        }
    }

    /// Whether what happened in a step asks for it.
    fn is_due(&self, view: &StepView<'_>, duty: Duty) -> bool {
        let step = view.step;
        let answered = view.answered();
        let is_success = answered.is_some_and(Answered::is_success);
        match duty {
            Duty::Possible | Duty::WhenLogIsRead => false,
            Duty::Always => step.call.is_some(),
            Duty::WhenAnswered => answered.is_some(),
            Duty::WhenSucceeded => is_success,
            Duty::WhenSucceededAndKept => is_success && !self.is_deleted(step),
            Duty::WhenRefused => answered.is_some() && !is_success,
            Duty::WhenListed => view.listed() != Listed::None,
            Duty::WhenSomethingListed => {
                matches!(view.listed(), Listed::Subjects(listed) if !listed.is_empty())
            }
            Duty::WhenDispatched => view.dispatches().next().is_some(),
            Duty::WhenTokenDispatched => {
                let presents = |entry: &Entry| entry.presented.grant().is_some();
                view.dispatches().any(presents)
            }
            Duty::WhenOthersAnswered => {
                let is_answered = |call: &Call| call.answered().is_some();
                let is_other = revoke(step).is_none() && answered.is_some();
                is_other || step.reads.values().any(is_answered)
            }
        }
    }

    /// Whether the account of a step has been deleted by its end, or by that of the calls that it
    /// overlapped with.
    fn is_deleted(&self, step: &StepRecord) -> bool {
        let overlap = self.record.overlap_at(step.index);
        let last = overlap.map_or(step.index, |overlap| overlap.last);
        let mut steps = self.record.steps.iter();
        let last = steps.find(|step| step.index == last).unwrap_or(step);
        let account = step.step.verb.account();
        let account = account.and_then(|account| last.after.accounts.get(account.get()));
        account.is_some_and(|account| account.deleted)
    }
}

/// The revoke that a step makes, or takes the answer of.
fn revoke(step: &StepRecord) -> Option<&Revoke> {
    match step.step.verb.called() {
        Verb::Revoke(revoke) if step.step.verb.calls_target() => Some(revoke),
        _ => None,
    }
}

/// Whether a revoke is of a kind.
fn is_such(revoke: &Revoke, at: At) -> bool {
    let by_key =
        |key: &[Key]| key.contains(&revoke.key) && revoke.method.is_none() && revoke.id.is_none();
    match at {
        At::Revoke | At::LoneRevoke => true,
        At::LoneRevokeOfAccount => revoke.account.is_some(),
        At::OrdinaryRevoke | At::LoneOrdinaryRevoke | At::LoneOrdinaryRevokeAndEnd => {
            by_key(&[Key::Right]) && revoke.account.is_some()
        }
        At::RevokeWithoutKey => by_key(&[Key::Missing, Key::Wrong]),
        At::RevokeWithReadOnlyKey => by_key(&[Key::ReadOnly]),
        At::RevokeFromAnotherProject => by_key(&[Key::OtherProject]),
        At::RevokeOfUnknown => by_key(&[Key::Right]) && revoke.unknown_like.is_some(),
        At::Case
        | At::Ledger
        | At::Step
        | At::CallBesideOthers
        | At::Deletion
        | At::RevokingDeletion
        | At::Overlap
        | At::Stated(_) => false,
    }
}

/// Whether a step deletes, and whether it is to revoke then.
fn deletion(step: &StepRecord) -> Option<bool> {
    match &step.step.verb {
        Verb::Delete(delete) => Some(delete.and_revoke),
        _ => None,
    }
}

/// Whether there are other accounts than the one that a step is about.
fn has_others(view: &StepView<'_>) -> bool {
    let Some(account) = view.step.step.verb.account() else {
        return false;
    };
    let is_connected = |name: &String| view.record.accounts.contains_key(name);
    let mut names = view.step.before.accounts.keys();
    is_connected(account.get()) && names.any(|name| name != account.get() && is_connected(name))
}

fn is_stated(expectation: &Expectation, outcome: Outcome) -> bool {
    match outcome {
        Outcome::Status => expectation.status.is_some(),
        Outcome::RevokedTokens => expectation.revoked_tokens.is_some(),
        Outcome::AccountStatus => expectation.account_status.is_some(),
        Outcome::Dispatches => expectation.dispatches.is_some(),
    }
}

/// Whether some outcome that a step allows states it.
fn states_at_all(step: &StepRecord, outcome: Outcome) -> bool {
    let mut outcomes = step.step.outcomes.iter();
    outcomes.any(|stated| is_stated(stated, outcome))
}

/// Whether every outcome that a step allows states it, so that it is judged whichever is nearest.
fn is_stated_anyway(step: &StepRecord, outcome: Outcome) -> bool {
    let mut outcomes = step.step.outcomes.iter();
    !step.step.outcomes.is_empty() && outcomes.all(|stated| is_stated(stated, outcome))
}
