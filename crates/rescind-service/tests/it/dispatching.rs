//! What a revoke sends, and what it makes of the answers.

use std::time::Duration;

use serde_json::json;
use wiremock::{MockServer, ResponseTemplate};

use crate::support::{ACCESS, API_KEY, Harness, REFRESH, both, error, listed, ok, read};

const REVOKE: &str = "/oauth2/revoke";
const DROPBOX: &str = "/2/auth/token/revoke";
const BOTH: [&str; 2] = ["access_token", "refresh_token"];

#[tokio::test]
async fn both_tokens_are_sent_byte_for_byte_and_listed() {
    let harness = Harness::start().await;
    harness.answer(REVOKE, ok()).await;
    let id = harness.account_with_both("rfc7009").await;
    let answer = harness.revoke(&id).await;
    assert_eq!(listed(&answer), BOTH);
    assert_eq!(answer.body["connected_account"]["id"], json!(id));
    assert_eq!(
        harness.journal().await,
        [
            format!("POST /oauth2/revoke [token={ACCESS} token_type_hint=access_token] Basic"),
            format!("POST /oauth2/revoke [token={REFRESH} token_type_hint=refresh_token] Basic"),
        ]
    );
    let account = harness.read(&id).await.body;
    assert_eq!(account["status"], "REVOKED");
    assert_eq!(
        account["status_reason"],
        "Revoked via user-initiated revoke endpoint"
    );
}

#[tokio::test]
async fn a_repeated_revoke_is_empty_and_silent() {
    let harness = Harness::start().await;
    harness.answer(REVOKE, ok()).await;
    let id = harness.account_with_both("rfc7009").await;
    harness.revoke(&id).await;
    assert!(listed(&harness.revoke(&id).await).is_empty());
    assert_eq!(harness.journal().await.len(), 2);
}

#[tokio::test]
async fn only_what_is_held_and_killable_is_listed() {
    let harness = Harness::start().await;
    harness.answer(REVOKE, ok()).await;
    for (toolkit, val, expected) in [
        ("rfc7009", json!({"access_token": ACCESS}), "access_token"),
        (
            "rfc7009",
            json!({"refresh_token": REFRESH}),
            "refresh_token",
        ),
        ("access-only", both(), "access_token"),
        ("refresh-only", both(), "refresh_token"),
    ] {
        let id = harness.account(toolkit, val).await;
        assert_eq!(listed(&harness.revoke(&id).await), [expected]);
    }
    assert_eq!(harness.journal().await.len(), 4);
}

#[tokio::test]
async fn the_body_of_a_revoke_does_not_matter() {
    let harness = Harness::start().await;
    harness.answer(REVOKE, ok()).await;
    for (content_type, body) in [
        (None, ""),
        (Some("application/json"), ""),
        (Some("application/json"), "{}"),
        (Some("application/json"), "{not json"),
    ] {
        let id = harness.account_with_both("rfc7009").await;
        let address = harness.service.local_addr();
        let url = format!("http://{address}/api/v3.1/connected_accounts/{id}/revoke");
        let mut request = harness
            .client
            .post(url)
            .header("x-api-key", API_KEY)
            .body(body);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        assert_eq!(listed(&read(request.send().await.unwrap()).await), BOTH);
    }
}

#[tokio::test]
async fn one_failure_keeps_neither_the_other_dispatch_nor_the_success_away() {
    // A refresh token takes its access token along, as RFC 7009 section 2.1 has it.
    for (failing, expected) in [(BOTH[0], &BOTH[..]), (BOTH[1], &BOTH[..1])] {
        let harness = Harness::start().await;
        let hint = format!("token_type_hint={failing}");
        harness
            .answer_if(REVOKE, &hint, ResponseTemplate::new(500))
            .await;
        harness.answer(REVOKE, ok()).await;
        let id = harness.account_with_both("rfc7009").await;
        assert_eq!(listed(&harness.revoke(&id).await), expected);
        assert_eq!(harness.journal().await.len(), 3);
        assert_eq!(harness.status(&id).await, "REVOKED");
    }
}

