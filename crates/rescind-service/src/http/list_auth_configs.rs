//! `GET /auth_configs`: the project's auth configs, in pages. The filters are those of
//! <https://docs.composio.dev/reference/v3/api-reference/auth-configs/getAuthConfigs.md>.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::error::ApiError;
use super::paging::{PageAnswer, Paging};
use super::query::Query;
use super::read_auth_config::{AuthConfigAnswer, describe};
use super::refusals::Reading;
use crate::projects::Caller;
use crate::service::Service;
use crate::store::AuthConfigFilter;

#[utoipa::path(get, path = "/api/v3.1/auth_configs", tag = "auth configs",
    operation_id = "list_auth_configs", summary = "List the auth configs of the project, in pages",
    params(
        ("toolkit_slug" = Option<String>, Query, description = "Toolkits, comma-joined"),
        ("is_composio_managed" = Option<bool>, Query, description = "None here is"),
        ("show_disabled" = Option<bool>, Query, description = "Also those that are switched off"),
        ("search" = Option<String>, Query, description = "A part of the name or of the id"),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before"),
        ("limit" = Option<u32>, Query, description = "How many at most, 1 to 1000; 20 if absent"),
    ),
    responses(
        (status = 200, description = "A page", body = PageAnswer<AuthConfigAnswer>),
        (status = 400, description = "A parameter cannot be read", body = super::envelope::Envelope),
        Reading,
    ))]
pub(super) async fn handle(
    State(service): State<Arc<Service>>,
    caller: Caller,
    query: Query,
) -> Result<Json<PageAnswer<AuthConfigAnswer>>, ApiError> {
    let paging = Paging::read_newest_first(&query)?;
    let filter = AuthConfigFilter {
        toolkits: query.list("toolkit_slug"),
        search: query.word("search")?.map(str::to_owned),
        shows_disabled: query.flag("show_disabled")?.unwrap_or(false),
        is_managed: query.flag("is_composio_managed")?,
    };
    let page = service
        .store
        .page_of_auth_configs(&caller, filter, paging.request())
        .await?;
    Ok(Json(paging.answer(page, describe)))
}
