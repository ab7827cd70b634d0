//! What goes by an id, one kind of thing after the other.

use std::sync::Arc;

use rescind_model::explanation::{
    AnswerInWords, CheckMention, CheckTopic, DefectMention, DefectTopic, FolderTopic, Mention,
    ProfileTopic, RequirementTopic, RouteInWords, ScenarioTopic, Statement, Topic, VariantTopic,
    WrittenAt,
};
use rescind_model::profile::{RevocationRoute, Statements};
use rescind_model::requirement::Requirement;
use rescind_model::{Profile, RequirementSet, Scenario};
use rescind_provider::describe;
use rescind_runner::judge::checks::{CHECKS, Check};
use rescind_service::{Defect, Variant};

use super::library::{Library, place_of_row, rows_of_scenario, whole_file};
use super::words;

/// The table that defects are written in.
const DEFECTS_FILE: &str = "crates/rescind-service/src/defects/table.rs";

/// The table that variants are written in.
const VARIANTS_FILE: &str = "crates/rescind-service/src/variants/table.rs";

/// Everything that goes by an id.
pub fn of(library: &Library, id: &str) -> Vec<Topic> {
    let mut topics = Vec::new();
    let rows = library.rows().filter(|(_, row)| *row.id == id);
    topics.extend(rows.map(|(set, row)| Topic::Requirement(requirement(library, set, row))));
    let checks = CHECKS.iter().filter(|check| check.id == id);
    topics.extend(checks.map(|one| Topic::Check(check(library, one))));
    let path = scenario_path(id);
    let found = library.scenarios.get(path);
    topics.extend(found.map(|found| Topic::Scenario(scenario(library, found))));
    topics.extend(folder(library, path).map(Topic::Folder));
    let found = library.profiles.get(id);
    topics.extend(found.map(|found| Topic::Profile(profile(library, id, found))));
    let defects = Defect::ALL.iter().filter(|defect| defect.name() == id);
    topics.extend(defects.map(|one| Topic::Defect(defect(library, *one))));
    let variants = Variant::ALL.iter().filter(|variant| variant.name() == id);
    topics.extend(variants.map(|one| Topic::Variant(variant(library, *one))));
    topics
}

/// Every id that can be explained, but those of folders.
pub fn ids(library: &Library) -> Vec<String> {
    let rows = library.rows().map(|(_, row)| row.id.get().clone());
    let checks = CHECKS.iter().map(|check| check.id.to_owned());
    let defects = Defect::ALL.iter().map(|defect| defect.name().to_owned());
    let variants = Variant::ALL.iter().map(|variant| variant.name().to_owned());
    let mut ids: Vec<String> = rows.chain(checks).chain(defects).chain(variants).collect();
    ids.extend(library.scenarios.keys().cloned());
    ids.extend(library.profiles.keys().cloned());
    ids.sort();
    ids.dedup();
    ids
}

/// Whether a defect that falls to a check of a row breaks that row. An expectation belongs to many
/// rows: what it says of this one, only the defect's own source tells.
fn breaks(defect: Defect, row: &str) -> bool {
    let names_it = |source: &&str| source.strip_prefix("contract: ") == Some(row);
    !defect.check().starts_with("expect-") || defect.sources().iter().any(names_it)
}

/// A scenario's id or folder, also where its file is named.
fn scenario_path(id: &str) -> &str {
    let path = id.trim_end_matches('/').trim_end_matches(".toml");
    path.strip_prefix("scenarios/").unwrap_or(path)
}

fn requirement(library: &Library, set: &RequirementSet, row: &Requirement) -> RequirementTopic {
    let listed = row.checks.iter().chain(&row.should);
    let checks = listed.filter_map(|id| {
        Some(CheckMention {
            id: id.get().clone(),
            level: row.level_of(id)?,
            statement: CHECKS
                .iter()
                .find(|check| check.id == **id)?
                .statement
                .to_owned(),
        })
    });
    let defects = Defect::ALL
        .iter()
        .filter(|defect| row.level_of(defect.check()).is_some() && breaks(**defect, row.id.get()));
    RequirementTopic {
        id: row.id.get().clone(),
        set: set.name.clone(),
        level: row.level,
        text: row.text.clone(),
        source: row.source.clone().unwrap_or_else(|| set.source.clone()),
        written_at: place_of_row(row),
        excluded: row.excluded.clone(),
        unreached: row.unreached.clone(),
        checks: checks.collect(),
        scenarios: library
            .scenarios_that(|scenario| rows_of_scenario(scenario).any(|named| **named == *row.id)),
        defects: defects
            .map(|defect| DefectMention {
                id: defect.name().to_owned(),
                check: defect.check().to_owned(),
                summary: defect.summary().to_owned(),
            })
            .collect(),
        variants: Variant::ALL
            .iter()
            .filter(|variant| variant.row() == *row.id)
            .map(|variant| Mention::new(variant.name(), variant.summary()))
            .collect(),
    }
}

