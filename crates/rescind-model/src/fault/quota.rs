//! `quota = { requests = 10, per_seconds = 60, status = 429 }`: so many requests in a while, and no
//! more until it has passed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Senseless;

/// The parameters. A while begins with the first request after the one before it has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// How many requests a while allows; at least 1.
    pub requests: u32,
    /// How long a while is, in seconds of the provider's clock; at least 1.
    pub per_seconds: u64,
    /// The status code of the answer to one too many: 413, 429 or 503, which can ask a client to
    /// wait (`Retry-After`, RFC 9110 §10.2.3); 429 if not stated (RFC 6585 §4).
    #[serde(default = "Quota::default_status")]
    pub status: u16,
}

impl Quota {
    const fn default_status() -> u16 {
        429
    }

    pub(super) fn senseless(self) -> Vec<Senseless> {
        let mut senseless = Vec::new();
        let mut at = |key, message, hint| {
            senseless.push(Senseless::new(&["quota", key], message, hint));
        };
        if self.requests == 0 {
            at(
                "requests",
                "a quota of no requests",
                "1 or more; to refuse every request, state `answer = { status = 429 }`",
            );
        }
        if self.per_seconds == 0 {
            at(
                "per_seconds",
                "a quota that is never used up",
                "1 or more: each while allows `requests` anew",
            );
        }
        if !super::answer::asks_to_wait(self.status) {
            at(
                "status",
                "the status code of an answer that asks nobody to wait",
                "413, 429 or 503; leave `status` out for 429",
            );
        }
        senseless
    }
}
