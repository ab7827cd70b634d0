//! Server-sent events, and answers that wait for something to happen.

use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rescind_model::gate::Gate;
use rescind_model::vocabulary::Endpoint;
use rescind_provider::ledger::Moment;
use rescind_provider::message::Request;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Ask, World, access, refresh};

/// A stream of events.
struct Stream {
    body: Incoming,
    text: String,
}

/// One block of a stream: its fields.
#[derive(Debug, Default, PartialEq)]
struct Block {
    id: Option<String>,
    event: Option<String>,
    data: Value,
}

impl Stream {
    /// Opens the stream, after an event or from now on. Returns the id where it begins, too.
    async fn open(world: &World, path: &str, last: Option<&str>) -> (Self, String) {
        let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
        let mut request = hyper::Request::get(format!("{}{path}", world.tenant.base_url()));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let answer = client
            .request(request.body(Empty::new()).unwrap())
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let mut stream = Self {
            body: answer.into_body(),
            text: String::new(),
        };
        let begin = stream.block().await.unwrap();
        assert_eq!(begin.event, None);
        (stream, begin.id.unwrap())
    }

    /// The next block; none when the stream ends.
    async fn block(&mut self) -> Option<Block> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                let mut read = Block::default();
                for line in block.trim_end().lines() {
                    match line.split_once(": ") {
                        Some(("id", id)) => read.id = Some(id.to_owned()),
                        Some(("event", name)) => read.event = Some(name.to_owned()),
                        Some(("data", data)) => read.data = serde_json::from_str(data).unwrap(),
                        Some(("retry", _)) => {}
                        _ => panic!("{line}"),
                    }
                }
                return Some(read);
            }
            let frame = tokio::time::timeout(Duration::from_mins(1), self.body.frame());
            let frame = frame.await.expect("nothing comes")?;
            let bytes = frame.ok()?.into_data().unwrap();
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    /// The names of the next events, and the id of the last.
    async fn names(&mut self, count: usize) -> (Vec<String>, Option<String>) {
        let mut names = Vec::new();
        let mut id = None;
        for _ in 0..count {
            let block = self.block().await.unwrap();
            names.push(block.event.unwrap());
            id = block.id;
        }
        (names, id)
    }
}

fn revoking(world: &World, token: &str) -> Ask {
    Ask::post("/oauth2/revoke")
        .basic(&world.ada.client)
        .form(&[("token", token)])
}

#[tokio::test]
async fn everything_is_told_as_it_happens_and_in_its_order() {
    let world = World::start("rfc7009").await;
    let (mut stream, _) = Stream::open(&world, "/_rescind/events", None).await;
    world.send(revoking(&world, refresh(&world.ada))).await;
    let block = stream.block().await.unwrap();
    assert_eq!(block.event.as_deref(), Some("request"));
    assert_eq!(block.id, None, "its deaths are told with it");
    assert_eq!(block.data["number"], 1);
    assert_eq!(block.data["outcome"], "done");
    for (subject, cause) in [
        ("access_token", json!({ "cascade": 1 })),
        ("refresh_token", json!({ "revoked": 1 })),
    ] {
        let block = stream.block().await.unwrap();
        assert_eq!(block.event.as_deref(), Some("death"));
        assert_eq!(block.id.is_some(), subject == "refresh_token");
        assert_eq!(block.data["token"]["subject"], subject);
        assert_eq!(block.data["cause"], cause);
    }
    let fingerprint = world.tenant.fingerprints().fingerprint(access(&world.bob));
    let kill = json!({ "fingerprint": fingerprint });
    world.send(Ask::post("/_rescind/kill").json(&kill)).await;
    let death = stream.block().await.unwrap();
    assert_eq!(death.data["token"]["fingerprint"], fingerprint);
    assert_eq!(death.data["cause"], "at_provider");
    world.tenant.advance(5);
    let clock = stream.block().await.unwrap();
    assert_eq!(clock.event.as_deref(), Some("control"));
    assert_eq!(clock.data["clock"]["standing"], false);
    let gate = world.tenant.hold(Gate::before(Endpoint::Resource));
    gate.release();
    for state in ["waiting", "released"] {
        let block = stream.block().await.unwrap();
        assert_eq!(block.event.as_deref(), Some("gate"));
        assert_eq!(block.data, json!({ "gate": 1, "state": state }));
    }
}

