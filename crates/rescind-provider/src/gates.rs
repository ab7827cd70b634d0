//! Gates: which requests are held, before or after they take effect, until they are released.
//!
//! Pure: a gate counts requests, gives each that it holds a [`Ticket`], and knows what has become
//! of it. Whoever carries the request waits, outside of the tenant's lock, and asks again whenever
//! something has changed (see `server::passage`).

use rescind_model::fault::When;
use rescind_model::gate::Gate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::faults::Traits;
use crate::ledger::{Moment, TokenId};
use crate::message::Request;
use crate::name::Name;

/// How many gates that are over are remembered.
const REMEMBERED: usize = 100;

/// The number of a gate at its tenant, counted from 1.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct GateId(pub u32);

/// What has become of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GateState {
    /// It holds nothing, and has room for a request that is to come.
    Waiting,
    /// It holds at least one request.
    Holding,
    /// It was released: it holds nothing any more.
    Released,
    /// Its time was over: what it held was answered 503, and it holds nothing any more.
    TimedOut,
    /// The client of every request that it was to hold left before it was released.
    Abandoned,
}

impl GateState {
    /// Whether it will hold nothing any more.
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Waiting | Self::Holding)
    }
}

/// What has become of a request that a gate is to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HeldState {
    /// It is on its way to the gate: taking effect, or held by another.
    Coming,
    /// It is held.
    Held,
    /// It went on.
    Released,
    /// It was answered 503, as its time was over.
    TimedOut,
    /// Its client left, or another gate kept it.
    Left,
}

/// The right of a request to be held by a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The gate.
    pub gate: GateId,
    /// On which side of the request's effect.
    pub when: When,
    place: usize,
}

/// What a request that stands at a gate is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Wait, until that moment at most, by the time since the provider started.
    Held {
        /// When the gate's time is over.
        until: Moment,
    },
    /// Go on.
    Passes,
    /// Be answered that the gate's time was over.
    TimedOut,
}

/// A request that a gate holds, or held.
#[derive(Clone, Debug)]
pub struct Held {
    /// Its number among the requests that the gate is for, counted from 1.
    pub nth: u32,
    /// The request's method.
    pub method: String,
    /// The token that it is about.
    pub token: Option<TokenId>,
    /// The name of the client that its credentials name, rightly or not.
    pub client: Option<Name>,
    /// The number of its entry in the journal, once it has taken effect.
    pub entry: Option<u64>,
    /// What has become of it.
    pub state: HeldState,
}

/// A gate that was set.
#[derive(Clone, Debug)]
pub struct SetGate {
    /// Its number.
    pub id: GateId,
    /// What it holds.
    pub gate: Gate,
    /// How many requests that it is for have come.
    pub matched: u32,
    /// What it holds or held.
    pub held: Vec<Held>,
    /// Since when it has held something without a break.
    since: Option<Moment>,
    /// How it ended, if it was not left alone.
    ended: Option<GateState>,
}

impl SetGate {
    /// What has become of it.
    pub fn state(&self) -> GateState {
        let is_full = self.held.len() >= self.gate.count as usize;
        let left = |held: &Held| held.state == HeldState::Left;
        match self.ended {
            Some(ended) => ended,
            None if self.holding() > 0 => GateState::Holding,
            None if is_full && self.held.iter().all(left) => GateState::Abandoned,
            None => GateState::Waiting,
        }
    }

    /// How many requests it holds.
    pub fn holding(&self) -> usize {
        let held = |held: &&Held| held.state == HeldState::Held;
        self.held.iter().filter(held).count()
    }

    /// When its time is over, if it holds something.
    fn until(&self) -> Option<Moment> {
        let seconds = u64::from(self.gate.timeout_seconds);
        self.since.map(|since| since.after_seconds(seconds))
    }

    /// Ends it: whatever it holds fares as the gate does.
    fn end(&mut self, ended: GateState, fate: HeldState) {
        self.ended = Some(ended);
        for held in &mut self.held {
            if held.state == HeldState::Held {
                held.state = fate;
            }
        }
    }
}

/// The gates of one tenant.
#[derive(Clone, Debug, Default)]
pub struct Gates {
    gates: Vec<SetGate>,
    set: u32,
}

