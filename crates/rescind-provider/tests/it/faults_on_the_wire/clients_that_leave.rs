//! Clients that leave before they are answered, or read no further: nothing is kept for them, and
//! nothing waits for them.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Line, ada_is_shown, fail, settled};
use crate::support::World;

/// Faults that keep a connection for a minute and more, unless its client leaves.
fn slow() -> Vec<Vec<(&'static str, Value)>> {
    let latency = ("latency", json!({ "fixed_milliseconds": 60_000 }));
    let drip = ("drip", json!({ "bytes": 1, "every_milliseconds": 60_000 }));
    vec![
        vec![("hang", json!({}))],
        vec![latency.clone()],
        vec![drip.clone()],
        vec![latency.clone(), drip],
        vec![latency.clone(), ("drop", json!({}))],
        vec![latency, ("reset", json!({}))],
    ]
}

fn set(world: &World, kinds: &[(&'static str, Value)]) {
    for (kind, parameters) in kinds {
        fail(world, &json!({ "endpoint": "resource", *kind: parameters }));
    }
}

#[tokio::test]
async fn a_stop_waits_for_no_client_that_reads_nothing() {
    let world = World::start("rfc7009").await;
    // More than the buffers of two sockets hold.
    let long = "x".repeat(32 << 20);
    set(
        &world,
        &[
            ("answer", json!({ "status": 200, "text": long })),
            ("wrong_length", json!({ "by": 1 })),
        ],
    );
    let line = Line::sending(&world, &ada_is_shown(&world)).await;
    settled(&world, 1).await;
    tokio::time::pause();
    let stop = world.provider.stop();
    let stopped = tokio::time::timeout(Duration::from_nanos(1), stop).await;
    assert!(stopped.is_ok(), "the stop waited");
    drop(line);
}

#[tokio::test]
async fn others_are_served_while_some_wait() {
    let world = World::start("rfc7009").await;
    let mut waiting = Vec::new();
    for (count, kinds) in (1..).zip(slow()) {
        set(&world, &kinds);
        waiting.push(Line::sending(&world, &ada_is_shown(&world)).await);
        settled(&world, count).await;
        world.tenant.lock().recover();
    }
    let mut line = Line::sending(&world, &ada_is_shown(&world)).await;
    assert!(line.answer().await.starts_with("HTTP/1.1 200 OK\r\n"));
    // All but those that drip are silent.
    let silent = waiting.iter().filter(|line| line.is_silent()).count();
    assert_eq!(silent, 5);
}
