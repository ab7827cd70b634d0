//! Which tenant a request is for.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use http::header::HOST;
use http::uri::Authority;
use rescind_model::BaseUrl;
use serde_json::json;

use super::{CONTROL_PREFIX, ProviderOptions, Tenant};
use crate::interpreter::Identification;
use crate::interpreter::metadata::Document;
use crate::message::{Reply, Request};

/// Where a tenant lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// At the root of the provider's port, with the real provider's paths.
    Root,
    /// Below `/t/NAME` of the provider's port.
    Below(String),
    /// At the root of a port of its own.
    Port,
    /// At the root of the provider's port, for requests whose `Host` is this name, whatever the
    /// port in it and in whatever case (RFC 9110 §4.2.3). A name without a dot is one below
    /// `localhost`: `acme` is `acme.localhost`.
    Host(String),
    /// At the root of the provider's port, as others too: for requests that name one of its
    /// clients, or else carry a token or an account id that it has given out. A request that leads
    /// to no tenant so goes to that at the root, if there is one; otherwise it gets a 401
    /// `invalid_client` if it identifies itself, and a 404 if it does not.
    Client,
}

impl Address {
    /// A host of a tenant's name: below that of the provider's public address, if that is a name, and
    /// below `localhost` if not.
    pub fn host_of(tenant: &str, options: &ProviderOptions) -> Self {
        let public = options.public_url.as_ref().map(BaseUrl::host);
        let is_ip = |host: &str| host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        let public = public.filter(|host| !is_ip(host)).unwrap_or("localhost");
        Self::Host(format!("{tenant}.{public}"))
    }

    /// The whole name of a host that is stated.
    pub(super) fn whole_host(stated: &str) -> String {
        let stated = stated.to_ascii_lowercase();
        let is_short = !stated.contains(['.', ':', '[']) && stated != "localhost";
        if is_short {
            format!("{stated}.localhost")
        } else {
            stated
        }
    }
}

/// An origin that is listened at.
#[derive(Clone, Debug)]
pub(super) enum Side {
    /// The provider's own. A name says which further host of a provider that spans several.
    Own(Option<Arc<str>>),
    /// One tenant's own, and which of its hosts.
    OfTenant(Arc<Tenant>, Option<Arc<str>>),
    /// One that is none of the provider's.
    Elsewhere,
}

impl Side {
    /// The further host that it is.
    pub(super) fn host(&self) -> Option<Arc<str>> {
        match self {
            Self::Own(host) | Self::OfTenant(_, host) => host.clone(),
            Self::Elsewhere => None,
        }
    }
}

/// The tenants by their addresses. Finding one at the root takes a look at three empty tables.
#[derive(Debug, Default)]
pub(super) struct Directory(RwLock<Tables>);

#[derive(Debug, Default)]
struct Tables {
    root: Option<Arc<Tenant>>,
    /// By the name below `/t/`. Those that lie at another address are found here for their control
    /// API, and at the other origin.
    named: HashMap<String, Arc<Tenant>>,
    by_host: HashMap<String, Arc<Tenant>>,
    /// In the order in which they were added. Shared, so that none of their locks is waited for
    /// while the tables are held.
    by_client: Arc<Vec<Arc<Tenant>>>,
}

impl Directory {
    /// Adds a tenant. Returns those that it replaces: of the same address or the same name.
    pub(super) fn add(&self, tenant: &Arc<Tenant>) -> Vec<Arc<Tenant>> {
        let mut tables = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let replaced = match tenant.at() {
            Address::Root => tables.root.take(),
            Address::Host(host) => tables.by_host.get(&Address::whole_host(host)).cloned(),
            Address::Below(_) | Address::Port | Address::Client => None,
        };
        let mut replaced: Vec<Arc<Tenant>> = replaced.into_iter().collect();
        if let Some(name) = tenant.name_in_paths() {
            replaced.extend(tables.named.get(name).cloned());
        }
        for gone in &replaced {
            tables.remove(gone);
        }
        tables.put(tenant);
        replaced
    }

    /// Removes the tenants of a name. Returns them.
    pub(super) fn remove(&self, name: &str) -> Vec<Arc<Tenant>> {
        let gone: Vec<Arc<Tenant>> = self
            .all()
            .into_iter()
            .filter(|it| it.name() == name)
            .collect();
        let mut tables = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for tenant in &gone {
            tables.remove(tenant);
        }
        gone
    }

