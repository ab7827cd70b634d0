//! Providers that span several hosts: a route is found at its host only.

use std::sync::Arc;

use rescind_model::fault::{Answer as Instead, Effect, Fault, Origin, Redirect};
use rescind_model::profile::Profile;
use rescind_model::source::SourceFile;
use rescind_model::vocabulary::Endpoint;
use rescind_provider::journal::{Departure, Presented};
use rescind_provider::server::Address;
use rescind_provider::{Outcome, Provider, Tenant};

use crate::support::{Ask, Http, loopback, mint};

/// Tokens at the main host; the resource and one of two revocation routes at `api`, where the
/// path of the other is the same.
const PROFILE: &str = r#"
title = "Two hosts"
summary = "tokens at one host, everything else at another"
sources = { "made up" = [] }
hosts = ["api"]

[tokens]
access_token = { lifetime_seconds = 3600 }
refresh_token = {}

[token_endpoint]
path = "/token"
client_authentication = ["basic"]

[resource]
path = "/me"
host = "api"

[[revocation_route]]
name = "revoke"
method = "POST"
path = "/revoke"
encoding = "form"
client_authentication = ["none"]
token_in = [{ form = "token" }]
ends = { refresh_token = "grant" }
answers = { success = { status = 200 } }

[[revocation_route]]
name = "revoke-at-api"
method = "POST"
path = "/revoke"
host = "api"
encoding = "form"
client_authentication = ["none"]
token_in = [{ form = "token" }]
ends = { access_token = "token" }
answers = { success = { status = 204 } }

[[revocation_route]]
name = "sign-out"
method = "POST"
path = "/sign-out"
host = "api"
encoding = "form"
client_authentication = ["none"]
token_in = [{ form = "token" }]
ends = { access_token = "token" }
answers = { success = { status = 200 } }
"#;

fn two_hosts() -> Arc<Profile> {
    Arc::new(Profile::parse(&SourceFile::new("two-hosts.toml", PROFILE)).unwrap())
}

async fn start(at: &Address) -> (Provider, Arc<Tenant>) {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let tenant = provider.add_tenant(at, "one", two_hosts()).unwrap();
    (provider, tenant)
}

fn of_api(tenant: &Tenant) -> String {
    tenant.addresses().hosts["api"].clone()
}

fn present(path: &str, token: &str) -> Ask {
    Ask::post(path).form(&[("token", token)])
}

async fn status(base_url: &str, ask: Ask) -> u16 {
    Http::new().send(base_url, ask).await.status
}

#[tokio::test]
async fn every_route_answers_at_its_host() {
    let (_provider, tenant) = start(&Address::Root).await;
    let (own, api) = (tenant.base_url().to_owned(), of_api(&tenant));
    assert!(own != api);
    let minted = mint(&tenant);
    let me = || Ask::get("/me").bearer(minted.access());
    assert_eq!(status(&api, me()).await, 200);
    // The same path at two hosts is two routes, and each takes what it declares.
    assert_eq!(status(&own, present("/revoke", minted.access())).await, 400);
    assert_eq!(status(&api, present("/revoke", minted.access())).await, 204);
    assert_eq!(status(&api, me()).await, 401);
    assert_eq!(
        status(&own, present("/revoke", minted.refresh())).await,
        200
    );
    let state = tenant.lock();
    let routes: Vec<_> = state
        .journal()
        .after(0)
        .map(|it| it.route.clone())
        .collect();
    let named = |name: &str| Some(name.into());
    let expected = [
        None,
        named("revoke"),
        named("revoke-at-api"),
        None,
        named("revoke"),
    ];
    assert_eq!(routes, expected);
}

