//! What stands around the cases of a run: the target and the provider, started before them and ended
//! after them.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rescind_model::Target;
use rescind_model::secret::{KnownSecret, Secret};
use rescind_model::source::Located;
use rescind_model::target::OtherKey;
use rescind_model::template::{self, Escape, Variables};
use rescind_provider::ledger::LedgerKey;
use serde_json::json;

use super::RunOptions;
use crate::case::FinishedCase;
use crate::clock::let_pass;
use crate::error::{Problem, RunError};
use crate::plan::Case;
use crate::preflight::{self, About, Answer, Examination};
use crate::provider_access::ProviderAccess;
use crate::record::CaseRecord;
use crate::target::{Adapter, ApiKeys, CapturedLog, Client, Durable, RunningProcess};

/// A target and a provider that a case can be run between.
pub struct Begun {
    /// The target's process, where its file says how to run it.
    pub process: Option<RunningProcess>,
    /// How a process is started that one case has to itself; none if the target file does not say.
    pub durable: Option<Arc<Durable>>,
    /// How the target is called.
    pub adapter: Arc<Adapter>,
    /// The provider, as yet without tenants of cases.
    pub provider: ProviderAccess,
}

/// Starts both, and makes sure that neither is to blame for what follows.
///
/// # Errors
/// [`RunError::NotReady`] if something of the target must be mended first.
pub async fn begin(
    target: &Target,
    options: &RunOptions,
    cases: &[Case],
) -> Result<Begun, RunError> {
    match attempt(target, options, cases).await? {
        (examination, Some(begun)) if examination.is_fine() => Ok(begun),
        (examination, begun) => {
            if let Some(begun) = begun {
                begun.provider.end().await;
            }
            Err(RunError::NotReady(examination))
        }
    }
}

/// Starts both, and asks the target everything that can be asked before anything is judged. Nothing
/// has begun where the target cannot be asked anything.
pub async fn attempt(
    target: &Target,
    options: &RunOptions,
    cases: &[Case],
) -> Result<(Examination, Option<Begun>), RunError> {
    let mut examination = Examination::of(target, &preflight::statuses(target, cases));
    if !preflight::environment(target, &options.environment, &mut examination) {
        return Ok((examination, None));
    }
    let keys = api_keys(target, options)?;
    let variables = start_variables(options, &keys);
    let process = match start_process(target, &variables).await {
        Ok(process) => process,
        Err(problem) => {
            preflight::no_process(target, problem, &mut examination);
            return Ok((examination, None));
        }
    };
    examination.answer(About::Process, Answer::Fine("it gets ready".to_owned()));
    let certificates = options.ca_certificates.as_deref();
    let durable = Durable::of_target(target, &keys, &variables, certificates).map(Arc::new);
    let adapter = match adapter(target, process.as_ref(), &keys, options) {
        Ok(adapter) => Arc::new(adapter),
        Err(problem) => {
            preflight::no_client(target, problem, &mut examination);
            return Ok((examination, None));
        }
    };
    let Some(provider) = preflight::provider(target, options, &mut examination).await? else {
        return Ok((examination, None));
    };
    if let Err(problem) = preflight::examine(&adapter, &provider, cases, &mut examination).await {
        provider.end().await;
        return Err(RunError::Harness(problem));
    }
    let begun = Begun {
        process,
        durable,
        adapter,
        provider,
    };
    Ok((examination, Some(begun)))
}

/// What the cases of a run left behind.
#[derive(Default)]
pub struct Ended {
    /// The cases that have ended, in no order.
    pub finished: Vec<CaseRecord>,
    /// What the target's process wrote, if it was ours.
    pub log: Option<CapturedLog>,
    /// The target's address, where others can reach it, too.
    pub shown_url: Option<String>,
}

/// Waits for what must not come any more, and ends what was begun.
pub async fn end(
    mut begun: Begun,
    finished: Vec<FinishedCase>,
    target: &Target,
) -> Result<Ended, RunError> {
    let_pass(Duration::from_secs_f64(target.limits.background_seconds)).await;
    let log = stop_process(begun.process.take(), &finished).await;
    begun.provider.stop().await;
    let mut records = Vec::with_capacity(finished.len());
    for case in finished {
        records.push(case.finish().await);
    }
    begun.provider.end().await;
    let log = log?;
    let shown_url = target
        .process
        .is_none()
        .then(|| begun.adapter.base_url().to_owned());
    Ok(Ended {
        finished: records,
        log,
        shown_url,
    })
}

