//! A revoke that was interrupted is continued from its record: by a repeated call, and by the next
//! start. What a dead process leaves behind is written into the database here; that real ones
//! leave just that is shown with the whole program.

use std::path::Path;
use std::time::{Duration, SystemTime};

use rescind_service::Database;
use rusqlite::Connection;
use serde_json::json;
use wiremock::MockServer;

use crate::support::{
    ACCESS, Harness, REFRESH, error, listed, ok, start_service, until_arrived, until_status,
};

const REVOKE: &str = "/oauth2/revoke";
const ACCESS_DISPATCH: (&str, &str) = ("revoke", "access_token");

/// A service on a file, and an account of it.
struct Left {
    folder: tempfile::TempDir,
    harness: Harness,
    id: String,
}

impl Left {
    async fn with(toolkit: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let harness = Harness::on_file(&folder.path().join("service.db")).await;
        let id = harness.account_with_both(toolkit).await;
        Self {
            folder,
            harness,
            id,
        }
    }

    fn file(&self) -> &Path {
        self.folder.path()
    }

    /// A process claimed the account for a revoke, recorded one dispatch, and died.
    fn interrupt(&self, (route, carries): (&str, &str), state: &str, until: i64) {
        let connection = Connection::open(self.file().join("service.db")).unwrap();
        connection
            .execute(
                "UPDATE connected_accounts
                 SET claim_kind = 'revoke', claim_until = ?, version = version + 1 WHERE id = ?",
                (until, &self.id),
            )
            .unwrap();
        connection
            .execute(
                "INSERT INTO dispatches SELECT id, ?, ?, ?, version, ?, 0, 0, NULL
                 FROM connected_accounts WHERE id = ?",
                (route, carries, carries, state, &self.id),
            )
            .unwrap();
    }

    /// Another process took the account over, and has revoked it.
    fn take_over(&self) {
        Connection::open(self.file().join("service.db"))
            .unwrap()
            .execute(
                "UPDATE connected_accounts SET status = 'REVOKED', claim_kind = NULL,
                 claim_until = NULL, version = version + 1 WHERE id = ?",
                [&self.id],
            )
            .unwrap();
    }

    fn records(&self) -> i64 {
        Connection::open(self.file().join("service.db"))
            .unwrap()
            .query_row("SELECT count(*) FROM dispatches", [], |row| row.get(0))
            .unwrap()
    }

    /// The same file in another process's hands, which begins by recovering.
    async fn restart(&mut self) {
        let database = Database::File(self.file().join("service.db"));
        let other = MockServer::start().await;
        let next = Harness::around(start_service(database, None).await, other);
        let Harness {
            service, provider, ..
        } = std::mem::replace(&mut self.harness, next);
        self.harness.provider = provider;
        service.shutdown().await.unwrap();
    }
}

fn dispatch(token: &str, hint: &str) -> String {
    format!("POST {REVOKE} [token={token} token_type_hint={hint}] Basic")
}

fn now() -> i64 {
    #[allow(
        clippy::disallowed_methods,
        reason = "leases are compared with the wall clock"
    )]
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    i64::try_from(since_epoch.unwrap().as_millis()).unwrap()
}

#[tokio::test]
async fn what_was_acknowledged_is_not_dispatched_again_and_not_listed_again() {
    let left = Left::with("rfc7009").await;
    left.harness.answer(REVOKE, ok()).await;
    left.interrupt(ACCESS_DISPATCH, "acknowledged", 0);
    let answer = left.harness.revoke(&left.id).await;
    assert_eq!(listed(&answer), ["refresh_token"]);
    assert_eq!(
        left.harness.journal().await,
        [dispatch(REFRESH, "refresh_token")]
    );
    assert_eq!(left.records(), 0);
}

#[tokio::test]
async fn where_one_call_ended_everything_nothing_is_left_to_do() {
    let left = Left::with("google").await;
    left.interrupt(("revoke", "refresh_token"), "acknowledged", 0);
    assert!(listed(&left.harness.revoke(&left.id).await).is_empty());
    assert!(left.harness.journal().await.is_empty());
}

