//! `redirect = { to = "…", status = 307 }`: the answer leads to the same path at one of two
//! origins; the endpoint does nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Senseless;

/// The parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Redirect {
    /// Where it leads.
    pub to: Origin,
    /// The status code: 301, 302, 303, 307 or 308; 307 if not stated, which keeps method and body
    /// (RFC 9110 §15.4.8).
    #[serde(default = "Redirect::default_status")]
    pub status: u16,
}

/// Where a redirect leads: the path of the request, at one of two origins (RFC 6454 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The provider's own: the very address that was asked.
    SameOrigin,
    /// Another port of the machine, which is none of the provider's.
    OtherOrigin,
}

impl Redirect {
    const fn default_status() -> u16 {
        307
    }

    pub(super) fn senseless(&self) -> Vec<Senseless> {
        // 300 and 304 send nobody anywhere (RFC 9110 §15.4).
        if [301, 302, 303, 307, 308].contains(&self.status) {
            return Vec::new();
        }
        vec![Senseless::new(
            &["redirect", "status"],
            "not the status code of a redirect",
            "301, 302, 303, 307 or 308; leave `status` out for 307",
        )]
    }
}
