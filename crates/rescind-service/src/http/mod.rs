//! The HTTP side. One file an endpoint: its errors, what they are answered with, its handler.

mod create_auth_config;
mod delete_account;
mod error;
mod extract;
mod health;
mod import_account;
mod key;
mod list_accounts;
mod read_account;
mod refresh_account;
mod revoke_account;
mod set_status;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, patch, post};

use crate::defects::hooks;
use crate::service::Service;

use self::error::ApiError;

/// Every route of the service.
pub(crate) fn router(service: Arc<Service>) -> Router {
    let writes_errors_as_text = hooks::writes_errors_as_text(service.defect);
    let accounts = Router::new()
        .route(
            "/connected_accounts",
            post(import_account::handle).get(list_accounts::handle),
        )
        .route(
            "/connected_accounts/{id}",
            get(read_account::handle).delete(delete_account::handle),
        )
        .route("/connected_accounts/{id}/status", patch(set_status::handle))
        .route(
            "/connected_accounts/{id}/refresh",
            post(refresh_account::handle),
        )
        .route(
            "/connected_accounts/{id}/revoke",
            post(revoke_account::handle),
        )
        .route("/auth_configs", post(create_auth_config::handle))
        .method_not_allowed_fallback(method_not_allowed)
        .route_layer(from_fn_with_state(Arc::clone(&service), key::check));
    let router = Router::new()
        .nest("/api/v3.1", accounts)
        .route("/health", get(health::handle))
        .fallback(no_such_route)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(service);
    if writes_errors_as_text {
        return router.layer(from_fn(error::as_text));
    }
    router
}

async fn no_such_route() -> ApiError {
    error::NO_SUCH_ROUTE
}

async fn method_not_allowed(request: Request) -> ApiError {
    tracing::debug!(method = %request.method(), "method not allowed");
    error::METHOD_NOT_ALLOWED
}
