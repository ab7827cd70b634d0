//! Auth configs: which client at which provider.

use rusqlite::{OptionalExtension as _, Row, params};
use serde_json::json;

use super::accounts::unreadable;
use super::sealing::Sealer;
use super::{Store, StoreError, Transaction, accounts};
use crate::account::ClaimKind;
use crate::clock::Timestamp;
use crate::defects::hooks::OtherClient;
use crate::identifier::{self, AUTH_CONFIG_PREFIX};
use crate::lifecycle::{self, Event};
#[cfg(test)]
use crate::projects::ApiKey;
use crate::projects::Caller;
use crate::upstream::request::ProviderClient;

/// One client of one provider, as its owner configured it.
#[derive(Clone, Debug)]
pub(crate) struct AuthConfig {
    pub(crate) toolkit: String,
    pub(crate) auth_scheme: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) client: ProviderClient,
    pub(crate) browsers: ForBrowsers,
}

/// What of a provider is another thing for browsers than for servers.
#[derive(Clone, Debug, Default)]
pub(crate) struct ForBrowsers {
    /// Where the authorization endpoint is, if not below the client's base URL.
    pub(crate) base_url: Option<String>,
    /// What the provider calls itself in an authorization response, if not as its base URL for
    /// browsers.
    pub(crate) issuer: Option<String>,
}

impl AuthConfig {
    /// The address that the path of the authorization endpoint is put below.
    pub(crate) fn authorization_base_url(&self) -> &str {
        self.browsers
            .base_url
            .as_deref()
            .unwrap_or(&self.client.base_url)
    }

    /// The one issuer that may have answered, RFC 9207 section 2.4.
    pub(crate) fn issuer(&self) -> &str {
        let own = self.browsers.issuer.as_deref();
        own.unwrap_or_else(|| self.authorization_base_url())
    }
}

/// An auth config that is to be created.
#[derive(Clone, Debug)]
pub(crate) struct NewAuthConfig {
    pub(crate) project: String,
    pub(crate) name: Option<String>,
    pub(crate) config: AuthConfig,
}

/// An auth config as its owner sees it: without the client's secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuthConfigRecord {
    pub(crate) id: String,
    pub(crate) project: String,
    pub(crate) toolkit: String,
    pub(crate) auth_scheme: String,
    pub(crate) name: Option<String>,
    pub(crate) client_id: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) is_disabled: bool,
    /// How many accounts it has that clients can see.
    pub(crate) connections: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// Auth configs that are not deleted.
pub(super) const SELECT_RECORDS: &str = "SELECT id, project, toolkit, auth_scheme, name, client_id,
     scopes, disabled_at, created_at, updated_at,
     (SELECT count(*) FROM connected_accounts WHERE auth_config_id = auth_configs.id
      AND connected_accounts.deleted_at IS NULL AND hidden_at IS NULL) AS connections
     FROM auth_configs WHERE deleted_at IS NULL";

impl Store {
    /// Stores an auth config and returns its id.
    pub(crate) async fn create_auth_config(
        &self,
        new: NewAuthConfig,
        now: Timestamp,
    ) -> Result<String, StoreError> {
        let id = identifier::generate(AUTH_CONFIG_PREFIX)?;
        self.write(move |transaction| {
            let config = &new.config;
            let client_secret = config.client.client_secret.as_ref();
            let client_secret = transaction.sealer.seal_client_secret(&id, client_secret)?;
            transaction.execute(
                "INSERT INTO auth_configs
                 (id, toolkit, auth_scheme, base_url, client_id, client_secret, created_at)
                 VALUES (?, ?, ?, ?, ?, ?, ?)",
                params![
                    id,
                    config.toolkit,
                    config.auth_scheme,
                    config.client.base_url,
                    config.client.client_id,
                    client_secret,
                    now.0,
                ],
            )?;
            transaction.execute(
                "UPDATE auth_configs SET project = ?, name = ?, scopes = ?,
                     authorization_base_url = ?, issuer = ?
                 WHERE id = ?",
                params![
                    new.project,
                    new.name,
                    json!(config.scopes).to_string(),
                    config.browsers.base_url,
                    config.browsers.issuer,
                    id
                ],
            )?;
            Ok(id)
        })
        .await
    }

