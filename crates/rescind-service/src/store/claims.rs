//! Claims: whoever calls the provider for an account claims its row first, so that two revokes
//! at once, from any number of processes on one database, dispatch once. A claim is a lease: the
//! holder renews it, and one left by a process that died ends by itself.

use rusqlite::params;

use super::{Store, StoreError, Transaction, dispatches};
use crate::account::{ClaimKind, Held};
use crate::clock::Timestamp;
use crate::lifecycle::Status;

impl ClaimKind {
    fn name(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::Revoke => "revoke",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        [Self::Refresh, Self::Revoke]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// How a claim ends.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    /// The account stays as it is.
    Unchanged,
    /// The account takes this status.
    Status {
        status: Status,
        reason: Option<&'static str>,
        tokens: TokensAfter,
    },
    /// The account stays in its status and holds this from now on.
    Holds(Held),
}

/// What becomes of the tokens when a claim ends with a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokensAfter {
    Kept,
    Erased,
}

impl Store {
    /// Claims an account, if it still has the version on which its caller decided and is not
    /// deleted. Returns the new version, which the claim's holder names in everything it writes.
    pub(crate) async fn claim(
        &self,
        id: &str,
        version: i64,
        kind: ClaimKind,
        until: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        let id = id.to_owned();
        self.write(move |transaction| {
            let changed = transaction.execute(
                "UPDATE connected_accounts
                 SET claim_kind = ?, claim_until = ?, version = version + 1
                 WHERE id = ? AND version = ? AND deleted_at IS NULL",
                params![kind.name(), until.0, id, version],
            )?;
            Ok((changed == 1).then_some(version + 1))
        })
        .await
    }

    /// Prolongs a claim. Says whether it was still held.
    pub(crate) async fn renew_claim(
        &self,
        id: &str,
        version: i64,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.write(move |transaction| {
            let changed = transaction.execute(
                "UPDATE connected_accounts SET claim_until = ? WHERE id = ? AND version = ?",
                params![until.0, id, version],
            )?;
            Ok(changed == 1)
        })
        .await
    }

    /// Stores what a refresh brought, without ending the claim. Nothing is stored of an account
    /// that was deleted meanwhile.
    pub(crate) async fn store_held(
        &self,
        id: &str,
        version: i64,
        held: Held,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.write(move |transaction| write_held(transaction, &id, version, &held, now))
            .await
    }

    /// Ends a claim, with what it led to. Says whether it was still held; if it was not, nothing
    /// is written.
    pub(crate) async fn end_claim(
        &self,
        id: &str,
        version: i64,
        ending: Ending,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.write(move |transaction| {
            let is_held = match &ending {
                Ending::Unchanged => true,
                Ending::Holds(held) => write_held(transaction, &id, version, held, now)?,
                Ending::Status {
                    status,
                    reason,
                    tokens,
                } => {
                    if *tokens == TokensAfter::Erased {
                        erase_held(transaction, &id, version)?;
                    }
                    let is_held = write_status(transaction, &id, version, *status, *reason, now)?;
                    if is_held {
                        dispatches::forget(transaction, &id)?;
                    }
                    is_held
                }
            };
            Ok(is_held && release(transaction, &id, version)?)
        })
        .await
    }
}

fn write_held(
    transaction: &Transaction<'_>,
    id: &str,
    version: i64,
    held: &Held,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let held = transaction.sealer.seal_held(id, held)?;
    let changed = transaction.execute(
        "UPDATE connected_accounts
         SET access_token = ?, refresh_token = ?, access_token_expires_at = ?,
             other_fields = ?, updated_at = ?
         WHERE id = ? AND version = ? AND deleted_at IS NULL",
        params![
            held.access_token,
            held.refresh_token,
            held.access_token_expires_at,
            held.other_fields,
            now.0,
            id,
            version,
        ],
    )?;
    if changed == 1 {
        dispatches::forget(transaction, id)?;
    }
    Ok(changed == 1)
}

