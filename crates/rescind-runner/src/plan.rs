//! Which cases a run consists of: scenarios, each at its profiles, as far as they are selected.

use std::sync::Arc;

use rescind_model::event::CaseId;
use rescind_model::source::nearest_hint;
use rescind_model::target::Obstacle;
use rescind_model::{Profile, Scenario, Target};

use crate::catalogue::Catalogue;
use crate::error::{Problem, RunError};

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
}

/// The selected cases, in the order of their names, as far as the target can be asked for them. A selection names scenarios by id, or by the
/// folders that lead to them; none selects all.
///
/// # Errors
/// [`RunError::NothingJudged`] if a part of the selection names nothing.
pub fn plan(
    catalogue: &Catalogue,
    target: &Target,
    selection: &[String],
) -> Result<Plan, RunError> {
    for wanted in selection {
        if !catalogue
            .scenarios
            .iter()
            .any(|scenario| selects(wanted, &scenario.id))
        {
            let known = catalogue
                .scenarios
                .iter()
                .map(|scenario| scenario.id.as_str());
            return Err(RunError::NothingJudged(Problem::new(
                format!("no scenario is called `{wanted}`, and none lies below it"),
                nearest_hint(wanted, known)
                    .filter(|hint| hint.starts_with("did"))
                    .unwrap_or_else(|| "`rescind list scenarios` shows what there is".to_owned()),
            )));
        }
    }
    let mut cases: Vec<Case> = catalogue
        .scenarios
        .iter()
        .filter(|scenario| {
            selection.is_empty() || selection.iter().any(|wanted| selects(wanted, &scenario.id))
        })
        .flat_map(|scenario| {
            scenario.profiles.iter().filter_map(|profile| {
                let id = CaseId {
                    scenario: scenario.id.clone(),
                    profile: profile.get().clone(),
                };
                let profile = Arc::clone(catalogue.profiles.get(profile.as_str())?);
                Some(Case {
                    id,
                    scenario: Arc::clone(scenario),
                    profile,
                })
            })
        })
        .collect();
    cases.sort_by(|left, right| left.id.cmp(&right.id));
    let mut plan = Plan::default();
    if cases.is_empty() {
        return Err(RunError::NothingJudged(Problem::new(
            "there is no scenario",
            "check what `--scenarios` points at",
        )));
    }
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
    Ok(plan)
}

fn selects(wanted: &str, id: &str) -> bool {
    let wanted = wanted.trim_end_matches('/').trim_end_matches(".toml");
    let wanted = wanted.strip_prefix("scenarios/").unwrap_or(wanted);
    id == wanted
        || id
            .strip_prefix(wanted)
            .is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::selects;

    #[test]
    fn a_selection_names_a_scenario_or_a_folder() {
        assert!(selects(
            "connected-accounts/both",
            "connected-accounts/both"
        ));
        assert!(selects("connected-accounts/", "connected-accounts/both"));
        assert!(selects(
            "scenarios/connected-accounts/both.toml",
            "connected-accounts/both"
        ));
        assert!(!selects("connected", "connected-accounts/both"));
    }
}
