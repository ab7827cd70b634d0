//! A target with words of its own, that makes one mistake at a time.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub const KEY: &str = "the-key-of-the-double";
pub const READ_ONLY_KEY: &str = "a-key-that-reads-the-double";
pub const OTHER_KEY: &str = "a-key-of-another-project";

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// Nothing.
    None,
    /// It takes any key.
    KeyNotChecked,
    /// Its key may read only.
    KeyMayNotWrite,
    /// It never answers the first call.
    Hangs,
    /// It ends every connection before its answer.
    EndsConnections,
    /// It fails when a client is registered, and says what it was sent.
    ClientFails,
    /// It answers the registration of a client with nothing in it.
    ClientWithoutId,
    /// It refuses accounts that are to be EXPIRED.
    RefusesExpired,
    /// It calls every account the same.
    OneId,
    /// A read says that EXPIRED accounts are live.
    SaysLive,
    /// A read says a word that the target file does not have.
    SaysAnotherWord,
    /// A read fails.
    ReadFails,
    /// A refresh asks nobody.
    RefreshesAlone,
    /// A refresh asks the provider at a path that is none of its.
    RefreshesElsewhere,
    /// Deletions and switches are not allowed.
    ChangesNothing,
    /// It does not know the further keys.
    FurtherKeysUnknown,
}

#[derive(Debug, Default)]
struct State {
    /// The provider's address, as a client step told it.
    provider: String,
    accounts: BTreeMap<String, String>,
    /// Everything secret that it was given.
    secrets: Vec<String>,
    /// How often somebody asked it to revoke.
    revokes: usize,
}

/// A running one.
pub struct Double {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

type Answer = Result<Response<Full<Bytes>>, std::io::Error>;

impl Double {
    pub async fn start(mistake: Mistake) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                tokio::spawn(serve(stream, mistake, shared));
            }
        });
        Self { address, state }
    }

    /// How often somebody asked it to revoke, which nobody may.
    pub fn revokes(&self) -> usize {
        lock(&self.state).revokes
    }

    /// Everything secret that it was given.
    pub fn secrets(&self) -> Vec<String> {
        lock(&self.state).secrets.clone()
    }

    /// How many accounts are left in it.
    pub fn accounts(&self) -> usize {
        lock(&self.state).accounts.len()
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(mut stream: TcpStream, mistake: Mistake, state: Arc<Mutex<State>>) {
    if mistake == Mistake::EndsConnections {
        let _ = stream.read(&mut [0; 4096]).await;
        return;
    }
    let answer = service_fn(|request| answer(mistake, Arc::clone(&state), request));
    // A client that has gone away ends its connection: no failure of the double.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), answer)
        .await;
}

fn says(status: u16, body: &Value) -> Answer {
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Full::new(body.to_string().into()))
        .map_err(std::io::Error::other)
}

fn refuses(status: u16, why: &str) -> Answer {
    says(status, &json!({ "detail": why }))
}

async fn answer(mistake: Mistake, state: Arc<Mutex<State>>, request: Request<Incoming>) -> Answer {
    if mistake == Mistake::Hangs {
        std::future::pending::<()>().await;
    }
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let header = request.headers().get("authorization");
    let key = header.and_then(|value| value.to_str().ok()).unwrap_or("");
    let key = key.strip_prefix("Bearer ").unwrap_or_default().to_owned();
    let body = request.into_body().collect().await;
    let body = body.map_err(std::io::Error::other)?.to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if let Some(refusal) = refused_key(mistake, &key, &method) {
        return refusal;
    }
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (method.as_str(), parts.as_slice()) {
        ("POST", ["clients"]) => new_client(mistake, &state, &body),
        ("POST", ["connections"]) => new_account(mistake, &state, &body),
        ("POST", ["connections", _, "revoke"]) => {
            lock(&state).revokes += 1;
            says(200, &json!({ "revoked": [] }))
        }
        ("POST", ["connections", id, "refresh"]) => {
            refresh(mistake, &state).await?;
            says(200, &json!({ "id": id }))
        }
        ("GET", ["connections", id]) => read(mistake, &state, id, &key),
        ("PATCH" | "DELETE", _) if mistake == Mistake::ChangesNothing => {
            refuses(405, "not allowed")
        }
        ("PATCH", ["connections" | "clients", _]) | ("DELETE", ["clients", _]) => {
            says(200, &json!({}))
        }
        ("DELETE", ["connections", id]) => {
            lock(&state).accounts.remove(*id);
            says(200, &json!({}))
        }
        _ => refuses(404, "no such path"),
    }
}

