//! The committed schemas are those of the types.

use std::collections::BTreeSet;

use crate::support::{root, run};

const FORMATS: [&str; 12] = [
    "adapter",
    "deviations",
    "event",
    "evidence",
    "explanation",
    "profile",
    "proof",
    "provider-config",
    "report",
    "requirements",
    "scenario",
    "target",
];

const OPENAPI: [(&str, &str); 2] = [
    ("service", "openapi.json"),
    ("control", "control.openapi.json"),
];

#[test]
fn committed_schemas_are_fresh() {
    for format in FORMATS {
        let path = root().join("schemas").join(format!("{format}.schema.json"));
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        let fresh = run(&["schema", format]).stdout;
        assert!(
            committed == fresh,
            "stale: `cargo run -- schema {format} > schemas/{format}.schema.json`"
        );
    }
}

#[test]
fn the_committed_openapi_documents_are_fresh() {
    for (name, file) in OPENAPI {
        let committed = std::fs::read_to_string(root().join("schemas").join(file));
        assert!(
            committed.unwrap_or_default() == run(&["schema", name]).stdout,
            "stale: `cargo run -- schema {name} > schemas/{file}`"
        );
    }
}

#[test]
fn there_is_no_schema_of_a_format_that_is_gone() {
    let folder = std::fs::read_dir(root().join("schemas")).expect("the folder is there");
    let there: BTreeSet<String> = folder
        .map(|entry| entry.expect("a file").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    let schemas = FORMATS.map(|format| format!("{format}.schema.json"));
    let documents = OPENAPI.map(|(_, file)| file.to_owned());
    assert_eq!(there, schemas.into_iter().chain(documents).collect());
}
