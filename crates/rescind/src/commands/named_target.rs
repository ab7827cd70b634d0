//! A target that a person names: its file, and what the file takes from its surroundings.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rescind_model::secret::Secret;
use rescind_model::{Diagnostic, Target};
use rescind_runner::Catalogue;

use super::NotReady;
use crate::{arguments, assets};

/// A target and what its file takes from its surroundings.
pub struct NamedTarget {
    /// The target.
    pub target: Target,
    /// This program, for a target that is one of its commands.
    pub rescind: PathBuf,
    /// The folder of its file.
    pub directory: PathBuf,
    /// The values of the environment variables that the file names.
    pub environment: BTreeMap<String, Secret>,
    /// The PEM certificates of the file that it names.
    pub ca_certificates: Option<Vec<u8>>,
}

impl NamedTarget {
    /// Reads a target file; that of the reference service if none is named.
    ///
    /// # Errors
    /// It cannot be read, or makes no sense.
    pub fn load(catalogue: &Catalogue, path: Option<&Path>) -> Result<Self, NotReady> {
        let file = match path {
            Some(path) => assets::read(path)?,
            None => assets::reference_target(),
        };
        let target = catalogue.load_target(&file)?;
        let rescind = std::env::current_exe().map_err(|error| {
            NotReady::Problem(
                format!("this program cannot find itself: {error}"),
                "call it by its full path".to_owned(),
            )
        })?;
        let environment = target
            .variables()
            .filter_map(|name| {
                arguments::environment(name).map(|value| (name.get().clone(), Secret::new(value)))
            })
            .collect();
        Ok(Self {
            ca_certificates: ca_certificates(path, &target)?,
            target,
            rescind,
            directory: directory_of(path),
            environment,
        })
    }
}

/// The folder of a file; the working directory's own for one that is inside this program.
fn directory_of(file: Option<&Path>) -> PathBuf {
    let parent = file.and_then(Path::parent);
    let parent = parent.filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).to_owned()
}

/// The certificates that the target file names, from the file beside it.
fn ca_certificates(file: Option<&Path>, target: &Target) -> Result<Option<Vec<u8>>, NotReady> {
    let (Some(file), Some(named)) = (file, &target.ca_certificates) else {
        return Ok(None);
    };
    let path = directory_of(Some(file)).join(named.get());
    let read =
        std::fs::read(&path).map_err(|error| {
            let message = format!(
                "the certificates `{}` cannot be read: {error}",
                path.display()
            );
            let mistake = Diagnostic::new(&target.file, named.span(), message);
            vec![mistake.hint(
                "name a file that this user may read; its path begins at this file's own folder",
            )]
        })?;
    Ok(Some(read))
}
