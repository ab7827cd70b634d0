//! Connections that are closed, reset or kept open in place of an answer.

use std::time::Duration;

use rescind_provider::Outcome;
use serde_json::{Value, json};

use super::{End, Line, NOTHING, REVOKED, ada_revokes, fail, send, settled};
use crate::support::{World, access};

/// The newest entry is that of a revocation that nobody heard of, and that took effect or not.
fn check_unheard(world: &World, kind: &str, took_effect: bool) {
    let entry = world.last_entry();
    assert_eq!(entry.faults, [kind]);
    assert_eq!(
        (entry.status, entry.acknowledged, entry.retry_after),
        (0, false, None)
    );
    assert_eq!(entry.answer_in_words(), "never answered");
    assert!(entry.is_dispatch());
    if took_effect {
        assert_eq!(entry.outcome, Outcome::Done);
        assert_eq!(entry.killed.len(), 1);
        assert_eq!(world.noteworthy(), ["ada access dead"]);
    } else {
        assert_eq!(entry.outcome, Outcome::Fault);
        assert!(entry.killed.is_empty());
        assert_eq!(world.noteworthy(), NOTHING);
    }
}

/// Each side of the effect, as it is stated.
const SIDES: [(&str, bool); 2] = [("before_effect", false), ("after_effect", true)];

fn stated(kind: &str, when: &str) -> Value {
    json!({ "endpoint": "revocation", "nth": 1, kind: { "when": when } })
}

async fn check(kind: &str, end: End) {
    for (when, took_effect) in SIDES {
        let world = World::start("rfc7009").await;
        fail(&world, &stated(kind, when));
        let request = ada_revokes(&world);
        assert_eq!(send(&world, &request).await, (String::new(), end), "{when}");
        check_unheard(&world, kind, took_effect);
        // Whoever asks again is answered, over a connection of his own.
        let mut line = Line::sending(&world, &request).await;
        assert_eq!(line.answer().await, REVOKED);
        assert_eq!(world.noteworthy(), ["ada access dead"]);
    }
}

#[tokio::test]
async fn a_connection_that_is_dropped_is_closed_without_a_byte() {
    check("drop", End::Closed).await;
}

#[tokio::test]
async fn a_connection_that_is_reset_ends_by_a_reset_without_a_byte() {
    check("reset", End::Reset).await;
}

#[tokio::test]
async fn a_connection_that_hangs_stays_open_without_a_byte() {
    for (when, took_effect) in SIDES {
        let world = World::start("rfc7009").await;
        fail(&world, &stated("hang", when));
        let line = Line::sending(&world, &ada_revokes(&world)).await;
        settled(&world, 1).await;
        check_unheard(&world, "hang", took_effect);
        assert!(line.is_silent(), "{when}");
    }
}

#[tokio::test]
async fn nothing_is_closed_before_its_request_has_come_whole() {
    let world = World::start("rfc7009").await;
    fail(&world, &stated("drop", "before_effect"));
    let request = ada_revokes(&world);
    let (most, last) = request.split_at(request.len() - 1);
    let mut line = Line::sending(&world, most).await;
    settled(&world, 0).await;
    assert!(line.is_silent());
    line.send(last).await;
    assert_eq!(line.rest().await, (String::new(), End::Closed));
}

#[tokio::test]
async fn an_answer_that_went_before_on_the_same_connection_has_gone_whole() {
    for (kind, end) in [("drop", End::Closed), ("reset", End::Reset)] {
        let world = World::start("rfc7009").await;
        let fault = json!({ "endpoint": "revocation", "nth": 2, kind: {} });
        fail(&world, &fault);
        let mut line = Line::sending(&world, &ada_revokes(&world)).await;
        assert_eq!(line.answer().await, REVOKED);
        line.send(&super::revocation(&world.twin.client, access(&world.twin)))
            .await;
        assert_eq!(line.rest().await, (String::new(), end), "{kind}");
        assert_eq!(world.noteworthy(), ["ada access dead"]);
    }
}

#[tokio::test]
async fn of_requests_that_come_at_once_those_before_are_answered_and_those_after_are_not_heard() {
    let world = World::start("rfc7009").await;
    let fault = json!({ "endpoint": "revocation", "nth": 2, "drop": { "when": "after_effect" } });
    fail(&world, &fault);
    let requests = [&world.ada, &world.twin, &world.rival]
        .map(|minted| super::revocation(&minted.client, access(minted)));
    let mut line = Line::sending(&world, &requests.concat()).await;
    assert_eq!(line.answer().await, REVOKED);
    // Closed, and not reset, although the third request was never read.
    assert_eq!(line.rest().await, (String::new(), End::Closed));
    assert_eq!(world.noteworthy(), ["ada access dead", "twin access dead"]);
    assert_eq!(world.tenant.lock().journal().received(), 2);
}

#[tokio::test]
async fn a_stop_waits_for_none_of_them() {
    for kind in ["hang", "drop"] {
        let world = World::start("rfc7009").await;
        fail(&world, &stated(kind, "before_effect"));
        let mut line = Line::sending(&world, &ada_revokes(&world)).await;
        settled(&world, 1).await;
        // The clock stands still as long as anything can run: a stop that waits lets it move on.
        tokio::time::pause();
        let stop = world.provider.stop();
        let stopped = tokio::time::timeout(Duration::from_nanos(1), stop).await;
        assert!(stopped.is_ok(), "the stop waited for `{kind}`");
        assert_eq!(line.rest().await.0, "");
        tokio::time::resume();
    }
}
