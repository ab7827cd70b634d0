//! What a runner asks of its target and of its provider, written down on the way.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_LENGTH, HOST};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};

use crate::Failure;

/// Whom a runner asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// The endpoint that is judged.
    Target,
    /// The provider, by its control API.
    Provider,
}

/// A request, and how large its answer was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// Who was asked.
    pub asked: Asked,
    /// The method.
    pub method: String,
    /// The path and what follows it.
    pub path: String,
    /// The headers, without those that every client sets by itself.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// The status code of the answer.
    pub status: u16,
    /// The bytes of the answer's body.
    pub answer_length: usize,
}

/// Somebody in between, who passes everything on and writes it down.
#[derive(Debug)]
pub struct Recorder {
    address: SocketAddr,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
}

/// What every connection to a recorder shares.
#[derive(Clone, Debug)]
struct Between {
    asked: Asked,
    /// Who is really asked.
    destination: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
}

impl Recorder {
    /// One that passes on to this address what it writes down beside the others' exchanges. It
    /// listens as long as the runtime lives.
    pub async fn before(
        asked: Asked,
        destination: SocketAddr,
        exchanges: &Arc<Mutex<Vec<Exchange>>>,
    ) -> Result<Self, Failure> {
        let nowhere = |error| Failure::of("a recorder cannot listen", &error);
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
            .await
            .map_err(nowhere)?;
        let address = listener.local_addr().map_err(nowhere)?;
        let between = Between {
            asked,
            destination,
            client: Client::builder(TokioExecutor::new()).build_http(),
            exchanges: Arc::clone(exchanges),
        };
        tokio::spawn(async move {
            loop {
                if let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, between.clone()));
                }
            }
        });
        Ok(Self {
            address,
            exchanges: Arc::clone(exchanges),
        })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What has been said until now, and is forgotten with this.
    pub fn take(&self) -> Vec<Exchange> {
        std::mem::take(&mut *lock(&self.exchanges))
    }
}

fn lock(exchanges: &Mutex<Vec<Exchange>>) -> std::sync::MutexGuard<'_, Vec<Exchange>> {
    exchanges.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(stream: TcpStream, between: Between) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let between = between.clone();
        async move { Ok::<_, Infallible>(between.pass(request).await.unwrap_or_else(unpassed)) }
    });
    // A client that has left need not be answered.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// The answer where there is none.
fn unpassed() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}

impl Between {
    /// Passes a request on, and writes it down with its answer. Nothing if either breaks off.
    async fn pass(&self, request: Request<Incoming>) -> Option<Response<Full<Bytes>>> {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query()?.to_string();
        let body = body.collect().await.ok()?.to_bytes();
        let mut exchange = Exchange {
            asked: self.asked,
            method: parts.method.to_string(),
            path: path.clone(),
            headers: own_headers(&parts.headers),
            body: String::from_utf8_lossy(&body).into_owned(),
            status: 0,
            answer_length: 0,
        };
        let uri = format!("http://{}{path}", self.destination);
        parts.uri = uri.parse::<Uri>().ok()?;
        // Who is asked is the one behind.
        parts.headers.remove(HOST);
        let sent = Request::from_parts(parts, Full::new(body));
        let (mut parts, body) = self.client.request(sent).await.ok()?.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        parts.headers.remove(CONNECTION);
        exchange.status = parts.status.as_u16();
        exchange.answer_length = body.len();
        lock(&self.exchanges).push(exchange);
        Some(Response::from_parts(parts, Full::new(body)))
    }
}

fn own_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let own = headers
        .iter()
        .filter(|(name, _)| ![&HOST, &CONTENT_LENGTH, &CONNECTION].contains(name));
    own.map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.to_string(), value)
    })
    .collect()
}
