//! The profiles of real and of plain providers, inside the program.

use include_dir::{Dir, include_dir};
use rescind_model::SourceFile;

static PROFILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../fixtures/providers");

/// Every profile's name and file, by name.
pub fn embedded() -> Vec<(String, SourceFile)> {
    let files = PROFILES.files().filter_map(|file| {
        let name = file.path().file_name()?.to_str()?.strip_suffix(".toml")?;
        let path = format!("fixtures/providers/{name}.toml");
        Some((
            name.to_owned(),
            SourceFile::new(path, file.contents_utf8()?),
        ))
    });
    let mut files: Vec<_> = files.collect();
    files.sort_by(|(left, _), (right, _)| left.cmp(right));
    files
}

/// The file of the profile of a name.
pub fn named(name: &str) -> Option<SourceFile> {
    let file = PROFILES.get_file(format!("{name}.toml"))?;
    let path = format!("fixtures/providers/{name}.toml");
    Some(SourceFile::new(path, file.contents_utf8()?))
}

#[cfg(test)]
mod tests {
    use rescind_model::Profile;

    use super::*;

    #[test]
    fn every_embedded_profile_is_valid_and_found_by_its_name() {
        let all = embedded();
        assert!(all.iter().any(|(name, _)| name == "google"));
        for (name, file) in all {
            assert_eq!(named(&name).as_ref(), Some(&file));
            assert!(Profile::parse(&file).is_ok(), "{name}");
        }
        assert_eq!(named("no-such-profile"), None);
    }
}
