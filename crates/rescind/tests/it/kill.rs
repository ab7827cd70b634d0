//! The reference service, killed hard at two hundred instants under load and started again on the
//! same file: no account is lost, none reads REVOKED that has a live token, and a repeated call
//! always comes to an end.
//!
//! And two of them at once, on one file: one dispatch for each subject.
//!
//! The instants are chosen by a proxy between service and provider: before the k-th request
//! arrives, after it took effect and before its answer is heard, just after its answer, or a few
//! turns of the scheduler later. Nothing waits for the clock.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rescind_model::vocabulary::{Subject, TokenState};
use rescind_provider::ledger::Cause;
use rescind_provider::server::Address;
use rescind_provider::tenant::Minted;
use rescind_provider::{GrantId, Provider, Tenant};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Child;
use tokio::sync::{Mutex, Notify};
use tokio::task::JoinSet;

use crate::support::{KEY, profile, serve};

const KILLS: u64 = 200;
/// Both tokens can be killed at each: one by one, with the grant, by bearer, by account id.
const PROFILES: [&str; 5] = [
    "rfc7009",
    "externally-revoked",
    "google",
    "dropbox",
    "grant-only",
];

/// Numbers that are the same in every run and look like chance.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        // SplitMix64, https://prng.di.unimi.it/splitmix64.c
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// When the service is killed, counted from the k-th request to the provider.
#[derive(Clone, Copy, Debug)]
enum Instant {
    BeforeItArrives,
    AfterItTookEffect,
    AfterItsAnswer,
    /// After its answer, and so many turns of the scheduler.
    TurnsLater(u64),
}

impl Instant {
    fn choose(chance: &mut Chance) -> Self {
        match chance.below(5) {
            0 => Self::BeforeItArrives,
            1 | 2 => Self::AfterItTookEffect,
            3 => Self::AfterItsAnswer,
            _ => Self::TurnsLater(chance.below(400)),
        }
    }
}

/// What the proxy does when.
#[derive(Clone, Copy)]
struct Trap {
    countdown: u64,
    instant: Instant,
}

/// Passes requests on to the provider, one a connection, and kills the service at one of them.
struct Proxy {
    address: SocketAddr,
    trap: Arc<Mutex<Option<Trap>>>,
    victim: Arc<Mutex<Option<Child>>>,
    killed: Arc<Notify>,
    kills: Arc<AtomicU64>,
}

impl Proxy {
    async fn start(provider: SocketAddr) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let proxy = Arc::new(Self {
            address: listener.local_addr().expect("an address"),
            trap: Arc::default(),
            victim: Arc::default(),
            killed: Arc::default(),
            kills: Arc::default(),
        });
        let shared = Arc::clone(&proxy);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let proxy = Arc::clone(&shared);
                // A service that was killed breaks its connections: no failure of the proxy.
                tokio::spawn(async move { proxy.forward(connection, provider).await.ok() });
            }
        });
        proxy
    }

    async fn forward(&self, mut service: TcpStream, provider: SocketAddr) -> std::io::Result<()> {
        let request = read_message(&mut service).await?;
        let instant = self.spring().await;
        if let Some(Instant::BeforeItArrives) = instant {
            self.kill().await;
            return Ok(());
        }
        let mut upstream = TcpStream::connect(provider).await?;
        upstream.write_all(&request).await?;
        let answer = read_message(&mut upstream).await?;
        if let Some(Instant::AfterItTookEffect) = instant {
            self.kill().await;
            return Ok(());
        }
        service.write_all(&answer).await?;
        match instant {
            None => return Ok(()),
            Some(Instant::TurnsLater(turns)) => {
                for _ in 0..turns {
                    tokio::task::yield_now().await;
                }
            }
            Some(_) => {}
        }
        self.kill().await;
        Ok(())
    }

    /// Counts one request; says whether it is the one, and what is to happen then.
    async fn spring(&self) -> Option<Instant> {
        let mut trap = self.trap.lock().await;
        let set = trap.as_mut()?;
        set.countdown -= 1;
        if set.countdown > 0 {
            return None;
        }
        trap.take().map(|trap| trap.instant)
    }

    async fn kill(&self) {
        if let Some(mut child) = self.victim.lock().await.take() {
            child.kill().await.expect("SIGKILL arrives");
            self.kills.fetch_add(1, Ordering::Relaxed);
        }
        self.killed.notify_one();
    }
}

