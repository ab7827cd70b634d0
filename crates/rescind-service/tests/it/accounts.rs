//! Import, read, list, switch, refresh, delete.

use serde_json::json;
use wiremock::ResponseTemplate;

use crate::support::{ACCESS, Harness, REFRESH, both, error, listed, ok};

const TOKEN: &str = "/oauth2/token";
const REVOKE: &str = "/oauth2/revoke";

#[tokio::test]
async fn an_account_is_read_and_listed_without_its_tokens() {
    let harness = Harness::start().await;
    let id = harness.account_with_both("rfc7009").await;
    let answer = harness.read(&id).await;
    assert_eq!(answer.body["toolkit"]["slug"], "rfc7009");
    assert_eq!(answer.body["user_id"], "u1");
    assert_eq!(answer.body["status"], "ACTIVE");
    let list = harness
        .send("GET", "/api/v3.1/connected_accounts", None)
        .await;
    assert_eq!(list.body["total_items"], 1);
    assert_eq!(list.body["items"][0], answer.body);
    for text in [answer.text, list.text] {
        assert!(!text.contains("token") && !text.contains(ACCESS));
    }
}

#[tokio::test]
async fn accounts_are_switched_off_and_on() {
    let harness = Harness::start().await;
    let id = harness.account_with_both("rfc7009").await;
    let target = format!("/api/v3.1/connected_accounts/{id}/status");
    for (enabled, status) in [(false, "INACTIVE"), (false, "INACTIVE"), (true, "ACTIVE")] {
        let body = json!({"enabled": enabled});
        let answer = harness.send("PATCH", &target, Some(body)).await;
        assert_eq!(answer.body, json!({"success": true}));
        assert_eq!(harness.status(&id).await, status);
    }
    harness.answer(REVOKE, ok()).await;
    harness.revoke(&id).await;
    let answer = harness
        .send("PATCH", &target, Some(json!({"enabled": true})))
        .await;
    assert_eq!(answer.status, 409);
    assert_eq!(harness.status(&id).await, "REVOKED");
}

#[tokio::test]
async fn a_refresh_stores_both_new_tokens() {
    let harness = Harness::start().await;
    let fresh = json!({"access_token": "a2", "refresh_token": "r2", "expires_in": 60});
    harness.answer(TOKEN, ok().set_body_json(fresh)).await;
    harness.answer(REVOKE, ok()).await;
    let id = harness.account_with_both("rfc7009").await;
    let answer = harness.refresh(&id).await;
    assert_eq!(
        answer.body,
        json!({"id": id, "status": "ACTIVE", "redirect_url": null})
    );
    harness.revoke(&id).await;
    assert_eq!(
        harness.journal().await,
        [
            &format!("POST /oauth2/token [grant_type=refresh_token refresh_token={REFRESH}] Basic"),
            "POST /oauth2/revoke [token=a2 token_type_hint=access_token] Basic",
            "POST /oauth2/revoke [token=r2 token_type_hint=refresh_token] Basic",
        ]
    );
}

#[tokio::test]
async fn a_permanent_error_of_a_refresh_expires_the_account() {
    let harness = Harness::start().await;
    harness.answer(TOKEN, error(400, "invalid_grant")).await;
    let id = harness.account_with_both("rfc7009").await;
    let answer = harness.refresh(&id).await;
    assert_eq!(
        (answer.status, &answer.body["status"]),
        (200, &json!("EXPIRED"))
    );
    assert_eq!(harness.status(&id).await, "EXPIRED");
    assert_eq!(harness.refresh(&id).await.status, 409);
}

#[tokio::test]
async fn a_passing_error_of_a_refresh_changes_nothing() {
    let harness = Harness::start().await;
    harness.answer(TOKEN, ResponseTemplate::new(503)).await;
    let id = harness.account_with_both("rfc7009").await;
    assert_eq!(harness.refresh(&id).await.status, 502);
    assert_eq!(harness.status(&id).await, "ACTIVE");
    let without = harness
        .account("rfc7009", json!({"access_token": "a"}))
        .await;
    assert_eq!(harness.refresh(&without).await.status, 400);
}

#[tokio::test]
async fn a_deleted_account_is_gone_everywhere_and_nothing_is_dispatched() {
    let harness = Harness::start().await;
    harness.answer(REVOKE, ok()).await;
    let id = harness.account_with_both("rfc7009").await;
    assert_eq!(harness.delete(&id).await.body, json!({"success": true}));
    assert_eq!(harness.delete(&id).await.status, 404);
    assert_eq!(harness.read(&id).await.status, 404);
    assert_eq!(harness.revoke(&id).await.status, 404);
    assert_eq!(harness.refresh(&id).await.status, 404);
    let target = format!("/api/v3.1/connected_accounts/{id}/status");
    let answer = harness
        .send("PATCH", &target, Some(json!({"enabled": true})))
        .await;
    assert_eq!(answer.status, 404);
    let list = harness
        .send("GET", "/api/v3.1/connected_accounts", None)
        .await;
    assert_eq!(list.body["items"], json!([]));
    assert_eq!(harness.journal().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_was_stored_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("service.db");
    let harness = Harness::on_file(&file).await;
    harness.answer(REVOKE, ok()).await;
    let id = harness.account("rfc7009", both()).await;
    let Harness {
        service, provider, ..
    } = harness;
    service.shutdown().await.unwrap();
    let service = crate::support::start_service(rescind_service::Database::File(file), None).await;
    let harness = Harness::around(service, provider);
    assert_eq!(
        listed(&harness.revoke(&id).await),
        ["access_token", "refresh_token"]
    );
}
