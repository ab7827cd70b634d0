//! What is known of a case once it has run: the judge's only input.

pub mod overlaps;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use rescind_model::event::CaseId;
use rescind_model::scenario::{Connect, Step, Verb};
use rescind_model::secret::SecretScanner;
use rescind_model::{AccountStatus, Profile, Scenario, Subject, TokenState};
use rescind_provider::Entry;
use rescind_provider::ledger::{GrantId, Ledger, Moment, TokenId, TokenView};

use self::overlaps::Overlap;

/// A case that has run.
#[derive(Clone, Debug)]
pub struct CaseRecord {
    /// Its name.
    pub id: CaseId,
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// The profile.
    pub profile: Arc<Profile>,
    /// Its steps, in order.
    pub steps: Vec<StepRecord>,
    /// Those of its steps whose calls overlapped, in order.
    pub overlaps: Vec<Overlap>,
    /// Dispatches that came after the last step, up to the end of the run.
    pub late: Vec<Entry>,
    /// The accounts of the scenario, by name: their grants, users and clients.
    pub accounts: BTreeMap<String, AccountIdentity>,
    /// Finds the secrets of this case in texts.
    pub scanner: SecretScanner,
    /// Secrets of this case that the target's log holds; none if there is no log to read.
    pub log_leaks: Option<Vec<String>>,
    /// Why the case could not be run to its end: the runner's fault, or its environment's.
    pub harness_error: Option<String>,
    /// Why the case cannot be had at this target, as the command that puts accounts into it said in
    /// the course of the case: nothing of it is judged.
    pub incapacity: Option<String>,
}

impl CaseRecord {
    /// Counts every dispatch of a deletion that was asked to revoke as made in its step. Such a job
    /// may go on after the answer, and after the step, which ends as soon as what can be killed is
    /// dead: where its last dispatches fall is chance.
    pub fn attribute_jobs(&mut self) {
        for index in 0..self.steps.len() {
            let Some(grant) = self.job_of(index) else {
                continue;
            };
            let (before, after) = self.steps.split_at_mut(index + 1);
            let Some(deletion) = before.last_mut() else {
                continue;
            };
            let mut moved = take_dispatches_of(grant, &mut deletion.strays);
            for step in after {
                moved.extend(take_dispatches_of(grant, &mut step.entries));
                moved.extend(take_dispatches_of(grant, &mut step.strays));
            }
            moved.extend(take_dispatches_of(grant, &mut self.late));
            deletion.entries.extend(moved);
        }
    }

    /// Counts what came after an overlap as made in it, if a call of it may have gone on unheard:
    /// when it comes to its end is chance.
    pub fn attribute_unheard(&mut self) {
        for overlap in &self.overlaps {
            if !overlap.has_unheard() {
                continue;
            }
            let accounts = overlap.calls.iter().filter_map(|call| call.verb.account());
            let grants: Vec<GrantId> = accounts
                .filter_map(|account| self.accounts.get(account.get()))
                .map(|identity| identity.grant)
                .collect();
            let mut moved = Vec::new();
            for grant in grants {
                for step in self.steps.iter_mut().skip(overlap.last) {
                    moved.extend(take_dispatches_of(grant, &mut step.strays));
                }
                moved.extend(take_dispatches_of(grant, &mut self.late));
            }
            if let Some(last) = self.steps.get_mut(overlap.last) {
                last.entries.extend(moved);
            }
        }
    }

    /// The overlap that a step belongs to, if it belongs to one.
    pub fn overlap_at(&self, step: usize) -> Option<&Overlap> {
        let mut overlaps = self.overlaps.iter();
        overlaps.find(|overlap| (overlap.first..=overlap.last).contains(&step))
    }

    /// The grant of the account that a step deletes and has revoked.
    fn job_of(&self, index: usize) -> Option<GrantId> {
        match &self.steps[index].step.verb {
            Verb::Delete(delete) if delete.and_revoke => self
                .accounts
                .get(delete.account.get())
                .map(|identity| identity.grant),
            _ => None,
        }
    }
}

/// Every token of a grant, in the order of issue, with the deaths that lie ahead.
pub fn tokens_of(ledger: &Ledger, grant: GrantId, now: Moment) -> Vec<TokenView> {
    let tokens = ledger.tokens(grant, now).into_iter();
    tokens
        .filter_map(|token| ledger.token(token.id, now))
        .collect()
}

/// The tokens that requests brought into being and their client was never given.
pub fn never_given<'a>(
    entries: impl IntoIterator<Item = &'a Entry>,
) -> impl Iterator<Item = TokenId> {
    let unheard = entries.into_iter().filter(|entry| !entry.acknowledged);
    unheard.flat_map(|entry| entry.minted.iter().copied())
}

fn take_dispatches_of(grant: GrantId, entries: &mut Vec<Entry>) -> Vec<Entry> {
    let is_its = |entry: &Entry| entry.is_dispatch() && entry.presented.grant() == Some(grant);
    let (taken, kept) = std::mem::take(entries).into_iter().partition(is_its);
    *entries = kept;
    taken
}

/// Whose tokens an account holds.
#[derive(Clone, Debug)]
pub struct AccountIdentity {
    /// The id that the target gave it.
    pub target_id: String,
    /// Its grant at the provider.
    pub grant: GrantId,
    /// The user at the provider.
    pub user: String,
    /// The client's name.
    pub client: String,
    /// The authentication scheme, in the target's words.
    pub scheme: String,
}

impl AccountIdentity {
    /// Whether it is one that can hold tokens which a provider revokes.
    pub fn is_oauth2(&self) -> bool {
        self.scheme == Connect::OAUTH2
    }
}

