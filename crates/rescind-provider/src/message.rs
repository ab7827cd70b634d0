//! Requests to the provider and its answers, as data.

mod written;

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use rescind_model::fault::Drip;
use rescind_model::profile::Answer;
use serde::Serialize;

pub use written::Written;

/// A request to the provider, below its address.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The method's token.
    pub method: String,
    /// The path, still percent-encoded.
    pub path: String,
    /// The query, still percent-encoded.
    pub query: Option<String>,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// The name of the further host of the provider that it came to; none for the main one.
    pub host: Option<Arc<str>>,
}

/// A header's name or its value.
pub type HeaderText = Cow<'static, str>;

/// An answer of the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The headers, the content type among them.
    pub headers: Vec<(HeaderText, HeaderText)>,
    /// The body.
    pub body: String,
}

/// What comes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// The answer.
    pub reply: Reply,
    /// How long it waits before it goes, in milliseconds of real time.
    pub delay_milliseconds: u64,
    /// How it goes.
    pub delivery: Delivery,
}

/// How an answer reaches the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// Whole.
    #[default]
    Whole,
    /// Not at all, on a connection that stays open.
    Never,
    /// Not at all, on a connection that is closed.
    Dropped,
    /// Not at all, on a connection that is reset (RFC 9293 §3.10.7).
    Reset,
    /// Byte by byte as it is spoiled, on a connection that is closed thereafter.
    Spoiled(Spoiled),
}

/// How an answer's bytes are spoiled. Not at all, if nothing is stated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spoiled {
    /// How many bytes more than the body has its `Content-Length` says.
    pub length_off_by: i64,
    /// How many of its bytes go; all, if none.
    pub cut_at_byte: Option<u32>,
    /// How slowly they go; at once, if none.
    pub drip: Option<Drip>,
}

impl From<Reply> for Reaction {
    fn from(reply: Reply) -> Self {
        Self {
            reply,
            delay_milliseconds: 0,
            delivery: Delivery::Whole,
        }
    }
}

impl Reply {
    /// An answer as a profile states it.
    pub fn of(answer: &Answer) -> Self {
        let body = answer.body();
        let mut headers: Vec<(HeaderText, HeaderText)> = Vec::with_capacity(2);
        for (name, value) in &answer.headers {
            headers.push((name.clone().into(), value.clone().into()));
        }
        let is_stated = |wanted: &str| {
            let mut stated = answer.headers.iter();
            stated.any(|(name, _)| name.eq_ignore_ascii_case(wanted))
        };
        if !body.is_empty() && !is_stated("content-type") {
            headers.push(("content-type".into(), "application/json".into()));
        }
        // RFC 6749 §5.1 asks it of token responses; RFC 7009 answers follow.
        if !is_stated("cache-control") {
            headers.push(("cache-control".into(), "no-store".into()));
        }
        Self {
            status: answer.status,
            headers,
            body,
        }
    }

    /// The seconds that it asks the client to wait (RFC 9110 §10.2.3).
    pub fn retry_after(&self) -> Option<u64> {
        let header =
            |(name, _): &&(HeaderText, HeaderText)| name.eq_ignore_ascii_case("retry-after");
        let (_, value) = self.headers.iter().find(header)?;
        value.parse().ok()
    }

    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            headers: vec![("cache-control".into(), "no-store".into())],
            body: String::new(),
        }
    }

    /// A JSON answer.
    pub fn json(status: u16, value: &impl Serialize) -> Self {
        let headers = vec![
            ("content-type".into(), "application/json".into()),
            ("cache-control".into(), "no-store".into()),
        ];
        Self {
            status,
            headers,
            // Nothing that is answered has keys that are no texts, which is all that could fail.
            body: serde_json::to_string(value).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_header_that_an_answer_states_is_sent_once() {
        let check = |stated: serde_json::Value, expected: &[&str]| {
            let answer = json!({ "status": 200, "json": {}, "headers": stated });
            let answer: Answer = serde_json::from_value(answer).expect("it is an answer");
            let reply = Reply::of(&answer);
            let headers = reply.headers.iter();
            let headers = headers.map(|(name, value)| format!("{name}: {value}"));
            assert_eq!(headers.collect::<Vec<_>>(), expected);
        };
        let json_type = "content-type: application/json";
        check(json!({}), &[json_type, "cache-control: no-store"]);
        check(
            json!({ "Content-Type": "text/plain" }),
            &["Content-Type: text/plain", "cache-control: no-store"],
        );
        check(
            json!({ "cache-control": "private" }),
            &["cache-control: private", json_type],
        );
    }
}
