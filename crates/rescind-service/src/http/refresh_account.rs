//! `POST /connected_accounts/{id}/refresh`: new tokens from the provider.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::envelope::Envelope;
use super::error::{ACCOUNT_NOT_FOUND, ApiError, INTERNAL};
use super::extract::AccountId;
use super::refusals::{NoAccount, Writing};
use crate::defects::seams;
use crate::lifecycle::Status;
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

/// What a refresh came to.
#[derive(Serialize, ToSchema)]
pub(super) struct RefreshedAccount {
    id: String,
    /// EXPIRED if the provider refused for good.
    status: Status,
    /// Always null: a refresh needs no user.
    #[schema(required)]
    redirect_url: Option<String>,
}

#[utoipa::path(post, path = "/api/v3.1/connected_accounts/{id}/refresh",
    tag = "connected accounts", operation_id = "refresh_account",
    summary = "Get new tokens from the provider",
    params(("id" = String, Path, description = "The account's id")),
    responses(
        (status = 200, description = "The provider answered", body = RefreshedAccount),
        (status = 400, description = "There is nothing to refresh with", body = Envelope),
        (status = 409, description = "Not in this status, or not now", body = Envelope),
        (status = 502, description = "The provider gave no new tokens", body = Envelope),
        NoAccount, Writing,
    ))]
pub(super) async fn handle(
    State(service): State<Arc<Service>>,
    AccountId(id): AccountId,
) -> Result<Json<Value>, ApiError> {
    refuse_other_schemes(&service, &id).await?;
    let status = service.refresh(&id).await.inspect_err(|error| {
        tracing::warn!(account = id, %error, "refresh did not succeed");
    })?;
    tracing::info!(account = id, %status, "refresh done");
    let refreshed = service.store.find_account(&id).await?;
    let answer = RefreshedAccount {
        id,
        status,
        redirect_url: None,
    };
    let answer = serde_json::to_value(answer).map_err(|error| {
        tracing::error!(%error, "the answer cannot be written as JSON");
        INTERNAL
    })?;
    Ok(Json(seams::refresh_answer(
        service.defect,
        answer,
        refreshed.as_ref(),
    )))
}

/// An account of another scheme may well hold something that is called a refresh token.
async fn refuse_other_schemes(service: &Service, id: &str) -> Result<(), ApiError> {
    let account = service.store.find_account(id).await?;
    let is_other =
        account.is_some_and(|account| !account.is_gone() && account.auth_scheme != "OAUTH2");
    if is_other {
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            633,
            "ConnectedAccount_RefreshUnsupported",
            "only an account whose scheme is OAUTH2 can be refreshed",
        ));
    }
    Ok(())
}
