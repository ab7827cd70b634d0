//! The journal: the ordered record of every request that the provider received and what it
//! answered.

mod raw;

use std::borrow::Cow;
use std::collections::VecDeque;

use rescind_model::fault::Effect;
use rescind_model::profile::ClientAuthentication;
use rescind_model::secret::SecretScanner;
use rescind_model::vocabulary::Endpoint;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::gates::GateId;
use crate::ledger::{GrantId, Moment, TokenId};
use crate::message::{Reply, Request, Written};
use crate::name::Name;
use raw::Raw;

/// How many entries a journal keeps.
const CAPACITY: usize = 10_000;

/// What stands in place of an answer that never went.
const NEVER_ANSWERED: &str = "never answered";

/// A request and what became of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// The number of the request at this tenant, counted from 1.
    pub number: u64,
    /// When it took effect, by the provider's clock.
    pub at: Moment,
    /// When it came, in milliseconds since the provider began: nobody moves that clock.
    pub came: Moment,
    /// How long gates and faults kept its answer since then, in milliseconds.
    pub lasted: u64,
    /// The endpoint that it reached; none if there is no such route.
    pub endpoint: Option<Endpoint>,
    /// The name of the revocation route.
    pub route: Option<Name>,
    /// What it presented.
    pub presented: Presented,
    /// The client that its credentials name, whether or not they are right.
    pub client: Option<Name>,
    /// How it authenticated.
    pub credentials: Vec<ClientAuthentication>,
    /// What a careful client would not have done.
    pub departures: Vec<Departure>,
    /// What the provider made of it.
    pub outcome: Outcome,
    /// Whether it was answered with what the profile declares as success for the route.
    pub acknowledged: bool,
    /// The tokens that died of it.
    pub killed: Vec<TokenId>,
    /// The tokens that it brought into being.
    pub minted: Vec<TokenId>,
    /// The status code of the answer; 0 if it was never answered, or cut off in its status line.
    pub status: u16,
    /// The seconds that the answer asked the client to wait (`Retry-After`).
    pub retry_after: Option<u64>,
    /// The faults that it met, by their words, in the order in which they acted.
    #[serde(deserialize_with = "fault_words")]
    pub faults: Vec<&'static str>,
    /// The gates at which it was to stop.
    pub gates: Vec<GateId>,
    #[serde(skip)]
    raw: Raw,
}

/// An answer that is recorded and has not gone.
pub struct Withheld {
    acknowledged: bool,
    status: u16,
    retry_after: Option<u64>,
    answer: Vec<u8>,
}

/// What a request presented to be revoked, refreshed or shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Presented {
    /// Nothing.
    #[default]
    Nothing,
    /// A token that this provider issued.
    Token(TokenId),
    /// An account id that this provider gave out.
    Account(GrantId),
    /// An authorization code, a device code or the id of a consent page that this provider gave
    /// out.
    Code,
    /// Something that this provider never gave out.
    Unknown,
}

impl Presented {
    /// The grant that it belongs to.
    pub const fn grant(self) -> Option<GrantId> {
        match self {
            Self::Token(token) => Some(token.grant),
            Self::Account(grant) => Some(grant),
            Self::Nothing | Self::Code | Self::Unknown => None,
        }
    }
}

/// What a careful client would not have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Departure {
    /// It carried a token to a path that is no endpoint.
    NoSuchRoute,
    /// It used another method than the route's.
    Method,
    /// Its body has another encoding than the route's.
    Encoding,
    /// It presented nothing, or an empty value.
    NothingPresented,
    /// It presented the word `null`, `None` or `undefined`.
    LiteralNull,
    /// It presented something that the provider never gave out.
    UnknownToken,
    /// The route wants credentials, and there were none of a kind that it declares.
    CredentialsMissing,
    /// There were credentials of a kind that the route does not declare.
    CredentialsUndeclared,
    /// There was more than one set of credentials (RFC 6749 §2.3 forbids it).
    CredentialsTwice,
    /// The credentials are wrong.
    CredentialsWrong,
    /// The URL carries a secret where the route does not want it.
    SecretInUrl,
    /// It went to the path of an endpoint, at another of the provider's hosts than the endpoint's.
    WrongHost,
    /// It went to another origin than the provider's.
    OtherOrigin,
    /// It sent an authorization code that it had exchanged before (RFC 6749 §4.1.2).
    CodeTwice,
}

