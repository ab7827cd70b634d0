//! Connections whose answers hyper does not deliver end when their clients leave.

use std::net::{Ipv4Addr, SocketAddr};

use rescind_model::fault::{DropConnection, Effect, Fault, Hang, Latency, When};
use rescind_model::vocabulary::Endpoint;
use serde_json::json;

use super::super::{Address, Provider};
use super::*;
use crate::message::Reply;
use crate::test_profiles::profile;

const REQUEST: &str = "GET /userinfo HTTP/1.1\r\nhost: provider\r\n\r\n";

const HANG: Effect = Effect::Hang(Hang {
    when: When::BeforeEffect,
});
const DROP: Effect = Effect::Drop(DropConnection {
    when: When::BeforeEffect,
});
const LATE: Effect = Effect::Latency(Latency::FixedMilliseconds(60_000));
const DRIP: Effect = Effect::Drip(Drip {
    bytes: 1,
    every_milliseconds: 60_000,
});

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

/// A client that sends something and leaves once the first request in it has come.
async fn check(effects: &[Effect], sent: &str) {
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let provider = Provider::start(loopback, "seed").await.unwrap();
    let listening = provider.connections.len();
    let tenant = provider
        .add_tenant(&Address::Root, "root", profile("rfc7009"))
        .unwrap();
    for effect in effects {
        let fault = Fault::at(Endpoint::Resource, effect.clone());
        tenant.lock().fail(fault);
    }
    let mut client = TcpStream::connect(provider.address()).await.unwrap();
    client.write_all(sent.as_bytes()).await.unwrap();
    let received = || tenant.lock().journal().received() == 1;
    becomes("the request never came", received).await;
    assert_eq!(provider.connections.len(), listening + 1);
    drop(client);
    let ended = || provider.connections.len() == listening;
    becomes("the connection outlived its client", ended).await;
}

#[tokio::test]
async fn a_connection_that_waits_ends_when_its_client_leaves() {
    for effects in [
        &[HANG][..],
        &[LATE],
        &[DRIP],
        &[LATE, DRIP],
        &[LATE, DROP],
        &[LATE, HANG],
    ] {
        check(effects, REQUEST).await;
    }
}

#[tokio::test]
async fn what_a_client_has_sent_further_does_not_hide_that_it_has_left() {
    let further = REQUEST.repeat(200);
    for effects in [&[HANG][..], &[DRIP], &[LATE, DROP]] {
        check(effects, &further).await;
    }
}

#[tokio::test]
async fn a_client_that_never_closes_its_side_is_let_go_of() {
    let (closing, client) = pair().await;
    let reaction = Reaction {
        delivery: Delivery::Dropped,
        ..Reply::json(200, &json!({})).into()
    };
    let handed_over = HandedOver::of(&reaction, "GET").unwrap();
    // The clock moves on by itself as soon as nothing else can happen.
    tokio::time::pause();
    let stopping = CancellationToken::new();
    let delivered = handed_over.deliver(closing, &stopping);
    let ended = tokio::time::timeout(2 * CLOSING_GRACE, delivered).await;
    assert!(ended.is_ok(), "the connection is kept for its client");
    drop(client);
}

/// Both ends of a connection.
async fn pair() -> (TcpStream, TcpStream) {
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = tokio::net::TcpListener::bind(loopback).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (accepted, connected) = tokio::join!(listener.accept(), TcpStream::connect(address));
    (accepted.unwrap().0, connected.unwrap())
}