fn erase_held(transaction: &Transaction<'_>, id: &str, version: i64) -> Result<(), StoreError> {
    transaction.execute(
        "UPDATE connected_accounts
         SET access_token = NULL, refresh_token = NULL, access_token_expires_at = NULL,
             other_fields = '{}'
         WHERE id = ? AND version = ?",
        params![id, version],
    )?;
    Ok(())
}

fn write_status(
    transaction: &Transaction<'_>,
    id: &str,
    version: i64,
    status: Status,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let changed = transaction.execute(
        "UPDATE connected_accounts SET status = ?1, status_reason = ?2, updated_at = ?3,
             revoked_at = CASE ?1 WHEN 'REVOKED' THEN ?3 ELSE revoked_at END
         WHERE id = ?4 AND version = ?5",
        params![status.name(), reason, now.0, id, version],
    )?;
    Ok(changed == 1)
}

fn release(transaction: &Transaction<'_>, id: &str, version: i64) -> Result<bool, StoreError> {
    let changed = transaction.execute(
        "UPDATE connected_accounts
         SET claim_kind = NULL, claim_until = NULL, version = version + 1
         WHERE id = ? AND version = ?",
        params![id, version],
    )?;
    Ok(changed == 1)
}

#[cfg(test)]
mod tests {
    use super::{Ending, TokensAfter};
    use crate::account::{ClaimKind, Held};
    use crate::lifecycle::Status;
    use crate::secret::Secret;
    use crate::store::tests::{LATER, NOW, store_with_account};

    #[tokio::test]
    async fn of_two_claims_on_one_version_one_wins() {
        let (store, id) = store_with_account().await;
        let claim = |version| store.claim(&id, version, ClaimKind::Revoke, LATER);
        assert_eq!(claim(1).await.unwrap(), Some(2));
        assert_eq!(claim(1).await.unwrap(), None);
        let account = store.find_account(&id).await.unwrap().unwrap();
        assert!(account.is_claimed_by(ClaimKind::Revoke, NOW));
        assert!(!account.is_claimed_by(ClaimKind::Refresh, NOW));
        assert!(!account.is_claimed_by(ClaimKind::Revoke, LATER));
    }

    #[tokio::test]
    async fn whoever_lost_the_claim_writes_nothing() {
        let (store, id) = store_with_account().await;
        let refresh = store
            .claim(&id, 1, ClaimKind::Refresh, LATER)
            .await
            .unwrap()
            .unwrap();
        let revoke = store
            .claim(&id, refresh, ClaimKind::Revoke, LATER)
            .await
            .unwrap()
            .unwrap();
        let late = Ending::Holds(Held {
            access_token: Some(Secret::new("late")),
            ..Held::default()
        });
        assert!(!store.end_claim(&id, refresh, late, NOW).await.unwrap());
        assert!(!store.renew_claim(&id, refresh, LATER).await.unwrap());
        let revoked = Ending::Status {
            status: Status::Revoked,
            reason: Some("why"),
            tokens: TokensAfter::Erased,
        };
        assert!(store.end_claim(&id, revoke, revoked, NOW).await.unwrap());
        let account = store.find_account(&id).await.unwrap().unwrap();
        assert_eq!(account.status, Status::Revoked);
        assert_eq!(account.status_reason.as_deref(), Some("why"));
        assert!(account.held.subjects().is_empty());
        assert_eq!(account.claim, None);
    }

    #[tokio::test]
    async fn a_deleted_account_is_neither_claimed_nor_given_tokens() {
        let (store, id) = store_with_account().await;
        let claim = store
            .claim(&id, 1, ClaimKind::Refresh, LATER)
            .await
            .unwrap()
            .unwrap();
        assert!(store.delete_account(&id, NOW).await.unwrap());
        assert!(!store.delete_account(&id, NOW).await.unwrap());
        let late = Held {
            access_token: Some(Secret::new("late")),
            ..Held::default()
        };
        assert!(!store.store_held(&id, claim, late, NOW).await.unwrap());
        assert_eq!(
            store
                .claim(&id, claim, ClaimKind::Revoke, LATER)
                .await
                .unwrap(),
            None
        );
        let account = store.find_account(&id).await.unwrap().unwrap();
        assert!(account.is_deleted && account.held.subjects().is_empty());
    }
}
