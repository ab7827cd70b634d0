//! `PATCH /connected_accounts/{id}/status`: switches an account on or off.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{ACCOUNT_NOT_FOUND, ApiError};
use super::extract::{AccountId, JsonBody};
use crate::clock;
use crate::lifecycle::{Event, Refusal};
use crate::service::Service;
use crate::store::Switched;

#[derive(Deserialize)]
pub(super) struct Body {
    enabled: bool,
}

enum SetStatusError {
    NotFound,
    Refused(Refusal),
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
            SetStatusError::RevokeUnderWay => Self::new(
                StatusCode::CONFLICT,
                621,
                "ConnectedAccount_RevokeUnderWay",
                "the account is being revoked",
            ),
        }
    }
}

pub(super) async fn handle(
    State(service): State<Arc<Service>>,
    AccountId(id): AccountId,
    JsonBody(body): JsonBody<Body>,
) -> Result<Json<Value>, ApiError> {
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
        Switched::Done => Ok(Json(json!({ "success": true }))),
        Switched::NoSuchAccount => Err(SetStatusError::NotFound.into()),
        Switched::Refused(refusal) => Err(SetStatusError::Refused(refusal).into()),
        Switched::Claimed => Err(SetStatusError::RevokeUnderWay.into()),
    }
}
