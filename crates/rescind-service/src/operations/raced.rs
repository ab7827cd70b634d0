//! What seeded defects do when calls meet, and when a process dies in the middle of one. Without
//! one, none of this does anything.

use crate::account::{Account, ClaimKind, Held, Subject};
use crate::clock;
use crate::defects::hooks::{self, LateTokens};
use crate::lifecycle::{Event, Refusal, Status};
use crate::operations::revoking::RevokeError;
use crate::service::Service;
use crate::store::{Ending, StoreError, TokensAfter};

impl Service {
    /// A revoke has found its account, which another one may have claimed.
    pub(super) fn refuse_claimed(&self, account: &Account) -> Result<(), RevokeError> {
        let is_busy = account.is_claimed_by(ClaimKind::Revoke, clock::now());
        let is_left_behind = !is_busy
            && account
                .claim
                .is_some_and(|claim| claim.kind == ClaimKind::Revoke);
        let is_refused = is_busy && hooks::refuses_while_busy(self.defect)
            || is_left_behind && hooks::refuses_interrupted(self.defect);
        if is_refused {
            return Err(RevokeError::WrongStatus(Refusal {
                status: account.status,
                event: Event::Revoked,
            }));
        }
        Ok(())
    }

    /// What a revoke lists that finds its account REVOKED: nothing. `waited` is what the account
    /// held while another call was revoking it.
    pub(super) fn listed_after(&self, waited: Option<Vec<Subject>>) -> Vec<Subject> {
        waited
            .filter(|_| hooks::lists_for_waiters(self.defect))
            .unwrap_or_default()
    }

    /// A revoke has claimed its account and is about to dispatch. Returns the version of its claim.
    pub(super) async fn before_dispatching(
        &self,
        account: &Account,
        version: i64,
    ) -> Result<i64, StoreError> {
        if !hooks::stores_revoked_first(self.defect) || account.status != Status::Active {
            return Ok(version);
        }
        let ending = with_status(Status::Revoked);
        let id = &account.id;
        let is_ended = self.store.end_claim(id, version, ending, clock::now());
        if !is_ended.await? {
            return Ok(version);
        }
        let claimed = self
            .store
            .claim(id, version + 1, ClaimKind::Revoke, self.lease_end());
        Ok(claimed.await?.unwrap_or(version))
    }

    /// How the claim of a revoke ends.
    pub(super) fn taken_back(&self, account: &Account, honest: Ending) -> Ending {
        match honest {
            Ending::Unchanged if hooks::stores_revoked_first(self.defect) => {
                with_status(account.status)
            }
            honest => honest,
        }
    }

    /// A revoke has lost its claim to another one.
    pub(super) async fn after_losing_its_claim(
        &self,
        account: &Account,
    ) -> Result<(), RevokeError> {
        if !hooks::restores_status(self.defect) {
            return Ok(());
        }
        if let Some(now) = self.store.find_account(&account.id).await? {
            self.overwrite(&now, with_status(account.status)).await?;
        }
        Err(RevokeError::ClaimLost)
    }

    /// A revoke has succeeded.
    pub(super) async fn fail_if_deleted(&self, id: &str) -> Result<(), RevokeError> {
        if !hooks::fails_if_deleted(self.defect) {
            return Ok(());
        }
        match self.store.find_account(id).await? {
            Some(account) if account.is_deleted => Err(RevokeError::Stopped),
            _ => Ok(()),
        }
    }

    /// A refresh has brought tokens to an account that was revoked meanwhile. The status that it is
    /// answered with, if the tokens are not to be revoked.
    pub(super) async fn settle_wrongly(
        &self,
        account: &Account,
        held: &Held,
    ) -> Result<Option<Status>, StoreError> {
        match hooks::late_tokens(self.defect) {
            LateTokens::Revoked => Ok(None),
            LateTokens::Kept => Ok(Some(account.status)),
            LateTokens::Revive => {
                self.overwrite(account, with_status(Status::Active)).await?;
                if let Some(now) = self.store.find_account(&account.id).await? {
                    self.overwrite(&now, Ending::Holds(held.clone())).await?;
                }
                Ok(Some(Status::Active))
            }
        }
    }

    async fn overwrite(&self, account: &Account, ending: Ending) -> Result<(), StoreError> {
        let (id, kind) = (&account.id, ClaimKind::Refresh);
        let claimed = self
            .store
            .claim(id, account.version, kind, self.lease_end());
        if let Some(version) = claimed.await? {
            self.store
                .end_claim(id, version, ending, clock::now())
                .await?;
        }
        Ok(())
    }
}

fn with_status(status: Status) -> Ending {
    Ending::Status {
        status,
        reason: None,
        tokens: TokensAfter::Kept,
    }
}
