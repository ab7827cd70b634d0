//! The public keys of what the provider signs with (RFC 7517 §5).

use serde_json::json;

use super::Context;
use crate::journal::{Entry, Outcome};
use crate::message::Reply;

/// Answers a request for the keys.
pub fn answer(context: &Context<'_>, entry: &mut Entry) -> Reply {
    let keys = context.authority.keys().and_then(|keys| keys.jwks().ok());
    match keys {
        Some(keys) => {
            entry.outcome = Outcome::Done;
            Reply::json(200, &keys)
        }
        // No key could be made: nothing that the provider signed can be verified either.
        None => Reply::json(503, &json!({ "error": "temporarily_unavailable" })),
    }
}
