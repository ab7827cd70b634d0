//! A fake OAuth provider on a [`wiremock::MockServer`] that a test has already.
//!
//! A mock answers what it was told to answer. A provider mounted here knows which tokens it gave
//! out, which of them are dead and why, and answers accordingly: mint, revoke, and ask the ledger
//! what has become of the token.
//!
//! ```
//! use rescind_wiremock::ProviderMock;
//! use wiremock::MockServer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let _ = rustls::crypto::ring::default_provider().install_default();
//! let server = MockServer::start().await;
//! let provider = ProviderMock::profile("google").mount(&server).await?;
//! let ada = provider.mint("ada");
//!
//! // The code under test would do this.
//! let revoke = format!("{}/revoke?token={}", provider.base_url(), ada.refresh());
//! let answer = reqwest::Client::new().post(revoke).send().await?;
//!
//! assert_eq!(answer.status(), 200);
//! assert!(!provider.is_alive(ada.refresh()));
//! assert!(!provider.is_alive(ada.access()), "one call ends the whole authorization");
//! assert_eq!(provider.journal().len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Beside mocks of one's own
//!
//! The provider comes last: wiremock asks it with priority 255 (one less for each segment of the
//! path that it is mounted [below](ProviderMockBuilder::below)), and mocks have 5 if nothing is
//! said. So a mock of one's own wins wherever both would answer. What it answers, the provider
//! never hears of: it changes no token and is in no journal. A mock that takes everything takes the
//! provider's requests too, unless the provider is given another
//! [priority](ProviderMockBuilder::priority).
//!
//! Several providers share a server below a path each. The one at the root, if there is one,
//! answers what is left over, with a 404 of its own where it has no such endpoint.
//!
//! ```
//! use rescind_wiremock::ProviderMock;
//! use wiremock::matchers::{method, path};
//! use wiremock::{Mock, MockServer, ResponseTemplate};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let _ = rustls::crypto::ring::default_provider().install_default();
//! let server = MockServer::start().await;
//! let google = ProviderMock::profile("google").below("/google").mount(&server).await?;
//! let dropbox = ProviderMock::profile("dropbox").below("/dropbox").mount(&server).await?;
//! Mock::given(method("POST"))
//!     .and(path("/google/revoke"))
//!     .respond_with(ResponseTemplate::new(502))
//!     .up_to_n_times(1)
//!     .mount(&server)
//!     .await;
//!
//! let (ada, bob) = (google.mint("ada"), dropbox.mint("bob"));
//! let revoke = format!("{}/revoke?token={}", google.base_url(), ada.access());
//! let client = reqwest::Client::new();
//! assert_eq!(client.post(&revoke).send().await?.status(), 502);
//! assert!(google.is_alive(ada.access()));
//! assert_eq!(client.post(&revoke).send().await?.status(), 200);
//! assert!(!google.is_alive(ada.access()));
//! assert!(dropbox.is_alive(bob.access()));
//! # Ok(())
//! # }
//! ```
//!
//! # Edge cases on demand
//!
//! Endpoints [fail](ProviderMock::fail) as they are told, at the request they are told, and the
//! [clock](ProviderMock::advance) is moved by hand.
//!
//! ```
//! use std::time::Duration;
//!
//! use rescind_wiremock::ProviderMock;
//! use rescind_wiremock::model::fault::{Effect, Fault, Lie};
//! use rescind_wiremock::model::vocabulary::Endpoint;
//! use wiremock::MockServer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let _ = rustls::crypto::ring::default_provider().install_default();
//! let server = MockServer::start().await;
//! let provider = ProviderMock::profile("google").mount(&server).await?;
//! let ada = provider.mint("ada");
//! provider.fail(Fault::at(Endpoint::Revocation, Effect::Lie(Lie {})).nth(1))?;
//!
//! let revoke = format!("{}/revoke?token={}", provider.base_url(), ada.access());
//! let client = reqwest::Client::new();
//! assert_eq!(client.post(&revoke).send().await?.status(), 200);
//! assert!(provider.is_alive(ada.access()), "it said that it is dead");
//!
//! provider.advance(Duration::from_hours(1));
//! assert!(!provider.is_alive(ada.access()), "an access token of Google's lives an hour");
//! assert!(provider.is_alive(ada.refresh()));
//! # Ok(())
//! # }
//! ```
//!
//! Client libraries live their whole lives against it, from discovery to revocation; the example
//! `code_with_pkce` shows one sign a user in. Who says yes at the consent page is up to
//! [`ProviderMock::consent`].
//!
//! # Where it ends
//!
//! wiremock takes whole answers, and sends them at once or late. Faults that happen on the
//! connection (`hang`, `drop`, `reset`, `drip`, `truncate`, `wrong_length`) are therefore refused
//! as [`Unshowable`], and there are no gates, no TLS and no control API. All of that has
//! [`rescind_provider::Provider`], whose server answers the same in every other respect: what is
//! said here of a profile holds there too. wiremock also reads addresses as a browser does: what
//! reaches the provider is `/b` where a client asked for `/a/../b`.

mod answering;
mod builder;
mod location;
mod mounted;
mod provider_mock;
mod unshowable;

pub use builder::{MountError, ProviderMockBuilder};
pub use provider_mock::ProviderMock;
/// The provider that is mounted, and what its ledger and journal are made of.
pub use rescind_provider;
/// The vocabulary that faults, profiles and the states of tokens are said in.
pub use rescind_provider::model;
pub use unshowable::Unshowable;
