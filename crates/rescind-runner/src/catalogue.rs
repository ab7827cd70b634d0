//! All the files of a run, validated in themselves and against each other.

use std::collections::BTreeMap;
use std::sync::Arc;

use rescind_model::{Diagnostic, Profile, RequirementSet, Scenario, SourceFile, Target};

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
}

impl Catalogue {
    /// Reads and validates all files.
    ///
    /// # Errors
    /// Every mistake in every file.
    pub fn load(
        set: &SourceFile,
        profiles: &[NamedFile],
        scenarios: &[NamedFile],
    ) -> Result<Self, Vec<Diagnostic>> {
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
        let set = match RequirementSet::parse(set, &checks::ids()) {
            Ok(set) => Some(set),
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
            }),
            _ => Err(mistakes),
        }
    }

    /// Reads and validates a target file.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn load_target(file: &SourceFile) -> Result<Target, Vec<Diagnostic>> {
        Target::parse(file)
    }
}
