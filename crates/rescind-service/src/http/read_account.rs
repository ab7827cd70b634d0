//! `GET /connected_accounts/{id}`: an account, without its tokens.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::error::{ACCOUNT_NOT_FOUND, ApiError, INTERNAL};
use super::extract::AccountId;
use super::refusals::{NoAccount, Reading};
use crate::account::Account;
use crate::clock::Timestamp;
use crate::defects::seams;
use crate::lifecycle::Status;
use crate::service::Service;

/// An account as it is shown.
#[derive(Serialize, ToSchema)]
pub(super) struct AccountAnswer {
    id: String,
    toolkit: ToolkitAnswer,
    auth_config: AuthConfigOfAccount,
    user_id: String,
    status: Status,
    /// Why it has that status, where there is something to say.
    #[schema(required)]
    status_reason: Option<String>,
    /// Whether its owner switched it off.
    is_disabled: bool,
    /// What its owner calls it.
    #[schema(required)]
    alias: Option<String>,
    /// Always null: this service gives accounts no name in words.
    #[schema(required)]
    word_id: Option<String>,
    created_at: String,
    updated_at: String,
    state: StateAnswer,
    /// Always empty: what an account holds is not shown.
    data: Map<String, Value>,
    /// Always empty: what an account holds is not shown.
    params: Map<String, Value>,
}

/// A provider, as this service knows it.
#[derive(Serialize, ToSchema)]
pub(super) struct ToolkitAnswer {
    pub(super) slug: String,
}

/// The auth config under which an account was connected.
#[derive(Serialize, ToSchema)]
struct AuthConfigOfAccount {
    id: String,
    auth_scheme: String,
    is_composio_managed: bool,
    is_disabled: bool,
}

/// What an account holds, as far as it is shown.
#[derive(Serialize, ToSchema)]
pub(super) struct StateAnswer {
    #[serde(rename = "authScheme")]
    pub(super) auth_scheme: String,
    pub(super) val: StateValue,
}

/// Of what was imported, the status alone.
#[derive(Serialize, ToSchema)]
pub(super) struct StateValue {
    pub(super) status: Status,
    /// When it was revoked; absent where that is not known, or did not happen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) revoked_at: Option<String>,
}

#[utoipa::path(get, path = "/api/v3.1/connected_accounts/{id}", tag = "connected accounts",
    operation_id = "read_account", summary = "Read an account, without its tokens",
    params(("id" = String, Path, description = "The account's id")),
    responses(
        (status = 200, description = "The account", body = AccountAnswer),
        NoAccount, Reading,
    ))]
pub(super) async fn handle(
    State(service): State<Arc<Service>>,
    AccountId(id): AccountId,
) -> Result<Json<Value>, ApiError> {
    let account = service
        .store
        .find_account(&id)
        .await?
        .filter(|account| !account.is_gone())
        .ok_or(ACCOUNT_NOT_FOUND)?;
    let answer = serde_json::to_value(describe(&account)).map_err(|error| {
        tracing::error!(account = id, %error, "the account cannot be written as JSON");
        INTERNAL
    })?;
    Ok(Json(seams::read_account(service.defect, answer, &account)))
}

/// Put together from what may be shown, not stripped of what may not: a field that is added to the
/// row does not show up by itself.
pub(super) fn describe(account: &Account) -> AccountAnswer {
    AccountAnswer {
        id: account.id.clone(),
        toolkit: ToolkitAnswer {
            slug: account.toolkit.clone(),
        },
        auth_config: AuthConfigOfAccount {
            id: account.auth_config_id.clone(),
            auth_scheme: account.auth_scheme.clone(),
            is_composio_managed: false,
            is_disabled: account.auth_config_is_disabled,
        },
        user_id: account.user_id.clone(),
        status: account.status,
        status_reason: account.status_reason.clone(),
        is_disabled: account.status == Status::Inactive,
        alias: account.alias.clone(),
        word_id: None,
        created_at: account.created_at.to_rfc3339(),
        updated_at: account.updated_at.to_rfc3339(),
        state: StateAnswer {
            auth_scheme: account.auth_scheme.clone(),
            val: StateValue {
                status: account.status,
                revoked_at: account
                    .revoked_at
                    .filter(|_| account.status == Status::Revoked)
                    .map(Timestamp::to_rfc3339),
            },
        },
        data: Map::new(),
        params: Map::new(),
    }
}