impl Gates {
    /// Adds a gate.
    pub fn set(&mut self, gate: Gate) -> GateId {
        let over = |gate: &SetGate| gate.state().is_over();
        if self.gates.iter().filter(|gate| over(gate)).count() >= REMEMBERED
            && let Some(oldest) = self.gates.iter().position(over)
        {
            self.gates.remove(oldest);
        }
        self.set += 1;
        let id = GateId(self.set);
        self.gates.push(SetGate {
            id,
            gate,
            matched: 0,
            held: Vec::new(),
            since: None,
            ended: None,
        });
        id
    }

    /// Whether no gate will hold anything.
    pub fn are_all_over(&self) -> bool {
        self.gates.iter().all(|gate| gate.state().is_over())
    }

    /// A gate; none if it was never set, or is over and forgotten.
    pub fn get(&self, id: GateId) -> Option<&SetGate> {
        self.gates.iter().find(|gate| gate.id == id)
    }

    /// Every gate that is remembered, in the order in which they were set.
    pub fn iter(&self) -> impl Iterator<Item = &SetGate> {
        self.gates.iter()
    }

    /// The gates at which the next request is to stop. It counts at every one that it fits.
    pub fn stops(&mut self, traits: &Traits, request: &Request) -> Vec<Ticket> {
        let mut tickets = Vec::new();
        for gate in &mut self.gates {
            if gate.state().is_over() || !traits.fit(&gate.gate.meets) {
                continue;
            }
            gate.matched += 1;
            let has_room = gate.held.len() < gate.gate.count as usize;
            if gate.matched < gate.gate.first() || !has_room {
                continue;
            }
            tickets.push(Ticket {
                gate: gate.id,
                when: gate.gate.when,
                place: gate.held.len(),
            });
            gate.held.push(Held {
                nth: gate.matched,
                method: request.method.clone(),
                token: traits.token,
                client: traits.client.clone(),
                entry: None,
                state: HeldState::Coming,
            });
        }
        tickets
    }

    /// A request has come to a gate; with the number of its entry, if it has taken effect.
    pub fn arrive(&mut self, ticket: Ticket, entry: Option<u64>, elapsed: Moment) {
        let Some(gate) = self.get_mut(ticket.gate) else {
            return;
        };
        let is_over = gate.state().is_over();
        if gate.holding() == 0 {
            gate.since = Some(elapsed);
        }
        if let Some(held) = gate.held.get_mut(ticket.place) {
            held.entry = entry;
            held.state = if is_over {
                HeldState::Released
            } else {
                HeldState::Held
            };
        }
    }

    /// What a request that has come to a gate is to do. A gate that is gone never lets it pass.
    pub fn standing(&self, ticket: Ticket) -> Standing {
        let Some(gate) = self.get(ticket.gate) else {
            return Standing::TimedOut;
        };
        match gate.held.get(ticket.place).map(|held| held.state) {
            Some(HeldState::Held) => Standing::Held {
                until: gate.until().unwrap_or_default(),
            },
            Some(HeldState::Coming | HeldState::Released) => Standing::Passes,
            Some(HeldState::TimedOut | HeldState::Left) | None => Standing::TimedOut,
        }
    }

    /// A request will not come to a gate, or has left it.
    pub fn leave(&mut self, ticket: Ticket) {
        let held = self
            .get_mut(ticket.gate)
            .and_then(|gate| gate.held.get_mut(ticket.place));
        if let Some(held) = held {
            held.state = HeldState::Left;
        }
    }

    /// Lets everything pass that a gate holds, and hold nothing any more. False if it was over.
    pub fn release(&mut self, id: GateId) -> bool {
        self.end(id, GateState::Released, HeldState::Released)
    }

    /// Ends a gate whose time is over. False if it was over before.
    pub fn time_out(&mut self, id: GateId) -> bool {
        self.end(id, GateState::TimedOut, HeldState::TimedOut)
    }

    fn end(&mut self, id: GateId, ended: GateState, fate: HeldState) -> bool {
        let open = |gate: &&mut SetGate| !gate.state().is_over();
        let gate = self.get_mut(id).filter(open);
        gate.map(|gate| gate.end(ended, fate)).is_some()
    }

    /// Forgets every gate. What they held passes none of them.
    pub fn clear(&mut self) {
        self.gates.clear();
    }

    fn get_mut(&mut self, id: GateId) -> Option<&mut SetGate> {
        self.gates.iter_mut().find(|gate| gate.id == id)
    }
}

#[cfg(test)]
mod tests;
