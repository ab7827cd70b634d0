//! Every kind of fault on the wire: what a client sees of it, that nothing dies, and what the
//! journal says.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rescind_model::fault::{Answer, Effect, Fault, Hang, Origin, Redirect};
use rescind_model::vocabulary::Endpoint;
use rescind_provider::journal::Presented;
use rescind_provider::server::Address;
use rescind_provider::{Entry, Outcome};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Ask, Http, World, access, form, profile, refresh, send_raw};

const NOTHING_DIED: [&str; 0] = [];

fn set(world: &World, nth: Option<u32>, effect: Effect) {
    let mut fault = Fault::at(Endpoint::Revocation, effect);
    fault.meets.nth = nth;
    world.tenant.lock().fail(fault);
}

const fn answer(status: u16) -> Effect {
    Effect::Answer(Answer::of(status))
}

fn revoke(world: &World, token: &str) -> Ask {
    Ask::post("/oauth2/revoke")
        .basic(&world.ada.client)
        .form(&[("token", token)])
}

/// The Basic credentials of a world's client, as its header has them.
fn authorization(world: &World) -> String {
    let client = &world.ada.client;
    let encoded: Vec<String> = [&client.client_id, client.client_secret.expose()]
        .map(|text| form_urlencoded::byte_serialize(text.as_bytes()).collect())
        .to_vec();
    format!("Basic {}", STANDARD.encode(encoded.join(":")))
}

/// A revocation of ada's access token, byte for byte.
fn raw_revocation(world: &World, target: &str) -> String {
    let body = form(&[("token", access(&world.ada))]);
    format!(
        "POST {target} HTTP/1.1\r\nhost: provider\r\nconnection: close\r\nauthorization: {}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        authorization(world),
        body.len()
    )
}

/// What comes back to it, byte for byte: the head's lines, and the body.
async fn send_revocation(world: &World, target: &str) -> (Vec<String>, String) {
    let request = raw_revocation(world, target);
    let text = send_raw(world.provider.address(), request.as_bytes()).await;
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let lines = head.split("\r\n").map(str::to_owned).collect();
    (lines, body.to_owned())
}

/// The value of a header of a raw head.
fn header<'a>(head: &'a [String], name: &str) -> Option<&'a str> {
    head.iter()
        .filter_map(|line| line.split_once(": "))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// The newest entry is that of a faulted revocation of ada's access token, and nothing died.
fn check_faulted(world: &World) -> Entry {
    assert_eq!(world.noteworthy(), NOTHING_DIED);
    let entry = world.last_entry();
    assert_eq!(entry.outcome, Outcome::Fault);
    assert_eq!(
        (entry.endpoint, entry.route.as_deref()),
        (Some(Endpoint::Revocation), Some("revoke"))
    );
    assert!(matches!(entry.presented, Presented::Token(token) if token.grant == world.ada.grant));
    assert!(entry.is_dispatch() && !entry.acknowledged);
    assert!(entry.killed.is_empty() && entry.minted.is_empty() && entry.departures.is_empty());
    entry
}

#[tokio::test]
async fn an_error_can_ask_the_client_to_wait() {
    let world = World::start("rfc7009").await;
    let effect = Effect::Answer(Answer {
        retry_after: Some(7),
        echo: false,
        ..Answer::of(503)
    });
    set(&world, Some(1), effect);
    let (head, body) = send_revocation(&world, "/oauth2/revoke").await;
    assert_eq!(head[0], "HTTP/1.1 503 Service Unavailable");
    assert_eq!(header(&head, "retry-after"), Some("7"));
    assert_eq!(body, r#"{"error":"temporarily_unavailable"}"#);
    let entry = check_faulted(&world);
    assert_eq!((entry.status, entry.retry_after), (503, Some(7)));
}

#[tokio::test]
async fn an_error_without_a_wait_names_none() {
    let world = World::start("rfc7009").await;
    set(&world, Some(1), answer(503));
    let (head, _) = send_revocation(&world, "/oauth2/revoke").await;
    assert_eq!(header(&head, "retry-after"), None);
    assert_eq!(check_faulted(&world).retry_after, None);
    world.send(revoke(&world, access(&world.ada))).await;
    assert_eq!(world.last_entry().retry_after, None);
}

#[tokio::test]
async fn an_error_can_echo_body_and_credentials_and_the_journal_still_hides_them() {
    let world = World::start("rfc7009").await;
    let effect = Effect::Answer(Answer {
        retry_after: None,
        echo: true,
        ..Answer::of(500)
    });
    set(&world, Some(1), effect);
    let (head, body) = send_revocation(&world, "/oauth2/revoke?hint=none").await;
    assert_eq!(head[0], "HTTP/1.1 500 Internal Server Error");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        body,
        json!({
            "error": "temporarily_unavailable",
            "request": {
                "authorization": authorization(&world),
                "query": "hint=none",
                "body": form(&[("token", access(&world.ada))]),
            },
        })
    );
    let entry = check_faulted(&world);
    let key = world.tenant.fingerprints().clone();
    let scanner = world.tenant.lock().scanner(key);
    let written = entry.answer_lines(&scanner).join("\n");
    assert!(written.contains("temporarily_unavailable"), "{written}");
    assert!(scanner.find(&written).is_empty(), "the journal echoes, too");
    for secret in scanner.secrets() {
        assert!(!written.contains(secret.secret.expose()));
    }
}

