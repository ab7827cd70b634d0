//! What happens, as it happens: server-sent events (the HTML standard, §9.2).
//!
//! Nothing is kept for those who listen: an event is an entry of the journal or a notice, and its
//! id says how far both have been told, so that whoever comes back goes on where it stopped.

use std::fmt::Write as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Operation;
use super::call::{Call, Given, Nothing};
use super::mistake::Mistake;
use super::reveal::{EntryView, scanner_for};
use super::tokens::NamedToken;
use crate::journal::Entry;
use crate::ledger::{Cause, Moment, TokenId};
use crate::notices::{Happening, Notice};
use crate::server::Tenant;
use crate::server::changes::{Listening, Woken};
use crate::tenant::TenantState;

/// How many events are told at once.
const AT_ONCE: usize = 100;

/// How often a comment goes to whom nothing else goes, so that one who is gone is noticed.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

/// Where the stream begins.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsQuery {
    /// After the event of this id, as `Last-Event-ID` says it; `start` for everything that is kept.
    /// From now on, if neither is stated.
    #[serde(default)]
    after: Option<String>,
}

/// The data of an event, by the event's name.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum EventData {
    /// A request, as the journal has it.
    Request(Box<EntryView>),
    /// A token died, or is going to.
    Death(DeathData),
    /// Something became of a gate: `Gate` of the notice.
    Gate(Value),
    /// Something else happened other than by a request.
    Control(Happening),
    /// Something happened that is not kept any more.
    Lost(LostData),
}

/// A death.
#[derive(Serialize, JsonSchema)]
pub(super) struct DeathData {
    /// The token.
    token: NamedToken,
    /// When it died, or dies.
    at: Moment,
    /// Why.
    cause: Cause,
}

/// What is missing.
#[derive(Serialize, JsonSchema)]
pub(super) struct LostData {
    /// Whether requests are among it.
    requests: bool,
    /// Whether other things are.
    other: bool,
}

/// Tells what happens.
pub(super) struct Watch;

impl Operation for Watch {
    const METHOD: &'static str = "GET";
    const PATH: &'static str = "/events";
    const SUMMARY: &'static str =
        "what happens, as it happens: server-sent events, each with its id for Last-Event-ID";
    const OTHERWISE: Option<&'static str> = Some("text/event-stream");
    type Query = EventsQuery;
    type Body = Nothing;
    type Answer = EventData;

    async fn handle(
        call: Call,
        query: EventsQuery,
        _: Nothing,
    ) -> Result<Given<EventData>, Mistake> {
        let tenant = Arc::clone(call.tenant()?);
        let last = call.headers.get("last-event-id");
        let last = last.map(|id| id.to_str().unwrap_or_default().to_owned());
        let from = match last.or(query.after) {
            None => Position::newest(&tenant.lock()),
            Some(id) if id == "start" => Position::start(&tenant.lock()),
            Some(id) => Position::parse(&id).ok_or_else(|| {
                Mistake::new(
                    "that is no id of an event",
                    "an id as it came with an event, or `start`, or leave it out",
                )
            })?,
        };
        Ok(Given::Events(Box::new(Events::from(tenant, from))))
    }
}

/// How far everything has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Position {
    /// How often the tenant had been reset.
    resets: u32,
    /// The number of the newest entry.
    entry: u64,
    /// The number of the newest notice.
    notice: u64,
}

impl Position {
    fn start(state: &TenantState) -> Self {
        Self {
            resets: state.resets(),
            entry: 0,
            notice: 0,
        }
    }

    fn newest(state: &TenantState) -> Self {
        Self {
            resets: state.resets(),
            entry: state.journal().received(),
            notice: state.notices().newest(),
        }
    }

    fn parse(id: &str) -> Option<Self> {
        let mut parts = id.split('-');
        let position = Self {
            resets: parts.next()?.parse().ok()?,
            entry: parts.next()?.parse().ok()?,
            notice: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(position)
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}-{}-{}", self.resets, self.entry, self.notice)
    }
}

/// What is to be told next, its secrets among it.
enum Next {
    Entry(Box<Entry>, Vec<Died>),
    Notice(Notice),
    Lost(LostData),
}

/// A token that died of a request.
#[derive(Clone, Copy)]
struct Died {
    token: TokenId,
    at: Moment,
    cause: Cause,
}

/// A stream of events.
pub(in crate::server) struct Events(Pin<Box<dyn Future<Output = Told> + Send>>);

/// What is told next, and who tells what comes then; none at the end.
type Told = Option<(Bytes, Telling)>;

/// Somebody who is told what happens.
struct Telling {
    tenant: Arc<Tenant>,
    listening: Listening,
    position: Position,
    has_begun: bool,
}

impl Events {
    fn from(tenant: Arc<Tenant>, position: Position) -> Self {
        let telling = Telling {
            listening: tenant.changes.listen(),
            tenant,
            position,
            has_begun: false,
        };
        Self(Box::pin(telling.next()))
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Events(…)")
    }
}

impl Body for Events {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.as_mut().poll(context).map(|told| {
            let (bytes, telling) = told?;
            self.0 = Box::pin(telling.next());
            Some(Ok(Frame::data(bytes)))
        })
    }
}

