//! Is the target up, and what becomes of a step that puts something into it?

use rescind_model::target::{HttpStep, Target};
use rescind_model::template::TemplateError;

use super::examiner::Examiner;
use super::{About, pointers, said};
use crate::record::{Answered, CallFailure};
use crate::target::{AdapterFailure, CallError, ProvisioningError, ProvisioningFailure};

impl Examiner<'_> {
    /// The target has answered, whatever it said.
    pub(super) fn note_answer(&mut self) {
        if !self.has_answered {
            self.has_answered = true;
            let seen = format!("{} answers", self.adapter.base_url());
            self.fine(About::Connection, seen);
        }
    }

    /// Says what is wrong after a step that did not work.
    pub(super) fn step_failed(&mut self, about: About, error: &ProvisioningError) {
        let answers = matches!(
            error.failure,
            ProvisioningFailure::Status(_)
                | ProvisioningFailure::Capture { .. }
                | ProvisioningFailure::TurnedAway(_)
        );
        let by_command = matches!(error.failure, ProvisioningFailure::Command(_));
        if answers || !by_command && !self.is_first_step(error) {
            self.note_answer();
        }
        let place = error.place.clone();
        match &error.failure {
            ProvisioningFailure::NoAnswer(failure) if !self.has_answered => {
                self.not_reached(&error.to_string(), failure);
            }
            ProvisioningFailure::NoAnswer(failure) => {
                let hint = hint_for_silence(failure);
                self.problem(about, place, error.to_string(), hint);
            }
            ProvisioningFailure::Status(answered) => self.step_refused(about, error, answered),
            ProvisioningFailure::Capture {
                pointer, answered, ..
            } => {
                let json = answered.json();
                let hint = pointers::hint(json.as_ref(), pointer, &self.scanner, |_| false);
                self.problem(about, place, error.to_string(), hint);
            }
            ProvisioningFailure::TurnedAway(_) => {
                let hint = "the bound is `rate_limit_seconds` under `[limits]`";
                self.problem(about, place, error.to_string(), hint);
            }
            ProvisioningFailure::Template(template) => {
                let hint = hint_for_hole(template);
                self.problem(about, place, error.to_string(), hint);
            }
            ProvisioningFailure::Command(failure) => self.command_failed(about, error, failure),
        }
    }

    /// What the command that puts accounts into the target says that its target does not have needs
    /// no mending.
    fn command_failed(
        &mut self,
        about: About,
        error: &ProvisioningError,
        failure: &AdapterFailure,
    ) {
        if failure.cannot {
            self.not_asked(about, failure.to_string());
        } else {
            self.problem(
                about,
                error.place.clone(),
                failure.to_string(),
                &*failure.hint,
            );
        }
    }

    /// Whether it is the very first thing that is asked of the target.
    fn is_first_step(&self, error: &ProvisioningError) -> bool {
        let target = self.target;
        let mut steps = target.reset_steps.iter().chain(&target.client_steps);
        let first = steps.next().or_else(|| target.account_steps.first());
        first.is_some_and(|step| step.request.path.span() == error.place)
    }

    pub(super) fn not_reached(&mut self, what: &str, failure: &CallFailure) {
        let base_url = self.adapter.base_url();
        let message = format!("the target cannot be reached at `{base_url}`: {what}");
        let mut place = self.target.base_url.span();
        let hint = match failure {
            CallFailure::NotConnected(_) if self.target.process.is_some() => {
                "the address is what the process's ready line says: correct that, or `ready_line`"
            }
            CallFailure::NotConnected(_) => "start the target, or correct `base_url`",
            CallFailure::NoTls(_) => "if it speaks plain HTTP there, write `http://`",
            CallFailure::NotTrusted(_) => match &self.target.ca_certificates {
                Some(named) => {
                    place = named.span();
                    "name the certificates that the target's own is signed by, or correct the host in `base_url`"
                }
                None => {
                    "name a file of the certificates that the target's own is signed by as `ca_certificates`, or correct the host in `base_url`"
                }
            },
            CallFailure::Broken(_) => {
                "if it speaks TLS there, write `https://`; else look at the target's log"
            }
            CallFailure::TimedOut(_) | CallFailure::TooLong(_) => hint_for_silence(failure),
        };
        self.problem(About::Connection, place, message, hint);
    }

    /// A refused key is no fault of the step.
    fn step_refused(&mut self, about: About, error: &ProvisioningError, answered: &Answered) {
        let said = said::body(answered, &self.scanner);
        let message = format!("{error}{said}");
        if self.key_refused(&message, answered) {
            return;
        }
        let (message, hint) = match about {
            About::Account(status) => (
                format!("an account cannot be put into the target as {status}: {message}"),
                format!(
                    "correct the step: its path, its body, or `expect`; if no account can be connected so, leave {status} out of `account_statuses` under `[capabilities]`"
                ),
            ),
            About::Reset => (
                format!("the target cannot be emptied: {message}"),
                "correct the step: its path, its body, or `expect`".to_owned(),
            ),
            About::CleanUp => (
                format!("an account cannot be taken out of the target again: {message}"),
                "correct the step: its path, its body, or `expect`".to_owned(),
            ),
            _ => (
                format!("a client of the provider cannot be put into the target: {message}"),
                "correct the step: its path, its body, or `expect`".to_owned(),
            ),
        };
        self.problem(about, error.place.clone(), message, hint);
    }
}

