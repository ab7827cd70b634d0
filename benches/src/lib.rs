//! How fast and how small the fake provider is, as ratios to a bare hyper server in the same run; and
//! in [`runner`] what a case costs the runner, as a ratio to a bare client.
//!
//! [`load`] sends prebuilt bytes over raw sockets and [`servers`] starts the servers, each a process
//! of its own; [`measurements`] is what is measured, [`targets`] what is asked of it, [`report`] the
//! table and the JSON. The binaries are `rescind-benches`, which does all that, and its two servers:
//! `bare-server` and `ledger-server`; and for the runner `runner-benchmark`, its `bare-client` and its
//! `sized-server`.
//!
//! Linux only: processor time and memory are read from `/proc`.

#![allow(
    clippy::cast_precision_loss,
    reason = "what is counted and timed here stays far below 2^52"
)]

pub mod clock;
pub mod grants;
pub mod load;
pub mod measurements;
pub mod report;
pub mod requests;
pub mod runner;
pub mod servers;
pub mod targets;

use rescind_model::Profile;
use rescind_model::source::SourceFile;

/// Why nothing could be measured, and what to do next.
#[derive(Debug, thiserror::Error)]
#[error("{message}\nhint: {hint}")]
pub struct Failure {
    message: String,
    hint: String,
}

impl Failure {
    /// A failure and what to do next.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// A failure of the machine, in its own words.
    pub fn of(what: &str, error: &dyn std::error::Error) -> Self {
        Self::new(
            format!("{what}: {error}"),
            "run it again; if it stays, the machine lacks something",
        )
    }
}

/// The profile that everything is measured at: the plain provider.
pub const PROFILE: &str = "rfc7009";

/// A profile by name; only the one that is measured is there.
pub fn profile(name: &str) -> Result<Profile, Failure> {
    if name != PROFILE {
        return Err(Failure::new(
            format!("there is no profile `{name}` here"),
            format!("`{PROFILE}` is the one that is measured"),
        ));
    }
    let text = include_str!("../../fixtures/providers/rfc7009.toml");
    let file = SourceFile::new("rfc7009.toml".to_owned(), text.to_owned());
    Profile::parse(&file).map_err(|_| {
        Failure::new(
            "the profile is not valid",
            format!("`rescind provider {PROFILE}` says what is wrong with it"),
        )
    })
}
