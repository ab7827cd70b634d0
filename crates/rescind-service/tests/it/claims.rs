//! Calls at once: revoke beside revoke, in one process and in two, and revoke beside refresh.

use std::time::Duration;

use rescind_service::Database;
use serde_json::json;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{Answer, Harness, join_all, listed, ok, start_service, until_arrived};

const REVOKE: &str = "/oauth2/revoke";
const TOKEN: &str = "/oauth2/token";

/// One of the answers lists both, every other one nothing.
fn check_killed_once(answers: &[Answer]) {
    let mut lengths: Vec<usize> = answers.iter().map(|answer| listed(answer).len()).collect();
    lengths.sort_unstable();
    let mut expected = vec![0; answers.len() - 1];
    expected.push(2);
    assert_eq!(lengths, expected);
}

#[tokio::test]
async fn revokes_at_once_dispatch_once() {
    let harness = Harness::start().await;
    let slow = ok().set_delay(Duration::from_millis(100));
    harness.answer(REVOKE, slow).await;
    let id = harness.account_with_both("rfc7009").await;
    let (first, second, third) = tokio::join!(
        harness.revoke(&id),
        harness.revoke(&id),
        harness.revoke(&id)
    );
    check_killed_once(&[first, second, third]);
    assert_eq!(harness.journal().await.len(), 2);
}

#[tokio::test]
async fn revokes_at_once_in_two_services_on_one_file_dispatch_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("service.db");
    let one = Harness::on_file(&file).await;
    one.answer(REVOKE, ok().set_delay(Duration::from_millis(100)))
        .await;
    let other = Harness::around(
        start_service(Database::File(file), None).await,
        MockServer::start().await,
    );
    let id = one.account_with_both("rfc7009").await;
    let calls = (0..12).map(|number| {
        let harness = if number % 2 == 0 { &one } else { &other };
        harness.revoke(&id)
    });
    check_killed_once(&join_all(calls).await);
    assert_eq!(one.journal().await.len(), 2);
}

#[tokio::test]
async fn a_waiting_revoke_dispatches_itself_if_the_first_one_failed() {
    let harness = Harness::start().await;
    Mock::given(path(REVOKE))
        .respond_with(ResponseTemplate::new(500).set_delay(Duration::from_millis(100)))
        .up_to_n_times(4)
        .mount(&harness.provider)
        .await;
    harness.answer(REVOKE, ok()).await;
    let id = harness.account_with_both("rfc7009").await;
    let (first, second) = tokio::join!(harness.revoke(&id), harness.revoke(&id));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 500]);
    assert_eq!(harness.status(&id).await, "REVOKED");
}

#[tokio::test]
async fn a_client_that_goes_away_does_not_stop_the_revoke() {
    let harness = Harness::start().await;
    harness
        .answer(REVOKE, ok().set_delay(Duration::from_millis(300)))
        .await;
    let id = harness.account_with_both("rfc7009").await;
    let gave_up = tokio::time::timeout(Duration::from_millis(100), harness.revoke(&id)).await;
    assert!(gave_up.is_err());
    assert!(listed(&harness.revoke(&id).await).is_empty());
    assert_eq!(harness.journal().await.len(), 2);
}

async fn answer_refresh_late(harness: &Harness) {
    let late = json!({"access_token": "late_a", "refresh_token": "late_r"});
    let answer = ok()
        .set_body_json(late)
        .set_delay(Duration::from_millis(600));
    harness.answer(TOKEN, answer).await;
}

#[tokio::test]
async fn a_refresh_that_is_overtaken_by_a_revoke_revives_nothing_and_leaves_nothing_alive() {
    let harness = Harness::start().await;
    answer_refresh_late(&harness).await;
    harness.answer(REVOKE, ok()).await;
    let id = harness.account_with_both("rfc7009").await;
    let race = async {
        until_arrived(&harness, TOKEN).await;
        harness.revoke(&id).await
    };
    let (refreshed, revoked) = tokio::join!(harness.refresh(&id), race);
    assert_eq!(listed(&revoked).len(), 2);
    assert_eq!(refreshed.status, 409);
    assert_eq!(harness.status(&id).await, "REVOKED");
    let journal = harness.journal().await.join("\n");
    assert!(journal.contains("token=late_a") && journal.contains("token=late_r"));
}

