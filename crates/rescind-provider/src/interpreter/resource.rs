//! A protected resource: what a token is good for (RFC 6750).

use serde_json::{Value, json};

use super::Context;
use super::parameters::Parameters;
use super::resolver;
use crate::journal::{Entry, Outcome, Presented};
use crate::ledger::TokenId;
use crate::message::Reply;

/// Answers a request to the protected resource.
pub fn answer(context: &Context<'_>, parameters: &Parameters, entry: &mut Entry) -> Reply {
    let shown: Vec<&str> = parameters.bearer().into_iter().collect();
    let user = |context: &Context<'_>, token: TokenId| {
        let facts = resolver::facts(context, token)?;
        Some(json!({ "sub": facts.user.or(facts.client_id) }))
    };
    for_a_token(context, &shown, entry, user)
}

/// Answers whoever shows one live access token with what that is good for; anybody else with the
/// profile's refusal.
pub fn for_a_token(
    context: &Context<'_>,
    shown: &[&str],
    entry: &mut Entry,
    good_for: impl Fn(&Context<'_>, TokenId) -> Option<Value>,
) -> Reply {
    let token = match shown {
        [] => {
            entry.presented = Presented::Nothing;
            None
        }
        [text, ..] => resolver::resolve(context, text),
    };
    if !shown.is_empty() {
        entry.presented = token.map_or(Presented::Unknown, |token| Presented::Token(token.id));
    }
    let accepted = match shown {
        [text] => resolver::accepted_access_token(context, text),
        _ => None,
    };
    match accepted.and_then(|(token, _)| good_for(context, token)) {
        Some(body) => {
            entry.outcome = Outcome::Done;
            Reply::json(200, &body)
        }
        None => {
            entry.outcome = Outcome::Dead;
            Reply::of(&context.profile.resource.refused)
        }
    }
}
