//! Connected accounts: import, reading, switching on and off, deletion.

use rusqlite::types::Type;
use rusqlite::{OptionalExtension as _, Row, params};

use super::sealing::{SealedHeld, Sealer};
use super::{Store, StoreError, Transaction};
use crate::account::{Account, Claim, ClaimKind, Held};
use crate::clock::Timestamp;
use crate::lifecycle::{self, Event, Refusal, Status};
#[cfg(test)]
use crate::variants::hooks;

/// An account that is to be imported.
#[derive(Clone, Debug)]
pub(crate) struct NewAccount {
    pub(crate) auth_config_id: String,
    pub(crate) user_id: String,
    pub(crate) status: Status,
    pub(crate) held: Held,
}

/// Whose an account is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ownership {
    pub(crate) project: String,
    /// See [`Account::is_hidden`].
    pub(crate) is_hidden: bool,
}

/// What became of a change that the lifecycle had to allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Switched {
    Done,
    NoSuchAccount,
    Refused(Refusal),
    /// It was to be switched on, and its auth config is switched off.
    AuthConfigDisabled,
    /// A revoke is under way.
    Claimed,
}

/// Deleted accounts too: what is deleted is told apart from what never was by the reader.
pub(super) const SELECT: &str = "SELECT connected_accounts.*, auth_configs.toolkit,
     auth_configs.auth_scheme, auth_configs.disabled_at AS auth_config_disabled_at
     FROM connected_accounts JOIN auth_configs ON auth_configs.id = auth_config_id";

impl Store {
    /// Stores an account under an auth config that is known to be there.
    #[cfg(test)]
    pub(crate) async fn insert_account(
        &self,
        account: NewAccount,
        now: Timestamp,
    ) -> Result<String, StoreError> {
        let id = hooks::account_id(self.variant)?;
        self.write(move |transaction| {
            insert(transaction, &id, &account, now)?;
            Ok(id)
        })
        .await
    }

    /// Whose the account is, also if it is deleted.
    pub(crate) async fn find_ownership(&self, id: &str) -> Result<Option<Ownership>, StoreError> {
        let id = id.to_owned();
        self.read(move |transaction| {
            let found = transaction.query_row(
                "SELECT project, hidden_at FROM connected_accounts
                 JOIN auth_configs ON auth_configs.id = auth_config_id
                 WHERE connected_accounts.id = ?",
                [id],
                |row| {
                    let hidden_at: Option<i64> = row.get("hidden_at")?;
                    Ok(Ownership {
                        project: row.get("project")?,
                        is_hidden: hidden_at.is_some(),
                    })
                },
            );
            Ok(found.optional()?)
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
                "{SELECT} WHERE connected_accounts.deleted_at IS NULL
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
            let Some(account) = find(transaction, &id)?.filter(|account| !account.is_gone()) else {
                return Ok(Switched::NoSuchAccount);
            };
            if account.is_claimed_by(ClaimKind::Revoke, now) {
                return Ok(Switched::Claimed);
            }
            let status = match lifecycle::next(account.status, event) {
                Ok(status) => status,
                Err(refusal) => return Ok(Switched::Refused(refusal)),
            };
            if account.auth_config_is_disabled && event == Event::Enabled {
                return Ok(Switched::AuthConfigDisabled);
            }
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
            let condition = "id = ? AND deleted_at IS NULL AND hidden_at IS NULL";
            Ok(delete_where(transaction, condition, &id, now)? == 1)
        })
        .await
    }
}

/// Deletes the accounts for which `condition` holds, which has `parameter` in it. Returns how
/// many there were.
pub(super) fn delete_where(
    transaction: &Transaction<'_>,
    condition: &'static str,
    parameter: &str,
    now: Timestamp,
) -> Result<usize, StoreError> {
    Ok(transaction.execute(
        &format!(
            "UPDATE connected_accounts
             SET deleted_at = ?, updated_at = ?, access_token = NULL, refresh_token = NULL,
                 access_token_expires_at = NULL, other_fields = '{{}}'
             WHERE {condition}"
        ),
        params![now.0, now.0, parameter],
    )?)
}

pub(super) fn insert(
    transaction: &Transaction<'_>,
    id: &str,
    account: &NewAccount,
    now: Timestamp,
) -> Result<(), StoreError> {
    let held = transaction.sealer.seal_held(id, &account.held)?;
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
    Ok(())
}

pub(super) fn find(transaction: &Transaction<'_>, id: &str) -> Result<Option<Account>, StoreError> {
    Ok(transaction
        .query_row(
            &format!("{SELECT} WHERE connected_accounts.id = ?"),
            [id],
            |row| from_row(row, transaction.sealer),
        )
        .optional()?)
}

pub(super) fn from_row(row: &Row<'_>, sealer: &Sealer) -> rusqlite::Result<Account> {
    let id: String = row.get("id")?;
    let status: String = row.get("status")?;
    let held = SealedHeld {
        access_token: row.get("access_token")?,
        refresh_token: row.get("refresh_token")?,
        access_token_expires_at: row.get("access_token_expires_at")?,
        other_fields: row.get("other_fields")?,
    };
    let moment = |column: &str| -> rusqlite::Result<Option<Timestamp>> {
        let moment: Option<i64> = row.get(column)?;
        Ok(moment.map(Timestamp))
    };
    Ok(Account {
        auth_config_id: row.get("auth_config_id")?,
        auth_config_is_disabled: moment("auth_config_disabled_at")?.is_some(),
        toolkit: row.get("toolkit")?,
        auth_scheme: row.get("auth_scheme")?,
        user_id: row.get("user_id")?,
        status: Status::parse(&status).ok_or_else(|| unreadable("status"))?,
        status_reason: row.get("status_reason")?,
        alias: row.get("alias")?,
        held: sealer
            .open_held(&id, &held)
            .map_err(|_| unreadable("sealed value"))?,
        id,
        version: row.get("version")?,
        claim: claim_from_row(row)?,
        is_deleted: moment("deleted_at")?.is_some(),
        is_hidden: moment("hidden_at")?.is_some(),
        revoked_at: moment("revoked_at")?,
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
