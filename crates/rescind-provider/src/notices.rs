//! What happened at a tenant other than by a request: for whoever watches it live.
//!
//! Requests stand in the journal; a notice knows after which entry it came, so that both can be
//! told in one order. Bounded, as the journal is.

use std::collections::VecDeque;

use schemars::JsonSchema;
use serde::Serialize;

use crate::gates::{GateId, GateState};
use crate::ledger::{Cause, GrantId, Moment, TokenId};

/// How many notices are kept.
const CAPACITY: usize = 1000;

/// Something that happened other than by a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    /// A grant was minted.
    Minted(GrantId),
    /// A token was made to expire.
    Expired(TokenId),
    /// A token died, or is going to.
    Died {
        /// Which one.
        token: TokenId,
        /// When: the moment may lie ahead.
        at: Moment,
        /// Why.
        cause: Cause,
    },
    /// The clock was moved, stopped or started.
    Clock {
        /// What it shows, in milliseconds.
        now: Moment,
        /// Whether it stands still.
        standing: bool,
    },
    /// A fault was set: its word.
    FaultSet(&'static str),
    /// So many faults were ended.
    FaultsEnded(usize),
    /// Something became of a gate.
    Gate {
        /// Which one.
        gate: GateId,
        /// What.
        state: GateState,
    },
    /// A client was made: its name.
    ClientAdded(String),
    /// A client was removed: its name.
    ClientRemoved(String),
    /// It was said what users answer.
    ConsentSet,
    /// The provider signs with new keys.
    KeysRotated,
    /// Everything went back to the beginning. The journal's numbers begin anew.
    Reset,
}

/// Something that happened, and after what.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Its number, counted from 1.
    pub number: u64,
    /// The number of the newest entry of the journal at that time.
    pub after_entry: u64,
    /// What happened.
    pub happening: Happening,
}

/// The notices of one tenant, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    kept: VecDeque<Notice>,
    count: u64,
}

impl Notices {
    /// Adds one.
    pub fn push(&mut self, after_entry: u64, happening: Happening) {
        if self.kept.len() == CAPACITY {
            self.kept.pop_front();
        }
        self.count += 1;
        self.kept.push_back(Notice {
            number: self.count,
            after_entry,
            happening,
        });
    }

    /// The number of the newest.
    pub const fn newest(&self) -> u64 {
        self.count
    }

    /// Whether a notice after that number was dropped.
    pub fn lost_after(&self, number: u64) -> bool {
        let first = self.kept.front().map(|first| first.number);
        first.is_some_and(|first| first > number.saturating_add(1))
    }

    /// The first one after a number.
    pub fn next_after(&self, number: u64) -> Option<&Notice> {
        let first = self.kept.front()?.number;
        let index = number.saturating_add(1).saturating_sub(first);
        self.kept.get(usize::try_from(index).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_numbered_and_bounded() {
        let mut notices = Notices::default();
        assert!(notices.next_after(0).is_none());
        for entry in 0..1001 {
            notices.push(entry, Happening::Reset);
        }
        assert_eq!(notices.newest(), 1001);
        assert!(notices.lost_after(0) && !notices.lost_after(1));
        let first = notices.next_after(0).map(|notice| notice.number);
        assert_eq!(first, Some(2));
        let next = notices.next_after(1000);
        let next = next.map(|notice| (notice.number, notice.after_entry));
        assert_eq!(next, Some((1001, 1000)));
        assert!(notices.next_after(1001).is_none());
    }
}
