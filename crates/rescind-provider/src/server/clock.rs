//! The one place that reads the clock.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::ledger::Moment;

/// The time since the provider started.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
    started_at: u64,
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
            started_at: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
        }
    }

    /// When it began, in seconds since 1970.
    pub const fn started_at(&self) -> u64 {
        self.started_at
    }

    /// How long ago it began.
    pub fn elapsed(&self) -> Moment {
        Moment(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}
