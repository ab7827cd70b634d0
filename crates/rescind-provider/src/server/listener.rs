//! Our own accept loop, and the way from a connection to a tenant.

use std::borrow::Cow;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, InvalidHeaderName, InvalidHeaderValue};
use http::{HeaderName, HeaderValue, StatusCode};
use http_body_util::{BodyExt, Either, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::delivery::{self, HandedOver, Socket};
use super::directory::{Side, control_operation};
use super::{Shared, control, passage};
use crate::message::{HeaderText, Reaction, Reply, Request};

/// The longest body that is read, in bytes.
const LONGEST_BODY: usize = 4 << 20;

/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a client may take to send the body of a request.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a client may take to agree on TLS.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How often a listener that fails is asked again, at most.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// How long a request that has begun may take to end after the provider is stopped.
const STOP_GRACE: Duration = Duration::from_secs(1);

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
) {
    let mut between_failures = tokio::time::interval(ACCEPT_RETRY);
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // A connection that broke before it began is the client's affair. Where the system has
            // no file handle left, to ask again at once would only keep it busy.
            between_failures.tick().await;
            continue;
        };
        // Answers are small: waiting for more to send only delays them.
        let _ = stream.set_nodelay(true);
        let (side, serving, stop) = (side.clone(), Arc::clone(&shared), stop.clone());
        match &shared.tls {
            None => shared.connections.spawn(serve(stream, side, serving, stop)),
            Some(tls) => {
                let acceptor = TlsAcceptor::from(Arc::clone(&tls.config));
                shared
                    .connections
                    .spawn(serve_by_tls(stream, acceptor, side, serving, stop))
            }
        };
    }
}

/// Serves a client that shakes hands in time. Whoever does not, or speaks plain HTTP, is left.
async fn serve_by_tls(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    side: Side,
    shared: Arc<Shared>,
    stop: CancellationToken,
) {
    let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream));
    let shaken = tokio::select! {
        () = stop.cancelled() => return,
        shaken = handshake => shaken,
    };
    if let Ok(Ok(stream)) = shaken {
        serve(stream, side, shared, stop).await;
    }
}

/// What a connection and its requests share.
struct Served {
    shared: Arc<Shared>,
    side: Side,
    stop: CancellationToken,
    /// An answer that hyper is not to deliver. There is one request at a time.
    handed_over: Mutex<Option<HandedOver>>,
}

impl Served {
    fn hand_over(&self, answer: HandedOver) {
        *self.handed_over() = Some(answer);
    }

    fn take_handed_over(&self) -> Option<HandedOver> {
        self.handed_over().take()
    }

