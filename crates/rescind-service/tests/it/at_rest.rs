//! What lies in the database file: nothing that anybody could read, under one key, also where it
//! was plain before; and what happens when several processes open one file.

use std::collections::HashSet;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rescind_service::{Database, ServeError, StoreError};
use rusqlite::Connection;
use serde_json::json;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{
    CLIENT_SECRET, ENCRYPTION_KEY, Harness, error, listed, log, ok, start_service, try_to_start,
};

const TOKEN: &str = "/oauth2/token";
const REVOKE: &str = "/oauth2/revoke";
/// Used in no other test, because all tests share one log.
const ACCESS: &str = "rest-a_Jq8wYc3Rk7Tn0Vb5Xz2Lm9Hd4";
const REFRESH: &str = "rest-r_Pf6sGu1Eo8Iy3Wt7Ka2Nj5Qv9";
const FRESH_ACCESS: &str = "rest-b_Zx4Cv7Bn1Ml9Kj3Hg6Fd8Sa2";
const FRESH_REFRESH: &str = "rest-s_Uy5Tr2Ew9Qa7Zs4Xd1Cf8Vg3";
const ID_TOKEN: &str = "rest-i_Oi9Uy3Tr6Ew1Qp8Lk4Jh7Gf2";
const OTHER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Finds secrets in anything: by each eight characters of what comes after the prefix, and by each
/// twelve of any base64 text that could hold nine bytes of it.
pub struct Finder {
    plain: HashSet<Vec<u8>>,
    encoded: HashSet<Vec<u8>>,
}

impl Finder {
    pub fn of(secrets: &[&str]) -> Self {
        let windows = |text: &[u8], length: usize| -> Vec<Vec<u8>> {
            text.windows(length).map(<[u8]>::to_vec).collect()
        };
        let random = secrets.iter().map(|secret| &secret.as_bytes()[7..]);
        let encoded = secrets.iter().flat_map(|secret| {
            (0..3).flat_map(move |shift| {
                let bytes = &secret.as_bytes()[shift..];
                let text = STANDARD.encode(&bytes[..bytes.len() / 3 * 3]);
                windows(text.as_bytes(), 12)
            })
        });
        Self {
            plain: random.flat_map(|random| windows(random, 8)).collect(),
            encoded: encoded.collect(),
        }
    }

    #[track_caller]
    pub fn check(&self, place: &str, content: &[u8]) {
        for (length, wanted) in [(8, &self.plain), (12, &self.encoded)] {
            for window in content.windows(length) {
                assert!(
                    !wanted.contains(window),
                    "{place} holds {}",
                    String::from_utf8_lossy(window)
                );
            }
        }
    }
}

#[track_caller]
pub fn check_files(finder: &Finder, folder: &Path) {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        let content = std::fs::read(&file).unwrap();
        finder.check(&file.display().to_string(), &content);
        files += usize::from(!content.is_empty());
    }
    assert!(files > 0, "there is no file to look at");
}

#[test]
fn the_finder_finds() {
    let finder = Finder::of(&[ACCESS]);
    let finds = |content: String| {
        std::panic::catch_unwind(|| finder.check("here", content.as_bytes())).is_err()
    };
    assert!(finds(format!("..{}..", &ACCESS[12..20])));
    assert!(finds(STANDARD.encode(format!("x{ACCESS}"))));
    assert!(finds(STANDARD.encode(format!("xy {ACCESS}"))));
    assert!(!finds(format!("..{}..", &ACCESS[12..19])));
}

fn tokens() -> serde_json::Value {
    json!({"access_token": ACCESS, "refresh_token": REFRESH, "id_token": ID_TOKEN})
}

/// Goes through everything that writes tokens, and returns what was answered.
async fn live_a_life(harness: &Harness) -> Vec<String> {
    let echo = format!("{ACCESS} {REFRESH} {FRESH_ACCESS} {FRESH_REFRESH} {CLIENT_SECRET}");
    let fresh = json!({"access_token": FRESH_ACCESS, "refresh_token": FRESH_REFRESH,
                       "id_token": ID_TOKEN});
    let fresh = ok().set_body_json(fresh);
    harness.answer(TOKEN, fresh).await;
    Mock::given(path(REVOKE))
        .respond_with(ResponseTemplate::new(500).set_body_string(&echo))
        .up_to_n_times(4)
        .mount(&harness.provider)
        .await;
    harness.answer(REVOKE, ok().set_body_string(&echo)).await;
    let mut answers = Vec::new();
    let failing = harness.account("rfc7009", tokens()).await;
    let kept = harness.account("rfc7009", tokens()).await;
    let deleted = harness.account("rfc7009", tokens()).await;
    let failed = harness.revoke(&failing).await;
    assert_eq!(failed.status, 500);
    answers.push(failed.text);
    for id in [&failing, &kept] {
        answers.push(harness.refresh(id).await.text);
    }
    assert_eq!(listed(&harness.revoke(&failing).await).len(), 2);
    answers.push(harness.delete(&deleted).await.text);
    let list = "/api/v3.1/connected_accounts";
    answers.push(harness.send("GET", list, None).await.text);
    harness.provider.reset().await;
    harness.answer(TOKEN, error(400, &echo)).await;
    answers.push(harness.refresh(&kept).await.text);
    answers
}

