//! Faults: what an endpoint answers while it is made to fail, and that it does nothing else.

use rescind_model::vocabulary::Endpoint;
use rescind_provider::Outcome;
use rescind_provider::journal::Presented;
use serde_json::{Value, json};

use crate::support::{Ask, World, access, refresh};

const UNAVAILABLE: &str = r#"{"error":"temporarily_unavailable"}"#;

async fn set(world: &World, fault: &Value) {
    let answer = world.send(Ask::post("/_rescind/faults").json(fault)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["matched"], 0);
}

fn revoke(world: &World, token: &str) -> Ask {
    Ask::post("/oauth2/revoke")
        .basic(&world.ada.client)
        .form(&[("token", token)])
}

/// The statuses that a series of requests meets.
async fn check(world: &World, asks: &[Ask], statuses: &[u16]) {
    let mut met = Vec::new();
    for ask in asks {
        met.push(world.send(ask.clone()).await.status);
    }
    assert_eq!(met, statuses);
}

#[tokio::test]
async fn a_faulted_request_changes_nothing_and_is_told_apart() {
    let world = World::start("rfc7009").await;
    set(
        &world,
        &json!({ "endpoint": "revocation", "answer": { "status": 503 } }),
    )
    .await;
    let answer = world.send(revoke(&world, refresh(&world.ada))).await;
    assert_eq!((answer.status, answer.body.as_str()), (503, UNAVAILABLE));
    assert_eq!(world.noteworthy(), [""; 0]);
    let entry = world.last_entry();
    assert_eq!((entry.outcome, entry.status), (Outcome::Fault, 503));
    assert!(!entry.acknowledged && entry.killed.is_empty() && entry.is_dispatch());
    assert_eq!(entry.endpoint, Some(Endpoint::Revocation));
    assert!(matches!(entry.presented, Presented::Token(token) if token.grant == world.ada.grant));
}

#[tokio::test]
async fn a_faulted_refresh_mints_nothing_and_rotates_nothing() {
    let world = World::start("rfc7009").await;
    set(
        &world,
        &json!({ "endpoint": "token", "answer": { "status": 500 } }),
    )
    .await;
    let ask = Ask::post("/oauth2/token").basic(&world.ada.client).form(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh(&world.ada)),
    ]);
    check(&world, &[ask.clone(), ask.clone()], &[500, 500]).await;
    assert_eq!(world.noteworthy(), [""; 0]);
    assert_eq!(world.last_entry().minted, []);
    world.send(Ask::new("DELETE", "/_rescind/faults")).await;
    check(&world, &[ask], &[200]).await;
}

#[tokio::test]
async fn a_fault_lasts_until_it_is_ended() {
    let world = World::start("rfc7009").await;
    set(
        &world,
        &json!({ "endpoint": "resource", "answer": { "status": 502 } }),
    )
    .await;
    let ask = || Ask::get("/userinfo").bearer(access(&world.ada));
    check(&world, &[ask(), ask(), ask()], &[502, 502, 502]).await;
    let answer = world.send(Ask::new("DELETE", "/_rescind/faults")).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "ended": 1 })));
    check(&world, &[ask()], &[200]).await;
}

#[tokio::test]
async fn a_fault_is_for_its_endpoint_only() {
    let world = World::start("rfc7009").await;
    set(
        &world,
        &json!({ "endpoint": "introspection", "answer": { "status": 500 } }),
    )
    .await;
    let asks = [
        Ask::get("/userinfo").bearer(access(&world.ada)),
        revoke(&world, access(&world.twin)),
        Ask::post("/elsewhere"),
        Ask::post("/oauth2/introspect"),
    ];
    check(&world, &asks, &[200, 200, 404, 500]).await;
}

#[tokio::test]
async fn the_nth_request_fails_and_no_other() {
    let world = World::start("rfc7009").await;
    // A request before the fault is set does not count.
    check(&world, &[revoke(&world, access(&world.rival))], &[400]).await;
    set(
        &world,
        &json!({ "endpoint": "revocation", "nth": 2, "answer": { "status": 500 } }),
    )
    .await;
    let asks = [&world.ada, &world.twin, &world.twin].map(|minted| revoke(&world, access(minted)));
    check(&world, &asks[..2], &[200, 500]).await;
    assert_eq!(world.noteworthy(), ["ada access dead"]);
    check(&world, &asks[2..], &[200]).await;
    assert_eq!(world.noteworthy(), ["ada access dead", "twin access dead"]);
}

