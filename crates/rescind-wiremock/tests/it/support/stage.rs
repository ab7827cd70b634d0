//! Where a client library lives: at the provider's own server, or at a mock server.

use std::sync::Arc;

use rescind_model::{Profile, TokenState};
use rescind_provider::clients::Client;
use rescind_provider::consent::Consent;
use rescind_provider::ledger::Moment;
use rescind_provider::tenant::TenantState;
use rescind_provider::{Entry, Provider, RunningProvider};
use rescind_wiremock::ProviderMock;
use wiremock::MockServer;

/// A provider that is served in one way or another.
pub trait Stage: Sized {
    /// Serves a profile.
    async fn serve(profile: Arc<Profile>) -> Self;

    /// The provider's address.
    fn base_url(&self) -> String;

    /// Does something to the provider's state.
    fn with<T>(&self, act: impl FnOnce(&mut TenantState, Moment) -> T) -> T;

    /// The client that the tests are.
    fn client(&self) -> Client {
        self.with(|state, _| state.client("main"))
    }

    fn consent(&self, consent: Consent) {
        self.with(|state, _| state.set_consent(consent));
    }

    /// The user of that name says yes to everything.
    fn allowed_by(&self, user: &str) {
        let user = user.to_owned();
        self.consent(Consent::Allow { user });
    }

    fn advance(&self, seconds: u64) {
        self.with(|state, _| state.clock_mut().advance(seconds));
    }

    /// Whether the provider accepts a token, by the ledger.
    fn state_of(&self, token: &str) -> TokenState {
        self.with(|state, elapsed| state.state_of(token, elapsed))
    }

    /// The users of every grant, in the order in which they came.
    fn users(&self) -> Vec<String> {
        let user = |(_, grant): (_, &rescind_provider::ledger::Grant)| grant.user.to_string();
        self.with(|state, _| state.ledger().grants().map(user).collect())
    }

    fn journal(&self) -> Vec<Entry> {
        self.with(|state, _| state.journal().after(0).cloned().collect())
    }
}

/// At the provider's own server.
pub struct OwnServer(RunningProvider);

impl Stage for OwnServer {
    async fn serve(profile: Arc<Profile>) -> Self {
        let provider = Provider::builder().profile_of(profile);
        Self(provider.start().await.unwrap())
    }

    fn base_url(&self) -> String {
        self.0.base_url().to_owned()
    }

    fn with<T>(&self, act: impl FnOnce(&mut TenantState, Moment) -> T) -> T {
        let tenant = self.0.tenant();
        let elapsed = tenant.elapsed();
        act(&mut tenant.lock(), elapsed)
    }
}

/// Below a path of a mock server.
pub struct OnMockServer {
    _server: MockServer,
    provider: ProviderMock,
}

impl Stage for OnMockServer {
    async fn serve(profile: Arc<Profile>) -> Self {
        let server = MockServer::start().await;
        let provider = ProviderMock::profile_of(profile).below("/identity/provider");
        let provider = provider.mount(&server).await.unwrap();
        Self {
            _server: server,
            provider,
        }
    }

    fn base_url(&self) -> String {
        self.provider.base_url().to_owned()
    }

    fn with<T>(&self, act: impl FnOnce(&mut TenantState, Moment) -> T) -> T {
        self.provider.with_state(act)
    }
}

/// Lives each life at both stages, as a test of its own.
macro_rules! at_both_stages {
    ($($life:ident)*) => {
        mod at_its_own_server {
            $(#[tokio::test]
            async fn $life() {
                super::$life::<$crate::support::stage::OwnServer>().await;
            })*
        }
        mod at_a_mock_server {
            $(#[tokio::test]
            async fn $life() {
                super::$life::<$crate::support::stage::OnMockServer>().await;
            })*
        }
    };
}
pub(crate) use at_both_stages;
