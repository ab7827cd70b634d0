//! The control API: every operation.

use rescind_provider::GrantId;
use rescind_provider::ledger::Moment;
use rescind_provider::message::Request;
use serde_json::{Value, json};

use crate::support::{Ask, World, access, refresh};

/// A control request that works out.
async fn done(world: &World, ask: Ask) -> Value {
    let answer = world.send(ask).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    answer.json()
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
    let document = rescind_provider::server::control_openapi();
    let mut documented: Vec<(String, String)> = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let methods = methods.as_object().unwrap().keys();
        documented.extend(methods.map(|method| (path.clone(), method.to_uppercase())));
    }
    documented.sort();
    for path in ["/_rescind", "/_rescind/"] {
        let index = done(&world, Ask::get(path)).await;
        assert_eq!(
            (&index["tenant"], &index["profile"]),
            (&json!("root"), &json!("Google"))
        );
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let operations = index["operations"].as_array().unwrap().iter();
        let mut listed: Vec<(String, String)> = operations
            .map(|operation| (text(&operation["path"]), text(&operation["method"])))
            .collect();
        listed.sort();
        assert_eq!(listed, documented);
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
    assert_eq!(
        (&removed["removed"], &removed["died_count"]),
        (&json!([0]), &json!(4))
    );
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
    let expired = done(&world, post("/expire", &expire)).await;
    assert_eq!(expired["expired"][0]["subject"], "access_token");
    assert_eq!(states(&world, 0).await, ["expired", "alive"]);
    assert_eq!(states(&world, 1).await, ["alive", "alive"]);
}

#[tokio::test]
async fn the_newest_token_of_a_kind_can_be_ended_alone() {
    let world = World::start("rfc7009").await;
    let refreshing = Ask::post("/oauth2/token").basic(&world.ada.client).form(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh(&world.ada)),
    ]);
    assert_eq!(world.send(refreshing).await.status, 200);
    let kill = json!({ "grant": 0, "subject": "access_token" });
    for _ in 0..2 {
        let killed = done(&world, post("/kill", &kill)).await;
        assert_eq!(killed["killed"][0]["generation"], 1);
        // The refresh replaced the first refresh token.
        let expected = [
            "ada refresh dead",
            "ada access 1 dead",
            "ada refresh 1 alive",
        ];
        assert_eq!(world.noteworthy(), expected);
    }
    let ledger = done(&world, Ask::get("/_rescind/ledger")).await;
    let token = &ledger["grants"][0]["tokens"][2];
    assert_eq!(token["died"]["cause"], "at_provider");
    let cause = rescind_provider::ledger::Cause::AtProvider;
    assert_eq!(cause.to_string(), "ended at the provider");
    assert_eq!(world.tenant.lock().journal().received(), 1);
}

#[tokio::test]
async fn the_clock_can_be_moved_and_tokens_expire_by_it() {
    let world = World::start("rfc7009").await;
    let before = done(&world, Ask::get("/_rescind/ledger")).await["now"]
        .as_u64()
        .unwrap();
    let advance = json!({ "advance_seconds": 3600 });
    let clock = done(&world, post("/clock", &advance)).await;
    assert!(clock["now"].as_u64().unwrap() >= before + 3_600_000);
    assert_eq!(clock["standing"], false);
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
        post(
            "/faults",
            &json!({ "endpoint": "resource", "answer": { "status": 503 } }),
        ),
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
        json!({ "received": 0, "lost": false, "entries": [], "next": null })
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
    // The first grant again, of the same client; and yet no token of it was given out before.
    assert_eq!(minted["grant"], 0);
    for (kind, before) in [
        ("access_token", access(&world.ada)),
        ("refresh_token", refresh(&world.ada)),
    ] {
        assert!(minted[kind].is_string() && minted[kind] != json!(before));
    }
}

#[tokio::test]
async fn a_mint_can_be_had_as_assignments_for_a_shell() {
    let world = World::start("grant-only").await;
    let ask = post("/grants?format=shell", &json!({ "user": "o'brien\n$(id)" }));
    let answer = world.send(ask).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("text/plain; charset=utf-8"))
    );
    let elapsed = world.tenant.elapsed();
    let token = {
        let state = world.tenant.lock();
        state.ledger().tokens(GrantId(4), elapsed)[0].text.clone()
    };
    assert!(answer.body.contains(&format!("ACCESS_TOKEN='{token}'\n")));
    for name in ["REFRESH_TOKEN", "CLIENT_ID", "CLIENT_SECRET", "ACCOUNT_ID"] {
        assert!(answer.body.contains(&format!("{name}='")), "{name}");
    }
    assert!(
        !answer.body.contains("USER="),
        "a shell has a variable of that name"
    );
}

#[tokio::test]
async fn what_cannot_be_minted_is_a_mistake_for_a_shell_too() {
    let world = World::start("rfc7009").await;
    let answer = world
        .send(post("/grants?format=shell", &json!({ "subjects": "all" })))
        .await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (400, Some("application/json"))
    );
}

#[tokio::test]
async fn the_journal_tells_that_it_lost_something() {
    let world = World::start("rfc7009").await;
    {
        let mut state = world.tenant.lock();
        for _ in 0..10_001 {
            state.handle(&Request::default(), Moment(0));
        }
    }
    for (after, lost) in [(0, true), (1, false), (10_001, false)] {
        let path = format!("/_rescind/journal?after={after}&limit=10000");
        let journal = done(&world, Ask::get(path)).await;
        assert_eq!(
            (&journal["received"], &journal["lost"]),
            (&json!(10_001), &json!(lost))
        );
        let entries = journal["entries"].as_array().unwrap();
        assert_eq!(entries.len(), if after == 10_001 { 0 } else { 10_000 });
    }
}
