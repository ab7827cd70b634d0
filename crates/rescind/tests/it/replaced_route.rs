//! A target of which the revoke route alone is replaced: by one that always says the same, says
//! nothing, or does something else. What every check comes to against each is written down, so that
//! no requirement passes for the wrong reason.

use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rescind_model::event::Report;
use rescind_model::verdict::Verdict;
use tokio::net::{TcpListener, TcpStream};

use crate::hostile_targets::{KEY, check_with_key, service, target_at};
use crate::support::only_races_are_spoiled;

/// What stands in the revoke route's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    /// It answers with a status code, and an error as it should look.
    Always(u16),
    /// It answers 200 and an empty object.
    EmptyObject,
    /// It answers 200 and one account's result, whoever is asked for.
    FixedBody,
    /// It answers 200 and what it was sent.
    Echo,
    /// It never answers.
    Hang,
    /// It resets the connection.
    Reset,
    /// It asks another installation, which has never heard of the account.
    AnotherHost,
    /// It answers as it should, and does nothing.
    DispatchesNothing,
    /// It answers as it should, and does it later.
    DispatchesLate,
}

/// A proxy before the reference service.
struct Proxy {
    route: Route,
    service: SocketAddr,
    another: SocketAddr,
    /// The paths of revokes that are still to be made.
    later: Mutex<HashSet<String>>,
}

pub type Answer = Result<Response<Full<Bytes>>, std::io::Error>;

fn json(status: u16, body: String) -> Answer {
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Full::new(body.into()))
        .map_err(std::io::Error::other)
}

fn success(account: &str) -> Answer {
    json(
        200,
        format!(
            r#"{{"revoked_tokens":["access_token","refresh_token"],"connected_account":{{"id":"{account}","status":"REVOKED"}}}}"#
        ),
    )
}

impl Proxy {
    async fn start(route: Route, service: SocketAddr, another: SocketAddr) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let proxy = Arc::new(Self {
            route,
            service,
            another,
            later: Mutex::default(),
        });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&proxy).serve(stream));
            }
        });
        address
    }

    async fn serve(self: Arc<Self>, stream: TcpStream) {
        if self.route == Route::Reset {
            // A stream that goes with bytes unread, or by this, is reset.
            let _ = stream.set_zero_linger();
        }
        let answer = service_fn(|request| Arc::clone(&self).answer(request));
        let _ = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), answer)
            .await;
    }

    fn later(&self) -> MutexGuard<'_, HashSet<String>> {
        self.later.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Answer {
        let path = request.uri().path().to_owned();
        let Some(account) = path.strip_suffix("/revoke") else {
            self.catch_up(&path, &request).await?;
            return forward(self.service, request).await;
        };
        let id = account.rsplit('/').next().unwrap_or_default();
        match self.route {
            Route::Always(status) => json(
                status,
                format!(r#"{{"error":{{"message":"no","code":1,"slug":"no","status":{status}}}}}"#),
            ),
            Route::EmptyObject => json(200, "{}".to_owned()),
            Route::FixedBody => success("ca_AAAAAAAAAAAA"),
            Route::Echo => {
                let head = format!("{:?}", request.headers());
                json(200, serde_json::json!({ "you_sent": head }).to_string())
            }
            Route::Hang => std::future::pending().await,
            Route::Reset => Err(std::io::Error::other("reset")),
            Route::AnotherHost => forward(self.another, request).await,
            Route::DispatchesNothing => success(id),
            Route::DispatchesLate => {
                self.later().insert(account.to_owned());
                success(id)
            }
        }
    }

    /// Makes the revoke that was put off, when somebody asks after the account.
    async fn catch_up(&self, path: &str, request: &Request<Incoming>) -> std::io::Result<()> {
        if self.later().remove(path) {
            let mut revoke = Request::post(format!("{path}/revoke"));
            for (name, value) in request.headers() {
                revoke = revoke.header(name, value);
            }
            let revoke = revoke.body(Full::<Bytes>::default());
            forward(self.service, revoke.map_err(std::io::Error::other)?).await?;
        }
        Ok(())
    }
}

pub async fn forward<B>(service: SocketAddr, request: Request<B>) -> Answer
where
    B: hyper::body::Body + Send + 'static,
    B::Data: Send,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let stream = TcpStream::connect(service).await?;
    let connecting = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = connecting.map_err(std::io::Error::other)?;
    tokio::spawn(connection);
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(std::io::Error::other)?;
    let request = Request::from_parts(parts, Full::new(body.to_bytes()));
    let answer = sender.send_request(request).await;
    let (parts, body) = answer.map_err(std::io::Error::other)?.into_parts();
    let body = body.collect().await.map_err(std::io::Error::other)?;
    Ok(Response::from_parts(parts, Full::new(body.to_bytes())))
}

/// What every requirement came to, and what each of its checks did, case by case.
fn verdicts(report: &Report) -> String {
    let rows = report.requirements.iter().map(|row| {
        let reason = row.reason.as_ref().map(|_| " (with a reason)");
        format!("{}: {}{}", row.id, row.verdict, reason.unwrap_or_default())
    });
    let mut counts: BTreeMap<&str, BTreeMap<Verdict, usize>> = BTreeMap::new();
    for check in &report.checks {
        let of_check = counts.entry(&check.id).or_default();
        *of_check.entry(check.verdict).or_default() += 1;
    }
    let checks = counts.iter().map(|(check, counts)| {
        let counts = counts.iter();
        let counts = counts.map(|(verdict, count)| format!("{count} {verdict}"));
        format!("{check}: {}", counts.collect::<Vec<_>>().join(", "))
    });
    let blank = std::iter::once(String::new());
    rows.chain(blank)
        .chain(checks)
        .collect::<Vec<_>>()
        .join("\n")
}

async fn comes_to(route: Route) -> (Report, String) {
    let (service, another) = (service().await, self::service().await);
    let address = Proxy::start(route, service.local_addr(), another.local_addr()).await;
    let patience = if route == Route::Hang { "0.4" } else { "20" };
    // Three providers, of which everything, a part and nothing can be revoked, are all that it takes.
    let profiles =
        "[capabilities]\nprofiles = [\"rfc7009\", \"access-only\", \"no-revoke-route\"]\n";
    let target = format!("{}\n{profiles}", target_at(address, patience));
    let run = check_with_key(target, KEY, &["--seed", "replaced-route"]);
    let bound = Duration::from_mins(3);
    let (finished, report) = tokio::time::timeout(bound, run)
        .await
        .expect("the runner never hangs");
    assert_eq!(
        finished.code, 1,
        "{route:?}: {}{}",
        finished.stdout, finished.stderr
    );
    let report = report.expect("findings are reported");
    only_races_are_spoiled(&report);
    service.shutdown().await.expect("the service stops");
    another.shutdown().await.expect("the service stops");
    let verdicts = verdicts(&report);
    (report, verdicts)
}

macro_rules! routes {
    ($($test:ident: $route:expr;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let (_, verdicts) = comes_to($route).await;
                insta::assert_snapshot!(verdicts);
            }
        )*
    };
}

routes! {
    always_500: Route::Always(500);
    always_400: Route::Always(400);
    an_empty_object: Route::EmptyObject;
    a_fixed_body: Route::FixedBody;
    an_echo: Route::Echo;
    a_hang: Route::Hang;
    a_reset: Route::Reset;
    another_host: Route::AnotherHost;
    nothing_dispatched: Route::DispatchesNothing;
    dispatched_late: Route::DispatchesLate;
}
