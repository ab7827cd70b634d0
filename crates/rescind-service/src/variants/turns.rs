//! One call about an account after the other: some platforms lock the row, or have one worker.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::sync::Mutex;

const ACCOUNTS: &str = "/api/v3.1/connected_accounts/";

/// Whose turn it is, by account.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<std::sync::Mutex<HashMap<String, Arc<Mutex<()>>>>>);

/// Lets a call wait until every earlier one about its account has been answered or left.
pub(super) async fn wait(State(turns): State<Turns>, request: Request, next: Next) -> Response {
    let path = request.uri().path().strip_prefix(ACCOUNTS);
    let account = path.and_then(|rest| rest.split('/').next());
    let turn = account.map(|account| {
        let mut turns = turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(account.to_owned()).or_default())
    });
    let _turn = match turn {
        Some(turn) => Some(turn.lock_owned().await),
        None => None,
    };
    next.run(request).await
}
