//! Lists in pages. A page begins after the last row of the one before, by that row's own place in
//! the order: what is added or removed meanwhile shifts nothing.

use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};
use serde_json::json;

use super::{AuthConfigRecord, Store, StoreError, Transaction, accounts, auth_configs};
use crate::account::Account;
use crate::clock::Timestamp;
use crate::lifecycle::Status;
use crate::projects::Caller;

/// By what a list is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OrderBy {
    CreatedAt,
    UpdatedAt,
}

/// In which direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Ascending,
    Descending,
}

/// The place of a row in the order; the id tells rows of one moment apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) moment: Timestamp,
    pub(crate) id: String,
}

/// Which part of a list is wanted.
#[derive(Clone, Debug)]
pub(crate) struct PageRequest {
    pub(crate) order_by: OrderBy,
    pub(crate) direction: Direction,
    pub(crate) after: Option<Place>,
    pub(crate) limit: u32,
}

/// A part of a list.
#[derive(Clone, Debug)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// How many rows there are on all pages.
    pub(crate) total: i64,
    /// Where the next page begins, if there is one.
    pub(crate) next: Option<Place>,
}

/// Which accounts are wanted: those that match every list that is given.
#[derive(Clone, Debug, Default)]
pub(crate) struct AccountFilter {
    pub(crate) toolkits: Option<Vec<String>>,
    pub(crate) statuses: Option<Vec<Status>>,
    pub(crate) user_ids: Option<Vec<String>>,
    pub(crate) auth_config_ids: Option<Vec<String>>,
    pub(crate) ids: Option<Vec<String>>,
}

/// Which auth configs are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct AuthConfigFilter {
    pub(crate) toolkits: Option<Vec<String>>,
    /// A part of the name or of the id, in any case.
    pub(crate) search: Option<String>,
    pub(crate) shows_disabled: bool,
    /// Whether the platform's own clients are wanted, of which there is none here, or the others.
    pub(crate) is_managed: Option<bool>,
}

impl Direction {
    /// How a later row compares with an earlier one, and how the order is asked for.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Ascending => (">", "ASC"),
            Self::Descending => ("<", "DESC"),
        }
    }
}

impl OrderBy {
    /// Also how clients call it.
    pub(crate) fn column(self) -> &'static str {
        match self {
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
        }
    }
}

const ACCOUNTS_THAT_MATCH: &str = "WHERE connected_accounts.deleted_at IS NULL
     AND hidden_at IS NULL
     AND (?1 IS NULL OR project = ?1)
     AND (?2 IS NULL OR toolkit IN (SELECT value FROM json_each(?2)))
     AND (?3 IS NULL OR status IN (SELECT value FROM json_each(?3)))
     AND (?4 IS NULL OR user_id IN (SELECT value FROM json_each(?4)))
     AND (?5 IS NULL OR auth_config_id IN (SELECT value FROM json_each(?5)))
     AND (?6 IS NULL OR connected_accounts.id IN (SELECT value FROM json_each(?6)))";

const AUTH_CONFIGS_THAT_MATCH: &str = "AND (?1 IS NULL OR project = ?1)
     AND (?2 IS NULL OR toolkit IN (SELECT value FROM json_each(?2)))
     AND (?3 IS NULL OR instr(lower(coalesce(name, '')), lower(?3)) > 0
          OR instr(lower(id), lower(?3)) > 0)
     AND (?4 OR disabled_at IS NULL) AND NOT ?5";

impl Store {
    /// A page of the caller's accounts.
    pub(crate) async fn page_of_accounts(
        &self,
        caller: &Caller,
        filter: AccountFilter,
        page: PageRequest,
    ) -> Result<Page<Account>, StoreError> {
        let statuses = filter.statuses.map(|statuses| {
            statuses
                .iter()
                .map(|status| status.name().to_owned())
                .collect()
        });
        let parameters = vec![
            text(caller.project.clone()),
            one_of(filter.toolkits),
            one_of(statuses),
            one_of(filter.user_ids),
            one_of(filter.auth_config_ids),
            one_of(filter.ids),
        ];
        let rows = Rows {
            select: format!("{} {ACCOUNTS_THAT_MATCH}", accounts::SELECT),
            table: "connected_accounts",
            parameters,
        };
        self.read(move |transaction| {
            let from_row = |row: &Row<'_>| accounts::from_row(row, transaction.sealer);
            cut_out(transaction, rows, &page, from_row)
        })
        .await
    }

    /// A page of the caller's auth configs.
    pub(crate) async fn page_of_auth_configs(
        &self,
        caller: &Caller,
        filter: AuthConfigFilter,
        page: PageRequest,
    ) -> Result<Page<AuthConfigRecord>, StoreError> {
        let parameters = vec![
            text(caller.project.clone()),
            one_of(filter.toolkits),
            text(filter.search),
            Value::Integer(i64::from(filter.shows_disabled)),
            Value::Integer(i64::from(filter.is_managed == Some(true))),
        ];
        let rows = Rows {
            select: format!("{} {AUTH_CONFIGS_THAT_MATCH}", auth_configs::SELECT_RECORDS),
            table: "auth_configs",
            parameters,
        };
        self.read(move |transaction| {
            cut_out(transaction, rows, &page, auth_configs::record_from_row)
        })
        .await
    }
}

/// What a page is cut out of.
struct Rows {
    /// A query that ends with a condition.
    select: String,
    table: &'static str,
    parameters: Vec<Value>,
}

fn cut_out<T>(
    transaction: &Transaction<'_>,
    rows: Rows,
    page: &PageRequest,
    from_row: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Page<T>, StoreError> {
    let Rows {
        select,
        table,
        mut parameters,
    } = rows;
    let total = transaction.query_row(
        &format!("SELECT count(*) FROM ({select})"),
        params_from_iter(&parameters),
        |row| row.get(0),
    )?;
    let (column, (comparison, direction)) = (page.order_by.column(), page.direction.words());
    let first = parameters.len() + 1;
    let (moment, id, limit) = (first, first + 1, first + 2);
    let after = page.after.clone();
    parameters.push(
        after
            .as_ref()
            .map_or(Value::Null, |place| Value::Integer(place.moment.0)),
    );
    parameters.push(text(after.map(|place| place.id)));
    // One more than wanted shows whether there is a next page.
    parameters.push(Value::Integer(i64::from(page.limit) + 1));
    let mut statement = transaction.prepare(&format!(
        "{select} AND (?{moment} IS NULL
             OR ({table}.{column}, {table}.id) {comparison} (?{moment}, ?{id}))
         ORDER BY {table}.{column} {direction}, {table}.id {direction} LIMIT ?{limit}"
    ))?;
    let found = statement.query_map(params_from_iter(&parameters), |row| {
        let place = Place {
            moment: Timestamp(row.get(column)?),
            id: row.get("id")?,
        };
        Ok((place, from_row(row)?))
    })?;
    let mut found: Vec<(Place, T)> = found.collect::<Result<_, _>>()?;
    let has_more = found.len() > page.limit as usize;
    found.truncate(page.limit as usize);
    let next = found
        .last()
        .filter(|_| has_more)
        .map(|(place, _)| place.clone());
    Ok(Page {
        items: found.into_iter().map(|(_, item)| item).collect(),
        total,
        next,
    })
}

fn text(text: Option<String>) -> Value {
    text.map_or(Value::Null, Value::Text)
}

/// A list as one parameter, however long it is.
fn one_of(list: Option<Vec<String>>) -> Value {
    text(list.map(|list| json!(list).to_string()))
}
