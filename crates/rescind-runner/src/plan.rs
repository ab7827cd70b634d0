//! Which cases a run consists of: scenarios, each at its profiles, as far as they are selected.

use std::sync::Arc;

use rescind_model::event::CaseId;
use rescind_model::shard::Shard;
use rescind_model::target::Obstacle;
use rescind_model::{Profile, Scenario, Target};

use crate::catalogue::Catalogue;
use crate::error::{Problem, RunError};
use crate::selection::Selection;

/// A scenario to be run at one profile.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name.
    pub id: CaseId,
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// The profile.
    pub profile: Arc<Profile>,
}

/// What a run consists of, in the order of names.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The cases that are run.
    pub cases: Vec<Case>,
    /// Those that are not, and why.
    pub left_out: Vec<(Case, Obstacle)>,
    /// What other shards have of the same.
    pub elsewhere: Elsewhere,
}

/// What other shards have of a run; nothing if it has none.
#[derive(Clone, Debug, Default)]
pub struct Elsewhere {
    /// The cases that are run there.
    pub cases: Vec<Case>,
    /// Those that are not run there either, and why.
    pub left_out: Vec<(Case, Obstacle)>,
}

/// The selected cases, in the order of their names, as far as the target can be asked for them.
///
/// # Errors
/// [`RunError::NothingJudged`] if a part of the selection names nothing, or nothing is left.
pub fn plan(
    catalogue: &Catalogue,
    target: &Target,
    selection: &Selection,
) -> Result<Plan, RunError> {
    selection.validate(catalogue)?;
    let mut cases: Vec<Case> = catalogue
        .scenarios
        .iter()
        .flat_map(|scenario| {
            scenario.profiles.iter().filter_map(|profile| {
                let id = CaseId {
                    scenario: scenario.id.clone(),
                    profile: profile.get().clone(),
                };
                let profile = Arc::clone(catalogue.profiles.get(profile.as_str())?);
                selection.includes(scenario, &id).then(|| Case {
                    id,
                    scenario: Arc::clone(scenario),
                    profile,
                })
            })
        })
        .collect();
    cases.sort_by(|left, right| left.id.cmp(&right.id));
    if cases.is_empty() {
        return Err(RunError::NothingJudged(if selection.is_empty() {
            Problem::new("there is no scenario", "check what `--scenarios` points at")
        } else {
            Problem::new(
                format!(
                    "no case is left by the selection: {}",
                    selection.words().join(", ")
                ),
                "each kind of selection leaves fewer; take one out",
            )
        }));
    }
    let mut plan = Plan::default();
    for case in cases {
        match target.obstacle(&case.scenario, &case.id.profile) {
            None => plan.cases.push(case),
            Some(obstacle) => plan.left_out.push((case, obstacle)),
        }
    }
    if plan.cases.is_empty() {
        return Err(RunError::NothingJudged(Problem::new(
            "the target file leaves nothing to judge",
            "look at `[capabilities]`, and at the selection",
        )));
    }
    match selection.shard {
        None => Ok(plan),
        Some(shard) => part(plan, shard),
    }
}

/// A shard of a plan. The cases that are run and those that are not are each shared out by
/// themselves, so that every shard has as much to do.
fn part(plan: Plan, shard: Shard) -> Result<Plan, RunError> {
    let count = plan.cases.len();
    let (cases, cases_elsewhere) = shard.part(plan.cases);
    let (left_out, left_out_elsewhere) = shard.part(plan.left_out);
    if cases.is_empty() {
        return Err(RunError::NothingJudged(Problem::new(
            format!("shard {shard} has no case: there are {count}"),
            format!("make at most {count} shards of this selection"),
        )));
    }
    Ok(Plan {
        cases,
        left_out,
        elsewhere: Elsewhere {
            cases: cases_elsewhere,
            left_out: left_out_elsewhere,
        },
    })
}
