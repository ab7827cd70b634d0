//! The connect flow, as a user's browser goes through it: link, consent, callback. The provider is
//! a stub; its consent page is played by the tests, which read where the browser was sent and send
//! it back.

mod anew;
mod exchange;
mod expiry;
mod life;
mod links;
mod secrecy;
mod states;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use rescind_service::{Database, PublicUrl, RunningService};
use serde_json::{Value, json};
use wiremock::{MockServer, ResponseTemplate};

use crate::support::{Answer, CLIENT_SECRET, Harness, config, ok, start_configured};

const LINK: &str = "/api/v3.1/connected_accounts/link";
const TOKEN: &str = "/oauth2/token";
const AUTHORIZE: &str = "/oauth2/authorize";

/// Keeps cookies by name and path, and follows nothing.
struct Browser {
    client: Client,
    cookies: Mutex<BTreeMap<String, (String, String)>>,
}

/// What a browser got.
#[derive(Debug)]
struct Page {
    status: u16,
    location: Option<String>,
    headers: BTreeMap<String, String>,
    text: String,
}

impl Browser {
    fn new() -> Self {
        let client = Client::builder().no_proxy().redirect(Policy::none());
        Self {
            client: client.build().unwrap(),
            cookies: Mutex::default(),
        }
    }

    async fn get(&self, url: &str) -> Page {
        self.send("GET", url).await
    }

    async fn send(&self, verb: &str, url: &str) -> Page {
        let path = Url::parse(url).unwrap().path().to_owned();
        let cookies: Vec<String> = self
            .cookies
            .lock()
            .unwrap()
            .iter()
            .filter(|(_, (_, scope))| path == *scope)
            .map(|(name, (value, _))| format!("{name}={value}"))
            .collect();
        let mut request = self.client.request(verb.parse().unwrap(), url);
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        let response = request.send().await.unwrap();
        let headers: BTreeMap<String, String> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        if let Some(cookie) = headers.get("set-cookie") {
            self.keep(cookie);
        }
        Page {
            status: response.status().as_u16(),
            location: headers.get("location").cloned(),
            headers,
            text: response.text().await.unwrap(),
        }
    }

    fn keep(&self, cookie: &str) {
        let mut parts = cookie.split("; ");
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        let attributes: Vec<&str> = parts.collect();
        let path = attributes
            .iter()
            .find_map(|part| part.strip_prefix("Path="));
        let mut cookies = self.cookies.lock().unwrap();
        if attributes.contains(&"Max-Age=0") {
            cookies.remove(name);
        } else {
            let kept = (value.to_owned(), path.unwrap().to_owned());
            cookies.insert(name.to_owned(), kept);
        }
    }
}

impl Page {
    /// An attribute of the page's `main`.
    fn attribute(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.text.split_once("<main ")?;
        let (attributes, _) = rest.split_once('>')?;
        let (_, rest) = attributes.split_once(&format!("{name}=\""))?;
        rest.split('"').next()
    }

    fn problem(&self) -> &str {
        assert_eq!(self.location, None);
        self.attribute("data-problem").unwrap()
    }

    /// Checks that it says so of this account.
    #[track_caller]
    fn says(&self, status: &str, account: &str) {
        assert_eq!(self.status, 200, "{self:?}");
        assert_eq!(self.attribute("data-status"), Some(status), "{self:?}");
        assert_eq!(self.attribute("data-connected-account-id"), Some(account));
    }
}

/// A link as it was answered.
struct Link {
    url: String,
    token: String,
    account: String,
}

impl Link {
    fn read(answer: &Answer) -> Self {
        assert_eq!(answer.status, 201, "{answer:?}");
        let text = |name: &str| answer.body[name].as_str().unwrap().to_owned();
        Self {
            url: text("redirect_url"),
            token: text("link_token"),
            account: text("connected_account_id"),
        }
    }
}

async fn ask_for_link(harness: &Harness, auth_config: &str, more: Value) -> Answer {
    let mut body = json!({"auth_config_id": auth_config, "user_id": "u1"});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    harness.send("POST", LINK, Some(body)).await
}

async fn link(harness: &Harness) -> Link {
    let auth_config = harness.auth_config("rfc7009", "my client").await;
    Link::read(&ask_for_link(harness, &auth_config, json!({})).await)
}

/// Where the browser was sent, as the provider reads it.
struct Consent(BTreeMap<String, String>);

