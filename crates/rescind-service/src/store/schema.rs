//! The schema, one migration a version. A migration that was released is never changed.

use rusqlite::{Connection, TransactionBehavior};
use rusqlite_migration::{M, Migrations};

use super::sealing::{self, Sealer};
use super::{BUSY_TIMEOUT, StoreError};
use crate::config::Database;

const MIGRATIONS: &[M<'_>] = &[
    M::up(ACCOUNTS),
    M::up(PROJECTS),
    M::up(SEALING),
    M::up(DISPATCHES),
    M::up(CONNECT_FLOWS),
];

const ACCOUNTS: &str = "
    CREATE TABLE auth_configs (
        id            TEXT PRIMARY KEY NOT NULL,
        toolkit       TEXT NOT NULL,
        auth_scheme   TEXT NOT NULL,
        base_url      TEXT NOT NULL,
        client_id     TEXT NOT NULL,
        client_secret TEXT,
        created_at    INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE connected_accounts (
        id                      TEXT PRIMARY KEY NOT NULL,
        auth_config_id          TEXT NOT NULL REFERENCES auth_configs (id),
        user_id                 TEXT NOT NULL,
        status                  TEXT NOT NULL,
        status_reason           TEXT,
        access_token            TEXT,
        refresh_token           TEXT,
        access_token_expires_at INTEGER,
        other_fields            TEXT NOT NULL,
        -- Grows with every change of status, tokens or claim.
        version                 INTEGER NOT NULL,
        claim_kind              TEXT,
        claim_until             INTEGER,
        created_at              INTEGER NOT NULL,
        updated_at              INTEGER NOT NULL,
        deleted_at              INTEGER
    ) STRICT;

    CREATE INDEX connected_accounts_by_auth_config ON connected_accounts (auth_config_id);
    CREATE INDEX connected_accounts_by_age ON connected_accounts (created_at, id);
    ";

/// Projects, what an auth config is called and whether it is in use, deletions that revoke.
const PROJECTS: &str = "
    ALTER TABLE auth_configs ADD COLUMN project TEXT NOT NULL DEFAULT 'default';
    ALTER TABLE auth_configs ADD COLUMN name TEXT;
    -- A JSON array of strings.
    ALTER TABLE auth_configs ADD COLUMN scopes TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE auth_configs ADD COLUMN updated_at INTEGER;
    ALTER TABLE auth_configs ADD COLUMN disabled_at INTEGER;
    ALTER TABLE auth_configs ADD COLUMN deleted_at INTEGER;

    ALTER TABLE connected_accounts ADD COLUMN alias TEXT;
    ALTER TABLE connected_accounts ADD COLUMN revoked_at INTEGER;
    -- From then on the account does not exist for clients. What is under way goes on: unlike one
    -- with deleted_at, it keeps its tokens until they are revoked.
    ALTER TABLE connected_accounts ADD COLUMN hidden_at INTEGER;

    CREATE TABLE revoke_jobs (
        id         TEXT PRIMARY KEY NOT NULL,
        account_id TEXT NOT NULL REFERENCES connected_accounts (id),
        -- pending, done or failed.
        state      TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        ended_at   INTEGER
    ) STRICT;

    CREATE INDEX auth_configs_by_project ON auth_configs (project, created_at, id);
    CREATE INDEX revoke_jobs_by_state ON revoke_jobs (state, created_at);
    ";

/// What tells the right encryption key from a wrong one.
const SEALING: &str = "
    -- No row: nothing is sealed yet.
    CREATE TABLE sealing (
        key_number  INTEGER PRIMARY KEY NOT NULL,
        check_value TEXT NOT NULL
    ) STRICT;
    ";

/// What is known of the dispatches of a revoke that has not ended.
const DISPATCHES: &str = "
    CREATE TABLE dispatches (
        account_id     TEXT NOT NULL REFERENCES connected_accounts (id),
        route          TEXT NOT NULL,
        -- A subject, or `account_id`.
        carries        TEXT NOT NULL,
        -- The subjects that are dead once it is acknowledged.
        ends           TEXT NOT NULL,
        -- The version of the account under which the revoke has claimed it.
        attempt        INTEGER NOT NULL,
        state          TEXT NOT NULL,
        -- Whether one before it may have taken effect although nobody knows.
        may_have_ended INTEGER NOT NULL,
        intended_at    INTEGER NOT NULL,
        ended_at       INTEGER,
        PRIMARY KEY (account_id, route, carries)
    ) STRICT, WITHOUT ROWID;
    ";

/// Connect flows, and what is another thing for a user's browser than for this service.
const CONNECT_FLOWS: &str = "
    ALTER TABLE auth_configs ADD COLUMN authorization_base_url TEXT;
    ALTER TABLE auth_configs ADD COLUMN issuer TEXT;

    CREATE TABLE connect_flows (
        id                  TEXT PRIMARY KEY NOT NULL,
        account_id          TEXT NOT NULL REFERENCES connected_accounts (id),
        -- created, opened, exchanging or ended.
        step                TEXT NOT NULL,
        -- Of the link token, of the state and of what the browser was given, the SHA-256.
        link_fingerprint    TEXT NOT NULL UNIQUE,
        state_fingerprint   TEXT UNIQUE,
        browser_fingerprint TEXT,
        -- Sealed.
        code_verifier       TEXT,
        -- Sealed.
        callback_url        TEXT,
        created_at          INTEGER NOT NULL,
        expires_at          INTEGER NOT NULL,
        ended_at            INTEGER
    ) STRICT;

    CREATE INDEX connect_flows_by_account ON connect_flows (account_id);
    -- The few that have not ended, for the look that every request takes at what is overdue.
    CREATE INDEX connect_flows_by_deadline ON connect_flows (expires_at) WHERE ended_at IS NULL;
    ";

/// How often opening is tried while other processes open the same new database. Each failure means
/// that another one got ahead by a step, and there are few steps.
const MOST_ATTEMPTS: u32 = 100;

/// How many statements are kept once they were read: more than there are.
const STATEMENTS_KEPT: usize = 128;

pub(super) fn open(database: &Database, sealer: &Sealer) -> Result<Connection, StoreError> {
    let mut connection = match database {
        Database::Memory => Connection::open_in_memory()?,
        Database::File(path) => Connection::open(path)?,
    };
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    let mut attempt = 1;
    loop {
        match prepare(&mut connection, sealer) {
            // Two processes that find a new file at once both want to make its tables, and the
            // switch to WAL does not wait for the lock that it needs.
            Err(StoreError::Database(_) | StoreError::Migration(_)) if attempt < MOST_ATTEMPTS => {
                attempt += 1;
                let_the_other_one_finish(&mut connection)?;
            }
            Err(error) => return Err(error),
            Ok(()) => return Ok(connection),
        }
    }
}

fn prepare(connection: &mut Connection, sealer: &Sealer) -> Result<(), StoreError> {
    // Readers do not wait for the writer; a commit is on the disk before it is answered, because
    // an answer says that something is so.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What was erased is overwritten: tokens do not stay behind in free pages.
    connection.pragma_update(None, "secure_delete", true)?;
    Migrations::from_slice(MIGRATIONS).to_latest(connection)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let was_plain = sealing::seal_database(&transaction, sealer)?;
    transaction.commit()?;
    if was_plain {
        // The log still holds the pages as they were.
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    }
    Ok(())
}

/// Waits for the write lock, for the busy timeout at most, and lets it go again.
fn let_the_other_one_finish(connection: &mut Connection) -> rusqlite::Result<()> {
    connection
        .transaction_with_behavior(TransactionBehavior::Immediate)?
        .rollback()
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{MIGRATIONS, Migrations};

    #[test]
    fn migrations_are_valid() {
        Migrations::from_slice(MIGRATIONS).validate().unwrap();
    }

    #[test]
    fn what_was_there_before_projects_belongs_to_the_default_one() {
        let mut connection = Connection::open_in_memory().unwrap();
        let migrations = Migrations::from_slice(MIGRATIONS);
        migrations.to_version(&mut connection, 1).unwrap();
        connection
            .execute(
                "INSERT INTO auth_configs VALUES ('ac_1', 't', 'OAUTH2', 'u', 'c', NULL, 1)",
                [],
            )
            .unwrap();
        migrations.to_latest(&mut connection).unwrap();
        let found = connection.query_row(
            "SELECT project, scopes, disabled_at IS NULL AND deleted_at IS NULL FROM auth_configs",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        );
        let expected = ("default".to_owned(), "[]".to_owned(), true);
        assert_eq!(found.unwrap(), expected);
    }
}
