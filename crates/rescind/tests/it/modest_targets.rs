//! Targets that allow little at a time: one case after the other, each with a target that is empty,
//! and cleaned up after; and targets that turn calls away because there are too many.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rescind_model::event::Report;
use rescind_model::verdict::Verdict;
use tokio::net::TcpListener;

use crate::hostile_targets::{KEY, check_with_key, service, target_at};
use crate::replaced_route::{Answer, forward};

/// What a proxy before the reference service does of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// Nothing, but for taking resets.
    Plain,
    /// It takes the first reset, and no other.
    ResetsOnce,
    /// It deletes the first account, before anything is judged, and no other.
    DeletesOnce,
    /// It turns every third request away, and says for how long or does not.
    TurnsAwayEveryThird,
    /// It turns every revoke away.
    TurnsAwayRevokes,
    /// It turns everything away.
    TurnsAwayAll,
    /// It turns every revoke away once it has made it.
    TurnsAwayWhatItDid,
}

/// A request: its method and path.
type Asked = (Method, String);

struct Proxy {
    manner: Manner,
    service: SocketAddr,
    asked: Mutex<Vec<Asked>>,
}

impl Proxy {
    async fn start(manner: Manner, service: SocketAddr) -> (Arc<Self>, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let proxy = Arc::new(Self {
            manner,
            service,
            asked: Mutex::default(),
        });
        let shared = Arc::clone(&proxy);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let proxy = Arc::clone(&shared);
                tokio::spawn(async move {
                    let answer = service_fn(|request| Arc::clone(&proxy).answer(request));
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), answer)
                        .await;
                });
            }
        });
        (proxy, address)
    }

    fn asked(&self) -> MutexGuard<'_, Vec<Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often something was asked for, this time included.
    fn note(&self, asked: &Asked) -> (usize, usize) {
        let mut all = self.asked();
        all.push(asked.clone());
        let same = all.iter().filter(|earlier| *earlier == asked).count();
        (all.len(), same)
    }

    fn deletions(&self) -> usize {
        self.asked()
            .iter()
            .filter(|asked| is_deletion(asked))
            .count()
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Answer {
        let asked = (request.method().clone(), request.uri().path().to_owned());
        let (number, same) = self.note(&asked);
        let (method, path) = asked;
        let is_revoke = path.ends_with("/revoke");
        let turns_away = match self.manner {
            Manner::TurnsAwayEveryThird => number.is_multiple_of(3),
            Manner::TurnsAwayRevokes => is_revoke,
            Manner::TurnsAwayAll => true,
            _ => false,
        };
        if turns_away {
            return turned_away(number);
        }
        match self.manner {
            Manner::ResetsOnce if path == RESET && same == 1 => empty(204),
            Manner::Plain if path == RESET => empty(204),
            Manner::ResetsOnce if path == RESET && same > 1 => empty(500),
            Manner::DeletesOnce if is_deletion(&(method, path)) && self.deletions() > 1 => {
                empty(500)
            }
            Manner::TurnsAwayWhatItDid if is_revoke => {
                forward(self.service, request).await?;
                turned_away(number)
            }
            _ => forward(self.service, request).await,
        }
    }
}

fn is_deletion((method, path): &Asked) -> bool {
    method == Method::DELETE && path.contains("/connected_accounts/")
}

const RESET: &str = "/test/reset";

fn empty(status: u16) -> Answer {
    let mut answer = Response::default();
    *answer.status_mut() = StatusCode::from_u16(status).map_err(std::io::Error::other)?;
    Ok(answer)
}

/// Some say how long, others do not.
fn turned_away(number: usize) -> Answer {
    let mut answer = empty(429)?;
    if number.is_multiple_of(2) {
        answer
            .headers_mut()
            .insert("retry-after", "0".parse().map_err(std::io::Error::other)?);
    }
    Ok(answer)
}

/// A target file with further limits, and further tables at its end.
fn target(address: SocketAddr, limits: &str, tables: &str) -> String {
    let text = target_at(address, "10").replace("[limits]\n", &format!("[limits]\n{limits}\n"));
    format!("{text}\n{tables}\n")
}

