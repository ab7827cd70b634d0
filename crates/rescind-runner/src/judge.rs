//! The judge: a pure function from what a case left behind to judgements.
//!
//! [`checks`] lists every judgement that exists. The invariants are spread over topics:
//! `answers` (what the target said), `dispatches` (what it asked of the provider),
//! `effects` (which tokens are dead, and who may be blamed), `refusals` (who must be refused, and
//! how), `deletions`, `reads`, `retries`. Calls that overlap are judged together: `overlaps`, and
//! `crashes` for what follows the death of the target's process. `expectations` holds the outcomes
//! that a scenario states against what happened. [`declared`] holds what was made of all this against
//! what the case declares. `hearing` says what a dispatch did, and what its
//! client could know of it.

mod answers;
pub mod checks;
mod crashes;
pub mod declared;
mod deletions;
mod dispatches;
mod effects;
mod expectations;
pub mod facts;
mod hearing;
mod overlaps;
mod reads;
mod refusals;
mod retries;
mod secrets;
mod view;

use rescind_model::event::Place;
use rescind_model::{RequirementSet, Target};

use self::view::StepView;
use crate::record::CaseRecord;

/// One judgement: a check that was made, and what it found.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The check's id.
    pub check: &'static str,
    /// The number of the step, counted from 0; none for what is judged of the case as a whole.
    pub step: Option<usize>,
    /// What is wrong; none if it holds.
    pub violation: Option<Violation>,
    /// The rows that it judges, where the scenario says so; none for an invariant, whose rows
    /// the requirement set names.
    pub rows: Option<Vec<String>>,
}

/// What is wrong.
#[derive(Clone, Debug)]
pub struct Violation {
    /// In a sentence: what should be, and what is. Says nothing that differs from run to run.
    pub message: String,
    /// Where the scenario states what should be.
    pub place: Option<Place>,
}

/// Every judgement of a case, step by step and then of the whole. `set` says which words beside
/// the subjects a list may hold.
pub fn judge(record: &CaseRecord, target: &Target, set: &RequirementSet) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    for step in &record.steps {
        let view = StepView::new(record, step, target, set);
        let mut sheet = Sheet {
            step: Some(step.index),
            judgements: &mut judgements,
        };
        if record.overlap_at(step.index).is_some() {
            // What its calls did to each other is judged of all of them together.
            dispatches::judge_each(&view, &mut sheet);
            reads::judge(&view, &mut sheet);
            secrets::judge_step(&view, &mut sheet);
            expectations::judge_step(&view, &mut sheet);
            continue;
        }
        answers::judge(&view, &mut sheet);
        refusals::judge(&view, &mut sheet);
        dispatches::judge(&view, &mut sheet);
        effects::judge(&view, &mut sheet);
        deletions::judge(&view, &mut sheet);
        reads::judge(&view, &mut sheet);
        retries::judge(&view, &mut sheet);
        secrets::judge_step(&view, &mut sheet);
        expectations::judge_step(&view, &mut sheet);
    }
    overlaps::judge(record, target, set, &mut judgements);
    let mut sheet = Sheet {
        step: None,
        judgements: &mut judgements,
    };
    if record.harness_error.is_none() {
        dispatches::judge_end(record, &mut sheet);
        effects::judge_end(record, target, set, &mut sheet);
        secrets::judge_log(record, &mut sheet);
        expectations::judge_ledger(record, &mut sheet);
    }
    judgements
}

/// Where judgements are written down.
struct Sheet<'a> {
    step: Option<usize>,
    judgements: &'a mut Vec<Judgement>,
}

impl Sheet<'_> {
    /// A check was made: it holds, or `message` says what should be and what is.
    fn check(&mut self, check: &'static str, holds: bool, message: impl FnOnce() -> String) {
        let violation = (!holds).then(|| Violation {
            message: message(),
            place: None,
        });
        self.judgements.push(Judgement {
            check,
            step: self.step,
            violation,
            rows: None,
        });
    }

    /// A check was made of what the scenario states at a place.
    fn expectation(
        &mut self,
        check: &'static str,
        rows: Vec<String>,
        violation: Option<Violation>,
    ) {
        self.judgements.push(Judgement {
            check,
            step: self.step,
            violation,
            rows: Some(rows),
        });
    }
}
