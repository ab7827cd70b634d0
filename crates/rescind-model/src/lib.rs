//! The vocabulary of rescind, as data: what a person writes (profiles, scenarios, targets,
//! requirement sets) and what a run says (events, verdicts, evidence).
//!
//! Start at [`scenario::Scenario`] for what is asked, [`profile::Profile`] for what a provider
//! does, [`event::Event`] for what a run reports.
//!
//! This crate does no I/O and knows no clock, no randomness and no runtime: texts come in with
//! their paths as [`source::SourceFile`], and every mistake in them goes out as a
//! [`source::Diagnostic`] that underlines its place.

pub mod adapter_protocol;
pub mod base_url;
pub mod calendar;
pub mod case_evidence;
pub mod deviation;
pub mod event;
pub mod event_line;
pub mod explanation;
pub mod fault;
pub mod files;
pub mod gate;
pub mod profile;
pub mod proof;
pub mod provider_config;
pub mod requirement;
pub mod scenario;
pub mod secret;
pub mod shard;
pub mod source;
pub mod target;
pub mod template;
pub mod verdict;
pub mod vocabulary;

pub use base_url::BaseUrl;
pub use deviation::Deviations;
pub use profile::Profile;
pub use provider_config::ProviderConfig;
pub use requirement::RequirementSet;
pub use scenario::Scenario;
pub use source::{Diagnostic, Located, SourceFile};
pub use target::Target;
pub use verdict::Verdict;
pub use vocabulary::{AccountStatus, Level, Subject, TokenState};
