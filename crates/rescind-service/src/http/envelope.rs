//! What every answer carries: the request's id, and the envelope around every error.
//!
//! An [`ApiError`] travels in the extensions of its response up to here, where the request's id is
//! known. Whatever else answers with an error (the router, a limit) gets its envelope here too.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::error::ApiError;
use super::pages::IsPage;
use crate::defects::hooks;
use crate::identifier::{self, REQUEST_PREFIX};
use crate::projects;
use crate::service::Service;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
const LONGEST_REQUEST_ID: usize = 128;

/// Every error.
#[derive(Serialize, ToSchema)]
pub(super) struct Envelope {
    error: EnvelopeError,
}

/// What went wrong.
#[derive(Serialize, ToSchema)]
struct EnvelopeError {
    /// For a person.
    message: String,
    /// Tells errors apart for a program.
    code: u32,
    /// Tells errors apart for a person.
    slug: String,
    /// The HTTP status.
    status: u16,
    /// The id under which the request is found in the log.
    request_id: String,
    /// What may help.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    suggested_fix: Option<String>,
}

/// Gives the answer the request's id, and an error its envelope.
pub(super) async fn complete(
    State(service): State<Arc<Service>>,
    request: Request,
    next: Next,
) -> Response {
    let request_id = requested_id(&service, request.headers()).unwrap_or_else(new_id);
    let response = next.run(request).await;
    let mut response = match error_of(&response) {
        Some(error) => enveloped(response, error, &request_id),
        None => response,
    };
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    if hooks::lets_repetition_through(service.defect) {
        response.headers_mut().remove(SHOULD_RETRY);
    }
    response
}

/// Tells clients not to send a revoke again by themselves. The published ones repeat 409 and 5xx
/// twice within a second and a half, which changes nothing about a status, and hardly anything
/// about a provider that just failed.
pub(super) async fn discourage_repetition(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if matches!(
        response.status(),
        StatusCode::CONFLICT | StatusCode::INTERNAL_SERVER_ERROR
    ) {
        response
            .headers_mut()
            .insert(SHOULD_RETRY, HeaderValue::from_static("false"));
    }
    response
}

/// The id that the client chose, if it can be sent back: an id is sent back and logged, and a key
/// must be neither.
fn requested_id(service: &Service, headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.as_bytes();
    let is_printable = (1..=LONGEST_REQUEST_ID).contains(&id.len())
        && id.iter().all(|byte| matches!(byte, b' '..=b'~'));
    if !is_printable || projects::holds_a_key(&service.api_keys, id) {
        return None;
    }
    String::from_utf8(id.to_vec()).ok()
}

fn new_id() -> String {
    identifier::generate(REQUEST_PREFIX).unwrap_or_else(|error| {
        tracing::error!(%error, "no randomness for a request's id");
        format!("{REQUEST_PREFIX}none")
    })
}

/// None if it is no error, or a page: that is for a person.
fn error_of(response: &Response) -> Option<ApiError> {
    if response.extensions().get::<IsPage>().is_some() {
        return None;
    }
    let status = response.status();
    let own = response.extensions().get::<ApiError>().cloned();
    own.or_else(|| {
        (status.is_client_error() || status.is_server_error()).then(|| {
            let reason = status.canonical_reason().unwrap_or("error").to_lowercase();
            ApiError::new(status, u32::from(status.as_u16()), "Api_Refused", reason)
        })
    })
}

/// The headers that the response has (`allow`, say) stay, but for those of its old body.
fn enveloped(response: Response, error: ApiError, request_id: &str) -> Response {
    tracing::info!(
        request_id,
        status = error.status.as_u16(),
        slug = error.slug,
        "request refused"
    );
    let envelope = Envelope {
        error: EnvelopeError {
            message: error.message.into_owned(),
            code: error.code,
            slug: error.slug.to_owned(),
            status: error.status.as_u16(),
            request_id: request_id.to_owned(),
            suggested_fix: error.suggested_fix.map(str::to_owned),
        },
    };
    let (mut parts, _) = response.into_parts();
    let (body_parts, body) = Json(envelope).into_response().into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.remove(CONTENT_TYPE);
    parts.headers.extend(body_parts.headers);
    Response::from_parts(parts, body)
}
