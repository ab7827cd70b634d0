//! Assertions in place of a secret (RFC 7523 §2.2 and §3, OpenID Connect Core 1.0 §9).

use rescind_model::profile::ClientAuthentication;

use super::Context;
use super::parameters::Parameters;
use crate::clients::Client;
use crate::signing::assertion::{
    CLIENT_ASSERTION_TYPE, ClientKey, Expected, claimed_client, verify,
};

/// How far a client's clock may be from the provider's.
const LEEWAY_SECONDS: u64 = 60;

/// How long an assertion may be good for, where the client makes one for each request: as long as
/// its id is remembered.
const LONGEST_LIFE_SECONDS: u64 = 24 * 3600;

/// An assertion that a request shows.
pub struct Assertion {
    /// What it is by its own header.
    pub kind: ClientAuthentication,
    text: String,
}

impl Assertion {
    /// The one of the form body, whatever type it says it is of: it is what the client tries.
    pub fn in_form(parameters: &Parameters) -> Option<Self> {
        let text = parameters.form("client_assertion")?.to_owned();
        let kind = if is_by_secret(&text) {
            ClientAuthentication::ClientSecretJwt
        } else {
            ClientAuthentication::PrivateKeyJwt
        };
        Some(Self { kind, text })
    }

    /// The `client_id` that it says it is of, before anything is believed.
    pub fn claimed_client(&self) -> Option<String> {
        claimed_client(&self.text)
    }
}

/// The assertion that credentials of a kind are; none if the request says that it is something
/// else, or shows two.
pub fn of(kind: &ClientAuthentication, parameters: &Parameters) -> Option<Assertion> {
    if let ClientAuthentication::AssertionAt(place) = kind {
        let text = parameters.only_at(place)?;
        return Some(Assertion {
            kind: kind.clone(),
            text: text.to_owned(),
        });
    }
    parameters.only_form("client_assertion")?;
    (parameters.only_form("client_assertion_type")? == CLIENT_ASSERTION_TYPE)
        .then(|| Assertion::in_form(parameters))
        .flatten()
}

/// Whether an assertion proves that a client sent it, now and for the first time.
pub fn is_right(
    assertion: &Assertion,
    kind: &ClientAuthentication,
    client: &Client,
    context: &mut Context<'_>,
) -> bool {
    // A secret that many requests carry cannot be used up: what stands in its place is good for as
    // long as it says.
    let stands_for_a_secret = matches!(kind, ClientAuthentication::AssertionAt(_));
    let key = match (kind, &client.keys) {
        (ClientAuthentication::ClientSecretJwt, _) => {
            ClientKey::Secret(client.client_secret.expose().as_bytes())
        }
        (_, Some(keys)) => ClientKey::Jwks(keys),
        (_, None) => return false,
    };
    let now_seconds = context.authority.unix(context.now);
    let audiences = audiences(context);
    let expected = Expected {
        client_id: &client.client_id,
        audiences: &audiences,
        now_seconds,
        leeway_seconds: LEEWAY_SECONDS,
        identifier_required: !stands_for_a_secret,
        longest_life_seconds: (!stands_for_a_secret).then_some(LONGEST_LIFE_SECONDS),
    };
    let Ok(accepted) = verify(&assertion.text, &key, &expected) else {
        return false;
    };
    match accepted.jti {
        Some(id) if !stands_for_a_secret => context.authority.see_assertion(
            &client.name,
            &id,
            accepted.expires_at.saturating_add(LEEWAY_SECONDS),
            now_seconds,
        ),
        _ => true,
    }
}

/// Whom an assertion may be meant for (RFC 7523 §3): the issuer, and the token endpoint by either
/// address.
fn audiences(context: &Context<'_>) -> Vec<String> {
    let (addresses, token) = (context.addresses, &context.profile.token_endpoint);
    let host = addresses.of_host(token.host.as_ref().map(|host| host.as_str()));
    let endpoints = [host, &addresses.browser].map(|base| format!("{base}{}", *token.path));
    let names = [addresses.issuer.clone(), addresses.own.clone()];
    // Where there is no network, there is no name either.
    let names = names.into_iter().filter(|name| !name.is_empty());
    names.chain(endpoints).collect()
}

/// Whether the header says that a shared secret authenticates it.
fn is_by_secret(assertion: &str) -> bool {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let header = assertion.split('.').next().unwrap_or_default();
    let header: Option<serde_json::Value> = URL_SAFE_NO_PAD
        .decode(header)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let algorithm = header
        .as_ref()
        .and_then(|header| header.get("alg")?.as_str());
    algorithm.is_some_and(|name| name.starts_with("HS"))
}
