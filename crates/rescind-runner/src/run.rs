//! A whole run: preflight, cases in parallel, the end of the target's process, verdicts.

mod planned;
pub(crate) mod surroundings;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use rescind_model::case_evidence::CaseEvidence;
use rescind_model::deviation::AcceptedDeviations;
use rescind_model::event::{
    CaseId, Event, Finding, Report, RunFinished, RunInformation, RunStarted, Summary,
};
use rescind_model::secret::{FingerprintKey, Secret, SecretScanner};
use rescind_model::verdict::{Strictness, Verdict};
use rescind_model::{RequirementSet, Target};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::case::{CaseRun, FinishedCase};
use crate::catalogue::Catalogue;
use crate::clock::Stopwatch;
use crate::deviations::{self, ConsideredOutcome};
use crate::error::{Problem, RunError};
use crate::evidence::{self, Surroundings};
use crate::exchanges::KeptCase;
use crate::judge::{declared, judge};
use crate::plan::{Case, plan};
use crate::record::CaseRecord;
use crate::selection::Selection;
use crate::snapshots::{self, SnapshotComparison, SnapshotMode, SnapshotState};
use crate::verdicts::{self, CheckOutcome, EndedBy};

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
    /// Whether no further case is begun after the first finding.
    pub fail_fast: bool,
    /// Whether every exchange of every case is kept, and not only those of findings.
    pub keeps_exchanges: bool,
}