#[tokio::test]
async fn no_event_shows_a_secret() {
    let world = World::start("rfc7009").await;
    let (mut stream, _) = Stream::open(&world, "/_rescind/events?after=start", None).await;
    world.send(revoking(&world, refresh(&world.ada))).await;
    world
        .send(Ask::get("/userinfo").bearer(access(&world.bob)))
        .await;
    let scanner = world
        .tenant
        .lock()
        .scanner(world.tenant.fingerprints().clone());
    for _ in 0..8 {
        let block = stream.block().await.unwrap();
        assert!(scanner.find(&block.data.to_string()).is_empty());
    }
}

#[tokio::test]
async fn whoever_comes_back_goes_on_where_it_stopped() {
    let world = World::start("rfc7009").await;
    let (mut stream, begin) = Stream::open(&world, "/_rescind/events", None).await;
    world.send(Ask::get("/userinfo")).await;
    world.tenant.lock().recover();
    world.send(Ask::get("/userinfo")).await;
    let (names, _) = stream.names(1).await;
    assert_eq!(names, ["request"]);
    let all = ["request", "control", "request"];
    // From the middle, from where it began, and from the very beginning.
    let (mut again, _) = Stream::open(&world, "/_rescind/events", Some(&begin)).await;
    let (names, last) = again.names(3).await;
    assert_eq!(names, all);
    let (rest, _) = stream.names(2).await;
    assert_eq!(rest, all[1..]);
    let (mut by_query, _) =
        Stream::open(&world, &format!("/_rescind/events?after={begin}"), None).await;
    assert_eq!(by_query.names(3).await.0, all);
    let (mut from_start, _) = Stream::open(&world, "/_rescind/events?after=start", None).await;
    let (names, _) = from_start.names(6 + 3).await;
    // Two clients and four grants were made first.
    assert_eq!(names[..6], ["control"; 6]);
    assert_eq!(names[6..], all);
    // From the end, there is nothing until something happens.
    let (mut later, _) = Stream::open(&world, "/_rescind/events", last.as_deref()).await;
    world.tenant.freeze();
    let block = later.block().await.unwrap();
    assert_eq!(block.data["clock"]["standing"], true);
}

#[tokio::test]
async fn a_reset_is_told_and_an_id_from_before_it_begins_anew() {
    let world = World::start("rfc7009").await;
    world.send(Ask::get("/userinfo")).await;
    let (mut stream, begin) = Stream::open(&world, "/_rescind/events", None).await;
    world.tenant.lock().reset();
    assert_eq!(stream.block().await.unwrap().data, "reset");
    world.send(Ask::get("/userinfo")).await;
    assert_eq!(stream.block().await.unwrap().data["number"], 1);
    let (mut again, _) = Stream::open(&world, "/_rescind/events", Some(&begin)).await;
    assert_eq!(again.block().await.unwrap().data, "reset");
    assert_eq!(again.block().await.unwrap().data["number"], 1);
}

#[tokio::test]
async fn what_is_not_kept_any_more_is_told_to_be_lost() {
    let world = World::start("rfc7009").await;
    {
        let mut state = world.tenant.lock();
        for _ in 0..10_001 {
            state.handle(&Request::default(), Moment(0));
        }
    }
    let (mut stream, _) = Stream::open(&world, "/_rescind/events?after=0-0-6", None).await;
    let lost = stream.block().await.unwrap();
    assert_eq!(lost.event.as_deref(), Some("lost"));
    assert_eq!(lost.data, json!({ "requests": true, "other": false }));
    assert_eq!(stream.block().await.unwrap().data["number"], 2);
}