const ONE_AT_A_TIME: &str = "max_concurrent_cases = 1";

const EMPTIED: &str = r#"
[[reset]]
request = { method = "POST", path = "/test/reset" }
"#;

const CLEANUP: &str = r#"
[[cleanup]]
request = { method = "DELETE", path = "/api/v3.1/connected_accounts/{account_id}" }
"#;

const PART: &[&str] = &["connected-accounts/success/both-killed", "--strict"];

async fn run(
    manner: Manner,
    limits: &str,
    tables: &str,
    arguments: &'static [&'static str],
) -> (crate::support::Finished, Option<Report>, Vec<Asked>) {
    let service = service().await;
    let (proxy, address) = Proxy::start(manner, service.local_addr()).await;
    let target = target(address, limits, tables);
    let (finished, report) = check_with_key(target, KEY, arguments).await;
    service.shutdown().await.expect("it ends");
    let asked = proxy.asked().clone();
    (finished, report, asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_case_has_an_empty_target_to_itself_and_leaves_nothing_behind() {
    let (finished, report, asked) = run(
        Manner::Plain,
        ONE_AT_A_TIME,
        &format!("{EMPTIED}{CLEANUP}"),
        PART,
    )
    .await;
    assert_eq!(finished.code, 0, "{}{}", finished.stdout, finished.stderr);
    let report = report.expect("a report");
    assert_eq!(report.run.notes, Vec::<String>::new());
    // What stands between two resets: what is asked before anything is judged, then a case each.
    let parts: Vec<&[Asked]> = asked.split(|(_, path)| path == RESET).skip(1).collect();
    assert_eq!(parts.len(), report.summary.cases + 1);
    for part in &parts[1..] {
        let revoked = part.iter().filter(|(_, path)| path.ends_with("/revoke"));
        assert_eq!(revoked.count(), 1, "cases ran side by side");
        let accounts = |wanted: &Method| -> Vec<&str> {
            let of_accounts = part.iter().filter(|(method, path)| {
                method == wanted
                    && path.contains("/connected_accounts/")
                    && !path.ends_with("/revoke")
            });
            of_accounts.map(|(_, path)| path.as_str()).collect()
        };
        let deleted = accounts(&Method::DELETE);
        assert_eq!(deleted.len(), 1, "{part:?}");
        assert!(accounts(&Method::GET).contains(&deleted[0]));
        assert_eq!(part.last().map(|(method, _)| method), Some(&Method::DELETE));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_cleaned_up_is_a_note_and_no_finding() {
    let (finished, report, _) = run(Manner::DeletesOnce, "", CLEANUP, PART).await;
    assert_eq!(finished.code, 0, "{}{}", finished.stdout, finished.stderr);
    let report = report.expect("a report");
    assert_eq!(report.run.notes.len(), report.summary.cases);
    for note in &report.run.notes {
        let says = "account `alice` is left in the target: `DELETE /api/v3.1/connected_accounts/{account_id}` was answered 500";
        assert!(note.contains(says), "{note}");
    }
    assert!(
        finished
            .stdout
            .contains("\nnote: connected-accounts/success/both-killed@")
    );
}

/// What the clean-up has the target do is not the case's doing, also where it comes late.
#[tokio::test(flavor = "multi_thread")]
async fn a_clean_up_that_revokes_is_no_late_dispatch_of_its_case() {
    let revoking = CLEANUP.replace("{account_id}", "{account_id}?revoke_on_delete=true");
    let part = &[
        "connected-accounts/siblings/another-users-account",
        "--strict",
    ];
    let (finished, report, asked) = run(Manner::Plain, "", &revoking, part).await;
    assert_eq!(finished.code, 0, "{}{}", finished.stdout, finished.stderr);
    let cases = report.expect("a report").summary.cases;
    assert!(asked.iter().filter(|asked| is_deletion(asked)).count() > cases);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_whose_target_cannot_be_emptied_is_the_harnesss_to_tell() {
    let (finished, report, _) = run(Manner::ResetsOnce, ONE_AT_A_TIME, EMPTIED, PART).await;
    assert_eq!(finished.code, 5, "{}", finished.stdout);
    for row in report.expect("a report").checks {
        assert_eq!(
            (row.id.as_str(), row.verdict),
            ("case-ran", Verdict::HarnessError)
        );
        let expected =
            "the target could not be emptied before the case: `POST /test/reset` was answered 500";
        assert!(row.message.contains(expected), "{}", row.message);
    }
}

const SOME: &[&str] = &[
    "connected-accounts/success",
    "connected-accounts/refusals",
    "connected-accounts/failure",
    "connected-accounts/repeat",
    "connected-accounts/delete",
    "connected-accounts/races/two-revokes-held-before",
    "connected-accounts/races/refresh-during-revoke-held-after",
    "--profile",
    "google",
    "--profile",
    "access-only",
    "--profile",
    "no-revoke-route",
    "--profile",
    "rfc7009",
    "--strict",
];

#[tokio::test(flavor = "multi_thread")]
async fn what_a_target_turns_away_is_asked_again_and_changes_no_verdict() {
    let (straight, with_all, _) = run(Manner::Plain, "", "", SOME).await;
    let (finished, with_some, asked) = run(Manner::TurnsAwayEveryThird, "", "", SOME).await;
    assert_eq!(straight.code, 0, "{}", straight.stdout);
    assert_eq!(finished.code, 0, "{}{}", finished.stdout, finished.stderr);
    let verdicts = |report: Option<Report>| {
        let report = report.expect("a report");
        let rows = report.checks.into_iter();
        let checks = rows.map(|row| (row.scenario, row.profile, row.id, row.verdict, row.message));
        checks.collect::<Vec<_>>()
    };
    assert_eq!(verdicts(with_some), verdicts(with_all));
    let revokes = asked.iter().filter(|(_, path)| path.ends_with("/revoke"));
    assert!(revokes.count() > 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_turned_away_for_too_long_says_which_call_it_was() {
    let bound = "rate_limit_seconds = 0.5";
    let (finished, report, _) = run(Manner::TurnsAwayRevokes, bound, "", PART).await;
    assert_eq!(finished.code, 5, "{}", finished.stdout);
    let rows = report.expect("a report").checks;
    let spoiled = rows.iter().filter(|row| row.id == "case-ran");
    for row in spoiled.clone() {
        assert_eq!(row.verdict, Verdict::HarnessError);
        let call = "`POST /api/v3.1/connected_accounts/{account_id}/revoke` was answered 429";
        assert!(row.message.contains(call), "{}", row.message);
        assert!(
            row.message.contains("`rate_limit_seconds`"),
            "{}",
            row.message
        );
    }
    assert!(spoiled.count() > 0);
    // Where it is not even let in, nothing is judged.
    let (finished, report, _) = run(Manner::TurnsAwayAll, bound, "", PART).await;
    assert_eq!(
        (finished.code, report.is_none()),
        (3, true),
        "{}",
        finished.stderr
    );
    assert!(
        finished.stderr.contains("was answered 429"),
        "{}",
        finished.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_429_is_judged_where_the_target_has_acted_or_nobody_is_to_wait() {
    for (manner, limits) in [
        (Manner::TurnsAwayWhatItDid, ""),
        (Manner::TurnsAwayRevokes, "rate_limit_seconds = 0"),
    ] {
        let (finished, report, asked) = run(manner, limits, "", PART).await;
        assert_eq!(finished.code, 1, "{manner:?}: {}", finished.stdout);
        let report = report.expect("a report");
        let failed = |id: &str| {
            let mut rows = report.checks.iter();
            rows.any(|row| row.id == id && row.verdict == Verdict::Fail)
        };
        assert!(failed("expect-status"), "{manner:?}: {:?}", report.summary);
        let revokes = asked.iter().filter(|(_, path)| path.ends_with("/revoke"));
        assert_eq!(
            revokes.count(),
            report.summary.cases,
            "{manner:?}: none was repeated"
        );
    }
}
