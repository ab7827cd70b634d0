//! What is said of a provider before it is mounted.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use rescind_model::source::{Colour, nearest_hint};
use rescind_model::{Diagnostic, Profile, SourceFile};
use rescind_provider::ledger::LedgerKey;
use rescind_provider::server::Clock;
use rescind_provider::tenant::TenantState;
use rescind_provider::{Addresses, profiles};
use wiremock::MockServer;

use crate::ProviderMock;
use crate::answering::{Place, Side, mock};
use crate::location::Location;
use crate::mounted::Mounted;
use crate::unshowable::{Unshowable, refuse_unshowable};

/// A provider that is to be mounted: [`ProviderMock::profile`] begins one, and
/// [`mount`](Self::mount) ends it.
#[derive(Clone, Debug)]
#[must_use = "nothing is mounted before `mount`"]
pub struct ProviderMockBuilder<'servers> {
    profile: Chosen,
    hosts: BTreeMap<String, &'servers MockServer>,
    prefix: String,
    priority: Option<u8>,
    seed: Option<String>,
}

/// What is imitated.
#[derive(Clone, Debug)]
pub(crate) enum Chosen {
    Named(String),
    Text(String),
    Read(Arc<Profile>),
}

/// Why a provider was not mounted. `Debug` says what `Display` says, so that an `unwrap` in a test
/// shows it.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum MountError {
    /// No embedded profile has that name.
    #[error("there is no profile `{name}`; {hint}")]
    UnknownProfile {
        /// The name.
        name: String,
        /// What to do next.
        hint: String,
    },
    /// The profile has mistakes.
    #[error("{}", rendered(.0))]
    Mistakes(Vec<Diagnostic>),
    /// The profile fails by itself in a way that a mock server cannot show.
    #[error("the profile states a fault of its own: {0}")]
    Fault(#[from] Unshowable),
    /// The prefix is no plain path.
    #[error(
        "`{prefix}` is no path to mount a provider below: give `/` and a name, `/google` say, of \
         letters, digits, `-`, `.`, `_` and `~`"
    )]
    Prefix {
        /// The prefix.
        prefix: String,
    },
    /// The profile has a host that no server was given for.
    #[error(
        "the profile spans several hosts, and nothing says where `{host}` is: state \
         `.host(\"{host}\", &another_server)`"
    )]
    HostMissing {
        /// The host's name.
        host: String,
    },
    /// A server was given for a host that the profile does not have.
    #[error("the profile has no host `{host}`: {known}")]
    HostUnknown {
        /// The name.
        host: String,
        /// The hosts that it has.
        known: String,
    },
    /// There is no seed, and the system gives no randomness to make one of.
    #[error("the system gives no randomness: state a seed by `.seed(…)`")]
    NoRandomness,
    /// wiremock knows no such priority.
    #[error("0 is no priority: wiremock asks from 1, first, to 255, last")]
    Priority,
}

impl fmt::Debug for MountError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl<'servers> ProviderMockBuilder<'servers> {
    pub(crate) fn new(profile: Chosen) -> Self {
        Self {
            profile,
            hosts: BTreeMap::new(),
            prefix: String::new(),
            priority: None,
            seed: None,
        }
    }

