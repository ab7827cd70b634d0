//! Where an access token authenticates the revocation, its own or its refresh token's.

use rescind_model::Subject;
use rescind_model::fault::{Answer, Effect, Fault};
use rescind_model::profile::ClientAuthentication as How;
use rescind_model::vocabulary::Endpoint;
use rescind_provider::journal::{Departure, Presented};
use rescind_provider::{Outcome, TokenId};
use serde_json::json;

use crate::profiles_of_their_own::{Expected, check, check_in};
use crate::support::{Ask, World, access, refresh};

const PROFILE: &str = "self-authenticating";

const INVALID_TOKEN: &str = r#"{"error":"invalid_token"}"#;
const INVALID_REQUEST: &str = r#"{"error":"invalid_request"}"#;

const REFUSED: Expected = (401, INVALID_TOKEN, &[]);

fn route() -> Ask {
    Ask::post("/revoke")
}

fn present(bearer: &str, token: &str) -> Ask {
    route().bearer(bearer).form(&[("token", token)])
}

/// What the newest entry says of the credentials, and of the token that was presented.
fn check_entry(world: &World, outcome: Outcome, departures: &[Departure], presented: Presented) {
    let entry = world.last_entry();
    assert_eq!((entry.outcome, entry.presented), (outcome, presented));
    assert_eq!(entry.departures, departures);
    assert_eq!(entry.credentials, [How::AccessToken]);
    assert_eq!(entry.client, None);
    assert!(entry.is_dispatch());
}

fn token(world: &World, subject: Subject) -> Presented {
    Presented::Token(TokenId {
        grant: world.ada.grant,
        subject,
        generation: 0,
    })
}

#[tokio::test]
async fn a_live_access_token_ends_itself_or_its_refresh_token_alone() {
    let itself = |world: &World| present(access(&world.ada), access(&world.ada));
    check(PROFILE, itself, (200, "", &["ada access dead"])).await;
    let its_refresh_token = |world: &World| present(access(&world.ada), refresh(&world.ada));
    check(PROFILE, its_refresh_token, (200, "", &["ada refresh dead"])).await;
    let wrong_hint = |world: &World| {
        let form = [
            ("token", refresh(&world.ada)),
            ("token_type_hint", "access_token"),
        ];
        route().bearer(access(&world.ada)).form(&form)
    };
    check(PROFILE, wrong_hint, (200, "", &["ada refresh dead"])).await;
}

#[tokio::test]
async fn the_journal_tells_the_credential_from_what_is_presented() {
    let world = World::start(PROFILE).await;
    let refresh_token = token(&world, Subject::RefreshToken);
    let access_token = token(&world, Subject::AccessToken);
    world
        .send(present(access(&world.ada), refresh(&world.ada)))
        .await;
    check_entry(&world, Outcome::Done, &[], refresh_token);
    world
        .send(present(access(&world.ada), access(&world.ada)))
        .await;
    check_entry(&world, Outcome::Done, &[], access_token);
    // The bearer token is dead now, and so is what it presents. To try it is no departure.
    world
        .send(present(access(&world.ada), refresh(&world.ada)))
        .await;
    check_entry(&world, Outcome::Unauthenticated, &[], refresh_token);
    // Nothing is presented beside the credential.
    world.send(route().bearer(access(&world.ada))).await;
    check_entry(&world, Outcome::Unauthenticated, &[], Presented::Nothing);
    // A refresh token is no bearer at all.
    world
        .send(present(refresh(&world.ada), refresh(&world.ada)))
        .await;
    let wrong = [Departure::CredentialsWrong];
    check_entry(&world, Outcome::Unauthenticated, &wrong, refresh_token);
}

#[tokio::test]
async fn the_order_decides_whether_the_refresh_token_can_still_be_revoked() {
    let world = World::start(PROFILE).await;
    let refresh_token = |world: &World| present(access(&world.ada), refresh(&world.ada));
    let access_token = |world: &World| present(access(&world.ada), access(&world.ada));
    check_in(&world, &refresh_token, (200, "", &["ada refresh dead"])).await;
    let both = (200, "", &["ada access dead", "ada refresh dead"][..]);
    check_in(&world, &access_token, both).await;

    let world = World::start(PROFILE).await;
    let died: &[&str] = &["ada access dead"];
    check_in(&world, &access_token, (200, "", died)).await;
    check_in(&world, &refresh_token, (401, INVALID_TOKEN, died)).await;
    // A refresh gets an access token that can.
    let refreshing = Ask::post("/token").basic(&world.ada.client).form(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh(&world.ada)),
    ]);
    let answer = world.send(refreshing).await.json();
    assert_eq!(
        answer.get("refresh_token"),
        None,
        "a refresh does not rotate"
    );
    let fresh = answer["access_token"].as_str().unwrap().to_owned();
    let with_fresh = |world: &World| present(&fresh, refresh(&world.ada));
    let died = &["ada access dead", "ada refresh dead", "ada access 1 alive"];
    check_in(&world, &with_fresh, (200, "", died)).await;
}

