//! The adapter: the calls of a target file, with their holes filled.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use rescind_model::scenario::{Key, RequestBody, Revoke};
use rescind_model::secret::Secret;
use rescind_model::target::{HttpStep, Limits, RequestTemplate, Target};
use rescind_model::template::{self, Escape, TemplateError, Variables};
use serde_json::Value;

use super::{AdapterFailure, Client, RunningAdapter};
use crate::record::{Answered, Call, CallFailure, CallOutcome, ReadStatus, Sent, id_in_words};

/// A target that can be called.
#[derive(Clone, Debug)]
pub struct Adapter {
    target: Target,
    base_url: String,
    keys: ApiKeys,
    client: Client,
    command: Option<Arc<RunningAdapter>>,
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
}

/// An account that was put into the target.
#[derive(Clone, Debug)]
pub struct Connected {
    /// The id that the target gave it.
    pub target_id: String,
    /// What the calls' templates are filled with.
    pub variables: Variables,
}

/// What the provider knows of an account that is to be put into the target.
#[derive(Clone, Debug)]
pub struct ConnectionFacts {
    /// For the client steps: the provider's address, the client and its credentials.
    pub client: Variables,
    /// For the account steps: the account, its tokens and status.
    pub account: Variables,
}

/// Why an account could not be put into the target: never a finding.
#[derive(Clone, Debug)]
pub struct ProvisioningError {
    /// What was attempted: `POST /api/…`.
    pub call: String,
    /// What in the target file is to blame, or made the attempt.
    pub place: Range<usize>,
    /// What came of it.
    pub failure: ProvisioningFailure,
}

/// What went wrong with a provisioning step.
#[derive(Clone, Debug)]
pub enum ProvisioningFailure {
    /// A hole could not be filled.
    Template(TemplateError),
    /// There was no whole answer.
    NoAnswer(CallFailure),
    /// Another status code than the ones that mean that it worked.
    Status(Box<Answered>),
    /// The answer lacks what is to be captured.
    Capture {
        /// The name that it was to get.
        name: String,
        /// The JSON pointer to it.
        pointer: String,
        /// The answer.
        answered: Box<Answered>,
    },
    /// The adapter's command did not do it.
    Command(AdapterFailure),
}

impl ProvisioningError {
    /// Why there is no such thing at the target, if the adapter's command says so.
    pub fn incapacity(&self) -> Option<String> {
        match &self.failure {
            ProvisioningFailure::Command(failure) if failure.cannot => Some(failure.to_string()),
            _ => None,
        }
    }
}

