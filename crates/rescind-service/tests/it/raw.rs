//! Requests as bytes, and answers as they come.

use std::fmt::Write as _;
use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A text with every byte percent-encoded.
pub fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        write!(encoded, "%{byte:02X}").unwrap();
        encoded
    })
}

/// An answer, cut into its parts.
#[derive(Debug)]
pub struct RawAnswer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Value,
}

impl RawAnswer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(candidate, _)| candidate == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Sends a request on a connection of its own and reads its answer.
pub async fn exchange(address: SocketAddr, request: &[u8]) -> RawAnswer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut received = Vec::new();
    loop {
        if let Some(answer) = parse(&received) {
            return answer;
        }
        let count = stream.read_buf(&mut received).await.unwrap();
        let text = String::from_utf8_lossy(&received);
        assert!(count > 0, "the answer ends early: {text:?}");
    }
}

/// None if something is still to come.
fn parse(received: &[u8]) -> Option<RawAnswer> {
    let text = std::str::from_utf8(received).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let answer = RawAnswer {
        status,
        headers,
        body: Value::Null,
    };
    let length: usize = answer.header("content-length").unwrap().parse().unwrap();
    (body.len() == length).then(|| RawAnswer {
        body: serde_json::from_str(body).unwrap_or(Value::Null),
        ..answer
    })
}
