//! An authorization code is exchanged (RFC 6749 §4.1.3).

use rescind_model::profile::Reuse;

use super::{Context, NewGrant, grant, invalid_grant, malformed};
use crate::clients::Client;
use crate::interpreter::parameters::Parameters;
use crate::journal::{Departure, Entry, Outcome, Presented};
use crate::ledger::GrantId;
use crate::message::Reply;
use crate::pending::AuthorizationRequest;

/// Answers a client that shows a code.
pub fn answer(
    context: &mut Context<'_>,
    client: &Client,
    parameters: &Parameters,
    entry: &mut Entry,
) -> Reply {
    let Some(text) = parameters.body("code").filter(|text| !text.is_empty()) else {
        return malformed("invalid_request", entry);
    };
    let Some(code) = context.pending.code(text).cloned() else {
        entry.presented = Presented::Unknown;
        return invalid_grant(context, Outcome::Unknown, entry);
    };
    entry.presented = Presented::Code;
    if code.request.client != client.name {
        return invalid_grant(context, Outcome::Foreign, entry);
    }
    if let Some(grant) = code.used_for {
        return used_before(context, grant, entry);
    }
    if code.expires_at <= context.now {
        return invalid_grant(context, Outcome::Expired, entry);
    }
    if !is_same_address(&code.request, parameters) || !is_same_client(&code.request, parameters) {
        return invalid_grant(context, Outcome::Mismatched, entry);
    }
    let new = NewGrant {
        user: &code.user,
        client,
        granted: &code.request.granted,
        with_refresh_token: code.request.with_refresh_token,
        signed_in_at: Some(code.authorized_at),
        nonce: code.request.nonce.as_deref(),
        code: Some(text),
    };
    let (grant, reply) = grant(context, &new, entry);
    context.pending.use_code(text, grant);
    reply
}

/// RFC 6749 §4.1.2: whoever uses a code after its client did, or before it, has stolen it.
fn used_before(context: &mut Context<'_>, grant: GrantId, entry: &mut Entry) -> Reply {
    entry.departures.push(Departure::CodeTwice);
    let endpoint = context.profile.authorization_endpoint.as_ref();
    match endpoint.map(|endpoint| endpoint.code_reuse) {
        Some(Reuse::EndsGrant) => {
            let (number, now) = (entry.number, context.now);
            entry.killed = context.ledger.end_reused(grant, number, now, context.bites);
            invalid_grant(context, Outcome::Reused, entry)
        }
        Some(Reuse::Refused) | None => invalid_grant(context, Outcome::Dead, entry),
    }
}

/// RFC 6749 §4.1.3: the address that the browser came back to, where the authorization request
/// stated one.
fn is_same_address(request: &AuthorizationRequest, parameters: &Parameters) -> bool {
    match parameters.body("redirect_uri") {
        Some(uri) => uri == request.redirect_uri,
        None => !request.redirect_uri_stated,
    }
}

/// RFC 7636 §4.6. A verifier without a challenge is no better than a challenge without a verifier:
/// somebody may have taken the challenge out of the request (RFC 9700 §4.8.2).
fn is_same_client(request: &AuthorizationRequest, parameters: &Parameters) -> bool {
    match (&request.challenge, parameters.body("code_verifier")) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => challenge.is_met_by(verifier),
        (None, Some(_)) | (Some(_), None) => false,
    }
}
