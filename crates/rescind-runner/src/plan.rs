//! Which cases a run consists of: scenarios, each at its profiles, as far as they are selected.

use std::sync::Arc;

use rescind_model::event::CaseId;
use rescind_model::source::nearest_hint;
use rescind_model::{Profile, Scenario};

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

/// The selected cases, in the order of their names. A selection names scenarios by id, or by the
/// folders that lead to them; none selects all.
///
/// # Errors
/// [`RunError::NothingJudged`] if a part of the selection names nothing.
pub fn plan(catalogue: &Catalogue, selection: &[String]) -> Result<Vec<Case>, RunError> {
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
    if cases.is_empty() {
        return Err(RunError::NothingJudged(Problem::new(
            "there is no scenario",
            "check what `--scenarios` points at",
        )));
    }
    Ok(cases)
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
