//! A refresh token is used, and replaced as the profile says (RFC 6749 §6).

use rescind_model::Subject;
use rescind_model::profile::{GraceAnswer, Reuse};
use rescind_model::vocabulary::TokenState;

use super::{
    Context, invalid_grant, invalid_scope, malformed, show_id_token, show_scope, token_response,
};
use crate::interpreter::access_token;
use crate::interpreter::client::Caller;
use crate::interpreter::parameters::Parameters;
use crate::interpreter::resolver::{self, Resolved};
use crate::journal::{Entry, Outcome, Presented};
use crate::ledger::{Moment, TokenId};
use crate::message::Reply;
use crate::scope::{InvalidScope, Scope};

/// Answers a client that shows a refresh token.
pub fn answer(
    context: &mut Context<'_>,
    caller: &Caller,
    parameters: &Parameters,
    entry: &mut Entry,
) -> Reply {
    let text = parameters.body("refresh_token");
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return malformed("invalid_request", entry);
    };
    let Some(Resolved {
        id: token,
        state,
        found,
    }) = resolver::resolve(context, text)
    else {
        entry.presented = Presented::Unknown;
        return invalid_grant(context, Outcome::Unknown, entry);
    };
    entry.presented = Presented::Token(token);
    let owner = context.ledger.client_of(&found);
    let is_foreign = caller.client.is_some() && caller.client.as_ref() != owner;
    let outcome = match state {
        _ if token.subject != Subject::RefreshToken => Outcome::Unsupported,
        _ if is_foreign => Outcome::Foreign,
        TokenState::Alive => Outcome::Done,
        TokenState::Expired => Outcome::Expired,
        TokenState::Dead if ends_grant(context, token) => {
            let (number, now) = (entry.number, context.now);
            entry.killed = context
                .ledger
                .end_reused(token.grant, number, now, context.bites);
            Outcome::Reused
        }
        TokenState::Dead | TokenState::Absent => Outcome::Dead,
    };
    if outcome != Outcome::Done {
        return invalid_grant(context, outcome, entry);
    }
    match narrowed(context, token, parameters) {
        Ok(narrowed) => refresh(context, token, narrowed, entry),
        Err(invalid) => invalid_scope(invalid, entry),
    }
}

/// Whether the use of a dead refresh token shows that somebody has stolen it
/// (RFC 9700 §4.14.2): its client has another one.
fn ends_grant(context: &Context<'_>, token: TokenId) -> bool {
    *context.profile.tokens.refresh_token_reuse == Reuse::EndsGrant
        && context.ledger.is_replaced(token)
}

/// The scopes that the client asks for; none for all that it has. More than it has, it cannot get
/// (RFC 6749 §6); of a grant without any, nothing is known, so that any will do.
fn narrowed(
    context: &Context<'_>,
    token: TokenId,
    parameters: &Parameters,
) -> Result<Option<Scope>, InvalidScope> {
    let asked = parameters.body("scope").map_or(Ok(None), Scope::parse)?;
    match (asked, context.ledger.scope(token)) {
        (Some(asked), Some(granted)) if !asked.is_within(granted) => Err(InvalidScope::Beyond),
        (asked, _) => Ok(asked),
    }
}

fn refresh(
    context: &mut Context<'_>,
    token: TokenId,
    narrowed: Option<Scope>,
    entry: &mut Entry,
) -> Reply {
    entry.outcome = Outcome::Done;
    entry.acknowledged = true;
    let (profile, now) = (context.profile, context.now);
    let issued = context
        .ledger
        .issue(profile, token.grant, Subject::AccessToken, now);
    if let (Some(issued), Some(scope)) = (issued, narrowed) {
        context.ledger.narrow(issued, scope);
    }
    entry.minted.extend(issued);
    access_token::sign(context, &entry.minted);
    let replacement = if profile.tokens.refresh_token_rotates {
        replacement(context, token, entry)
    } else {
        None
    };
    let context = &*context;
    let mut response = token_response(context, issued.into_iter().chain(replacement));
    let scope = issued.and_then(|issued| context.ledger.scope(issued));
    if let Some(scope) = scope {
        // RFC 6749 §6: without a scope, it is what was granted; with one, what was asked for.
        show_scope(context, scope, true, &mut response);
    }
    show_id_token(
        context,
        token.grant,
        scope,
        (None, None, None),
        &mut response,
    );
    Reply::json(200, &response)
}

/// The refresh token that takes the place of another, which dies now or when its grace ends.
fn replacement(context: &mut Context<'_>, token: TokenId, entry: &mut Entry) -> Option<TokenId> {
    let (profile, now) = (context.profile, context.now);
    let tokens = &profile.tokens;
    if *tokens.rotation_grace_answers == GraceAnswer::Same && context.ledger.is_replaced(token) {
        let newest = newest_alive(context, token);
        if newest.is_some() {
            return newest;
        }
    }
    let new = context
        .ledger
        .issue(profile, token.grant, Subject::RefreshToken, now);
    entry.minted.extend(new);
    let grace = tokens.rotation_grace_seconds.saturating_mul(1000);
    let end = Moment(now.0.saturating_add(grace));
    context.ledger.rotate_out(token, entry.number, end);
    new
}

/// The newest refresh token of a grant that is neither dead nor the one that was shown.
fn newest_alive(context: &Context<'_>, shown: TokenId) -> Option<TokenId> {
    let tokens = context.ledger.tokens(shown.grant, context.now);
    tokens
        .iter()
        .rev()
        .find(|token| {
            token.id.subject == Subject::RefreshToken
                && token.state == TokenState::Alive
                && token.id != shown
        })
        .map(|token| token.id)
}
