//! Where a provider lies on a mock server: at its root, or below a path.

use std::borrow::Cow;

use crate::MountError;

/// The well-known paths of the documents in which a provider describes itself (RFC 8414 §3,
/// OpenID Connect Discovery 1.0 §4).
const WELL_KNOWN: [&str; 2] = [
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
];

/// The priority that wiremock asks last.
const LAST: u8 = u8::MAX;

/// Where a provider lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    /// Empty, or `/` and a name for each segment.
    prefix: String,
}

impl Location {
    /// The location below a prefix; the root, if it is empty.
    pub fn below_prefix(prefix: &str) -> Result<Self, MountError> {
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        let segments = prefix.strip_prefix('/').unwrap_or(prefix);
        if prefix.is_empty() || (prefix.starts_with('/') && segments.split('/').all(is_plain)) {
            let prefix = prefix.to_owned();
            Ok(Self { prefix })
        } else {
            Err(MountError::Prefix {
                prefix: prefix.to_owned(),
            })
        }
    }

    /// What comes between the server's address and the provider's paths.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The path that a request has at the provider; none if it is not for it.
    pub fn path_at_provider<'a>(&self, path: &'a str) -> Option<Cow<'a, str>> {
        if let Some(rest) = path.strip_prefix(self.prefix.as_str()) {
            if rest.is_empty() {
                return Some(Cow::Borrowed("/"));
            }
            if rest.starts_with('/') {
                return Some(Cow::Borrowed(rest));
            }
        }
        // RFC 8414 §3.1: the well-known path of an issuer below a path comes before that path.
        let inserted = |well_known: &&str| {
            let rest = path.strip_prefix(well_known);
            rest.map(|rest| rest.strip_suffix('/').unwrap_or(rest)) == Some(&self.prefix)
        };
        let document = WELL_KNOWN.into_iter().find(inserted)?;
        Some(Cow::Borrowed(document))
    }

    /// The lowest priority that finds it: what lies deeper is asked first, so that a provider at
    /// the root leaves room for those below a path.
    pub fn priority(&self) -> u8 {
        let depth = self.prefix.matches('/').count();
        LAST.saturating_sub(u8::try_from(depth).unwrap_or(LAST))
            .max(1)
    }
}

/// Whether a segment of a path stands for itself: no encoding, and no way up (RFC 3986 §2.3, §3.3).
fn is_plain(segment: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    !segment.is_empty() && ![".", ".."].contains(&segment) && segment.bytes().all(unreserved)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(prefix: &str) -> Location {
        Location::below_prefix(prefix).unwrap()
    }

    #[track_caller]
    fn leads(location: &Location, path: &str, to: Option<&str>) {
        assert_eq!(location.path_at_provider(path).as_deref(), to, "{path}");
    }

    #[test]
    fn at_the_root_every_path_is_the_provider_s() {
        let root = at("");
        leads(&root, "/token", Some("/token"));
        leads(&root, "/", Some("/"));
        leads(&root, "/a%2Fb/", Some("/a%2Fb/"));
        assert_eq!(at("/"), root);
    }

    #[test]
    fn below_a_prefix_only_whole_segments_count() {
        let google = at("/oauth/google/");
        assert_eq!(google.prefix(), "/oauth/google");
        leads(&google, "/oauth/google/token", Some("/token"));
        leads(&google, "/oauth/google", Some("/"));
        leads(&google, "/oauth/google/", Some("/"));
        leads(&google, "/oauth/google2/token", None);
        leads(&google, "/oauth", None);
        leads(&google, "/token", None);
    }

    #[test]
    fn well_known_documents_are_found_before_and_behind_the_prefix() {
        let google = at("/google");
        let (oauth, openid) = (WELL_KNOWN[0], WELL_KNOWN[1]);
        leads(&google, &format!("{oauth}/google"), Some(oauth));
        leads(&google, &format!("{oauth}/google/"), Some(oauth));
        leads(&google, &format!("{openid}/google"), Some(openid));
        leads(&google, &format!("/google{openid}"), Some(openid));
        leads(&google, openid, None);
        leads(&google, &format!("{openid}/google2"), None);
        leads(&at(""), openid, Some(openid));
    }

    #[test]
    fn what_lies_deeper_is_asked_first() {
        assert_eq!(at("").priority(), 255);
        assert_eq!(at("/google").priority(), 254);
        assert_eq!(at("/oauth/google").priority(), 253);
        assert_eq!(at(&"/deep".repeat(300)).priority(), 1);
    }

    #[test]
    fn a_prefix_that_is_no_plain_path_is_refused() {
        for prefix in [
            "google", "//", "/a//b", "/a/../b", "/./a", "/a b", "/a%20b", "/a?b", "/é",
        ] {
            let error = Location::below_prefix(prefix).unwrap_err();
            assert!(error.to_string().contains("`/google`"), "{prefix}: {error}");
        }
    }
}