    fn handed_over(&self) -> MutexGuard<'_, Option<HandedOver>> {
        self.handed_over
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a connection comes to.
enum Turn {
    /// Its end.
    Ended,
    /// An answer that hyper is not to deliver.
    HandedOver(HandedOver),
    /// The stop of the provider.
    Stopping,
}

/// Serves a connection until it ends.
async fn serve(socket: impl Socket, side: Side, shared: Arc<Shared>, stop: CancellationToken) {
    let served = Arc::new(Served {
        shared,
        side,
        stop: stop.clone(),
        handed_over: Mutex::default(),
    });
    let serving = Arc::clone(&served);
    let service = service_fn(move |request| answer(Arc::clone(&serving), request));
    let mut connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        // Most answers are so small that to write them at once is cheaper than to write them in
        // parts.
        .writev(false)
        .serve_connection(TokioIo::new(socket), service);
    match turn(&mut connection, &served).await {
        Turn::Ended => {}
        Turn::HandedOver(answer) => {
            let socket = connection.into_parts().io.into_inner();
            answer.deliver(socket, &stop).await;
        }
        Turn::Stopping => {
            Pin::new(&mut connection).graceful_shutdown();
            // A client that never finishes its request must not hold up the stop, nor must an
            // answer that goes another way.
            let ended = poll_fn(|task| match Pin::new(&mut connection).poll(task) {
                Poll::Pending if served.take_handed_over().is_none() => Poll::Pending,
                _ => Poll::Ready(()),
            });
            let _ = tokio::time::timeout(STOP_GRACE, ended).await;
        }
    }
}

/// Lets a connection go on until there is something else to do than to go on.
///
/// This is what every request passes, so it does without a channel, and waits for the stop once:
/// the task that is woken by it is always the same.
async fn turn(connection: &mut (impl Future + Unpin), served: &Served) -> Turn {
    let mut stopping = pin!(served.stop.cancelled());
    let mut is_waiting = false;
    poll_fn(|task| {
        if Pin::new(&mut *connection).poll(task).is_ready() {
            return Poll::Ready(Turn::Ended);
        }
        if let Some(answer) = served.take_handed_over() {
            return Poll::Ready(Turn::HandedOver(answer));
        }
        if !is_waiting {
            is_waiting = true;
            return stopping.as_mut().poll(task).map(|()| Turn::Stopping);
        }
        if served.stop.is_cancelled() {
            return Poll::Ready(Turn::Stopping);
        }
        Poll::Pending
    })
    .await
}

/// Answers a request.
async fn answer(
    served: Arc<Served>,
    request: hyper::Request<Incoming>,
) -> Result<control::Response, Unanswered> {
    let method = request.method().clone();
    let reaction = match respond(&served, request).await {
        Answered::Provider(reaction) => reaction,
        Answered::Control(response) => return Ok(response),
    };
    if let Some(handed_over) = HandedOver::of(&reaction, method.as_str()) {
        // The connection's task looks for it as soon as this is pending.
        served.hand_over(handed_over);
        return std::future::pending().await;
    }
    if reaction.delay_milliseconds > 0 {
        tokio::select! {
            () = delivery::wait(reaction.delay_milliseconds) => {}
            () = served.stop.cancelled() => return Err(Unanswered),
        }
    }
    Ok(response(reaction.reply))
}

/// Who answered a request, and what.
enum Answered {
    /// The provider.
    Provider(Reaction),
    /// Its control API.
    Control(control::Response),
}

async fn respond(served: &Served, request: hyper::Request<Incoming>) -> Answered {
    let (shared, side) = (&served.shared, &served.side);
    let (parts, body) = request.into_parts();
    let body = match read_body(body).await {
        Ok(body) => body,
        Err(reply) => return Answered::Provider(reply.into()),
    };
    let target = parts.uri;
    let request = Request {
        method: parts.method.as_str().to_owned(),
        path: target.path().to_owned(),
        query: target.query().map(str::to_owned),
        headers: parts.headers,
        body,
        host: side.host(),
    };
    // What is about the provider as a whole needs no tenant at the root.
    let at_root = matches!(side, Side::Own(None)) && control_operation(&request.path).is_some();
    let at_root = at_root.then(|| request.clone());
    let found = shared.directory.find(side, target.authority(), request);
    let (tenant, request) = match (found, at_root) {
        (Ok((tenant, request)), at_root) => {
            // A further host has the provider's own routes only.
            let may_be_control = request.host.is_none() && !matches!(side, Side::Elsewhere);
            if may_be_control && control_operation(&request.path).is_some() {
                let below = control::Below {
                    tenant: Some(tenant),
                    is_root: at_root.is_some(),
                };
                return Answered::Control(Box::pin(control::answer(shared, below, &request)).await);
            }
            (tenant, request)
        }
        (Err(_), Some(request)) => {
            let below = control::Below {
                tenant: None,
                is_root: true,
            };
            return Answered::Control(Box::pin(control::answer(shared, below, &request)).await);
        }
        (Err(reply), None) => return Answered::Provider(reply.into()),
    };
    Answered::Provider(if matches!(side, Side::Elsewhere) {
        let elapsed = tenant.elapsed();
        tenant.lock().handle_elsewhere(&request, elapsed).into()
    } else {
        passage::pass(&tenant, request).await
    })
}

/// A whole body; what is answered where none comes that can be read.
async fn read_body(body: Incoming) -> Result<Bytes, Reply> {
    let refusal = |status, error: &str| Err(Reply::json(status, &json!({ "error": error })));
    match tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, LONGEST_BODY).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => refusal(413, "request_too_large"),
        // It ends before its declared length, or its chunks are none.
        Ok(Err(_)) => refusal(400, "invalid_request"),
        Err(_) => refusal(408, "request_timeout"),
    }
}

fn response(reply: Reply) -> control::Response {
    let body = Full::new(Bytes::from(reply.body));
    let mut response = hyper::Response::new(Either::Left(body));
    let headers = response.headers_mut();
    for (name, value) in reply.headers {
        match (header_name(&name), header_value(value)) {
            (Ok(name), Ok(value)) => drop(headers.append(name, value)),
            _ => return not_of_http(),
        }
    }
    match StatusCode::from_u16(reply.status) {
        Ok(status) => *response.status_mut() = status,
        Err(_) => return not_of_http(),
    }
    response
}

/// The answer in place of one with a status or a header that HTTP does not know.
fn not_of_http() -> control::Response {
    let mut response = hyper::Response::new(Either::Left(Full::default()));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

/// The name of a header. Those that nearly every answer has need no look-up.
fn header_name(name: &str) -> Result<HeaderName, InvalidHeaderName> {
    match name {
        "cache-control" => Ok(CACHE_CONTROL),
        "content-type" => Ok(CONTENT_TYPE),
        _ => HeaderName::from_bytes(name.as_bytes()),
    }
}

fn header_value(value: HeaderText) -> Result<HeaderValue, InvalidHeaderValue> {
    HeaderValue::from_maybe_shared(match value {
        Cow::Borrowed(text) => Bytes::from_static(text.as_bytes()),
        Cow::Owned(text) => Bytes::from(text),
    })
}