/// What came of a run.
#[derive(Debug)]
pub struct RunOutcome {
    /// What the reports are made from.
    pub finished: RunFinished,
    /// What each case's snapshot came to; empty if they were ignored.
    pub snapshots: Vec<SnapshotComparison>,
    /// Everything that was said in each case, in the order of the report; empty if nobody asked for
    /// it.
    pub evidence: Vec<CaseEvidence>,
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
            let most = target.limits.max_concurrent_cases.unwrap_or(usize::MAX);
            let jobs = options.jobs.min(most);
            match run_cases(cases, &begun, (options, jobs), &judging, events, stop).await {
                Ok((finished, ended_by)) => Ended {
                    stopped_by: ended_by,
                    ..end(begun, finished, target).await?
                },
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

/// A case that has ended, and its place, if the next may have it only once the case has been looked at.
type Ran = (FinishedCase, Option<OwnedSemaphorePermit>);

/// Runs the cases, so many at once, until all have ended, or somebody stops it, or a finding does:
/// those that have ended are returned, and who stopped it.
async fn run_cases(
    cases: Vec<Case>,
    begun: &Begun,
    (options, jobs): (&RunOptions, usize),
    judging: &Judging<'_>,
    events: &mpsc::Sender<Event>,
    mut stop: Pin<&mut impl Future<Output = ()>>,
) -> Result<(Vec<FinishedCase>, Option<EndedBy>), RunError> {
    let count = cases.len();
    let places = Arc::new(Semaphore::new(jobs.max(1)));
    let mut running = spawn_cases(cases, begun, &places, options).await?;
    let mut finished = Vec::with_capacity(count);
    loop {
        let joined = tokio::select! {
            // What has ended counts, whoever stops it at the same moment.
            biased;
            joined = running.join_next() => joined,
            () = &mut stop => {
                running.shutdown().await;
                return Ok((finished, Some(EndedBy::Somebody)));
            }
        };
        let Some(joined) = joined else { break };
        let case = joined.map_err(|error| {
            RunError::Harness(Problem::new(
                format!("a case ended abnormally: {error}"),
                "this is a defect of rescind: please report it",
            ))
        })?;
        let Some((case, place)) = case else { continue };
        let verdict = judging.worst(&case.record);
        if options.fail_fast && judging.has_finding(&case.record) {
            // Who waits for a place gets none any more.
            places.close();
        }
        drop(place);
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
    let ended_by = (finished.len() < count).then_some(EndedBy::Finding);
    Ok((finished, ended_by))
}

/// Each case at a tenant of its own, as many at once as there are places. One that gets no place
/// comes to nothing.
async fn spawn_cases(
    cases: Vec<Case>,
    begun: &Begun,
    places: &Arc<Semaphore>,
    options: &RunOptions,
) -> Result<JoinSet<Option<Ran>>, RunError> {
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
        let keeps_place = options.fail_fast;
        let run = CaseRun::new(case, Arc::clone(&begun.adapter), tenant)
            .with_process_of_its_own(durable.cloned())
            .keeping_exchanges(options.keeps_exchanges);
        let places = Arc::clone(places);
        running.spawn(async move {
            let place = places.acquire_owned().await.ok()?;
            let finished = run.run().await;
            Some((finished, keeps_place.then_some(place)))
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

/// Everything that was said in each case of which it was kept.
fn evidence_of(
    records: &[CaseRecord],
    kept: &BTreeMap<CaseId, KeptCase>,
    report: &Report,
    around: &Surroundings<'_>,
) -> Vec<CaseEvidence> {
    let kept = records
        .iter()
        .filter_map(|record| Some((record, kept.get(&record.id)?)));
    let of_case = |(record, kept): (&CaseRecord, &KeptCase)| {
        let CaseId { scenario, profile } = &record.id;
        let checks = report.checks.iter();
        let checks = checks.filter(|row| row.scenario == *scenario && row.profile == *profile);
        evidence::whole_case(record, kept, checks.cloned().collect(), around)
    };
    kept.map(of_case).collect()
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
        let outcomes = verdicts::of_case(record, &judgements, self.set, self.strictness);
        let irregular = declared::audit(record, self.target, self.set, &judgements);
        let mut outcomes = verdicts::audited(record, outcomes, &irregular, self.set);
        for outcome in &mut outcomes {
            // Messages hold nothing of a target's answers; this is the second lock on that door.
            outcome.verdict.message = scanner.redact(&outcome.verdict.message);
        }
        deviations::consider(record, outcomes, self.accepted, self.set)
    }

    /// Whether a case shows something that fails a run, and that is not the harness's fault.
    fn has_finding(&self, record: &CaseRecord) -> bool {
        let outcomes = self.outcomes(record, &record.scanner);
        let mut verdicts = outcomes.iter().map(|one| one.outcome.verdict.verdict);
        verdicts.any(|verdict| verdict > Verdict::Warn && verdict != Verdict::HarnessError)
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
        let mut notes = ended.notes;
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
        Self::note_what_did_not_run(&mut finished.report, &records, planned, ended.stopped_by);
        let snapshots = match &options.snapshots {
            SnapshotMode::Ignore => Vec::new(),
            SnapshotMode::Compare(set) => {
                let not_all = finished.report.summary.cases < planned.cases.len();
                let not_here = snapshots::NotHere {
                    of_other_sets,
                    elsewhere: &planned.elsewhere,
                };
                let mut compared = snapshots::compare(&records, self.target, set, &not_here);
                if not_all || !planned.tells_of_left_over_snapshots() {
                    // A case that did not run has its snapshot all the same.
                    compared.retain(|one| !matches!(one.state, SnapshotState::Unreferenced { .. }));
                }
                snapshots::report(&mut finished, &compared, set, options.strictness, &scanner);
                compared
            }
        };
        for note in &mut notes {
            *note = scanner.redact(note);
        }
        finished.report.run.notes = notes;
        planned.describe(&mut finished, &records, self.set, self.strictness);
        let around = Surroundings {
            set: self.set,
            target: self.target,
            seed: &options.seed,
            scanner: &scanner,
            base_url,
            keys: ended.keys.as_ref(),
        };
        let evidence = evidence_of(&records, &ended.kept, &finished.report, &around);
        RunOutcome {
            finished,
            snapshots,
            evidence,
            secrets,
        }
    }

    /// Adds a row for each case that the run was ended before.
    fn note_what_did_not_run(
        report: &mut Report,
        records: &[CaseRecord],
        planned: &Planned,
        ended_by: Option<EndedBy>,
    ) {
        let ran: BTreeSet<&CaseId> = records.iter().map(|record| &record.id).collect();
        let not_run: Vec<&CaseId> = planned
            .cases
            .iter()
            .filter(|case| !ran.contains(case))
            .collect();
        if not_run.is_empty() {
            return;
        }
        let ended_by = ended_by.unwrap_or(EndedBy::Somebody);
        report.run.interrupted = ended_by == EndedBy::Somebody;
        report.run.failed_fast = ended_by == EndedBy::Finding;
        for case in not_run {
            let row = verdicts::of_case_not_run(case, ended_by).verdict;
            report.summary.count(row.verdict);
            report.checks.push(row);
        }
        report.checks.sort_by(verdicts::by_place);
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
        all.sort_by(|left, right| verdicts::by_place(&left.verdict, &right.verdict));
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
                interrupted: false,
                failed_fast: false,
                notes: Vec::new(),
                shard: None,
            },
            summary,
            requirements,
            checks: all.into_iter().map(|outcome| outcome.verdict).collect(),
        };
        RunFinished { report, findings }
    }
}
