//! Who may use the control API: keys, host names, origins, and who is shown secrets.

use std::net::{Ipv4Addr, SocketAddr};

use rescind_model::secret::Secret;
use rescind_provider::Provider;
use rescind_provider::server::{Address, ProviderOptions, StartError};
use serde_json::json;

use crate::support::{Answer, Ask, Http, World, access, loopback, profile, refresh};

const KEY: &str = "correct-horse-battery-staple";

async fn start(listen: SocketAddr, key: Option<&str>) -> Result<Provider, StartError> {
    let options = ProviderOptions {
        control_key: key.map(Secret::new),
        ..ProviderOptions::new(listen, "seed")
    };
    let provider = Provider::start_with(options).await?;
    provider.add_tenant(&Address::Root, "root", profile("rfc7009"))?;
    Ok(provider)
}

async fn send(provider: &Provider, ask: Ask) -> Answer {
    let port = provider.address().port();
    let base_url = format!("http://127.0.0.1:{port}");
    Http::new().send(&base_url, ask).await
}

#[tokio::test]
async fn where_others_can_reach_it_a_provider_starts_with_a_key_only() {
    let anywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let error = start(anywhere, None).await.unwrap_err();
    assert!(matches!(error, StartError::NotLoopback { .. }));
    assert!(error.hint().starts_with("state a control key"));
    let provider = start(anywhere, Some(KEY)).await.unwrap();
    assert_eq!(send(&provider, Ask::get("/_rescind")).await.status, 401);
    let ask = Ask::get("/_rescind").bearer(KEY);
    assert_eq!(send(&provider, ask).await.status, 200);
}

#[tokio::test]
async fn a_key_is_shown_in_one_of_two_ways_or_nothing_is_done() {
    let provider = start(loopback(), Some(KEY)).await.unwrap();
    let ask = || Ask::post("/_rescind/grants");
    for (ask, status) in [
        (ask(), 401),
        (ask().bearer(KEY), 200),
        (ask().header("authorization", &format!("bearer {KEY}")), 200),
        (ask().header("x-rescind-key", KEY), 200),
        (ask().header("x-rescind-key", KEY).bearer("other"), 200),
        (ask().bearer("other"), 401),
        (ask().bearer(&KEY[1..]), 401),
        (ask().bearer(""), 401),
        (ask().header("authorization", KEY), 401),
        (ask().header("x-rescind-key", ""), 401),
        (ask().basic_pair(&format!("user:{KEY}")), 401),
        (Ask::post(format!("/_rescind/grants?key={KEY}")), 401),
        // What there is, is nobody's business who has no key.
        (Ask::get("/_rescind/nothing"), 401),
        (Ask::get("/_rescind/grants"), 401),
        (Ask::get("/_rescind/openapi.json"), 401),
        (Ask::get("/_rescind/health"), 200),
        (Ask::get("/_rescind/health").bearer("other"), 200),
    ] {
        let answer = send(&provider, ask.clone()).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        let challenge = answer.header("www-authenticate");
        assert_eq!(challenge.is_some(), status == 401);
        assert!(!answer.body.contains(KEY));
    }
}

#[tokio::test]
async fn with_a_key_any_host_and_origin_will_do() {
    let provider = start(loopback(), Some(KEY)).await.unwrap();
    let ask = Ask::get("/_rescind")
        .bearer(KEY)
        .header("host", "provider.example.test")
        .header("origin", "https://console.example.test")
        .header("sec-fetch-site", "cross-site");
    assert_eq!(send(&provider, ask).await.status, 200);
}

