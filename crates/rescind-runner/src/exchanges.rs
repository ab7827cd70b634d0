//! Keeps every call of a case to its target, in order and timed, for whoever asks for the evidence
//! of cases in which nothing was found. Where nobody does, there is no [`Recorder`], and nothing is
//! kept.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use rescind_model::case_evidence::Purpose;
use rescind_model::secret::Secret;
use rescind_provider::Entry;
use rescind_provider::ledger::{GrantId, Moment, TokenId};

use crate::clock::Stopwatch;
use crate::provider_access::{AccessError, RegisteredClient, TenantAccess};
use crate::record::{Call, CallOutcome, Sent};

/// How much of an answer's body is kept, in bytes. The journal of a provider keeps as much.
const KEPT_BODY: usize = 4096;

/// Hears what a case asks of its target.
#[derive(Debug)]
pub struct Recorder {
    tenant: TenantAccess,
    clock: Stopwatch,
    /// What the provider's clock showed when this one began.
    began: Moment,
    heard: Mutex<Heard>,
}

/// What was heard so far.
#[derive(Debug, Default)]
struct Heard {
    steps: Vec<KeptStep>,
    calls: Vec<KeptCall>,
    clients: Vec<KeptClient>,
}

/// What was kept of a case. It holds secrets.
#[derive(Debug)]
pub struct KeptCase {
    /// The steps that were begun.
    pub steps: Vec<KeptStep>,
    /// Every call to the target, in the order in which they began.
    pub calls: Vec<KeptCall>,
    /// Every request to the provider, in the order in which they took effect.
    pub entries: Vec<Entry>,
    /// What the provider's clock showed when the case began.
    pub began: Moment,
    /// Whether the provider's journal had dropped requests.
    pub is_incomplete: bool,
    /// The provider's addresses, by the names of shell variables.
    pub addresses: Vec<(String, String)>,
    /// The provider's clients.
    pub clients: Vec<KeptClient>,
    /// Its tokens.
    pub tokens: Vec<(TokenId, Secret)>,
}

/// A client at the provider.
#[derive(Debug)]
pub struct KeptClient {
    /// Its name in the scenario.
    pub name: String,
    /// Its `client_id`.
    pub id: String,
    /// Its `client_secret`.
    pub secret: Secret,
}

/// A step that was begun.
#[derive(Clone, Copy, Debug)]
pub struct KeptStep {
    /// Its number in the scenario, counted from 0.
    pub index: usize,
    /// When it began.
    pub offset: Duration,
    /// How many requests the provider had received by then.
    pub received: u64,
}

/// A call to the target.
#[derive(Debug)]
pub struct KeptCall {
    /// The number of the step that was the last to begin before it, counted from 0.
    pub step: usize,
    /// When it began.
    pub offset: Duration,
    /// How many requests the provider had received by then.
    pub received: u64,
    /// What it is for.
    pub purpose: Purpose,
    /// What was sent.
    pub sent: Sent,
    /// What came of it, and when; none if its client broke it off.
    pub ended: Option<(CallOutcome, Duration)>,
    /// What was captured of its answer: by which name, from where, and what.
    pub captured: Vec<(String, String, String)>,
}

/// Which call of a recorder's it is.
#[derive(Clone, Copy, Debug)]
pub struct Ticket(usize);

impl Recorder {
    /// Begins to hear. The time of the case begins now.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn begin(tenant: &TenantAccess) -> Result<Self, AccessError> {
        let seen = tenant.tokens([]).await?;
        Ok(Self {
            tenant: tenant.clone(),
            clock: Stopwatch::start(),
            began: seen.elapsed,
            heard: Mutex::default(),
        })
    }

    /// A step begins.
    pub async fn step(&self, index: usize) {
        let (offset, received) = (self.clock.elapsed(), self.received().await);
        let step = KeptStep {
            index,
            offset,
            received,
        };
        self.heard().steps.push(step);
    }

    /// The case has a client at the provider.
    pub fn client(&self, name: &str, registered: &RegisteredClient) {
        self.heard().clients.push(KeptClient {
            name: name.to_owned(),
            id: registered.client_id.clone(),
            secret: registered.client_secret.clone(),
        });
    }

    /// A call begins.
    pub async fn call(&self, sent: &Sent, purpose: Purpose) -> Ticket {
        let (offset, received) = (self.clock.elapsed(), self.received().await);
        let mut heard = self.heard();
        let step = heard.steps.last().map_or(0, |step| step.index);
        heard.calls.push(KeptCall {
            step,
            offset,
            received,
            purpose,
            sent: sent.clone(),
            ended: None,
            captured: Vec::new(),
        });
        Ticket(heard.calls.len() - 1)
    }

    /// A call ended. Of a long answer only the beginning is kept.
    pub fn ended(&self, ticket: Ticket, call: &Call) {
        let mut outcome = call.outcome.clone();
        if let CallOutcome::Answered(answered) = &mut outcome
            && answered.body.len() > KEPT_BODY
        {
            answered.body = Bytes::copy_from_slice(&answered.body[..KEPT_BODY]);
        }
        if let Some(kept) = self.heard().calls.get_mut(ticket.0) {
            kept.ended = Some((outcome, call.elapsed));
        }
    }

    /// Something was captured of the answer to a call.
    pub fn captured(&self, ticket: Ticket, name: &str, pointer: &str, value: String) {
        if let Some(kept) = self.heard().calls.get_mut(ticket.0) {
            let captured = (name.to_owned(), pointer.to_owned(), value);
            kept.captured.push(captured);
        }
    }

    /// What was heard up to now, every request to the provider beside it, and the tokens of these
    /// grants.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn kept(&self, grants: Vec<GrantId>) -> Result<KeptCase, AccessError> {
        let seen = self.tenant.observe(0, grants).await?;
        let heard = std::mem::take(&mut *self.heard());
        let addresses = self.tenant.addresses();
        let own = ("PROVIDER".to_owned(), addresses.own.clone());
        let hosts = addresses.hosts.iter();
        let hosts = hosts.map(|(name, url)| (format!("PROVIDER_{}", variable(name)), url.clone()));
        let tokens = seen.tokens.into_values().flatten();
        Ok(KeptCase {
            steps: heard.steps,
            calls: heard.calls,
            entries: seen.entries,
            began: self.began,
            is_incomplete: seen.lost,
            addresses: std::iter::once(own).chain(hosts).collect(),
            clients: heard.clients,
            tokens: tokens
                .map(|token| (token.id, Secret::new(token.text)))
                .collect(),
        })
    }

    /// How many requests the provider has received. One that does not answer is found out by the next
    /// look at it.
    async fn received(&self) -> u64 {
        let received = self.tenant.received().await;
        received.unwrap_or_default()
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        // What is kept is whole after every change.
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A name as shells take it for a variable.
pub fn variable(name: &str) -> String {
    let characters = name.chars();
    characters
        .map(|character| match character {
            letter if letter.is_ascii_alphanumeric() => letter.to_ascii_uppercase(),
            _ => '_',
        })
        .collect()
}
