//! `rescind schema`: the JSON Schema of a file format.

use rescind_model::files;
use rescind_model::source::nearest_hint;

use crate::arguments::Schema;
use crate::{exit, output};

/// Runs the command. Returns the exit code.
pub fn run(arguments: &Schema) -> u8 {
    let schemas = files::schemas();
    let Some((_, schema)) = schemas.iter().find(|(name, _)| *name == arguments.format) else {
        let hint = nearest_hint(&arguments.format, schemas.iter().map(|(name, _)| *name))
            .unwrap_or_default();
        output::problem(
            &format!("there is no file format `{}`", arguments.format),
            &hint,
        );
        return exit::USAGE;
    };
    match serde_json::to_string_pretty(schema) {
        Ok(text) => {
            output::data(&(text + "\n"));
            exit::PASS
        }
        Err(error) => {
            output::problem(
                &format!("the schema cannot be written: {error}"),
                "this is a defect of rescind: please report it",
            );
            exit::HARNESS_ERROR
        }
    }
}