    /// Every tenant, the one at the root first, the others by name.
    pub(super) fn all(&self) -> Vec<Arc<Tenant>> {
        let tables = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut named: Vec<_> = tables.named.iter().collect();
        named.sort_by_key(|(name, _)| *name);
        let named = named.into_iter().map(|(_, tenant)| Arc::clone(tenant));
        tables.root.iter().cloned().chain(named).collect()
    }

    /// Whether there is a tenant of that name.
    pub(super) fn has_name(&self, name: &str) -> bool {
        self.all().iter().any(|tenant| tenant.name() == name)
    }

    /// Whether a tenant lies at a host of that name.
    pub(super) fn has_host(&self, name: &str) -> bool {
        let tables = self.0.read().unwrap_or_else(PoisonError::into_inner);
        tables.by_host.contains_key(name)
    }

    /// The tenant that a request is for, and the request as it stands below that tenant's address.
    ///
    /// # Errors
    /// The answer to a request that is for none.
    pub(super) fn find(
        &self,
        side: &Side,
        in_target: Option<&Authority>,
        mut request: Request,
    ) -> Result<(Arc<Tenant>, Request), Reply> {
        if let Some(path) = well_known_below(&request.path) {
            request.path = path;
        }
        if let Side::OfTenant(tenant, _) = side {
            return Ok((Arc::clone(tenant), request));
        }
        let (by_client, root) = {
            let tables = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(tenant) = tables.of_host(side, in_target, &request) {
                return Ok((tenant, request));
            }
            if let Some((name, length)) = tenant_in(&request.path) {
                let tenant = tables.named.get(&*name).cloned();
                return below(side, tenant, length, request);
            }
            let root = tables.root.clone();
            if tables.by_client.is_empty() || matches!(side, Side::Elsewhere) {
                return root.map(|root| (root, request)).ok_or_else(nobody);
            }
            (Arc::clone(&tables.by_client), root)
        };
        let identification = Identification::read(&request);
        let found = of_client(&by_client, &identification).or(root);
        match found {
            Some(tenant) => Ok((tenant, request)),
            None if identification.is_empty() => Err(nobody()),
            None => Err(stranger()),
        }
    }
}

impl Tables {
    fn put(&mut self, tenant: &Arc<Tenant>) {
        if let Some(name) = tenant.name_in_paths() {
            self.named.insert(name.to_owned(), Arc::clone(tenant));
        }
        match tenant.at() {
            Address::Root => self.root = Some(Arc::clone(tenant)),
            Address::Host(host) => {
                let host = Address::whole_host(host);
                self.by_host.insert(host, Arc::clone(tenant));
            }
            Address::Client => Arc::make_mut(&mut self.by_client).push(Arc::clone(tenant)),
            Address::Below(_) | Address::Port => {}
        }
    }

    fn remove(&mut self, gone: &Arc<Tenant>) {
        let stays = |tenant: &Arc<Tenant>| !Arc::ptr_eq(tenant, gone);
        self.root.take_if(|tenant| !stays(tenant));
        self.named.retain(|_, tenant| stays(tenant));
        self.by_host.retain(|_, tenant| stays(tenant));
        Arc::make_mut(&mut self.by_client).retain(stays);
    }

    fn of_host(
        &self,
        side: &Side,
        in_target: Option<&Authority>,
        request: &Request,
    ) -> Option<Arc<Tenant>> {
        if self.by_host.is_empty() || matches!(side, Side::Elsewhere) {
            return None;
        }
        let host = host_of(addressed_to(in_target, request)?).to_ascii_lowercase();
        self.by_host.get(&host).cloned()
    }
}

/// Whom a request is addressed to: what stands in its target goes before its `Host` (RFC 9112
/// §3.2.2).
fn addressed_to<'a>(in_target: Option<&'a Authority>, request: &'a Request) -> Option<&'a str> {
    let in_header = || request.headers.get(HOST)?.to_str().ok();
    in_target.map(Authority::as_str).or_else(in_header)
}

