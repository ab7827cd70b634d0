//! The address of a server: a scheme, a host, a port, and perhaps a path that everything lies
//! below.

use std::fmt;
use std::str::FromStr;

/// An `http` or `https` address that paths can be put behind: no query, no fragment, no slash at
/// its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    is_https: bool,
    /// As it stands in an address: an IPv6 address in its brackets.
    host: String,
    port: Option<u16>,
    path: String,
}

/// Why a text is no [`BaseUrl`]: lower case, no full stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoBaseUrl {
    /// Neither scheme.
    #[error("an address begins with `http://` or `https://`")]
    Scheme,
    /// Nothing after the scheme, or something that no host is called.
    #[error("an address names a host, and a port if it is not the scheme's own")]
    Host,
    /// A user or a password.
    #[error("an address that is shown to others carries no credentials")]
    Credentials,
    /// A query or a fragment.
    #[error("an address that paths are put behind has neither query nor fragment")]
    Query,
}

impl BaseUrl {
    /// An address without a path.
    pub fn new(is_https: bool, host: impl Into<String>, port: u16) -> Self {
        Self {
            is_https,
            host: host.into(),
            port: Some(port),
            path: String::new(),
        }
    }

    /// The host, an IPv6 address in its brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether it is reached by TLS.
    pub const fn is_https(&self) -> bool {
        self.is_https
    }

    /// Whether its port is still to be known: it is stated as 0.
    pub const fn awaits_port(&self) -> bool {
        matches!(self.port, Some(0))
    }

    /// The same at another port.
    #[must_use]
    pub fn at_port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// The same at another host.
    #[must_use]
    pub fn at_host(mut self, host: impl Into<String>) -> Self {
        self.host = host.into();
        self
    }
}

impl FromStr for BaseUrl {
    type Err = NoBaseUrl;

    fn from_str(text: &str) -> Result<Self, NoBaseUrl> {
        let (is_https, rest) = match (text.strip_prefix("http://"), text.strip_prefix("https://")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            (None, None) => return Err(NoBaseUrl::Scheme),
        };
        if rest.contains(['?', '#']) {
            return Err(NoBaseUrl::Query);
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(NoBaseUrl::Credentials);
        }
        let authority: http::uri::Authority = authority.parse().map_err(|_| NoBaseUrl::Host)?;
        let beyond_host = &authority.as_str()[authority.host().len()..];
        let port = match beyond_host.strip_prefix(':') {
            Some(port) => Some(port.parse().map_err(|_| NoBaseUrl::Host)?),
            None => None,
        };
        let is_path = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
        if authority.host().is_empty() || !path.bytes().all(is_path) {
            return Err(NoBaseUrl::Host);
        }
        Ok(Self {
            is_https,
            // Hosts are compared without regard to case (RFC 3986 §3.2.2).
            host: authority.host().to_ascii_lowercase(),
            port,
            path: path.trim_end_matches('/').to_owned(),
        })
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_https { "https" } else { "http" };
        write!(formatter, "{scheme}://{}", self.host)?;
        if let Some(port) = self.port {
            write!(formatter, ":{port}")?;
        }
        formatter.write_str(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, NoBaseUrl>) {
        let shown = text.parse::<BaseUrl>().map(|url| url.to_string());
        assert_eq!(shown, expected.map(str::to_owned), "{text}");
    }

    #[test]
    fn what_paths_can_be_put_behind_is_an_address() {
        check("http://localhost:8080", Ok("http://localhost:8080"));
        check(
            "https://Provider.example.test/",
            Ok("https://provider.example.test"),
        );
        check("https://one.test/oauth/", Ok("https://one.test/oauth"));
        check("http://[::1]:9000/t/one", Ok("http://[::1]:9000/t/one"));
    }

    #[test]
    fn what_is_none_says_why() {
        check("localhost:8080", Err(NoBaseUrl::Scheme));
        check("ftp://localhost", Err(NoBaseUrl::Scheme));
        check("", Err(NoBaseUrl::Scheme));
        check("http://", Err(NoBaseUrl::Host));
        check("http:///path", Err(NoBaseUrl::Host));
        check("http://a b", Err(NoBaseUrl::Host));
        check("http://a:b", Err(NoBaseUrl::Host));
        check("http://a:", Err(NoBaseUrl::Host));
        check("http://a:70000", Err(NoBaseUrl::Host));
        check("http://a/\r\nset-cookie: x", Err(NoBaseUrl::Host));
        check("http://user:pass@a", Err(NoBaseUrl::Credentials));
        check("http://a/?x", Err(NoBaseUrl::Query));
        check("http://a#x", Err(NoBaseUrl::Query));
    }

    #[test]
    fn another_port_or_host_leaves_the_rest() {
        let url: BaseUrl = "https://one.test/oauth".parse().expect("it is one");
        let moved = url.at_port(9000).at_host("two.localhost");
        assert_eq!(moved.to_string(), "https://two.localhost:9000/oauth");
    }
}
