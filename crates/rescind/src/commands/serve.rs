//! `rescind serve`: run the reference revoke service.

use std::path::PathBuf;
use std::time::Duration;

use rescind_model::source::nearest_hint;
use rescind_service::{Config, Database, Defect, Secret};

use super::provider::stop_requested;
use crate::arguments::Serve;
use crate::{exit, output};

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
    let config = Config {
        listen: arguments.listen,
        database: match arguments.database.as_str() {
            ":memory:" => Database::Memory,
            path => Database::File(PathBuf::from(path)),
        },
        api_key: Secret::new(arguments.api_key),
        dispatch_timeout: Duration::from_secs(arguments.dispatch_timeout),
        defect,
    };
    let service = match rescind_service::serve(config).await {
        Ok(service) => service,
        Err(error) => {
            output::problem(
                &error.to_string(),
                "choose another `--listen` address or `--database`",
            );
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
