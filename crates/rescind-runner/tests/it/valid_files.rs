//! The files that belong to the program are valid, and fit together.

use std::collections::BTreeSet;

use rescind_model::fault::Stated;
use rescind_model::requirement::SetFiles;
use rescind_model::scenario::{ExpectedTokenState, ExpectedTokens, Verb};
use rescind_model::{Level, RequirementSet, Scenario, SourceFile, Target};
use rescind_runner::Catalogue;
use rescind_runner::catalogue::NamedFile;
use rescind_runner::judge::checks::{self, CHECKS};

use crate::files::{SET, SETS, below, named, read, sets};

#[test]
fn profiles_scenarios_and_the_sets_fit_together() {
    let known: Vec<SourceFile> = below(SETS, ".toml").iter().map(|path| read(path)).collect();
    for chosen in &known {
        let sets = SetFiles {
            chosen: chosen.clone(),
            known: known.clone(),
        };
        let loaded = Catalogue::load(sets, &named("fixtures/providers"), &named("scenarios"));
        let catalogue = loaded.expect("all files are valid");
        assert!(catalogue.scenarios.len() >= 100);
        assert!(catalogue.profiles.len() >= 10);
    }
}

#[test]
fn target_files_are_valid() {
    for path in below("fixtures/targets", ".toml") {
        assert!(Target::parse(&read(&path)).is_ok(), "{path}");
    }
}

fn is_kebab_case(id: &str) -> bool {
    let of_the_alphabet = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    id.split('-')
        .all(|word| !word.is_empty() && word.bytes().all(of_the_alphabet))
}

