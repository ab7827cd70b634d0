//! A case that has run, until the run ends: what comes late is its own.

use std::sync::Arc;

use rescind_provider::Entry;

use super::StepError;
use crate::exchanges::Recorder;
use crate::provider_access::TenantAccess;
use crate::record::CaseRecord;
use crate::target::CapturedLog;

/// A case that has run, and the tenant that dispatches may still come to.
pub struct FinishedCase {
    /// What is known so far.
    pub record: CaseRecord,
    /// Its tenant.
    pub tenant: TenantAccess,
    /// The number of the last request that a step has accounted for.
    pub seen: u64,
    /// What the case's own process wrote, if it had one.
    pub log: CapturedLog,
    /// Who heard its calls, if somebody asked for it.
    pub recorder: Option<Arc<Recorder>>,
    /// What the harness has to say of the case that is no verdict.
    pub notes: Vec<String>,
    /// The dispatches that came after the last step, where they do not count until the run ends.
    pub(super) late: Option<Vec<Entry>>,
}

impl FinishedCase {
    /// Takes in the dispatches that came after the last step, as far as they count.
    pub async fn finish(mut self) -> CaseRecord {
        if let Some(late) = self.late.take() {
            self.record.late = late;
        } else {
            self.late_until_now().await;
        }
        self.record.attribute_unheard();
        self.record.attribute_jobs();
        self.record
    }

    async fn late_until_now(&mut self) {
        let problem = match self.tenant.observe(self.seen, []).await {
            Ok(seen) => {
                let late = seen.entries.into_iter();
                self.record.late = late.filter(Entry::is_dispatch).collect();
                seen.lost.then_some(StepError::JournalLost)
            }
            Err(error) => Some(error.into()),
        };
        if let Some(problem) = problem {
            let known = &mut self.record.harness_error;
            known.get_or_insert_with(|| problem.to_string());
        }
    }
}
