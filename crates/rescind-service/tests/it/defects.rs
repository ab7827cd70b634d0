//! What each defect changes of what can be seen from outside. Each is run through one list of
//! situations, and so is the honest service; the difference between the transcripts is the snapshot.

use std::fmt::Write as _;

use rescind_service::Defect;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::support::{API_KEY, Answer, CLIENT_SECRET, Harness, error, log, ok, read};

const REVOKE: &str = "/oauth2/revoke";

/// Other tokens than the other tests', because one defect logs them.
fn both() -> Value {
    json!({"access_token": "A+a", "refresh_token": "R+r", "account_id": "acct_1"})
}

struct Transcript {
    harness: Harness,
    text: String,
    /// What stands for ids that differ from run to run.
    ids: Vec<String>,
}

impl Transcript {
    async fn begin(defect: Option<Defect>) -> Self {
        Self {
            harness: Harness::with_defect(defect).await,
            text: String::new(),
            ids: Vec::new(),
        }
    }

    fn situation(&mut self, name: &str) {
        writeln!(self.text, "# {name}").unwrap();
    }

    async fn account(&mut self, toolkit: &str, val: Value) -> String {
        let id = self.harness.account(toolkit, val).await;
        self.ids.push(id.clone());
        id
    }

    fn note(&mut self, what: &str, answer: &Answer) {
        let mut body = answer.body.clone();
        if let Some(fields) = body.as_object_mut() {
            for volatile in ["created_at", "updated_at", "auth_config"] {
                fields.remove(volatile);
            }
        }
        if let Some(error) = body.get("error") {
            body = error["message"].clone();
        }
        let text = if body.is_null() {
            answer.text.clone()
        } else {
            body.to_string()
        };
        writeln!(self.text, "{what}: {} {text}", answer.status).unwrap();
    }

    /// What the provider got since its answers were last set.
    async fn dispatched(&mut self) {
        for line in self.harness.journal().await {
            writeln!(self.text, "  -> {line}").unwrap();
        }
    }

    async fn revoke(&mut self, id: &str) {
        let answer = self.harness.revoke(id).await;
        self.note("revoke", &answer);
        self.dispatched().await;
        let status = self.harness.status(id).await;
        writeln!(self.text, "status: {status}").unwrap();
    }

    async fn provider(&mut self, route: &str, answer: ResponseTemplate) {
        self.harness.provider.reset().await;
        self.harness.answer(route, answer).await;
    }

    fn finish(self) -> String {
        let mut text = self.text;
        for (number, id) in self.ids.iter().enumerate() {
            text = text.replace(id, &format!("ca_{number}"));
        }
        text.replace(&self.harness.provider.uri(), "http://provider")
    }
}

async fn successes(transcript: &mut Transcript) {
    for (toolkit, route) in [
        ("rfc7009", REVOKE),
        ("access-only", REVOKE),
        ("google", "/revoke"),
        ("grant-only", "/oauth/deauthorize"),
    ] {
        transcript.situation(&format!("{toolkit}, both"));
        transcript.provider(route, ok()).await;
        let id = transcript.account(toolkit, both()).await;
        transcript.revoke(&id).await;
    }
    transcript.situation("rfc7009, access token only, with a sibling, twice");
    transcript.provider(REVOKE, ok()).await;
    let first = json!({"access_token": "sibling"});
    transcript.account("rfc7009", first).await;
    let id = transcript
        .account("rfc7009", json!({"access_token": "own"}))
        .await;
    transcript.revoke(&id).await;
    transcript.revoke(&id).await;
    transcript.situation("rfc7009, access token expired");
    transcript.provider(REVOKE, ok()).await;
    let mut val = both();
    val["expires_in"] = 0.into();
    let id = transcript.account("rfc7009", val).await;
    transcript.revoke(&id).await;
}

