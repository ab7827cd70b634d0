//! A run that somebody stops: what was judged by then is reported, and the rest counts as not run.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rescind_model::event::Report;
use rescind_model::verdict::Verdict;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::hostile_targets::{KEY, OTHER_PROJECT_KEY, READ_ONLY_KEY, service, target_at};
use crate::support::{Finished, rescind, write};

/// A proxy before a service that lets so many revokes through, and answers no later one. Returns
/// its address, and tells of each that it holds.
async fn holding_after(passed: usize, service: SocketAddr) -> (SocketAddr, mpsc::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (notices, holds) = mpsc::channel(64);
    let revokes = Arc::new(AtomicUsize::new(0));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (notices, revokes) = (notices.clone(), Arc::clone(&revokes));
            tokio::spawn(async move {
                // A client that has gone away ends its connection: no failure of the proxy.
                let _ = forward(stream, service, passed, &revokes, &notices).await;
            });
        }
    });
    (address, holds)
}

async fn forward(
    mut client: TcpStream,
    service: SocketAddr,
    passed: usize,
    revokes: &AtomicUsize,
    notices: &mpsc::Sender<()>,
) -> std::io::Result<()> {
    let mut head = vec![0; 16 * 1024];
    let length = client.read(&mut head).await?;
    let is_revoke = String::from_utf8_lossy(&head[..length])
        .lines()
        .next()
        .is_some_and(|line| line.contains("/revoke "));
    if is_revoke && revokes.fetch_add(1, Ordering::Relaxed) >= passed {
        let _ = notices.send(()).await;
        while client.read(&mut head).await? > 0 {}
        return Ok(());
    }
    let mut upstream = TcpStream::connect(service).await?;
    upstream.write_all(&head[..length]).await?;
    copy_bidirectional(&mut client, &mut upstream).await?;
    Ok(())
}

fn start(folder: &Path, address: SocketAddr) -> Child {
    let target = write(folder, "target.toml", &target_at(address, "60"));
    rescind(&["check", "--target", &target, "--jobs", "1"])
        .arg("connected-accounts/success")
        .args(["--report", "json=report.json"])
        .args(["--report", "ndjson=events.ndjson"])
        .args(["--report", "junit=report.xml"])
        .args(["--report", "markdown=report.md"])
        .env("TEST_API_KEY", KEY)
        .env("TEST_READ_ONLY_API_KEY", READ_ONLY_KEY)
        .env("TEST_OTHER_PROJECT_API_KEY", OTHER_PROJECT_KEY)
        .env("GITHUB_ACTIONS", "true")
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

fn signal(child: &Child, signal: Signal) {
    let id = i32::try_from(child.id()).expect("an id");
    kill(Pid::from_raw(id), signal).expect("it runs");
}

async fn finish(child: Child) -> Finished {
    tokio::task::spawn_blocking(|| child.wait_with_output())
        .await
        .expect("no panic")
        .expect("it ends")
        .into()
}

/// Interrupts a run that has got so far. Returns its report, and what it said.
async fn interrupted(passed: usize, by: Signal, folder: &Path) -> (Finished, Report) {
    let service = service().await;
    let (address, mut holds) = holding_after(passed, service.local_addr()).await;
    let child = start(folder, address);
    holds.recv().await.expect("a revoke is held");
    signal(&child, by);
    let finished = finish(child).await;
    assert_eq!(finished.code, 6, "{}{}", finished.stdout, finished.stderr);
    service.shutdown().await.expect("the service stops");
    let text = std::fs::read_to_string(folder.join("report.json")).expect("the report is there");
    (finished, serde_json::from_str(&text).expect("a report"))
}

fn rows(report: &Report, verdict: Verdict) -> usize {
    let rows = report.checks.iter();
    rows.filter(|row| row.verdict == verdict).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_had_ended_is_judged_and_the_rest_is_not_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let (finished, report) = interrupted(8, Signal::SIGTERM, folder.path()).await;
    assert!(report.run.interrupted);
    assert!(report.summary.cases > 0, "{:?}", report.summary);
    assert!(report.summary.pass > 10, "{:?}", report.summary);
    assert_eq!(
        report.summary.fail, 0,
        "nobody is blamed for what was cut off"
    );
    let not_run: Vec<_> = report
        .checks
        .iter()
        .filter(|row| row.verdict == Verdict::NotRun)
        .collect();
    assert!(
        not_run.iter().all(|row| row.id == "case-ran"),
        "{not_run:?}"
    );
    assert_eq!(report.summary.not_run, not_run.len());

    let events = std::fs::read_to_string(folder.path().join("events.ndjson")).expect("the events");
    let lines: Vec<serde_json::Value> = events
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines[0]["cases"], report.summary.cases + not_run.len());
    let last = lines.last().expect("a line");
    assert_eq!(last["outcome"], "interrupted");
    assert_eq!(last["interrupted"], true);

    let xml = std::fs::read(folder.path().join("report.xml")).expect("the report");
    let suites = junit_parser::from_reader(&xml[..]).expect("JUnit's XML");
    // Each case that did not run, and the run itself.
    assert_eq!(suites.errors as usize, not_run.len() + 1);
    let page = std::fs::read_to_string(folder.path().join("report.md")).expect("the page");
    assert!(page.starts_with("# rescind: interrupted"), "{page}");
    let said = finished.stdout;
    assert!(said.contains("\ninterrupted: "), "{said}");
    assert!(
        said.contains("::error title=rescind::interrupted"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_has_judged_nothing_yet_is_reported_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, report) = interrupted(0, Signal::SIGINT, folder.path()).await;
    assert!(report.run.interrupted);
    assert_eq!(report.summary.cases, 0);
    assert_eq!(rows(&report, Verdict::NotRun), report.checks.len());
    assert!(report.checks.len() > 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_stops_it_before_its_first_case_gets_a_report() {
    // A target that takes connections and says nothing: the run does not get beyond its beginning.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let folder = tempfile::tempdir().expect("a folder");
    let child = start(folder.path(), listener.local_addr().expect("an address"));
    let _held = listener.accept().await.expect("it connects");
    signal(&child, Signal::SIGINT);
    let finished = finish(child).await;
    assert_eq!(finished.code, 6, "{}{}", finished.stdout, finished.stderr);
    let text = std::fs::read_to_string(folder.path().join("report.json")).expect("the report");
    let report: Report = serde_json::from_str(&text).expect("a report");
    assert!(report.run.interrupted);
    assert_eq!(rows(&report, Verdict::NotRun), report.checks.len());
}
