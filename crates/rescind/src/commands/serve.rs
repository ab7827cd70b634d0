//! `rescind serve`: run the reference revoke service.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rescind_model::source::nearest_hint;
use rescind_service::{
    ApiKey, Config, Database, Defect, EncryptionKey, PublicUrl, Secret, ServeError, StoreError,
    Variant, parse_api_keys,
};

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
    let known = (
        named(
            "defect",
            arguments.defect.as_deref(),
            Defect::ALL,
            Defect::name,
        ),
        named(
            "variant",
            arguments.variant.as_deref(),
            Variant::ALL,
            Variant::name,
        ),
    );
    let (Ok(defect), Ok(variant)) = known else {
        return exit::USAGE;
    };
    let encryption_key = match encryption_key(arguments.encryption_key_file.as_deref()) {
        Ok(key) => key,
        Err(problem) => {
            output::problem(&problem, MAKE_A_KEY);
            return exit::CONFIGURATION;
        }
    };
    let api_keys = match keys(&arguments) {
        Ok(api_keys) => api_keys,
        Err(KeysError { problem, next }) => {
            output::problem(&problem, next);
            return exit::CONFIGURATION;
        }
    };
    let public_url = match arguments.public_url.as_deref().map(PublicUrl::parse) {
        Some(Err(error)) => {
            output::problem(
                &error.to_string(),
                "mend `--public-url` or `RESCIND_PUBLIC_URL`",
            );
            return exit::CONFIGURATION;
        }
        given => given.and_then(Result::ok),
    };
    let config = Config {
        listen: arguments.listen,
        public_url,
        database: match arguments.database.as_str() {
            ":memory:" => Database::Memory,
            path => Database::File(PathBuf::from(path)),
        },
        encryption_key,
        api_keys,
        dispatch_timeout: Duration::from_secs(arguments.dispatch_timeout),
        claim_lease: Duration::from_secs(arguments.claim_lease),
        defect,
        variant,
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

/// The one that was asked for by its name, if any was. Says so where there is none of that name.
fn named<T: Copy>(
    kind: &str,
    asked: Option<&str>,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<Option<T>, ()> {
    let Some(asked) = asked else {
        return Ok(None);
    };
    let found = all.iter().copied().find(|one| name(*one) == asked);
    if found.is_none() {
        let names = all.iter().map(|one| name(*one));
        let hint = nearest_hint(asked, names).unwrap_or_default();
        output::problem(&format!("there is no {kind} `{asked}`"), &hint);
    }
    found.map(Some).ok_or(())
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

/// Why there are no keys to serve with. Never shows a key.
struct KeysError {
    problem: String,
    next: &'static str,
}

/// The name of the variable that holds keys of several projects.
const KEYS_VARIABLE: &str = "RESCIND_API_KEYS";

/// The keys of all sources.
fn keys(arguments: &Serve) -> Result<Vec<ApiKey>, KeysError> {
    let mut keys = Vec::new();
    if let Some(key) = &arguments.api_key {
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(KeysError {
                problem: "the API key is empty, or holds what is not printable ASCII".to_owned(),
                next: "mend `--api-key` or `RESCIND_API_KEY`",
            });
        }
        keys.push(ApiKey::of_default_project(Secret::new(key.as_str())));
    }
    if let Some(text) = environment(KEYS_VARIABLE) {
        add_keys(&mut keys, &text, KEYS_VARIABLE)?;
    }
    if let Some(path) = &arguments.api_keys_file {
        let text = std::fs::read_to_string(path).map_err(|error| KeysError {
            problem: format!("{}: cannot be read: {error}", path.display()),
            next: "name a file of entries `PROJECT:PERMISSION:KEY` in `--api-keys-file`",
        })?;
        add_keys(&mut keys, &text, &path.display().to_string())?;
    }
    if keys.is_empty() {
        return Err(KeysError {
            problem: "there is no API key".to_owned(),
            next: "set `RESCIND_API_KEY`, or `RESCIND_API_KEYS`, or name an `--api-keys-file`",
        });
    }
    Ok(keys)
}

fn add_keys(keys: &mut Vec<ApiKey>, text: &str, place: &str) -> Result<(), KeysError> {
    let added = parse_api_keys(text).map_err(|error| KeysError {
        problem: format!("{place}: {error}"),
        next: "write each entry as `PROJECT:PERMISSION:KEY`, separated by whitespace",
    })?;
    for (index, key) in added.into_iter().enumerate() {
        if keys.iter().any(|earlier| earlier.secret == key.secret) {
            return Err(KeysError {
                problem: format!(
                    "{place}: API key entry {} was given elsewhere, too",
                    index + 1
                ),
                next: "give every key once: a key belongs to one project",
            });
        }
        keys.push(key);
    }
    Ok(())
}
