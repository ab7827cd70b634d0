//! Tenants that are told apart by the host that a request is for.

use std::sync::Arc;

use rescind_provider::server::Address;
use rescind_provider::{Provider, Tenant};
use serde_json::json;

use crate::support::{Answer, Ask, Http, loopback, mint, profile, send_raw};

fn at_host(provider: &Provider, host: &str) -> Arc<Tenant> {
    let at = Address::Host(host.to_owned());
    provider.add_tenant(&at, host, profile("google")).unwrap()
}

async fn ask_host(provider: &Provider, host: &str, path: &str) -> Answer {
    let ask = Ask::get(path).header("host", host);
    let base_url = format!("http://{}", provider.address());
    Http::new().send(&base_url, ask).await
}

#[tokio::test]
async fn the_host_decides_whatever_its_case_and_port() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let port = provider.address().port();
    let one = at_host(&provider, "one");
    let two = at_host(&provider, "Two.Example.Test");
    assert_eq!(one.base_url(), format!("http://one.localhost:{port}"));
    assert_eq!(two.base_url(), format!("http://two.example.test:{port}"));
    for (host, name) in [
        ("one.localhost", "one"),
        (&format!("one.localhost:{port}"), "one"),
        ("ONE.localhost:1", "one"),
        ("two.example.test", "Two.Example.Test"),
    ] {
        let answer = ask_host(&provider, host, "/_rescind").await;
        assert_eq!(answer.json()["tenant"], name, "{host}");
    }
    for host in [
        "three.localhost",
        "localhost",
        "one",
        "xone.localhost",
        "one.localhost.",
    ] {
        let answer = ask_host(&provider, host, "/oauth2/v3/userinfo").await;
        let expected = (404, json!({ "error": "no such tenant" }));
        assert_eq!((answer.status, answer.json()), expected, "{host}");
    }
}

#[tokio::test]
async fn each_knows_its_own_tokens_only() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let [one, two] = ["one", "two"].map(|name| at_host(&provider, name));
    let of_one = mint(&one);
    let base_url = format!("http://{}", provider.address());
    for (host, expected) in [("one.localhost", 200), ("two.localhost", 401)] {
        let ask = Ask::get("/oauth2/v3/userinfo")
            .bearer(of_one.access())
            .header("host", host);
        assert_eq!(Http::new().send(&base_url, ask).await.status, expected);
    }
    assert_eq!(one.lock().journal().received(), 1);
    assert_eq!(two.lock().journal().received(), 1);
}

#[tokio::test]
async fn what_stands_in_the_target_goes_before_the_host_field() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    at_host(&provider, "one");
    at_host(&provider, "two");
    let request =
        b"GET http://two.localhost/_rescind HTTP/1.1\r\nhost: one.localhost\r\nconnection: close\r\n\r\n";
    let answer = send_raw(provider.address(), request).await;
    assert!(answer.contains(r#""tenant":"two""#), "{answer}");
}

#[tokio::test]
async fn hosts_lie_beside_the_root_and_beside_paths() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let root = provider.add_tenant(&Address::Root, "root", profile("rfc7009"));
    let below = Address::Below("below".to_owned());
    let below = provider.add_tenant(&below, "below", profile("rfc7009"));
    at_host(&provider, "one");
    for (host, path, name) in [
        ("one.localhost", "/_rescind", "one"),
        ("127.0.0.1", "/_rescind", root.unwrap().name()),
        ("127.0.0.1", "/t/below/_rescind", below.unwrap().name()),
        ("127.0.0.1", "/t/one/_rescind", "one"),
    ] {
        let answer = ask_host(&provider, host, path).await;
        assert_eq!(answer.json()["tenant"], name, "{host}{path}");
    }
}

#[tokio::test]
async fn one_of_the_same_host_is_replaced_and_one_that_is_removed_is_gone() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    at_host(&provider, "one");
    let at = Address::Host("ONE.localhost".to_owned());
    provider
        .add_tenant(&at, "newer", profile("google"))
        .unwrap();
    let answer = ask_host(&provider, "one.localhost", "/_rescind").await;
    assert_eq!(answer.json()["tenant"], "newer");
    assert_eq!(
        ask_host(&provider, "127.0.0.1", "/t/one/_rescind")
            .await
            .status,
        404
    );
    assert!(provider.remove_tenant("newer"));
    assert_eq!(
        ask_host(&provider, "one.localhost", "/_rescind/ledger")
            .await
            .status,
        404
    );
    assert!(provider.tenants().is_empty());
}
