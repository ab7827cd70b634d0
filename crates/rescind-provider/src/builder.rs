//! For tests in Rust: a provider with one tenant, started in a line.

mod running;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rescind_model::base_url::NoBaseUrl;
use rescind_model::secret::Secret;
use rescind_model::source::{Colour, nearest_hint};
use rescind_model::{BaseUrl, Diagnostic, Profile, SourceFile};

use crate::consent::Consent;
use crate::profiles;
use crate::server::{Address, Provider, ProviderOptions, StartError, Tls};

pub use crate::tenant::{GrantRecord, TokenRecord};
pub use running::RunningProvider;

/// The name of the tenant, which its tokens are made from.
const TENANT: &str = "root";

/// A provider in the making. [`Provider::builder`] begins one.
#[derive(Clone, Debug, Default)]
pub struct ProviderBuilder {
    profile: Chosen,
    seed: Option<String>,
    listen: Option<SocketAddr>,
    public_url: Option<String>,
    browser_url: Option<String>,
    tls: Option<Tls>,
    consent: Consent,
    control_key: Option<Secret>,
}

#[derive(Clone, Debug, Default)]
enum Chosen {
    #[default]
    Nothing,
    Named(String),
    Text(String),
    Read(Arc<Profile>),
}

/// Why a provider could not be built. `Debug` says what `Display` says, so that an `unwrap` in a
/// test shows it.
#[derive(thiserror::Error)]
pub enum BuildError {
    /// It was not said what the provider imitates.
    #[error(
        "a provider without a profile: call `.profile(\"google\")`, say, or `.profile_toml(…)`"
    )]
    NoProfile,
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
    /// An address is none.
    #[error("what `.{method}(…)` was given is no address to be seen at: {source}")]
    Address {
        /// The method.
        method: &'static str,
        /// What is wrong with it.
        source: NoBaseUrl,
    },
    /// There is no seed, and the system gives no randomness to make one of.
    #[error("the system gives no randomness: state a seed by `.seed(…)`")]
    NoRandomness,
    /// It could not be started.
    #[error("{}; {}", .0, .0.hint())]
    Start(#[from] StartError),
}

impl fmt::Debug for BuildError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

fn rendered(mistakes: &[Diagnostic]) -> String {
    let texts: Vec<String> = mistakes
        .iter()
        .map(|mistake| mistake.render(Colour::Plain))
        .collect();
    texts.join("\n\n")
}

impl Provider {
    /// A provider of one tenant, at the root of any free port of the loopback interface, unless
    /// more is said.
    pub fn builder() -> ProviderBuilder {
        ProviderBuilder::default()
    }
}

impl ProviderBuilder {
    /// What it imitates: one of the embedded profiles, `google` say. [`profiles::embedded`] has
    /// them all.
    #[must_use]
    pub fn profile(mut self, name: &str) -> Self {
        self.profile = Chosen::Named(name.to_owned());
        self
    }

    /// What it imitates, as the text of a profile of one's own.
    #[must_use]
    pub fn profile_toml(mut self, text: &str) -> Self {
        self.profile = Chosen::Text(text.to_owned());
        self
    }

    /// What it imitates, as a profile that has been read.
    #[must_use]
    pub fn profile_of(mut self, profile: Arc<Profile>) -> Self {
        self.profile = Chosen::Read(profile);
        self
    }

    /// What tokens are made from: the same seed gives the same tokens. A fresh one if not stated.
    #[must_use]
    pub fn seed(mut self, seed: &str) -> Self {
        self.seed = Some(seed.to_owned());
        self
    }

    /// The address to listen on; any free port of 127.0.0.1 if not stated.
    #[must_use]
    pub const fn bind(mut self, address: SocketAddr) -> Self {
        self.listen = Some(address);
        self
    }

    /// Its address as others see it, where that is another than the one it listens at.
    #[must_use]
    pub fn public_url(mut self, url: &str) -> Self {
        self.public_url = Some(url.to_owned());
        self
    }

    /// Its address as a browser sees it, where that is another than what servers see.
    #[must_use]
    pub fn browser_url(mut self, url: &str) -> Self {
        self.browser_url = Some(url.to_owned());
        self
    }

    /// Lets it speak TLS: [`Tls::made`] needs nothing, and
    /// [`RunningProvider::ca_certificate`] is what clients are to trust then.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// What every request to its control API must show. An address that is none of the loopback
    /// interface cannot be bound without one.
    #[must_use]
    pub fn control_key(mut self, key: &str) -> Self {
        self.control_key = Some(Secret::new(key));
        self
    }

    /// What users say who are asked to let a client in; a page asks them, if not stated. A test
    /// without a browser says `Consent::Allow { user: "ada".to_owned() }`.
    #[must_use]
    pub fn consent(mut self, consent: Consent) -> Self {
        self.consent = consent;
        self
    }

    /// Starts it, in the runtime that this is awaited in. It is ready when this returns.
    ///
    /// # Errors
    /// [`BuildError`] says what to do next.
    pub async fn start(self) -> Result<RunningProvider, BuildError> {
        let profile = self.profile.read()?;
        let seed = match self.seed {
            Some(seed) => seed,
            None => fresh_seed()?,
        };
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listen = self.listen.unwrap_or(loopback);
        let options = ProviderOptions {
            public_url: address("public_url", self.public_url)?,
            browser_url: address("browser_url", self.browser_url)?,
            tls: self.tls,
            control_key: self.control_key,
            ..ProviderOptions::new(listen, &seed)
        };
        let provider = Provider::start_with(options).await?;
        let tenant = provider.add_tenant(&Address::Root, TENANT, profile)?;
        tenant.lock().set_consent(self.consent);
        Ok(RunningProvider::new(provider, tenant, seed))
    }
}

impl Chosen {
    fn read(self) -> Result<Arc<Profile>, BuildError> {
        let file = match self {
            Self::Nothing => return Err(BuildError::NoProfile),
            Self::Read(profile) => return Ok(profile),
            Self::Text(text) => SourceFile::new("profile.toml", text),
            Self::Named(name) => profiles::named(&name).ok_or_else(|| unknown(name))?,
        };
        Profile::parse(&file)
            .map(Arc::new)
            .map_err(BuildError::Mistakes)
    }
}

fn unknown(name: String) -> BuildError {
    let known = profiles::embedded();
    let hint = nearest_hint(&name, known.iter().map(|(name, _)| name.as_str()));
    BuildError::UnknownProfile {
        name,
        hint: hint.unwrap_or_default(),
    }
}

fn address(method: &'static str, text: Option<String>) -> Result<Option<BaseUrl>, BuildError> {
    let parsed = text.map(|text| text.parse());
    parsed
        .transpose()
        .map_err(|source| BuildError::Address { method, source })
}

fn fresh_seed() -> Result<String, BuildError> {
    let mut bytes = [0u8; 8];
    getrandom::fill(&mut bytes).map_err(|_| BuildError::NoRandomness)?;
    Ok(format!("{:016x}", u64::from_be_bytes(bytes)))
}
