//! Before a request looks at anything, what was not completed in time has ended. There is no
//! background work that does so: an account whose ten minutes are over is EXPIRED for whoever
//! looks, and stored so from then on.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::error::ApiError;
use crate::service::Service;

pub(super) async fn end(
    State(service): State<Arc<Service>>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    service.end_overdue_flows().await?;
    Ok(next.run(request).await)
}
