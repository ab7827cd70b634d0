//! The files that belong to the program are valid, and fit together.

use std::collections::BTreeSet;

use rescind_runner::Catalogue;
use rescind_runner::judge::checks::CHECKS;

use rescind_model::RequirementSet;
use rescind_runner::judge::checks;

use crate::files::{SET, below, named, read};

fn set() -> RequirementSet {
    RequirementSet::parse(&read(SET), &checks::ids()).expect("the set is valid")
}

#[test]
fn profiles_scenarios_and_the_set_fit_together() {
    let loaded = Catalogue::load(
        &read(SET),
        &named("fixtures/providers"),
        &named("scenarios"),
    );
    let catalogue = loaded.expect("all files are valid");
    assert!(catalogue.scenarios.len() >= 20);
    assert!(catalogue.profiles.len() >= 8);
}

#[test]
fn target_files_are_valid() {
    for path in below("fixtures/targets", ".toml") {
        assert!(Catalogue::load_target(&read(&path)).is_ok(), "{path}");
    }
}

#[test]
fn every_check_belongs_to_a_row_and_has_an_id_of_its_own() {
    let set = set();
    let mut seen = BTreeSet::new();
    for check in CHECKS {
        assert!(seen.insert(check.id), "{} is there twice", check.id);
        assert!(
            check
                .id
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
            "{}",
            check.id
        );
        assert!(
            set.rows_of_check(check.id).next().is_some(),
            "{} judges no row",
            check.id
        );
    }
}

#[test]
fn every_row_that_a_scenario_names_is_judged_by_what_the_scenario_states() {
    let set = set();
    for scenario in named("scenarios") {
        let parsed = rescind_model::Scenario::parse(&scenario.name, &scenario.file)
            .expect("the scenario is valid");
        let rows = parsed
            .requirements
            .iter()
            .chain(parsed.steps.iter().flat_map(|step| &step.requirements));
        for row in rows {
            let row = set.row(row).expect("the row exists");
            assert!(
                row.checks.iter().any(|check| check.starts_with("expect-")),
                "{} names {}",
                scenario.name,
                *row.id
            );
        }
    }
}

#[test]
fn every_profile_is_used_by_a_scenario() {
    let used: BTreeSet<String> = named("scenarios")
        .iter()
        .flat_map(|scenario| {
            let parsed = rescind_model::Scenario::parse(&scenario.name, &scenario.file)
                .expect("the scenario is valid");
            parsed
                .profiles
                .into_iter()
                .map(|profile| profile.get().clone())
                .collect::<Vec<_>>()
        })
        .collect();
    let unused: Vec<String> = named("fixtures/providers")
        .into_iter()
        .map(|profile| profile.name)
        .filter(|name| !used.contains(name))
        .collect();
    assert!(unused.is_empty(), "{unused:?}");
}
