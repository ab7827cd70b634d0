//! `POST /connected_accounts/link`: begins a connect flow, which the user goes on with.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::envelope::Envelope;
use super::error::{ACCOUNT_NOT_FOUND, AUTH_CONFIG_DISABLED, AUTH_CONFIG_NOT_FOUND, ApiError};
use super::extract::JsonBody;
use super::refusals::{self, Writing};
use crate::operations::connecting::{LinkError, LinkRequest};
use crate::projects::Caller;
use crate::service::Service;

const LONGEST_CALLBACK_URL: usize = 2048;

/// Who is to be connected, and with which client.
#[derive(Deserialize, ToSchema)]
pub(super) struct LinkBody {
    auth_config_id: String,
    user_id: String,
    /// Where the user's browser is sent in the end, with `status` and `connected_account_id` added
    /// to its query; an http or https URL. Without it, a page of this service says what happened.
    callback_url: Option<String>,
    /// An account of this user and auth config that is EXPIRED and is to be connected anew. It
    /// stays as it is until that has succeeded. Without it there will be a new account.
    connected_account_id: Option<String>,
}

/// A connect flow that waits for its user.
#[derive(Serialize, ToSchema)]
pub(super) struct CreatedLink {
    /// The secret in `redirect_url`: whoever has it connects an account of theirs as this user's.
    link_token: String,
    /// The page of this service that the user has to open. It sends them on to the provider.
    redirect_url: String,
    /// Until when the user has to be back. What is not completed by then is EXPIRED.
    expires_at: String,
    connected_account_id: String,
}

impl From<LinkError> for ApiError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::NoSuchAuthConfig => AUTH_CONFIG_NOT_FOUND,
            LinkError::AuthConfigDisabled => AUTH_CONFIG_DISABLED,
            LinkError::OtherScheme => Self::new(
                StatusCode::BAD_REQUEST,
                640,
                "ConnectedAccount_ConnectUnsupported",
                "only an account whose scheme is OAUTH2 is connected by a link",
            )
            .with_fix("import the account, or use an auth config of the scheme OAUTH2"),
            LinkError::Unsupported => Self::new(
                StatusCode::BAD_REQUEST,
                640,
                "ConnectedAccount_ConnectUnsupported",
                "the toolkit has no authorization endpoint",
            )
            .with_fix("import the account"),
            LinkError::NoSuchAccount => ACCOUNT_NOT_FOUND
                .with_fix("name an account of this user under this auth config, or none"),
            LinkError::WrongStatus(refusal) => Self::new(
                StatusCode::CONFLICT,
                641,
                "ConnectedAccount_StatusNotConnectable",
                format!(
                    "an account that is {} cannot be connected anew",
                    refusal.status
                ),
            )
            .with_fix("connect accounts anew that are EXPIRED; for another one, name none"),
            LinkError::Exchanging => Self::new(
                StatusCode::CONFLICT,
                642,
                "ConnectedAccount_ConnectUnderWay",
                "another connect flow of the account is being completed",
            )
            .with_fix("read the account: it may be ACTIVE in a moment"),
            LinkError::Store(error) => error.into(),
        }
    }
}

#[utoipa::path(post, path = "/api/v3.1/connected_accounts/link", tag = "connected accounts",
    operation_id = "create_link", summary = "Begin to connect an account",
    description = "The account is INITIALIZING until the user opens `redirect_url`, INITIATED \
                   until they come back from the provider's consent page, and then ACTIVE or \
                   FAILED; after ten minutes it is EXPIRED. The redirect URI that the provider has \
                   to know is `/callback` below the service's public URL.",
    request_body = LinkBody,
    responses(
        (status = 201, description = "The user can go on", body = CreatedLink),
        (status = 404, description = "There is no such auth config, or no such account under it",
            body = Envelope),
        (status = 409, description = "The account cannot be connected anew, or not now",
            body = Envelope),
        refusals::Body, Writing,
    ))]
pub(super) async fn handle(
    State(service): State<Arc<Service>>,
    caller: Caller,
    JsonBody(body): JsonBody<LinkBody>,
) -> Result<(StatusCode, Json<CreatedLink>), ApiError> {
    let callback_url = body.callback_url.as_deref().map(read_callback_url);
    let request = LinkRequest {
        auth_config_id: body.auth_config_id,
        user_id: body.user_id,
        account_id: body.connected_account_id,
        callback_url: callback_url.transpose()?,
    };
    let link = service.link(caller, request).await?;
    tracing::info!(account = link.account_id, "connect flow created");
    let answer = CreatedLink {
        link_token: link.token.expose().to_owned(),
        redirect_url: link.url.expose().to_owned(),
        expires_at: link.expires_at.to_rfc3339(),
        connected_account_id: link.account_id,
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// The one address outside of the provider that a browser is ever sent to: named with the key of
/// the project, and by nobody else. A fragment is refused because the query that is added would
/// not be part of it, credentials because they would be in the browser's history.
fn read_callback_url(text: &str) -> Result<String, ApiError> {
    let is_usable = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
    };
    let url = Url::parse(text).ok().filter(is_usable);
    url.map(String::from)
        .filter(|url| url.len() <= LONGEST_CALLBACK_URL)
        .ok_or_else(|| {
            ApiError::bad_request(
                "`callback_url` must be an absolute http or https URL of at most 2048 \
                 characters, without credentials or fragment",
            )
        })
}
