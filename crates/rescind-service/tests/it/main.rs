//! The service end to end: real HTTP on loopback, a stub provider, a database of its own each.

#![allow(
    clippy::unwrap_used,
    reason = "clippy's own exception for tests covers test functions, not their helpers"
)]

mod accounts;
mod at_rest;
mod auth_configs;
mod claims;
mod connect;
mod defects;
mod deletion;
mod dispatching;
mod envelope;
mod interrupted;
mod listing;
mod openapi;
mod projects;
mod raw;
mod refusals;
mod repetition;
mod schemes;
mod secrets;
mod self_authenticating;
mod support;
mod traffic;
mod variants;