#[tokio::test]
async fn a_bearer_token_that_is_not_alive_authenticates_nobody() {
    let world = World::start(PROFILE).await;
    let ada = |world: &World| present(access(&world.ada), refresh(&world.ada));
    world.expire(&world.ada, Subject::AccessToken);
    let expired = (401, INVALID_TOKEN, &["ada access expired"][..]);
    let refused = check_in(&world, &ada, expired).await;
    assert_eq!(
        refused.header("www-authenticate"),
        Some("Bearer error=\"invalid_token\"")
    );

    let world = World::start(PROFILE).await;
    world.remove_by_user(&world.ada);
    let dead: Expected = (
        401,
        INVALID_TOKEN,
        &[
            "ada access dead",
            "ada refresh dead",
            "twin access dead",
            "twin refresh dead",
        ],
    );
    check_in(&world, &ada, dead).await;

    let unknown = |world: &World| present("never-issued", refresh(&world.ada));
    check(PROFILE, unknown, REFUSED).await;
    let refresh_token = |world: &World| present(refresh(&world.ada), refresh(&world.ada));
    check(PROFILE, refresh_token, REFUSED).await;
    // Who asks is looked at before what is asked for.
    check(PROFILE, |_| route().bearer("never-issued"), REFUSED).await;
}

#[tokio::test]
async fn the_access_token_of_another_grant_authenticates_nobody() {
    for subject in Subject::ALL {
        let of_ada = |world: &World| match subject {
            Subject::AccessToken => access(&world.ada).to_owned(),
            Subject::RefreshToken => refresh(&world.ada).to_owned(),
        };
        let twin = |world: &World| present(access(&world.twin), &of_ada(world));
        check(PROFILE, twin, REFUSED).await;
        let bob = |world: &World| present(access(&world.bob), &of_ada(world));
        check(PROFILE, bob, REFUSED).await;
        let rival = |world: &World| present(access(&world.rival), &of_ada(world));
        check(PROFILE, rival, REFUSED).await;
    }
    let world = World::start(PROFILE).await;
    world
        .send(present(access(&world.bob), access(&world.ada)))
        .await;
    let presented = token(&world, Subject::AccessToken);
    let wrong = [Departure::CredentialsWrong];
    check_entry(&world, Outcome::Unauthenticated, &wrong, presented);
}

#[tokio::test]
async fn a_token_that_is_dead_expired_or_unknown_is_a_success() {
    let world = World::start(PROFILE).await;
    let refresh_token = |world: &World| present(access(&world.ada), refresh(&world.ada));
    let done = (200, "", &["ada refresh dead"][..]);
    check_in(&world, &refresh_token, done).await;
    check_in(&world, &refresh_token, done).await;
    let entry = world.last_entry();
    assert_eq!((entry.outcome, entry.acknowledged), (Outcome::Dead, true));

    let world = World::start(PROFILE).await;
    world.expire(&world.ada, Subject::RefreshToken);
    let expired = (200, "", &["ada refresh expired"][..]);
    check_in(&world, &refresh_token, expired).await;

    let unknown = |world: &World| present(access(&world.ada), "never-issued");
    check(PROFILE, unknown, (200, "", &[])).await;
}

#[tokio::test]
async fn client_credentials_are_none_here() {
    let form = |world: &World| vec![("token".to_owned(), refresh(&world.ada).to_owned())];
    let basic = |world: &World| {
        let form = form(world);
        let pairs: Vec<(&str, &str)> = form.iter().map(|(k, v)| (&**k, &**v)).collect();
        route().basic(&world.ada.client).form(&pairs)
    };
    check(PROFILE, basic, REFUSED).await;
    let nobody = |world: &World| route().form(&[("token", refresh(&world.ada))]);
    check(PROFILE, nobody, REFUSED).await;
    let two_sets = |world: &World| basic(world).bearer(access(&world.ada));
    check(PROFILE, two_sets, (400, INVALID_REQUEST, &[])).await;
}

#[tokio::test]
async fn nothing_twice_the_query_another_method_and_another_encoding_are_refused() {
    let refused = (400, INVALID_REQUEST, &[][..]);
    let bearer = |world: &World| route().bearer(access(&world.ada));
    check(PROFILE, bearer, refused).await;
    let empty = |world: &World| present(access(&world.ada), "");
    check(PROFILE, empty, refused).await;
    let twice = |world: &World| {
        let pair = ("token", refresh(&world.ada));
        bearer(world).form(&[pair, pair])
    };
    check(PROFILE, twice, refused).await;
    let in_query = |world: &World| bearer(world).query(&[("token", refresh(&world.ada))]);
    check(PROFILE, in_query, refused).await;
    let as_json = |world: &World| bearer(world).json(&json!({ "token": refresh(&world.ada) }));
    check(PROFILE, as_json, refused).await;
    let get = |world: &World| Ask::get("/revoke").bearer(access(&world.ada));
    let method = (405, r#"{"error":"method_not_allowed"}"#, &[][..]);
    check(PROFILE, get, method).await;
}

#[tokio::test]
async fn a_fault_for_a_subject_is_met_by_what_is_presented_and_not_by_the_credential() {
    let world = World::start(PROFILE).await;
    let effect = Effect::Answer(Answer::of(503));
    let fault = Fault::at(Endpoint::Revocation, effect).about(Subject::AccessToken);
    world.tenant.lock().fail(fault);
    for (token, status) in [
        (refresh(&world.ada), 200),
        ("never-issued", 200),
        (access(&world.ada), 503),
    ] {
        let answer = world.send(present(access(&world.ada), token)).await;
        assert_eq!(answer.status, status);
    }
    assert_eq!(world.noteworthy(), ["ada refresh dead"]);
}

#[tokio::test]
async fn elsewhere_a_bearer_token_is_the_providers_declared_credential() {
    let world = World::start("dropbox").await;
    let ask = Ask::post("/2/auth/token/revoke").bearer(access(&world.ada));
    world.send(ask).await;
    assert_eq!(world.last_entry().credentials, [How::BearerToken]);
    let world = World::start(PROFILE).await;
    world
        .send(Ask::get("/userinfo").bearer(access(&world.ada)))
        .await;
    assert_eq!(world.last_entry().credentials, []);
}
