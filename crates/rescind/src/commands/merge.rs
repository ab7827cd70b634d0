//! `rescind merge`: of the reports of all shards, the one that a single run would have made.

use rescind_model::RequirementSet;
use rescind_model::event::Event;
use rescind_model::verdict::Strictness;
use rescind_runner::error::Problem;
use rescind_runner::judge::checks;
use rescind_runner::merge::{NamedReport, Shards};

use super::check::conclude;
use super::{NotReady, read_report};
use crate::arguments::{self, Merge};
use crate::assets;
use crate::reports::Reports;

/// Runs the command. Returns the exit code.
pub fn run(arguments: &Merge) -> u8 {
    match prepare(arguments) {
        Ok((events, reports)) => match events.last() {
            Some(Event::RunFinished(finished)) => conclude(&reports, &events, finished),
            // A merge always tells of an end.
            _ => crate::exit::NOTHING_JUDGED,
        },
        Err(not_ready) => not_ready.report(),
    }
}

fn prepare(arguments: &Merge) -> Result<(Vec<Event>, Reports), NotReady> {
    let named = arguments.shards.iter().map(|path| {
        let report = read_report(path)?;
        let name = path.display().to_string();
        Ok(NamedReport { name, report })
    });
    let named = named.collect::<Result<Vec<NamedReport>, NotReady>>()?;
    let shards = Shards::of(named).map_err(|Problem { message, hint }| {
        // What was run is there: it is the putting together that is not possible.
        NotReady::Problem(message, hint)
    })?;
    let set = RequirementSet::parse(assets::requirement_set_named(shards.set())?, &checks::ids())?;
    let reports = Reports::prepare(&arguments.reports, arguments::github_actions())?;
    let strictness = if arguments.strict {
        Strictness::Strict
    } else {
        Strictness::Normal
    };
    Ok((shards.merged(&set, strictness), reports))
}
