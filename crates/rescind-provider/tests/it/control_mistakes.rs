//! Every mistake that one can make with the control API.

use serde_json::{Value, json};

use crate::support::{Ask, World, access, refresh};

/// A control request that does not work out, and says what to do next.
async fn check_mistake(world: &World, ask: Ask, status: u16, message: &str) {
    let answer = world.send(ask).await;
    let body = answer.json();
    assert_eq!(
        (answer.status, &body["error"]["message"]),
        (status, &json!(message))
    );
    assert!(body["error"]["hint"].is_string());
}

fn post(operation: &str, body: &Value) -> Ask {
    Ask::post(format!("/_rescind{operation}")).json(body)
}

#[tokio::test]
async fn a_member_that_nobody_knows_is_a_mistake_and_is_not_quoted() {
    let world = World::start("rfc7009").await;
    let scanner = world
        .tenant
        .lock()
        .scanner(world.tenant.fingerprints().clone());
    for operation in [
        "/grants",
        "/user-removal",
        "/expire",
        "/kill",
        "/clock",
        "/faults",
    ] {
        let body = json!({ access(&world.ada): refresh(&world.ada) });
        let answer = world.send(post(operation, &body)).await;
        assert_eq!(answer.status, 400, "{operation}");
        assert!(
            scanner.find(&answer.body).is_empty(),
            "{operation} quotes a token"
        );
    }
}

#[tokio::test]
async fn a_body_that_is_not_what_the_operation_takes_is_a_mistake() {
    let world = World::start("rfc7009").await;
    for (operation, body) in [
        ("/grants", json!({ "subjects": ["id_token"] })),
        ("/grants", json!("user")),
        ("/user-removal", json!({})),
        ("/user-removal", json!({ "grant": -1 })),
        ("/user-removal", json!({ "grant": 4_294_967_296_u64 })),
        ("/user-removal", json!({ "grant": "0" })),
        ("/expire", json!({ "grant": 0 })),
        ("/expire", json!({ "grant": 0, "subject": "ACCESS_TOKEN" })),
        ("/kill", json!({ "grant": 0 })),
        ("/kill", json!({ "grant": 0, "subject": "all" })),
        ("/clock", json!({})),
        ("/clock", json!({ "advance_seconds": -1 })),
        ("/clock", json!({ "advance_seconds": 0.5 })),
        ("/faults", json!({ "status": 500 })),
        ("/faults", json!({ "endpoint": "token", "hang": 1 })),
        (
            "/faults",
            json!({ "endpoint": "token", "redirect": "away" }),
        ),
        ("/faults", json!({ "endpoint": "userinfo", "status": 500 })),
        ("/faults", json!({ "endpoint": "token", "status": 70_000 })),
    ] {
        let answer = world.send(post(operation, &body)).await;
        assert_eq!(answer.status, 400, "{operation} {body}");
        let error = &answer.json()["error"];
        let message = error["message"].as_str().unwrap();
        assert!(
            message.starts_with("the body is not what the operation takes"),
            "{message}"
        );
        assert!(error["hint"].is_string());
    }
}

#[tokio::test]
async fn a_grant_or_token_that_is_not_there_is_a_mistake() {
    let world = World::start("rfc7009").await;
    let removal = post("/user-removal", &json!({ "grant": 99 }));
    check_mistake(&world, removal, 400, "there is no grant 99").await;
    for operation in ["/expire", "/kill"] {
        let nobody = json!({ "grant": 99, "subject": "access_token" });
        let ask = post(operation, &nobody);
        check_mistake(&world, ask, 400, "there is no grant 99").await;
    }
    let only_access = json!({ "subjects": ["access_token"] });
    assert_eq!(world.send(post("/grants", &only_access)).await.status, 200);
    for operation in ["/expire", "/kill"] {
        let absent = json!({ "grant": 4, "subject": "refresh_token" });
        let ask = post(operation, &absent);
        check_mistake(&world, ask, 400, "grant 4 has no refresh_token").await;
    }
}

#[tokio::test]
async fn a_number_that_is_none_is_a_mistake() {
    let world = World::start("rfc7009").await;
    for number in ["", "x", "-1", "1.5", "18446744073709551616"] {
        let ask = Ask::get(format!("/_rescind/journal?after={number}"));
        check_mistake(&world, ask, 400, "`after` is not a number").await;
    }
}

#[tokio::test]
async fn another_method_or_operation_is_a_mistake() {
    let world = World::start("rfc7009").await;
    for (method, path) in [
        ("POST", "/_rescind"),
        ("GET", "/_rescind/grants"),
        ("DELETE", "/_rescind/ledger"),
        ("PUT", "/_rescind/faults"),
        ("GET", "/_rescind/reset"),
    ] {
        let ask = Ask::new(method, path);
        check_mistake(&world, ask, 405, "another method than the operation's").await;
    }
    for path in [
        "/_rescind/nothing",
        "/_rescind/ledger/0",
        "/_rescind/grants%2F",
    ] {
        check_mistake(&world, Ask::get(path), 404, "no such operation").await;
    }
}

#[tokio::test]
async fn control_requests_are_not_in_the_journal() {
    let world = World::start("rfc7009").await;
    assert_eq!(world.send(Ask::get("/_rescind")).await.status, 200);
    world.send(Ask::get("/_rescind/nothing")).await;
    assert_eq!(world.tenant.lock().journal().received(), 0);
}

#[tokio::test]
async fn a_path_that_only_begins_like_the_prefix_is_the_providers_own() {
    let world = World::start("rfc7009").await;
    let answer = world.send(Ask::get("/_rescinded")).await;
    assert_eq!(
        (answer.status, answer.json()),
        (404, json!({ "error": "not_found" }))
    );
    assert_eq!(world.tenant.lock().journal().received(), 1);
}
