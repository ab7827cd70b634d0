//! The cookie that shows that a browser which comes back from the provider is the one that was sent
//! there. Each flow has one of its own, so that flows in two tabs do not disturb each other.

use axum::http::HeaderMap;
use axum::http::header::{COOKIE, HeaderValue};

use crate::operations::connecting::LONGEST_FLOW;
use crate::public_url::PublicUrl;
use crate::secret::Secret;

const PREFIX: &str = "rescind_";

/// What the browser is given, to be brought back to the callback and nowhere else. `Lax`, because
/// it comes back from another site (RFC 6265bis section 5.6.7.1).
pub(super) fn cookie(
    public_url: &PublicUrl,
    flow_id: &str,
    browser: &Secret,
) -> Option<HeaderValue> {
    set_cookie(
        public_url,
        flow_id,
        browser.expose(),
        LONGEST_FLOW.as_secs(),
    )
}

/// What makes the browser forget it.
pub(super) fn no_cookie(public_url: &PublicUrl, flow_id: &str) -> Option<HeaderValue> {
    set_cookie(public_url, flow_id, "", 0)
}

fn set_cookie(
    public_url: &PublicUrl,
    flow_id: &str,
    value: &str,
    seconds: u64,
) -> Option<HeaderValue> {
    let path = public_url.callback_path();
    let secure = if public_url.is_https() {
        "; Secure"
    } else {
        ""
    };
    let cookie = format!(
        "{PREFIX}{flow_id}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
    );
    let mut cookie = HeaderValue::from_str(&cookie).ok()?;
    cookie.set_sensitive(true);
    Some(cookie)
}

/// What the browser brought back of this flow.
pub(super) fn brought(headers: &HeaderMap, flow_id: &str) -> Option<String> {
    let name = format!("{PREFIX}{flow_id}");
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(candidate, _)| *candidate == name)
        .map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use axum::http::header::COOKIE;

    use super::{brought, cookie, no_cookie};
    use crate::public_url::PublicUrl;
    use crate::secret::Secret;

    #[test]
    fn a_cookie_goes_to_the_callback_alone() {
        let cookie_at = |url: &str| {
            let url = PublicUrl::parse(url).unwrap();
            let cookie = cookie(&url, "cf_1", &Secret::new("b")).unwrap();
            assert!(cookie.is_sensitive());
            cookie.to_str().unwrap().to_owned()
        };
        assert_eq!(
            cookie_at("http://a.test"),
            "rescind_cf_1=b; Path=/callback; Max-Age=600; HttpOnly; SameSite=Lax"
        );
        assert_eq!(
            cookie_at("https://a.test/x"),
            "rescind_cf_1=b; Path=/x/callback; Max-Age=600; HttpOnly; SameSite=Lax; Secure"
        );
        let gone = no_cookie(&PublicUrl::parse("http://a.test").unwrap(), "cf_1").unwrap();
        assert!(
            gone.to_str()
                .unwrap()
                .starts_with("rescind_cf_1=; Path=/callback; Max-Age=0;")
        );
    }

    #[test]
    fn of_all_cookies_that_of_the_flow_is_taken() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, "a=1; rescind_cf_2=other".parse().unwrap());
        headers.append(COOKIE, "rescind_cf_1=mine;b".parse().unwrap());
        assert_eq!(brought(&headers, "cf_1").as_deref(), Some("mine"));
        assert_eq!(brought(&headers, "cf_2").as_deref(), Some("other"));
        assert_eq!(brought(&headers, "cf_3"), None);
    }
}
