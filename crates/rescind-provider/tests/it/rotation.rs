//! Refresh tokens that are replaced: used again, within their grace and after it.

use rescind_model::Subject;
use rescind_provider::Outcome;
use serde_json::Value;

use crate::support::flows::{advance, let_in_as, refreshing, text, token, token_as, tokens};
use crate::support::{Ask, World, access, refresh};

const ROTATES: &str = "refresh_token_rotates = true";

/// The plain provider, with more said of rotation.
async fn world(more: &str) -> World {
    let changed = format!("{ROTATES}\n{more}");
    World::start_changed("rfc7009", &[(ROTATES, &changed)]).await
}

async fn refreshed(world: &World, refresh_token: &str) -> Value {
    tokens(&token(world, &refreshing(refresh_token)).await)
}

async fn check_refused(world: &World, refresh_token: &str, outcome: Outcome) {
    let answer = token(world, &refreshing(refresh_token)).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (400, &"invalid_grant".into())
    );
    let entry = world.last_entry();
    assert_eq!(entry.outcome, outcome);
    assert!(entry.minted.is_empty() && !entry.acknowledged);
}

#[tokio::test]
async fn a_replaced_token_that_comes_again_ends_the_grant_where_the_profile_says_so() {
    let world = world("refresh_token_reuse = \"ends_grant\"").await;
    let first = refreshed(&world, refresh(&world.ada)).await;
    let second = refreshed(&world, text(&first, "refresh_token")).await;
    // Another client that has it proves nothing, and ends nothing.
    let stolen = token_as(
        &world,
        &world.rival.client,
        &refreshing(refresh(&world.ada)),
    )
    .await;
    assert_eq!(
        (stolen.status, world.last_entry().outcome),
        (400, Outcome::Foreign)
    );
    assert!(let_in_as(&world, access(&world.ada)).await.is_some());

    check_refused(&world, refresh(&world.ada), Outcome::Reused).await;
    let killed: Vec<(Subject, u32)> = world
        .last_entry()
        .killed
        .iter()
        .map(|token| (token.subject, token.generation))
        .collect();
    assert_eq!(
        killed,
        [
            (Subject::AccessToken, 0),
            (Subject::AccessToken, 1),
            (Subject::AccessToken, 2),
            (Subject::RefreshToken, 2)
        ]
    );
    for body in [&first, &second] {
        assert_eq!(let_in_as(&world, text(body, "access_token")).await, None);
    }
    check_refused(&world, text(&second, "refresh_token"), Outcome::Dead).await;
    // Nothing is left to end; the user's other grant goes on.
    check_refused(&world, refresh(&world.ada), Outcome::Reused).await;
    assert_eq!(world.last_entry().killed, []);
    assert!(let_in_as(&world, access(&world.twin)).await.is_some());
    refreshed(&world, refresh(&world.twin)).await;
}

#[tokio::test]
async fn the_ledger_says_that_a_reuse_ended_them() {
    let world = world("refresh_token_reuse = \"ends_grant\"").await;
    refreshed(&world, refresh(&world.ada)).await;
    check_refused(&world, refresh(&world.ada), Outcome::Reused).await;
    let ledger = world.send(Ask::get("/_rescind/ledger")).await.json();
    let causes: Vec<String> = ledger["grants"][0]["tokens"]
        .as_array()
        .unwrap()
        .iter()
        .map(|token| token["died"]["cause"].to_string())
        .collect();
    assert_eq!(
        causes,
        [
            r#"{"reused":2}"#,
            r#"{"rotated":1}"#,
            r#"{"reused":2}"#,
            r#"{"reused":2}"#
        ]
    );
}

#[tokio::test]
async fn a_token_that_was_revoked_or_never_replaced_is_no_reuse() {
    let world = world("refresh_token_reuse = \"ends_grant\"").await;
    let first = refreshed(&world, refresh(&world.ada)).await;
    let (elapsed, grant) = (world.tenant.elapsed(), world.ada.grant);
    world
        .tenant
        .lock()
        .kill_at_provider(grant, Subject::RefreshToken, elapsed);
    check_refused(&world, text(&first, "refresh_token"), Outcome::Dead).await;
    assert!(
        let_in_as(&world, text(&first, "access_token"))
            .await
            .is_some()
    );
}

