//! The one place of the runner that reads the clock.

use std::time::{Duration, Instant};

use tokio::time::{Interval, MissedTickBehavior};

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

/// Lets the target's background work come to its end. The only wait for time itself, but for the one
/// that a target demands ([`wait_out_rate_limit`]): nothing can be polled for something that must not
/// happen.
pub async fn let_pass(duration: Duration) {
    let never = std::future::pending::<()>();
    // Running into the limit is the purpose.
    let _ = tokio::time::timeout(duration, never).await;
}

/// Waits as long as a target demands before it takes a call up. The one latency that is somebody
/// else's: nothing shows when the target is ready again but that time has passed.
pub async fn wait_out_rate_limit(demanded: Duration) {
    let_pass(demanded).await;
}

/// How often something is looked at that comes when it comes.
const POLL: Duration = Duration::from_millis(5);

/// Looks at something again and again, within a bound.
#[derive(Debug)]
pub struct Looks {
    bound: Duration,
    stopwatch: Stopwatch,
    poll: Interval,
}

impl Looks {
    /// Begins now, with the first look.
    pub fn within(bound: Duration) -> Self {
        let mut poll = tokio::time::interval(POLL);
        // A look that takes long is not made up for.
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            bound,
            stopwatch: Stopwatch::start(),
            poll,
        }
    }

    /// Lets a moment pass. False if the bound has passed: that it did not come is the judge's to
    /// say.
    pub async fn again(&mut self) -> bool {
        let left = self.bound.saturating_sub(self.stopwatch.elapsed());
        let in_time = tokio::time::timeout(left, self.poll.tick()).await;
        in_time.is_ok() && !left.is_zero()
    }
}

/// Looks again and again until `is_so`, or until the bound has passed.
pub async fn poll_until(bound: Duration, mut is_so: impl FnMut() -> bool) {
    let mut looks = Looks::within(bound);
    while !is_so() && looks.again().await {}
}
