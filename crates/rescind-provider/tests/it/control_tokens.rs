//! What is done to tokens and grants by name, user, client or fingerprint; clients; the clock; and
//! a ledger of many.

use rescind_model::Subject;
use serde_json::{Value, json};

use crate::support::{Ask, World, access, refresh};

async fn post(world: &World, operation: &str, body: &Value) -> Value {
    let ask = Ask::post(format!("/_rescind{operation}")).json(body);
    let answer = world.send(ask).await;
    assert_eq!(answer.status, 200, "{operation} {body}: {}", answer.body);
    answer.json()
}

async fn get(world: &World, path: &str) -> Value {
    let answer = world.send(Ask::get(format!("/_rescind{path}"))).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.json()
}

fn fingerprint(world: &World, token: &str) -> String {
    world.tenant.fingerprints().fingerprint(token)
}

#[tokio::test]
async fn a_token_is_found_by_its_fingerprint() {
    let world = World::start("rfc7009").await;
    let bob = fingerprint(&world, access(&world.bob));
    let expired = post(&world, "/expire", &json!({ "fingerprint": bob })).await;
    let named =
        json!({ "grant": 2, "subject": "access_token", "generation": 0, "fingerprint": bob });
    assert_eq!(expired, json!({ "expired": [named] }));
    let ada = fingerprint(&world, refresh(&world.ada));
    post(&world, "/kill", &json!({ "fingerprint": ada, "grant": 0 })).await;
    assert_eq!(
        world.noteworthy(),
        ["ada refresh dead", "bob access expired"]
    );
    for which in [
        json!({ "fingerprint": ada, "grant": 1 }),
        json!({ "fingerprint": "00000000" }),
        json!({ "fingerprint": ada, "subject": "refresh_token" }),
        json!({ "subject": "refresh_token" }),
    ] {
        let answer = world.send(Ask::post("/_rescind/kill").json(&which)).await;
        assert_eq!(answer.status, 400, "{which}");
    }
}

#[tokio::test]
async fn a_whole_grant_or_an_older_token_of_it_is_named() {
    let world = World::start("rfc7009").await;
    let killed = post(&world, "/kill", &json!({ "grant": 1 })).await;
    assert_eq!(killed["killed"].as_array().unwrap().len(), 2);
    assert_eq!(
        world.noteworthy(),
        ["twin access dead", "twin refresh dead"]
    );
    let refreshing = Ask::post("/oauth2/token").basic(&world.ada.client).form(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh(&world.ada)),
    ]);
    assert_eq!(world.send(refreshing).await.status, 200);
    let first = json!({ "grant": 0, "subject": "access_token", "generation": 0 });
    post(&world, "/kill", &first).await;
    assert!(world.noteworthy().contains(&"ada access dead".to_owned()));
    assert!(
        world
            .noteworthy()
            .contains(&"ada access 1 alive".to_owned())
    );
    let none = json!({ "grant": 0, "subject": "access_token", "generation": 9 });
    let answer = world.send(Ask::post("/_rescind/kill").json(&none)).await;
    let message = &answer.json()["error"]["message"];
    assert_eq!(message, "grant 0 has no such access_token");
}

/// Which grants a removal reaches.
async fn check_removal(profile: &str, removal: Value, removed: &[u32], dead: &[&str]) {
    let world = World::start(profile).await;
    let done = post(&world, "/user-removal", &removal).await;
    assert_eq!(done["removed"], json!(removed), "{removal}");
    assert_eq!(done["died_count"], dead.len(), "{removal}");
    let noteworthy = world.noteworthy();
    assert_eq!(noteworthy, dead, "{removal}");
    let died = done["died"].as_array().unwrap();
    assert_eq!(died.len(), dead.len());
    for token in died {
        assert!(token["fingerprint"].is_string());
    }
}

