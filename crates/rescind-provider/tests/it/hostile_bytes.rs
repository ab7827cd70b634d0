//! Arbitrary bytes on every route, over real sockets: always an answer below 500 or the end of the
//! connection, always within a bound, and nothing dies of it.

use std::net::SocketAddr;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use rescind_provider::server::control_openapi;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{PROFILES, World, access, refresh};

const FORM: &str = "application/x-www-form-urlencoded";

/// What a client sends of a body, beside what it declares.
#[derive(Clone, Copy, Debug)]
enum Length {
    /// As much as it declares.
    True,
    /// More: the rest is taken for another request.
    Longer(u16),
    /// Less, and then it sends no more.
    Shorter(u16),
}

#[derive(Clone, Debug)]
struct AnyBytes {
    method: &'static str,
    path: Index,
    query: Option<Vec<u8>>,
    content_type: Option<Vec<u8>>,
    authorization: Option<Vec<u8>>,
    body: Vec<u8>,
    length: Length,
}

/// Words that a server may look for, and any bytes between them.
fn words() -> impl Strategy<Value = Vec<u8>> {
    const WORDS: &[&str] = &[
        "token=",
        "&token=",
        "client_id=",
        "&grant_type=authorization_code",
        "&grant_type=refresh_token",
        "&refresh_token=",
        "&code=",
        "&response_type=code",
        "&redirect_uri=http%3A%2F%2F127.0.0.1%2F",
        "&consent=",
        "&user_code=",
        "{\"redirect_uris\":[",
        "\"]}",
        "{\"user\":\"",
        "%",
        "%00",
        "%ff%fe",
        "%zz",
        "+",
        "\0",
        "\u{feff}",
        "eyJhbGciOiJub25lIn0.e30.",
        "null",
    ];
    let piece = prop_oneof![
        3 => prop::sample::select(WORDS).prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..12),
    ];
    prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

