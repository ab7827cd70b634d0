//! Clients that show an assertion in place of a secret (RFC 7523, OpenID Connect Core 1.0 §9).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rescind_model::profile::{ClientAuthentication as How, Place};
use rescind_provider::Departure;
use rescind_provider::ledger::LedgerKey;
use rescind_provider::signing::assertion::CLIENT_ASSERTION_TYPE;
use rescind_provider::signing::{KeySet, SigningAlgorithm};
use serde_json::{Value, json};

use crate::support::{Answer, Ask, World, access, changed_profile, refresh};

/// The keys of the client that the tests act as.
pub fn client_keys(algorithm: SigningAlgorithm) -> KeySet {
    KeySet::new(LedgerKey::new("a client's own", "client"), algorithm)
}

/// What a client says in an assertion.
pub fn claims(world: &World, jti: &str) -> Value {
    let now = now(world);
    let id = &world.ada.client.client_id;
    json!({
        "iss": id, "sub": id, "jti": jti, "iat": now, "exp": now + 60,
        "aud": format!("{}/oauth2/token", world.tenant.base_url()),
    })
}

/// The provider's time, as its own tokens tell it.
pub fn now(world: &World) -> u64 {
    let payload = access(&world.ada).split('.').nth(1).unwrap();
    let payload: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    payload["iat"].as_u64().unwrap()
}

/// An assertion that a shared secret authenticates (RFC 7515 §3.2, HS256).
pub fn by_secret(secret: &str, claims: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let input = format!("{}.{}", encode(&json!({ "alg": "HS256" })), encode(claims));
    let mac = hmac_sha256::HMAC::mac(input.as_bytes(), secret.as_bytes());
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(mac))
}

pub fn refreshing(world: &World, assertion: &str) -> Ask {
    Ask::post("/oauth2/token").form(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh(&world.ada)),
        ("client_assertion_type", CLIENT_ASSERTION_TYPE),
        ("client_assertion", assertion),
    ])
}

fn give_keys(world: &World, keys: &KeySet) {
    let mut state = world.tenant.lock();
    state.client_mut("main").unwrap().keys = Some(keys.jwks().unwrap());
}

async fn world_with_keys(algorithm: SigningAlgorithm) -> (World, KeySet) {
    let world = World::start("openid").await;
    let keys = client_keys(algorithm);
    give_keys(&world, &keys);
    (world, keys)
}

fn refused(answer: &Answer) {
    assert_eq!(
        (answer.status, answer.json()),
        (401, json!({ "error": "invalid_client" }))
    );
}

#[tokio::test]
async fn a_signed_assertion_is_good_for_once() {
    let (world, keys) = world_with_keys(SigningAlgorithm::Es256).await;
    let assertion = keys.sign("JWT", &claims(&world, "one")).unwrap();
    assert_eq!(world.send(refreshing(&world, &assertion)).await.status, 200);
    let entry = world.last_entry();
    assert_eq!(entry.credentials, [How::PrivateKeyJwt]);
    assert_eq!(entry.client.as_deref(), Some("main"));
    assert!(entry.departures.is_empty());
    refused(&world.send(refreshing(&world, &assertion)).await);
    assert_eq!(world.last_entry().departures, [Departure::CredentialsWrong]);
}

#[tokio::test]
async fn an_assertion_by_rsa_and_one_by_the_shared_secret_do_too() {
    let (world, keys) = world_with_keys(SigningAlgorithm::Rs256).await;
    let assertion = keys.sign("JWT", &claims(&world, "one")).unwrap();
    assert_eq!(world.send(refreshing(&world, &assertion)).await.status, 200);

    let world = World::start("openid").await;
    let secret = world.ada.client.client_secret.expose();
    let assertion = by_secret(secret, &claims(&world, "one"));
    assert_eq!(world.send(refreshing(&world, &assertion)).await.status, 200);
    assert_eq!(world.last_entry().credentials, [How::ClientSecretJwt]);
    refused(&world.send(refreshing(&world, &assertion)).await);
    refused(
        &world
            .send(refreshing(
                &world,
                &by_secret("wrong", &claims(&world, "two")),
            ))
            .await,
    );
}

