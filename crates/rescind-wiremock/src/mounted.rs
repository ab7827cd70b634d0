//! A provider's state, and the clock that goes with it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rescind_provider::ledger::Moment;
use rescind_provider::server::Clock;
use rescind_provider::tenant::TenantState;

/// What the mocks of one provider share with whoever holds it.
#[derive(Debug)]
pub(crate) struct Mounted {
    clock: Clock,
    state: Mutex<TenantState>,
}

impl Mounted {
    pub fn new(state: TenantState, clock: Clock) -> Self {
        Self {
            clock,
            state: Mutex::new(state),
        }
    }

    /// Does something to the state, and lets no request in the meantime. The time is that since the
    /// provider was mounted.
    pub fn with<T>(&self, act: impl FnOnce(&mut TenantState, Moment) -> T) -> T {
        let elapsed = self.clock.elapsed();
        act(&mut self.lock(), elapsed)
    }

    /// The state, and no request in the meantime.
    pub fn lock(&self) -> MutexGuard<'_, TenantState> {
        // A panic in a handler leaves a state that is whole: every change is made in one place.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
