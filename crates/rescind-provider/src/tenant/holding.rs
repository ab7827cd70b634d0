//! A tenant's gates: what holds requests, and what becomes of what is held.

use rescind_model::gate::Gate;
use serde_json::json;

use super::TenantState;
use crate::faults::{Course, TakesEffect};
use crate::gates::{GateId, Gates, Standing, Ticket};
use crate::journal::Withheld;
use crate::ledger::Moment;
use crate::message::{Delivery, Reaction, Reply, Request};
use crate::notices::Happening;

/// Why a request does not pass a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The gate's time is over, and the client is told so.
    TimedOut,
    /// The client has left.
    Left,
}

impl TenantState {
    /// The gates.
    pub const fn gates(&self) -> &Gates {
        &self.gates
    }

    /// Holds requests.
    pub fn hold(&mut self, gate: Gate) -> GateId {
        let id = self.gates.set(gate);
        self.note_gate(id);
        id
    }

    /// Lets everything pass that a gate holds. False if it was over.
    pub fn release(&mut self, id: GateId) -> bool {
        let released = self.gates.release(id);
        if released {
            self.note_gate(id);
        }
        released
    }

    /// Releases every gate. Returns those that were not over.
    pub fn release_all(&mut self) -> Vec<GateId> {
        let ids: Vec<GateId> = self.gates.iter().map(|gate| gate.id).collect();
        ids.into_iter().filter(|id| self.release(*id)).collect()
    }

    /// Ends a gate whose time is over.
    pub fn time_out(&mut self, id: GateId) {
        if self.gates.time_out(id) {
            self.note_gate(id);
        }
    }

    /// A request has come to a gate; with the number of its entry, if it has taken effect. Returns
    /// what it is to do.
    pub fn arrive(&mut self, ticket: Ticket, entry: Option<u64>, elapsed: Moment) -> Standing {
        self.gates.arrive(ticket, entry, elapsed);
        self.note_gate(ticket.gate);
        self.gates.standing(ticket)
    }

    /// A request leaves a gate, or never comes to it, because its client is gone or another gate
    /// keeps it.
    pub fn leave(&mut self, ticket: Ticket) {
        self.gates.leave(ticket);
        self.note_gate(ticket.gate);
    }

    /// Lets a request take effect that stops at gates afterwards. Returns the number of its entry,
    /// and its answer twice: as it is to go, and for the journal, to be recorded when it goes.
    pub fn take_and_withhold(
        &mut self,
        request: &Request,
        course: Course,
        elapsed: Moment,
    ) -> (u64, Reaction, Option<Withheld>) {
        let reaction = self.take(request, course, elapsed);
        let number = self.journal.received();
        let entry = self.journal.entry_mut(number);
        (number, reaction, entry.map(super::Entry::withhold))
    }

    /// Records that an answer goes that was withheld, and for how many milliseconds.
    pub fn give(&mut self, number: u64, withheld: &Withheld, held: u64) {
        if let Some(entry) = self.journal.entry_mut(number) {
            entry.give(withheld);
            entry.lasted += held;
        }
    }

    /// Keeps a request from taking effect, at a gate before it.
    pub fn keep_before(
        &mut self,
        request: &Request,
        mut course: Course,
        gate: GateId,
        kept: Kept,
        elapsed: Moment,
    ) -> Reaction {
        course.effect = TakesEffect::Never;
        course.instead = Some(gate_timed_out(gate));
        course.delay_milliseconds = 0;
        course.delivery = match kept {
            Kept::TimedOut => Delivery::Whole,
            Kept::Left => Delivery::Never,
        };
        self.take(request, course, elapsed)
    }

    /// Keeps the answer to a request that has taken effect, at a gate after it. Returns what it is
    /// answered instead.
    pub fn keep_after(&mut self, number: u64, gate: GateId) -> Reaction {
        let reply = gate_timed_out(gate);
        if let Some(entry) = self.journal.entry_mut(number) {
            entry.answered(&reply);
        }
        reply.into()
    }

    fn note_gate(&mut self, id: GateId) {
        if let Some(gate) = self.gates.get(id) {
            let state = gate.state();
            self.note(Happening::Gate { gate: id, state });
        }
    }
}

/// What a request is answered that a gate held for too long.
pub fn gate_timed_out(gate: GateId) -> Reply {
    Reply::json(503, &json!({ "error": "gate_timed_out", "gate": gate }))
}