#[tokio::test]
async fn without_a_key_a_page_of_another_site_drives_nothing() {
    let world = World::start("rfc7009").await;
    let address = world.provider.address();
    let own = format!("http://{address}");
    let by_name = format!("localhost:{}", address.port());
    let mint = || Ask::post("/_rescind/grants");
    for (ask, status) in [
        (mint(), 200),
        (mint().header("host", "localhost"), 200),
        (mint().header("host", "LocalHost:80"), 200),
        (mint().header("host", "acme.localhost:80"), 200),
        (mint().header("host", "127.1.2.3"), 200),
        (mint().header("host", "[::1]:80"), 200),
        // A name that an attacker lets lead to this machine.
        (mint().header("host", "rebound.example.test"), 403),
        (mint().header("host", "localhost.example.test"), 403),
        (mint().header("host", "notlocalhost"), 403),
        (mint().header("host", "127.0.0.1.example.test"), 403),
        (mint().header("host", "192.0.2.1"), 403),
        (mint().header("host", "0.0.0.0"), 403),
        (mint().header("host", "[::2]"), 403),
        (mint().header("host", ""), 403),
        (mint().header("origin", &own), 200),
        (
            mint()
                .header("host", &by_name)
                .header("origin", &format!("http://{by_name}")),
            200,
        ),
        (mint().header("origin", "https://example.test"), 403),
        (mint().header("origin", &format!("http://{by_name}")), 403),
        (mint().header("origin", "http://127.0.0.1:1"), 403),
        (mint().header("origin", "null"), 403),
        (mint().header("sec-fetch-site", "same-origin"), 200),
        (mint().header("sec-fetch-site", "none"), 200),
        (mint().header("sec-fetch-site", "same-site"), 403),
        (mint().header("sec-fetch-site", "cross-site"), 403),
        (Ask::get("/_rescind/health").header("host", "x"), 200),
    ] {
        let answer = world.send(ask.clone()).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        if status == 403 {
            let error = &answer.json()["error"];
            assert!(error["message"].is_string() && error["hint"].is_string());
        }
    }
    let minted = world.tenant.lock().ledger().grants().count();
    assert_eq!(minted, 4 + 10, "the cast, and one for each that may");
}

#[tokio::test]
async fn a_public_host_may_be_called_by_its_name() {
    let options = ProviderOptions {
        public_url: Some("https://provider.example.test".parse().unwrap()),
        ..ProviderOptions::new(loopback(), "seed")
    };
    let provider = Provider::start_with(options).await.unwrap();
    for (host, status) in [
        ("provider.example.test", 200),
        ("provider.example.test:443", 200),
        ("other.example.test", 403),
    ] {
        let ask = Ask::get("/_rescind").header("host", host);
        assert_eq!(send(&provider, ask).await.status, status, "{host}");
    }
}

#[tokio::test]
async fn the_providers_own_routes_are_open_to_everybody() {
    let provider = start(loopback(), Some(KEY)).await.unwrap();
    let ask = Ask::get("/userinfo").header("host", "provider.example.test");
    let answer = send(&provider, ask).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (401, &json!("invalid_token"))
    );
}

#[tokio::test]
async fn secrets_are_shown_to_whoever_shows_the_key_and_asks() {
    let provider = start(loopback(), Some(KEY)).await.unwrap();
    let minted = send(&provider, Ask::post("/_rescind/grants").bearer(KEY)).await;
    let minted = minted.json();
    let token = minted["access_token"].as_str().unwrap();
    send(&provider, Ask::get("/userinfo").bearer(token)).await;
    for path in ["/_rescind/ledger", "/_rescind/journal", "/_rescind/clients"] {
        let hidden = send(&provider, Ask::get(path).bearer(KEY)).await;
        let shown = Ask::get(format!("{path}?secrets=show")).bearer(KEY);
        let shown = send(&provider, shown).await;
        assert_eq!((hidden.status, shown.status), (200, 200));
        let secrets = [token, minted["client_secret"].as_str().unwrap()];
        let has_one = |text: &str| secrets.iter().any(|secret| text.contains(secret));
        assert!(!has_one(&hidden.body), "{path} shows a secret");
        assert!(has_one(&shown.json().to_string()) || path == "/_rescind/clients");
    }
    let clients = Ask::get("/_rescind/clients?secrets=show").bearer(KEY);
    let clients = send(&provider, clients).await.json();
    assert_eq!(
        clients["clients"][0]["client_secret"],
        minted["client_secret"]
    );
}

#[tokio::test]
async fn without_a_key_nobody_is_shown_secrets() {
    let world = World::start("rfc7009").await;
    for path in ["/_rescind/ledger", "/_rescind/journal", "/_rescind/clients"] {
        let answer = world.send(Ask::get(format!("{path}?secrets=show"))).await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(!answer.body.contains(access(&world.ada)));
        assert!(!answer.body.contains(refresh(&world.ada)));
    }
}

#[tokio::test]
async fn health_says_what_runs_and_for_how_long() {
    let world = World::start("rfc7009").await;
    let answer = world.send(Ask::get("/_rescind/health")).await;
    let health = answer.json();
    assert_eq!((answer.status, &health["status"]), (200, &json!("ok")));
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    assert!(health["uptime_seconds"].is_u64());
}
