//! The shell: a hyper server with any number of tenants, the clock, and the control API.

mod changes;
mod clock;
mod control;
mod delivery;
mod directory;
mod handles;
mod listener;
mod options;
mod passage;
mod places;
mod tls;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use rescind_model::secret::FingerprintKey;
use rescind_model::{BaseUrl, Profile};
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::addresses::Addresses;
use crate::ledger::{LedgerKey, Moment};
use crate::tenant::TenantState;
use changes::Changes;
use directory::{Directory, Side};
use places::{Bound, Places};

pub use changes::Locked;
pub use clock::Clock;
pub use control::openapi as control_openapi;
pub use directory::Address;
pub use handles::{GateHandle, HeldRequest};
pub use options::{HostOptions, ProviderOptions};
pub use tls::{Tls, TlsError};

/// The path below which every tenant's control API lies.
pub const CONTROL_PREFIX: &str = "/_rescind";

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

/// A running provider. Dropping it stops it.
#[derive(Debug)]
pub struct Provider {
    shared: Arc<Shared>,
    stop: CancellationToken,
    connections: TaskTracker,
}

/// What connections and handles share.
#[derive(Debug)]
struct Shared {
    options: ProviderOptions,
    clock: Clock,
    address: SocketAddr,
    elsewhere: SocketAddr,
    tls: Option<tls::Prepared>,
    directory: Directory,
    /// The further hosts that tenants share, by the names that profiles give them.
    hosts: Mutex<BTreeMap<String, SocketAddr>>,
    /// How many tenants were given names of which nobody cared what they are.
    named: AtomicU64,
    runtime: Handle,
    stop: CancellationToken,
    connections: TaskTracker,
}

/// What a tenant's tokens are made from.
#[derive(Clone, Copy, Debug)]
struct Origin<'a> {
    seed: &'a str,
    name: &'a str,
}

/// A tenant of a running provider.
#[derive(Debug)]
pub struct Tenant {
    name: String,
    at: Address,
    addresses: Addresses,
    control: String,
    bound: SocketAddr,
    clock: Clock,
    fingerprints: FingerprintKey,
    /// Ends what listens for it alone, and what waits for it.
    listening: CancellationToken,
    changes: Changes,
    state: Mutex<TenantState>,
}

/// Why a provider or a tenant could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The address can be reached from elsewhere, and there is no key to keep others out.
    #[error("{address} is not a loopback address, and there is no control key")]
    NotLoopback {
        /// The address.
        address: SocketAddr,
    },
    /// TLS cannot be spoken.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl StartError {
    /// What to do next.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Bind { .. } => {
                "choose an address of this machine and a port that is free; port 0 takes any free one"
            }
            Self::NotLoopback { .. } => {
                "state a control key, or listen on 127.0.0.1 or [::1]: the control API gives out tokens"
            }
            Self::Tls(error) => error.hint(),
        }
    }
}

impl Provider {
    /// Listens on a loopback address, by plain HTTP; port 0 takes any free one.
    ///
    /// # Errors
    /// [`StartError`] if the address cannot be listened on or is no loopback address: the control
    /// API gives out tokens to whoever asks.
    pub async fn start(address: SocketAddr, seed: &str) -> Result<Self, StartError> {
        Self::start_with(ProviderOptions::new(address, seed)).await
    }

