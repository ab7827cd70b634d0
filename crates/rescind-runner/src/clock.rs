//! The one place of the runner that reads the clock.

use std::time::{Duration, Instant};

/// Measures how long something takes.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Begins now.
    #[allow(
        clippy::disallowed_methods,
        reason = "this is where the runner's durations come from"
    )]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Lets the target's background work come to its end. The only wait for time itself: nothing can
/// be polled for something that must not happen.
pub async fn let_pass(duration: Duration) {
    let never = std::future::pending::<()>();
    // Running into the limit is the purpose.
    let _ = tokio::time::timeout(duration, never).await;
}
