//! `GET /connected_accounts`: every account, on one page.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::error::ApiError;
use super::read_account::describe;
use crate::service::Service;

pub(super) async fn handle(State(service): State<Arc<Service>>) -> Result<Json<Value>, ApiError> {
    let accounts = service.store.list_accounts().await?;
    let items: Vec<Value> = accounts.iter().map(describe).collect();
    Ok(Json(json!({
        "total_items": items.len(),
        "items": items,
        "next_cursor": null,
        "total_pages": 1,
        "current_page": 1,
    })))
}
