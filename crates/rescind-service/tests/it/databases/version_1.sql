-- A database as the first version of the service left it: its secrets are plain.
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
    version                 INTEGER NOT NULL,
    claim_kind              TEXT,
    claim_until             INTEGER,
    created_at              INTEGER NOT NULL,
    updated_at              INTEGER NOT NULL,
    deleted_at              INTEGER
) STRICT;

CREATE INDEX connected_accounts_by_auth_config ON connected_accounts (auth_config_id);
CREATE INDEX connected_accounts_by_age ON connected_accounts (created_at, id);

PRAGMA user_version = 1;
