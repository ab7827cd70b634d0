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
        ("/user-removal", json!({ "grant": -1 })),
        ("/user-removal", json!({ "grant": 4_294_967_296_u64 })),
        ("/user-removal", json!({ "grant": "0" })),
        ("/expire", json!({ "grant": "0" })),
        ("/expire", json!({ "grant": 0, "subject": "ACCESS_TOKEN" })),
        ("/kill", json!({ "grant": null, "generation": -1 })),
        ("/kill", json!({ "grant": 0, "subject": "all" })),
        ("/clock", json!({})),
        ("/clock", json!({ "advance_seconds": -1 })),
        ("/clock", json!({ "advance_seconds": 0.5 })),
        ("/faults", json!({ "status": 500 })),
        ("/faults", json!({ "endpoint": "token", "hang": 1 })),
        (
            "/faults",
            json!({ "endpoint": "token", "redirect": { "to": "away" } }),
        ),
        (
            "/faults",
            json!({ "endpoint": "nowhere", "answer": { "status": 500 } }),
        ),
        (
            "/faults",
            json!({ "endpoint": "token", "answer": { "status": 70_000 } }),
        ),
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

/// What the control API says of a body that it does not take, and where.
async fn check_told(
    world: &World,
    operation: &str,
    body: &str,
    told: &str,
    hint: &str,
    at: (u64, u64),
) {
    let ask = Ask::post(format!("/_rescind{operation}")).body("application/json", body);
    let answer = world.send(ask).await;
    let error = &answer.json()["error"];
    let message = error["message"].as_str().unwrap();
    let prefix = "the body is not what the operation takes: ";
    assert_eq!(
        (answer.status, message.strip_prefix(prefix)),
        (400, Some(told)),
        "{message}"
    );
    assert_eq!(error["hint"], hint);
    assert_eq!(
        (&error["line"], &error["column"]),
        (&json!(at.0), &json!(at.1))
    );
}

#[tokio::test]
async fn a_mistake_in_a_body_is_told_with_its_place_and_the_nearest_that_is_known() {
    let world = World::start("rfc7009").await;
    let listed = "GET /_rescind/openapi.json says what each operation takes";
    let check = async |operation, body, told, hint, at| {
        check_told(&world, operation, body, told, hint, at).await;
    };
    let unknown = "a member that nobody knows";
    check(
        "/grants",
        "{\"usr\": 1}",
        unknown,
        "did you mean `user`?",
        (1, 6),
    )
    .await;
    check(
        "/gates",
        "{\n \"endpont\": 1}",
        unknown,
        "did you mean `endpoint`?",
        (2, 10),
    )
    .await;
    let nested = "{\"endpoint\": \"token\", \"answer\": {\"stats\": 503}}";
    check(
        "/faults",
        nested,
        unknown,
        "did you mean `status`?",
        (1, 40),
    )
    .await;
    let none = "the operation takes no members there";
    check("/reset", "{\"all\": true}", unknown, none, (1, 6)).await;
    let strange = "a word that nobody knows";
    let kind = "{\"grant\": 0, \"subject\": \"acces_token\"}";
    check(
        "/kill",
        kind,
        strange,
        "did you mean `access_token`?",
        (1, 37),
    )
    .await;
    check(
        "/clock",
        "{}",
        "`advance_seconds` is missing",
        listed,
        (1, 2),
    )
    .await;
    let twice = "{\"advance_seconds\": 1, \"advance_seconds\": 2}";
    check(
        "/clock",
        twice,
        "`advance_seconds` is given twice",
        listed,
        (1, 40),
    )
    .await;
    let text = "{\"advance_seconds\": \"1\"}";
    check(
        "/clock",
        text,
        "a value of another kind",
        "it takes u64",
        (1, 23),
    )
    .await;
    check("/clock", "{\n\"a", "it ends too early", listed, (2, 2)).await;
    check("/clock", "advance", "it is no JSON", listed, (1, 1)).await;
    let object = "write `{\"member\": value}`";
    check("/clock", "[3600]", "it is no object", object, (1, 1)).await;
    check("/clock", "3600", "it is no object", object, (1, 1)).await;
}

