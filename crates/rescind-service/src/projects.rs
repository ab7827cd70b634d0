//! Projects, and the keys that open them.
//!
//! A project is a name that auth configs carry; an account belongs to the project of its auth
//! config. What belongs to another project does not exist for a key.

use std::fmt;

use crate::secret::Secret;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Look at things.
    Read,
    /// Change them, too.
    Write,
}

impl Permission {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "read" => Some(Self::Read),
            "write" => Some(Self::Write),
            _ => None,
        }
    }
}

/// One key of one project.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// The project that it opens.
    pub project: String,
    /// What it may do there.
    pub permission: Permission,
    /// The key itself.
    pub secret: Secret,
}

impl ApiKey {
    /// The project of a key that names none.
    pub const DEFAULT_PROJECT: &'static str = "default";

    /// A key that may do everything in the project `default`.
    pub fn of_default_project(secret: Secret) -> Self {
        Self {
            project: Self::DEFAULT_PROJECT.to_owned(),
            permission: Permission::Write,
            secret,
        }
    }
}

/// A list of keys cannot be used. Says where and why, and never shows a part of an entry: whoever
/// forgets a part puts the key in another one's place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("API key entry {entry} {problem}")]
pub struct ApiKeyError {
    /// Which entry of the list, counted from one.
    pub entry: usize,
    /// What is wrong with it.
    pub problem: ApiKeyProblem,
}

/// What is wrong with an entry of a list of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiKeyProblem {
    /// It has not three parts.
    NotThreeParts,
    /// Its project is no name.
    BadProject,
    /// Its permission is neither `read` nor `write`.
    BadPermission,
    /// Its key cannot be sent in a header.
    BadKey,
    /// Its key was given before.
    Repeated,
}

impl fmt::Display for ApiKeyProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotThreeParts => "is not of the form PROJECT:PERMISSION:KEY",
            Self::BadProject => "has a project that is not 1 to 64 letters, digits, `_` or `-`",
            Self::BadPermission => "has a permission that is neither `read` nor `write`",
            Self::BadKey => "has a key that is empty or not printable ASCII",
            Self::Repeated => "has a key that was given before",
        })
    }
}

/// Reads entries `PROJECT:PERMISSION:KEY`, separated by whitespace. A key may hold colons.
pub fn parse_api_keys(text: &str) -> Result<Vec<ApiKey>, ApiKeyError> {
    let mut keys: Vec<ApiKey> = Vec::new();
    for (index, entry) in text.split_whitespace().enumerate() {
        let at_this_entry = |problem| ApiKeyError {
            entry: index + 1,
            problem,
        };
        let key = parse_entry(entry).map_err(at_this_entry)?;
        if keys.iter().any(|earlier| earlier.secret == key.secret) {
            return Err(at_this_entry(ApiKeyProblem::Repeated));
        }
        keys.push(key);
    }
    Ok(keys)
}

fn parse_entry(entry: &str) -> Result<ApiKey, ApiKeyProblem> {
    let mut parts = entry.splitn(3, ':');
    let (Some(project), Some(permission), Some(key)) = (parts.next(), parts.next(), parts.next())
    else {
        return Err(ApiKeyProblem::NotThreeParts);
    };
    let is_name = (1..=64).contains(&project.len())
        && project
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if !is_name {
        return Err(ApiKeyProblem::BadProject);
    }
    let permission = Permission::parse(permission).ok_or(ApiKeyProblem::BadPermission)?;
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ApiKeyProblem::BadKey);
    }
    Ok(ApiKey {
        project: project.to_owned(),
        permission,
        secret: Secret::new(key),
    })
}

/// Who sent a request, as its key says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// None: every project. Only a seeded defect lets such a caller in.
    pub(crate) project: Option<String>,
    pub(crate) permission: Permission,
}

impl Caller {
    /// Whoever a seeded defect lets in without a key.
    pub(crate) fn without_key() -> Self {
        Self {
            project: None,
            permission: Permission::Write,
        }
    }

