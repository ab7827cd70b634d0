//! Introspection (RFC 7662).

use rescind_model::Subject;
use serde_json::{Value, json};

use super::client::{Authenticated, authenticate};
use super::parameters::Parameters;
use super::resolver::{self, Resolved};
use super::{Context, access_token};
use crate::journal::{Entry, Outcome, Presented};
use crate::message::Reply;

/// Answers a request to the introspection endpoint.
pub fn answer(context: &mut Context<'_>, parameters: &Parameters, entry: &mut Entry) -> Reply {
    let declared = context
        .profile
        .introspection
        .as_ref()
        .map_or(&[][..], |endpoint| &endpoint.client_authentication);
    let client = match authenticate(declared, parameters, context, entry) {
        Authenticated::As(caller) => caller.client,
        Authenticated::Twice | Authenticated::Not => {
            entry.outcome = Outcome::Unauthenticated;
            return Reply::of(&context.profile.token_endpoint.invalid_client);
        }
    };
    let Some(text) = parameters.body("token").filter(|text| !text.is_empty()) else {
        entry.outcome = Outcome::Malformed;
        return Reply::json(400, &json!({ "error": "invalid_request" }));
    };
    entry.outcome = Outcome::Done;
    let token = resolver::resolve(context, text);
    entry.presented = token.map_or(Presented::Unknown, |token| Presented::Token(token.id));
    let active = token
        .filter(|token| token.is_accepted())
        .and_then(|token| active(context, token, text, client.as_deref()));
    // RFC 7662 §2.2: of a token that is not active, or none of this client's, nothing is said.
    Reply::json(200, &active.unwrap_or_else(|| json!({ "active": false })))
}

/// What is said of a token that the provider accepts; none if it is not the asking client's.
fn active(
    context: &Context<'_>,
    token: Resolved,
    text: &str,
    client: Option<&str>,
) -> Option<Value> {
    let grant = context.ledger.grant(token.id.grant)?;
    if client.is_some_and(|client| grant.client != client) {
        return None;
    }
    let facts = resolver::facts(context, token.id)?;
    let mut active = json!({ "active": true, "client_id": facts.client_id });
    let mut say = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            active[name] = value;
        }
    };
    // RFC 9068 §2.2: without a user, it is the client that the token is about.
    say(
        "sub",
        facts
            .user
            .clone()
            .or(facts.client_id.clone())
            .map(Value::from),
    );
    say("username", facts.user.map(Value::from));
    say("scope", facts.scope.map(Value::from));
    say("iat", facts.issued_at.map(Value::from));
    say("exp", facts.expires_at.map(Value::from));
    // Where there is no network, there is no name either.
    let named = |name: &str| (!name.is_empty()).then(|| json!(name));
    say("iss", named(context.issuer()));
    if token.id.subject == Subject::AccessToken {
        // RFC 7662 §2.2: the type as in a token response; a refresh token has none.
        say("token_type", Some(json!("Bearer")));
        say("aud", named(&context.addresses.own));
        let format = &context.profile.tokens.access_token_format;
        let id = || access_token::id_of(text);
        say("jti", format.is_jwt().then(id).flatten());
    }
    Some(active)
}
