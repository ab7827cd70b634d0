//! What a revoke answers and kills, at the five profiles that are shaped as RFC 7009, and at the one
//! that has no route at all.

use rescind_model::Subject;
use serde_json::json;

use crate::support::{Answer, Ask, World, access, refresh};

const PATH: &str = "/oauth2/revoke";

const INVALID_GRANT: &str = r#"{"error":"invalid_grant"}"#;
const INVALID_REQUEST: &str = r#"{"error":"invalid_request"}"#;
const INVALID_CLIENT: &str = r#"{"error":"invalid_client"}"#;
const INVALID_TOKEN: &str = r#"{"error":"invalid_token"}"#;
const METHOD_NOT_ALLOWED: &str = r#"{"error":"method_not_allowed"}"#;
const NOT_FOUND: &str = r#"{"error":"not_found"}"#;
const UNSUPPORTED: &str = r#"{"error":"unsupported_token_type"}"#;

const NOTHING_DIED: &[&str] = &[];
const ACCESS_DIED: &[&str] = &["ada access dead"];
const REFRESH_DIED: &[&str] = &["ada refresh dead"];
const GRANT_DIED: &[&str] = &["ada access dead", "ada refresh dead"];
const ACCESS_EXPIRED: &[&str] = &["ada access expired"];
const REFRESH_EXPIRED: &[&str] = &["ada refresh expired"];
const USER_REMOVED: &[&str] = &[
    "ada access dead",
    "ada refresh dead",
    "twin access dead",
    "twin refresh dead",
];

/// What somebody does at the route, and what went before.
#[derive(Clone, Copy, Debug)]
enum Revoke {
    LiveAccess,
    LiveRefresh,
    LiveAccessWithAWrongHint,
    LiveAccessByPost,
    DeadAccess,
    DeadRefresh,
    ExpiredAccess,
    ExpiredRefresh,
    Unknown,
    ForeignAccess,
    ForeignRefresh,
    Missing,
    Empty,
    WrongSecret,
    UnknownClient,
    NoCredentials,
    BothCredentialSets,
    BearerInPlaceOfClient,
    WrongMethod,
    JsonBody,
    NoContentType,
    TwiceInTheForm,
    InTheQuery,
}

fn ask(world: &World, revoke: Revoke) -> Ask {
    let main = &world.ada.client;
    let route = || Ask::post(PATH);
    let present = |token: &str| route().basic(main).form(&[("token", token)]);
    let token = access(&world.ada);
    match revoke {
        Revoke::LiveAccess => present(token),
        Revoke::LiveRefresh => present(refresh(&world.ada)),
        Revoke::LiveAccessWithAWrongHint => route()
            .basic(main)
            .form(&[("token", token), ("token_type_hint", "refresh_token")]),
        Revoke::LiveAccessByPost => route().form(&[
            ("token", token),
            ("client_id", &main.client_id),
            ("client_secret", main.client_secret.expose()),
        ]),
        Revoke::DeadAccess => {
            world.remove_by_user(&world.ada);
            present(token)
        }
        Revoke::DeadRefresh => {
            world.remove_by_user(&world.ada);
            present(refresh(&world.ada))
        }
        Revoke::ExpiredAccess => {
            world.expire(&world.ada, Subject::AccessToken);
            present(token)
        }
        Revoke::ExpiredRefresh => {
            world.expire(&world.ada, Subject::RefreshToken);
            present(refresh(&world.ada))
        }
        Revoke::Unknown => present("never-issued"),
        Revoke::ForeignAccess => present(access(&world.rival)),
        Revoke::ForeignRefresh => present(refresh(&world.rival)),
        Revoke::Missing => route().basic(main).form(&[]),
        Revoke::Empty => present(""),
        Revoke::WrongSecret => route()
            .basic_pair(&format!("{}:wrong", main.client_id))
            .form(&[("token", token)]),
        Revoke::UnknownClient => route()
            .basic_pair("nobody:secret")
            .form(&[("token", token)]),
        Revoke::NoCredentials => route().form(&[("token", token)]),
        Revoke::BothCredentialSets => route().basic(main).form(&[
            ("token", token),
            ("client_id", &main.client_id),
            ("client_secret", main.client_secret.expose()),
        ]),
        Revoke::BearerInPlaceOfClient => route().bearer(token).form(&[("token", token)]),
        Revoke::WrongMethod => Ask::new("DELETE", PATH)
            .basic(main)
            .form(&[("token", token)]),
        Revoke::JsonBody => route().basic(main).json(&json!({ "token": token })),
        Revoke::NoContentType => route().basic(main).body("", format!("token={token}")),
        Revoke::TwiceInTheForm => route()
            .basic(main)
            .form(&[("token", token), ("token", token)]),
        Revoke::InTheQuery => route().basic(main).query(&[("token", token)]),
    }
}