/// A step that has run.
#[derive(Clone, Debug)]
pub struct StepRecord {
    /// The number of the step in its scenario, counted from 0.
    pub index: usize,
    /// The step.
    pub step: Step,
    /// How things stood before.
    pub before: World,
    /// How the ledger stood when the call was answered, and what reads said right after.
    pub after: World,
    /// The call to the target, if the step makes one.
    pub call: Option<Call>,
    /// The reads that followed, by account.
    pub reads: BTreeMap<String, Call>,
    /// Every request that the provider received during the call.
    pub entries: Vec<Entry>,
    /// Dispatches that came after the call's answer and before the next step.
    pub strays: Vec<Entry>,
}

/// How every account stands.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// By the account's name.
    pub accounts: BTreeMap<String, AccountWorld>,
}

/// How one account stands.
#[derive(Clone, Debug)]
pub struct AccountWorld {
    /// What the target says of it.
    pub status: ReadStatus,
    /// Whether the scenario has deleted it.
    pub deleted: bool,
    /// Every token of its grant, in the order of issue.
    pub tokens: Vec<TokenView>,
    /// Those among them that the provider brought into being and the target was never given: the
    /// answer that carried them did not come, or not whole.
    pub never_given: BTreeSet<TokenId>,
}

/// What a read says of an account's status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadStatus {
    /// A status of the contract.
    Known(AccountStatus),
    /// There is no such account (404).
    Missing,
    /// Something that the runner cannot read, and why.
    Unreadable(String),
}

impl std::fmt::Display for ReadStatus {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known(status) => status.fmt(formatter),
            Self::Missing => formatter.write_str("no such account"),
            Self::Unreadable(why) => write!(formatter, "not readable ({why})"),
        }
    }
}

impl AccountWorld {
    /// The token of a kind that the account holds: the newest that the target was given, since only
    /// the target refreshes.
    pub fn held(&self, subject: Subject) -> Option<&TokenView> {
        self.tokens
            .iter()
            .rev()
            .find(|token| token.id.subject == subject && !self.never_given.contains(&token.id))
    }

    /// One of its tokens.
    pub fn token(&self, id: TokenId) -> Option<&TokenView> {
        self.tokens.iter().find(|token| token.id == id)
    }

    /// The state of the token of a kind that it holds.
    pub fn state(&self, subject: Subject) -> TokenState {
        self.held(subject)
            .map_or(TokenState::Absent, |token| token.state)
    }

    /// The state of one token.
    pub fn state_of(&self, id: TokenId) -> TokenState {
        self.token(id)
            .map_or(TokenState::Absent, |token| token.state)
    }

    /// Whether the last read said so.
    pub fn is(&self, status: AccountStatus) -> bool {
        self.status == ReadStatus::Known(status)
    }
}

/// A call to the target.
#[derive(Clone, Debug)]
pub struct Call {
    /// What was sent.
    pub sent: Sent,
    /// What came of it.
    pub outcome: CallOutcome,
    /// How long it took.
    pub elapsed: Duration,
}

/// What was sent to the target.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// The method.
    pub method: String,
    /// The path and query.
    pub path: String,
    /// The headers, the key's among them.
    pub headers: Vec<(String, String)>,
    /// The body; none if there is none.
    pub body: Option<String>,
}

/// What came of a call.
#[derive(Clone, Debug)]
pub enum CallOutcome {
    /// A complete answer.
    Answered(Answered),
    /// None, or not a whole one.
    Failed(CallFailure),
}

/// A complete answer.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Why there is no complete answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallFailure {
    /// No connection.
    NotConnected(String),
    /// A connection, and over it no TLS.
    NoTls(String),
    /// TLS, by a certificate that is not trusted.
    NotTrusted(String),
    /// The connection ended before a whole answer.
    Broken(String),
    /// Not within the limit, in milliseconds.
    TimedOut(u128),
    /// Longer than the limit, in bytes.
    TooLong(usize),
}

impl std::fmt::Display for CallFailure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotConnected(why) => write!(formatter, "no connection: {why}"),
            Self::NoTls(why) => write!(formatter, "no TLS: {why}"),
            Self::NotTrusted(why) => write!(formatter, "a certificate that is not trusted: {why}"),
            Self::Broken(why) => write!(
                formatter,
                "the connection ended before a whole answer: {why}"
            ),
            Self::TimedOut(limit) => write!(formatter, "no whole answer within {limit} ms"),
            Self::TooLong(limit) => write!(formatter, "an answer longer than {limit} bytes"),
        }
    }
}

impl Call {
    /// The answer, if there is a whole one.
    pub const fn answered(&self) -> Option<&Answered> {
        match &self.outcome {
            CallOutcome::Answered(answered) => Some(answered),
            CallOutcome::Failed(_) => None,
        }
    }

    /// Whether it was answered with a 2xx.
    pub fn is_success(&self) -> bool {
        self.answered().is_some_and(Answered::is_success)
    }

    /// The status code, if there is an answer.
    pub fn status(&self) -> Option<u16> {
        self.answered().map(|answered| answered.status)
    }
}

impl Answered {
    /// The body as JSON.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Whether the status is a 2xx.
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }

    /// The status line, headers and body as one text.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n", self.status);
        for (name, value) in &self.headers {
            text.extend([
                name.as_str(),
                ": ",
                &String::from_utf8_lossy(value.as_bytes()),
                "\n",
            ]);
        }
        text.push('\n');
        text.push_str(&String::from_utf8_lossy(&self.body));
        text
    }
}

/// An id in an answer as text, for those which are numbers there.
pub fn id_in_words(id: &serde_json::Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}
