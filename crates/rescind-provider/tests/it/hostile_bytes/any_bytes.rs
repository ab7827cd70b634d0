//! Requests of words that a server looks for, with any bytes between them, and what comes of them.

use std::net::SocketAddr;
use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub const FORM: &str = "application/x-www-form-urlencoded";

/// No answer takes as long: who waits so long waits for ever.
const NEVER: Duration = Duration::from_mins(2);

/// What a client sends of a body, beside what it declares.
#[derive(Clone, Copy, Debug)]
pub enum Length {
    /// As much as it declares.
    True,
    /// More: the rest is taken for another request.
    Longer(u16),
    /// Less, and then it sends no more.
    Shorter(u16),
}

/// A request to a path that is yet to be said.
#[derive(Clone, Debug)]
pub struct AnyBytes {
    pub method: &'static str,
    query: Option<Vec<u8>>,
    /// Values of headers, each of which may be there.
    headers: [(&'static str, Option<Vec<u8>>); 3],
    body: Vec<u8>,
    pub length: Length,
}

/// Pieces, and any bytes between them.
pub fn words(pieces: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> + Clone {
    let piece = prop_oneof![
        3 => prop::sample::select(pieces).prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..12),
    ];
    prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

pub fn any_method() -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(vec!["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
}

/// Any request of such a method, of such words beside its body, and with such a body.
pub fn any_bytes(
    method: impl Strategy<Value = &'static str>,
    beside: impl Strategy<Value = Vec<u8>> + Clone,
    body: impl Strategy<Value = Vec<u8>>,
) -> impl Strategy<Value = AnyBytes> {
    let length = prop_oneof![
        4 => Just(Length::True),
        1 => (1u16..40).prop_map(Length::Longer),
        1 => (1u16..40).prop_map(Length::Shorter),
    ];
    let kind = prop_oneof![
        3 => Just(FORM.as_bytes().to_vec()),
        2 => Just(b"application/json".to_vec()),
        1 => beside.clone(),
    ];
    (
        method,
        prop::option::of(beside.clone()),
        prop::option::weighted(0.8, kind),
        prop::option::of(beside.clone()),
        prop::option::weighted(0.2, beside),
        body,
        length,
    )
        .prop_map(
            |(method, query, content_type, authorization, last_event, body, length)| AnyBytes {
                method,
                query,
                headers: [
                    ("content-type", content_type),
                    ("authorization", authorization),
                    ("last-event-id", last_event),
                ],
                body,
                length,
            },
        )
}

impl AnyBytes {
    /// A request that means what it says.
    pub fn json(method: &'static str, body: &str) -> Self {
        Self {
            method,
            query: None,
            headers: [
                ("content-type", Some(b"application/json".to_vec())),
                ("authorization", None),
                ("last-event-id", None),
            ],
            body: body.into(),
            length: Length::True,
        }
    }

    fn written(&self, path: &str) -> Vec<u8> {
        let mut bytes = format!("{} {path}", self.method).into_bytes();
        if let Some(query) = &self.query {
            bytes.push(b'?');
            bytes.extend(without(query, b" \r\n"));
        }
        bytes.extend(b" HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
        for (name, value) in &self.headers {
            if let Some(value) = value {
                bytes.extend(name.as_bytes());
                bytes.extend(b": ");
                bytes.extend(without(value, b"\r\n"));
                bytes.extend(b"\r\n");
            }
        }
        let length = self.body.len();
        let declared = match self.length {
            Length::True => length,
            Length::Longer(by) => length.saturating_sub(by.into()),
            Length::Shorter(by) => length + usize::from(by),
        };
        bytes.extend(format!("content-length: {declared}\r\n\r\n").into_bytes());
        bytes.extend(&self.body);
        bytes
    }

    /// Sends it. The status of what comes back: none, if only the connection ends, as it may for
    /// whoever hangs up in the middle, or sends more than it has declared.
    pub async fn send(&self, address: SocketAddr, path: &str) -> Result<Option<u16>, String> {
        let answer = answer_to(address, &self.written(path), self.length).await;
        let status = status_of(&answer);
        match status {
            Some(200..500) => Ok(status),
            Some(status) => Err(format!("{status}")),
            None if answer.is_empty() && !matches!(self.length, Length::True) => Ok(None),
            None => Err("no answer".to_owned()),
        }
    }
}

/// Without what ends a request's target or a header: those bytes come, too, in tests of their own.
fn without(bytes: &[u8], ends: &'static [u8]) -> Vec<u8> {
    let bytes = bytes.iter().copied();
    bytes.filter(|byte| !ends.contains(byte)).collect()
}

/// Sends bytes. What comes back, until the provider hangs up, or has begun to tell what happens.
pub async fn answer_to(address: SocketAddr, bytes: &[u8], length: Length) -> Vec<u8> {
    let answer = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // The provider may hang up before it has heard all.
        let _ = stream.write_all(bytes).await;
        if matches!(length, Length::Shorter(_)) {
            // Nothing more comes.
            let _ = stream.shutdown().await;
        }
        let mut answer = Vec::new();
        while let Ok(1..) = stream.read_buf(&mut answer).await {
            if is_telling(&answer) {
                break;
            }
        }
        answer
    };
    let answer = tokio::time::timeout(NEVER, answer).await;
    answer.expect("an answer, or an end")
}

/// Whether an answer is the stream of events, and has one that is whole.
fn is_telling(answer: &[u8]) -> bool {
    let has = |text: &[u8]| answer.windows(text.len()).any(|window| window == text);
    has(b"\r\ncontent-type: text/event-stream\r\n") && has(b"\n\n")
}

/// The status of an answer; none if there is none.
pub fn status_of(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\r').next()?;
    let line = std::str::from_utf8(line).ok()?;
    line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}
