//! The crate `oauth2` lives its whole life: codes with PKCE, refresh tokens that rotate, client
//! credentials, devices, introspection, revocation.

use std::cell::Cell;
use std::time::Duration;

use oauth2::basic::{BasicClient, BasicErrorResponseType, BasicRequestTokenError};
use oauth2::url::Url;
use oauth2::{
    AccessToken, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    DeviceAuthorizationUrl, DeviceCodeErrorResponseType, EndpointSet, IntrospectionUrl,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError,
    RevocationErrorResponseType, RevocationUrl, StandardDeviceAuthorizationResponse,
    StandardRevocableToken, TokenIntrospectionResponse as _, TokenResponse as _, TokenUrl,
};
use rescind_model::TokenState;
use rescind_provider::consent::Consent;

use crate::support::stage::{Stage, at_both_stages};
use crate::support::{Http, browser, profile};

at_both_stages! {
    a_code_brings_tokens_that_refresh_and_are_revoked
    a_code_works_once_and_with_its_verifier_only
    a_user_who_denies_sends_the_client_away
    a_page_asks_the_user_and_the_tokens_are_theirs
    client_credentials_bring_an_access_token_alone
    a_device_waits_until_its_user_has_decided
    a_device_is_denied_or_comes_too_late
    a_client_with_a_wrong_secret_revokes_nothing
}

/// Where the client gets its users back.
const CALLBACK: &str = "https://client.example/callback";

/// A client that knows every endpoint.
type Client = BasicClient<EndpointSet, EndpointSet, EndpointSet, EndpointSet, EndpointSet>;

/// What comes of a request for a token that is refused.
type Refusal = BasicRequestTokenError<hyper_util::client::legacy::Error>;

async fn start<S: Stage>() -> (S, Client, Http) {
    let stage = S::serve(profile("rfc7009")).await;
    stage.allowed_by("ada");
    let client = client(&stage, stage.client().client_secret.expose());
    (stage, client, Http::new())
}

fn client(stage: &impl Stage, secret: &str) -> Client {
    let base = stage.base_url();
    // The crate sends tokens that are to be revoked by https and by nothing else.
    let secure = base.replacen("http://", "https://", 1);
    let at = |path: &str| format!("{base}/oauth2/{path}");
    let device = DeviceAuthorizationUrl::new(at("device_authorization"));
    BasicClient::new(ClientId::new(stage.client().client_id))
        .set_client_secret(ClientSecret::new(secret.to_owned()))
        .set_auth_uri(AuthUrl::new(at("authorize")).unwrap())
        .set_token_uri(TokenUrl::new(at("token")).unwrap())
        .set_device_authorization_url(device.unwrap())
        .set_introspection_url(IntrospectionUrl::new(at("introspect")).unwrap())
        .set_revocation_url(RevocationUrl::new(format!("{secure}/oauth2/revoke")).unwrap())
        .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned()).unwrap())
}

/// Where the client sends its user, what it expects back, and what proves that the code is its own.
fn asks(client: &Client) -> (Url, CsrfToken, PkceCodeVerifier) {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state) = client
        .authorize_url(CsrfToken::new_random)
        .set_pkce_challenge(challenge)
        .url();
    (url, state, verifier)
}

fn code(back: &Url) -> AuthorizationCode {
    AuthorizationCode::new(browser::parameter(back, "code").expect("a code"))
}

async fn is_active(client: &Client, http: &Http, token: &AccessToken) -> bool {
    let answer = client.introspect(token).request_async(http).await.unwrap();
    answer.active()
}

fn error(refusal: &Refusal) -> &BasicErrorResponseType {
    match refusal {
        RequestTokenError::ServerResponse(answer) => answer.error(),
        other => panic!("no answer of the provider: {other}"),
    }
}

