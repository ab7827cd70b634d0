//! A provider on a mock server end to end, over HTTP on loopback; and real client libraries, which
//! live their whole lives against it and against the server that it is of.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests are tests, which clippy.toml allows both; clippy knows it of #[test] functions only"
)]

mod equivalence;
mod faults;
mod mount;
mod oauth2_crate;
mod openidconnect_crate;
mod several;
mod support;
mod two_hosts;
