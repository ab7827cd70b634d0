//! What every request shares.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

use crate::account::Account;
use crate::config::Config;
use crate::defects::Defect;
use crate::secret::Secret;
use crate::store::Store;
use crate::toolkit::Toolkit;
use crate::upstream::client::UpstreamClient;

/// The service, without its HTTP side.
pub(crate) struct Service {
    pub(crate) store: Store,
    pub(crate) toolkits: BTreeMap<String, Toolkit>,
    pub(crate) upstream: UpstreamClient,
    pub(crate) api_key: Secret,
    pub(crate) dispatch_timeout: Duration,
    pub(crate) defect: Option<Defect>,
    /// Work that goes on when its client goes away: a provider that was called is heard out, and
    /// what it said is stored.
    pub(crate) tasks: TaskTracker,
    /// Wakes whoever waits for a claim of this process to end.
    pub(crate) claims_ended: Notify,
    /// Used by a seeded defect only.
    pub(crate) queued: Mutex<Vec<Account>>,
}

impl Service {
    pub(crate) fn new(
        config: &Config,
        store: Store,
        toolkits: BTreeMap<String, Toolkit>,
        upstream: UpstreamClient,
    ) -> Self {
        Self {
            store,
            toolkits,
            upstream,
            api_key: config.api_key.clone(),
            dispatch_timeout: config.dispatch_timeout,
            defect: config.defect,
            tasks: TaskTracker::new(),
            claims_ended: Notify::new(),
            queued: Mutex::new(Vec::new()),
        }
    }

    pub(crate) fn queue(&self, account: Account) {
        self.queued
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(account);
    }

    pub(crate) fn take_queued(&self) -> Vec<Account> {
        std::mem::take(&mut self.queued.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
