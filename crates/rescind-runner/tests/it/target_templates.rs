//! The files that `rescind init` writes: each is valid as it stands and with everything optional
//! stated, and the blank one has every key that there is.

use rescind_model::source::Colour;
use rescind_model::target::{Capability, Words};
use rescind_model::{AccountStatus, SourceFile, Subject, Target, files as formats};
use serde_json::Value;

use crate::files::{below, read};

const FOLDER: &str = "fixtures/targets/templates";

/// The keys of the provider that the run has itself, and those of one that runs already: a file
/// states some of the former or the latter.
const ALTERNATIVES: [&[&str]; 2] = [&["listen", "public_url"], &["control"]];

/// The file without the lines that state these keys.
fn without(file: &SourceFile, keys: &[&str]) -> SourceFile {
    let states = |line: &str, key: &str| line.starts_with(&format!("{key} = "));
    let is_kept = |line: &&str| !keys.iter().any(|key| states(line, key));
    let lines: Vec<&str> = file.text().lines().filter(is_kept).collect();
    SourceFile::new(file.path(), lines.join("\n"))
}

/// The file without its tables of these names, and what stands in them.
fn without_tables(file: &SourceFile, names: &[&str]) -> SourceFile {
    let mut is_kept = true;
    let lines = file.text().lines().filter(|line| {
        if line.starts_with('[') {
            is_kept = !names.contains(&line.trim_matches(['[', ']']));
        }
        is_kept
    });
    let text: Vec<&str> = lines.collect();
    SourceFile::new(file.path(), text.join("\n"))
}

/// Accounts are put into a target by steps or by a command.
const WAYS: [&[&str]; 2] = [&["client", "account"], &["adapter"]];

/// The file with every optional line stated: those that begin with `#` and no space.
fn with_options(file: &SourceFile) -> SourceFile {
    let lines = file.text().lines().map(|line| {
        let option = line.strip_prefix('#');
        option
            .filter(|option| option.starts_with(|first: char| !first.is_whitespace()))
            .unwrap_or(line)
    });
    let text: Vec<&str> = lines.collect();
    // As the blank file says: with a process, the address is what that says.
    let text = text.join("\n").replace(
        "base_url = \"http://127.0.0.1:8080\"",
        "base_url = \"{base_url}\"",
    );
    SourceFile::new(format!("{} with options", file.path()), text)
}

fn assert_valid(file: &SourceFile) {
    if let Err(mistakes) = Target::parse(file) {
        let shown = mistakes.iter().map(|mistake| mistake.render(Colour::Plain));
        panic!("{}", shown.collect::<Vec<String>>().join("\n\n"));
    }
}

/// A file's data.
fn data(file: &SourceFile) -> toml::Table {
    toml::from_str(file.text()).expect("it is TOML")
}

#[test]
fn each_is_valid_as_it_stands_and_with_everything_optional_stated() {
    let paths = below(FOLDER, ".toml");
    assert_eq!(paths.len(), 3);
    for path in paths {
        let file = read(&path);
        assert_valid(&file);
        let with_options = with_options(&file);
        assert_ne!(file.text(), with_options.text(), "{path} has no options");
        for way in WAYS {
            let other_way = without_tables(&with_options, way);
            // Only the blank one has both.
            if other_way.text().contains("[[account]]") || other_way.text().contains("[adapter]") {
                for other in ALTERNATIVES {
                    assert_valid(&without(&other_way, other));
                }
            }
        }
    }
}

/// What a schema says of a value, where it refers to another one or is one of several.
fn resolved<'a>(schema: &'a Value, root: &'a Value) -> Vec<&'a Value> {
    let several = schema["anyOf"].as_array().into_iter().flatten();
    let referred = schema["$ref"].as_str().map(|reference| {
        root.pointer(reference.trim_start_matches('#'))
            .expect("what it refers to is there")
    });
    let mut found = vec![schema];
    for further in several.chain(referred) {
        found.extend(resolved(further, root));
    }
    found
}

/// Every key of a schema that the data lacks. A body is any JSON.
fn missing(schema: &Value, root: &Value, data: &toml::Value, path: &str, found: &mut Vec<String>) {
    for schema in resolved(schema, root) {
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            match data.get(name) {
                Some(data) => missing(member, root, data, &path, found),
                // One example of a request with a body explains that of every request.
                None if path.ends_with(".request.json") => {}
                None => found.push(path),
            }
        }
        if let (Some(items), Some(first)) = (schema.get("items"), data.get(0)) {
            missing(items, root, first, path, found);
        }
    }
}

#[test]
fn the_blank_one_has_every_key_of_the_schema() {
    let schemas = formats::schemas();
    let (_, schema) = schemas
        .iter()
        .find(|(name, _)| *name == "target")
        .expect("there is a schema");
    let schema = schema.as_value();
    let file = with_options(&read(&format!("{FOLDER}/blank.toml")));
    let data = toml::Value::Table(data(&file));
    let mut found = Vec::new();
    missing(schema, schema, &data, "", &mut found);
    assert_eq!(found, Vec::<String>::new());

    // Words that stand for keys of a table are explained, too.
    let capabilities = Capability::ALL.map(Capability::as_str);
    let statuses = AccountStatus::ALL.map(AccountStatus::as_str);
    let subjects = Subject::ALL.map(Subject::as_str);
    let codes = Words::STATUS_CODES.map(|code| code.to_string());
    let words = capabilities.iter().chain(&statuses).chain(&subjects);
    for word in words.copied().chain(codes.iter().map(String::as_str)) {
        assert!(file.text().contains(word), "{word}");
    }
}

#[test]
fn the_reference_one_says_what_the_target_file_of_the_reference_service_says() {
    let written = data(&read(&format!("{FOLDER}/reference.toml")));
    let mut own = data(&read("fixtures/targets/reference.toml"));
    // Its snapshots lie beside the suite's own file.
    own.remove("snapshots").expect("it has snapshots");
    assert_eq!(written, own);
}

#[test]
fn the_published_one_makes_the_requests_of_the_reference_service() {
    let published = data(&read(&format!("{FOLDER}/v3.1.toml")));
    let reference = data(&read("fixtures/targets/reference.toml"));
    let requests = [
        "client",
        "account",
        "revoke",
        "read",
        "delete",
        "delete_and_revoke",
        "refresh",
    ];
    let switches = ["set_status", "delete_client", "set_client_status"];
    for table in requests.into_iter().chain(switches) {
        assert_eq!(published.get(table), reference.get(table), "{table}");
    }
}
