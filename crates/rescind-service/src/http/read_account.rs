//! `GET /connected_accounts/{id}`: an account, without its tokens.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::error::{ACCOUNT_NOT_FOUND, ApiError};
use super::extract::AccountId;
use crate::account::Account;
use crate::defects::seams;
use crate::service::Service;

pub(super) async fn handle(
    State(service): State<Arc<Service>>,
    AccountId(id): AccountId,
) -> Result<Json<Value>, ApiError> {
    let account = service
        .store
        .find_account(&id)
        .await?
        .filter(|account| !account.is_deleted)
        .ok_or(ACCOUNT_NOT_FOUND)?;
    let answer = seams::read_account(service.defect, describe(&account), &account);
    Ok(Json(answer))
}

/// An account as it is shown. It is put together from what may be shown, not stripped of what may
/// not: a field that is added to the row does not show up by itself.
pub(super) fn describe(account: &Account) -> Value {
    json!({
        "id": account.id,
        "toolkit": { "slug": account.toolkit },
        "auth_config": {
            "id": account.auth_config_id,
            "auth_scheme": account.auth_scheme,
            "is_composio_managed": false,
            "is_disabled": false,
        },
        "user_id": account.user_id,
        "status": account.status.name(),
        "status_reason": account.status_reason,
        "is_disabled": false,
        "created_at": account.created_at.to_rfc3339(),
        "updated_at": account.updated_at.to_rfc3339(),
    })
}
