//! The provider as a test in Rust starts and asks it.

use std::sync::Arc;
use std::time::Duration;

use rescind_model::fault::{Answer as Instead, Effect, Fault};
use rescind_model::vocabulary::Endpoint;
use rescind_model::{Subject, TokenState};
use rescind_provider::builder::BuildError;
use rescind_provider::consent::Consent;
use rescind_provider::server::StartError;
use rescind_provider::{Provider, RunningProvider};
use tokio::net::TcpStream;

use crate::support::{Ask, Http, profile};

async fn google() -> RunningProvider {
    Provider::builder().profile("google").start().await.unwrap()
}

async fn status(provider: &RunningProvider, ask: Ask) -> u16 {
    Http::new().send(provider.base_url(), ask).await.status
}

fn revoke(token: &str) -> Ask {
    Ask::post("/revoke").form(&[("token", token)])
}

#[tokio::test]
async fn it_is_ready_when_it_has_started_and_gone_when_it_is_dropped() {
    let provider = google().await;
    let address = provider.address();
    assert_eq!(provider.base_url(), format!("http://{address}"));
    assert_eq!(provider.control_url(), format!("http://{address}/_rescind"));
    assert_eq!(status(&provider, Ask::get("/_rescind")).await, 200);
    drop(provider);
    let refused = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), refused)
        .await
        .unwrap();
}

#[tokio::test]
async fn several_run_side_by_side_and_share_nothing() {
    let [one, two] = [google().await, google().await];
    assert!(one.seed() != two.seed());
    let [of_one, of_two] = [one.mint("ada"), two.mint("ada")];
    assert!(of_one.access() != of_two.access());
    assert_eq!(two.state_of(of_one.access()), TokenState::Absent);
    assert_eq!(status(&one, revoke(of_one.access())).await, 200);
    assert!(!one.is_alive(of_one.access()) && two.is_alive(of_two.access()));
    one.stop().await;
    assert_eq!(status(&two, revoke(of_two.access())).await, 200);
}

#[tokio::test]
async fn the_ledger_and_the_journal_say_what_happened() {
    let provider = google().await;
    let minted = provider.mint("ada");
    provider.mint_for("bob", "rival");
    assert_eq!(status(&provider, revoke(minted.refresh())).await, 200);
    let ledger = provider.ledger();
    let told: Vec<_> = ledger
        .iter()
        .map(|grant| {
            let states: Vec<TokenState> = grant.tokens.iter().map(|it| it.state).collect();
            (grant.user.as_str(), grant.client.as_str(), states)
        })
        .collect();
    let (dead, alive) = (vec![TokenState::Dead; 2], vec![TokenState::Alive; 2]);
    assert_eq!(told, [("ada", "main", dead), ("bob", "rival", alive)]);
    assert!(ledger[0].tokens.iter().all(|token| token.death.is_some()));
    let journal = provider.journal();
    assert_eq!(journal.len(), 1);
    assert!(journal[0].acknowledged && journal[0].killed.len() == 2);
    assert_eq!(provider.client("rival").name, "rival");
}

#[tokio::test]
async fn it_fails_as_it_is_told() {
    let provider = google().await;
    let minted = provider.mint("ada");
    let fault = Fault::at(Endpoint::Revocation, Effect::Answer(Instead::of(503)));
    provider.fail(fault.clone().nth(2));
    assert_eq!(status(&provider, revoke("unknown")).await, 400);
    assert_eq!(status(&provider, revoke(minted.access())).await, 503);
    assert!(provider.is_alive(minted.access()));
    provider.fail(fault);
    provider.recover();
    assert_eq!(status(&provider, revoke(minted.access())).await, 200);
}

#[tokio::test]
async fn its_clock_is_moved_by_hand() {
    let provider = google().await;
    provider.freeze();
    let minted = provider.mint("ada");
    provider.advance(Duration::from_secs(3599));
    assert!(provider.is_alive(minted.access()));
    provider.advance(Duration::from_secs(1));
    assert_eq!(provider.state_of(minted.access()), TokenState::Expired);
    provider.thaw();
    assert!(provider.is_alive(minted.refresh()));
}

#[tokio::test]
async fn its_user_its_administrator_and_time_end_tokens() {
    let provider = google().await;
    let [removed, killed, expired] = ["ada", "bob", "eve"].map(|user| provider.mint(user));
    provider.remove_by_user(removed.grant);
    assert!(!provider.is_alive(removed.refresh()));
    assert!(provider.kill(killed.grant, Subject::AccessToken));
    assert_eq!(provider.state_of(killed.access()), TokenState::Dead);
    assert!(provider.is_alive(killed.refresh()));
    assert!(provider.expire(expired.grant, Subject::AccessToken));
    assert_eq!(provider.state_of(expired.access()), TokenState::Expired);
}

