//! Ten minutes, for the whole of it. Nothing works in the background: whoever looks finds that it
//! has ended, and so does everybody after that.

use serde_json::{Value, json};

use super::{Browser, OnFile, TOKEN, link, tokens};
use crate::support::{Harness, both};

const REASON: &str = "The connect flow was not completed within ten minutes";

fn stored(on_file: &OnFile, account: &str) -> (String, String) {
    on_file
        .connection()
        .query_row(
            "SELECT connected_accounts.status, connect_flows.step FROM connected_accounts
             JOIN connect_flows ON account_id = connected_accounts.id
             WHERE connected_accounts.id = ?",
            [account],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap()
}

#[tokio::test]
async fn whoever_looks_finds_it_expired_and_stored_so() {
    let on_file = OnFile::start().await;
    let harness = &on_file.harness;
    for is_opened in [false, true] {
        for look in 0..5 {
            let link = link(harness).await;
            if is_opened {
                Browser::new().get(&on_file.here(&link.url)).await;
            }
            on_file.let_ten_minutes_pass();
            let id = &link.account;
            match look {
                0 => assert_eq!(harness.status(id).await, "EXPIRED"),
                1 => {
                    let list = format!(
                        "/api/v3.1/connected_accounts?statuses=EXPIRED&connected_account_ids={id}"
                    );
                    let list = harness.send("GET", &list, None).await;
                    assert_eq!(list.body["total_items"], 1);
                }
                2 => {
                    let page = Browser::new().get(&on_file.here(&link.url)).await;
                    assert_eq!((page.status, page.problem()), (410, "expired-link"));
                }
                3 => {
                    let answer = harness.revoke(id).await;
                    assert_eq!(answer.status, 409);
                    assert!(answer.text.contains("EXPIRED"));
                }
                _ => {
                    let callback = on_file.here("http://service.test/callback");
                    let page = Browser::new()
                        .get(&format!("{callback}?code=c&state=s"))
                        .await;
                    assert_eq!(page.status, 400);
                }
            }
            let expected = ("EXPIRED".to_owned(), "ended".to_owned());
            assert_eq!(stored(&on_file, id), expected);
            assert_eq!(super::reason(harness, id).await, REASON);
        }
    }
}

#[tokio::test]
async fn who_comes_back_too_late_connects_nothing() {
    let on_file = OnFile::start().await;
    on_file.harness.answer(TOKEN, tokens()).await;
    let opened = on_file.open().await;
    on_file.let_ten_minutes_pass();
    for back in [opened.consent.allowed(), opened.consent.denied()] {
        let page = opened.browser.get(&on_file.here(&back)).await;
        assert_eq!((page.status, page.problem()), (400, "nothing-waits"));
    }
    assert!(on_file.harness.requests().await.is_empty());
    assert_eq!(
        on_file.harness.status(&opened.link.account).await,
        "EXPIRED"
    );
}

#[tokio::test]
async fn what_has_ended_or_has_no_flow_does_not_expire() {
    let on_file = OnFile::start().await;
    let harness = &on_file.harness;
    harness.answer(TOKEN, tokens()).await;
    let connected = on_file.open().await;
    let back = on_file.here(&connected.consent.allowed());
    connected.browser.get(&back).await;
    let failed = on_file.open().await;
    let back = on_file.here(&failed.consent.denied());
    failed.browser.get(&back).await;
    let deleted = on_file.open().await;
    harness.delete(&deleted.link.account).await;
    let mut val = both();
    val["status"] = "INITIATED".into();
    let imported = harness.account("rfc7009", val).await;
    on_file.let_ten_minutes_pass();
    assert_eq!(harness.status(&connected.link.account).await, "ACTIVE");
    assert_eq!(harness.status(&failed.link.account).await, "FAILED");
    assert_eq!(harness.status(&imported).await, "INITIATED");
    assert_eq!(harness.status(&deleted.link.account).await, "gone");
    assert_eq!(
        super::reason(harness, &connected.link.account).await,
        Value::Null
    );
}

#[tokio::test]
async fn a_restart_in_between_disturbs_nothing() {
    let mut on_file = OnFile::start().await;
    on_file.harness.answer(TOKEN, tokens()).await;
    let link = link(&on_file.harness).await;
    on_file.restart().await;
    let browser = Browser::new();
    let consent = super::Consent::at(&browser.get(&on_file.here(&link.url)).await);
    on_file.restart().await;
    let page = browser.get(&on_file.here(&consent.allowed())).await;
    page.says("ACTIVE", &link.account);
    on_file.restart().await;
    assert_eq!(on_file.harness.status(&link.account).await, "ACTIVE");
    let again = browser.get(&on_file.here(&consent.allowed())).await;
    assert_eq!(again.problem(), "nothing-waits");
    let body = json!({"enabled": false});
    let target = format!("/api/v3.1/connected_accounts/{}/status", link.account);
    let harness: &Harness = &on_file.harness;
    assert_eq!(harness.send("PATCH", &target, Some(body)).await.status, 200);
}