/// What is to come of it: the status, the body, and every token that is not alive afterwards.
type Expected = (u16, &'static str, &'static [&'static str]);

async fn check(profile: &str, revoke: Revoke, expected: Expected) -> Answer {
    let world = World::start(profile).await;
    let answer = world.send(ask(&world, revoke)).await;
    let (status, body, noteworthy) = expected;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (status, body),
        "what {profile} answers to {revoke:?}"
    );
    assert_eq!(
        world.noteworthy(),
        noteworthy,
        "what {profile} did at {revoke:?}"
    );
    assert_eq!(
        answer.header("content-type"),
        (!body.is_empty()).then_some("application/json"),
        "the content type of {profile} at {revoke:?}"
    );
    assert_eq!(
        answer.header("cache-control"),
        Some("no-store"),
        "{profile} at {revoke:?}"
    );
    answer
}

/// What every profile of that shape refuses alike.
const REFUSALS: [(Revoke, Expected); 14] = [
    (Revoke::ForeignAccess, (400, INVALID_GRANT, NOTHING_DIED)),
    (Revoke::ForeignRefresh, (400, INVALID_GRANT, NOTHING_DIED)),
    (Revoke::Missing, (400, INVALID_REQUEST, NOTHING_DIED)),
    (Revoke::Empty, (400, INVALID_REQUEST, NOTHING_DIED)),
    (Revoke::WrongSecret, (401, INVALID_CLIENT, NOTHING_DIED)),
    (Revoke::UnknownClient, (401, INVALID_CLIENT, NOTHING_DIED)),
    (Revoke::NoCredentials, (401, INVALID_CLIENT, NOTHING_DIED)),
    (
        Revoke::BothCredentialSets,
        (400, INVALID_REQUEST, NOTHING_DIED),
    ),
    (
        Revoke::BearerInPlaceOfClient,
        (401, INVALID_CLIENT, NOTHING_DIED),
    ),
    (Revoke::WrongMethod, (405, METHOD_NOT_ALLOWED, NOTHING_DIED)),
    (Revoke::JsonBody, (400, INVALID_REQUEST, NOTHING_DIED)),
    (Revoke::NoContentType, (400, INVALID_REQUEST, NOTHING_DIED)),
    (Revoke::TwiceInTheForm, (400, INVALID_REQUEST, NOTHING_DIED)),
    (Revoke::InTheQuery, (400, INVALID_REQUEST, NOTHING_DIED)),
];

async fn check_all(profile: &str, table: &[(Revoke, Expected)]) {
    for (revoke, expected) in table.iter().chain(&REFUSALS) {
        check(profile, *revoke, *expected).await;
    }
}

#[tokio::test]
async fn rfc7009_ends_a_token_by_name_and_with_a_refresh_token_its_grant() {
    let table = [
        (Revoke::LiveAccess, (200, "", ACCESS_DIED)),
        (Revoke::LiveRefresh, (200, "", GRANT_DIED)),
        (Revoke::LiveAccessWithAWrongHint, (200, "", ACCESS_DIED)),
        (Revoke::LiveAccessByPost, (200, "", ACCESS_DIED)),
        (Revoke::DeadAccess, (200, "", USER_REMOVED)),
        (Revoke::DeadRefresh, (200, "", USER_REMOVED)),
        (Revoke::ExpiredAccess, (200, "", ACCESS_EXPIRED)),
        (Revoke::ExpiredRefresh, (200, "", REFRESH_EXPIRED)),
        (Revoke::Unknown, (200, "", NOTHING_DIED)),
    ];
    check_all("rfc7009", &table).await;
}

#[tokio::test]
async fn externally_revoked_differs_from_rfc7009_only_in_refusing_what_is_not_alive() {
    let table = [
        (Revoke::LiveAccess, (200, "", ACCESS_DIED)),
        (Revoke::LiveRefresh, (200, "", GRANT_DIED)),
        (Revoke::LiveAccessWithAWrongHint, (200, "", ACCESS_DIED)),
        (Revoke::LiveAccessByPost, (200, "", ACCESS_DIED)),
        (Revoke::DeadAccess, (400, INVALID_TOKEN, USER_REMOVED)),
        (Revoke::DeadRefresh, (400, INVALID_TOKEN, USER_REMOVED)),
        (Revoke::ExpiredAccess, (400, INVALID_TOKEN, ACCESS_EXPIRED)),
        (
            Revoke::ExpiredRefresh,
            (400, INVALID_TOKEN, REFRESH_EXPIRED),
        ),
        (Revoke::Unknown, (400, INVALID_TOKEN, NOTHING_DIED)),
    ];
    check_all("externally-revoked", &table).await;
}

#[tokio::test]
async fn access_only_refuses_refresh_tokens_which_live_on() {
    let table = [
        (Revoke::LiveAccess, (200, "", ACCESS_DIED)),
        (Revoke::LiveRefresh, (400, UNSUPPORTED, NOTHING_DIED)),
        (Revoke::LiveAccessWithAWrongHint, (200, "", ACCESS_DIED)),
        (Revoke::LiveAccessByPost, (200, "", ACCESS_DIED)),
        (Revoke::DeadAccess, (200, "", USER_REMOVED)),
        (Revoke::DeadRefresh, (400, UNSUPPORTED, USER_REMOVED)),
        (Revoke::ExpiredAccess, (200, "", ACCESS_EXPIRED)),
        (Revoke::ExpiredRefresh, (400, UNSUPPORTED, REFRESH_EXPIRED)),
        (Revoke::Unknown, (200, "", NOTHING_DIED)),
    ];
    check_all("access-only", &table).await;
}

#[tokio::test]
async fn refresh_only_refuses_access_tokens_which_outlive_their_refresh_token() {
    let table = [
        (Revoke::LiveAccess, (400, UNSUPPORTED, NOTHING_DIED)),
        (Revoke::LiveRefresh, (200, "", REFRESH_DIED)),
        (
            Revoke::LiveAccessWithAWrongHint,
            (400, UNSUPPORTED, NOTHING_DIED),
        ),
        (Revoke::LiveAccessByPost, (400, UNSUPPORTED, NOTHING_DIED)),
        (Revoke::DeadAccess, (400, UNSUPPORTED, USER_REMOVED)),
        (Revoke::DeadRefresh, (200, "", USER_REMOVED)),
        (Revoke::ExpiredAccess, (400, UNSUPPORTED, ACCESS_EXPIRED)),
        (Revoke::ExpiredRefresh, (200, "", REFRESH_EXPIRED)),
        (Revoke::Unknown, (200, "", NOTHING_DIED)),
    ];
    check_all("refresh-only", &table).await;
}

#[tokio::test]
async fn no_revoke_route_finds_nothing_at_the_usual_path_and_nothing_dies() {
    let every = [
        Revoke::LiveAccess,
        Revoke::LiveRefresh,
        Revoke::Unknown,
        Revoke::ForeignAccess,
        Revoke::Missing,
        Revoke::WrongSecret,
        Revoke::NoCredentials,
        Revoke::BothCredentialSets,
        Revoke::WrongMethod,
        Revoke::JsonBody,
        Revoke::TwiceInTheForm,
        Revoke::InTheQuery,
    ];
    for revoke in every {
        check("no-revoke-route", revoke, (404, NOT_FOUND, NOTHING_DIED)).await;
    }
    check(
        "no-revoke-route",
        Revoke::DeadAccess,
        (404, NOT_FOUND, USER_REMOVED),
    )
    .await;
    check(
        "no-revoke-route",
        Revoke::ExpiredAccess,
        (404, NOT_FOUND, ACCESS_EXPIRED),
    )
    .await;
}

#[tokio::test]
async fn a_401_names_the_scheme_and_a_405_names_the_method() {
    let refused = check(
        "rfc7009",
        Revoke::WrongSecret,
        (401, INVALID_CLIENT, NOTHING_DIED),
    )
    .await;
    assert_eq!(
        refused.header("www-authenticate"),
        Some("Basic realm=\"provider\"")
    );
    let refused = check(
        "rfc7009",
        Revoke::WrongMethod,
        (405, METHOD_NOT_ALLOWED, NOTHING_DIED),
    )
    .await;
    assert_eq!(refused.header("allow"), Some("POST"));
}

#[tokio::test]
async fn a_second_revoke_changes_nothing_and_answers_as_to_a_dead_token() {
    for (profile, second) in [
        ("rfc7009", (200, "")),
        ("externally-revoked", (400, INVALID_TOKEN)),
    ] {
        let world = World::start(profile).await;
        assert_eq!(
            world.send(ask(&world, Revoke::LiveRefresh)).await.status,
            200
        );
        for again in [Revoke::LiveRefresh, Revoke::LiveAccess] {
            let answer = world.send(ask(&world, again)).await;
            assert_eq!(
                (answer.status, answer.body.as_str()),
                second,
                "{profile}: {again:?}"
            );
            assert_eq!(world.noteworthy(), GRANT_DIED, "{profile}: {again:?}");
        }
    }
}

#[tokio::test]
async fn a_refresh_token_takes_along_every_access_token_that_was_minted_from_it() {
    let world = World::start("rfc7009").await;
    let answer = world
        .send(Ask::post("/oauth2/token").basic(&world.ada.client).form(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh(&world.ada)),
        ]))
        .await
        .json();
    let token = answer["refresh_token"].as_str().unwrap();
    let revoke = Ask::post(PATH)
        .basic(&world.ada.client)
        .form(&[("token", token)]);
    assert_eq!(world.send(revoke).await.status, 200);
    assert_eq!(
        world.noteworthy(),
        [
            "ada access dead",
            "ada refresh dead",
            "ada access 1 dead",
            "ada refresh 1 dead"
        ]
    );
}

#[tokio::test]
async fn a_client_is_known_by_its_id_however_basic_encodes_it() {
    let world = World::start("rfc7009").await;
    let client = &world.ada.client;
    let id = client.client_id.as_bytes();
    let encoded = percent_encoding::percent_encode(id, percent_encoding::NON_ALPHANUMERIC);
    let secret: String =
        form_urlencoded::byte_serialize(client.client_secret.expose().as_bytes()).collect();
    let revoke = |token: &str| {
        let pair = format!("{encoded}:{secret}");
        Ask::post(PATH).basic_pair(&pair).form(&[("token", token)])
    };
    let foreign = world.send(revoke(access(&world.rival))).await;
    assert_eq!(
        (foreign.status, foreign.body.as_str()),
        (400, INVALID_GRANT)
    );
    assert_eq!(world.noteworthy(), NOTHING_DIED);
    assert_eq!(world.last_entry().client.as_deref(), Some("main"));
    let own = world.send(revoke(access(&world.ada))).await;
    assert_eq!(own.status, 200);
    assert_eq!(world.noteworthy(), ACCESS_DIED);
}