impl Consent {
    fn at(page: &Page) -> Self {
        assert_eq!(page.status, 302, "{page:?}");
        let url = Url::parse(page.location.as_deref().unwrap()).unwrap();
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let parameters: BTreeMap<_, _> = pairs.iter().cloned().collect();
        assert_eq!(parameters.len(), pairs.len(), "given twice: {url}");
        Self(parameters)
    }

    fn get(&self, name: &str) -> &str {
        &self.0[name]
    }

    /// Back to the service, with what the provider adds.
    fn back_with(&self, parameters: &[(&str, &str)]) -> String {
        let mut url = Url::parse(self.get("redirect_uri")).unwrap();
        url.query_pairs_mut()
            .append_pair("state", self.get("state"))
            .extend_pairs(parameters);
        url.into()
    }

    fn allowed(&self) -> String {
        self.back_with(&[("code", "the-code")])
    }

    fn denied(&self) -> String {
        self.back_with(&[("error", "access_denied")])
    }
}

/// A link that a browser has opened.
struct Opened {
    browser: Browser,
    link: Link,
    consent: Consent,
}

async fn open(harness: &Harness) -> Opened {
    let link = link(harness).await;
    let browser = Browser::new();
    let consent = Consent::at(&browser.get(&link.url).await);
    Opened {
        browser,
        link,
        consent,
    }
}

fn tokens() -> ResponseTemplate {
    ok().set_body_json(json!({
        "access_token": "connected-access",
        "refresh_token": "connected-refresh",
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "a b",
        "account_id": "acct_7",
    }))
}

async fn reason(harness: &Harness, account: &str) -> Value {
    harness.read(account).await.body["status_reason"].clone()
}

/// A service on a file, so that the test can turn its clock on.
struct OnFile {
    folder: tempfile::TempDir,
    harness: Harness,
}

impl OnFile {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let service = start_on(&folder.path().join("service.db")).await;
        let harness = Harness::around(service, MockServer::start().await);
        Self { folder, harness }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("service.db")
    }

    fn connection(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.file()).unwrap()
    }

    /// A link, opened, at the address where the service is now.
    async fn open(&self) -> Opened {
        let link = link(&self.harness).await;
        let browser = Browser::new();
        let consent = Consent::at(&browser.get(&self.here(&link.url)).await);
        Opened {
            browser,
            link,
            consent,
        }
    }

    /// For every flow, ten minutes have passed: what was stored then is as old as that now.
    fn let_ten_minutes_pass(&self) {
        let changed = self
            .connection()
            .execute(
                "UPDATE connect_flows SET created_at = created_at - 600000,
                     expires_at = expires_at - 600000",
                [],
            )
            .unwrap();
        assert!(changed > 0);
    }

    /// Another process on the file, once the first has gone. It listens elsewhere.
    async fn restart(&mut self) {
        let next = start_on(&self.file()).await;
        let first = std::mem::replace(&mut self.harness.service, next);
        first.shutdown().await.unwrap();
    }

    /// Where an address of the service is now.
    fn here(&self, url: &str) -> String {
        let rest = url.strip_prefix(PUBLIC_URL).unwrap();
        format!("http://{}{rest}", self.harness.service.local_addr())
    }
}

/// What a service on a file calls itself, wherever it listens.
const PUBLIC_URL: &str = "http://service.test";

async fn start_on(file: &Path) -> RunningService {
    let config = rescind_service::Config {
        public_url: Some(PublicUrl::parse(PUBLIC_URL).unwrap()),
        ..config(Database::File(file.to_owned()))
    };
    start_configured(config).await
}

async fn harness_at(public_url: &str) -> Harness {
    let config = rescind_service::Config {
        public_url: Some(PublicUrl::parse(public_url).unwrap()),
        ..config(Database::Memory)
    };
    Harness::around(start_configured(config).await, MockServer::start().await)
}

/// An auth config of OAUTH2 with these credentials beside the usual ones.
async fn auth_config_with(harness: &Harness, toolkit: &str, more: Value) -> Answer {
    let mut credentials = json!({
        "client_id": "my client",
        "client_secret": CLIENT_SECRET,
        "base_url": harness.provider.uri(),
    });
    for (name, value) in more.as_object().unwrap() {
        credentials[name] = value.clone();
    }
    let body = json!({
        "toolkit": {"slug": toolkit},
        "auth_config": {
            "type": "use_custom_auth",
            "authScheme": "OAUTH2",
            "credentials": credentials,
        },
    });
    harness
        .send("POST", "/api/v3.1/auth_configs", Some(body))
        .await
}

fn id_of(auth_config: &Answer) -> &str {
    auth_config.body["auth_config"]["id"].as_str().unwrap()
}
