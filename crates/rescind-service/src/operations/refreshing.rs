//! Refreshes an account's tokens. A revoke takes precedence: it claims the account also while a
//! refresh is under way, and the refresh then never revives it.

use std::pin::pin;
use std::sync::Arc;

use crate::account::{Account, ClaimKind, Held};
use crate::clock;
use crate::conclude::Failure;
use crate::defects::seams;
use crate::lifecycle::{self, Event, Refusal, Status};
use crate::operations::waiting::{poll_interval, until_worth_another_look};
use crate::plan;
use crate::service::Service;
use crate::store::{Ending, StoreError, TokensAfter};
use crate::toolkit::Toolkit;
use crate::upstream::classify::{self, RefreshOutcome};
use crate::upstream::request::{self, ProviderClient};
use crate::variants;

const EXPIRED_REASON: &str = "The provider permanently refused to refresh the tokens";

/// Why an account was not refreshed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RefreshError {
    #[error("there is no such account")]
    NotFound,
    #[error("an account that is {} cannot be refreshed", .0.status)]
    WrongStatus(Refusal),
    #[error("the account holds no refresh token")]
    NoRefreshToken,
    #[error("a revoke of the account is under way")]
    RevokeUnderWay,
    #[error("the provider gave no new tokens: {0:?}")]
    Upstream(Failure),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the refresh was stopped midway")]
    Stopped,
}

impl Service {
    /// Refreshes an account and returns the status that it has then.
    pub(crate) async fn refresh(self: &Arc<Self>, id: &str) -> Result<Status, RefreshError> {
        let work = self.refresh_when_free(id);
        tokio::time::timeout(self.longest_call(), work)
            .await
            .map_err(|_elapsed| RefreshError::Upstream(Failure::Timeout))?
    }

    async fn refresh_when_free(self: &Arc<Self>, id: &str) -> Result<Status, RefreshError> {
        let mut poll = poll_interval();
        loop {
            let mut ended = pin!(self.claims_ended.notified());
            ended.as_mut().enable();
            let account = self.find_refreshable(id).await?;
            // Two refreshes at once would send one refresh token twice, which a provider that
            // rotates takes for theft: RFC 9700 section 4.14.2.
            if account.is_claimed_by(ClaimKind::Refresh, clock::now()) {
                until_worth_another_look(ended, &mut poll).await;
                continue;
            }
            let service = Arc::clone(self);
            let attempt = self
                .tasks
                .spawn(async move { service.attempt_refresh(account).await });
            match attempt.await {
                Ok(Ok(None)) => {}
                Ok(Ok(Some(status))) => return Ok(status),
                Ok(Err(error)) => return Err(error),
                Err(_stopped) => return Err(RefreshError::Stopped),
            }
        }
    }

    async fn find_refreshable(&self, id: &str) -> Result<Account, RefreshError> {
        let account = self
            .store
            .find_account(id)
            .await?
            .filter(|account| !account.is_deleted)
            .ok_or(RefreshError::NotFound)?;
        if account.is_claimed_by(ClaimKind::Revoke, clock::now()) {
            return Err(RefreshError::RevokeUnderWay);
        }
        lifecycle::next(account.status, Event::Refreshed).map_err(RefreshError::WrongStatus)?;
        if account.held.refresh_token.is_none() {
            return Err(RefreshError::NoRefreshToken);
        }
        Ok(account)
    }

    /// Claims the account and refreshes it; none if somebody else was first.
    async fn attempt_refresh(&self, account: Account) -> Result<Option<Status>, RefreshError> {
        let claimed = self
            .store
            .claim(
                &account.id,
                account.version,
                ClaimKind::Refresh,
                self.lease_end(),
            )
            .await?;
        let Some(version) = claimed else {
            return Ok(None);
        };
        let result = self.refresh_claimed(&account, version).await;
        self.claims_ended.notify_waiters();
        result.map(Some)
    }

