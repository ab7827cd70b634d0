//! Every variant changes what can be seen from outside, and leaves every answer within the
//! published shapes. Each is run through one list of situations, and so is the service as it is;
//! the transcripts must differ, and the difference is the snapshot.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rescind_service::{Config, Database, Defect, ServeError, Variant, serve};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use wiremock::{MockServer, Request, ResponseTemplate};

use crate::defects::difference;
use crate::support::{API_KEY, Harness, OTHER_KEY, READ_KEY, config, error, listed, ok};

const REVOKE: &str = "/oauth2/revoke";
const TOKEN: &str = "/oauth2/token";
const STATUSES: [&str; 7] = [
    "INITIALIZING",
    "INITIATED",
    "ACTIVE",
    "FAILED",
    "EXPIRED",
    "INACTIVE",
    "REVOKED",
];

fn both() -> Value {
    json!({"access_token": "A+1 ~!", "refresh_token": "R/2 ~!", "account_id": "acct_1"})
}

struct Transcript {
    harness: Harness,
    text: String,
    /// What stands for ids that differ from run to run.
    ids: Vec<String>,
}

impl Transcript {
    async fn begin(variant: Option<Variant>) -> Self {
        Self {
            harness: Harness::with_variant(variant).await,
            text: String::new(),
            ids: Vec::new(),
        }
    }

    /// The provider answers this route so from now on, and no other.
    async fn situation(&mut self, name: &str, route: &str, answer: ResponseTemplate) {
        writeln!(self.text, "# {name}").unwrap();
        self.harness.provider.reset().await;
        self.harness.answer(route, answer).await;
    }

    async fn account(&mut self, toolkit: &str, val: Value) -> String {
        let id = self.harness.account(toolkit, val).await;
        self.ids.push(id.clone());
        id
    }

    /// Makes a call, holds its answer against the published shapes, and writes it down.
    async fn call(&mut self, verb: &str, id: &str, action: &str) -> (u16, Value) {
        let address = self.harness.service.local_addr();
        let url = format!("http://{address}/api/v3.1/connected_accounts/{id}{action}");
        let request = self
            .harness
            .client
            .request(verb.parse().unwrap(), url)
            .header("x-api-key", self.harness.api_key)
            .header("x-request-id", "req-1");
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let headers: BTreeSet<String> = response
            .headers()
            .iter()
            .filter(|(name, _)| *name != "date")
            .map(|(name, value)| match name.as_str() {
                "content-length" => name.to_string(),
                _ => format!("{name}: {}", value.to_str().unwrap()),
            })
            .collect();
        let text = response.text().await.unwrap();
        let body: Value = serde_json::from_str(&text).unwrap();
        shape(status, id, action, &body);
        let headers: Vec<String> = headers.into_iter().collect();
        // The rest of what is read differs from run to run: it holds moments.
        let shown = if verb == "GET" && status == 200 {
            body["status"].to_string()
        } else {
            text
        };
        writeln!(
            self.text,
            "{verb} {action}: {status} {headers:?}\n  {shown}"
        )
        .unwrap();
        (status, body)
    }

    async fn revoke(&mut self, id: &str) {
        self.call("POST", id, "/revoke").await;
        for request in self.harness.requests().await {
            writeln!(self.text, "  -> {}", raw(&request)).unwrap();
        }
        self.call("GET", id, "").await;
    }

    fn finish(self) -> String {
        let mut text = self.text;
        for (number, id) in self.ids.iter().enumerate() {
            let form = if id.starts_with("ca_") { "ca" } else { "uuid" };
            text = text.replace(id, &format!("{form}_{number}"));
        }
        text
    }
}

/// A request as it came, but for the secret part of its credentials.
fn raw(request: &Request) -> String {
    let header = |name: &str| {
        request
            .headers
            .get(name)
            .map_or("-", |value| value.to_str().unwrap())
    };
    let scheme = header("authorization").split(' ').next().unwrap();
    let body = String::from_utf8_lossy(&request.body);
    let path = request.url.path();
    format!(
        "{} {path} {scheme} {} {body}",
        request.method,
        header("content-type")
    )
}