#[tokio::test]
async fn a_list_does_not_stand_for_members() {
    let world = World::start("rfc7009").await;
    let fault = json!({ "endpoint": "token", "answer": [503, {}] });
    let message = "the body is not what the operation takes: a list at `/answer`, where members are to be named";
    check_mistake(&world, post("/faults", &fault), 400, message).await;
    // Where a list belongs, it is one.
    let subjects = json!({ "subjects": ["access_token"] });
    assert_eq!(world.send(post("/grants", &subjects)).await.status, 200);
}

#[tokio::test]
async fn a_query_is_read_as_strictly_as_a_body() {
    let world = World::start("rfc7009").await;
    let token = access(&world.ada);
    let known = "known here: `after`, `endpoint`, `limit`, `wait_seconds`, `secrets`";
    for (query, message, hint) in [
        (
            "afer=1",
            "a parameter that nobody knows",
            "did you mean `after`?",
        ),
        ("zzz=1", "a parameter that nobody knows", known),
        ("after=1&after=2", "`after` is given twice", "state it once"),
        ("limit=0", "`limit` is none", "a number from 1 to 10000"),
        (
            "wait_seconds=61",
            "`wait_seconds` is too long",
            "a number from 0 to 60: ask again when it is over",
        ),
        (
            "secrets=hide",
            "the query is not what the operation takes: a word that nobody knows",
            "known here: `show`",
        ),
    ] {
        let answer = world
            .send(Ask::get(format!("/_rescind/journal?{query}")))
            .await;
        let error = &answer.json()["error"];
        assert_eq!(
            (answer.status, &error["message"], &error["hint"]),
            (400, &json!(message), &json!(hint)),
            "{query}"
        );
    }
    let ask = Ask::get("/_rescind/clock").query(&[(token, token)]);
    let answer = world.send(ask).await;
    assert_eq!(answer.status, 400);
    assert!(!answer.body.contains(token), "a token is quoted");
}

#[tokio::test]
async fn a_removal_of_nothing_in_particular_is_a_mistake() {
    let world = World::start("rfc7009").await;
    let removal = post("/user-removal", &json!({}));
    check_mistake(&world, removal, 400, "a removal of nothing in particular").await;
    assert_eq!(world.noteworthy(), [""; 0]);
}

#[tokio::test]
async fn another_method_is_told_which_there_are() {
    let world = World::start("rfc7009").await;
    for (path, allow) in [
        ("/_rescind/faults", "GET, POST, DELETE"),
        ("/_rescind/clock/freeze", "POST"),
        ("/_rescind/gates/1", "GET"),
    ] {
        let answer = world.send(Ask::new("PATCH", path)).await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some(allow)),
            "{path}"
        );
        let hint = &answer.json()["error"]["hint"];
        assert_eq!(hint, &json!(format!("it takes {allow}")));
    }
}

#[tokio::test]
async fn what_is_not_there_by_its_number_or_name_is_not_found() {
    let world = World::start("rfc7009").await;
    for (method, path, message) in [
        ("GET", "/gates/1", "there is no gate of that number"),
        (
            "POST",
            "/gates/1/release",
            "there is no gate of that number",
        ),
        (
            "GET",
            "/gates/x",
            "what stands for the number of a gate is none",
        ),
        ("DELETE", "/faults/1", "there is no fault of that number"),
        (
            "DELETE",
            "/clients/nobody",
            "there is no client of that name",
        ),
        (
            "DELETE",
            "/tenants/nobody",
            "there is no tenant of that name",
        ),
    ] {
        let ask = Ask::new(method, format!("/_rescind{path}"));
        check_mistake(&world, ask, 404, message).await;
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
