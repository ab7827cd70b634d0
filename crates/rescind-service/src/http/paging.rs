//! Pages of lists, and the cursor that leads from one to the next.
//!
//! A cursor is the place of a page's last row in the order of the list (see `store::listing`),
//! encoded so that clients take it as it is.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::ApiError;
use super::query::{Query, bad_parameter};
use crate::clock::Timestamp;
use crate::store::{Direction, OrderBy, Page, PageRequest, Place};

const DEFAULT_LIMIT: u32 = 20;
const LARGEST_LIMIT: u32 = 1000;

/// One page of a list.
#[derive(Serialize, ToSchema)]
pub(super) struct PageAnswer<T> {
    items: Vec<T>,
    /// Where the next page begins; null on the last one.
    #[schema(required)]
    next_cursor: Option<String>,
    total_pages: u64,
    current_page: u64,
    total_items: u64,
}

/// What page a query asks for.
pub(super) struct Paging {
    request: PageRequest,
    current_page: u64,
}

impl Paging {
    /// Reads `limit`, `cursor`, `order_by` and `order_direction`. The newest come first where
    /// nothing else is asked for, as the published API has it.
    pub(super) fn read(query: &Query) -> Result<Self, ApiError> {
        let order_by = match query.word("order_by")? {
            None => OrderBy::CreatedAt,
            Some(word) => OrderBy::parse(word)
                .ok_or_else(|| bad_parameter("order_by", "must be `created_at` or `updated_at`"))?,
        };
        let direction = match query.word("order_direction")? {
            None => Direction::Descending,
            Some(word) => Direction::parse(word)
                .ok_or_else(|| bad_parameter("order_direction", "must be `asc` or `desc`"))?,
        };
        Self::read_in_order(query, order_by, direction)
    }

    /// Reads `limit` and `cursor` of a list that has one order only.
    pub(super) fn read_newest_first(query: &Query) -> Result<Self, ApiError> {
        Self::read_in_order(query, OrderBy::CreatedAt, Direction::Descending)
    }

    fn read_in_order(
        query: &Query,
        order_by: OrderBy,
        direction: Direction,
    ) -> Result<Self, ApiError> {
        let limit = match query.word("limit")? {
            None => DEFAULT_LIMIT,
            Some(word) => word
                .parse()
                .ok()
                .filter(|limit| (1..=LARGEST_LIMIT).contains(limit))
                .ok_or_else(|| bad_parameter("limit", "must be a whole number from 1 to 1000"))?,
        };
        let cursor = match query.word("cursor")? {
            None => None,
            Some(word) => Some(
                Cursor::parse(word)
                    .filter(|cursor| cursor.order_by == order_by && cursor.direction == direction)
                    .ok_or_else(|| {
                        bad_parameter("cursor", "is none that this list in this order gave")
                    })?,
            ),
        };
        let current_page = cursor.as_ref().map_or(1, |cursor| cursor.page);
        Ok(Self {
            request: PageRequest {
                order_by,
                direction,
                after: cursor.map(|cursor| cursor.after),
                limit,
            },
            current_page,
        })
    }

    pub(super) fn request(&self) -> PageRequest {
        self.request.clone()
    }

    pub(super) fn answer<R, T>(&self, page: Page<R>, show: impl Fn(R) -> T) -> PageAnswer<T> {
        let next_cursor = page.next.map(|after| {
            let cursor = Cursor {
                order_by: self.request.order_by,
                direction: self.request.direction,
                after,
                page: self.current_page.saturating_add(1),
            };
            cursor.to_text()
        });
        let total_items = u64::try_from(page.total).unwrap_or_default();
        PageAnswer {
            items: page.items.into_iter().map(show).collect(),
            next_cursor,
            // An empty list is one page, too.
            total_pages: total_items.div_ceil(u64::from(self.request.limit)).max(1),
            current_page: self.current_page,
            total_items,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Cursor {
    order_by: OrderBy,
    direction: Direction,
    after: Place,
    /// The number of the page that begins there.
    page: u64,
}

impl Cursor {
    fn to_text(&self) -> String {
        let (order_by, direction) = (self.order_by.column(), self.direction.name());
        let Place { moment, id } = &self.after;
        let text = format!("{order_by} {direction} {} {id} {}", moment.0, self.page);
        URL_SAFE_NO_PAD.encode(text)
    }

    fn parse(text: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mut parts = text.split(' ');
        let cursor = Self {
            order_by: OrderBy::parse(parts.next()?)?,
            direction: Direction::parse(parts.next()?)?,
            after: Place {
                moment: Timestamp(parts.next()?.parse().ok()?),
                id: parts.next()?.to_owned(),
            },
            page: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(cursor)
    }
}

impl OrderBy {
    fn parse(name: &str) -> Option<Self> {
        [Self::CreatedAt, Self::UpdatedAt]
            .into_iter()
            .find(|order_by| order_by.column() == name)
    }
}

impl Direction {
    fn name(self) -> &'static str {
        match self {
            Self::Ascending => "asc",
            Self::Descending => "desc",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Ascending, Self::Descending]
            .into_iter()
            .find(|direction| direction.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Cursor;
    use crate::clock::Timestamp;
    use crate::store::{Direction, OrderBy, Place};

    proptest! {
        #[test]
        fn a_cursor_is_read_as_it_was_written(
            moment in any::<i64>(),
            id in "c[a-z0-9_-]{1,20}",
            page in any::<u64>(),
            is_newest_first in any::<bool>(),
        ) {
            let cursor = Cursor {
                order_by: if is_newest_first { OrderBy::CreatedAt } else { OrderBy::UpdatedAt },
                direction: if is_newest_first { Direction::Descending } else { Direction::Ascending },
                after: Place { moment: Timestamp(moment), id },
                page,
            };
            prop_assert_eq!(Cursor::parse(&cursor.to_text()), Some(cursor));
        }

        #[test]
        fn what_is_no_cursor_is_refused(text in "[A-Za-z0-9_=-]{0,40}") {
            prop_assert_eq!(Cursor::parse(&text), None);
        }
    }
}
