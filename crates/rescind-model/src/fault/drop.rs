//! `drop = { when = "before_effect" }`: the connection is closed without a byte of an answer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::When;

/// The parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DropConnection {
    /// Whether the request has taken effect by then; it has not, if not stated.
    #[serde(default)]
    pub when: When,
}
