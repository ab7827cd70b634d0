//! The committed schemas are those of the types.

use crate::support::{root, run};

#[test]
fn committed_schemas_are_fresh() {
    for format in [
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
    ] {
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
    for (name, file) in [
        ("service", "schemas/openapi.json"),
        ("control", "schemas/control.openapi.json"),
    ] {
        let committed = std::fs::read_to_string(root().join(file));
        assert!(
            committed.unwrap_or_default() == run(&["schema", name]).stdout,
            "stale: `cargo run -- schema {name} > {file}`"
        );
    }
}

#[test]
fn there_is_no_schema_of_a_format_that_is_gone() {
    let count = std::fs::read_dir(root().join("schemas"))
        .expect("the folder is there")
        .count();
    assert_eq!(count, 13);
}
