//! `POST /auth_configs`: which client at which provider.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::{ApiError, NO_VALID_KEY};
use super::extract::JsonBody;
use super::read_account::ToolkitAnswer;
use super::refusals::{self, Writing};
use crate::clock;
use crate::projects::Caller;
use crate::secret::Secret;
use crate::service::Service;
use crate::store::{AuthConfig, ForBrowsers, NewAuthConfig, StoreError};
use crate::upstream::address;
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

/// A client at a provider.
#[derive(Deserialize, ToSchema)]
pub(super) struct AuthConfigBody {
    toolkit: ToolkitReference,
    auth_config: Configuration,
}

#[derive(Deserialize, ToSchema)]
struct ToolkitReference {
    slug: String,
}

#[derive(Deserialize, ToSchema)]
struct Configuration {
    /// `use_custom_auth`
    #[serde(rename = "type")]
    kind: String,
    /// OAUTH2, or another one, of which nothing can be revoked.
    #[serde(rename = "authScheme")]
    auth_scheme: String,
    name: Option<String>,
    #[serde(default)]
    credentials: Credentials,
}

/// For OAUTH2, `client_id` and `base_url` must be there. What else is sent is not kept.
#[derive(Default, Deserialize, ToSchema)]
struct Credentials {
    client_id: Option<String>,
    client_secret: Option<String>,
    /// Where the provider is.
    base_url: Option<String>,
    /// Where it is for browsers, if that is another place: the authorization endpoint is there.
    authorization_base_url: Option<String>,
    /// What the provider calls itself (`iss`, RFC 9207), if not as its base URL for browsers.
    issuer: Option<String>,
    scopes: Option<Scopes>,
}

/// As a list, or as RFC 6749 section 3.3 writes them: in one string, separated by spaces. Some
/// providers' documentation separates them by commas.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
enum Scopes {
    Text(String),
    List(Vec<String>),
}

impl Scopes {
    fn into_list(self) -> Vec<String> {
        match self {
            Self::Text(text) => text
                .split([' ', ','])
                .filter(|scope| !scope.is_empty())
                .map(str::to_owned)
                .collect(),
            Self::List(list) => list,
        }
    }
}

/// An auth config that was created.
#[derive(Serialize, ToSchema)]
pub(super) struct CreatedAuthConfig {
    toolkit: ToolkitAnswer,
    auth_config: CreatedConfiguration,
}

#[derive(Serialize, ToSchema)]
struct CreatedConfiguration {
    id: String,
    auth_scheme: String,
    is_composio_managed: bool,
}

enum CreateAuthConfigError {
    UnknownToolkit,
    UnknownType,
    UnknownScheme,
    NoClientId,
    BadBaseUrl,
    BadAuthorizationBaseUrl,
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
            CreateAuthConfigError::BadAuthorizationBaseUrl => Self::bad_request(
                "`credentials.authorization_base_url` must be an absolute http or https URL \
                 without credentials, query or fragment",
            ),
            CreateAuthConfigError::Store(error) => error.into(),
        }
    }
}

#[utoipa::path(post, path = "/api/v3.1/auth_configs", tag = "auth configs",
    operation_id = "create_auth_config", summary = "Say which client at which provider",
    request_body = AuthConfigBody,
    responses(
        (status = 201, description = "It is here now", body = CreatedAuthConfig),
        refusals::Body, Writing,
    ))]
pub(super) async fn handle(
    State(service): State<Arc<Service>>,
    caller: Caller,
    JsonBody(body): JsonBody<AuthConfigBody>,
) -> Result<(StatusCode, Json<CreatedAuthConfig>), ApiError> {
    let slug = body.toolkit.slug.clone();
    // What is created belongs to a project; only a seeded defect lets a caller in without one.
    let project = caller.project.ok_or(NO_VALID_KEY)?;
    let new = read(&service, project, body)?;
    let auth_scheme = new.config.auth_scheme.clone();
    let id = service
        .store
        .create_auth_config(new, clock::now())
        .await
        .map_err(CreateAuthConfigError::Store)?;
    let answer = CreatedAuthConfig {
        toolkit: ToolkitAnswer { slug },
        auth_config: CreatedConfiguration {
            id,
            auth_scheme,
            is_composio_managed: false,
        },
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

fn read(
    service: &Service,
    project: String,
    body: AuthConfigBody,
) -> Result<NewAuthConfig, CreateAuthConfigError> {
    let Configuration {
        kind,
        auth_scheme,
        name,
        mut credentials,
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
    let scopes = credentials.scopes.take();
    let (client, browsers) = if auth_scheme == "OAUTH2" {
        let browsers = read_browsers(&mut credentials)?;
        (read_client(credentials)?, browsers)
    } else {
        // No other scheme has a client that this service could call a provider for.
        let none = ProviderClient {
            base_url: String::new(),
            client_id: String::new(),
            client_secret: None,
        };
        (none, ForBrowsers::default())
    };
    Ok(NewAuthConfig {
        project,
        name,
        config: AuthConfig {
            toolkit: body.toolkit.slug,
            auth_scheme,
            scopes: scopes.map(Scopes::into_list).unwrap_or_default(),
            client,
            browsers,
        },
    })
}

fn read_client(credentials: Credentials) -> Result<ProviderClient, CreateAuthConfigError> {
    let client_id = credentials
        .client_id
        .filter(|client_id| !client_id.is_empty())
        .ok_or(CreateAuthConfigError::NoClientId)?;
    let base_url = credentials
        .base_url
        .as_deref()
        .and_then(read_base_url)
        .ok_or(CreateAuthConfigError::BadBaseUrl)?;
    Ok(ProviderClient {
        base_url,
        client_id,
        client_secret: credentials
            .client_secret
            .filter(|secret| !secret.is_empty())
            .map(Secret::new),
    })
}

fn read_browsers(credentials: &mut Credentials) -> Result<ForBrowsers, CreateAuthConfigError> {
    let base_url = credentials
        .authorization_base_url
        .take()
        .map(|text| read_base_url(&text).ok_or(CreateAuthConfigError::BadAuthorizationBaseUrl))
        .transpose()?;
    Ok(ForBrowsers {
        base_url,
        issuer: credentials
            .issuer
            .take()
            .filter(|issuer| !issuer.is_empty()),
    })
}

/// A base URL as it is kept; none if no path can be put below it.
fn read_base_url(text: &str) -> Option<String> {
    let base_url = text.trim_end_matches('/');
    address::below(base_url, "/").map(|_| base_url.to_owned())
}
