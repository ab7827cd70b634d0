//! The journal: what an entry says of a request, and what it never says.

use rescind_model::Subject;
use rescind_model::profile::ClientAuthentication as How;
use rescind_model::vocabulary::Endpoint;
use rescind_provider::journal::{Departure, Presented};
use rescind_provider::ledger::Moment;
use rescind_provider::message::Request;
use rescind_provider::{Entry, GrantId, Outcome, TokenId};
use serde_json::json;

use crate::support::{Ask, World, access, refresh};

const ADA: GrantId = GrantId(0);

fn token(grant: GrantId, subject: Subject, generation: u32) -> TokenId {
    TokenId {
        grant,
        subject,
        generation,
    }
}

fn revoke(world: &World, token: &str) -> Ask {
    Ask::post("/oauth2/revoke")
        .basic(&world.ada.client)
        .form(&[("token", token)])
}

/// The entry of a request.
async fn entry_of(world: &World, ask: Ask) -> Entry {
    let answer = world.send(ask).await;
    let entry = world.last_entry();
    assert_eq!(entry.status, answer.status);
    entry
}

#[tokio::test]
async fn a_revocation_says_what_was_presented_by_whom_and_what_died_of_it() {
    let world = World::start("rfc7009").await;
    let entry = entry_of(&world, revoke(&world, refresh(&world.ada))).await;
    assert_eq!(entry.number, 1);
    assert_eq!(entry.endpoint, Some(Endpoint::Revocation));
    assert_eq!(entry.route.as_deref(), Some("revoke"));
    let refresh_token = token(ADA, Subject::RefreshToken, 0);
    assert_eq!(entry.presented, Presented::Token(refresh_token));
    assert_eq!(entry.client.as_deref(), Some("main"));
    assert_eq!(entry.credentials, [How::Basic]);
    assert_eq!(entry.departures, []);
    assert_eq!(entry.outcome, Outcome::Done);
    assert!(entry.acknowledged && entry.is_dispatch());
    assert_eq!(
        entry.killed,
        [token(ADA, Subject::AccessToken, 0), refresh_token]
    );
    assert_eq!(entry.minted, []);
}

#[tokio::test]
async fn the_ledger_names_the_entry_that_a_token_died_of() {
    let world = World::start("rfc7009").await;
    world.send(Ask::get("/userinfo")).await;
    world.send(revoke(&world, refresh(&world.ada))).await;
    let elapsed = world.tenant.elapsed();
    let state = world.tenant.lock();
    let causes: Vec<String> = state
        .ledger()
        .tokens(ADA, state.now(elapsed))
        .iter()
        .map(|token| token.death.unwrap().cause.to_string())
        .collect();
    assert_eq!(causes, ["died with request 2", "revoked by request 2"]);
}

#[tokio::test]
async fn a_dead_token_that_is_answered_with_success_is_acknowledged_and_one_that_is_refused_is_not()
{
    for (profile, acknowledged) in [("rfc7009", true), ("externally-revoked", false)] {
        let world = World::start(profile).await;
        world.remove_by_user(&world.ada);
        let entry = entry_of(&world, revoke(&world, access(&world.ada))).await;
        assert_eq!(entry.outcome, Outcome::Dead, "{profile}");
        assert_eq!(entry.acknowledged, acknowledged, "{profile}");
        assert_eq!(entry.killed, [], "{profile}");
    }
}

#[tokio::test]
async fn a_refresh_says_what_it_minted() {
    let world = World::start("rfc7009").await;
    let ask = Ask::post("/oauth2/token").basic(&world.ada.client).form(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh(&world.ada)),
    ]);
    let entry = entry_of(&world, ask).await;
    assert_eq!(entry.endpoint, Some(Endpoint::Token));
    assert_eq!(
        entry.minted,
        [
            token(ADA, Subject::AccessToken, 1),
            token(ADA, Subject::RefreshToken, 1)
        ]
    );
    assert_eq!(entry.killed, []);
    assert!(!entry.is_dispatch());
}

#[tokio::test]
async fn every_endpoint_is_named() {
    let world = World::start("rfc7009").await;
    for (ask, endpoint) in [
        (Ask::post("/oauth2/revoke"), Some(Endpoint::Revocation)),
        (Ask::get("/oauth2/revoke"), Some(Endpoint::Revocation)),
        (Ask::post("/oauth2/token"), Some(Endpoint::Token)),
        (
            Ask::post("/oauth2/introspect"),
            Some(Endpoint::Introspection),
        ),
        (Ask::get("/userinfo"), Some(Endpoint::Resource)),
        (Ask::get("/oauth2/revoke/"), None),
        (Ask::get("/"), None),
    ] {
        assert_eq!(entry_of(&world, ask).await.endpoint, endpoint);
    }
    let numbers: Vec<u64> = world
        .tenant
        .lock()
        .journal()
        .after(0)
        .map(|entry| entry.number)
        .collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7]);
}

#[tokio::test]
async fn the_grant_that_an_account_id_names_is_presented() {
    let world = World::start("grant-only").await;
    let (_, id) = world.ada.account_id.clone().unwrap();
    let ask = Ask::post("/oauth/deauthorize")
        .basic(&world.ada.client)
        .form(&[("account_id", &id)]);
    let entry = entry_of(&world, ask).await;
    assert_eq!(entry.presented, Presented::Account(ADA));
    assert_eq!(entry.killed.len(), 2);
}

/// What a request to a profile departs in.
async fn check(profile: &str, ask: impl Fn(&World) -> Ask, departures: &[Departure]) {
    let world = World::start(profile).await;
    let entry = entry_of(&world, ask(&world)).await;
    assert_eq!(entry.departures, departures);
    assert!(entry.is_dispatch());
    for departure in departures {
        assert!(!departure.describe().is_empty());
    }
}

