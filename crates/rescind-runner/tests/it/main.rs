//! The files that the runner reads, the judge and the HTTP client, from outside the crate.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy's own exception for tests covers test functions, not their helpers"
)]

mod client;
mod files;
mod hosts_of_a_provider;
mod invalid_files;
mod judge;
mod merge;
mod provenance;
mod snapshots;
mod support;
mod target_templates;
mod transcripts;
mod valid_files;
