//! A provider with a cast of grants, a request builder, and a client.

pub mod flows;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Method};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rescind_model::profile::Profile;
use rescind_model::source::SourceFile;
use rescind_model::{Subject, TokenState};
use rescind_provider::clients::Client;
use rescind_provider::server::Address;
use rescind_provider::tenant::Minted;
use rescind_provider::{Entry, Provider, Tenant};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The names of all profiles.
pub const PROFILES: [&str; 11] = [
    "access-only",
    "dropbox",
    "externally-revoked",
    "google",
    "grant-only",
    "no-revoke-route",
    "openid",
    "refresh-only",
    "rfc7009",
    "self-authenticating",
    "two-routes",
];

/// Any free port of the loopback interface.
pub fn loopback() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

/// A profile of `fixtures/providers`.
pub fn profile(name: &str) -> Arc<Profile> {
    changed_profile(name, &[])
}

/// A profile of `fixtures/providers`, in which some texts are replaced by others.
pub fn changed_profile(name: &str, changes: &[(&str, &str)]) -> Arc<Profile> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures/providers")
        .join(format!("{name}.toml"));
    let mut text = std::fs::read_to_string(&path).unwrap();
    for (old, new) in changes {
        assert!(text.contains(old), "{name} does not say: {old}");
        text = text.replace(old, new);
    }
    Arc::new(Profile::parse(&SourceFile::new(path.display().to_string(), text)).unwrap())
}

/// Every profile that the program has, and one that spans two hosts; by name.
pub fn every_profile() -> Vec<(String, Arc<Profile>)> {
    let embedded = rescind_provider::profiles::embedded().into_iter();
    let mut profiles: Vec<_> = embedded
        .map(|(name, file)| (name, Arc::new(Profile::parse(&file).unwrap())))
        .collect();
    assert!(profiles.len() >= PROFILES.len());
    let at_api = |path: &'static str| (path, format!("{path}\nhost = \"api\""));
    let [resource, route] = [
        at_api("path = \"/userinfo\""),
        at_api("path = \"/oauth2/revoke\""),
    ];
    let two_hosts = changed_profile(
        "rfc7009",
        &[
            ("confidence =", "hosts = [\"api\"]\nconfidence ="),
            (resource.0, &resource.1),
            (route.0, &route.1),
        ],
    );
    profiles.push(("two hosts".to_owned(), two_hosts));
    profiles
}

/// Every path that something answers at one of a provider's hosts, and some that nothing does. What
/// is open in a path is filled.
pub fn every_path(profile: &Profile) -> Vec<String> {
    let at_main_host = profile.answered().into_iter().map(|(_, path)| path);
    let authorization = profile.authorization_endpoint.iter();
    let device = profile.device_authorization.iter();
    let elsewhere = [&profile.token_endpoint.path, &profile.resource.path]
        .into_iter()
        .chain(profile.introspection.iter().map(|one| &one.path))
        .chain(device.flat_map(|one| [&one.path, &one.verification_path]))
        .chain(profile.revocation_routes.iter().map(|route| &route.path))
        .map(|path| path.to_string());
    let authorization = authorization.flat_map(|one| [one.path.to_string(), one.decision_path()]);
    let nowhere = [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/nowhere",
        "/",
    ];
    let paths = at_main_host.chain(elsewhere).chain(authorization);
    let paths = paths.chain(nowhere.map(str::to_owned));
    let mut paths: Vec<String> = paths.map(|path| path.replace(['{', '}'], "")).collect();
    paths.sort();
    paths.dedup();
    paths
}

/// A provider whose root tenant has one profile, with a cast of grants: `ada` is the one that a
/// test acts on, `twin` is another of the same user and client, `bob` is another user's, `rival`
/// is the same user's at another client.
pub struct World {
    pub provider: Provider,
    pub tenant: Arc<Tenant>,
    pub ada: Minted,
    pub twin: Minted,
    pub bob: Minted,
    pub rival: Minted,
    http: Http,
}

const CAST: [&str; 4] = ["ada", "twin", "bob", "rival"];

impl World {
    pub async fn start(profile_name: &str) -> Self {
        Self::of(profile(profile_name)).await
    }

    /// As [`World::start`], at a profile in which some texts are replaced by others.
    pub async fn start_changed(profile_name: &str, changes: &[(&str, &str)]) -> Self {
        Self::of(changed_profile(profile_name, changes)).await
    }

    pub async fn of(profile: Arc<Profile>) -> Self {
        let provider = Provider::start(loopback(), "seed").await.unwrap();
        let tenant = provider
            .add_tenant(&Address::Root, "root", profile)
            .unwrap();
        let mint = |user: &str, client: &str| {
            let elapsed = tenant.elapsed();
            tenant.lock().mint(user, client, &Subject::ALL, elapsed)
        };
        let (ada, twin) = (mint("ada", "main"), mint("ada", "main"));
        let (bob, rival) = (mint("bob", "main"), mint("ada", "rival"));
        Self {
            provider,
            tenant,
            ada,
            twin,
            bob,
            rival,
            http: Http::new(),
        }
    }

    pub async fn send(&self, ask: Ask) -> Answer {
        self.http.send(self.tenant.base_url(), ask).await
    }

    /// As [`World::send`], to one of the provider's hosts.
    pub async fn send_to(&self, base_url: &str, ask: Ask) -> Answer {
        self.http.send(base_url, ask).await
    }