#[tokio::test]
async fn its_users_answer_as_they_are_told() {
    let ada = Consent::Allow {
        user: "ada".to_owned(),
    };
    let builder = Provider::builder().profile("google").consent(ada);
    let provider = builder.start().await.unwrap();
    let client_id = provider.client("main").client_id;
    let ask = || {
        Ask::get("/o/oauth2/v2/auth").query(&[
            ("response_type", "code"),
            ("client_id", &client_id),
            ("redirect_uri", "http://127.0.0.1:3000/callback"),
        ])
    };
    let location = async || {
        let answer = Http::new().send(provider.base_url(), ask()).await;
        answer.header("location").unwrap().to_owned()
    };
    assert!(
        location()
            .await
            .starts_with("http://127.0.0.1:3000/callback?code=")
    );
    provider.set_consent(Consent::Deny);
    assert!(location().await.contains("error=access_denied"));
}

#[tokio::test]
async fn its_control_api_may_want_a_key() {
    let builder = Provider::builder().profile("google").control_key("key");
    let provider = builder.start().await.unwrap();
    assert_eq!(status(&provider, Ask::get("/_rescind")).await, 401);
    let ask = Ask::get("/_rescind").bearer("key");
    assert_eq!(status(&provider, ask).await, 200);
}

#[tokio::test]
async fn a_seed_and_an_address_can_be_stated() {
    let mut tokens = Vec::new();
    for seed in ["fixed", "fixed", "another"] {
        let builder = Provider::builder()
            .profile_of(profile("rfc7009"))
            .seed(seed);
        let provider = builder.start().await.unwrap();
        assert_eq!(provider.seed(), seed);
        tokens.push(provider.mint("ada").access().to_owned());
    }
    assert!(tokens[0] == tokens[1] && tokens[1] != tokens[2]);
    let first = google().await;
    let again = Provider::builder().profile("google").bind(first.address());
    let error = again.start().await.unwrap_err();
    assert!(matches!(error, BuildError::Start(StartError::Bind { .. })));
    let said = format!(
        "cannot listen on {}; choose an address of this machine and a port that is free; port 0 takes any free one",
        first.address()
    );
    assert_eq!(format!("{error} {error:?}"), format!("{said} {said}"));
}

#[tokio::test]
async fn it_is_seen_at_other_addresses_if_they_are_stated() {
    let builder = Provider::builder().profile("google");
    let builder = builder.public_url("http://provider:8080/");
    let provider = builder
        .browser_url("http://localhost:8080")
        .start()
        .await
        .unwrap();
    let addresses = provider.tenant().addresses();
    assert_eq!(provider.base_url(), "http://provider:8080");
    assert_eq!(addresses.browser, "http://localhost:8080");
}

#[tokio::test]
async fn what_cannot_be_built_says_why_and_what_to_do() {
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/providers/google.toml"
    ))
    .unwrap();
    let own = Provider::builder()
        .profile_toml(&text)
        .start()
        .await
        .unwrap();
    assert_eq!(status(&own, Ask::get("/_rescind")).await, 200);

    let nothing = Provider::builder().start().await.unwrap_err();
    assert_eq!(
        nothing.to_string(),
        "a provider without a profile: call `.profile(\"google\")`, say, or `.profile_toml(…)`"
    );
    let unknown = Provider::builder()
        .profile("gogle")
        .start()
        .await
        .unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "there is no profile `gogle`; did you mean `google`?"
    );
    let mistaken = text.replace("\ntitle =", "\ntitel =");
    let mistaken = Provider::builder()
        .profile_toml(&mistaken)
        .start()
        .await
        .unwrap_err();
    assert!(
        mistaken.to_string().contains("did you mean `title`?"),
        "{mistaken}"
    );
    assert!(
        mistaken.to_string().contains("profile.toml:2:1"),
        "{mistaken}"
    );
    let builder = Provider::builder()
        .profile("google")
        .public_url("provider:8080");
    let address = builder.start().await.unwrap_err();
    assert_eq!(
        address.to_string(),
        "what `.public_url(…)` was given is no address to be seen at: an address begins with `http://` or `https://`"
    );
}

#[tokio::test]
async fn more_tenants_can_stand_beside_its_own() {
    let provider = google().await;
    let below = rescind_provider::server::Address::Below("beside".to_owned());
    let profile = Arc::clone(provider.tenant().lock().profile());
    let beside = provider
        .provider()
        .add_tenant(&below, "beside", profile)
        .unwrap();
    let answer = Http::new()
        .send(beside.base_url(), Ask::get("/_rescind"))
        .await;
    assert_eq!(answer.json()["tenant"], "beside");
}