#[tokio::test]
async fn an_echo_repeats_a_bearer_token_and_that_there_was_no_body() {
    let world = World::start("dropbox").await;
    let effect = Effect::Answer(Answer {
        retry_after: None,
        echo: true,
        ..Answer::of(400)
    });
    set(&world, None, effect);
    let ask = Ask::post("/2/auth/token/revoke").bearer(access(&world.ada));
    let echoed = &world.send(ask).await.json()["request"];
    let bearer = format!("Bearer {}", access(&world.ada));
    assert_eq!(
        echoed,
        &json!({ "authorization": bearer, "query": null, "body": "" })
    );
    assert_eq!(world.noteworthy(), NOTHING_DIED);
}

/// Waits until the journal has that many entries.
async fn received(world: &World, count: u64) {
    let mut poll = tokio::time::interval(Duration::from_millis(5));
    for _ in 0..2000 {
        if world.tenant.lock().journal().received() >= count {
            return;
        }
        poll.tick().await;
    }
    panic!("the request never came");
}

/// A revocation that is on its way and hangs: the first of its journal.
async fn hanging(world: &World) -> TcpStream {
    let mut stream = TcpStream::connect(world.provider.address()).await.unwrap();
    let request = raw_revocation(world, "/oauth2/revoke");
    stream.write_all(request.as_bytes()).await.unwrap();
    received(world, 1).await;
    stream
}

