//! `GET /auth_configs/{id}`: an auth config, without the client's secret.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::{AUTH_CONFIG_NOT_FOUND, ApiError};
use super::extract::AuthConfigId;
use super::read_account::ToolkitAnswer;
use super::refusals::{NoAuthConfig, Reading};
use crate::projects::Caller;
use crate::service::Service;
use crate::store::AuthConfigRecord;

/// An auth config as it is shown.
#[derive(Serialize, ToSchema)]
pub(super) struct AuthConfigAnswer {
    id: String,
    #[serde(rename = "type")]
    #[schema(inline)]
    kind: AuthConfigKind,
    /// Its id where its owner gave it no name.
    name: String,
    toolkit: ToolkitAnswer,
    auth_scheme: String,
    is_composio_managed: bool,
    #[schema(inline)]
    status: Switch,
    /// How many accounts it has.
    no_of_connections: i64,
    credentials: ShownCredentials,
    created_at: String,
    last_updated_at: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum AuthConfigKind {
    /// Its owner's own client.
    Custom,
}

/// Whether it is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Switch {
    Enabled,
    Disabled,
}

/// Of the credentials, what is no secret.
#[derive(Serialize, ToSchema)]
struct ShownCredentials {
    client_id: String,
    scopes: Vec<String>,
}

#[utoipa::path(get, path = "/api/v3.1/auth_configs/{id}", tag = "auth configs",
    operation_id = "read_auth_config", summary = "Read an auth config, without its secret",
    params(("id" = String, Path, description = "The auth config's id")),
    responses(
        (status = 200, description = "The auth config", body = AuthConfigAnswer),
        NoAuthConfig, Reading,
    ))]
pub(super) async fn handle(
    State(service): State<Arc<Service>>,
    caller: Caller,
    AuthConfigId(id): AuthConfigId,
) -> Result<Json<AuthConfigAnswer>, ApiError> {
    let record = service.store.find_auth_config_record(&caller, &id).await?;
    Ok(Json(describe(record.ok_or(AUTH_CONFIG_NOT_FOUND)?)))
}

pub(super) fn describe(record: AuthConfigRecord) -> AuthConfigAnswer {
    AuthConfigAnswer {
        kind: AuthConfigKind::Custom,
        name: record.name.unwrap_or_else(|| record.id.clone()),
        id: record.id,
        toolkit: ToolkitAnswer {
            slug: record.toolkit,
        },
        auth_scheme: record.auth_scheme,
        is_composio_managed: false,
        status: if record.is_disabled {
            Switch::Disabled
        } else {
            Switch::Enabled
        },
        no_of_connections: record.connections,
        credentials: ShownCredentials {
            client_id: record.client_id,
            scopes: record.scopes,
        },
        created_at: record.created_at.to_rfc3339(),
        last_updated_at: record.updated_at.to_rfc3339(),
    }
}
