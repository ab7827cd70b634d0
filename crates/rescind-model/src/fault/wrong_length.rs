//! `wrong_length = { by = 10 }`: `Content-Length` is not the length of the body.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Senseless;

/// The parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WrongLength {
    /// How many bytes more than the body has `Content-Length` says; less than it has, if negative.
    /// It never says less than 0.
    pub by: i32,
}

impl WrongLength {
    pub(super) fn senseless(self) -> Vec<Senseless> {
        if self.by != 0 {
            return Vec::new();
        }
        vec![Senseless::new(
            &["wrong_length", "by"],
            "a wrong length that is right",
            "a number other than 0",
        )]
    }
}
