//! The commands, one a file.

pub mod adapter;
pub mod check;
pub mod doctor;
pub mod explain;
pub mod init;
pub mod list;
pub mod merge;
mod named_target;
pub mod prove;
pub mod provider;
pub mod replay;
pub mod schema;
pub mod serve;

use std::path::{Path, PathBuf};

use rescind_model::Diagnostic;
use rescind_model::event::Report;
use rescind_runner::Catalogue;

use crate::arguments::Suite;
use crate::assets::{self, NoSuchSet, Unreadable};
use crate::{exit, output};

/// Why a command came to nothing before it began.
pub enum NotReady {
    /// Mistakes in files.
    Mistakes(Vec<Diagnostic>),
    /// A word on the command line that nothing answers to, and the next step.
    Usage(String, String),
    /// Something else, and the next step.
    Problem(String, String),
}

impl NotReady {
    /// Says what is wrong. Returns the exit code.
    pub fn report(self) -> u8 {
        match self {
            Self::Usage(message, hint) => {
                output::problem(&message, &hint);
                return exit::USAGE;
            }
            Self::Mistakes(mistakes) => output::diagnostics(&mistakes),
            Self::Problem(message, hint) => output::problem(&message, &hint),
        }
        exit::CONFIGURATION
    }
}

impl From<Vec<Diagnostic>> for NotReady {
    fn from(mistakes: Vec<Diagnostic>) -> Self {
        Self::Mistakes(mistakes)
    }
}

impl From<NoSuchSet> for NotReady {
    fn from(missing: NoSuchSet) -> Self {
        Self::Usage(missing.to_string(), missing.hint)
    }
}

impl From<Unreadable> for NotReady {
    fn from(unreadable: Unreadable) -> Self {
        Self::Problem(
            unreadable.to_string(),
            "check the path, and that this user may read it".to_owned(),
        )
    }
}

/// What a suite is made of: what is inside the program, and what the user adds or puts in its place.
///
/// # Errors
/// There is no such set, or a file cannot be read or makes no sense.
pub fn catalogue(suite: &Suite, set: &str) -> Result<Catalogue, NotReady> {
    let profiles = assets::profiles(suite.profiles.as_deref())?;
    let scenarios = assets::scenarios(suite.scenarios.as_deref(), suite.only_own_scenarios)?;
    let set = assets::requirement_set_named(set)?;
    Ok(Catalogue::load(set, &profiles, &scenarios)?)
}

/// The JSON report of an earlier run.
///
/// # Errors
/// It cannot be read, or is none.
pub fn read_report(path: &Path) -> Result<Report, NotReady> {
    let file = assets::read(path)?;
    serde_json::from_str(file.text()).map_err(|error| {
        NotReady::Problem(
            format!("`{}` is no report of rescind's: {error}", path.display()),
            "name a file that `--report json=FILE` wrote".to_owned(),
        )
    })
}

/// A seed that nobody has used before.
pub fn fresh_seed() -> Result<String, NotReady> {
    let mut bytes = [0u8; 8];
    getrandom::fill(&mut bytes).map_err(|error| {
        NotReady::Problem(
            format!("the system gives no randomness: {error}"),
            "state a seed with `--seed`".to_owned(),
        )
    })?;
    Ok(format!("{:016x}", u64::from_be_bytes(bytes)))
}

/// A reader sees the old file or the new one, never a part.
pub fn write_atomically(path: &Path, text: &str) -> std::io::Result<()> {
    let unfinished = unfinished_path(path);
    std::fs::write(&unfinished, text)
        .and_then(|()| std::fs::rename(&unfinished, path))
        .inspect_err(|_| {
            let _ = std::fs::remove_file(&unfinished);
        })
}

/// Where a file is written until it is whole: beside it, so that it need only be renamed.
pub fn unfinished_path(path: &Path) -> PathBuf {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    path.with_file_name(format!(".{name}.{}", std::process::id()))
}
