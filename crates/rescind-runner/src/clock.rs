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

/// How often something is looked at that comes when it comes.
const POLL: Duration = Duration::from_millis(5);

/// Looks again and again until `is_so`, or until the bound has passed.
pub async fn poll_until(bound: Duration, mut is_so: impl FnMut() -> bool) {
    let mut poll = tokio::time::interval(POLL);
    let look = async {
        while !is_so() {
            poll.tick().await;
        }
    };
    // That it did not come is the judge's to say.
    let _ = tokio::time::timeout(bound, look).await;
}
