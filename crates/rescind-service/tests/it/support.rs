//! A running service, a stub provider, and an account in the one at the other.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Mutex, Once};
use std::task::Poll;
use std::time::Duration;

use rescind_service::{
    ApiKey, Config, Database, Defect, EncryptionKey, RunningService, Secret, ServeError, Variant,
    parse_api_keys, serve,
};
use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing::span;
use wiremock::matchers::{body_string_contains, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

pub const API_KEY: &str = "ak_8fT2qLw0Zx5Rk1";
/// A key of the same project that may only read.
pub const READ_KEY: &str = "ak_read_3Jd9Qw7Ty2";
/// A key of another project.
pub const OTHER_KEY: &str = "ak_other_6Hb1Zs8Mn4";
pub const CLIENT_SECRET: &str = "cs+Vn7:e%Gd3/Ub9";
pub const ACCESS: &str = "at+Q1w/E2r=T3y&U4i%O5p~A6.s_-";
pub const REFRESH: &str = "rt+Z9x/C8v=B7n&M6a%S5d~F4.g_-";

/// A service with a stub provider.
pub struct Harness {
    pub service: RunningService,
    pub provider: MockServer,
    pub client: reqwest::Client,
    pub api_key: &'static str,
}

/// An answer, read.
#[derive(Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub text: String,
}

/// 32 bytes, as `openssl rand -base64 32` writes them.
pub const ENCRYPTION_KEY: &str = "dE3Yk9vQ2mXf8LwZr0TnBc5HsJ7uPa1GiKoVx4MqNlU=";

pub async fn start_service(database: Database, defect: Option<Defect>) -> RunningService {
    try_to_start(database, defect, Some(ENCRYPTION_KEY))
        .await
        .unwrap()
}

pub async fn try_to_start(
    database: Database,
    defect: Option<Defect>,
    encryption_key: Option<&str>,
) -> Result<RunningService, ServeError> {
    collect_log();
    serve(Config {
        encryption_key: encryption_key.map(|key| EncryptionKey::parse(key).unwrap()),
        defect,
        ..config(database)
    })
    .await
}

pub async fn start_configured(config: Config) -> RunningService {
    collect_log();
    serve(config).await.unwrap()
}

/// An honest service's.
pub fn config(database: Database) -> Config {
    Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        public_url: None,
        database,
        encryption_key: Some(EncryptionKey::parse(ENCRYPTION_KEY).unwrap()),
        api_keys: keys(),
        dispatch_timeout: Duration::from_secs(2),
        claim_lease: Config::DEFAULT_CLAIM_LEASE,
        defect: None,
        variant: None,
    }
}

fn keys() -> Vec<ApiKey> {
    let others = format!("default:read:{READ_KEY} other:write:{OTHER_KEY}");
    let mut keys = parse_api_keys(&others).unwrap();
    keys.push(ApiKey::of_default_project(Secret::new(API_KEY)));
    keys
}

impl Harness {
    pub async fn start() -> Self {
        Self::with_defect(None).await
    }

    pub async fn with_defect(defect: Option<Defect>) -> Self {
        let service = start_service(Database::Memory, defect).await;
        Self::around(service, MockServer::start().await)
    }

    pub async fn with_variant(variant: Option<Variant>) -> Self {
        let config = Config {
            variant,
            ..config(Database::Memory)
        };
        Self::around(start_configured(config).await, MockServer::start().await)
    }

    pub async fn on_file(file: &Path) -> Self {
        let service = start_service(Database::File(file.to_owned()), None).await;
        Self::around(service, MockServer::start().await)
    }

    pub fn around(service: RunningService, provider: MockServer) -> Self {
        Self {
            service,
            provider,
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            api_key: API_KEY,
        }
    }

    pub async fn send(&self, verb: &str, target: &str, body: Option<Value>) -> Answer {
        self.send_as(self.api_key, verb, target, body).await
    }

    /// Sends with another key.
    pub async fn send_as(
        &self,
        key: &str,
        verb: &str,
        target: &str,
        body: Option<Value>,
    ) -> Answer {
        let url = format!("http://{}{target}", self.service.local_addr());
        let mut request = self
            .client
            .request(verb.parse().unwrap(), url)
            .header("x-api-key", key);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        read(request.send().await.unwrap()).await
    }

