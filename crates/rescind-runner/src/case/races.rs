//! Calls that overlap: begun, held, waited for, finished, given up. Nothing here waits for a time
//! to pass: what is waited for is seen, within a bound.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use rescind_model::scenario::{Awaited, Hold, NamedCall, Verb};
use rescind_provider::gates::GateState;
use tokio::task::JoinHandle;

use super::{CaseRun, StepError, declared};
use crate::clock::{Looks, poll_until};
use crate::provider_access::GateAccess;
use crate::record::overlaps::{Ended, Overlap, OverlappingCall, Restarted};
use crate::record::{Call, ReadStatus, World};
use crate::target::CallError;

/// How many answers to calls that were sent later show that a call has been taken up.
const ANSWERS_TO_OTHERS: usize = 3;

/// How long those answers may take. A target that serves one call after the other gives none of
/// them: then the call waits for its turn, which is an interleaving as well.
const ANSWERED_WITHIN: Duration = Duration::from_millis(500);

/// How long the answer may take of a call that a target may also let wait for another.
const SETTLED_WITHIN: Duration = Duration::from_millis(1500);

/// A call that goes on by itself.
type Begun = Pin<Box<dyn Future<Output = Result<Call, CallError>> + Send>>;

/// What is open between steps.
#[derive(Default)]
pub(super) struct Stage {
    pub(super) gates: BTreeMap<String, GateAccess>,
    pub(super) calls: BTreeMap<String, OpenCall>,
    pub(super) overlap: Option<OpenOverlap>,
}

/// A call that has been begun.
pub(super) struct OpenCall {
    pub(super) verb: Verb,
    task: JoinHandle<Result<Call, CallError>>,
    /// The number of the last request that the provider had received before.
    seen: u64,
}

/// Calls that overlap so far.
pub(super) struct OpenOverlap {
    first: usize,
    before: World,
    pub(super) calls: Vec<OverlappingCall>,
    pub(super) restarts: Vec<Restarted>,
    /// Whether a call ended without an answer, so that what it began may go on until another
    /// revoke has been answered.
    pub(super) is_owed_an_answer: bool,
}

impl OpenCall {
    /// Waits for its end, which the target's limits bound.
    pub(super) async fn ended(&mut self) -> Result<Call, StepError> {
        match (&mut self.task).await {
            Ok(call) => Ok(call?),
            Err(error) => Err(StepError::Abnormal(error.to_string())),
        }
    }
}

impl Stage {
    /// A step begins that may be the first of an overlap.
    pub(super) fn enter(&mut self, step: usize, verb: &Verb, before: &World) {
        if self.overlap.is_none() && matches!(verb, Verb::Start(_) | Verb::Kill) {
            self.overlap = Some(OpenOverlap {
                first: step,
                before: before.clone(),
                calls: Vec::new(),
                restarts: Vec::new(),
                is_owed_an_answer: false,
            });
        }
    }

    /// A call was answered, or came to an end without.
    pub(super) fn note(&mut self, step: usize, verb: &Verb, call: &Call, status: ReadStatus) {
        let verb = verb.called().clone();
        let status = matches!(verb, Verb::Read(_)).then_some(status);
        if let Some(overlap) = &mut self.overlap {
            overlap.calls.push(OverlappingCall {
                step,
                verb,
                status,
                ended: Ended::Answered(Box::new(call.clone())),
            });
        }
    }

    /// Ends the overlap with this step if nothing of it is open any more. Returns it with how things
    /// stood before.
    pub(super) fn leave(
        &mut self,
        step: usize,
        verb: &Verb,
        is_last: bool,
    ) -> Option<(Overlap, World)> {
        let is_answer = verb.calls_target() && matches!(verb.called(), Verb::Revoke(_));
        let is_over = |overlap: &OpenOverlap| {
            self.calls.is_empty() && (is_answer || !overlap.is_owed_an_answer)
        };
        let ends = self.overlap.as_ref().is_some_and(is_over) || is_last;
        let open = self.overlap.take_if(|_| ends)?;
        let overlap = Overlap {
            first: open.first,
            last: step,
            calls: open.calls,
            restarts: open.restarts,
        };
        Some((overlap, open.before))
    }

