//! Every mistake that a file can hold stands in `fixtures/invalid`, one file each, with the exact
//! text that a person is shown for it beside it.

use std::collections::BTreeSet;

use rescind_model::requirement::SetFiles;
use rescind_model::source::Colour;
use rescind_model::{
    Diagnostic, Profile, ProviderConfig, RequirementSet, Scenario, SourceFile, Target,
};
use rescind_runner::Catalogue;
use rescind_runner::catalogue::NamedFile;
use rescind_runner::judge::checks;

use crate::files;

const FOLDER: &str = "fixtures/invalid";

/// The mistakes in a file, found as a run finds them. The kind of the file is its folder.
fn mistakes(kind: &str, file: &SourceFile) -> Vec<Diagnostic> {
    let found = match kind {
        "profile" => Profile::parse(file).map(|_| ()),
        "provider-config" => ProviderConfig::parse(file).map(|_| ()),
        "requirements" => RequirementSet::parse(sets(file), &checks::ids()).map(|_| ()),
        "scenario" => {
            let scenario = NamedFile {
                name: "invalid".to_owned(),
                file: file.clone(),
            };
            let set = files::read(files::SET);
            Catalogue::load(&set, &files::profiles(), &[scenario]).map(|_| ())
        }
        "deviations" => {
            // One is enough, and hints do not change when others are added.
            let name = "connected-accounts/success/both-killed";
            let scenario = NamedFile {
                name: name.to_owned(),
                file: files::read(&format!("scenarios/{name}.toml")),
            };
            let set = files::read(files::SET);
            Catalogue::load(&set, &files::profiles(), &[scenario])
                .and_then(|catalogue| catalogue.load_deviations(file))
                .map(|_| ())
        }
        "target" => Target::parse(file).map(|_| ()),
        other => panic!("{FOLDER}/{other} holds files of no known kind"),
    };
    found.err().unwrap_or_default()
}

/// A set's file among those that are valid and those beside it.
fn sets(file: &SourceFile) -> SetFiles {
    let folders = [files::SETS, "fixtures/invalid/requirements"];
    let paths = folders.map(|folder| files::below(folder, ".toml")).concat();
    SetFiles {
        chosen: file.clone(),
        known: paths.iter().map(|path| files::read(path)).collect(),
    }
}

/// What a person is shown: every mistake, with a blank line between two.
fn shown(kind: &str, file: &SourceFile) -> String {
    let texts: Vec<String> = mistakes(kind, file)
        .iter()
        .map(|mistake| mistake.render(Colour::Plain))
        .collect();
    texts.join("\n\n")
}

/// The folder below [`FOLDER`] that a path leads through.
fn kind_of(path: &str) -> &str {
    let below = path[FOLDER.len() + 1..].split_once('/');
    below.map_or("", |(kind, _)| kind)
}

fn stems(ending: &str) -> BTreeSet<String> {
    let paths = files::below(FOLDER, ending);
    paths
        .iter()
        .map(|path| path[..path.len() - ending.len()].to_owned())
        .collect()
}

/// What differs between two texts, line by line.
fn difference(expected: &str, actual: &str) -> String {
    let mut text = String::new();
    let (expected, actual): (Vec<&str>, Vec<&str>) =
        (expected.lines().collect(), actual.lines().collect());
    for number in 0..expected.len().max(actual.len()) {
        let (old, new) = (expected.get(number), actual.get(number));
        if old == new {
            text.extend(old.map(|line| format!("  {line}\n")));
        } else {
            text.extend(old.map(|line| format!("- {line}\n")));
            text.extend(new.map(|line| format!("+ {line}\n")));
        }
    }
    text
}

#[test]
fn every_invalid_file_gives_exactly_the_text_beside_it() {
    let mut complaints = Vec::new();
    for path in files::below(FOLDER, ".toml") {
        let file = files::read(&path);
        let actual = shown(kind_of(&path), &file);
        if actual.is_empty() {
            complaints.push(format!("{path} is valid"));
            continue;
        }
        let beside = path.replace(".toml", ".err");
        if !files::exists(&beside) {
            complaints.push(format!("{beside} is missing; it would be:\n{actual}"));
            continue;
        }
        // A text file ends with a line break, a message does not.
        let expected = files::read(&beside);
        if expected.text() != format!("{actual}\n") {
            let difference = difference(expected.text(), &actual);
            complaints.push(format!("{beside}: - expected, + actual\n{difference}"));
        }
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n\n"));
}

#[test]
fn no_text_is_left_over_from_a_file_that_is_gone() {
    let (texts, invalid) = (stems(".err"), stems(".toml"));
    let left_over: Vec<&String> = texts.difference(&invalid).collect();
    assert!(left_over.is_empty(), "without a .toml: {left_over:?}");
}

#[test]
fn every_format_has_invalid_files() {
    let kinds: BTreeSet<String> = stems(".toml")
        .iter()
        .map(|stem| kind_of(stem).to_owned())
        .collect();
    let expected = [
        "deviations",
        "profile",
        "provider-config",
        "requirements",
        "scenario",
        "target",
    ];
    let expected = expected.map(str::to_owned);
    assert_eq!(kinds, BTreeSet::from(expected));
}

#[test]
fn every_message_says_where_and_what_in_the_house_style() {
    for path in files::below(FOLDER, ".toml") {
        let file = files::read(&path);
        for mistake in mistakes(kind_of(&path), &file) {
            let message = &mistake.message;
            assert!(
                !message.starts_with(char::is_uppercase),
                "{path}: `{message}` begins with a capital"
            );
            assert!(
                !message.ends_with('.'),
                "{path}: `{message}` ends with a full stop"
            );
            assert!(
                mistake.hint.as_ref().is_some_and(|hint| !hint.is_empty()),
                "{path}: `{message}` says not what to do next"
            );
            assert!(
                mistake.render(Colour::Plain).contains('^'),
                "{path}: `{message}` underlines nothing"
            );
        }
    }
}

#[test]
fn a_row_that_its_set_excludes_is_named_by_no_scenario() {
    let set = SourceFile::new(
        "set.toml",
        "contract = \"c\"\nname = \"c-1\"\nsource = \"s\"\n\n\
         [[requirement]]\nid = \"R\"\nlevel = \"MUST\"\ntext = \"t\"\nexcluded = \"not staged yet\"\n",
    );
    let set = RequirementSet::parse(&set, &checks::ids()).expect("the set is valid");
    let scenario = SourceFile::new(
        "scenario.toml",
        "title = \"t\"\nprofiles = [\"p\"]\nrequirements = [\"R\"]\n\n\
         [[step]]\nconnect = { account = \"alice\" }\n\n\
         [[step]]\nrevoke = { account = \"alice\" }\nexpect = { status = 200 }\n\n\
         [ledger.alice]\naccess_token = \"any\"\nrefresh_token = \"any\"\n",
    );
    let scenario = Scenario::parse("scenario", &scenario).expect("the scenario is valid in itself");
    let mistakes = scenario
        .validate_names(&["p"], &set)
        .expect_err("the row is excluded");
    let [mistake] = mistakes.as_slice() else {
        panic!("{mistakes:?}");
    };
    assert_eq!(
        mistake.message,
        "requirement `R` is excluded: not staged yet"
    );
}
