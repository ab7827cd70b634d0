//! Requests to the provider and its answers, as data.

use bytes::Bytes;
use http::HeaderMap;
use rescind_model::profile::Answer;

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
}

/// An answer of the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The headers, the content type among them.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// What comes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// An answer.
    Answer(Reply),
    /// No answer, ever, on a connection that stays open.
    Silence,
}

impl Reply {
    /// An answer as a profile states it.
    pub fn of(answer: &Answer) -> Self {
        let body = answer.body();
        let mut headers: Vec<(String, String)> = answer
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if !body.is_empty() {
            headers.push(("content-type".into(), "application/json".into()));
        }
        // RFC 6749 §5.1 asks it of token responses; RFC 7009 answers follow.
        headers.push(("cache-control".into(), "no-store".into()));
        Self {
            status: answer.status,
            headers,
            body,
        }
    }

    /// The seconds that it asks the client to wait (RFC 9110 §10.2.3).
    pub fn retry_after(&self) -> Option<u64> {
        let header = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("retry-after");
        let (_, value) = self.headers.iter().find(header)?;
        value.parse().ok()
    }

    /// A JSON answer.
    pub fn json(status: u16, value: &serde_json::Value) -> Self {
        let headers = vec![
            ("content-type".into(), "application/json".into()),
            ("cache-control".into(), "no-store".into()),
        ];
        Self {
            status,
            headers,
            body: value.to_string(),
        }
    }
}
