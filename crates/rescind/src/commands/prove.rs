//! `rescind prove`: run the suite against every seeded bug and every allowed behaviour of the
//! reference service, and say whether it finds each and lets pass each.

mod plan;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rescind_model::deviation::AcceptedDeviations;
use rescind_model::event::Report;
use rescind_model::source::Colour;
use rescind_model::verdict::{Strictness, Verdict};
use rescind_report::proof::{self, Runs};
use rescind_runner::snapshots::SnapshotMode;
use rescind_runner::{RunError, RunOptions, Selection};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::provider::stop_requested;
use super::{NotReady, write_atomically};
use crate::arguments::Prove;
use crate::{exit, output, progress};
use plan::{Plan, PlannedRun};

/// What the tokens of all runs are made from: two proofs of the same code are the same.
const SEED: &str = "proof";

/// How many cases of one run are run at once.
const CASES_AT_ONCE: usize = 16;

/// Runs the command. Returns the exit code.
pub async fn run(arguments: Prove) -> u8 {
    let prepared = Plan::new(&arguments.only).and_then(|plan| Ok((plan, this_program()?)));
    let (plan, rescind) = match prepared {
        Ok(prepared) => prepared,
        Err(not_ready) => return not_ready.report(),
    };
    let reports = tokio::select! {
        reports = run_all(&plan, usize::from(arguments.jobs), &rescind) => reports,
        _ = stop_requested() => {
            output::problem("interrupted: nothing is proved", "run it again to its end");
            return exit::NOTHING_JUDGED;
        }
    };
    match reports {
        Ok(reports) => conclude(&plan.runs(&reports), &arguments),
        Err(failed) => {
            output::problem(
                &format!(
                    "the run of {} came to no verdicts: {}",
                    failed.name, failed.error
                ),
                "see that nothing else uses up this machine, and run it again; \
                 `--only` runs one by itself",
            );
            exit::HARNESS_ERROR
        }
    }
}

fn this_program() -> Result<PathBuf, NotReady> {
    std::env::current_exe().map_err(|error| {
        NotReady::Problem(
            format!("this program cannot find itself: {error}"),
            "call it by its full path".to_owned(),
        )
    })
}

/// A run that could not be made.
struct FailedRun {
    name: String,
    error: String,
}

/// Makes every run, several at once, and gives their reports in the order of the plan.
async fn run_all(plan: &Plan, jobs: usize, rescind: &Path) -> Result<Vec<Report>, FailedRun> {
    let places = Arc::new(Semaphore::new(jobs));
    let bar = progress::of_runs(plan.planned.len());
    let mut running = JoinSet::new();
    for (index, planned) in plan.planned.iter().enumerate() {
        let planned = planned.clone();
        let places = Arc::clone(&places);
        let rescind = rescind.to_owned();
        running.spawn(async move {
            // The semaphore is never closed.
            let _place = places.acquire_owned().await;
            let result = run_once(&planned, rescind).await;
            (index, planned.name, result)
        });
    }
    let mut reports: Vec<Option<Report>> = vec![None; plan.planned.len()];
    while let Some(joined) = running.join_next().await {
        let (index, name, result) = joined.map_err(|error| FailedRun {
            name: "the suite".to_owned(),
            error: error.to_string(),
        })?;
        bar.inc(1);
        bar.set_message(name.clone());
        let report = result.map_err(|error| FailedRun {
            name,
            error: error.to_string(),
        })?;
        reports[index] = Some(report);
    }
    bar.finish_and_clear();
    Ok(reports.into_iter().flatten().collect())
}

async fn run_once(planned: &PlannedRun, rescind: PathBuf) -> Result<Report, RunError> {
    let options = RunOptions {
        seed: SEED.to_owned(),
        jobs: CASES_AT_ONCE,
        strictness: Strictness::Strict,
        selection: Selection::default(),
        rescind,
        environment: std::collections::BTreeMap::new(),
        ca_certificates: None,
        directory: PathBuf::from("."),
        snapshots: SnapshotMode::Ignore,
        deviations: AcceptedDeviations::default(),
        fail_fast: false,
        keeps_exchanges: false,
    };
    // Nobody listens: the cases of a single run are of no interest here.
    let (events, _) = mpsc::channel(1);
    rescind_runner::run(&planned.catalogue, &planned.target, &options, &events)
        .await
        .map(|outcome| {
            let mut report = outcome.finished.report;
            // Of so many runs only what was found is kept.
            report.checks.retain(|check| check.verdict > Verdict::Pass);
            report
        })
}

/// Writes what is asked for, then says what it came to.
fn conclude(runs: &Runs, arguments: &Prove) -> u8 {
    let json = proof::json(&runs.proof()).map_err(std::io::Error::other);
    let texts = [
        (&arguments.json, json),
        (&arguments.markdown, Ok(proof::markdown(runs))),
    ];
    for (path, text) in texts {
        let Some(path) = path else { continue };
        if let Err(error) = text.and_then(|text| write_atomically(path, &text)) {
            output::problem(
                &format!("the proof `{}` cannot be written: {error}", path.display()),
                "check the path, and that this user may write there",
            );
            return exit::HARNESS_ERROR;
        }
    }
    output::data(&proof::terminal(runs, Colour::Styled, output::width()));
    if runs.is_proved() {
        exit::PASS
    } else {
        exit::FINDINGS
    }
}
