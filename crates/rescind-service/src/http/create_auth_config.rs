//! `POST /auth_configs`: which client at which provider.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::extract::JsonBody;
use crate::clock;
use crate::secret::Secret;
use crate::service::Service;
use crate::store::{AuthConfig, StoreError};
use crate::upstream::request::ProviderClient;

const AUTH_SCHEMES: [&str; 8] = [
    "OAUTH2",
    "OAUTH1",
    "API_KEY",
    "BASIC",
    "BEARER_TOKEN",
    "NO_AUTH",
    "S2S_OAUTH2",
    "DCR_OAUTH",
];

#[derive(Deserialize)]
pub(super) struct Body {
    toolkit: ToolkitReference,
    auth_config: Configuration,
}

#[derive(Deserialize)]
struct ToolkitReference {
    slug: String,
}

#[derive(Deserialize)]
struct Configuration {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "authScheme")]
    auth_scheme: String,
    credentials: Credentials,
}

#[derive(Deserialize)]
struct Credentials {
    client_id: Option<String>,
    client_secret: Option<String>,
    base_url: Option<String>,
}

enum CreateAuthConfigError {
    UnknownToolkit,
    UnknownType,
    UnknownScheme,
    NoClientId,
    BadBaseUrl,
    Store(StoreError),
}

impl From<CreateAuthConfigError> for ApiError {
    fn from(error: CreateAuthConfigError) -> Self {
        match error {
            CreateAuthConfigError::UnknownToolkit => Self::new(
                StatusCode::BAD_REQUEST,
                700,
                "AuthConfig_UnknownToolkit",
                "there is no such toolkit",
            ),
            CreateAuthConfigError::UnknownType => {
                Self::bad_request("`auth_config.type` must be `use_custom_auth`")
            }
            CreateAuthConfigError::UnknownScheme => {
                Self::bad_request("`auth_config.authScheme` is unknown").with_fix("use OAUTH2")
            }
            CreateAuthConfigError::NoClientId => {
                Self::bad_request("`credentials.client_id` is missing")
            }
            CreateAuthConfigError::BadBaseUrl => Self::bad_request(
                "`credentials.base_url` must be an absolute http or https URL without \
                 credentials, query or fragment",
            ),
            CreateAuthConfigError::Store(error) => error.into(),
        }
    }
}

pub(super) async fn handle(
    State(service): State<Arc<Service>>,
    JsonBody(body): JsonBody<Body>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let slug = body.toolkit.slug.clone();
    let config = read(&service, body)?;
    let auth_scheme = config.auth_scheme.clone();
    let id = service
        .store
        .insert_auth_config(config, clock::now())
        .await
        .map_err(CreateAuthConfigError::Store)?;
    let answer = json!({
        "toolkit": { "slug": slug },
        "auth_config": { "id": id, "auth_scheme": auth_scheme, "is_composio_managed": false },
    });
    Ok((StatusCode::CREATED, Json(answer)))
}

fn read(service: &Service, body: Body) -> Result<AuthConfig, CreateAuthConfigError> {
    let Configuration {
        kind,
        auth_scheme,
        credentials,
    } = body.auth_config;
    if !service.toolkits.contains_key(&body.toolkit.slug) {
        return Err(CreateAuthConfigError::UnknownToolkit);
    }
    if kind != "use_custom_auth" {
        return Err(CreateAuthConfigError::UnknownType);
    }
    if !AUTH_SCHEMES.contains(&auth_scheme.as_str()) {
        return Err(CreateAuthConfigError::UnknownScheme);
    }
    let client = if auth_scheme == "OAUTH2" {
        read_client(credentials)?
    } else {
        // No other scheme has a client that this service could call a provider for.
        ProviderClient {
            base_url: String::new(),
            client_id: String::new(),
            client_secret: None,
        }
    };
    Ok(AuthConfig {
        toolkit: body.toolkit.slug,
        auth_scheme,
        client,
    })
}

fn read_client(credentials: Credentials) -> Result<ProviderClient, CreateAuthConfigError> {
    let client_id = credentials
        .client_id
        .filter(|client_id| !client_id.is_empty())
        .ok_or(CreateAuthConfigError::NoClientId)?;
    let base_url = credentials
        .base_url
        .ok_or(CreateAuthConfigError::BadBaseUrl)?;
    let url = Url::parse(&base_url).map_err(|_| CreateAuthConfigError::BadBaseUrl)?;
    let is_plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !is_plain {
        return Err(CreateAuthConfigError::BadBaseUrl);
    }
    Ok(ProviderClient {
        base_url: base_url.trim_end_matches('/').to_owned(),
        client_id,
        client_secret: credentials
            .client_secret
            .filter(|secret| !secret.is_empty())
            .map(Secret::new),
    })
}
