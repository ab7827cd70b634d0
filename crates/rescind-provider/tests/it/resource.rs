//! The protected resource: what a token is good for (RFC 6750).

use rescind_model::Subject;
use serde_json::json;

use crate::support::{Ask, PROFILES, World, access, refresh};

fn path(world: &World) -> String {
    world.tenant.lock().profile().resource.path.to_string()
}

/// Whether a token is let in.
async fn check(world: &World, token: &str, let_in: bool) {
    let answer = world.send(Ask::get(path(world)).bearer(token)).await;
    assert_eq!(answer.status, if let_in { 200 } else { 401 });
}

#[tokio::test]
async fn a_live_access_token_is_let_in_and_a_refresh_token_is_not_at_every_profile() {
    for profile in PROFILES {
        let world = World::start(profile).await;
        let answer = world
            .send(Ask::get(path(&world)).bearer(access(&world.bob)))
            .await;
        assert_eq!(
            (answer.status, answer.json()),
            (200, json!({ "sub": "bob" })),
            "{profile}"
        );
        check(&world, refresh(&world.ada), false).await;
        check(&world, "never-issued", false).await;
    }
}

#[tokio::test]
async fn the_refusal_is_in_the_providers_own_words() {
    for (profile, body) in [
        ("rfc7009", json!({ "error": "invalid_token" })),
        (
            "google",
            json!({ "error": { "code": 401, "message": "Invalid Credentials", "status": "UNAUTHENTICATED" } }),
        ),
        (
            "dropbox",
            json!({ "error_summary": "invalid_access_token/...", "error": { ".tag": "invalid_access_token" } }),
        ),
    ] {
        let world = World::start(profile).await;
        world.remove_by_user(&world.ada);
        let answer = world
            .send(Ask::get(path(&world)).bearer(access(&world.ada)))
            .await;
        assert_eq!((answer.status, answer.json()), (401, body), "{profile}");
    }
}

#[tokio::test]
async fn a_plain_refusal_carries_the_bearer_challenge() {
    let world = World::start("rfc7009").await;
    let answer = world.send(Ask::get(path(&world))).await;
    assert_eq!(answer.status, 401);
    assert_eq!(
        answer.header("www-authenticate"),
        Some("Bearer error=\"invalid_token\"")
    );
}

#[tokio::test]
async fn the_token_must_stand_in_the_authorization_header() {
    let world = World::start("rfc7009").await;
    let token = [("access_token", access(&world.ada))];
    assert_eq!(
        world
            .send(Ask::get(path(&world)).query(&token))
            .await
            .status,
        401
    );
    let lower_case = format!("bearer {}", access(&world.ada));
    let ask = Ask::get(path(&world)).header("authorization", &lower_case);
    assert_eq!(world.send(ask).await.status, 200);
}

#[tokio::test]
async fn a_revoked_token_is_refused_and_others_are_not() {
    let world = World::start("rfc7009").await;
    let revoke = Ask::post("/oauth2/revoke")
        .basic(&world.ada.client)
        .form(&[("token", access(&world.ada))]);
    assert_eq!(world.send(revoke).await.status, 200);
    check(&world, access(&world.ada), false).await;
    check(&world, access(&world.twin), true).await;
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    let world = World::start("rfc7009").await;
    world.expire(&world.ada, Subject::AccessToken);
    check(&world, access(&world.ada), false).await;
    check(&world, access(&world.twin), true).await;
}

#[tokio::test]
async fn a_token_is_refused_once_the_clock_has_passed_its_lifetime() {
    for (profile, lifetime) in [("rfc7009", 3600), ("dropbox", 14400)] {
        let world = World::start(profile).await;
        // A minute is left for what the test itself takes.
        world.tenant.lock().clock_mut().advance(lifetime - 60);
        check(&world, access(&world.ada), true).await;
        world.tenant.lock().clock_mut().advance(60);
        check(&world, access(&world.ada), false).await;
    }
}

#[tokio::test]
async fn another_method_than_get_is_refused() {
    let world = World::start("rfc7009").await;
    let answer = world
        .send(Ask::post(path(&world)).bearer(access(&world.ada)))
        .await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET")));
}
