//! A client asks for a token of its own (RFC 6749 §4.4).

use rescind_model::profile::ClientAuthentication;

use super::{Context, NewGrant, grant, invalid_scope, unauthorized_client};
use crate::clients::Client;
use crate::interpreter::parameters::Parameters;
use crate::journal::Entry;
use crate::message::Reply;
use crate::scope;

/// Answers a client that shows nothing but who it is.
pub fn answer(
    context: &mut Context<'_>,
    client: &Client,
    parameters: &Parameters,
    entry: &mut Entry,
) -> Reply {
    if !entry.credentials.iter().any(ClientAuthentication::is_proof) {
        // RFC 6749 §4.4: confidential clients only. Anybody can say to be a public one.
        return unauthorized_client(entry);
    }
    let granted = match scope::grant(&context.profile.scopes, parameters.body("scope")) {
        Ok(granted) => granted,
        Err(invalid) => return invalid_scope(invalid, entry),
    };
    let new = NewGrant {
        // RFC 9068 §2.2: where no user is involved, the subject is the client.
        user: &client.client_id,
        client,
        granted: &granted,
        // RFC 6749 §4.4.3: a refresh token should not be included.
        with_refresh_token: false,
        signed_in_at: None,
        nonce: None,
        code: None,
    };
    grant(context, &new, entry).1
}
