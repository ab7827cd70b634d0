//! The token endpoint: refresh with and without rotation, and who may.

use rescind_model::Subject;
use rescind_provider::clients::Client;
use rescind_provider::{Outcome, journal::Presented};

use crate::support::{Answer, Ask, World, access, form, refresh};

const INVALID_GRANT: &str = r#"{"error":"invalid_grant"}"#;
const INVALID_CLIENT: &str = r#"{"error":"invalid_client"}"#;
const INVALID_REQUEST: &str = r#"{"error":"invalid_request"}"#;

fn path(world: &World) -> String {
    world
        .tenant
        .lock()
        .profile()
        .token_endpoint
        .path
        .to_string()
}

fn refresh_with(world: &World, client: &Client, token: &str) -> Ask {
    Ask::post(path(world))
        .basic(client)
        .form(&[("grant_type", "refresh_token"), ("refresh_token", token)])
}

fn main_refreshes(world: &World, token: &str) -> Ask {
    refresh_with(world, &world.ada.client, token)
}

async fn check(world: &World, ask: Ask, status: u16, body: &str, outcome: Outcome) {
    let before = world.noteworthy();
    let answer = world.send(ask).await;
    assert_eq!((answer.status, answer.body.as_str()), (status, body));
    let entry = world.last_entry();
    assert_eq!(entry.outcome, outcome);
    assert!(!entry.acknowledged && entry.minted.is_empty() && entry.killed.is_empty());
    assert_eq!(world.noteworthy(), before, "a refusal changes nothing");
}

/// Whether an access token is let in at the resource.
async fn is_let_in(world: &World, token: &str) -> bool {
    let path = world.tenant.lock().profile().resource.path.to_string();
    world.send(Ask::get(path).bearer(token)).await.status == 200
}

fn text<'a>(answer: &'a serde_json::Value, member: &str) -> &'a str {
    answer[member].as_str().unwrap()
}

#[tokio::test]
async fn a_refresh_at_rfc7009_replaces_the_refresh_token_and_leaves_the_old_access_token() {
    let world = World::start("rfc7009").await;
    let answer = world
        .send(main_refreshes(&world, refresh(&world.ada)))
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body = answer.json();
    let members: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        ["token_type", "access_token", "expires_in", "refresh_token"]
    );
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 3600);
    assert!(text(&body, "access_token") != access(&world.ada));
    assert!(text(&body, "refresh_token") != refresh(&world.ada));
    assert!(is_let_in(&world, text(&body, "access_token")).await);
    assert!(is_let_in(&world, access(&world.ada)).await);
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
async fn the_old_refresh_token_is_dead_after_a_rotation_and_the_new_one_goes_on() {
    let world = World::start("rfc7009").await;
    let first = world
        .send(main_refreshes(&world, refresh(&world.ada)))
        .await
        .json();
    let old = main_refreshes(&world, refresh(&world.ada));
    check(&world, old, 400, INVALID_GRANT, Outcome::Dead).await;
    let new = main_refreshes(&world, text(&first, "refresh_token"));
    assert_eq!(world.send(new).await.status, 200);
}

#[tokio::test]
async fn a_refresh_at_google_and_dropbox_keeps_the_refresh_token() {
    for (profile, lifetime) in [("google", 3600), ("dropbox", 14400)] {
        let world = World::start(profile).await;
        for generation in 1..=2 {
            let answer = world
                .send(main_refreshes(&world, refresh(&world.ada)))
                .await;
            assert_eq!(answer.status, 200, "{profile}");
            let body = answer.json();
            let members: Vec<&String> = body.as_object().unwrap().keys().collect();
            assert_eq!(
                members,
                ["token_type", "access_token", "expires_in"],
                "{profile}"
            );
            assert_eq!(body["expires_in"], lifetime, "{profile}");
            let expected: Vec<String> = (1..=generation)
                .map(|number| format!("ada access {number} alive"))
                .collect();
            assert_eq!(world.noteworthy(), expected, "{profile}");
        }
    }
}

#[tokio::test]
async fn grant_only_tells_the_account_id_with_the_tokens() {
    let world = World::start("grant-only").await;
    let body = world
        .send(main_refreshes(&world, refresh(&world.ada)))
        .await
        .json();
    let (field, id) = world.ada.account_id.as_ref().unwrap();
    assert_eq!(body[field], **id);
}

#[tokio::test]
async fn a_refresh_token_that_is_dead_expired_unknown_or_anothers_is_an_invalid_grant() {
    let world = World::start("rfc7009").await;
    let unknown = main_refreshes(&world, "never-issued");
    check(&world, unknown, 400, INVALID_GRANT, Outcome::Unknown).await;
    let anothers = main_refreshes(&world, refresh(&world.rival));
    check(&world, anothers, 400, INVALID_GRANT, Outcome::Foreign).await;
    let no_refresh_token = main_refreshes(&world, access(&world.ada));
    check(
        &world,
        no_refresh_token,
        400,
        INVALID_GRANT,
        Outcome::Unsupported,
    )
    .await;
    world.expire(&world.bob, Subject::RefreshToken);
    let expired = main_refreshes(&world, refresh(&world.bob));
    check(&world, expired, 400, INVALID_GRANT, Outcome::Expired).await;
    world.remove_by_user(&world.ada);
    let dead = main_refreshes(&world, refresh(&world.ada));
    check(&world, dead, 400, INVALID_GRANT, Outcome::Dead).await;
}

