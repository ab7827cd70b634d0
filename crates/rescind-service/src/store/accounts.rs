//! Connected accounts: import, reading, switching on and off, deletion.

use rusqlite::types::Type;
use rusqlite::{OptionalExtension as _, Row, params};

use super::sealing::{SealedHeld, Sealer};
use super::{Store, StoreError, Transaction};
use crate::account::{Account, Claim, ClaimKind, Held};
use crate::clock::Timestamp;
use crate::identifier::{self, ACCOUNT_PREFIX};
use crate::lifecycle::{self, Event, Refusal, Status};

/// An account that is to be imported.
#[derive(Clone, Debug)]
pub(crate) struct NewAccount {
    pub(crate) auth_config_id: String,
    pub(crate) user_id: String,
    pub(crate) status: Status,
    pub(crate) held: Held,
}

/// What became of a change that the lifecycle had to allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Switched {
    Done,
    NoSuchAccount,
    Refused(Refusal),
    /// A revoke is under way.
    Claimed,
}

/// Deleted accounts too: what is deleted is told apart from what never was by the reader.
const SELECT: &str = "SELECT connected_accounts.*, auth_configs.toolkit, auth_configs.auth_scheme
     FROM connected_accounts JOIN auth_configs ON auth_configs.id = auth_config_id";

impl Store {
    /// Stores an account and returns its id.
    pub(crate) async fn insert_account(
        &self,
        account: NewAccount,
        now: Timestamp,
    ) -> Result<String, StoreError> {
        let id = identifier::generate(ACCOUNT_PREFIX)?;
        self.write(move |transaction| {
            let held = transaction.sealer.seal_held(&id, &account.held)?;
            transaction.execute(
                "INSERT INTO connected_accounts
                 (id, auth_config_id, user_id, status, access_token, refresh_token,
                  access_token_expires_at, other_fields, version, created_at, updated_at)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)",
                params![
                    id,
                    account.auth_config_id,
                    account.user_id,
                    account.status.name(),
                    held.access_token,
                    held.refresh_token,
                    held.access_token_expires_at,
                    held.other_fields,
                    now.0,
                    now.0,
                ],
            )?;
            Ok(id)
        })
        .await
    }

    /// The account, also if it is deleted: see [`Account::is_deleted`].
    pub(crate) async fn find_account(&self, id: &str) -> Result<Option<Account>, StoreError> {
        let id = id.to_owned();
        self.read(move |transaction| find(transaction, &id)).await
    }

    /// Every account that is not deleted, oldest first.
    pub(crate) async fn list_accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.read(|transaction| {
            let mut statement = transaction.prepare(&format!(
                "{SELECT} WHERE deleted_at IS NULL
                 ORDER BY connected_accounts.created_at, connected_accounts.rowid"
            ))?;
            let accounts = statement.query_map([], |row| from_row(row, transaction.sealer))?;
            Ok(accounts.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Switches an account on or off, where its lifecycle allows it.
    pub(crate) async fn switch_account(
        &self,
        id: &str,
        event: Event,
        now: Timestamp,
    ) -> Result<Switched, StoreError> {
        let id = id.to_owned();
        self.write(move |transaction| {
            let Some(account) = find(transaction, &id)?.filter(|account| !account.is_deleted)
            else {
                return Ok(Switched::NoSuchAccount);
            };
            if account.is_claimed_by(ClaimKind::Revoke, now) {
                return Ok(Switched::Claimed);
            }
            let status = match lifecycle::next(account.status, event) {
                Ok(status) => status,
                Err(refusal) => return Ok(Switched::Refused(refusal)),
            };
            transaction.execute(
                "UPDATE connected_accounts SET status = ?, version = version + 1, updated_at = ?
                 WHERE id = ?",
                params![status.name(), now.0, id],
            )?;
            Ok(Switched::Done)
        })
        .await
    }

    /// Deletes an account softly: the row stays, its tokens do not, because nobody can use or
    /// revoke them through this service any more. A revoke that is under way goes on. Says
    /// whether there was such an account.
    pub(crate) async fn delete_account(
        &self,
        id: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.write(move |transaction| {
            let changed = transaction.execute(
                "UPDATE connected_accounts
                 SET deleted_at = ?, updated_at = ?, access_token = NULL, refresh_token = NULL,
                     access_token_expires_at = NULL, other_fields = '{}'
                 WHERE id = ? AND deleted_at IS NULL",
                params![now.0, now.0, id],
            )?;
            Ok(changed == 1)
        })
        .await
    }
}

fn find(transaction: &Transaction<'_>, id: &str) -> Result<Option<Account>, StoreError> {
    Ok(transaction
        .query_row(
            &format!("{SELECT} WHERE connected_accounts.id = ?"),
            [id],
            |row| from_row(row, transaction.sealer),
        )
        .optional()?)
}

fn from_row(row: &Row<'_>, sealer: &Sealer) -> rusqlite::Result<Account> {
    let id: String = row.get("id")?;
    let status: String = row.get("status")?;
    let held = SealedHeld {
        access_token: row.get("access_token")?,
        refresh_token: row.get("refresh_token")?,
        access_token_expires_at: row.get("access_token_expires_at")?,
        other_fields: row.get("other_fields")?,
    };
    let deleted_at: Option<i64> = row.get("deleted_at")?;
    Ok(Account {
        auth_config_id: row.get("auth_config_id")?,
        toolkit: row.get("toolkit")?,
        auth_scheme: row.get("auth_scheme")?,
        user_id: row.get("user_id")?,
        status: Status::parse(&status).ok_or_else(|| unreadable("status"))?,
        status_reason: row.get("status_reason")?,
        held: sealer
            .open_held(&id, &held)
            .map_err(|_| unreadable("sealed value"))?,
        id,
        version: row.get("version")?,
        claim: claim_from_row(row)?,
        is_deleted: deleted_at.is_some(),
        created_at: Timestamp(row.get("created_at")?),
        updated_at: Timestamp(row.get("updated_at")?),
    })
}

fn claim_from_row(row: &Row<'_>) -> rusqlite::Result<Option<Claim>> {
    let kind: Option<String> = row.get("claim_kind")?;
    let until: Option<i64> = row.get("claim_until")?;
    let (Some(kind), Some(until)) = (kind, until) else {
        return Ok(None);
    };
    Ok(Some(Claim {
        kind: ClaimKind::parse(&kind).ok_or_else(|| unreadable("claim"))?,
        until: Timestamp(until),
    }))
}

/// The cause is left out: it could quote the row.
pub(super) fn unreadable(what: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(StoreError::Unreadable(what)))
}
