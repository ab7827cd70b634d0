//! `DELETE /connected_accounts/{id}`: the account is gone from here. Its tokens live on at the
//! provider: whoever wants them dead revokes first.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::error::{ACCOUNT_NOT_FOUND, ApiError};
use super::extract::AccountId;
use crate::clock;
use crate::defects::hooks::Deletion;
use crate::service::Service;

pub(super) async fn handle(
    State(service): State<Arc<Service>>,
    AccountId(id): AccountId,
) -> Result<Json<Value>, ApiError> {
    let is_deleted = match service.before_deletion(&id).await? {
        Deletion::DoesNothing => true,
        _ => service.store.delete_account(&id, clock::now()).await?,
    };
    if !is_deleted {
        return Err(ACCOUNT_NOT_FOUND);
    }
    tracing::info!(account = id, "account deleted");
    Ok(Json(json!({ "success": true })))
}
