//! Revokes an account: find it, decide, plan, claim, dispatch, conclude, store, answer.

use std::pin::pin;
use std::sync::Arc;

use crate::account::{Account, ClaimKind, Subject};
use crate::clock;
use crate::conclude::{Conclusion, Outcome, conclude};
use crate::defects::{hooks, seams};
use crate::lifecycle::{self, Event, Refusal, RevokeDecision, Status};
use crate::operations::dispatching::Executed;
use crate::operations::waiting::{poll_interval, until_worth_another_look};
use crate::plan::{self, Plan, PlanRefusal};
use crate::service::Service;
use crate::store::{Ending, StoreError, TokensAfter};
use crate::variants;

const REVOKED_REASON: &str = "Revoked via user-initiated revoke endpoint";

/// Why an account was not revoked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RevokeError {
    #[error("there is no such account")]
    NotFound,
    #[error("an account that is {} cannot be revoked", .0.status)]
    WrongStatus(Refusal),
    #[error("the provider has no programmatic revocation")]
    Unsupported,
    #[error("the account holds nothing that the provider can revoke")]
    NothingHeld,
    #[error("no dispatch was acknowledged: {outcomes:?}")]
    EveryDispatchFailed {
        outcomes: Vec<Outcome>,
        /// Filled by a seeded defect only.
        echo: Option<String>,
    },
    #[error("another call took the claim over")]
    ClaimLost,
    #[error("the calls before this one took too long")]
    TookTooLong,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the revoke was stopped midway")]
    Stopped,
    /// A seeded defect only.
    #[error("every token was dead already")]
    DeadAlready,
    /// A seeded defect only.
    #[error("an account that is deleted cannot be revoked")]
    Deleted,
}

impl Service {
    /// Revokes an account and returns the subjects that this call killed.
    pub(crate) async fn revoke(self: &Arc<Self>, id: &str) -> Result<Vec<Subject>, RevokeError> {
        self.refresh_before_revoke(id).await?;
        let revoked = tokio::time::timeout(self.longest_call(), self.revoke_when_free(id))
            .await
            .map_err(|_elapsed| RevokeError::TookTooLong)?;
        match revoked {
            Err(RevokeError::NotFound) if hooks::takes_unknown_for_revoked(self.defect) => {
                Ok(Vec::new())
            }
            revoked => revoked,
        }
    }

    async fn revoke_when_free(self: &Arc<Self>, id: &str) -> Result<Vec<Subject>, RevokeError> {
        let mut poll = poll_interval();
        let mut waited = None;
        loop {
            let mut ended = pin!(self.claims_ended.notified());
            ended.as_mut().enable();
            let account = self.find_to_revoke(id).await?;
            self.refuse_unsupported_first(&account)?;
            match seams::decision(self.defect, lifecycle::decide_revoke(account.status)) {
                RevokeDecision::Dispatch => {}
                RevokeDecision::AlreadyRevoked => return Ok(self.listed_after(waited)),
                RevokeDecision::Refuse(_) if self.lets_through(&account.id) => {}
                RevokeDecision::Refuse(refusal) => {
                    self.dispatch_before_refusing(&account).await;
                    return Err(RevokeError::WrongStatus(refusal));
                }
            }
            let plan = self.plan_revoke(&account)?;
            if hooks::queues_revokes(self.defect) {
                let held = account.held.subjects();
                self.queue(account);
                return Ok(held);
            }
            self.refuse_claimed(&account)?;
            if account.is_claimed_by(ClaimKind::Revoke, clock::now())
                && !hooks::ignores_claims(self.defect)
            {
                waited = Some(account.held.subjects());
                until_worth_another_look(ended, &mut poll).await;
                continue;
            }
            if let Some(listed) = self.attempt(account, plan).await? {
                return Ok(listed);
            }
        }
    }

    /// Tracked, not awaited in place: if the client goes away, what was begun is finished.
    async fn attempt(
        self: &Arc<Self>,
        account: Account,
        plan: Plan,
    ) -> Result<Option<Vec<Subject>>, RevokeError> {
        if variants::hooks::stops_with_its_client(self.variant) {
            return self.attempt_revoke(account, plan).await;
        }
        let service = Arc::clone(self);
        let attempt = self
            .tasks
            .spawn(async move { service.attempt_revoke(account, plan).await });
        attempt.await.map_err(|_stopped| RevokeError::Stopped)?
    }

    async fn find_to_revoke(&self, id: &str) -> Result<Account, RevokeError> {
        match self.store.find_account(id).await? {
            Some(account) if !account.is_deleted => Ok(account),
            Some(_) if hooks::finds_deleted(self.defect) => Err(RevokeError::Deleted),
            None if hooks::fails_for_unknown(self.defect) => Err(RevokeError::Stopped),
            _ => Err(RevokeError::NotFound),
        }
    }

