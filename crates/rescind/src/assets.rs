//! The fixtures and scenarios inside the program, and folders that add to them.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use include_dir::{Dir, DirEntry, include_dir};
use rescind_model::SourceFile;
use rescind_model::requirement::SetFiles;
use rescind_model::source::nearest_hint;
use rescind_runner::catalogue::NamedFile;

use crate::arguments::Preset;

static REQUIREMENTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../fixtures/requirements");
static TARGETS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../fixtures/targets");
static SNAPSHOTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../fixtures/snapshots/reference");
static SCENARIOS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../scenarios");

/// Where the embedded snapshots lie in the repository.
pub const REFERENCE_SNAPSHOTS: &str = "fixtures/snapshots/reference";

/// The name of the set that a run is judged by.
pub const DEFAULT_SET: &str = "connected-accounts-2026-05-12";

/// A file or folder that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("`{path}` cannot be read: {source}")]
pub struct Unreadable {
    /// Which one.
    pub path: PathBuf,
    /// What the system says.
    pub source: io::Error,
}

/// There is no requirement set of a name.
#[derive(Debug, thiserror::Error)]
#[error("there is no requirement set `{name}`")]
pub struct NoSuchSet {
    /// The name.
    pub name: String,
    /// The nearest that there is.
    pub hint: String,
}

/// The profiles: those inside, with those of a folder beside or in place of them.
pub fn profiles(own: Option<&Path>) -> Result<Vec<NamedFile>, Unreadable> {
    let inside = rescind_provider::profiles::embedded();
    collect(inside.into_iter().collect(), own)
}

/// The scenarios: those inside, unless only a folder's own are wanted, with those of the folder
/// beside or in place of them.
pub fn scenarios(own: Option<&Path>, only_own: bool) -> Result<Vec<NamedFile>, Unreadable> {
    let mut inside = BTreeMap::new();
    if !only_own {
        embedded_files(&SCENARIOS, "scenarios", &mut inside);
    }
    collect(inside, own)
}

/// The default requirement set, with those that it may extend.
fn requirement_set() -> SetFiles {
    SetFiles {
        chosen: embedded(
            &REQUIREMENTS,
            "fixtures/requirements",
            &format!("{DEFAULT_SET}.toml"),
        ),
        known: requirement_sets()
            .into_iter()
            .map(|named| named.file)
            .collect(),
    }
}

/// Every requirement set, by name.
pub fn requirement_sets() -> Vec<NamedFile> {
    let mut files = BTreeMap::new();
    embedded_files(&REQUIREMENTS, "fixtures/requirements", &mut files);
    named_files(files)
}

/// The requirement set of a name, with those that it may extend.
///
/// # Errors
/// There is none of that name: the hint names the nearest.
pub fn requirement_set_named(name: &str) -> Result<SetFiles, NoSuchSet> {
    let mut sets = requirement_set();
    let known = requirement_sets();
    match known.iter().find(|set| set.name == name) {
        Some(set) => {
            sets.chosen = set.file.clone();
            Ok(sets)
        }
        None => Err(NoSuchSet {
            name: name.to_owned(),
            hint: nearest_hint(name, known.iter().map(|set| set.name.as_str())).unwrap_or_default(),
        }),
    }
}

/// The target file of the reference service.
pub fn reference_target() -> SourceFile {
    embedded(&TARGETS, "fixtures/targets", "reference.toml")
}

/// What `rescind init` writes for a preset.
pub fn target_template(preset: Preset) -> &'static str {
    let name = match preset {
        Preset::Blank => "templates/blank.toml",
        Preset::V31 => "templates/v3.1.toml",
        Preset::Reference => "templates/reference.toml",
    };
    // The tests see to it that there is such a file.
    let file = TARGETS.get_file(name);
    file.and_then(include_dir::File::contents_utf8)
        .unwrap_or_default()
}

/// The snapshots of the reference service, by their paths below their folder.
pub fn reference_snapshots() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![&SNAPSHOTS];
    while let Some(folder) = folders.pop() {
        for file in folder.files() {
            let text = file.contents_utf8().unwrap_or_default();
            files.insert(with_slashes(file.path()), text.to_owned());
        }
        folders.extend(folder.dirs());
    }
    files
}

/// Reads a file that a person names.
pub fn read(path: &Path) -> Result<SourceFile, Unreadable> {
    let unreadable = |source| Unreadable {
        path: path.to_owned(),
        source,
    };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    Ok(SourceFile::new(path.to_string_lossy().into_owned(), text))
}

/// An empty text if there is no such file, which then fails to parse: the tests see to it that
/// there is.
fn embedded(folder: &Dir<'_>, shown: &str, name: &str) -> SourceFile {
    let text = folder
        .get_file(name)
        .and_then(include_dir::File::contents_utf8)
        .unwrap_or_default();
    SourceFile::new(format!("{shown}/{name}"), text)
}

/// Files by name, with those of a folder beside or in place of them.
fn collect(
    mut files: BTreeMap<String, SourceFile>,
    own: Option<&Path>,
) -> Result<Vec<NamedFile>, Unreadable> {
    if let Some(own) = own {
        own_files(own, own, &mut files)?;
    }
    Ok(named_files(files))
}

fn named_files(files: BTreeMap<String, SourceFile>) -> Vec<NamedFile> {
    files
        .into_iter()
        .map(|(name, file)| NamedFile { name, file })
        .collect()
}

fn embedded_files(folder: &Dir<'_>, shown: &str, files: &mut BTreeMap<String, SourceFile>) {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(folder) => embedded_files(folder, shown, files),
            DirEntry::File(file) => {
                if let (Some(name), Some(text)) = (name_of(file.path()), file.contents_utf8()) {
                    let path = format!("{shown}/{}", file.path().display());
                    files.insert(name, SourceFile::new(path, text));
                }
            }
        }
    }
}

fn own_files(
    root: &Path,
    folder: &Path,
    files: &mut BTreeMap<String, SourceFile>,
) -> Result<(), Unreadable> {
    let unreadable = |source| Unreadable {
        path: folder.to_owned(),
        source,
    };
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            own_files(root, &path, files)?;
        } else if let Some(name) = path.strip_prefix(root).ok().and_then(name_of) {
            files.insert(name, read(&path)?);
        }
    }
    Ok(())
}

/// The path without the ending, with slashes on every system; none if it is no TOML file.
fn name_of(path: &Path) -> Option<String> {
    if path.extension()? != "toml" {
        return None;
    }
    Some(with_slashes(&path.with_extension("")))
}

fn with_slashes(path: &Path) -> String {
    let parts: Vec<String> = path
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    parts.join("/")
}
