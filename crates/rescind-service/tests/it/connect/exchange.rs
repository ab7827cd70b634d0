//! The exchange of a code: whatever the provider does, the account is ACTIVE with tokens, or FAILED
//! with a reason.

use std::time::Duration;

use serde_json::json;
use wiremock::matchers::path;
use wiremock::{Mock, ResponseTemplate};

use super::{Consent, Link, OnFile, TOKEN, ask_for_link, open, reason, tokens};
use crate::support::{Harness, error, listed, ok, until_arrived};

#[tokio::test]
async fn an_exchange_that_brings_no_tokens_fails_the_flow_and_is_not_repeated() {
    let harness = Harness::start().await;
    let refused = "The provider refused the code exchange";
    let unavailable = "The provider failed at the code exchange";
    let odd = "The provider's answer to the code exchange was not understood";
    for (answer, expected) in [
        (error(400, "invalid_grant"), refused),
        (error(401, "invalid_client"), refused),
        (ResponseTemplate::new(404), refused),
        (ResponseTemplate::new(429), unavailable),
        (
            ResponseTemplate::new(500).set_body_string("<html>"),
            unavailable,
        ),
        (
            ResponseTemplate::new(503).insert_header("retry-after", "1"),
            unavailable,
        ),
        (ok().set_body_string("<html>garbage"), odd),
        (ok().set_body_json(json!({"access_token": ""})), odd),
        (ok().set_body_json(json!(["access_token"])), odd),
        (ResponseTemplate::new(204), odd),
        (
            ResponseTemplate::new(302).insert_header("location", "/elsewhere"),
            odd,
        ),
        (
            ResponseTemplate::new(307).insert_header("location", "/elsewhere"),
            odd,
        ),
        (
            tokens().set_delay(Duration::from_secs(30)),
            "The provider did not answer the code exchange in time",
        ),
    ] {
        harness.provider.reset().await;
        harness.answer(TOKEN, answer).await;
        harness.answer("/elsewhere", tokens()).await;
        let opened = open(&harness).await;
        let page = opened.browser.get(&opened.consent.allowed()).await;
        page.says("FAILED", &opened.link.account);
        assert!(page.text.contains("Not connected"));
        assert_eq!(reason(&harness, &opened.link.account).await, expected);
        assert_eq!(harness.requests().await.len(), 1, "{expected}");
        let again = opened.browser.get(&opened.consent.allowed()).await;
        assert_eq!(again.problem(), "nothing-waits");
        assert_eq!(harness.revoke(&opened.link.account).await.status, 409);
    }
}

#[tokio::test]
async fn a_provider_that_is_not_there_fails_the_flow() {
    let harness = Harness::start().await;
    // Bound, so that nobody else is there, and dropped, so that nobody answers.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let config = super::auth_config_with(&harness, "rfc7009", json!({"base_url": base_url})).await;
    let link = Link::read(&ask_for_link(&harness, super::id_of(&config), json!({})).await);
    let browser = super::Browser::new();
    let consent = Consent::at(&browser.get(&link.url).await);
    browser
        .get(&consent.allowed())
        .await
        .says("FAILED", &link.account);
    assert_eq!(
        reason(&harness, &link.account).await,
        "The provider did not answer the code exchange"
    );
}

#[tokio::test]
async fn what_came_with_the_tokens_is_kept_as_an_import_keeps_it() {
    let harness = Harness::start().await;
    harness.answer(TOKEN, tokens()).await;
    harness.answer("/oauth/deauthorize", ok()).await;
    let config = harness.auth_config("grant-only", "c").await;
    let link = Link::read(&ask_for_link(&harness, &config, json!({})).await);
    let browser = super::Browser::new();
    let consent = Consent::at(&browser.get(&link.url).await);
    browser.get(&consent.allowed()).await;
    // The account's id at the provider is what this provider's revocation takes.
    assert_eq!(listed(&harness.revoke(&link.account).await).len(), 2);
    let journal = harness.journal().await;
    assert_eq!(
        journal[1],
        "POST /oauth/deauthorize [account_id=acct_7] Basic"
    );
}

#[tokio::test]
async fn a_browser_that_goes_away_leaves_a_connected_account() {
    let harness = Harness::start().await;
    let slow = tokens().set_delay(Duration::from_millis(300));
    harness.answer(TOKEN, slow).await;
    let opened = open(&harness).await;
    let back = opened.consent.allowed();
    {
        let going = opened.browser.get(&back);
        tokio::select! {
            _ = going => panic!("the answer was to come later"),
            () = until_arrived(&harness, TOKEN) => {}
        }
    }
    crate::support::until_status(&harness, &opened.link.account, "ACTIVE").await;
}