#[tokio::test]
async fn a_removal_reaches_the_grants_that_fit_all_that_is_stated() {
    let [ada, twin, bob, rival] = [
        ["ada access dead", "ada refresh dead"],
        ["twin access dead", "twin refresh dead"],
        ["bob access dead", "bob refresh dead"],
        ["rival access dead", "rival refresh dead"],
    ];
    let all = |casts: &[[&'static str; 2]]| casts.concat();
    let check = async |removal, removed: &[u32], dead: Vec<&str>| {
        check_removal("rfc7009", removal, removed, &dead).await;
    };
    check(json!({ "user": "bob" }), &[2], all(&[bob])).await;
    check(
        json!({ "user": "ada" }),
        &[0, 1, 3],
        all(&[ada, twin, rival]),
    )
    .await;
    check(
        json!({ "client": "main" }),
        &[0, 1, 2],
        all(&[ada, twin, bob]),
    )
    .await;
    check(
        json!({ "user": "ada", "client": "rival" }),
        &[3],
        all(&[rival]),
    )
    .await;
    // One grant takes with it what the provider removes with it.
    check(json!({ "grant": 0 }), &[0], all(&[ada, twin])).await;
    check(
        json!({ "grant": 0, "user": "ada" }),
        &[0],
        all(&[ada, twin]),
    )
    .await;
    check(json!({ "grant": 0, "user": "bob" }), &[], vec![]).await;
    check(json!({ "user": "nobody" }), &[], vec![]).await;
}

#[tokio::test]
async fn what_users_answer_is_said_for_them() {
    let world = World::start("rfc7009").await;
    let asks = json!({ "consent": "ask", "user": null });
    assert_eq!(get(&world, "/consent").await, asks);
    for (said, shown) in [
        (json!({ "consent": "allow" }), json!("user")),
        (json!({ "consent": "allow", "user": "eve" }), json!("eve")),
        (json!({ "consent": "deny" }), json!(null)),
    ] {
        let set = post(&world, "/consent", &said).await;
        assert_eq!((&set["consent"], &set["user"]), (&said["consent"], &shown));
        assert_eq!(get(&world, "/consent").await, set);
    }
    let senseless = json!({ "consent": "deny", "user": "eve" });
    let ask = Ask::post("/_rescind/consent").json(&senseless);
    assert_eq!(world.send(ask).await.status, 400);
}

#[tokio::test]
async fn signing_keys_are_rotated_where_something_is_signed() {
    let world = World::start("openid").await;
    let keys = async || {
        let state = world.tenant.lock();
        let keys = state.signing_keys().unwrap().jwks().unwrap();
        keys["keys"].as_array().unwrap().len()
    };
    let before = keys().await;
    let rotated = post(&world, "/signing-keys/rotate", &json!({})).await;
    assert_eq!(rotated, json!({ "rotated": true }));
    assert!(keys().await > before);
    let unsigned = World::start("rfc7009").await;
    let ask = Ask::post("/_rescind/signing-keys/rotate");
    assert_eq!(unsigned.send(ask).await.status, 400);
}

#[tokio::test]
async fn the_clock_stands_still_and_goes_on() {
    let world = World::start("rfc7009").await;
    let frozen = post(&world, "/clock/freeze", &json!({})).await;
    assert_eq!(frozen["standing"], true);
    assert_eq!(get(&world, "/clock").await, frozen);
    let moved = post(&world, "/clock", &json!({ "advance_seconds": 60 })).await;
    let now = |clock: &Value| clock["now"].as_u64().unwrap();
    assert_eq!(now(&moved), now(&frozen) + 60_000);
    assert_eq!(moved["standing"], true);
    let thawed = post(&world, "/clock/thaw", &json!({})).await;
    assert!(now(&thawed) >= now(&moved) && thawed["standing"] == false);
    assert_eq!(
        world.tenant.freeze(),
        world.tenant.lock().now(world.tenant.elapsed())
    );
}

#[tokio::test]
async fn faults_are_listed_and_ended_one_by_one() {
    let world = World::start("rfc7009").await;
    for status in [500, 503] {
        let fault = json!({ "endpoint": "resource", "answer": { "status": status } });
        post(&world, "/faults", &fault).await;
    }
    assert_eq!(world.send(Ask::get("/userinfo")).await.status, 503);
    let faults = get(&world, "/faults").await;
    let numbers: Vec<&Value> = faults["faults"].as_array().unwrap().iter().collect();
    assert_eq!(numbers.len(), 2);
    assert_eq!(
        (
            &numbers[0]["fault"],
            &numbers[0]["matched"],
            &numbers[0]["lasting"]
        ),
        (&json!(1), &json!(1), &json!(false))
    );
    assert_eq!(numbers[1]["meets"], json!({ "endpoint": "resource" }));
    assert_eq!(numbers[1]["effect"]["answer"]["status"], 503);
    let ended = world.send(Ask::new("DELETE", "/_rescind/faults/2")).await;
    assert_eq!((ended.status, ended.json()), (200, json!({ "ended": 1 })));
    assert_eq!(world.send(Ask::get("/userinfo")).await.status, 500);
    let again = world.send(Ask::new("DELETE", "/_rescind/faults/2")).await;
    assert_eq!(again.status, 404);
}

#[tokio::test]
async fn clients_are_made_listed_and_forgotten() {
    let world = World::start("rfc7009").await;
    let new = json!({ "name": "new", "redirect_uris": ["https://app.example.test/back"] });
    let made = post(&world, "/clients", &new).await;
    assert!(made["client_secret"].is_string());
    let clients = get(&world, "/clients").await;
    let names: Vec<&Value> = clients["clients"]
        .as_array()
        .unwrap()
        .iter()
        .map(|client| &client["name"])
        .collect();
    assert_eq!(names, ["main", "rival", "new"]);
    assert_eq!(clients["clients"][2]["client_id"], made["client_id"]);
    assert_eq!(clients["clients"][2]["redirect_uris"], new["redirect_uris"]);
    let secret = made["client_secret"].as_str().unwrap();
    assert_eq!(
        clients["clients"][2]["secret_fingerprint"],
        fingerprint(&world, secret)
    );
    let removed = world
        .send(Ask::new("DELETE", "/_rescind/clients/main"))
        .await;
    assert_eq!(
        (removed.status, removed.json()),
        (200, json!({ "removed": "main" }))
    );
    let revoke = Ask::post("/oauth2/revoke")
        .basic(&world.ada.client)
        .form(&[("token", access(&world.ada))]);
    assert_eq!(world.send(revoke).await.status, 401);
    assert_eq!(world.noteworthy(), [""; 0], "its tokens live on");
}

/// The grants that the ledger shows.
async fn grants(world: &World, query: &str) -> (Vec<u64>, Value) {
    let ledger = get(world, &format!("/ledger{query}")).await;
    let grants = ledger["grants"].as_array().unwrap().iter();
    let grants = grants.map(|grant| grant["grant"].as_u64().unwrap());
    (grants.collect(), ledger["next"].clone())
}

#[tokio::test]
async fn the_ledger_is_filtered_and_read_piece_by_piece() {
    let world = World::start("rfc7009").await;
    let check = async |query, expected: &[u64], next: Value| {
        assert_eq!(
            grants(&world, query).await,
            (expected.to_vec(), next),
            "{query}"
        );
    };
    check("", &[0, 1, 2, 3], json!(null)).await;
    check("?user=ada", &[0, 1, 3], json!(null)).await;
    check("?client=rival", &[3], json!(null)).await;
    check("?user=ada&client=main", &[0, 1], json!(null)).await;
    check("?grant=2", &[2], json!(null)).await;
    check("?grant=2&user=ada", &[], json!(null)).await;
    check("?grant=9", &[], json!(null)).await;
    check("?limit=3", &[0, 1, 2], json!(3)).await;
    check("?limit=4", &[0, 1, 2, 3], json!(null)).await;
    check("?limit=1&from=1&user=ada", &[1], json!(2)).await;
    check("?limit=1&from=2&user=ada", &[3], json!(null)).await;
    check("?from=4", &[], json!(null)).await;
}

#[tokio::test]
async fn a_ledger_of_many_is_read_to_its_end_and_its_journal_hides_every_token() {
    let world = World::start("rfc7009").await;
    {
        let mut state = world.tenant.lock();
        let elapsed = world.tenant.elapsed();
        for number in 0..10_000 {
            let user = if number % 1000 == 0 { "rare" } else { "many" };
            state.mint(user, "main", &Subject::ALL, elapsed);
        }
    }
    let (rare, next) = grants(&world, "?user=rare").await;
    assert_eq!((rare.len(), next), (10, json!(null)));
    let (mut seen, mut from) = (0, json!(0));
    while from != json!(null) {
        let (grants, next) = grants(&world, &format!("?limit=4000&from={from}")).await;
        seen += grants.len();
        from = next;
    }
    assert_eq!(seen, 10_004);
    // Tokens of grants that no entry is about, in places where none belongs.
    let stray = {
        let state = world.tenant.lock();
        let grant = rescind_provider::GrantId(9000);
        state.ledger().tokens(grant, world.tenant.elapsed())
    };
    let [one, other] = [&stray[0].text, &stray[1].text];
    for ask in [
        Ask::get("/userinfo")
            .bearer(access(&world.ada))
            .header("x-other", one),
        Ask::get("/userinfo").query(&[("unusual", other)]),
        Ask::get(format!("/userinfo/{one}")),
        Ask::post("/oauth2/revoke").json(&json!({ "deep": [{ "in": other }] })),
        Ask::post("/oauth2/revoke").form(&[("unusual", one), ("token", other)]),
        Ask::post("/oauth2/revoke").body("text/plain", format!("see <{other}>.")),
    ] {
        world.send(ask).await;
    }
    let journal = get(&world, "/journal").await;
    assert_eq!(journal["entries"].as_array().unwrap().len(), 6);
    let text = journal.to_string();
    for token in [one, other, access(&world.ada)] {
        assert!(!text.contains(token), "a token shows");
        let encoded: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
        assert!(!text.contains(&encoded), "a token shows, encoded");
        assert!(
            text.contains(&fingerprint(&world, token)),
            "it is not told which"
        );
    }
}