/// What the published API says of each answer.
fn shape(status: u16, id: &str, action: &str, body: &Value) {
    if status != 200 {
        assert!(
            [400, 401, 403, 404, 405, 409, 500].contains(&status),
            "{status}"
        );
        let error = &body["error"];
        assert!(
            error["message"].is_string() && error["slug"].is_string(),
            "{body}"
        );
        assert!(error["code"].is_u64(), "{body}");
        assert_eq!(error["status"], status, "{body}");
        return;
    }
    let account = match action {
        "/revoke" => {
            let listed = body["revoked_tokens"].as_array().unwrap();
            let distinct: BTreeSet<&str> = listed.iter().map(|one| one.as_str().unwrap()).collect();
            assert_eq!(distinct.len(), listed.len(), "{body}");
            assert!(distinct.is_subset(&BTreeSet::from([
                "access_token",
                "refresh_token",
                "credential"
            ])));
            assert_eq!(body["connected_account"]["status"], "REVOKED");
            &body["connected_account"]
        }
        "" => {
            assert!(body["toolkit"]["slug"].is_string(), "{body}");
            assert_eq!(body["auth_config"]["auth_scheme"], "OAUTH2");
            assert!(body["user_id"].is_string(), "{body}");
            body
        }
        other => panic!("nothing is published of a 200 to {other}"),
    };
    assert_eq!(account["id"], id, "{body}");
    assert!(
        STATUSES.contains(&account["status"].as_str().unwrap()),
        "{body}"
    );
}

async fn successes(transcript: &mut Transcript) {
    for (toolkit, route) in [
        ("rfc7009", REVOKE),
        ("externally-revoked", REVOKE),
        ("google", "/revoke"),
        ("grant-only", "/oauth/deauthorize"),
    ] {
        let name = format!("{toolkit}, both");
        transcript.situation(&name, route, ok()).await;
        let id = transcript.account(toolkit, both()).await;
        transcript.revoke(&id).await;
    }
    let name = "google, no access token, and a refresh would be answered";
    transcript.situation(name, "/revoke", ok()).await;
    let fresh = json!({"access_token": "A2", "refresh_token": "R2"});
    transcript
        .harness
        .answer("/token", ok().set_body_json(fresh))
        .await;
    let alone = json!({"refresh_token": "R1"});
    let id = transcript.account("google", alone).await;
    transcript.revoke(&id).await;
}

async fn dead_tokens(transcript: &mut Transcript) {
    let dead = || error(400, "invalid_token");
    transcript
        .situation("externally-revoked, all dead", REVOKE, dead())
        .await;
    let id = transcript.account("externally-revoked", both()).await;
    transcript.revoke(&id).await;
    transcript
        .situation(
            "google, no access token, and the grant is gone",
            "/revoke",
            dead(),
        )
        .await;
    transcript
        .harness
        .answer("/token", error(400, "invalid_grant"))
        .await;
    let id = transcript
        .account("google", json!({"refresh_token": "R1"}))
        .await;
    transcript.revoke(&id).await;
    transcript
        .situation("rfc7009, expired and alone", REVOKE, ok())
        .await;
    let expired = json!({"access_token": "A", "expires_in": -1});
    let id = transcript.account("rfc7009", expired).await;
    transcript.revoke(&id).await;
    transcript
        .situation("rfc7009, expired beside a refresh token", REVOKE, ok())
        .await;
    let mut val = both();
    val["expires_in"] = (-1).into();
    let id = transcript.account("rfc7009", val.clone()).await;
    transcript.revoke(&id).await;
    let fresh = ok().set_body_json(json!({"access_token": "A2"}));
    transcript
        .situation("dropbox, expired beside a refresh token", TOKEN, fresh)
        .await;
    transcript
        .harness
        .answer("/2/auth/token/revoke", ok())
        .await;
    let id = transcript.account("dropbox", val).await;
    transcript.revoke(&id).await;
}

