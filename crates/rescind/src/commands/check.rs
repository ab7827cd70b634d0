//! `rescind check`: drive a revoke endpoint through the scenarios and judge it.

use rescind_model::deviation::AcceptedDeviations;
use rescind_model::event::{Event, RunFinished};
use rescind_model::target::Obstacle;
use rescind_model::verdict::Strictness;
use rescind_model::{Deviations, Target};
use rescind_report::outcome;
use rescind_runner::plan::plan;
use rescind_runner::selection::not_well;
use rescind_runner::snapshots::SnapshotMode;
use rescind_runner::{Catalogue, RunError, RunOptions, RunOutcome, Selection};
use tokio::sync::{mpsc, oneshot};

use super::named_target::NamedTarget;
use super::provider::stop_requested;
use super::{NotReady, catalogue, fresh_seed, read_report};
use crate::arguments::{self, Check, SnapshotAction, Which};
use crate::reports::Reports;
use crate::snapshot_folder::{self, Snapshots};
use crate::{assets, clock, evidence_folder, exit, output, progress, review};

/// How many events may wait for the progress bar.
const WAITING_EVENTS: usize = 64;

/// Runs the command. Returns the exit code.
pub async fn run(arguments: Check) -> u8 {
    let prepared = match prepare(&arguments) {
        Ok(prepared) => prepared,
        Err(not_ready) => return not_ready.report(),
    };
    if arguments.dry_run {
        return show_plan(&prepared);
    }
    let Prepared {
        catalogue,
        target,
        options,
        snapshots,
        reports,
    } = prepared;
    let (events, receiver) = mpsc::channel(WAITING_EVENTS);
    let followed = tokio::spawn(progress::follow(receiver));
    let (stop, stopped) = oneshot::channel::<()>();
    let run = rescind_runner::run_until(&catalogue, &target, &options, &events, async {
        // Nobody is left to stop it: then nothing does.
        if stopped.await.is_err() {
            std::future::pending::<()>().await;
        }
    });
    let outcome = tokio::select! {
        // Whoever stops it is heard before it begins.
        biased;
        () = stopped_twice(stop) => {
            output::problem("interrupted: no report is written", "run it again to its end");
            return exit::INTERRUPTED;
        }
        outcome = run => outcome,
    };
    drop(events);
    // A progress bar that failed is no reason to fail.
    let mut happened = followed.await.unwrap_or_default();
    let mut outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => return explain(&error),
    };
    // What only a part of the cases shows is nothing to accept.
    let run = &outcome.finished.report.run;
    let is_whole = !run.interrupted && !run.failed_fast;
    if is_whole && let Err(not_ready) = accept(snapshots.as_ref(), &mut outcome).await {
        return not_ready.report();
    }
    if let Some(folder) = &arguments.evidence
        && let Err(not_ready) = evidence_folder::write(folder, &outcome.evidence)
    {
        not_ready.report();
        return exit::HARNESS_ERROR;
    }
    happened.push(Event::RunFinished(Box::new(outcome.finished.clone())));
    conclude(&reports, &happened, &outcome.finished)
}

/// The first request to stop lets the run come to a report of what it has by then; a second one is
/// for who does not want to wait for it.
async fn stopped_twice(stop: oneshot::Sender<()>) {
    // A signal that cannot be waited for ends the program anyway.
    let _ = stop_requested().await;
    output::talk("interrupted: judging what has ended; once more to leave at once");
    let _ = stop.send(());
    let _ = stop_requested().await;
}

/// Takes over what a run changed of the snapshots, as far as somebody asks for it.
async fn accept(snapshots: Option<&Snapshots>, outcome: &mut RunOutcome) -> Result<(), NotReady> {
    let Some(snapshots) = snapshots else {
        return Ok(());
    };
    match snapshots.action {
        SnapshotAction::Check => Ok(()),
        SnapshotAction::Write => review::write_all(snapshots, outcome),
        SnapshotAction::Review => review::review(snapshots, outcome).await,
    }
}

/// Everything that a run is made of.
struct Prepared {
    catalogue: Catalogue,
    target: Target,
    options: RunOptions,
    snapshots: Option<Snapshots>,
    reports: Reports,
}

