//! The fake provider end to end: every profile, and the control API, over HTTP on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests are tests, which clippy.toml allows both; clippy knows it of #[test] functions only"
)]

mod assertions;
mod authorization;
mod builder;
mod client_authentication;
mod client_credentials;
mod codes;
mod consent_page;
mod control;
mod control_access;
mod control_events;
mod control_faults;
mod control_mistakes;
mod control_observation;
mod control_openapi;
mod control_tenants;
mod control_tokens;
mod devices;
mod elsewhere;
mod faults;
mod faults_on_the_wire;
mod faults_page;
mod gates;
mod hostile;
mod hostile_bytes;
mod introspection;
mod journal;
mod journal_lines;
mod metadata;
mod openid;
mod profiles;
mod profiles_of_their_own;
mod public_url;
mod registration;
mod resolver;
mod resource;
mod rotation;
mod scopes;
mod self_authenticating;
mod server;
mod signed_tokens;
mod support;
mod tenants;
mod tenants_by_client;
mod tenants_by_host;
mod tenants_by_port;
mod tls;
mod token_endpoint;
mod two_hosts;
mod two_routes;
