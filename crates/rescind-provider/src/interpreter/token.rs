//! The token endpoint: refresh, with rotation as the profile says (RFC 6749 §6).

use rescind_model::Subject;
use rescind_model::vocabulary::TokenState;
use serde_json::json;

use super::Context;
use super::client::{Authenticated, authenticate};
use super::parameters::Parameters;
use crate::journal::{Entry, Outcome, Presented};
use crate::ledger::TokenId;
use crate::message::Reply;

/// Answers a request to the token endpoint.
pub fn answer(context: &mut Context<'_>, parameters: &Parameters, entry: &mut Entry) -> Reply {
    let endpoint = &context.profile.token_endpoint;
    let client = match authenticate(&endpoint.client_authentication, parameters, context, entry) {
        Authenticated::As(caller) => caller.client,
        Authenticated::Twice => return malformed("invalid_request", entry),
        Authenticated::Not => {
            entry.outcome = Outcome::Unauthenticated;
            return Reply::of(&endpoint.invalid_client);
        }
    };
    match parameters.body("grant_type") {
        Some("refresh_token") => {}
        Some(_) => return malformed("unsupported_grant_type", entry),
        None => return malformed("invalid_request", entry),
    }
    let Some(text) = parameters
        .body("refresh_token")
        .filter(|text| !text.is_empty())
    else {
        return malformed("invalid_request", entry);
    };
    let Some(token) = context.ledger.find(text) else {
        entry.presented = Presented::Unknown;
        entry.outcome = Outcome::Unknown;
        return Reply::of(&endpoint.invalid_grant);
    };
    entry.presented = Presented::Token(token);
    let owner = context
        .ledger
        .grant(token.grant)
        .map(|grant| grant.client.clone());
    entry.outcome = match context.ledger.state(token, context.now) {
        _ if token.subject != Subject::RefreshToken => Outcome::Unsupported,
        _ if client.is_some() && client != owner => Outcome::Foreign,
        TokenState::Alive => Outcome::Done,
        TokenState::Expired => Outcome::Expired,
        TokenState::Dead | TokenState::Absent => Outcome::Dead,
    };
    if entry.outcome != Outcome::Done {
        return Reply::of(&endpoint.invalid_grant);
    }
    refresh(context, token, entry)
}

fn refresh(context: &mut Context<'_>, token: TokenId, entry: &mut Entry) -> Reply {
    entry.acknowledged = true;
    entry.minted.extend(context.ledger.issue(
        context.profile,
        token.grant,
        Subject::AccessToken,
        context.now,
    ));
    if context.profile.tokens.refresh_token_rotates {
        entry.minted.extend(context.ledger.issue(
            context.profile,
            token.grant,
            Subject::RefreshToken,
            context.now,
        ));
        context.ledger.rotate_out(token, entry.number, context.now);
    }
    Reply::json(200, &token_response(context, &entry.minted))
}

/// The token response (RFC 6749 §5.1) for tokens of one grant.
fn token_response(context: &Context<'_>, tokens: &[TokenId]) -> serde_json::Value {
    let mut response = json!({ "token_type": "Bearer" });
    for token in tokens {
        if let Some((text, seconds)) = context.ledger.text(*token, context.now) {
            response[token.subject.as_str()] = json!(text);
            if let (Subject::AccessToken, Some(seconds)) = (token.subject, seconds) {
                response["expires_in"] = json!(seconds);
            }
        }
        let grant = context.ledger.grant(token.grant);
        if let (Some(field), Some(grant)) = (&context.profile.tokens.account_id_field, grant) {
            response[field] = json!(grant.account_id);
        }
    }
    response
}

fn malformed(error: &str, entry: &mut Entry) -> Reply {
    entry.outcome = Outcome::Malformed;
    Reply::json(400, &json!({ "error": error }))
}