    /// Listens as the options say.
    ///
    /// # Errors
    /// [`StartError`] if an address cannot be listened on, or is no loopback address and there is
    /// no control key, or TLS cannot be spoken.
    #[allow(
        clippy::unused_async,
        reason = "whoever starts a server awaits it, and it must be in a runtime"
    )]
    pub async fn start_with(mut options: ProviderOptions) -> Result<Self, StartError> {
        let (listener, address) = bind(options.listen, &options)?;
        if let Some(url) = options.public_url.take_if(|url| url.awaits_port()) {
            options.public_url = Some(url.at_port(address.port()));
        }
        let (elsewhere_listener, elsewhere) =
            bind(SocketAddr::new(options.listen.ip(), 0), &options)?;
        let tls = match &options.tls {
            Some(tls) => Some(tls.prepare(known_hosts(&options))?),
            None => None,
        };
        let shared = Arc::new(Shared {
            options,
            clock: Clock::start(),
            address,
            elsewhere,
            tls,
            directory: Directory::default(),
            hosts: Mutex::default(),
            named: AtomicU64::default(),
            runtime: Handle::current(),
            stop: CancellationToken::new(),
            connections: TaskTracker::new(),
        });
        let stop = shared.stop.clone();
        shared.listen(listener, Side::Own(None), &stop);
        shared.listen(elsewhere_listener, Side::Elsewhere, &stop);
        Ok(Self {
            stop,
            connections: shared.connections.clone(),
            shared,
        })
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Another origin, without a slash at the end, which is none of the provider's: what redirects
    /// to another origin lead to. The tenants' paths are the same there; each journals what comes,
    /// answers that all is well, and does nothing.
    pub fn elsewhere_url(&self) -> String {
        let shared = &self.shared;
        shared.places().plain(shared.elsewhere).to_string()
    }

    /// The certificate of the CA that was made for it, in PEM form: what its clients are to trust.
    /// None where it speaks no TLS, or shows a certificate that was given.
    pub fn ca_certificate(&self) -> Option<&str> {
        let tls = self.shared.tls.as_ref();
        tls.and_then(tls::Prepared::ca_certificate)
    }

    /// Adds a tenant. One of the same address is replaced, and one of the same name that does not
    /// lie at the root: tokens are made from names.
    ///
    /// # Errors
    /// [`StartError`] if a port of its own, or one for a further host of its profile, cannot be
    /// listened on.
    pub fn add_tenant(
        &self,
        at: &Address,
        name: &str,
        profile: Arc<Profile>,
    ) -> Result<Arc<Tenant>, StartError> {
        self.shared.add_tenant(at, name, profile)
    }

    /// Removes the tenants of a name, with the ports of their own. False if there is none.
    pub fn remove_tenant(&self, name: &str) -> bool {
        self.shared.remove_tenant(name)
    }

    /// Every tenant.
    pub fn tenants(&self) -> Vec<Arc<Tenant>> {
        self.shared.directory.all()
    }

    /// Stops listening and waits until every connection has ended.
    pub async fn stop(self) {
        self.end_connections().await;
    }

    /// Stops listening and waits until every connection has ended. What its tenants know can still be
    /// asked of them.
    pub async fn end_connections(&self) {
        self.stop.cancel();
        self.connections.close();
        self.connections.wait().await;
    }
}

/// The hosts by which a provider is known.
fn known_hosts(options: &ProviderOptions) -> BTreeSet<String> {
    let further = options.hosts.values().map(|host| &host.public_url);
    let stated = [&options.public_url, &options.browser_url, &options.issuer];
    let stated = stated.into_iter().chain(further).flatten();
    let name = |url: &BaseUrl| url.host().trim_matches(['[', ']']).to_owned();
    let mut hosts: BTreeSet<String> = stated.map(name).collect();
    let ip = options.listen.ip();
    if !ip.is_unspecified() {
        hosts.insert(ip.to_string());
    }
    hosts
}

