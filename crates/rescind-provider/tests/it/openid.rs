//! OpenID Connect from the user's consent to userinfo, and what introspection says of its tokens.

use rescind_model::profile::ClientAuthentication as How;
use rescind_provider::Outcome;
use rescind_provider::consent::Consent;
use rescind_provider::signing::{PublicKeys, at_hash, c_hash, verify};
use serde_json::{Value, json};

use crate::support::{Ask, World, access, refresh};

const CALLBACK: &str = "http://127.0.0.1:1/callback";

/// What a client gets that asks for a scope, for the user `ada`: the code, and the token response.
async fn signed_in(world: &World, scope: &str, nonce: Option<&str>) -> (String, Value) {
    let ada = Consent::Allow { user: "ada".into() };
    world.tenant.lock().set_consent(ada);
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", world.ada.client.client_id.as_str()),
        ("redirect_uri", CALLBACK),
        ("scope", scope),
    ];
    pairs.extend(nonce.map(|nonce| ("nonce", nonce)));
    let answer = world
        .send(Ask::get("/oauth2/authorize").query(&pairs))
        .await;
    let location = answer
        .header("location")
        .unwrap_or_else(|| panic!("{answer:?}"));
    let (_, query) = location.split_once('?').unwrap();
    let code = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "code")
        .map(|(_, value)| value.into_owned())
        .unwrap();
    let ask = Ask::post("/oauth2/token").basic(&world.ada.client).form(&[
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
    ]);
    let answer = world.send(ask).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    (code, answer.json())
}

async fn id_token(world: &World, response: &Value) -> Value {
    let keys = world.send(Ask::get("/oauth2/keys")).await.json();
    let text = response["id_token"].as_str().unwrap();
    let verified = verify(text, &PublicKeys::read(&keys)).unwrap();
    assert_eq!(verified.algorithm.name(), "RS256");
    verified.claims.into()
}

#[tokio::test]
async fn an_id_token_binds_the_sign_in_to_the_request_the_code_and_the_access_token() {
    let world = World::start("openid").await;
    let (code, response) = signed_in(&world, "openid profile", Some("n-1")).await;
    let claims = id_token(&world, &response).await;
    let access_token = response["access_token"].as_str().unwrap();
    for (name, expected) in [
        ("iss", json!(world.tenant.base_url())),
        ("sub", json!("ada")),
        ("aud", json!(world.ada.client.client_id)),
        ("azp", json!(world.ada.client.client_id)),
        ("nonce", json!("n-1")),
        ("at_hash", json!(at_hash(access_token))),
        ("c_hash", json!(c_hash(&code))),
    ] {
        assert_eq!(claims[name], expected, "{name}");
    }
    let seconds = |name: &str| claims[name].as_u64().unwrap();
    assert_eq!(seconds("exp") - seconds("iat"), 3600);
    assert!(seconds("auth_time") <= seconds("iat"));
}

#[tokio::test]
async fn a_refresh_brings_an_id_token_without_what_belonged_to_the_request() {
    let world = World::start("openid").await;
    let (_, response) = signed_in(&world, "openid offline_access", Some("n-1")).await;
    let ask = Ask::post("/oauth2/token").basic(&world.ada.client).form(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", response["refresh_token"].as_str().unwrap()),
    ]);
    let refreshed = world.send(ask).await.json();
    let claims = id_token(&world, &refreshed).await;
    assert_eq!(claims["sub"], "ada");
    let access_token = refreshed["access_token"].as_str().unwrap();
    assert_eq!(claims["at_hash"], at_hash(access_token));
    // OpenID Connect Core 1.0 §12.2
    assert!(claims.get("nonce").is_none() && claims.get("c_hash").is_none());
}

#[tokio::test]
async fn without_the_scope_there_is_no_id_token_and_no_userinfo() {
    let world = World::start("openid").await;
    let (_, response) = signed_in(&world, "profile", None).await;
    assert!(response.get("id_token").is_none());
    let token = response["access_token"].as_str().unwrap();
    let answer = world.send(Ask::get("/userinfo").bearer(token)).await;
    assert_eq!(
        (answer.status, answer.json()),
        (403, json!({ "error": "insufficient_scope" }))
    );
    assert_eq!(world.last_entry().outcome, Outcome::Unsupported);
    // It is alive for all that.
    assert_eq!(
        world.send(Ask::get("/api/me").bearer(token)).await.status,
        200
    );
}