impl Departure {
    /// The departure in words.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::NoSuchRoute => "a token went to a path that is no endpoint",
            Self::Method => "another method than the route's",
            Self::Encoding => "another encoding than the route's",
            Self::NothingPresented => "nothing presented, or an empty value",
            Self::LiteralNull => "a literal null in place of a token",
            Self::UnknownToken => "not, byte for byte, a token that the provider issued",
            Self::CredentialsMissing => "no credentials of a kind that the route declares",
            Self::CredentialsUndeclared => "credentials of a kind that the route does not declare",
            Self::CredentialsTwice => "two sets of credentials",
            Self::CredentialsWrong => "wrong credentials",
            Self::SecretInUrl => "a secret in the URL",
            Self::WrongHost => "another of the provider's hosts than the route's",
            Self::OtherOrigin => "another origin than the provider's",
            Self::CodeTwice => "an authorization code that was exchanged before",
        }
    }
}

/// What the provider made of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It took effect.
    Done,
    /// The token was dead already.
    Dead,
    /// The token had expired.
    Expired,
    /// The token was never issued here.
    Unknown,
    /// The token is another client's.
    Foreign,
    /// Nothing was presented, or in a way that cannot be read.
    Malformed,
    /// The route does not take tokens of that kind, or the client may not use that grant.
    Unsupported,
    /// It was used before, and that ended everything that came of it.
    Reused,
    /// It is bound to something that the request did not show: the redirect URI or the verifier.
    Mismatched,
    /// A user has yet to decide.
    Pending,
    /// The user said no.
    Denied,
    /// The client is not who it says.
    Unauthenticated,
    /// There is no such route, or not with that method.
    #[default]
    NoRoute,
    /// A fault, or a gate that it did not pass, kept it from taking effect.
    Fault,
    /// It went to another origin, where there is no endpoint of the provider.
    Elsewhere,
}

impl Entry {
    /// An entry of a request, before anything is known of it.
    pub fn new(number: u64, at: Moment, request: &Request) -> Self {
        let mut entry = Self::default();
        entry.begin(number, at, request);
        entry
    }

    /// Makes it the entry of another request. What it had in memory is used again.
    fn begin(&mut self, at_number: u64, then: Moment, request: &Request) {
        let Self {
            number,
            at,
            came,
            lasted,
            endpoint,
            route,
            presented,
            client,
            credentials,
            departures,
            outcome,
            acknowledged,
            killed,
            minted,
            status,
            retry_after,
            faults,
            gates,
            raw,
        } = self;
        (*number, *at) = (at_number, then);
        (*came, *lasted) = (Moment::default(), 0);
        (*endpoint, *route, *client) = (None, None, None);
        (*presented, *outcome) = (Presented::default(), Outcome::default());
        (*acknowledged, *status, *retry_after) = (false, 0, None);
        credentials.clear();
        departures.clear();
        killed.clear();
        minted.clear();
        faults.clear();
        gates.clear();
        raw.begin(request);
    }

    /// Records the answer.
    pub fn answered(&mut self, reply: &Reply) {
        self.status = reply.status;
        self.retry_after = reply.retry_after();
        self.raw.answered(reply);
    }

    /// Takes the answer back, which has not gone yet: nobody knows that it will.
    pub fn withhold(&mut self) -> Withheld {
        Withheld {
            acknowledged: std::mem::take(&mut self.acknowledged),
            status: std::mem::take(&mut self.status),
            retry_after: self.retry_after.take(),
            answer: self.raw.take_answer(),
        }
    }

    /// Records that an answer goes which was withheld.
    pub fn give(&mut self, withheld: &Withheld) {
        self.acknowledged = withheld.acknowledged;
        self.status = withheld.status;
        self.retry_after = withheld.retry_after;
        self.raw.give_answer(&withheld.answer);
    }

    /// Records an answer that faults have spoiled: what a client could tell of it.
    pub fn answered_in_part(&mut self, reply: &Reply, written: &Written) {
        self.acknowledged &= written.is_whole();
        if written.tells_status() {
            self.answered(reply);
        }
        if !written.tells_headers() {
            self.retry_after = None;
        }
        for flaw in written.flaws() {
            self.raw.add_to_answer(&flaw);
        }
    }

