//! The project key, which every request under `/api/v3.1` must carry.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::error::NO_VALID_KEY;
use crate::defects::hooks;
use crate::service::Service;

pub(super) async fn check(
    State(service): State<Arc<Service>>,
    request: Request,
    next: Next,
) -> Response {
    let is_valid = request
        .headers()
        .get("x-api-key")
        .is_some_and(|key| service.api_key.matches(key.as_bytes()));
    let is_skipped =
        hooks::skips_key_check(service.defect) && request.uri().path().ends_with("/revoke");
    if is_valid || is_skipped {
        return next.run(request).await;
    }
    NO_VALID_KEY.into_response()
}