#[tokio::test]
async fn a_fault_with_a_subject_counts_only_requests_that_name_it() {
    let world = World::start("rfc7009").await;
    let fault = json!({ "endpoint": "revocation", "subject": "refresh_token", "nth": 2, "answer": { "status": 429 } });
    set(&world, &fault).await;
    let asks = [
        revoke(&world, access(&world.ada)),
        revoke(&world, refresh(&world.ada)),
        revoke(&world, "never-issued"),
        revoke(&world, access(&world.twin)),
        revoke(&world, refresh(&world.twin)),
        revoke(&world, refresh(&world.twin)),
    ];
    check(&world, &asks, &[200, 200, 200, 200, 429, 200]).await;
}

#[tokio::test]
async fn of_two_faults_the_first_answers_and_both_count() {
    let world = World::start("rfc7009").await;
    set(
        &world,
        &json!({ "endpoint": "resource", "nth": 1, "answer": { "status": 500 } }),
    )
    .await;
    set(
        &world,
        &json!({ "endpoint": "resource", "nth": 2, "answer": { "status": 503 } }),
    )
    .await;
    let ask = || Ask::get("/userinfo").bearer(access(&world.ada));
    check(&world, &[ask(), ask(), ask()], &[500, 503, 200]).await;
}

#[tokio::test]
async fn a_fault_answers_whatever_the_request_is() {
    let world = World::start("rfc7009").await;
    set(
        &world,
        &json!({ "endpoint": "revocation", "answer": { "status": 503 } }),
    )
    .await;
    let asks = [
        Ask::get("/oauth2/revoke"),
        Ask::post("/oauth2/revoke"),
        revoke(&world, access(&world.ada)).query(&[("token", "x")]),
    ];
    check(&world, &asks, &[503, 503, 503]).await;
}

#[tokio::test]
async fn a_fault_may_answer_any_final_status() {
    let world = World::start("rfc7009").await;
    for status in [200, 204, 302, 304, 400, 599] {
        set(
            &world,
            &json!({ "endpoint": "resource", "nth": 1, "answer": { "status": status } }),
        )
        .await;
        check(&world, &[Ask::get("/userinfo")], &[status]).await;
        world.send(Ask::new("DELETE", "/_rescind/faults")).await;
    }
}

#[tokio::test]
async fn a_fault_that_could_not_be_met_as_it_says_is_a_mistake() {
    let world = World::start("rfc7009").await;
    for fault in [
        json!({ "endpoint": "resource", "answer": { "status": 0 } }),
        json!({ "endpoint": "resource", "answer": { "status": 99 } }),
        // An interim answer is no answer: the server would turn it into a 500.
        json!({ "endpoint": "resource", "answer": { "status": 100 } }),
        json!({ "endpoint": "resource", "answer": { "status": 199 } }),
        json!({ "endpoint": "resource", "answer": { "status": 600 } }),
        // Counted from 1: it would never be met.
        json!({ "endpoint": "resource", "nth": 0, "answer": { "status": 500 } }),
        json!({ "endpoint": "resource", "nth": 0, "answer": { "status": 600 } }),
        json!({ "endpoint": "resource" }),
        json!({ "endpoint": "resource", "hang": {}, "noop": {} }),
        json!({ "endpoint": "resource", "hang": { "status": 503 } }),
        json!({ "endpoint": "resource", "answer": { "status": 500, "retry_after": 1 } }),
        json!({ "endpoint": "resource", "answer": { "status": 200, "echo": true } }),
        json!({ "endpoint": "resource", "redirect": { "to": "same_origin", "status": 503 } }),
        json!({ "endpoint": "resource", "redirect": { "to": "other_origin", "echo": true } }),
    ] {
        let answer = world.send(Ask::post("/_rescind/faults").json(&fault)).await;
        assert_eq!(answer.status, 400, "{fault}");
        let error = &answer.json()["error"];
        for told in ["message", "hint"] {
            assert!(!error[told].as_str().unwrap().is_empty(), "{fault}");
        }
        check(&world, &[Ask::get("/userinfo")], &[401]).await;
    }
}