async fn a_code_brings_tokens_that_refresh_and_are_revoked<S: Stage>() {
    let (stage, client, http) = start::<S>().await;
    let (url, unguessable, verifier) = asks(&client);
    let back = browser::follow(&http, &url).await;
    assert!(back.as_str().starts_with(CALLBACK));
    assert_eq!(
        browser::parameter(&back, "state").as_ref(),
        Some(unguessable.secret())
    );

    let request = client
        .exchange_code(code(&back))
        .set_pkce_verifier(verifier);
    let first = request.request_async(&http).await.unwrap();
    assert_eq!(stage.users(), ["ada"]);
    assert_eq!(first.expires_in(), Some(Duration::from_hours(1)));
    assert!(is_active(&client, &http, first.access_token()).await);

    // The refresh token rotates: the first one is spent.
    let old = first.refresh_token().unwrap();
    let second = client
        .exchange_refresh_token(old)
        .request_async(&http)
        .await;
    let second = second.unwrap();
    let new = second.refresh_token().unwrap();
    assert_ne!(old.secret(), new.secret());
    assert!(is_active(&client, &http, second.access_token()).await);

    let revocation = client
        .revoke_token(StandardRevocableToken::from(new))
        .unwrap();
    revocation.request_async(&http).await.unwrap();

    // Every access token of the grant goes with it (RFC 7009 §2.1).
    for access_token in [first.access_token(), second.access_token()] {
        assert_eq!(stage.state_of(access_token.secret()), TokenState::Dead);
        assert!(!is_active(&client, &http, access_token).await);
        let userinfo = format!("{}/userinfo", stage.base_url());
        assert_eq!(
            http.get(&userinfo, access_token.secret()).await.status(),
            401
        );
    }
    let refused = client
        .exchange_refresh_token(new)
        .request_async(&http)
        .await;
    assert_eq!(
        error(&refused.unwrap_err()),
        &BasicErrorResponseType::InvalidGrant
    );
    let departures = stage
        .journal()
        .into_iter()
        .flat_map(|entry| entry.departures);
    assert_eq!(
        departures.count(),
        0,
        "a careful client did something careless"
    );
}

async fn a_code_works_once_and_with_its_verifier_only<S: Stage>() {
    let (stage, client, http) = start::<S>().await;
    let (url, _, _) = asks(&client);
    let back = browser::follow(&http, &url).await;
    let (_, another) = PkceCodeChallenge::new_random_sha256();
    let stolen = client.exchange_code(code(&back)).set_pkce_verifier(another);
    let refused = stolen.request_async(&http).await.unwrap_err();
    assert_eq!(error(&refused), &BasicErrorResponseType::InvalidGrant);

    let (url, _, verifier) = asks(&client);
    let back = browser::follow(&http, &url).await;
    let same = PkceCodeVerifier::new(verifier.secret().clone());
    let exchange = client
        .exchange_code(code(&back))
        .set_pkce_verifier(verifier);
    let tokens = exchange.request_async(&http).await.unwrap();
    let access_token = tokens.access_token().secret();
    assert_eq!(stage.state_of(access_token), TokenState::Alive);
    let replay = client.exchange_code(code(&back)).set_pkce_verifier(same);
    let refused = replay.request_async(&http).await.unwrap_err();
    assert_eq!(error(&refused), &BasicErrorResponseType::InvalidGrant);
    // RFC 6749 §4.1.2: what the code brought is in a thief's hands, perhaps.
    assert_eq!(stage.state_of(access_token), TokenState::Dead);
}

async fn a_user_who_denies_sends_the_client_away<S: Stage>() {
    let (stage, client, http) = start::<S>().await;
    stage.consent(Consent::Deny);
    let (url, unguessable, _) = asks(&client);
    let back = browser::follow(&http, &url).await;
    let told = |name| browser::parameter(&back, name);
    assert_eq!(told("error").as_deref(), Some("access_denied"));
    assert_eq!(told("state").as_ref(), Some(unguessable.secret()));
    assert_eq!(told("code"), None);
    assert_eq!(stage.users(), [""; 0]);
}

async fn a_page_asks_the_user_and_the_tokens_are_theirs<S: Stage>() {
    let (stage, client, http) = start::<S>().await;
    stage.consent(Consent::Ask);
    let (url, _, verifier) = asks(&client);
    let page = browser::open(&http, &url).await;
    let back = browser::location(&page.decide(&http, "grace", "allow").await);
    let exchange = client
        .exchange_code(code(&back))
        .set_pkce_verifier(verifier);
    let tokens = exchange.request_async(&http).await.unwrap();
    assert_eq!(stage.users(), ["grace"]);
    let access_token = tokens.access_token().secret();
    assert_eq!(stage.state_of(access_token), TokenState::Alive);
}