#[tokio::test]
async fn when_all_fail_nothing_changes_and_a_retry_succeeds() {
    let harness = Harness::start().await;
    harness.answer(REVOKE, ResponseTemplate::new(500)).await;
    let id = harness.account_with_both("rfc7009").await;
    let answer = harness.revoke(&id).await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.body["error"]["status"], 500);
    assert_eq!(harness.status(&id).await, "ACTIVE");
    assert_eq!(harness.journal().await.len(), 4);
    harness.provider.reset().await;
    harness.answer(REVOKE, ok()).await;
    assert_eq!(listed(&harness.revoke(&id).await), BOTH);
}

#[tokio::test]
async fn what_is_dead_already_is_not_listed_and_does_not_stick() {
    let harness = Harness::start().await;
    harness
        .answer_if(
            REVOKE,
            "token_type_hint=access_token",
            error(400, "invalid_token"),
        )
        .await;
    harness.answer(REVOKE, ok()).await;
    let id = harness.account_with_both("externally-revoked").await;
    assert_eq!(listed(&harness.revoke(&id).await), ["refresh_token"]);

    harness.provider.reset().await;
    harness.answer(REVOKE, error(400, "invalid_token")).await;
    let id = harness.account_with_both("externally-revoked").await;
    assert!(listed(&harness.revoke(&id).await).is_empty());
    assert_eq!(harness.status(&id).await, "REVOKED");
}

#[tokio::test]
async fn google_is_called_once_with_the_refresh_token_and_without_credentials() {
    let harness = Harness::start().await;
    harness.answer("/revoke", ok()).await;
    let id = harness.account_with_both("google").await;
    assert_eq!(listed(&harness.revoke(&id).await), BOTH);
    let id = harness
        .account("google", json!({"access_token": ACCESS}))
        .await;
    assert_eq!(listed(&harness.revoke(&id).await), ["access_token"]);
    assert_eq!(
        harness.journal().await,
        [
            format!("POST /revoke [token={REFRESH}]"),
            format!("POST /revoke [token={ACCESS}]"),
        ]
    );
}

#[tokio::test]
async fn grant_only_names_the_account_and_sends_no_token() {
    let harness = Harness::start().await;
    harness.answer("/oauth/deauthorize", ok()).await;
    let id = harness.account_with_both("grant-only").await;
    assert_eq!(listed(&harness.revoke(&id).await), BOTH);
    assert_eq!(
        harness.journal().await,
        ["POST /oauth/deauthorize [account_id=acct_1] Basic"]
    );
    harness.provider.reset().await;
    harness
        .answer("/oauth/deauthorize", error(404, "not_connected"))
        .await;
    let id = harness.account_with_both("grant-only").await;
    assert!(listed(&harness.revoke(&id).await).is_empty());
}

#[tokio::test]
async fn dropbox_revokes_with_its_access_token() {
    let harness = Harness::start().await;
    harness
        .answer(DROPBOX, ok().set_body_json(json!(null)))
        .await;
    let id = harness.account_with_both("dropbox").await;
    assert_eq!(listed(&harness.revoke(&id).await), BOTH);
    assert_eq!(
        harness.journal().await,
        [format!("POST {DROPBOX} [] Bearer {ACCESS}")]
    );
    assert!(harness.requests().await[0].body.is_empty());
}

async fn dropbox_with_a_fresh_token(harness: &Harness) {
    let fresh = json!({"access_token": "fresh", "expires_in": 14400});
    harness
        .answer("/oauth2/token", ok().set_body_json(fresh))
        .await;
    let dead = json!({"error_summary": "expired_access_token/..", "error": {".tag": "expired_access_token"}});
    wiremock::Mock::given(wiremock::matchers::path(DROPBOX))
        .and(wiremock::matchers::header("authorization", "Bearer fresh"))
        .respond_with(ok().set_body_json(json!(null)))
        .mount(&harness.provider)
        .await;
    harness
        .answer(DROPBOX, ResponseTemplate::new(401).set_body_json(dead))
        .await;
}

