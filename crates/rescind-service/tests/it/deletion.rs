//! Deletion that revokes: gone at once, dead soon, and written down in between.

use std::path::Path;
use std::time::Duration;

use rescind_service::Database;
use rusqlite::Connection;
use serde_json::json;
use wiremock::{MockServer, ResponseTemplate};

use crate::support::until_arrived;
use crate::support::{Answer, Harness, both, ok, start_service};

const REVOKE: &str = "/oauth2/revoke";
const ACCOUNTS: &str = "/api/v3.1/connected_accounts";

async fn delete_and_revoke(harness: &Harness, id: &str) -> Answer {
    let target = format!("{ACCOUNTS}/{id}?revoke_on_delete=true");
    harness.send("DELETE", &target, None).await
}

fn job_id(answer: &Answer) -> &str {
    assert_eq!(
        (answer.status, &answer.body["success"]),
        (200, &json!(true))
    );
    let job = answer.body["revoke_job_id"].as_str().unwrap();
    assert!(job.starts_with("pj_") && job.len() == 15, "{job}");
    job
}

/// The account's status, whether it holds a token, and the state of its job.
fn stored(file: &Path, id: &str) -> (String, bool, String) {
    let connection = Connection::open(file).unwrap();
    connection
        .query_row(
            "SELECT status, access_token IS NOT NULL OR refresh_token IS NOT NULL, state
             FROM connected_accounts JOIN revoke_jobs ON account_id = connected_accounts.id
             WHERE connected_accounts.id = ?",
            [id],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap()
}

#[tokio::test]
async fn it_is_gone_at_once_and_a_stop_finishes_the_revoke() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("service.db");
    let harness = Harness::on_file(&file).await;
    harness
        .answer(REVOKE, ok().set_delay(Duration::from_millis(200)))
        .await;
    let id = harness.account_with_both("rfc7009").await;
    let answer = delete_and_revoke(&harness, &id).await;
    job_id(&answer);
    let path = format!("{ACCOUNTS}/{id}");
    for (method, target, body) in [
        ("GET", path.clone(), None),
        ("POST", format!("{path}/revoke"), None),
        ("POST", format!("{path}/refresh"), None),
        (
            "PATCH",
            format!("{path}/status"),
            Some(json!({"enabled": false})),
        ),
        ("DELETE", path.clone(), None),
        ("DELETE", format!("{path}?revoke_on_delete=true"), None),
    ] {
        let answer = harness.send(method, &target, body).await;
        assert_eq!(answer.status, 404, "{method} {target}");
    }
    let list = harness.send("GET", ACCOUNTS, None).await;
    assert_eq!(list.body["total_items"], 0);
    let Harness {
        service, provider, ..
    } = harness;
    service.shutdown().await.unwrap();
    assert_eq!(provider.received_requests().await.unwrap().len(), 2);
    let expected = ("REVOKED".to_owned(), false, "done".to_owned());
    assert_eq!(stored(&file, &id), expected);
}

#[tokio::test]
async fn a_job_that_was_left_behind_is_taken_up_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("service.db");
    let harness = Harness::on_file(&file).await;
    harness.answer(REVOKE, ok()).await;
    let id = harness.account_with_both("rfc7009").await;
    let Harness {
        service, provider, ..
    } = harness;
    service.shutdown().await.unwrap();
    // What a process leaves behind that dies right after it answered.
    let connection = Connection::open(&file).unwrap();
    let changed = connection.execute("UPDATE connected_accounts SET hidden_at = 1", []);
    assert_eq!(changed.unwrap(), 1);
    connection
        .execute(
            "INSERT INTO revoke_jobs (id, account_id, state, created_at)
             VALUES ('pj_1', ?, 'pending', 1)",
            [&id],
        )
        .unwrap();
    drop(connection);
    let service = start_service(Database::File(file.clone()), None).await;
    let harness = Harness::around(service, provider);
    assert_eq!(harness.read(&id).await.status, 404);
    until_arrived(&harness, REVOKE).await;
    let Harness {
        service, provider, ..
    } = harness;
    service.shutdown().await.unwrap();
    assert_eq!(provider.received_requests().await.unwrap().len(), 2);
    let expected = ("REVOKED".to_owned(), false, "done".to_owned());
    assert_eq!(stored(&file, &id), expected);
    // And not again at the one after.
    let service = start_service(Database::File(file.clone()), None).await;
    service.shutdown().await.unwrap();
    assert_eq!(provider.received_requests().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_provider_that_refuses_leaves_a_deleted_account_without_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("service.db");
    let harness = Harness::on_file(&file).await;
    harness.answer(REVOKE, ResponseTemplate::new(400)).await;
    let id = harness.account_with_both("rfc7009").await;
    job_id(&delete_and_revoke(&harness, &id).await);
    assert_eq!(harness.read(&id).await.status, 404);
    harness.service.shutdown().await.unwrap();
    let expected = ("ACTIVE".to_owned(), false, "failed".to_owned());
    assert_eq!(stored(&file, &id), expected);
}

