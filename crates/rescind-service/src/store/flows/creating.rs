//! A flow begins: with an account of its own, or for one that is to be connected anew.

use rusqlite::params;

use super::{FlowStep, callback_url_of, close, from_row};
use crate::account::Held;
use crate::clock::Timestamp;
use crate::identifier::{self, CONNECT_FLOW_PREFIX};
use crate::lifecycle::{self, Event, Refusal, Status};
use crate::projects::Caller;
use crate::store::accounts::{self, NewAccount};
use crate::store::{Store, StoreError, Transaction, auth_configs};
use crate::variants::hooks;

/// A connect flow as its caller asks for it.
#[derive(Clone, Debug)]
pub(crate) struct FlowRequest {
    pub(crate) caller: Caller,
    pub(crate) auth_config_id: String,
    pub(crate) user_id: String,
    /// The account that is to be connected anew; without one there will be a new account.
    pub(crate) account_id: Option<String>,
    pub(crate) link_fingerprint: String,
    pub(crate) callback_url: Option<String>,
    pub(crate) expires_at: Timestamp,
}

/// What became of a request for a connect flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Linked {
    /// There is a flow for this account now.
    Account(String),
    NoSuchAuthConfig,
    AuthConfigDisabled,
    /// None that was connected by this user under this auth config.
    NoSuchAccount,
    Refused(Refusal),
    /// An earlier flow of the account is at its last step.
    Exchanging,
}

impl Store {
    /// Creates a flow, and the account that it is to connect unless that is there already.
    pub(crate) async fn create_flow(
        &self,
        request: FlowRequest,
        now: Timestamp,
    ) -> Result<Linked, StoreError> {
        let new_account_id = hooks::account_id(self.variant)?;
        let flow_id = identifier::generate(CONNECT_FLOW_PREFIX)?;
        self.write(move |transaction| {
            let config = auth_configs::find_record(transaction, &request.auth_config_id)?
                .filter(|config| request.caller.may_see(&config.project));
            let Some(config) = config else {
                return Ok(Linked::NoSuchAuthConfig);
            };
            if config.is_disabled {
                return Ok(Linked::AuthConfigDisabled);
            }
            let account_id = match &request.account_id {
                Some(id) => {
                    if let Some(obstacle) = begin_anew(transaction, &request, id, now)? {
                        return Ok(obstacle);
                    }
                    id.clone()
                }
                None => {
                    insert_account(transaction, &new_account_id, &request, now)?;
                    new_account_id
                }
            };
            insert_flow(transaction, &flow_id, &account_id, &request, now)?;
            Ok(Linked::Account(account_id))
        })
        .await
    }
}

/// Makes room for a flow of an account that is there already, and says what stands in the way, if
/// anything does. An earlier flow that still waits ends: its link leads nowhere any more.
fn begin_anew(
    transaction: &Transaction<'_>,
    request: &FlowRequest,
    account_id: &str,
    now: Timestamp,
) -> Result<Option<Linked>, StoreError> {
    let account = accounts::find(transaction, account_id)?.filter(|account| {
        !account.is_gone()
            && account.auth_config_id == request.auth_config_id
            && account.user_id == request.user_id
    });
    let Some(account) = account else {
        return Ok(Some(Linked::NoSuchAccount));
    };
    if let Err(refusal) = lifecycle::next(account.status, Event::ReconnectRequested) {
        return Ok(Some(Linked::Refused(refusal)));
    }
    let mut statement = transaction
        .prepare("SELECT * FROM connect_flows WHERE account_id = ? AND ended_at IS NULL")?;
    let flows = statement.query_map([account_id], |row| from_row(row, transaction.sealer))?;
    for flow in flows.collect::<Result<Vec<_>, _>>()? {
        if flow.step == FlowStep::Exchanging && now < flow.expires_at {
            return Ok(Some(Linked::Exchanging));
        }
        close(transaction, &flow.id, now)?;
    }
    Ok(None)
}

fn insert_account(
    transaction: &Transaction<'_>,
    id: &str,
    request: &FlowRequest,
    now: Timestamp,
) -> Result<(), StoreError> {
    let account = NewAccount {
        auth_config_id: request.auth_config_id.clone(),
        user_id: request.user_id.clone(),
        status: Status::Initializing,
        held: Held::default(),
    };
    accounts::insert(transaction, id, &account, now)
}

fn insert_flow(
    transaction: &Transaction<'_>,
    id: &str,
    account_id: &str,
    request: &FlowRequest,
    now: Timestamp,
) -> Result<(), StoreError> {
    let place = callback_url_of(id);
    let callback_url = request
        .callback_url
        .as_deref()
        .map(|url| transaction.sealer.seal(place, url))
        .transpose()?;
    transaction.execute(
        "INSERT INTO connect_flows
         (id, account_id, step, link_fingerprint, callback_url, created_at, expires_at)
         VALUES (?, ?, 'created', ?, ?, ?, ?)",
        params![
            id,
            account_id,
            request.link_fingerprint,
            callback_url,
            now.0,
            request.expires_at.0,
        ],
    )?;
    Ok(())
}
