//! An answer as bytes: what a client gets of it where faults spoil them. hyper writes every other.

use http::{HeaderName, HeaderValue, StatusCode};

use super::{Reply, Spoiled};

/// What goes of an answer, byte by byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The bytes that go.
    pub bytes: Vec<u8>,
    /// How long the answer is, cut off or not.
    length: usize,
    /// Where its status line and its head end.
    status_line: usize,
    head: usize,
    /// The length of the body, and what `Content-Length` says of it.
    body: u64,
    declared: u64,
}

impl Reply {
    /// What goes of the answer to a request of that method.
    pub fn written(&self, spoiled: &Spoiled, method: &str) -> Written {
        let mut bytes = status_line(self.status).into_bytes();
        let status_line = bytes.len();
        for (name, value) in &self.headers {
            if can_be_sent(name, value) {
                bytes.extend(format!("{name}: {value}\r\n").bytes());
            }
        }
        let body = self.body.len() as u64;
        let declared = body.saturating_add_signed(spoiled.length_off_by);
        // RFC 9110 §6.4.1 and §8.6: neither has a body, so that neither has a length; but whoever
        // asks for a wrong one gets it.
        let is_bodiless = matches!(self.status, 204 | 304);
        if !is_bodiless || declared != body {
            bytes.extend(format!("content-length: {declared}\r\n").bytes());
        }
        // RFC 9112 §9.6: who closes says so. What is spoiled says nothing of its end.
        if spoiled.cut_at_byte.is_none() && declared == body {
            bytes.extend(b"connection: close\r\n");
        }
        bytes.extend(b"\r\n");
        let head = bytes.len();
        if !is_bodiless && method != "HEAD" {
            bytes.extend(self.body.bytes());
        }
        let length = bytes.len();
        if let Some(cut) = spoiled.cut_at_byte {
            bytes.truncate(usize::try_from(cut).unwrap_or(usize::MAX));
        }
        Written {
            bytes,
            length,
            status_line,
            head,
            body,
            declared,
        }
    }
}

impl Written {
    /// Whether everything goes, and says of itself what is so.
    pub const fn is_whole(&self) -> bool {
        !self.is_cut() && self.declared == self.body
    }

    /// Whether the status line goes whole.
    pub const fn tells_status(&self) -> bool {
        self.bytes.len() >= self.status_line
    }

    /// Whether the head goes whole.
    pub const fn tells_headers(&self) -> bool {
        self.bytes.len() >= self.head
    }

    const fn is_cut(&self) -> bool {
        self.bytes.len() < self.length
    }

    /// What is wrong with it, a line each.
    pub fn flaws(&self) -> Vec<String> {
        let mut flaws = Vec::new();
        if self.declared != self.body {
            flaws.push(format!(
                "content-length {} in place of {}",
                self.declared, self.body
            ));
        }
        if self.is_cut() {
            flaws.push(format!(
                "cut off after {} of {} bytes",
                self.bytes.len(),
                self.length
            ));
        }
        flaws
    }
}

/// RFC 9112 §4. A status without a name of its own leaves the last part empty.
fn status_line(status: u16) -> String {
    let known = StatusCode::from_u16(status).ok();
    let reason = known.and_then(|status| status.canonical_reason());
    format!("HTTP/1.1 {status} {}\r\n", reason.unwrap_or_default())
}

/// Whether a header is one that HTTP can carry, and that does not say where the answer ends.
fn can_be_sent(name: &str, value: &str) -> bool {
    let says_where_it_ends = ["content-length", "transfer-encoding", "connection"]
        .iter()
        .any(|own| name.eq_ignore_ascii_case(own));
    !says_where_it_ends
        && HeaderName::from_bytes(name.as_bytes()).is_ok()
        && HeaderValue::from_str(value).is_ok()
}

#[cfg(test)]
mod tests;
