//! The journal: every request and what was answered.

use rescind_model::vocabulary::Endpoint;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Operation;
use super::call::{Call, Given, Nothing, Secrets};
use super::ledger::limit;
use super::mistake::Mistake;
use super::reveal::{EntryView, scanner_for};
use crate::journal::Entry;
use crate::server::Tenant;

/// How many entries are shown at once, if not stated.
const DEFAULT_LIMIT: u64 = 1000;

/// The most entries that are shown at once: all that a journal keeps.
const HIGHEST_LIMIT: u64 = 10_000;

/// Which entries are shown, and how.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct JournalQuery {
    /// Only those after this number.
    #[serde(default)]
    after: Option<u64>,
    /// Only those of requests that reached this endpoint.
    #[serde(default)]
    endpoint: Option<Endpoint>,
    /// How many at once, the oldest first, up to 10000; 1000 if not stated.
    #[serde(default)]
    limit: Option<u64>,
    /// So many seconds at most, up to 60, until there is one. The answer comes at once if not
    /// stated.
    #[serde(default)]
    wait_seconds: Option<u64>,
    /// Whether tokens are shown as they are, to whoever shows the provider's key.
    #[serde(default)]
    secrets: Option<Secrets>,
}

/// Requests and what became of them.
#[derive(Serialize, JsonSchema)]
pub(super) struct JournalView {
    /// How many requests the tenant has received: the number of the newest.
    received: u64,
    /// Whether an entry after `after` was dropped: a journal keeps the last 10000.
    lost: bool,
    /// The entries.
    entries: Vec<EntryView>,
    /// The number to go on after; null if there is nothing more.
    next: Option<u64>,
}

/// What was found, its secrets among it.
struct Found {
    received: u64,
    lost: bool,
    entries: Vec<Entry>,
    next: Option<u64>,
}

/// Shows the journal.
pub(super) struct Show;

impl Operation for Show {
    const METHOD: &'static str = "GET";
    const PATH: &'static str = "/journal";
    const SUMMARY: &'static str = "every request and what was answered; ?after, ?endpoint, ?limit, \
                                   ?wait_seconds until there is one";
    type Query = JournalQuery;
    type Body = Nothing;
    type Answer = JournalView;

    async fn handle(
        call: Call,
        query: JournalQuery,
        _: Nothing,
    ) -> Result<Given<JournalView>, Mistake> {
        let shows_secrets = call.shows(query.secrets)?;
        let limit = limit(query.limit, DEFAULT_LIMIT, HIGHEST_LIMIT)?;
        let look = |tenant: &Tenant| Ok(find(tenant, &query, limit));
        let is_enough = |found: &Found| !found.entries.is_empty();
        let found = call.wait(query.wait_seconds, look, is_enough).await?;
        let entries = found.entries.into_iter();
        let entries = if shows_secrets {
            entries.map(EntryView::with_secrets).collect()
        } else {
            let tenant = call.tenant()?;
            let entries: Vec<Entry> = entries.collect();
            let scanner = scanner_for(tenant, &tenant.lock(), entries.iter());
            let redacted = |entry| EntryView::redacted(entry, &scanner);
            entries.into_iter().map(redacted).collect()
        };
        Ok(Given::Json(JournalView {
            received: found.received,
            lost: found.lost,
            entries,
            next: found.next,
        }))
    }
}

fn find(tenant: &Tenant, query: &JournalQuery, limit: usize) -> Found {
    let after = query.after.unwrap_or(0);
    let state = tenant.lock();
    let journal = state.journal();
    let is_meant = |entry: &&Entry| query.endpoint.is_none() || query.endpoint == entry.endpoint;
    let mut entries = journal.after(after).filter(is_meant).peekable();
    let found: Vec<Entry> = entries.by_ref().take(limit).cloned().collect();
    let last = found.last().map(|entry| entry.number);
    Found {
        received: journal.received(),
        lost: journal.lost_after(after),
        next: last.filter(|_| entries.peek().is_some()),
        entries: found,
    }
}
