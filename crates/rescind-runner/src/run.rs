//! A whole run: preflight, cases in parallel, the end of the target's process, verdicts.

mod planned;
pub(crate) mod surroundings;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use rescind_model::deviation::AcceptedDeviations;
use rescind_model::event::{
    CaseId, Event, Finding, Report, RunFinished, RunInformation, RunStarted, Summary,
};
use rescind_model::secret::{FingerprintKey, Secret, SecretScanner};
use rescind_model::verdict::{Strictness, Verdict};
use rescind_model::{RequirementSet, Target};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::case::{CaseRun, FinishedCase};
use crate::catalogue::Catalogue;
use crate::clock::Stopwatch;
use crate::deviations::{self, ConsideredOutcome};
use crate::error::{Problem, RunError};
use crate::evidence;
use crate::judge::judge;
use crate::plan::{Case, plan};
use crate::record::CaseRecord;
use crate::selection::Selection;
use crate::snapshots::{self, SnapshotComparison, SnapshotMode, SnapshotState};
use crate::verdicts::{self, CheckOutcome};

use planned::Planned;
use surroundings::{Begun, Ended, begin, end};

/// What a run is asked for, besides its files.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// What every token and key of the run is made from.
    pub seed: String,
    /// How many cases run at once.
    pub jobs: usize,
    /// Whether a SHOULD that does not hold fails.
    pub strictness: Strictness,
    /// Which cases are run.
    pub selection: Selection,
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
    /// The findings that are accepted, and the day on which it takes place.
    pub deviations: AcceptedDeviations,
}

/// What came of a run.
#[derive(Debug)]
pub struct RunOutcome {
    /// What the reports are made from.
    pub finished: RunFinished,
    /// What each case's snapshot came to; empty if they were ignored.
    pub snapshots: Vec<SnapshotComparison>,
    /// What a person should be told beside, which is no verdict: what could not be cleaned up, say.
    pub notes: Vec<Problem>,
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
    run_until(catalogue, target, options, events, std::future::pending()).await
}

