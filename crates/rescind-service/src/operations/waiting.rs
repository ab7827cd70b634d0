//! Waiting for a claim to end, and keeping one while the provider is called.

use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::futures::Notified;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::clock::{self, Timestamp};
use crate::service::Service;

/// Several renewals fit into a lease, so that one that is late does no harm.
const RENEWALS_IN_A_LEASE: u32 = 4;
/// How often the row is looked at while another process may hold it.
const POLL: Duration = Duration::from_millis(50);
/// A call may wait for another one, and then do its own work, for this many dispatch timeouts. A
/// revoke's own work is at most four calls to the provider: a dispatch, a refresh, and two more
/// dispatches. A dispatch is repeated only where that, too, fits in.
const LONGEST_CALL_IN_TIMEOUTS: u32 = 5;

/// The rhythm in which a waiting call looks at the row.
pub(super) fn poll_interval() -> Interval {
    let mut poll = interval(POLL);
    poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
    poll
}

/// Returns when a claim of this process ended, or when it is time to look for one of another
/// process. `ended` was enabled before the row was read, so that no end is missed in between.
pub(super) async fn until_worth_another_look(ended: Pin<&mut Notified<'_>>, poll: &mut Interval) {
    tokio::select! {
        () = ended => {}
        _ = poll.tick() => {}
    }
}

impl Service {
    pub(super) fn longest_call(&self) -> Duration {
        self.dispatch_timeout * LONGEST_CALL_IN_TIMEOUTS
    }

    /// Until when a claim that is made or renewed now is held.
    pub(super) fn lease_end(&self) -> Timestamp {
        clock::now().plus(self.claim_lease)
    }

    /// Renews a claim for as long as it is polled.
    pub(super) async fn keep_claimed(&self, id: &str, version: i64) -> Infallible {
        let mut renewal = interval(self.claim_lease / RENEWALS_IN_A_LEASE);
        renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            renewal.tick().await;
            match self.store.renew_claim(id, version, self.lease_end()).await {
                Ok(true) => {}
                Ok(false) => tracing::warn!(account = id, "claim was lost to another call"),
                Err(error) => tracing::error!(account = id, %error, "claim was not renewed"),
            }
        }
    }
}
