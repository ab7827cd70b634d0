//! `rescind schema`: the JSON Schema of a file format, or the OpenAPI document of the reference
//! service or of a provider's control API.

use rescind_model::files;
use rescind_model::source::nearest_hint;
use serde::Serialize;

use crate::arguments::Schema;
use crate::{exit, output};

/// What stands for the reference service's OpenAPI document.
const SERVICE: &str = "service";

/// What stands for the OpenAPI document of a provider's control API.
const CONTROL: &str = "control";

/// Runs the command. Returns the exit code.
pub fn run(arguments: &Schema) -> u8 {
    if arguments.format == SERVICE {
        return print(rescind_service::openapi());
    }
    if arguments.format == CONTROL {
        return print(Ok(rescind_provider::server::control_openapi()));
    }
    let schemas = files::schemas();
    let Some((_, schema)) = schemas.iter().find(|(name, _)| *name == arguments.format) else {
        let names = schemas
            .iter()
            .map(|(name, _)| *name)
            .chain([SERVICE, CONTROL]);
        let hint = nearest_hint(&arguments.format, names).unwrap_or_default();
        output::problem(
            &format!("there is no file format `{}`", arguments.format),
            &hint,
        );
        return exit::USAGE;
    };
    print(Ok(schema))
}

fn print(schema: Result<impl Serialize, serde_json::Error>) -> u8 {
    let text = schema.and_then(|schema| serde_json::to_string_pretty(&schema));
    match text {
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