    /// Whether calls overlap now, or something that ended without an answer may go on.
    pub(super) const fn is_open(&self) -> bool {
        self.overlap.is_some()
    }

    /// The number of the first step of the calls that overlap now.
    pub(super) fn first(&self) -> Option<usize> {
        self.overlap.as_ref().map(|overlap| overlap.first)
    }
}

impl CaseRun {
    /// Makes a step that sets the stage for calls that overlap, and has no answer.
    pub(super) async fn set_stage(&mut self, step: usize, verb: &Verb) -> Result<(), StepError> {
        match verb {
            Verb::Hold(hold) => self.hold(hold).await?,
            Verb::Release(name) => self.release(name).await?,
            Verb::Start(named) => self.start(named).await?,
            Verb::GiveUp(named) => self.give_up(step, named).await?,
            Verb::WaitUntil(awaited) => self.wait_until(awaited).await?,
            Verb::Kill => self.kill(step).await?,
            _ => {}
        }
        Ok(())
    }

    pub(super) async fn hold(&mut self, hold: &Hold) -> Result<(), StepError> {
        let gate = self.tenant.hold(&hold.gate).await?;
        self.stage.gates.insert(hold.name.get().clone(), gate);
        Ok(())
    }

    /// Lets go what a gate holds. Of what its client has broken off, it holds nothing any more.
    pub(super) async fn release(&mut self, name: &str) -> Result<(), StepError> {
        let gate = self.stage.gates.remove(name);
        let gate = gate.ok_or_else(|| not_reached(format!("gate `{name}` is gone")))?;
        let overlap = self.stage.overlap.as_ref();
        let is_excused = overlap.is_some_and(|overlap| overlap.is_owed_an_answer);
        match gate.state().await? {
            GateState::Holding => {}
            GateState::Waiting | GateState::Abandoned if is_excused => {}
            GateState::Waiting => {
                return Err(not_reached(format!("no request came to gate `{name}`")));
            }
            GateState::Abandoned => {
                return Err(not_reached(format!(
                    "the target gave up on what gate `{name}` held, before it was released"
                )));
            }
            GateState::TimedOut | GateState::Released => {
                return Err(not_reached(format!(
                    "the time of gate `{name}` was over before it was released"
                )));
            }
        }
        gate.release().await?;
        Ok(())
    }

    /// Begins a call. It goes on by itself.
    pub(super) async fn start(&mut self, named: &NamedCall) -> Result<(), StepError> {
        let seen = self.tenant.received().await?;
        let task = tokio::spawn(self.call_of(&named.verb)?);
        let verb = (*named.verb).clone();
        let open = OpenCall { verb, task, seen };
        self.stage.calls.insert(named.name.get().clone(), open);
        Ok(())
    }

    /// A call, ready to be made by whoever has the time.
    fn call_of(&self, verb: &Verb) -> Result<Begun, StepError> {
        let adapter = Arc::clone(&self.adapter);
        let target = self.adapter.target();
        let request = match verb {
            Verb::Revoke(revoke) => {
                let (target_id, variables) = self.whom(revoke);
                let revoke = revoke.clone();
                return Ok(Box::pin(async move {
                    // Which call asked the provider for what, nothing tells here: none is lost to the
                    // judge by being repeated.
                    adapter.revoke(&revoke, &target_id, &variables, None).await
                }));
            }
            Verb::Delete(_) => declared("delete", target.delete.as_ref())?,
            Verb::Refresh(_) => declared("refresh", target.refresh.as_ref())?,
            _ => &target.read.request,
        };
        let request = request.clone();
        let account = verb
            .account()
            .and_then(|name| self.connected.get(name.get()));
        let variables = account.map(|connected| connected.variables.clone());
        let variables = variables.unwrap_or_default();
        Ok(Box::pin(
            async move { adapter.call(&request, &variables).await },
        ))
    }

    /// Takes the answer of a call.
    pub(super) async fn finish(&mut self, named: &NamedCall) -> Result<Call, StepError> {
        let mut open = self.open(&named.name)?;
        let call = open.ended().await?;
        if let Verb::Delete(delete) = &*named.verb {
            self.note_deletion(delete.account.get(), &call);
        }
        Ok(call)
    }

