//! `docs/faults.md` names every fault and every parameter, and its examples work.

use std::collections::BTreeSet;
use std::path::Path;

use rescind_model::fault::{self, Effect, Fault, Stated};
use rescind_model::source::{self, Located, SourceFile};
use serde::Deserialize;
use serde_json::Value;

use crate::support::{Ask, World};

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(path)).unwrap()
}

/// The text below each heading, by the heading.
fn sections() -> Vec<(String, String)> {
    let page = read("docs/faults.md");
    let sections = page.split("\n## ").skip(1);
    let section = |text: &str| {
        let (heading, below) = text.split_once('\n').unwrap();
        (heading.to_owned(), below.to_owned())
    };
    sections.map(section).collect()
}

/// The sections of the kinds, by their words.
fn kinds() -> Vec<(String, String)> {
    let is_word = |heading: &str| heading.starts_with('`') && heading.ends_with('`');
    let kinds = sections()
        .into_iter()
        .filter(|(heading, _)| is_word(heading));
    kinds
        .map(|(heading, text)| (heading.trim_matches('`').to_owned(), text))
        .collect()
}

/// The only block of code in a language.
fn block(section: &str, language: &str) -> String {
    let opening = format!("```{language}\n");
    let mut blocks = section.split(&opening).skip(1);
    let block = blocks.next().expect("an example").split("\n```").next();
    assert!(blocks.next().is_none(), "more than one example");
    block.unwrap().to_owned()
}

#[derive(Deserialize)]
struct Steps {
    step: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    fail: Located<Stated>,
}

/// What a step means, as a scenario's is read.
fn of_step(text: &str) -> Fault {
    let file = SourceFile::new("docs/faults.md", text.to_owned());
    let steps: Steps = source::parse(&file).expect("it can be read");
    let [step] = &steps.step[..] else {
        panic!("an example is one step");
    };
    fault::read(&step.fail, &file).expect("it makes sense")
}

/// What curl sends.
fn body_of(line: &str) -> Value {
    let (_, body) = line.split_once("-d '").unwrap();
    let (body, rest) = body.split_once('\'').unwrap();
    assert_eq!(rest, "");
    serde_json::from_str(body).unwrap()
}

/// Every name of a property and every word that a part of a schema knows, its references followed.
fn names(schema: &Value, root: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            for (key, value) in members {
                match (key.as_str(), value) {
                    ("$ref", Value::String(path)) => {
                        let pointer = path.trim_start_matches('#');
                        names(root.pointer(pointer).unwrap(), root, found);
                    }
                    ("const", Value::String(word)) => {
                        found.insert(word.clone());
                    }
                    ("enum", Value::Array(words)) => {
                        found.extend(words.iter().filter_map(Value::as_str).map(str::to_owned));
                    }
                    ("properties", Value::Object(properties)) => {
                        found.extend(properties.keys().cloned());
                        properties
                            .values()
                            .for_each(|value| names(value, root, found));
                    }
                    _ => names(value, root, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| names(value, root, found)),
        _ => {}
    }
}

/// The names in a fault's schema, by its keys.
fn schema_names() -> Vec<(String, BTreeSet<String>)> {
    let schema: Value = serde_json::from_str(&read("schemas/scenario.schema.json")).unwrap();
    let stated = schema.pointer("/$defs/Stated/properties").unwrap();
    let of_key = |(key, value): (&String, &Value)| {
        let mut found = BTreeSet::new();
        names(value, &schema, &mut found);
        (key.clone(), found)
    };
    stated.as_object().unwrap().iter().map(of_key).collect()
}

#[test]
fn every_kind_has_a_section_in_the_order_of_the_formats() {
    let words: Vec<String> = kinds().into_iter().map(|(word, _)| word).collect();
    assert_eq!(words, Effect::WORDS);
}

#[test]
fn every_key_and_every_word_of_the_schema_is_explained() {
    let (sections, kinds) = (sections(), kinds());
    let (_, meets) = sections
        .iter()
        .find(|(heading, _)| heading == "Which requests meet it")
        .unwrap();
    let mut checked = 0;
    for (key, names) in schema_names() {
        let kind = kinds.iter().find(|(word, _)| *word == key);
        let text = kind.map_or(meets, |(_, section)| section);
        if kind.is_none() {
            assert!(text.contains(&format!("`{key}`")), "`{key}` is missing");
        }
        for name in names {
            checked += 1;
            let is_there = text.contains(&format!("`{name}`"));
            assert!(is_there, "`{name}` is missing from `{key}`");
        }
    }
    assert!(checked > 30, "the schema was not read: {checked}");
}

#[test]
fn every_section_says_what_a_client_sees_and_what_the_ledger_has() {
    for (word, section) in kinds() {
        for point in ["- **On the wire**: ", "- **Ledger**: "] {
            assert!(section.contains(point), "`{word}` lacks {point}");
        }
    }
}

#[tokio::test]
async fn every_example_sets_its_kind_alike_in_a_scenario_and_by_curl() {
    let world = World::start("rfc7009").await;
    for (word, section) in kinds() {
        let of_step = of_step(&block(&section, "toml"));
        assert_eq!(of_step.effect.word(), word);
        let line = block(&section, "sh");
        assert!(line.starts_with("curl -X POST \"$PROVIDER/_rescind/faults\" "));
        // curl says that it is a form.
        let form = "application/x-www-form-urlencoded";
        let ask = Ask::post("/_rescind/faults").body(form, body_of(&line).to_string());
        let answer = world.send(ask).await;
        assert_eq!(answer.status, 200, "{word}: {}", answer.body);
        let state = world.tenant.lock();
        let set = state.faults().iter().last().unwrap();
        assert_eq!(set.fault, of_step, "{word}");
    }
}
