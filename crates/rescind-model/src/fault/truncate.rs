//! `truncate = { at_byte = 40 }`: the answer ends early, and the connection with it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Senseless;

/// The parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Truncate {
    /// How many bytes of the answer come, counted from the first of its status line; at least 1.
    /// An answer that is no longer than that comes whole.
    pub at_byte: u32,
}

impl Truncate {
    pub(super) fn senseless(self) -> Vec<Senseless> {
        if self.at_byte > 0 {
            return Vec::new();
        }
        vec![Senseless::new(
            &["truncate", "at_byte"],
            "an answer that ends before it begins",
            "1 or more; for no answer at all, state `drop = { when = \"after_effect\" }`",
        )]
    }
}