    async fn refresh_claimed(
        &self,
        account: &Account,
        version: i64,
    ) -> Result<Status, RefreshError> {
        let toolkit = self.toolkit_of(account)?;
        let client = self.client_of(account).await?;
        let outcome = tokio::select! {
            outcome = self.call_token_endpoint(toolkit, &client, &account.held) => outcome,
            never = self.keep_claimed(&account.id, version) => match never {},
        };
        let now = clock::now();
        match outcome {
            RefreshOutcome::Refreshed(fields) => {
                let held = account.held.refreshed_with(Held::from_fields(fields, now));
                let held = seams::refreshed(self.defect, held, &account.held);
                let ending = Ending::Holds(held.clone());
                if self
                    .store
                    .end_claim(&account.id, version, ending, now)
                    .await?
                {
                    return Ok(account.status);
                }
                self.settle_tokens_that_came_late(account, held).await
            }
            RefreshOutcome::PermanentlyRefused => {
                let ending = expired(account)?;
                self.store
                    .end_claim(&account.id, version, ending, now)
                    .await?;
                // If the claim was lost, the account has become something else meanwhile.
                self.status_now(&account.id).await
            }
            RefreshOutcome::Failed(failure) => {
                self.store
                    .end_claim(&account.id, version, Ending::Unchanged, now)
                    .await?;
                Err(RefreshError::Upstream(failure))
            }
        }
    }

    pub(super) async fn call_token_endpoint(
        &self,
        toolkit: &Toolkit,
        client: &ProviderClient,
        held: &Held,
    ) -> RefreshOutcome {
        let Some(refresh_token) = &held.refresh_token else {
            return RefreshOutcome::Failed(Failure::Unsendable);
        };
        let Some(request) = request::refresh(&toolkit.token, client, refresh_token) else {
            return RefreshOutcome::Failed(Failure::Unsendable);
        };
        let request = variants::seams::request(self.variant, request, client);
        match self.upstream.send(request).await {
            Ok(answer) => classify::refresh(&answer),
            Err(failure) => RefreshOutcome::Failed(failure),
        }
    }

    async fn status_now(&self, id: &str) -> Result<Status, RefreshError> {
        self.store
            .find_account(id)
            .await?
            .filter(|account| !account.is_deleted)
            .map(|account| account.status)
            .ok_or(RefreshError::NotFound)
    }

    /// New tokens came, but the account was claimed or changed meanwhile. If it lives on, they are
    /// stored: the old ones may be dead. If it was revoked, they are revoked too, or a live grant
    /// would stay behind that nobody knows of. If it was deleted, they are dropped: a deletion
    /// dispatches nothing.
    async fn settle_tokens_that_came_late(
        &self,
        before: &Account,
        held: Held,
    ) -> Result<Status, RefreshError> {
        let mut poll = poll_interval();
        loop {
            let mut ended = pin!(self.claims_ended.notified());
            ended.as_mut().enable();
            let account = self
                .store
                .find_account(&before.id)
                .await?
                .filter(|account| !account.is_deleted)
                .ok_or(RefreshError::NotFound)?;
            if account.status == Status::Revoked {
                if let Some(status) = self.settle_wrongly(&account, &held).await? {
                    return Ok(status);
                }
                if !variants::hooks::drops_late_tokens(self.variant) {
                    self.revoke_late_tokens(account, held).await?;
                }
                return Err(RefreshError::WrongStatus(Refusal {
                    status: Status::Revoked,
                    event: Event::Refreshed,
                }));
            }
            let now = clock::now();
            if account.is_claimed_by(ClaimKind::Revoke, now) {
                until_worth_another_look(ended, &mut poll).await;
                continue;
            }
            let claimed = self
                .store
                .claim(
                    &account.id,
                    account.version,
                    ClaimKind::Refresh,
                    self.lease_end(),
                )
                .await?;
            if let Some(version) = claimed {
                let ending = Ending::Holds(held.clone());
                self.store
                    .end_claim(&account.id, version, ending, now)
                    .await?;
                return Ok(account.status);
            }
        }
    }

    async fn revoke_late_tokens(
        &self,
        mut account: Account,
        held: Held,
    ) -> Result<(), RefreshError> {
        let Ok(plan) = plan::plan(self.toolkit_of(&account)?, &held, clock::now()) else {
            return Ok(());
        };
        account.held = held;
        tracing::info!(
            account = account.id,
            "revoking tokens that came after the revoke"
        );
        self.execute_unclaimed(&account, plan).await?;
        Ok(())
    }
}

fn expired(account: &Account) -> Result<Ending, RefreshError> {
    let status = lifecycle::next(account.status, Event::RefreshRefused)
        .map_err(RefreshError::WrongStatus)?;
    Ok(Ending::Status {
        status,
        reason: Some(EXPIRED_REASON),
        tokens: TokensAfter::Kept,
    })
}
