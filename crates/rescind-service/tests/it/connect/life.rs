//! The whole life of a connection, and what the user sees of it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::Url;
use serde_json::{Value, json};

use super::{
    AUTHORIZE, Browser, Consent, Link, TOKEN, ask_for_link, auth_config_with, harness_at, id_of,
    link, open, reason, tokens,
};
use crate::support::{Harness, form, listed, ok};

fn value<'a>(form: &'a [(String, String)], name: &str) -> &'a str {
    let mut found = form.iter().filter(|(candidate, _)| candidate == name);
    let (_, value) = found.next().unwrap();
    assert_eq!(found.next(), None);
    value
}

#[tokio::test]
async fn from_a_link_to_an_account_that_can_be_refreshed_and_revoked() {
    let harness = Harness::start().await;
    harness
        .answer_if(TOKEN, "authorization_code", tokens())
        .await;
    let link = link(&harness).await;
    let status = || harness.status(&link.account);
    assert_eq!(status().await, "INITIALIZING");
    let browser = Browser::new();
    let sent = browser.get(&link.url).await;
    assert_eq!(status().await, "INITIATED");
    let consent = Consent::at(&sent);
    assert!(harness.requests().await.is_empty());
    let page = browser.get(&consent.allowed()).await;
    page.says("ACTIVE", &link.account);
    assert!(page.text.contains("<h1>Connected</h1>"));
    assert_eq!(status().await, "ACTIVE");
    assert_eq!(reason(&harness, &link.account).await, Value::Null);
    assert!(browser.cookies.lock().unwrap().is_empty());

    let fresh = json!({"access_token": "fresh"});
    let fresh = ok().set_body_json(fresh);
    harness.answer_if(TOKEN, "connected-refresh", fresh).await;
    harness.answer("/oauth2/revoke", ok()).await;
    assert_eq!(harness.refresh(&link.account).await.status, 200);
    let revoked = harness.revoke(&link.account).await;
    assert_eq!(listed(&revoked), ["access_token", "refresh_token"]);
    assert_eq!(
        harness.journal().await[1..],
        [
            format!(
                "POST {TOKEN} [grant_type=refresh_token refresh_token=connected-refresh] Basic"
            ),
            "POST /oauth2/revoke [token=fresh token_type_hint=access_token] Basic".to_owned(),
            "POST /oauth2/revoke [token=connected-refresh token_type_hint=refresh_token] Basic"
                .to_owned(),
        ]
    );
}

#[tokio::test]
async fn what_the_browser_and_what_the_token_endpoint_is_sent() {
    let harness = Harness::start().await;
    harness.answer(TOKEN, tokens()).await;
    let opened = open(&harness).await;
    let consent = &opened.consent;
    let names: Vec<&str> = consent.0.keys().map(String::as_str).collect();
    let expected = [
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "redirect_uri",
        "response_type",
        "state",
    ];
    assert_eq!(names, expected);
    assert_eq!(consent.get("response_type"), "code");
    assert_eq!(consent.get("client_id"), "my client");
    assert_eq!(consent.get("code_challenge_method"), "S256");
    let redirect_uri = format!("http://{}/callback", harness.service.local_addr());
    assert_eq!(consent.get("redirect_uri"), redirect_uri);

    opened.browser.get(&consent.allowed()).await;
    let requests = harness.requests().await;
    let [request] = requests.as_slice() else {
        panic!("one request was expected: {requests:?}")
    };
    assert_eq!(request.method.as_str(), "POST");
    assert_eq!((request.url.path(), request.url.query()), (TOKEN, None));
    let authorization = request.headers["authorization"].to_str().unwrap();
    let pair = authorization.strip_prefix("Basic ").unwrap();
    let pair = String::from_utf8(STANDARD.decode(pair).unwrap()).unwrap();
    assert!(pair.starts_with("my+client:"));
    let form = form(request);
    let names: Vec<&str> = form.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["grant_type", "code", "redirect_uri", "code_verifier"]
    );
    assert_eq!(value(&form, "grant_type"), "authorization_code");
    assert_eq!(value(&form, "code"), "the-code");
    assert_eq!(value(&form, "redirect_uri"), redirect_uri);
    // RFC 7636 section 4.6: the provider's own check.
    let verifier = value(&form, "code_verifier");
    let hash = ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes());
    assert_eq!(URL_SAFE_NO_PAD.encode(hash), consent.get("code_challenge"));
}

