//! The load: raw sockets and prebuilt bytes, so that the server is what takes the time.
//!
//! One thread goes round its connections: it takes an answer, sends the connection's next request,
//! and goes on to the next connection. All the others' requests wait at the server meanwhile, so a
//! server that is slower than this thread never runs out of work. The thread never falls asleep:
//! to wake it would be work of the server's, and more of it the slower the server is.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::time::Duration;

use crate::Failure;
use crate::clock::Stopwatch;
use crate::requests::Requests;

/// How long an answer may take before the server counts as broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// Connections to one server, kept alive.
#[derive(Debug)]
pub struct Load {
    connections: Vec<Connection>,
}

/// An answer, taken apart.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    filled: usize,
}

impl Load {
    /// Connects.
    pub fn connect(address: SocketAddr, connections: usize) -> Result<Self, Failure> {
        let connections = (0..connections.max(1))
            .map(|_| Connection::open(address))
            .collect::<Result<_, _>>()?;
        Ok(Self { connections })
    }

    /// Sends some of the requests and takes every answer, each of which must be a 200. Returns how
    /// long it took.
    pub fn send(&mut self, requests: &Requests, range: Range<usize>) -> Result<Duration, Failure> {
        let width = self.connections.len();
        let stopwatch = Stopwatch::start();
        for (turn, index) in range.clone().enumerate() {
            let connection = &mut self.connections[turn % width];
            if turn >= width {
                connection.take_success()?;
            }
            connection.send(requests.get(index).unwrap_or_default())?;
        }
        for turn in range.len().saturating_sub(width)..range.len() {
            self.connections[turn % width].take_success()?;
        }
        Ok(stopwatch.elapsed())
    }

    /// Sends one request and takes its answer.
    pub fn ask(&mut self, request: &[u8]) -> Result<Answer, Failure> {
        let connection = &mut self.connections[0];
        connection.send(request)?;
        let head = connection.take_head()?;
        let body = connection.received[head.length..head.length + head.content_length].to_vec();
        connection.consume(head.length + head.content_length);
        Ok(Answer {
            status: head.status,
            body,
        })
    }
}

/// What the client needs to know of an answer's head.
struct Head {
    status: u16,
    length: usize,
    content_length: usize,
}

impl Connection {
    fn open(address: SocketAddr) -> Result<Self, Failure> {
        let open = || {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            Ok(stream)
        };
        let stream = open().map_err(|error: std::io::Error| {
            Failure::of("the server cannot be connected to", &error)
        })?;
        Ok(Self {
            stream,
            received: vec![0; 8192],
            filled: 0,
        })
    }

    fn send(&mut self, mut request: &[u8]) -> Result<(), Failure> {
        while !request.is_empty() {
            let stream = &mut self.stream;
            let sent = without_sleep(|| stream.write(request))
                .map_err(|error| Failure::of("a request cannot be sent", &error))?;
            request = &request[sent..];
        }
        Ok(())
    }

    fn take_success(&mut self) -> Result<(), Failure> {
        let head = self.take_head()?;
        self.consume(head.length + head.content_length);
        if head.status == 200 {
            Ok(())
        } else {
            Err(Failure::new(
                format!("the server answered {} and not 200", head.status),
                "what is measured must succeed: the benchmark's requests do not fit its server",
            ))
        }
    }

    /// Receives until a whole answer is there.
    fn take_head(&mut self) -> Result<Head, Failure> {
        loop {
            if let Some(head) = read_head(&self.received[..self.filled])?
                && head.length + head.content_length <= self.filled
            {
                return Ok(head);
            }
            if self.filled == self.received.len() {
                self.received.resize(self.filled * 2, 0);
            }
            let (stream, free) = (&mut self.stream, &mut self.received[self.filled..]);
            let count = without_sleep(|| stream.read(free))
                .map_err(|error| Failure::of("an answer did not come", &error))?;
            if count == 0 {
                return Err(Failure::new(
                    "the server closed a connection",
                    "see on standard error whether it ended",
                ));
            }
            self.filled += count;
        }
    }

    fn consume(&mut self, length: usize) {
        self.received.copy_within(length..self.filled, 0);
        self.filled -= length;
    }
}

/// Tries until there is something to do, and lets others have the core in between.
fn without_sleep(mut attempt: impl FnMut() -> std::io::Result<usize>) -> std::io::Result<usize> {
    let mut stopwatch = None;
    loop {
        match attempt() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                // The clock is not read where the answer is there already.
                if stopwatch.get_or_insert_with(Stopwatch::start).elapsed() > PATIENCE {
                    return Err(ErrorKind::TimedOut.into());
                }
                std::thread::yield_now();
            }
            done => return done,
        }
    }
}

/// Reads the head of an answer; none if it is not all there.
fn read_head(received: &[u8]) -> Result<Option<Head>, Failure> {
    let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = &received[..end];
    let mut lines = head
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii_end);
    let status = lines.next().and_then(|line| number(line.get(9..12)?));
    let length = lines.find_map(|line| number(line.strip_prefix(b"content-length: ")?));
    match (status.map(u16::try_from), length) {
        (Some(Ok(status)), Some(content_length)) => Ok(Some(Head {
            status,
            length: end + 4,
            content_length,
        })),
        _ => Err(Failure::new(
            "an answer has no status or no length",
            "the benchmark reads what hyper writes, and nothing else",
        )),
    }
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_when_it_is_all_there() {
        let answer = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 12\r\ndate: now\r\n\r\nbody";
        assert!(read_head(&answer[..50]).unwrap().is_none());
        let head = read_head(answer).unwrap().unwrap();
        assert_eq!((head.status, head.content_length), (401, 12));
        assert_eq!(&answer[head.length..], b"body");
    }

    #[test]
    fn an_answer_without_a_length_is_refused() {
        assert!(read_head(b"HTTP/1.1 200 OK\r\ndate: now\r\n\r\n").is_err());
    }
}
