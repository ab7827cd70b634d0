//! The provider as a run reaches it: one in this program, or one that runs elsewhere, by its control
//! API. What a case and the preflight do to it is the same; the judge never knows which it was.

mod control_client;
mod embedded;
mod remote;

use std::sync::Arc;

use rescind_model::fault::Fault;
use rescind_model::gate::Gate;
use rescind_model::secret::{FingerprintKey, Secret, SecretScanner};
use rescind_model::{Profile, Subject};
use rescind_provider::gates::GateState;
use rescind_provider::ledger::GrantId;
use rescind_provider::server::GateHandle;
use rescind_provider::{Addresses, Observation, Tenant};

use crate::error::Problem;
pub use control_client::AccessError;
pub use embedded::EmbeddedProvider;
pub use remote::{NotReached, RemoteProvider, RemoteTenant};

/// The number after which no request comes: whoever looks from there on sees none.
const NO_ENTRIES: u64 = u64::MAX;

/// The provider of a run.
#[derive(Debug)]
pub enum ProviderAccess {
    /// In this program.
    Embedded(EmbeddedProvider),
    /// Elsewhere.
    Remote(RemoteProvider),
}

/// A tenant of the provider of a run.
#[derive(Clone, Debug)]
pub enum TenantAccess {
    /// In this program.
    Embedded(Arc<Tenant>),
    /// Elsewhere.
    Remote(Arc<RemoteTenant>),
}

/// A gate of a tenant.
#[derive(Debug)]
pub enum GateAccess {
    /// In this program.
    Embedded(GateHandle),
    /// Elsewhere: the tenant, and the number of the gate.
    Remote(Arc<RemoteTenant>, u32),
}

/// A client of a tenant.
#[derive(Clone, Debug)]
pub struct RegisteredClient {
    /// Its id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
}

/// What a mint gave.
#[derive(Clone, Debug)]
pub struct MintedGrant {
    /// The grant.
    pub grant: GrantId,
    /// The access token.
    pub access_token: Option<Secret>,
    /// The refresh token.
    pub refresh_token: Option<Secret>,
    /// The seconds that the access token has left.
    pub expires_in: Option<u64>,
    /// The provider's account id, where its token responses carry one.
    pub account_id: Option<String>,
}

impl ProviderAccess {
    /// Adds a tenant. Its tokens are made from the run's seed and its name, if it matters which they
    /// are; its place tells it from the others, and is made of letters and digits.
    ///
    /// # Errors
    /// There is no room for it, or the provider does not answer.
    pub async fn add_tenant(
        &self,
        place: &str,
        name: Option<&str>,
        profile: &Arc<Profile>,
    ) -> Result<TenantAccess, Problem> {
        match self {
            Self::Embedded(provider) => provider
                .add_tenant(place, name.unwrap_or(place), profile)
                .map(TenantAccess::Embedded)
                .map_err(|error| Problem::new(error.to_string(), error.hint())),
            Self::Remote(provider) => provider
                .add_tenant(name, profile)
                .await
                .map(|tenant| TenantAccess::Remote(Arc::new(tenant)))
                .map_err(|error| Problem::new(error.to_string(), error.hint())),
        }
    }

    /// Ends one that runs in this program, when every connection has ended: what has come to it can
    /// still be looked at. One that runs elsewhere goes on.
    pub async fn stop(&self) {
        match self {
            Self::Embedded(provider) => provider.stop().await,
            Self::Remote(_) => {}
        }
    }

    /// Leaves nothing behind: one that runs elsewhere forgets the tenants that were added to it.
    pub async fn end(self) {
        self.stop().await;
        match self {
            Self::Embedded(_) => {}
            Self::Remote(provider) => provider.remove_tenants().await,
        }
    }
}

impl From<Arc<Tenant>> for TenantAccess {
    fn from(tenant: Arc<Tenant>) -> Self {
        Self::Embedded(tenant)
    }
}

impl TenantAccess {
    /// Its addresses, as the target sees them.
    pub fn addresses(&self) -> &Addresses {
        match self {
            Self::Embedded(tenant) => tenant.addresses(),
            Self::Remote(tenant) => tenant.addresses(),
        }
    }

    /// The key of the run's fingerprints.
    pub fn fingerprints(&self) -> &FingerprintKey {
        match self {
            Self::Embedded(tenant) => tenant.fingerprints(),
            Self::Remote(tenant) => tenant.fingerprints(),
        }
    }