#[tokio::test]
async fn the_authorization_endpoint_may_lie_elsewhere_and_scopes_are_the_auth_configs() {
    let harness = Harness::start().await;
    let credentials = json!({
        "authorization_base_url": "https://login.test/tenant/",
        "scopes": ["a", "b c"],
    });
    let config = auth_config_with(&harness, "google", credentials).await;
    let link = Link::read(&ask_for_link(&harness, id_of(&config), json!({})).await);
    let page = Browser::new().get(&link.url).await;
    let location = page.location.as_deref().unwrap();
    assert!(location.starts_with("https://login.test/tenant/o/oauth2/v2/auth?response_type=code"));
    let consent = Consent::at(&page);
    assert_eq!(consent.get("scope"), "a b c");
    assert_eq!(consent.get("access_type"), "offline");
    assert_eq!(consent.get("prompt"), "consent");
    for wrong in [
        "javascript:alert(1)",
        "https://u@login.test",
        "login.test",
        "",
    ] {
        let credentials = json!({"authorization_base_url": wrong});
        let refused = auth_config_with(&harness, "google", credentials).await;
        assert_eq!(refused.status, 400, "{wrong}");
        assert!(refused.text.contains("authorization_base_url"));
    }
}

#[tokio::test]
async fn behind_a_proxy_the_browser_is_told_the_public_address_alone() {
    let harness = harness_at("https://connect.test/app/").await;
    let link = link(&harness).await;
    let token = link.url.strip_prefix("https://connect.test/app/link/");
    assert_eq!(token.unwrap(), link.token);
    let local = format!(
        "http://{}/link/{}",
        harness.service.local_addr(),
        link.token
    );
    let page = Browser::new().get(&local).await;
    let consent = Consent::at(&page);
    assert_eq!(
        consent.get("redirect_uri"),
        "https://connect.test/app/callback"
    );
    let cookie = &page.headers["set-cookie"];
    assert!(cookie.contains("; Path=/app/callback;"), "{cookie}");
    assert!(cookie.ends_with("; HttpOnly; SameSite=Lax; Secure"));
}

#[tokio::test]
async fn whoever_denies_is_not_connected() {
    let harness = Harness::start().await;
    let opened = open(&harness).await;
    let page = opened.browser.get(&opened.consent.denied()).await;
    page.says("FAILED", &opened.link.account);
    assert!(page.text.contains("The user denied the consent."));
    assert_eq!(harness.status(&opened.link.account).await, "FAILED");
    let expected = json!("The user denied the consent");
    assert_eq!(reason(&harness, &opened.link.account).await, expected);
    assert!(harness.requests().await.is_empty());
    let again = opened.browser.get(&opened.consent.allowed()).await;
    assert_eq!((again.status, again.problem()), (400, "nothing-waits"));
}

#[tokio::test]
async fn another_error_of_the_provider_is_told_in_words_of_ours() {
    let harness = Harness::start().await;
    for (error, expected) in [
        ("invalid_scope", "authorization request: invalid_scope"),
        (
            "<script>alert(1)</script>",
            "refused the authorization request",
        ),
    ] {
        let opened = open(&harness).await;
        let back = [("error", error), ("error_description", "<b>hello</b>")];
        let page = opened.browser.get(&opened.consent.back_with(&back)).await;
        page.says("FAILED", &opened.link.account);
        let reason = reason(&harness, &opened.link.account).await;
        assert!(reason.as_str().unwrap().ends_with(expected), "{reason}");
        assert!(!page.text.contains("script") && !page.text.contains("hello"));
    }
}

#[tokio::test]
async fn a_callback_url_is_where_the_browser_ends() {
    let harness = Harness::start().await;
    harness.answer(TOKEN, tokens()).await;
    let config = harness.auth_config("rfc7009", "c").await;
    let body = json!({"callback_url": "https://app.test/done?a=1%262"});
    for (allows, status) in [(true, "ACTIVE"), (false, "FAILED")] {
        let link = Link::read(&ask_for_link(&harness, &config, body.clone()).await);
        let browser = Browser::new();
        let consent = Consent::at(&browser.get(&link.url).await);
        let back = if allows {
            consent.allowed()
        } else {
            consent.denied()
        };
        let page = browser.get(&back).await;
        assert_eq!(page.status, 303);
        let id = &link.account;
        let expected =
            format!("https://app.test/done?a=1%262&status={status}&connected_account_id={id}");
        assert_eq!(page.location, Some(expected));
        // Nothing that does not belong to this flow is sent there.
        let replayed = browser.get(&back).await;
        assert_eq!(
            (replayed.status, replayed.problem()),
            (400, "nothing-waits")
        );
    }
}

