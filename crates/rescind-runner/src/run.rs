//! A whole run: preflight, cases in parallel, the end of the target's process, verdicts.

use std::collections::{BTreeMap, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rescind_model::event::{
    Event, Finding, Report, RunFinished, RunInformation, RunStarted, Summary,
};
use rescind_model::secret::{FingerprintKey, Secret, SecretScanner};
use rescind_model::source::Located;
use rescind_model::target::{Obstacle, OtherKey};
use rescind_model::template::{self, Escape, Variables};
use rescind_model::verdict::{Strictness, Verdict};
use rescind_model::{RequirementSet, Target};
use rescind_provider::Provider;
use rescind_provider::ledger::LedgerKey;
use rescind_provider::server::Address;
use serde_json::json;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::case::{CaseRun, FinishedCase};
use crate::catalogue::Catalogue;
use crate::clock::{Stopwatch, let_pass};
use crate::error::{Problem, RunError};
use crate::evidence;
use crate::judge::judge;
use crate::plan::{Case, Plan, plan};
use crate::preflight::preflight;
use crate::record::CaseRecord;
use crate::snapshots::{self, SnapshotComparison, SnapshotMode};
use crate::target::{Adapter, ApiKeys, Client, RunningProcess};
use crate::verdicts::{self, CheckOutcome};

/// What a run is asked for, besides its files.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// What every token and key of the run is made from.
    pub seed: String,
    /// How many cases run at once.
    pub jobs: usize,
    /// Whether a SHOULD that does not hold fails.
    pub strictness: Strictness,
    /// Scenarios by id or folder; empty for all.
    pub selection: Vec<String>,
    /// This program, for a target that is one of its commands.
    pub rescind: PathBuf,
    /// The folder of the target file, for a target that lies beside it.
    pub directory: PathBuf,
    /// The values of the environment variables that the target file names.
    pub environment: BTreeMap<String, Secret>,
    /// The PEM certificates of the file that the target file names.
    pub ca_certificates: Option<Vec<u8>>,
    /// What it does about snapshots.
    pub snapshots: SnapshotMode,
}

/// What came of a run.
#[derive(Debug)]
pub struct RunOutcome {
    /// What the reports are made from.
    pub finished: RunFinished,
    /// What each case's snapshot came to; empty if they were ignored.
    pub snapshots: Vec<SnapshotComparison>,
    /// Every secret that the run made, for tests that look for them where they must not be.
    pub secrets: Vec<Secret>,
}

/// Runs the selected cases of a catalogue against a target.
///
/// # Errors
/// [`RunError`] where there is no verdict: what is wrong with the target's configuration, with
/// the environment, or with the selection. Findings are no error.
pub async fn run(
    catalogue: &Catalogue,
    target: &Target,
    options: &RunOptions,
    events: &mpsc::Sender<Event>,
) -> Result<RunOutcome, RunError> {
    let stopwatch = Stopwatch::start();
    let Plan { cases, left_out } = plan(catalogue, target, &options.selection)?;
    let scenarios = count_scenarios(&cases);
    emit(
        events,
        Event::RunStarted(RunStarted {
            contract: catalogue.set.contract.clone(),
            set: catalogue.set.name.clone(),
            target: target.name.clone(),
            scenarios,
            cases: cases.len(),
            seed: options.seed.clone(),
        }),
    )
    .await;
    let keys = api_keys(target, options)?;
    let process = start_process(target, options, &keys).await?;
    let adapter = Arc::new(adapter(target, process.as_ref(), &keys, options)?);
    let provider = Provider::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), &options.seed)
        .await
        .map_err(|error| {
            RunError::Harness(Problem::new(
                format!("the provider cannot start: {error}"),
                "free a port on loopback",
            ))
        })?;
    preflight(&adapter, &provider, &cases[0])
        .await
        .map_err(RunError::Configuration)?;

    let judging = Judging {
        set: &catalogue.set,
        target,
        strictness: options.strictness,
    };
    let finished = run_cases(cases, &adapter, &provider, options.jobs, &judging, events).await?;
    let_pass(Duration::from_secs_f64(target.limits.background_seconds)).await;
    let log = match process {
        Some(process) => Some(process.stop().await.map_err(RunError::Harness)?),
        None => None,
    };
    if log.as_ref().is_some_and(|log| log.truncated) {
        return Err(RunError::Harness(Problem::new(
            "the target wrote more than can be searched for secrets",
            "lower the level of its log",
        )));
    }
    provider.stop().await;
    let shown_url = target
        .process
        .is_none()
        .then(|| adapter.base_url().to_owned());
    let outcome = without_holding_up_others(|| {
        let mut records: Vec<CaseRecord> = finished.into_iter().map(FinishedCase::finish).collect();
        records.sort_by(|left, right| left.id.cmp(&right.id));
        let (scanner, owners) = scanner_of_all(&records, options);
        if let Some(log) = log {
            search_log(&mut records, &log.text, &scanner, &owners);
        }
        let secrets = scanner
            .secrets()
            .iter()
            .map(|known| known.secret.clone())
            .collect();
        let judged = Judged {
            records: &records,
            left_out: &left_out,
        };
        let mut finished =
            judging.conclude(&judged, options, &scanner, shown_url.as_deref(), stopwatch);
        let snapshots = match &options.snapshots {
            SnapshotMode::Ignore => Vec::new(),
            SnapshotMode::Compare(set) => {
                let compared = snapshots::compare(&records, target, set, &catalogue.left_out);
                snapshots::report(&mut finished, &compared, set, options.strictness, &scanner);
                compared
            }
        };
        RunOutcome {
            finished,
            snapshots,
            secrets,
        }
    });
    let report = Event::RunFinished(Box::new(outcome.finished.clone()));
    emit(events, report).await;
    Ok(outcome)
}