#[tokio::test]
async fn what_an_assertion_says_must_be_right() {
    let (world, keys) = world_with_keys(SigningAlgorithm::Es256).await;
    let now = now(&world);
    for (claim, value) in [
        ("aud", json!("https://another.example/token")),
        ("iss", json!(world.rival.client.client_id)),
        ("exp", json!(now - 3600)),
        ("exp", json!(now + 365 * 24 * 3600)),
        ("jti", Value::Null),
    ] {
        let mut claims = claims(&world, claim);
        claims[claim] = value;
        let assertion = keys.sign("JWT", &claims).unwrap();
        refused(&world.send(refreshing(&world, &assertion)).await);
    }
    let stranger = KeySet::new(
        LedgerKey::new("a stranger's", "client"),
        SigningAlgorithm::Es256,
    );
    let assertion = stranger.sign("JWT", &claims(&world, "one")).unwrap();
    refused(&world.send(refreshing(&world, &assertion)).await);
    for nonsense in ["", "a.b.c", "not a token"] {
        refused(&world.send(refreshing(&world, nonsense)).await);
    }
    // The refusals have used nothing up.
    let assertion = keys.sign("JWT", &claims(&world, "one")).unwrap();
    assert_eq!(world.send(refreshing(&world, &assertion)).await.status, 200);
}

#[tokio::test]
async fn the_time_is_the_providers() {
    let (world, keys) = world_with_keys(SigningAlgorithm::Es256).await;
    let assertion = keys.sign("JWT", &claims(&world, "one")).unwrap();
    world.tenant.lock().clock_mut().advance(3600);
    refused(&world.send(refreshing(&world, &assertion)).await);
}

#[tokio::test]
async fn an_assertion_beside_a_secret_is_one_too_many_and_an_id_beside_it_must_agree() {
    let (world, keys) = world_with_keys(SigningAlgorithm::Es256).await;
    let assertion = keys.sign("JWT", &claims(&world, "one")).unwrap();
    let both = refreshing(&world, &assertion).basic(&world.ada.client);
    let answer = world.send(both).await;
    assert_eq!(
        (answer.status, answer.json()),
        (400, json!({ "error": "invalid_request" }))
    );
    assert_eq!(world.last_entry().departures, [Departure::CredentialsTwice]);
    let with_id = |client_id: &str| {
        Ask::post("/oauth2/token").form(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh(&world.ada)),
            ("client_assertion_type", CLIENT_ASSERTION_TYPE),
            ("client_assertion", &assertion),
            ("client_id", client_id),
        ])
    };
    refused(&world.send(with_id(&world.rival.client.client_id)).await);
    assert_eq!(
        world
            .send(with_id(&world.ada.client.client_id))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn an_assertion_of_another_type_or_without_one_is_refused() {
    let (world, keys) = world_with_keys(SigningAlgorithm::Es256).await;
    let assertion = keys.sign("JWT", &claims(&world, "one")).unwrap();
    let ask = |extra: &[(&str, &str)]| {
        let mut pairs = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh(&world.ada)),
            ("client_assertion", &assertion),
        ];
        pairs.extend(extra);
        Ask::post("/oauth2/token").form(&pairs)
    };
    refused(&world.send(ask(&[])).await);
    refused(
        &world
            .send(ask(&[("client_assertion_type", "urn:other")]))
            .await,
    );
    let right = [("client_assertion_type", CLIENT_ASSERTION_TYPE)];
    assert_eq!(world.send(ask(&right)).await.status, 200);
}

#[tokio::test]
async fn an_assertion_in_a_secrets_place_is_good_for_as_long_as_it_says() {
    let place = "{ assertion_at = { form = \"client_secret\" } }";
    let all = "client_authentication = [\"basic\", \"post\", \"private_key_jwt\", \"client_secret_jwt\", \"client_id\"]";
    let profile = changed_profile(
        "openid",
        &[(all, &format!("client_authentication = [{place}]"))],
    );
    let world = World::of(profile).await;
    let keys = client_keys(SigningAlgorithm::Es256);
    give_keys(&world, &keys);
    let ask = |secret: &str, token: &str| {
        Ask::post("/oauth2/revoke").form(&[
            ("client_id", &world.ada.client.client_id),
            ("client_secret", secret),
            ("token", token),
        ])
    };
    refused(
        &world
            .send(ask(
                world.ada.client.client_secret.expose(),
                access(&world.ada),
            ))
            .await,
    );
    let mut claims = claims(&world, "one");
    claims["exp"] = json!(now(&world) + 180 * 24 * 3600);
    let assertion = keys.sign("JWT", &claims).unwrap();
    assert_eq!(
        world.send(ask(&assertion, access(&world.ada))).await.status,
        200
    );
    assert_eq!(
        world
            .send(ask(&assertion, access(&world.twin)))
            .await
            .status,
        200
    );
    let how = How::AssertionAt(Place::Form("client_secret".into()));
    assert_eq!(world.last_entry().credentials, [How::ClientId, how]);
    assert_eq!(world.noteworthy(), ["ada access dead", "twin access dead"]);
}
