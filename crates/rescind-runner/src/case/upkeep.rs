//! What stands around a case where the target file asks for it: the target is emptied before, and what
//! the case put into it is taken out afterwards.

use std::time::Duration;

use rescind_provider::Entry;

use super::{CaseRun, StepError};
use crate::clock::let_pass;

/// What is known once a case has been cleaned up after.
#[derive(Default)]
pub(super) struct CleanedUp {
    /// The dispatches that came after the last step and before the clean-up; none if there was none:
    /// then those count that come until the run ends.
    pub(super) late: Option<Vec<Entry>>,
    /// What could not be cleaned up.
    pub(super) notes: Vec<String>,
}

impl CaseRun {
    /// Empties the target. A process of the case's own is empty anyway.
    pub(super) async fn reset_target(&self) -> Result<(), StepError> {
        if self.process.is_some() {
            return Ok(());
        }
        self.adapter.reset().await.map_err(StepError::Reset)
    }

    /// Takes every account out of the target that the case has not deleted. What fails of it is
    /// nothing that the target could be blamed for.
    pub(super) async fn clean_up(&mut self) -> CleanedUp {
        let target = self.adapter.target();
        let is_asked_for = !(target.cleanup_steps.is_empty() && target.reset_steps.is_empty());
        if self.process.is_some() || !is_asked_for {
            return CleanedUp::default();
        }
        // Whatever comes from here on may have been caused by the clean-up, or kept away by it.
        let_pass(Duration::from_secs_f64(target.limits.background_seconds)).await;
        // What the journal has lost is said when the run ends.
        let late = self.look().await.ok();
        let late = late.map(|entries| entries.into_iter().filter(Entry::is_dispatch).collect());
        let mut notes = Vec::new();
        for (name, connected) in &self.connected {
            let world = self.world.accounts.get(name);
            if world.is_some_and(|account| account.deleted) {
                continue;
            }
            if let Err(error) = self.adapter.clean_up(connected).await {
                notes.push(format!(
                    "{}: account `{name}` is left in the target: {error}",
                    self.case.id
                ));
            }
        }
        CleanedUp { late, notes }
    }
}
