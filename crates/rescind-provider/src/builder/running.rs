//! A provider of one tenant that runs, as a test sees it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rescind_model::fault::Fault;
use rescind_model::gate::Gate;
use rescind_model::{Subject, TokenState};

use crate::clients::Client;
use crate::consent::Consent;
use crate::journal::Entry;
use crate::ledger::GrantId;
use crate::server::{GateHandle, Provider, Tenant};
use crate::tenant::{GrantRecord, Minted};

/// A provider of one tenant that runs. Dropping it stops it.
#[derive(Debug)]
pub struct RunningProvider {
    provider: Provider,
    tenant: Arc<Tenant>,
    seed: String,
}

impl RunningProvider {
    pub(super) const fn new(provider: Provider, tenant: Arc<Tenant>, seed: String) -> Self {
        Self {
            provider,
            tenant,
            seed,
        }
    }

    /// Its address, without a slash at the end: where the profile's paths lie.
    pub fn base_url(&self) -> &str {
        self.tenant.base_url()
    }

    /// The address of its control API, without a slash at the end.
    pub fn control_url(&self) -> String {
        self.tenant.control_url()
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.provider.address()
    }

    /// The certificate of its CA, in PEM form, where it speaks TLS with one that was made.
    pub fn ca_certificate(&self) -> Option<&str> {
        self.provider.ca_certificate()
    }

    /// What its tokens are made from: the same seed gives the same ones.
    pub fn seed(&self) -> &str {
        &self.seed
    }

    /// The provider, for more tenants beside this one.
    pub const fn provider(&self) -> &Provider {
        &self.provider
    }

    /// Its tenant, for whatever has no method here.
    pub const fn tenant(&self) -> &Arc<Tenant> {
        &self.tenant
    }

    /// The client of a name, made if it is new. The one that [`Self::mint`] gives to is `main`.
    pub fn client(&self, name: &str) -> Client {
        self.tenant.lock().client(name)
    }

    /// Lets a user give the client `main` a grant, with tokens of every kind that the provider
    /// issues.
    pub fn mint(&self, user: &str) -> Minted {
        self.mint_for(user, "main")
    }

    /// Lets a user give a client a grant.
    pub fn mint_for(&self, user: &str, client: &str) -> Minted {
        let elapsed = self.tenant.elapsed();
        let mut state = self.tenant.lock();
        state.mint(user, client, &Subject::ALL, elapsed)
    }

    /// What a token is worth now; absent if the provider never issued it.
    pub fn state_of(&self, token: &str) -> TokenState {
        let elapsed = self.tenant.elapsed();
        self.tenant.lock().state_of(token, elapsed)
    }

    /// Whether a token is accepted now.
    pub fn is_alive(&self, token: &str) -> bool {
        self.state_of(token) == TokenState::Alive
    }

    /// The truth about every grant and token, as it is now.
    pub fn ledger(&self) -> Vec<GrantRecord> {
        let elapsed = self.tenant.elapsed();
        self.tenant.lock().records(elapsed)
    }

    /// Every request that came, oldest first, and what became of it.
    pub fn journal(&self) -> Vec<Entry> {
        self.tenant.lock().journal().after(0).cloned().collect()
    }

    /// Makes an endpoint fail.
    pub fn fail(&self, fault: Fault) {
        self.tenant.lock().fail(fault);
    }

    /// Ends every failure.
    pub fn recover(&self) {
        self.tenant.lock().recover();
    }

    /// Says what users answer from now on who are asked to let a client in.
    pub fn set_consent(&self, consent: Consent) {
        self.tenant.lock().set_consent(consent);
    }

    /// Holds requests before or after they take effect, until the handle releases them.
    ///
    /// ```
    /// use rescind_provider::Provider;
    /// use rescind_provider::model::gate::Gate;
    /// use rescind_provider::model::vocabulary::Endpoint;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let _ = rustls::crypto::ring::default_provider().install_default();
    /// let provider = Provider::builder().profile("google").start().await?;
    /// let ada = provider.mint("ada");
    /// let gate = provider.hold(Gate::before(Endpoint::Revocation));
    ///
    /// let revoke = format!("{}/revoke?token={}", provider.base_url(), ada.access());
    /// let revoking = tokio::spawn(reqwest::Client::new().post(revoke).send());
    /// gate.wait_until_held().await;
    /// assert!(provider.is_alive(ada.access()), "the request is there, and has done nothing yet");
    /// gate.release();
    /// assert_eq!(revoking.await??.status(), 200);
    /// assert!(!provider.is_alive(ada.access()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn hold(&self, gate: Gate) -> GateHandle {
        self.tenant.hold(gate)
    }

    /// Lets the user remove the app on the provider's own site.
    pub fn remove_by_user(&self, grant: GrantId) {
        let elapsed = self.tenant.elapsed();
        self.tenant.lock().remove_by_user(grant, elapsed);
    }

    /// Lets the newest token of a kind expire. False if the grant has none.
    pub fn expire(&self, grant: GrantId, subject: Subject) -> bool {
        let elapsed = self.tenant.elapsed();
        self.tenant.lock().expire(grant, subject, elapsed)
    }

    /// Ends the newest token of a kind alone, as an administrator of the provider can. False if
    /// the grant has none.
    pub fn kill(&self, grant: GrantId, subject: Subject) -> bool {
        let elapsed = self.tenant.elapsed();
        self.tenant.lock().kill_at_provider(grant, subject, elapsed)
    }

    /// Moves its clock ahead, by whole seconds.
    pub fn advance(&self, by: Duration) {
        self.tenant.advance(by.as_secs());
    }

    /// Lets its clock stand still.
    pub fn freeze(&self) {
        self.tenant.freeze();
    }

    /// Lets its clock go on.
    pub fn thaw(&self) {
        self.tenant.thaw();
    }

    /// Stops listening and waits until every connection has ended.
    pub async fn stop(self) {
        self.provider.stop().await;
    }
}
