//! The measure: a client that sends what was recorded, reads every answer, and does nothing else.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::processor_time;
use super::recording::{Asked, Exchange};
use crate::Failure;
use crate::servers::Cores;

/// The header by which a server is told what to answer: a status code and a length.
pub const ANSWER_HEADER: &str = "x-answer";

/// What a bare client is to send, and to whom.
#[derive(Debug, Serialize, Deserialize)]
pub struct Replay {
    /// Who answers in the target's place.
    pub target: SocketAddr,
    /// Who answers in the provider's place.
    pub provider: SocketAddr,
    /// How many requests are under way at once.
    pub jobs: usize,
    /// Whether a call to the target has a connection of its own, as the runner's do.
    pub connects_to_target_anew: bool,
    /// What is sent.
    pub exchanges: Vec<Exchange>,
}

/// What it took.
#[derive(Debug, Serialize, Deserialize)]
pub struct Replayed {
    /// The milliseconds of processor time between the first request and the last answer.
    pub processor_milliseconds: f64,
}

/// A client for each who is asked.
struct Clients {
    target: Client<HttpConnector, Full<Bytes>>,
    provider: Client<HttpConnector, Full<Bytes>>,
}

impl Replay {
    /// Has the bare client, a process of its own, do it.
    pub fn have_done_by(&self, bare_client: &Path, cores: &Cores) -> Result<Replayed, Failure> {
        let failed =
            |error| Failure::of(&format!("{} cannot be run", bare_client.display()), &error);
        let text = serde_json::to_vec(self)
            .map_err(|error| Failure::of("what was recorded cannot be written", &error))?;
        let mut command = Command::new(bare_client);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = cores.spawn_load(&mut command).map_err(failed)?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(&text).map_err(failed)?;
        }
        let output = child.wait_with_output().map_err(failed)?;
        serde_json::from_slice(&output.stdout).map_err(|_| {
            Failure::new(
                "the bare client did not come to its end",
                "see on standard error why",
            )
        })
    }

    /// Sends everything, so many requests at once, each of which must be answered as it was.
    pub async fn send(self) -> Result<Replayed, Failure> {
        let replay = Arc::new(self);
        let mut target = Client::builder(TokioExecutor::new());
        if replay.connects_to_target_anew {
            target.pool_max_idle_per_host(0);
        }
        let clients = Arc::new(Clients {
            target: target.build_http(),
            provider: Client::builder(TokioExecutor::new()).build_http(),
        });
        let next = Arc::new(AtomicUsize::new(0));
        let before = processor_time::of_this_process()?;
        let mut workers = JoinSet::new();
        for _ in 0..replay.jobs.max(1) {
            let (replay, clients) = (Arc::clone(&replay), Arc::clone(&clients));
            let next = Arc::clone(&next);
            workers.spawn(async move {
                while let Some(exchange) =
                    replay.exchanges.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    replay.ask(&clients, exchange).await?;
                }
                Ok::<_, Failure>(())
            });
        }
        while let Some(worker) = workers.join_next().await {
            worker.map_err(|error| Failure::of("a worker ended abnormally", &error))??;
        }
        Ok(Replayed {
            processor_milliseconds: processor_time::of_this_process()? - before,
        })
    }

    async fn ask(&self, clients: &Clients, exchange: &Exchange) -> Result<(), Failure> {
        let (client, address) = match exchange.asked {
            Asked::Target => (&clients.target, self.target),
            Asked::Provider => (&clients.provider, self.provider),
        };
        let mut request = Request::builder()
            .method(exchange.method.as_str())
            .uri(format!("http://{address}{}", exchange.path));
        for (name, value) in &exchange.headers {
            request = request.header(name, value);
        }
        let answer = format!("{} {}", exchange.status, exchange.answer_length);
        let request = request
            .header(ANSWER_HEADER, answer)
            .body(Full::new(Bytes::from(exchange.body.clone())))
            .map_err(|error| Failure::of("a request cannot be made again", &error))?;
        let unanswered =
            |error: &dyn std::error::Error| Failure::of("a request was not answered", error);
        let response = client.request(request).await;
        let response = response.map_err(|error| unanswered(&error))?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await;
        let length = body.map_err(|error| unanswered(&error))?.to_bytes().len();
        if status != exchange.status || length != exchange.answer_length {
            return Err(Failure::new(
                format!(
                    "an answer is {status} of {length} bytes, and was {} of {}",
                    exchange.status, exchange.answer_length
                ),
                "the two servers must answer alike for the comparison to say anything",
            ));
        }
        Ok(())
    }
}
