//! The one place that reads the clock.

use std::time::Instant;

use crate::ledger::Moment;

/// The time since the provider started.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
}

impl Clock {
    /// A clock that begins now.
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the clock that everything else gets its time from"
    )]
    pub fn start() -> Self {
        Self {
            started: Instant::now(),
        }
    }

    /// How long ago it began.
    pub fn elapsed(&self) -> Moment {
        Moment(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}
