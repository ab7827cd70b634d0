//! `noop = {}`: nothing happens to the request; the fault only counts it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Has no parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Noop {}
