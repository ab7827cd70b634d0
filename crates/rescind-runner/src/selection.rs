//! Which cases of a catalogue somebody wants.

use std::collections::BTreeSet;

use rescind_model::Scenario;
use rescind_model::event::{CaseId, Report};
use rescind_model::shard::Shard;
use rescind_model::source::nearest_hint;
use rescind_model::verdict::Verdict;

use crate::catalogue::Catalogue;
use crate::error::{Problem, RunError};

/// Which cases of a catalogue somebody wants: those that every kind of wish leaves, where a kind
/// without a wish leaves all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Scenarios, by id or by the folders that lead to them.
    pub scenarios: Vec<String>,
    /// Profiles, by name.
    pub profiles: Vec<String>,
    /// Requirements, by id: the scenarios that name one of them.
    pub requirements: Vec<String>,
    /// Tags: the scenarios that have one of them.
    pub tags: Vec<String>,
    /// The very cases.
    pub cases: Option<BTreeSet<CaseId>>,
    /// Which part of what is left, where several runs share it. What all of them leave out is left
    /// out; what only this one does is run elsewhere.
    pub shard: Option<Shard>,
}

impl Selection {
    /// Whether nothing is left out, by all shards together.
    pub const fn is_empty(&self) -> bool {
        self.scenarios.is_empty()
            && self.profiles.is_empty()
            && self.requirements.is_empty()
            && self.tags.is_empty()
            && self.cases.is_none()
    }

    /// What was selected, in words for a report; empty for everything.
    pub fn words(&self) -> Vec<String> {
        let of_kind = |kind: &str, names: &[String]| -> Vec<String> {
            names.iter().map(|name| format!("{kind} {name}")).collect()
        };
        let cases = self.cases.as_ref();
        [
            self.scenarios.clone(),
            of_kind("profile", &self.profiles),
            of_kind("requirement", &self.requirements),
            of_kind("tag", &self.tags),
            cases
                .map(|cases| format!("{} cases that were not well last time", cases.len()))
                .into_iter()
                .collect(),
        ]
        .concat()
    }

    /// Whether a case is among those that are wanted.
    pub fn includes(&self, scenario: &Scenario, case: &CaseId) -> bool {
        let of_steps = scenario.steps.iter().flat_map(|step| &step.requirements);
        let mut rows = scenario.requirements.iter().chain(of_steps);
        any_or_all(&self.scenarios, |wanted| selects(wanted, &case.scenario))
            && any_or_all(&self.tags, |wanted| scenario.tags.contains(wanted))
            && any_or_all(&self.profiles, |wanted| *wanted == case.profile)
            && (self.requirements.is_empty()
                || rows.any(|row| self.requirements.contains(row.get())))
            && self.cases.as_ref().is_none_or(|cases| cases.contains(case))
    }

    /// Whether everything that is named is there.
    ///
    /// # Errors
    /// [`RunError::NothingJudged`] at the first name that nothing answers to.
    pub fn validate(&self, catalogue: &Catalogue) -> Result<(), RunError> {
        let scenarios: Vec<&str> = catalogue
            .scenarios
            .iter()
            .map(|one| one.id.as_str())
            .collect();
        for wanted in &self.scenarios {
            if !scenarios.iter().any(|id| selects(wanted, id)) {
                let message = format!("no scenario is called `{wanted}`, and none lies below it");
                return Err(nothing(message, wanted, &scenarios, "scenarios"));
            }
        }
        let profiles: Vec<&str> = catalogue.profiles.keys().map(String::as_str).collect();
        for wanted in &self.profiles {
            if !profiles.contains(&wanted.as_str()) {
                let message = format!("no profile is called `{wanted}`");
                return Err(nothing(message, wanted, &profiles, "profiles"));
            }
        }
        let rows: Vec<&str> = catalogue
            .set
            .requirements
            .iter()
            .map(|row| row.id.as_str())
            .collect();
        for wanted in &self.requirements {
            if !rows.contains(&wanted.as_str()) {
                let message = format!(
                    "the set `{}` has no requirement `{wanted}`",
                    catalogue.set.name
                );
                return Err(nothing(message, wanted, &rows, "requirements"));
            }
        }
        let tags = catalogue.scenarios.iter().flat_map(|one| &one.tags);
        let tags: BTreeSet<&str> = tags.map(String::as_str).collect();
        let tags: Vec<&str> = tags.into_iter().collect();
        for wanted in &self.tags {
            if !tags.contains(&wanted.as_str()) {
                let message = format!("no scenario has the tag `{wanted}`");
                return Err(nothing(message, wanted, &tags, "scenarios"));
            }
        }
        Ok(())
    }
}

/// The cases of an earlier run in which something was not as it should be.
pub fn not_well(report: &Report) -> BTreeSet<CaseId> {
    let checks = report.checks.iter();
    checks
        .filter(|check| check.verdict > Verdict::ExpectedFail)
        .map(|check| CaseId {
            scenario: check.scenario.clone(),
            profile: check.profile.clone(),
        })
        .collect()
}

fn any_or_all(wanted: &[String], is_it: impl Fn(&String) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(is_it)
}

fn nothing(message: String, wanted: &str, known: &[&str], what: &str) -> RunError {
    let nearest = nearest_hint(wanted, known.iter().copied());
    let hint = nearest.filter(|hint| hint.starts_with("did"));
    RunError::NothingJudged(Problem::new(
        message,
        hint.unwrap_or_else(|| format!("`rescind list {what}` shows what there is")),
    ))
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
