//! Answers every request with the status and as many bytes as the request asks for, in place of a
//! target or a provider.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rescind_benches::runner::replay::ANSWER_HEADER;
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    anstream::println!("listening on http://{}", listener.local_addr()?);
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    }
}

async fn serve(stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service_fn(answer))
        .await;
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let asked_for = request.headers().get(ANSWER_HEADER).and_then(asked_for);
    let (status, length) = asked_for.unwrap_or((StatusCode::BAD_REQUEST, 0));
    let is_whole = request.into_body().collect().await.is_ok();
    let mut response = Response::new(Full::new(Bytes::from(vec![b' '; length])));
    *response.status_mut() = if is_whole {
        status
    } else {
        StatusCode::BAD_REQUEST
    };
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
}

/// A status code and a length.
fn asked_for(value: &HeaderValue) -> Option<(StatusCode, usize)> {
    let (status, length) = value.to_str().ok()?.split_once(' ')?;
    let status = StatusCode::from_bytes(status.as_bytes()).ok()?;
    Some((status, length.parse().ok()?))
}
