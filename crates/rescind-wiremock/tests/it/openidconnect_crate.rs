//! The crate `openidconnect` lives its whole life: discovery and keys, registration, sign-in with
//! ID tokens of either algorithm, userinfo, refresh, introspection, revocation.

use std::sync::Arc;

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthenticationFlow, CoreClaimName, CoreClaimType, CoreClient,
    CoreClientAuthMethod, CoreClientRegistrationRequest, CoreClientRegistrationResponse,
    CoreGrantType, CoreIdToken, CoreIdTokenClaims, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm,
    CoreResponseMode, CoreResponseType, CoreRevocableToken, CoreSubjectIdentifierType,
    CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::registration::EmptyAdditionalClientMetadata;
use openidconnect::{
    AccessToken, AccessTokenHash, AdditionalProviderMetadata, AuthorizationCode,
    ClaimsVerificationError, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    IntrospectionUrl, IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge,
    PkceCodeVerifier, ProviderMetadata, RedirectUrl, RevocationUrl, Scope,
    SignatureVerificationError, TokenIntrospectionResponse as _, TokenResponse as _, url::Url,
};
use rescind_model::{Profile, SourceFile, TokenState};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::support::stage::{Stage, at_both_stages};
use crate::support::{Http, browser, profile_text};

at_both_stages! {
    a_client_registers_signs_its_user_in_and_signs_them_out_with_rs256
    a_client_registers_signs_its_user_in_and_signs_them_out_with_es256
    an_id_token_is_for_one_sign_in_and_of_one_provider
    a_key_that_was_rotated_out_is_published_still_and_the_new_one_signs
    a_public_client_signs_its_user_in
    metadata_is_found_where_either_standard_looks_for_it
}

/// Where the client gets its users back.
const CALLBACK: &str = "https://client.example/callback";

/// What the provider says of itself beyond OpenID Connect Discovery (RFC 8414 §2).
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Beyond {
    revocation_endpoint: String,
    introspection_endpoint: String,
}

impl AdditionalProviderMetadata for Beyond {}

type Metadata = ProviderMetadata<
    Beyond,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointSet,
    EndpointSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// The plain OpenID Provider, whose ID tokens are signed by an algorithm.
fn openid(algorithm: &str) -> Arc<Profile> {
    let section = "[signing_keys]\n";
    let text = profile_text("openid");
    assert!(text.contains(section));
    let text = text.replace(section, &format!("{section}id_tokens = \"{algorithm}\"\n"));
    Arc::new(Profile::parse(&SourceFile::new("openid", text)).unwrap())
}

/// A client that knows of the provider nothing but its address.
struct Relying<S> {
    stage: S,
    http: Http,
    metadata: Metadata,
    registered: CoreClientRegistrationResponse,
    client: Client,
}

impl<S: Stage> Relying<S> {
    async fn start(algorithm: &str) -> Self {
        Self::start_as(algorithm, CoreClientAuthMethod::ClientSecretBasic).await
    }

    async fn start_as(algorithm: &str, method: CoreClientAuthMethod) -> Self {
        let stage = S::serve(openid(algorithm)).await;
        stage.allowed_by("ada");
        let http = Http::new();
        let metadata = discover(&stage, &http).await;
        let registered = register(&metadata, &http, method).await;
        let client = client(&metadata, &registered);
        Self {
            stage,
            http,
            metadata,
            registered,
            client,
        }
    }

    /// The user comes with a code for it.
    async fn sign_in(&self) -> (CoreTokenResponse, Nonce) {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let (url, state, nonce) = self
            .client
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .add_scopes(["email", "profile", "offline_access"].map(scope))
            .set_pkce_challenge(challenge)
            .url();
        let back = browser::follow(&self.http, &url).await;
        let told = |name| browser::parameter(&back, name);
        assert_eq!(told("state").as_ref(), Some(state.secret()));
        // RFC 9207: whom the code is from.
        assert_eq!(told("iss").as_ref(), Some(&**self.metadata.issuer()));
        let code = told("code").expect("a code");
        (self.exchange(code, verifier).await, nonce)
    }

    async fn exchange(&self, code: String, verifier: PkceCodeVerifier) -> CoreTokenResponse {
        let exchange = self.client.exchange_code(AuthorizationCode::new(code));
        let exchange = exchange.unwrap().set_pkce_verifier(verifier);
        exchange.request_async(&self.http).await.unwrap()
    }

