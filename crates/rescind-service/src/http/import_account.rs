//! `POST /connected_accounts`: imports an account that was connected elsewhere, tokens and all.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::error::{AUTH_CONFIG_DISABLED, ApiError};
use super::extract::JsonBody;
use super::read_account::{StateAnswer, StateValue};
use super::refusals::{self, Writing};
use crate::account::Held;
use crate::clock;
use crate::lifecycle::Status;
use crate::projects::Caller;
use crate::service::Service;
use crate::store::{Import, Imported, NewAccount, StoreError};

/// An account that was connected elsewhere.
#[derive(Deserialize, ToSchema)]
pub(super) struct ImportBody {
    auth_config: AuthConfigReference,
    connection: Connection,
}

/// The auth config under which it was connected.
#[derive(Deserialize, ToSchema)]
struct AuthConfigReference {
    id: String,
}

#[derive(Deserialize, ToSchema)]
struct Connection {
    user_id: String,
    alias: Option<String>,
    state: ConnectionState,
}

#[derive(Deserialize, ToSchema)]
struct ConnectionState {
    /// That of the auth config.
    #[serde(rename = "authScheme")]
    auth_scheme: String,
    /// `status`, and what the account holds: the token response, an API key, a password.
    val: Map<String, Value>,
}

/// An account that was imported.
#[derive(Serialize, ToSchema)]
pub(super) struct ImportedAccount {
    id: String,
    status: Status,
    #[serde(rename = "connectionData")]
    connection_data: StateAnswer,
    /// Always null: what is imported needs no user.
    #[schema(required)]
    redirect_url: Option<String>,
}

enum ImportError {
    UnknownAuthConfig,
    AuthConfigDisabled,
    OtherScheme,
    NoStatus,
    Store(StoreError),
}

impl From<ImportError> for ApiError {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::UnknownAuthConfig => Self::new(
                StatusCode::BAD_REQUEST,
                701,
                "AuthConfig_ResourceNotFound",
                "there is no such auth config",
            ),
            ImportError::AuthConfigDisabled => AUTH_CONFIG_DISABLED,
            ImportError::OtherScheme => {
                Self::bad_request("`connection.state.authScheme` is not that of the auth config")
            }
            ImportError::NoStatus => {
                Self::bad_request("`connection.state.val.status` is missing or no status")
            }
            ImportError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

#[utoipa::path(post, path = "/api/v3.1/connected_accounts", tag = "connected accounts",
    operation_id = "import_account", summary = "Import an account that was connected elsewhere",
    request_body = ImportBody,
    responses(
        (status = 201, description = "It is here now", body = ImportedAccount),
        refusals::Body, Writing,
    ))]
pub(super) async fn handle(
    State(service): State<Arc<Service>>,
    caller: Caller,
    JsonBody(body): JsonBody<ImportBody>,
) -> Result<(StatusCode, Json<ImportedAccount>), ApiError> {
    let auth_scheme = body.connection.state.auth_scheme.clone();
    let (id, status) = import(&service, caller, body).await?;
    let answer = ImportedAccount {
        id,
        status,
        connection_data: StateAnswer {
            auth_scheme,
            val: StateValue {
                status,
                revoked_at: None,
            },
        },
        redirect_url: None,
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

async fn import(
    service: &Service,
    caller: Caller,
    body: ImportBody,
) -> Result<(String, Status), ImportError> {
    let Connection {
        user_id,
        alias,
        state: ConnectionState {
            auth_scheme,
            mut val,
        },
    } = body.connection;
    let status = val
        .remove("status")
        .as_ref()
        .and_then(Value::as_str)
        .and_then(Status::parse)
        .ok_or(ImportError::NoStatus)?;
    let now = clock::now();
    let import = Import {
        caller,
        auth_scheme,
        alias,
        account: NewAccount {
            auth_config_id: body.auth_config.id,
            user_id,
            status,
            held: Held::from_fields(val, now),
        },
    };
    match service.store.import_account(import, now).await? {
        Imported::Account(id) => {
            tracing::info!(account = id, %status, "account imported");
            Ok((id, status))
        }
        Imported::NoSuchAuthConfig => Err(ImportError::UnknownAuthConfig),
        Imported::AuthConfigDisabled => Err(ImportError::AuthConfigDisabled),
        Imported::OtherScheme => Err(ImportError::OtherScheme),
    }
}