    pub async fn auth_config(&self, toolkit: &str, client_id: &str) -> String {
        let body = json!({
            "toolkit": {"slug": toolkit},
            "auth_config": {
                "type": "use_custom_auth",
                "authScheme": "OAUTH2",
                "credentials": {
                    "client_id": client_id,
                    "client_secret": CLIENT_SECRET,
                    "base_url": self.provider.uri(),
                },
            },
        });
        let answer = self
            .send("POST", "/api/v3.1/auth_configs", Some(body))
            .await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.body["auth_config"]["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Imports an account, ACTIVE if `val` says nothing else.
    pub async fn import_into(&self, auth_config: &str, mut val: Value) -> String {
        if val.get("status").is_none() {
            val["status"] = "ACTIVE".into();
        }
        let body = import_body(auth_config, "OAUTH2", val);
        let answer = self
            .send("POST", "/api/v3.1/connected_accounts", Some(body))
            .await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.body["id"].as_str().unwrap().to_owned()
    }

    /// An ACTIVE account with these fields.
    pub async fn account(&self, toolkit: &str, val: Value) -> String {
        let auth_config = self.auth_config(toolkit, "my client").await;
        self.import_into(&auth_config, val).await
    }

    pub async fn account_with_both(&self, toolkit: &str) -> String {
        self.account(toolkit, both()).await
    }

    pub async fn revoke(&self, id: &str) -> Answer {
        let target = format!("/api/v3.1/connected_accounts/{id}/revoke");
        self.send("POST", &target, None).await
    }

    pub async fn refresh(&self, id: &str) -> Answer {
        let target = format!("/api/v3.1/connected_accounts/{id}/refresh");
        self.send("POST", &target, None).await
    }

    pub async fn read(&self, id: &str) -> Answer {
        self.send("GET", &format!("/api/v3.1/connected_accounts/{id}"), None)
            .await
    }

    pub async fn switch_config(&self, id: &str, word: &str) -> Answer {
        let target = format!("/api/v3.1/auth_configs/{id}/{word}");
        self.send("PATCH", &target, None).await
    }

    pub async fn status(&self, id: &str) -> String {
        let answer = self.read(id).await;
        answer.body["status"].as_str().unwrap_or("gone").to_owned()
    }

    pub async fn delete(&self, id: &str) -> Answer {
        let target = format!("/api/v3.1/connected_accounts/{id}");
        self.send("DELETE", &target, None).await
    }

    /// The provider answers this route so.
    pub async fn answer(&self, route: &str, answer: ResponseTemplate) {
        Mock::given(path(route))
            .respond_with(answer)
            .mount(&self.provider)
            .await;
    }

    /// The provider answers this route so, if the body holds `text`.
    pub async fn answer_if(&self, route: &str, text: &str, answer: ResponseTemplate) {
        Mock::given(method("POST"))
            .and(path(route))
            .and(body_string_contains(text))
            .respond_with(answer)
            .mount(&self.provider)
            .await;
    }

    pub async fn requests(&self) -> Vec<Request> {
        self.provider.received_requests().await.unwrap()
    }

    /// Every request that the provider got, as method, path and the decoded form.
    pub async fn journal(&self) -> Vec<String> {
        self.requests().await.iter().map(describe).collect()
    }
}

pub fn import_body(auth_config: &str, auth_scheme: &str, val: Value) -> Value {
    let mut body = json!({
        "auth_config": {"id": auth_config},
        "connection": {"user_id": "u1", "state": {"authScheme": auth_scheme}},
    });
    body["connection"]["state"]["val"] = val;
    body
}

pub fn both() -> Value {
    json!({"access_token": ACCESS, "refresh_token": REFRESH, "account_id": "acct_1"})
}

pub fn ok() -> ResponseTemplate {
    ResponseTemplate::new(200)
}

pub fn error(status: u16, code: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({"error": code}))
}

pub fn listed(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["connected_account"]["status"], "REVOKED");
    answer.body["revoked_tokens"]
        .as_array()
        .unwrap()
        .iter()
        .map(|subject| subject.as_str().unwrap())
        .collect()
}

/// All of them at once.
pub async fn join_all<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut pending: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut is_ready = true;
        for (future, output) in &mut pending {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(value) => *output = Some(value),
                    Poll::Pending => is_ready = false,
                }
            }
        }
        if is_ready {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    pending
        .into_iter()
        .filter_map(|(_, output)| output)
        .collect()
}

/// Waits until the provider got a request on this route.
pub async fn until_arrived(harness: &Harness, route: &str) {
    let mut poll = tokio::time::interval(Duration::from_millis(5));
    while !harness
        .journal()
        .await
        .iter()
        .any(|line| line.contains(route))
    {
        poll.tick().await;
    }
}

/// Waits until the account reads so.
pub async fn until_status(harness: &Harness, id: &str, status: &str) {
    let mut poll = tokio::time::interval(Duration::from_millis(10));
    let reached = async {
        while harness.status(id).await != status {
            poll.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reached)
        .await
        .unwrap();
}

pub async fn read(response: reqwest::Response) -> Answer {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    Answer {
        status,
        body: serde_json::from_str(&text).unwrap_or(Value::Null),
        text,
    }
}

pub fn form(request: &Request) -> Vec<(String, String)> {
    let header = request.headers.get("content-type");
    if header.is_none_or(|value| value != "application/x-www-form-urlencoded") {
        return Vec::new();
    }
    form_urlencoded::parse(&request.body).into_owned().collect()
}

fn describe(request: &Request) -> String {
    let fields: Vec<String> = form(request)
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let authentication = request
        .headers
        .get("authorization")
        .and_then(|value| value.to_str().ok())
        .map_or("", |value| {
            value.strip_prefix("Basic ").map_or(value, |_| "Basic")
        });
    let target = request
        .url
        .query()
        .map_or(request.url.path().to_owned(), |query| {
            format!("{}?{query}", request.url.path())
        });
    format!(
        "{} {target} [{}] {authentication}",
        request.method,
        fields.join(" ")
    )
    .trim_end()
    .to_owned()
}

static LOG: Mutex<String> = Mutex::new(String::new());
static COLLECT: Once = Once::new();

/// Everything that any service of this test binary has logged, at any level.
pub fn log() -> String {
    LOG.lock().unwrap().clone()
}

fn collect_log() {
    COLLECT.call_once(|| {
        tracing::subscriber::set_global_default(Collector).unwrap();
    });
}

struct Collector;

impl tracing::Subscriber for Collector {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        let mut line = Line(String::new());
        span.record(&mut line);
        LOG.lock().unwrap().push_str(&line.0);
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        let mut line = Line(String::new());
        values.record(&mut line);
        LOG.lock().unwrap().push_str(&line.0);
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = Line(event.metadata().target().to_owned());
        event.record(&mut line);
        line.0.push('\n');
        LOG.lock().unwrap().push_str(&line.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}
