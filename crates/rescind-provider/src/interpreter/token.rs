//! The token endpoint (RFC 6749 §3.2), one file a grant.

mod client_credentials;
mod code;
mod device;
mod refresh;
mod response;

use rescind_model::Subject;
use rescind_model::profile::{GrantType, ScopeInResponse};
use serde_json::json;

use super::client::{Authenticated, Caller, authenticate};
use super::id_token::{SignIn, id_token};
use super::parameters::Parameters;
use super::{Context, access_token};
use crate::clients::Client;
use crate::journal::{Entry, Outcome};
use crate::ledger::{GrantId, Moment, TokenId};
use crate::message::Reply;
use crate::scope::{Granted, InvalidScope, Scope};
use response::{Member, TokenResponse};

/// Answers a request to the token endpoint.
pub fn answer(context: &mut Context<'_>, parameters: &Parameters, entry: &mut Entry) -> Reply {
    let endpoint = &context.profile.token_endpoint;
    let caller = match authenticate(&endpoint.client_authentication, parameters, context, entry) {
        Authenticated::As(caller) => caller,
        Authenticated::Twice => return malformed("invalid_request", entry),
        Authenticated::Not => return invalid_client(context, entry),
    };
    if parameters.form_repeats() {
        return malformed("invalid_request", entry);
    }
    let kind = match parameters.body("grant_type") {
        Some(value) => GrantType::parse(value),
        None => return malformed("invalid_request", entry),
    };
    let Some(kind) = kind.filter(|kind| context.profile.takes(*kind)) else {
        return malformed("unsupported_grant_type", entry);
    };
    let client = client_of(context, &caller, entry);
    if client.is_some_and(|client| !client.may_use(kind)) {
        return unauthorized_client(entry);
    }
    match (kind, client) {
        (GrantType::RefreshToken, _) => refresh::answer(context, &caller, parameters, entry),
        // RFC 6749 §3.2.1: one that does not authenticate says who it is.
        (_, None) => malformed("invalid_request", entry),
        (GrantType::AuthorizationCode, Some(client)) => {
            code::answer(context, client, parameters, entry)
        }
        (GrantType::ClientCredentials, Some(client)) => {
            client_credentials::answer(context, client, parameters, entry)
        }
        (GrantType::DeviceCode, Some(client)) => device::answer(context, client, parameters, entry),
    }
}

/// The client that asks: the one that it showed to be, or else says to be.
fn client_of<'a>(context: &Context<'a>, caller: &Caller, entry: &Entry) -> Option<&'a Client> {
    let name = caller.client.as_ref().or(entry.client.as_ref())?;
    context.clients.by_name(name)
}

/// A grant that comes to be.
struct NewGrant<'a> {
    user: &'a str,
    client: &'a Client,
    granted: &'a Granted,
    with_refresh_token: bool,
    /// When the user signed in; none where there is no user.
    signed_in_at: Option<Moment>,
    nonce: Option<&'a str>,
    code: Option<&'a str>,
}

/// Records a grant, and answers with its tokens.
fn grant(context: &mut Context<'_>, new: &NewGrant<'_>, entry: &mut Entry) -> (GrantId, Reply) {
    let subjects: &[Subject] = if new.with_refresh_token {
        &Subject::ALL
    } else {
        &[Subject::AccessToken]
    };
    let grant = context.ledger.mint(
        context.profile,
        new.user,
        &new.client.name,
        subjects,
        context.now,
    );
    context.ledger.set_scope(grant, new.granted.scope.clone());
    let tokens = context.ledger.tokens(grant, context.now);
    entry.minted.extend(tokens.iter().map(|token| token.id));
    entry.acknowledged = true;
    entry.outcome = Outcome::Done;
    access_token::sign(context, &entry.minted);
    let mut response = token_response(context, entry.minted.iter().copied());
    if let Some(scope) = &new.granted.scope {
        show_scope(context, scope, new.granted.as_asked, &mut response);
    }
    if let Some(signed_in_at) = new.signed_in_at {
        let sign_in = (Some(signed_in_at), new.nonce, new.code);
        let scope = new.granted.scope.as_ref();
        show_id_token(context, grant, scope, sign_in, &mut response);
    }
    (grant, Reply::json(200, &response))
}

/// The token response (RFC 6749 §5.1) for tokens of one grant.
fn token_response<'a>(
    context: &'a Context<'_>,
    tokens: impl Iterator<Item = TokenId>,
) -> TokenResponse<'a> {
    let mut response = TokenResponse::new();
    for token in tokens {
        if let Some((text, seconds)) = context.ledger.text(token, context.now) {
            response.set(token.subject.as_str(), Member::Text(text.into()));
            if let (Subject::AccessToken, Some(seconds)) = (token.subject, seconds) {
                response.set("expires_in", Member::Number(seconds));
            }
        }
        let grant = context.ledger.grant(token.grant);
        if let (Some(field), Some(grant)) = (&context.profile.tokens.account_id_field, grant) {
            response.set(field, Member::Text((&*grant.account_id).into()));
        }
    }
    response
}

/// Says what the tokens are good for, where the client has to know or the profile tells it anyway.
fn show_scope<'a>(
    context: &Context<'_>,
    scope: &'a Scope,
    as_asked: bool,
    response: &mut TokenResponse<'a>,
) {
    if !as_asked || context.profile.scopes.in_response == ScopeInResponse::Always {
        response.set("scope", Member::Text(scope.as_str().into()));
    }
}

/// Adds an ID token where the access token is good for one (OpenID Connect Core §3.1.3.3).
fn show_id_token(
    context: &Context<'_>,
    grant: GrantId,
    scope: Option<&Scope>,
    (signed_in_at, nonce, code): (Option<Moment>, Option<&str>, Option<&str>),
    response: &mut TokenResponse<'_>,
) {
    let Some(access_token) = response.text("access_token") else {
        return;
    };
    if scope.is_some_and(|scope| scope.contains("openid")) {
        let sign_in = SignIn {
            nonce,
            signed_in_at,
            code,
            access_token,
        };
        if let Some(text) = id_token(context, grant, &sign_in) {
            response.set("id_token", Member::Text(text.into()));
        }
    }
}

/// A request that cannot be read.
pub fn malformed(error: &str, entry: &mut Entry) -> Reply {
    entry.outcome = Outcome::Malformed;
    Reply::json(400, &json!({ "error": error }))
}

/// A client that is not who it says.
pub fn invalid_client(context: &Context<'_>, entry: &mut Entry) -> Reply {
    entry.outcome = Outcome::Unauthenticated;
    Reply::of(&context.profile.token_endpoint.invalid_client)
}

/// A client that may not use the grant.
pub fn unauthorized_client(entry: &mut Entry) -> Reply {
    entry.outcome = Outcome::Unsupported;
    Reply::json(400, &json!({ "error": "unauthorized_client" }))
}

/// A scope that cannot be granted.
pub fn invalid_scope(invalid: InvalidScope, entry: &mut Entry) -> Reply {
    entry.outcome = Outcome::Malformed;
    let description = invalid.to_string();
    Reply::json(
        400,
        &json!({ "error": "invalid_scope", "error_description": description }),
    )
}

/// A code or token that is not, or not any more, or not for this client.
fn invalid_grant(context: &Context<'_>, outcome: Outcome, entry: &mut Entry) -> Reply {
    entry.outcome = outcome;
    Reply::of(&context.profile.token_endpoint.invalid_grant)
}
