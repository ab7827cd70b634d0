//! Puts clients and accounts into a target, and takes them out again: steps of the target file, in
//! their order, each filled with what the ones before it captured.

use std::ops::Range;

use rescind_model::case_evidence::Purpose;
use rescind_model::target::HttpStep;
use rescind_model::template::{TemplateError, Variables};

use super::{Adapter, AdapterFailure, TurnedAway};
use crate::record::{Answered, CallFailure, CallOutcome, id_in_words};

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
    /// The target turned it away for too long.
    TurnedAway(TurnedAway),
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
            ProvisioningFailure::TurnedAway(turned_away) => {
                write!(formatter, "{}", turned_away.why())
            }
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
    /// Puts an OAuth client of the provider into the target, by steps or by a command. Returns what
    /// became known by it, with what was given.
    ///
    /// # Errors
    /// The first step that did not work, or what the command says.
    pub async fn connect_client(&self, facts: Variables) -> Result<Variables, ProvisioningError> {
        match self.command() {
            None => self.provision(&self.target().client_steps, facts).await,
            Some(command) => command
                .client(facts, Some(self.base_url()))
                .await
                .map_err(|failure| self.command_failed("client", failure)),
        }
    }

    fn command_failed(&self, word: &str, failure: AdapterFailure) -> ProvisioningError {
        let stated = self.target().adapter.as_ref();
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
        let variables = match self.command() {
            None => {
                let steps = &self.target().account_steps;
                self.provision(steps, variables).await?
            }
            Some(command) => command
                .account(variables, &self.target().words, Some(self.base_url()))
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
            let fail_at = |place, failure| ProvisioningError {
                call: step.request.in_words(),
                place,
                failure,
            };
            let fail = |failure| fail_at(step.request.path.span(), failure);
            let sent = self
                .fill(&step.request, &variables)
                .map_err(|error| fail(ProvisioningFailure::Template(error)))?;
            let manner = self.manner(Purpose::Setup);
            let (call, ticket) = self
                .send_in_turn(&step.request, sent, manner)
                .await
                .map_err(|turned_away| fail(ProvisioningFailure::TurnedAway(turned_away)))?;
            let answered = match call.outcome {
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
                let value = value.ok_or_else(missing)?;
                if let (Some(recorder), Some(ticket)) = (self.recorder(), ticket) {
                    recorder.captured(ticket, name, pointer, id_in_words(value));
                }
                variables.insert(name.clone(), value.clone());
            }
        }
        Ok(variables)
    }

    /// Empties the target, as far as its file says how.
    ///
    /// # Errors
    /// The first step that did not work.
    pub async fn reset(&self) -> Result<(), ProvisioningError> {
        let steps = &self.target().reset_steps;
        self.provision(steps, Variables::new()).await.map(|_| ())
    }

    /// Takes an account out of the target again, as far as its file says how.
    ///
    /// # Errors
    /// The first step that did not work.
    pub async fn clean_up(&self, account: &Connected) -> Result<(), ProvisioningError> {
        let steps = &self.target().cleanup_steps;
        let variables = account.variables.clone();
        self.provision(steps, variables).await.map(|_| ())
    }
}
