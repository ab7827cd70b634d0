//! A dispatch that failed for a passing reason is repeated once, and nothing else is.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use wiremock::matchers::path;
use wiremock::{Mock, ResponseTemplate};

use crate::support::{ACCESS, Harness, error, listed, ok};
use rescind_service::Variant;
use serde_json::json;

const REVOKE: &str = "/oauth2/revoke";
const BOTH: [&str; 2] = ["access_token", "refresh_token"];

/// The first answer is this one, every other one 200.
async fn with_first_answer(first: ResponseTemplate) -> (Harness, String) {
    let harness = Harness::start().await;
    Mock::given(path(REVOKE))
        .respond_with(first)
        .up_to_n_times(1)
        .mount(&harness.provider)
        .await;
    harness.answer(REVOKE, ok()).await;
    let id = harness.account_with_both("rfc7009").await;
    (harness, id)
}

#[tokio::test]
async fn what_passes_is_repeated_and_then_listed() {
    let soon = ResponseTemplate::new(429).insert_header("retry-after", "1");
    for first in [
        ResponseTemplate::new(500),
        ResponseTemplate::new(503),
        ResponseTemplate::new(429),
        soon,
    ] {
        let (harness, id) = with_first_answer(first).await;
        assert_eq!(listed(&harness.revoke(&id).await), BOTH);
        let journal = harness.journal().await;
        assert_eq!(journal.len(), 3);
        assert_eq!(journal[0], journal[1]);
    }
}

#[tokio::test]
async fn an_answer_and_a_timeout_are_not_repeated() {
    for first in [
        error(400, "invalid_request"),
        ResponseTemplate::new(404),
        ResponseTemplate::new(302),
        ok().set_delay(Duration::from_secs(30)),
    ] {
        let (harness, id) = with_first_answer(first).await;
        // A refresh token takes its access token along.
        assert_eq!(listed(&harness.revoke(&id).await), BOTH);
        assert_eq!(harness.journal().await.len(), 2);
    }
}

#[tokio::test]
async fn a_dispatch_is_repeated_once() {
    let harness = Harness::start().await;
    harness.answer(REVOKE, ResponseTemplate::new(503)).await;
    let id = harness
        .account("rfc7009", json!({"access_token": ACCESS}))
        .await;
    assert_eq!(harness.revoke(&id).await.status, 500);
    assert_eq!(harness.journal().await.len(), 2);
}

#[tokio::test]
async fn a_pause_that_comes_with_the_second_answer_is_kept_too() {
    let harness = Harness::start().await;
    Mock::given(path(REVOKE))
        .respond_with(ResponseTemplate::new(503))
        .up_to_n_times(1)
        .mount(&harness.provider)
        .await;
    let busy = ResponseTemplate::new(503).insert_header("retry-after", "600");
    harness.answer(REVOKE, busy).await;
    let id = harness.account_with_both("rfc7009").await;
    assert_eq!(harness.revoke(&id).await.status, 500);
    assert_eq!(harness.journal().await.len(), 2);
}

const CALLS_IT_DEAD: (&str, &str) = ("400 Bad Request", r#"{"error":"invalid_token"}"#);
/// RFC 7009 section 2.2: a dead token is acknowledged.
const ACKNOWLEDGES: (&str, &str) = ("200 OK", "");

/// A provider that kills the token and breaks the connection before it answers, and from then on
/// answers this. Returns its address.
async fn provider_that_loses_its_answer((status, body): (&'static str, &'static str)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let length = body.len();
        for is_first in std::iter::once(true).chain(std::iter::repeat(false)) {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !String::from_utf8_lossy(&request).contains("token_type_hint=access_token") {
                let mut chunk = [0; 1024];
                let read = connection.read(&mut chunk).await.unwrap();
                request.extend_from_slice(&chunk[..read]);
            }
            if !is_first {
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n\
                     content-length: {length}\r\n\r\n{body}"
                );
                connection.write_all(answer.as_bytes()).await.unwrap();
            }
        }
    });
    format!("http://{address}")
}

/// Revokes an account that holds an access token at such a provider. Returns what was listed.
async fn listed_at(harness: &Harness, slug: &str, provider: String) -> Vec<String> {
    let config = json!({
        "toolkit": {"slug": slug},
        "auth_config": {
            "type": "use_custom_auth",
            "authScheme": "OAUTH2",
            "credentials": {"client_id": "c", "base_url": provider},
        },
    });
    let answer = harness
        .send("POST", "/api/v3.1/auth_configs", Some(config))
        .await;
    let auth_config = answer.body["auth_config"]["id"].as_str().unwrap();
    let val = json!({"status": "ACTIVE", "access_token": ACCESS});
    let id = harness.import_into(auth_config, val).await;
    let answer = harness.revoke(&id).await;
    let listed = listed(&answer).into_iter().map(str::to_owned).collect();
    assert_eq!(harness.status(&id).await, "REVOKED");
    listed
}

#[tokio::test]
async fn dead_after_a_lost_answer_is_our_own_work_and_not_listed() {
    let provider = provider_that_loses_its_answer(CALLS_IT_DEAD).await;
    let harness = Harness::start().await;
    assert!(
        listed_at(&harness, "externally-revoked", provider)
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn what_is_acknowledged_after_a_lost_answer_is_listed_but_by_the_variant_that_does_not() {
    for (variant, expected) in [
        (None, &["access_token"][..]),
        (Some(Variant::UnheardKillUnlisted), &[]),
    ] {
        let provider = provider_that_loses_its_answer(ACKNOWLEDGES).await;
        let harness = Harness::with_variant(variant).await;
        assert_eq!(listed_at(&harness, "rfc7009", provider).await, expected);
    }
}
