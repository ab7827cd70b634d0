//! `drip = { bytes = 1, every_milliseconds = 100 }`: the answer comes whole, a little at a time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Senseless;
use super::latency::LONGEST_WAIT_MILLISECONDS;

/// The parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Drip {
    /// How many bytes of the answer, its head among them, come at a time; at least 1.
    pub bytes: u32,
    /// The pause between them, in milliseconds of real time; from 1 to 60000.
    pub every_milliseconds: u32,
}

impl Drip {
    pub(super) fn senseless(self) -> Vec<Senseless> {
        let mut senseless = Vec::new();
        if self.bytes == 0 {
            senseless.push(Senseless::new(
                &["drip", "bytes"],
                "a drip of nothing",
                "1 or more; for an answer that never comes, state `hang = {}`",
            ));
        }
        if !(1..=LONGEST_WAIT_MILLISECONDS).contains(&self.every_milliseconds) {
            senseless.push(Senseless::new(
                &["drip", "every_milliseconds"],
                "a pause that no drip can have",
                "from 1 to 60000 milliseconds",
            ));
        }
        senseless
    }
}
