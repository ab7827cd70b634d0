//! `late_kill = { seconds = 30 }`: the answer is as always, and what it ends dies later.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Senseless;

/// The parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LateKill {
    /// How much later than the profile says it dies, in seconds of the provider's clock; at
    /// least 1.
    pub seconds: u64,
}

impl LateKill {
    pub(super) fn senseless(self) -> Vec<Senseless> {
        if self.seconds > 0 {
            return Vec::new();
        }
        vec![Senseless::new(
            &["late_kill", "seconds"],
            "a kill that is late by nothing",
            "1 or more; for one that never comes, state `lie = {}`",
        )]
    }
}