async fn refusals(transcript: &mut Transcript) {
    transcript
        .situation("refresh-only, no refresh token", REVOKE, ok())
        .await;
    let id = transcript
        .account("refresh-only", json!({"access_token": "A"}))
        .await;
    transcript.revoke(&id).await;
    for status in ["ACTIVE", "EXPIRED", "REVOKED"] {
        let name = format!("{status}, unsupported and supported");
        transcript.situation(&name, REVOKE, ok()).await;
        let mut val = both();
        val["status"] = status.into();
        for toolkit in ["no-revoke-route", "rfc7009"] {
            let id = transcript.account(toolkit, val.clone()).await;
            transcript.revoke(&id).await;
        }
    }
    transcript
        .situation("unknown, malformed, another method", REVOKE, ok())
        .await;
    for id in [
        "ca_AAAAAAAAAAAA",
        "0123abcd-0123-4123-8123-0123456789ab",
        "nonsense",
        "ca_%C3%BF",
        "%63a_AAAAAAAAAAAA",
    ] {
        transcript.call("POST", id, "/revoke").await;
    }
    let id = transcript.account("rfc7009", both()).await;
    let (status, _) = transcript.call("PUT", &id, "/revoke").await;
    assert!([404, 405].contains(&status));
    writeln!(transcript.text, "# other keys").unwrap();
    for (key, allowed) in [(READ_KEY, [401, 403]), (OTHER_KEY, [403, 404])] {
        transcript.harness.api_key = key;
        let (status, _) = transcript.call("POST", &id, "/revoke").await;
        assert!(allowed.contains(&status), "{key}: {status}");
    }
    transcript.harness.api_key = API_KEY;
    assert!(transcript.harness.requests().await.is_empty());
    transcript
        .situation("every dispatch failed", REVOKE, ResponseTemplate::new(403))
        .await;
    transcript.revoke(&id).await;
    transcript
        .situation(
            "every dispatch failed for the moment",
            REVOKE,
            ResponseTemplate::new(503),
        )
        .await;
    transcript.revoke(&id).await;
    let redirect = ResponseTemplate::new(307).insert_header("location", "/oauth2/moved");
    transcript
        .situation("a redirect to the same origin", REVOKE, redirect)
        .await;
    transcript.harness.answer("/oauth2/moved", ok()).await;
    let id = transcript.account("rfc7009", both()).await;
    transcript.revoke(&id).await;
}

async fn transcript(variant: Option<Variant>) -> String {
    let mut transcript = Transcript::begin(variant).await;
    successes(&mut transcript).await;
    dead_tokens(&mut transcript).await;
    refusals(&mut transcript).await;
    transcript.finish()
}

/// The situations that differ; of many, which all differ in the same way, the first two.
fn beginning(difference: &str) -> String {
    let is_heading = |line: &&str| line.starts_with('#');
    let total = difference.lines().filter(is_heading).count();
    if total <= 4 {
        return difference.to_owned();
    }
    let mut headings = 0;
    let shown = difference.lines().take_while(|line| {
        headings += usize::from(is_heading(line));
        headings <= 2
    });
    let shown: Vec<&str> = shown.collect();
    format!("{}\n(and {} more)", shown.join("\n"), total - 2)
}

