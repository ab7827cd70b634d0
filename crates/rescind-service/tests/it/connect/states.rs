//! What comes back counts once, for the browser that was sent off, and from the provider that was
//! asked.

use serde_json::json;

use super::{
    Browser, Consent, Link, OnFile, Opened, TOKEN, ask_for_link, auth_config_with, id_of, open,
    reason, tokens,
};
use crate::support::{Harness, join_all};

#[tokio::test]
async fn a_state_that_was_used_is_worth_nothing() {
    let harness = Harness::start().await;
    harness.answer(TOKEN, tokens()).await;
    let opened = open(&harness).await;
    let cookies = opened.browser.cookies.lock().unwrap().clone();
    let page = opened.browser.get(&opened.consent.allowed()).await;
    page.says("ACTIVE", &opened.link.account);
    // Whoever replays it has the cookie, too.
    *opened.browser.cookies.lock().unwrap() = cookies;
    for back in [
        opened.consent.allowed(),
        opened.consent.denied(),
        opened.consent.back_with(&[("code", "another")]),
    ] {
        let page = opened.browser.get(&back).await;
        assert_eq!((page.status, page.problem()), (400, "nothing-waits"));
    }
    assert_eq!(harness.status(&opened.link.account).await, "ACTIVE");
    assert_eq!(harness.requests().await.len(), 1);
}

#[tokio::test]
async fn a_state_that_nobody_gave_out_changes_nothing() {
    let harness = Harness::start().await;
    harness.answer(TOKEN, tokens()).await;
    let opened = open(&harness).await;
    let state = opened.consent.get("state").to_owned();
    let fingerprint = opened.consent.get("code_challenge").to_owned();
    let flipped = format!("{state}A");
    for wrong in ["x", flipped.as_str(), &state[1..], &fingerprint, "%00"] {
        let origin = opened.consent.get("redirect_uri");
        let page = opened
            .browser
            .get(&format!("{origin}?code=c&state={wrong}"))
            .await;
        assert_eq!((page.status, page.problem()), (400, "nothing-waits"));
    }
    let origin = opened.consent.get("redirect_uri");
    for query in [
        String::new(),
        format!("state={state}"),
        "code=c".to_owned(),
        format!("code=c&state={state}&state={state}"),
        format!("code=c&code=d&state={state}"),
        format!("code=c&error=access_denied&state={state}"),
    ] {
        let page = opened.browser.get(&format!("{origin}?{query}")).await;
        assert_eq!((page.status, page.problem()), (400, "no-response"));
    }
    assert_eq!(harness.status(&opened.link.account).await, "INITIATED");
    assert!(harness.requests().await.is_empty());
    let page = opened.browser.get(&opened.consent.allowed()).await;
    page.says("ACTIVE", &opened.link.account);
}

#[tokio::test]
async fn another_browser_completes_nothing_and_spoils_nothing() {
    let harness = Harness::start().await;
    harness.answer(TOKEN, tokens()).await;
    let opened = open(&harness).await;
    let stranger = Browser::new();
    // One that has a flow of its own under way.
    let own = open(&harness).await;
    for back in [opened.consent.allowed(), opened.consent.denied()] {
        for browser in [&stranger, &own.browser] {
            let page = browser.get(&back).await;
            assert_eq!((page.status, page.problem()), (400, "other-browser"));
        }
    }
    // Nor does what one browser was given of another flow, under the name of this one.
    let value_of = |browser: &Browser| {
        let cookies = browser.cookies.lock().unwrap();
        cookies.values().next().unwrap().0.clone()
    };
    let name = {
        let cookies = opened.browser.cookies.lock().unwrap();
        cookies.keys().next().unwrap().clone()
    };
    for wrong in [
        value_of(&own.browser),
        value_of(&opened.browser)[1..].to_owned(),
        String::new(),
    ] {
        stranger.keep(&format!("{name}={wrong}; Path=/callback"));
        let page = stranger.get(&opened.consent.allowed()).await;
        assert_eq!((page.status, page.problem()), (400, "other-browser"));
    }
    assert_eq!(harness.status(&opened.link.account).await, "INITIATED");
    assert!(harness.requests().await.is_empty());
    let page = opened.browser.get(&opened.consent.allowed()).await;
    page.says("ACTIVE", &opened.link.account);
}

