//! The one place that reads the clock.

use std::time::{Duration, Instant};

/// A moment to measure from.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    #[allow(
        clippy::disallowed_methods,
        reason = "a benchmark measures time; this is where it gets it from"
    )]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// How long ago it started.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
