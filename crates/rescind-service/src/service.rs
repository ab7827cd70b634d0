//! What every request shares.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

use crate::account::Account;
use crate::config::Config;
use crate::defects::{Defect, hooks};
use crate::projects::ApiKey;
use crate::public_url::PublicUrl;
use crate::store::Store;
use crate::toolkit::Toolkit;
use crate::upstream::client::UpstreamClient;
use crate::variants::Variant;

/// The service, without its HTTP side.
pub(crate) struct Service {
    pub(crate) store: Store,
    pub(crate) toolkits: BTreeMap<String, Toolkit>,
    pub(crate) upstream: UpstreamClient,
    pub(crate) api_keys: Vec<ApiKey>,
    pub(crate) public_url: PublicUrl,
    pub(crate) dispatch_timeout: Duration,
    pub(crate) claim_lease: Duration,
    pub(crate) defect: Option<Defect>,
    pub(crate) variant: Option<Variant>,
    /// Work that goes on when its client goes away: a provider that was called is heard out, and
    /// what it said is stored.
    pub(crate) tasks: TaskTracker,
    /// Wakes whoever waits for a claim of this process to end.
    pub(crate) claims_ended: Notify,
    /// Used by seeded defects only.
    pub(crate) queued: Mutex<Vec<Account>>,
    /// Used by a seeded defect only.
    refused: Mutex<HashSet<String>>,
}

impl Service {
    pub(crate) fn new(
        config: &Config,
        store: Store,
        toolkits: BTreeMap<String, Toolkit>,
        upstream: UpstreamClient,
        public_url: PublicUrl,
    ) -> Self {
        Self {
            store,
            toolkits,
            upstream,
            api_keys: config.api_keys.clone(),
            public_url,
            dispatch_timeout: hooks::dispatch_timeout(config.defect, config.dispatch_timeout),
            claim_lease: config.claim_lease,
            defect: config.defect,
            variant: config.variant,
            tasks: TaskTracker::new(),
            claims_ended: Notify::new(),
            queued: Mutex::new(Vec::new()),
            refused: Mutex::new(HashSet::new()),
        }
    }

    pub(crate) fn queue(&self, account: Account) {
        self.queued
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(account);
    }

    /// Whether the account was noted as refused before. It is from now on.
    pub(crate) fn note_refused(&self, id: &str) -> bool {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        !refused.insert(id.to_owned())
    }

    pub(crate) fn take_queued(&self) -> Vec<Account> {
        std::mem::take(&mut self.queued.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
