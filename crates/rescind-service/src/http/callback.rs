//! `GET /callback`: where the provider sends the browser back to, RFC 6749 section 4.1.2.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderMap, HeaderValue, LOCATION, SET_COOKIE};
use axum::response::{IntoResponse as _, Response};
use reqwest::Url;

use super::browser;
use super::pages::{self, About, Page};
use crate::lifecycle::Status;
use crate::operations::connecting::{CallbackError, Completed};
use crate::service::Service;
use crate::upstream::authorization::{self, NoResponse};

impl From<NoResponse> for Page {
    fn from(_: NoResponse) -> Self {
        Self::problem(
            StatusCode::BAD_REQUEST,
            "no-response",
            "This is no answer of a provider",
            "A provider sends a browser here with a state, and with either a code or an error, \
             each once. Nothing was changed.",
        )
    }
}

impl From<CallbackError> for Page {
    fn from(error: CallbackError) -> Self {
        match error {
            CallbackError::NothingWaits => Self::problem(
                StatusCode::BAD_REQUEST,
                "nothing-waits",
                "Nothing waits for this answer",
                "It was used already, or came too late, or belongs to a link that was opened again \
                 meanwhile. Nothing was changed. Go back to where you got the link.",
            ),
            CallbackError::OtherBrowser => Self::problem(
                StatusCode::BAD_REQUEST,
                "other-browser",
                "This was begun in another browser",
                "An account is connected in the browser in which its link was opened, and with \
                 cookies. Nothing was changed. Open the link in this browser.",
            ),
            CallbackError::EndedMeanwhile => Self::problem(
                StatusCode::BAD_REQUEST,
                "ended-meanwhile",
                "The account is gone",
                "It was deleted while it was being connected. Remove the application on the \
                 provider's own site if it is listed there.",
            ),
            CallbackError::Stopped => Self::failure(),
            CallbackError::Store(error) => error.into(),
        }
    }
}

pub(super) async fn handle(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Page> {
    let response = authorization::read_response(&query.unwrap_or_default())?;
    let completed = service
        .complete_flow(response, |flow_id| browser::brought(&headers, flow_id))
        .await
        .inspect_err(|error| tracing::warn!(%error, "a callback connected nothing"))?;
    let forget = browser::no_cookie(&service.public_url, &completed.flow_id);
    let mut answer = match back_to_the_application(&completed) {
        Some(location) => {
            let mut headers = pages::headers();
            headers.insert(LOCATION, location);
            (StatusCode::SEE_OTHER, headers).into_response()
        }
        None => page(completed).into_response(),
    };
    if let Some(forget) = forget {
        answer.headers_mut().insert(SET_COOKIE, forget);
    }
    Ok(answer)
}

/// A look at the address uses nothing up.
pub(super) async fn look() -> Response {
    (StatusCode::OK, pages::headers()).into_response()
}

/// The address that the application named, with what came of the flow.
fn back_to_the_application(completed: &Completed) -> Option<HeaderValue> {
    let mut url = Url::parse(completed.callback_url.as_deref()?).ok()?;
    url.query_pairs_mut()
        .append_pair("status", completed.status.name())
        .append_pair("connected_account_id", &completed.account_id);
    HeaderValue::from_str(url.as_str()).ok()
}

fn page(completed: Completed) -> Page {
    let (title, text) = match (completed.problem, completed.status) {
        (None, Status::Active) => (
            "Connected",
            "The account is connected. You can close this window.".to_owned(),
        ),
        (None, _) => (
            "Connected, and switched off",
            "The account is connected, but whoever sent you here has switched it off meanwhile. \
             You can close this window."
                .to_owned(),
        ),
        (Some(problem), _) => (
            "Not connected",
            format!("{problem}. Nothing is connected. You can close this window."),
        ),
    };
    Page {
        status: StatusCode::OK,
        title,
        text,
        about: About::Account {
            status: completed.status,
            id: completed.account_id,
        },
    }
}