async fn client_credentials_bring_an_access_token_alone<S: Stage>() {
    let (stage, client, http) = start::<S>().await;
    let tokens = client
        .exchange_client_credentials()
        .request_async(&http)
        .await;
    let tokens = tokens.unwrap();
    // RFC 6749 §4.4.3
    assert!(tokens.refresh_token().is_none());
    let access_token = tokens.access_token();
    assert!(is_active(&client, &http, access_token).await);
    let revocation = client.revoke_token(StandardRevocableToken::from(access_token));
    revocation.unwrap().request_async(&http).await.unwrap();
    assert_eq!(stage.state_of(access_token.secret()), TokenState::Dead);
    assert!(!is_active(&client, &http, access_token).await);
}

async fn begin_device(client: &Client, http: &Http) -> StandardDeviceAuthorizationResponse {
    client
        .exchange_device_code()
        .request_async(http)
        .await
        .unwrap()
}

async fn a_device_waits_until_its_user_has_decided<S: Stage>() {
    let (stage, client, http) = start::<S>().await;
    stage.consent(Consent::Ask);
    let details = begin_device(&client, &http).await;
    let page = details.verification_uri_complete().unwrap().secret();
    let page: Url = page.parse().unwrap();
    assert_eq!(
        details.verification_uri().as_str(),
        format!("{}/device", stage.base_url())
    );
    let waits = Cell::new(0);
    // The library waits by the provider's clock. During its second wait, the user decides.
    let wait = |interval: Duration| {
        waits.set(waits.get() + 1);
        stage.advance(interval.as_secs());
        let (http, page, decides) = (&http, &page, waits.get() == 2);
        async move {
            if decides {
                let asked = browser::open(http, page).await;
                let answer = asked.decide(http, "grace", "allow").await;
                assert_eq!(answer.status(), 200);
            }
        }
    };
    let request = client.exchange_device_access_token(&details);
    let tokens = request.request_async(&http, wait, None).await.unwrap();
    assert_eq!(waits.get(), 2);
    assert_eq!(stage.users(), ["grace"]);
    assert!(is_active(&client, &http, tokens.access_token()).await);
    assert!(tokens.refresh_token().is_some());
}

async fn a_device_is_denied_or_comes_too_late<S: Stage>() {
    let (stage, client, http) = start::<S>().await;
    stage.consent(Consent::Ask);
    let late = begin_device(&client, &http).await;
    stage.advance(late.expires_in().as_secs());
    let told = device_error(&client, &http, &late).await;
    assert_eq!(told, DeviceCodeErrorResponseType::ExpiredToken);

    stage.consent(Consent::Deny);
    let denied = begin_device(&client, &http).await;
    let told = device_error(&client, &http, &denied).await;
    assert_eq!(told, DeviceCodeErrorResponseType::AccessDenied);
    assert_eq!(stage.users(), [""; 0]);
}

async fn device_error(
    client: &Client,
    http: &Http,
    details: &StandardDeviceAuthorizationResponse,
) -> DeviceCodeErrorResponseType {
    let request = client.exchange_device_access_token(details);
    let never = |_| async { panic!("the device waits on") };
    match request.request_async(http, never, None).await {
        Err(RequestTokenError::ServerResponse(answer)) => answer.error().clone(),
        other => panic!("no refusal of the provider: {:?}", other.map(|_| "a token")),
    }
}

async fn a_client_with_a_wrong_secret_revokes_nothing<S: Stage>() {
    let (stage, rightful, http) = start::<S>().await;
    let tokens = rightful
        .exchange_client_credentials()
        .request_async(&http)
        .await;
    let tokens = tokens.unwrap();
    let wrong = client(&stage, "wrong");
    let revocation = wrong.revoke_token(StandardRevocableToken::from(tokens.access_token()));
    let refused = revocation.unwrap().request_async(&http).await.unwrap_err();
    let RequestTokenError::ServerResponse(answer) = &refused else {
        panic!("no answer of the provider: {refused}");
    };
    let invalid_client = RevocationErrorResponseType::Basic(BasicErrorResponseType::InvalidClient);
    assert_eq!(answer.error(), &invalid_client);
    let access_token = tokens.access_token().secret();
    assert_eq!(stage.state_of(access_token), TokenState::Alive);
}