/// Ends the target's process. Returns what it wrote, and the processes of cases.
async fn stop_process(
    process: Option<RunningProcess>,
    finished: &[FinishedCase],
) -> Result<Option<CapturedLog>, RunError> {
    let Some(process) = process else {
        return Ok(None);
    };
    let mut log = process.stop().await.map_err(RunError::Harness)?;
    for case in finished {
        log.append(&case.log);
    }
    if log.truncated {
        return Err(RunError::Harness(Problem::new(
            "the target wrote more than can be searched for secrets",
            "lower the level of its log",
        )));
    }
    Ok(Some(log))
}

/// The keys from the environment, or ones made for this run.
fn api_keys(target: &Target, options: &RunOptions) -> Result<ApiKeys, RunError> {
    let other = |key: &Option<OtherKey>, name| match key {
        None => Ok(None),
        Some(key) => api_key(key.environment.as_ref(), name, options).map(Some),
    };
    let headers = target.headers_from_environment.iter();
    let headers = headers.map(|(name, variable)| {
        let value = from_environment(variable, "a header", options)?;
        Ok((name.clone(), value))
    });
    Ok(ApiKeys {
        headers: headers.collect::<Result<_, RunError>>()?,
        main: api_key(target.api_key.environment.as_ref(), "api_key", options)?,
        read_only: other(&target.read_only_api_key, "read_only_api_key")?,
        other_project: other(&target.other_project_api_key, "other_project_api_key")?,
    })
}

fn api_key(
    environment: Option<&Located<String>>,
    name: &str,
    options: &RunOptions,
) -> Result<Secret, RunError> {
    match environment {
        None => {
            let format = rescind_model::profile::TokenFormat {
                prefix: "ak_".into(),
                characters: rescind_model::profile::TokenCharacters::UrlSafe,
                lifetime_seconds: None,
            };
            Ok(Secret::new(
                LedgerKey::new(&options.seed, "target").derive(name, &format),
            ))
        }
        Some(variable) => from_environment(variable, "the API key", options),
    }
}

fn from_environment(
    variable: &Located<String>,
    what: &str,
    options: &RunOptions,
) -> Result<Secret, RunError> {
    let value = options.environment.get(variable.get());
    let value = value.filter(|value| !value.expose().is_empty());
    value.cloned().ok_or_else(|| {
        RunError::Configuration(Problem::new(
            format!(
                "the environment variable `{}`, which is to hold {what}, is not set",
                **variable
            ),
            format!("set it: `export {}=…`", **variable),
        ))
    })
}

/// What a target may seal with what it keeps: the same for every process of the run.
pub fn sealing_key(options: &RunOptions) -> KnownSecret {
    let key = LedgerKey::new(&options.seed, "target").derive_bytes("sealing_key");
    KnownSecret {
        kind: "sealing_key".into(),
        secret: Secret::new(STANDARD.encode(key)),
        prefix_length: 0,
    }
}

/// What the commands of processes may be filled with.
fn start_variables(options: &RunOptions, keys: &ApiKeys) -> Variables {
    let sealing_key = sealing_key(options).secret;
    let mut variables = Variables::from([
        (
            "rescind".to_owned(),
            json!(options.rescind.to_string_lossy()),
        ),
        (
            "directory".to_owned(),
            json!(options.directory.to_string_lossy()),
        ),
        ("api_key".to_owned(), json!(keys.main.expose())),
        ("sealing_key".to_owned(), json!(sealing_key.expose())),
    ]);
    let others = [
        ("read_only_api_key", &keys.read_only),
        ("other_project_api_key", &keys.other_project),
    ];
    for (name, key) in others {
        if let Some(key) = key {
            variables.insert(name.to_owned(), json!(key.expose()));
        }
    }
    variables
}

async fn start_process(
    target: &Target,
    variables: &Variables,
) -> Result<Option<RunningProcess>, Problem> {
    let Some(process) = &target.process else {
        return Ok(None);
    };
    RunningProcess::start(process, variables).await.map(Some)
}

fn adapter(
    target: &Target,
    process: Option<&RunningProcess>,
    keys: &ApiKeys,
    options: &RunOptions,
) -> Result<Adapter, Problem> {
    let variables = process
        .map(|process| process.variables.clone())
        .unwrap_or_default();
    let base_url = fill(&target.base_url, &variables)?;
    let client = Client::new(&base_url, options.ca_certificates.as_deref())?;
    Ok(Adapter::new(target.clone(), base_url, keys.clone(), client))
}

fn fill(text: &Located<String>, variables: &Variables) -> Result<String, Problem> {
    template::fill(text, variables, Escape::None)
        .map_err(|error| Problem::new(error.to_string(), "correct `base_url`"))
}
