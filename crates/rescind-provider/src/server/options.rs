//! How a provider is started.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use rescind_model::BaseUrl;
use rescind_model::secret::Secret;

use super::tls::Tls;

/// How a provider is started: where it listens, and as what others see it.
#[derive(Clone, Debug)]
pub struct ProviderOptions {
    /// Where it listens; port 0 takes any free one.
    pub listen: SocketAddr,
    /// What tokens are made from.
    pub seed: String,
    /// Its address as servers reach it, where that is another than the one it listens at: behind a
    /// proxy, or in a container. A path in it is for the proxy to take off, and its port 0 is the one
    /// that is listened at.
    pub public_url: Option<BaseUrl>,
    /// Its address as a browser reaches it, where that differs from what servers see.
    pub browser_url: Option<BaseUrl>,
    /// What it calls itself (RFC 8414 §2); its address as a browser reaches it, if not stated.
    pub issuer: Option<BaseUrl>,
    /// Of profiles that span several hosts: where each is listened at, by its name.
    pub hosts: BTreeMap<String, HostOptions>,
    /// How it speaks TLS; plain HTTP if it does not.
    pub tls: Option<Tls>,
    /// What every request to the control API must show. Without one, the provider listens on
    /// loopback addresses only.
    pub control_key: Option<Secret>,
}

/// A further host of a provider that spans several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostOptions {
    /// Where it is listened at; any free port beside the provider's own address, if not stated.
    pub listen: Option<SocketAddr>,
    /// Its address as others see it, where that is another.
    pub public_url: Option<BaseUrl>,
}

impl ProviderOptions {
    /// Plain HTTP at an address, which is also what others see.
    pub fn new(listen: SocketAddr, seed: impl Into<String>) -> Self {
        Self {
            listen,
            seed: seed.into(),
            public_url: None,
            browser_url: None,
            issuer: None,
            hosts: BTreeMap::new(),
            tls: None,
            control_key: None,
        }
    }
}