impl Telling {
    /// Waits until there is something to tell. None when the provider stops.
    async fn next(mut self) -> Told {
        if !self.has_begun {
            // An id without data is no event, but whoever comes back begins there.
            self.has_begun = true;
            let text = format!("retry: 1000\nid: {}\n\n", self.position);
            return Some((text.into(), self));
        }
        loop {
            if let Some(text) = self.tell() {
                return Some((text.into(), self));
            }
            match self
                .listening
                .changed(SIGN_OF_LIFE, &self.tenant.listening)
                .await
            {
                Woken::Changed => {}
                Woken::TimeOver => return Some((Bytes::from_static(b":\n\n"), self)),
                Woken::Stopped => return None,
            }
        }
    }

    /// What has happened since, in its order.
    fn tell(&mut self) -> Option<String> {
        let mut found = Vec::new();
        let scanner = {
            let state = self.tenant.lock();
            while found.len() < AT_ONCE
                && let Some(next) = self.position.step(&state)
            {
                found.push((next, self.position));
            }
            let entries = found.iter().filter_map(|(next, _)| match next {
                Next::Entry(entry, _) => Some(&**entry),
                Next::Notice(_) | Next::Lost(_) => None,
            });
            (!found.is_empty()).then(|| scanner_for(&self.tenant, &state, entries))?
        };
        let mut text = String::new();
        for (next, position) in found {
            let events = match next {
                Next::Entry(entry, deaths) => {
                    let request =
                        EventData::Request(Box::new(EntryView::redacted(*entry, &scanner)));
                    let deaths = deaths.into_iter().filter_map(|died| self.death(died));
                    std::iter::once(request).chain(deaths).collect()
                }
                Next::Notice(notice) => self.notice(notice.happening),
                Next::Lost(lost) => vec![EventData::Lost(lost)],
            };
            write_events(&mut text, events, position);
        }
        Some(text)
    }

    fn notice(&self, happening: Happening) -> Vec<EventData> {
        match happening {
            Happening::Died { token, at, cause } => {
                let death = self.death(Died { token, at, cause });
                death.into_iter().collect()
            }
            Happening::Gate { gate, state } => {
                vec![EventData::Gate(json!({ "gate": gate, "state": state }))]
            }
            other => vec![EventData::Control(other)],
        }
    }

    fn death(&self, died: Died) -> Option<EventData> {
        let token = NamedToken::all(&self.tenant, &[died.token]).pop()?;
        Some(EventData::Death(DeathData {
            token,
            at: died.at,
            cause: died.cause,
        }))
    }
}

impl Position {
    /// Goes on to the next that happened, if there is one.
    fn step(&mut self, state: &TenantState) -> Option<Next> {
        let (journal, notices) = (state.journal(), state.notices());
        if self.resets != state.resets()
            || self.entry > journal.received()
            || self.notice > notices.newest()
        {
            // The first notice after a reset says that there was one.
            *self = Self::start(state);
        }
        let lost = LostData {
            requests: journal.lost_after(self.entry),
            other: notices.lost_after(self.notice),
        };
        if lost.requests || lost.other {
            self.skip_lost(state);
            return Some(Next::Lost(lost));
        }
        let notice = notices.next_after(self.notice);
        match notice.filter(|notice| notice.after_entry <= self.entry) {
            Some(notice) => {
                self.notice = notice.number;
                Some(Next::Notice(notice.clone()))
            }
            None => {
                let entry = journal.after(self.entry).next()?;
                self.entry = entry.number;
                Some(Next::Entry(Box::new(entry.clone()), deaths(state, entry)))
            }
        }
    }

    fn skip_lost(&mut self, state: &TenantState) {
        if let Some(first) = state.journal().after(0).next() {
            self.entry = self.entry.max(first.number - 1);
        }
        if let Some(first) = state.notices().next_after(0) {
            self.notice = self.notice.max(first.number - 1);
        }
    }
}

fn deaths(state: &TenantState, entry: &Entry) -> Vec<Died> {
    let died = |token: &TokenId| {
        let view = state.ledger().token(*token, Moment(0))?;
        let death = view.death?;
        Some(Died {
            token: *token,
            at: death.at,
            cause: death.cause,
        })
    };
    entry.killed.iter().filter_map(died).collect()
}

/// Events that are told together or not at all: only the last of them has an id.
fn write_events(text: &mut String, events: Vec<EventData>, position: Position) {
    let last = events.len();
    for (number, event) in (1..).zip(events) {
        let Ok(Value::Object(event)) = serde_json::to_value(event) else {
            continue;
        };
        if number == last {
            // Writing to a string does not fail.
            let _ = writeln!(text, "id: {position}");
        }
        for (name, data) in event {
            let _ = write!(text, "event: {name}\ndata: {data}\n\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_written_and_read() {
        let position = Position {
            resets: 1,
            entry: 23,
            notice: 4,
        };
        assert_eq!(position.to_string(), "1-23-4");
        assert_eq!(Position::parse("1-23-4"), Some(position));
        for wrong in ["", "1", "1-2", "1-2-3-4", "1-2-x", "-1-2-3", "1--2-3"] {
            assert_eq!(Position::parse(wrong), None, "{wrong}");
        }
    }
}
