//! The profiles of `fixtures/providers`, for the property tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use rescind_model::profile::Profile;
use rescind_model::source::SourceFile;

/// Their names.
pub const NAMES: [&str; 11] = [
    "access-only",
    "dropbox",
    "externally-revoked",
    "google",
    "grant-only",
    "no-revoke-route",
    "openid",
    "refresh-only",
    "rfc7009",
    "self-authenticating",
    "two-routes",
];

/// A profile.
pub fn profile(name: &str) -> Arc<Profile> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures/providers")
        .join(format!("{name}.toml"));
    let text = std::fs::read_to_string(&path).unwrap();
    Arc::new(Profile::parse(&SourceFile::new(path.display().to_string(), text)).unwrap())
}

/// Every profile that lies in the folder, by name: a new one is among them by itself.
pub fn all_in_the_folder() -> BTreeMap<String, Arc<Profile>> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/providers");
    let files = std::fs::read_dir(folder).unwrap();
    let names = files.filter_map(|file| {
        let name = file.unwrap().file_name().into_string().unwrap();
        name.strip_suffix(".toml").map(str::to_owned)
    });
    names
        .map(|name| {
            let profile = profile(&name);
            (name, profile)
        })
        .collect()
}
