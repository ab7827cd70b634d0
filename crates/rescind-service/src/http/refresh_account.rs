//! `POST /connected_accounts/{id}/refresh`: new tokens from the provider.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::error::{ACCOUNT_NOT_FOUND, ApiError, INTERNAL};
use super::extract::AccountId;
use crate::operations::refreshing::RefreshError;
use crate::service::Service;

impl From<RefreshError> for ApiError {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::NotFound => ACCOUNT_NOT_FOUND,
            RefreshError::WrongStatus(refusal) => Self::new(
                StatusCode::CONFLICT,
                630,
                "ConnectedAccount_StatusNotRefreshable",
                format!("an account that is {} cannot be refreshed", refusal.status),
            )
            .with_fix("refresh accounts that are ACTIVE; connect others anew"),
            RefreshError::NoRefreshToken => Self::new(
                StatusCode::BAD_REQUEST,
                631,
                "ConnectedAccount_NoRefreshToken",
                "the account holds no refresh token",
            ),
            RefreshError::RevokeUnderWay => Self::new(
                StatusCode::CONFLICT,
                621,
                "ConnectedAccount_RevokeUnderWay",
                "the account is being revoked",
            ),
            RefreshError::Upstream(_) => Self::new(
                StatusCode::BAD_GATEWAY,
                632,
                "ConnectedAccount_RefreshFailed",
                "the provider gave no new tokens; the account is as it was",
            )
            .with_fix("try again later"),
            RefreshError::Store(error) => error.into(),
            RefreshError::Stopped => INTERNAL,
        }
    }
}

pub(super) async fn handle(
    State(service): State<Arc<Service>>,
    AccountId(id): AccountId,
) -> Result<Json<Value>, ApiError> {
    let status = service.refresh(&id).await.inspect_err(|error| {
        tracing::warn!(account = id, %error, "refresh did not succeed");
    })?;
    tracing::info!(account = id, %status, "refresh done");
    Ok(Json(json!({
        "id": id,
        "status": status.name(),
        "redirect_url": null,
    })))
}
