//! An account that is EXPIRED is connected anew. It stays as it is until that has succeeded.

use serde_json::json;

use super::{Browser, Consent, Link, OnFile, TOKEN, ask_for_link, reason, tokens};
use crate::support::{Answer, Harness, OTHER_KEY, error, listed, ok};

const OLD: &str = "anew-old-access";

/// An account that was connected once, and whose refresh the provider refuses for good.
async fn expired(harness: &Harness) -> (String, String) {
    let config = harness.auth_config("rfc7009", "c").await;
    let val = json!({"access_token": OLD, "refresh_token": "anew-old-refresh"});
    let id = harness.import_into(&config, val).await;
    harness
        .answer_if(TOKEN, "anew-old-refresh", error(400, "invalid_grant"))
        .await;
    assert_eq!(harness.refresh(&id).await.body["status"], "EXPIRED");
    (config, id)
}

async fn ask_anew(harness: &Harness, config: &str, id: &str) -> Answer {
    ask_for_link(harness, config, json!({"connected_account_id": id})).await
}

async fn open(url: &str) -> (Browser, Consent) {
    let browser = Browser::new();
    let consent = Consent::at(&browser.get(url).await);
    (browser, consent)
}

#[tokio::test]
async fn an_expired_account_is_active_again_with_the_new_tokens_alone() {
    let harness = Harness::start().await;
    let (config, id) = expired(&harness).await;
    harness
        .answer_if(TOKEN, "authorization_code", tokens())
        .await;
    harness.answer("/oauth2/revoke", ok()).await;
    let link = Link::read(&ask_anew(&harness, &config, &id).await);
    assert_eq!(link.account, id);
    assert_eq!(harness.status(&id).await, "EXPIRED");
    let (browser, consent) = open(&link.url).await;
    assert_eq!(harness.status(&id).await, "EXPIRED");
    browser.get(&consent.allowed()).await.says("ACTIVE", &id);
    assert_eq!(reason(&harness, &id).await, json!(null));
    assert_eq!(listed(&harness.revoke(&id).await).len(), 2);
    let journal = harness.journal().await.join("\n");
    assert!(journal.contains("token=connected-access"));
    assert!(!journal.contains(OLD), "{journal}");
}

#[tokio::test]
async fn whatever_else_comes_of_it_the_account_stays_as_it_is() {
    let on_file = OnFile::start().await;
    let harness = &on_file.harness;
    let (config, id) = expired(harness).await;
    harness
        .answer_if(TOKEN, "authorization_code", error(400, "invalid_grant"))
        .await;
    let before = reason(harness, &id).await;
    assert!(before.is_string());
    for deny in [true, false] {
        let link = Link::read(&ask_anew(harness, &config, &id).await);
        let (browser, consent) = open(&on_file.here(&link.url)).await;
        let back = if deny {
            consent.denied()
        } else {
            consent.allowed()
        };
        let page = browser.get(&on_file.here(&back)).await;
        page.says("EXPIRED", &id);
        assert!(page.text.contains("Not connected"));
        assert_eq!(reason(harness, &id).await, before);
    }
    let link = Link::read(&ask_anew(harness, &config, &id).await);
    let (browser, consent) = open(&on_file.here(&link.url)).await;
    on_file.let_ten_minutes_pass();
    assert_eq!(harness.status(&id).await, "EXPIRED");
    assert_eq!(reason(harness, &id).await, before);
    let page = browser.get(&on_file.here(&consent.allowed())).await;
    assert_eq!(page.problem(), "nothing-waits");
    let page = browser.get(&on_file.here(&link.url)).await;
    assert_eq!(page.problem(), "expired-link");
    // And then it can still be connected.
    harness.provider.reset().await;
    harness.answer(TOKEN, tokens()).await;
    let link = Link::read(&ask_anew(harness, &config, &id).await);
    let (browser, consent) = open(&on_file.here(&link.url)).await;
    let page = browser.get(&on_file.here(&consent.allowed())).await;
    page.says("ACTIVE", &id);
}

#[tokio::test]
async fn so_is_one_whose_first_flow_took_too_long_and_its_first_link_stays_void() {
    let on_file = OnFile::start().await;
    on_file.harness.answer(TOKEN, tokens()).await;
    let first = on_file.open().await;
    on_file.let_ten_minutes_pass();
    let id = &first.link.account;
    let account = on_file.harness.read(id).await.body;
    assert_eq!(account["status"], "EXPIRED");
    let config = account["auth_config"]["id"].as_str().unwrap();
    let link = Link::read(&ask_anew(&on_file.harness, config, id).await);
    let (browser, consent) = open(&on_file.here(&link.url)).await;
    let late = on_file.here(&first.consent.allowed());
    let late = first.browser.get(&late).await;
    assert_eq!(late.problem(), "nothing-waits");
    assert_eq!(on_file.harness.status(id).await, "EXPIRED");
    let page = browser.get(&on_file.here(&consent.allowed())).await;
    page.says("ACTIVE", id);
}

#[tokio::test]
async fn a_second_link_makes_the_first_void() {
    let harness = Harness::start().await;
    let (config, id) = expired(&harness).await;
    harness
        .answer_if(TOKEN, "authorization_code", tokens())
        .await;
    let first = Link::read(&ask_anew(&harness, &config, &id).await);
    let (browser, consent) = open(&first.url).await;
    let second = Link::read(&ask_anew(&harness, &config, &id).await);
    let page = browser.get(&consent.allowed()).await;
    assert_eq!(page.problem(), "nothing-waits");
    let page = browser.get(&first.url).await;
    assert_eq!(page.status, 410);
    let (browser, consent) = open(&second.url).await;
    browser.get(&consent.allowed()).await.says("ACTIVE", &id);
}

#[tokio::test]
async fn only_what_is_expired_and_ones_own_is_connected_anew() {
    let harness = Harness::start().await;
    let (config, id) = expired(&harness).await;
    let other_config = harness.auth_config("rfc7009", "c").await;
    let other_user = json!({"connected_account_id": id, "user_id": "u2"});
    for refused in [
        ask_anew(&harness, &config, "ca_AAAAAAAAAAAA").await,
        ask_anew(&harness, &config, "nonsense").await,
        ask_anew(&harness, &other_config, &id).await,
        ask_for_link(&harness, &config, other_user).await,
    ] {
        assert_eq!(refused.status, 404, "{refused:?}");
        let slug = &refused.body["error"]["slug"];
        assert_eq!(slug, "ConnectedAccount_ResourceNotFound");
    }
    let body = json!({"auth_config_id": config, "user_id": "u1", "connected_account_id": id});
    let foreign = harness.send_as(OTHER_KEY, "POST", super::LINK, Some(body));
    assert_eq!(foreign.await.status, 404);
    for status in [
        "INITIALIZING",
        "INITIATED",
        "ACTIVE",
        "FAILED",
        "INACTIVE",
        "REVOKED",
    ] {
        let val = json!({"status": status, "access_token": "a"});
        let account = harness.import_into(&config, val).await;
        let answer = ask_anew(&harness, &config, &account).await;
        assert_eq!(answer.status, 409, "{answer:?}");
        assert!(answer.text.contains(status));
        assert_eq!(harness.status(&account).await, status);
    }
    harness.delete(&id).await;
    assert_eq!(ask_anew(&harness, &config, &id).await.status, 404);
}
