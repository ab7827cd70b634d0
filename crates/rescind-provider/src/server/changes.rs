//! One signal a tenant: something has changed. Whoever waits for something listens, looks, and
//! looks again whenever it is signalled; nobody polls.

use std::ops::{Deref, DerefMut};
use std::sync::MutexGuard;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::tenant::TenantState;

/// The signal.
#[derive(Debug)]
pub(super) struct Changes(watch::Sender<()>);

impl Changes {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(()))
    }

    /// Listens from now on. What is looked at thereafter is seen, or signalled: whoever changes the
    /// state holds its lock, and finds the listener afterwards.
    pub(super) fn listen(&self) -> Listening {
        Listening(self.0.subscribe())
    }

    /// Costs one look at a counter while nobody listens.
    fn signal(&self) {
        if self.0.receiver_count() > 0 {
            self.0.send_replace(());
        }
    }
}

/// What was heard.
#[derive(Debug)]
pub(super) struct Listening(watch::Receiver<()>);

impl Listening {
    /// Waits until something changes, the time is over, or there is nothing more to wait for.
    pub(super) async fn changed(&mut self, within: Duration, stop: &CancellationToken) -> Woken {
        tokio::select! {
            () = stop.cancelled() => Woken::Stopped,
            heard = tokio::time::timeout(within, self.0.changed()) => match heard {
                Ok(Ok(())) => Woken::Changed,
                Ok(Err(_)) => Woken::Stopped,
                Err(_) => Woken::TimeOver,
            },
        }
    }
}

/// Why somebody no longer waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Woken {
    /// Something changed.
    Changed,
    /// The time is over.
    TimeOver,
    /// The provider stops, or the tenant is gone.
    Stopped,
}

/// A tenant's state, and no request in the meantime. Those who wait for a change hear of one when
/// it is given back, if it was lent to be changed.
pub struct Locked<'a> {
    state: MutexGuard<'a, TenantState>,
    changes: &'a Changes,
    is_changed: bool,
}

impl<'a> Locked<'a> {
    pub(super) const fn new(state: MutexGuard<'a, TenantState>, changes: &'a Changes) -> Self {
        Self {
            state,
            changes,
            is_changed: false,
        }
    }
}

impl std::fmt::Debug for Locked<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Locked(…)")
    }
}

impl Deref for Locked<'_> {
    type Target = TenantState;

    fn deref(&self) -> &TenantState {
        &self.state
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut TenantState {
        self.is_changed = true;
        &mut self.state
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        if self.is_changed {
            self.changes.signal();
        }
    }
}