    /// Every host of the provider by its name, the main one first, and where it listens.
    pub fn listeners(&self) -> Vec<(String, SocketAddr)> {
        let hosts = &self.tenant.addresses().hosts;
        let further = hosts.iter().map(|(name, url)| {
            let address = url.trim_start_matches("http://").parse();
            (name.clone(), address.expect("an address and a port"))
        });
        let main = ("its own".to_owned(), self.provider.address());
        std::iter::once(main).chain(further).collect()
    }

    /// The newest entry of the journal.
    pub fn last_entry(&self) -> Entry {
        let state = self.tenant.lock();
        state.journal().after(0).last().cloned().unwrap()
    }

    /// Every token of the cast that is not alive, as `ada access dead`, and every one beyond the
    /// first of its kind, as `ada access 1 alive`.
    pub fn noteworthy(&self) -> Vec<String> {
        let elapsed = self.tenant.elapsed();
        let state = self.tenant.lock();
        let now = state.now(elapsed);
        let mut noteworthy = Vec::new();
        for ((grant, _), name) in state.ledger().grants().zip(CAST) {
            for token in state.ledger().tokens(grant, now) {
                let kind = match token.id.subject {
                    Subject::AccessToken => "access",
                    Subject::RefreshToken => "refresh",
                };
                match (token.id.generation, token.state) {
                    (0, TokenState::Alive) => {}
                    (0, state) => noteworthy.push(format!("{name} {kind} {state}")),
                    (generation, state) => {
                        noteworthy.push(format!("{name} {kind} {generation} {state}"));
                    }
                }
            }
        }
        noteworthy
    }

    pub fn remove_by_user(&self, minted: &Minted) {
        let elapsed = self.tenant.elapsed();
        self.tenant.lock().remove_by_user(minted.grant, elapsed);
    }

    pub fn expire(&self, minted: &Minted, subject: Subject) {
        let elapsed = self.tenant.elapsed();
        assert!(self.tenant.lock().expire(minted.grant, subject, elapsed));
    }
}

/// The access token of a grant.
pub fn access(minted: &Minted) -> &str {
    minted.access_token.as_ref().unwrap().expose()
}

/// The refresh token of a grant.
pub fn refresh(minted: &Minted) -> &str {
    minted.refresh_token.as_ref().unwrap().expose()
}

/// A client of one connection pool.
pub struct Http(HyperClient<HttpConnector, Full<Bytes>>);

impl Http {
    pub fn new() -> Self {
        Self(HyperClient::builder(TokioExecutor::new()).build_http())
    }

    pub async fn send(&self, base_url: &str, ask: Ask) -> Answer {
        let mut request = hyper::Request::builder()
            .method(ask.method)
            .uri(format!("{base_url}{}", ask.target))
            .body(Full::new(Bytes::from(ask.body)))
            .unwrap();
        *request.headers_mut() = ask.headers;
        let response = self.0.request(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap(),
        }
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(name)
            .map(|value| value.to_str().expect("a header of visible characters"))
    }
}

/// A request in the making.
#[derive(Clone)]
pub struct Ask {
    method: Method,
    target: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Ask {
    pub fn new(method: &str, target: impl Into<String>) -> Self {
        Self {
            method: method.parse().unwrap(),
            target: target.into(),
            headers: HeaderMap::new(),
            body: Vec::new(),
        }
    }

    pub fn get(target: impl Into<String>) -> Self {
        Self::new("GET", target)
    }

    pub fn post(target: impl Into<String>) -> Self {
        Self::new("POST", target)
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.append(name, value.parse().unwrap());
        self
    }

    pub fn body(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let mut ask = self.header("content-type", content_type);
        ask.body = body.into();
        ask
    }

    pub fn form(self, pairs: &[(&str, &str)]) -> Self {
        self.body("application/x-www-form-urlencoded", form(pairs))
    }

    pub fn json(self, value: &Value) -> Self {
        self.body("application/json", value.to_string())
    }

    pub fn query(mut self, pairs: &[(&str, &str)]) -> Self {
        self.target = format!("{}?{}", self.target, form(pairs));
        self
    }

    /// Basic credentials, form-encoded first (RFC 6749 §2.3.1).
    pub fn basic(self, client: &Client) -> Self {
        let encoded: Vec<String> = [&client.client_id, client.client_secret.expose()]
            .map(|text| form_urlencoded::byte_serialize(text.as_bytes()).collect())
            .to_vec();
        self.basic_pair(&encoded.join(":"))
    }

    /// Basic credentials as they are (RFC 7617).
    pub fn basic_raw(self, client: &Client) -> Self {
        let pair = format!("{}:{}", client.client_id, client.client_secret.expose());
        self.basic_pair(&pair)
    }

    pub fn basic_pair(self, pair: &str) -> Self {
        self.header("authorization", &format!("Basic {}", STANDARD.encode(pair)))
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }
}

/// Names and values as a form body or query.
pub fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// Sends bytes as they are, and reads until the provider closes.
pub async fn send_raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    // A reset after the answer is as good as an end.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// A grant of `user` to `main`, with every kind of token.
pub fn mint(tenant: &Tenant) -> Minted {
    let elapsed = tenant.elapsed();
    tenant.lock().mint("user", "main", &Subject::ALL, elapsed)
}
