//! Two routes, one of which reaches further than the other.

use rescind_model::Subject;
use rescind_provider::Outcome;

use crate::profiles_of_their_own::{Expected, check, check_in};
use crate::support::{Ask, World, access, refresh};

const PROFILE: &str = "two-routes";

const INVALID_GRANT: &str = r#"{"error":"invalid_grant"}"#;
const INVALID_CLIENT: &str = r#"{"error":"invalid_client"}"#;
const INVALID_REQUEST: &str = r#"{"error":"invalid_request"}"#;
const UNSUPPORTED: &str = r#"{"error":"unsupported_token_type"}"#;

const PATHS: [&str; 2] = ["/revoke", "/sign-out"];

const NOTHING_DIED: &[&str] = &[];
const USER_GRANTS_DIED: &[&str] = &[
    "ada access dead",
    "ada refresh dead",
    "twin access dead",
    "twin refresh dead",
];

fn present(world: &World, path: &str, token: &str) -> Ask {
    Ask::post(path)
        .basic(&world.ada.client)
        .form(&[("token", token)])
}

#[tokio::test]
async fn the_one_route_ends_a_token_alone() {
    let access_token = |world: &World| present(world, "/revoke", access(&world.ada));
    check(PROFILE, access_token, (200, "", &["ada access dead"])).await;
    let refresh_token = |world: &World| present(world, "/revoke", refresh(&world.ada));
    check(PROFILE, refresh_token, (200, "", &["ada refresh dead"])).await;
}

#[tokio::test]
async fn the_other_takes_access_tokens_and_ends_every_grant_of_that_user_and_client() {
    let access_token = |world: &World| present(world, "/sign-out", access(&world.ada));
    check(PROFILE, access_token, (200, "", USER_GRANTS_DIED)).await;
    let refresh_token = |world: &World| present(world, "/sign-out", refresh(&world.ada));
    let unsupported = (400, UNSUPPORTED, NOTHING_DIED);
    check(PROFILE, refresh_token, unsupported).await;
}

#[tokio::test]
async fn the_journal_names_the_route() {
    let world = World::start(PROFILE).await;
    for (path, route) in [("/revoke", "revoke"), ("/sign-out", "sign_out")] {
        world.send(present(&world, path, access(&world.ada))).await;
        let entry = world.last_entry();
        assert_eq!(entry.route.as_deref(), Some(route));
        assert!(entry.is_dispatch() && entry.acknowledged);
    }
}

#[tokio::test]
async fn dead_expired_and_unknown_tokens_are_acknowledged_at_both() {
    for path in PATHS {
        let ada = |world: &World| present(world, path, access(&world.ada));
        let world = World::start(PROFILE).await;
        world.remove_by_user(&world.ada);
        check_in(&world, &ada, (200, "", USER_GRANTS_DIED)).await;
        let entry = world.last_entry();
        assert_eq!((entry.outcome, entry.acknowledged), (Outcome::Dead, true));

        let world = World::start(PROFILE).await;
        world.expire(&world.ada, Subject::AccessToken);
        let expired = (200, "", &["ada access expired"][..]);
        check_in(&world, &ada, expired).await;

        let unknown = |world: &World| present(world, path, "never-issued");
        check(PROFILE, unknown, (200, "", NOTHING_DIED)).await;
    }
}

#[tokio::test]
async fn both_refuse_what_is_foreign_missing_or_not_authenticated_by_basic() {
    let foreign: Expected = (400, INVALID_GRANT, NOTHING_DIED);
    let malformed: Expected = (400, INVALID_REQUEST, NOTHING_DIED);
    let unauthenticated: Expected = (401, INVALID_CLIENT, NOTHING_DIED);
    for path in PATHS {
        let rival = |world: &World| present(world, path, access(&world.rival));
        check(PROFILE, rival, foreign).await;
        let empty = |world: &World| present(world, path, "");
        check(PROFILE, empty, malformed).await;
        let nobody = |world: &World| Ask::post(path).form(&[("token", access(&world.ada))]);
        check(PROFILE, nobody, unauthenticated).await;
        let bearer = |world: &World| nobody(world).bearer(access(&world.ada));
        check(PROFILE, bearer, unauthenticated).await;
        let post = |world: &World| {
            let client = &world.ada.client;
            Ask::post(path).form(&[
                ("token", access(&world.ada)),
                ("client_id", &client.client_id),
                ("client_secret", client.client_secret.expose()),
            ])
        };
        check(PROFILE, post, unauthenticated).await;
    }
}

#[tokio::test]
async fn a_refresh_keeps_the_refresh_token_and_takes_basic_only() {
    let world = World::start(PROFILE).await;
    let grant = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh(&world.ada)),
    ];
    let ask = Ask::post("/token").basic(&world.ada.client).form(&grant);
    let answer = world.send(ask).await;
    let body = answer.json();
    assert_eq!((answer.status, body.get("refresh_token")), (200, None));
    assert_eq!(body["expires_in"], 3600);
    let client = &world.ada.client;
    let posted = [
        grant[0],
        grant[1],
        ("client_id", client.client_id.as_str()),
        ("client_secret", client.client_secret.expose()),
    ];
    let answer = world.send(Ask::post("/token").form(&posted)).await;
    assert_eq!(answer.status, 401);
}
