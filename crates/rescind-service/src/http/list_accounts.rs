//! `GET /connected_accounts`: the project's accounts, in pages.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::error::ApiError;
use super::paging::{PageAnswer, Paging};
use super::query::Query;
use super::read_account::{AccountAnswer, describe};
use super::refusals::Reading;
use crate::projects::Caller;
use crate::service::Service;
use crate::store::AccountFilter;

#[utoipa::path(get, path = "/api/v3.1/connected_accounts", tag = "connected accounts",
    operation_id = "list_accounts", summary = "List the accounts of the project, in pages",
    params(
        ("toolkit_slugs" = Option<String>, Query, description = "Toolkits, comma-joined"),
        ("statuses" = Option<String>, Query, description = "Statuses, comma-joined"),
        ("user_ids" = Option<String>, Query, description = "Users, comma-joined"),
        ("auth_config_ids" = Option<String>, Query, description = "Auth configs, comma-joined"),
        ("connected_account_ids" = Option<String>, Query, description = "Accounts, comma-joined"),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before"),
        ("limit" = Option<u32>, Query, description = "How many at most, 1 to 1000; 20 if absent"),
        ("order_by" = Option<String>, Query, description = "`created_at`, or `updated_at`"),
        ("order_direction" = Option<String>, Query, description = "`desc`, or `asc`"),
    ),
    responses(
        (status = 200, description = "A page", body = PageAnswer<AccountAnswer>),
        (status = 400, description = "A parameter cannot be read", body = super::envelope::Envelope),
        Reading,
    ))]
pub(super) async fn handle(
    State(service): State<Arc<Service>>,
    caller: Caller,
    query: Query,
) -> Result<Json<PageAnswer<AccountAnswer>>, ApiError> {
    let paging = Paging::read(&query)?;
    let filter = AccountFilter {
        toolkits: query.list("toolkit_slugs"),
        statuses: query.statuses("statuses")?,
        user_ids: query.list("user_ids"),
        auth_config_ids: query.list("auth_config_ids"),
        ids: query.list("connected_account_ids"),
    };
    let page = service
        .store
        .page_of_accounts(&caller, filter, paging.request())
        .await?;
    Ok(Json(paging.answer(page, |account| describe(&account))))
}
