//! `GET /health`: whether the service is up. Needs no key.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// That the service is up.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    #[schema(inline)]
    status: Up,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Up {
    Ok,
}

#[utoipa::path(get, path = "/health", tag = "service", security(()), operation_id = "health",
    summary = "Whether the service is up",
    responses((status = 200, description = "It is", body = Health)))]
pub(super) async fn handle() -> Json<Health> {
    Json(Health { status: Up::Ok })
}