    fn claims<'a>(
        &self,
        token: &'a CoreIdToken,
        nonce: &Nonce,
    ) -> Result<&'a CoreIdTokenClaims, ClaimsVerificationError> {
        token.claims(&self.client.id_token_verifier(), nonce)
    }

    async fn is_active(&self, token: &AccessToken) -> bool {
        let introspection = self.client.introspect(token);
        introspection
            .request_async(&self.http)
            .await
            .unwrap()
            .active()
    }

    async fn user_info(&self, token: &AccessToken) -> Option<CoreUserInfoClaims> {
        let request = self.client.user_info(token.clone(), None).unwrap();
        request.request_async(&self.http).await.ok()
    }
}

fn scope(name: &str) -> Scope {
    Scope::new(name.to_owned())
}

async fn discover(stage: &impl Stage, http: &Http) -> Metadata {
    let issuer = IssuerUrl::new(stage.base_url()).unwrap();
    let metadata = Metadata::discover_async(issuer, http).await.unwrap();
    assert_eq!(metadata.issuer().as_str(), stage.base_url());
    metadata
}

async fn register(
    metadata: &Metadata,
    http: &Http,
    method: CoreClientAuthMethod,
) -> CoreClientRegistrationResponse {
    let callback = RedirectUrl::new(CALLBACK.to_owned()).unwrap();
    let additional = EmptyAdditionalClientMetadata {};
    let request = CoreClientRegistrationRequest::new(vec![callback], additional)
        .set_token_endpoint_auth_method(Some(method))
        .set_grant_types(Some(vec![
            CoreGrantType::AuthorizationCode,
            CoreGrantType::RefreshToken,
        ]));
    let endpoint = metadata.registration_endpoint().unwrap();
    request.register_async(endpoint, http).await.unwrap()
}

fn client(metadata: &Metadata, registered: &CoreClientRegistrationResponse) -> Client {
    let beyond = metadata.additional_metadata();
    // The crate sends tokens that are to be revoked by https and by nothing else.
    let secure = beyond
        .revocation_endpoint
        .replacen("http://", "https://", 1);
    let introspection = IntrospectionUrl::new(beyond.introspection_endpoint.clone());
    CoreClient::from_provider_metadata(
        metadata.clone(),
        registered.client_id().clone(),
        registered.client_secret().cloned(),
    )
    .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned()).unwrap())
    .set_introspection_url(introspection.unwrap())
    .set_revocation_url(RevocationUrl::new(secure).unwrap())
}

async fn a_client_registers_signs_its_user_in_and_signs_them_out_with_rs256<S: Stage>() {
    whole_life::<S>("rs256", CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256).await;
}

async fn a_client_registers_signs_its_user_in_and_signs_them_out_with_es256<S: Stage>() {
    whole_life::<S>("es256", CoreJwsSigningAlgorithm::EcdsaP256Sha256).await;
}

async fn whole_life<S: Stage>(algorithm: &str, expected: CoreJwsSigningAlgorithm) {
    let relying = Relying::<S>::start(algorithm).await;
    let stated = relying.metadata.id_token_signing_alg_values_supported();
    assert_eq!(stated, &vec![expected.clone()]);
    let (first, nonce) = relying.sign_in().await;
    let id_token = first.id_token().expect("an ID token");
    assert_eq!(id_token.signing_alg().unwrap(), &expected);
    let claims = relying.claims(id_token, &nonce).unwrap();
    let verifier = relying.client.id_token_verifier();
    let key = id_token.signing_key(&verifier).unwrap();
    // The access token beside the ID token is the one that it was given for.
    let hash = AccessTokenHash::from_token(first.access_token(), &expected, key).unwrap();
    assert_eq!(claims.access_token_hash(), Some(&hash));
    assert_eq!(relying.stage.users(), [claims.subject().as_str()]);

    let user = relying.user_info(first.access_token()).await.unwrap();
    assert_eq!(user.subject(), claims.subject());
    assert!(user.email().is_some());

    let old = first.refresh_token().unwrap();
    let refresh = relying.client.exchange_refresh_token(old).unwrap();
    let second = refresh.request_async(&relying.http).await.unwrap();
    let new = second.refresh_token().unwrap();
    assert_ne!(old.secret(), new.secret());
    assert!(relying.is_active(second.access_token()).await);

    let revocation = relying.client.revoke_token(CoreRevocableToken::from(new));
    revocation
        .unwrap()
        .request_async(&relying.http)
        .await
        .unwrap();

    for token in [first.access_token(), second.access_token()] {
        assert_eq!(relying.stage.state_of(token.secret()), TokenState::Dead);
        assert!(!relying.is_active(token).await);
        assert!(relying.user_info(token).await.is_none());
    }
    let refused = relying.client.exchange_refresh_token(new).unwrap();
    refused.request_async(&relying.http).await.unwrap_err();
    let departures = relying
        .stage
        .journal()
        .into_iter()
        .map(|entry| entry.departures);
    assert_eq!(
        departures.flatten().next(),
        None,
        "a careful client was careless"
    );
}

