//! The comparison: the runner and the bare client take turns, so that what else the machine does
//! meets both; of the rounds, the median counts.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde::Serialize;

use super::parties::{Check, Parties, Programs, target_file};
use super::recording::{Asked, Exchange, Recorder};
use super::replay::Replay;
use super::report::{Costs, Report, Row};
use crate::Failure;
use crate::servers::{Cores, Server};

/// How many cases `rescind check` runs at once where nobody says.
const JOBS: usize = 16;

/// How much is measured.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// Which cases, in the words of the command line; all if empty.
    pub selection: Vec<String>,
    /// How often each is measured.
    pub rounds: usize,
    /// The parts, and how many cases at once: the whole, the whole one after the other, and the
    /// parts by which one sees whether twice as much takes twice as long.
    pub runs: Vec<Run>,
}

/// A run that is measured.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Run {
    /// Which part of the cases; all if none is named.
    pub shard: Option<&'static str>,
    /// How many at once.
    pub jobs: usize,
}

impl Plan {
    /// What the figures are quoted from.
    pub fn full() -> Self {
        Self {
            selection: Vec::new(),
            rounds: 3,
            runs: [
                (None, JOBS),
                (None, 1),
                (Some("1/2"), JOBS),
                (Some("1/4"), JOBS),
            ]
            .map(|(shard, jobs)| Run { shard, jobs })
            .to_vec(),
        }
    }

    /// Whether it works: a few cases, once.
    pub fn quick() -> Self {
        Self {
            selection: vec!["connected-accounts/success/both-killed".to_owned()],
            rounds: 1,
            ..Self::full()
        }
    }
}

/// A run, and what is said in it.
struct Recorded {
    run: Run,
    cases: u64,
    exchanges: Vec<Exchange>,
}

/// What is measured of a run, round by round, in milliseconds of processor time.
#[derive(Debug, Default)]
struct Rounds {
    runner: Vec<f64>,
    bare: Vec<f64>,
    bare_that_connects_anew: Vec<f64>,
}

/// Measures everything, and says what it is at.
pub fn measure(plan: &Plan, programs: &Programs, say: &dyn Fn(&str)) -> Result<Report, Failure> {
    let cores = Cores::divide();
    let folder = tempfile::tempdir()
        .map_err(|error| Failure::of("there is no place for a target file", &error))?;
    let parties = Parties::start(&programs.rescind, &cores)?;
    let mut recorded = record_all(plan, programs, &parties, folder.path(), &cores, say)?;
    let target = folder.path().join("target.toml");
    write(
        &target,
        &target_file(parties.service(), parties.provider())?,
    )?;
    let check = |run: Run| Check {
        rescind: &programs.rescind,
        target: &target,
        selection: &plan.selection,
        shard: run.shard,
        jobs: run.jobs,
    };
    let servers = [
        Server::start(Command::new(&programs.sized_server), &cores)?,
        Server::start(Command::new(&programs.sized_server), &cores)?,
    ];
    let mut starts = Vec::new();
    let mut rounds: Vec<Rounds> = recorded.iter().map(|_| Rounds::default()).collect();
    for number in 0..plan.rounds {
        say(&format!("round {} of {}", number + 1, plan.rounds));
        for (of_run, recorded) in rounds.iter_mut().zip(&mut recorded) {
            let check = check(recorded.run);
            starts.push(check.start_only(&cores)?);
            of_run.runner.push(check.run(&cores)?);
            let exchanges = std::mem::take(&mut recorded.exchanges);
            let mut replay = Replay {
                target: servers[0].address(),
                provider: servers[1].address(),
                jobs: recorded.run.jobs,
                connects_to_target_anew: false,
                exchanges,
            };
            let bare = |replay: &Replay| replay.have_done_by(&programs.bare_client, &cores);
            of_run.bare.push(bare(&replay)?.processor_milliseconds);
            replay.connects_to_target_anew = true;
            let anew = bare(&replay)?.processor_milliseconds;
            of_run.bare_that_connects_anew.push(anew);
            recorded.exchanges = replay.exchanges;
        }
    }
    let start = median(starts);
    let rows = recorded.iter().zip(rounds);
    let rows = rows.map(|(recorded, rounds)| row(recorded, rounds, start));
    Ok(Report::new(
        plan.clone(),
        cores.counts(),
        start,
        rows.collect(),
    ))
}

fn row(recorded: &Recorded, rounds: Rounds, start: f64) -> Row {
    let asked = |whom: Asked| {
        let of_them = recorded.exchanges.iter();
        of_them.filter(|exchange| exchange.asked == whom).count()
    };
    Row::new(
        recorded.run,
        recorded.cases,
        (asked(Asked::Target), asked(Asked::Provider)),
        Costs {
            start,
            runner: median(rounds.runner),
            bare: median(rounds.bare),
            bare_that_connects_anew: median(rounds.bare_that_connects_anew),
        },
    )
}

/// Makes every run once with somebody in between, who writes down what is said.
fn record_all(
    plan: &Plan,
    programs: &Programs,
    parties: &Parties,
    folder: &Path,
    cores: &Cores,
    say: &dyn Fn(&str),
) -> Result<Vec<Recorded>, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Failure::of("the runtime cannot start", &error))?;
    let exchanges = Arc::new(Mutex::new(Vec::new()));
    let before =
        |asked, destination| runtime.block_on(Recorder::before(asked, destination, &exchanges));
    let service = before(Asked::Target, parties.service())?;
    let provider = before(Asked::Provider, parties.provider())?;
    let target = folder.join("recorded.toml");
    write(
        &target,
        &target_file(service.address(), provider.address())?,
    )?;
    let record = |run: &Run| {
        let shard = run.shard.unwrap_or("all");
        say(&format!(
            "writing down what is said in {shard}, {} at once",
            run.jobs
        ));
        let check = Check {
            rescind: &programs.rescind,
            target: &target,
            selection: &plan.selection,
            shard: run.shard,
            jobs: run.jobs,
        };
        Ok(Recorded {
            run: *run,
            cases: check.count(folder, cores)?,
            exchanges: provider.take(),
        })
    };
    plan.runs.iter().map(record).collect()
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text)
        .map_err(|error| Failure::of(&format!("{} cannot be written", path.display()), &error))
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => figures[middle],
        _ => f64::midpoint(figures[middle - 1], figures[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one_or_between_the_two() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median(vec![4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < f64::EPSILON);
        assert!(median(Vec::new()).is_nan());
    }
}
