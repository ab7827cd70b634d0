//! Where browsers find this service.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;

use crate::upstream::address;

/// The address under which users' browsers reach the service, which is not the one that it listens
/// on where a proxy stands before it. Providers have to know `{public URL}/callback` as a redirect
/// URI of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

/// A text is no public URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the public URL is not an absolute http or https URL without credentials, query or fragment"
)]
pub struct PublicUrlError;

impl PublicUrl {
    /// Reads one: `https://connect.example`, with a path where the service lies below one.
    pub fn parse(text: &str) -> Result<Self, PublicUrlError> {
        let text = text.trim_end_matches('/');
        let is_usable = address::below(text, CALLBACK).is_some();
        is_usable
            .then(|| Self(text.to_owned()))
            .ok_or(PublicUrlError)
    }

    /// Where the service listens. No browser can be sent to "every address of this machine", so
    /// loopback stands for that.
    pub(crate) fn of_listener(mut address: SocketAddr) -> Self {
        match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        Self(format!("http://{address}"))
    }

    /// The page that opens a connect flow.
    pub(crate) fn link(&self, link_token: &str) -> String {
        format!("{}/link/{link_token}", self.0)
    }

    /// The one redirect URI of this service, RFC 6749 section 3.1.2.
    pub(crate) fn redirect_uri(&self) -> String {
        format!("{}{CALLBACK}", self.0)
    }

    /// The path of the redirect URI as a browser sees it.
    pub(crate) fn callback_path(&self) -> String {
        Url::parse(&self.redirect_uri())
            .map_or_else(|_| CALLBACK.to_owned(), |url| url.path().to_owned())
    }

    /// Whether browsers come by TLS.
    pub(crate) fn is_https(&self) -> bool {
        Url::parse(&self.0).is_ok_and(|url| url.scheme() == "https")
    }
}

const CALLBACK: &str = "/callback";

#[cfg(test)]
mod tests {
    use super::PublicUrl;

    #[test]
    fn what_is_public_is_below_what_was_given() {
        let root = PublicUrl::parse("https://connect.test/").unwrap();
        assert_eq!(root.redirect_uri(), "https://connect.test/callback");
        assert_eq!(root.link("lk_1"), "https://connect.test/link/lk_1");
        assert!(root.is_https());
        let below = PublicUrl::parse("HTTP://connect.test:8080/a/b").unwrap();
        assert_eq!(below.callback_path(), "/a/b/callback");
        assert!(!below.is_https());
    }

    #[test]
    fn what_no_browser_can_be_sent_to_is_refused() {
        for text in [
            "",
            "/",
            "connect.test",
            "ftp://connect.test",
            "javascript:alert(1)",
            "https://user@connect.test",
            "https://connect.test/?a=b",
            "https://connect.test/#a",
        ] {
            assert!(PublicUrl::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_listener_on_every_address_is_reached_by_loopback() {
        let of = |address: &str| PublicUrl::of_listener(address.parse().unwrap()).redirect_uri();
        assert_eq!(of("0.0.0.0:80"), "http://127.0.0.1:80/callback");
        assert_eq!(of("[::]:80"), "http://[::1]:80/callback");
        assert_eq!(of("127.0.0.2:80"), "http://127.0.0.2:80/callback");
    }
}
