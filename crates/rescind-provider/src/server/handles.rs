//! What a Rust test does to a tenant of a running provider.

use std::sync::Arc;
use std::time::Duration;

use rescind_model::gate::Gate;

use super::Tenant;
use super::changes::Woken;
use crate::gates::{GateId, GateState, Held, HeldState};
use crate::ledger::Moment;

/// The longest that one look at a gate waits before it looks again: any bound does, as every change
/// is signalled.
const LOOK_AGAIN: Duration = Duration::from_hours(1);

/// A request that a gate holds.
pub type HeldRequest = Held;

impl Tenant {
    /// Holds requests, from the next one on that the gate is for.
    pub fn hold(self: &Arc<Self>, gate: Gate) -> GateHandle {
        let id = self.lock().hold(gate);
        GateHandle {
            tenant: Arc::clone(self),
            id,
        }
    }

    /// Moves the clock ahead. Returns what it shows.
    pub fn advance(&self, seconds: u64) -> Moment {
        let elapsed = self.elapsed();
        self.lock().advance(seconds, elapsed)
    }

    /// Lets the clock stand still. Returns what it shows.
    pub fn freeze(&self) -> Moment {
        let elapsed = self.elapsed();
        self.lock().freeze(elapsed)
    }

    /// Lets the clock go on from what it shows, which it returns.
    pub fn thaw(&self) -> Moment {
        let elapsed = self.elapsed();
        self.lock().thaw(elapsed)
    }
}

/// A gate of a running provider. Dropping the handle does not release the gate.
#[derive(Debug)]
pub struct GateHandle {
    tenant: Arc<Tenant>,
    id: GateId,
}

impl GateHandle {
    /// Its number, as the control API has it.
    pub const fn id(&self) -> GateId {
        self.id
    }

    /// What has become of it. A gate that is forgotten, as after a reset, counts as released.
    pub fn state(&self) -> GateState {
        let state = self.tenant.lock();
        let gate = state.gates().get(self.id);
        gate.map_or(GateState::Released, crate::gates::SetGate::state)
    }

    /// The requests that it holds.
    pub fn held(&self) -> Vec<HeldRequest> {
        let state = self.tenant.lock();
        let gate = state.gates().get(self.id);
        let held = gate.map(|gate| gate.held.clone()).unwrap_or_default();
        let is_held = |held: &HeldRequest| held.state == HeldState::Held;
        held.into_iter().filter(is_held).collect()
    }

    /// Waits until it holds a request, or is over. Whoever is not sure that one comes puts a bound
    /// around it, such as `tokio::time::timeout`.
    pub async fn wait_until_held(&self) -> GateState {
        self.wait_until_it_holds(1).await
    }

    /// Waits until it holds so many requests, or is over.
    pub async fn wait_until_it_holds(&self, requests: usize) -> GateState {
        let mut listening = self.tenant.changes.listen();
        loop {
            let state = self.state();
            let holds_enough = state == GateState::Holding && self.held().len() >= requests;
            if state.is_over() || holds_enough {
                return state;
            }
            if listening.changed(LOOK_AGAIN, &self.tenant.listening).await == Woken::Stopped {
                return self.state();
            }
        }
    }

    /// Lets everything pass that it holds, and hold nothing any more. False if it was over.
    pub fn release(&self) -> bool {
        self.tenant.lock().release(self.id)
    }
}
