//! `hang = {}`: no answer ever comes, on a connection that stays open.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::When;

/// The parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hang {
    /// Whether the request has taken effect by then; it has not, if not stated.
    #[serde(default)]
    pub when: When,
}
