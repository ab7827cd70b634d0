//! Tenants that are made, listed and removed from outside.

use rescind_provider::Provider;
use rescind_provider::server::Address;
use serde_json::{Value, json};

use crate::support::{Ask, Http, loopback, profile};

async fn send(provider: &Provider, ask: Ask) -> (u16, Value) {
    let base_url = format!("http://{}", provider.address());
    let answer = Http::new().send(&base_url, ask).await;
    (answer.status, answer.json())
}

fn tenants() -> Ask {
    Ask::get("/_rescind/tenants")
}

async fn add(provider: &Provider, tenant: &Value) -> (u16, Value) {
    send(provider, Ask::post("/_rescind/tenants").json(tenant)).await
}

#[tokio::test]
async fn a_provider_without_a_tenant_is_given_one() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    assert_eq!(
        send(&provider, tenants()).await,
        (200, json!({ "tenants": [] }))
    );
    let (status, error) = send(&provider, Ask::get("/_rescind/ledger")).await;
    assert_eq!(status, 404);
    assert_eq!(
        error["error"]["message"],
        "there is no tenant at the root of this provider"
    );
    let made = add(&provider, &json!({ "name": "one", "profile": "google" })).await;
    let base_url = format!("http://{}/t/one", provider.address());
    let view = json!({
        "name": "one", "base_url": base_url,
        "control_url": format!("{base_url}/_rescind"), "profile": "Google",
    });
    assert_eq!(made, (200, view.clone()));
    assert_eq!(
        send(&provider, tenants()).await,
        (200, json!({ "tenants": [view] }))
    );
    let (status, _) = send(&provider, Ask::post("/t/one/_rescind/grants")).await;
    assert_eq!(status, 200);
    let removed = send(&provider, Ask::new("DELETE", "/_rescind/tenants/one")).await;
    assert_eq!(removed, (200, json!({ "removed": "one" })));
    let (status, _) = send(&provider, Ask::get("/t/one/_rescind")).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn a_tenant_lies_where_it_is_said_to() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    for (name, address) in [
        ("root", json!("root")),
        ("path", json!("path")),
        ("port", json!("port")),
        ("host", json!({ "host": "acme" })),
        ("client", json!("client")),
    ] {
        let tenant = json!({ "name": name, "profile": "rfc7009", "address": address });
        let (status, made) = add(&provider, &tenant).await;
        assert_eq!(status, 200, "{made}");
    }
    let kinds: Vec<Address> = provider
        .tenants()
        .iter()
        .map(|tenant| tenant.at().clone())
        .collect();
    assert_eq!(
        kinds,
        [
            Address::Root,
            Address::Client,
            Address::Host("acme".to_owned()),
            Address::Below("path".to_owned()),
            Address::Port,
        ]
    );
}

#[tokio::test]
async fn a_tenant_may_have_a_profile_of_its_own() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/providers/dropbox.toml"
    );
    let text = std::fs::read_to_string(path).unwrap();
    let tenant = json!({ "name": "own", "profile_toml": text });
    assert_eq!(
        add(&provider, &tenant).await.1["profile"],
        profile("dropbox").title
    );
    // What says where its facts are from is sent, too, and has to fit them.
    for (good, mistaken, problem) in [
        ("title", "titel", "unknown key `titel`"),
        (
            "\"tokens.refresh_token\"",
            "\"tokens.refresh\"",
            "this profile has no field `tokens.refresh`",
        ),
    ] {
        let text = text.replacen(good, mistaken, 1);
        let broken = json!({ "name": "broken", "profile_toml": text });
        let (status, error) = add(&provider, &broken).await;
        assert_eq!(status, 400);
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.contains(problem), "{message}");
        assert!(
            message.contains("profile_toml:"),
            "it says where: {message}"
        );
    }
}

#[tokio::test]
async fn what_makes_no_tenant_is_refused() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    add(&provider, &json!({ "name": "one", "profile": "google" })).await;
    for (tenant, message) in [
        (json!({ "name": "two" }), "a tenant has one profile"),
        (
            json!({ "name": "two", "profile": "gogle" }),
            "there is no profile of that name",
        ),
        (
            json!({ "name": "one", "profile": "google" }),
            "there is a tenant of that name",
        ),
        (
            json!({ "name": "a/b", "profile": "google" }),
            "that is no name of a tenant",
        ),
        (
            json!({ "name": "", "profile": "google" }),
            "that is no name of a tenant",
        ),
    ] {
        let (status, error) = add(&provider, &tenant).await;
        assert_eq!((status, &error["error"]["message"]), (400, &json!(message)));
    }
}

#[tokio::test]
async fn the_provider_as_a_whole_is_managed_at_its_root_only() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    provider
        .add_tenant(&Address::Below("one".to_owned()), "one", profile("rfc7009"))
        .unwrap();
    let (status, error) = send(&provider, Ask::get("/t/one/_rescind/tenants")).await;
    assert_eq!(status, 404);
    assert_eq!(
        error["error"]["message"],
        "the operation is about the provider as a whole"
    );
    let (_, index) = send(&provider, Ask::get("/t/one/_rescind")).await;
    let (_, root) = send(&provider, Ask::get("/_rescind")).await;
    let has_tenants = |index: &Value| index["operations"].to_string().contains("/tenants");
    assert!(!has_tenants(&index) && has_tenants(&root));
}
