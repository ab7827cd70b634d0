//! What a revoke answers and kills, at the three profiles that have a shape of their own.

use rescind_model::Subject;
use rescind_provider::tenant::Minted;
use serde_json::json;

use crate::support::{Answer, Ask, World, access, refresh};

const INVALID_REQUEST: &str = r#"{"error":"invalid_request"}"#;
const INVALID_TOKEN: &str = r#"{"error":"invalid_token"}"#;

const NOTHING_DIED: &[&str] = &[];
const GRANT_DIED: &[&str] = &["ada access dead", "ada refresh dead"];
const RIVAL_DIED: &[&str] = &["rival access dead", "rival refresh dead"];
const USER_GRANTS_DIED: &[&str] = &[
    "ada access dead",
    "ada refresh dead",
    "twin access dead",
    "twin refresh dead",
];

/// What is to come of a request: the status, the body, and every token that is not alive
/// afterwards.
pub type Expected = (u16, &'static str, &'static [&'static str]);

pub async fn check(profile: &str, ask: impl Fn(&World) -> Ask, expected: Expected) -> Answer {
    let world = World::start(profile).await;
    check_in(&world, &ask, expected).await
}

pub async fn check_in(world: &World, ask: &impl Fn(&World) -> Ask, expected: Expected) -> Answer {
    let answer = world.send(ask(world)).await;
    let (status, body, noteworthy) = expected;
    assert_eq!((answer.status, answer.body.as_str()), (status, body));
    assert_eq!(world.noteworthy(), noteworthy);
    answer
}

mod google {
    use super::*;

    fn present(token: &str) -> Ask {
        Ask::post("/revoke").form(&[("token", token)])
    }

    #[tokio::test]
    async fn either_token_ends_every_grant_of_that_user_and_client_and_no_other() {
        let done = (200, "{}", USER_GRANTS_DIED);
        check("google", |world| present(access(&world.ada)), done).await;
        check("google", |world| present(refresh(&world.ada)), done).await;
        check("google", |world| present(access(&world.twin)), done).await;
        let rival = (200, "{}", RIVAL_DIED);
        check("google", |world| present(refresh(&world.rival)), rival).await;
    }

    #[tokio::test]
    async fn the_token_may_sit_in_the_query_of_a_post_without_a_body() {
        let in_query = |world: &World| Ask::post("/revoke").query(&[("token", access(&world.ada))]);
        check("google", in_query, (200, "{}", USER_GRANTS_DIED)).await;
    }

    #[tokio::test]
    async fn a_token_in_the_form_and_in_the_query_is_one_too_many() {
        let both = |world: &World| {
            let token = [("token", access(&world.ada))];
            Ask::post("/revoke").query(&token).form(&token)
        };
        check("google", both, (400, INVALID_REQUEST, NOTHING_DIED)).await;
        let twice = |world: &World| {
            let token = ("token", access(&world.ada));
            Ask::post("/revoke").form(&[token, token])
        };
        check("google", twice, (400, INVALID_REQUEST, NOTHING_DIED)).await;
    }

    #[tokio::test]
    async fn a_dead_expired_or_unknown_token_is_a_400_invalid_token() {
        let world = World::start("google").await;
        world.remove_by_user(&world.ada);
        let dead = (400, INVALID_TOKEN, USER_GRANTS_DIED);
        check_in(&world, &|world| present(access(&world.ada)), dead).await;
        check_in(&world, &|world| present(refresh(&world.twin)), dead).await;

        let world = World::start("google").await;
        world.expire(&world.ada, Subject::AccessToken);
        let expired = (400, INVALID_TOKEN, &["ada access expired"][..]);
        check_in(&world, &|world| present(access(&world.ada)), expired).await;

        let unknown = (400, INVALID_TOKEN, NOTHING_DIED);
        check("google", |_| present("ya29.never-issued"), unknown).await;
    }

    #[tokio::test]
    async fn an_access_token_that_had_expired_does_not_die_of_a_later_revocation() {
        let world = World::start("google").await;
        world.expire(&world.ada, Subject::AccessToken);
        let died = &[
            "ada access expired",
            "ada refresh dead",
            "twin access dead",
            "twin refresh dead",
        ];
        let ask = |world: &World| present(refresh(&world.ada));
        check_in(&world, &ask, (200, "{}", died)).await;
    }

    #[tokio::test]
    async fn no_client_authentication_is_asked_and_none_is_checked() {
        let wrong_secret =
            |world: &World| present(access(&world.ada)).basic_pair("nobody:wrong-secret");
        check("google", wrong_secret, (200, "{}", USER_GRANTS_DIED)).await;
        let rightly = |world: &World| present(access(&world.ada)).basic(&world.ada.client);
        check("google", rightly, (200, "{}", USER_GRANTS_DIED)).await;
        let two_sets = |world: &World| {
            let client = &world.ada.client;
            Ask::post("/revoke").basic(client).form(&[
                ("token", access(&world.ada)),
                ("client_id", &client.client_id),
                ("client_secret", client.client_secret.expose()),
            ])
        };
        check("google", two_sets, (400, INVALID_REQUEST, NOTHING_DIED)).await;
    }

    #[tokio::test]
    async fn nothing_another_method_and_another_encoding_are_refused() {
        let missing = (400, INVALID_REQUEST, NOTHING_DIED);
        check("google", |_| Ask::post("/revoke"), missing).await;
        check("google", |_| present(""), missing).await;
        let as_json =
            |world: &World| Ask::post("/revoke").json(&json!({ "token": access(&world.ada) }));
        check("google", as_json, missing).await;
        let get = |world: &World| Ask::get("/revoke").query(&[("token", access(&world.ada))]);
        let method = (405, r#"{"error":"method_not_allowed"}"#, NOTHING_DIED);
        check("google", get, method).await;
    }
}

mod dropbox {
    use super::*;

    const PATH: &str = "/2/auth/token/revoke";
    const INVALID: &str =
        r#"{"error_summary":"invalid_access_token/...","error":{".tag":"invalid_access_token"}}"#;
    const EXPIRED: &str =
        r#"{"error_summary":"expired_access_token/...","error":{".tag":"expired_access_token"}}"#;

    fn present(token: &str) -> Ask {
        Ask::post(PATH).bearer(token)
    }

    #[tokio::test]
    async fn an_access_token_ends_its_own_grant_and_answers_null() {
        let done = (200, "null", GRANT_DIED);
        let answer = check("dropbox", |world| present(access(&world.ada)), done).await;
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let rival = (200, "null", RIVAL_DIED);
        check("dropbox", |world| present(access(&world.rival)), rival).await;
    }

    #[tokio::test]
    async fn the_body_is_not_read_whatever_it_is() {
        let done = (200, "null", GRANT_DIED);
        let null = |world: &World| present(access(&world.ada)).body("application/json", "null");
        check("dropbox", null, done).await;
        let form =
            |world: &World| present(access(&world.ada)).form(&[("token", access(&world.bob))]);
        check("dropbox", form, done).await;
    }

    #[tokio::test]
    async fn a_dead_an_unknown_and_a_refresh_token_are_invalid_and_an_expired_one_is_expired() {
        let world = World::start("dropbox").await;
        world.remove_by_user(&world.ada);
        let dead = (401, INVALID, USER_GRANTS_DIED);
        check_in(&world, &|world| present(access(&world.ada)), dead).await;

        let unknown = (401, INVALID, NOTHING_DIED);
        check("dropbox", |_| present("sl.never-issued"), unknown).await;
        check("dropbox", |world| present(refresh(&world.ada)), unknown).await;

        let world = World::start("dropbox").await;
        world.expire(&world.ada, Subject::AccessToken);
        let expired = (401, EXPIRED, &["ada access expired"][..]);
        check_in(&world, &|world| present(access(&world.ada)), expired).await;
    }

    #[tokio::test]
    async fn without_the_token_as_bearer_nobody_is_authenticated() {
        let refused = (401, INVALID, NOTHING_DIED);
        check("dropbox", |_| Ask::post(PATH), refused).await;
        // What the arctic library sends: an RFC 7009 form with the client's Basic credentials.
        let rfc7009 = |world: &World| {
            Ask::post(PATH)
                .basic(&world.ada.client)
                .form(&[("token", access(&world.ada))])
        };
        check("dropbox", rfc7009, refused).await;
        let in_query = |world: &World| Ask::post(PATH).query(&[("token", access(&world.ada))]);
        check("dropbox", in_query, refused).await;
    }

    #[tokio::test]
    async fn a_second_set_of_credentials_and_another_method_are_refused() {
        let two_sets = |world: &World| {
            let client = &world.ada.client;
            present(access(&world.ada)).form(&[
                ("client_id", client.client_id.as_str()),
                ("client_secret", client.client_secret.expose()),
            ])
        };
        check("dropbox", two_sets, (400, INVALID_REQUEST, NOTHING_DIED)).await;
        let delete = |world: &World| Ask::new("DELETE", PATH).bearer(access(&world.ada));
        let method = (405, r#"{"error":"method_not_allowed"}"#, NOTHING_DIED);
        check("dropbox", delete, method).await;
    }
}

mod grant_only {
    use super::*;

    const PATH: &str = "/oauth/deauthorize";
    const DONE: &str = r#"{"deauthorized":true}"#;
    const NOT_CONNECTED: &str = r#"{"error":"not_connected"}"#;
    const INVALID_CLIENT: &str = r#"{"error":"invalid_client"}"#;

    fn account_id(minted: &Minted) -> &str {
        let (field, id) = minted.account_id.as_ref().unwrap();
        assert_eq!(field, "account_id");
        id
    }

    fn present(world: &World, account_id: &str) -> Ask {
        Ask::post(PATH)
            .basic(&world.ada.client)
            .form(&[("account_id", account_id)])
    }

    #[tokio::test]
    async fn an_account_id_ends_its_grant_and_no_other() {
        let ada = |world: &World| present(world, account_id(&world.ada));
        check("grant-only", ada, (200, DONE, GRANT_DIED)).await;
        let bob = |world: &World| present(world, account_id(&world.bob));
        let bob_died = &["bob access dead", "bob refresh dead"];
        check("grant-only", bob, (200, DONE, bob_died)).await;
    }

    #[tokio::test]
    async fn a_grant_of_which_nothing_is_left_is_not_connected() {
        let world = World::start("grant-only").await;
        world.remove_by_user(&world.ada);
        let ada = |world: &World| present(world, account_id(&world.ada));
        check_in(&world, &ada, (404, NOT_CONNECTED, USER_GRANTS_DIED)).await;
        let unknown = |world: &World| present(world, "acct_never-given");
        check("grant-only", unknown, (404, NOT_CONNECTED, NOTHING_DIED)).await;
    }

    #[tokio::test]
    async fn a_grant_whose_access_token_expired_is_ended_for_the_rest() {
        let world = World::start("grant-only").await;
        world.expire(&world.ada, Subject::AccessToken);
        let ada = |world: &World| present(world, account_id(&world.ada));
        let died = &["ada access expired", "ada refresh dead"];
        check_in(&world, &ada, (200, DONE, died)).await;
    }

    #[tokio::test]
    async fn a_token_is_no_account_id() {
        let token = |world: &World| present(world, access(&world.ada));
        check("grant-only", token, (404, NOT_CONNECTED, NOTHING_DIED)).await;
        let refused = (400, INVALID_REQUEST, NOTHING_DIED);
        let as_token = |world: &World| {
            Ask::post(PATH)
                .basic(&world.ada.client)
                .form(&[("token", refresh(&world.ada))])
        };
        check("grant-only", as_token, refused).await;
    }

    #[tokio::test]
    async fn another_clients_account_is_refused() {
        let rival = |world: &World| present(world, account_id(&world.rival));
        let refused = (400, r#"{"error":"invalid_grant"}"#, NOTHING_DIED);
        check("grant-only", rival, refused).await;
    }

    #[tokio::test]
    async fn only_basic_credentials_are_taken() {
        let refused = (401, INVALID_CLIENT, NOTHING_DIED);
        let posted = |world: &World| {
            let client = &world.ada.client;
            Ask::post(PATH).form(&[
                ("account_id", account_id(&world.ada)),
                ("client_id", &client.client_id),
                ("client_secret", client.client_secret.expose()),
            ])
        };
        check("grant-only", posted, refused).await;
        let nobody =
            |world: &World| Ask::post(PATH).form(&[("account_id", account_id(&world.ada))]);
        check("grant-only", nobody, refused).await;
        let wrong = |world: &World| {
            let pair = format!("{}:wrong", world.ada.client.client_id);
            nobody(world).basic_pair(&pair)
        };
        check("grant-only", wrong, refused).await;
        let two_sets = |world: &World| posted(world).basic(&world.ada.client);
        let malformed = (400, INVALID_REQUEST, NOTHING_DIED);
        check("grant-only", two_sets, malformed).await;
    }

    #[tokio::test]
    async fn nothing_twice_the_query_another_method_and_another_encoding_are_refused() {
        let refused = (400, INVALID_REQUEST, NOTHING_DIED);
        check("grant-only", |world| present(world, ""), refused).await;
        let route = |world: &World| Ask::post(PATH).basic(&world.ada.client);
        check("grant-only", route, refused).await;
        let twice = |world: &World| {
            let pair = ("account_id", account_id(&world.ada));
            route(world).form(&[pair, pair])
        };
        check("grant-only", twice, refused).await;
        let in_query =
            |world: &World| route(world).query(&[("account_id", account_id(&world.ada))]);
        check("grant-only", in_query, refused).await;
        let as_json =
            |world: &World| route(world).json(&json!({ "account_id": account_id(&world.ada) }));
        check("grant-only", as_json, refused).await;
        let get = |world: &World| {
            Ask::get(PATH)
                .basic(&world.ada.client)
                .query(&[("account_id", account_id(&world.ada))])
        };
        let method = (405, r#"{"error":"method_not_allowed"}"#, NOTHING_DIED);
        check("grant-only", get, method).await;
    }
}