    pub(crate) fn may_see(&self, project: &str) -> bool {
        self.project.as_deref().is_none_or(|own| own == project)
    }
}

/// The caller whose key this is. Every key is compared with it, to its end, so that the time this
/// takes does not tell which one it resembles.
pub(crate) fn caller_with_key(keys: &[ApiKey], candidate: &[u8]) -> Option<Caller> {
    keys.iter().fold(None, |found, key| {
        // An empty key opens nothing, whoever configured it.
        let is_match = key.secret.matches(candidate) && !candidate.is_empty();
        found.or(is_match.then(|| Caller {
            project: Some(key.project.clone()),
            permission: key.permission,
        }))
    })
}

/// Whether a text holds a key. Such a text is never sent back or written anywhere.
pub(crate) fn holds_a_key(keys: &[ApiKey], text: &[u8]) -> bool {
    keys.iter().any(|key| {
        let length = key.secret.expose().len();
        length > 0
            && text
                .windows(length)
                .any(|window| key.secret.matches(window))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{ApiKey, ApiKeyProblem, Permission, caller_with_key, holds_a_key, parse_api_keys};
    use crate::secret::Secret;

    #[test]
    fn entries_are_separated_by_any_whitespace_and_keys_may_hold_colons() {
        let keys = parse_api_keys(" default:write:ak_1\n\tshop-2:read:ak:2:x ").unwrap();
        let read: Vec<_> = keys
            .iter()
            .map(|key| (key.project.as_str(), key.permission, key.secret.expose()))
            .collect();
        assert_eq!(
            read,
            [
                ("default", Permission::Write, "ak_1"),
                ("shop-2", Permission::Read, "ak:2:x"),
            ]
        );
        assert!(parse_api_keys(" \n").unwrap().is_empty());
    }

    #[test]
    fn every_mistake_is_told_apart_and_placed() {
        for (entry, problem) in [
            ("ak_secret", ApiKeyProblem::NotThreeParts),
            ("default:ak_secret", ApiKeyProblem::NotThreeParts),
            (":read:ak_secret", ApiKeyProblem::BadProject),
            ("a/b:read:ak_secret", ApiKeyProblem::BadProject),
            ("default:WRITE:ak_secret", ApiKeyProblem::BadPermission),
            ("default:ak_secret:write", ApiKeyProblem::BadPermission),
            ("default:read:", ApiKeyProblem::BadKey),
            ("default:read:ak_secret\u{e4}", ApiKeyProblem::BadKey),
            ("other:read:ak_first", ApiKeyProblem::Repeated),
        ] {
            let error = parse_api_keys(&format!("default:write:ak_first {entry}")).unwrap_err();
            assert_eq!((error.entry, error.problem), (2, problem), "{entry}");
        }
    }

    #[test]
    fn a_key_is_found_among_all_and_no_other_is() {
        let keys = parse_api_keys("one:read:ak_1 two:write:ak_2").unwrap();
        let caller = caller_with_key(&keys, b"ak_2").unwrap();
        assert!(caller.may_see("two") && !caller.may_see("one"));
        assert_eq!(caller.permission, Permission::Write);
        for wrong in [&b""[..], b"ak_", b"ak_3", b"ak_22"] {
            assert_eq!(caller_with_key(&keys, wrong), None);
        }
        assert!(holds_a_key(&keys, b"my-ak_1-request"));
        assert!(!holds_a_key(&keys, b"ak_"));
        // An empty key is in every text and opens nothing.
        let empty = [ApiKey::of_default_project(Secret::new(""))];
        assert!(!holds_a_key(&empty, b"anything"));
        assert_eq!(caller_with_key(&empty, b""), None);
    }

    proptest! {
        #[test]
        fn no_error_shows_a_part_of_an_entry(text in "[a-z:]{0,12}(hidden[0-9]{8})(:[a-z]{0,5})?") {
            if let Err(error) = parse_api_keys(&text) {
                let shown = format!("{error} {error:?}");
                prop_assert!(!shown.contains("hidden"));
            }
        }
    }
}
