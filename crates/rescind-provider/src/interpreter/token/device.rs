//! A device asks whether its user has decided (RFC 8628 §3.4, §3.5).

use super::{Context, NewGrant, grant, invalid_grant, malformed};
use crate::clients::Client;
use crate::interpreter::parameters::Parameters;
use crate::journal::{Entry, Outcome, Presented};
use crate::message::Reply;
use crate::pending::{Device, Poll};

/// Answers a device that shows its device code.
pub fn answer(
    context: &mut Context<'_>,
    client: &Client,
    parameters: &Parameters,
    entry: &mut Entry,
) -> Reply {
    let code = parameters.body("device_code");
    let Some(code) = code.filter(|code| !code.is_empty()) else {
        return malformed("invalid_request", entry);
    };
    let Some(device) = context.pending.device(code).cloned() else {
        entry.presented = Presented::Unknown;
        return invalid_grant(context, Outcome::Unknown, entry);
    };
    entry.presented = Presented::Code;
    if device.client != client.name {
        return invalid_grant(context, Outcome::Foreign, entry);
    }
    let Some(poll) = context.pending.poll(code, context.now) else {
        return invalid_grant(context, Outcome::Unknown, entry);
    };
    let (error, outcome) = match poll {
        Poll::Allowed { user, at } => {
            context.pending.spend(code);
            let new = new_grant(client, &device, &user, at);
            return grant(context, &new, entry).1;
        }
        Poll::Spent => return invalid_grant(context, Outcome::Dead, entry),
        Poll::Waiting => ("authorization_pending", Outcome::Pending),
        Poll::TooSoon => ("slow_down", Outcome::Pending),
        Poll::Expired => ("expired_token", Outcome::Expired),
        Poll::Denied => ("access_denied", Outcome::Denied),
    };
    let reply = malformed(error, entry);
    entry.outcome = outcome;
    reply
}

const fn new_grant<'a>(
    client: &'a Client,
    device: &'a Device,
    user: &'a str,
    at: crate::ledger::Moment,
) -> NewGrant<'a> {
    NewGrant {
        user,
        client,
        granted: &device.granted,
        with_refresh_token: device.with_refresh_token,
        signed_in_at: Some(at),
        nonce: None,
        code: None,
    }
}
