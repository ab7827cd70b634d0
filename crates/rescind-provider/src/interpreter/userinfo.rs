//! Userinfo: what the provider says of the user (OpenID Connect Core 1.0 §5.3).

use rescind_model::profile::Place;
use serde_json::{Map, Value, json};

use super::Context;
use super::parameters::Parameters;
use super::resolver;
use super::resource::for_a_token;
use crate::journal::{Entry, Outcome};
use crate::ledger::TokenId;
use crate::message::Reply;

/// The claims that each scope opens (OpenID Connect Core 1.0 §5.4).
pub const CLAIMS: [(&str, &[&str]); 2] = [
    ("profile", &["name", "preferred_username"]),
    ("email", &["email", "email_verified"]),
];

/// Answers a request to userinfo.
pub fn answer(context: &Context<'_>, parameters: &Parameters, entry: &mut Entry) -> Reply {
    // RFC 6750 §2.2: the form is the other place for it.
    let in_form = Place::Form("access_token".into());
    let mut shown: Vec<&str> = parameters.at(&in_form).collect();
    shown.extend(parameters.bearer());
    let accepted = match shown[..] {
        [text] => resolver::accepted_access_token(context, text),
        _ => None,
    };
    let is_beyond = accepted.is_some_and(|(token, _)| of_token(context, token).is_none());
    let reply = for_a_token(context, &shown, entry, of_token);
    if is_beyond {
        entry.outcome = Outcome::Unsupported;
        return insufficient_scope();
    }
    reply
}

/// What the holder of a token is told; none if it is no token of OpenID Connect.
fn of_token(context: &Context<'_>, token: TokenId) -> Option<Value> {
    let facts = resolver::facts(context, token)?;
    let user = facts.user?;
    Some(claims(&user, facts.scope.as_deref())?.into())
}

/// The claims about a user that scopes open: all of them if nobody asked for any in particular,
/// none at all without `openid`.
pub fn claims(user: &str, scope: Option<&str>) -> Option<Map<String, Value>> {
    let has = |wanted: &str| scope.is_none_or(|scope| scope.split(' ').any(|name| name == wanted));
    if !has("openid") {
        return None;
    }
    let mut claims = Map::new();
    claims.insert("sub".into(), json!(user));
    for (scope, names) in CLAIMS {
        if has(scope) {
            claims.extend(
                names
                    .iter()
                    .map(|name| ((*name).to_owned(), value(user, name))),
            );
        }
    }
    Some(claims)
}

fn value(user: &str, claim: &str) -> Value {
    match claim {
        "email" => {
            let name: String = user
                .chars()
                .map(|character| match character {
                    'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => character,
                    _ => '-',
                })
                .collect();
            // RFC 2606 §3: a domain that is nobody's.
            json!(format!("{name}@example.com"))
        }
        "email_verified" => json!(true),
        _ => json!(user),
    }
}

/// RFC 6750 §3.1: alive, and not good for this.
fn insufficient_scope() -> Reply {
    let mut reply = Reply::json(403, &json!({ "error": "insufficient_scope" }));
    let challenge = "Bearer error=\"insufficient_scope\", scope=\"openid\"";
    reply
        .headers
        .push(("www-authenticate".into(), challenge.into()));
    reply
}