/// Listens, at once: whoever binds waits for nobody.
fn bind(
    address: SocketAddr,
    options: &ProviderOptions,
) -> Result<(TcpListener, SocketAddr), StartError> {
    let listen = || {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        // A port that was just left can be taken again.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let listener = socket.listen(BACKLOG)?;
        let bound = listener.local_addr()?;
        Ok((listener, bound))
    };
    if !address.ip().is_loopback() && options.control_key.is_none() {
        return Err(StartError::NotLoopback { address });
    }
    listen().map_err(|source| StartError::Bind { address, source })
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Shared {
    const fn places(&self) -> Places<'_> {
        Places {
            options: &self.options,
            main: self.address,
            elsewhere: self.elsewhere,
        }
    }

    /// Takes connections until it is stopped.
    fn listen(self: &Arc<Self>, listener: TcpListener, side: Side, stop: &CancellationToken) {
        let accepting = listener::accept(listener, side, Arc::clone(self), stop.clone());
        self.connections.spawn_on(accepting, &self.runtime);
    }

    /// What the tokens of a tenant of that name are made from, if nobody says otherwise.
    fn made_from<'a>(&'a self, name: &'a str) -> Origin<'a> {
        Origin {
            seed: &self.options.seed,
            name,
        }
    }

    fn add_tenant(
        self: &Arc<Self>,
        at: &Address,
        name: &str,
        profile: Arc<Profile>,
    ) -> Result<Arc<Tenant>, StartError> {
        self.add_tenant_made_from(at, name, profile, self.made_from(name))
    }

    fn add_tenant_made_from(
        self: &Arc<Self>,
        at: &Address,
        name: &str,
        profile: Arc<Profile>,
        origin: Origin<'_>,
    ) -> Result<Arc<Tenant>, StartError> {
        // A listener belongs to a runtime, and whoever adds may be in none.
        let _runtime = self.runtime.enter();
        let mut bound = Bound {
            own: self.address,
            hosts: BTreeMap::new(),
        };
        let mut listeners = Vec::new();
        if *at == Address::Port {
            let (listener, address) = bind(SocketAddr::new(self.address.ip(), 0), &self.options)?;
            bound.own = address;
            listeners.push((listener, None));
        }
        for host in profile.hosts.iter().map(|host| host.as_str()) {
            let address = if *at == Address::Port {
                let (listener, address) =
                    bind(SocketAddr::new(self.address.ip(), 0), &self.options)?;
                listeners.push((listener, Some(Arc::from(host))));
                address
            } else {
                self.shared_host(host)?
            };
            bound.hosts.insert(host.to_owned(), address);
        }
        if let (Some(tls), Address::Host(host)) = (&self.tls, at) {
            tls.also_for(&Address::whole_host(host));
        }
        let tenant = Arc::new(self.tenant(at, name, profile, &bound, origin));
        for replaced in self.directory.add(&tenant) {
            replaced.listening.cancel();
        }
        for (listener, host) in listeners {
            let side = Side::OfTenant(Arc::clone(&tenant), host);
            self.listen(listener, side, &tenant.listening);
        }
        Ok(tenant)
    }

    fn tenant(
        &self,
        at: &Address,
        name: &str,
        profile: Arc<Profile>,
        bound: &Bound,
        origin: Origin<'_>,
    ) -> Tenant {
        let addresses = self.places().addresses(at, name, bound);
        let key = LedgerKey::new(origin.seed, origin.name);
        let state = TenantState::new(profile, key)
            .at(addresses.clone())
            .begun_at(self.clock.started_at());
        Tenant {
            name: name.to_owned(),
            at: at.clone(),
            control: self.places().control(at, name, &addresses),
            addresses,
            bound: bound.own,
            clock: self.clock,
            fingerprints: FingerprintKey::of_seed(origin.seed),
            listening: self.stop.child_token(),
            changes: Changes::new(),
            state: Mutex::new(state),
        }
    }

    /// Where a further host is listened at that tenants share; listens there, if it does not yet.
    fn shared_host(self: &Arc<Self>, name: &str) -> Result<SocketAddr, StartError> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = hosts.get(name) {
            return Ok(*known);
        }
        let stated = self.options.hosts.get(name).and_then(|host| host.listen);
        let beside = SocketAddr::new(self.address.ip(), 0);
        let (listener, address) = bind(stated.unwrap_or(beside), &self.options)?;
        self.listen(listener, Side::Own(Some(Arc::from(name))), &self.stop);
        hosts.insert(name.to_owned(), address);
        Ok(address)
    }

    fn remove_tenant(&self, name: &str) -> bool {
        let removed = self.directory.remove(name);
        for tenant in &removed {
            tenant.listening.cancel();
        }
        !removed.is_empty()
    }
}

impl Tenant {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it lies.
    pub const fn at(&self) -> &Address {
        &self.at
    }

    /// Its name in paths; none for the tenant at the root.
    fn name_in_paths(&self) -> Option<&str> {
        match &self.at {
            Address::Root => None,
            Address::Below(name) => Some(name),
            Address::Port | Address::Host(_) | Address::Client => Some(&self.name),
        }
    }

    /// Its address, without a slash at the end, as servers see it.
    pub fn base_url(&self) -> &str {
        &self.addresses.own
    }

    /// All its addresses.
    pub const fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The address of its control API, without a slash at the end.
    pub fn control_url(&self) -> String {
        format!("{}{CONTROL_PREFIX}", self.control)
    }

    /// The address of this machine that it is listened for at.
    pub const fn bound(&self) -> SocketAddr {
        self.bound
    }

    /// The key of the run's fingerprints.
    pub const fn fingerprints(&self) -> &FingerprintKey {
        &self.fingerprints
    }

    /// The time since the provider started.
    pub fn elapsed(&self) -> Moment {
        self.clock.elapsed()
    }

    /// Its state, and no request in the meantime.
    pub fn lock(&self) -> Locked<'_> {
        // A panic in a handler leaves a state that is whole: every change is made in one place.
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        Locked::new(state, &self.changes)
    }
}