#[tokio::test]
async fn a_request_that_hangs_is_journalled_and_never_answered() {
    let world = World::start("rfc7009").await;
    set(&world, Some(1), Effect::Hang(Hang::default()));
    let stream = hanging(&world).await;
    let entry = check_faulted(&world);
    assert_eq!((entry.status, entry.retry_after), (0, None));
    assert_eq!(entry.answer_in_words(), "never answered");
    let key = world.tenant.fingerprints().clone();
    let scanner = world.tenant.lock().scanner(key);
    assert_eq!(entry.answer_lines(&scanner), ["never answered"]);
    // Others are served in the meantime.
    let answer = world.send(revoke(&world, access(&world.ada))).await;
    assert_eq!(answer.status, 200);
    assert_eq!(world.noteworthy(), ["ada access dead"]);
    assert_eq!(world.last_entry().answer_in_words(), "200");
    let nothing = stream.try_read(&mut [0]).unwrap_err();
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_request_that_hangs() {
    let world = World::start("rfc7009").await;
    set(&world, None, Effect::Hang(Hang::default()));
    let mut stream = hanging(&world).await;
    // The clock stands still as long as anything can run: a stop that waits lets it move on.
    tokio::time::pause();
    let stop = world.provider.stop();
    let stopped = tokio::time::timeout(Duration::from_nanos(1), stop).await;
    assert!(stopped.is_ok(), "the stop waited");
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert_eq!(rest, b"", "it was answered after all");
}

#[tokio::test]
async fn a_redirect_to_the_same_origin_names_the_very_address_that_was_asked() {
    for status in [301, 302, 303, 307, 308] {
        let world = World::start("rfc7009").await;
        let to = Origin::SameOrigin;
        set(&world, Some(1), Effect::Redirect(Redirect { status, to }));
        let (head, body) = send_revocation(&world, "/oauth2/revoke?a=b%20c").await;
        assert!(head[0].starts_with(&format!("HTTP/1.1 {status} ")));
        let expected = format!("{}/oauth2/revoke?a=b%20c", world.tenant.base_url());
        assert_eq!(header(&head, "location"), Some(expected.as_str()));
        assert_eq!(body, r#"{"error":"moved"}"#);
        assert_eq!(check_faulted(&world).status, status);
        // Whoever follows succeeds.
        let again = world.send(revoke(&world, access(&world.ada))).await;
        assert_eq!(again.status, 200);
        assert_eq!(world.noteworthy(), ["ada access dead"]);
    }
}

#[tokio::test]
async fn a_redirect_leads_to_the_tenant_that_it_comes_from() {
    let world = World::start("rfc7009").await;
    let below = Address::Below("one".into());
    let tenant = world
        .provider
        .add_tenant(&below, "one", profile("rfc7009"))
        .unwrap();
    let elsewhere = format!("{}/t/one/oauth2/revoke", world.provider.elsewhere_url());
    let own = format!("{}/oauth2/revoke", tenant.base_url());
    for (to, expected) in [(Origin::SameOrigin, own), (Origin::OtherOrigin, elsewhere)] {
        tenant.lock().recover();
        tenant.lock().fail(Fault::at(
            Endpoint::Revocation,
            Effect::Redirect(Redirect { status: 308, to }),
        ));
        let ask = Ask::post("/oauth2/revoke");
        let answer = Http::new().send(tenant.base_url(), ask).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (308, Some(expected.as_str()))
        );
    }
}

#[tokio::test]
async fn a_redirect_to_another_origin_names_one_where_everything_looks_well() {
    let world = World::start("rfc7009").await;
    let (status, to) = (307, Origin::OtherOrigin);
    set(&world, None, Effect::Redirect(Redirect { status, to }));
    let (head, _) = send_revocation(&world, "/oauth2/revoke").await;
    let location = header(&head, "location").unwrap();
    let elsewhere = world.provider.elsewhere_url();
    assert_eq!(location, format!("{elsewhere}/oauth2/revoke"));
    assert!(!location.starts_with(world.tenant.base_url()));
    check_faulted(&world);
    let followed = Http::new()
        .send(&elsewhere, revoke(&world, access(&world.ada)))
        .await;
    assert_eq!((followed.status, followed.body.as_str()), (200, "{}"));
    assert_eq!(world.noteworthy(), NOTHING_DIED);
    assert_eq!(world.last_entry().outcome, Outcome::Elsewhere);
}

#[tokio::test]
async fn each_kind_counts_requests_and_takes_its_turn() {
    let world = World::start("rfc7009").await;
    let (status, to) = (307, Origin::SameOrigin);
    set(&world, Some(2), Effect::Redirect(Redirect { status, to }));
    set(&world, Some(3), answer(429));
    set(&world, Some(4), answer(500));
    let tokens = [
        access(&world.ada),
        access(&world.twin),
        access(&world.twin),
        access(&world.twin),
        refresh(&world.twin),
    ];
    let mut statuses = Vec::new();
    for token in tokens {
        statuses.push(world.send(revoke(&world, token)).await.status);
    }
    assert_eq!(statuses, [200, 307, 429, 500, 200]);
    assert_eq!(
        world.noteworthy(),
        ["ada access dead", "twin access dead", "twin refresh dead"]
    );
}

#[tokio::test]
async fn the_control_api_sets_every_kind() {
    let world = World::start("rfc7009").await;
    for (fault, expected) in [
        (
            json!({ "answer": { "status": 429, "retry_after": 3 } }),
            (429, Some("3"), false),
        ),
        (
            json!({ "answer": { "status": 400, "echo": true } }),
            (400, None, false),
        ),
        (
            json!({ "redirect": { "to": "same_origin" } }),
            (307, None, true),
        ),
        (
            json!({ "redirect": { "to": "other_origin", "status": 302 } }),
            (302, None, true),
        ),
    ] {
        let mut body = json!({ "endpoint": "revocation", "nth": 1 });
        body.as_object_mut()
            .unwrap()
            .extend(fault.as_object().unwrap().clone());
        let set = world.send(Ask::post("/_rescind/faults").json(&body)).await;
        assert_eq!((set.status, &set.json()["matched"]), (200, &json!(0)));
        let answer = world.send(revoke(&world, access(&world.ada))).await;
        let met = (
            answer.status,
            answer.header("retry-after"),
            answer.header("location").is_some(),
        );
        assert_eq!(met, expected, "{fault}");
        assert_eq!(
            answer.body.contains("authorization"),
            fault["answer"]["echo"] == true
        );
    }
    let hang = json!({ "endpoint": "revocation", "hang": {} });
    world.send(Ask::post("/_rescind/faults").json(&hang)).await;
    let mut stream = TcpStream::connect(world.provider.address()).await.unwrap();
    let request = raw_revocation(&world, "/oauth2/revoke");
    stream.write_all(request.as_bytes()).await.unwrap();
    received(&world, 5).await;
    assert_eq!(check_faulted(&world).status, 0);
}
