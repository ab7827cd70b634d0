//! Tenants: many at one port, none of which knows anything of another.

use std::sync::Arc;

use rescind_model::Subject;
use rescind_provider::server::Address;
use rescind_provider::tenant::Minted;
use rescind_provider::{Provider, Tenant};
use serde_json::json;

use crate::support::{Ask, Http, access, loopback, profile, refresh};

fn below(provider: &Provider, name: &str, profile_name: &str) -> Arc<Tenant> {
    provider
        .add_tenant(&Address::Below(name.into()), name, profile(profile_name))
        .unwrap()
}

fn mint(tenant: &Tenant) -> Minted {
    let elapsed = tenant.elapsed();
    tenant.lock().mint("user", "main", &Subject::ALL, elapsed)
}

async fn status(tenant: &Tenant, ask: Ask) -> u16 {
    Http::new().send(tenant.base_url(), ask).await.status
}

#[tokio::test]
async fn tenants_of_one_profile_share_no_token_no_client_and_no_journal() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let [one, two] = ["one", "two"].map(|name| below(&provider, name, "rfc7009"));
    let [of_one, of_two] = [mint(&one), mint(&two)];
    assert!(access(&of_one) != access(&of_two));
    assert!(refresh(&of_one) != refresh(&of_two));
    assert!(of_one.client.client_id != of_two.client.client_id);
    assert!(of_one.client.client_secret != of_two.client.client_secret);

    let userinfo = |minted: &Minted| Ask::get("/userinfo").bearer(access(minted));
    assert_eq!(status(&one, userinfo(&of_one)).await, 200);
    assert_eq!(status(&two, userinfo(&of_one)).await, 401);
    let revoke = Ask::post("/oauth2/revoke")
        .basic(&of_one.client)
        .form(&[("token", refresh(&of_one))]);
    assert_eq!(status(&two, revoke.clone()).await, 401);
    assert_eq!(status(&one, userinfo(&of_one)).await, 200);
    assert_eq!(status(&one, revoke).await, 200);
    assert_eq!(status(&two, userinfo(&of_two)).await, 200);
    assert_eq!(one.lock().journal().received(), 3);
    assert_eq!(two.lock().journal().received(), 3);
}

#[tokio::test]
async fn faults_and_clock_are_each_tenants_own() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let [one, two] = ["one", "two"].map(|name| below(&provider, name, "rfc7009"));
    let [of_one, of_two] = [mint(&one), mint(&two)];
    let fault = json!({ "endpoint": "resource", "nth": 1, "answer": { "status": 503 } });
    assert_eq!(
        status(&one, Ask::post("/_rescind/faults").json(&fault)).await,
        200
    );
    let clock = json!({ "advance_seconds": 3600 });
    assert_eq!(
        status(&one, Ask::post("/_rescind/clock").json(&clock)).await,
        200
    );
    let userinfo = |minted: &Minted| Ask::get("/userinfo").bearer(access(minted));
    assert_eq!(status(&two, userinfo(&of_two)).await, 200);
    assert_eq!(status(&one, userinfo(&of_one)).await, 503);
    assert_eq!(status(&one, userinfo(&of_one)).await, 401);
}

#[tokio::test]
async fn the_root_tenant_has_the_real_providers_paths_beside_tenants_below() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let root = provider
        .add_tenant(&Address::Root, "google", profile("google"))
        .unwrap();
    let under = below(&provider, "plain", "rfc7009");
    let address = provider.address();
    assert_eq!(root.base_url(), format!("http://{address}"));
    assert_eq!(under.base_url(), format!("http://{address}/t/plain"));
    assert_eq!((root.name(), under.name()), ("google", "plain"));
    let of_root = mint(&root);
    let ask = Ask::post("/revoke").form(&[("token", access(&of_root))]);
    assert_eq!(status(&root, ask).await, 200);
    assert_eq!(status(&under, Ask::get("/userinfo")).await, 401);
    assert_eq!(status(&under, Ask::get("/_rescind")).await, 200);
}

#[tokio::test]
async fn a_path_to_no_tenant_is_a_404_and_is_in_nobodys_journal() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let one = below(&provider, "one", "rfc7009");
    let http = Http::new();
    let base = format!("http://{}", provider.address());
    for path in [
        "/",
        "/userinfo",
        "/_rescinded",
        "/t/two/_rescind",
        "/t/two/userinfo",
        "/t/",
        "/t//userinfo",
        "/t/on",
        "/t/one%2Fuserinfo",
    ] {
        let answer = http.send(&base, Ask::get(path)).await;
        assert_eq!(
            (answer.status, answer.json()),
            (404, json!({ "error": "no such tenant" })),
            "{path}"
        );
    }
    assert_eq!(one.lock().journal().received(), 0);
}

#[tokio::test]
async fn an_empty_tenant_name_does_not_lead_to_an_endpoint_of_the_root() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let root = provider
        .add_tenant(&Address::Root, "root", profile("rfc7009"))
        .unwrap();
    let minted = mint(&root);
    let revoke = Ask::post("/t//oauth2/revoke")
        .basic(&minted.client)
        .form(&[("token", access(&minted))]);
    assert_eq!(status(&root, revoke).await, 404);
    let userinfo = Ask::get("/userinfo").bearer(access(&minted));
    assert_eq!(status(&root, userinfo).await, 200);
}

#[tokio::test]
async fn a_tenant_of_the_same_address_replaces_the_first() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let first = below(&provider, "one", "rfc7009");
    let minted = mint(&first);
    let second = below(&provider, "one", "google");
    assert_eq!(first.base_url(), second.base_url());
    assert_eq!(
        status(&second, Ask::get("/userinfo").bearer(access(&minted))).await,
        404
    );
    assert_eq!(first.lock().journal().received(), 0);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_tokens_and_another_seed_others() {
    let mut tokens = Vec::new();
    for seed in ["seed", "seed", "another"] {
        let provider = Provider::start(loopback(), seed).await.unwrap();
        tokens.push(mint(&below(&provider, "one", "rfc7009")).access_token);
    }
    assert!(tokens[0] == tokens[1]);
    assert!(tokens[0] != tokens[2]);
}

#[tokio::test]
async fn a_journal_hides_another_tenants_token_where_a_token_stands() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let [one, two] = ["one", "two"].map(|name| below(&provider, name, "rfc7009"));
    let of_one = mint(&one);
    let scanner = one.lock().scanner(one.fingerprints().clone());
    let token = [("token", access(&of_one))];
    for ask in [
        Ask::post("/oauth2/revoke")
            .basic(&of_one.client)
            .form(&token),
        Ask::post("/oauth2/revoke").query(&token),
        Ask::get("/userinfo").bearer(access(&of_one)),
    ] {
        status(&two, ask).await;
    }
    let journal = Http::new()
        .send(two.base_url(), Ask::get("/_rescind/journal"))
        .await;
    assert_eq!(journal.json()["received"], 3);
    assert!(scanner.find(&journal.body).is_empty());
}
