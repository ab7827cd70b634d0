//! The process that a case has to itself, because it kills it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{CaseRun, StepError};
use crate::clock::{Looks, let_pass};
use crate::record::overlaps::{Ended, OverlappingCall, Restarted};
use crate::record::{Call, CallFailure, CallOutcome};
use crate::target::{CapturedLog, Durable, DurableProcess};

/// How long the end of a process may take to be seen by those who were connected to it.
const END_IS_SEEN: Duration = Duration::from_secs(5);

impl CaseRun {
    /// Gives the case a process to itself, if it needs one.
    #[must_use]
    pub fn with_process_of_its_own(mut self, durable: Option<Arc<Durable>>) -> Self {
        self.durable = durable;
        self
    }

    /// Starts the case's own process, if it needs one.
    pub(super) async fn start_own_process(&mut self) -> Result<(), StepError> {
        let Some(durable) = &self.durable else {
            return Ok(());
        };
        let (process, adapter) = DurableProcess::start(durable)
            .await
            .map_err(StepError::Process)?;
        self.process = Some(process);
        self.adapter = self.heard(adapter);
        Ok(())
    }

    /// Ends the case's own process, and returns what it has written.
    pub(super) async fn stop_own_process(&mut self) -> Result<CapturedLog, StepError> {
        let Some(process) = self.process.take() else {
            return Ok(CapturedLog::default());
        };
        let limits = self.adapter.limits();
        let_pass(Duration::from_secs_f64(limits.background_seconds)).await;
        process.stop().await.map_err(StepError::Process)
    }

    /// Kills the process, and with it every call that is under way.
    pub(super) async fn kill(&mut self, step: usize) -> Result<(), StepError> {
        let process = self.process.as_mut().ok_or(StepError::NoProcess)?;
        process.kill().await;
        self.is_gone().await?;
        for (_, mut open) in std::mem::take(&mut self.stage.calls) {
            let call = open.ended().await?;
            let ended = match &call.outcome {
                CallOutcome::Answered(_) => Ended::Answered(Box::new(call)),
                CallOutcome::Failed(_) => Ended::Killed,
            };
            let verb = open.verb;
            if let Some(overlap) = &mut self.stage.overlap {
                overlap.calls.push(OverlappingCall {
                    step,
                    verb,
                    status: None,
                    ended,
                });
            }
        }
        self.nothing_is_held().await?;
        if let Some(overlap) = &mut self.stage.overlap {
            overlap.is_owed_an_answer = true;
        }
        Ok(())
    }

    /// Starts the process again, and reads what it says of the accounts.
    pub(super) async fn restart(
        &mut self,
        step: usize,
    ) -> Result<BTreeMap<String, Call>, StepError> {
        let process = self.process.as_mut().ok_or(StepError::NoProcess)?;
        let adapter = process.begin().await.map_err(StepError::Process)?;
        self.adapter = self.heard(adapter);
        let mut reads = BTreeMap::new();
        let mut statuses = BTreeMap::new();
        for (name, connected) in &self.connected {
            let (call, status) = self.adapter.read(&connected.variables).await?;
            reads.insert(name.clone(), call);
            statuses.insert(name.clone(), status);
        }
        let seen = self.tenant.received().await?;
        if let Some(overlap) = &mut self.stage.overlap {
            overlap.restarts.push(Restarted {
                step,
                statuses,
                seen,
            });
        }
        Ok(reads)
    }

    /// What answers after its process was killed was another process.
    async fn is_gone(&self) -> Result<(), StepError> {
        let variables = self.connected.values().next();
        let variables = variables.map(|connected| connected.variables.clone());
        let (call, _) = self.adapter.read(&variables.unwrap_or_default()).await?;
        match call.outcome {
            CallOutcome::Failed(CallFailure::NotConnected(_)) => Ok(()),
            _ => Err(StepError::StillThere),
        }
    }

    /// The provider sees that the connections have ended on which it held requests.
    async fn nothing_is_held(&mut self) -> Result<(), StepError> {
        let gates = std::mem::take(&mut self.stage.gates);
        let mut looks = Looks::within(END_IS_SEEN);
        for gate in gates.values() {
            while gate.is_holding().await? {
                if !looks.again().await {
                    return Err(StepError::StillThere);
                }
            }
        }
        for gate in gates.values() {
            gate.release().await?;
        }
        Ok(())
    }
}