    /// Mounts it below a path, `/google` say, instead of the server's root. Then several fit on one
    /// server.
    pub fn below(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.prefix);
        self
    }

    /// Where one of its further hosts is mounted, below the same path: of a profile that spans
    /// several, by the name that the profile gives it. Each is another origin, so it takes a server
    /// of its own.
    pub fn host(mut self, name: &str, server: &'servers MockServer) -> Self {
        self.hosts.insert(name.to_owned(), server);
        self
    }

    /// When wiremock asks it, from 1, first, to 255, last. Not stated, it comes after every mock
    /// that has a priority worth the name: 255 at the root, and one less for each segment of the
    /// path that it is mounted below.
    pub const fn priority(mut self, priority: u8) -> Self {
        self.priority = Some(priority);
        self
    }

    /// What its tokens, client ids and secrets are made from: the same seed and path give the same.
    /// A fresh one if not stated.
    pub fn seed(mut self, seed: &str) -> Self {
        self.seed = Some(seed.to_owned());
        self
    }

    /// Mounts it on a server.
    ///
    /// # Errors
    /// [`MountError`] if something that was stated before makes no sense.
    pub async fn mount(self, server: &MockServer) -> Result<ProviderMock, MountError> {
        let location = Location::below_prefix(&self.prefix)?;
        let profile = self.profile.read()?;
        for fault in profile.faults() {
            refuse_unshowable(&fault)?;
        }
        self.check_hosts(&profile)?;
        let priority = self.priority.unwrap_or_else(|| location.priority());
        if priority == 0 {
            return Err(MountError::Priority);
        }
        let seed = match &self.seed {
            Some(seed) => seed.clone(),
            None => fresh_seed()?,
        };
        // Another origin is another port, so it takes a server of its own.
        let elsewhere = MockServer::start().await;
        let addresses = self.addresses(&location, server, &elsewhere);
        let base_url = addresses.own.clone();
        let clock = Clock::start();
        // Providers below other paths make other tokens from the same seed.
        let key = LedgerKey::new(&seed, location.prefix());
        let state = TenantState::new(profile, key)
            .at(addresses)
            .begun_at(clock.started_at());
        let mounted = Arc::new(Mounted::new(state, clock));
        let own = [(server, Side::Own), (&elsewhere, Side::Elsewhere)];
        let further = |(name, server): (String, _)| (server, Side::Host(Arc::from(name)));
        for (server, side) in own.into_iter().chain(self.hosts.into_iter().map(further)) {
            let place = Place {
                location: &location,
                side,
                priority,
            };
            server.register(mock(&mounted, place)).await;
        }
        Ok(ProviderMock::new(mounted, base_url, seed, elsewhere))
    }

    /// A server for each further host, and no other.
    fn check_hosts(&self, profile: &Profile) -> Result<(), MountError> {
        let declared: Vec<&str> = profile.hosts.iter().map(|host| host.as_str()).collect();
        for host in self.hosts.keys() {
            if !declared.contains(&host.as_str()) {
                let known = match declared.as_slice() {
                    [] => "it has one host alone".to_owned(),
                    names => format!("it has `{}`", names.join("`, `")),
                };
                let host = host.clone();
                return Err(MountError::HostUnknown { host, known });
            }
        }
        let missing = |host: &&str| !self.hosts.contains_key(*host);
        match declared.into_iter().find(missing) {
            Some(host) => Err(MountError::HostMissing {
                host: host.to_owned(),
            }),
            None => Ok(()),
        }
    }

    fn addresses(
        &self,
        location: &Location,
        server: &MockServer,
        elsewhere: &MockServer,
    ) -> Addresses {
        let address = |server: &MockServer| format!("{}{}", server.uri(), location.prefix());
        let mut addresses = Addresses::at(address(server), address(elsewhere));
        let hosts = self.hosts.iter();
        addresses.hosts = hosts
            .map(|(name, server)| (name.clone(), address(server)))
            .collect();
        addresses
    }
}

impl Chosen {
    fn read(&self) -> Result<Arc<Profile>, MountError> {
        let file = match self {
            Self::Read(profile) => return Ok(Arc::clone(profile)),
            Self::Text(text) => SourceFile::new("profile.toml", text.as_str()),
            Self::Named(name) => profiles::named(name).ok_or_else(|| unknown(name))?,
        };
        Profile::parse(&file)
            .map(Arc::new)
            .map_err(MountError::Mistakes)
    }
}

fn unknown(name: &str) -> MountError {
    let known = profiles::embedded();
    let hint = nearest_hint(name, known.iter().map(|(name, _)| name.as_str()));
    MountError::UnknownProfile {
        name: name.to_owned(),
        hint: hint.unwrap_or_default(),
    }
}

fn fresh_seed() -> Result<String, MountError> {
    let mut bytes = [0u8; 8];
    getrandom::fill(&mut bytes).map_err(|_| MountError::NoRandomness)?;
    Ok(format!("{:016x}", u64::from_be_bytes(bytes)))
}

fn rendered(mistakes: &[Diagnostic]) -> String {
    let texts = mistakes.iter().map(|mistake| mistake.render(Colour::Plain));
    texts.collect::<Vec<String>>().join("\n\n")
}
