//! The service end to end: real HTTP on loopback, a stub provider, a database of its own each.

#![allow(
    clippy::unwrap_used,
    reason = "clippy's own exception for tests covers test functions, not their helpers"
)]

mod accounts;
mod at_rest;
mod claims;
mod defects;
mod dispatching;
mod interrupted;
mod refusals;
mod repetition;
mod secrets;
mod self_authenticating;
mod support;
