//! Our own accept loop, and the way from a connection to a tenant.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{CONTROL_PREFIX, Shared, Tenant, control};
use crate::message::{Reaction, Reply, Request};

/// The longest body that is read, in bytes.
const LONGEST_BODY: usize = 4 << 20;

/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a request that has begun may take to end after the provider is stopped.
const STOP_GRACE: Duration = Duration::from_secs(1);

/// The two origins that are listened at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    /// The provider's own.
    Own,
    /// One that is none of the provider's.
    Elsewhere,
}

/// Why a request goes without an answer: a fault asks for it, and the provider has now stopped.
#[derive(Debug, thiserror::Error)]
#[error("the request is never answered")]
struct Unanswered;

/// Accepts connections until it is stopped.
pub(super) async fn accept(
    listener: TcpListener,
    side: Side,
    shared: Arc<Shared>,
    stop: CancellationToken,
    connections: TaskTracker,
) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        // A connection that broke before it began is the client's affair.
        if let Ok((stream, _)) = accepted {
            connections.spawn(serve(stream, side, Arc::clone(&shared), stop.clone()));
        }
    }
}

async fn serve(stream: TcpStream, side: Side, shared: Arc<Shared>, stop: CancellationToken) {
    // Answers are small: waiting for more to send only delays them.
    let _ = stream.set_nodelay(true);
    let stopping = stop.clone();
    let service = service_fn(move |request| {
        let (shared, stop) = (Arc::clone(&shared), stop.clone());
        async move {
            match respond(&shared, side, request).await {
                Reaction::Answer(reply) => Ok(response(reply)),
                Reaction::Silence => {
                    // Whoever leaves ends the connection, and this with it.
                    stop.cancelled().await;
                    Err(Unanswered)
                }
            }
        }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            // A client that never finishes its request must not hold up the stop.
            let _ = tokio::time::timeout(STOP_GRACE, connection).await;
        }
    }
}

async fn respond(shared: &Shared, side: Side, request: hyper::Request<Incoming>) -> Reaction {
    let refusal =
        |status, error: &str| Reaction::Answer(Reply::json(status, &json!({ "error": error })));
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LONGEST_BODY).collect().await else {
        return refusal(413, "request_too_large");
    };
    let (tenant, path) = find_tenant(parts.uri.path());
    let Some(tenant) = shared.tenant(tenant) else {
        return refusal(404, "no such tenant");
    };
    let request = Request {
        method: parts.method.as_str().to_owned(),
        path: path.to_owned(),
        query: parts.uri.query().map(str::to_owned),
        headers: parts.headers,
        body: body.to_bytes(),
    };
    match side {
        Side::Own => react(&tenant, &request),
        Side::Elsewhere => {
            let elapsed = tenant.elapsed();
            Reaction::Answer(tenant.lock().handle_elsewhere(&request, elapsed))
        }
    }
}

fn react(tenant: &Tenant, request: &Request) -> Reaction {
    match control_operation(&request.path) {
        Some(operation) => Reaction::Answer(control::answer(tenant, operation, request)),
        None => {
            let elapsed = tenant.elapsed();
            tenant.lock().handle(request, elapsed)
        }
    }
}

/// The path below the control prefix. One that only begins like it is the provider's own.
fn control_operation(path: &str) -> Option<&str> {
    path.strip_prefix(CONTROL_PREFIX)
        .filter(|operation| operation.is_empty() || operation.starts_with('/'))
}

/// The name of the tenant that a path leads to, and the path below it.
fn find_tenant(path: &str) -> (&str, &str) {
    // The empty name is the root's, which has no second address.
    let named = |below: &&str| !below.is_empty() && !below.starts_with('/');
    let Some(below) = path.strip_prefix("/t/").filter(named) else {
        return ("", path);
    };
    let end = below.find('/').unwrap_or(below.len());
    let (name, rest) = below.split_at(end);
    (name, if rest.is_empty() { "/" } else { rest })
}

fn response(reply: Reply) -> hyper::Response<Full<Bytes>> {
    let mut builder = hyper::Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        builder = builder.header(name, value);
    }
    builder
        .body(Full::new(Bytes::from(reply.body)))
        .unwrap_or_else(|_| {
            // A profile with a status or header that HTTP does not know.
            let mut response = hyper::Response::new(Full::default());
            *response.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
            response
        })
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use rescind_model::vocabulary::Endpoint;
    use tokio::io::AsyncWriteExt;

    use super::super::{Address, Provider};
    use super::*;
    use crate::fault::{Effect, Fault};
    use crate::test_profiles::profile;

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

    #[tokio::test]
    async fn a_connection_that_hangs_ends_when_its_client_leaves() {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let provider = Provider::start(loopback, "seed").await.unwrap();
        let listening = provider.connections.len();
        let tenant = provider.add_tenant(&Address::Root, "root", profile("rfc7009"));
        tenant.lock().fail(Fault {
            endpoint: Endpoint::Resource,
            subject: None,
            nth: None,
            effect: Effect::Hang,
        });
        let mut client = TcpStream::connect(provider.address()).await.unwrap();
        let request = b"GET /userinfo HTTP/1.1\r\nhost: provider\r\n\r\n";
        client.write_all(request).await.unwrap();
        let received = || tenant.lock().journal().received() == 1;
        becomes("the request never came", received).await;
        assert_eq!(provider.connections.len(), listening + 1);
        drop(client);
        let ended = || provider.connections.len() == listening;
        becomes("the connection outlived its client", ended).await;
    }
}