async fn failures(transcript: &mut Transcript) {
    transcript.situation("the first of two fails");
    transcript.harness.provider.reset().await;
    transcript
        .harness
        .answer_if(REVOKE, "hint=access_token", error(400, "oops"))
        .await;
    transcript.harness.answer(REVOKE, ok()).await;
    let id = transcript.account("rfc7009", both()).await;
    transcript.revoke(&id).await;
    transcript.situation("all fail");
    transcript
        .provider(REVOKE, ResponseTemplate::new(400))
        .await;
    let id = transcript.account("rfc7009", both()).await;
    transcript.revoke(&id).await;
    transcript.situation("all dead");
    transcript
        .provider(REVOKE, error(400, "invalid_token"))
        .await;
    let id = transcript.account("externally-revoked", both()).await;
    transcript.revoke(&id).await;
}

async fn refusals(transcript: &mut Transcript) {
    transcript.situation("unsupported, nothing held, unknown, expired, deleted");
    transcript.provider(REVOKE, ok()).await;
    let id = transcript.account("no-revoke-route", both()).await;
    transcript.revoke(&id).await;
    let id = transcript
        .account("refresh-only", json!({"access_token": "A"}))
        .await;
    transcript.revoke(&id).await;
    transcript.revoke("ca_AAAAAAAAAAAA").await;
    let mut val = both();
    val["status"] = "EXPIRED".into();
    let id = transcript.account("rfc7009", val).await;
    transcript.revoke(&id).await;
    transcript.provider(REVOKE, ok()).await;
    let id = transcript.account("rfc7009", both()).await;
    let answer = transcript.harness.read(&id).await;
    transcript.note("read", &answer);
    let answer = transcript.harness.delete(&id).await;
    transcript.note("delete", &answer);
    transcript.dispatched().await;
    transcript.revoke(&id).await;
    transcript.situation("no key");
    transcript.harness.api_key = "none";
    let id = "ca_BBBBBBBBBBBB";
    let answer = transcript.harness.revoke(id).await;
    transcript.note("revoke", &answer);
    transcript.harness.api_key = API_KEY;
}

async fn others(transcript: &mut Transcript) {
    transcript.situation("another client of the same provider");
    transcript.provider(REVOKE, ok()).await;
    let config = transcript
        .harness
        .auth_config("rfc7009", "second client")
        .await;
    let val = json!({"status": "ACTIVE", "access_token": "a"});
    let id = transcript.harness.import_into(&config, val).await;
    transcript.ids.push(id.clone());
    transcript.revoke(&id).await;
    for request in transcript.harness.requests().await {
        let header = request.headers["authorization"]
            .to_str()
            .unwrap()
            .to_owned();
        writeln!(transcript.text, "  with {header}").unwrap();
    }
    transcript.situation("refreshed, then revoked with an empty object");
    transcript.provider(REVOKE, ok()).await;
    let fresh = json!({"access_token": "A2", "refresh_token": "R2"});
    transcript
        .harness
        .answer("/oauth2/token", ok().set_body_json(fresh))
        .await;
    let id = transcript.account("rfc7009", both()).await;
    let answer = transcript.harness.refresh(&id).await;
    transcript.note("refresh", &answer);
    let target = format!("/api/v3.1/connected_accounts/{id}/revoke");
    let answer = transcript
        .harness
        .send("POST", &target, Some(json!({})))
        .await;
    transcript.note("revoke", &answer);
    transcript.dispatched().await;
}

async fn transcript(defect: Option<Defect>) -> String {
    let mut transcript = Transcript::begin(defect).await;
    successes(&mut transcript).await;
    failures(&mut transcript).await;
    refusals(&mut transcript).await;
    others(&mut transcript).await;
    transcript.finish()
}