impl std::fmt::Display for ProvisioningError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !matches!(self.failure, ProvisioningFailure::Command(_)) {
            write!(formatter, "`{}` ", self.call)?;
        }
        match &self.failure {
            ProvisioningFailure::Command(failure) => failure.fmt(formatter),
            ProvisioningFailure::Template(error) => {
                write!(formatter, "has a hole that cannot be filled: {error}")
            }
            ProvisioningFailure::NoAnswer(why) => write!(formatter, "was not answered: {why}"),
            ProvisioningFailure::Status(answered) => {
                write!(formatter, "was answered {}", answered.status)
            }
            ProvisioningFailure::Capture { name, pointer, .. } => {
                write!(
                    formatter,
                    "was answered without `{pointer}`, where `{name}` is to be found"
                )
            }
        }
    }
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
        }
    }

    /// The same, that has a command put clients and accounts into the target, if there is one.
    #[must_use]
    pub fn with_command(mut self, command: Option<Arc<RunningAdapter>>) -> Self {
        self.command = command;
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

    /// The target's limits.
    pub const fn limits(&self) -> &Limits {
        self.target.limits.get()
    }

    /// Puts an OAuth client of the provider into the target, by steps or by a command. Returns what
    /// became known by it, with what was given.
    ///
    /// # Errors
    /// The first step that did not work, or what the command says.
    pub async fn connect_client(&self, facts: Variables) -> Result<Variables, ProvisioningError> {
        match &self.command {
            None => self.provision(&self.target.client_steps, facts).await,
            Some(command) => command
                .client(facts, Some(&self.base_url))
                .await
                .map_err(|failure| self.command_failed("client", failure)),
        }
    }

    fn command_failed(&self, word: &str, failure: AdapterFailure) -> ProvisioningError {
        let stated = self.target.adapter.as_ref();
        ProvisioningError {
            call: word.to_owned(),
            place: stated
                .map(|stated| stated.command.span())
                .unwrap_or_default(),
            failure: ProvisioningFailure::Command(failure),
        }
    }

    /// Puts an account into the target, by steps or by a command.
    ///
    /// # Errors
    /// The first step that did not work, or what the command says.
    pub async fn connect_account(
        &self,
        facts: ConnectionFacts,
    ) -> Result<Connected, ProvisioningError> {
        let mut variables = facts.client;
        variables.extend(facts.account);
        let variables = match &self.command {
            None => {
                let steps = &self.target.account_steps;
                self.provision(steps, variables).await?
            }
            Some(command) => command
                .account(variables, &self.target.words, Some(&self.base_url))
                .await
                .map_err(|failure| self.command_failed("account", failure))?,
        };
        let target_id = variables
            .get("account_id")
            .map(id_in_words)
            .unwrap_or_default();
        Ok(Connected {
            target_id,
            variables,
        })
    }

    async fn provision(
        &self,
        steps: &[HttpStep],
        mut variables: Variables,
    ) -> Result<Variables, ProvisioningError> {
        for step in steps {
            let call = format!("{} {}", *step.request.method, *step.request.path);
            let fail_at = |place, failure| ProvisioningError {
                call: call.clone(),
                place,
                failure,
            };
            let fail = |failure| fail_at(step.request.path.span(), failure);
            let sent = self
                .fill(&step.request, &variables)
                .map_err(|error| fail(ProvisioningFailure::Template(error)))?;
            let answered = match self.send(sent, self.call_limit()).await.outcome {
                CallOutcome::Answered(answered) => answered,
                CallOutcome::Failed(failure) => {
                    return Err(fail(ProvisioningFailure::NoAnswer(failure)));
                }
            };
            let worked = if step.expect.is_empty() {
                answered.is_success()
            } else {
                step.expect.contains(&answered.status)
            };
            if !worked {
                return Err(fail(ProvisioningFailure::Status(Box::new(answered))));
            }
            let json = answered.json().unwrap_or_default();
            for (name, pointer) in &step.capture {
                let value = json.pointer(pointer).filter(|value| !value.is_null());
                let missing = || {
                    let failure = ProvisioningFailure::Capture {
                        name: name.clone(),
                        pointer: pointer.get().clone(),
                        answered: Box::new(answered.clone()),
                    };
                    fail_at(pointer.span(), failure)
                };
                variables.insert(name.clone(), value.ok_or_else(missing)?.clone());
            }
        }
        Ok(variables)
    }

    /// Calls the revoke endpoint as a step asks. `target_id` is what goes into the path.
    ///
    /// # Errors
    /// A hole that cannot be filled, or a key that the target file does not have.
    pub async fn revoke(
        &self,
        step: &Revoke,
        target_id: &str,
        variables: &Variables,
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
        Ok(self
            .send(sent, Duration::from_secs_f64(self.limits().revoke_seconds))
            .await)
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

    /// Makes one of the target's other calls.
    ///
    /// # Errors
    /// A hole that cannot be filled.
    pub async fn call(
        &self,
        request: &RequestTemplate,
        variables: &Variables,
    ) -> Result<Call, TemplateError> {
        let sent = self.fill(request, variables)?;
        Ok(self.send(sent, self.call_limit()).await)
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
        Ok(self.send(sent, self.call_limit()).await)
    }

    /// Reads an account and says what status it has.
    ///
    /// # Errors
    /// A hole that cannot be filled.
    pub async fn read(&self, variables: &Variables) -> Result<(Call, ReadStatus), TemplateError> {
        let call = self.call(&self.target.read.request, variables).await?;
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

    async fn send(&self, sent: Sent, limit: Duration) -> Call {
        self.client
            .send(&self.base_url, sent, limit, self.limits().answer_bytes)
            .await
    }

    fn fill(
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

/// A key that no target has seen.
const WRONG_KEY: &str = "rescind-sends-a-wrong-key";

fn of_target<'a>(key: Option<&'a Secret>, name: &'static str) -> Result<&'a str, CallError> {
    key.map(Secret::expose).ok_or(CallError::NoSuchKey(name))
}
