//! The shell: a hyper server with any number of tenants, the clock, and the control API.

mod clock;
mod control;
mod listener;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use rescind_model::Profile;
use rescind_model::secret::FingerprintKey;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::fault::Addresses;
use crate::ledger::{LedgerKey, Moment};
use crate::tenant::TenantState;
use clock::Clock;
use listener::Side;

/// The path below which every tenant's control API lies.
pub const CONTROL_PREFIX: &str = "/_rescind";

/// A running provider. Dropping it stops it.
#[derive(Debug)]
pub struct Provider {
    shared: Arc<Shared>,
    address: SocketAddr,
    elsewhere: SocketAddr,
    stop: CancellationToken,
    connections: TaskTracker,
}

/// What connections and handles share.
#[derive(Debug)]
struct Shared {
    seed: String,
    clock: Clock,
    /// By the first part of their paths; the root tenant, if there is one, by the empty name.
    tenants: RwLock<HashMap<String, Arc<Tenant>>>,
}

/// A tenant of a running provider.
#[derive(Debug)]
pub struct Tenant {
    name: String,
    base_url: String,
    clock: Clock,
    fingerprints: FingerprintKey,
    state: Mutex<TenantState>,
}

/// Where a tenant lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// At the root of the port, with the real provider's paths.
    Root,
    /// Below `/t/NAME`.
    Below(String),
}

/// Why a provider could not start.
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
    #[error("{address} is not a loopback address")]
    NotLoopback {
        /// The address.
        address: SocketAddr,
    },
}

impl Provider {
    /// Listens on a loopback address; port 0 takes any free one.
    ///
    /// # Errors
    /// [`StartError`] if the address cannot be listened on or is no loopback address: the control
    /// API gives out tokens to whoever asks.
    pub async fn start(address: SocketAddr, seed: &str) -> Result<Self, StartError> {
        if !address.ip().is_loopback() {
            return Err(StartError::NotLoopback { address });
        }
        let (listener, address) = bind(address).await?;
        let (elsewhere_listener, elsewhere) = bind(SocketAddr::new(address.ip(), 0)).await?;
        let shared = Arc::new(Shared {
            seed: seed.to_owned(),
            clock: Clock::start(),
            tenants: RwLock::default(),
        });
        let stop = CancellationToken::new();
        let connections = TaskTracker::new();
        for (listener, side) in [(listener, Side::Own), (elsewhere_listener, Side::Elsewhere)] {
            connections.spawn(listener::accept(
                listener,
                side,
                Arc::clone(&shared),
                stop.clone(),
                connections.clone(),
            ));
        }
        Ok(Self {
            shared,
            address,
            elsewhere,
            stop,
            connections,
        })
    }

    /// The address that it listens on.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Another origin, without a slash at the end, which is none of the provider's: what redirects
    /// to another origin lead to. The tenants' paths are the same there; each journals what comes,
    /// answers that all is well, and does nothing.
    pub fn elsewhere_url(&self) -> String {
        format!("http://{}", self.elsewhere)
    }

    /// Adds a tenant. One of the same address is replaced.
    pub fn add_tenant(&self, at: &Address, name: &str, profile: Arc<Profile>) -> Arc<Tenant> {
        let (path_name, path) = match at {
            Address::Root => (String::new(), String::new()),
            Address::Below(name) => (name.clone(), format!("/t/{name}")),
        };
        let addresses = Addresses {
            own: format!("http://{}{path}", self.address),
            elsewhere: format!("{}{path}", self.elsewhere_url()),
        };
        let key = LedgerKey::new(&self.shared.seed, name);
        let tenant = Arc::new(Tenant {
            name: name.to_owned(),
            base_url: addresses.own.clone(),
            clock: self.shared.clock,
            fingerprints: FingerprintKey::of_seed(&self.shared.seed),
            state: Mutex::new(TenantState::new(profile, key).at(addresses)),
        });
        let mut tenants = self
            .shared
            .tenants
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        tenants.insert(path_name, Arc::clone(&tenant));
        tenant
    }

    /// Stops listening and waits until every connection has ended.
    pub async fn stop(self) {
        self.stop.cancel();
        self.connections.close();
        self.connections.wait().await;
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Bind { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Shared {
    fn tenant(&self, path_name: &str) -> Option<Arc<Tenant>> {
        self.tenants
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(path_name)
            .cloned()
    }
}

impl Tenant {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its address, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
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
    pub fn lock(&self) -> MutexGuard<'_, TenantState> {
        // A panic in a handler leaves a state that is whole: every change is made in one place.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