#[tokio::test]
async fn dropbox_refreshes_first_if_the_access_token_is_of_no_use() {
    let refresh =
        format!("POST /oauth2/token [grant_type=refresh_token refresh_token={REFRESH}] Basic");
    let first = format!("POST {DROPBOX} [] Bearer {ACCESS}");
    let second = format!("POST {DROPBOX} [] Bearer fresh");
    let mut expired = both();
    expired["expires_in"] = (-1).into();
    for (val, expected) in [
        (expired, vec![&refresh, &second]),
        (json!({"refresh_token": REFRESH}), vec![&refresh, &second]),
        (both(), vec![&first, &refresh, &second]),
    ] {
        let harness = Harness::start().await;
        dropbox_with_a_fresh_token(&harness).await;
        let id = harness.account("dropbox", val).await;
        assert_eq!(listed(&harness.revoke(&id).await), BOTH);
        assert_eq!(harness.journal().await.iter().collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn dropbox_is_dead_if_the_refresh_says_so_and_failed_if_it_fails() {
    for (answer, status) in [
        (error(400, "invalid_grant"), 200),
        (error(500, "oops"), 500),
    ] {
        let harness = Harness::start().await;
        harness.answer("/oauth2/token", answer).await;
        let id = harness
            .account("dropbox", json!({"refresh_token": REFRESH}))
            .await;
        let answer = harness.revoke(&id).await;
        assert_eq!(answer.status, status);
        if status == 200 {
            assert!(listed(&answer).is_empty());
        }
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_not_a_success() {
    let elsewhere = MockServer::start().await;
    for status in 301..=308 {
        for same_origin in [false, true] {
            let harness = Harness::start().await;
            let origin = if same_origin {
                harness.provider.uri()
            } else {
                elsewhere.uri()
            };
            let redirect = ResponseTemplate::new(status)
                .insert_header("location", format!("{origin}/moved").as_str());
            harness.answer(REVOKE, redirect).await;
            harness.answer("/moved", ok()).await;
            let id = harness.account_with_both("rfc7009").await;
            assert_eq!(harness.revoke(&id).await.status, 500);
            assert_eq!(harness.status(&id).await, "ACTIVE");
            let journal = harness.journal().await;
            assert_eq!(journal.len(), 2, "{journal:?}");
            assert!(journal.iter().all(|line| line.contains(REVOKE)));
        }
    }
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_provider_that_hangs_or_is_gone_is_a_failure() {
    let harness = Harness::start().await;
    harness
        .answer(REVOKE, ok().set_delay(Duration::from_mins(1)))
        .await;
    let id = harness
        .account("rfc7009", json!({"access_token": ACCESS}))
        .await;
    assert_eq!(harness.revoke(&id).await.status, 500);

    // Port 9 of loopback, "discard": nobody listens there.
    let config = json!({
        "toolkit": {"slug": "rfc7009"},
        "auth_config": {
            "type": "use_custom_auth",
            "authScheme": "OAUTH2",
            "credentials": {"client_id": "c", "base_url": "http://127.0.0.1:9"},
        },
    });
    let answer = harness
        .send("POST", "/api/v3.1/auth_configs", Some(config))
        .await;
    let auth_config = answer.body["auth_config"]["id"].as_str().unwrap();
    let val = json!({"status": "ACTIVE", "access_token": ACCESS});
    let id = harness.import_into(auth_config, val).await;
    assert_eq!(harness.revoke(&id).await.status, 500);
    assert_eq!(harness.status(&id).await, "ACTIVE");
}

#[tokio::test]
async fn a_pause_that_the_provider_asks_for_is_kept() {
    let harness = Harness::start().await;
    let busy = ResponseTemplate::new(429).insert_header("retry-after", "3600");
    harness.answer(REVOKE, busy).await;
    let id = harness.account_with_both("rfc7009").await;
    assert_eq!(harness.revoke(&id).await.status, 500);
    assert_eq!(harness.journal().await.len(), 1);

    harness.provider.reset().await;
    let busy = ResponseTemplate::new(503).insert_header("retry-after", "0");
    harness
        .answer_if(REVOKE, "token_type_hint=access_token", busy)
        .await;
    harness.answer(REVOKE, ok()).await;
    assert_eq!(listed(&harness.revoke(&id).await), BOTH);
}
