//! The files that belong to the program are valid, and fit together.

use std::collections::BTreeSet;

use rescind_model::{RequirementSet, SourceFile};
use rescind_runner::Catalogue;
use rescind_runner::judge::checks::{self, CHECKS};

use crate::files::{SET, below, named, read, set};

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

fn is_kebab_case(id: &str) -> bool {
    let of_the_alphabet = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    id.split('-')
        .all(|word| !word.is_empty() && word.bytes().all(of_the_alphabet))
}

#[test]
fn every_check_belongs_to_a_row_and_has_an_id_of_its_own() {
    let set = set();
    let mut seen = BTreeSet::new();
    for check in CHECKS {
        assert!(seen.insert(check.id), "{} is there twice", check.id);
        assert!(is_kebab_case(check.id), "{}", check.id);
        assert!(
            set.rows_of_check(check.id).next().is_some(),
            "{} judges no row",
            check.id
        );
    }
}

/// Whether a set of one row with these last lines is valid.
#[track_caller]
fn check_row(lines: &str, valid: bool) {
    let text = format!(
        "contract = \"c\"\nname = \"c-1\"\nsource = \"s\"\n\n\
         [[requirement]]\nid = \"R\"\nlevel = \"MUST\"\ntext = \"t\"\n{lines}\n"
    );
    let file = SourceFile::new("set.toml", text);
    let parsed = RequirementSet::parse(&file, &checks::ids());
    assert_eq!(parsed.is_ok(), valid, "{lines:?}: {parsed:?}");
}

#[test]
fn every_row_has_a_check_or_a_reason_why_it_has_none() {
    check_row("checks = [\"listed-once\"]", true);
    check_row("should = [\"listed-once\"]", true);
    check_row("excluded = \"not staged yet\"", true);
    check_row("", false);
    check_row("checks = []", false);
    check_row("excluded = \" \"", false);
    check_row(
        "checks = [\"listed-once\"]\nexcluded = \"not staged yet\"",
        false,
    );
    check_row("checks = [\"listed-once\"]\nexcluded = \"\"", false);
    for row in &set().requirements {
        let checks = row.checks.len() + row.should.len();
        assert_eq!(checks == 0, row.excluded.is_some(), "{}", *row.id);
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
