//! Auth configs: which client at which provider.

use rusqlite::{OptionalExtension as _, Row, params};

use super::accounts::unreadable;
use super::sealing::Sealer;
use super::{Store, StoreError};
use crate::clock::Timestamp;
use crate::identifier::{self, AUTH_CONFIG_PREFIX};
use crate::upstream::request::ProviderClient;

/// One client of one provider, as its owner configured it.
#[derive(Clone, Debug)]
pub(crate) struct AuthConfig {
    pub(crate) toolkit: String,
    pub(crate) auth_scheme: String,
    pub(crate) client: ProviderClient,
}

impl Store {
    /// Stores an auth config and returns its id.
    pub(crate) async fn insert_auth_config(
        &self,
        config: AuthConfig,
        now: Timestamp,
    ) -> Result<String, StoreError> {
        let id = identifier::generate(AUTH_CONFIG_PREFIX)?;
        self.write(move |transaction| {
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
            Ok(id)
        })
        .await
    }

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
    pub(crate) async fn find_first_auth_config(
        &self,
        base_url: &str,
    ) -> Result<Option<AuthConfig>, StoreError> {
        let base_url = base_url.to_owned();
        self.read(move |transaction| {
            Ok(transaction
                .query_row(
                    "SELECT * FROM auth_configs WHERE base_url = ? ORDER BY rowid LIMIT 1",
                    [base_url],
                    |row| from_row(row, transaction.sealer),
                )
                .optional()?)
        })
        .await
    }
}

fn from_row(row: &Row<'_>, sealer: &Sealer) -> rusqlite::Result<AuthConfig> {
    let id: String = row.get("id")?;
    let client_secret: Option<String> = row.get("client_secret")?;
    Ok(AuthConfig {
        toolkit: row.get("toolkit")?,
        auth_scheme: row.get("auth_scheme")?,
        client: ProviderClient {
            base_url: row.get("base_url")?,
            client_id: row.get("client_id")?,
            client_secret: sealer
                .open_client_secret(&id, client_secret.as_deref())
                .map_err(|_| unreadable("sealed value"))?,
        },
    })
}
