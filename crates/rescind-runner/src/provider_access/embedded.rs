//! A provider in this program.

use std::sync::Arc;

use rescind_model::profile::{Profile, TokenCharacters, TokenFormat};
use rescind_model::secret::Secret;
use rescind_model::target::{ProviderPlace, TenantsBy};
use rescind_provider::ledger::LedgerKey;
use rescind_provider::server::{Address, ProviderOptions, StartError};
use rescind_provider::{Provider, Tenant};

/// A provider in this program, and where its tenants lie.
#[derive(Debug)]
pub struct EmbeddedProvider {
    provider: Provider,
    tenants: TenantsBy,
    options: ProviderOptions,
}

impl EmbeddedProvider {
    /// Starts it where the target file says.
    ///
    /// # Errors
    /// It cannot listen there.
    pub async fn start(place: &ProviderPlace, seed: &str) -> Result<Self, StartError> {
        let listen = place.listen_address();
        let options = ProviderOptions {
            public_url: place.public_address(),
            // Nobody is told it: what can be reached from elsewhere gives out no tokens.
            control_key: (!listen.ip().is_loopback()).then(|| control_key(seed)),
            ..ProviderOptions::new(listen, seed)
        };
        Ok(Self {
            provider: Provider::start_with(options.clone()).await?,
            tenants: place.tenants,
            options,
        })
    }

    /// Adds a tenant. Its tokens are made from its name, and its place tells it from the others:
    /// letters and digits.
    ///
    /// # Errors
    /// There is no room for it.
    pub fn add_tenant(
        &self,
        place: &str,
        name: &str,
        profile: &Arc<Profile>,
    ) -> Result<Arc<Tenant>, StartError> {
        let address = match self.tenants {
            TenantsBy::Path => Address::Below(place.to_owned()),
            TenantsBy::Port => Address::Port,
            TenantsBy::Host => Address::host_of(place, &self.options),
            TenantsBy::Client => Address::Client,
        };
        self.provider
            .add_tenant(&address, name, Arc::clone(profile))
    }

    /// Ends it, when every connection has ended.
    pub async fn stop(&self) {
        self.provider.end_connections().await;
    }
}

/// A control key for the run alone.
fn control_key(seed: &str) -> Secret {
    let format = TokenFormat {
        prefix: String::new(),
        characters: TokenCharacters::UrlSafe,
        lifetime_seconds: None,
    };
    Secret::new(LedgerKey::new(seed, "target").derive("control_key", &format))
}
