//! What published clients send, byte for byte, and three sendings of one call that overlap.
//!
//! Each `traffic/NAME.http` is a request, its lines ended by LF in the file and by CRLF on the
//! wire, with holes `{key}`, `{account}` and `{account_encoded}`. Beside it, `NAME.expected` says
//! the status of the account before (`account`), and of the answer: its `status`, what
//! `x-should-retry` says, how many calls reach the provider (`dispatches`), and after an empty
//! line its body, in which `<string>` and `<integer>` stand for any.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::raw::{RawAnswer, encode, exchange};
use crate::support::until_arrived;
use crate::support::{API_KEY, Harness, both, ok};

const REVOKE: &str = "/oauth2/revoke";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/traffic")
}

fn fill(text: &str, account: &str) -> String {
    text.replace("{key}", API_KEY)
        .replace("{account}", account)
        .replace("{account_encoded}", &encode(account))
}

fn request(name: &str, account: &str) -> Vec<u8> {
    let text = std::fs::read_to_string(folder().join(format!("{name}.http"))).unwrap();
    // The newline at the end of the file is none of the request.
    let text = text.strip_suffix('\n').unwrap();
    fill(text, account).replace('\n', "\r\n").into_bytes()
}

struct Expected {
    fields: BTreeMap<String, String>,
    body: Value,
}

impl Expected {
    fn read(name: &str, account: &str) -> Self {
        let path = folder().join(format!("{name}.expected"));
        let text = fill(&std::fs::read_to_string(path).unwrap(), account);
        let (head, body) = text.split_once("\n\n").unwrap();
        Self {
            fields: head
                .lines()
                .map(|line| line.split_once(": ").unwrap())
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: serde_json::from_str(body).unwrap(),
        }
    }
}

fn matches(shape: &Value, value: &Value) -> bool {
    match (shape, value) {
        (Value::String(any), _) if any == "<string>" => value.is_string(),
        (Value::String(any), _) if any == "<integer>" => value.is_u64(),
        (Value::Object(shape), Value::Object(members)) => {
            shape.len() == members.len()
                && shape.iter().all(|(name, shape)| {
                    members.get(name).is_some_and(|value| matches(shape, value))
                })
        }
        _ => shape == value,
    }
}

fn check(name: &str, expected: &Expected, answer: &RawAnswer) {
    assert_eq!(
        answer.status.to_string(),
        expected.fields["status"],
        "{name}: {answer:?}"
    );
    let should_retry = answer.header("x-should-retry").unwrap_or("absent");
    assert_eq!(should_retry, expected.fields["x-should-retry"], "{name}");
    assert!(matches(&expected.body, &answer.body), "{name}: {answer:?}");
}

fn names() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".http").map(str::to_owned))
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn every_request_is_answered_as_is_written_beside_it() {
    let names = names();
    assert!(names.len() >= 12, "{names:?}");
    for name in names {
        let harness = Harness::start().await;
        harness.answer(REVOKE, ok()).await;
        let status = Expected::read(&name, "").fields["account"].clone();
        let mut val = both();
        val["status"] = json!(status);
        let account = harness.account("rfc7009", val).await;
        let expected = Expected::read(&name, &account);
        let answer = exchange(harness.service.local_addr(), &request(&name, &account)).await;
        check(&name, &expected, &answer);
        let dispatches = harness.journal().await.len();
        assert_eq!(
            dispatches.to_string(),
            expected.fields["dispatches"],
            "{name}"
        );
    }
}

/// A client that waited too long closes its connection and sends again; the published ones do it
/// twice.
#[tokio::test]
async fn sendings_that_overlap_kill_once_and_none_fails() {
    let harness = Harness::start().await;
    harness
        .answer(REVOKE, ok().set_delay(Duration::from_millis(300)))
        .await;
    let account = harness.account_with_both("rfc7009").await;
    let address = harness.service.local_addr();
    let bytes = request("newer-client", &account);
    let patience = Duration::from_millis(50);
    let first = async {
        let given_up = async { until_arrived(&harness, REVOKE).await };
        tokio::select! {
            answer = exchange(address, &bytes) => panic!("answered too early: {answer:?}"),
            () = given_up => {}
        }
    };
    first.await;
    let second = tokio::time::timeout(patience, exchange(address, &bytes)).await;
    assert!(second.is_err(), "{second:?}");
    let third = exchange(address, &bytes).await;
    assert_eq!(third.status, 200, "{third:?}");
    assert_eq!(third.body["connected_account"]["status"], "REVOKED");
    let mut journal = harness.journal().await;
    journal.sort();
    assert_eq!(journal.len(), 2, "{journal:?}");
    assert!(journal[0].contains("hint=access_token") && journal[1].contains("hint=refresh_token"));
}

/// The same with clients that wait: nobody is told of an error, and one is told of the kill.
#[tokio::test]
async fn sendings_at_once_kill_once_and_none_fails() {
    let harness = Harness::start().await;
    harness
        .answer(REVOKE, ok().set_delay(Duration::from_millis(150)))
        .await;
    let account = harness.account_with_both("rfc7009").await;
    let address = harness.service.local_addr();
    let (newer, older, other) = (
        request("newer-client", &account),
        request("older-python-client", &account),
        request("empty-object", &account),
    );
    let answers = tokio::join!(
        exchange(address, &newer),
        exchange(address, &older),
        exchange(address, &other)
    );
    let mut killed = 0;
    for answer in [answers.0, answers.1, answers.2] {
        assert_eq!(answer.status, 200, "{answer:?}");
        killed += answer.body["revoked_tokens"].as_array().unwrap().len();
    }
    assert_eq!((killed, harness.journal().await.len()), (2, 2));
}