/// Connections, and what becomes of them, are no part of the transcript, nor are calls at once and
/// crashes.
const NOT_IN_THE_TRANSCRIPT: [Variant; 6] = [
    Variant::OneConnection,
    Variant::UnheardKillUnlisted,
    Variant::OneCallAtATime,
    Variant::StopsWithItsClient,
    Variant::LateTokensDropped,
    Variant::NoRecovery,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_variant_changes_the_transcript_and_breaks_no_shape() {
    let honest = transcript(None).await;
    let mut differences = String::new();
    for variant in Variant::ALL {
        if NOT_IN_THE_TRANSCRIPT.contains(variant) {
            continue;
        }
        let difference = difference(&honest, &transcript(Some(*variant)).await);
        assert!(!difference.is_empty(), "{variant} changes nothing");
        let shown = beginning(&difference);
        writeln!(differences, "==== {variant}\n{shown}").unwrap();
    }
    insta::assert_snapshot!(differences);
}

#[tokio::test]
async fn a_defect_and_a_variant_at_once_are_refused() {
    let refused = serve(Config {
        defect: Some(Defect::ListedTwice),
        variant: Some(Variant::ListReversed),
        ..config(Database::Memory)
    })
    .await;
    assert!(matches!(refused, Err(ServeError::DefectAndVariant)));
}

/// The answers to a revoke at a provider that redirects, and how often it was called.
async fn redirected(status: u16, location: &str, next: ResponseTemplate) -> (u16, usize) {
    let harness = Harness::with_variant(Some(Variant::SameOriginRedirectFollowed)).await;
    let redirect = ResponseTemplate::new(status).insert_header("location", location);
    harness.answer(REVOKE, redirect).await;
    harness.answer("/oauth2/moved", next).await;
    let id = harness
        .account("rfc7009", json!({"access_token": "a"}))
        .await;
    let answer = harness.revoke(&id).await;
    (answer.status, harness.journal().await.len())
}

#[tokio::test]
async fn a_redirect_is_followed_once_with_method_and_body_and_never_elsewhere() {
    for status in [307, 308] {
        let followed = redirected(status, "/oauth2/moved", ok()).await;
        assert_eq!(followed, (200, 2), "{status}");
        let refused = redirected(status, "/oauth2/moved", ResponseTemplate::new(400)).await;
        assert_eq!(refused, (500, 2), "{status}");
        let again = ResponseTemplate::new(status).insert_header("location", "/oauth2/moved");
        assert_eq!(redirected(status, "/oauth2/moved", again).await, (500, 2));
        let elsewhere = MockServer::start().await;
        let away = format!("{}/oauth2/moved", elsewhere.uri());
        assert_eq!(redirected(status, &away, ok()).await, (500, 1));
        assert!(elsewhere.received_requests().await.unwrap().is_empty());
    }
    for status in [301, 302, 303] {
        assert_eq!(redirected(status, "/oauth2/moved", ok()).await, (500, 1));
    }
}

/// A provider that acknowledges everything and keeps connections open, and counts them.
async fn counting_provider() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(acknowledge_all(stream));
        }
    });
    (base_url, connections)
}

async fn acknowledge_all(mut stream: TcpStream) {
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(count) => received.extend_from_slice(&buffer[..count]),
        }
        // The body of a dispatch ends with its hint.
        if received.ends_with(b"_token") {
            received.clear();
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            if stream.write_all(answer).await.is_err() {
                return;
            }
        }
    }
}

/// How many connections ten dispatches take.
async fn connections(variant: Option<Variant>) -> usize {
    let harness = Harness::with_variant(variant).await;
    let (base_url, connections) = counting_provider().await;
    let body = json!({
        "toolkit": {"slug": "rfc7009"},
        "auth_config": {
            "type": "use_custom_auth",
            "authScheme": "OAUTH2",
            "credentials": {"client_id": "c", "client_secret": "s", "base_url": base_url},
        },
    });
    let answer = harness
        .send("POST", "/api/v3.1/auth_configs", Some(body))
        .await;
    let auth_config = answer.body["auth_config"]["id"].as_str().unwrap();
    for _ in 0..5 {
        let val = json!({"status": "ACTIVE", "access_token": "a", "refresh_token": "r"});
        let id = harness.import_into(auth_config, val).await;
        assert_eq!(listed(&harness.revoke(&id).await).len(), 2);
    }
    connections.load(Ordering::SeqCst)
}

#[tokio::test]
async fn one_connection_uses_connections_again() {
    assert_eq!(connections(None).await, 10);
    assert!(connections(Some(Variant::OneConnection)).await < 10);
}