#[tokio::test]
async fn every_page_is_safe_to_look_at() {
    let harness = Harness::start().await;
    harness.answer(TOKEN, tokens()).await;
    let opened = open(&harness).await;
    let origin = format!("http://{}", harness.service.local_addr());
    let browser = Browser::new();
    let mut pages = vec![
        browser.get(&opened.link.url).await,
        browser.get(&format!("{origin}/link/lk_none")).await,
        browser.get(&format!("{origin}/link/%ff")).await,
        browser.get(&format!("{origin}/callback")).await,
        browser
            .get(&format!("{origin}/callback?state=s&code=c"))
            .await,
    ];
    assert_eq!(pages[1].problem(), "no-such-link");
    assert_eq!(pages[2].problem(), "no-such-link");
    assert_eq!(pages[3].problem(), "no-response");
    let consent = Consent::at(&pages[0]);
    pages.push(browser.get(&consent.allowed()).await);
    for page in &pages {
        assert_eq!(page.headers["cache-control"], "no-store");
        assert_eq!(page.headers["referrer-policy"], "no-referrer");
        assert_eq!(page.headers["x-content-type-options"], "nosniff");
        assert!(page.headers["content-security-policy"].starts_with("default-src 'none';"));
        assert!(page.headers.contains_key("x-request-id"));
        let is_html = page.headers.get("content-type");
        let is_html = is_html.is_some_and(|kind| kind == "text/html; charset=utf-8");
        assert_eq!(is_html, page.status != 302, "{page:?}");
    }
}

#[tokio::test]
async fn a_look_by_head_opens_and_uses_up_nothing() {
    let harness = Harness::start().await;
    harness.answer(TOKEN, tokens()).await;
    let link = link(&harness).await;
    let browser = Browser::new();
    assert_eq!(browser.send("HEAD", &link.url).await.status, 200);
    assert_eq!(harness.status(&link.account).await, "INITIALIZING");
    let consent = Consent::at(&browser.get(&link.url).await);
    assert_eq!(browser.send("HEAD", &consent.allowed()).await.status, 200);
    assert_eq!(harness.status(&link.account).await, "INITIATED");
    let page = browser.get(&consent.allowed()).await;
    page.says("ACTIVE", &link.account);
}

#[tokio::test]
async fn what_is_not_connected_yet_is_neither_revoked_nor_refreshed_nor_switched() {
    let harness = Harness::start().await;
    let opened = open(&harness).await;
    let id = &opened.link.account;
    assert_eq!(harness.revoke(id).await.status, 409);
    assert_eq!(harness.refresh(id).await.status, 409);
    let target = format!("/api/v3.1/connected_accounts/{id}/status");
    for enabled in [true, false] {
        let body = json!({"enabled": enabled});
        let answer = harness.send("PATCH", &target, Some(body)).await;
        assert_eq!(answer.status, 409);
    }
    assert_eq!(harness.status(id).await, "INITIATED");
    assert!(harness.requests().await.is_empty());
}

#[tokio::test]
async fn the_page_of_consent_is_that_of_the_toolkit() {
    let harness = Harness::start().await;
    for toolkit in rescind_service::toolkits() {
        let config = harness.auth_config(&toolkit, "c").await;
        let link = Link::read(&ask_for_link(&harness, &config, json!({})).await);
        let page = Browser::new().get(&link.url).await;
        let location = Url::parse(page.location.as_deref().unwrap()).unwrap();
        let expected = match toolkit.as_str() {
            "google" => "/o/oauth2/v2/auth",
            _ => AUTHORIZE,
        };
        assert_eq!(location.path(), expected);
        let origin = Url::parse(&harness.provider.uri()).unwrap().origin();
        assert_eq!(location.origin(), origin);
    }
}
