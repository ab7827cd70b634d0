//! The arrows of the design, and no others.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::support::root;

/// What each crate may depend on, of this workspace.
const ARROWS: [(&str, &[&str]); 8] = [
    (
        "rescind",
        &[
            "rescind-model",
            "rescind-provider",
            "rescind-report",
            "rescind-runner",
            "rescind-service",
        ],
    ),
    // The benchmark: it mints what its own server mints, to know the tokens without being told.
    ("rescind-benches", &["rescind-model", "rescind-provider"]),
    ("rescind-model", &[]),
    ("rescind-provider", &["rescind-model"]),
    ("rescind-report", &["rescind-model"]),
    ("rescind-runner", &["rescind-model", "rescind-provider"]),
    // The judge and the judged share nothing.
    ("rescind-service", &[]),
    ("rescind-wiremock", &["rescind-model", "rescind-provider"]),
];

/// What the model may not have, since it does no I/O and knows no runtime, clock or randomness.
const NOT_IN_THE_MODEL: [&str; 8] = [
    "tokio",
    "hyper",
    "reqwest",
    "rusqlite",
    "getrandom",
    "rand",
    "tempfile",
    "include_dir",
];

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo describes the workspace");
    metadata
        .packages
        .iter()
        .map(|package| {
            let names = package
                .dependencies
                .iter()
                .filter(|dependency| dependency.kind != DependencyKind::Development);
            (
                package.name.to_string(),
                names.map(|dependency| dependency.name.clone()).collect(),
            )
        })
        .collect()
}

#[test]
fn crates_depend_on_each_other_as_the_design_says() {
    let dependencies = dependencies();
    let expected: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    let found: BTreeSet<&str> = dependencies.keys().map(String::as_str).collect();
    assert_eq!(
        found, expected,
        "a crate came or went: say in ARROWS what it may know"
    );
    for (name, allowed) in ARROWS {
        let own: BTreeSet<&str> = dependencies[name]
            .iter()
            .map(String::as_str)
            .filter(|dependency| expected.contains(dependency))
            .collect();
        assert_eq!(
            own,
            allowed.iter().copied().collect(),
            "the arrows of {name}"
        );
    }
}

#[test]
fn not_even_the_tests_of_the_service_know_a_crate_of_ours() {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo describes the workspace");
    let service = metadata
        .packages
        .iter()
        .find(|package| package.name == "rescind-service")
        .expect("the service is there");
    let ours = service
        .dependencies
        .iter()
        .find(|dependency| dependency.name.starts_with("rescind"));
    assert!(ours.is_none(), "the service depends on {ours:?}");
}

#[test]
fn the_model_does_no_input_or_output() {
    let dependencies = dependencies();
    let bad: Vec<&str> = NOT_IN_THE_MODEL
        .into_iter()
        .filter(|name| dependencies["rescind-model"].contains(*name))
        .collect();
    assert!(bad.is_empty(), "the model depends on {bad:?}");
}

#[test]
fn the_service_does_not_read_the_profiles_nor_anybody_else_the_toolkits() {
    for (folder, forbidden) in [
        ("rescind-service", "fixtures/providers"),
        ("rescind-provider", "fixtures/toolkits"),
        ("rescind-runner", "fixtures/toolkits"),
        ("rescind", "fixtures/toolkits"),
    ] {
        for file in rust_files(&root().join("crates").join(folder).join("src")) {
            let text = std::fs::read_to_string(&file).expect("the file is text");
            assert!(
                !text.contains(forbidden),
                "{} names {forbidden}",
                file.display()
            );
        }
    }
}

fn rust_files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the entry is readable").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