#[tokio::test]
async fn userinfo_says_what_the_scopes_open() {
    let world = World::start("openid").await;
    for (scope, expected) in [
        ("openid", json!({ "sub": "ada" })),
        (
            "openid profile",
            json!({ "sub": "ada", "name": "ada", "preferred_username": "ada" }),
        ),
        (
            "openid email",
            json!({ "sub": "ada", "email": "ada@example.com", "email_verified": true }),
        ),
    ] {
        let (_, response) = signed_in(&world, scope, None).await;
        let token = response["access_token"].as_str().unwrap();
        let answer = world.send(Ask::get("/userinfo").bearer(token)).await;
        assert_eq!((answer.status, answer.json()), (200, expected), "{scope}");
        let posted = world.send(Ask::post("/userinfo").bearer(token)).await;
        assert_eq!(posted.json(), answer.json());
    }
}

#[tokio::test]
async fn userinfo_refuses_what_is_no_live_access_token_and_two_at_once() {
    let world = World::start("openid").await;
    let token = access(&world.ada);
    let two = Ask::post("/userinfo")
        .bearer(token)
        .form(&[("access_token", token)]);
    for ask in [
        Ask::get("/userinfo"),
        Ask::get("/userinfo").bearer(refresh(&world.ada)),
        Ask::get("/userinfo").bearer("never-issued"),
        Ask::get("/userinfo").query(&[("access_token", token)]),
        two,
    ] {
        let answer = world.send(ask).await;
        assert_eq!(answer.status, 401);
        assert_eq!(
            answer.header("www-authenticate"),
            Some("Bearer error=\"invalid_token\"")
        );
    }
}

async fn introspected(world: &World, token: &str) -> Value {
    let ask = Ask::post("/oauth2/introspect")
        .basic(&world.ada.client)
        .form(&[("token", token)]);
    world.send(ask).await.json()
}

#[tokio::test]
async fn introspection_says_all_that_there_is_to_say() {
    let world = World::start("openid").await;
    let (_, response) = signed_in(&world, "openid email", None).await;
    let token = response["access_token"].as_str().unwrap();
    let keys = world.send(Ask::get("/oauth2/keys")).await.json();
    let claims = verify(token, &PublicKeys::read(&keys)).unwrap().claims;
    let said = introspected(&world, token).await;
    // What the token says of itself, it is told by whoever is asked about it.
    for name in [
        "iss",
        "sub",
        "aud",
        "client_id",
        "iat",
        "exp",
        "jti",
        "scope",
    ] {
        assert!(claims.contains_key(name), "{name}");
        assert_eq!(said[name], claims[name], "{name}");
    }
    assert_eq!(said["username"], "ada");
    assert_eq!(said["scope"], "openid email");
    assert_eq!(
        (&said["active"], &said["token_type"]),
        (&json!(true), &json!("Bearer"))
    );

    let refresh_token = introspected(&world, response["refresh_token"].as_str().unwrap()).await;
    assert_eq!(refresh_token["active"], true);
    for name in ["token_type", "exp", "jti"] {
        assert!(refresh_token.get(name).is_none(), "{name}");
    }
    world.tenant.lock().clock_mut().advance(3600);
    assert_eq!(
        introspected(&world, token).await,
        json!({ "active": false })
    );
}

#[tokio::test]
async fn a_token_of_the_client_alone_names_no_user() {
    let world = World::start("openid").await;
    let ask = Ask::post("/oauth2/token")
        .basic(&world.ada.client)
        .form(&[("grant_type", "client_credentials")]);
    let response = world.send(ask).await.json();
    let token = response["access_token"].as_str().unwrap();
    let said = introspected(&world, token).await;
    assert_eq!(said["sub"], *world.ada.client.client_id);
    assert!(said.get("username").is_none());
    assert_eq!(
        world.send(Ask::get("/userinfo").bearer(token)).await.status,
        403
    );
    assert_eq!(
        world.send(Ask::get("/api/me").bearer(token)).await.status,
        200
    );
}

#[tokio::test]
async fn a_public_client_gets_no_token_of_its_own() {
    let world = World::start("openid").await;
    world
        .tenant
        .lock()
        .client_mut("main")
        .unwrap()
        .authentication = Some(How::ClientId);
    let ask = Ask::post("/oauth2/token").form(&[
        ("grant_type", "client_credentials"),
        ("client_id", &world.ada.client.client_id),
    ]);
    let answer = world.send(ask).await;
    assert_eq!(
        (answer.status, answer.json()),
        (400, json!({ "error": "unauthorized_client" }))
    );
}
