//! So many requests in a while, and no more until it has passed.

use rescind_provider::Outcome;
use serde_json::json;

use super::{NOTHING, fail};
use crate::support::{Ask, World, access, refresh};

/// A world whose clock moves when it is told to.
async fn standing_still() -> World {
    let world = World::start("rfc7009").await;
    let elapsed = world.tenant.elapsed();
    world.tenant.lock().clock_mut().freeze(elapsed);
    world
}

async fn show(world: &World) -> (u16, Option<String>) {
    let ask = Ask::get("/userinfo").bearer(access(&world.ada));
    let answer = world.send(ask).await;
    let wait = answer.header("retry-after").map(str::to_owned);
    (answer.status, wait)
}

fn refused(status: u16, wait: &str) -> (u16, Option<String>) {
    (status, Some(wait.to_owned()))
}

const SERVED: (u16, Option<String>) = (200, None);

#[tokio::test]
async fn beyond_a_quota_requests_are_refused_until_its_while_ends() {
    let world = standing_still().await;
    let quota = json!({ "requests": 2, "per_seconds": 60 });
    fail(&world, &json!({ "endpoint": "resource", "quota": quota }));
    let advance = |seconds| world.tenant.lock().clock_mut().advance(seconds);
    // Time before the first request does not count.
    advance(1000);
    assert_eq!(show(&world).await, SERVED);
    advance(10);
    assert_eq!(show(&world).await, SERVED);
    assert!(world.last_entry().faults.is_empty());
    assert_eq!(show(&world).await, refused(429, "50"));
    let entry = world.last_entry();
    assert_eq!(entry.faults, ["quota"]);
    assert_eq!((entry.status, entry.retry_after), (429, Some(50)));
    assert_eq!(entry.outcome, Outcome::Fault);
    // Refused ones do not count, nor make the while longer.
    advance(49);
    assert_eq!(show(&world).await, refused(429, "1"));
    advance(1);
    assert_eq!(show(&world).await, SERVED);
    assert_eq!(show(&world).await, SERVED);
    assert_eq!(show(&world).await, refused(429, "60"));
}

#[tokio::test]
async fn a_wait_is_told_in_whole_seconds_that_are_enough() {
    let world = World::start("rfc7009").await;
    let quota = json!({ "requests": 1, "per_seconds": 60, "status": 503 });
    fail(&world, &json!({ "endpoint": "resource", "quota": quota }));
    assert_eq!(show(&world).await, SERVED);
    let (status, wait) = show(&world).await;
    assert_eq!(status, 503);
    let wait: u64 = wait.unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    world.tenant.lock().clock_mut().advance(wait);
    assert_eq!(show(&world).await, SERVED);
}

#[tokio::test]
async fn what_is_refused_changes_nothing_and_says_so() {
    let world = standing_still().await;
    let quota = json!({ "requests": 1, "per_seconds": 60 });
    fail(&world, &json!({ "endpoint": "revocation", "quota": quota }));
    let revoke = |token| {
        Ask::post("/oauth2/revoke")
            .basic(&world.ada.client)
            .form(&[("token", token)])
    };
    assert_eq!(world.send(revoke("unknown")).await.status, 200);
    let answer = world.send(revoke(access(&world.ada))).await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.body, r#"{"error":"temporarily_unavailable"}"#);
    assert_eq!(world.noteworthy(), NOTHING);
    let entry = world.last_entry();
    assert!(!entry.acknowledged && entry.killed.is_empty() && entry.is_dispatch());
}

#[tokio::test]
async fn a_quota_counts_only_whom_it_is_for() {
    let world = standing_still().await;
    let quota = json!({ "requests": 1, "per_seconds": 60 });
    let fault = json!({ "endpoint": "revocation", "subject": "refresh_token", "client": "main", "quota": quota });
    fail(&world, &fault);
    let mut statuses = Vec::new();
    for (minted, token) in [
        (&world.ada, access(&world.ada)),
        (&world.rival, refresh(&world.rival)),
        (&world.ada, refresh(&world.ada)),
        (&world.rival, refresh(&world.rival)),
        (&world.bob, access(&world.bob)),
        (&world.bob, refresh(&world.bob)),
    ] {
        let ask = Ask::post("/oauth2/revoke")
            .basic(&minted.client)
            .form(&[("token", token)]);
        statuses.push(world.send(ask).await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429]);
}

#[tokio::test]
async fn each_quota_counts_for_itself() {
    let world = standing_still().await;
    for (requests, per_seconds) in [(1, 1), (2, 100)] {
        let quota = json!({ "requests": requests, "per_seconds": per_seconds });
        fail(&world, &json!({ "endpoint": "resource", "quota": quota }));
    }
    let mut came = Vec::new();
    for _ in 0..3 {
        came.push(show(&world).await);
        world.tenant.lock().clock_mut().advance(1);
    }
    assert_eq!(came, [SERVED, SERVED, refused(429, "98")]);
}
