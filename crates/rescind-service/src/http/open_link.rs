//! `GET /link/{link_token}`: the page that a user opens to be connected. It needs no key, because
//! the token is one, and sends the browser on to the provider.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, LOCATION, SET_COOKIE};
use axum::response::{IntoResponse as _, Response};

use super::browser;
use super::pages::{self, Page};
use crate::lifecycle::Status;
use crate::operations::connecting::OpenError;
use crate::service::Service;
use crate::store::FlowStep;

impl From<OpenError> for Page {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::NoSuchLink => Self::problem(
                StatusCode::NOT_FOUND,
                "no-such-link",
                "This link leads nowhere",
                "It may have been copied in part, or what it was for was deleted. Go back to where \
                 you got it, and ask for another one.",
            ),
            OpenError::TooLate(FlowStep::Exchanging, _) => Self::problem(
                StatusCode::CONFLICT,
                "under-way",
                "The account is being connected",
                "Wait a moment, and look at where you came from.",
            ),
            OpenError::TooLate(_, Status::Expired) => Self::problem(
                StatusCode::GONE,
                "expired-link",
                "This link is too old",
                "A link can be used for ten minutes. Go back to where you got it, and ask for \
                 another one.",
            ),
            OpenError::TooLate(..) => Self::problem(
                StatusCode::GONE,
                "used-link",
                "This link was used",
                "A link connects once. Go back to where you got it to see what came of it, or to \
                 ask for another one.",
            ),
            OpenError::AuthConfigDisabled => Self::problem(
                StatusCode::CONFLICT,
                "disabled",
                "Nothing can be connected now",
                "Whoever sent you here has switched this off. Ask them.",
            ),
            OpenError::NoEndpoint => {
                tracing::error!("a link was opened whose toolkit has no authorization endpoint");
                Self::failure()
            }
            OpenError::Store(error) => error.into(),
        }
    }
}

pub(super) async fn handle(
    State(service): State<Arc<Service>>,
    token: Result<Path<String>, PathRejection>,
) -> Result<Response, Page> {
    // What is not UTF-8 once it is unescaped is no token of this service.
    let Ok(Path(token)) = token else {
        return Err(OpenError::NoSuchLink.into());
    };
    let sent_off = service.open_link(&token).await?;
    let cookie = browser::cookie(&service.public_url, &sent_off.flow_id, &sent_off.browser);
    let mut location =
        HeaderValue::from_str(sent_off.authorization_url.expose()).map_err(|_| Page::failure())?;
    location.set_sensitive(true);
    tracing::info!(flow = sent_off.flow_id, "connect flow opened");
    let mut headers = pages::headers();
    headers.insert(LOCATION, location);
    headers.insert(SET_COOKIE, cookie.ok_or_else(Page::failure)?);
    // RFC 9700 section 4.12 forbids 307, which would repeat a body; there is none.
    Ok((StatusCode::FOUND, headers).into_response())
}

/// A look at a link opens nothing: programs that preview links would use it up.
pub(super) async fn look() -> Response {
    (StatusCode::OK, pages::headers()).into_response()
}
