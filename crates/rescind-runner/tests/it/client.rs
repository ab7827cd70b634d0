//! The runner's HTTP client tells every failure from every other.

use std::net::SocketAddr;
use std::time::Duration;

use rescind_runner::record::{CallFailure, CallOutcome, Sent};
use rescind_runner::target::Client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Generous where nothing is to time out.
const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(200);
const LONGEST_ANSWER: usize = 100_000;

/// A server that reads a request and then does as it is told with the connection.
async fn server<Act, Done>(act: Act) -> SocketAddr
where
    Act: FnOnce(TcpStream) -> Done + Send + 'static,
    Done: Future<Output = std::io::Result<()>> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await?;
        // A client that gave up ends the connection: no failure of the server.
        act(stream).await
    });
    address
}

async fn call(address: SocketAddr, limit: Duration) -> CallOutcome {
    call_for(address, limit, LONGEST_ANSWER).await
}

async fn call_for(address: SocketAddr, limit: Duration, longest_answer: usize) -> CallOutcome {
    let base_url = format!("http://{address}");
    let client = Client::new(&base_url, None).expect("a client");
    let sent = Sent {
        method: "POST".into(),
        path: "/x".into(),
        ..Sent::default()
    };
    client
        .send(&base_url, sent, limit, longest_answer)
        .await
        .outcome
}

fn failure(outcome: CallOutcome) -> CallFailure {
    match outcome {
        CallOutcome::Failed(failure) => failure,
        CallOutcome::Answered(answered) => panic!("answered {}", answered.status),
    }
}

#[tokio::test]
async fn a_whole_answer_comes_as_it_was_sent() {
    let address = server(|mut stream| async move {
        stream
            .write_all(b"HTTP/1.1 418 Whatever\r\nx-a: b\r\ncontent-length: 2\r\n\r\nhi")
            .await
    })
    .await;
    let CallOutcome::Answered(answered) = call(address, LONG).await else {
        panic!("no answer")
    };
    assert_eq!(
        (
            answered.status,
            &answered.body[..],
            &answered.headers["x-a"]
        ),
        (418, &b"hi"[..], &http::HeaderValue::from_static("b"))
    );
}

#[tokio::test]
async fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    assert!(matches!(
        failure(call(address, LONG).await),
        CallFailure::NotConnected(_)
    ));
}

#[tokio::test]
async fn no_answer_comes_in_time() {
    let address = server(|mut stream| async move {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.map(|_| ())
    })
    .await;
    assert_eq!(
        failure(call(address, SHORT).await),
        CallFailure::TimedOut(200)
    );
}

#[tokio::test]
async fn an_answer_that_never_ends_is_not_waited_for() {
    let address = server(|mut stream| async move {
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhal")
            .await?;
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.map(|_| ())
    })
    .await;
    assert_eq!(
        failure(call(address, SHORT).await),
        CallFailure::TimedOut(200)
    );
}

/// A server whose body comes byte by byte and never ends.
async fn dripping() -> SocketAddr {
    server(|mut stream| async move {
        stream.set_nodelay(true)?;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            .await?;
        loop {
            stream.write_all(b"1\r\n.\r\n").await?;
            tokio::task::yield_now().await;
        }
    })
    .await
}

#[tokio::test]
async fn a_body_that_drips_for_ever_ends_with_the_limit_of_time() {
    let outcome = call_for(dripping().await, SHORT, usize::MAX).await;
    assert_eq!(failure(outcome), CallFailure::TimedOut(200));
}

#[tokio::test]
async fn a_body_that_drips_for_ever_ends_with_the_limit_of_length() {
    let outcome = call_for(dripping().await, LONG, 100).await;
    assert_eq!(failure(outcome), CallFailure::TooLong(100));
}

#[tokio::test]
async fn a_body_may_be_just_as_long_as_the_limit() {
    for (longest, whole) in [(2, true), (1, false)] {
        let address = server(|mut stream| async move {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")
                .await
        })
        .await;
        let outcome = call_for(address, LONG, longest).await;
        let answered = matches!(outcome, CallOutcome::Answered(_));
        assert_eq!(answered, whole, "{outcome:?}");
    }
}

#[tokio::test]
async fn the_connection_closes_before_an_answer() {
    let address = server(|stream| async move {
        drop(stream);
        Ok(())
    })
    .await;
    assert!(matches!(
        failure(call(address, LONG).await),
        CallFailure::Broken(_)
    ));
}

#[tokio::test]
async fn the_connection_is_reset() {
    let address = server(|stream| async move { stream.set_zero_linger() }).await;
    assert!(matches!(
        failure(call(address, LONG).await),
        CallFailure::Broken(_)
    ));
}

#[tokio::test]
async fn the_body_is_cut_short() {
    let address = server(|mut stream| async move {
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhal")
            .await
    })
    .await;
    assert!(matches!(
        failure(call(address, LONG).await),
        CallFailure::Broken(_)
    ));
}

#[tokio::test]
async fn what_comes_is_no_http() {
    let address =
        server(|mut stream| async move { stream.write_all(b"SSH-2.0-whatever\r\n\r\n").await })
            .await;
    assert!(matches!(
        failure(call(address, LONG).await),
        CallFailure::Broken(_)
    ));
}

#[tokio::test]
async fn the_body_is_too_long() {
    let address = server(|mut stream| async move {
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n")
            .await?;
        loop {
            stream.write_all(&[b' '; 8192]).await?;
        }
    })
    .await;
    assert_eq!(
        failure(call(address, LONG).await),
        CallFailure::TooLong(LONGEST_ANSWER)
    );
}
