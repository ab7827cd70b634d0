//! What accounts hold, scheme by scheme, and how they are shown.

use serde_json::{Value, json};

use crate::support::{Answer, Harness, both, import_body, listed, ok};

const ACCOUNTS: &str = "/api/v3.1/connected_accounts";
const REVOKE: &str = "/oauth2/revoke";

async fn config_of(harness: &Harness, auth_scheme: &str) -> String {
    let credentials = json!({"client_id": "c", "base_url": harness.provider.uri()});
    let body = json!({
        "toolkit": {"slug": "rfc7009"},
        "auth_config": {
            "type": "use_custom_auth",
            "authScheme": auth_scheme,
            "credentials": credentials,
        },
    });
    let answer = harness
        .send("POST", "/api/v3.1/auth_configs", Some(body))
        .await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.body["auth_config"]["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn import(harness: &Harness, config: &str, auth_scheme: &str, val: Value) -> Answer {
    let body = import_body(config, auth_scheme, val);
    harness.send("POST", ACCOUNTS, Some(body)).await
}

#[tokio::test]
async fn nothing_of_another_scheme_is_dispatched_whatever_it_holds() {
    let harness = Harness::start().await;
    harness.answer(REVOKE, ok()).await;
    harness.answer("/oauth2/token", ok()).await;
    for auth_scheme in [
        "OAUTH1",
        "API_KEY",
        "BASIC",
        "BEARER_TOKEN",
        "NO_AUTH",
        "S2S_OAUTH2",
        "DCR_OAUTH",
    ] {
        let config = config_of(&harness, auth_scheme).await;
        let val = json!({
            "status": "ACTIVE",
            "access_token": "hidden-1",
            "refresh_token": "hidden-2",
            "generic_api_key": "hidden-3",
            "password": "hidden-4",
        });
        let imported = import(&harness, &config, auth_scheme, val).await;
        assert_eq!(imported.status, 201, "{imported:?}");
        let shown = json!({"authScheme": auth_scheme, "val": {"status": "ACTIVE"}});
        assert_eq!(imported.body["connectionData"], shown);
        assert_eq!(imported.body["redirect_url"], Value::Null);
        let id = imported.body["id"].as_str().unwrap();
        let revoked = harness.revoke(id).await;
        assert_eq!(revoked.status, 400, "{auth_scheme}");
        assert_eq!(harness.refresh(id).await.status, 400, "{auth_scheme}");
        let read = harness.read(id).await;
        assert_eq!(
            (&read.body["status"], &read.body["state"]),
            (&json!("ACTIVE"), &shown)
        );
        for text in [imported.text, revoked.text, read.text] {
            assert!(!text.contains("hidden"), "{text}");
        }
        let deleted = harness
            .send(
                "DELETE",
                &format!("{ACCOUNTS}/{id}?revoke_on_delete=true"),
                None,
            )
            .await;
        assert_eq!(deleted.body, json!({"success": true}));
    }
    assert_eq!(harness.journal().await, Vec::<String>::new());
    // The positive control: OAUTH2, by the same way, is dispatched.
    let config = config_of(&harness, "OAUTH2").await;
    let mut val = both();
    val["status"] = "ACTIVE".into();
    let imported = import(&harness, &config, "OAUTH2", val).await;
    let id = imported.body["id"].as_str().unwrap();
    assert_eq!(listed(&harness.revoke(id).await).len(), 2);
}

#[tokio::test]
async fn the_scheme_of_an_import_is_that_of_its_auth_config() {
    let harness = Harness::start().await;
    let config = config_of(&harness, "API_KEY").await;
    let answer = import(&harness, &config, "OAUTH2", json!({"status": "ACTIVE"})).await;
    assert_eq!(answer.status, 400);
    for val in [json!({}), json!({"status": "active"}), json!({"status": 1})] {
        let answer = import(&harness, &config, "API_KEY", val).await;
        assert_eq!(answer.status, 400);
    }
}

#[tokio::test]
async fn an_account_is_read_with_every_published_member() {
    let harness = Harness::start().await;
    harness.answer(REVOKE, ok()).await;
    let config = harness.auth_config("rfc7009", "c").await;
    let mut val = both();
    val["status"] = "ACTIVE".into();
    let mut body = import_body(&config, "OAUTH2", val);
    body["connection"]["alias"] = "work".into();
    let imported = harness.send("POST", ACCOUNTS, Some(body)).await;
    let id = imported.body["id"].as_str().unwrap();
    let moments = |answer: &Answer| {
        let moment = |name: &str| answer.body[name].as_str().unwrap().to_owned();
        (moment("created_at"), moment("updated_at"))
    };
    let active = harness.read(id).await;
    let (created_at, updated_at) = moments(&active);
    assert_eq!((created_at.len(), &created_at), (24, &updated_at));
    let mut expected = json!({
        "id": id,
        "toolkit": {"slug": "rfc7009"},
        "auth_config": {
            "id": config,
            "auth_scheme": "OAUTH2",
            "is_composio_managed": false,
            "is_disabled": false,
        },
        "user_id": "u1",
        "status": "ACTIVE",
        "status_reason": null,
        "is_disabled": false,
        "alias": "work",
        "word_id": null,
        "created_at": created_at,
        "updated_at": updated_at,
        "state": {"authScheme": "OAUTH2", "val": {"status": "ACTIVE"}},
        "data": {},
        "params": {},
    });
    assert_eq!(active.body, expected);
    harness.revoke(id).await;
    let revoked = harness.read(id).await;
    let (_, updated_at) = moments(&revoked);
    expected["status"] = "REVOKED".into();
    expected["status_reason"] = "Revoked via user-initiated revoke endpoint".into();
    expected["state"]["val"] = json!({"status": "REVOKED", "revoked_at": updated_at});
    expected["updated_at"] = updated_at.into();
    assert_eq!(revoked.body, expected);
}

#[tokio::test]
async fn one_that_is_imported_as_revoked_says_so() {
    let harness = Harness::start().await;
    let id = harness
        .account("rfc7009", json!({"status": "REVOKED"}))
        .await;
    let read = harness.read(&id).await;
    assert_eq!(read.body["status_reason"], "Imported as revoked");
    assert_eq!(read.body["state"]["val"], json!({"status": "REVOKED"}));
}
