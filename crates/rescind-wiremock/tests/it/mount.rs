//! What a mounted provider does, and what its owner can do to it.

use std::time::Duration;

use rescind_model::{Subject, TokenState};
use rescind_provider::tenant::TokenRecord;
use rescind_wiremock::{MountError, ProviderMock, ProviderMockBuilder};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{Http, mounted, profile, profile_text};

#[tokio::test]
async fn a_revocation_over_http_ends_what_the_profile_says() {
    let (_server, provider) = mounted("rfc7009").await;
    let (http, base) = (Http::new(), provider.base_url());
    let ada = provider.mint("ada");
    let bob = provider.mint("bob");
    let userinfo = format!("{base}/userinfo");
    assert_eq!(http.get(&userinfo, ada.access()).await.status(), 200);

    let form = [("token", ada.refresh())];
    let answer = http
        .post(&format!("{base}/oauth2/revoke"), &ada, &form)
        .await;

    assert_eq!(answer.status(), 200);
    for token in [ada.access(), ada.refresh()] {
        assert_eq!(provider.state_of(token), TokenState::Dead);
    }
    assert_eq!(http.get(&userinfo, ada.access()).await.status(), 401);
    assert_eq!(http.get(&userinfo, bob.access()).await.status(), 200);
    assert_eq!(provider.state_of("never given out"), TokenState::Absent);
    let journal = provider.journal();
    assert_eq!(journal.len(), 4);
    assert!(journal[1].acknowledged);
    assert_eq!(journal[1].killed.len(), 2);
}

#[tokio::test]
async fn a_mock_of_one_s_own_goes_before_the_provider() {
    let (server, provider) = mounted("rfc7009").await;
    let (http, base) = (Http::new(), provider.base_url());
    let ada = provider.mint("ada");
    // Mounted later, and without a priority: it is asked first all the same.
    Mock::given(method("POST"))
        .and(path("/oauth2/revoke"))
        .respond_with(ResponseTemplate::new(503))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    let (revoke, form) = (format!("{base}/oauth2/revoke"), [("token", ada.access())]);

    assert_eq!(http.post(&revoke, &ada, &form).await.status(), 503);
    assert_eq!(provider.state_of(ada.access()), TokenState::Alive);
    assert!(provider.journal().is_empty());

    assert_eq!(http.post(&revoke, &ada, &form).await.status(), 200);
    assert_eq!(provider.state_of(ada.access()), TokenState::Dead);
}

#[tokio::test]
async fn a_stated_priority_goes_before_a_mock_of_one_s_own() {
    let server = MockServer::start().await;
    let provider = ProviderMock::profile_of(profile("rfc7009")).priority(4);
    let provider = provider.mount(&server).await.unwrap();
    let everything = wiremock::matchers::any();
    let teapot = Mock::given(everything).respond_with(ResponseTemplate::new(418));
    teapot.mount(&server).await;
    let ada = provider.mint("ada");
    let userinfo = format!("{}/userinfo", provider.base_url());
    assert_eq!(Http::new().get(&userinfo, ada.access()).await.status(), 200);
}

#[tokio::test]
async fn tokens_expire_by_a_clock_that_is_moved_and_not_by_one_that_stands() {
    let (_server, provider) = mounted("rfc7009").await;
    provider.freeze();
    let ada = provider.mint("ada");
    provider.advance(Duration::from_secs(3599));
    assert_eq!(provider.state_of(ada.access()), TokenState::Alive);
    provider.advance(Duration::from_secs(1));
    assert_eq!(provider.state_of(ada.access()), TokenState::Expired);
    provider.thaw();
    let is_standing = provider.with_state(|state, _| state.clock().is_standing());
    assert!(!is_standing);
    let later = provider.mint("ada");
    assert_eq!(provider.state_of(later.access()), TokenState::Alive);
}

#[tokio::test]
async fn the_user_and_time_can_end_a_token_without_a_request() {
    let (_server, provider) = mounted("rfc7009").await;
    let ada = provider.mint("ada");
    assert!(provider.expire(ada.grant, Subject::AccessToken));
    assert_eq!(provider.state_of(ada.access()), TokenState::Expired);
    assert_eq!(provider.state_of(ada.refresh()), TokenState::Alive);
    provider.remove_by_user(ada.grant);
    assert_eq!(provider.state_of(ada.refresh()), TokenState::Dead);
    let bob = provider.mint_for("bob", "rival");
    assert!(provider.kill(bob.grant, Subject::RefreshToken));
    assert!(!provider.is_alive(bob.refresh()));
    assert!(provider.is_alive(bob.access()));
    let ledger = provider.ledger();
    assert_eq!(ledger.len(), 2);
    assert_eq!(
        (ledger[1].user.as_str(), ledger[1].client.as_str()),
        ("bob", "rival")
    );
    let dead = |token: &TokenRecord| token.state == TokenState::Dead;
    assert_eq!(
        ledger[1].tokens.iter().filter(|token| dead(token)).count(),
        1
    );
    provider.reset();
    assert!(provider.ledger().is_empty());
}

#[tokio::test]
async fn the_same_seed_gives_the_same_secrets_and_another_others() {
    let server = MockServer::start().await;
    let mut secrets = Vec::new();
    for seed in ["one", "one", "two"] {
        let provider = ProviderMock::profile("rfc7009").seed(seed);
        let provider = provider.mount(&server).await.unwrap();
        assert_eq!(provider.seed(), seed);
        let minted = provider.mint("ada");
        secrets.push((
            minted.access().to_owned(),
            provider.client("main").client_id,
        ));
    }
    assert_eq!(secrets[0], secrets[1]);
    assert_ne!(secrets[0].0, secrets[2].0);
    assert_ne!(secrets[0].1, secrets[2].1);
    let mount = || ProviderMock::profile("rfc7009").mount(&server);
    let (fresh, another) = (mount().await.unwrap(), mount().await.unwrap());
    assert_ne!(fresh.seed(), another.seed());
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_nothing_is_mounted() {
    let server = MockServer::start().await;
    let text = profile_text("rfc7009");
    let mistaken = text.replace("[resource]", "[resorce]");
    let refused =
        |builder: ProviderMockBuilder<'static>| async { builder.mount(&server).await.unwrap_err() };
    let error = refused(ProviderMock::profile_toml(&mistaken))
        .await
        .to_string();
    assert!(error.contains("[resorce]"), "{error}");
    assert!(error.contains("resource"), "{error}");
    let error = refused(ProviderMock::profile("gogle")).await.to_string();
    assert!(
        error.starts_with("there is no profile `gogle`; "),
        "{error}"
    );
    assert!(error.contains("`google`"), "{error}");
    let error = refused(ProviderMock::profile_toml(&text).below("google")).await;
    assert_eq!(
        error.to_string(),
        "`google` is no path to mount a provider below: give `/` and a name, `/google` say, of letters, digits, `-`, `.`, `_` and `~`"
    );
    let error = refused(ProviderMock::profile_toml(&text).priority(0)).await;
    assert!(matches!(error, MountError::Priority), "{error}");
    let hangs = format!("{text}\n[[fault]]\nendpoint = \"revocation\"\nhang = {{}}\n");
    let error = refused(ProviderMock::profile_toml(&hangs)).await;
    assert!(matches!(error, MountError::Fault(_)), "{error}");
    // wiremock's own word for a request that no mock is for.
    let http = Http::new();
    assert_eq!(http.get(&server.uri(), "token").await.status(), 404);
    let provider = ProviderMock::profile_toml(&text).mount(&server).await;
    assert!(provider.is_ok());
}
