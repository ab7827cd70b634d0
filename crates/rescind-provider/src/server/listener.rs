//! Our own accept loop, and the way from a connection to a tenant.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{CONTROL_PREFIX, Shared, control};
use crate::message::{Reply, Request};

/// The longest body that is read, in bytes.
const LONGEST_BODY: usize = 4 << 20;

/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a request that has begun may take to end after the provider is stopped.
const STOP_GRACE: Duration = Duration::from_secs(1);

/// Accepts connections until it is stopped.
pub(super) async fn accept(
    listener: TcpListener,
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
            connections.spawn(serve(stream, Arc::clone(&shared), stop.clone()));
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>, stop: CancellationToken) {
    // Answers are small: waiting for more to send only delays them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(respond(&shared, request).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            // A client that never finishes its request must not hold up the stop.
            let _ = tokio::time::timeout(STOP_GRACE, connection).await;
        }
    }
}

async fn respond(
    shared: &Shared,
    request: hyper::Request<Incoming>,
) -> hyper::Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LONGEST_BODY).collect().await else {
        return response(Reply::json(
            413,
            &serde_json::json!({ "error": "request_too_large" }),
        ));
    };
    let (tenant, path) = find_tenant(parts.uri.path());
    let Some(tenant) = shared.tenant(tenant) else {
        return response(Reply::json(
            404,
            &serde_json::json!({ "error": "no such tenant" }),
        ));
    };
    let request = Request {
        method: parts.method.as_str().to_owned(),
        path: path.to_owned(),
        query: parts.uri.query().map(str::to_owned),
        headers: parts.headers,
        body: body.to_bytes(),
    };
    let reply = match control_operation(&request.path) {
        Some(operation) => control::answer(&tenant, operation, &request),
        None => {
            let elapsed = tenant.elapsed();
            tenant.lock().handle(&request, elapsed)
        }
    };
    response(reply)
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
