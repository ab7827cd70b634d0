//! Arbitrary bytes on every route, over real sockets: always an answer below 500 or the end of the
//! connection, always within a bound, and nothing dies of it.

mod any_bytes;
mod control;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Ask, World, access, every_path, every_profile, form, refresh};
use any_bytes::{FORM, Length, answer_to, any_bytes, any_method, status_of, words};

/// What an authorization server looks for.
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

#[test]
fn whatever_bytes_come_they_are_answered_below_500_and_nothing_dies() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut further_hosts = 0;
    for (name, profile) in every_profile() {
        let paths = every_path(&profile);
        let world = runtime.block_on(World::of(profile));
        further_hosts += world.listeners().len() - 1;
        for (host, address) in world.listeners() {
            for path in &paths {
                let mut runner = TestRunner::new(Config {
                    cases: 48,
                    failure_persistence: None,
                    ..Config::default()
                });
                let requests = any_bytes(any_method(), words(WORDS), words(WORDS));
                let result = runner.run(&requests, |request| {
                    let sent = runtime.block_on(request.send(address, path));
                    sent.map(drop).map_err(TestCaseError::fail)
                });
                if let Err(error) = result {
                    panic!("{name}, {path} at {host}: {error}");
                }
                assert_eq!(world.noteworthy(), [""; 0], "{name}, {path} at {host}");
            }
        }
    }
    assert!(further_hosts > 0, "one at least spans several hosts");
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

/// What a client hears that sends the beginning of a request and waits. The clock of the test runs
/// ahead wherever everybody waits.
async fn heard_by_a_client_that_stops_after(world: &World, bytes: &[u8]) -> Option<u16> {
    let mut stream = TcpStream::connect(world.provider.address()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    status_of(&answer)
}

/// Of a request that never was whole, nothing has come: no entry, no death. Others are answered.
async fn check_that_nothing_came(world: &World) {
    assert_eq!(world.tenant.lock().journal().received(), 0);
    assert_eq!(world.noteworthy(), [""; 0]);
    let show = Ask::get("/userinfo").bearer(access(&world.ada));
    assert_eq!(world.send(show).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_ends_its_head_is_left() {
    let world = World::start("rfc7009").await;
    for bytes in [
        &b"P"[..],
        b"POST /oauth2/revoke HTTP/1.1\r\nhost: x\r\nx-slow: ",
    ] {
        assert_eq!(
            heard_by_a_client_that_stops_after(&world, bytes).await,
            None
        );
    }
    check_that_nothing_came(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_ends_its_body_is_told_and_left() {
    let world = World::start("rfc7009").await;
    let client = &world.ada.client;
    // Whole, it would be a revocation: all that is missing is the end that it declares.
    let body = form(&[
        ("client_id", &client.client_id),
        ("client_secret", client.client_secret.expose()),
        ("token", refresh(&world.ada)),
    ]);
    let request = |length: usize| {
        format!(
            "POST /oauth2/revoke HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: {FORM}\r\ncontent-length: {length}\r\n\r\n{body}"
        )
    };
    let slow = request(body.len() + 1);
    let status = heard_by_a_client_that_stops_after(&world, slow.as_bytes()).await;
    assert_eq!(status, Some(408));
    check_that_nothing_came(&world).await;
    let whole = request(body.len());
    let status = heard_by_a_client_that_stops_after(&world, whole.as_bytes()).await;
    assert_eq!(status, Some(200));
    assert_eq!(world.noteworthy(), ["ada access dead", "ada refresh dead"]);
}
