//! Where a call may go: to the origin that the auth config names, and nowhere else. Pure.

use reqwest::Url;

/// The address of a toolkit's path at a provider; none if it would lead anywhere but below the
/// provider's base URL. A token that goes to another host is given away.
pub(crate) fn below(base_url: &str, path: &str) -> Option<String> {
    let base = Url::parse(base_url).ok()?;
    let is_plain = matches!(base.scheme(), "http" | "https")
        && base.has_host()
        && !has_credentials(&base)
        && base.query().is_none()
        && base.fragment().is_none();
    // `//host/` and `/\host/` are what a browser takes for another host. Here they would not lead
    // there, but nobody who writes them means well.
    let is_path = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains(['\\', '?', '#', '@'])
        && path.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_plain || !is_path {
        return None;
    }
    let address = format!("{}{path}", base_url.trim_end_matches('/'));
    let url = Url::parse(&address).ok()?;
    let folder = format!("{}/", base.path().trim_end_matches('/'));
    let is_below = url.origin() == base.origin()
        && !has_credentials(&url)
        && url.path().starts_with(&folder)
        // Dots, also percent-encoded ones, are resolved by whoever reads the path next.
        && !has_dots(path);
    is_below.then_some(address)
}

fn has_credentials(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

fn has_dots(path: &str) -> bool {
    path.split('/').any(|segment| {
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        plain == "." || plain == ".."
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::Url;

    use super::below;

    #[track_caller]
    fn check(base_url: &str, path: &str, expected: Option<&str>) {
        assert_eq!(below(base_url, path).as_deref(), expected);
    }

    #[test]
    fn a_path_is_put_below_the_base_url() {
        let revoke = "/oauth2/revoke";
        check(
            "https://a.test",
            revoke,
            Some("https://a.test/oauth2/revoke"),
        );
        check(
            "https://a.test/",
            revoke,
            Some("https://a.test/oauth2/revoke"),
        );
        let tenant = "http://127.0.0.1:8080/t/one";
        check(
            tenant,
            revoke,
            Some("http://127.0.0.1:8080/t/one/oauth2/revoke"),
        );
    }

    #[test]
    fn no_path_leads_elsewhere() {
        for path in [
            "//other.test/revoke",
            "///other.test/revoke",
            "/\\other.test/revoke",
            "\\\\other.test/revoke",
            "https://other.test/revoke",
            "@other.test/revoke",
            ":pw@other.test/revoke",
            "/a@other.test/revoke",
            ".other.test/revoke",
            ":8443/revoke",
            "/../revoke",
            "/./revoke",
            "/%2e%2E/revoke",
            "/.%2e/revoke",
            "/revoke?to=other.test",
            "/revoke#other.test",
            "/revoke\r\nhost: other.test",
            "/\t/other.test",
            "/re voke",
            "/ä",
            "",
        ] {
            check("https://a.test/tenant", path, None);
        }
    }

    #[test]
    fn no_base_url_hides_another_host() {
        for base_url in [
            "https://a.test@other.test",
            "https://user:password@a.test",
            "https://a.test?",
            "https://a.test/?x=",
            "https://a.test#",
            "file:///etc",
            "ftp://a.test",
            "data:text/plain,",
            "a.test",
            "//a.test",
            "",
        ] {
            check(base_url, "/revoke", None);
        }
    }

    proptest! {
        #[test]
        fn whatever_the_path_the_origin_stays(path in "[/\\\\.@:a-z%?#0-9 -]{0,30}") {
            let base = Url::parse("https://a.test:8443/tenant").unwrap();
            if let Some(address) = below(base.as_str(), &path) {
                let url = Url::parse(&address).unwrap();
                prop_assert_eq!(url.origin(), base.origin());
                prop_assert_eq!(url.username(), "");
                prop_assert!(url.path().starts_with("/tenant/"));
            }
        }
    }
}
