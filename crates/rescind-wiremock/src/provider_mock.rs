//! A provider that is mounted.

use std::sync::Arc;
use std::time::Duration;

use rescind_model::fault::Fault;
use rescind_model::{Profile, Subject, TokenState};
use rescind_provider::clients::Client;
use rescind_provider::consent::Consent;
use rescind_provider::ledger::Moment;
use rescind_provider::tenant::{GrantRecord, Minted, TenantState};
use rescind_provider::{Entry, GrantId};
use wiremock::MockServer;

use crate::builder::{Chosen, ProviderMockBuilder};
use crate::mounted::Mounted;
use crate::unshowable::{Unshowable, refuse_unshowable};

/// A provider that is mounted on a mock server: what it knows, and what its owner, its users and
/// time can do to it.
///
/// It answers as long as the server does, whether this is kept or not; only what redirects to
/// another origin lead to ends with it.
#[derive(Debug)]
pub struct ProviderMock {
    mounted: Arc<Mounted>,
    base_url: String,
    seed: String,
    /// The other origin that redirects can lead to.
    elsewhere: MockServer,
}

impl ProviderMock {
    /// A provider that imitates one of the embedded profiles, `google` say.
    /// [`rescind_provider::profiles::embedded`] has them all.
    pub fn profile<'servers>(name: &str) -> ProviderMockBuilder<'servers> {
        ProviderMockBuilder::new(Chosen::Named(name.to_owned()))
    }

    /// A provider that imitates the text of a profile of one's own.
    pub fn profile_toml<'servers>(text: &str) -> ProviderMockBuilder<'servers> {
        ProviderMockBuilder::new(Chosen::Text(text.to_owned()))
    }

    /// A provider that imitates a profile that has been read.
    pub fn profile_of<'servers>(profile: Arc<Profile>) -> ProviderMockBuilder<'servers> {
        ProviderMockBuilder::new(Chosen::Read(profile))
    }

    pub(crate) const fn new(
        mounted: Arc<Mounted>,
        base_url: String,
        seed: String,
        elsewhere: MockServer,
    ) -> Self {
        Self {
            mounted,
            base_url,
            seed,
            elsewhere,
        }
    }

    /// The provider's address, without a slash at the end: the server's, and the path that it is
    /// mounted below.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The address of one of the provider's further hosts, by the name that the profile gives it;
    /// none if it has no such host.
    pub fn host_url(&self, name: &str) -> Option<String> {
        self.mounted.lock().addresses().hosts.get(name).cloned()
    }

    /// Another origin, which is none of the provider's: where redirects to another origin lead to.
    pub fn elsewhere_url(&self) -> String {
        self.elsewhere.uri()
    }

    /// What its tokens are made from: the same seed gives the same ones below the same path.
    pub fn seed(&self) -> &str {
        &self.seed
    }

    /// The client of that name, made if it is new. What is minted for a user is the client
    /// `main`'s.
    pub fn client(&self, name: &str) -> Client {
        self.mounted.lock().client(name)
    }

    /// Lets a user give the client `main` a grant, with tokens of every kind that the provider
    /// issues.
    pub fn mint(&self, user: &str) -> Minted {
        self.mint_for(user, "main")
    }

    /// Lets a user give a client a grant.
    pub fn mint_for(&self, user: &str, client: &str) -> Minted {
        self.mounted
            .with(|state, elapsed| state.mint(user, client, &Subject::ALL, elapsed))
    }

    /// What a token is worth now; absent if the provider never issued it.
    pub fn state_of(&self, token: &str) -> TokenState {
        self.mounted
            .with(|state, elapsed| state.state_of(token, elapsed))
    }

    /// Whether a token is accepted now.
    pub fn is_alive(&self, token: &str) -> bool {
        self.state_of(token) == TokenState::Alive
    }

    /// The truth about every grant and token, as it is now.
    pub fn ledger(&self) -> Vec<GrantRecord> {
        self.mounted.with(|state, elapsed| state.records(elapsed))
    }

    /// Every request that the provider answered, and those that went to another origin. What a mock
    /// of your own answered is not among them.
    pub fn journal(&self) -> Vec<Entry> {
        self.mounted.lock().journal().after(0).cloned().collect()
    }

    /// Makes an endpoint fail.
    ///
    /// # Errors
    /// [`Unshowable`] if the fault happens on the connection, out of a mock server's reach.
    pub fn fail(&self, fault: Fault) -> Result<(), Unshowable> {
        refuse_unshowable(&fault)?;
        self.mounted.lock().fail(fault);
        Ok(())
    }

    /// Ends every failure.
    pub fn recover(&self) {
        self.mounted.lock().recover();
    }

    /// Moves its clock ahead, by whole seconds: tokens expire by it.
    pub fn advance(&self, by: Duration) {
        self.mounted.lock().clock_mut().advance(by.as_secs());
    }

    /// Lets the provider's clock stand still.
    pub fn freeze(&self) {
        self.mounted
            .with(|state, elapsed| state.clock_mut().freeze(elapsed));
    }

    /// Lets the provider's clock go on, from what it shows.
    pub fn thaw(&self) {
        self.mounted
            .with(|state, elapsed| state.clock_mut().thaw(elapsed));
    }

    /// Who sits at the browser, and what they say when a client or a device wants to be let in: a
    /// page asks, unless this says otherwise.
    pub fn consent(&self, consent: Consent) {
        self.mounted.lock().set_consent(consent);
    }

    /// Removes the app as the user would on the provider's site.
    pub fn remove_by_user(&self, grant: GrantId) {
        self.mounted
            .with(|state, elapsed| state.remove_by_user(grant, elapsed));
    }

    /// Lets the newest token of a kind expire. False if the grant has none.
    pub fn expire(&self, grant: GrantId, subject: Subject) -> bool {
        self.mounted
            .with(|state, elapsed| state.expire(grant, subject, elapsed))
    }

    /// Ends the newest token of a kind alone, as an administrator of the provider can. False if
    /// the grant has none.
    pub fn kill(&self, grant: GrantId, subject: Subject) -> bool {
        self.mounted
            .with(|state, elapsed| state.kill_at_provider(grant, subject, elapsed))
    }

    /// Back to the beginning: no grants, no journal, no faults, the clock as it was. Clients stay.
    pub fn reset(&self) {
        self.mounted.lock().reset();
    }

    /// Does something to the provider that has no method here, and lets no request in the meantime.
    /// The time is that since the provider was mounted.
    pub fn with_state<T>(&self, act: impl FnOnce(&mut TenantState, Moment) -> T) -> T {
        self.mounted.with(act)
    }
}
