//! Who takes part in a connect flow beside the browser: the reference service as a process, the
//! fake provider, whose ledger is the truth, and an application.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use rescind_model::Subject;
use rescind_model::secret::{FingerprintKey, KnownSecret, Secret, SecretScanner};
use rescind_model::vocabulary::TokenState;
use rescind_provider::server::Address;
use rescind_provider::{Provider, Tenant};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Child;

use super::browser::Browser;
use crate::support::{ENCRYPTION_KEY, KEY, profile, serve};

/// The name that the provider knows the application by.
pub const APPLICATION: &str = "application";

/// Calls nothing but this machine.
pub fn client(timeout: Duration) -> Client {
    // Fails only where there is one already, and then that one is used.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .timeout(timeout)
        // Used from more than one runtime: no connection is left over from another.
        .pool_max_idle_per_host(0)
        .build()
        .expect("a client")
}

/// The service, on a file of its own, and a provider.
pub struct World {
    folder: TempDir,
    _child: Child,
    service: SocketAddr,
    provider: Provider,
    client: Client,
}

/// One provider, and what the service knows of it.
pub struct Party {
    pub tenant: Arc<Tenant>,
    auth_config: String,
}

/// What the ledger says of a grant.
#[derive(Debug, PartialEq, Eq)]
pub struct Granted {
    pub user: String,
    pub client: String,
    pub tokens: Vec<(Subject, TokenState)>,
}

/// What the service's API answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

/// A link that was asked for.
pub struct Link {
    pub url: String,
    pub token: String,
    pub account: String,
}

