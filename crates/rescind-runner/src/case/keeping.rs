//! Keeps every exchange of a case, where somebody asks for it.

use std::sync::Arc;

use super::{CaseRun, FinishedCase, StepError};
use crate::exchanges::{KeptCase, Recorder};
use crate::provider_access::AccessError;
use crate::target::Adapter;

impl CaseRun {
    /// Has every exchange kept, if somebody asks for it.
    #[must_use]
    pub fn keeping_exchanges(mut self, is_asked_for: bool) -> Self {
        self.is_kept = is_asked_for;
        self
    }

    /// The case begins now, however long it has waited for its turn.
    pub(super) async fn begin_to_hear(&mut self) -> Result<(), StepError> {
        if self.is_kept {
            self.recorder = Some(Arc::new(Recorder::begin(&self.tenant).await?));
            let adapter = self.adapter.as_ref().clone();
            self.adapter = self.heard(adapter);
        }
        Ok(())
    }

    /// The adapter that the case calls its target by.
    pub(super) fn heard(&self, adapter: Adapter) -> Arc<Adapter> {
        Arc::new(match &self.recorder {
            Some(recorder) => adapter.heard_by(Arc::clone(recorder)),
            None => adapter,
        })
    }
}

impl FinishedCase {
    /// Everything that was kept of it, if somebody asked for it.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn kept(&self) -> Result<Option<KeptCase>, AccessError> {
        let Some(recorder) = &self.recorder else {
            return Ok(None);
        };
        let identities = self.record.accounts.values();
        let grants = identities.map(|identity| identity.grant);
        recorder.kept(grants.collect()).await.map(Some)
    }
}