#[tokio::test]
async fn within_its_grace_a_replaced_token_brings_another_and_then_it_is_dead() {
    let world = world("rotation_grace_seconds = 30").await;
    let first = refreshed(&world, refresh(&world.ada)).await;
    advance(&world, 20).await;
    let again = refreshed(&world, refresh(&world.ada)).await;
    assert!(text(&again, "refresh_token") != text(&first, "refresh_token"));
    assert!(text(&again, "access_token") != text(&first, "access_token"));
    // Both go on from here: each is a token like any other.
    refreshed(&world, text(&first, "refresh_token")).await;
    // The grace is counted from the first replacement.
    advance(&world, 10).await;
    check_refused(&world, refresh(&world.ada), Outcome::Dead).await;
    refreshed(&world, text(&again, "refresh_token")).await;
}

#[tokio::test]
async fn within_its_grace_a_replaced_token_can_bring_the_same_again() {
    let world = world("rotation_grace_seconds = 30\nrotation_grace_answers = \"same\"").await;
    let first = refreshed(&world, refresh(&world.ada)).await;
    let again = refreshed(&world, refresh(&world.ada)).await;
    assert_eq!(again["refresh_token"], first["refresh_token"]);
    assert!(text(&again, "access_token") != text(&first, "access_token"));
    assert_eq!(world.last_entry().minted.len(), 1);
    // A token of two generations ago brings the newest.
    let third = refreshed(&world, text(&first, "refresh_token")).await;
    let late = refreshed(&world, refresh(&world.ada)).await;
    assert_eq!(late["refresh_token"], third["refresh_token"]);
    advance(&world, 30).await;
    check_refused(&world, refresh(&world.ada), Outcome::Dead).await;
    refreshed(&world, text(&third, "refresh_token")).await;
}

#[tokio::test]
async fn a_reuse_after_the_grace_ends_the_grant_and_one_within_it_does_not() {
    let more = "rotation_grace_seconds = 30\nrefresh_token_reuse = \"ends_grant\"";
    let world = world(more).await;
    refreshed(&world, refresh(&world.ada)).await;
    advance(&world, 29).await;
    let within = refreshed(&world, refresh(&world.ada)).await;
    advance(&world, 1).await;
    check_refused(&world, refresh(&world.ada), Outcome::Reused).await;
    assert_eq!(let_in_as(&world, text(&within, "access_token")).await, None);
    check_refused(&world, text(&within, "refresh_token"), Outcome::Dead).await;
}

#[tokio::test]
async fn a_replaced_token_is_alive_to_everybody_until_its_grace_ends() {
    let world = world("rotation_grace_seconds = 30").await;
    refreshed(&world, refresh(&world.ada)).await;
    let introspect = Ask::post("/oauth2/introspect")
        .basic(&world.ada.client)
        .form(&[("token", refresh(&world.ada))]);
    let active = |answer: crate::support::Answer| answer.json()["active"].clone();
    assert_eq!(active(world.send(introspect.clone()).await), true);
    advance(&world, 30).await;
    assert_eq!(active(world.send(introspect).await), false);
    assert_eq!(
        world.noteworthy(),
        [
            "ada refresh dead",
            "ada access 1 alive",
            "ada refresh 1 alive"
        ]
    );
}

#[tokio::test]
async fn a_revocation_and_the_user_end_a_token_within_its_grace() {
    let world = world("rotation_grace_seconds = 30").await;
    for (minted, by_user) in [(&world.ada, false), (&world.bob, true)] {
        refreshed(&world, refresh(minted)).await;
        if by_user {
            world.remove_by_user(minted);
        } else {
            let revoke = Ask::post("/oauth2/revoke")
                .basic(&minted.client)
                .form(&[("token", refresh(minted))]);
            assert_eq!(world.send(revoke).await.status, 200);
            assert_eq!(world.last_entry().killed.len(), 4);
        }
        check_refused(&world, refresh(minted), Outcome::Dead).await;
    }
}

#[tokio::test]
async fn without_grace_or_reuse_a_replaced_token_is_just_dead() {
    let world = World::start("rfc7009").await;
    let first = refreshed(&world, refresh(&world.ada)).await;
    check_refused(&world, refresh(&world.ada), Outcome::Dead).await;
    assert_eq!(world.last_entry().killed, []);
    refreshed(&world, text(&first, "refresh_token")).await;
}
