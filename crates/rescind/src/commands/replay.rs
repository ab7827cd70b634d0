//! `rescind replay`: runs one case again, and shows everything that is said in it.

use std::collections::BTreeSet;

use rescind_model::Scenario;
use rescind_model::event::{CaseId, Report};
use rescind_model::source::{Colour, nearest_hint};
use rescind_model::verdict::Strictness;
use rescind_report::{outcome, replay};
use rescind_runner::{Catalogue, RunOptions, Selection};
use tokio::sync::mpsc;

use super::check::explain;
use super::doctor::options_of;
use super::named_target::NamedTarget;
use super::provider::stop_requested;
use super::{NotReady, catalogue, fresh_seed, read_report};
use crate::arguments::Replay;
use crate::{assets, exit, output};

/// Runs the command. Returns the exit code.
pub async fn run(arguments: &Replay) -> u8 {
    let (catalogue, target, options) = match prepare(arguments) {
        Ok(prepared) => prepared,
        Err(not_ready) => return not_ready.report(),
    };
    // There is one case: nobody needs to hear how far it is.
    let (events, _) = mpsc::channel(1);
    let outcome = tokio::select! {
        outcome = rescind_runner::run(&catalogue, &target.target, &options, &events) => outcome,
        _ = stop_requested() => {
            output::problem("interrupted", "run it again to its end");
            return exit::INTERRUPTED;
        }
    };
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => return explain(&error),
    };
    for case in &outcome.evidence {
        output::data(&replay::render(case, Colour::Styled));
    }
    exit::of_run(outcome::of(&outcome.finished.report))
}

fn prepare(arguments: &Replay) -> Result<(Catalogue, NamedTarget, RunOptions), NotReady> {
    let earlier = arguments.from.as_deref().map(read_report).transpose()?;
    let of_report = earlier.as_ref().map(|report| report.set.as_str());
    let set = arguments.set.as_deref().or(of_report);
    let catalogue = catalogue(&arguments.suite, set.unwrap_or(assets::DEFAULT_SET))?;
    let case = find(&catalogue, &arguments.case)?;
    let target = NamedTarget::load(&catalogue, arguments.target.as_deref())?;
    if let Some(report) = earlier.as_ref() {
        warn_of_another_target(report, &target.target.name);
    }
    let seed = arguments.seed.clone();
    let seed = match seed.or_else(|| earlier.map(|report| report.run.seed)) {
        Some(seed) => seed,
        None => fresh_seed()?,
    };
    // What it did before is not asked here, nor what is accepted.
    let options = RunOptions {
        strictness: if arguments.strict {
            Strictness::Strict
        } else {
            Strictness::Normal
        },
        keeps_exchanges: true,
        selection: Selection {
            cases: Some(BTreeSet::from([case])),
            ..Selection::default()
        },
        ..options_of(&target, seed)
    };
    Ok((catalogue, target, options))
}

/// What a report says of one target is another's to repeat.
fn warn_of_another_target(report: &Report, name: &str) {
    if report.target != name {
        output::talk(&format!(
            "note: the report is about the target `{}`, and this one is `{name}`",
            report.target
        ));
    }
}

/// The case of a name, `scenario@profile`; of a scenario with one profile the scenario is enough.
fn find(catalogue: &Catalogue, name: &str) -> Result<CaseId, NotReady> {
    let wanted = name.strip_prefix("scenarios/").unwrap_or(name);
    let scenarios = catalogue.scenarios.iter();
    let cases: Vec<CaseId> = scenarios.flat_map(|scenario| cases_of(scenario)).collect();
    if let Some(case) = cases.iter().find(|case| case.to_string() == wanted) {
        return Ok(case.clone());
    }
    let of_scenario = cases.iter().filter(|case| case.scenario == wanted);
    let of_scenario: Vec<&CaseId> = of_scenario.collect();
    let names: Vec<String> = cases.iter().map(ToString::to_string).collect();
    match of_scenario.as_slice() {
        [only] => Ok((*only).clone()),
        [] => Err(NotReady::Usage(
            format!("the set `{}` has no case `{name}`", catalogue.set.name),
            nearest_hint(wanted, names.iter().map(String::as_str))
                .filter(|hint| hint.starts_with("did"))
                .unwrap_or_else(|| {
                    "a case is `SCENARIO@PROFILE`; `rescind list scenarios` shows them".to_owned()
                }),
        )),
        several => {
            let several: Vec<String> = several.iter().map(|case| format!("`{case}`")).collect();
            Err(NotReady::Usage(
                format!("`{name}` has several cases"),
                format!("name one of them: {}", several.join(", ")),
            ))
        }
    }
}

fn cases_of(scenario: &Scenario) -> impl Iterator<Item = CaseId> {
    scenario.profiles.iter().map(|profile| CaseId {
        scenario: scenario.id.clone(),
        profile: profile.get().clone(),
    })
}