    /// The client of that name, made if it is new.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn client(&self, name: &str) -> Result<RegisteredClient, AccessError> {
        match self {
            Self::Embedded(tenant) => {
                let client = tenant.lock().client(name);
                Ok(RegisteredClient {
                    client_id: client.client_id,
                    client_secret: client.client_secret,
                })
            }
            Self::Remote(tenant) => tenant.client(name).await,
        }
    }

    /// Records that a user gave a client a grant, with tokens of the given kinds.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn mint(
        &self,
        user: &str,
        client: &str,
        subjects: &[Subject],
    ) -> Result<MintedGrant, AccessError> {
        match self {
            Self::Embedded(tenant) => {
                let elapsed = tenant.elapsed();
                let minted = tenant.lock().mint(user, client, subjects, elapsed);
                Ok(MintedGrant {
                    grant: minted.grant,
                    access_token: minted.access_token,
                    refresh_token: minted.refresh_token,
                    expires_in: minted.expires_in,
                    account_id: minted.account_id.map(|(_, id)| id),
                })
            }
            Self::Remote(tenant) => tenant.mint(user, client, subjects).await,
        }
    }

    /// Lets the newest token of a kind expire. False if there is none.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn expire(&self, grant: GrantId, subject: Subject) -> Result<bool, AccessError> {
        match self {
            Self::Embedded(tenant) => {
                let elapsed = tenant.elapsed();
                Ok(tenant.lock().expire(grant, subject, elapsed))
            }
            Self::Remote(tenant) => tenant.end("/expire", grant, subject).await,
        }
    }

    /// Ends the newest token of a kind alone, as the provider's administrator can. False if there is
    /// none, or nothing but time ends it.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn kill(&self, grant: GrantId, subject: Subject) -> Result<bool, AccessError> {
        match self {
            Self::Embedded(tenant) => {
                let elapsed = tenant.elapsed();
                Ok(tenant.lock().kill_at_provider(grant, subject, elapsed))
            }
            Self::Remote(tenant) => tenant.end("/kill", grant, subject).await,
        }
    }

    /// Removes the app as the user would.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn remove_by_user(&self, grant: GrantId) -> Result<(), AccessError> {
        match self {
            Self::Embedded(tenant) => {
                let elapsed = tenant.elapsed();
                tenant.lock().remove_by_user(grant, elapsed);
                Ok(())
            }
            Self::Remote(tenant) => tenant.remove_by_user(grant).await,
        }
    }

    /// Moves the clock ahead.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn advance(&self, seconds: u64) -> Result<(), AccessError> {
        match self {
            Self::Embedded(tenant) => {
                tenant.advance(seconds);
                Ok(())
            }
            Self::Remote(tenant) => tenant.advance(seconds).await,
        }
    }

    /// Makes an endpoint fail.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn fail(&self, fault: &Fault) -> Result<(), AccessError> {
        match self {
            Self::Embedded(tenant) => {
                tenant.lock().fail(fault.clone());
                Ok(())
            }
            Self::Remote(tenant) => tenant.fail(fault).await,
        }
    }

    /// Ends every failure but those that the profile states.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn recover(&self) -> Result<(), AccessError> {
        match self {
            Self::Embedded(tenant) => {
                tenant.lock().recover();
                Ok(())
            }
            Self::Remote(tenant) => tenant.recover().await,
        }
    }

    /// Holds requests, from the next one on that the gate is for.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn hold(&self, gate: &Gate) -> Result<GateAccess, AccessError> {
        match self {
            Self::Embedded(tenant) => Ok(GateAccess::Embedded(tenant.hold(gate.clone()))),
            Self::Remote(tenant) => {
                let id = tenant.hold(gate).await?;
                Ok(GateAccess::Remote(Arc::clone(tenant), id))
            }
        }
    }

    /// The requests after a number and the tokens of some grants, of one moment.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn observe(
        &self,
        after: u64,
        grants: impl IntoIterator<Item = GrantId> + Send,
    ) -> Result<Observation, AccessError> {
        match self {
            Self::Embedded(tenant) => {
                let elapsed = tenant.elapsed();
                Ok(tenant.lock().observe(after, grants, elapsed))
            }
            Self::Remote(tenant) => tenant.observe(after, grants).await,
        }
    }

    /// The tokens of some grants alone.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn tokens(
        &self,
        grants: impl IntoIterator<Item = GrantId> + Send,
    ) -> Result<Observation, AccessError> {
        self.observe(NO_ENTRIES, grants).await
    }

    /// How many requests it has received.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn received(&self) -> Result<u64, AccessError> {
        Ok(self.observe(NO_ENTRIES, []).await?.received)
    }

    /// A scanner for every secret that it has given out.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn scanner(&self) -> Result<SecretScanner, AccessError> {
        match self {
            Self::Embedded(tenant) => {
                let key = tenant.fingerprints().clone();
                Ok(tenant.lock().scanner(key))
            }
            Self::Remote(tenant) => tenant.scanner().await,
        }
    }
}

impl GateAccess {
    /// What has become of it.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn state(&self) -> Result<GateState, AccessError> {
        match self {
            Self::Embedded(gate) => Ok(gate.state()),
            Self::Remote(tenant, id) => Ok(tenant.gate(*id).await?.state),
        }
    }

    /// Whether it holds a request.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn is_holding(&self) -> Result<bool, AccessError> {
        match self {
            Self::Embedded(gate) => Ok(!gate.held().is_empty()),
            Self::Remote(tenant, id) => Ok(tenant.gate(*id).await?.holding > 0),
        }
    }

    /// Lets everything pass that it holds, and hold nothing any more.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn release(&self) -> Result<(), AccessError> {
        match self {
            Self::Embedded(gate) => {
                gate.release();
                Ok(())
            }
            Self::Remote(tenant, id) => tenant.release(*id).await,
        }
    }
}