#[tokio::test]
async fn a_refresh_that_is_overtaken_by_a_failed_revoke_is_not_lost() {
    let harness = Harness::start().await;
    answer_refresh_late(&harness).await;
    let failing = ResponseTemplate::new(500);
    Mock::given(path(REVOKE))
        .respond_with(failing)
        .up_to_n_times(4)
        .mount(&harness.provider)
        .await;
    harness.answer(REVOKE, ok()).await;
    let id = harness.account_with_both("rfc7009").await;
    let race = async {
        until_arrived(&harness, TOKEN).await;
        harness.revoke(&id).await
    };
    let (refreshed, revoked) = tokio::join!(harness.refresh(&id), race);
    assert_eq!((refreshed.status, revoked.status), (200, 500));
    harness.revoke(&id).await;
    assert!(harness.journal().await.join("\n").contains("token=late_r"));
}

#[tokio::test]
async fn a_refresh_whose_account_is_deleted_meanwhile_dispatches_nothing() {
    let harness = Harness::start().await;
    answer_refresh_late(&harness).await;
    let id = harness.account_with_both("rfc7009").await;
    let race = async {
        until_arrived(&harness, TOKEN).await;
        harness.delete(&id).await
    };
    let (refreshed, deleted) = tokio::join!(harness.refresh(&id), race);
    assert_eq!((refreshed.status, deleted.status), (404, 200));
    assert_eq!(harness.journal().await.len(), 1);
}

#[tokio::test]
async fn refreshes_at_once_take_turns() {
    let harness = Harness::start().await;
    let answer =
        |token: &str| ok().set_body_json(json!({"access_token": "a", "refresh_token": token}));
    harness
        .answer_if(TOKEN, "refresh_token=rt", answer("second"))
        .await;
    harness
        .answer_if(TOKEN, "refresh_token=second", answer("third"))
        .await;
    let id = harness.account_with_both("rfc7009").await;
    let (first, second) = tokio::join!(harness.refresh(&id), harness.refresh(&id));
    assert_eq!((first.status, second.status), (200, 200));
    assert!(harness.journal().await[1].contains("refresh_token=second"));
}

#[tokio::test]
async fn while_a_revoke_runs_nothing_else_touches_the_account() {
    let harness = Harness::start().await;
    harness
        .answer(REVOKE, ok().set_delay(Duration::from_millis(300)))
        .await;
    let id = harness.account_with_both("rfc7009").await;
    let target = format!("/api/v3.1/connected_accounts/{id}/status");
    let others = async {
        until_arrived(&harness, REVOKE).await;
        let switched = harness
            .send("PATCH", &target, Some(json!({"enabled": false})))
            .await;
        (harness.refresh(&id).await.status, switched.status)
    };
    let (revoked, statuses) = tokio::join!(harness.revoke(&id), others);
    assert_eq!(statuses, (409, 409));
    assert_eq!(listed(&revoked).len(), 2);
}

#[tokio::test]
async fn a_delete_during_a_revoke_disturbs_neither() {
    let harness = Harness::start().await;
    harness
        .answer(REVOKE, ok().set_delay(Duration::from_millis(200)))
        .await;
    let id = harness.account_with_both("rfc7009").await;
    let delete = async {
        until_arrived(&harness, REVOKE).await;
        harness.delete(&id).await
    };
    let (revoked, deleted) = tokio::join!(harness.revoke(&id), delete);
    assert_eq!(listed(&revoked).len(), 2);
    assert_eq!(deleted.status, 200);
    assert_eq!(harness.read(&id).await.status, 404);
}

#[tokio::test]
async fn a_stop_finishes_what_is_under_way() {
    let harness = Harness::start().await;
    harness
        .answer(REVOKE, ok().set_delay(Duration::from_millis(200)))
        .await;
    let id = harness.account_with_both("rfc7009").await;
    let url = format!(
        "http://{}/api/v3.1/connected_accounts/{id}/revoke",
        harness.service.local_addr()
    );
    let request = harness
        .client
        .post(url)
        .header("x-api-key", crate::support::API_KEY);
    let answer =
        tokio::spawn(async move { crate::support::read(request.send().await.unwrap()).await });
    until_arrived(&harness, REVOKE).await;
    harness.service.shutdown().await.unwrap();
    assert_eq!(listed(&answer.await.unwrap()).len(), 2);
}
