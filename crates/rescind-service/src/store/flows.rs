//! Connect flows: created, opened, exchanging, ended. What keeps a state and a code from being used
//! twice is that each step is a change of the row, made under the condition that the row is at the
//! step before.
//!
//! Neither a link nor a state is kept, but what they are known by; the verifier is sealed, because
//! it has to be sent.

mod creating;

use rusqlite::{OptionalExtension as _, Row, params};

pub(crate) use self::creating::{FlowRequest, Linked};
use super::accounts::{self, unreadable};
use super::sealing::{Place, Sealer};
use super::{Store, StoreError, Transaction, dispatches};
use crate::account::{Account, Held};
use crate::clock::Timestamp;
use crate::lifecycle::{self, Event, Status};
use crate::secret::Secret;

/// Why an account is EXPIRED that never was connected.
const TIMED_OUT_REASON: &str = "The connect flow was not completed within ten minutes";

/// How far a connect flow has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlowStep {
    /// Its link was not opened yet.
    Created,
    /// The user is at the provider, or somewhere on the way.
    Opened,
    /// The code has come, and is sent to the provider, or was: it is good for one try.
    Exchanging,
    /// Nothing comes of it any more.
    Ended,
}

impl FlowStep {
    fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Opened => "opened",
            Self::Exchanging => "exchanging",
            Self::Ended => "ended",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Created, Self::Opened, Self::Exchanging, Self::Ended]
            .into_iter()
            .find(|step| step.name() == name)
    }
}

/// What an opened link gives the browser, by its fingerprints, and the verifier.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    pub(crate) state_fingerprint: String,
    pub(crate) browser_fingerprint: String,
    pub(crate) code_verifier: Secret,
}

/// What became of opening a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    Flow {
        id: String,
        auth_config_id: String,
    },
    NoSuchLink,
    AuthConfigDisabled,
    /// The flow is at this step, which is past opening, and its account has this status.
    TooLate(FlowStep, Status),
}

/// A flow whose state came back.
#[derive(Clone, Debug)]
pub(crate) struct PendingFlow {
    pub(crate) id: String,
    pub(crate) account_id: String,
    pub(crate) auth_config_id: String,
    pub(crate) auth_config_is_disabled: bool,
    pub(crate) state_fingerprint: String,
    pub(crate) browser_fingerprint: String,
    pub(crate) code_verifier: Secret,
    pub(crate) callback_url: Option<String>,
    pub(crate) expires_at: Timestamp,
}

/// How a flow ends that was not left alone.
#[derive(Clone, Debug)]
pub(crate) enum FlowEnding {
    /// The account holds this from now on, and nothing of what it held before.
    Connected(Held),
    Failed(&'static str),
}

/// One row.
struct Flow {
    id: String,
    account_id: String,
    step: FlowStep,
    state_fingerprint: Option<String>,
    browser_fingerprint: Option<String>,
    code_verifier: Option<Secret>,
    callback_url: Option<String>,
    expires_at: Timestamp,
}

impl Store {
    /// Opens the flow of a link. One that was opened before may be opened again, by a reload or in
    /// another browser: the last one counts, and what the earlier ones were given is void.
    pub(crate) async fn open_flow(
        &self,
        link_fingerprint: &str,
        opening: Opening,
        now: Timestamp,
    ) -> Result<Opened, StoreError> {
        let link_fingerprint = link_fingerprint.to_owned();
        self.write(move |transaction| {
            let found = find_flow(transaction, "link_fingerprint", &link_fingerprint)?;
            let Some((flow, account)) = found else {
                return Ok(Opened::NoSuchLink);
            };
            let may_open =
                matches!(flow.step, FlowStep::Created | FlowStep::Opened) && now < flow.expires_at;
            let (true, Ok(status)) = (
                may_open,
                lifecycle::next(account.status, Event::ConnectOpened),
            ) else {
                return Ok(Opened::TooLate(flow.step, account.status));
            };
            if account.auth_config_is_disabled {
                return Ok(Opened::AuthConfigDisabled);
            }
            let place = code_verifier_of(&flow.id);
            transaction.execute(
                "UPDATE connect_flows SET step = 'opened', state_fingerprint = ?,
                     browser_fingerprint = ?, code_verifier = ? WHERE id = ?",
                params![
                    opening.state_fingerprint,
                    opening.browser_fingerprint,
                    transaction
                        .sealer
                        .seal(place, opening.code_verifier.expose())?,
                    flow.id,
                ],
            )?;
            if status != account.status {
                write_status(transaction, &account.id, status, None, now)?;
            }
            Ok(Opened::Flow {
                id: flow.id,
                auth_config_id: account.auth_config_id,
            })
        })
        .await
    }

