//! Access tokens that are JWTs, the keys that sign them, and what ends them (RFC 9068, RFC 7517).

use std::sync::Arc;

use rescind_model::Subject;
use rescind_model::profile::Profile;
use rescind_provider::signing::{PublicKeys, Verified, verify};
use serde_json::{Value, json};

use crate::support::{Ask, World, access, changed_profile, refresh};

async fn keys(world: &World) -> Value {
    let answer = world.send(Ask::get("/oauth2/keys")).await;
    assert_eq!(answer.status, 200);
    answer.json()
}

async fn verified(world: &World, token: &str) -> Verified {
    verify(token, &PublicKeys::read(&keys(world).await)).unwrap()
}

fn revoking(world: &World, token: &str) -> Ask {
    Ask::post("/oauth2/revoke")
        .basic(&world.ada.client)
        .form(&[("token", token)])
}

async fn refreshed(world: &World) -> String {
    let ask = Ask::post("/oauth2/token").basic(&world.ada.client).form(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh(&world.twin)),
    ]);
    let answer = world.send(ask).await.json();
    answer["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_access_token_says_what_the_standard_demands_and_verifies_by_the_published_keys() {
    let world = World::start("openid").await;
    let token = verified(&world, access(&world.ada)).await;
    assert_eq!(token.typ.as_deref(), Some("at+jwt"));
    let claims = Value::from(token.claims.clone());
    assert_eq!(claims["iss"], world.tenant.base_url());
    assert_eq!(claims["aud"], world.tenant.base_url());
    assert_eq!(claims["sub"], "ada");
    assert_eq!(claims["client_id"], *world.ada.client.client_id);
    let (iat, exp) = (
        claims["iat"].as_u64().unwrap(),
        claims["exp"].as_u64().unwrap(),
    );
    // 2020: its time is the world's, and not the run's.
    assert!(iat > 1_577_836_800);
    assert_eq!(exp - iat, 3600);
    let other = verified(&world, access(&world.twin)).await;
    assert_ne!(other.claims["jti"], token.claims["jti"]);
}

#[tokio::test]
async fn the_id_of_a_token_is_no_token_and_neither_is_a_changed_one() {
    let world = World::start("openid").await;
    let token = access(&world.ada);
    let id = verified(&world, token).await.claims["jti"].clone();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    for no_token in [
        id.as_str().unwrap().to_owned(),
        format!("{signed}."),
        format!("{signed}.{signature}="),
        signature.to_owned(),
    ] {
        let answer = world.send(Ask::get("/api/me").bearer(&no_token)).await;
        assert_eq!(answer.status, 401, "{no_token}");
    }
}

#[tokio::test]
async fn a_rotation_signs_anew_and_leaves_what_was_signed() {
    let world = World::start("openid").await;
    let before = keys(&world).await;
    world.tenant.lock().rotate_signing_key();
    let after = keys(&world).await;
    let ids = |keys: &Value| -> Vec<String> {
        let keys = keys["keys"].as_array().unwrap().iter();
        keys.map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!((ids(&before).len(), ids(&after).len()), (2, 4));
    assert!(ids(&before).iter().all(|id| ids(&after).contains(id)));
    let old = verified(&world, access(&world.ada)).await.kid.unwrap();
    let new = refreshed(&world).await;
    let new_key = verified(&world, &new).await.kid.unwrap();
    assert!(ids(&before).contains(&old) && !ids(&before).contains(&new_key));
    for token in [access(&world.ada), &new] {
        assert_eq!(
            world.send(Ask::get("/api/me").bearer(token)).await.status,
            200
        );
    }
}

#[tokio::test]
async fn a_revoked_jwt_verifies_still_and_is_refused_all_the_same() {
    let world = World::start("openid").await;
    let token = access(&world.ada);
    assert_eq!(world.send(revoking(&world, token)).await.status, 200);
    assert_eq!(verified(&world, token).await.claims["sub"], "ada");
    for path in ["/api/me", "/userinfo"] {
        assert_eq!(world.send(Ask::get(path).bearer(token)).await.status, 401);
    }
}

/// The plain OpenID Provider, at which nothing but time ends an access token.
fn living_on() -> Arc<Profile> {
    let jwt = "access_token_format = \"jwt\"";
    let ends = "ends = { access_token = \"token\", refresh_token = \"grant\" }";
    changed_profile(
        "openid",
        &[
            (jwt, "access_token_format = \"jwt_that_lives_on\""),
            (ends, "ends = { refresh_token = \"grant\" }"),
        ],
    )
}

/// The provider's owner tries to end ada's access token.
fn killed_by_the_owner(world: &World) {
    let elapsed = world.tenant.elapsed();
    let mut state = world.tenant.lock();
    state.kill_at_provider(world.ada.grant, Subject::AccessToken, elapsed);
}

#[tokio::test]
async fn a_jwt_that_lives_on_is_refused_at_revocation_and_ended_by_nothing_but_time() {
    let world = World::of(living_on()).await;
    let refused = world.send(revoking(&world, access(&world.ada))).await;
    assert_eq!(
        (refused.status, refused.json()),
        (400, json!({ "error": "unsupported_token_type" }))
    );
    assert_eq!(
        world
            .send(revoking(&world, refresh(&world.ada)))
            .await
            .status,
        200
    );
    assert_eq!(world.last_entry().killed.len(), 1);
    world.remove_by_user(&world.twin);
    killed_by_the_owner(&world);
    assert_eq!(
        world.noteworthy(),
        ["ada refresh dead", "twin refresh dead"]
    );
    let me = || Ask::get("/api/me").bearer(access(&world.ada));
    assert_eq!(world.send(me()).await.status, 200);
    world.tenant.lock().clock_mut().advance(3600);
    assert_eq!(world.send(me()).await.status, 401);
}

#[tokio::test]
async fn no_key_is_made_before_it_is_needed() {
    let opaque = changed_profile(
        "openid",
        &[(
            "access_token_format = \"jwt\"",
            "access_token_format = \"opaque\"",
        )],
    );
    let world = World::of(opaque).await;
    assert!(!access(&world.ada).contains('.'));
    let warm = || world.tenant.lock().signing_keys().unwrap().is_warm();
    assert!(!warm());
    keys(&world).await;
    assert!(warm());
}

#[tokio::test]
async fn of_a_signed_token_it_is_the_signature_that_the_journal_hides() {
    let world = World::start("openid").await;
    world
        .send(Ask::get("/api/me").bearer(access(&world.ada)))
        .await;
    let state = world.tenant.lock();
    let scanner = state.scanner(world.tenant.fingerprints().clone());
    let lines = state
        .journal()
        .after(0)
        .last()
        .unwrap()
        .request_lines(&scanner);
    let signature = access(&world.ada).rsplit_once('.').unwrap().1;
    assert!(!lines.join("\n").contains(&signature[..8]), "{lines:?}");
}