impl Examiner<'_> {
    /// Whether the target refuses the key, which is said then.
    pub(super) fn key_refused(&mut self, message: &str, answered: &Answered) -> bool {
        let words = &self.target.words;
        let is_refused = words.means(answered.status, 401);
        if !is_refused && !words.means(answered.status, 403) {
            return false;
        }
        let hint = key_hint(self.target, is_refused);
        let what = if is_refused {
            "the target does not accept the key"
        } else {
            "the key may not do what must be done"
        };
        let key = &self.target.api_key;
        let place = key.environment.as_ref().unwrap_or(&key.header).span();
        self.problem(About::ApiKey, place, format!("{what}: {message}"), hint);
        true
    }
}

/// How to get a key that is accepted.
fn key_hint(target: &Target, is_refused: bool) -> String {
    match (&target.api_key.environment, is_refused) {
        (Some(name), true) => format!(
            "put a key that the target accepts into the environment variable `{}`, or correct `header` and `value`",
            **name
        ),
        (Some(name), false) => format!(
            "put a key that may do this into the environment variable `{}`",
            **name
        ),
        (None, _) => {
            "hand `{api_key}` to the target's process, so that it accepts the key for everything"
                .to_owned()
        }
    }
}

/// What to do about a call that cannot be made.
pub(super) fn hint_for_call(error: &CallError) -> String {
    match error {
        CallError::Template(template) => hint_for_hole(template),
        CallError::NoSuchKey(name) => format!("state `[{name}]`"),
        CallError::TurnedAway(_) => "the bound is `rate_limit_seconds` under `[limits]`".to_owned(),
    }
}

/// What to do about a hole that cannot be filled.
pub(super) fn hint_for_hole(error: &TemplateError) -> String {
    match error {
        TemplateError::Unknown { name, .. } => {
            format!("write `{{{name}?}}`: what not every account or provider has is then left out")
        }
        TemplateError::Unbalanced => "a brace itself is `{{` or `}}`".to_owned(),
    }
}

/// What to do about a call that got no whole answer.
pub(super) fn hint_for_silence(failure: &CallFailure) -> &'static str {
    match failure {
        CallFailure::TimedOut(_) => {
            "look at what the target waits for, or raise `call_seconds` under `[limits]`"
        }
        CallFailure::TooLong(_) => "correct the path, or raise `answer_bytes` under `[limits]`",
        _ => "look at the target's log: it had answered before",
    }
}

/// Whether one of the steps hands on what a hole of that name holds.
pub(super) fn hands_on(steps: &[HttpStep], name: &str) -> bool {
    let holes = [format!("{{{name}}}"), format!("{{{name}?}}")];
    steps.iter().any(|step| {
        let json = step.request.json.as_ref();
        let body = json.map(|json| json.to_string()).unwrap_or_default();
        let mut holes = holes.iter();
        holes.any(|hole| body.contains(hole) || step.request.path.contains(hole))
    })
}
