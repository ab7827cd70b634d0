//! Answers that come in pieces, end early, or are longer or shorter than they say.

use serde_json::{Value, json};

use super::{End, Line, NOTHING, REVOKED, SHOWN, ada_is_shown, ada_revokes, fail, send, settled};
use crate::support::{Ask, World, access};

fn shown(kind: &str, parameters: &Value) -> Value {
    json!({ "endpoint": "resource", "nth": 1, kind: parameters })
}

/// What the journal's newest entry says came of an answer: its status, and what is wrong with it.
fn check_entry(world: &World, status: u16, flaw: Option<&str>) {
    let entry = world.last_entry();
    assert_eq!(entry.status, status);
    let key = world.tenant.fingerprints().clone();
    let scanner = world.tenant.lock().scanner(key);
    let lines = entry.answer_lines(&scanner);
    let flaws: Vec<&String> = lines.iter().filter(|line| line.starts_with('(')).collect();
    let expected: Vec<String> = flaw.iter().map(|flaw| format!("({flaw})")).collect();
    assert_eq!(flaws, expected.iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_truncated_answer_ends_at_its_byte_wherever_that_is() {
    let world = World::start("rfc7009").await;
    let request = ada_is_shown(&world);
    for at_byte in [1, 12, 16, 17, 60, 96, 97, 98, 109, 110, 111, 1000] {
        fail(&world, &shown("truncate", &json!({ "at_byte": at_byte })));
        let expected = &SHOWN[..SHOWN.len().min(at_byte)];
        let came = send(&world, &request).await;
        assert_eq!(came, (expected.to_owned(), End::Closed), "{at_byte}");
        let status = if at_byte < 17 { 0 } else { 200 };
        let flaw = format!("cut off after {at_byte} of {} bytes", SHOWN.len());
        let is_cut = at_byte < SHOWN.len();
        check_entry(&world, status, is_cut.then_some(&flaw));
        world.tenant.lock().recover();
    }
}

#[tokio::test]
async fn a_truncated_revocation_has_killed_and_has_acknowledged_nothing() {
    let world = World::start("rfc7009").await;
    let fault = json!({ "endpoint": "revocation", "nth": 1, "truncate": { "at_byte": 40 } });
    fail(&world, &fault);
    let came = send(&world, &ada_revokes(&world)).await;
    assert_eq!(came, (REVOKED[..40].to_owned(), End::Closed));
    assert_eq!(world.noteworthy(), ["ada access dead"]);
    let entry = world.last_entry();
    assert_eq!((entry.status, entry.acknowledged), (200, false));
    assert_eq!((entry.killed.len(), entry.faults), (1, vec!["truncate"]));
}

#[tokio::test]
async fn a_revocation_that_is_shorter_than_its_cut_is_acknowledged() {
    let world = World::start("rfc7009").await;
    let at_byte = REVOKED.len();
    let fault = json!({ "endpoint": "revocation", "truncate": { "at_byte": at_byte } });
    fail(&world, &fault);
    let came = send(&world, &ada_revokes(&world)).await;
    assert_eq!(came, (REVOKED.to_owned(), End::Closed));
    assert!(world.last_entry().acknowledged);
}

#[tokio::test]
async fn a_wrong_length_is_off_by_as_much_as_is_asked_and_the_body_is_whole() {
    let world = World::start("rfc7009").await;
    let request = ada_is_shown(&world);
    for (by, declared) in [
        (1, "14"),
        (1000, "1013"),
        (-1, "12"),
        (-13, "0"),
        (-50, "0"),
    ] {
        fail(&world, &shown("wrong_length", &json!({ "by": by })));
        let expected = SHOWN.replace("content-length: 13", &format!("content-length: {declared}"));
        assert_eq!(send(&world, &request).await, (expected, End::Closed));
        check_entry(
            &world,
            200,
            Some(&format!("content-length {declared} in place of 13")),
        );
        world.tenant.lock().recover();
    }
}

#[tokio::test]
async fn a_revocation_of_a_wrong_length_has_killed_and_has_acknowledged_nothing() {
    let world = World::start("rfc7009").await;
    let fault = json!({ "endpoint": "revocation", "wrong_length": { "by": 5 } });
    fail(&world, &fault);
    let expected = REVOKED.replace("content-length: 0", "content-length: 5");
    let came = send(&world, &ada_revokes(&world)).await;
    assert_eq!(came, (expected, End::Closed));
    assert_eq!(world.noteworthy(), ["ada access dead"]);
    assert!(!world.last_entry().acknowledged);
}

/// The answer of a drip, which says that the connection ends.
fn dripped(answer: &str) -> String {
    answer.replacen("\r\n\r\n", "\r\nconnection: close\r\n\r\n", 1)
}

#[tokio::test]
async fn a_drip_comes_in_pieces_of_its_size_and_in_the_end_whole() {
    let world = World::start("rfc7009").await;
    let fault = json!({ "bytes": 40, "every_milliseconds": 60_000 });
    fail(&world, &shown("drip", &fault));
    let mut line = Line::sending(&world, &ada_is_shown(&world)).await;
    let whole = dripped(SHOWN);
    let (first, rest) = whole.split_at(40);
    assert_eq!(line.read(40).await, first);
    // A minute has not passed: there is no second piece.
    settled(&world, 1).await;
    assert!(line.is_silent());
    // Time passes as soon as nothing else can happen.
    tokio::time::pause();
    assert_eq!(line.rest().await, (rest.to_owned(), End::Closed));
    check_entry(&world, 200, None);
}

#[tokio::test]
async fn a_drip_of_a_byte_at_a_time_comes_whole() {
    let world = World::start("rfc7009").await;
    let fault = json!({ "bytes": 1, "every_milliseconds": 1 });
    fail(&world, &shown("drip", &fault));
    let came = send(&world, &ada_is_shown(&world)).await;
    assert_eq!(came, (dripped(SHOWN), End::Closed));
}

#[tokio::test]
async fn a_revocation_that_drips_is_acknowledged_before_its_last_byte_has_come() {
    let world = World::start("rfc7009").await;
    let drip = json!({ "bytes": 1, "every_milliseconds": 60_000 });
    fail(&world, &json!({ "endpoint": "revocation", "drip": drip }));
    let mut line = Line::sending(&world, &ada_revokes(&world)).await;
    assert_eq!(line.read(1).await, "H");
    let entry = world.last_entry();
    assert!(entry.acknowledged);
    assert_eq!((entry.status, entry.faults), (200, vec!["drip"]));
    assert_eq!(world.noteworthy(), ["ada access dead"]);
}

#[tokio::test]
async fn an_answer_to_head_is_spoiled_without_a_body() {
    let world = World::start("rfc7009").await;
    fail(&world, &shown("wrong_length", &json!({ "by": 2 })));
    let request = ada_is_shown(&world).replacen("GET", "HEAD", 1);
    let (came, _) = send(&world, &request).await;
    // The resource knows no HEAD, and says what it does know.
    assert!(came.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
    assert!(came.contains("\r\nallow: GET\r\ncontent-length: 32\r\n\r\n"));
    assert!(came.ends_with("\r\n\r\n"));
}

#[tokio::test]
async fn what_is_spoiled_closes_its_connection_and_no_other() {
    let world = World::start("rfc7009").await;
    let mut kept = Line::sending(&world, &ada_revokes(&world)).await;
    assert_eq!(kept.answer().await, REVOKED);
    fail(&world, &shown("truncate", &json!({ "at_byte": 5 })));
    let twice = ada_is_shown(&world).repeat(2);
    let came = send(&world, &twice).await;
    // The second request went with its connection, which was closed, and not reset.
    assert_eq!(came, ("HTTP/".to_owned(), End::Closed));
    assert_eq!(world.tenant.lock().journal().received(), 2);
    kept.send(&ada_revokes(&world)).await;
    assert_eq!(kept.answer().await, REVOKED);
}

#[tokio::test]
async fn nothing_of_a_refused_request_is_lost() {
    let world = World::start("rfc7009").await;
    let fault = json!({ "endpoint": "revocation", "wrong_length": { "by": -1 } });
    fail(&world, &fault);
    let answer = send(
        &world,
        &super::revocation(&world.rival.client, access(&world.ada)),
    )
    .await;
    assert!(answer.0.starts_with("HTTP/1.1 400 Bad Request\r\n"));
    assert!(answer.0.ends_with(r#"{"error":"invalid_grant"}"#));
    assert_eq!(world.noteworthy(), NOTHING);
    let ask = Ask::get("/userinfo").bearer(access(&world.ada));
    assert_eq!(world.send(ask).await.status, 200);
}
