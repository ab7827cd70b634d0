//! Answers that wait before they go.

use std::slice::from_ref;
use std::time::Duration;

use rescind_model::fault::Fault;
use rescind_provider::ledger::{LedgerKey, Moment};
use rescind_provider::message::{Delivery, Request};
use rescind_provider::tenant::TenantState;
use serde_json::{Value, json};

use super::{End, Line, REVOKED, SHOWN, ada_is_shown, ada_revokes, fail, fault, settled};
use crate::support::{World, profile};

#[tokio::test]
async fn a_latency_holds_the_answer_back_and_not_the_effect_and_keeps_the_connection() {
    let world = World::start("rfc7009").await;
    let latency = json!({ "fixed_milliseconds": 60_000 });
    let fault = json!({ "endpoint": "revocation", "nth": 1, "latency": latency });
    fail(&world, &fault);
    let mut line = Line::sending(&world, &ada_revokes(&world)).await;
    settled(&world, 1).await;
    assert_eq!(world.noteworthy(), ["ada access dead"]);
    assert!(line.is_silent());
    // Time passes as soon as nothing else can happen.
    tokio::time::pause();
    assert_eq!(line.answer().await, REVOKED);
    tokio::time::resume();
    let entry = world.last_entry();
    assert!(entry.acknowledged);
    assert_eq!(entry.faults, ["latency"]);
    line.send(&ada_is_shown(&world)).await;
    assert!(line.answer().await.starts_with("HTTP/1.1 401 "));
}

#[tokio::test]
async fn a_latency_before_spoiled_bytes_holds_them_back() {
    let world = World::start("rfc7009").await;
    let latency = json!({ "fixed_milliseconds": 60_000 });
    fail(
        &world,
        &json!({ "endpoint": "resource", "latency": latency }),
    );
    let cut = json!({ "at_byte": 20 });
    fail(&world, &json!({ "endpoint": "resource", "truncate": cut }));
    let mut line = Line::sending(&world, &ada_is_shown(&world)).await;
    settled(&world, 1).await;
    assert!(line.is_silent());
    tokio::time::pause();
    let came = line.rest().await;
    assert_eq!(came, (SHOWN[..20].to_owned(), End::Closed));
}

#[tokio::test]
async fn a_stop_waits_for_no_answer_that_is_late() {
    for spoiled in [false, true] {
        let world = World::start("rfc7009").await;
        let latency = json!({ "fixed_milliseconds": 60_000 });
        fail(
            &world,
            &json!({ "endpoint": "resource", "latency": latency }),
        );
        if spoiled {
            let drip = json!({ "bytes": 1, "every_milliseconds": 60_000 });
            fail(&world, &json!({ "endpoint": "resource", "drip": drip }));
        }
        let mut line = Line::sending(&world, &ada_is_shown(&world)).await;
        settled(&world, 1).await;
        tokio::time::pause();
        let stop = world.provider.stop();
        let stopped = tokio::time::timeout(Duration::from_nanos(1), stop).await;
        assert!(stopped.is_ok(), "the stop waited");
        assert_eq!(line.rest().await.0, "");
        tokio::time::resume();
    }
}

/// The waits of so many requests to a tenant of a seed.
fn waits(seed: &str, faults: &[Fault], count: usize) -> Vec<u64> {
    let key = LedgerKey::new(seed, "tenant");
    let mut tenant = TenantState::new(profile("rfc7009"), key);
    for fault in faults {
        tenant.fail(fault.clone());
    }
    let request = Request {
        method: "GET".into(),
        path: "/userinfo".into(),
        ..Request::default()
    };
    let wait = |_| {
        let reaction = tenant.handle(&request, Moment(0));
        assert_eq!(reaction.delivery, Delivery::Whole);
        reaction.delay_milliseconds
    };
    (0..count).map(wait).collect()
}

fn latency(distribution: &Value) -> Fault {
    fault(&json!({ "endpoint": "resource", "latency": distribution }))
}

#[test]
fn waits_are_drawn_anew_for_each_request_and_the_same_from_the_same_seed() {
    let uniform = latency(&json!({ "uniform_milliseconds": { "from": 100, "to": 50_000 } }));
    let log_normal =
        latency(&json!({ "log_normal": { "median_milliseconds": 5_000, "sigma": 0.5 } }));
    for distribution in [uniform, log_normal] {
        let one = waits("one", from_ref(&distribution), 20);
        assert_eq!(one, waits("one", from_ref(&distribution), 20));
        assert_ne!(one, waits("two", from_ref(&distribution), 20));
        let mut different = one.clone();
        different.sort_unstable();
        different.dedup();
        assert!(different.len() > 15, "{one:?}");
        assert!(one.iter().all(|wait| *wait <= 60_000));
        // What another fault draws is something else.
        let noop = fault(&json!({ "endpoint": "resource", "noop": {} }));
        assert_ne!(one, waits("one", &[noop, distribution], 20));
    }
}

#[test]
fn waits_add_up_to_a_minute_at_most() {
    let half = latency(&json!({ "fixed_milliseconds": 25_000 }));
    assert_eq!(waits("seed", from_ref(&half), 1), [25_000]);
    assert_eq!(waits("seed", &[half.clone(), half.clone()], 1), [50_000]);
    assert_eq!(
        waits("seed", &[half.clone(), half.clone(), half], 1),
        [60_000]
    );
}
