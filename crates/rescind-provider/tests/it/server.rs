//! The server: where it listens, and that it ends.

use std::net::SocketAddr;

use rescind_provider::Provider;
use rescind_provider::server::StartError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Ask, World, loopback};

#[tokio::test]
async fn an_address_that_others_can_reach_is_refused() {
    for address in ["0.0.0.0:0", "192.0.2.1:0", "[::]:0"] {
        let address: SocketAddr = address.parse().unwrap();
        let error = Provider::start(address, "seed").await.unwrap_err();
        assert!(matches!(error, StartError::NotLoopback { .. }));
        assert_eq!(
            error.to_string(),
            format!("{address} is not a loopback address, and there is no control key")
        );
    }
}

#[tokio::test]
async fn an_address_in_use_is_refused() {
    let first = Provider::start(loopback(), "seed").await.unwrap();
    let error = Provider::start(first.address(), "seed").await.unwrap_err();
    assert!(matches!(error, StartError::Bind { .. }));
    assert_eq!(
        error.to_string(),
        format!("cannot listen on {}", first.address())
    );
}

#[tokio::test]
async fn port_0_takes_a_free_port_for_each() {
    let first = Provider::start(loopback(), "seed").await.unwrap();
    let second = Provider::start(loopback(), "seed").await.unwrap();
    assert!(first.address().port() != 0);
    assert!(first.address().port() != second.address().port());
}

/// Stops a provider while a connection is in the middle of something, and finds nobody there
/// afterwards.
async fn check_stop(begun: &[u8], answered: bool) {
    let world = World::start("rfc7009").await;
    let address = world.provider.address();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(begun).await.unwrap();
    if answered {
        let mut byte = [0];
        stream.read_exact(&mut byte).await.unwrap();
    } else {
        // The provider takes connections in turn: once it answers this one, it has the first.
        world.send(Ask::get("/userinfo")).await;
    }
    world.provider.stop().await;
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_stop_ends_with_a_connection_that_has_sent_nothing() {
    check_stop(b"", false).await;
}

#[tokio::test]
async fn a_stop_ends_with_a_connection_kept_alive() {
    check_stop(b"GET /userinfo HTTP/1.1\r\nhost: localhost\r\n\r\n", true).await;
}

#[tokio::test]
async fn a_stop_ends_with_a_client_that_never_finishes_its_head() {
    check_stop(b"GET /userinfo HT", false).await;
}

#[tokio::test]
async fn a_stop_ends_with_a_client_that_never_finishes_its_body() {
    check_stop(
        b"POST /oauth2/revoke HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\ntoken",
        false,
    )
    .await;
}