/// Runs them until they have ended, or somebody stops it. What has ended by then is judged; the
/// other cases stand in the report as not run, and the report says that it was interrupted.
///
/// # Errors
/// As [`run`].
pub async fn run_until(
    catalogue: &Catalogue,
    target: &Target,
    options: &RunOptions,
    events: &mpsc::Sender<Event>,
    stop: impl Future<Output = ()>,
) -> Result<RunOutcome, RunError> {
    let stopwatch = Stopwatch::start();
    let plan = plan(catalogue, target, &options.selection)?;
    let (planned, cases) = Planned::of(plan, target, options);
    let judging = Judging {
        set: &catalogue.set,
        target,
        strictness: options.strictness,
        accepted: &options.deviations,
        stopwatch,
    };
    emit(
        events,
        Event::RunStarted(RunStarted {
            contract: catalogue.set.contract.clone(),
            set: catalogue.set.name.clone(),
            target: target.name.clone(),
            scenarios: count_scenarios(&cases),
            cases: cases.len(),
            seed: options.seed.clone(),
        }),
    )
    .await;
    let mut stop = std::pin::pin!(stop);
    let begun = tokio::select! {
        begun = begin(target, options, &cases) => Some(begun?),
        () = &mut stop => None,
    };
    let ended = match begun {
        // Nothing has been asked of the target that could be judged.
        None => Ended::default(),
        Some(begun) => {
            let jobs = options.jobs;
            match run_cases(cases, &begun, jobs, &judging, events, stop).await {
                Ok(finished) => end(begun, finished, target).await?,
                Err(error) => {
                    begun.provider.end().await;
                    return Err(error);
                }
            }
        }
    };
    let outcome = without_holding_up_others(|| {
        judging.outcome(ended, &planned, options, &catalogue.left_out)
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

/// Runs the cases until all have ended, or somebody stops it: those that have ended are returned.
async fn run_cases(
    cases: Vec<Case>,
    begun: &Begun,
    jobs: usize,
    judging: &Judging<'_>,
    events: &mpsc::Sender<Event>,
    mut stop: Pin<&mut impl Future<Output = ()>>,
) -> Result<Vec<FinishedCase>, RunError> {
    let count = cases.len();
    let mut running = spawn_cases(cases, begun, jobs).await?;
    let mut finished = Vec::with_capacity(count);
    loop {
        let joined = tokio::select! {
            // What has ended counts, whoever stops it at the same moment.
            biased;
            joined = running.join_next() => joined,
            () = &mut stop => {
                running.shutdown().await;
                break;
            }
        };
        let Some(joined) = joined else { break };
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

/// Each case at a tenant of its own, so many of them at once.
async fn spawn_cases(
    cases: Vec<Case>,
    begun: &Begun,
    jobs: usize,
) -> Result<JoinSet<FinishedCase>, RunError> {
    let places = Arc::new(Semaphore::new(jobs.max(1)));
    let mut running = JoinSet::new();
    for (number, case) in cases.into_iter().enumerate() {
        // The name makes the tokens: it must not depend on the order of execution.
        let (place, name) = (number.to_string(), case.id.to_string());
        let tenant = begun
            .provider
            .add_tenant(&place, Some(&name), &case.profile);
        let tenant = tenant.await.map_err(RunError::Harness)?;
        let needs_process = case.scenario.needs_process();
        let durable = begun.durable.as_ref().filter(|_| needs_process);
        let run = CaseRun::new(case, Arc::clone(&begun.adapter), tenant)
            .with_process_of_its_own(durable.cloned());
        let places = Arc::clone(&places);
        running.spawn(async move {
            // The semaphore is never closed.
            let _place = places.acquire_owned().await;
            run.run().await
        });
    }
    Ok(running)
}

/// A scanner for the secrets of all cases, and which case each belongs to, by fingerprint.
fn scanner_of_all(
    records: &[CaseRecord],
    options: &RunOptions,
) -> (SecretScanner, HashMap<String, usize>) {
    let mut scanner = SecretScanner::new(FingerprintKey::of_seed(&options.seed));
    let mut owners: HashMap<String, usize> = HashMap::new();
    scanner.add(surroundings::sealing_key(options));
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

/// What turns records into verdicts.
struct Judging<'a> {
    set: &'a RequirementSet,
    target: &'a Target,
    strictness: Strictness,
    accepted: &'a AcceptedDeviations,
    stopwatch: Stopwatch,
}

impl Judging<'_> {
    /// What every check came to in a case, what is accepted considered.
    fn outcomes(&self, record: &CaseRecord, scanner: &SecretScanner) -> Vec<ConsideredOutcome> {
        let judgements = judge(record, self.target, self.set);
        let mut outcomes = verdicts::of_case(record, &judgements, self.set, self.strictness);
        for outcome in &mut outcomes {
            // Messages hold nothing of a target's answers; this is the second lock on that door.
            outcome.verdict.message = scanner.redact(&outcome.verdict.message);
        }
        deviations::consider(record, outcomes, self.accepted, self.set)
    }

    fn worst(&self, record: &CaseRecord) -> Verdict {
        self.outcomes(record, &record.scanner)
            .iter()
            .map(|considered| considered.outcome.verdict.verdict)
            .max()
            .unwrap_or(Verdict::NotRun)
    }

    /// What the run came to, its snapshots among it.
    fn outcome(
        &self,
        ended: Ended,
        planned: &Planned,
        options: &RunOptions,
        of_other_sets: &BTreeSet<String>,
    ) -> RunOutcome {
        let mut records = ended.finished;
        records.sort_by(|left, right| left.id.cmp(&right.id));
        let (scanner, owners) = scanner_of_all(&records, options);
        if let Some(log) = ended.log {
            search_log(&mut records, &log.text, &scanner, &owners);
        }
        let secrets = scanner
            .secrets()
            .iter()
            .map(|known| known.secret.clone())
            .collect();
        let base_url = ended.shown_url.as_deref();
        let mut finished = self.conclude(&records, planned, options, &scanner, base_url);
        let snapshots = match &options.snapshots {
            SnapshotMode::Ignore => Vec::new(),
            SnapshotMode::Compare(set) => {
                let interrupted = finished.report.run.interrupted;
                let not_here = snapshots::NotHere {
                    of_other_sets,
                    elsewhere: &planned.elsewhere,
                };
                let mut compared = snapshots::compare(&records, self.target, set, &not_here);
                if interrupted || !planned.tells_of_left_over_snapshots() {
                    // A case that did not run has its snapshot all the same.
                    compared.retain(|one| !matches!(one.state, SnapshotState::Unreferenced { .. }));
                }
                snapshots::report(&mut finished, &compared, set, options.strictness, &scanner);
                compared
            }
        };
        planned.describe(&mut finished, &records, self.set, self.strictness);
        RunOutcome {
            finished,
            snapshots,
            notes: ended.notes,
            secrets,
        }
    }

    fn conclude(
        &self,
        records: &[CaseRecord],
        planned: &Planned,
        options: &RunOptions,
        scanner: &SecretScanner,
        base_url: Option<&str>,
    ) -> RunFinished {
        let mut all: Vec<CheckOutcome> = Vec::new();
        let mut findings: Vec<Finding> = Vec::new();
        for record in records {
            for considered in self.outcomes(record, scanner) {
                let outcome = considered.outcome;
                if outcome.verdict.verdict > Verdict::Pass {
                    let mut finding =
                        evidence::explain(record, &outcome, self.set, scanner, base_url);
                    finding.place = considered.place.or(finding.place);
                    finding.deviation = considered.entry;
                    findings.push(finding);
                }
                all.push(outcome);
            }
        }
        for (case, obstacle) in &planned.left_out {
            let outcome = verdicts::left_out(case, obstacle, self.set);
            if outcome.verdict.verdict > Verdict::Pass {
                findings.push(evidence::of_left_out(&case.id, &outcome, self.set));
            }
            all.push(outcome);
        }
        let requirements = verdicts::of_requirements(self.set, &all, self.strictness);
        let ran: BTreeSet<&CaseId> = records.iter().map(|record| &record.id).collect();
        let not_run = planned.cases.iter().filter(|case| !ran.contains(case));
        all.extend(not_run.map(verdicts::of_interrupted_case));
        all.sort_by(|left, right| left.place().cmp(&right.place()));
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
        summary.duration_ms =
            u64::try_from(self.stopwatch.elapsed().as_millis()).unwrap_or(u64::MAX);
        let report = Report {
            schema: "rescind.report/1".into(),
            contract: self.set.contract.clone(),
            set: self.set.name.clone(),
            target: self.target.name.clone(),
            run: RunInformation {
                version: env!("CARGO_PKG_VERSION").into(),
                seed: options.seed.clone(),
                selection: options.selection.words(),
                interrupted: ran.len() < planned.cases.len(),
                shard: None,
            },
            summary,
            requirements,
            checks: all.into_iter().map(|outcome| outcome.verdict).collect(),
        };
        RunFinished { report, findings }
    }
}