#[tokio::test]
async fn nothing_can_be_read_in_files_log_and_answers() {
    let finder = Finder::of(&[
        ACCESS,
        REFRESH,
        FRESH_ACCESS,
        FRESH_REFRESH,
        ID_TOKEN,
        CLIENT_SECRET,
        ENCRYPTION_KEY,
    ]);
    let folder = tempfile::tempdir().unwrap();
    let harness = Harness::on_file(&folder.path().join("service.db")).await;
    for answer in live_a_life(&harness).await {
        finder.check("an answer", answer.as_bytes());
    }
    // With the write-ahead log beside the file, and after it went into the file.
    check_files(&finder, folder.path());
    harness.service.shutdown().await.unwrap();
    check_files(&finder, folder.path());
    finder.check("the log", log().as_bytes());
}

async fn start_error(file: &Path, key: Option<&str>) -> ServeError {
    let database = Database::File(file.to_owned());
    try_to_start(database, None, key).await.unwrap_err()
}

#[tokio::test]
async fn a_file_wants_a_key_and_only_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("service.db");
    let error = start_error(&file, None).await;
    assert!(matches!(error, ServeError::NoEncryptionKey));

    let harness = Harness::on_file(&file).await;
    harness.answer(REVOKE, ok()).await;
    let id = harness.account("rfc7009", tokens()).await;
    let Harness {
        service, provider, ..
    } = harness;
    service.shutdown().await.unwrap();

    let error = start_error(&file, Some(OTHER_KEY)).await;
    assert!(matches!(error, ServeError::Store(StoreError::WrongKey)));
    assert!(!format!("{error} {error:?}").contains(&OTHER_KEY[..8]));

    let service = start_service(Database::File(file), None).await;
    let harness = Harness::around(service, provider);
    assert_eq!(listed(&harness.revoke(&id).await).len(), 2);
}

#[tokio::test]
async fn in_memory_a_key_is_made() {
    let service = try_to_start(Database::Memory, None, None).await.unwrap();
    let harness = Harness::around(service, MockServer::start().await);
    harness.answer(REVOKE, ok()).await;
    let id = harness.account("rfc7009", tokens()).await;
    assert_eq!(listed(&harness.revoke(&id).await).len(), 2);
}

/// A database whose secrets are plain, with one account.
fn write_version_1(file: &Path, base_url: &str) {
    let connection = Connection::open(file).unwrap();
    connection
        .pragma_update(None, "journal_mode", "WAL")
        .unwrap();
    connection
        .execute_batch(include_str!("databases/version_1.sql"))
        .unwrap();
    connection
        .execute(
            "INSERT INTO auth_configs VALUES ('ac_1', 'rfc7009', 'OAUTH2', ?, 'c', ?, 0)",
            [base_url, CLIENT_SECRET],
        )
        .unwrap();
    connection
        .execute(
            "INSERT INTO connected_accounts
             VALUES ('ca_1', 'ac_1', 'u1', 'ACTIVE', NULL, ?, ?, NULL, ?, 1, NULL, NULL, 0, 0, NULL)",
            [ACCESS, REFRESH, &json!({"id_token": ID_TOKEN}).to_string()],
        )
        .unwrap();
}

#[tokio::test]
async fn what_was_plain_is_sealed_when_it_is_opened_and_still_works() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("service.db");
    let provider = MockServer::start().await;
    write_version_1(&file, &provider.uri());
    let plain = std::fs::read(&file).unwrap();
    assert!(
        plain
            .windows(8)
            .any(|window| window == &ACCESS.as_bytes()[7..15])
    );

    let service = start_service(Database::File(file.clone()), None).await;
    let finder = Finder::of(&[ACCESS, REFRESH, ID_TOKEN, CLIENT_SECRET]);
    check_files(&finder, folder.path());
    let harness = Harness::around(service, provider);
    harness.answer(REVOKE, ok()).await;
    assert_eq!(listed(&harness.revoke("ca_1").await).len(), 2);
    assert_eq!(
        harness.journal().await,
        [
            format!("POST {REVOKE} [token={ACCESS} token_type_hint=access_token] Basic"),
            format!("POST {REVOKE} [token={REFRESH} token_type_hint=refresh_token] Basic"),
        ]
    );
}

#[tokio::test]
async fn a_sealed_value_moved_to_another_row_does_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("service.db");
    let harness = Harness::on_file(&file).await;
    harness.answer(REVOKE, ok()).await;
    let [from, to] = [
        harness.account("rfc7009", tokens()).await,
        harness.account("rfc7009", tokens()).await,
    ];
    Connection::open(&file)
        .unwrap()
        .execute(
            "UPDATE connected_accounts SET access_token =
             (SELECT access_token FROM connected_accounts WHERE id = ?) WHERE id = ?",
            [&from, &to],
        )
        .unwrap();
    assert_eq!(harness.revoke(&to).await.status, 500);
    assert!(harness.journal().await.is_empty());
    assert_eq!(listed(&harness.revoke(&from).await).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_may_find_a_new_file_at_once() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("service.db");
        let openers: Vec<_> = (0..4)
            .map(|_| tokio::spawn(start_service(Database::File(file.clone()), None)))
            .collect();
        let mut services = Vec::new();
        for opener in openers {
            services.push(opener.await.unwrap());
        }
        let first = Harness::around(services.remove(0), MockServer::start().await);
        first.answer(REVOKE, ok()).await;
        let id = first.account("rfc7009", tokens()).await;
        for service in services {
            let other = Harness::around(service, MockServer::start().await);
            assert_eq!(other.status(&id).await, "ACTIVE");
        }
    }
}
