//! From a presented text to the token that it is, and how that stands: one answer for every
//! endpoint. None has a notion of its own of what is alive.

use rescind_model::Subject;
use rescind_model::vocabulary::TokenState;

use super::Context;
use crate::ledger::{Found, Grant, TokenId};

/// A token that somebody presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Which it is.
    pub id: TokenId,
    /// How it stands now.
    pub state: TokenState,
    /// Where the ledger has it.
    pub found: Found,
}

impl Resolved {
    /// Whether the provider accepts it now.
    pub fn is_accepted(self) -> bool {
        self.state == TokenState::Alive
    }
}

/// The token of a text, opaque or a JWT alike; none if the provider never issued it, byte for
/// byte. A JWT that was changed is another text.
pub fn resolve(context: &Context<'_>, text: &str) -> Option<Resolved> {
    let found = context.ledger.look_up(text, context.now)?;
    Some(Resolved {
        id: found.id,
        state: found.state,
        found,
    })
}

/// The access token of a text, if the provider accepts it now, and its grant.
pub fn accepted_access_token<'a>(
    context: &'a Context<'_>,
    text: &str,
) -> Option<(TokenId, &'a Grant)> {
    let token = resolve(context, text)?;
    if token.id.subject != Subject::AccessToken || !token.is_accepted() {
        return None;
    }
    Some((token.id, context.ledger.grant(token.id.grant)?))
}

/// What the provider says of a token, in the terms of RFC 7662 §2.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The user; none of a token that no user stands behind.
    pub user: Option<String>,
    /// The `client_id` of whom it was issued to.
    pub client_id: Option<String>,
    /// The scopes, with spaces between them.
    pub scope: Option<String>,
    /// When it was issued, in seconds since 1970, as far as its lifetime tells.
    pub issued_at: Option<u64>,
    /// When it ends, in seconds since 1970.
    pub expires_at: Option<u64>,
}

/// What the provider says of a token.
pub fn facts(context: &Context<'_>, token: TokenId) -> Option<Facts> {
    let grant = context.ledger.grant(token.grant)?;
    let client = context.clients.by_name(&grant.client);
    let client_id = client.map(|client| client.client_id.clone());
    let expires_at = context.ledger.expires_at(token);
    let lifetime = crate::ledger::format_of(context.profile, token.subject)
        .and_then(|format| format.lifetime_seconds);
    let issued_at = expires_at.zip(lifetime).map(|(expires_at, seconds)| {
        let issued = expires_at.0.saturating_sub(seconds.saturating_mul(1000));
        context.authority.unix(crate::ledger::Moment(issued))
    });
    Some(Facts {
        // A grant without a user is its client's own.
        user: (client_id.as_deref() != Some(&*grant.user)).then(|| grant.user.to_string()),
        client_id,
        scope: context
            .ledger
            .scope(token)
            .map(|scope| scope.as_str().to_owned()),
        issued_at,
        expires_at: expires_at.map(|moment| context.authority.unix(moment)),
    })
}