    /// The flow that waits for this state, if there is one. Nothing is used up by looking.
    pub(crate) async fn pending_flow(
        &self,
        state_fingerprint: &str,
        now: Timestamp,
    ) -> Result<Option<PendingFlow>, StoreError> {
        let state_fingerprint = state_fingerprint.to_owned();
        self.read(move |transaction| {
            let found = find_flow(transaction, "state_fingerprint", &state_fingerprint)?;
            let is_pending = |flow: &Flow| flow.step == FlowStep::Opened && now < flow.expires_at;
            Ok(found
                .filter(|(flow, _)| is_pending(flow))
                .and_then(|(flow, account)| pending(flow, &account)))
        })
        .await
    }

    /// Uses the state up, and says so before the code is sent: whoever comes second finds nothing
    /// that waits. The flow is overdue at `until` if nothing more is heard of it. Says whether it
    /// was still waiting for this state.
    pub(crate) async fn begin_exchange(
        &self,
        flow: &PendingFlow,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let state_fingerprint = flow.state_fingerprint.clone();
        self.write(move |transaction| {
            let found = find_flow(transaction, "state_fingerprint", &state_fingerprint)?;
            let Some((flow, _)) = found.filter(|(flow, _)| flow.step == FlowStep::Opened) else {
                return Ok(false);
            };
            transaction.execute(
                "UPDATE connect_flows SET step = 'exchanging', expires_at = ? WHERE id = ?",
                params![until.0, flow.id],
            )?;
            Ok(true)
        })
        .await
    }

    /// Ends a flow that is at this step, with what came of it, and returns the status that its
    /// account has then. None: the flow has ended otherwise meanwhile, or its account is deleted,
    /// and nothing is written.
    pub(crate) async fn end_flow(
        &self,
        flow: &PendingFlow,
        step: FlowStep,
        ending: FlowEnding,
        now: Timestamp,
    ) -> Result<Option<Status>, StoreError> {
        let state_fingerprint = flow.state_fingerprint.clone();
        self.write(move |transaction| {
            let found = find_flow(transaction, "state_fingerprint", &state_fingerprint)?;
            let Some((flow, account)) = found.filter(|(flow, _)| flow.step == step) else {
                return Ok(None);
            };
            close(transaction, &flow.id, now)?;
            match ending {
                FlowEnding::Connected(held) => connect(transaction, &account, &held, now),
                FlowEnding::Failed(reason) => {
                    let event = Event::ConnectFailed;
                    apply(transaction, &account, event, reason, now).map(Some)
                }
            }
        })
        .await
    }

    /// Ends every flow that was not completed in time, and says how many there were. Where there
    /// is none, which is nearly always, nothing is locked.
    pub(crate) async fn end_overdue_flows(&self, now: Timestamp) -> Result<usize, StoreError> {
        // Nothing of what is sealed is opened: one row that cannot be read must not stand in the
        // way of every request.
        let overdue = move |transaction: &Transaction<'_>| -> Result<Vec<_>, StoreError> {
            let mut statement = transaction.prepare(
                "SELECT id, account_id FROM connect_flows
                 WHERE ended_at IS NULL AND expires_at <= ?",
            )?;
            let flows = statement.query_map([now.0], |row| {
                Ok((
                    row.get::<_, String>("id")?,
                    row.get::<_, String>("account_id")?,
                ))
            })?;
            Ok(flows.collect::<Result<_, _>>()?)
        };
        let is_none = self
            .read(move |transaction| Ok(overdue(transaction)?.is_empty()))
            .await?;
        if is_none {
            return Ok(0);
        }
        self.write(move |transaction| {
            let flows = overdue(transaction)?;
            for (id, account_id) in &flows {
                close(transaction, id, now)?;
                let account = accounts::find(transaction, account_id)?;
                if let Some(account) = account.filter(|account| !account.is_gone()) {
                    let event = Event::ConnectTimedOut;
                    apply(transaction, &account, event, TIMED_OUT_REASON, now)?;
                }
            }
            Ok(flows.len())
        })
        .await
    }
}

/// The flow that is known by this, with its account, unless that is deleted. `column` is one of
/// those that are unique.
fn find_flow(
    transaction: &Transaction<'_>,
    column: &'static str,
    fingerprint: &str,
) -> Result<Option<(Flow, Account)>, StoreError> {
    let flow = transaction
        .query_row(
            &format!("SELECT * FROM connect_flows WHERE {column} = ?"),
            [fingerprint],
            |row| from_row(row, transaction.sealer),
        )
        .optional()?;
    let Some(flow) = flow else {
        return Ok(None);
    };
    let account = accounts::find(transaction, &flow.account_id)?;
    Ok(account
        .filter(|account| !account.is_gone())
        .map(|account| (flow, account)))
}

