//! Introspection (RFC 7662).

use rescind_model::Subject;
use rescind_model::vocabulary::TokenState;
use serde_json::json;

use super::Context;
use super::client::{Authenticated, authenticate};
use super::parameters::Parameters;
use crate::journal::{Entry, Outcome, Presented};
use crate::message::Reply;

/// Answers a request to the introspection endpoint.
pub fn answer(context: &Context<'_>, parameters: &Parameters, entry: &mut Entry) -> Reply {
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
    entry.presented = context
        .ledger
        .find(text)
        .map_or(Presented::Unknown, Presented::Token);
    // RFC 7662 §2.2: of a token that is not active, or none of this client's, nothing is said.
    let inactive = Reply::json(200, &json!({ "active": false }));
    let Presented::Token(token) = entry.presented else {
        return inactive;
    };
    let Some(grant) = context.ledger.grant(token.grant) else {
        return inactive;
    };
    let alive = context.ledger.state(token, context.now) == TokenState::Alive;
    if !alive || client.is_some_and(|client| client != grant.client) {
        return inactive;
    }
    let client_id = context
        .clients
        .by_name(&grant.client)
        .map(|client| client.client_id.clone());
    let mut active = json!({ "active": true, "client_id": client_id, "sub": grant.user });
    if token.subject == Subject::AccessToken {
        // RFC 7662 §2.2: the type as in a token response; a refresh token has none.
        active["token_type"] = json!("Bearer");
    }
    Reply::json(200, &active)
}
