//! Everything that can be explained, read from the files inside the program.

use std::collections::BTreeMap;
use std::sync::Arc;

use rescind_model::explanation::{Mention, RowMention, WrittenAt};
use rescind_model::requirement::Requirement;
use rescind_model::source::Located;
use rescind_model::{Profile, RequirementSet, Scenario, SourceFile};
use rescind_runner::Catalogue;

use crate::assets;
use crate::commands::NotReady;

/// All sets, profiles and scenarios.
pub struct Library {
    /// The requirement sets, the oldest first.
    pub sets: Vec<RequirementSet>,
    /// The profiles by name.
    pub profiles: BTreeMap<String, Arc<Profile>>,
    /// The scenarios of every set, by id.
    pub scenarios: BTreeMap<String, Arc<Scenario>>,
    profile_files: BTreeMap<String, SourceFile>,
}

impl Library {
    /// Reads everything.
    pub fn load() -> Result<Self, NotReady> {
        let profile_files = assets::profiles(None)?;
        let scenario_files = assets::scenarios(None, false)?;
        let mut library = Self {
            sets: Vec::new(),
            profiles: BTreeMap::new(),
            scenarios: BTreeMap::new(),
            profile_files: BTreeMap::new(),
        };
        for set in assets::requirement_sets() {
            let files = assets::requirement_set_named(&set.name)?;
            let catalogue = Catalogue::load(files, &profile_files, &scenario_files)?;
            library.sets.push(catalogue.set);
            library.profiles = catalogue.profiles;
            let scenarios = catalogue.scenarios.into_iter();
            library
                .scenarios
                .extend(scenarios.map(|scenario| (scenario.id.clone(), scenario)));
        }
        library.profile_files = profile_files
            .into_iter()
            .map(|named| (named.name, named.file))
            .collect();
        Ok(library)
    }

    /// Every row where it is stated, with its set: a row that a later set states anew is there
    /// twice.
    pub fn rows(&self) -> impl Iterator<Item = (&RequirementSet, &Requirement)> {
        self.sets
            .iter()
            .flat_map(|set| set.own_rows().map(move |row| (set, row)))
    }

    /// The rows that list a check, wherever they are stated.
    pub fn rows_of_check(&self, check: &str) -> Vec<RowMention> {
        let listing = self
            .rows()
            .filter_map(|(set, row)| Some(mention(set, row, row.level_of(check)?)));
        listing.collect()
    }

    /// The rows of these ids, each where it is first stated.
    pub fn rows_named<'a>(&self, ids: impl Iterator<Item = &'a str>) -> Vec<RowMention> {
        let mut rows: Vec<RowMention> = Vec::new();
        for id in ids {
            if rows.iter().all(|row| row.id != id) {
                let found = self.rows().find(|(_, row)| *row.id == id);
                rows.extend(found.map(|(set, row)| mention(set, row, row.level)));
            }
        }
        rows
    }

    /// The scenarios that a condition holds for.
    pub fn scenarios_that(&self, holds: impl Fn(&Scenario) -> bool) -> Vec<Mention> {
        self.scenarios
            .values()
            .filter(|scenario| holds(scenario))
            .map(|scenario| Mention::new(&scenario.id, &scenario.title))
            .collect()
    }

    /// The file of a profile.
    pub fn profile_file(&self, name: &str) -> Option<&SourceFile> {
        self.profile_files.get(name)
    }
}

fn mention(set: &RequirementSet, row: &Requirement, level: rescind_model::Level) -> RowMention {
    RowMention {
        id: row.id.get().clone(),
        set: set.name.clone(),
        level,
        text: row.text.clone(),
    }
}

/// The rows that a scenario names, in its order.
pub fn rows_of_scenario(scenario: &Scenario) -> impl Iterator<Item = &Located<String>> {
    scenario
        .requirements
        .iter()
        .chain(scenario.steps.iter().flat_map(|step| &step.requirements))
}

/// The place of a row in its file.
pub fn place_of_row(row: &Requirement) -> WrittenAt {
    WrittenAt {
        path: row.file.path().to_owned(),
        line: Some(row.file.line_of(row.id.span().start)),
    }
}

/// A whole file.
pub fn whole_file(file: &SourceFile) -> WrittenAt {
    WrittenAt {
        path: file.path().to_owned(),
        line: None,
    }
}
