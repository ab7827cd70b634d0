//! The database. Every access goes through [`Store::write`] or [`Store::read`]: one transaction
//! each, on a thread where blocking is allowed. What was decided outside of a transaction is
//! written only if the row still has the version on which it was decided.

mod accounts;
mod auth_configs;
mod claims;
mod dispatches;
mod flows;
mod imports;
mod jobs;
mod listing;
mod schema;
mod sealing;

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{CachedStatement, Connection, Params, Row, TransactionBehavior};

pub(crate) use self::accounts::{NewAccount, Switched};
pub(crate) use self::auth_configs::{AuthConfig, AuthConfigRecord, ForBrowsers, NewAuthConfig};
pub(crate) use self::claims::{Ending, TokensAfter};
pub(crate) use self::dispatches::{ClaimedRevoke, DispatchName, DispatchState, RecordedDispatch};
pub(crate) use self::flows::{
    FlowEnding, FlowRequest, FlowStep, Linked, Opened, Opening, PendingFlow,
};
pub(crate) use self::imports::{Import, Imported};
pub(crate) use self::jobs::{JobEnding, RevokeJob};
pub(crate) use self::listing::{
    AccountFilter, AuthConfigFilter, Direction, OrderBy, Page, PageRequest, Place,
};
use self::sealing::Sealer;
use crate::config::Database;
use crate::encryption_key::EncryptionKey;
use crate::variants::Variant;

/// How long a transaction waits for that of another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The database, shared by all requests. One connection: a transaction takes well below a
/// millisecond, and no call to a provider happens inside of one.
#[derive(Clone)]
pub(crate) struct Store {
    connection: Arc<Mutex<Option<Connection>>>,
    sealer: Arc<Sealer>,
    variant: Option<Variant>,
}

/// A transaction, with what opens and seals the secrets in it.
struct Transaction<'a> {
    inner: rusqlite::Transaction<'a>,
    sealer: &'a Sealer,
}

impl<'a> Deref for Transaction<'a> {
    type Target = rusqlite::Transaction<'a>;

    fn deref(&self) -> &Self::Target {
        &self.inner
    }
}

/// What is asked often is read once: these go before those of [`rusqlite::Connection`], which read the
/// statement's text each time.
impl Transaction<'_> {
    fn prepare(&self, statement: &str) -> rusqlite::Result<CachedStatement<'_>> {
        self.inner.prepare_cached(statement)
    }

    fn execute(&self, statement: &str, values: impl Params) -> rusqlite::Result<usize> {
        self.prepare(statement)?.execute(values)
    }

    fn query_row<T>(
        &self,
        statement: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.prepare(statement)?.query_row(values, read)
    }
}

/// The database could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// `SQLite` reports a failure.
    #[error("the database failed: {0}")]
    Database(#[from] rusqlite::Error),
    /// The schema could not be brought up to date.
    #[error("the database's schema could not be brought up to date: {0}")]
    Migration(#[from] rusqlite_migration::Error),
    /// A row holds what this version cannot read.
    #[error("the database holds an unreadable {0}")]
    Unreadable(&'static str),
    /// The operating system gave no randomness for an id or a nonce.
    #[error("no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
    /// The database belongs to another key.
    #[error("the database was sealed with another encryption key than the one that was given")]
    WrongKey,
    /// A secret could not be sealed.
    #[error("a secret could not be sealed")]
    Sealing,
    /// The database was closed, because the service is stopping.
    #[error("the database is closed")]
    Closed,
}

impl Store {
    /// Opens the database, brings its schema up to date and seals what is not sealed yet.
    pub(crate) async fn open(database: Database, key: &EncryptionKey) -> Result<Self, StoreError> {
        let sealer = Arc::new(Sealer::new(key)?);
        let shared = Arc::clone(&sealer);
        let connection = blocking(move || schema::open(&database, &shared)).await??;
        Ok(Self {
            connection: Arc::new(Mutex::new(Some(connection))),
            sealer,
            variant: None,
        })
    }

    /// The same, with the ids of a variant.
    pub(crate) fn with_variant(mut self, variant: Option<Variant>) -> Self {
        self.variant = variant;
        self
    }

    /// Closes the database. Whatever comes later is refused.
    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        let shared = Arc::clone(&self.connection);
        blocking(move || {
            let connection = shared.lock().unwrap_or_else(PoisonError::into_inner).take();
            match connection.map(Connection::close) {
                Some(Err((_, error))) => Err(StoreError::Database(error)),
                Some(Ok(())) | None => Ok(()),
            }
        })
        .await?
    }

    /// A transaction that only reads.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.transaction(TransactionBehavior::Deferred, work).await
    }

    /// A transaction that writes. It takes the write lock before it reads, so that what it reads
    /// is still so when it writes.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.transaction(TransactionBehavior::Immediate, work).await
    }

    async fn transaction<T: Send + 'static>(
        &self,
        behavior: TransactionBehavior,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.connection);
        let sealer = Arc::clone(&self.sealer);
        blocking(move || {
            // A panic inside of a transaction rolls it back, so the connection is sound after it.
            let mut guard = shared.lock().unwrap_or_else(PoisonError::into_inner);
            let connection = guard.as_mut().ok_or(StoreError::Closed)?;
            let transaction = Transaction {
                inner: connection.transaction_with_behavior(behavior)?,
                sealer: &sealer,
            };
            let result = work(&transaction)?;
            transaction.inner.commit()?;
            Ok(result)
        })
        .await?
    }
}

/// Runs work that blocks where blocking is allowed.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| StoreError::Closed)
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::Map;

    use super::{AuthConfig, ForBrowsers, NewAccount, Store};
    use crate::account::Held;
    use crate::clock::Timestamp;
    use crate::config::Database;
    use crate::encryption_key::EncryptionKey;
    use crate::lifecycle::Status;
    use crate::secret::Secret;
    use crate::upstream::request::ProviderClient;

    pub(crate) const NOW: Timestamp = Timestamp(1_000);
    pub(crate) const LATER: Timestamp = Timestamp(2_000);

    pub(crate) async fn store_with_account() -> (Store, String) {
        let key = EncryptionKey::generate().unwrap();
        let store = Store::open(Database::Memory, &key).await.unwrap();
        let config = AuthConfig {
            toolkit: "rfc7009".to_owned(),
            auth_scheme: "OAUTH2".to_owned(),
            scopes: Vec::new(),
            browsers: ForBrowsers::default(),
            client: ProviderClient {
                base_url: "http://provider.test".to_owned(),
                client_id: "id".to_owned(),
                client_secret: None,
            },
        };
        let auth_config_id = store.insert_auth_config(config, NOW).await.unwrap();
        let account = NewAccount {
            auth_config_id,
            user_id: "u".to_owned(),
            status: Status::Active,
            held: Held {
                access_token: Some(Secret::new("a")),
                refresh_token: Some(Secret::new("r")),
                access_token_expires_at: None,
                other_fields: Map::new(),
            },
        };
        let id = store.insert_account(account, NOW).await.unwrap();
        (store, id)
    }
}
