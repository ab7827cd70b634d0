//! The control API: every operation, and every mistake that one can make with it.

use serde_json::{Value, json};

use crate::support::{Answer, Ask, World, access, refresh};

/// A control request that works out.
async fn done(world: &World, ask: Ask) -> Value {
    let answer = world.send(ask).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    answer.json()
}

/// A control request that does not, and says what to do next.
async fn check_mistake(world: &World, ask: Ask, status: u16, message: &str) {
    let answer: Answer = world.send(ask).await;
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

/// The states of the tokens of a grant, in the order of issue.
async fn states(world: &World, grant: usize) -> Vec<String> {
    let ledger = done(world, Ask::get("/_rescind/ledger")).await;
    let tokens = ledger["grants"][grant]["tokens"].as_array().unwrap();
    tokens
        .iter()
        .map(|token| token["state"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn the_index_lists_every_operation() {
    let world = World::start("google").await;
    for path in ["/_rescind", "/_rescind/"] {
        let index = done(&world, Ask::get(path)).await;
        assert_eq!(
            (&index["tenant"], &index["profile"]),
            (&json!("root"), &json!("Google"))
        );
        let operations = index["operations"].as_array().unwrap();
        assert_eq!(operations.len(), 9);
        for operation in operations {
            let path = operation["path"].as_str().unwrap();
            let method = operation["method"].as_str().unwrap();
            let answer = world.send(Ask::new(method, path)).await;
            assert!(
                [200, 400].contains(&answer.status),
                "{method} {path}: {}",
                answer.status
            );
        }
    }
}

#[tokio::test]
async fn a_mint_answers_a_grant_with_tokens_that_work() {
    let world = World::start("grant-only").await;
    let minted = done(
        &world,
        post("/grants", &json!({ "user": "eve", "client": "new" })),
    )
    .await;
    assert_eq!(
        (&minted["grant"], &minted["user"]),
        (&json!(4), &json!("eve"))
    );
    assert_eq!(
        (&minted["client"], &minted["expires_in"]),
        (&json!("new"), &json!(3600))
    );
    for member in ["client_id", "client_secret", "refresh_token", "account_id"] {
        assert!(minted[member].is_string(), "{member}");
    }
    let token = minted["access_token"].as_str().unwrap();
    let answer = world.send(Ask::get("/userinfo").bearer(token)).await;
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({ "sub": "eve" }))
    );
}

#[tokio::test]
async fn a_mint_without_a_body_is_for_somebody_with_both_tokens() {
    let world = World::start("rfc7009").await;
    let minted = done(&world, Ask::post("/_rescind/grants")).await;
    assert_eq!(
        (&minted["user"], &minted["client"]),
        (&json!("user"), &json!("main"))
    );
    assert!(minted["access_token"].is_string() && minted["refresh_token"].is_string());
    assert!(minted.get("account_id").is_none());
}

#[tokio::test]
async fn a_mint_gives_the_tokens_that_it_is_asked_for() {
    let world = World::start("rfc7009").await;
    let minted = done(
        &world,
        post("/grants", &json!({ "subjects": ["refresh_token"] })),
    )
    .await;
    assert!(minted["refresh_token"].is_string());
    assert_eq!(
        (&minted["access_token"], &minted["expires_in"]),
        (&Value::Null, &Value::Null)
    );
    let minted = done(&world, post("/grants", &json!({ "subjects": [] }))).await;
    assert_eq!(
        (&minted["access_token"], &minted["refresh_token"]),
        (&Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn the_ledger_tells_when_and_why_a_token_died() {
    let world = World::start("rfc7009").await;
    let revoke = Ask::post("/oauth2/revoke")
        .basic(&world.ada.client)
        .form(&[("token", refresh(&world.ada))]);
    assert_eq!(world.send(revoke).await.status, 200);
    let ledger = done(&world, Ask::get("/_rescind/ledger")).await;
    assert!(ledger["now"].is_u64());
    let grant = &ledger["grants"][0];
    assert_eq!(
        (&grant["user"], &grant["client"]),
        (&json!("ada"), &json!("main"))
    );
    let [access_token, refresh_token] = [&grant["tokens"][0], &grant["tokens"][1]];
    assert_eq!(access_token["subject"], "access_token");
    assert_eq!(
        (&access_token["state"], &access_token["generation"]),
        (&json!("dead"), &json!(0))
    );
    assert_eq!(access_token["died"]["cause"], json!({ "cascade": 1 }));
    assert_eq!(refresh_token["died"]["cause"], json!({ "revoked": 1 }));
    let fingerprint = world.tenant.fingerprints().fingerprint(access(&world.ada));
    assert_eq!(access_token["fingerprint"], json!(fingerprint));
    assert_eq!(ledger["grants"][1]["tokens"][0]["died"], Value::Null);
}

#[tokio::test]
async fn the_journal_tells_every_request_after_a_number() {
    let world = World::start("rfc7009").await;
    for _ in 0..3 {
        world
            .send(Ask::get("/userinfo").bearer(access(&world.ada)))
            .await;
    }
    for (path, numbers) in [
        ("/_rescind/journal", vec![1, 2, 3]),
        ("/_rescind/journal?after=0", vec![1, 2, 3]),
        ("/_rescind/journal?after=2", vec![3]),
        ("/_rescind/journal?after=3", vec![]),
        ("/_rescind/journal?after=18446744073709551615", vec![]),
    ] {
        let journal = done(&world, Ask::get(path)).await;
        let entries = journal["entries"].as_array().unwrap();
        let found: Vec<u64> = entries
            .iter()
            .map(|entry| entry["number"].as_u64().unwrap())
            .collect();
        assert_eq!(found, numbers, "{path}");
        assert_eq!(
            (&journal["received"], &journal["lost"]),
            (&json!(3), &json!(false)),
            "{path}"
        );
    }
    let entry = &done(&world, Ask::get("/_rescind/journal")).await["entries"][0];
    assert_eq!(
        (&entry["endpoint"], &entry["outcome"]),
        (&json!("resource"), &json!("done"))
    );
    assert_eq!(
        entry["presented"]["token"],
        json!({ "grant": 0, "subject": "access_token", "generation": 0 })
    );
    assert_eq!(
        (&entry["request"][0], &entry["answer"][0]),
        (&json!("GET /userinfo"), &json!("200"))
    );
}

#[tokio::test]
async fn ledger_and_journal_show_no_secret() {
    let world = World::start("rfc7009").await;
    let client = &world.ada.client;
    let token = [("token", access(&world.ada))];
    let refreshing = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh(&world.ada)),
    ];
    for ask in [
        Ask::post("/oauth2/token")
            .basic_raw(client)
            .form(&refreshing),
        Ask::post("/oauth2/revoke").basic(client).form(&token),
        Ask::post("/oauth2/revoke").query(&token),
        Ask::get("/userinfo").bearer(access(&world.bob)),
        Ask::post("/nowhere").json(&json!({ "token": refresh(&world.rival) })),
    ] {
        world.send(ask).await;
    }
    let scanner = world
        .tenant
        .lock()
        .scanner(world.tenant.fingerprints().clone());
    for path in ["/_rescind/ledger", "/_rescind/journal"] {
        let written = world.send(Ask::get(path)).await.body;
        assert!(scanner.find(&written).is_empty(), "{path} shows a secret");
    }
}

#[tokio::test]
async fn a_removal_by_the_user_ends_every_grant_of_that_user_and_client() {
    let world = World::start("rfc7009").await;
    let removed = done(&world, post("/user-removal", &json!({ "grant": 0 }))).await;
    assert_eq!(removed, json!({ "removed": 0 }));
    for (grant, state) in [(0, "dead"), (1, "dead"), (2, "alive"), (3, "alive")] {
        assert_eq!(states(&world, grant).await, [state, state], "grant {grant}");
    }
    let ledger = done(&world, Ask::get("/_rescind/ledger")).await;
    assert_eq!(
        ledger["grants"][0]["tokens"][0]["died"]["cause"],
        "removed_by_user"
    );
}

#[tokio::test]
async fn one_token_can_be_let_expire() {
    let world = World::start("rfc7009").await;
    let expire = json!({ "grant": 0, "subject": "access_token" });
    assert_eq!(
        done(&world, post("/expire", &expire)).await,
        json!({ "expired": "access_token" })
    );
    assert_eq!(states(&world, 0).await, ["expired", "alive"]);
    assert_eq!(states(&world, 1).await, ["alive", "alive"]);
}

#[tokio::test]
async fn the_clock_can_be_moved_and_tokens_expire_by_it() {
    let world = World::start("rfc7009").await;
    let before = done(&world, Ask::get("/_rescind/ledger")).await["now"]
        .as_u64()
        .unwrap();
    let advance = json!({ "advance_seconds": 3600 });
    assert_eq!(
        done(&world, post("/clock", &advance)).await,
        json!({ "advanced_seconds": 3600 })
    );
    let after = done(&world, Ask::get("/_rescind/ledger")).await["now"]
        .as_u64()
        .unwrap();
    assert!(after >= before + 3_600_000);
    assert_eq!(states(&world, 2).await, ["expired", "alive"]);
}

#[tokio::test]
async fn the_clock_can_be_moved_to_the_end_of_time_and_stays_there() {
    let world = World::start("rfc7009").await;
    for _ in 0..2 {
        done(
            &world,
            post("/clock", &json!({ "advance_seconds": u64::MAX })),
        )
        .await;
    }
    assert_eq!(
        done(&world, Ask::get("/_rescind/ledger")).await["now"],
        json!(u64::MAX)
    );
    assert_eq!(
        done(&world, Ask::post("/_rescind/grants")).await["expires_in"],
        json!(0)
    );
}

#[tokio::test]
async fn a_reset_goes_back_to_the_beginning_and_keeps_the_clients() {
    let world = World::start("rfc7009").await;
    world.send(Ask::get("/userinfo")).await;
    done(
        &world,
        post("/clock", &json!({ "advance_seconds": 9_000_000_000_u64 })),
    )
    .await;
    done(
        &world,
        post("/faults", &json!({ "endpoint": "resource", "status": 503 })),
    )
    .await;
    assert_eq!(
        done(&world, Ask::post("/_rescind/reset")).await,
        json!({ "reset": true })
    );
    let ledger = done(&world, Ask::get("/_rescind/ledger")).await;
    assert_eq!(ledger["grants"], json!([]));
    assert!(ledger["now"].as_u64().unwrap() < 9_000_000_000_000);
    let journal = done(&world, Ask::get("/_rescind/journal")).await;
    assert_eq!(
        journal,
        json!({ "received": 0, "lost": false, "entries": [] })
    );
    let answer = world
        .send(Ask::get("/userinfo").bearer(access(&world.bob)))
        .await;
    assert_eq!(
        answer.status, 401,
        "neither the fault nor the token is left"
    );
    let minted = done(&world, Ask::post("/_rescind/grants")).await;
    assert_eq!(minted["client_id"], json!(world.ada.client.client_id));
}

#[tokio::test]
async fn a_member_that_nobody_knows_is_a_mistake_and_is_not_quoted() {
    let world = World::start("rfc7009").await;
    let scanner = world
        .tenant
        .lock()
        .scanner(world.tenant.fingerprints().clone());
    for operation in ["/grants", "/user-removal", "/expire", "/clock", "/faults"] {
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
        ("/grants", json!([])),
        ("/user-removal", json!({})),
        ("/user-removal", json!({ "grant": -1 })),
        ("/user-removal", json!({ "grant": 4_294_967_296_u64 })),
        ("/user-removal", json!({ "grant": "0" })),
        ("/expire", json!({ "grant": 0 })),
        ("/expire", json!({ "grant": 0, "subject": "ACCESS_TOKEN" })),
        ("/clock", json!({})),
        ("/clock", json!({ "advance_seconds": -1 })),
        ("/clock", json!({ "advance_seconds": 0.5 })),
        ("/faults", json!({ "endpoint": "revocation" })),
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
    let expire = post(
        "/expire",
        &json!({ "grant": 99, "subject": "access_token" }),
    );
    check_mistake(&world, expire, 400, "there is no grant 99").await;
    done(
        &world,
        post("/grants", &json!({ "subjects": ["access_token"] })),
    )
    .await;
    let expire = post(
        "/expire",
        &json!({ "grant": 4, "subject": "refresh_token" }),
    );
    check_mistake(&world, expire, 400, "grant 4 has no refresh_token").await;
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
    done(&world, Ask::get("/_rescind")).await;
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
