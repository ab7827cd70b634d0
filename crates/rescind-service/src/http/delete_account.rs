//! `DELETE /connected_accounts/{id}`: the account is gone from here. Its tokens live on at the
//! provider: whoever wants them dead revokes first, or says `revoke_on_delete=true`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::{ACCOUNT_NOT_FOUND, ApiError};
use super::extract::AccountId;
use super::query::Query;
use super::refusals::{NoAccount, Writing};
use crate::defects::hooks::{self, Deletion};
use crate::operations::deleting::Deleted;
use crate::service::Service;

/// That an account is deleted.
#[derive(Serialize, ToSchema)]
pub(super) struct DeletedAccount {
    success: bool,
    /// The job that revokes it; absent where nothing is revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    revoke_job_id: Option<String>,
}

#[utoipa::path(delete, path = "/api/v3.1/connected_accounts/{id}", tag = "connected accounts",
    operation_id = "delete_account",
    summary = "Delete an account, and revoke it in the background if that is asked for",
    params(
        ("id" = String, Path, description = "The account's id"),
        ("revoke_on_delete" = Option<bool>, Query, description = "Revoke what the account holds"),
    ),
    responses(
        (status = 200, description = "It is gone", body = DeletedAccount),
        (status = 400, description = "A parameter cannot be read", body = super::envelope::Envelope),
        NoAccount, Writing,
    ))]
pub(super) async fn handle(
    State(service): State<Arc<Service>>,
    AccountId(id): AccountId,
    query: Query,
) -> Result<Json<DeletedAccount>, ApiError> {
    let revokes = query.flag("revoke_on_delete")?.unwrap_or(false);
    let deleted = match service.before_deletion(&id).await? {
        Deletion::DoesNothing => Deleted::Only,
        _ if revokes => service.delete_and_revoke(&id).await?,
        _ => service.delete(&id).await?,
    };
    let revoke_job_id = match deleted {
        Deleted::NoSuchAccount => return Err(ACCOUNT_NOT_FOUND),
        Deleted::Only => None,
        Deleted::AndRevokedBy(_) if hooks::hides_jobs(service.defect) => None,
        Deleted::AndRevokedBy(job) => Some(job),
    };
    tracing::info!(account = id, revoke_job_id, "account deleted");
    Ok(Json(DeletedAccount {
        success: true,
        revoke_job_id,
    }))
}