/// One HTTP/1.1 message whose length is stated, or which has no body.
async fn read_message(connection: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        if let Some(length) = whole_length(&message)
            && message.len() >= length
        {
            return Ok(message);
        }
        if connection.read_buf(&mut message).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn whole_length(message: &[u8]) -> Option<usize> {
    let head = message.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&message[..head]).to_ascii_lowercase();
    let stated = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(0, |length| length.trim().parse().expect("a number"));
    Some(head + stated)
}

/// What the service answers; none if it died first.
async fn send(
    service: SocketAddr,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> Option<(u16, Value)> {
    let body = body.map_or(String::new(), |body| body.to_string());
    let request = format!(
        "{method} /api/v3.1{path} HTTP/1.1\r\nhost: {service}\r\nx-api-key: {KEY}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut connection = TcpStream::connect(service).await.ok()?;
    connection.write_all(request.as_bytes()).await.ok()?;
    let answer = read_message(&mut connection).await.ok()?;
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(body).unwrap_or(Value::Null)))
}

/// One connected account, here and there.
#[derive(Clone)]
struct Connected {
    id: String,
    tenant: Arc<Tenant>,
    grant: GrantId,
}

impl Connected {
    /// Whether every token of its grant was killed by a revocation.
    fn is_dead(&self) -> bool {
        let now = self.tenant.elapsed();
        let tokens = self.tenant.lock().ledger().tokens(self.grant, now);
        assert!(!tokens.is_empty());
        tokens.iter().all(|token| {
            let cause = token.death.map(|death| death.cause);
            token.state != TokenState::Alive
                && matches!(cause, Some(Cause::Revoked(_) | Cause::Cascade(_)))
        })
    }

    async fn status(&self, service: SocketAddr) -> String {
        let path = format!("/connected_accounts/{}", self.id);
        let (status, body) = send(service, "GET", &path, None).await.expect("an answer");
        assert_eq!(status, 200, "the account is lost: {body}");
        body["status"].as_str().expect("a status").to_owned()
    }

    async fn revoke(&self, service: SocketAddr) -> Option<(u16, Value)> {
        let path = format!("/connected_accounts/{}/revoke", self.id);
        send(service, "POST", &path, None).await
    }

    /// What must hold at any time, whatever happened. Says whether it is REVOKED.
    async fn check(&self, service: SocketAddr) -> bool {
        let is_revoked = self.status(service).await == "REVOKED";
        assert!(
            !is_revoked || self.is_dead(),
            "{} is REVOKED and lives",
            self.id
        );
        is_revoked
    }
}

/// A provider of many kinds, and an auth config for each.
struct World {
    _provider: Provider,
    proxy: Arc<Proxy>,
    kinds: Vec<(Arc<Tenant>, String)>,
}

impl World {
    async fn begin(service: SocketAddr) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let provider = Provider::start(any, "kill").await.expect("it listens");
        let proxy = Proxy::start(provider.address()).await;
        let mut kinds = Vec::new();
        for name in PROFILES {
            let at = Address::Below(name.to_owned());
            let tenant = provider.add_tenant(&at, name, profile(name));
            let tenant = tenant.expect("it listens already");
            let client = tenant.lock().client("one");
            let credentials = json!({
                "client_id": client.client_id,
                "client_secret": client.client_secret.expose(),
                "base_url": format!("http://{}/t/{name}", proxy.address),
            });
            let body = json!({
                "toolkit": {"slug": name},
                "auth_config": {"type": "use_custom_auth", "authScheme": "OAUTH2",
                                "credentials": credentials},
            });
            let answer = send(service, "POST", "/auth_configs", Some(body)).await;
            let (status, body) = answer.expect("an answer");
            assert_eq!(status, 201, "{body}");
            let id = body["auth_config"]["id"].as_str().expect("an id");
            kinds.push((tenant, id.to_owned()));
        }
        Self {
            _provider: provider,
            proxy,
            kinds,
        }
    }

    /// One new account at each provider.
    async fn import(&self, service: SocketAddr, round: u64) -> Vec<Connected> {
        let mut accounts = Vec::new();
        for (tenant, auth_config) in &self.kinds {
            let subjects = [Subject::AccessToken, Subject::RefreshToken];
            let (user, elapsed) = (format!("user {round}"), tenant.elapsed());
            let minted = tenant.lock().mint(&user, "one", &subjects, elapsed);
            let body = json!({
                "auth_config": {"id": auth_config},
                "connection": {"user_id": user,
                               "state": {"authScheme": "OAUTH2", "val": fields(&minted)}},
            });
            let answer = send(service, "POST", "/connected_accounts", Some(body)).await;
            let (status, body) = answer.expect("an answer");
            assert_eq!(status, 201, "{body}");
            accounts.push(Connected {
                id: body["id"].as_str().expect("an id").to_owned(),
                tenant: Arc::clone(tenant),
                grant: minted.grant,
            });
        }
        accounts
    }
}

