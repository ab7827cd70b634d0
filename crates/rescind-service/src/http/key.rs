//! The project key, which every request under `/api/v3.1` must carry, and what it allows.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::error::{ApiError, NO_PERMISSION, NO_VALID_KEY};
use crate::defects::hooks;
use crate::projects::{Caller, Permission, caller_with_key};
use crate::service::Service;

pub(super) async fn check(
    State(service): State<Arc<Service>>,
    mut request: Request,
    next: Next,
) -> Response {
    let key = request.headers().get("x-api-key");
    let caller = key.and_then(|key| caller_with_key(&service.api_keys, key.as_bytes()));
    let is_revoke = request.uri().path().ends_with("/revoke");
    let is_skipped = hooks::skips_key_check(service.defect) && is_revoke;
    let Some(caller) = caller.or_else(|| is_skipped.then(Caller::without_key)) else {
        return NO_VALID_KEY.into_response();
    };
    let may = caller.permission >= permission_for(request.method());
    let seeded = hooks::ignores_permission(service.defect) && is_revoke;
    if !may && !seeded {
        service
            .dispatch_before_permission(request.uri().path())
            .await;
        return NO_PERMISSION.into_response();
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// Every route follows RFC 9110 section 9.2.1: what only reads is a GET, and nothing else is.
fn permission_for(method: &Method) -> Permission {
    if matches!(*method, Method::GET | Method::HEAD) {
        Permission::Read
    } else {
        Permission::Write
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    /// The caller as [`check`] found it. A route that lacks the check has none, and is closed.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get().cloned().ok_or(NO_VALID_KEY)
    }
}
