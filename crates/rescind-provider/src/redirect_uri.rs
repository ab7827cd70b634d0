//! Where a browser may be sent back to (RFC 6749 §3.1.2).

use form_urlencoded::Serializer;

/// Whether a browser may be sent there for a client that has registered these. A client that has
/// registered none may use any `http` or `https` address: a fake provider has nobody to protect,
/// and whoever tries it out need not register anything first.
pub fn is_allowed(uri: &str, registered: &[String]) -> bool {
    if !can_be_sent(uri) {
        return false;
    }
    if registered.is_empty() {
        return is_web_address(uri);
    }
    registered.iter().any(|one| is_registered_as(uri, one))
}

/// The address with parameters added to those that it has (RFC 6749 §3.1.2).
pub fn with_parameters<'a>(
    uri: &str,
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    let query = Serializer::new(String::new()).extend_pairs(pairs).finish();
    let separator = match uri.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    format!("{uri}{separator}{query}")
}

/// Whether a header can carry it as it is. A fragment would swallow what is added
/// (RFC 6749 §3.1.2 forbids one).
fn can_be_sent(uri: &str) -> bool {
    let is_visible = |byte: u8| (0x21..=0x7e).contains(&byte);
    !uri.is_empty() && uri.bytes().all(is_visible) && !uri.contains('#')
}

fn is_web_address(uri: &str) -> bool {
    let Ok(parsed) = uri.parse::<http::Uri>() else {
        return false;
    };
    let is_web = matches!(parsed.scheme_str(), Some("http" | "https"));
    is_web && parsed.host().is_some_and(|host| !host.is_empty())
}

/// Byte for byte (RFC 9700 §2.1), but for the port of a loopback address: what a native app gets
/// there, it does not know beforehand (RFC 8252 §7.3).
fn is_registered_as(uri: &str, registered: &str) -> bool {
    uri == registered
        || matches!((loopback(uri), loopback(registered)), (Some(one), Some(other)) if one == other)
}

/// The host of a loopback address, and all that follows its port.
fn loopback(uri: &str) -> Option<(&str, &str)> {
    let below = uri.strip_prefix("http://")?;
    let host = ["127.0.0.1", "[::1]", "localhost"]
        .into_iter()
        .find(|host| below.starts_with(host))?;
    let rest = &below[host.len()..];
    let after_port = match rest.strip_prefix(':') {
        Some(port) => port.trim_start_matches(|character: char| character.is_ascii_digit()),
        None => rest,
    };
    let host_ends = after_port.is_empty() || after_port.starts_with(['/', '?']);
    host_ends.then_some((host, after_port))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(uri: &str, registered: &[&str], expected: bool) {
        let registered: Vec<String> = registered.iter().map(|one| (*one).to_owned()).collect();
        assert_eq!(is_allowed(uri, &registered), expected, "{uri}");
    }

    #[test]
    fn a_client_that_registered_none_may_use_any_web_address() {
        for (uri, expected) in [
            ("http://127.0.0.1:1234/cb", true),
            ("https://app.example/cb?x=1", true),
            ("https://app.example/cb#part", false),
            ("com.example.app:/cb", false),
            ("javascript:alert(1)", false),
            ("//app.example/cb", false),
            ("/cb", false),
            ("", false),
            ("https://app.example/c\r\nset-cookie: a=b", false),
            ("https://äpp.example/", false),
            ("https://", false),
        ] {
            check(uri, &[], expected);
        }
    }

    #[test]
    fn a_registered_address_matches_byte_for_byte() {
        let registered = ["https://app.example/cb", "com.example.app:/cb"];
        for (uri, expected) in [
            ("https://app.example/cb", true),
            ("com.example.app:/cb", true),
            ("https://app.example/cb/", false),
            ("https://app.example/cb?x", false),
            ("https://app.example/CB", false),
            ("https://app.example:443/cb", false),
            ("https://app.example.evil/cb", false),
            ("http://app.example/cb", false),
        ] {
            check(uri, &registered, expected);
        }
    }

    #[test]
    fn the_port_of_a_loopback_address_may_be_any() {
        let registered = [
            "http://127.0.0.1/cb",
            "http://[::1]:80/cb?a=b",
            "http://localhost:1/",
        ];
        for (uri, expected) in [
            ("http://127.0.0.1:4711/cb", true),
            ("http://127.0.0.1/cb", true),
            ("http://[::1]:4711/cb?a=b", true),
            ("http://localhost:65535/", true),
            ("https://127.0.0.1:4711/cb", false),
            ("http://127.0.0.1:4711/other", false),
            ("http://127.0.0.1:4711@evil.example/cb", false),
            ("http://127.0.0.1.evil.example/cb", false),
            ("http://localhost:4711/cb", false),
        ] {
            check(uri, &registered, expected);
        }
        check(
            "https://app.example:2/cb",
            &["https://app.example:1/cb"],
            false,
        );
    }

    #[test]
    fn parameters_are_added_to_those_that_are_there() {
        for (uri, expected) in [
            ("http://a/cb", "http://a/cb?code=c+%26"),
            ("http://a/cb?", "http://a/cb?code=c+%26"),
            ("http://a/cb?x=1", "http://a/cb?x=1&code=c+%26"),
        ] {
            assert_eq!(with_parameters(uri, [("code", "c &")]), expected);
        }
    }

    proptest! {
        #[test]
        fn whatever_is_allowed_can_be_a_header(uri in "\\PC{0,40}", registered in "\\PC{0,40}") {
            for registered in [vec![], vec![registered, uri.clone()]] {
                if is_allowed(&uri, &registered) {
                    let location = with_parameters(&uri, [("state", "a\r\nb: c")]);
                    prop_assert!(http::HeaderValue::from_str(&location).is_ok());
                    prop_assert!(!location.contains(['\r', '\n', '#']));
                }
            }
        }
    }
}
