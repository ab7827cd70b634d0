//! The fake provider end to end: every profile, and the control API, over HTTP on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests are tests, which clippy.toml allows both; clippy knows it of #[test] functions only"
)]

mod control;
mod control_faults;
mod control_mistakes;
mod elsewhere;
mod faults;
mod hostile;
mod introspection;
mod journal;
mod journal_lines;
mod profiles;
mod profiles_of_their_own;
mod resource;
mod self_authenticating;
mod server;
mod support;
mod tenants;
mod token_endpoint;
mod two_routes;