#[tokio::test]
async fn two_flows_in_one_browser_do_not_disturb_each_other() {
    let harness = Harness::start().await;
    harness.answer(TOKEN, tokens()).await;
    let first = open(&harness).await;
    let link = super::link(&harness).await;
    let consent = Consent::at(&first.browser.get(&link.url).await);
    let page = first.browser.get(&first.consent.allowed()).await;
    page.says("ACTIVE", &first.link.account);
    let page = first.browser.get(&consent.denied()).await;
    page.says("FAILED", &link.account);
}

#[tokio::test]
async fn an_answer_that_names_its_issuer_is_from_the_one_that_was_asked() {
    let harness = Harness::start().await;
    harness.answer(TOKEN, tokens()).await;
    let own = harness.provider.uri();
    let elsewhere = json!({"authorization_base_url": "https://login.test/"});
    let named = json!({"issuer": "https://issuer.test/"});
    for (credentials, right) in [
        (json!({}), own.as_str()),
        (elsewhere, "https://login.test"),
        (named, "https://issuer.test/"),
    ] {
        for (issuer, status) in [
            (right.to_owned(), "ACTIVE"),
            (format!("{right}x"), "FAILED"),
            ("https://evil.test".to_owned(), "FAILED"),
        ] {
            let config = auth_config_with(&harness, "rfc7009", credentials.clone()).await;
            let link = Link::read(&ask_for_link(&harness, id_of(&config), json!({})).await);
            let browser = Browser::new();
            let consent = Consent::at(&browser.get(&link.url).await);
            let before = harness.requests().await.len();
            let back = consent.back_with(&[("code", "c"), ("iss", &issuer)]);
            browser.get(&back).await.says(status, &link.account);
            let sent = harness.requests().await.len() - before;
            assert_eq!(sent, usize::from(status == "ACTIVE"));
            if status == "FAILED" {
                let reason = reason(&harness, &link.account).await;
                assert_eq!(reason, "The answer came from another authorization server");
            }
        }
    }
}

#[tokio::test]
async fn an_error_of_another_issuer_is_not_believed_either() {
    let harness = Harness::start().await;
    let opened = open(&harness).await;
    let back = [("error", "access_denied"), ("iss", "https://evil.test")];
    let page = opened.browser.get(&opened.consent.back_with(&back)).await;
    page.says("FAILED", &opened.link.account);
    let reason = reason(&harness, &opened.link.account).await;
    assert_eq!(reason, "The answer came from another authorization server");
}

#[tokio::test]
async fn of_several_callbacks_at_once_one_exchanges() {
    let on_file = OnFile::start().await;
    on_file.harness.answer(TOKEN, tokens()).await;
    // A second process on the same file answers half of them.
    let second = super::start_on(&on_file.file()).await;
    for _ in 0..10 {
        let Opened {
            browser,
            link,
            consent,
        } = on_file.open().await;
        let before = on_file.harness.requests().await.len();
        let back = consent.allowed();
        let here = on_file.here(&back);
        let there = here.replace(
            &on_file.harness.service.local_addr().to_string(),
            &second.local_addr().to_string(),
        );
        let addresses = [&here, &there, &here, &there];
        let pages = join_all(addresses.into_iter().map(|url| browser.get(url))).await;
        let connected: Vec<_> = pages.iter().filter(|page| page.status == 200).collect();
        let [page] = connected.as_slice() else {
            panic!("one was to connect: {pages:?}")
        };
        page.says("ACTIVE", &link.account);
        for page in pages.iter().filter(|page| page.status != 200) {
            assert_eq!((page.status, page.problem()), (400, "nothing-waits"));
        }
        assert_eq!(on_file.harness.requests().await.len() - before, 1);
        assert_eq!(on_file.harness.status(&link.account).await, "ACTIVE");
    }
}
