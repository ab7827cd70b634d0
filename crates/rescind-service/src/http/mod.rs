//! The HTTP side. One file an endpoint: its errors, what they are answered with, its handler.

mod browser;
mod callback;
mod create_auth_config;
mod create_link;
mod delete_account;
mod delete_auth_config;
mod envelope;
mod error;
mod extract;
mod health;
mod import_account;
mod key;
mod list_accounts;
mod list_auth_configs;
mod open_link;
mod openapi;
mod overdue;
mod pages;
mod paging;
mod query;
mod read_account;
mod read_auth_config;
mod refresh_account;
mod refusals;
mod revoke_account;
mod set_auth_config_status;
mod set_status;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, patch, post};

use crate::defects::hooks;
use crate::service::Service;

use self::error::ApiError;
pub use self::openapi::openapi;

/// The longest body that is read. A revoke reads none.
const BODY_LIMIT: usize = 256 * 1024;

/// Every route of the service.
pub(crate) fn router(service: Arc<Service>) -> Router {
    let writes_errors_as_text = hooks::writes_errors_as_text(service.defect);
    let api = accounts()
        .merge(auth_configs())
        .method_not_allowed_fallback(method_not_allowed)
        .route_layer(from_fn_with_state(Arc::clone(&service), overdue::end))
        .route_layer(from_fn_with_state(Arc::clone(&service), key::check))
        .layer(DefaultBodyLimit::max(BODY_LIMIT));
    let router = Router::new()
        .nest("/api/v3.1", api)
        .merge(pages_for_browsers())
        .route("/health", get(health::handle))
        .route("/openapi.json", get(openapi::handle))
        .fallback(no_such_route)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(Arc::clone(&service), envelope::complete))
        .with_state(service);
    if writes_errors_as_text {
        return router.layer(from_fn(error::as_text));
    }
    router
}

fn accounts() -> Router<Arc<Service>> {
    let revoke = post(revoke_account::handle).layer(from_fn(envelope::discourage_repetition));
    Router::new()
        .route(
            "/connected_accounts",
            post(import_account::handle).get(list_accounts::handle),
        )
        .route("/connected_accounts/link", post(create_link::handle))
        .route(
            "/connected_accounts/{id}",
            get(read_account::handle).delete(delete_account::handle),
        )
        .route("/connected_accounts/{id}/status", patch(set_status::handle))
        .route(
            "/connected_accounts/{id}/refresh",
            post(refresh_account::handle),
        )
        .route("/connected_accounts/{id}/revoke", revoke)
}

/// What needs no key, because a person comes with a secret of one flow.
fn pages_for_browsers() -> Router<Arc<Service>> {
    Router::new()
        .route(
            "/link/{link_token}",
            get(open_link::handle).head(open_link::look),
        )
        .route("/callback", get(callback::handle).head(callback::look))
}

fn auth_configs() -> Router<Arc<Service>> {
    Router::new()
        .route(
            "/auth_configs",
            post(create_auth_config::handle).get(list_auth_configs::handle),
        )
        .route(
            "/auth_configs/{id}",
            get(read_auth_config::handle).delete(delete_auth_config::handle),
        )
        .route(
            "/auth_configs/{id}/status",
            patch(set_auth_config_status::by_body),
        )
        .route(
            "/auth_configs/{id}/{status}",
            patch(set_auth_config_status::by_path),
        )
}

async fn no_such_route() -> ApiError {
    error::NO_SUCH_ROUTE
}

async fn method_not_allowed(request: Request) -> ApiError {
    tracing::debug!(method = %request.method(), "method not allowed");
    error::METHOD_NOT_ALLOWED
}
