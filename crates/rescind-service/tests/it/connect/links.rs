//! Asking for a link, and opening one: what is refused.

use serde_json::{Value, json};

use super::{Browser, Consent, LINK, Link, Opened, TOKEN, ask_for_link, link, open, tokens};
use crate::support::{Answer, Harness, OTHER_KEY, READ_KEY};

#[track_caller]
fn check(answer: &Answer, status: u16, slug: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.body["error"]["slug"], slug);
    assert_eq!(answer.body["error"]["status"], status);
}

async fn config_of(harness: &Harness, auth_scheme: &str) -> String {
    let body = json!({
        "toolkit": {"slug": "rfc7009"},
        "auth_config": {
            "type": "use_custom_auth",
            "authScheme": auth_scheme,
            "credentials": {},
        },
    });
    let answer = harness
        .send("POST", "/api/v3.1/auth_configs", Some(body))
        .await;
    super::id_of(&answer).to_owned()
}

async fn count(harness: &Harness) -> Value {
    let list = harness
        .send("GET", "/api/v3.1/connected_accounts", None)
        .await;
    list.body["total_items"].clone()
}

#[tokio::test]
async fn a_link_is_for_an_auth_config_of_ones_own_that_is_in_use_and_oauth2() {
    let harness = Harness::start().await;
    let config = harness.auth_config("rfc7009", "c").await;
    let not_found = "AuthConfig_ResourceNotFound";
    for unknown in ["ac_AAAAAAAAAAAA", "nonsense", ""] {
        let answer = ask_for_link(&harness, unknown, json!({})).await;
        check(&answer, 404, not_found);
    }
    let body = json!({"auth_config_id": config, "user_id": "u1"});
    let sent_by = |key| harness.send_as(key, "POST", LINK, Some(body.clone()));
    check(&sent_by(OTHER_KEY).await, 404, not_found);
    check(&sent_by(READ_KEY).await, 403, "Api_NoPermission");
    check(&sent_by("ak_wrong").await, 401, "Api_NoValidKey");
    for auth_scheme in ["API_KEY", "OAUTH1", "S2S_OAUTH2"] {
        let other = config_of(&harness, auth_scheme).await;
        let answer = ask_for_link(&harness, &other, json!({})).await;
        check(&answer, 400, "ConnectedAccount_ConnectUnsupported");
    }
    harness.switch_config(&config, "DISABLED").await;
    let answer = ask_for_link(&harness, &config, json!({})).await;
    check(&answer, 400, "AuthConfig_Disabled");
    harness.switch_config(&config, "ENABLED").await;
    let target = format!("/api/v3.1/auth_configs/{config}");
    harness.send("DELETE", &target, None).await;
    let answer = ask_for_link(&harness, &config, json!({})).await;
    check(&answer, 404, not_found);
    assert_eq!(count(&harness).await, 0);
}

#[tokio::test]
async fn a_browser_is_sent_to_http_addresses_alone() {
    let harness = Harness::start().await;
    let config = harness.auth_config("rfc7009", "c").await;
    let long = format!("https://app.test/{}", "a".repeat(2048));
    for wrong in [
        "javascript:alert(1)",
        "data:text/html,x",
        "/done",
        "//app.test/done",
        "https://",
        "https://user@app.test/",
        "https://app.test/#a",
        "",
        long.as_str(),
    ] {
        let answer = ask_for_link(&harness, &config, json!({"callback_url": wrong})).await;
        check(&answer, 400, "Api_BadRequest");
        assert!(answer.text.contains("callback_url"));
    }
    assert_eq!(count(&harness).await, 0);
    for right in ["http://localhost:3000/a?b=c", "https://app.test"] {
        let answer = ask_for_link(&harness, &config, json!({"callback_url": right})).await;
        assert_eq!(answer.status, 201);
    }
}

