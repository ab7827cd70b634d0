//! What variants do before a revoke begins. Without one, none of this does anything.

use std::sync::Arc;

use crate::account::Account;
use crate::clock;
use crate::lifecycle::Status;
use crate::operations::revoking::RevokeError;
use crate::service::Service;
use crate::toolkit::Ends;
use crate::variants::hooks;

impl Service {
    /// A revoke begins.
    pub(super) async fn refresh_before_revoke(
        self: &Arc<Self>,
        id: &str,
    ) -> Result<(), RevokeError> {
        if !hooks::refreshes_first(self.variant) {
            return Ok(());
        }
        let Some(account) = self.store.find_account(id).await? else {
            return Ok(());
        };
        let is_worth_it = !account.is_deleted
            && account.status == Status::Active
            && self.ends_the_grant(&account);
        if !is_worth_it {
            return Ok(());
        }
        // An access token that may live is killed, whatever is true of the refresh token.
        if account.held.access_token.is_some()
            && !account.held.access_token_is_known_expired(clock::now())
        {
            return Ok(());
        }
        // A refresh that fails, or finds nothing to refresh with, keeps no revoke from being tried.
        match self.refresh(id).await {
            Ok(Status::Expired) => Err(RevokeError::EveryDispatchFailed {
                outcomes: Vec::new(),
                echo: None,
            }),
            _ => Ok(()),
        }
    }

    /// Elsewhere the access token of before the refresh might live on.
    fn ends_the_grant(&self, account: &Account) -> bool {
        self.plan_revoke(account).is_ok_and(|plan| {
            plan.dispatches
                .iter()
                .all(|dispatch| dispatch.route.ends == Ends::Grant)
        })
    }

    /// A revoke has found its account, and has not looked at its status.
    pub(super) fn refuse_unsupported_first(&self, account: &Account) -> Result<(), RevokeError> {
        if !hooks::support_comes_first(self.variant) {
            return Ok(());
        }
        match self.plan_revoke(account) {
            Err(RevokeError::Unsupported) => Err(RevokeError::Unsupported),
            _ => Ok(()),
        }
    }
}
