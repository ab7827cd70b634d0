//! Who may use the control API: whoever shows the key, if the provider has one; else whoever is on
//! this machine, and is no page of somebody else's in a browser.

use std::net::IpAddr;

use http::HeaderMap;
use http::header::{AUTHORIZATION, HOST, ORIGIN};

use super::mistake::Mistake;
use crate::server::directory::host_of;
use crate::server::{Shared, known_hosts};

/// The header that may carry the key where `Authorization` is somebody else's.
const KEY_HEADER: &str = "x-rescind-key";

/// Whether a request may be made. Returns whether it showed the key.
pub(super) fn check(shared: &Shared, headers: &HeaderMap, is_open: bool) -> Result<bool, Mistake> {
    let Some(key) = &shared.options.control_key else {
        if !is_open {
            no_rebinding(headers, shared)?;
            no_other_origin(headers)?;
        }
        return Ok(false);
    };
    match shown_key(headers) {
        Some(shown) if is_same(shown, key.expose()) => Ok(true),
        _ if is_open => Ok(false),
        Some(_) => Err(Mistake::unauthorized("the control key is wrong")),
        None => Err(Mistake::unauthorized("the control API needs its key")),
    }
}

/// RFC 6750 §2.1, or the header of our own.
fn shown_key(headers: &HeaderMap) -> Option<&[u8]> {
    if let Some(key) = headers.get(KEY_HEADER) {
        return Some(key.as_bytes());
    }
    let credentials = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, key) = credentials.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(key)
}

/// Compares hashes, every byte of them: how long it takes says nothing about the key.
fn is_same(shown: &[u8], key: &str) -> bool {
    let hash = |text: &[u8]| hmac_sha256::HMAC::mac(text, b"rescind control key");
    let (shown, key) = (hash(shown), hash(key.as_bytes()));
    let difference = shown
        .iter()
        .zip(key)
        .fold(0, |all, (one, other)| all | (one ^ other));
    difference == 0
}

/// A page of another site may have its own name lead to this machine, and then counts as the same
/// origin here. Its requests still carry that name.
fn no_rebinding(headers: &HeaderMap, shared: &Shared) -> Result<(), Mistake> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        // HTTP/1.0: no browser.
        (None, _) => return Ok(()),
        (Some(host), None) => host.to_str().map_err(|_| foreign_host())?,
        (Some(_), Some(_)) => return Err(foreign_host()),
    };
    let name = host_of(host).to_ascii_lowercase();
    let bare = name.trim_matches(['[', ']']);
    let is_loopback = || {
        bare.parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
    };
    // RFC 6761 §6.3: these names lead to this machine and nowhere else.
    let is_localhost = name == "localhost" || name.ends_with(".localhost");
    let is_stated =
        || known_hosts(&shared.options).contains(bare) || shared.directory.has_host(&name);
    if is_localhost || is_loopback() || is_stated() {
        Ok(())
    } else {
        Err(foreign_host())
    }
}

fn foreign_host() -> Mistake {
    Mistake::forbidden(
        "the control API is not called by that host name",
        "call it by a loopback address or `localhost`; with a control key, any name will do",
    )
}

/// Browsers say which page asks (the Fetch standard's `Origin`, and Fetch Metadata).
fn no_other_origin(headers: &HeaderMap) -> Result<(), Mistake> {
    let text = |name: &str| {
        let value = headers.get(name)?;
        Some(value.to_str().unwrap_or_default().to_ascii_lowercase())
    };
    let host = text(HOST.as_str()).unwrap_or_default();
    let is_own = |origin: &String| {
        let host_of_origin = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"));
        host_of_origin == Some(host.as_str())
    };
    let is_foreign_origin = text(ORIGIN.as_str()).is_some_and(|origin| !is_own(&origin));
    let site = text("sec-fetch-site");
    let is_foreign_site = site.is_some_and(|site| site != "same-origin" && site != "none");
    if is_foreign_origin || is_foreign_site {
        return Err(Mistake::forbidden(
            "the control API is not for pages of another origin",
            "call it from a program, or from a page of this provider",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_same_or_it_is_not() {
        assert!(is_same(b"correct horse", "correct horse"));
        for wrong in ["", "correct hors", "correct horse ", "Correct horse"] {
            assert!(!is_same(wrong.as_bytes(), "correct horse"));
        }
    }
}