#[tokio::test]
async fn google_says_invalid_grant_in_its_own_words() {
    let world = World::start("google").await;
    world.remove_by_user(&world.ada);
    let body =
        r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#;
    let dead = main_refreshes(&world, refresh(&world.ada));
    check(&world, dead, 400, body, Outcome::Dead).await;
}

#[tokio::test]
async fn a_refresh_after_any_revocation_of_the_grant_is_refused() {
    let world = World::start("dropbox").await;
    let revoke = Ask::post("/2/auth/token/revoke").bearer(access(&world.ada));
    assert_eq!(world.send(revoke).await.status, 200);
    let refreshed = main_refreshes(&world, refresh(&world.ada));
    check(&world, refreshed, 400, INVALID_GRANT, Outcome::Dead).await;
}

#[tokio::test]
async fn an_access_token_that_was_revoked_alone_does_not_stop_a_refresh() {
    let world = World::start("rfc7009").await;
    let revoke = Ask::post("/oauth2/revoke")
        .basic(&world.ada.client)
        .form(&[("token", access(&world.ada))]);
    assert_eq!(world.send(revoke).await.status, 200);
    let answer = world
        .send(main_refreshes(&world, refresh(&world.ada)))
        .await;
    assert_eq!(answer.status, 200);
    assert!(is_let_in(&world, text(&answer.json(), "access_token")).await);
    assert!(!is_let_in(&world, access(&world.ada)).await);
}

/// Whether a refresh with those credentials goes through.
async fn check_credentials(credentials: impl Fn(&World, Ask) -> Ask, expected: (u16, &str)) {
    let world = World::start("rfc7009").await;
    let plain = Ask::post("/oauth2/token").form(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh(&world.ada)),
    ]);
    let answer: Answer = world.send(credentials(&world, plain)).await;
    assert_eq!(answer.status, expected.0);
    if expected.0 != 200 {
        assert_eq!(answer.body, expected.1);
        assert_eq!(world.noteworthy(), [""; 0]);
    }
}

fn posted(world: &World, client_secret: &str) -> String {
    form(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh(&world.ada)),
        ("client_id", &world.ada.client.client_id),
        ("client_secret", client_secret),
    ])
}

fn post(world: &World, client_secret: &str) -> Ask {
    let body = posted(world, client_secret);
    Ask::post("/oauth2/token").body("application/x-www-form-urlencoded", body)
}

#[tokio::test]
async fn basic_credentials_may_be_form_encoded_or_raw() {
    check_credentials(|world, ask| ask.basic(&world.ada.client), (200, "")).await;
    check_credentials(|world, ask| ask.basic_raw(&world.ada.client), (200, "")).await;
}

#[tokio::test]
async fn credentials_may_stand_in_the_body() {
    let rightly = |world: &World, _| post(world, world.ada.client.client_secret.expose());
    check_credentials(rightly, (200, "")).await;
    check_credentials(|world, _| post(world, "wrong"), (401, INVALID_CLIENT)).await;
}

#[tokio::test]
async fn wrong_missing_and_double_credentials_are_refused() {
    let wrong =
        |world: &World, ask: Ask| ask.basic_pair(&format!("{}:wrong", world.ada.client.client_id));
    check_credentials(wrong, (401, INVALID_CLIENT)).await;
    let anothers = |world: &World, ask: Ask| {
        let secret = world.rival.client.client_secret.expose();
        ask.basic_pair(&format!("{}:{secret}", world.ada.client.client_id))
    };
    check_credentials(anothers, (401, INVALID_CLIENT)).await;
    check_credentials(|_, ask| ask, (401, INVALID_CLIENT)).await;
    let no_colon = |_: &World, ask: Ask| ask.basic_pair("no-colon");
    check_credentials(no_colon, (401, INVALID_CLIENT)).await;
    let twice = |world: &World, _| {
        post(world, world.ada.client.client_secret.expose()).basic(&world.ada.client)
    };
    check_credentials(twice, (400, INVALID_REQUEST)).await;
}

#[tokio::test]
async fn a_grant_type_that_is_not_offered_and_one_that_is_missing_are_told_apart() {
    let world = World::start("rfc7009").await;
    let ask = |pairs: &[(&str, &str)]| {
        Ask::post("/oauth2/token")
            .basic(&world.ada.client)
            .form(pairs)
    };
    let unsupported = r#"{"error":"unsupported_grant_type"}"#;
    let other = ask(&[
        ("grant_type", "password"),
        ("refresh_token", refresh(&world.ada)),
    ]);
    check(&world, other, 400, unsupported, Outcome::Malformed).await;
    let missing = ask(&[("refresh_token", refresh(&world.ada))]);
    check(&world, missing, 400, INVALID_REQUEST, Outcome::Malformed).await;
    let no_token = ask(&[("grant_type", "refresh_token")]);
    check(&world, no_token, 400, INVALID_REQUEST, Outcome::Malformed).await;
    let empty = ask(&[("grant_type", "refresh_token"), ("refresh_token", "")]);
    check(&world, empty, 400, INVALID_REQUEST, Outcome::Malformed).await;
    assert_eq!(world.last_entry().presented, Presented::Nothing);
}

#[tokio::test]
async fn another_method_than_post_is_refused() {
    let world = World::start("rfc7009").await;
    let get = Ask::get("/oauth2/token").basic(&world.ada.client);
    let answer = world.send(get).await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
}
