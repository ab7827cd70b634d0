//! Access tokens that are JWTs (RFC 9068).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rescind_model::Subject;
use serde_json::{Value, json};

use super::Context;
use super::resolver;
use crate::ledger::TokenId;

/// Makes JWTs of the access tokens among those that were just issued, where the profile says so.
/// What the ledger had made of them becomes their ids. To be called once for each token, when all
/// is known that it says, and before anybody is told of it.
pub(crate) fn sign(context: &mut Context<'_>, issued: &[TokenId]) {
    if !context.profile.tokens.access_token_format.is_jwt() {
        return;
    }
    for token in issued {
        if token.subject != Subject::AccessToken {
            continue;
        }
        let Some(claims) = claims(context, *token) else {
            continue;
        };
        let keys = context.profile.signing_keys.as_ref();
        let jwt = keys.and_then(|keys| {
            context
                .authority
                .sign(keys.access_tokens, "at+jwt", &claims)
        });
        if let Some(jwt) = jwt {
            context.ledger.replace_text(*token, &jwt);
        }
    }
}

/// What the token says (RFC 9068 §2.2).
fn claims(context: &Context<'_>, token: TokenId) -> Option<Value> {
    let (id, _) = context.ledger.text(token, context.now)?;
    let facts = resolver::facts(context, token)?;
    let mut claims = json!({
        "iss": context.issuer(),
        // RFC 9068 §2.2: without a user, it is the client that the token is about.
        "sub": facts.user.as_ref().or(facts.client_id.as_ref()),
        // The provider's own resource and userinfo.
        "aud": context.addresses.own,
        "client_id": facts.client_id,
        "iat": context.authority.unix(context.now),
        "exp": facts.expires_at,
        "jti": id,
    });
    if let Some(scope) = facts.scope {
        claims["scope"] = json!(scope);
    }
    Some(claims)
}

/// The id of a JWT that this provider issued.
pub(crate) fn id_of(token: &str) -> Option<Value> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    claims.get("jti").cloned()
}

/// How much of an access token is the same in others or can be read by anybody: of a JWT, all but
/// its signature.
pub(crate) fn known_part(token: &str, prefix: &str) -> usize {
    match token.rfind('.') {
        Some(dot) if id_of(token).is_some() => dot + 1,
        _ => prefix.len(),
    }
}
