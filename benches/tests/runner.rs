//! Whether what a runner asks for can be written down and sent again; never what that takes.

#![allow(
    clippy::unwrap_used,
    reason = "clippy's own exception for tests covers test functions, not their helpers"
)]

use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rescind_benches::runner::recording::{Asked, Exchange, Recorder};
use rescind_benches::runner::replay::{ANSWER_HEADER, Replay};
use rescind_benches::servers::{Cores, Server};

fn sized_server() -> Server {
    let command = Command::new(env!("CARGO_BIN_EXE_sized-server"));
    Server::start(command, &Cores::divide()).unwrap()
}

async fn ask(address: SocketAddr, path: &str, body: &'static str, answer: &str) -> (u16, usize) {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let request = Request::post(format!("http://{address}{path}"))
        .header(ANSWER_HEADER, answer)
        .body(Full::new(Bytes::from_static(body.as_bytes())))
        .unwrap();
    let response = client.request(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap();
    (status, body.to_bytes().len())
}

fn exchange(asked: Asked, path: &str, status: u16, answer_length: usize) -> Exchange {
    Exchange {
        asked,
        method: "POST".to_owned(),
        path: path.to_owned(),
        headers: vec![("accept".to_owned(), "application/json".to_owned())],
        body: "{}".to_owned(),
        status,
        answer_length,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_is_passed_on_and_written_down() {
    let server = sized_server();
    let exchanges = Arc::new(Mutex::new(Vec::new()));
    let target = Recorder::before(Asked::Target, server.address(), &exchanges)
        .await
        .unwrap();
    let provider = Recorder::before(Asked::Provider, server.address(), &exchanges)
        .await
        .unwrap();
    let first = ask(target.address(), "/revoke?really=yes", "all", "422 7").await;
    let second = ask(provider.address(), "/t/x/_rescind/grants", "", "201 0").await;
    assert_eq!((first, second), ((422, 7), (201, 0)));

    let header = |answer: &str| vec![(ANSWER_HEADER.to_owned(), answer.to_owned())];
    let expected = [
        Exchange {
            headers: header("422 7"),
            body: "all".to_owned(),
            ..exchange(Asked::Target, "/revoke?really=yes", 422, 7)
        },
        Exchange {
            headers: header("201 0"),
            body: String::new(),
            ..exchange(Asked::Provider, "/t/x/_rescind/grants", 201, 0)
        },
    ];
    assert_eq!(target.take(), expected);
    assert!(provider.take().is_empty(), "both write into one book");
}

#[test]
fn what_was_written_down_is_sent_again_by_a_process_of_its_own() {
    let (target, provider) = (sized_server(), sized_server());
    for connects_to_target_anew in [false, true] {
        let replay = Replay {
            target: target.address(),
            provider: provider.address(),
            jobs: 2,
            connects_to_target_anew,
            exchanges: vec![
                exchange(Asked::Target, "/revoke", 200, 3),
                exchange(Asked::Provider, "/grants", 404, 20_000),
                exchange(Asked::Target, "/revoke", 502, 0),
            ],
        };
        let bare_client = env!("CARGO_BIN_EXE_bare-client");
        let replayed = replay
            .have_done_by(bare_client.as_ref(), &Cores::divide())
            .unwrap();
        assert!(replayed.processor_milliseconds >= 0.0);
    }
}

#[test]
fn a_server_that_answers_otherwise_ends_the_comparison() {
    // It answers 200 and `{}`, whatever is asked of it.
    let command = Command::new(env!("CARGO_BIN_EXE_bare-server"));
    let server = Server::start(command, &Cores::divide()).unwrap();
    let replay = Replay {
        target: server.address(),
        provider: server.address(),
        jobs: 1,
        connects_to_target_anew: false,
        exchanges: vec![exchange(Asked::Target, "/revoke", 422, 2)],
    };
    let bare_client = env!("CARGO_BIN_EXE_bare-client");
    let failure = replay
        .have_done_by(bare_client.as_ref(), &Cores::divide())
        .unwrap_err();
    let said = failure.to_string();
    assert!(said.contains("did not come to its end"), "{said}");
}

#[test]
fn a_program_that_is_not_there_is_an_error_that_names_it() {
    let output = Command::new(env!("CARGO_BIN_EXE_runner-benchmark"))
        .args(["--quick", "--rescind", "no-such-program"])
        .args(["--bare-client", "neither", "--sized-server", "nor-this"])
        .output()
        .unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        errors.contains("error: no-such-program cannot be started"),
        "{errors}"
    );
}
