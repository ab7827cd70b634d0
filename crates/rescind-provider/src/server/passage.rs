//! The way of a request through a tenant: to the gates before its effect, its effect, and the gates
//! after it. It waits outside of the tenant's lock, so that nobody else waits with it.

use std::sync::Arc;
use std::time::Duration;

use rescind_model::fault::When;

use super::Tenant;
use super::changes::Woken;
use crate::faults::Course;
use crate::gates::{GateId, Standing, Ticket};
use crate::journal::Withheld;
use crate::ledger::Moment;
use crate::message::{Reaction, Request};
use crate::tenant::{Kept, gate_timed_out};

/// Takes a request to a tenant, and waits for as long as gates hold it.
pub(super) async fn pass(tenant: &Arc<Tenant>, request: Request) -> Reaction {
    let elapsed = tenant.elapsed();
    let stopping = {
        let mut state = tenant.lock();
        let course = state.meet(&request, elapsed);
        if course.gates.is_empty() {
            return state.take(&request, course, elapsed);
        }
        Passage {
            tenant: Arc::clone(tenant),
            resets: state.resets(),
            ahead: course.gates.clone(),
            request,
            stage: Stage::Before(course),
        }
    };
    // Few requests stop, and none of the others is to carry what that takes.
    Box::pin(stopping.run()).await
}

/// A request that stops at gates. If it is dropped on the way, its client has left.
struct Passage {
    tenant: Arc<Tenant>,
    request: Request,
    /// How often the tenant had been reset by then: what a request was before a reset leaves no
    /// trace after it.
    resets: u32,
    /// The gates that it has not passed.
    ahead: Vec<Ticket>,
    stage: Stage,
}

enum Stage {
    /// It has not taken effect.
    Before(Course),
    /// It has, with an entry of that number, which knows of no answer yet; and then.
    After(u64, Withheld, Moment),
    /// It has been answered.
    Answered,
}

impl Passage {
    async fn run(mut self) -> Reaction {
        if let Err(gate) = self.wait(When::BeforeEffect).await {
            return self.end(gate, Kept::TimedOut);
        }
        let reaction = self.take_effect();
        if let Err(gate) = self.wait(When::AfterEffect).await {
            return self.end(gate, Kept::TimedOut);
        }
        self.give();
        reaction
    }

    /// Waits at every gate on one side of the effect. Fails with the one that it does not pass.
    async fn wait(&mut self, side: When) -> Result<(), GateId> {
        let at = |ticket: &Ticket| ticket.when == side;
        while let Some(index) = self.ahead.iter().position(at) {
            let ticket = self.ahead[index];
            if !self.passes(ticket).await {
                self.ahead.remove(index);
                return Err(ticket.gate);
            }
            self.ahead.remove(index);
        }
        Ok(())
    }

    async fn passes(&self, ticket: Ticket) -> bool {
        let tenant = &self.tenant;
        let entry = match &self.stage {
            Stage::After(number, ..) => Some(*number),
            Stage::Before(_) | Stage::Answered => None,
        };
        let mut listening = tenant.changes.listen();
        let mut standing = tenant.lock().arrive(ticket, entry, tenant.elapsed());
        loop {
            let until = match standing {
                Standing::Passes => return true,
                Standing::TimedOut => return false,
                Standing::Held { until } => until,
            };
            let left = Duration::from_millis(until.0.saturating_sub(tenant.elapsed().0));
            if listening.changed(left, &tenant.listening).await != Woken::Changed {
                tenant.lock().time_out(ticket.gate);
            }
            standing = tenant.lock().gates().standing(ticket);
        }
    }

    fn take_effect(&mut self) -> Reaction {
        let elapsed = self.tenant.elapsed();
        let mut state = self.tenant.lock();
        let course = match std::mem::replace(&mut self.stage, Stage::Answered) {
            Stage::Before(course) => course,
            Stage::After(..) | Stage::Answered => Course::default(),
        };
        if self.ahead.is_empty() {
            return state.take(&self.request, course, elapsed);
        }
        self.resets = state.resets();
        let (number, reaction, withheld) = state.take_and_withhold(&self.request, course, elapsed);
        if let Some(withheld) = withheld {
            self.stage = Stage::After(number, withheld, elapsed);
        }
        reaction
    }

    fn give(&mut self) {
        let passed = std::mem::replace(&mut self.stage, Stage::Answered);
        if let Stage::After(number, withheld, since) = passed {
            let held = self.tenant.elapsed().0.saturating_sub(since.0);
            let mut state = self.tenant.lock();
            if state.resets() == self.resets {
                state.give(number, &withheld, held);
            }
        }
    }

    /// Ends it at a gate: it comes to no other.
    fn end(&mut self, gate: GateId, kept: Kept) -> Reaction {
        let elapsed = self.tenant.elapsed();
        let mut state = self.tenant.lock();
        for ticket in self.ahead.drain(..) {
            state.leave(ticket);
        }
        let was_reset = state.resets() != self.resets;
        match std::mem::replace(&mut self.stage, Stage::Answered) {
            Stage::Before(course) if !was_reset => {
                state.keep_before(&self.request, course, gate, kept, elapsed)
            }
            Stage::After(number, ..) if !was_reset && kept == Kept::TimedOut => {
                state.keep_after(number, gate)
            }
            _ => gate_timed_out(gate).into(),
        }
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        let gate = self.ahead.first().map(|ticket| ticket.gate);
        if let Some(gate) = gate.filter(|_| !matches!(self.stage, Stage::Answered)) {
            self.end(gate, Kept::Left);
        }
    }
}