fn check(library: &Library, check: &Check) -> CheckTopic {
    let rows = library.rows_of_check(check.id);
    // What a scenario states is judged for the rows that it names; all else is judged everywhere.
    let is_expectation = check.id.starts_with("expect-");
    let scenarios = library.scenarios_that(|scenario| {
        is_expectation
            && rows_of_scenario(scenario).any(|named| rows.iter().any(|row| row.id == **named))
    });
    CheckTopic {
        id: check.id.to_owned(),
        statement: check.statement.to_owned(),
        written_at: WrittenAt {
            path: check.place.file().to_owned(),
            line: usize::try_from(check.place.line()).ok(),
        },
        rows,
        defects: Defect::ALL
            .iter()
            .filter(|defect| defect.check() == check.id)
            .map(|defect| Mention::new(defect.name(), defect.summary()))
            .collect(),
        scenarios,
    }
}

fn scenario(library: &Library, scenario: &Arc<Scenario>) -> ScenarioTopic {
    let profiles = scenario.profiles.iter().filter_map(|name| {
        let profile = library.profiles.get(name.get())?;
        Some(Mention::new(name.get(), &profile.summary))
    });
    ScenarioTopic {
        id: scenario.id.clone(),
        title: scenario.title.clone(),
        written_at: whole_file(&scenario.file),
        profiles: profiles.collect(),
        tags: scenario.tags.clone(),
        rows: library.rows_named(rows_of_scenario(scenario).map(|named| named.as_str())),
        seen_in: scenario
            .seen_in
            .iter()
            .map(|link| link.get().clone())
            .collect(),
        steps: scenario.steps.iter().map(words::step).collect(),
        ledger: words::ledger(&scenario.ledger),
    }
}

fn folder(library: &Library, path: &str) -> Option<FolderTopic> {
    let below = format!("{path}/");
    let scenarios = library.scenarios_that(|scenario| scenario.id.starts_with(&below));
    (!scenarios.is_empty()).then(|| FolderTopic {
        id: path.to_owned(),
        written_at: WrittenAt {
            path: format!("scenarios/{path}"),
            line: None,
        },
        scenarios,
    })
}

fn profile(library: &Library, name: &str, profile: &Profile) -> ProfileTopic {
    let path = library.profile_file(name).map(whole_file);
    ProfileTopic {
        id: name.to_owned(),
        title: profile.title.clone(),
        summary: profile.summary.clone(),
        confidence: profile.confidence,
        sources: statements(&profile.sources),
        assumptions: statements(&profile.assumptions),
        written_at: path.unwrap_or_else(|| WrittenAt {
            path: String::new(),
            line: None,
        }),
        routes: profile.revocation_routes.iter().map(route).collect(),
        scenarios: library
            .scenarios_that(|scenario| scenario.profiles.iter().any(|profile| **profile == *name)),
    }
}

fn statements(statements: &Statements) -> Vec<Statement> {
    let in_words = statements.iter().map(|(text, fields)| Statement {
        text: text.clone(),
        fields: fields.iter().map(|field| field.get().clone()).collect(),
    });
    in_words.collect()
}

fn route(route: &RevocationRoute) -> RouteInWords {
    let answers = route
        .answers
        .all()
        .into_iter()
        .filter_map(|(when, answer)| {
            let answer = answer?;
            Some(AnswerInWords {
                when: when.to_owned(),
                status: answer.status,
                body: answer.body(),
            })
        });
    RouteInWords {
        name: route.name.get().clone(),
        method: route.method.as_str().to_owned(),
        path: route.path.get().clone(),
        authentication: describe::authentication(&route.client_authentication),
        ends: describe::ends(route),
        answers: answers.collect(),
    }
}

fn defect(library: &Library, defect: Defect) -> DefectTopic {
    let statement = CHECKS
        .iter()
        .find(|check| check.id == defect.check())
        .map_or("", |check| check.statement);
    DefectTopic {
        id: defect.name().to_owned(),
        summary: defect.summary().to_owned(),
        sources: defect
            .sources()
            .iter()
            .map(|&source| source.to_owned())
            .collect(),
        written_at: WrittenAt {
            path: DEFECTS_FILE.to_owned(),
            line: None,
        },
        check: Mention::new(defect.check(), statement),
        rows: library.rows_of_check(defect.check()),
        see_it: format!("rescind serve --defect {}", defect.name()),
        prove_it: format!("rescind prove --only {}", defect.name()),
    }
}

fn variant(library: &Library, variant: Variant) -> VariantTopic {
    VariantTopic {
        id: variant.name().to_owned(),
        summary: variant.summary().to_owned(),
        written_at: WrittenAt {
            path: VARIANTS_FILE.to_owned(),
            line: None,
        },
        rows: library.rows_named(std::iter::once(variant.row())),
        see_it: format!("rescind serve --variant {}", variant.name()),
        prove_it: format!("rescind prove --only {}", variant.name()),
    }
}
