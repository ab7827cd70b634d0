//! What stands around the cases of a run: the target and the provider, started before them and ended
//! after them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rescind_model::Target;
use rescind_model::event::CaseId;
use rescind_model::secret::{FingerprintKey, KnownSecret, Secret, SecretScanner};
use rescind_model::source::Located;
use rescind_model::target::OtherKey;
use rescind_model::template::{self, Escape, Variables};
use rescind_provider::ledger::LedgerKey;
use serde_json::json;

use super::RunOptions;
use crate::case::FinishedCase;
use crate::clock::let_pass;
use crate::error::{Problem, RunError};
use crate::exchanges::KeptCase;
use crate::plan::Case;
use crate::preflight::{self, About, Answer, Examination};
use crate::provider_access::ProviderAccess;
use crate::record::CaseRecord;
use crate::target::{
    Adapter, AdapterEnd, AdapterFailure, AdapterStart, ApiKeys, CapturedLog, Client, Durable,
    RunningAdapter, RunningProcess,
};
use crate::verdicts::EndedBy;

/// A target and a provider that a case can be run between.
pub struct Begun {
    /// The target's process, where its file says how to run it.
    pub process: Option<RunningProcess>,
    /// The command that puts accounts into the target, where its file says so.
    pub command: Option<Arc<RunningAdapter>>,
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
                // What the questions have put into the target need not stay there.
                if let Some(command) = begun.command {
                    command.end().await;
                }
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
    let command = match start_command(target, options, &keys, &variables).await {
        Ok(command) => command,
        Err(failure) => {
            preflight::no_command(target, failure, &mut examination);
            return Ok((examination, None));
        }
    };
    if let Some(command) = &command {
        let seen = format!("it can do {}", command.operations());
        examination.answer(About::Command, Answer::Fine(seen));
    }
    let certificates = options.ca_certificates.as_deref();
    let durable = Durable::of_target(target, &keys, &variables, certificates);
    let durable = durable.map(|durable| Arc::new(durable.with_command(command.clone())));
    let adapter = match adapter(target, process.as_ref(), &keys, options) {
        Ok(adapter) => Arc::new(adapter.with_command(command.clone())),
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
        command,
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
    /// What ended it before all cases had ended, if something did.
    pub stopped_by: Option<EndedBy>,
    /// The target's address, where others can reach it, too.
    pub shown_url: Option<String>,
    /// What the harness has to say that is no verdict: of the cases, in their order, and of itself.
    pub notes: Vec<String>,
    /// The exchanges of the cases, where somebody asked for them.
    pub kept: BTreeMap<CaseId, KeptCase>,
    /// The keys that calls carried; none if nothing was begun.
    pub keys: Option<ApiKeys>,
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
    let mut notes = Vec::new();
    let mut kept = BTreeMap::new();
    for mut case in finished {
        notes.append(&mut case.notes);
        match case.kept().await {
            Ok(Some(exchanges)) => {
                kept.insert(case.record.id.clone(), exchanges);
            }
            Ok(None) => {}
            Err(error) => notes.push(format!(
                "{}: its exchanges cannot be shown: {error}",
                case.record.id
            )),
        }
        records.push(case.finish().await);
    }
    notes.sort();
    begun.provider.end().await;
    let mut log = log?;
    // What it removes from the target must not be taken for something that the cases did.
    if let Some(command) = &begun.command {
        let ended = command.end().await;
        match &mut log {
            Some(log) => log.append(&ended.log),
            // What a command wrote says nothing of a target whose own log nobody sees.
            None => notes.extend(secrets_in_log(&ended).as_ref().map(in_words)),
        }
        notes.extend(ended.problems().map(|problem| in_words(&problem)));
    }
    if log.as_ref().is_some_and(|log| log.truncated) {
        return Err(RunError::Harness(Problem::new(
            "the target wrote more than can be searched for secrets",
            "lower the level of its log",
        )));
    }
    let shown_url = target
        .process
        .is_none()
        .then(|| begun.adapter.base_url().to_owned());
    Ok(Ended {
        finished: records,
        log,
        stopped_by: None,
        shown_url,
        notes,
        kept,
        keys: Some(begun.adapter.keys().clone()),
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
    Ok(Some(log))
}

/// A problem as one line: what, and what to do next.
fn in_words(problem: &Problem) -> String {
    format!("{}; {}", problem.message, problem.hint)
}

fn secrets_in_log(ended: &AdapterEnd) -> Option<Problem> {
    let message = format!(
        "the adapter's command wrote on its standard error {}",
        ended.leaks.join(" and ")
    );
    let hint = "let it write no token and no secret";
    (!ended.leaks.is_empty()).then(|| Problem::new(message, hint))
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

/// Finds what every process of a run is told.
fn scanner(options: &RunOptions, keys: &ApiKeys) -> SecretScanner {
    let mut scanner = scanner_of_seed(&options.seed);
    scanner.add(sealing_key(options));
    for key in keys.all() {
        scanner.add(KnownSecret {
            kind: "api_key".into(),
            secret: key.clone(),
            prefix_length: 0,
        });
    }
    scanner
}

/// Finds nothing as yet, and fingerprints as a run of that seed does.
pub fn scanner_of_seed(seed: &str) -> SecretScanner {
    SecretScanner::new(FingerprintKey::of_seed(seed))
}

/// What a command that puts accounts into a target needs around it.
pub struct Surroundings {
    /// What the holes of its words are filled with.
    pub variables: Variables,
    /// Finds what it is told.
    pub scanner: SecretScanner,
    /// The target's process, where its file says how to run it.
    pub process: Option<RunningProcess>,
    /// Where the target is.
    pub base_url: String,
}

/// Has everything there that such a command needs, and not the command itself.
///
/// # Errors
/// A key is missing, or the target's process does not get ready.
pub async fn of_command(target: &Target, options: &RunOptions) -> Result<Surroundings, RunError> {
    let keys = api_keys(target, options)?;
    let variables = start_variables(options, &keys);
    let process = start_process(target, &variables)
        .await
        .map_err(RunError::Configuration)?;
    let known = process
        .as_ref()
        .map(|process| process.variables.clone())
        .unwrap_or_default();
    Ok(Surroundings {
        scanner: scanner(options, &keys),
        base_url: fill(&target.base_url, &known).map_err(RunError::Configuration)?,
        variables,
        process,
    })
}

async fn start_command(
    target: &Target,
    options: &RunOptions,
    keys: &ApiKeys,
    variables: &Variables,
) -> Result<Option<Arc<RunningAdapter>>, AdapterFailure> {
    let Some(command) = &target.adapter else {
        return Ok(None);
    };
    let start = AdapterStart {
        command,
        variables,
        request_limit: Duration::from_secs_f64(target.limits.call_seconds),
        answer_bytes: target.limits.answer_bytes,
        scanner: scanner(options, keys),
    };
    let running = RunningAdapter::start(start).await?;
    Ok(Some(Arc::new(running)))
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
