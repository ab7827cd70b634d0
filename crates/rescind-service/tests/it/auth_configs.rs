//! Auth configs: created, read, listed, switched off and on, deleted.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::until_arrived;
use crate::support::{Answer, CLIENT_SECRET, Harness, both, import_body, listed, ok};

const CONFIGS: &str = "/api/v3.1/auth_configs";
const ACCOUNTS: &str = "/api/v3.1/connected_accounts";
const REVOKE: &str = "/oauth2/revoke";

async fn create(harness: &Harness, toolkit: &str, name: Option<&str>, scopes: Value) -> String {
    let body = json!({
        "toolkit": {"slug": toolkit},
        "auth_config": {
            "type": "use_custom_auth",
            "authScheme": "OAUTH2",
            "name": name,
            "credentials": {
                "client_id": "client 1",
                "client_secret": CLIENT_SECRET,
                "base_url": harness.provider.uri(),
                "scopes": scopes,
                "oauth_redirect_uri": "https://example.com/callback",
                "anything": {"else": [CLIENT_SECRET]},
            },
        },
    });
    let answer = harness.send("POST", CONFIGS, Some(body)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let id = answer.body["auth_config"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let expected = json!({
        "toolkit": {"slug": toolkit},
        "auth_config": {"id": id, "auth_scheme": "OAUTH2", "is_composio_managed": false},
    });
    assert_eq!(answer.body, expected);
    id
}

async fn get(harness: &Harness, id: &str) -> Answer {
    harness.send("GET", &format!("{CONFIGS}/{id}"), None).await
}

async fn listed_ids(harness: &Harness, query: &str) -> Vec<String> {
    let answer = harness
        .send("GET", &format!("{CONFIGS}{query}"), None)
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let items = answer.body["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn what_is_read_has_everything_but_the_secret() {
    let harness = Harness::start().await;
    let named = create(&harness, "rfc7009", Some("Shop"), json!(["read", "write"])).await;
    let unnamed = create(&harness, "google", None, json!("openid email,profile")).await;
    harness.import_into(&named, both()).await;
    let gone = harness.import_into(&named, both()).await;
    harness.delete(&gone).await;
    let answer = get(&harness, &named).await;
    let mut body = answer.body.clone();
    for moment in ["created_at", "last_updated_at"] {
        assert_eq!(body[moment].take().as_str().unwrap().len(), 24);
    }
    let expected = json!({
        "id": named,
        "type": "custom",
        "name": "Shop",
        "toolkit": {"slug": "rfc7009"},
        "auth_scheme": "OAUTH2",
        "is_composio_managed": false,
        "status": "ENABLED",
        "no_of_connections": 1,
        "credentials": {"client_id": "client 1", "scopes": ["read", "write"]},
        "created_at": null,
        "last_updated_at": null,
    });
    assert_eq!(body, expected);
    let other = get(&harness, &unnamed).await;
    assert_eq!(other.body["name"], json!(unnamed));
    assert_eq!(
        other.body["credentials"]["scopes"],
        json!(["openid", "email", "profile"])
    );
    let list = harness.send("GET", CONFIGS, None).await;
    assert!(
        list.body["items"]
            .as_array()
            .unwrap()
            .contains(&answer.body)
    );
    for text in [answer.text, other.text, list.text] {
        assert!(!text.contains(&CLIENT_SECRET[3..11]), "{text}");
    }
}

#[tokio::test]
async fn lists_are_filtered() {
    let harness = Harness::start().await;
    let shop = create(&harness, "rfc7009", Some("My Shop"), json!([])).await;
    let mail = create(&harness, "google", Some("Mail"), json!([])).await;
    let off = create(&harness, "google", Some("Old mail"), json!([])).await;
    harness.switch_config(&off, "DISABLED").await;
    for (query, expected) in [
        ("", vec![&shop, &mail]),
        ("?show_disabled=true", vec![&shop, &mail, &off]),
        ("?toolkit_slug=google", vec![&mail]),
        ("?toolkit_slug=google,rfc7009", vec![&shop, &mail]),
        ("?search=sHOP", vec![&shop]),
        ("?search=mail&show_disabled=true", vec![&mail, &off]),
        (&format!("?search={}", &shop[4..]), vec![&shop]),
        ("?is_composio_managed=false", vec![&shop, &mail]),
        ("?is_composio_managed=true", vec![]),
        ("?toolkit_slug=nothing", vec![]),
    ] {
        let mut ids = listed_ids(&harness, query).await;
        ids.sort();
        let mut expected: Vec<String> = expected.into_iter().cloned().collect();
        expected.sort();
        assert_eq!(ids, expected, "{query}");
    }
    for query in [
        "?show_disabled=yes",
        "?is_composio_managed=1",
        "?limit=0",
        "?cursor=x",
    ] {
        let answer = harness
            .send("GET", &format!("{CONFIGS}{query}"), None)
            .await;
        assert_eq!(answer.status, 400, "{query}");
    }
}

#[tokio::test]
async fn pages_hold_every_auth_config_once() {
    let harness = Harness::start().await;
    let mut created = Vec::new();
    for _ in 0..5 {
        created.push(create(&harness, "rfc7009", None, json!([])).await);
    }
    let (mut seen, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let answer = harness
            .send("GET", &format!("{CONFIGS}{query}"), None)
            .await;
        assert_eq!(answer.body["total_pages"], 3);
        for item in answer.body["items"].as_array().unwrap() {
            seen.push(item["id"].as_str().unwrap().to_owned());
        }
        let Some(cursor) = answer.body["next_cursor"].as_str() else {
            break;
        };
        query = format!("?limit=2&cursor={cursor}");
    }
    seen.sort();
    created.sort();
    assert_eq!(seen, created);
}

#[tokio::test]
async fn one_that_is_off_takes_its_accounts_along_and_lets_none_in() {
    let harness = Harness::start().await;
    harness.answer(REVOKE, ok()).await;
    let config = harness.auth_config("rfc7009", "c").await;
    let active = harness.import_into(&config, both()).await;
    let failed = harness
        .import_into(&config, json!({"status": "FAILED"}))
        .await;
    let elsewhere = harness.account_with_both("rfc7009").await;
    let target = format!("{CONFIGS}/{config}/status");
    let off = harness
        .send("PATCH", &target, Some(json!({"enabled": false})))
        .await;
    assert_eq!((off.status, off.body), (200, json!({"success": true})));
    assert_eq!(get(&harness, &config).await.body["status"], "DISABLED");
    for (account, status) in [
        (&active, "INACTIVE"),
        (&failed, "FAILED"),
        (&elsewhere, "ACTIVE"),
    ] {
        assert_eq!(harness.status(account).await, status);
    }
    let read = harness.read(&active).await;
    assert_eq!(read.body["auth_config"]["is_disabled"], true);
    assert_eq!(read.body["is_disabled"], true);
    assert_eq!(harness.revoke(&active).await.status, 409);
    let import = import_body(&config, "OAUTH2", json!({"status": "ACTIVE"}));
    let refused = harness.send("POST", ACCOUNTS, Some(import.clone())).await;
    assert_eq!(
        (refused.status, &refused.body["error"]["slug"]),
        (400, &json!("AuthConfig_Disabled"))
    );
    let enable = format!("{ACCOUNTS}/{active}/status");
    let refused = harness
        .send("PATCH", &enable, Some(json!({"enabled": true})))
        .await;
    assert_eq!(
        (refused.status, &refused.body["error"]["slug"]),
        (400, &json!("AuthConfig_Disabled"))
    );

    let on = harness.switch_config(&config, "ENABLED").await;
    assert_eq!((on.status, on.body), (200, json!({"success": true})));
    assert_eq!(harness.status(&active).await, "INACTIVE");
    assert_eq!(
        harness.send("POST", ACCOUNTS, Some(import)).await.status,
        201
    );
    let enabled = harness
        .send("PATCH", &enable, Some(json!({"enabled": true})))
        .await;
    assert_eq!(enabled.status, 200);
    assert_eq!(listed(&harness.revoke(&active).await).len(), 2);
    assert_eq!(harness.switch_config(&config, "enabled").await.status, 400);
}

#[tokio::test]
async fn a_revoke_under_way_ends_although_the_auth_config_goes_off() {
    let harness = Harness::start().await;
    harness
        .answer(REVOKE, ok().set_delay(Duration::from_millis(200)))
        .await;
    let config = harness.auth_config("rfc7009", "c").await;
    let account = harness.import_into(&config, both()).await;
    let switch = async {
        until_arrived(&harness, REVOKE).await;
        harness.switch_config(&config, "DISABLED").await.status
    };
    let (revoked, switched) = tokio::join!(harness.revoke(&account), switch);
    assert_eq!((listed(&revoked).len(), switched), (2, 200));
    assert_eq!(harness.status(&account).await, "REVOKED");
}

#[tokio::test]
async fn one_that_is_deleted_takes_its_accounts_along_and_dispatches_nothing() {
    let harness = Harness::start().await;
    harness.answer(REVOKE, ok()).await;
    let config = harness.auth_config("rfc7009", "c").await;
    let account = harness.import_into(&config, both()).await;
    let elsewhere = harness.account_with_both("rfc7009").await;
    let target = format!("{CONFIGS}/{config}");
    let deleted = harness.send("DELETE", &target, None).await;
    assert_eq!(
        (deleted.status, deleted.body),
        (200, json!({"success": true}))
    );
    let path = format!("{ACCOUNTS}/{account}");
    for (method, target, body) in [
        ("GET", target.clone(), None),
        ("DELETE", target.clone(), None),
        ("PATCH", format!("{target}/ENABLED"), None),
        ("GET", path.clone(), None),
        ("POST", format!("{path}/revoke"), None),
        ("POST", format!("{path}/refresh"), None),
        (
            "PATCH",
            format!("{path}/status"),
            Some(json!({"enabled": true})),
        ),
        ("DELETE", format!("{path}?revoke_on_delete=true"), None),
    ] {
        let answer = harness.send(method, &target, body).await;
        assert_eq!(answer.status, 404, "{method} {target}");
    }
    let import = import_body(&config, "OAUTH2", json!({"status": "ACTIVE"}));
    assert_eq!(
        harness.send("POST", ACCOUNTS, Some(import)).await.status,
        400
    );
    let list = harness.send("GET", ACCOUNTS, None).await;
    assert_eq!(list.body["total_items"], 1);
    assert_eq!(harness.journal().await, Vec::<String>::new());
    assert_eq!(listed(&harness.revoke(&elsewhere).await).len(), 2);
}
