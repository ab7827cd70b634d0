//! `PATCH /auth_configs/{id}/ENABLED` and `…/DISABLED`, the published form, see
//! <https://docs.composio.dev/reference/v3/api-reference/auth-configs/patchAuthConfigsByNanoidByStatus.md>;
//! and `PATCH /auth_configs/{id}/status` with a body, the form that accounts have.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::envelope::Envelope;
use super::error::{AUTH_CONFIG_NOT_FOUND, ApiError};
use super::extract::{AuthConfigId, JsonBody, LastSegment};
use super::refusals::{self, NoAuthConfig, Writing};
use super::set_status::{Done, StatusBody};
use crate::clock;
use crate::projects::Caller;
use crate::service::Service;

#[utoipa::path(patch, path = "/api/v3.1/auth_configs/{id}/{status}", tag = "auth configs",
    operation_id = "set_auth_config_status",
    summary = "Switch an auth config on or off; its accounts go off with it",
    params(
        ("id" = String, Path, description = "The auth config's id"),
        ("status" = String, Path, description = "`ENABLED` or `DISABLED`"),
    ),
    responses(
        (status = 200, description = "It is so", body = Done),
        (status = 400, description = "There is no such status", body = Envelope),
        NoAuthConfig, Writing,
    ))]
pub(super) async fn by_path(
    State(service): State<Arc<Service>>,
    caller: Caller,
    AuthConfigId(id): AuthConfigId,
    LastSegment(status): LastSegment,
) -> Result<Json<Done>, ApiError> {
    let is_enabled = match status.as_str() {
        "ENABLED" => true,
        "DISABLED" => false,
        _ => {
            return Err(ApiError::bad_request(
                "the status in the path must be `ENABLED` or `DISABLED`",
            ));
        }
    };
    switch(&service, &caller, &id, is_enabled).await
}

#[utoipa::path(patch, path = "/api/v3.1/auth_configs/{id}/status", tag = "auth configs",
    operation_id = "set_auth_config_status_by_body",
    summary = "Switch an auth config on or off; its accounts go off with it",
    params(("id" = String, Path, description = "The auth config's id")),
    request_body = StatusBody,
    responses(
        (status = 200, description = "It is so", body = Done),
        refusals::Body, NoAuthConfig, Writing,
    ))]
pub(super) async fn by_body(
    State(service): State<Arc<Service>>,
    caller: Caller,
    AuthConfigId(id): AuthConfigId,
    JsonBody(body): JsonBody<StatusBody>,
) -> Result<Json<Done>, ApiError> {
    switch(&service, &caller, &id, body.enabled).await
}

async fn switch(
    service: &Service,
    caller: &Caller,
    id: &str,
    is_enabled: bool,
) -> Result<Json<Done>, ApiError> {
    let is_done = service
        .store
        .switch_auth_config(caller, id, is_enabled, clock::now())
        .await?;
    if !is_done {
        return Err(AUTH_CONFIG_NOT_FOUND);
    }
    tracing::info!(auth_config = id, is_enabled, "auth config switched");
    Ok(Json(Done { success: true }))
}
