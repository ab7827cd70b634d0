//! The registration of clients by themselves, and the rest of their lives (RFC 7591, RFC 7592).

use rescind_provider::signing::SigningAlgorithm;
use rescind_provider::{Departure, Outcome};
use serde_json::{Value, json};

use crate::assertions::client_keys;
use crate::support::{Answer, Ask, World, changed_profile};

const CALLBACK: &str = "https://client.example/callback";

fn plain() -> Value {
    json!({ "redirect_uris": [CALLBACK], "client_name": "A client" })
}

async fn registered(world: &World, metadata: &Value) -> Value {
    let answer = world.send(Ask::post("/register").json(metadata)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

/// A request to a client's own address, with its own token.
fn own(world: &World, client: &Value, method: &str) -> Ask {
    let uri = text(client, "registration_client_uri");
    let path = uri.strip_prefix(world.tenant.base_url()).unwrap();
    Ask::new(method, path).bearer(text(client, "registration_access_token"))
}

/// What the token endpoint says to a client that only says who it is and shows a secret.
async fn token(world: &World, client: &Value, secret: &str) -> Answer {
    let ask = Ask::post("/oauth2/token")
        .basic_pair(&format!("{}:{secret}", text(client, "client_id")))
        .form(&[("grant_type", "client_credentials")]);
    world.send(ask).await
}

/// The secret as Basic carries it (RFC 6749 §2.3.1).
fn encoded(client: &Value) -> String {
    form_urlencoded::byte_serialize(text(client, "client_secret").as_bytes()).collect()
}

#[tokio::test]
async fn a_client_that_registers_can_do_what_it_was_registered_for() {
    let world = World::start("openid").await;
    let mut metadata = plain();
    metadata["grant_types"] = json!(["authorization_code", "client_credentials"]);
    metadata["a_member_that_nobody_knows"] = json!({ "x": 1 });
    let client = registered(&world, &metadata).await;
    for (name, expected) in [
        ("redirect_uris", json!([CALLBACK])),
        ("client_name", json!("A client")),
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        (
            "grant_types",
            json!(["authorization_code", "client_credentials"]),
        ),
        ("response_types", json!(["code"])),
        ("client_secret_expires_at", json!(0)),
    ] {
        assert_eq!(client[name], expected, "{name}");
    }
    assert!(client.get("a_member_that_nobody_knows").is_none());
    assert_eq!(token(&world, &client, &encoded(&client)).await.status, 200);
    assert_eq!(token(&world, &client, "wrong").await.status, 401);
    let refresh = Ask::post("/oauth2/token")
        .basic_pair(&format!(
            "{}:{}",
            text(&client, "client_id"),
            encoded(&client)
        ))
        .form(&[("grant_type", "refresh_token"), ("refresh_token", "x")]);
    let answer = world.send(refresh).await;
    assert_eq!(answer.json(), json!({ "error": "unauthorized_client" }));
}

#[tokio::test]
async fn each_client_is_another() {
    let world = World::start("openid").await;
    let (one, two) = (
        registered(&world, &plain()).await,
        registered(&world, &plain()).await,
    );
    for name in ["client_id", "client_secret", "registration_access_token"] {
        assert_ne!(one[name], two[name], "{name}");
    }
    let other = own(&world, &one, "GET");
    let mixed = Ask::get(format!("/register/{}", text(&two, "client_id")))
        .bearer(text(&one, "registration_access_token"));
    assert_eq!(world.send(other).await.status, 200);
    assert_eq!(world.send(mixed).await.status, 401);
}

#[tokio::test]
async fn a_public_client_and_one_with_keys_are_told_no_secret() {
    let world = World::start("openid").await;
    let mut public = plain();
    public["token_endpoint_auth_method"] = json!("none");
    let client = registered(&world, &public).await;
    assert!(client.get("client_secret").is_none());

    let keys = client_keys(SigningAlgorithm::Es256);
    let mut signing = plain();
    signing["token_endpoint_auth_method"] = json!("private_key_jwt");
    signing["grant_types"] = json!(["client_credentials"]);
    signing["jwks"] = keys.jwks().unwrap();
    let client = registered(&world, &signing).await;
    assert!(client.get("client_secret").is_none());
    let id = text(&client, "client_id");
    let now = client["client_id_issued_at"].as_u64().unwrap();
    let claims = json!({
        "iss": id, "sub": id, "aud": world.tenant.base_url(), "exp": now + 300, "jti": "one",
    });
    let ask = Ask::post("/oauth2/token").form(&[
        ("grant_type", "client_credentials"),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", &keys.sign("JWT", &claims).unwrap()),
    ]);
    assert_eq!(world.send(ask).await.status, 200);
}

#[tokio::test]
async fn a_registration_that_makes_no_sense_is_refused() {
    let world = World::start("openid").await;
    let redirect = "invalid_redirect_uri";
    let metadata = "invalid_client_metadata";
    let with = |name: &str, value: Value| {
        let mut metadata = plain();
        metadata[name] = value;
        metadata
    };
    for (body, error) in [
        (json!({}), redirect),
        (
            with("redirect_uris", json!("https://client.example")),
            redirect,
        ),
        (with("redirect_uris", json!(["/callback"])), redirect),
        (
            with("redirect_uris", json!(["https://client.example/#x"])),
            redirect,
        ),
        (
            with("redirect_uris", json!(["javascript:alert(1)"])),
            redirect,
        ),
        (
            with("token_endpoint_auth_method", json!("tls_client_auth")),
            metadata,
        ),
        (
            with("token_endpoint_auth_method", json!("private_key_jwt")),
            metadata,
        ),
        (with("jwks", json!({ "keys": [] })), metadata),
        (
            with("jwks_uri", json!("https://client.example/keys")),
            metadata,
        ),
        (with("grant_types", json!(["password"])), metadata),
        (with("response_types", json!(["token"])), metadata),
        (with("client_name", json!(1)), metadata),
    ] {
        let answer = world.send(Ask::post("/register").json(&body)).await;
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.json()["error"], error, "{body}");
        assert_eq!(world.last_entry().outcome, Outcome::Malformed);
    }
    let form = Ask::post("/register").form(&[("redirect_uris", CALLBACK)]);
    assert_eq!(world.send(form).await.status, 400);
}

#[tokio::test]
async fn a_client_reads_and_changes_what_it_said_of_itself() {
    let world = World::start("openid").await;
    let client = registered(&world, &plain()).await;
    assert_eq!(world.send(own(&world, &client, "GET")).await.json(), client);
    let changed = json!({
        "client_id": client["client_id"],
        "client_secret": client["client_secret"],
        "redirect_uris": ["https://client.example/other"],
        "grant_types": ["client_credentials"],
    });
    let answer = world.send(own(&world, &client, "PUT").json(&changed)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let now = answer.json();
    assert_eq!(now["redirect_uris"], changed["redirect_uris"]);
    // RFC 7592 §2.2: what is left out is gone.
    assert!(now.get("client_name").is_none());
    assert_eq!(world.send(own(&world, &client, "GET")).await.json(), now);
    assert_eq!(token(&world, &client, &encoded(&client)).await.status, 200);

    for (name, value) in [
        ("client_id", json!("client-another")),
        ("client_secret", json!("chosen")),
        ("registration_access_token", json!("chosen")),
        ("redirect_uris", json!(["nowhere"])),
    ] {
        let mut wrong = changed.clone();
        wrong[name] = value;
        let answer = world.send(own(&world, &client, "PUT").json(&wrong)).await;
        assert_eq!(answer.status, 400, "{name}");
    }
    assert_eq!(world.send(own(&world, &client, "GET")).await.json(), now);
}

#[tokio::test]
async fn a_client_that_deletes_itself_is_gone_with_its_grants_or_without() {
    for (keeps, dies) in [(false, true), (true, false)] {
        let path = "path = \"/register\"";
        let kept = format!("{path}\ndeletion_ends_grants = {}", !keeps);
        let world = World::of(changed_profile("openid", &[(path, &kept)])).await;
        let mut metadata = plain();
        metadata["grant_types"] = json!(["client_credentials"]);
        let client = registered(&world, &metadata).await;
        let issued = token(&world, &client, &encoded(&client)).await.json();
        let me = || Ask::get("/api/me").bearer(text(&issued, "access_token"));
        assert_eq!(world.send(me()).await.status, 200);
        let answer = world.send(own(&world, &client, "DELETE")).await;
        assert_eq!((answer.status, answer.body.as_str()), (204, ""));
        assert_eq!(world.last_entry().killed.len(), usize::from(dies));
        assert_eq!(world.send(me()).await.status, if dies { 401 } else { 200 });
        assert_eq!(token(&world, &client, &encoded(&client)).await.status, 401);
        for method in ["GET", "PUT", "DELETE"] {
            assert_eq!(world.send(own(&world, &client, method)).await.status, 401);
        }
        // Nobody else's is touched.
        assert!(world.noteworthy().is_empty());
    }
}

#[tokio::test]
async fn an_initial_access_token_keeps_strangers_out_where_the_profile_says_so() {
    let path = "path = \"/register\"";
    let guarded = format!("{path}\naccess = \"initial_access_token\"");
    let world = World::of(changed_profile("openid", &[(path, &guarded)])).await;
    let ask = || Ask::post("/register").json(&plain());
    let answer = world.send(ask()).await;
    assert_eq!(
        (answer.status, answer.json()),
        (401, json!({ "error": "invalid_token" }))
    );
    assert_eq!(
        world.last_entry().departures,
        [Departure::CredentialsMissing]
    );
    assert_eq!(world.send(ask().bearer("wrong")).await.status, 401);
    assert_eq!(world.last_entry().departures, [Departure::CredentialsWrong]);
    let initial = world.tenant.lock().initial_access_token();
    assert_eq!(world.send(ask().bearer(initial.expose())).await.status, 201);
}

#[tokio::test]
async fn the_journal_shows_no_secret_of_a_registration_even_after_the_client_is_gone() {
    let world = World::start("openid").await;
    let client = registered(&world, &plain()).await;
    world.send(own(&world, &client, "GET")).await;
    world.send(own(&world, &client, "DELETE")).await;
    let state = world.tenant.lock();
    let scanner = state.scanner(world.tenant.fingerprints().clone());
    for entry in state.journal().after(0) {
        let request = entry.request_lines(&scanner).join("\n");
        let shown = request + &entry.answer_lines(&scanner).join("\n");
        for secret in ["client_secret", "registration_access_token"] {
            assert!(!shown.contains(text(&client, secret)), "{shown}");
        }
    }
}

#[tokio::test]
async fn other_methods_and_paths_below_are_no_endpoints() {
    let world = World::start("openid").await;
    for (method, path, status) in [
        ("GET", "/register", 405),
        ("POST", "/register/client-x", 405),
        ("GET", "/register/client-x", 401),
        ("GET", "/register/client-x/y", 404),
        ("POST", "/register/", 404),
    ] {
        let answer = world.send(Ask::new(method, path)).await;
        assert_eq!(answer.status, status, "{method} {path}");
    }
    let google = World::start("google").await;
    let answer = google.send(Ask::post("/register").json(&plain())).await;
    assert_eq!(answer.status, 404);
}
