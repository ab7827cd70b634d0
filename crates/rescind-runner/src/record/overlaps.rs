//! Calls that overlapped, and what a crash left to be done: from the first that was begun to the
//! last that was answered, nothing tells which of them asked the provider for what.

use std::collections::BTreeMap;

use rescind_model::scenario::Verb;

use super::{Call, ReadStatus};

/// Steps whose calls overlapped. How things stood before is what the last of them has as `before`,
/// and every request to the provider is among its `entries`.
#[derive(Clone, Debug)]
pub struct Overlap {
    /// The number of its first step.
    pub first: usize,
    /// The number of its last step.
    pub last: usize,
    /// Every call to the target, in the order in which they ended.
    pub calls: Vec<OverlappingCall>,
    /// What was found after each start of a process that had been killed.
    pub restarts: Vec<Restarted>,
}

/// A call among others.
#[derive(Clone, Debug)]
pub struct OverlappingCall {
    /// The number of the step in which it ended.
    pub step: usize,
    /// What was called.
    pub verb: Verb,
    /// What a read said of its account.
    pub status: Option<ReadStatus>,
    /// How it ended.
    pub ended: Ended,
}

/// How a call ended.
#[derive(Clone, Debug)]
pub enum Ended {
    /// By itself.
    Answered(Box<Call>),
    /// Its client broke the connection.
    GivenUp,
    /// The target's process was killed.
    Killed,
}

/// What was found after the start of a process that had been killed.
#[derive(Clone, Debug)]
pub struct Restarted {
    /// The number of the step.
    pub step: usize,
    /// What a read said of every account.
    pub statuses: BTreeMap<String, ReadStatus>,
    /// The number of the last request that the provider had received by then.
    pub seen: u64,
}

impl OverlappingCall {
    /// What came of it, if it ended by itself.
    pub const fn call(&self) -> Option<&Call> {
        match &self.ended {
            Ended::Answered(call) => Some(call),
            Ended::GivenUp | Ended::Killed => None,
        }
    }
}

impl Overlap {
    /// Whether something may have gone on that nobody waited for any more: a call whose client had
    /// left, or one that a process finishes by itself which runs again.
    pub fn has_unheard(&self) -> bool {
        !self.restarts.is_empty() || self.calls.iter().any(|call| call.call().is_none())
    }

    /// The number of the step in which the process was last started again, if it was.
    pub fn last_restart(&self) -> Option<usize> {
        self.restarts.last().map(|restarted| restarted.step)
    }
}
