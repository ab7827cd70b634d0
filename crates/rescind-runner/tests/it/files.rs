//! The workspace's files, each under the path that messages show.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rescind_model::requirement::SetFiles;
use rescind_model::{Profile, RequirementSet, SourceFile, Target};
use rescind_runner::catalogue::NamedFile;
use rescind_runner::judge::checks;

/// The requirement set that everything is judged by.
pub const SET: &str = "fixtures/requirements/connected-accounts-2026-05-12.toml";

/// The folder of all requirement sets.
pub const SETS: &str = "fixtures/requirements";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file by its path below the workspace.
pub fn read(path: &str) -> SourceFile {
    let text = std::fs::read_to_string(root().join(path))
        .unwrap_or_else(|error| panic!("{path}: {error}"));
    SourceFile::new(path, text)
}

/// The paths of all files below a folder of the workspace that have that ending, in order.
pub fn below(folder: &str, ending: &str) -> Vec<String> {
    let mut paths = Vec::new();
    collect(folder, ending, &mut paths);
    paths.sort();
    paths
}

fn collect(folder: &str, ending: &str, paths: &mut Vec<String>) {
    let entries =
        std::fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    for entry in entries {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            collect(&path, ending, paths);
        } else if path.ends_with(ending) {
            paths.push(path);
        }
    }
}

/// Every TOML file below a folder, by the name that other files know it by.
pub fn named(folder: &str) -> Vec<NamedFile> {
    let paths = below(folder, ".toml");
    let name = |path: &str| path[folder.len() + 1..path.len() - ".toml".len()].to_owned();
    paths
        .iter()
        .map(|path| NamedFile {
            name: name(path),
            file: read(path),
        })
        .collect()
}

/// The profiles of `fixtures/providers`.
pub fn profiles() -> Vec<NamedFile> {
    named("fixtures/providers")
}

/// Whether there is a file of that path below the workspace.
pub fn exists(path: &str) -> bool {
    root().join(path).is_file()
}

/// The requirement set.
pub fn set() -> RequirementSet {
    RequirementSet::parse(&read(SET), &checks::ids()).expect("the set is valid")
}

/// Every requirement set, with what it inherits.
pub fn sets() -> Vec<RequirementSet> {
    let known: Vec<SourceFile> = below(SETS, ".toml").iter().map(|path| read(path)).collect();
    known
        .iter()
        .map(|file| {
            let files = SetFiles {
                chosen: file.clone(),
                known: known.clone(),
            };
            RequirementSet::parse(files, &checks::ids()).expect("the set is valid")
        })
        .collect()
}

/// The target file of the reference service.
pub fn target() -> Target {
    let file = read("fixtures/targets/reference.toml");
    Target::parse(&file).expect("the target file is valid")
}

/// A profile of `fixtures/providers`.
pub fn profile(name: &str) -> Arc<Profile> {
    let file = read(&format!("fixtures/providers/{name}.toml"));
    Arc::new(Profile::parse(&file).expect("the profile is valid"))
}