    /// What is to be dispatched for the account as it was read. The claim that follows holds only
    /// if the account is still the same.
    pub(super) fn plan_revoke(&self, account: &Account) -> Result<Plan, RevokeError> {
        let toolkit = self.toolkit_of(account)?;
        let now = clock::now();
        let is_oauth2 = account.auth_scheme == "OAUTH2" || hooks::ignores_scheme(self.defect);
        let honest = if is_oauth2 {
            plan::plan(toolkit, &account.held, now)
        } else {
            Err(PlanRefusal::Unsupported)
        };
        let honest = variants::seams::plan(self.variant, honest, &account.held, now);
        seams::plan(self.defect, honest, toolkit, &account.held, now).map_err(|refusal| {
            match refusal {
                PlanRefusal::Unsupported => RevokeError::Unsupported,
                PlanRefusal::NothingHeld => RevokeError::NothingHeld,
            }
        })
    }

    /// Claims the account and revokes it; none if somebody else was first.
    async fn attempt_revoke(
        &self,
        account: Account,
        plan: Plan,
    ) -> Result<Option<Vec<Subject>>, RevokeError> {
        let claimed = self
            .store
            .claim(
                &account.id,
                account.version,
                ClaimKind::Revoke,
                self.lease_end(),
            )
            .await?;
        let Some(version) = claimed else {
            return Ok(None);
        };
        let version = self.before_dispatching(&account, version).await?;
        let result = self.revoke_claimed(&account, plan, version).await;
        self.claims_ended.notify_waiters();
        result
    }

    /// Revokes an account that is claimed; none if another call has taken it over meanwhile, so that
    /// it is that call's to say what became of the account.
    async fn revoke_claimed(
        &self,
        account: &Account,
        plan: Plan,
        version: i64,
    ) -> Result<Option<Vec<Subject>>, RevokeError> {
        let executed = tokio::select! {
            executed = self.execute(account, plan, version) => executed?,
            never = self.keep_claimed(&account.id, version) => match never {},
        };
        self.disconnect_siblings(account).await;
        let conclusion = self.conclude_revoke(account, &executed);
        let ending = self.revoke_ending(account, &conclusion);
        let ending = variants::seams::ending(self.variant, ending, &executed.dispatched);
        let ending = self.taken_back(account, ending);
        if matches!(
            (&conclusion, &ending),
            (Conclusion::Revoked { .. }, Ending::Unchanged)
        ) {
            // A seeded defect only: the record goes with the success, although the status stays.
            self.store.forget_dispatches(&account.id).await?;
        }
        let is_ended = self
            .store
            .end_claim(&account.id, version, ending, clock::now())
            .await?;
        if !is_ended {
            self.after_losing_its_claim(account).await?;
            return Ok(None);
        }
        match conclusion {
            Conclusion::Revoked { listed } => {
                self.fail_if_deleted(&account.id).await?;
                Ok(Some(listed))
            }
            Conclusion::Failed if hooks::answers_502(self.defect, &executed.dispatched) => {
                Err(RevokeError::DeadAlready)
            }
            Conclusion::Failed => Err(RevokeError::EveryDispatchFailed {
                outcomes: executed
                    .dispatched
                    .iter()
                    .map(|dispatch| dispatch.outcome)
                    .collect(),
                echo: executed.echo,
            }),
        }
    }

    fn conclude_revoke(&self, account: &Account, executed: &Executed) -> Conclusion {
        seams::conclusion(
            self.defect,
            variants::seams::conclusion(
                self.variant,
                conclude(&executed.dispatched),
                &executed.dispatched,
            ),
            account,
            &executed.dispatched,
            &executed.named,
        )
    }

    fn revoke_ending(&self, account: &Account, conclusion: &Conclusion) -> Ending {
        let honest = match conclusion {
            Conclusion::Revoked { .. } => lifecycle::next(account.status, Event::Revoked).ok(),
            Conclusion::Failed => None,
        };
        let Some(status) = seams::stored_status(self.defect, honest, conclusion) else {
            return Ending::Unchanged;
        };
        debug_assert_eq!(status, Status::Revoked);
        Ending::Status {
            status,
            reason: Some(REVOKED_REASON),
            // A token that is of no more use is not worth keeping.
            tokens: if hooks::keeps_tokens(self.defect) {
                TokensAfter::Kept
            } else {
                TokensAfter::Erased
            },
        }
    }
}
