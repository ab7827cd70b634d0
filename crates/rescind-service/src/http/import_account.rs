//! `POST /connected_accounts`: imports an account that was connected elsewhere, tokens and all.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::extract::JsonBody;
use crate::account::Held;
use crate::clock;
use crate::lifecycle::Status;
use crate::service::Service;
use crate::store::{NewAccount, StoreError};

#[derive(Deserialize)]
pub(super) struct Body {
    auth_config: AuthConfigReference,
    connection: Connection,
}

#[derive(Deserialize)]
struct AuthConfigReference {
    id: String,
}

#[derive(Deserialize)]
struct Connection {
    user_id: String,
    state: ConnectionState,
}

#[derive(Deserialize)]
struct ConnectionState {
    #[serde(rename = "authScheme")]
    auth_scheme: String,
    val: Map<String, Value>,
}

enum ImportError {
    UnknownAuthConfig,
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

pub(super) async fn handle(
    State(service): State<Arc<Service>>,
    JsonBody(body): JsonBody<Body>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let auth_scheme = body.connection.state.auth_scheme.clone();
    let (id, status) = import(&service, body).await?;
    let answer = json!({
        "id": id,
        "status": status.name(),
        "connectionData": { "authScheme": auth_scheme, "val": { "status": status.name() } },
        "redirect_url": null,
    });
    Ok((StatusCode::CREATED, Json(answer)))
}

async fn import(service: &Service, body: Body) -> Result<(String, Status), ImportError> {
    let config = service
        .store
        .find_auth_config(&body.auth_config.id)
        .await?
        .ok_or(ImportError::UnknownAuthConfig)?;
    let ConnectionState {
        auth_scheme,
        mut val,
    } = body.connection.state;
    if auth_scheme != config.auth_scheme {
        return Err(ImportError::OtherScheme);
    }
    let status = val
        .remove("status")
        .as_ref()
        .and_then(Value::as_str)
        .and_then(Status::parse)
        .ok_or(ImportError::NoStatus)?;
    let now = clock::now();
    let account = NewAccount {
        auth_config_id: body.auth_config.id,
        user_id: body.connection.user_id,
        status,
        held: Held::from_fields(val, now),
    };
    let id = service.store.insert_account(account, now).await?;
    tracing::info!(account = id, %status, "account imported");
    Ok((id, status))
}
