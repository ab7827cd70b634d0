//! Deletes an account, and revokes it in the background where its owner asked for that.
//!
//! The account is hidden from clients and the job is written in one transaction, before the
//! deletion is answered: a process that dies after the answer leaves a job behind that the next
//! start takes up. To the operations a hidden account is one like any other, so that everything
//! that holds for a revoke holds for this one.

use std::sync::Arc;

use crate::account::Account;
use crate::clock;
use crate::defects::hooks;
use crate::identifier::{self, REVOKE_JOB_PREFIX};
use crate::lifecycle::{self, RevokeDecision};
use crate::operations::revoking::RevokeError;
use crate::service::Service;
use crate::store::{JobEnding, RevokeJob, StoreError};

/// What became of a deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deleted {
    NoSuchAccount,
    /// Nothing is revoked: nobody asked for it, or there is nothing to revoke.
    Only,
    /// A job with this id revokes it.
    AndRevokedBy(String),
}

impl Service {
    /// Deletes an account. Its tokens live on at the provider.
    pub(crate) async fn delete(&self, id: &str) -> Result<Deleted, StoreError> {
        if self.store.delete_account(id, clock::now()).await? {
            return Ok(Deleted::Only);
        }
        Ok(Deleted::NoSuchAccount)
    }

    /// Deletes an account and begins to revoke it, if it can be revoked.
    pub(crate) async fn delete_and_revoke(
        self: &Arc<Self>,
        id: &str,
    ) -> Result<Deleted, StoreError> {
        loop {
            let account = self.store.find_account(id).await?;
            let Some(account) = account.filter(|account| !account.is_gone()) else {
                return Ok(Deleted::NoSuchAccount);
            };
            if !self.is_revocable(&account) {
                return self.delete(id).await;
            }
            if hooks::forgets_jobs(self.defect) {
                self.delete(id).await?;
                return Ok(Deleted::AndRevokedBy(identifier::generate(
                    REVOKE_JOB_PREFIX,
                )?));
            }
            let job = self
                .store
                .delete_and_revoke(id, account.version, clock::now())
                .await?;
            // None: the account has changed since it was read, and is looked at again.
            if let Some(job) = job {
                let id = job.id.clone();
                self.begin_revoke_job(job);
                return Ok(Deleted::AndRevokedBy(id));
            }
        }
    }

    /// Takes up the jobs that an earlier process left behind.
    pub(crate) async fn resume_revoke_jobs(self: &Arc<Self>) -> Result<(), StoreError> {
        for job in self.store.pending_revoke_jobs().await? {
            tracing::info!(job = job.id, account = job.account_id, "revoke job resumed");
            self.begin_revoke_job(job);
        }
        Ok(())
    }

    /// Tracked: a stop of the service waits for it.
    fn begin_revoke_job(self: &Arc<Self>, job: RevokeJob) {
        let service = Arc::clone(self);
        self.tasks
            .spawn(async move { service.run_revoke_job(job).await });
    }

    /// Revokes what a job is about. A job that cannot be ended stays pending, for the next start.
    pub(crate) async fn run_revoke_job(self: &Arc<Self>, job: RevokeJob) {
        let ending = match self.revoke(&job.account_id).await {
            Ok(listed) => {
                tracing::info!(
                    job = job.id,
                    account = job.account_id,
                    ?listed,
                    "revoke job done"
                );
                JobEnding::Done
            }
            Err(error) => {
                tracing::warn!(job = job.id, account = job.account_id, %error, "revoke job failed");
                if !is_final(&error) {
                    return;
                }
                JobEnding::Failed
            }
        };
        if let Err(error) = self.store.end_revoke_job(&job, ending, clock::now()).await {
            tracing::error!(job = job.id, %error, "the end of a revoke job was not stored");
        }
    }

    fn is_revocable(&self, account: &Account) -> bool {
        lifecycle::decide_revoke(account.status) == RevokeDecision::Dispatch
            && self.plan_revoke(account).is_ok()
    }
}

/// Whether another try would come to the same.
fn is_final(error: &RevokeError) -> bool {
    match error {
        RevokeError::ClaimLost
        | RevokeError::TookTooLong
        | RevokeError::Store(_)
        | RevokeError::Stopped => false,
        // The provider was asked and refused, or failed for as long as a client would have waited.
        // Nobody is there to be told, and to try for ever would be to guess.
        RevokeError::EveryDispatchFailed { .. }
        | RevokeError::DeadAlready
        | RevokeError::NotFound
        | RevokeError::WrongStatus(_)
        | RevokeError::Unsupported
        | RevokeError::NothingHeld
        | RevokeError::Deleted => true,
    }
}
