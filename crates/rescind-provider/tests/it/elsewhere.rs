//! The other origin: whatever comes there is noted, looks like a success, and changes nothing.

use rescind_model::Subject;
use rescind_model::fault::{Answer, Effect, Fault};
use rescind_model::profile::ClientAuthentication as How;
use rescind_model::vocabulary::Endpoint;
use rescind_provider::journal::{Departure, Presented};
use rescind_provider::server::Address;
use rescind_provider::{Entry, Outcome, TokenId};
use serde_json::json;

use crate::support::{Ask, Http, World, access, loopback, profile, refresh};

/// Sends a request elsewhere, and gives the entry that came of it.
async fn entry_of(world: &World, ask: Ask) -> Entry {
    let elsewhere = world.provider.elsewhere_url();
    let answer = Http::new().send(&elsewhere, ask).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "{}"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(world.noteworthy(), [""; 0]);
    let entry = world.last_entry();
    assert_eq!((entry.outcome, entry.status), (Outcome::Elsewhere, 200));
    assert_eq!(entry.departures, [Departure::OtherOrigin]);
    assert!(!entry.acknowledged && entry.killed.is_empty() && entry.minted.is_empty());
    entry
}

fn ada(world: &World, subject: Subject) -> Presented {
    Presented::Token(TokenId {
        grant: world.ada.grant,
        subject,
        generation: 0,
    })
}

#[tokio::test]
async fn a_revocation_that_follows_is_noted_with_token_and_credentials() {
    let world = World::start("rfc7009").await;
    let ask = Ask::post("/oauth2/revoke")
        .basic(&world.ada.client)
        .form(&[("token", access(&world.ada))]);
    let entry = entry_of(&world, ask).await;
    assert_eq!(entry.endpoint, Some(Endpoint::Revocation));
    assert_eq!(entry.presented, ada(&world, Subject::AccessToken));
    assert_eq!(entry.credentials, [How::Basic]);
    assert_eq!(entry.client.as_deref(), Some("main"));
    assert!(entry.is_dispatch());
    assert_eq!(
        Departure::OtherOrigin.describe(),
        "another origin than the provider's"
    );
}

#[tokio::test]
async fn a_token_is_a_dispatch_wherever_it_goes_and_a_revocation_path_whatever_it_carries() {
    let world = World::start("rfc7009").await;
    let access_token = ada(&world, Subject::AccessToken);
    let refresh_token = ada(&world, Subject::RefreshToken);
    let pair = format!("{}:{}", world.ada.client.client_id, access(&world.ada));
    for (ask, presented, is_dispatch) in [
        (
            Ask::post("/anywhere").json(&json!({ "token": refresh(&world.ada) })),
            refresh_token,
            true,
        ),
        (
            Ask::get("/anywhere").query(&[("token", access(&world.ada))]),
            access_token,
            true,
        ),
        (
            Ask::get("/userinfo").bearer(access(&world.ada)),
            access_token,
            true,
        ),
        (
            Ask::get("/oauth2/revoke").bearer(access(&world.ada)),
            access_token,
            true,
        ),
        (
            Ask::post("/oauth2/revoke").basic_pair(&pair),
            access_token,
            true,
        ),
        (
            Ask::post("/oauth2/token").basic(&world.ada.client).form(&[
                ("grant_type", "refresh_token"),
                ("refresh_token", refresh(&world.ada)),
            ]),
            refresh_token,
            true,
        ),
        (Ask::get("/oauth2/revoke"), Presented::Nothing, true),
        (
            Ask::post("/oauth2/revoke")
                .basic(&world.ada.client)
                .form(&[("token", "never-issued")]),
            Presented::Unknown,
            true,
        ),
        (Ask::get("/userinfo"), Presented::Nothing, false),
        (Ask::post("/anywhere"), Presented::Nothing, false),
    ] {
        let entry = entry_of(&world, ask).await;
        assert_eq!(
            (entry.presented, entry.is_dispatch()),
            (presented, is_dispatch)
        );
    }
}

#[tokio::test]
async fn what_a_provider_refuses_is_noted_elsewhere_all_the_same() {
    let world = World::start("no-revoke-route").await;
    let ask = Ask::post("/oauth2/revoke").form(&[("token", access(&world.ada))]);
    let entry = entry_of(&world, ask).await;
    assert_eq!(
        (entry.endpoint, entry.presented),
        (None, ada(&world, Subject::AccessToken))
    );
    assert!(entry.is_dispatch());
}

#[tokio::test]
async fn the_control_api_is_not_served_elsewhere() {
    let world = World::start("rfc7009").await;
    let entry = entry_of(&world, Ask::post("/_rescind/grants")).await;
    assert!(!entry.is_dispatch());
    let user_removal = Ask::post("/_rescind/user-removal").json(&json!({ "grant": 0 }));
    entry_of(&world, user_removal).await;
    assert_eq!(world.tenant.lock().ledger().grants().count(), 4);
}

#[tokio::test]
async fn no_fault_acts_elsewhere_and_none_counts_what_comes_there() {
    let world = World::start("rfc7009").await;
    let effect = Effect::Answer(Answer::of(503));
    let fault = Fault::at(Endpoint::Resource, effect).nth(1);
    world.tenant.lock().fail(fault);
    entry_of(&world, Ask::get("/userinfo")).await;
    let own = world.send(Ask::get("/userinfo")).await;
    assert_eq!(own.status, 503);
}

#[tokio::test]
async fn tenants_are_found_by_the_same_paths() {
    let world = World::start("rfc7009").await;
    let below = Address::Below("one".into());
    let one = world
        .provider
        .add_tenant(&below, "one", profile("google"))
        .unwrap();
    let elsewhere = world.provider.elsewhere_url();
    let http = Http::new();
    let answer = http.send(&elsewhere, Ask::post("/t/one/revoke")).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "{}"));
    let entries: Vec<Entry> = one.lock().journal().after(0).cloned().collect();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].endpoint, Some(Endpoint::Revocation));
    assert_eq!(world.tenant.lock().journal().received(), 0);
    let nobody = http.send(&elsewhere, Ask::post("/t/two/revoke")).await;
    assert_eq!(nobody.status, 404);
}

#[tokio::test]
async fn it_is_another_origin_which_ends_with_the_provider() {
    let provider = rescind_provider::Provider::start(loopback(), "seed")
        .await
        .unwrap();
    let elsewhere = provider.elsewhere_url();
    let own = format!("http://{}", provider.address());
    assert!(elsewhere != own);
    let authority = elsewhere.strip_prefix("http://").unwrap().to_owned();
    assert!(tokio::net::TcpStream::connect(&authority).await.is_ok());
    provider.stop().await;
    assert!(tokio::net::TcpStream::connect(&authority).await.is_err());
}
