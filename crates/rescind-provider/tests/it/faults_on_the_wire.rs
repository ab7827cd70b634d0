//! Every kind of fault as bytes on a connection, and what the ledger and the journal have of it.

mod clients_that_leave;
mod composition;
mod effects;
mod latency;
mod of_a_profile;
mod over_tls;
mod quota;
mod spoiled;
mod unanswered;
mod whose;

use std::io::ErrorKind;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rescind_model::fault::{Fault, Stated};
use rescind_provider::clients::Client;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{World, access, form};

const NOTHING: [&str; 0] = [];

/// What a revocation of the plain profile is answered, hyper's `date` aside.
const REVOKED: &str = "HTTP/1.1 200 OK\r\ncache-control: no-store\r\ncontent-length: 0\r\n\r\n";

/// What its resource shows of ada, without what is said of the connection.
const SHOWN: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                     cache-control: no-store\r\ncontent-length: 13\r\n\r\n{\"sub\":\"ada\"}";

/// Sets a fault as it is stated.
#[track_caller]
fn fail(world: &World, stated: &Value) {
    world.tenant.lock().fail(fault(stated));
}

#[track_caller]
fn fault(stated: &Value) -> Fault {
    let stated: Stated = serde_json::from_value(stated.clone()).expect("it can be read");
    stated.fault().expect("it makes sense")
}

/// A request for a revocation, byte for byte, on a connection that is to be kept.
fn revocation(client: &Client, token: &str) -> String {
    let encoded: Vec<String> = [&client.client_id, client.client_secret.expose()]
        .map(|text| form_urlencoded::byte_serialize(text.as_bytes()).collect())
        .to_vec();
    let basic = STANDARD.encode(encoded.join(":"));
    let body = form(&[("token", token)]);
    format!(
        "POST /oauth2/revoke HTTP/1.1\r\nhost: provider\r\nauthorization: Basic {basic}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A revocation of ada's access token.
fn ada_revokes(world: &World) -> String {
    revocation(&world.ada.client, access(&world.ada))
}

/// A request for the resource with ada's access token.
fn ada_is_shown(world: &World) -> String {
    format!(
        "GET /userinfo HTTP/1.1\r\nhost: provider\r\nauthorization: Bearer {}\r\n\r\n",
        access(&world.ada)
    )
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Closed,
    Reset,
}

/// A connection of a client that knows nothing of HTTP.
struct Line(TcpStream);

impl Line {
    async fn open(world: &World) -> Self {
        Self(TcpStream::connect(world.provider.address()).await.unwrap())
    }

    /// A connection over which that much has been sent.
    async fn sending(world: &World, text: &str) -> Self {
        let mut line = Self::open(world).await;
        line.send(text).await;
        line
    }

    async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Exactly so many bytes.
    async fn read(&mut self, length: usize) -> String {
        let mut bytes = vec![0; length];
        self.0.read_exact(&mut bytes).await.unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// An answer of hyper's, without its `date`, the only line that no test can know.
    async fn answer(&mut self) -> String {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            head.push_str(&self.read(1).await);
        }
        let length = head.split("content-length: ").nth(1).unwrap();
        let length = length.split("\r\n").next().unwrap().parse().unwrap();
        let body = self.read(length).await;
        without_date(&head) + &body
    }

    /// Everything until the connection ends, and how it does.
    async fn rest(&mut self) -> (String, End) {
        let mut bytes = Vec::new();
        let end = match self.0.read_to_end(&mut bytes).await {
            Ok(_) => End::Closed,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => End::Reset,
            Err(error) => panic!("{error}"),
        };
        (String::from_utf8(bytes).unwrap(), end)
    }

    /// Whether there is nothing to read at the moment, on a connection that is open.
    fn is_silent(&self) -> bool {
        let read = self.0.try_read(&mut [0]);
        read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }
}

fn without_date(text: &str) -> String {
    let lines = text.split_inclusive("\r\n");
    lines.filter(|line| !line.starts_with("date: ")).collect()
}

/// Sends a request over a connection of its own: everything that comes back, and how it ends.
async fn send(world: &World, request: &str) -> (String, End) {
    Line::sending(world, request).await.rest().await
}

/// Waits until something is so.
async fn becomes(what: &str, is_so: impl Fn() -> bool) {
    let mut poll = tokio::time::interval(Duration::from_millis(5));
    for _ in 0..2000 {
        if is_so() {
            return;
        }
        poll.tick().await;
    }
    panic!("{what}");
}

/// Waits until the journal has that many entries, and until the provider has answered another
/// request since: by then it has done for the last of them what it does at once.
async fn settled(world: &World, count: u64) {
    let received = || world.tenant.lock().journal().received() >= count;
    becomes("the request never came", received).await;
    let mut line = Line::sending(world, "GET /_rescind HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    line.answer().await;
}