/// None only if a row says that it was opened and lacks what opening writes.
fn pending(flow: Flow, account: &Account) -> Option<PendingFlow> {
    Some(PendingFlow {
        id: flow.id,
        account_id: flow.account_id,
        auth_config_id: account.auth_config_id.clone(),
        auth_config_is_disabled: account.auth_config_is_disabled,
        state_fingerprint: flow.state_fingerprint?,
        browser_fingerprint: flow.browser_fingerprint?,
        code_verifier: flow.code_verifier?,
        callback_url: flow.callback_url,
        expires_at: flow.expires_at,
    })
}

/// The account is connected. One whose auth config was switched off meanwhile is so, too, but goes
/// off with it.
fn connect(
    transaction: &Transaction<'_>,
    account: &Account,
    held: &Held,
    now: Timestamp,
) -> Result<Option<Status>, StoreError> {
    let connected = lifecycle::next(account.status, Event::Connected);
    let status = if account.auth_config_is_disabled {
        connected.and_then(|status| lifecycle::next(status, Event::Disabled))
    } else {
        connected
    };
    let Ok(status) = status else {
        return Ok(None);
    };
    let held = transaction.sealer.seal_held(&account.id, held)?;
    transaction.execute(
        "UPDATE connected_accounts
         SET access_token = ?, refresh_token = ?, access_token_expires_at = ?, other_fields = ?
         WHERE id = ?",
        params![
            held.access_token,
            held.refresh_token,
            held.access_token_expires_at,
            held.other_fields,
            account.id,
        ],
    )?;
    dispatches::forget(transaction, &account.id)?;
    write_status(transaction, &account.id, status, None, now)?;
    Ok(Some(status))
}

/// What happened to the flow happens to its account, where that changes anything.
fn apply(
    transaction: &Transaction<'_>,
    account: &Account,
    event: Event,
    reason: &str,
    now: Timestamp,
) -> Result<Status, StoreError> {
    match lifecycle::next(account.status, event) {
        Ok(status) if status != account.status => {
            write_status(transaction, &account.id, status, Some(reason), now)?;
            Ok(status)
        }
        _ => Ok(account.status),
    }
}

/// Whoever had claimed the account, for a refresh, finds its claim gone.
fn write_status(
    transaction: &Transaction<'_>,
    id: &str,
    status: Status,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    transaction.execute(
        "UPDATE connected_accounts
         SET status = ?, status_reason = ?, updated_at = ?, version = version + 1,
             claim_kind = NULL, claim_until = NULL
         WHERE id = ?",
        params![status.name(), reason, now.0, id],
    )?;
    Ok(())
}

/// Ends a flow. Its link is still known, so that whoever opens it once more is told that it was
/// used; the rest is of no more use.
fn close(transaction: &Transaction<'_>, id: &str, now: Timestamp) -> Result<(), StoreError> {
    transaction.execute(
        "UPDATE connect_flows
         SET step = 'ended', ended_at = ?, state_fingerprint = NULL, browser_fingerprint = NULL,
             code_verifier = NULL, callback_url = NULL
         WHERE id = ?",
        params![now.0, id],
    )?;
    Ok(())
}

fn code_verifier_of(row: &str) -> Place<'_> {
    let column = "connect_flows.code_verifier";
    Place { column, row }
}

fn callback_url_of(row: &str) -> Place<'_> {
    let column = "connect_flows.callback_url";
    Place { column, row }
}

fn from_row(row: &Row<'_>, sealer: &Sealer) -> rusqlite::Result<Flow> {
    let id: String = row.get("id")?;
    let step: String = row.get("step")?;
    let open = |column: &str, place: Place<'_>| -> rusqlite::Result<Option<String>> {
        let value: Option<String> = row.get(column)?;
        value
            .map(|value| sealer.open(place, &value))
            .transpose()
            .map_err(|_| unreadable("sealed value"))
    };
    Ok(Flow {
        account_id: row.get("account_id")?,
        step: FlowStep::parse(&step).ok_or_else(|| unreadable("step of a connect flow"))?,
        state_fingerprint: row.get("state_fingerprint")?,
        browser_fingerprint: row.get("browser_fingerprint")?,
        code_verifier: open("code_verifier", code_verifier_of(&id))?.map(Secret::new),
        callback_url: open("callback_url", callback_url_of(&id))?,
        expires_at: Timestamp(row.get("expires_at")?),
        id,
    })
}

#[cfg(test)]
mod tests;