/// The lines that one of the two has and the other has not, in order.
pub fn difference(honest: &str, seeded: &str) -> String {
    let (honest, seeded): (Vec<&str>, Vec<&str>) =
        (honest.lines().collect(), seeded.lines().collect());
    // The longest common subsequence, by its table.
    let mut common = vec![vec![0; seeded.len() + 1]; honest.len() + 1];
    for left in (0..honest.len()).rev() {
        for right in (0..seeded.len()).rev() {
            common[left][right] = if honest[left] == seeded[right] {
                common[left + 1][right + 1] + 1
            } else {
                common[left + 1][right].max(common[left][right + 1])
            };
        }
    }
    let (mut left, mut right, mut text) = (0, 0, String::new());
    while left < honest.len() || right < seeded.len() {
        let is_same = left < honest.len() && right < seeded.len() && honest[left] == seeded[right];
        let takes_left = left < honest.len()
            && (right == seeded.len() || common[left + 1][right] >= common[left][right + 1]);
        if is_same {
            if honest[left].starts_with('#') {
                writeln!(text, "{}", honest[left]).unwrap();
            }
            (left, right) = (left + 1, right + 1);
        } else if takes_left {
            writeln!(text, "- {}", honest[left]).unwrap();
            left += 1;
        } else {
            writeln!(text, "+ {}", seeded[right]).unwrap();
            right += 1;
        }
    }
    without_empty_situations(&text)
}

fn without_empty_situations(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let kept: Vec<&str> = lines
        .iter()
        .enumerate()
        .filter(|(index, line)| {
            let next = lines.get(index + 1);
            !line.starts_with('#') || next.is_some_and(|next| !next.starts_with('#'))
        })
        .map(|(_, line)| *line)
        .collect();
    kept.join("\n")
}

#[tokio::test]
async fn the_honest_transcript() {
    let text = transcript(None).await;
    assert!(!text.contains(CLIENT_SECRET));
    insta::assert_snapshot!(text);
}

/// What these change takes too long for the transcript.
const TOO_SLOW: [Defect; 2] = [Defect::RetryWithoutLimit, Defect::TimeoutTooLong];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_each_defect_changes() {
    let honest = transcript(None).await;
    let mut differences = String::new();
    for defect in Defect::ALL {
        if TOO_SLOW.contains(defect) {
            continue;
        }
        let mut difference = difference(&honest, &transcript(Some(*defect)).await);
        // That each of them is seen by the suite, `rescind prove` shows.
        if difference.is_empty() {
            difference = "(no difference in these situations)".to_owned();
        }
        writeln!(differences, "==== {defect}\n{difference}").unwrap();
    }
    insta::assert_snapshot!(differences);
}

#[tokio::test]
async fn token_in_log_logs_the_token() {
    let harness = Harness::with_defect(Some(Defect::TokenInLog)).await;
    harness.answer(REVOKE, ok()).await;
    let val = json!({"access_token": "logged-token"});
    let id = harness.account("rfc7009", val).await;
    harness.revoke(&id).await;
    assert!(log().contains("logged-token"));
}

#[tokio::test]
async fn queued_until_the_end_dispatches_when_the_service_stops() {
    let harness = Harness::with_defect(Some(Defect::QueuedUntilTheEnd)).await;
    harness.answer(REVOKE, ok()).await;
    let id = harness.account("rfc7009", both()).await;
    assert_eq!(harness.delete(&id).await.status, 200);
    assert!(harness.journal().await.is_empty());
    let Harness {
        service, provider, ..
    } = harness;
    service.shutdown().await.unwrap();
    assert_eq!(provider.received_requests().await.unwrap().len(), 2);
}

#[tokio::test]
async fn retry_without_limit_repeats_far_more_often_than_three_times() {
    let harness = Harness::with_defect(Some(Defect::RetryWithoutLimit)).await;
    harness.answer(REVOKE, ResponseTemplate::new(500)).await;
    let id = harness
        .account("rfc7009", json!({"access_token": "a"}))
        .await;
    let address = harness.service.local_addr();
    let url = format!("http://{address}/api/v3.1/connected_accounts/{id}/revoke");
    let answer = harness.client.post(url).header("x-api-key", API_KEY).send();
    assert_eq!(read(answer.await.unwrap()).await.status, 500);
    assert!(harness.requests().await.len() > 50);
}
