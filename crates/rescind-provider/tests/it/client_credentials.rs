//! Tokens of a client's own (RFC 6749 §4.4).

use rescind_provider::Outcome;

use crate::support::World;
use crate::support::flows::{Pairs, let_in_as, text, token, tokens};

fn own() -> Pairs {
    Pairs::default().with("grant_type", "client_credentials")
}

#[tokio::test]
async fn a_client_gets_an_access_token_of_its_own_and_no_refresh_token() {
    let world = World::start("rfc7009").await;
    let body = tokens(&token(&world, &own()).await);
    let members: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["token_type", "access_token", "expires_in"]);
    let subject = let_in_as(&world, text(&body, "access_token")).await;
    assert_eq!(subject.as_deref(), Some(&*world.ada.client.client_id));
    let entry = world.last_entry();
    assert_eq!(entry.outcome, Outcome::Done);
    let first = text(&body, "access_token").to_owned();
    let second = tokens(&token(&world, &own()).await);
    assert!(text(&second, "access_token") != first);
}

#[tokio::test]
async fn scopes_that_cannot_be_read_are_refused() {
    let world = World::start("rfc7009").await;
    let answer = token(&world, &own().with("scope", "\"a\"")).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (400, &"invalid_scope".into())
    );
    assert!(world.last_entry().minted.is_empty());
}

#[tokio::test]
async fn who_only_says_who_it_is_gets_nothing() {
    for methods in ["[\"client_id\"]", "[\"none\"]"] {
        let changed = ("[\"basic\", \"post\"]", methods);
        let world = World::start_changed("rfc7009", &[changed]).await;
        let said = own().with("client_id", &world.ada.client.client_id);
        let answer = world.send(said.post("/oauth2/token")).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (400, &"unauthorized_client".into())
        );
        assert_eq!(world.last_entry().outcome, Outcome::Unsupported);
    }
}
