//! What must be there before the target can be asked anything: keys, its process, certificates.

use std::collections::BTreeMap;
use std::ops::Range;

use rescind_model::secret::Secret;
use rescind_model::target::{Control, TenantsBy};
use rescind_model::{Diagnostic, Target};

use super::{About, Answer, Examination};
use crate::error::{Problem, RunError};
use crate::provider_access::{EmbeddedProvider, NotReached, ProviderAccess, RemoteProvider};
use crate::run::RunOptions;
use crate::target::AdapterFailure;

/// Whether every environment variable is set that the file names.
pub fn environment(
    target: &Target,
    environment: &BTreeMap<String, Secret>,
    examination: &mut Examination,
) -> bool {
    let is_set = |name: &str| {
        let value = environment.get(name);
        value.is_some_and(|value| !value.expose().is_empty())
    };
    let missing = target.variables().filter(|name| !is_set(name));
    let problems: Vec<Diagnostic> = missing
        .map(|name| {
            let message = format!("the environment variable `{}` is not set", **name);
            let hint = format!("set it: `export {}=…`", **name);
            Diagnostic::new(&target.file, name.span(), message).hint(hint)
        })
        .collect();
    let is_fine = problems.is_empty();
    let answer = if is_fine {
        let names: Vec<String> = target
            .variables()
            .map(|name| format!("`{}`", **name))
            .collect();
        Answer::Fine(format!("set: {}", names.join(", ")))
    } else {
        Answer::Problem(problems)
    };
    examination.answer(About::Environment, answer);
    is_fine
}

/// The target's process did not get ready.
pub fn no_process(target: &Target, problem: Problem, examination: &mut Examination) {
    let process = target.process.as_ref();
    let place = process.map(|process| process.command.span());
    let diagnostic = placed(target, place.unwrap_or_default(), problem);
    examination.answer(About::Process, Answer::Problem(vec![diagnostic]));
}

/// The command that puts accounts into the target did not say what it can do.
pub fn no_command(target: &Target, failure: AdapterFailure, examination: &mut Examination) {
    let command = target.adapter.as_ref();
    let place = command.map(|command| command.command.span());
    let diagnostic = placed(target, place.unwrap_or_default(), failure.into());
    examination.answer(About::Command, Answer::Problem(vec![diagnostic]));
}

/// There is nothing to call the target with.
pub fn no_client(target: &Target, problem: Problem, examination: &mut Examination) {
    let certificates = target.ca_certificates.as_ref();
    let place = certificates.unwrap_or(&target.base_url).span();
    let diagnostic = placed(target, place, problem);
    examination.answer(About::Connection, Answer::Problem(vec![diagnostic]));
}

/// The provider: in this program, or the one that the file names. None if it cannot be had, and the
/// file is to blame.
///
/// # Errors
/// It cannot be had, and the file has nothing to do with it.
pub async fn provider(
    target: &Target,
    options: &RunOptions,
    examination: &mut Examination,
) -> Result<Option<ProviderAccess>, RunError> {
    let place = &target.provider;
    let (span, problem) = match &place.control {
        Some(control) => match reach(control, place.tenants, options).await {
            Ok(provider) => {
                let seen = "it answers, and takes the control key";
                examination.answer(About::ProviderPlace, Answer::Fine(seen.to_owned()));
                return Ok(Some(ProviderAccess::Remote(provider)));
            }
            Err(NotReached::Address(problem)) => (control.url.span(), problem),
            Err(NotReached::Key(problem)) => (control.key_from_environment.span(), problem),
        },
        None => match EmbeddedProvider::start(place, &options.seed).await {
            Ok(provider) => {
                let seen = "it listens there";
                examination.answer(About::ProviderPlace, Answer::Fine(seen.to_owned()));
                return Ok(Some(ProviderAccess::Embedded(provider)));
            }
            Err(error) => {
                let message = format!("the provider cannot start: {error}");
                let problem = Problem::new(message, error.hint());
                let Some(listen) = &place.listen else {
                    return Err(RunError::Harness(problem));
                };
                (listen.span(), problem)
            }
        },
    };
    let diagnostic = placed(target, span, problem);
    examination.answer(About::ProviderPlace, Answer::Problem(vec![diagnostic]));
    Ok(None)
}

async fn reach(
    control: &Control,
    tenants: TenantsBy,
    options: &RunOptions,
) -> Result<RemoteProvider, NotReached> {
    let variable = control.key_from_environment.get();
    // Whether it is set was the first question.
    let key = options.environment.get(variable).cloned();
    let key = key.unwrap_or_else(|| Secret::new(""));
    RemoteProvider::reach(&control.url, &key, tenants, &options.seed).await
}

fn placed(target: &Target, place: Range<usize>, problem: Problem) -> Diagnostic {
    Diagnostic::new(&target.file, place, problem.message).hint(problem.hint)
}
