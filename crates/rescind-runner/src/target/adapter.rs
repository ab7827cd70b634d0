//! The adapter: the calls of a target file, with their holes filled.

use std::sync::Arc;
use std::time::Duration;

use rescind_model::case_evidence::Purpose;
use rescind_model::scenario::{Key, RequestBody, Revoke};
use rescind_model::secret::Secret;
use rescind_model::target::{Limits, RequestTemplate, Target};
use rescind_model::template::{self, Escape, TemplateError, Variables};
use serde_json::Value;

use super::rate_limit::Patience;
use super::{Client, RunningAdapter, TurnedAway, Untouched};
use crate::clock::wait_out_rate_limit;
use crate::exchanges::{Recorder, Ticket};
use crate::record::{Answered, Call, CallOutcome, ReadStatus, Sent};

/// A target that can be called.
#[derive(Clone, Debug)]
pub struct Adapter {
    target: Target,
    base_url: String,
    keys: ApiKeys,
    client: Client,
    command: Option<Arc<RunningAdapter>>,
    /// Who hears every call, if somebody asked for it.
    recorder: Option<Arc<Recorder>>,
}

/// The keys that calls may carry.
#[derive(Clone, Debug)]
pub struct ApiKeys {
    /// The one that may do everything in its project.
    pub main: Secret,
    /// One that may read and not write, where the target file has one.
    pub read_only: Option<Secret>,
    /// One of another project, where the target file has one.
    pub other_project: Option<Secret>,
    /// The headers that every call carries beside, by name, and whose values are secrets.
    pub headers: Vec<(String, Secret)>,
}

impl ApiKeys {
    /// Every key, and whatever else of a call's headers is secret.
    pub fn all(&self) -> impl Iterator<Item = &Secret> {
        [
            Some(&self.main),
            self.read_only.as_ref(),
            self.other_project.as_ref(),
        ]
        .into_iter()
        .flatten()
        .chain(self.headers.iter().map(|(_, value)| value))
    }
}

