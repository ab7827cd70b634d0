//! Introspection: what the provider says of a token (RFC 7662).

use rescind_model::Subject;
use rescind_provider::Outcome;
use serde_json::json;

use crate::support::{Ask, World, access, refresh};

const PATH: &str = "/oauth2/introspect";

/// Whether the main client is told that a token is active.
async fn check(world: &World, token: &str, active: bool) {
    let ask = Ask::post(PATH)
        .basic(&world.ada.client)
        .form(&[("token", token)]);
    let answer = world.send(ask).await;
    assert_eq!(answer.status, 200);
    let body = answer.json();
    assert_eq!(body["active"], active);
    // RFC 7662 §2.2: of a token that is not active, nothing else is said.
    if !active {
        assert_eq!(body, json!({ "active": false }));
    }
}

#[tokio::test]
async fn live_tokens_are_active_and_say_whose_they_are() {
    let world = World::start("rfc7009").await;
    check(&world, access(&world.ada), true).await;
    check(&world, refresh(&world.ada), true).await;
    let ask = Ask::post(PATH)
        .basic(&world.ada.client)
        .form(&[("token", access(&world.bob))]);
    let body = world.send(ask).await.json();
    assert_eq!(body["sub"], "bob");
    assert_eq!(body["client_id"], *world.bob.client.client_id);
}

#[tokio::test]
async fn unknown_tokens_and_those_of_another_client_are_inactive() {
    let world = World::start("rfc7009").await;
    check(&world, "never-issued", false).await;
    check(&world, access(&world.rival), false).await;
    check(&world, refresh(&world.rival), false).await;
}

#[tokio::test]
async fn a_revoked_token_is_inactive_and_its_partner_as_the_profile_says() {
    for (profile, revoked, access_lives, refresh_lives) in [
        ("rfc7009", Subject::AccessToken, false, true),
        ("rfc7009", Subject::RefreshToken, false, false),
        ("refresh-only", Subject::RefreshToken, true, false),
        ("access-only", Subject::RefreshToken, true, true),
    ] {
        let world = World::start(profile).await;
        let token = match revoked {
            Subject::AccessToken => access(&world.ada),
            Subject::RefreshToken => refresh(&world.ada),
        };
        let revoke = Ask::post("/oauth2/revoke")
            .basic(&world.ada.client)
            .form(&[("token", token)]);
        world.send(revoke).await;
        check(&world, access(&world.ada), access_lives).await;
        check(&world, refresh(&world.ada), refresh_lives).await;
        check(&world, access(&world.twin), true).await;
    }
}

#[tokio::test]
async fn an_expired_token_is_inactive_whether_let_expire_or_by_the_clock() {
    let world = World::start("rfc7009").await;
    world.expire(&world.ada, Subject::AccessToken);
    check(&world, access(&world.ada), false).await;
    check(&world, access(&world.twin), true).await;
    world.tenant.lock().clock_mut().advance(3600);
    check(&world, access(&world.twin), false).await;
    // It has no lifetime.
    check(&world, refresh(&world.twin), true).await;
}

#[tokio::test]
async fn after_a_removal_by_the_user_nothing_of_that_user_and_client_is_active() {
    let world = World::start("rfc7009").await;
    world.remove_by_user(&world.twin);
    check(&world, access(&world.ada), false).await;
    check(&world, refresh(&world.ada), false).await;
    check(&world, access(&world.bob), true).await;
}

#[tokio::test]
async fn who_does_not_authenticate_is_told_nothing() {
    let world = World::start("rfc7009").await;
    let plain = || Ask::post(PATH).form(&[("token", access(&world.ada))]);
    for (ask, status, error, outcome) in [
        (plain(), 401, "invalid_client", Outcome::Unauthenticated),
        (
            plain().basic_pair("nobody:wrong"),
            401,
            "invalid_client",
            Outcome::Unauthenticated,
        ),
        (
            Ask::post(PATH).basic(&world.ada.client),
            400,
            "invalid_request",
            Outcome::Malformed,
        ),
        (
            Ask::get(PATH).basic(&world.ada.client),
            405,
            "method_not_allowed",
            Outcome::NoRoute,
        ),
    ] {
        let answer = world.send(ask).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.json(), json!({ "error": error }));
        assert_eq!(world.last_entry().outcome, outcome);
    }
}

#[tokio::test]
async fn a_profile_without_introspection_has_no_such_path() {
    for profile in ["google", "dropbox"] {
        let world = World::start(profile).await;
        let ask = Ask::post(PATH)
            .basic(&world.ada.client)
            .form(&[("token", access(&world.ada))]);
        assert_eq!(world.send(ask).await.status, 404, "{profile}");
    }
}
