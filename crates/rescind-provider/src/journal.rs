//! The journal: the ordered record of every request that the provider received and what it
//! answered.

use std::collections::VecDeque;

use rescind_model::profile::ClientAuthentication;
use rescind_model::secret::SecretScanner;
use rescind_model::vocabulary::Endpoint;
use serde::Serialize;

use crate::ledger::{GrantId, Moment, TokenId};
use crate::message::{Reply, Request};

/// How many entries a journal keeps.
const CAPACITY: usize = 10_000;

/// What stands in place of an answer that never went.
const NEVER_ANSWERED: &str = "never answered";

/// How much of a body an entry keeps, in bytes.
const KEPT_BODY: usize = 4096;

/// A request and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// The number of the request at this tenant, counted from 1.
    pub number: u64,
    /// When it came, by the provider's clock.
    pub at: Moment,
    /// The endpoint that it reached; none if there is no such route.
    pub endpoint: Option<Endpoint>,
    /// The name of the revocation route.
    pub route: Option<String>,
    /// What it presented.
    pub presented: Presented,
    /// The client that its credentials name, whether or not they are right.
    pub client: Option<String>,
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
    /// The status code of the answer; 0 if it was never answered.
    pub status: u16,
    /// The seconds that the answer asked the client to wait (`Retry-After`).
    pub retry_after: Option<u64>,
    #[serde(skip)]
    raw: Raw,
}

/// The bytes as they came, in memory only: they hold tokens.
#[derive(Clone, Default)]
struct Raw {
    request: String,
    answer: String,
}

impl std::fmt::Debug for Raw {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Raw(…)")
    }
}

/// What a request presented to be revoked, refreshed or shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Presented {
    /// Nothing.
    Nothing,
    /// A token that this provider issued.
    Token(TokenId),
    /// An account id that this provider gave out.
    Account(GrantId),
    /// Something that this provider never gave out.
    Unknown,
}

impl Presented {
    /// The grant that it belongs to.
    pub const fn grant(self) -> Option<GrantId> {
        match self {
            Self::Token(token) => Some(token.grant),
            Self::Account(grant) => Some(grant),
            Self::Nothing | Self::Unknown => None,
        }
    }
}

/// What a careful client would not have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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
    /// It went to another origin than the provider's.
    OtherOrigin,
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
            Self::OtherOrigin => "another origin than the provider's",
        }
    }
}

/// What the provider made of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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
    /// The route does not take tokens of that kind.
    Unsupported,
    /// The client is not who it says.
    Unauthenticated,
    /// There is no such route, or not with that method.
    NoRoute,
    /// A fault acted in the endpoint's place.
    Fault,
    /// It went to another origin, where there is no endpoint of the provider.
    Elsewhere,
}

impl Entry {
    /// An entry of a request, before anything is known of it.
    pub fn new(number: u64, at: Moment, request: &Request) -> Self {
        Self {
            number,
            at,
            endpoint: None,
            route: None,
            presented: Presented::Nothing,
            client: None,
            credentials: Vec::new(),
            departures: Vec::new(),
            outcome: Outcome::NoRoute,
            acknowledged: false,
            killed: Vec::new(),
            minted: Vec::new(),
            status: 0,
            retry_after: None,
            raw: Raw {
                request: request_text(request),
                answer: NEVER_ANSWERED.to_owned(),
            },
        }
    }

    /// Records the answer.
    pub fn answered(&mut self, reply: &Reply) {
        self.status = reply.status;
        self.retry_after = reply.retry_after();
        let headers: Vec<String> = reply
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        self.raw.answer = format!(
            "{}\n{}\n\n{}",
            reply.status,
            headers.join("\n"),
            kept(reply.body.as_bytes())
        );
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
        self.raw.request.split(' ').next().unwrap_or_default()
    }

    /// The request as it came, line by line, every secret replaced.
    pub fn request_lines(&self, scanner: &SecretScanner) -> Vec<String> {
        lines(&scanner.redact_message(&self.raw.request))
    }

    /// The answer as it went, line by line, every secret replaced.
    pub fn answer_lines(&self, scanner: &SecretScanner) -> Vec<String> {
        lines(&scanner.redact_message(&self.raw.answer))
    }
}

fn lines(text: &str) -> Vec<String> {
    text.trim_end().lines().map(str::to_owned).collect()
}

fn request_text(request: &Request) -> String {
    let query = request
        .query
        .as_ref()
        .map_or(String::new(), |query| format!("?{query}"));
    let mut text = format!("{} {}{query}", request.method, request.path);
    for (name, value) in &request.headers {
        text.extend([
            "\n",
            name.as_str(),
            ": ",
            &String::from_utf8_lossy(value.as_bytes()),
        ]);
    }
    text.extend(["\n\n", &kept(&request.body)]);
    text
}

fn kept(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(KEPT_BODY)]).into_owned();
    if body.len() > KEPT_BODY {
        format!("{text}… ({} bytes)", body.len())
    } else {
        text
    }
}

/// The entries of one tenant, oldest first. Bounded: what was dropped is counted, so that nobody
/// takes a part for the whole.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    entries: VecDeque<Entry>,
    received: u64,
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

    /// Adds an entry.
    pub fn push(&mut self, entry: Entry) {
        if self.entries.len() == CAPACITY {
            self.entries.pop_front();
        }
        self.received = entry.number;
        self.entries.push_back(entry);
    }

    /// The entries after a number.
    pub fn after(&self, number: u64) -> impl Iterator<Item = &Entry> {
        self.entries
            .iter()
            .filter(move |entry| entry.number > number)
    }
}