async fn an_id_token_is_for_one_sign_in_and_of_one_provider<S: Stage>() {
    let relying = Relying::<S>::start("es256").await;
    let (tokens, nonce) = relying.sign_in().await;
    let id_token = tokens.id_token().unwrap();
    relying.claims(id_token, &nonce).unwrap();
    let another = relying.claims(id_token, &Nonce::new_random());
    let refused = another.unwrap_err();
    assert!(matches!(refused, ClaimsVerificationError::InvalidNonce(_)));

    let elsewhere = Relying::<S>::start("es256").await;
    let (foreign, nonce_there) = elsewhere.sign_in().await;
    let foreign = relying.claims(foreign.id_token().unwrap(), &nonce_there);
    let refused = foreign.unwrap_err();
    assert!(matches!(refused, ClaimsVerificationError::InvalidIssuer(_)));

    let text = id_token.to_string();
    let (signed, signature) = text.rsplit_once('.').unwrap();
    let reversed: String = signature.chars().rev().collect();
    let forged: CoreIdToken = format!("{signed}.{reversed}").parse().unwrap();
    let refused = relying.claims(&forged, &nonce).unwrap_err();
    let is_signature = matches!(refused, ClaimsVerificationError::SignatureVerification(_));
    assert!(is_signature, "{refused}");
}

async fn a_key_that_was_rotated_out_is_published_still_and_the_new_one_signs<S: Stage>() {
    let mut relying = Relying::<S>::start("es256").await;
    let (before, nonce_before) = relying.sign_in().await;
    relying.stage.with(|state, _| state.rotate_signing_key());
    let (after, nonce_after) = relying.sign_in().await;
    let (before, after) = (before.id_token().unwrap(), after.id_token().unwrap());

    relying.claims(before, &nonce_before).unwrap();
    // The client has not heard of the new key yet.
    let unknown = relying.claims(after, &nonce_after).unwrap_err();
    let no_key = SignatureVerificationError::NoMatchingKey;
    assert_eq!(
        unknown,
        ClaimsVerificationError::SignatureVerification(no_key)
    );

    let metadata = discover(&relying.stage, &relying.http).await;
    relying.client = client(&metadata, &relying.registered);
    relying.claims(before, &nonce_before).unwrap();
    relying.claims(after, &nonce_after).unwrap();
}

async fn a_public_client_signs_its_user_in<S: Stage>() {
    let relying = Relying::<S>::start_as("rs256", CoreClientAuthMethod::None).await;
    let (tokens, nonce) = relying.sign_in().await;
    relying.claims(tokens.id_token().unwrap(), &nonce).unwrap();
    let revocation = CoreRevocableToken::from(tokens.access_token());
    let revocation = relying.client.revoke_token(revocation).unwrap();
    revocation.request_async(&relying.http).await.unwrap();
    let state = relying.stage.state_of(tokens.access_token().secret());
    assert_eq!(state, TokenState::Dead);
}

async fn metadata_is_found_where_either_standard_looks_for_it<S: Stage>() {
    let stage = S::serve(openid("es256")).await;
    let http = Http::new();
    let base: Url = stage.base_url().parse().unwrap();
    let path = base.path().trim_end_matches('/');
    for document in ["openid-configuration", "oauth-authorization-server"] {
        let well_known = format!("/.well-known/{document}");
        // RFC 8414 §3.1 puts the issuer's path behind it, OpenID Connect Discovery §4.1 before it.
        for place in [format!("{well_known}{path}"), format!("{path}{well_known}")] {
            let answer = http.get(base.join(&place).unwrap().as_str(), "").await;
            assert_eq!(answer.status(), 200, "{place}");
            let says: Value = serde_json::from_slice(answer.body()).unwrap();
            assert_eq!(says["issuer"], stage.base_url(), "{place}");
            let token = format!("{}/oauth2/token", stage.base_url());
            assert_eq!(says["token_endpoint"], token, "{place}");
        }
    }
}
