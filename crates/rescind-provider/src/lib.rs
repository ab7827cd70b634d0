//! A fake OAuth provider that knows the truth about every token.
//!
//! # In a test
//!
//! A provider takes a line to start: it listens on a free port, is ready when `start` returns, and
//! stops when it is dropped. What has happened is asked of itself, not of a clock.
//!
//! ```
//! use rescind_provider::Provider;
//! use rescind_provider::model::TokenState;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let _ = rustls::crypto::ring::default_provider().install_default();
//! let provider = Provider::builder().profile("google").start().await?;
//! let ada = provider.mint("ada");
//!
//! // The code under test would do this.
//! let revoke = format!("{}/revoke?token={}", provider.base_url(), ada.refresh());
//! let answer = reqwest::Client::new().post(revoke).send().await?;
//!
//! assert_eq!(answer.status(), 200);
//! assert_eq!(provider.state_of(ada.refresh()), TokenState::Dead);
//! assert!(!provider.is_alive(ada.access()), "one call ends the whole authorization");
//! assert_eq!(provider.journal().len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! It fails as it is told, at the moment it is told, and its clock is moved by hand:
//!
//! ```
//! use std::time::Duration;
//!
//! use rescind_provider::Provider;
//! use rescind_provider::model::fault::{Answer, Effect, Fault};
//! use rescind_provider::model::vocabulary::Endpoint;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let _ = rustls::crypto::ring::default_provider().install_default();
//! let provider = Provider::builder().profile("google").seed("fixed").start().await?;
//! let ada = provider.mint("ada");
//! let unavailable = Effect::Answer(Answer::of(503));
//! provider.fail(Fault::at(Endpoint::Revocation, unavailable).nth(1));
//!
//! let revoke = format!("{}/revoke?token={}", provider.base_url(), ada.access());
//! let client = reqwest::Client::new();
//! assert_eq!(client.post(&revoke).send().await?.status(), 503);
//! assert!(provider.is_alive(ada.access()));
//! assert_eq!(client.post(&revoke).send().await?.status(), 200);
//!
//! let bob = provider.mint("bob");
//! provider.advance(Duration::from_secs(3600));
//! assert!(!provider.is_alive(bob.access()), "an access token of Google's lives an hour");
//! # Ok(())
//! # }
//! ```
//!
//! [`RunningProvider`] has the rest; [`ProviderBuilder`] what can be said before it starts. Any
//! number of them run side by side, in one runtime or in several.
//!
//! # How it is built
//!
//! Two layers. The pure one: [`ledger::Ledger`] (every grant and token, when and why each died)
//! and [`tenant::TenantState`] (a profile, a ledger, a journal, faults), which answers a request
//! at a given time and knows neither clock nor network. The shell: [`server::Provider`], a hyper
//! server with any number of tenants, and its control API.
//!
//! This crate knows nothing of targets, scenarios or verdicts. No provider has code of its own
//! here: what one does stands in its profile.

pub mod addresses;
pub mod authority;
pub mod builder;
pub mod clients;
mod clock;
pub mod consent;
pub mod describe;
pub mod faults;
pub mod gates;
pub mod interpreter;
pub mod journal;
pub mod ledger;
pub mod message;
pub mod name;
pub mod notices;
pub mod observation;
pub mod pending;
pub mod pkce;
pub mod profiles;
pub mod redirect_uri;
pub mod scope;
pub mod server;
pub mod signing;
pub mod tenant;
#[cfg(test)]
mod test_profiles;

pub use addresses::Addresses;
pub use builder::{BuildError, ProviderBuilder, RunningProvider};
pub use journal::{Departure, Entry, Outcome};
pub use ledger::{GrantId, Ledger, TokenId};
pub use observation::Observation;
/// The vocabulary that faults, profiles and the states of tokens are said in.
pub use rescind_model as model;
pub use server::{Provider, Tenant};
