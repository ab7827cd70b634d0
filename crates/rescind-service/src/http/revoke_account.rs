//! `POST /connected_accounts/{id}/revoke`: kills what the account holds, at its provider, and
//! says exactly what it killed. The body is ignored, whatever it is.

use std::sync::Arc;

use axum::Json;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::error::{ACCOUNT_NOT_FOUND, ApiError, INTERNAL};
use super::extract::AccountId;
use crate::account::Subject;
use crate::defects::{hooks, seams};
use crate::lifecycle::Status;
use crate::operations::revoking::RevokeError;
use crate::service::Service;

impl From<RevokeError> for ApiError {
    fn from(error: RevokeError) -> Self {
        match error {
            RevokeError::NotFound => ACCOUNT_NOT_FOUND,
            RevokeError::WrongStatus(refusal) => not_revocable(refusal.status.name()),
            RevokeError::Deleted => not_revocable("deleted"),
            RevokeError::Unsupported => Self::new(
                StatusCode::BAD_REQUEST,
                610,
                "ConnectedAccount_RevokeUnsupported",
                "the provider has no programmatic revocation",
            )
            .with_fix("have the user remove the application on the provider's own site"),
            RevokeError::NothingHeld => Self::new(
                StatusCode::BAD_REQUEST,
                611,
                "ConnectedAccount_NothingToRevoke",
                "the account holds nothing that the provider can revoke",
            )
            .with_fix("have the user remove the application on the provider's own site"),
            RevokeError::EveryDispatchFailed { echo, .. } => {
                let mut message =
                    "the provider acknowledged nothing; the account is as it was".to_owned();
                if let Some(echo) = echo {
                    message = format!("{message}: {echo}");
                }
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    613,
                    "ConnectedAccount_RevokeFailed",
                    message,
                )
                .with_fix("try again once the provider has recovered")
            }
            RevokeError::DeadAlready => Self::new(
                StatusCode::BAD_GATEWAY,
                614,
                "ConnectedAccount_AlreadyDead",
                "the provider does not know the tokens any more",
            ),
            RevokeError::Store(error) => error.into(),
            RevokeError::ClaimLost | RevokeError::TookTooLong | RevokeError::Stopped => INTERNAL,
        }
    }
}

fn not_revocable(status: &str) -> ApiError {
    ApiError::new(
        StatusCode::CONFLICT,
        612,
        "ConnectedAccount_StatusNotRevocable",
        format!("an account that is {status} cannot be revoked"),
    )
    .with_fix("revoke accounts that are ACTIVE")
}

pub(super) async fn handle(
    State(service): State<Arc<Service>>,
    AccountId(id): AccountId,
    request: Request,
) -> Result<Response, ApiError> {
    if hooks::requires_body(service.defect) && !has_json_object(request).await {
        return Err(ApiError::bad_request("the body must be a JSON object"));
    }
    match service.revoke(&id).await {
        Ok(listed) => Ok(success(&service, &id, &listed)),
        Err(error) => {
            tracing::warn!(account = id, %error, "revoke did not succeed");
            failure(&service, error)
        }
    }
}

fn success(service: &Service, id: &str, listed: &[Subject]) -> Response {
    let status = seams::answered_status(service.defect, Status::Revoked);
    let revoked_tokens: Vec<&str> = listed.iter().map(|subject| subject.name()).collect();
    tracing::info!(account = id, ?revoked_tokens, "account revoked");
    Json(json!({
        "connected_account": { "id": id, "status": status.name() },
        "revoked_tokens": revoked_tokens,
    }))
    .into_response()
}

fn failure(service: &Service, error: RevokeError) -> Result<Response, ApiError> {
    let answer = ApiError::from(error);
    if answer.status == StatusCode::INTERNAL_SERVER_ERROR {
        let status = StatusCode::from_u16(hooks::failure_status(service.defect));
        return Ok((status.unwrap_or(answer.status), answer).into_response());
    }
    Err(answer)
}

/// A seeded defect only.
async fn has_json_object(request: Request) -> bool {
    let body = to_bytes(request.into_body(), 64 * 1024).await;
    body.ok()
        .and_then(|body| serde_json::from_slice::<Value>(&body).ok())
        .is_some_and(|body| body.is_object())
}
