//! Where a target's snapshots are: the folder that its file names, or the embedded ones of the
//! reference service.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use rescind_model::Target;
use rescind_runner::Selection;
use rescind_runner::snapshots::{SnapshotComparison, SnapshotSet, SnapshotState, format};

use crate::arguments::{Check, SnapshotAction, is_continuous_integration};
use crate::assets::{self, Unreadable};
use crate::commands::{NotReady, write_atomically};
use crate::output;

/// A target's snapshots, and what is to be done about them.
#[derive(Debug)]
pub struct Snapshots {
    /// What is to be done.
    pub action: SnapshotAction,
    /// What they are.
    pub set: SnapshotSet,
    /// Where they may be written; nowhere for the embedded ones.
    pub folder: PathBuf,
}

/// What to do about the snapshots of a target; none if it has none and nobody asks for them.
pub fn of_target(
    arguments: &Check,
    selection: &Selection,
    target: &Target,
) -> Result<Option<Snapshots>, NotReady> {
    let action = arguments.snapshots.unwrap_or(SnapshotAction::Check);
    let asked = arguments.snapshots.is_some();
    refuse_writing(arguments, action)?;
    let Some(named) = &target.snapshots else {
        return if asked {
            Err(no_folder(arguments))
        } else {
            Ok(None)
        };
    };
    let complete = selection.is_empty() && !arguments.suite.only_own_scenarios;
    let Some(target_file) = &arguments.target else {
        // The embedded ones are those of the embedded scenarios and profiles.
        let own = arguments.suite.scenarios.is_some() || arguments.suite.profiles.is_some();
        let files = assets::reference_snapshots();
        return Ok((asked || !own).then(|| Snapshots {
            action,
            set: SnapshotSet {
                folder: assets::REFERENCE_SNAPSHOTS.to_owned(),
                files,
                complete,
            },
            folder: PathBuf::new(),
        }));
    };
    let folder = target_file
        .parent()
        .unwrap_or(Path::new(""))
        .join(named.get());
    let shown = without_detours(&folder);
    if !asked && !folder.is_dir() {
        output::talk(&format!(
            "note: this target has no snapshots yet: `{}` is not there; `--snapshots write` makes it",
            shown.display()
        ));
        return Ok(None);
    }
    let files = read(&folder)?;
    Ok(Some(Snapshots {
        action,
        set: SnapshotSet {
            folder: shown.to_string_lossy().into_owned(),
            files,
            complete,
        },
        folder,
    }))
}

/// A change that nobody has looked at must not pass for one that somebody accepted.
fn refuse_writing(arguments: &Check, action: SnapshotAction) -> Result<(), NotReady> {
    if action == SnapshotAction::Check {
        return Ok(());
    }
    if is_continuous_integration() {
        return Err(NotReady::Problem(
            format!(
                "`--snapshots {action}` is refused, for the environment variable `CI` is set: continuous integration never writes a snapshot"
            ),
            "run it on your own machine, read what changed, and commit it".to_owned(),
        ));
    }
    if arguments.target.is_none() {
        return Err(NotReady::Problem(
            format!(
                "`--snapshots {action}` has nowhere to write: the reference target is inside this program"
            ),
            "name its file: `--target fixtures/targets/reference.toml`".to_owned(),
        ));
    }
    Ok(())
}

fn no_folder(arguments: &Check) -> NotReady {
    let file = arguments.target.as_ref().map_or_else(
        || "the target file".to_owned(),
        |path| format!("`{}`", path.display()),
    );
    NotReady::Problem(
        format!("{file} names no folder of snapshots"),
        "state one, relative to the file's own folder, before its first table: `snapshots = \"snapshots\"`"
            .to_owned(),
    )
}

/// A path for people: what goes into a folder and out again is left out.
fn without_detours(path: &Path) -> PathBuf {
    let mut shown = PathBuf::new();
    for component in path.components() {
        let last = shown.components().next_back();
        match (component, last) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                shown.pop();
            }
            _ => shown.push(component),
        }
    }
    shown
}

/// Every snapshot below a folder, by its path there; none if there is no such folder.
fn read(folder: &Path) -> Result<BTreeMap<String, String>, Unreadable> {
    let mut files = BTreeMap::new();
    if folder.is_dir() {
        read_below(folder, "", &mut files)?;
    }
    Ok(files)
}

fn read_below(
    folder: &Path,
    shown: &str,
    files: &mut BTreeMap<String, String>,
) -> Result<(), Unreadable> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| Unreadable { path, source }
    };
    for entry in std::fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let below = format!("{shown}{name}");
        if path.is_dir() {
            read_below(&path, &format!("{below}/"), files)?;
        } else if name.ends_with(format::ENDING) {
            let text = std::fs::read_to_string(&path).map_err(unreadable(&path))?;
            files.insert(below, text);
        }
    }
    Ok(())
}

impl Snapshots {
    /// Makes what a case does now its snapshot, or deletes a snapshot that no case has.
    pub fn accept(&self, comparison: &SnapshotComparison) -> Result<(), NotReady> {
        let path = self.folder.join(&comparison.path);
        let done = match (&comparison.state, comparison.accepted_file()) {
            (_, Some(text)) => write(&path, &text),
            (SnapshotState::Unreferenced { .. }, None) => self.delete(&path),
            (_, None) => Ok(()),
        };
        done.map_err(|error| {
            NotReady::Problem(
                format!(
                    "the snapshot `{}` cannot be written: {error}",
                    without_detours(&path).display()
                ),
                "check the folder, and that this user may write there".to_owned(),
            )
        })
    }

    /// Takes the folders with it that it leaves empty.
    fn delete(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)?;
        let folders = path.ancestors().skip(1);
        for folder in folders.take_while(|folder| *folder != self.folder) {
            // One that holds something stays: the system says so, and that is no error.
            if std::fs::remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(())
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    write_atomically(path, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_shown_without_detours() {
        let check = |path: &str, expected: &str| {
            assert_eq!(without_detours(Path::new(path)), Path::new(expected));
        };
        check(
            "fixtures/targets/../snapshots/reference",
            "fixtures/snapshots/reference",
        );
        check("./snapshots", "snapshots");
        check("../../snapshots", "../../snapshots");
        check("/a/../../b", "/../b");
    }
}