/// Does long work in one piece. Where there are other threads, they take over what else is to be
/// done meanwhile: the provider of another run must not fall silent while this one is judged.
fn without_holding_up_others<T>(work: impl FnOnce() -> T) -> T {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::CurrentThread => work(),
        _ => tokio::task::block_in_place(work),
    }
}

/// A report that nobody reads any more is no reason to stop.
async fn emit(events: &mpsc::Sender<Event>, event: Event) {
    let _ = events.send(event).await;
}

fn count_scenarios(cases: &[Case]) -> usize {
    let mut ids: Vec<&str> = cases.iter().map(|case| case.id.scenario.as_str()).collect();
    ids.dedup();
    ids.len()
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

async fn start_process(
    target: &Target,
    options: &RunOptions,
    keys: &ApiKeys,
) -> Result<Option<RunningProcess>, RunError> {
    let Some(process) = &target.process else {
        return Ok(None);
    };
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
    RunningProcess::start(process, &variables)
        .await
        .map(Some)
        .map_err(RunError::Configuration)
}

fn adapter(
    target: &Target,
    process: Option<&RunningProcess>,
    keys: &ApiKeys,
    options: &RunOptions,
) -> Result<Adapter, RunError> {
    let variables = process
        .map(|process| process.variables.clone())
        .unwrap_or_default();
    let base_url = fill(&target.base_url, &variables)?;
    let client = Client::new(&base_url, options.ca_certificates.as_deref())
        .map_err(RunError::Configuration)?;
    Ok(Adapter::new(target.clone(), base_url, keys.clone(), client))
}

fn fill(text: &Located<String>, variables: &Variables) -> Result<String, RunError> {
    template::fill(text, variables, Escape::None).map_err(|error| {
        RunError::Configuration(Problem::new(
            error.to_string(),
            "correct `base_url` in the target file",
        ))
    })
}

async fn run_cases(
    cases: Vec<Case>,
    adapter: &Arc<Adapter>,
    provider: &Provider,
    jobs: usize,
    judging: &Judging<'_>,
    events: &mpsc::Sender<Event>,
) -> Result<Vec<FinishedCase>, RunError> {
    let count = cases.len();
    let places = Arc::new(Semaphore::new(jobs.max(1)));
    let mut running = JoinSet::new();
    for (number, case) in cases.into_iter().enumerate() {
        // The name makes the tokens: it must not depend on the order of execution.
        let tenant = provider.add_tenant(
            &Address::Below(format!("{number}")),
            &case.id.to_string(),
            Arc::clone(&case.profile),
        );
        let tenant = tenant
            .map_err(|error| RunError::Harness(Problem::new(error.to_string(), error.hint())))?;
        let run = CaseRun::new(case, Arc::clone(adapter), tenant);
        let places = Arc::clone(&places);
        running.spawn(async move {
            // The semaphore is never closed.
            let _place = places.acquire_owned().await;
            run.run().await
        });
    }
    let mut finished = Vec::with_capacity(count);
    while let Some(joined) = running.join_next().await {
        let case = joined.map_err(|error| {
            RunError::Harness(Problem::new(
                format!("a case ended abnormally: {error}"),
                "this is a defect of rescind: please report it",
            ))
        })?;
        let verdict = judging.worst(&case.record);
        let id = case.record.id.clone();
        finished.push(case);
        emit(
            events,
            Event::CaseFinished {
                case: id,
                finished: finished.len(),
                cases: count,
                verdict,
            },
        )
        .await;
    }
    Ok(finished)
}

/// A scanner for the secrets of all cases, and which case each belongs to, by fingerprint.
fn scanner_of_all(
    records: &[CaseRecord],
    options: &RunOptions,
) -> (SecretScanner, HashMap<String, usize>) {
    let mut scanner = SecretScanner::new(FingerprintKey::of_seed(&options.seed));
    let mut owners: HashMap<String, usize> = HashMap::new();
    for (index, record) in records.iter().enumerate() {
        for known in record.scanner.secrets() {
            owners
                .entry(scanner.fingerprint(known.secret.expose()))
                .or_insert(index);
            scanner.add(known.clone());
        }
    }
    (scanner, owners)
}

/// Looks for every case's secrets in the target's log.
fn search_log(
    records: &mut [CaseRecord],
    log: &str,
    scanner: &SecretScanner,
    owners: &HashMap<String, usize>,
) {
    let mut leaks: Vec<Vec<String>> = vec![Vec::new(); records.len()];
    for leak in scanner.find(log) {
        if let Some(owner) = owners.get(&leak.fingerprint) {
            leaks[*owner].push(leak.kind);
        }
    }
    for (record, mut leaks) in records.iter_mut().zip(leaks) {
        leaks.sort();
        leaks.dedup();
        record.log_leaks = Some(leaks);
    }
}

/// What there is to conclude from.
struct Judged<'a> {
    records: &'a [CaseRecord],
    left_out: &'a [(Case, Obstacle)],
}

