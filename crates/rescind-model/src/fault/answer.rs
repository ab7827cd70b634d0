//! `answer = { status = 503, … }`: another answer in place of the endpoint's, which does nothing.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Senseless;

/// The parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The status code, from 200 to 599.
    pub status: u16,
    /// Headers, which replace those of the same name that the answer would have; an empty value
    /// leaves that header out.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body as JSON.
    #[serde(default)]
    pub json: Option<Value>,
    /// The body as it stands, which is taken for JSON unless `headers` says otherwise. Without a
    /// body, the answer is an OAuth error, `temporarily_unavailable`.
    #[serde(default)]
    pub text: Option<String>,
    /// The seconds that `Retry-After` asks the client to wait (RFC 9110 §10.2.3).
    #[serde(default)]
    pub retry_after: Option<u64>,
    /// Whether the body repeats what the request carried, its secrets among it.
    #[serde(default)]
    pub echo: bool,
}

impl Answer {
    /// An answer of that status, and nothing else stated.
    pub const fn of(status: u16) -> Self {
        Self {
            status,
            headers: BTreeMap::new(),
            json: None,
            text: None,
            retry_after: None,
            echo: false,
        }
    }

    pub(super) fn senseless(&self) -> Vec<Senseless> {
        let mut senseless = Vec::new();
        let mut at = |key, message, hint| {
            senseless.push(Senseless::new(&["answer", key], message, hint));
        };
        // RFC 9110 §15.2: a 1xx is interim, and no answer.
        if !(200..=599).contains(&self.status) {
            at(
                "status",
                "not the status code of an answer",
                "a number from 200 to 599",
            );
        }
        if self.retry_after.is_some() && !asks_to_wait(self.status) {
            at(
                "retry_after",
                "`retry_after` in an answer that asks nobody to wait",
                "the statuses 413, 429 and 503 carry it",
            );
        }
        if self.echo && self.status < 400 {
            at(
                "echo",
                "`echo` in an answer that is no error",
                "an error has a status from 400 to 599",
            );
        }
        if self.json.is_some() && self.text.is_some() {
            at(
                "text",
                "`text` beside `json`",
                "state the body once: as `json`, or as `text`",
            );
        }
        if self.echo && (self.json.is_some() || self.text.is_some()) {
            at(
                "echo",
                "`echo` beside a body",
                "what is repeated stands in the body that an answer has by itself: leave `json` and `text` out",
            );
        }
        senseless.extend(self.senseless_headers());
        senseless
    }

    fn senseless_headers(&self) -> Vec<Senseless> {
        let mut senseless = Vec::new();
        let mut mistake = |message, hint| {
            senseless.push(Senseless::new(&["answer", "headers"], message, hint));
        };
        let nameless = |name: &String| name.is_empty() || !name.bytes().all(is_token);
        if self.headers.keys().any(nameless) {
            mistake(
                "a header whose name is none",
                "letters, digits and `-` (RFC 9110 §5.6.2)",
            );
        }
        // RFC 9112 §6: what both say is where the body ends, which is counted.
        let is_about_length = |name: &String| {
            let own = ["content-length", "transfer-encoding"];
            own.iter().any(|own| name.eq_ignore_ascii_case(own))
        };
        if self.headers.keys().any(is_about_length) {
            mistake(
                "a header that says how long the body is",
                "leave it out, the body is counted; for a length that is wrong, state `wrong_length` as a fault of its own",
            );
        }
        let unspeakable = |value: &String| {
            value
                .bytes()
                .any(|byte| byte < 0x20 && byte != b'\t' || byte == 0x7f)
        };
        if self.headers.values().any(unspeakable) {
            mistake(
                "a header whose value cannot be sent",
                "no control characters, no line ends (RFC 9110 §5.5)",
            );
        }
        senseless
    }
}

/// Whether an answer of that status may carry `Retry-After` (RFC 9110 §10.2.3 and §15.5.14,
/// RFC 6585 §4).
pub(super) const fn asks_to_wait(status: u16) -> bool {
    matches!(status, 413 | 429 | 503)
}

/// What the name of a header may consist of (RFC 9110 §5.6.2).
const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}