    /// Stores an auth config of the default project and returns its id.
    #[cfg(test)]
    pub(crate) async fn insert_auth_config(
        &self,
        config: AuthConfig,
        now: Timestamp,
    ) -> Result<String, StoreError> {
        let new = NewAuthConfig {
            project: ApiKey::DEFAULT_PROJECT.to_owned(),
            name: None,
            config,
        };
        self.create_auth_config(new, now).await
    }

    /// The auth config as its owner sees it, if it is the caller's.
    pub(crate) async fn find_auth_config_record(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Result<Option<AuthConfigRecord>, StoreError> {
        let (caller, id) = (caller.clone(), id.to_owned());
        self.read(move |transaction| find_own(transaction, &caller, &id))
            .await
    }

    /// Switches an auth config of the caller on or off. Its accounts go off with it, and stay so
    /// until their owners switch them on again: nobody recorded which of them were off before.
    /// Says whether there was such an auth config.
    pub(crate) async fn switch_auth_config(
        &self,
        caller: &Caller,
        id: &str,
        is_enabled: bool,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (caller, id) = (caller.clone(), id.to_owned());
        self.write(move |transaction| {
            if find_own(transaction, &caller, &id)?.is_none() {
                return Ok(false);
            }
            transaction.execute(
                "UPDATE auth_configs
                 SET disabled_at = CASE WHEN ?1 THEN NULL ELSE coalesce(disabled_at, ?2) END,
                     updated_at = ?2
                 WHERE id = ?3",
                params![is_enabled, now.0, id],
            )?;
            if !is_enabled {
                disable_accounts(transaction, &id, now)?;
            }
            Ok(true)
        })
        .await
    }

    /// Deletes an auth config of the caller softly, and its accounts with it. Nothing is
    /// dispatched; a deletion that was to revoke goes on. Says whether there was such one.
    pub(crate) async fn delete_auth_config(
        &self,
        caller: &Caller,
        id: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (caller, id) = (caller.clone(), id.to_owned());
        self.write(move |transaction| {
            if find_own(transaction, &caller, &id)?.is_none() {
                return Ok(false);
            }
            transaction.execute(
                "UPDATE auth_configs SET deleted_at = ?1, updated_at = ?1 WHERE id = ?2",
                params![now.0, id],
            )?;
            let condition = "auth_config_id = ? AND deleted_at IS NULL AND hidden_at IS NULL";
            accounts::delete_where(transaction, condition, &id, now)?;
            Ok(true)
        })
        .await
    }

    /// The auth config, for calls to its provider: also one that is deleted, because a revoke that
    /// was asked for before goes on.
    pub(crate) async fn find_auth_config(
        &self,
        id: &str,
    ) -> Result<Option<AuthConfig>, StoreError> {
        let id = id.to_owned();
        self.read(move |transaction| {
            Ok(transaction
                .query_row("SELECT * FROM auth_configs WHERE id = ?", [id], |row| {
                    from_row(row, transaction.sealer)
                })
                .optional()?)
        })
        .await
    }

    /// The auth config that was created first for this base URL.
    pub(crate) async fn find_other_auth_config(
        &self,
        base_url: &str,
        which: OtherClient,
    ) -> Result<Option<AuthConfig>, StoreError> {
        let base_url = base_url.to_owned();
        self.read(move |transaction| {
            Ok(transaction
                .query_row(
                    match which {
                        OtherClient::First => {
                            "SELECT * FROM auth_configs WHERE base_url = ? ORDER BY rowid LIMIT 1"
                        }
                        OtherClient::Last => {
                            "SELECT * FROM auth_configs WHERE base_url = ?
                             ORDER BY rowid DESC LIMIT 1"
                        }
                    },
                    [base_url],
                    |row| from_row(row, transaction.sealer),
                )
                .optional()?)
        })
        .await
    }
}

/// An auth config that is not deleted.
pub(super) fn find_record(
    transaction: &Transaction<'_>,
    id: &str,
) -> Result<Option<AuthConfigRecord>, StoreError> {
    Ok(transaction
        .query_row(
            &format!("{SELECT_RECORDS} AND id = ?"),
            [id],
            record_from_row,
        )
        .optional()?)
}

fn find_own(
    transaction: &Transaction<'_>,
    caller: &Caller,
    id: &str,
) -> Result<Option<AuthConfigRecord>, StoreError> {
    let record = find_record(transaction, id)?;
    Ok(record.filter(|record| caller.may_see(&record.project)))
}

/// An account that is being revoked goes off, too, but keeps its version: the revoke goes on, and
/// if it succeeds the account is REVOKED.
fn disable_accounts(
    transaction: &Transaction<'_>,
    auth_config_id: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut statement = transaction.prepare(&format!(
        "{} WHERE auth_config_id = ? AND connected_accounts.deleted_at IS NULL
         AND hidden_at IS NULL",
        accounts::SELECT
    ))?;
    let accounts = statement.query_map([auth_config_id], |row| {
        accounts::from_row(row, transaction.sealer)
    })?;
    for account in accounts.collect::<Result<Vec<_>, _>>()? {
        // What is in no status to be switched off stays as it is, and so does what is off.
        let Ok(next) = lifecycle::next(account.status, Event::Disabled) else {
            continue;
        };
        if next == account.status {
            continue;
        }
        let growth = i64::from(!account.is_claimed_by(ClaimKind::Revoke, now));
        transaction.execute(
            "UPDATE connected_accounts SET status = ?, version = version + ?, updated_at = ?
             WHERE id = ?",
            params![next.name(), growth, now.0, account.id],
        )?;
    }
    Ok(())
}

pub(super) fn record_from_row(row: &Row<'_>) -> rusqlite::Result<AuthConfigRecord> {
    let disabled_at: Option<i64> = row.get("disabled_at")?;
    let created_at = Timestamp(row.get("created_at")?);
    let updated_at: Option<i64> = row.get("updated_at")?;
    Ok(AuthConfigRecord {
        id: row.get("id")?,
        project: row.get("project")?,
        toolkit: row.get("toolkit")?,
        auth_scheme: row.get("auth_scheme")?,
        name: row.get("name")?,
        client_id: row.get("client_id")?,
        scopes: scopes_from_row(row)?,
        is_disabled: disabled_at.is_some(),
        connections: row.get("connections")?,
        created_at,
        updated_at: updated_at.map_or(created_at, Timestamp),
    })
}

fn scopes_from_row(row: &Row<'_>) -> rusqlite::Result<Vec<String>> {
    let scopes: String = row.get("scopes")?;
    serde_json::from_str(&scopes).map_err(|_| unreadable("scopes"))
}

fn from_row(row: &Row<'_>, sealer: &Sealer) -> rusqlite::Result<AuthConfig> {
    let id: String = row.get("id")?;
    let client_secret: Option<String> = row.get("client_secret")?;
    Ok(AuthConfig {
        toolkit: row.get("toolkit")?,
        auth_scheme: row.get("auth_scheme")?,
        scopes: scopes_from_row(row)?,
        browsers: ForBrowsers {
            base_url: row.get("authorization_base_url")?,
            issuer: row.get("issuer")?,
        },
        client: ProviderClient {
            base_url: row.get("base_url")?,
            client_id: row.get("client_id")?,
            client_secret: sealer
                .open_client_secret(&id, client_secret.as_deref())
                .map_err(|_| unreadable("sealed value"))?,
        },
    })
}
