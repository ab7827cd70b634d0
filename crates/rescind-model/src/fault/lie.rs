//! `lie = {}`: the answer is what it would have been, and nothing has happened.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Has no parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lie {}
