//! Projects and keys: what is another project's does not exist, and who may read may not change.

use serde_json::{Value, json};

use crate::support::{
    API_KEY, Answer, Harness, OTHER_KEY, READ_KEY, both, import_body, listed, ok,
};

const REVOKE: &str = "/oauth2/revoke";

/// Every route that is about an account or an auth config, as method, target and body.
fn routes(account: &str, config: &str) -> Vec<(&'static str, String, Option<Value>)> {
    let account = format!("/api/v3.1/connected_accounts/{account}");
    let config = format!("/api/v3.1/auth_configs/{config}");
    vec![
        ("GET", account.clone(), None),
        ("GET", config.clone(), None),
        ("POST", format!("{account}/revoke"), None),
        ("POST", format!("{account}/refresh"), None),
        (
            "PATCH",
            format!("{account}/status"),
            Some(json!({"enabled": false})),
        ),
        ("DELETE", account.clone(), None),
        ("DELETE", format!("{account}?revoke_on_delete=true"), None),
        ("PATCH", format!("{config}/DISABLED"), None),
        (
            "PATCH",
            format!("{config}/status"),
            Some(json!({"enabled": false})),
        ),
        ("DELETE", config, None),
    ]
}

/// The error, but for what differs from request to request.
fn error(answer: &Answer) -> Value {
    let mut error = answer.body["error"].clone();
    assert!(error["request_id"].take().is_string(), "{answer:?}");
    error
}

async fn check_unchanged(harness: &Harness, account: &str) {
    assert_eq!(harness.journal().await, Vec::<String>::new());
    assert_eq!(harness.status(account).await, "ACTIVE");
    harness.answer(REVOKE, ok()).await;
    assert_eq!(listed(&harness.revoke(account).await).len(), 2);
}

#[tokio::test]
async fn what_is_another_projects_does_not_exist() {
    let harness = Harness::start().await;
    let config = harness.auth_config("rfc7009", "c").await;
    let account = harness.import_into(&config, both()).await;
    for (method, target, body) in routes(&account, &config) {
        let foreign = harness
            .send_as(OTHER_KEY, method, &target, body.clone())
            .await;
        let unknown = target
            .replace(&account, "ca_AAAAAAAAAAAA")
            .replace(&config, "ac_AAAAAAAAAAAA");
        let unknown = harness.send_as(OTHER_KEY, method, &unknown, body).await;
        assert_eq!(foreign.status, 404, "{method} {target}");
        assert_eq!(error(&foreign), error(&unknown), "{method} {target}");
    }
    let import = |config: &str| import_body(config, "OAUTH2", json!({"status": "ACTIVE"}));
    let accounts = "/api/v3.1/connected_accounts";
    let foreign = harness
        .send_as(OTHER_KEY, "POST", accounts, Some(import(&config)))
        .await;
    let unknown = harness
        .send_as(OTHER_KEY, "POST", accounts, Some(import("ac_AAAAAAAAAAAA")))
        .await;
    assert_eq!((foreign.status, error(&foreign)), (400, error(&unknown)));
    for list in [accounts, "/api/v3.1/auth_configs"] {
        let foreign = harness.send_as(OTHER_KEY, "GET", list, None).await;
        assert_eq!(
            (&foreign.body["items"], &foreign.body["total_items"]),
            (&json!([]), &json!(0))
        );
        assert_eq!(harness.send("GET", list, None).await.body["total_items"], 1);
    }
    check_unchanged(&harness, &account).await;
}

#[tokio::test]
async fn a_project_sees_its_own() {
    let mut harness = Harness::start().await;
    harness.answer(REVOKE, ok()).await;
    harness.account_with_both("rfc7009").await;
    harness.api_key = OTHER_KEY;
    let own = harness.account_with_both("rfc7009").await;
    let list = harness
        .send("GET", "/api/v3.1/connected_accounts", None)
        .await;
    assert_eq!(
        (&list.body["total_items"], &list.body["items"][0]["id"]),
        (&json!(1), &json!(own))
    );
    assert_eq!(listed(&harness.revoke(&own).await).len(), 2);
}

#[tokio::test]
async fn a_key_that_may_only_read_changes_nothing() {
    let harness = Harness::start().await;
    let config = harness.auth_config("rfc7009", "c").await;
    let account = harness.import_into(&config, both()).await;
    let mut routes = routes(&account, &config);
    let import = import_body(&config, "OAUTH2", json!({"status": "ACTIVE"}));
    routes.push((
        "POST",
        "/api/v3.1/connected_accounts".to_owned(),
        Some(import),
    ));
    routes.push(("POST", "/api/v3.1/auth_configs".to_owned(), Some(json!({}))));
    routes.push(("GET", "/api/v3.1/connected_accounts".to_owned(), None));
    routes.push(("GET", "/api/v3.1/auth_configs".to_owned(), None));
    for (method, target, body) in routes {
        let answer = harness.send_as(READ_KEY, method, &target, body).await;
        let expected = if method == "GET" { 200 } else { 403 };
        assert_eq!(answer.status, expected, "{method} {target}");
        if expected == 403 {
            assert_eq!(error(&answer)["slug"], "Api_NoPermission");
        }
    }
    let list = harness
        .send("GET", "/api/v3.1/connected_accounts", None)
        .await;
    assert_eq!(list.body["total_items"], 1);
    check_unchanged(&harness, &account).await;
}

#[tokio::test]
async fn no_route_opens_without_a_key() {
    let harness = Harness::start().await;
    let config = harness.auth_config("rfc7009", "c").await;
    let account = harness.import_into(&config, both()).await;
    for key in ["", "ak_", "ak_wrong", &API_KEY[1..], &format!("{API_KEY}x")] {
        for (method, target, body) in routes(&account, &config) {
            let answer = harness.send_as(key, method, &target, body).await;
            assert_eq!(answer.status, 401, "{method} {target}");
            assert_eq!(error(&answer)["slug"], "Api_NoValidKey");
        }
    }
    check_unchanged(&harness, &account).await;
}
