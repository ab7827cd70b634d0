//! Several faults that one request meets: each changes what the one before has made of it.

use rescind_provider::Outcome;
use serde_json::{Value, json};

use super::{End, NOTHING, REVOKED, SHOWN, ada_is_shown, ada_revokes, fail, send};
use crate::support::World;

/// Sets faults at an endpoint, in that order.
fn fail_all(world: &World, endpoint: &str, kinds: &[(&str, Value)]) {
    for (kind, parameters) in kinds {
        fail(world, &json!({ "endpoint": endpoint, *kind: parameters }));
    }
}

#[tokio::test]
async fn bytes_are_spoiled_in_every_way_at_once() {
    let world = World::start("rfc7009").await;
    let kinds = [
        ("wrong_length", json!({ "by": 20 })),
        ("truncate", json!({ "at_byte": 108 })),
        ("drip", json!({ "bytes": 30, "every_milliseconds": 1 })),
        ("wrong_length", json!({ "by": -3 })),
        ("truncate", json!({ "at_byte": 500 })),
    ];
    fail_all(&world, "resource", &kinds);
    let (came, end) = send(&world, &ada_is_shown(&world)).await;
    let expected = SHOWN.replace("content-length: 13", "content-length: 30");
    assert_eq!((came.as_str(), end), (&expected[..108], End::Closed));
    let met = [
        "wrong_length",
        "truncate",
        "drip",
        "wrong_length",
        "truncate",
    ];
    assert_eq!(world.last_entry().faults, met);
}

#[tokio::test]
async fn the_answer_of_a_fault_is_spoiled_like_any_other() {
    let world = World::start("rfc7009").await;
    let kinds = [
        (
            "answer",
            json!({ "status": 200, "text": "<html>", "headers": { "content-type": "text/html" } }),
        ),
        ("wrong_length", json!({ "by": 1 })),
    ];
    fail_all(&world, "revocation", &kinds);
    let (came, end) = send(&world, &ada_revokes(&world)).await;
    let expected = "HTTP/1.1 200 OK\r\ncache-control: no-store\r\ncontent-type: text/html\r\n\
                    content-length: 7\r\n\r\n<html>";
    assert_eq!((came.as_str(), end), (expected, End::Closed));
    assert_eq!(world.noteworthy(), NOTHING);
}

#[tokio::test]
async fn of_two_answers_the_later_goes() {
    let world = World::start("rfc7009").await;
    let kinds = [
        ("answer", json!({ "status": 500, "text": "" })),
        ("answer", json!({ "status": 502, "text": "" })),
        ("truncate", json!({ "at_byte": 12 })),
    ];
    fail_all(&world, "resource", &kinds);
    let (came, _) = send(&world, &ada_is_shown(&world)).await;
    assert_eq!(came, "HTTP/1.1 502");
}

#[tokio::test]
async fn what_one_keeps_from_taking_effect_no_later_one_lets_happen() {
    for kinds in [
        [
            ("lie", json!({})),
            ("drop", json!({ "when": "after_effect" })),
        ],
        [
            ("drop", json!({ "when": "before_effect" })),
            ("late_kill", json!({ "seconds": 1 })),
        ],
        [
            ("late_kill", json!({ "seconds": 1 })),
            ("drop", json!({ "when": "before_effect" })),
        ],
    ] {
        let world = World::start("rfc7009").await;
        fail_all(&world, "revocation", &kinds);
        let came = send(&world, &ada_revokes(&world)).await;
        assert_eq!(came, (String::new(), End::Closed));
        world.tenant.lock().clock_mut().advance(100);
        assert_eq!(world.noteworthy(), NOTHING, "{kinds:?}");
        assert_eq!(world.last_entry().outcome, Outcome::Fault);
    }
}

#[tokio::test]
async fn late_kills_add_up() {
    let world = World::start("rfc7009").await;
    let elapsed = world.tenant.elapsed();
    world.tenant.lock().clock_mut().freeze(elapsed);
    let kinds = [
        ("late_kill", json!({ "seconds": 10 })),
        ("late_kill", json!({ "seconds": 5 })),
        ("truncate", json!({ "at_byte": REVOKED.len() })),
    ];
    fail_all(&world, "revocation", &kinds);
    let (came, _) = send(&world, &ada_revokes(&world)).await;
    assert_eq!(came, REVOKED);
    world.tenant.lock().clock_mut().advance(14);
    assert_eq!(world.noteworthy(), NOTHING);
    world.tenant.lock().clock_mut().advance(1);
    assert_eq!(world.noteworthy(), ["ada access dead"]);
}

#[tokio::test]
async fn of_two_that_keep_the_answer_back_the_first_says_how() {
    for (first, second, end) in [
        ("drop", "reset", End::Closed),
        ("reset", "drop", End::Reset),
        ("reset", "hang", End::Reset),
    ] {
        let world = World::start("rfc7009").await;
        fail_all(
            &world,
            "resource",
            &[(first, json!({})), (second, json!({}))],
        );
        let came = send(&world, &ada_is_shown(&world)).await;
        assert_eq!(came, (String::new(), end), "{first}, {second}");
        assert_eq!(world.last_entry().faults, [first, second]);
    }
}

#[tokio::test]
async fn nothing_is_spoiled_of_an_answer_that_does_not_go() {
    let drip = ("drip", json!({ "bytes": 1, "every_milliseconds": 1 }));
    for kinds in [
        [drip.clone(), ("drop", json!({}))],
        [("drop", json!({})), drip],
    ] {
        let world = World::start("rfc7009").await;
        fail_all(&world, "resource", &kinds);
        let came = send(&world, &ada_is_shown(&world)).await;
        assert_eq!(came, (String::new(), End::Closed));
        assert_eq!(world.last_entry().status, 0);
    }
}
