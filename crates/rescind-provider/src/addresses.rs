//! Where a tenant lies, as those who come to it see it.

use std::collections::BTreeMap;

/// The addresses of a tenant, each without a slash at its end. Empty where there is no network:
/// what is at the same origin can be named without it (RFC 9110 §10.2.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// Its own, as a server sees it: of the token endpoint, of introspection, of keys.
    pub own: String,
    /// Its own, as a person's browser sees it: of authorization and consent. It differs where the
    /// two reach it on different ways, from inside and outside of a container, say.
    pub browser: String,
    /// What it calls itself (RFC 8414 §2, `issuer`).
    pub issuer: String,
    /// The same path at another origin, which is none of the provider's.
    pub elsewhere: String,
    /// Of a provider that spans several hosts: those beyond its own, by the names that the profile
    /// gives them.
    pub hosts: BTreeMap<String, String>,
}

impl Addresses {
    /// Everything at one address, but for what lies elsewhere.
    pub fn at(own: impl Into<String>, elsewhere: impl Into<String>) -> Self {
        let own = own.into();
        Self {
            browser: own.clone(),
            issuer: own.clone(),
            own,
            elsewhere: elsewhere.into(),
            hosts: BTreeMap::new(),
        }
    }

    /// The address of one of its hosts: its own, where no name is given, or one that it does not
    /// have.
    pub fn of_host(&self, name: Option<&str>) -> &str {
        name.and_then(|name| self.hosts.get(name))
            .unwrap_or(&self.own)
    }
}
