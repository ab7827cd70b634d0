//! `PATCH /connected_accounts/{id}/status`: switches an account on or off.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::envelope::Envelope;
use super::error::{ACCOUNT_NOT_FOUND, AUTH_CONFIG_DISABLED, ApiError};
use super::extract::{AccountId, JsonBody};
use super::refusals::{self, NoAccount, Writing};
use crate::clock;
use crate::lifecycle::{Event, Refusal};
use crate::service::Service;
use crate::store::Switched;

/// What the status is to be.
#[derive(Deserialize, ToSchema)]
pub(super) struct StatusBody {
    pub(super) enabled: bool,
}

/// That it is done.
#[derive(Serialize, ToSchema)]
pub(super) struct Done {
    pub(super) success: bool,
}

enum SetStatusError {
    NotFound,
    Refused(Refusal),
    AuthConfigDisabled,
    RevokeUnderWay,
}

impl From<SetStatusError> for ApiError {
    fn from(error: SetStatusError) -> Self {
        match error {
            SetStatusError::NotFound => ACCOUNT_NOT_FOUND,
            SetStatusError::Refused(refusal) => Self::new(
                StatusCode::CONFLICT,
                620,
                "ConnectedAccount_StatusNotSwitchable",
                format!(
                    "an account that is {} can be neither enabled nor disabled",
                    refusal.status
                ),
            ),
            SetStatusError::AuthConfigDisabled => AUTH_CONFIG_DISABLED,
            SetStatusError::RevokeUnderWay => Self::new(
                StatusCode::CONFLICT,
                621,
                "ConnectedAccount_RevokeUnderWay",
                "the account is being revoked",
            ),
        }
    }
}

#[utoipa::path(patch, path = "/api/v3.1/connected_accounts/{id}/status",
    tag = "connected accounts", operation_id = "set_account_status",
    summary = "Switch an account on or off",
    params(("id" = String, Path, description = "The account's id")),
    request_body = StatusBody,
    responses(
        (status = 200, description = "It is so", body = Done),
        (status = 409, description = "Not in this status, or not now", body = Envelope),
        refusals::Body, NoAccount, Writing,
    ))]
pub(super) async fn handle(
    State(service): State<Arc<Service>>,
    AccountId(id): AccountId,
    JsonBody(body): JsonBody<StatusBody>,
) -> Result<Json<Done>, ApiError> {
    let event = if body.enabled {
        Event::Enabled
    } else {
        Event::Disabled
    };
    match service
        .store
        .switch_account(&id, event, clock::now())
        .await?
    {
        Switched::Done => Ok(Json(Done { success: true })),
        Switched::NoSuchAccount => Err(SetStatusError::NotFound.into()),
        Switched::Refused(refusal) => Err(SetStatusError::Refused(refusal).into()),
        Switched::AuthConfigDisabled => Err(SetStatusError::AuthConfigDisabled.into()),
        Switched::Claimed => Err(SetStatusError::RevokeUnderWay.into()),
    }
}
