//! Imports: an account that was connected elsewhere, put under an auth config.

use rusqlite::params;

use super::accounts::{NewAccount, insert};
use super::{Store, StoreError, auth_configs};
use crate::clock::Timestamp;
use crate::lifecycle::Status;
use crate::projects::Caller;
use crate::variants::hooks;

/// An import as its caller asks for it.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    pub(crate) caller: Caller,
    pub(crate) auth_scheme: String,
    pub(crate) alias: Option<String>,
    pub(crate) account: NewAccount,
}

/// What became of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Imported {
    /// There is an account with this id now.
    Account(String),
    NoSuchAuthConfig,
    AuthConfigDisabled,
    /// The auth config is of another scheme.
    OtherScheme,
}

/// Why an account that is imported as revoked is so.
const IMPORTED_AS_REVOKED: &str = "Imported as revoked";

impl Store {
    /// Imports an account under an auth config of the caller's project that is in use.
    pub(crate) async fn import_account(
        &self,
        import: Import,
        now: Timestamp,
    ) -> Result<Imported, StoreError> {
        let id = hooks::account_id(self.variant)?;
        self.write(move |transaction| {
            let config = auth_configs::find_record(transaction, &import.account.auth_config_id)?
                .filter(|config| import.caller.may_see(&config.project));
            let Some(config) = config else {
                return Ok(Imported::NoSuchAuthConfig);
            };
            if config.is_disabled {
                return Ok(Imported::AuthConfigDisabled);
            }
            if config.auth_scheme != import.auth_scheme {
                return Ok(Imported::OtherScheme);
            }
            insert(transaction, &id, &import.account, now)?;
            let reason = (import.account.status == Status::Revoked).then_some(IMPORTED_AS_REVOKED);
            transaction.execute(
                "UPDATE connected_accounts SET alias = ?, status_reason = ? WHERE id = ?",
                params![import.alias, reason, id],
            )?;
            Ok(Imported::Account(id))
        })
        .await
    }
}