#[tokio::test]
async fn a_link_says_when_it_ends() {
    let harness = Harness::start().await;
    let config = harness.auth_config("rfc7009", "c").await;
    let answer = ask_for_link(&harness, &config, json!({})).await;
    let link = Link::read(&answer);
    assert_eq!(
        link.url,
        format!(
            "http://{}/link/{}",
            harness.service.local_addr(),
            link.token
        )
    );
    let created = harness.read(&link.account).await.body["created_at"].clone();
    let minutes = |moment: &Value| -> i64 {
        let text = moment.as_str().unwrap();
        assert!(text.ends_with('Z'), "{text}");
        let number = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap();
        number(11..13) * 60 + number(14..16)
    };
    let expires = &answer.body["expires_at"];
    let passed = (minutes(expires) - minutes(&created)).rem_euclid(24 * 60);
    assert_eq!(passed, 10, "{created} {expires}");
    assert_eq!(
        expires.as_str().unwrap()[17..],
        created.as_str().unwrap()[17..]
    );
}

#[tokio::test]
async fn a_link_that_is_opened_again_makes_what_it_gave_before_void() {
    let harness = Harness::start().await;
    harness.answer(TOKEN, tokens()).await;
    let Opened {
        browser,
        link,
        consent,
    } = open(&harness).await;
    let again = Consent::at(&browser.get(&link.url).await);
    assert_eq!(harness.status(&link.account).await, "INITIATED");
    for name in ["state", "code_challenge"] {
        assert_ne!(again.get(name), consent.get(name));
    }
    let stale = browser.get(&consent.allowed()).await;
    assert_eq!((stale.status, stale.problem()), (400, "nothing-waits"));
    assert_eq!(harness.status(&link.account).await, "INITIATED");
    browser
        .get(&again.allowed())
        .await
        .says("ACTIVE", &link.account);
    assert_eq!(harness.requests().await.len(), 1);
}

#[tokio::test]
async fn a_link_connects_once() {
    let harness = Harness::start().await;
    harness.answer(TOKEN, tokens()).await;
    let opened = open(&harness).await;
    opened.browser.get(&opened.consent.allowed()).await;
    let page = opened.browser.get(&opened.link.url).await;
    assert_eq!((page.status, page.problem()), (410, "used-link"));
    assert_eq!(harness.status(&opened.link.account).await, "ACTIVE");
    let failed = open(&harness).await;
    failed.browser.get(&failed.consent.denied()).await;
    let page = failed.browser.get(&failed.link.url).await;
    assert_eq!((page.status, page.problem()), (410, "used-link"));
    assert_eq!(harness.status(&failed.link.account).await, "FAILED");
}

#[tokio::test]
async fn a_link_of_what_was_deleted_leads_nowhere() {
    let harness = Harness::start().await;
    let [account, config] = [link(&harness).await, link(&harness).await];
    harness.delete(&account.account).await;
    let read = harness.read(&config.account).await;
    let id = read.body["auth_config"]["id"].as_str().unwrap();
    let target = format!("/api/v3.1/auth_configs/{id}");
    assert_eq!(harness.send("DELETE", &target, None).await.status, 200);
    for link in [account, config] {
        let page = Browser::new().get(&link.url).await;
        assert_eq!((page.status, page.problem()), (404, "no-such-link"));
    }
}

#[tokio::test]
async fn while_the_auth_config_is_off_its_links_are_too() {
    let harness = Harness::start().await;
    let config = harness.auth_config("rfc7009", "c").await;
    let link = Link::read(&ask_for_link(&harness, &config, json!({})).await);
    harness.switch_config(&config, "DISABLED").await;
    let page = Browser::new().get(&link.url).await;
    assert_eq!((page.status, page.problem()), (409, "disabled"));
    assert_eq!(harness.status(&link.account).await, "INITIALIZING");
    harness.switch_config(&config, "ENABLED").await;
    Consent::at(&Browser::new().get(&link.url).await);
    assert_eq!(harness.status(&link.account).await, "INITIATED");
}
