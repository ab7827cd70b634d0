//! `rescind serve`: run the reference revoke service.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rescind_model::source::nearest_hint;
use rescind_service::{Config, Database, Defect, EncryptionKey, Secret, ServeError, StoreError};

use super::provider::stop_requested;
use crate::arguments::{Serve, environment};
use crate::{exit, output};

const ENCRYPTION_KEY: &str = "RESCIND_ENCRYPTION_KEY";
const MAKE_A_KEY: &str = "make a key with `openssl rand -base64 32`, keep it apart from the \
     database, and give it in `RESCIND_ENCRYPTION_KEY` or with `--encryption-key-file FILE`";

/// Runs the command until it is interrupted. Returns the exit code.
pub async fn run(arguments: Serve) -> u8 {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_max_level(tracing::Level::INFO)
        .init();
    let defect = match arguments
        .defect
        .as_deref()
        .map(|name| (name, name.parse::<Defect>().ok()))
    {
        None => None,
        Some((_, Some(defect))) => Some(defect),
        Some((name, None)) => {
            let hint = nearest_hint(name, Defect::ALL.iter().map(|defect| defect.name()))
                .unwrap_or_default();
            output::problem(&format!("there is no defect `{name}`"), &hint);
            return exit::USAGE;
        }
    };
    let encryption_key = match encryption_key(arguments.encryption_key_file.as_deref()) {
        Ok(key) => key,
        Err(problem) => {
            output::problem(&problem, MAKE_A_KEY);
            return exit::CONFIGURATION;
        }
    };
    let config = Config {
        listen: arguments.listen,
        database: match arguments.database.as_str() {
            ":memory:" => Database::Memory,
            path => Database::File(PathBuf::from(path)),
        },
        encryption_key,
        api_key: Secret::new(arguments.api_key),
        dispatch_timeout: Duration::from_secs(arguments.dispatch_timeout),
        defect,
    };
    let service = match rescind_service::serve(config).await {
        Ok(service) => service,
        Err(error) => {
            output::problem(&error.to_string(), what_next(&error));
            return exit::CONFIGURATION;
        }
    };
    output::data(&format!("listening on http://{}\n", service.local_addr()));
    let _ = stop_requested().await;
    match service.shutdown().await {
        Ok(()) => exit::PASS,
        Err(error) => {
            output::problem(
                &error.to_string(),
                "accounts may have been left in the middle of a change: start it again",
            );
            exit::HARNESS_ERROR
        }
    }
}

/// The key that was given, if any: what is typed goes before what the environment says.
fn encryption_key(file: Option<&Path>) -> Result<Option<EncryptionKey>, String> {
    let (place, text) = match (file, environment(ENCRYPTION_KEY)) {
        (Some(path), _) => {
            let place = path.display().to_string();
            let text = std::fs::read_to_string(path)
                .map_err(|error| format!("the key file {place} cannot be read: {error}"))?;
            (place, text)
        }
        (None, Some(text)) => (ENCRYPTION_KEY.to_owned(), text),
        (None, None) => return Ok(None),
    };
    EncryptionKey::parse(&text)
        .map(Some)
        .map_err(|error| format!("{place}: {error}"))
}

fn what_next(error: &ServeError) -> &'static str {
    match error {
        ServeError::NoEncryptionKey => MAKE_A_KEY,
        ServeError::Store(StoreError::WrongKey) => {
            "give the key that the database was made with; without it its secrets are lost, and \
             another `--database` has to be begun"
        }
        _ => "choose another `--listen` address or `--database`",
    }
}