/// Does something in the middle of the exchange, and returns the page that the browser gets.
async fn in_the_middle(
    harness: &Harness,
    opened: &super::Opened,
    deed: impl Future<Output = ()>,
) -> super::Page {
    let slow = tokens().set_delay(Duration::from_millis(300));
    Mock::given(path(TOKEN))
        .respond_with(slow)
        .mount(&harness.provider)
        .await;
    let back = opened.consent.allowed();
    let meanwhile = async {
        until_arrived(harness, TOKEN).await;
        deed.await;
    };
    let (page, ()) = tokio::join!(opened.browser.get(&back), meanwhile);
    page
}

#[tokio::test]
async fn an_account_that_is_deleted_meanwhile_stays_deleted_and_nothing_is_dispatched() {
    let harness = Harness::start().await;
    harness.answer("/oauth2/revoke", ok()).await;
    for query in ["", "?revoke_on_delete=true"] {
        let opened = open(&harness).await;
        let target = format!(
            "/api/v3.1/connected_accounts/{}{query}",
            opened.link.account
        );
        let deletion = async {
            let answer = harness.send("DELETE", &target, None).await;
            assert_eq!(answer.body, json!({"success": true}));
        };
        let page = in_the_middle(&harness, &opened, deletion).await;
        assert_eq!((page.status, page.problem()), (400, "ended-meanwhile"));
        assert_eq!(harness.read(&opened.link.account).await.status, 404);
        harness.provider.reset().await;
        // Before the browser is back, the account is gone as well.
        let opened = open(&harness).await;
        harness.delete(&opened.link.account).await;
        let page = opened.browser.get(&opened.consent.allowed()).await;
        assert_eq!((page.status, page.problem()), (400, "nothing-waits"));
        assert!(harness.requests().await.is_empty());
    }
}

#[tokio::test]
async fn a_link_in_the_middle_of_the_exchange_waits() {
    let harness = Harness::start().await;
    let opened = open(&harness).await;
    let look = async {
        let page = super::Browser::new().get(&opened.link.url).await;
        assert_eq!((page.status, page.problem()), (409, "under-way"));
        assert_eq!(harness.revoke(&opened.link.account).await.status, 409);
        assert_eq!(harness.status(&opened.link.account).await, "INITIATED");
    };
    let page = in_the_middle(&harness, &opened, look).await;
    page.says("ACTIVE", &opened.link.account);
}

#[tokio::test]
async fn an_auth_config_that_is_switched_off_takes_its_flows_along() {
    let harness = Harness::start().await;
    let before = open(&harness).await;
    let config = harness.read(&before.link.account).await.body["auth_config"]["id"].clone();
    let config = config.as_str().unwrap();
    harness.switch_config(config, "DISABLED").await;
    let page = before.browser.get(&before.consent.allowed()).await;
    page.says("FAILED", &before.link.account);
    let expected = "The auth config was switched off during the connect flow";
    assert_eq!(reason(&harness, &before.link.account).await, expected);
    assert!(harness.requests().await.is_empty());
    // In the middle of the exchange it is too late to keep the tokens from coming. They are kept,
    // so that they can be revoked.
    let opened = open(&harness).await;
    let config = harness.read(&opened.link.account).await.body["auth_config"]["id"].clone();
    let config = config.as_str().unwrap();
    let switch = async {
        assert_eq!(harness.switch_config(config, "DISABLED").await.status, 200);
    };
    let page = in_the_middle(&harness, &opened, switch).await;
    page.says("INACTIVE", &opened.link.account);
    harness.switch_config(config, "ENABLED").await;
    let target = format!(
        "/api/v3.1/connected_accounts/{}/status",
        opened.link.account
    );
    let body = json!({"enabled": true});
    assert_eq!(harness.send("PATCH", &target, Some(body)).await.status, 200);
    harness.answer("/oauth2/revoke", ok()).await;
    assert_eq!(listed(&harness.revoke(&opened.link.account).await).len(), 2);
}

#[tokio::test]
async fn a_process_that_died_in_the_exchange_leaves_a_flow_that_nobody_continues() {
    let mut on_file = OnFile::start().await;
    on_file.harness.answer(TOKEN, tokens()).await;
    let opened = on_file.open().await;
    // What it leaves: the intent is committed, the outcome is not.
    let changed = on_file
        .connection()
        .execute("UPDATE connect_flows SET step = 'exchanging'", [])
        .unwrap();
    assert_eq!(changed, 1);
    on_file.restart().await;
    let back = on_file.here(&opened.consent.allowed());
    let page = opened.browser.get(&back).await;
    assert_eq!((page.status, page.problem()), (400, "nothing-waits"));
    let account = &opened.link.account;
    assert_eq!(on_file.harness.status(account).await, "INITIATED");
    on_file.let_ten_minutes_pass();
    assert_eq!(on_file.harness.status(account).await, "EXPIRED");
    assert!(on_file.harness.requests().await.is_empty());
}
