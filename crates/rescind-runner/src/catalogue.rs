//! All the files of a run, validated in themselves and against each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rescind_model::event::CaseId;
use rescind_model::requirement::SetFiles;
use rescind_model::{
    Deviations, Diagnostic, Profile, RequirementSet, Scenario, SourceFile, Target,
};

use crate::judge::checks;

/// A text with the name that other files know it by.
#[derive(Clone, Debug)]
pub struct NamedFile {
    /// A profile's name, or a scenario's id: the path below its folder without the ending.
    pub name: String,
    /// Its text.
    pub file: SourceFile,
}

/// Everything that a run is made of, but the target.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// The requirement set.
    pub set: RequirementSet,
    /// The profiles by name.
    pub profiles: BTreeMap<String, Arc<Profile>>,
    /// The scenarios, ordered by id.
    pub scenarios: Vec<Arc<Scenario>>,
    /// The ids of the scenarios that only another of the known sets judges.
    pub left_out: BTreeSet<String>,
}

impl Catalogue {
    /// Reads and validates all files. A scenario that names a row which only another of the known
    /// sets judges is left out: it belongs to that set.
    ///
    /// # Errors
    /// Every mistake in every file.
    pub fn load(
        set: impl Into<SetFiles>,
        profiles: &[NamedFile],
        scenarios: &[NamedFile],
    ) -> Result<Self, Vec<Diagnostic>> {
        let set_files = set.into();
        let mut mistakes = Vec::new();
        let mut loaded_profiles = BTreeMap::new();
        for named in profiles {
            match Profile::parse(&named.file) {
                Ok(profile) => {
                    loaded_profiles.insert(named.name.clone(), Arc::new(profile));
                }
                Err(found) => mistakes.extend(found),
            }
        }
        let mut loaded_scenarios = BTreeMap::new();
        for named in scenarios {
            match Scenario::parse(&named.name, &named.file) {
                Ok(scenario) => {
                    loaded_scenarios.insert(named.name.clone(), Arc::new(scenario));
                }
                Err(found) => mistakes.extend(found),
            }
        }
        let mut left_out = BTreeSet::new();
        let set = match RequirementSet::parse(&set_files, &checks::ids()) {
            Ok(set) => {
                let others = other_sets(&set_files);
                loaded_scenarios.retain(|id, scenario| {
                    let stays = !belongs_elsewhere(scenario, &set, &others);
                    if !stays {
                        left_out.insert(id.clone());
                    }
                    stays
                });
                Some(set)
            }
            Err(found) => {
                mistakes.extend(found);
                None
            }
        };
        let profile_names: Vec<&str> = profiles.iter().map(|named| named.name.as_str()).collect();
        for scenario in loaded_scenarios.values() {
            let Some(set) = &set else { continue };
            if let Err(found) = scenario.validate_names(&profile_names, set) {
                mistakes.extend(found);
            }
        }
        match set {
            Some(set) if mistakes.is_empty() => Ok(Self {
                set,
                profiles: loaded_profiles,
                scenarios: loaded_scenarios.into_values().collect(),
                left_out,
            }),
            _ => Err(mistakes),
        }
    }

    /// Reads and validates a file of deviations. The checks and cases of the whole suite are known,
    /// whatever is selected of it.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn load_deviations(&self, file: &SourceFile) -> Result<Deviations, Vec<Diagnostic>> {
        let deviations = Deviations::parse(file)?;
        let is_known = |case: &CaseId| {
            let scenario = self
                .scenarios
                .iter()
                .find(|known| known.id == case.scenario);
            scenario.is_some_and(|scenario| {
                let mut profiles = scenario.profiles.iter();
                profiles.any(|profile| **profile == case.profile)
            }) || self.left_out.contains(&case.scenario)
        };
        let cases: Vec<String> = self
            .scenarios
            .iter()
            .flat_map(|scenario| {
                let profiles = scenario.profiles.iter();
                profiles.map(|profile| format!("{}@{}", scenario.id, **profile))
            })
            .collect();
        let all = || cases.iter().map(String::as_str).collect();
        deviations.validate_names(&checks::ids(), is_known, all)?;
        Ok(deviations)
    }

    /// Reads and validates a target file, which may ask for the hosts that the profiles name.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn load_target(&self, file: &SourceFile) -> Result<Target, Vec<Diagnostic>> {
        let hosts = self.profiles.values().flat_map(|profile| &profile.hosts);
        Target::parse_for_hosts(file, &hosts.map(|host| host.get().clone()).collect())
    }
}

/// The known sets beside the chosen one, as far as they are valid: a mistake in one of them is no
/// concern of this run.
fn other_sets(files: &SetFiles) -> Vec<RequirementSet> {
    files
        .known
        .iter()
        .filter(|file| file.path() != files.chosen.path())
        .filter_map(|file| {
            let files = SetFiles {
                chosen: file.clone(),
                known: files.known.clone(),
            };
            RequirementSet::parse(files, &checks::ids()).ok()
        })
        .collect()
}

/// Whether a scenario names a row that this set does not judge, but another one does.
fn belongs_elsewhere(scenario: &Scenario, set: &RequirementSet, others: &[RequirementSet]) -> bool {
    let judges =
        |set: &RequirementSet, name: &str| set.row(name).is_some_and(|row| row.excluded.is_none());
    let named = scenario
        .requirements
        .iter()
        .chain(scenario.steps.iter().flat_map(|step| &step.requirements));
    named
        .filter(|name| !judges(set, name))
        .any(|name| others.iter().any(|other| judges(other, name)))
}
