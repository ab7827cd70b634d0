//! Tenants that each have a port of their own.

use std::sync::Arc;

use rescind_provider::server::Address;
use rescind_provider::{Provider, Tenant};
use tokio::net::TcpStream;

use crate::support::{Ask, Http, loopback, mint, profile};

fn at_port(provider: &Provider, name: &str) -> Arc<Tenant> {
    let added = provider.add_tenant(&Address::Port, name, profile("google"));
    added.unwrap()
}

fn userinfo(token: &str) -> Ask {
    Ask::get("/oauth2/v3/userinfo").bearer(token)
}

async fn status(base_url: &str, ask: Ask) -> u16 {
    Http::new().send(base_url, ask).await.status
}

#[tokio::test]
async fn each_has_the_real_providers_paths_and_knows_its_own_tokens_only() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let [one, two] = ["one", "two"].map(|name| at_port(&provider, name));
    let ports = [provider.address(), one.bound(), two.bound()].map(|address| address.port());
    assert!(ports[0] != ports[1] && ports[1] != ports[2] && ports[0] != ports[2]);
    assert_eq!(one.base_url(), format!("http://{}", one.bound()));
    let of_one = mint(&one);
    assert_eq!(status(one.base_url(), userinfo(of_one.access())).await, 200);
    assert_eq!(status(two.base_url(), userinfo(of_one.access())).await, 401);
    let main = format!("http://{}", provider.address());
    assert_eq!(status(&main, userinfo(of_one.access())).await, 404);
    assert_eq!(one.lock().journal().received(), 1);
    assert_eq!(two.lock().journal().received(), 1);
}

#[tokio::test]
async fn the_control_api_is_at_its_port_and_by_its_name_at_the_providers() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let one = at_port(&provider, "one and only");
    assert_eq!(one.control_url(), format!("{}/_rescind", one.base_url()));
    let by_name = format!("http://{}/t/one%20and%20only", provider.address());
    for base_url in [one.base_url(), &by_name] {
        let answer = Http::new().send(base_url, Ask::get("/_rescind")).await;
        assert_eq!(answer.json()["tenant"], "one and only");
    }
    // Its routes lie at its port, and nowhere else.
    assert_eq!(status(&by_name, Ask::get("/oauth2/v3/userinfo")).await, 404);
    assert_eq!(one.lock().journal().received(), 0);
}

#[tokio::test]
async fn a_redirect_to_another_origin_leads_to_the_tenant_there() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let one = at_port(&provider, "one");
    let elsewhere = &one.addresses().elsewhere;
    assert_eq!(*elsewhere, format!("{}/t/one", provider.elsewhere_url()));
    assert_eq!(status(elsewhere, Ask::post("/revoke")).await, 200);
    assert_eq!(one.lock().journal().received(), 1);
}

#[tokio::test]
async fn one_that_is_removed_or_replaced_is_listened_for_no_more() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let removed = at_port(&provider, "one");
    let replaced = at_port(&provider, "two");
    let replacing = at_port(&provider, "two");
    assert!(provider.remove_tenant("one"));
    assert!(!provider.remove_tenant("one"));
    for gone in [removed, replaced] {
        // The listener goes as soon as its task is run.
        let refused = async {
            while TcpStream::connect(gone.bound()).await.is_ok() {
                tokio::task::yield_now().await;
            }
        };
        let bound = std::time::Duration::from_secs(10);
        tokio::time::timeout(bound, refused).await.unwrap();
    }
    assert_eq!(
        status(replacing.base_url(), Ask::get("/_rescind")).await,
        200
    );
    let names: Vec<String> = provider
        .tenants()
        .iter()
        .map(|it| it.name().to_owned())
        .collect();
    assert_eq!(names, ["two"]);
}

#[tokio::test]
async fn a_stop_ends_every_port() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let one = at_port(&provider, "one");
    provider.stop().await;
    assert!(TcpStream::connect(one.bound()).await.is_err());
}