    /// Breaks the connection of a call.
    pub(super) async fn give_up(
        &mut self,
        step: usize,
        named: &NamedCall,
    ) -> Result<(), StepError> {
        let open = self.open(&named.name)?;
        open.task.abort();
        if open.task.await.is_ok() {
            let name = &*named.name;
            return Err(not_reached(format!(
                "call `{name}` had been answered before it was given up"
            )));
        }
        if let Some(overlap) = &mut self.stage.overlap {
            overlap.calls.push(OverlappingCall {
                step,
                verb: open.verb,
                status: None,
                ended: Ended::GivenUp,
            });
            overlap.is_owed_an_answer = true;
        }
        Ok(())
    }

    fn open(&mut self, name: &str) -> Result<OpenCall, StepError> {
        let open = self.stage.calls.remove(name);
        open.ok_or_else(|| not_reached(format!("call `{name}` is gone")))
    }

    /// Waits until things stand as the scenario wants them.
    pub(super) async fn wait_until(&self, awaited: &Awaited) -> Result<(), StepError> {
        match awaited {
            Awaited::Held(name) => self.until_held(name).await,
            Awaited::Answered(name) => {
                let open = self.stage.calls.get(name.get());
                let is_answered = || open.is_none_or(|open| open.task.is_finished());
                poll_until(self.bound(), is_answered).await;
                if is_answered() {
                    return Ok(());
                }
                Err(not_reached(format!("call `{}` was not answered", **name)))
            }
            Awaited::Settled(name) => {
                let open = self.stage.calls.get(name.get());
                // One that is not answered by then waits its turn.
                poll_until(SETTLED_WITHIN, || {
                    open.is_none_or(|open| open.task.is_finished())
                })
                .await;
                Ok(())
            }
            Awaited::UnderWay(name) => {
                if let Some(open) = self.stage.calls.get(name.get()) {
                    self.until_taken_up(open).await?;
                }
                Ok(())
            }
        }
    }

    /// The longest that a call of the target may take.
    fn bound(&self) -> Duration {
        Duration::from_secs_f64(self.adapter.limits().revoke_seconds)
    }

    /// Where every call has been answered that was begun, nothing will come any more.
    async fn until_held(&self, name: &str) -> Result<(), StepError> {
        let gate = self.stage.gates.get(name);
        let gate = gate.ok_or_else(|| not_reached(format!("gate `{name}` is gone")))?;
        let mut looks = Looks::within(self.bound());
        loop {
            // What has been answered before a look at the gate does not come to it after that look.
            let mut calls = self.stage.calls.values();
            let are_all_answered = calls.all(|open| open.task.is_finished());
            if gate.state().await? == GateState::Holding {
                return Ok(());
            }
            if are_all_answered || !looks.again().await {
                return Err(not_reached(format!("no request came to gate `{name}`")));
            }
        }
    }

    /// The target answers it, asks the provider something more, or answers others that were sent
    /// after it.
    async fn until_taken_up(&self, open: &OpenCall) -> Result<(), StepError> {
        let shows = async {
            let mut looks = Looks::within(ANSWERED_WITHIN);
            let is_seen = async || Ok::<bool, StepError>(self.tenant.received().await? > open.seen);
            while !open.task.is_finished() && !is_seen().await? && looks.again().await {}
            Ok(())
        };
        let account = open.verb.account();
        let account = account.and_then(|name| self.connected.get(name.get()));
        let variables = account.map(|connected| connected.variables.clone());
        let variables = variables.unwrap_or_default();
        let others = async {
            for _ in 0..ANSWERS_TO_OTHERS {
                self.adapter.read(&variables).await?;
            }
            Ok(())
        };
        tokio::select! {
            seen = shows => seen,
            answered = others => answered,
        }
    }
}

/// The interleaving that a scenario wants did not come about: nothing is judged, and nobody is
/// blamed.
fn not_reached(why: String) -> StepError {
    StepError::NotReached(why)
}