#[tokio::test]
async fn an_id_that_is_none_is_a_mistake() {
    let world = World::start("rfc7009").await;
    for id in ["x", "1-2", "", "1-2-3-4"] {
        let ask = Ask::get("/_rescind/events").header("last-event-id", id);
        let answer = world.send(ask).await;
        assert_eq!(answer.status, 400, "{id}");
        assert_eq!(
            answer.json()["error"]["message"],
            "that is no id of an event"
        );
    }
}

#[tokio::test]
async fn a_stop_ends_every_stream() {
    let world = World::start("rfc7009").await;
    let (mut stream, _) = Stream::open(&world, "/_rescind/events", None).await;
    world.provider.stop().await;
    assert_eq!(stream.block().await, None);
}

/// Sends a control request that waits, lets something happen once it does, and returns its answer.
async fn wakes(world: &World, path: &str, happen: impl AsyncFnOnce()) -> Value {
    let address = world.provider.address();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    // The provider takes connections in turn: once it answers this one, it has the first.
    world.send(Ask::get("/_rescind/health")).await;
    happen().await;
    let mut answer = String::new();
    // Far less than it would wait for nothing.
    let read = tokio::time::timeout(Duration::from_secs(30), stream.read_to_string(&mut answer));
    read.await.expect("it does not wake").unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap()
}

#[tokio::test]
async fn the_journal_waits_for_the_next_request() {
    let world = World::start("rfc7009").await;
    world.send(Ask::get("/userinfo")).await;
    let path = "/_rescind/journal?after=1&wait_seconds=60";
    let journal = wakes(&world, path, async || {
        world.send(revoking(&world, access(&world.ada))).await;
    })
    .await;
    assert_eq!(journal["entries"][0]["number"], 2);
    // What is there already is not waited for.
    let at_once = wakes(&world, path, async || {}).await;
    assert_eq!(at_once["entries"][0]["number"], 2);
}

#[tokio::test]
async fn the_journal_waits_for_a_request_to_an_endpoint() {
    let world = World::start("rfc7009").await;
    let path = "/_rescind/journal?endpoint=revocation&wait_seconds=60";
    let journal = wakes(&world, path, async || {
        world.send(Ask::get("/userinfo")).await;
        world.send(revoking(&world, access(&world.ada))).await;
    })
    .await;
    let entries = journal["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["endpoint"], "revocation");
}

#[tokio::test]
async fn a_journal_in_which_nothing_happens_is_answered_in_the_end() {
    let world = World::start("rfc7009").await;
    let answer = world
        .send(Ask::get("/_rescind/journal?wait_seconds=1"))
        .await;
    assert_eq!(answer.json()["entries"], json!([]));
}

#[tokio::test]
async fn a_stop_ends_every_wait() {
    let world = World::start("rfc7009").await;
    let address = world.provider.address();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = "GET /_rescind/journal?wait_seconds=60 HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    world.send(Ask::get("/_rescind/health")).await;
    world.provider.stop().await;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("\"entries\":[]"), "{answer}");
}

#[tokio::test]
async fn the_journal_is_read_piece_by_piece() {
    let world = World::start("rfc7009").await;
    for _ in 0..5 {
        world.send(Ask::get("/userinfo")).await;
    }
    let mut after = Some(0);
    let mut pieces: Vec<Vec<u64>> = Vec::new();
    while let Some(number) = after {
        let path = format!("/_rescind/journal?limit=2&after={number}");
        let journal = world.send(Ask::get(path)).await.json();
        let entries = journal["entries"].as_array().unwrap().iter();
        pieces.push(
            entries
                .map(|entry| entry["number"].as_u64().unwrap())
                .collect(),
        );
        after = journal["next"].as_u64();
    }
    assert_eq!(pieces, [vec![1, 2], vec![3, 4], vec![5]]);
}