/// What turns records into verdicts.
struct Judging<'a> {
    set: &'a RequirementSet,
    target: &'a Target,
    strictness: Strictness,
}

impl Judging<'_> {
    fn outcomes(&self, record: &CaseRecord) -> Vec<CheckOutcome> {
        let judgements = judge(record, self.target, self.set);
        verdicts::of_case(record, &judgements, self.set, self.strictness)
    }

    fn worst(&self, record: &CaseRecord) -> Verdict {
        self.outcomes(record)
            .iter()
            .map(|outcome| outcome.verdict.verdict)
            .max()
            .unwrap_or(Verdict::NotRun)
    }

    fn conclude(
        &self,
        judged: &Judged<'_>,
        options: &RunOptions,
        scanner: &SecretScanner,
        base_url: Option<&str>,
        stopwatch: Stopwatch,
    ) -> RunFinished {
        let mut all: Vec<CheckOutcome> = Vec::new();
        let mut findings: Vec<Finding> = Vec::new();
        let left_out = judged.left_out.iter();
        all.extend(left_out.map(|(case, obstacle)| verdicts::left_out(case, obstacle, self.set)));
        let records = judged.records;
        for record in records {
            let mut outcomes = self.outcomes(record);
            for outcome in &mut outcomes {
                // Messages hold nothing of a target's answers; this is the second lock on that door.
                outcome.verdict.message = scanner.redact(&outcome.verdict.message);
            }
            let bad = outcomes
                .iter()
                .filter(|outcome| outcome.verdict.verdict > Verdict::Pass);
            findings.extend(
                bad.map(|outcome| evidence::explain(record, outcome, self.set, scanner, base_url)),
            );
            all.extend(outcomes);
        }
        all.sort_by(|left, right| left.place().cmp(&right.place()));
        let requirements = verdicts::of_requirements(self.set, &all, self.strictness);
        let mut ids: Vec<&str> = records
            .iter()
            .map(|record| record.id.scenario.as_str())
            .collect();
        ids.dedup();
        let mut summary = Summary {
            scenarios: ids.len(),
            cases: records.len(),
            ..Summary::default()
        };
        for outcome in &all {
            summary.count(outcome.verdict.verdict);
        }
        summary.duration_ms = u64::try_from(stopwatch.elapsed().as_millis()).unwrap_or(u64::MAX);
        let report = Report {
            schema: "rescind.report/1".into(),
            contract: self.set.contract.clone(),
            set: self.set.name.clone(),
            target: self.target.name.clone(),
            run: RunInformation {
                version: env!("CARGO_PKG_VERSION").into(),
                seed: options.seed.clone(),
                selection: options.selection.clone(),
                interrupted: false,
            },
            summary,
            requirements,
            checks: all.into_iter().map(|outcome| outcome.verdict).collect(),
        };
        RunFinished { report, findings }
    }
}
