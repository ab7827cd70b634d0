//! `DELETE /auth_configs/{id}`: the auth config is gone, and its accounts with it. Their tokens
//! live on at the provider.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::error::{AUTH_CONFIG_NOT_FOUND, ApiError};
use super::extract::AuthConfigId;
use super::refusals::{NoAuthConfig, Writing};
use super::set_status::Done;
use crate::clock;
use crate::defects::hooks;
use crate::projects::Caller;
use crate::service::Service;

#[utoipa::path(delete, path = "/api/v3.1/auth_configs/{id}", tag = "auth configs",
    operation_id = "delete_auth_config",
    summary = "Delete an auth config and its accounts; nothing is revoked",
    params(("id" = String, Path, description = "The auth config's id")),
    responses(
        (status = 200, description = "It is gone", body = Done),
        NoAuthConfig, Writing,
    ))]
pub(super) async fn handle(
    State(service): State<Arc<Service>>,
    caller: Caller,
    AuthConfigId(id): AuthConfigId,
) -> Result<Json<Done>, ApiError> {
    if hooks::forgets_auth_config_deletion(service.defect) {
        return Ok(Json(Done { success: true }));
    }
    let is_deleted = service
        .store
        .delete_auth_config(&caller, &id, clock::now())
        .await?;
    if !is_deleted {
        return Err(AUTH_CONFIG_NOT_FOUND);
    }
    tracing::info!(auth_config = id, "auth config deleted");
    Ok(Json(Done { success: true }))
}
