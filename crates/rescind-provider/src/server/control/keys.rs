//! The keys that the provider signs with.

use schemars::JsonSchema;
use serde::Serialize;

use super::Operation;
use super::call::{Call, Given, Nothing};
use super::mistake::Mistake;

/// What came of a rotation.
#[derive(Serialize, JsonSchema)]
pub(super) struct KeysRotated {
    /// Always true.
    rotated: bool,
}

/// Begins to sign with new keys.
pub(super) struct Rotate;

impl Operation for Rotate {
    const METHOD: &'static str = "POST";
    const PATH: &'static str = "/signing-keys/rotate";
    const SUMMARY: &'static str =
        "sign with new keys; the public halves of the older ones stay published";
    type Query = Nothing;
    type Body = Nothing;
    type Answer = KeysRotated;

    async fn handle(call: Call, _: Nothing, _: Nothing) -> Result<Given<KeysRotated>, Mistake> {
        let mut state = call.tenant()?.lock();
        if state.signing_keys().is_none() {
            return Err(Mistake::new(
                "this provider signs nothing",
                "a profile with `[signing_keys]` does: `openid`, say",
            ));
        }
        state.rotate_signing_key();
        Ok(Given::Json(KeysRotated { rotated: true }))
    }
}