/// Why a call could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// A hole cannot be filled.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The target file has no such key.
    #[error("the target file has no `[{0}]`")]
    NoSuchKey(&'static str),
    /// The target turned it away for too long.
    #[error(transparent)]
    TurnedAway(#[from] TurnedAway),
}

impl Adapter {
    /// A target at an address, with a key.
    pub const fn new(target: Target, base_url: String, keys: ApiKeys, client: Client) -> Self {
        Self {
            target,
            base_url,
            keys,
            client,
            command: None,
            recorder: None,
        }
    }

    /// The same, that has a command put clients and accounts into the target, if there is one.
    #[must_use]
    pub fn with_command(mut self, command: Option<Arc<RunningAdapter>>) -> Self {
        self.command = command;
        self
    }

    /// The same target, and somebody who hears every call to it.
    #[must_use]
    pub fn heard_by(mut self, recorder: Arc<Recorder>) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// The target file.
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// The keys that calls may carry.
    pub const fn keys(&self) -> &ApiKeys {
        &self.keys
    }

    /// The target's address.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Who hears every call, if somebody asked for it.
    pub(super) fn recorder(&self) -> Option<&Recorder> {
        self.recorder.as_deref()
    }

    /// The command that puts clients and accounts into the target, if there is one.
    pub(super) fn command(&self) -> Option<&RunningAdapter> {
        self.command.as_deref()
    }

    /// The target's limits.
    pub const fn limits(&self) -> &Limits {
        self.target.limits.get()
    }

    /// Calls the revoke endpoint as a step asks. `target_id` is what goes into the path. One that the
    /// target turns away by 429 is repeated in its time, as long as the provider shows
    /// nothing that came of it.
    ///
    /// # Errors
    /// A hole that cannot be filled, a key that the target file does not have, or a target that turns
    /// it away for too long.
    pub async fn revoke(
        &self,
        step: &Revoke,
        target_id: &str,
        variables: &Variables,
        untouched: Option<&Untouched>,
    ) -> Result<Call, CallError> {
        let mut variables = variables.clone();
        variables.insert("account_id".into(), Value::String(target_id.to_owned()));
        let mut sent = self.fill(&self.target.revoke.request, &variables)?;
        if let Some(method) = &step.method {
            sent.method.clone_from(method.get());
        }
        self.replace_key(&mut sent, step.key)?;
        match step.body {
            RequestBody::Absent => {}
            RequestBody::EmptyJson => sent
                .headers
                .push(("content-type".into(), "application/json".into())),
            RequestBody::EmptyObject => {
                sent.headers
                    .push(("content-type".into(), "application/json".into()));
                sent.body = Some("{}".into());
            }
        }
        let limit = Duration::from_secs_f64(self.limits().revoke_seconds);
        let request = &self.target.revoke.request;
        let manner = Manner {
            purpose: Purpose::Step,
            limit,
            untouched,
        };
        Ok(self.send_in_turn(request, sent, manner).await?.0)
    }

    /// Puts the key that a step asks for in the place of the main one.
    fn replace_key(&self, sent: &mut Sent, key: Key) -> Result<(), CallError> {
        let header = self.target.api_key.header.as_str();
        let other = match key {
            Key::Right => return Ok(()),
            Key::Missing => {
                sent.headers.retain(|(name, _)| name != header);
                return Ok(());
            }
            Key::Wrong => WRONG_KEY,
            Key::ReadOnly => of_target(self.keys.read_only.as_ref(), "read_only_api_key")?,
            Key::OtherProject => {
                of_target(self.keys.other_project.as_ref(), "other_project_api_key")?
            }
        };
        for (_, value) in sent.headers.iter_mut().filter(|(name, _)| name == header) {
            *value = value.replace(self.keys.main.expose(), other);
        }
        Ok(())
    }

    /// Makes one of the target's other calls, of which nothing is known that it could have done when
    /// it was turned away.
    ///
    /// # Errors
    /// A hole that cannot be filled, or a target that turns it away for too long.
    pub async fn call(
        &self,
        request: &RequestTemplate,
        variables: &Variables,
    ) -> Result<Call, CallError> {
        self.call_while(request, variables, None).await
    }

    /// Makes one of the target's other calls. One that the target turns away by 429 is repeated in
    /// its time, as long as the provider shows nothing that came of it.
    ///
    /// # Errors
    /// A hole that cannot be filled, or a target that turns it away for too long.
    pub async fn call_while(
        &self,
        request: &RequestTemplate,
        variables: &Variables,
        untouched: Option<&Untouched>,
    ) -> Result<Call, CallError> {
        let sent = self.fill(request, variables)?;
        let manner = Manner {
            purpose: Purpose::Step,
            limit: self.call_limit(),
            untouched,
        };
        Ok(self.send_in_turn(request, sent, manner).await?.0)
    }

    /// Makes one of the target's other calls with another key than the main one.
    ///
    /// # Errors
    /// A hole that cannot be filled, or a key that the target file does not have.
    pub async fn call_as(
        &self,
        key: Key,
        request: &RequestTemplate,
        variables: &Variables,
    ) -> Result<Call, CallError> {
        let mut sent = self.fill(request, variables)?;
        self.replace_key(&mut sent, key)?;
        let manner = self.manner(Purpose::Step);
        Ok(self.send_in_turn(request, sent, manner).await?.0)
    }

    /// Reads an account and says what status it has.
    ///
    /// # Errors
    /// A hole that cannot be filled, or a target that turns it away for too long.
    pub async fn read(&self, variables: &Variables) -> Result<(Call, ReadStatus), CallError> {
        let request = &self.target.read.request;
        let sent = self.fill(request, variables)?;
        let manner = self.manner(Purpose::Look);
        let (call, _) = self.send_in_turn(request, sent, manner).await?;
        let status = self.status_said_by(&call);
        Ok((call, status))
    }

    /// What the answer to a read says of its account's status.
    pub fn status_said_by(&self, call: &Call) -> ReadStatus {
        match &call.outcome {
            CallOutcome::Answered(answered) => self.status_of(answered),
            CallOutcome::Failed(failure) => ReadStatus::Unreadable(failure.to_string()),
        }
    }

    fn status_of(&self, answered: &Answered) -> ReadStatus {
        let words = &self.target.words;
        if words.means(answered.status, 404) || answered.status == 410 {
            return ReadStatus::Missing;
        }
        if !answered.is_success() {
            return ReadStatus::Unreadable(format!("answered {}", answered.status));
        }
        let pointer = self.target.read.account_status.as_str();
        let json = answered.json().unwrap_or_default();
        match json.pointer(pointer).and_then(Value::as_str) {
            // The word itself is not shown: whatever stands there may be a secret.
            Some(word) => words.account_status(word).map_or_else(
                || {
                    ReadStatus::Unreadable(format!(
                        "the text at `{pointer}` stands for no status of the contract"
                    ))
                },
                ReadStatus::Known,
            ),
            None => ReadStatus::Unreadable(format!("no text at `{pointer}`")),
        }
    }

    fn call_limit(&self) -> Duration {
        Duration::from_secs_f64(self.limits().call_seconds)
    }

    /// How calls are made of which nothing is known that the target could have done.
    pub(super) fn manner(&self, purpose: Purpose) -> Manner<'static> {
        Manner {
            purpose,
            limit: self.call_limit(),
            untouched: None,
        }
    }

    /// Makes a call, and makes it again while the target turns it away by 429: in its time, and
    /// within the bound that the target file states. A 429 that is one of the target's own words is
    /// an answer as any. Says as which call it was heard, if somebody hears it.
    pub(super) async fn send_in_turn(
        &self,
        request: &RequestTemplate,
        sent: Sent,
        manner: Manner<'_>,
    ) -> Result<(Call, Option<Ticket>), TurnedAway> {
        let seconds = self.limits().rate_limit_seconds;
        let mut patience = Patience::new(Duration::from_secs_f64(seconds));
        loop {
            let (call, ticket) = self.send(sent.clone(), &manner).await;
            let turned_away = call.answered().filter(|answered| {
                answered.status == TOO_MANY_REQUESTS
                    && seconds > 0.0
                    && !self.target.words.uses(answered.status)
            });
            let Some(answered) = turned_away else {
                return Ok((call, ticket));
            };
            if let Some(untouched) = manner.untouched
                && !untouched.is_still_so().await
            {
                return Ok((call, ticket));
            }
            let Some(wait) = patience.next_wait(&answered.headers) else {
                let call = request.in_words();
                return Err(TurnedAway { call, seconds });
            };
            wait_out_rate_limit(wait).await;
        }
    }

    async fn send(&self, sent: Sent, manner: &Manner<'_>) -> (Call, Option<Ticket>) {
        let recorder = self.recorder.as_ref();
        // What is broken off by its client was begun all the same.
        let ticket = match recorder {
            Some(recorder) => Some(recorder.call(&sent, manner.purpose).await),
            None => None,
        };
        let longest_answer = self.limits().answer_bytes;
        let sending = self
            .client
            .send(&self.base_url, sent, manner.limit, longest_answer);
        let call = sending.await;
        if let (Some(recorder), Some(ticket)) = (recorder, ticket) {
            recorder.ended(ticket, &call);
        }
        (call, ticket)
    }

    pub(super) fn fill(
        &self,
        request: &RequestTemplate,
        variables: &Variables,
    ) -> Result<Sent, TemplateError> {
        let key = Variables::from([(
            "api_key".to_owned(),
            Value::String(self.keys.main.expose().to_owned()),
        )]);
        let api_key = &self.target.api_key;
        let mut headers = vec![
            ("accept".to_owned(), "application/json".to_owned()),
            (
                api_key.header.get().clone(),
                template::fill(&api_key.value, &key, Escape::None)?,
            ),
        ];
        let literal = self.target.headers.iter();
        headers.extend(literal.map(|(name, value)| (name.clone(), value.get().clone())));
        let secret = self.keys.headers.iter();
        headers.extend(secret.map(|(name, value)| (name.clone(), value.expose().to_owned())));
        let body = match &request.json {
            Some(json) => template::fill_json(json, variables)?.map(|json| json.to_string()),
            None => None,
        };
        if body.is_some() {
            headers.push(("content-type".into(), "application/json".into()));
        }
        Ok(Sent {
            method: request.method.get().clone(),
            path: template::fill(&request.path, variables, Escape::PathSegment)?,
            headers,
            body,
        })
    }
}

/// How a call is made.
pub(super) struct Manner<'a> {
    /// What it is for.
    pub(super) purpose: Purpose,
    /// How long it may take.
    pub(super) limit: Duration,
    /// What shows whether the target has done something of it, where that is known.
    pub(super) untouched: Option<&'a Untouched>,
}

/// What a target says that turns a call away for a while (RFC 6585, section 4).
const TOO_MANY_REQUESTS: u16 = 429;

/// A key that no target has seen.
const WRONG_KEY: &str = "rescind-sends-a-wrong-key";

fn of_target<'a>(key: Option<&'a Secret>, name: &'static str) -> Result<&'a str, CallError> {
    key.map(Secret::expose).ok_or(CallError::NoSuchKey(name))
}
