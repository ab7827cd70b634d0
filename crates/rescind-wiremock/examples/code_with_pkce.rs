//! A client library signs a user in, refreshes, and revokes, against a provider on a mock server.
//!
//! `cargo run -p rescind-wiremock --example code_with_pkce` says nothing if all went well.

use std::error::Error;

use oauth2::basic::BasicClient;
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse,
    PkceCodeChallenge, RedirectUrl, TokenResponse, TokenUrl,
};
use reqwest::redirect::Policy;
use rescind_wiremock::rescind_provider::consent::Consent;
use rescind_wiremock::{ProviderMock, model::TokenState};
use wiremock::MockServer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // The same provider of TLS that the rest of this workspace uses; reqwest asks for one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = MockServer::start().await;
    let provider = ProviderMock::profile("rfc7009").mount(&server).await?;
    // Nobody sits at the browser: ada says yes at once.
    provider.consent(Consent::Allow { user: "ada".into() });

    let (registered, base) = (provider.client("main"), provider.base_url());
    let client = BasicClient::new(ClientId::new(registered.client_id))
        .set_client_secret(ClientSecret::new(registered.client_secret.expose().into()))
        .set_auth_uri(AuthUrl::new(format!("{base}/oauth2/authorize"))?)
        .set_token_uri(TokenUrl::new(format!("{base}/oauth2/token"))?)
        .set_redirect_uri(RedirectUrl::new("https://client.example/callback".into())?);
    // A client library that follows redirects can be sent anywhere.
    let http = reqwest::Client::builder()
        .redirect(Policy::none())
        .build()?;
    let send = |request| send(http.clone(), request);

    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (sign_in, _state) = client
        .authorize_url(CsrfToken::new_random)
        .set_pkce_challenge(challenge)
        .url();
    let code = code(&http, sign_in).await?;
    let exchange = client.exchange_code(code).set_pkce_verifier(verifier);
    let first = exchange.request_async(&send).await?;
    let refresh_token = first.refresh_token().ok_or("no refresh token")?;
    let refresh = client.exchange_refresh_token(refresh_token);
    let second = refresh.request_async(&send).await?;

    // ada removes the app on the provider's own site, and every token is dead.
    let grants = provider.ledger();
    provider.remove_by_user(grants[0].id);
    assert_eq!(grants[0].user, "ada");
    for tokens in [&first, &second] {
        let access_token = tokens.access_token().secret();
        assert_eq!(provider.state_of(access_token), TokenState::Dead);
    }
    Ok(())
}

/// What a browser does: it goes where the client sends it, and comes back with a code.
async fn code(
    http: &reqwest::Client,
    sign_in: oauth2::url::Url,
) -> Result<AuthorizationCode, Box<dyn Error>> {
    let answer = http.get(sign_in.as_str()).send().await?;
    let location = answer.headers().get("location").ok_or("no redirect")?;
    let back: oauth2::url::Url = location.to_str()?.parse()?;
    let code = back.query_pairs().find(|(name, _)| name == "code");
    let (_, code) = code.ok_or("no code")?;
    Ok(AuthorizationCode::new(code.into_owned()))
}

/// What `oauth2` sends through.
async fn send(http: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let answer = http.execute(request.try_into()?).await?;
    let mut response = HttpResponse::default();
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    *response.body_mut() = answer.bytes().await?.to_vec();
    Ok(response)
}