fn any_bytes() -> impl Strategy<Value = AnyBytes> {
    let method = prop::sample::select(vec!["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]);
    let length = prop_oneof![
        4 => Just(Length::True),
        1 => (1u16..40).prop_map(Length::Longer),
        1 => (1u16..40).prop_map(Length::Shorter),
    ];
    let kind = prop_oneof![
        3 => Just(FORM.as_bytes().to_vec()),
        2 => Just(b"application/json".to_vec()),
        1 => words(),
    ];
    (
        method,
        any::<Index>(),
        prop::option::of(words()),
        prop::option::weighted(0.8, kind),
        prop::option::of(words()),
        words(),
        length,
    )
        .prop_map(
            |(method, path, query, content_type, authorization, body, length)| AnyBytes {
                method,
                path,
                query,
                content_type,
                authorization,
                body,
                length,
            },
        )
}

impl AnyBytes {
    fn request(&self, paths: &[String]) -> Vec<u8> {
        let mut bytes = format!("{} {}", self.method, self.path.get(paths)).into_bytes();
        if let Some(query) = &self.query {
            bytes.push(b'?');
            bytes.extend(in_target(query));
        }
        bytes.extend(b" HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
        for (name, value) in [
            ("content-type", &self.content_type),
            ("authorization", &self.authorization),
        ] {
            if let Some(value) = value {
                bytes.extend(name.as_bytes());
                bytes.extend(b": ");
                bytes.extend(in_header(value));
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
}

/// Without what ends a request's target: those bytes come, too, in tests of their own.
fn in_target(bytes: &[u8]) -> Vec<u8> {
    let ends = |byte: &u8| matches!(byte, b' ' | b'\r' | b'\n');
    bytes.iter().copied().filter(|byte| !ends(byte)).collect()
}

fn in_header(bytes: &[u8]) -> Vec<u8> {
    let ends = |byte: &u8| matches!(byte, b'\r' | b'\n');
    bytes.iter().copied().filter(|byte| !ends(byte)).collect()
}

/// Sends bytes. What comes back, until the provider hangs up.
async fn answer_to(address: SocketAddr, bytes: &[u8], length: Length) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The provider may hang up before it has heard all.
    let _ = stream.write_all(bytes).await;
    if matches!(length, Length::Shorter(_)) {
        // Nothing more comes.
        let _ = stream.shutdown().await;
    }
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    answer
}

/// The status of an answer; none if there is none.
fn status_of(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\r').next()?;
    let line = std::str::from_utf8(line).ok()?;
    line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

/// Every path that is answered: the profile's, and what could be done with it by its owner without
/// harm to what the test looks at.
fn paths(world: &World) -> Vec<String> {
    let answered = world.tenant.lock().profile().answered();
    let mut paths: Vec<String> = answered.into_iter().map(|(_, path)| path).collect();
    paths.extend(
        [
            "/.well-known/openid-configuration",
            "/.well-known/oauth-authorization-server",
            "/nowhere",
            "/",
        ]
        .map(str::to_owned),
    );
    let document = control_openapi();
    let control = document["paths"].as_object().expect("paths");
    // The stream of events has no end of its own; what ends tokens is no accident there.
    let harmless = control.keys().filter(|path| {
        let ends = [
            "/events",
            "/reset",
            "/expire",
            "/kill",
            "/user-removal",
            "/clock",
            "/grants",
        ];
        !ends.iter().any(|end| path.ends_with(end)) && !path.contains("/tenants")
    });
    paths.extend(harmless.map(|path| path.replace(['{', '}'], "")));
    paths
}

#[test]
fn whatever_bytes_come_they_are_answered_below_500_and_nothing_dies() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for profile in PROFILES {
        let world = runtime.block_on(World::start(profile));
        let (address, paths) = (world.provider.address(), paths(&world));
        let mut runner = TestRunner::new(Config {
            cases: 48,
            failure_persistence: None,
            ..Config::default()
        });
        let result = runner.run(&any_bytes(), |any| {
            let request = any.request(&paths);
            let answer = runtime.block_on(answer_to(address, &request, any.length));
            // Who hangs up in the middle of a request need not be answered; and whoever sends more
            // than was declared may miss the answer, since the connection is reset.
            let is_whole = matches!(any.length, Length::True);
            match status_of(&answer) {
                Some(status) => prop_assert!((200..500).contains(&status), "{status}"),
                None => prop_assert!(!is_whole && answer.is_empty(), "no answer"),
            }
            Ok(())
        });
        if let Err(error) = result {
            panic!("{profile}: {error}");
        }
        assert_eq!(world.noteworthy(), [""; 0], "{profile}");
    }
}

#[tokio::test]
async fn a_token_of_a_megabyte_is_like_any_unknown_one() {
    let world = World::start("rfc7009").await;
    let address = world.provider.address();
    let token = "t".repeat(1 << 20);
    for (path, name) in [
        ("/oauth2/revoke", "token"),
        ("/oauth2/introspect", "token"),
        ("/oauth2/token", "grant_type=refresh_token&refresh_token"),
        ("/oauth2/token", "grant_type=authorization_code&code"),
    ] {
        let client = &world.ada.client;
        let body = format!(
            "client_id={}&client_secret={}&{name}={token}",
            client.client_id,
            form_urlencoded::byte_serialize(client.client_secret.expose().as_bytes())
                .collect::<String>()
        );
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: {FORM}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let status = status_of(&answer_to(address, request.as_bytes(), Length::True).await)
            .expect("an answer");
        assert!((200..500).contains(&status), "{path}: {status}");
    }
    assert_eq!(world.noteworthy(), [""; 0]);
}

/// What a client hears that stops in the middle of a request and waits. The clock of the test runs
/// ahead wherever everybody waits.
async fn heard_by_a_client_that_stops_after(bytes: &[u8]) -> Option<u16> {
    let world = World::start("rfc7009").await;
    let mut stream = TcpStream::connect(world.provider.address()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert_eq!(world.noteworthy(), [""; 0]);
    let token = refresh(&world.ada);
    assert!(!String::from_utf8_lossy(&answer).contains(token));
    assert!(!access(&world.ada).is_empty());
    status_of(&answer)
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_ends_its_head_is_left() {
    for bytes in [
        &b"P"[..],
        b"POST /oauth2/revoke HTTP/1.1\r\nhost: x\r\nx-slow: ",
    ] {
        assert_eq!(heard_by_a_client_that_stops_after(bytes).await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_ends_its_body_is_told_and_left() {
    let request = b"POST /oauth2/revoke HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\ntoken=a";
    let status = heard_by_a_client_that_stops_after(request).await;
    assert_eq!(status, Some(408));
}
