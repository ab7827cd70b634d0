//! The key of the control API.

use std::path::{Path, PathBuf};

use rescind_model::secret::Secret;

use super::super::NotReady;
use super::quoted;
use crate::arguments::environment;

const VARIABLE: &str = "RESCIND_CONTROL_KEY";

/// The key, and where it came from.
pub struct ControlKey {
    pub secret: Secret,
    /// None: from the environment.
    file: Option<PathBuf>,
}

/// The key that was given, if any: what is typed goes before what the environment says.
///
/// # Errors
/// A file that cannot be read, or a key that no header can carry. Neither shows the key.
pub fn read(file: Option<&Path>) -> Result<Option<ControlKey>, NotReady> {
    let (place, text) = match (file, environment(VARIABLE)) {
        (Some(path), _) => {
            let place = path.display().to_string();
            let text = std::fs::read_to_string(path).map_err(|error| {
                NotReady::Problem(
                    format!("the key file {place} cannot be read: {error}"),
                    format!("name a file with the key, or give it in `{VARIABLE}`"),
                )
            })?;
            (place, text)
        }
        (None, Some(text)) => (VARIABLE.to_owned(), text),
        (None, None) => return Ok(None),
    };
    let key = text.trim();
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(NotReady::Problem(
            format!("{place}: the key is empty, or holds what is not printable ASCII"),
            "make one with `openssl rand -hex 32`".to_owned(),
        ));
    }
    Ok(Some(ControlKey {
        secret: Secret::new(key),
        file: file.map(Path::to_owned),
    }))
}

/// What curl needs to show the key, without the key itself.
pub fn shown_by_curl(key: Option<&ControlKey>) -> String {
    let shows = |from: &str| format!(" -H \"Authorization: Bearer {from}\"");
    match key {
        None => String::new(),
        Some(ControlKey { file: None, .. }) => shows(&format!("${VARIABLE}")),
        Some(ControlKey {
            file: Some(path), ..
        }) => shows(&format!("$(cat {})", quoted(path))),
    }
}
