//! The reference revoke service: connected accounts in `SQLite`, and an endpoint that kills their
//! tokens at the provider and says exactly which ones it killed.
//!
//! Begin with [`serve`]. A revoke runs through pure stages, one module each: `lifecycle` (may
//! it?), `plan` (what is to be called?), `upstream::request` (with what?), `upstream::classify`
//! (what does the answer mean?), `conclude` (what came of it?). `operations` is the shell around
//! them; `store` keeps the accounts; `http` is the published API; `toolkit` reads how each
//! provider is called.
//!
//! A [`Defect`] seeds one bug, taken from a real one, to show that the judge finds it. Defects act
//! at the seams between the stages, and nowhere else. A [`Variant`] is no bug: another behaviour
//! that the contract allows, to show that the judge fails nobody for it.
//!
//! An account is connected by a flow of its own (`operations::connecting`): the user's browser is
//! sent to the provider (`upstream::authorization`) and comes back with a code.
//!
//! What this crate may not know: any other crate of this workspace. It is what the judge judges,
//! and the two must share nothing, lest they share a mistake.

mod account;
mod clock;
mod conclude;
mod config;
mod defects;
mod encryption_key;
mod http;
mod identifier;
mod lifecycle;
mod named;
mod one_time;
mod operations;
mod plan;
mod projects;
mod public_url;
mod secret;
mod server;
mod service;
mod store;
mod toolkit;
mod upstream;
mod variants;

pub use crate::config::{Config, Database};
pub use crate::defects::{Defect, UnknownDefect};
pub use crate::encryption_key::{EncryptionKey, EncryptionKeyError};
pub use crate::http::openapi;
pub use crate::projects::{ApiKey, ApiKeyError, ApiKeyProblem, Permission, parse_api_keys};
pub use crate::public_url::{PublicUrl, PublicUrlError};
pub use crate::secret::Secret;
pub use crate::server::{RunningService, ServeError, serve};
pub use crate::store::StoreError;
pub use crate::toolkit::{ToolkitError, toolkits};
pub use crate::variants::{UnknownVariant, Variant};
