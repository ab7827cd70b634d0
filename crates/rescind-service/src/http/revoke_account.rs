//! `POST /connected_accounts/{id}/revoke`: kills what the account holds, at its provider, and
//! says exactly what it killed. The body is ignored, whatever it is.

use std::sync::Arc;

use axum::Json;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::envelope::Envelope;
use super::error::{ACCOUNT_NOT_FOUND, ApiError, INTERNAL};
use super::extract::AccountId;
use super::refusals::{NoAccount, Writing};
use crate::account::Subject;
use crate::defects::{hooks, seams};
use crate::lifecycle::Status;
use crate::operations::revoking::RevokeError;
use crate::service::Service;
use crate::variants;

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

/// What a revoke killed.
#[derive(Serialize, ToSchema)]
pub(super) struct RevokedAccount {
    connected_account: AccountAfterRevoke,
    /// What this call killed, each at most once. Empty if there was nothing left to kill.
    revoked_tokens: Vec<Subject>,
}

/// The account that was revoked.
#[derive(Serialize, ToSchema)]
struct AccountAfterRevoke {
    id: String,
    status: Status,
}

#[utoipa::path(post, path = "/api/v3.1/connected_accounts/{id}/revoke",
    tag = "connected accounts", operation_id = "revoke_account",
    summary = "Kill what an account holds, at its provider, and say what was killed",
    description = "Needs no body, and ignores one. 409 and 500 carry `x-should-retry: false`.",
    params(("id" = String, Path, description = "The account's id")),
    responses(
        (status = 200, description = "The account is REVOKED", body = RevokedAccount),
        (status = 400, description = "There is nothing that can be revoked", body = Envelope),
        (status = 409, description = "Only ACTIVE accounts can be revoked", body = Envelope),
        NoAccount, Writing,
    ))]
pub(super) async fn handle(
    State(service): State<Arc<Service>>,
    AccountId(id): AccountId,
    request: Request,
) -> Result<Response, ApiError> {
    let wants_body = hooks::requires_body(service.defect)
        || hooks::refuses_empty_json(service.defect)
            && request.headers().contains_key(CONTENT_TYPE);
    if wants_body && !has_json_object(request).await {
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
    tracing::info!(account = id, revoked_tokens = ?listed, "account revoked");
    let answer = RevokedAccount {
        connected_account: AccountAfterRevoke {
            id: id.to_owned(),
            status,
        },
        revoked_tokens: listed.to_vec(),
    };
    match serde_json::to_value(answer) {
        Ok(answer) => Json(seams::success(service.defect, answer)).into_response(),
        Err(error) => {
            tracing::error!(account = id, %error, "the answer cannot be written as JSON");
            INTERNAL.into_response()
        }
    }
}

fn failure(service: &Service, error: RevokeError) -> Result<Response, ApiError> {
    let status = match error {
        RevokeError::NothingHeld => variants::hooks::nothing_held_status(service.variant),
        _ => None,
    };
    let answer = ApiError::from(error).with_status(status);
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
