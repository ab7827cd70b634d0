//! The bytes of a request and its answer, as an entry keeps them: in memory only, for they hold
//! tokens.

use std::borrow::Cow;
use std::fmt;
use std::io::Write;

use super::NEVER_ANSWERED;
use crate::message::{Reply, Request};

/// How much of a body is kept, in bytes.
const KEPT_BODY: usize = 4096;

/// How much memory is kept for the next request, in bytes.
const KEPT_MEMORY: usize = 2048;

/// A request and its answer, one after the other. What is no text is made one only when somebody
/// asks for it.
#[derive(Clone, Default)]
pub(super) struct Raw {
    bytes: Vec<u8>,
    request_length: usize,
    is_answered: bool,
}

impl Raw {
    /// Keeps a request, in place of what there was.
    pub(super) fn begin(&mut self, request: &Request) {
        let bytes = &mut self.bytes;
        bytes.clear();
        bytes.shrink_to(KEPT_MEMORY);
        bytes.reserve(length_of(request));
        bytes.extend_from_slice(request.method.as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(request.path.as_bytes());
        if let Some(query) = &request.query {
            bytes.push(b'?');
            bytes.extend_from_slice(query.as_bytes());
        }
        for (name, value) in &request.headers {
            bytes.push(b'\n');
            bytes.extend_from_slice(name.as_str().as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value.as_bytes());
        }
        add_body(bytes, &request.body);
        self.request_length = bytes.len();
        self.is_answered = false;
    }

    /// Keeps an answer, in place of what there was.
    pub(super) fn answered(&mut self, reply: &Reply) {
        self.bytes.truncate(self.request_length);
        // Writing to memory cannot fail.
        let _ = write!(self.bytes, "{}", reply.status);
        for (name, value) in &reply.headers {
            for part in ["\n", name, ": ", value] {
                self.bytes.extend_from_slice(part.as_bytes());
            }
        }
        if reply.headers.is_empty() {
            self.bytes.push(b'\n');
        }
        add_body(&mut self.bytes, reply.body.as_bytes());
        self.is_answered = true;
    }

    /// Adds what is to be said of an answer, or of one that never went.
    pub(super) fn add_to_answer(&mut self, remark: &str) {
        if !self.is_answered {
            self.bytes.extend_from_slice(NEVER_ANSWERED.as_bytes());
            self.is_answered = true;
        }
        for part in ["\n(", remark, ")"] {
            self.bytes.extend_from_slice(part.as_bytes());
        }
    }

    /// Takes the answer back.
    pub(super) fn take_answer(&mut self) -> Vec<u8> {
        self.is_answered = false;
        self.bytes.split_off(self.request_length)
    }

    /// Keeps an answer that was taken back.
    pub(super) fn give_answer(&mut self, answer: &[u8]) {
        self.bytes.truncate(self.request_length);
        self.bytes.extend_from_slice(answer);
        self.is_answered = true;
    }

    /// The request, and the answer, if there was one.
    pub(super) fn bytes(&self) -> (&[u8], Option<&[u8]>) {
        let (request, answer) = self.bytes.split_at(self.request_length);
        (request, self.is_answered.then_some(answer))
    }

    /// Of what somebody else has kept.
    pub(super) fn of_bytes(request: &[u8], answer: Option<&[u8]>) -> Self {
        Self {
            bytes: [request, answer.unwrap_or_default()].concat(),
            request_length: request.len(),
            is_answered: answer.is_some(),
        }
    }

    pub(super) fn method(&self) -> &str {
        let method = self.bytes.split(|byte| *byte == b' ').next();
        std::str::from_utf8(method.unwrap_or_default()).unwrap_or_default()
    }

    pub(super) fn request(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes[..self.request_length])
    }

    pub(super) fn answer(&self) -> Cow<'_, str> {
        if self.is_answered {
            String::from_utf8_lossy(&self.bytes[self.request_length..])
        } else {
            NEVER_ANSWERED.into()
        }
    }
}

/// How long the texts of a request and of a short answer are, about.
fn length_of(request: &Request) -> usize {
    let headers = request.headers.iter();
    let headers: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len() + 3)
        .sum();
    let query = request.query.as_ref().map_or(0, String::len);
    request.path.len() + query + headers + request.body.len().min(KEPT_BODY) + 160
}

fn add_body(bytes: &mut Vec<u8>, body: &[u8]) {
    bytes.extend_from_slice(b"\n\n");
    bytes.extend_from_slice(&body[..body.len().min(KEPT_BODY)]);
    if body.len() > KEPT_BODY {
        let _ = write!(bytes, "… ({} bytes)", body.len());
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Raw(…)")
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue};

    use super::*;

    fn request(body: &[u8]) -> Request {
        let mut headers = HeaderMap::new();
        headers.insert("x-name", HeaderValue::from_bytes(b"b\xFFd").unwrap());
        Request {
            method: "POST".into(),
            path: "/revoke".into(),
            query: Some("a=b".into()),
            headers,
            body: Bytes::copy_from_slice(body),
            ..Request::default()
        }
    }

    #[test]
    fn it_is_the_request_and_the_answer_line_by_line() {
        let mut raw = Raw::default();
        raw.begin(&request(b"token=\xC3"));
        assert_eq!(raw.method(), "POST");
        assert_eq!(
            raw.request(),
            "POST /revoke?a=b\nx-name: b\u{FFFD}d\n\ntoken=\u{FFFD}"
        );
        assert_eq!(raw.answer(), NEVER_ANSWERED);
        raw.add_to_answer("cut off");
        assert_eq!(raw.answer(), "never answered\n(cut off)");
        raw.answered(&Reply::json(400, &serde_json::json!({ "a": 1 })));
        let answer = "400\ncontent-type: application/json\ncache-control: no-store\n\n{\"a\":1}";
        assert_eq!(raw.answer(), answer);
        let taken = raw.take_answer();
        assert_eq!(raw.answer(), NEVER_ANSWERED);
        raw.give_answer(&taken);
        assert_eq!(raw.answer(), answer);
        raw.add_to_answer("late");
        assert_eq!(raw.answer(), format!("{answer}\n(late)"));
    }

    #[test]
    fn of_a_long_body_only_the_beginning_is_kept() {
        let mut raw = Raw::default();
        raw.begin(&request(&vec![b'x'; 5000]));
        let end = format!("\n\n{}… (5000 bytes)", "x".repeat(4096));
        assert!(raw.request().ends_with(&end));
        raw.begin(&request(b"short"));
        assert!(raw.request().ends_with("\n\nshort"));
        assert!(
            raw.bytes.capacity() <= KEPT_MEMORY,
            "a long one leaves no memory behind"
        );
    }
}
