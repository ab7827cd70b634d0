//! What seeded defects do that takes a call to a provider. Without one, none of this does anything.

use axum::http::StatusCode;

use crate::account::Account;
use crate::defects::hooks::{self, Deletion};
use crate::lifecycle::Status;
use crate::service::Service;
use crate::store::StoreError;

impl Service {
    /// The account is about to be deleted.
    pub(crate) async fn before_deletion(&self, id: &str) -> Result<Deletion, StoreError> {
        let deletion = hooks::deletion(self.defect);
        if deletion == Deletion::Honest {
            return Ok(deletion);
        }
        let account = self.store.find_account(id).await?;
        let Some(account) = account.filter(|account| !account.is_deleted) else {
            return Ok(Deletion::Honest);
        };
        match deletion {
            Deletion::RevokesFirst => {
                let mut account = account;
                if hooks::spares_refresh_tokens(self.defect) {
                    account.held.refresh_token = None;
                }
                self.dispatch_for(&account).await;
            }
            Deletion::RevokesAtTheEnd => self.queue(account),
            Deletion::Honest | Deletion::DoesNothing => {}
        }
        Ok(deletion)
    }

    /// The service stops.
    pub(crate) async fn dispatch_queued(&self) {
        for account in self.take_queued() {
            self.dispatch_for(&account).await;
        }
    }

    /// A revoke is about to be refused for the account's status.
    pub(super) async fn dispatch_before_refusing(&self, account: &Account) {
        if hooks::dispatches_before_refusing(self.defect) {
            self.dispatch_for(account).await;
        }
    }

    /// A revoke is about to be refused for its key's permission.
    pub(crate) async fn dispatch_before_permission(&self, path: &str) {
        let id = path
            .strip_suffix("/revoke")
            .and_then(|path| path.rsplit('/').next());
        let Some(id) = id.filter(|_| hooks::dispatches_before_permission(self.defect)) else {
            return;
        };
        if let Ok(Some(account)) = self.store.find_account(id).await {
            self.dispatch_for(&account).await;
        }
    }

    /// What another project is answered about an account, if not that there is none.
    pub(crate) async fn foreign_status(&self, id: &str) -> Result<Option<StatusCode>, StoreError> {
        if !hooks::tells_foreign_status(self.defect) {
            return Ok(None);
        }
        let account = self.store.find_account(id).await?;
        let is_active = account.is_some_and(|account| account.status == Status::Active);
        Ok((!is_active).then_some(StatusCode::CONFLICT))
    }

    /// Whether a revoke that has to be refused is let through.
    pub(super) fn lets_through(&self, id: &str) -> bool {
        hooks::lets_repetition_through(self.defect) && self.note_refused(id)
    }

    /// A revoke has dispatched what its own account holds.
    pub(super) async fn disconnect_siblings(&self, account: &Account) {
        if !hooks::disconnects_siblings(self.defect) {
            return;
        }
        let (Ok(own), Ok(others)) = (
            self.client_of(account).await,
            self.store.list_accounts().await,
        ) else {
            return;
        };
        for sibling in others
            .iter()
            .filter(|other| other.id != account.id && other.toolkit == account.toolkit)
        {
            let client = self.client_of(sibling).await;
            if client.is_ok_and(|client| client.base_url == own.base_url) {
                self.dispatch_for(sibling).await;
            }
        }
    }

    async fn dispatch_for(&self, account: &Account) {
        let Ok(plan) = self.plan_revoke(account) else {
            return;
        };
        if let Err(error) = self.execute_unclaimed(account, plan).await {
            tracing::error!(account = account.id, %error, "seeded dispatch failed");
        }
    }
}
