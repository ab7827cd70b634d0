//! Which requests meet a fault on the wire: by endpoint, number, subject and client.

use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use super::{End, Line, REVOKED, ada_is_shown, ada_revokes, fail, revocation, send};
use crate::support::{World, access, refresh};

/// Sets a fault and sends revocations, each over a connection of its own: those that are dropped.
async fn check(fault: &Value, expected: [bool; 6]) {
    let world = World::start("rfc7009").await;
    fail(&world, fault);
    let requests = [
        (&world.ada, access(&world.ada)),
        (&world.rival, access(&world.rival)),
        (&world.ada, refresh(&world.ada)),
        (&world.rival, refresh(&world.rival)),
        (&world.bob, refresh(&world.bob)),
        (&world.bob, "never-issued"),
    ];
    let mut came = Vec::new();
    for (minted, token) in requests {
        let mut line = Line::sending(&world, &revocation(&minted.client, token)).await;
        // Whoever is answered keeps the connection: one byte tells.
        came.push(line.0.read(&mut [0]).await.unwrap() == 0);
    }
    assert_eq!(came, expected, "{fault}");
}

#[tokio::test]
async fn a_drop_meets_the_nth_the_subject_and_the_client_that_it_is_for() {
    let closed = json!({});
    let (f, t) = (false, true);
    check(&json!({ "endpoint": "token", "drop": closed }), [f; 6]).await;
    check(&json!({ "endpoint": "revocation", "drop": closed }), [t; 6]).await;
    check(
        &json!({ "endpoint": "revocation", "nth": 3, "drop": closed }),
        [f, f, t, f, f, f],
    )
    .await;
    check(
        &json!({ "endpoint": "revocation", "subject": "refresh_token", "drop": closed }),
        [f, f, t, t, t, f],
    )
    .await;
    check(
        &json!({ "endpoint": "revocation", "client": "rival", "drop": closed }),
        [f, t, f, t, f, f],
    )
    .await;
    check(
        &json!({ "endpoint": "revocation", "client": "rival", "subject": "refresh_token", "drop": closed }),
        [f, f, f, t, f, f],
    )
    .await;
    check(
        &json!({ "endpoint": "revocation", "client": "main", "subject": "refresh_token", "nth": 2, "drop": closed }),
        [f, f, f, f, t, f],
    )
    .await;
}

#[tokio::test]
async fn other_endpoints_are_as_ever_on_the_same_connection() {
    let world = World::start("rfc7009").await;
    fail(&world, &json!({ "endpoint": "resource", "reset": {} }));
    let mut line = Line::sending(&world, &ada_revokes(&world)).await;
    assert_eq!(line.answer().await, REVOKED);
    line.send(&ada_is_shown(&world)).await;
    assert_eq!(line.rest().await, (String::new(), End::Reset));
}

#[tokio::test]
async fn every_kind_can_be_set_by_the_control_api() {
    for (kind, parameters) in [
        ("noop", json!({})),
        ("answer", json!({ "status": 500 })),
        ("hang", json!({ "when": "after_effect" })),
        ("redirect", json!({ "to": "same_origin" })),
        ("lie", json!({})),
        ("late_kill", json!({ "seconds": 1 })),
        ("drop", json!({})),
        ("reset", json!({})),
        ("drip", json!({ "bytes": 1, "every_milliseconds": 1 })),
        ("truncate", json!({ "at_byte": 1 })),
        ("wrong_length", json!({ "by": -1 })),
        ("latency", json!({ "fixed_milliseconds": 1 })),
        ("quota", json!({ "requests": 1, "per_seconds": 1 })),
    ] {
        let world = World::start("rfc7009").await;
        let body = json!({ "endpoint": "revocation", kind: parameters }).to_string();
        let request = format!(
            "POST /_rescind/faults HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let (came, _) = send(&world, &request).await;
        assert!(came.starts_with("HTTP/1.1 200 OK\r\n"), "{came}");
        let state = world.tenant.lock();
        let words: Vec<&str> = state
            .faults()
            .iter()
            .map(|set| set.fault.effect.word())
            .collect();
        assert_eq!(words, [kind]);
    }
}