#[tokio::test]
async fn each_departure_has_a_request_that_causes_it() {
    let usual = |world: &World| revoke(world, access(&world.ada));
    let bare = |_: &World| Ask::post("/oauth2/revoke");
    let form = |world: &World| Ask::post("/oauth2/revoke").form(&[("token", access(&world.ada))]);
    let json = |world: &World| {
        let body = json!({ "token": access(&world.ada) });
        Ask::post("/oauth2/revoke")
            .basic(&world.ada.client)
            .json(&body)
    };
    let query = |world: &World| {
        let token = [("token", access(&world.ada))];
        Ask::post("/oauth2/revoke")
            .basic(&world.ada.client)
            .query(&token)
    };
    let both = |world: &World| {
        let client = &world.ada.client;
        Ask::post("/oauth2/revoke").basic(client).form(&[
            ("token", access(&world.ada)),
            ("client_id", &client.client_id),
            ("client_secret", client.client_secret.expose()),
        ])
    };
    let wrong = |world: &World| form(world).basic_pair("nobody:wrong");
    let bearer = |world: &World| form(world).bearer(access(&world.ada));
    let delete = |world: &World| {
        let form = [("token", access(&world.ada))];
        Ask::new("DELETE", "/oauth2/revoke")
            .basic(&world.ada.client)
            .form(&form)
    };

    check("rfc7009", usual, &[]).await;
    check("no-revoke-route", usual, &[Departure::NoSuchRoute]).await;
    check("rfc7009", delete, &[Departure::Method]).await;
    check(
        "rfc7009",
        json,
        &[Departure::Encoding, Departure::NothingPresented],
    )
    .await;
    let empty = |world: &World| revoke(world, "");
    check("rfc7009", empty, &[Departure::NothingPresented]).await;
    for word in ["null", "None", "undefined", "nil"] {
        let literal = |world: &World| revoke(world, word);
        check("rfc7009", literal, &[Departure::LiteralNull]).await;
    }
    let unknown = |world: &World| revoke(world, &format!("{} ", access(&world.ada)));
    check("rfc7009", unknown, &[Departure::UnknownToken]).await;
    check("rfc7009", bare, &[Departure::CredentialsMissing]).await;
    let undeclared = [
        Departure::CredentialsUndeclared,
        Departure::CredentialsMissing,
    ];
    check("rfc7009", bearer, &undeclared).await;
    let google = |world: &World| {
        let form = [("token", access(&world.ada))];
        Ask::post("/revoke").basic(&world.ada.client).form(&form)
    };
    check("google", google, &[Departure::CredentialsUndeclared]).await;
    check("rfc7009", both, &[Departure::CredentialsTwice]).await;
    let two_headers = |world: &World| usual(world).bearer(access(&world.ada));
    check("rfc7009", two_headers, &[Departure::CredentialsTwice]).await;
    check("rfc7009", wrong, &[Departure::CredentialsWrong]).await;
    check(
        "rfc7009",
        query,
        &[Departure::SecretInUrl, Departure::NothingPresented],
    )
    .await;
}

#[tokio::test]
async fn a_client_secret_in_the_url_is_noted_and_a_token_where_the_route_wants_it_is_not() {
    let secret = |world: &World| {
        let secret = [("client_secret", world.ada.client.client_secret.expose())];
        revoke(world, access(&world.ada)).query(&secret)
    };
    check("rfc7009", secret, &[Departure::SecretInUrl]).await;
    let wanted = |world: &World| Ask::post("/revoke").query(&[("token", access(&world.ada))]);
    check("google", wanted, &[]).await;
    let by_another_name = |world: &World| {
        let form = [("token", access(&world.ada))];
        Ask::post("/revoke")
            .form(&form)
            .query(&[("t", access(&world.ada))])
    };
    check("google", by_another_name, &[Departure::SecretInUrl]).await;
}

#[tokio::test]
async fn a_request_without_a_token_to_no_endpoint_is_no_dispatch() {
    let world = World::start("no-revoke-route").await;
    let entry = entry_of(&world, Ask::post("/oauth2/revoke")).await;
    assert_eq!(
        (entry.departures.as_slice(), entry.is_dispatch()),
        (&[][..], false)
    );
    assert_eq!(entry.outcome, Outcome::NoRoute);
}

#[tokio::test]
async fn a_token_is_noted_even_if_the_request_is_refused_before_anybody_looks() {
    let world = World::start("rfc7009").await;
    let access_token = Presented::Token(token(ADA, Subject::AccessToken, 0));
    let form = [("token", access(&world.ada))];
    for ask in [
        Ask::post("/oauth2/revoke").form(&form),
        Ask::new("PUT", "/oauth2/revoke").form(&form),
    ] {
        assert_eq!(entry_of(&world, ask).await.presented, access_token);
    }
}

#[tokio::test]
async fn the_journal_keeps_ten_thousand_entries_and_says_what_it_lost() {
    let world = World::start("rfc7009").await;
    let mut state = world.tenant.lock();
    let mut receive = |count: u32| {
        for _ in 0..count {
            state.handle(&Request::default(), Moment(0));
        }
        let journal = state.journal();
        let first = journal.after(0).next().unwrap().number;
        let lost = [0, 1, 2, u64::MAX].map(|number| journal.lost_after(number));
        (journal.received(), first, journal.after(0).count(), lost)
    };
    assert_eq!(receive(10_000), (10_000, 1, 10_000, [false; 4]));
    assert_eq!(receive(1), (10_001, 2, 10_000, [true, false, false, false]));
    assert_eq!(receive(1), (10_002, 3, 10_000, [true, true, false, false]));
}