/// What lies below `/t/NAME`: everything of a tenant that lies there, the control API of another.
fn below(
    side: &Side,
    tenant: Option<Arc<Tenant>>,
    length: usize,
    mut request: Request,
) -> Result<(Arc<Tenant>, Request), Reply> {
    let tenant = tenant.ok_or_else(nobody)?;
    request.path.drain(..length);
    if request.path.is_empty() {
        request.path.push('/');
    }
    let lies_there = match side {
        Side::Elsewhere => true,
        Side::Own(_) | Side::OfTenant(..) => matches!(tenant.at(), Address::Below(_)),
    };
    if lies_there || control_operation(&request.path).is_some() {
        Ok((tenant, request))
    } else {
        Err(nobody())
    }
}

/// The tenant whose client a request is from, or else that has given out what it carries.
fn of_client(tenants: &[Arc<Tenant>], identification: &Identification) -> Option<Arc<Tenant>> {
    let of_client = |tenant: &&Arc<Tenant>| tenant.lock().has_client_of(identification);
    let of_value = |tenant: &&Arc<Tenant>| tenant.lock().has_given(identification);
    // Of two that were made from the same, the later one is meant: the other was left behind.
    let found = tenants.iter().rfind(of_client);
    found.or_else(|| tenants.iter().rfind(of_value)).cloned()
}

fn nobody() -> Reply {
    Reply::json(404, &json!({ "error": "no such tenant" }))
}

/// The answer to whoever identifies itself, and is known to no tenant (RFC 6749 §5.2).
fn stranger() -> Reply {
    let mut reply = Reply::json(401, &json!({ "error": "invalid_client" }));
    let challenge = "Basic realm=\"provider\"".to_owned();
    reply
        .headers
        .push(("www-authenticate".into(), challenge.into()));
    reply
}

/// The path below the control prefix. One that only begins like it is the provider's own.
pub(super) fn control_operation(path: &str) -> Option<&str> {
    path.strip_prefix(CONTROL_PREFIX)
        .filter(|operation| operation.is_empty() || operation.starts_with('/'))
}

/// RFC 8414 §3.1: the well-known path of an issuer that lies below a path comes before that path.
/// Here it is put behind it, where everything else of such a tenant lies.
fn well_known_below(path: &str) -> Option<String> {
    let mut documents = [Document::OAuth, Document::OpenId].iter();
    documents.find_map(|document| {
        let below = path.strip_prefix(document.path())?;
        let below = below.strip_suffix('/').unwrap_or(below);
        (below.starts_with("/t/") && below.len() > "/t/".len())
            .then(|| format!("{below}{}", document.path()))
    })
}

/// The name of the tenant below which a path lies, and the length of what leads there.
fn tenant_in(path: &str) -> Option<(Cow<'_, str>, usize)> {
    let below = path.strip_prefix("/t/")?;
    let name = &below[..below.find('/').unwrap_or(below.len())];
    if name.is_empty() {
        // No tenant has the empty name: this path is the root's, like every other.
        return None;
    }
    let decoded = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
    Some((decoded, "/t/".len() + name.len()))
}

/// The host of an authority (RFC 3986 §3.2), without its port.
pub(super) fn host_of(authority: &str) -> &str {
    if authority.starts_with('[') {
        let end = authority.find(']').map_or(authority.len(), |end| end + 1);
        return &authority[..end];
    }
    authority.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_told_without_its_port() {
        for (authority, host) in [
            ("acme.localhost:8080", "acme.localhost"),
            ("acme.localhost", "acme.localhost"),
            ("[::1]:8080", "[::1]"),
            ("[::1]", "[::1]"),
            ("[::1", "[::1"),
            ("", ""),
            (":80", ""),
        ] {
            assert_eq!(host_of(authority), host, "{authority}");
        }
    }

    #[test]
    fn a_short_name_is_one_below_localhost() {
        for (stated, whole) in [
            ("acme", "acme.localhost"),
            ("Acme.Example.Test", "acme.example.test"),
            ("localhost", "localhost"),
            ("[::1]", "[::1]"),
        ] {
            assert_eq!(Address::whole_host(stated), whole);
        }
    }

    #[test]
    fn the_path_of_a_tenant_ends_at_a_slash_and_may_be_escaped() {
        let told = |path| tenant_in(path).map(|(name, length)| (name.into_owned(), length));
        assert_eq!(told("/t/one/revoke"), Some(("one".to_owned(), 6)));
        assert_eq!(told("/t/one"), Some(("one".to_owned(), 6)));
        assert_eq!(told("/t/a%2Fb/x"), Some(("a/b".to_owned(), 8)));
        assert_eq!(told("/t//revoke"), None);
        assert_eq!(told("/token"), None);
    }
}