fn prepare(arguments: &Check) -> Result<Prepared, NotReady> {
    let catalogue = catalogue(&arguments.suite, &arguments.set)?;
    let NamedTarget {
        target,
        rescind,
        directory,
        environment,
        ca_certificates,
    } = NamedTarget::load(&catalogue, arguments.target.as_deref())?;
    let deviations = match &arguments.deviations {
        Some(path) => catalogue.load_deviations(&assets::read(path)?)?,
        None => Deviations::default(),
    };
    let selection = selection(&arguments.which)?;
    let snapshots = snapshot_folder::of_target(arguments, &selection, &target)?;
    let reports = Reports::prepare(&arguments.reports, arguments::github_actions())?;
    if let Some(folder) = arguments.evidence.as_ref().filter(|_| !arguments.dry_run) {
        evidence_folder::prepare(folder)?;
    }
    let seed = match &arguments.seed {
        Some(seed) => seed.clone(),
        None => fresh_seed()?,
    };
    let options = RunOptions {
        seed,
        jobs: usize::from(arguments.jobs),
        strictness: if arguments.strict {
            Strictness::Strict
        } else {
            Strictness::Normal
        },
        selection,
        rescind,
        directory,
        environment,
        ca_certificates,
        snapshots: snapshots
            .as_ref()
            .map_or(SnapshotMode::Ignore, |snapshots| {
                SnapshotMode::Compare(snapshots.set.clone())
            }),
        deviations: AcceptedDeviations {
            deviations,
            today: clock::today(),
        },
        fail_fast: arguments.which.fail_fast,
        keeps_exchanges: arguments.evidence.is_some(),
    };
    Ok(Prepared {
        catalogue,
        target,
        options,
        snapshots,
        reports,
    })
}

/// Which cases somebody wants.
fn selection(which: &Which) -> Result<Selection, NotReady> {
    let cases = match &which.failed_last_time {
        None => None,
        Some(path) => Some(not_well(&read_report(path)?)),
    };
    Ok(Selection {
        scenarios: which.selection.clone(),
        profiles: which.only_profiles.clone(),
        requirements: which.only_requirements.clone(),
        tags: which.only_tags.clone(),
        cases,
        shard: which.shard,
    })
}

/// The cases that would be run, and why others would not.
fn show_plan(prepared: &Prepared) -> u8 {
    let Prepared {
        catalogue,
        target,
        options,
        ..
    } = prepared;
    let planned = match plan(catalogue, target, &options.selection) {
        Ok(planned) => planned,
        Err(error) => return explain(&error),
    };
    let left_out = planned
        .left_out
        .iter()
        .map(|(case, obstacle)| match obstacle {
            Obstacle::Declared(reason) => format!("{}: not applicable: {reason}\n", case.id),
            Obstacle::Unstated(what) => {
                format!(
                    "{}: untestable: the target file says nothing of `{what}`\n",
                    case.id
                )
            }
        });
    let cases = planned.cases.iter().map(|case| format!("{}\n", case.id));
    let counts = format!(
        "\n{} cases would be run, {} would not\n",
        planned.cases.len(),
        planned.left_out.len()
    );
    output::data(&cases.chain(left_out).chain([counts]).collect::<String>());
    exit::PASS
}

/// Writes every report, and says what the run came to.
pub fn conclude(reports: &Reports, events: &[Event], finished: &RunFinished) -> u8 {
    if let Err(problem) = reports.write(events, finished) {
        output::problem(
            &problem,
            "check the path, and that this user may write there",
        );
        return exit::HARNESS_ERROR;
    }
    exit::of_run(outcome::of(&finished.report))
}

/// Says why there are no verdicts. Returns the exit code.
pub fn explain(error: &RunError) -> u8 {
    let (problem, code) = match error {
        RunError::NotReady(examination) => {
            for problem in examination.problems() {
                output::diagnostics(std::slice::from_ref(problem));
            }
            return exit::CONFIGURATION;
        }
        RunError::Configuration(problem) => (problem, exit::CONFIGURATION),
        RunError::Harness(problem) => (problem, exit::HARNESS_ERROR),
        RunError::NothingJudged(problem) => (problem, exit::NOTHING_JUDGED),
    };
    output::problem(&error.to_string(), &problem.hint);
    code
}
