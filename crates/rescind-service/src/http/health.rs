//! `GET /health`: whether the service is up. Needs no key.

use axum::Json;
use serde_json::{Value, json};

pub(super) async fn handle() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}