#[tokio::test]
async fn there_is_a_job_only_where_there_is_something_to_revoke() {
    let harness = Harness::start().await;
    harness.answer(REVOKE, ok()).await;
    let inactive = json!({"status": "INACTIVE", "access_token": "a"});
    let revoked = json!({"status": "REVOKED"});
    for (toolkit, val) in [
        ("no-revoke-route", both()),
        ("rfc7009", inactive),
        ("rfc7009", revoked),
        ("rfc7009", json!({})),
        ("access-only", json!({"refresh_token": "r"})),
    ] {
        let id = harness.account(toolkit, val).await;
        let answer = delete_and_revoke(&harness, &id).await;
        assert_eq!(
            (answer.status, answer.body),
            (200, json!({"success": true}))
        );
        assert_eq!(harness.read(&id).await.status, 404);
    }
    let unasked = harness.account_with_both("rfc7009").await;
    let target = format!("{ACCOUNTS}/{unasked}?revoke_on_delete=false");
    let answer = harness.send("DELETE", &target, None).await;
    assert_eq!(answer.body, json!({"success": true}));
    let unclear = harness.account_with_both("rfc7009").await;
    let target = format!("{ACCOUNTS}/{unclear}?revoke_on_delete=yes");
    assert_eq!(harness.send("DELETE", &target, None).await.status, 400);
    assert_eq!(harness.status(&unclear).await, "ACTIVE");
    assert_eq!(
        delete_and_revoke(&harness, "ca_AAAAAAAAAAAA").await.status,
        404
    );
    let Harness {
        service, provider, ..
    } = harness;
    service.shutdown().await.unwrap();
    assert_eq!(provider.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn tokens_that_a_refresh_brings_late_are_revoked_too() {
    let harness = Harness::start().await;
    let late = json!({"access_token": "late_a", "refresh_token": "late_r"});
    let answer = ok()
        .set_body_json(late)
        .set_delay(Duration::from_millis(300));
    harness.answer("/oauth2/token", answer).await;
    harness.answer(REVOKE, ok()).await;
    let id = harness.account_with_both("rfc7009").await;
    let deletion = async {
        until_arrived(&harness, "/oauth2/token").await;
        delete_and_revoke(&harness, &id).await
    };
    let (_, deleted) = tokio::join!(harness.refresh(&id), deletion);
    job_id(&deleted);
    let journal = harness.journal().await;
    for token in ["late_a", "late_r"] {
        let dispatched = journal
            .iter()
            .filter(|line| line.starts_with(&format!("POST {REVOKE}")) && line.contains(token));
        assert_eq!(dispatched.count(), 1, "{token}: {journal:?}");
    }
}

#[tokio::test]
async fn two_deletions_at_once_revoke_once() {
    let harness = Harness::start().await;
    harness.answer(REVOKE, ok()).await;
    let id = harness.account_with_both("rfc7009").await;
    let (one, other) = tokio::join!(
        delete_and_revoke(&harness, &id),
        delete_and_revoke(&harness, &id)
    );
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404]);
    let provider: MockServer = {
        let Harness {
            service, provider, ..
        } = harness;
        service.shutdown().await.unwrap();
        provider
    };
    assert_eq!(provider.received_requests().await.unwrap().len(), 2);
}
