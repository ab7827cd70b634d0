//! Every answer has a request id, and every error its envelope, wherever it comes from.

use serde_json::Value;
use wiremock::ResponseTemplate;

use crate::raw::{RawAnswer, exchange};
use crate::support::{API_KEY, Harness, OTHER_KEY, ok};

async fn send(harness: &Harness, head: &str, body: &str) -> RawAnswer {
    let length = body.len();
    let request = format!(
        "{head}\r\nhost: x\r\nx-api-key: {API_KEY}\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    exchange(harness.service.local_addr(), request.as_bytes()).await
}

fn check(answer: &RawAnswer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    let error = &answer.body["error"];
    assert_eq!(error["status"], status, "{answer:?}");
    assert!(error["code"].is_u64() && error["message"].is_string() && error["slug"].is_string());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(error["request_id"], answer.header("x-request-id").unwrap());
}

#[tokio::test]
async fn whatever_cannot_be_done_is_said_in_the_envelope() {
    let harness = Harness::start().await;
    let json = "content-type: application/json";
    for (line, body, status) in [
        ("GET / HTTP/1.1".to_owned(), "", 404),
        ("GET /api/v3.1 HTTP/1.1".to_owned(), "", 404),
        (
            "POST /api/v3.1/connected_accounts/ HTTP/1.1".to_owned(),
            "",
            404,
        ),
        (
            "POST /api/v3.1/connected_accounts/ca_1/revoke/ HTTP/1.1".to_owned(),
            "",
            404,
        ),
        (
            "POST /api/v3.1/connected_accounts//revoke HTTP/1.1".to_owned(),
            "",
            404,
        ),
        (
            "POST /api/v3.1/connected_accounts/%ff/revoke HTTP/1.1".to_owned(),
            "",
            404,
        ),
        (
            "POST /api/v3.1/connected_accounts/ca_%zz/revoke HTTP/1.1".to_owned(),
            "",
            404,
        ),
        (
            "POST /api/v3.1/connected_accounts/ca_1%2F..%2Fca_2/revoke HTTP/1.1".to_owned(),
            "",
            404,
        ),
        (
            "GET /api/v3.1/auth_configs/%ff HTTP/1.1".to_owned(),
            "",
            404,
        ),
        (
            "PATCH /api/v3.1/auth_configs/ac_1/%ff HTTP/1.1".to_owned(),
            "",
            404,
        ),
        ("POST /api/v3.1/auth_configs HTTP/1.1".to_owned(), "{}", 400),
        (
            format!("POST /api/v3.1/auth_configs HTTP/1.1\r\n{json}"),
            "",
            400,
        ),
        (
            format!("POST /api/v3.1/auth_configs HTTP/1.1\r\n{json}"),
            "{",
            400,
        ),
        (
            format!("POST /api/v3.1/auth_configs HTTP/1.1\r\n{json}"),
            "[]",
            400,
        ),
        (
            format!("POST /api/v3.1/auth_configs HTTP/1.1\r\n{json}"),
            "{\"toolkit\":7}",
            400,
        ),
        (
            format!("POST /api/v3.1/connected_accounts HTTP/1.1\r\n{json}"),
            "null",
            400,
        ),
        (
            format!("PATCH /api/v3.1/connected_accounts/ca_1/status HTTP/1.1\r\n{json}"),
            "{\"enabled\":1}",
            400,
        ),
    ] {
        check(&send(&harness, &line, body).await, status);
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_said_to_be_so() {
    let harness = Harness::start().await;
    let body = format!("{{\"filler\":\"{}\"}}", "x".repeat(260 * 1024));
    let head = "POST /api/v3.1/connected_accounts HTTP/1.1\r\ncontent-type: application/json";
    check(&send(&harness, head, &body).await, 413);
    // A revoke reads none.
    harness.answer("/oauth2/revoke", ok()).await;
    let id = harness.account_with_both("rfc7009").await;
    let head = format!("POST /api/v3.1/connected_accounts/{id}/revoke HTTP/1.1");
    assert_eq!(send(&harness, &head, &body).await.status, 200);
}

#[tokio::test]
async fn a_method_that_is_not_taken_is_answered_with_those_that_are() {
    let harness = Harness::start().await;
    let account = "/api/v3.1/connected_accounts/ca_1";
    let config = "/api/v3.1/auth_configs/ac_1";
    for (method, path, allowed) in [
        ("GET", format!("{account}/revoke"), "POST"),
        ("DELETE", format!("{account}/revoke"), "POST"),
        ("GET", format!("{account}/refresh"), "POST"),
        ("POST", format!("{account}/status"), "PATCH"),
        ("POST", account.to_owned(), "DELETE,GET,HEAD"),
        (
            "PUT",
            "/api/v3.1/connected_accounts".to_owned(),
            "GET,HEAD,POST",
        ),
        (
            "PATCH",
            "/api/v3.1/auth_configs".to_owned(),
            "GET,HEAD,POST",
        ),
        ("PATCH", config.to_owned(), "DELETE,GET,HEAD"),
        ("GET", format!("{config}/ENABLED"), "PATCH"),
        ("GET", format!("{config}/status"), "PATCH"),
        ("POST", "/health".to_owned(), "GET,HEAD"),
        ("POST", "/openapi.json".to_owned(), "GET,HEAD"),
    ] {
        let answer = send(&harness, &format!("{method} {path} HTTP/1.1"), "").await;
        check(&answer, 405);
        let mut methods: Vec<&str> = answer.header("allow").unwrap().split(',').collect();
        methods.sort_unstable();
        assert_eq!(methods.join(","), allowed, "{method} {path}");
    }
}

#[tokio::test]
async fn a_request_id_is_sent_back_if_it_can_be() {
    let harness = Harness::start().await;
    let longest = "i".repeat(128);
    let too_long = "i".repeat(129);
    let within = format!("before-{OTHER_KEY}-after");
    for (sent, is_kept) in [
        ("abc-1", true),
        ("two words / {\"quoted\"}", true),
        (&*longest, true),
        (&*too_long, false),
        ("\u{e4}", false),
        ("tab\there", false),
        ("", false),
        (API_KEY, false),
        (&*within, false),
    ] {
        for path in ["/health", "/nothing"] {
            let head = format!("GET {path} HTTP/1.1\r\nx-request-id: {sent}");
            let answer = send(&harness, &head, "").await;
            let received = answer.header("x-request-id").unwrap();
            assert_eq!(received == sent, is_kept, "{sent}");
            assert!(
                is_kept || received.starts_with("req_") && received.len() == 16,
                "{received}"
            );
            if path == "/nothing" {
                assert_eq!(answer.body["error"]["request_id"], received);
            }
        }
    }
    let first = send(&harness, "GET /health HTTP/1.1", "").await;
    let second = send(&harness, "GET /health HTTP/1.1", "").await;
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
}

#[tokio::test]
async fn clients_are_kept_from_repeating_a_revoke_that_failed() {
    let harness = Harness::start().await;
    harness
        .answer("/oauth2/revoke", ResponseTemplate::new(500))
        .await;
    let failing = harness.account_with_both("rfc7009").await;
    let inactive = harness
        .account("rfc7009", serde_json::json!({"status": "INACTIVE"}))
        .await;
    let revoke = |id: &str| format!("POST /api/v3.1/connected_accounts/{id}/revoke HTTP/1.1");
    for (id, status) in [(&failing, 500), (&inactive, 409)] {
        let answer = send(&harness, &revoke(id), "").await;
        check(&answer, status);
        assert_eq!(answer.header("x-should-retry"), Some("false"));
    }
    for head in [revoke("ca_1"), "GET /health HTTP/1.1".to_owned()] {
        assert_eq!(
            send(&harness, &head, "").await.header("x-should-retry"),
            None
        );
    }
    let refresh = format!("POST /api/v3.1/connected_accounts/{inactive}/refresh HTTP/1.1");
    let answer = send(&harness, &refresh, "").await;
    assert_eq!(
        (answer.status, answer.header("x-should-retry")),
        (409, None)
    );
}

#[tokio::test]
async fn a_head_request_has_the_headers_alone() {
    let harness = Harness::start().await;
    let url = format!("http://{}/health", harness.service.local_addr());
    let answer = harness.client.head(url).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    assert!(answer.headers().contains_key("x-request-id"));
    assert_eq!(
        answer.text().await.unwrap(),
        Value::String(String::new()).as_str().unwrap()
    );
}
