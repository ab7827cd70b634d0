//! Every refusal: its status, its envelope, and that nothing was dispatched or changed.

use serde_json::json;

use crate::support::{Answer, Harness, both, ok};

const REVOKE: &str = "/oauth2/revoke";

/// The refusal as it is answered, with the id taken out.
fn envelope(answer: &Answer) -> String {
    let error = &answer.body["error"];
    assert_eq!(error["status"], answer.status, "{answer:?}");
    assert!(error["code"].is_u64() && error["message"].is_string() && error["slug"].is_string());
    format!(
        "{} {} {}: {}",
        answer.status, error["code"], error["slug"], error["message"]
    )
}

#[tokio::test]
async fn every_refusal_has_its_envelope_and_dispatches_nothing() {
    let mut harness = Harness::start().await;
    harness.answer(REVOKE, ok()).await;
    let active = harness.account_with_both("rfc7009").await;
    let unsupported = harness.account_with_both("no-revoke-route").await;
    let refresh_held = harness
        .account("access-only", json!({"refresh_token": "r"}))
        .await;
    let deleted = harness.account_with_both("rfc7009").await;
    harness.delete(&deleted).await;
    let account = format!("/api/v3.1/connected_accounts/{active}");
    let mut lines = vec![
        envelope(&harness.revoke(&unsupported).await),
        envelope(&harness.revoke(&refresh_held).await),
        envelope(&harness.revoke("ca_AAAAAAAAAAAA").await),
        envelope(&harness.revoke(&deleted).await),
        envelope(&harness.revoke("nonsense").await),
        envelope(&harness.revoke("ca_%ff").await),
        envelope(&harness.revoke("ca_a%2Fb").await),
        envelope(
            &harness
                .send("GET", &format!("{account}/revoke"), None)
                .await,
        ),
        envelope(&harness.send("POST", "/api/v3.1/nothing", None).await),
        envelope(&harness.send("POST", "/", None).await),
        envelope(
            &harness
                .send("POST", "/api/v3.1/auth_configs", Some(json!({})))
                .await,
        ),
        envelope(&harness.send("POST", "/api/v3.1/auth_configs", None).await),
        envelope(
            &harness
                .send("PATCH", &format!("{account}/status"), Some(json!("x")))
                .await,
        ),
    ];
    harness.api_key = "ak_wrong";
    lines.push(envelope(&harness.revoke(&active).await));
    harness.api_key = crate::support::API_KEY;
    assert_eq!(harness.status(&active).await, "ACTIVE");
    assert_eq!(harness.status(&unsupported).await, "ACTIVE");
    assert_eq!(harness.journal().await, Vec::<String>::new());
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn only_active_and_revoked_accounts_are_accepted() {
    let harness = Harness::start().await;
    harness.answer(REVOKE, ok()).await;
    for status in ["INITIALIZING", "INITIATED", "FAILED", "EXPIRED", "INACTIVE"] {
        let mut val = both();
        val["status"] = status.into();
        let id = harness.account("rfc7009", val).await;
        let answer = harness.revoke(&id).await;
        assert_eq!(answer.status, 409);
        assert!(envelope(&answer).contains(status));
        assert_eq!(harness.status(&id).await, status);
    }
    let revoked = harness
        .account("rfc7009", json!({"status": "REVOKED"}))
        .await;
    assert_eq!(harness.revoke(&revoked).await.status, 200);
    assert_eq!(harness.journal().await, Vec::<String>::new());
}

#[tokio::test]
async fn unknown_toolkits_configs_and_schemes_are_refused() {
    let harness = Harness::start().await;
    let config = |slug: &str, base_url: &str| {
        json!({
            "toolkit": {"slug": slug},
            "auth_config": {
                "type": "use_custom_auth",
                "authScheme": "OAUTH2",
                "credentials": {"client_id": "c", "base_url": base_url},
            },
        })
    };
    let import = json!({
        "auth_config": {"id": "ac_none"},
        "connection": {"user_id": "u", "state": {"authScheme": "OAUTH2", "val": {"status": "ACTIVE"}}},
    });
    let target = "/api/v3.1/auth_configs";
    let mut lines = Vec::new();
    for body in [
        config("none", "http://localhost"),
        config("google", "ftp://localhost"),
        config("google", "http://user:secret@localhost"),
        config("google", "nonsense"),
    ] {
        lines.push(envelope(&harness.send("POST", target, Some(body)).await));
    }
    let answer = harness
        .send("POST", "/api/v3.1/connected_accounts", Some(import))
        .await;
    lines.push(envelope(&answer));
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn the_scheme_must_be_oauth2() {
    let harness = Harness::start().await;
    let config = json!({
        "toolkit": {"slug": "rfc7009"},
        "auth_config": {"type": "use_custom_auth", "authScheme": "API_KEY", "credentials": {}},
    });
    let answer = harness
        .send("POST", "/api/v3.1/auth_configs", Some(config))
        .await;
    let import = json!({
        "auth_config": {"id": answer.body["auth_config"]["id"]},
        "connection": {"user_id": "u", "state": {"authScheme": "API_KEY", "val": {"status": "ACTIVE"}}},
    });
    let answer = harness
        .send("POST", "/api/v3.1/connected_accounts", Some(import))
        .await;
    let id = answer.body["id"].as_str().unwrap();
    assert_eq!(harness.revoke(id).await.status, 400);
}

#[tokio::test]
async fn health_needs_no_key() {
    let mut harness = Harness::start().await;
    harness.api_key = "";
    assert_eq!(harness.send("GET", "/health", None).await.status, 200);
}