#[tokio::test]
async fn what_was_intended_is_dispatched_again_and_dead_means_that_it_arrived() {
    for (state, status) in [("intended", 200), ("unanswered", 200), ("refused", 500)] {
        let left = Left::with("externally-revoked").await;
        let hint = "token_type_hint=access_token";
        left.harness
            .answer_if(REVOKE, hint, error(400, "invalid_token"))
            .await;
        left.harness
            .answer(REVOKE, error(400, "unsupported_token_type"))
            .await;
        left.interrupt(ACCESS_DISPATCH, state, 0);
        let answer = left.harness.revoke(&left.id).await;
        assert_eq!(answer.status, status, "{state}");
        if status == 200 {
            assert!(listed(&answer).is_empty());
        }
        assert_eq!(
            left.harness.journal().await,
            [
                dispatch(ACCESS, "access_token"),
                dispatch(REFRESH, "refresh_token")
            ]
        );
    }
}

#[tokio::test]
async fn a_record_is_about_the_tokens_that_were_held_then() {
    let left = Left::with("rfc7009").await;
    let fresh = json!({"access_token": "a2", "refresh_token": "r2"});
    left.harness
        .answer("/oauth2/token", ok().set_body_json(fresh))
        .await;
    left.harness.answer(REVOKE, ok()).await;
    left.interrupt(ACCESS_DISPATCH, "acknowledged", 0);
    assert_eq!(left.harness.refresh(&left.id).await.status, 200);
    let answer = left.harness.revoke(&left.id).await;
    assert_eq!(listed(&answer), ["access_token", "refresh_token"]);
    assert_eq!(
        left.harness.journal().await[1..],
        [
            dispatch("a2", "access_token"),
            dispatch("r2", "refresh_token")
        ]
    );
}

#[tokio::test]
async fn a_start_finishes_what_was_interrupted() {
    let mut left = Left::with("rfc7009").await;
    left.harness.answer(REVOKE, ok()).await;
    left.interrupt(ACCESS_DISPATCH, "acknowledged", 0);
    left.restart().await;
    until_status(&left.harness, &left.id, "REVOKED").await;
    assert_eq!(
        left.harness.journal().await,
        [dispatch(REFRESH, "refresh_token")]
    );
    assert!(listed(&left.harness.revoke(&left.id).await).is_empty());
}

#[tokio::test]
async fn a_start_waits_until_nobody_can_be_at_it_any_more() {
    let mut left = Left::with("rfc7009").await;
    left.harness.answer(REVOKE, ok()).await;
    let until = now() + 1_000;
    left.interrupt(ACCESS_DISPATCH, "intended", until);
    left.restart().await;
    until_status(&left.harness, &left.id, "REVOKED").await;
    assert!(now() >= until);
    assert_eq!(left.harness.journal().await.len(), 2);
}

#[tokio::test]
async fn a_stop_during_a_dispatch_of_the_recovery_finishes_it() {
    let mut left = Left::with("rfc7009").await;
    let slow = ok().set_delay(Duration::from_millis(300));
    left.harness.answer(REVOKE, slow).await;
    left.interrupt(ACCESS_DISPATCH, "acknowledged", 0);
    left.restart().await;
    until_arrived(&left.harness, REVOKE).await;
    left.restart().await;
    assert_eq!(left.harness.status(&left.id).await, "REVOKED");
    assert_eq!(left.harness.journal().await.len(), 1);
}

#[tokio::test]
async fn a_stop_does_not_wait_for_what_recovery_waits_for() {
    let mut left = Left::with("rfc7009").await;
    let an_hour = i64::try_from(Duration::from_hours(1).as_millis()).unwrap();
    left.interrupt(ACCESS_DISPATCH, "intended", now() + an_hour);
    left.restart().await;
    left.restart().await;
    assert!(left.harness.journal().await.is_empty());
}

#[tokio::test]
async fn whoever_loses_its_claim_answers_what_became_of_the_account() {
    let left = Left::with("rfc7009").await;
    let slow = ok().set_delay(Duration::from_millis(200));
    left.harness.answer(REVOKE, slow).await;
    let (answer, ()) = tokio::join!(left.harness.revoke(&left.id), async {
        until_arrived(&left.harness, REVOKE).await;
        left.take_over();
    });
    assert_eq!(listed(&answer), [] as [&str; 0]);
    // The second dispatch is not this call's to make any more.
    assert_eq!(left.harness.journal().await.len(), 1);
}