#[test]
fn every_check_belongs_to_a_row_and_has_an_id_of_its_own() {
    let sets = sets();
    let mut seen = BTreeSet::new();
    for check in CHECKS {
        assert!(seen.insert(check.id), "{} is there twice", check.id);
        assert!(is_kebab_case(check.id), "{}", check.id);
        assert!(
            sets.iter()
                .any(|set| set.rows_of_check(check.id).next().is_some()),
            "{} judges no row of any set",
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
    for row in sets().iter().flat_map(|set| &set.requirements) {
        let checks = row.checks.len() + row.should.len();
        assert_eq!(checks == 0, row.excluded.is_some(), "{}", *row.id);
    }
}

#[test]
fn a_set_is_called_like_its_file() {
    for (set, path) in sets().iter().zip(below(SETS, ".toml")) {
        assert_eq!(path, format!("{SETS}/{}.toml", set.name));
    }
}

#[test]
fn a_later_set_holds_every_row_of_the_earlier_ones_in_their_order() {
    let sets = sets();
    for set in &sets {
        let Some(base) = &set.extends else { continue };
        let base = sets.iter().find(|other| other.name == *base).unwrap();
        let ids = |set: &RequirementSet| -> Vec<String> {
            let rows = set.requirements.iter();
            rows.map(|row| row.id.get().clone()).collect()
        };
        assert!(ids(set).starts_with(&ids(base)), "{}", set.name);
        assert!(ids(set).len() > ids(base).len(), "{}", set.name);
    }
}

#[test]
fn what_a_set_states_anew_takes_the_place_of_what_it_inherits() {
    let sets = sets();
    let set_named = |name: &str| sets.iter().find(|set| set.name == name).unwrap();
    let earlier = set_named("connected-accounts-2026-05-12");
    let later = set_named("connected-accounts-2026-09");
    let level = |set: &RequirementSet| {
        let row = set.row("INV-NO-SECRET").unwrap();
        row.level_of("no-secret-elsewhere")
    };
    assert_eq!(level(earlier), Some(Level::Should));
    assert_eq!(level(later), Some(Level::Must));
    let words: Vec<&str> = later
        .extra_subjects
        .iter()
        .map(|word| word.as_str())
        .collect();
    assert_eq!(words, ["credential"]);
    assert!(earlier.extra_subjects.is_empty());
    // What is inherited keeps its source, and its place.
    let inherited = later.row("CA-UNIQUE").unwrap();
    assert_eq!(inherited.source.as_deref(), Some(earlier.source.as_str()));
    assert_eq!(inherited.file.path(), read(SET).path());
}

#[test]
fn words_that_a_list_may_hold_are_inherited() {
    let file = |name: &str, lines: &str| {
        SourceFile::new(
            format!("{name}.toml"),
            format!(
                "contract = \"c\"\nname = \"{name}\"\nsource = \"s\"\n{lines}\n\
                 [[requirement]]\nid = \"{name}\"\nlevel = \"MAY\"\ntext = \"t\"\nexcluded = \"e\"\n"
            ),
        )
    };
    let known = vec![
        file("one", "extra_subjects = [\"id_token\"]"),
        file(
            "two",
            "extends = \"one\"\nextra_subjects = [\"credential\"]",
        ),
        file("three", "extends = \"two\""),
    ];
    let files = SetFiles {
        chosen: known[2].clone(),
        known,
    };
    let set = RequirementSet::parse(files, &checks::ids()).unwrap();
    let words: Vec<&str> = set
        .extra_subjects
        .iter()
        .map(|word| word.as_str())
        .collect();
    assert_eq!(words, ["id_token", "credential"]);
    let rows: Vec<&str> = set.requirements.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(rows, ["one", "two", "three"]);
}

/// A scenario that names a row.
fn scenario_naming(row: &str) -> NamedFile {
    let path = "scenarios/connected-accounts/success/both-killed.toml";
    let text = read(path).text().to_owned();
    let from = text.find("requirements = [").unwrap();
    let to = from + text[from..].find('\n').unwrap();
    let text = format!("{}requirements = [\"{row}\"]{}", &text[..from], &text[to..]);
    NamedFile {
        name: "own".to_owned(),
        file: SourceFile::new("own.toml", text),
    }
}

#[test]
fn a_scenario_for_rows_of_another_set_alone_is_left_out() {
    let sets = SetFiles {
        chosen: read(SET),
        known: below(SETS, ".toml").iter().map(|path| read(path)).collect(),
    };
    let load =
        |row: &str| Catalogue::load(&sets, &named("fixtures/providers"), &[scenario_naming(row)]);
    assert_eq!(load("CA-UNIQUE").unwrap().scenarios.len(), 1);
    assert_eq!(load("CA-NO-TOKENS-READ").unwrap().scenarios.len(), 0);
    assert!(load("CA-NO-SUCH-ROW").is_err());
}

/// The checks of what a scenario states.
fn stated_by(scenario: &Scenario) -> BTreeSet<&'static str> {
    let outcomes = || scenario.steps.iter().flat_map(|step| &step.outcomes);
    let says_something = |tokens: &ExpectedTokens| {
        let expected = [*tokens.access_token, *tokens.refresh_token];
        expected != [ExpectedTokenState::Any; 2]
    };
    [
        (
            "expect-status",
            outcomes().any(|outcome| outcome.status.is_some()),
        ),
        (
            "expect-revoked-tokens",
            outcomes().any(|outcome| outcome.revoked_tokens.is_some()),
        ),
        (
            "expect-account-status",
            outcomes().any(|outcome| outcome.account_status.is_some()),
        ),
        (
            "expect-dispatches",
            outcomes().any(|outcome| outcome.dispatches.is_some()),
        ),
        (
            "expect-ledger",
            scenario.ledger.values().any(says_something),
        ),
    ]
    .into_iter()
    .filter_map(|(check, is_stated)| is_stated.then_some(check))
    .collect()
}

/// By an invariant, or by what the scenario states.
#[test]
fn every_row_that_a_scenario_names_is_judged() {
    let sets = sets();
    for scenario in named("scenarios") {
        let parsed =
            Scenario::parse(&scenario.name, &scenario.file).expect("the scenario is valid");
        let stated = stated_by(&parsed);
        let rows = parsed
            .requirements
            .iter()
            .chain(parsed.steps.iter().flat_map(|step| &step.requirements));
        for row in rows {
            let is_judged =
                |check: &String| !check.starts_with("expect-") || stated.contains(check.as_str());
            assert!(
                sets.iter()
                    .filter_map(|set| set.row(row))
                    .any(|row| row.checks.iter().any(|check| is_judged(check))),
                "{} names {}",
                scenario.name,
                **row
            );
        }
    }
}

#[test]
fn every_profile_is_used_by_a_scenario() {
    let used: BTreeSet<String> = named("scenarios")
        .iter()
        .flat_map(|scenario| {
            let parsed =
                Scenario::parse(&scenario.name, &scenario.file).expect("the scenario is valid");
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
    assert!(unused.is_empty(), "no scenario uses {unused:?}");
}

#[test]
fn another_program_is_told_of_a_failure_as_it_is_stated() {
    let mut kinds = BTreeSet::new();
    for named in named("scenarios") {
        let scenario = Scenario::parse(&named.name, &named.file).expect("the scenario is valid");
        for step in &scenario.steps {
            let Verb::Fail(fault) = &step.verb else {
                continue;
            };
            let written = serde_json::to_value(fault).expect("it can be written");
            let stated: Stated = serde_json::from_value(written).expect("it can be read");
            assert_eq!(stated.fault().as_ref(), Ok(fault), "{}", named.name);
            kinds.insert(fault.effect.word());
        }
    }
    assert!(kinds.len() >= 8, "{kinds:?}");
}

/// Whoever selects by a tag relies on it: it is on every scenario that it describes, and on no other.
#[test]
fn tags_say_what_scenarios_do() {
    let mut seen = BTreeSet::new();
    for named in named("scenarios") {
        let scenario = Scenario::parse(&named.name, &named.file).expect("it is valid");
        let does = |is: fn(&Verb) -> bool| scenario.steps.iter().any(|step| is(&step.verb));
        let kills = does(|verb| matches!(verb, Verb::Kill));
        let overlaps = does(|verb| matches!(verb, Verb::Start(_)));
        let connected = scenario.steps.iter().filter_map(|step| match &step.verb {
            Verb::Connect(connect) => Some(connect.account.get()),
            _ => None,
        });
        let accounts: BTreeSet<&String> = connected.collect();
        for (tag, is_so) in [
            ("crash", kills),
            ("race", overlaps && !kills),
            ("several-accounts", accounts.len() > 1),
        ] {
            assert_eq!(
                scenario.tags.iter().any(|stated| stated == tag),
                is_so,
                "{}: the tag `{tag}`",
                named.name
            );
        }
        seen.extend(scenario.tags);
    }
    let all = [
        "crash",
        "hostile-answer",
        "race",
        "several-accounts",
        "slow",
        "smoke",
    ];
    assert_eq!(
        seen.iter().collect::<Vec<_>>(),
        all,
        "CONTRIBUTING.md lists them"
    );
}
