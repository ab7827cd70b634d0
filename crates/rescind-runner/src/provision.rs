//! What the templates of a target's provisioning steps are filled with.

use rescind_model::Target;
use rescind_model::target::hole_of_host;
use rescind_model::template::Variables;
use rescind_provider::Addresses;
use serde_json::{Value, json};

use crate::provider_access::{MintedGrant, RegisteredClient};

/// For the client steps: the provider as the target is to know it, and the client there.
pub fn client_facts(
    provider: &Addresses,
    registered: &RegisteredClient,
    target: &Target,
    profile: &str,
    client: &str,
    scheme: &str,
) -> Variables {
    let mut facts = variables([
        ("provider_base_url", Some(json!(provider.own))),
        ("profile", Some(json!(profile))),
        ("scheme", Some(json!(scheme))),
        ("client", Some(json!(client))),
        ("client_id", Some(json!(registered.client_id))),
        (
            "client_secret",
            Some(json!(registered.client_secret.expose())),
        ),
    ]);
    // For an adapter's command; no hole has this name.
    facts.insert("provider_hosts".to_owned(), json!(provider.hosts));
    let hosts = target.holes_of_hosts().into_iter();
    facts.extend(hosts.map(|hole| (hole.clone(), json!(address_for(provider, &hole)))));
    facts
}

/// The address that a hole asks for: the provider's own, where it has no such host.
fn address_for<'a>(addresses: &'a Addresses, hole: &str) -> &'a str {
    let mut hosts = addresses.hosts.keys();
    let host = hosts.find(|host| hole_of_host(host) == hole);
    addresses.of_host(host.map(String::as_str))
}

/// For the account steps: the account, and what it holds. What it does not hold is left out.
pub fn account_facts(
    account: &str,
    user: &str,
    status: &str,
    minted: &MintedGrant,
    expires_in: Option<u64>,
) -> Variables {
    variables([
        ("account", Some(json!(account))),
        ("user", Some(json!(user))),
        ("status", Some(json!(status))),
        (
            "access_token",
            minted
                .access_token
                .as_ref()
                .map(|token| json!(token.expose())),
        ),
        (
            "refresh_token",
            minted
                .refresh_token
                .as_ref()
                .map(|token| json!(token.expose())),
        ),
        (
            "expires_in",
            minted
                .access_token
                .as_ref()
                .and(expires_in)
                .map(|seconds| json!(seconds)),
        ),
        (
            "provider_account_id",
            minted.account_id.as_ref().map(|id| json!(id)),
        ),
    ])
}

fn variables<const N: usize>(values: [(&str, Option<Value>); N]) -> Variables {
    values
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name.to_owned(), value)))
        .collect()
}