fn fields(minted: &Minted) -> Value {
    let mut fields = json!({"status": "ACTIVE"});
    for (name, token) in [
        ("access_token", &minted.access_token),
        ("refresh_token", &minted.refresh_token),
    ] {
        fields[name] = token.as_ref().expect("a token").expose().into();
    }
    if let Some((name, value)) = &minted.account_id {
        fields[name.as_str()] = value.as_str().into();
    }
    fields
}

/// Revokes each account twice at once. A success that was heard is a success.
async fn load(service: SocketAddr, accounts: &[Connected]) {
    let mut calls = JoinSet::new();
    for account in accounts.iter().chain(accounts).cloned() {
        calls.spawn(async move {
            if let Some((200, body)) = account.revoke(service).await {
                assert_eq!(body["connected_account"]["status"], "REVOKED");
                assert!(account.is_dead(), "{} was answered and lives", account.id);
            }
        });
    }
    while let Some(call) = calls.join_next().await {
        call.expect("what was answered is so");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_instant_it_tells_no_lie_and_a_retry_converges() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("service.db");
    let (mut child, mut service) = serve(&file, Stdio::null()).await;
    let world = World::begin(service).await;
    let mut chance = Chance(7);
    let mut accounts: Vec<Connected> = Vec::new();
    let mut interrupted = 0;
    for round in 0..KILLS {
        let fresh = world.import(service, round).await;
        *world.proxy.victim.lock().await = Some(child);
        *world.proxy.trap.lock().await = Some(Trap {
            // The load makes seven dispatches; what is left of earlier rounds may make more.
            countdown: 1 + chance.below(7),
            instant: Instant::choose(&mut chance),
        });
        load(service, &fresh).await;
        // Every round ends with a kill: the load makes more requests than are counted down.
        world.proxy.killed.notified().await;
        (child, service) = serve(&file, Stdio::null()).await;
        for account in &fresh {
            interrupted += u64::from(!account.check(service).await);
        }
        accounts.extend(fresh);
    }
    assert_eq!(world.proxy.kills.load(Ordering::Relaxed), KILLS);
    // Otherwise the kills came too late to show anything.
    assert!(
        interrupted > KILLS,
        "only {interrupted} revokes were cut off"
    );

    let mut calls = JoinSet::new();
    for account in accounts.iter().cloned() {
        calls.spawn(async move {
            account.check(service).await;
            let (status, body) = account.revoke(service).await.expect("an answer");
            assert_eq!(status, 200, "{body}");
            assert_eq!(account.status(service).await, "REVOKED");
            assert!(account.is_dead(), "{} lives", account.id);
        });
    }
    while let Some(call) = calls.join_next().await {
        call.expect("every account converges");
    }
    for (tenant, _) in &world.kinds {
        let state = tenant.lock();
        let entries: Vec<_> = state.journal().after(0).collect();
        assert!(entries.iter().all(|entry| entry.departures.is_empty()));
    }
    child.kill().await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_file_dispatch_each_token_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("service.db");
    let (mut first, one) = serve(&file, Stdio::null()).await;
    let (mut second, other) = serve(&file, Stdio::null()).await;
    let world = World::begin(one).await;
    let mut calls = JoinSet::new();
    for round in 0..20 {
        for account in world.import(one, round).await {
            for service in [one, other, one, other] {
                let account = account.clone();
                calls.spawn(async move { account.revoke(service).await });
            }
        }
    }
    while let Some(call) = calls.join_next().await {
        let (status, body) = call.expect("no panic").expect("an answer");
        assert_eq!(status, 200, "{body}");
    }
    for (tenant, _) in &world.kinds {
        let state = tenant.lock();
        let mut presented: Vec<_> = state
            .journal()
            .after(0)
            .filter(|entry| entry.is_dispatch())
            .map(|entry| format!("{:?}", entry.presented))
            .collect();
        let all = presented.len();
        presented.sort();
        presented.dedup();
        assert_eq!(presented.len(), all, "a token was dispatched twice");
        assert!(all >= 20);
    }
    first.kill().await.expect("it ends");
    second.kill().await.expect("it ends");
}