#[tokio::test]
async fn the_right_path_at_the_wrong_host_is_a_departure_and_does_nothing() {
    let (_provider, tenant) = start(&Address::Root).await;
    let minted = mint(&tenant);
    let asks = [
        (
            tenant.base_url().to_owned(),
            present("/sign-out", minted.access()),
            Endpoint::Revocation,
        ),
        (
            tenant.base_url().to_owned(),
            Ask::get("/me").bearer(minted.access()),
            Endpoint::Resource,
        ),
        (
            of_api(&tenant),
            present("/token", minted.refresh()),
            Endpoint::Token,
        ),
    ];
    for (base_url, ask, endpoint) in asks {
        assert_eq!(status(&base_url, ask).await, 404);
        let entry = tenant.lock().journal().after(0).last().cloned().unwrap();
        assert_eq!(entry.endpoint, Some(endpoint));
        assert_eq!(entry.outcome, Outcome::NoRoute);
        assert_eq!(entry.departures, [Departure::WrongHost]);
        assert!(matches!(entry.presented, Presented::Token(_)));
        assert_eq!(entry.is_dispatch(), endpoint == Endpoint::Revocation);
        assert!(!entry.acknowledged && entry.killed.is_empty());
    }
    let me = Ask::get("/me").bearer(minted.access());
    assert_eq!(status(&of_api(&tenant), me).await, 200);
}

#[tokio::test]
async fn a_fault_is_met_at_the_host_of_its_endpoint_only() {
    let (_provider, tenant) = start(&Address::Root).await;
    let fault = Fault::at(Endpoint::Resource, Effect::Answer(Instead::of(503)));
    tenant.lock().fail(fault.nth(1));
    assert_eq!(status(tenant.base_url(), Ask::get("/me")).await, 404);
    assert_eq!(status(&of_api(&tenant), Ask::get("/me")).await, 503);
}

#[tokio::test]
async fn a_redirect_stays_at_the_host_that_was_asked() {
    let (_provider, tenant) = start(&Address::Root).await;
    let redirect = Effect::Redirect(Redirect {
        to: Origin::SameOrigin,
        status: 307,
    });
    tenant.lock().fail(Fault::at(Endpoint::Resource, redirect));
    let api = of_api(&tenant);
    let answer = Http::new().send(&api, Ask::get("/me")).await;
    assert_eq!(answer.header("location"), Some(&*format!("{api}/me")));
}

#[tokio::test]
async fn the_control_api_is_at_the_main_host() {
    let (_provider, tenant) = start(&Address::Root).await;
    assert_eq!(status(tenant.base_url(), Ask::get("/_rescind")).await, 200);
    assert_eq!(status(&of_api(&tenant), Ask::get("/_rescind")).await, 404);
}

#[tokio::test]
async fn every_way_to_find_a_tenant_leads_to_its_further_hosts() {
    let below = Address::Below("one".to_owned());
    let host = Address::Host("one".to_owned());
    for at in [Address::Root, below, Address::Port, host, Address::Client] {
        let (provider, tenant) = start(&at).await;
        let minted = mint(&tenant);
        let api = of_api(&tenant);
        // Not every machine knows what is below `localhost`.
        let (asked, named) = match &at {
            Address::Host(_) => (api.replace("one.localhost", "127.0.0.1"), "one.localhost"),
            _ => (api.clone(), "127.0.0.1"),
        };
        assert!(api.contains(named), "{api}");
        let me = Ask::get("/me")
            .bearer(minted.access())
            .header("host", named);
        assert_eq!(status(&asked, me).await, 200, "{at:?}");
        assert_eq!(tenant.lock().journal().received(), 1, "{at:?}");
        provider.stop().await;
    }
}

#[tokio::test]
async fn tenants_share_a_further_host_unless_each_has_ports_of_its_own() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let add = |at: Address, name: &str| provider.add_tenant(&at, name, two_hosts()).unwrap();
    let authority = |tenant: &Tenant| of_api(tenant)[7..].split('/').next().unwrap().to_owned();
    let root = add(Address::Root, "root");
    let below = add(Address::Below("below".to_owned()), "below");
    assert_eq!(authority(&root), authority(&below));
    let [one, two] = ["one", "two"].map(|name| add(Address::Port, name));
    assert!(authority(&one) != authority(&two) && authority(&one) != authority(&root));
}
