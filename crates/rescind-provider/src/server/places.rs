//! What a tenant's addresses look like to those who come to it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rescind_model::BaseUrl;

use super::{Address, ProviderOptions};
use crate::addresses::Addresses;

/// RFC 3986 §3.3: what a segment of a path holds as it is, as far as names need it.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b'@');

/// What is listened at.
#[derive(Debug)]
pub(super) struct Places<'a> {
    pub(super) options: &'a ProviderOptions,
    /// The provider's own address.
    pub(super) main: SocketAddr,
    /// The other origin.
    pub(super) elsewhere: SocketAddr,
}

/// What one tenant is listened at.
#[derive(Debug)]
pub(super) struct Bound {
    /// The provider's own address, or the tenant's.
    pub(super) own: SocketAddr,
    /// The further hosts of its profile, by their names.
    pub(super) hosts: BTreeMap<String, SocketAddr>,
}

impl Places<'_> {
    /// The addresses of a tenant.
    pub(super) fn addresses(&self, at: &Address, name: &str, bound: &Bound) -> Addresses {
        let path = match at {
            Address::Below(name) => below(name),
            Address::Root | Address::Port | Address::Host(_) | Address::Client => String::new(),
        };
        let path_elsewhere = match at {
            Address::Root => String::new(),
            Address::Below(_) => path.clone(),
            Address::Port | Address::Host(_) | Address::Client => below(name),
        };
        let seen = |stated: Option<&BaseUrl>| {
            let base = placed(stated, at, bound.own, self.plain(bound.own));
            format!("{base}{path}")
        };
        let options = self.options;
        let public = options.public_url.as_ref();
        let browser = options.browser_url.as_ref().or(public);
        let hosts = bound.hosts.iter().map(|(host, address)| {
            (
                host.clone(),
                format!("{}{path}", self.host(host, at, *address)),
            )
        });
        Addresses {
            own: seen(public),
            browser: seen(browser),
            issuer: seen(options.issuer.as_ref().or(browser)),
            elsewhere: format!("{}{path_elsewhere}", self.plain(self.elsewhere)),
            hosts: hosts.collect(),
        }
    }

    /// Where the control API of a tenant lies, without the prefix.
    pub(super) fn control(&self, at: &Address, name: &str, addresses: &Addresses) -> String {
        match at {
            // What identifies a request to the control API is nothing that a client sends.
            Address::Client => {
                let plain = self.plain(self.main);
                let base = self.options.public_url.as_ref().unwrap_or(&plain);
                format!("{base}{}", below(name))
            }
            Address::Root | Address::Below(_) | Address::Port | Address::Host(_) => {
                addresses.own.clone()
            }
        }
    }

    /// An address that is listened at, as whoever is on this machine sees it.
    pub(super) fn plain(&self, address: SocketAddr) -> BaseUrl {
        let host = match address.ip() {
            // Nobody can go to "every address of this machine".
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.to_string(),
            IpAddr::V6(ip) if ip.is_unspecified() => format!("[{}]", Ipv6Addr::LOCALHOST),
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        BaseUrl::new(self.options.tls.is_some(), host, address.port())
    }

    /// A further host. Where its address is not stated, it is the provider's at another port.
    fn host(&self, name: &str, at: &Address, bound: SocketAddr) -> BaseUrl {
        let stated = self.options.hosts.get(name);
        let stated = stated.and_then(|host| host.public_url.clone());
        let beside = || {
            let public = self.options.public_url.clone();
            public.map(|public| public.at_port(bound.port()))
        };
        let stated = stated.or_else(beside);
        placed(stated.as_ref(), at, bound, self.plain(bound))
    }
}

/// A stated address, or else the one that is listened at, as it is for tenants of a kind.
fn placed(stated: Option<&BaseUrl>, at: &Address, bound: SocketAddr, plain: BaseUrl) -> BaseUrl {
    let base = stated.cloned().unwrap_or(plain);
    match at {
        Address::Port => base.at_port(bound.port()),
        Address::Host(host) => base.at_host(Address::whole_host(host)),
        Address::Root | Address::Below(_) | Address::Client => base,
    }
}

fn below(name: &str) -> String {
    format!("/t/{}", utf8_percent_encode(name, SEGMENT))
}
