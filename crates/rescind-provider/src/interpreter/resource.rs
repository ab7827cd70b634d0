//! A protected resource: what a token is good for (RFC 6750).

use rescind_model::Subject;
use rescind_model::vocabulary::TokenState;
use serde_json::json;

use super::Context;
use super::parameters::Parameters;
use crate::journal::{Entry, Outcome, Presented};
use crate::message::Reply;

/// Answers a request to the protected resource.
pub fn answer(context: &Context<'_>, parameters: &Parameters, entry: &mut Entry) -> Reply {
    let token = parameters
        .bearer()
        .and_then(|text| context.ledger.find(text));
    entry.presented = match (parameters.bearer(), token) {
        (None, _) => Presented::Nothing,
        (Some(_), None) => Presented::Unknown,
        (Some(_), Some(token)) => Presented::Token(token),
    };
    let alive = token.filter(|token| {
        token.subject == Subject::AccessToken
            && context.ledger.state(*token, context.now) == TokenState::Alive
    });
    match alive.and_then(|token| context.ledger.grant(token.grant)) {
        Some(grant) => {
            entry.outcome = Outcome::Done;
            Reply::json(200, &json!({ "sub": grant.user }))
        }
        None => {
            entry.outcome = Outcome::Dead;
            Reply::of(&context.profile.resource.refused)
        }
    }
}