fn refused_key(mistake: Mistake, key: &str, method: &Method) -> Option<Answer> {
    if mistake == Mistake::KeyNotChecked {
        return None;
    }
    let further = [READ_ONLY_KEY, OTHER_KEY].contains(&key);
    if key != KEY && (!further || mistake == Mistake::FurtherKeysUnknown) {
        return Some(refuses(401, "who are you?"));
    }
    let may_write = key == KEY && mistake != Mistake::KeyMayNotWrite;
    (!may_write && method != Method::GET).then(|| refuses(403, "you may only look"))
}

fn new_client(mistake: Mistake, state: &Mutex<State>, body: &Value) -> Answer {
    let mut state = lock(state);
    let provider = body["provider_url"].as_str().unwrap_or_default();
    provider.clone_into(&mut state.provider);
    state
        .secrets
        .extend(body["secret"].as_str().map(str::to_owned));
    match mistake {
        Mistake::ClientFails => says(500, &json!({ "detail": "out of order", "sent": body })),
        Mistake::ClientWithoutId => says(200, &json!({ "client": { "identifier": "c-1" } })),
        _ => says(201, &json!({ "id": "c-1" })),
    }
}

fn new_account(mistake: Mistake, state: &Mutex<State>, body: &Value) -> Answer {
    let mut state = lock(state);
    let tokens = body["tokens"].as_object().into_iter().flatten();
    let tokens: Vec<String> = tokens
        .filter_map(|(_, token)| token.as_str().map(str::to_owned))
        .collect();
    state.secrets.extend(tokens);
    let word = body["state"].as_str().unwrap_or("live").to_owned();
    if mistake == Mistake::RefusesExpired && word == "stale" {
        return refuses(422, "an import is live");
    }
    let id = if mistake == Mistake::OneId {
        "a-1".to_owned()
    } else {
        format!("a-{}", state.accounts.len() + 1)
    };
    state.accounts.insert(id.clone(), word);
    says(201, &json!({ "id": id }))
}

fn read(mistake: Mistake, state: &Mutex<State>, id: &str, key: &str) -> Answer {
    let state = lock(state);
    let account = state.accounts.get(id).filter(|_| key != OTHER_KEY);
    let Some(word) = account else {
        return refuses(404, "no such connection");
    };
    if mistake == Mistake::ReadFails {
        return refuses(500, "out of order");
    }
    let word = match (mistake, word.as_str()) {
        (Mistake::SaysLive, "stale") => "live",
        (Mistake::SaysAnotherWord, "stale") => "gone-off",
        (_, word) => word,
    };
    let reason = (word == "revoked").then_some("somebody asked");
    says(200, &json!({ "id": id, "state": word, "reason": reason }))
}

/// Asks the provider for new tokens: that it is asked is all that counts here.
async fn refresh(mistake: Mistake, state: &Mutex<State>) -> std::io::Result<()> {
    let path = match mistake {
        Mistake::RefreshesAlone => return Ok(()),
        Mistake::RefreshesElsewhere => "/oauth/refresh",
        _ => "/oauth2/token",
    };
    let provider = lock(state).provider.clone();
    let address = provider.strip_prefix("http://").unwrap_or_default();
    let (address, below) = address.split_once('/').unwrap_or((address, ""));
    if address.is_empty() {
        return Ok(());
    }
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "POST /{below}{path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(())
}