impl World {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let log = std::fs::File::create(folder.path().join("log")).expect("a log");
        let database = folder.path().join("service.db");
        let (child, service) = serve(&database, log.into()).await;
        Self {
            folder,
            _child: child,
            service,
            provider: start_provider().await,
            client: client(Duration::from_secs(30)),
        }
    }

    /// Where the service is.
    pub fn service_url(&self) -> String {
        format!("http://{}", self.service)
    }

    /// A provider of that profile, at which the application is registered, and of which the service
    /// knows. Browsers find it at another site than the service.
    pub async fn party(&self, profile_name: &str) -> Party {
        let profile = profile(profile_name);
        let tenant = self
            .provider
            .add_tenant(&Address::Port, profile_name, profile);
        let tenant = tenant.expect("a free port");
        let client = {
            let mut state = tenant.lock();
            let callback = format!("{}/callback", self.service_url());
            state.set_redirect_uris(APPLICATION, vec![callback]);
            state.client(APPLICATION)
        };
        let credentials = json!({
            "client_id": client.client_id,
            "client_secret": client.client_secret.expose(),
            "base_url": tenant.base_url(),
            "authorization_base_url": in_browsers(&tenant),
            "issuer": tenant.addresses().issuer,
        });
        let body = json!({
            "toolkit": {"slug": profile_name},
            "auth_config": {"type": "use_custom_auth", "authScheme": "OAUTH2",
                            "credentials": credentials},
        });
        let answer = self.call("POST", "/auth_configs", Some(body)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        Party {
            auth_config: text(&answer.body["auth_config"]["id"]),
            tenant,
        }
    }

    /// Asks for a link. `more` is what the body has beside the auth config and the user.
    pub async fn link(&self, party: &Party, more: Value) -> Link {
        let mut body = json!({"auth_config_id": party.auth_config, "user_id": "u1"});
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let path = "/connected_accounts/link";
        let answer = self.call("POST", path, Some(body)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let link = Link {
            url: text(&answer.body["redirect_url"]),
            token: text(&answer.body["link_token"]),
            account: text(&answer.body["connected_account_id"]),
        };
        assert_eq!(
            link.url,
            format!("{}/link/{}", self.service_url(), link.token)
        );
        link
    }

    /// The account, as the API shows it.
    pub async fn account(&self, id: &str) -> Value {
        let path = format!("/connected_accounts/{id}");
        let answer = self.call("GET", &path, None).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    pub async fn revoke(&self, id: &str) -> Answer {
        let path = format!("/connected_accounts/{id}/revoke");
        self.call("POST", &path, None).await
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let url = format!("{}/api/v3.1{path}", self.service_url());
        let mut request = self
            .client
            .request(method.parse().expect("a method"), url)
            .header("x-api-key", KEY);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let bytes = response.bytes().await.expect("a body");
        Answer {
            status,
            body: serde_json::from_slice(&bytes).expect("JSON"),
        }
    }

    /// No page that the browser saw, and no line of the service's log, shows a token, the client's
    /// secret, a key of the service, or what the browser carried between the two.
    pub async fn check_nothing_leaked(&self, party: &Party, link: &Link, browser: &Browser) {
        let mut scanner = SecretScanner::new(FingerprintKey::of_seed("pages"));
        let mut add = |kind: &str, secret: &str, prefix_length| {
            scanner.add(KnownSecret {
                kind: kind.to_owned(),
                secret: Secret::new(secret),
                prefix_length,
            });
        };
        for known in party.secrets() {
            add(&known.kind, known.secret.expose(), known.prefix_length);
        }
        add("api_key", KEY, "ak_".len());
        add("encryption_key", ENCRYPTION_KEY, 0);
        add("link_token", &link.token, "lk_".len());
        for address in browser.requests().await {
            let url = reqwest::Url::parse(&address).expect("an address");
            for (name, value) in url.query_pairs() {
                if ["code", "state"].contains(&&*name) {
                    add(&name, &value, 0);
                }
            }
        }
        for known in scanner.secrets() {
            // Otherwise it would be found nowhere.
            assert!(!scanner.find(known.secret.expose()).is_empty());
        }
        let pages = browser.seen();
        assert!(!pages.is_empty(), "no page was looked at");
        let log = std::fs::read_to_string(self.log()).expect("a log");
        assert!(log.contains("connect flow opened"), "another log: {log}");
        for text in pages.iter().chain([&log]) {
            let leaks = scanner.find(text);
            assert!(leaks.is_empty(), "{leaks:?} in {}", scanner.redact(text));
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

impl Party {
    /// Where browsers find the provider.
    pub fn browser_url(&self) -> String {
        in_browsers(&self.tenant)
    }

    /// A user gives the application a grant, without a browser.
    pub fn mint(&self, user: &str) {
        let elapsed = self.tenant.elapsed();
        let mut state = self.tenant.lock();
        state.mint(user, APPLICATION, &Subject::ALL, elapsed);
    }

    /// Every grant, in the order in which they were given.
    pub fn grants(&self) -> Vec<Granted> {
        let elapsed = self.tenant.elapsed();
        let state = self.tenant.lock();
        let now = state.now(elapsed);
        let grants = state.ledger().grants().map(|(id, grant)| {
            let tokens = state.ledger().tokens(id, now);
            let tokens = tokens.iter().map(|token| (token.id.subject, token.state));
            Granted {
                user: grant.user.to_string(),
                client: grant.client.to_string(),
                tokens: tokens.collect(),
            }
        });
        grants.collect()
    }

    fn secrets(&self) -> Vec<KnownSecret> {
        let state = self.tenant.lock();
        let scanner = state.scanner(self.tenant.fingerprints().clone());
        // A consent page is known by an id, which has to stand on it.
        let is_secret = |known: &&KnownSecret| known.kind != "consent";
        scanner
            .secrets()
            .iter()
            .filter(is_secret)
            .cloned()
            .collect()
    }
}

/// The one place that says how a provider is started.
async fn start_provider() -> Provider {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    Provider::start(any, "browser").await.expect("it listens")
}

fn in_browsers(tenant: &Tenant) -> String {
    format!("http://localhost:{}", tenant.bound().port())
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
