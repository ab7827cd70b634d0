//! The ID token of a token response (OpenID Connect Core 1.0 §2).

use serde_json::{Value, json};

use super::Context;
use crate::ledger::{GrantId, Moment};
use crate::signing::{at_hash, c_hash};

/// What an ID token says beyond its grant.
#[derive(Debug)]
pub struct SignIn<'a> {
    /// What the authorization request gave to be repeated; none in a refresh
    /// (OpenID Connect Core 1.0 §12.2).
    pub nonce: Option<&'a str>,
    /// When the user signed in, if it is known.
    pub signed_in_at: Option<Moment>,
    /// The code that it comes for, for its hash.
    pub code: Option<&'a str>,
    /// The access token that it comes with, for its hash.
    pub access_token: &'a str,
}

/// The ID token of a grant with the scope `openid`; none if the profile knows nothing of it.
pub fn id_token(context: &Context<'_>, grant: GrantId, sign_in: &SignIn<'_>) -> Option<String> {
    let openid = context.profile.openid.as_ref()?;
    let keys = context.profile.signing_keys.as_ref()?;
    let grant = context.ledger.grant(grant)?;
    let client = context.clients.by_name(&grant.client)?;
    let issued_at = context.authority.unix(context.now);
    let mut claims = json!({
        "iss": context.issuer(),
        "sub": grant.user,
        "aud": client.client_id,
        "azp": client.client_id,
        "iat": issued_at,
        "exp": issued_at.saturating_add(openid.id_token_lifetime_seconds),
        "at_hash": at_hash(sign_in.access_token),
    });
    let mut say = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            claims[name] = value;
        }
    };
    say("nonce", sign_in.nonce.map(Value::from));
    say("c_hash", sign_in.code.map(|code| json!(c_hash(code))));
    let signed_in_at = sign_in.signed_in_at;
    say(
        "auth_time",
        signed_in_at.map(|moment| json!(context.authority.unix(moment))),
    );
    context.authority.sign(keys.id_tokens, "JWT", &claims)
}
