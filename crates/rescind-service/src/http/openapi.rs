//! `GET /openapi.json`: what this API is, for programs. Made from the handlers themselves; a test
//! holds every answer against it.

use axum::Json;
use serde_json::Value;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::envelope::Envelope;
use super::{
    create_auth_config, create_link, delete_account, delete_auth_config, health, import_account,
    list_accounts, list_auth_configs, read_account, read_auth_config, refresh_account,
    revoke_account, set_auth_config_status, set_status,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Reference revoke service",
        version = "3.1",
        description = "Connected accounts, and an endpoint that kills their tokens at the \
                       provider and says exactly which ones it killed. Every answer carries \
                       `x-request-id`: the request's, if it sent one that can be sent back.",
        license(name = "MIT", identifier = "MIT"),
    ),
    paths(
        import_account::handle,
        create_link::handle,
        list_accounts::handle,
        read_account::handle,
        delete_account::handle,
        set_status::handle,
        refresh_account::handle,
        revoke_account::handle,
        create_auth_config::handle,
        list_auth_configs::handle,
        read_auth_config::handle,
        delete_auth_config::handle,
        set_auth_config_status::by_path,
        set_auth_config_status::by_body,
        health::handle,
        handle,
    ),
    components(schemas(Envelope)),
    modifiers(&Key),
    security(("key" = []))
)]
struct Document;

struct Key;

impl Modify for Key {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let header = ApiKeyValue::with_description("x-api-key", "A key of the project");
        if let Some(components) = document.components.as_mut() {
            let scheme = SecurityScheme::ApiKey(ApiKey::Header(header));
            components.add_security_scheme("key", scheme);
        }
    }
}

/// The description of the API, an `OpenAPI` document.
///
/// # Errors
/// Only if the document cannot be written as JSON, which would be a defect of this crate.
pub fn openapi() -> Result<Value, serde_json::Error> {
    serde_json::to_value(Document::openapi())
}

#[utoipa::path(get, path = "/openapi.json", tag = "service", security(()),
    operation_id = "read_openapi", summary = "This document",
    responses(
        (status = 200, description = "This document", body = Value),
        (status = 500, description = "The service failed", body = Envelope),
    ))]
pub(super) async fn handle() -> Result<Json<Value>, super::error::ApiError> {
    openapi().map(Json).map_err(|error| {
        tracing::error!(%error, "the OpenAPI document cannot be written");
        super::error::INTERNAL
    })
}