    /// The status code of the answer, in words if there was none.
    pub fn answer_in_words(&self) -> String {
        match self.status {
            0 => NEVER_ANSWERED.to_owned(),
            status => status.to_string(),
        }
    }

    /// Whether the request is a dispatch: one that reached a revocation route, by whatever
    /// method, or that carried a token to no endpoint at all, or to another origin.
    pub fn is_dispatch(&self) -> bool {
        let carried_elsewhere =
            self.outcome == Outcome::Elsewhere && matches!(self.presented, Presented::Token(_));
        self.endpoint == Some(Endpoint::Revocation)
            || self.departures.contains(&Departure::NoSuchRoute)
            || carried_elsewhere
    }

    /// The request's method.
    pub fn method(&self) -> &str {
        self.raw.method()
    }

    /// The request as it came, its secrets among it.
    pub fn request_with_secrets(&self) -> Cow<'_, str> {
        self.raw.request()
    }

    /// The answer as it went, its secrets among it.
    pub fn answer_with_secrets(&self) -> Cow<'_, str> {
        self.raw.answer()
    }

    /// The request and the answer, if there was one, byte for byte as they are kept, their secrets
    /// among them.
    pub fn bytes(&self) -> (&[u8], Option<&[u8]>) {
        self.raw.bytes()
    }

    /// Makes it the entry of a request and an answer that another program has kept.
    pub(crate) fn set_bytes(&mut self, request: &[u8], answer: Option<&[u8]>) {
        self.raw = Raw::of_bytes(request, answer);
    }

    /// The request as it came, line by line, every secret replaced.
    pub fn request_lines(&self, scanner: &SecretScanner) -> Vec<String> {
        lines(&scanner.redact_message(&self.raw.request()))
    }

    /// The answer as it went, line by line, every secret replaced.
    pub fn answer_lines(&self, scanner: &SecretScanner) -> Vec<String> {
        lines(&scanner.redact_message(&self.raw.answer()))
    }
}

/// The words of faults, as another program has written them.
fn fault_words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<&'static str>, D::Error> {
    let words = Vec::<String>::deserialize(deserializer)?;
    let known = |word: &String| {
        let mut known = Effect::WORDS.into_iter();
        known.find(|known| known == word)
    };
    let words = words
        .iter()
        .map(|word| known(word).ok_or_else(|| D::Error::custom("a fault that nobody knows")));
    words.collect()
}

fn lines(text: &str) -> Vec<String> {
    text.trim_end().lines().map(str::to_owned).collect()
}

/// The entries of one tenant, oldest first. Bounded: what was dropped is counted, so that nobody
/// takes a part for the whole.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    entries: VecDeque<Box<Entry>>,
    received: u64,
    /// The one that was dropped last: the next one has its memory.
    dropped: Option<Box<Entry>>,
}

impl Journal {
    /// The number that the next entry will have.
    pub const fn next_number(&self) -> u64 {
        self.received + 1
    }

    /// How many requests were received.
    pub const fn received(&self) -> u64 {
        self.received
    }

    /// Whether an entry after that number was dropped.
    pub fn lost_after(&self, number: u64) -> bool {
        self.entries
            .front()
            .is_some_and(|first| first.number > number.saturating_add(1))
    }

    /// The next entry, of a request that came then. It is to be added when all is known of it.
    pub fn begin(&mut self, at: Moment, request: &Request) -> Box<Entry> {
        let mut entry = self.dropped.take().unwrap_or_default();
        entry.begin(self.next_number(), at, request);
        entry
    }

    /// Adds an entry.
    pub fn push(&mut self, entry: Box<Entry>) {
        if self.entries.len() == CAPACITY {
            self.dropped = self.entries.pop_front();
        }
        self.received = entry.number;
        self.entries.push_back(entry);
    }

    /// The entries after a number.
    pub fn after(&self, number: u64) -> impl Iterator<Item = &Entry> {
        let first = self.entries.front().map_or(0, |first| first.number);
        let skipped = number.saturating_add(1).saturating_sub(first);
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        let entries = self.entries.range(skipped.min(self.entries.len())..);
        entries.map(|entry| &**entry)
    }

    /// The entry of a number, to be amended.
    pub fn entry_mut(&mut self, number: u64) -> Option<&mut Entry> {
        let first = self.entries.front()?.number;
        let index = usize::try_from(number.checked_sub(first)?).ok()?;
        self.entries.get_mut(index).map(|entry| &mut **entry)
    }
}
