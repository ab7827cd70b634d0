//! Targets that are down, misconfigured, or whose revoke route misbehaves: the former are
//! configuration errors with a next step, the latter findings, each within its bound.

use std::net::SocketAddr;
use std::time::Duration;

use rescind_model::event::Report;
use rescind_model::verdict::Verdict;
use rescind_service::{ApiKey, Config, Database, RunningService, Secret, parse_api_keys, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Finished, check, only_races_are_spoiled, reference_target, rescind, write};

pub const KEY: &str = "ak_a-key-for-this-test";
pub const READ_ONLY_KEY: &str = "ak_another-that-may-only-read";
pub const OTHER_PROJECT_KEY: &str = "ak_another-of-another-project";

/// How a revoke route misbehaves.
#[derive(Clone, Copy, Debug)]
enum Misbehaviour {
    /// It never answers.
    Hangs,
    /// It resets the connection.
    Resets,
    /// It answers a gigabyte.
    SendsAGigabyte,
    /// It answers 200 and an empty object.
    AnswersAnEmptyObject,
}

pub async fn service() -> RunningService {
    let other_keys = format!("default:read:{READ_ONLY_KEY} other:write:{OTHER_PROJECT_KEY}");
    let other_keys = parse_api_keys(&other_keys).expect("keys");
    serve(Config {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        public_url: None,
        database: Database::Memory,
        encryption_key: None,
        api_keys: [
            vec![ApiKey::of_default_project(Secret::new(KEY))],
            other_keys,
        ]
        .concat(),
        dispatch_timeout: Duration::from_secs(2),
        claim_lease: Config::DEFAULT_CLAIM_LEASE,
        defect: None,
        variant: None,
    })
    .await
    .expect("the service starts")
}

/// A proxy before the reference service whose revoke route misbehaves. Returns its address.
async fn proxy(service: SocketAddr, misbehaviour: Misbehaviour) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                // A client that has gone away ends its connection: no failure of the proxy.
                let _ = forward(stream, service, misbehaviour).await;
            });
        }
    });
    address
}

async fn forward(
    mut client: TcpStream,
    service: SocketAddr,
    misbehaviour: Misbehaviour,
) -> std::io::Result<()> {
    let mut head = vec![0; 16 * 1024];
    let length = client.read(&mut head).await?;
    let line = head[..length]
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    if !String::from_utf8_lossy(line).contains("/revoke ") {
        let mut upstream = TcpStream::connect(service).await?;
        upstream.write_all(&head[..length]).await?;
        copy_bidirectional(&mut client, &mut upstream).await?;
        return Ok(());
    }
    match misbehaviour {
        // Until the client gives up.
        Misbehaviour::Hangs => while client.read(&mut head).await? > 0 {},
        Misbehaviour::Resets => client.set_zero_linger()?,
        Misbehaviour::SendsAGigabyte => {
            client.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1073741824\r\n\r\n").await?;
            let part = vec![b' '; 64 * 1024];
            for _ in 0..(1 << 30) / part.len() {
                client.write_all(&part).await?;
            }
        }
        Misbehaviour::AnswersAnEmptyObject => {
            client.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}").await?;
        }
    }
    Ok(())
}

/// The reference target's file for a service that runs elsewhere.
pub fn target_at(address: SocketAddr, revoke_seconds: &str) -> String {
    let text = reference_target(&[
        (
            "base_url = \"{base_url}\"",
            &format!("base_url = \"http://{address}\""),
        ),
        (
            "header = \"x-api-key\"",
            "header = \"x-api-key\"\nenvironment = \"TEST_API_KEY\"",
        ),
        (
            "[read_only_api_key]",
            "[read_only_api_key]\nenvironment = \"TEST_READ_ONLY_API_KEY\"",
        ),
        (
            "[other_project_api_key]",
            "[other_project_api_key]\nenvironment = \"TEST_OTHER_PROJECT_API_KEY\"",
        ),
        (
            "revoke_seconds = 20",
            &format!("revoke_seconds = {revoke_seconds}"),
        ),
    ]);
    let (before, rest) = text
        .split_once("\n[process]")
        .expect("the file has a process");
    let (_, after) = rest.split_once("\n[limits]").expect("the file has limits");
    format!("{before}\n[limits]{after}")
}

/// Runs a check with a key in the environment.
pub async fn check_with_key(
    target: String,
    key: &'static str,
    arguments: &'static [&'static str],
) -> (Finished, Option<Report>) {
    tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().expect("a folder");
        let target = write(folder.path(), "target.toml", &target);
        let report = folder.path().join("report.json");
        let output = rescind(&[
            "check",
            "--target",
            &target,
            "--jobs",
            "32",
            "--report",
            &format!("json={}", report.display()),
        ])
        .args(arguments)
        .env("TEST_API_KEY", key)
        .env("TEST_READ_ONLY_API_KEY", READ_ONLY_KEY)
        .env("TEST_OTHER_PROJECT_API_KEY", OTHER_PROJECT_KEY)
        .output()
        .expect("the program starts");
        let report = std::fs::read_to_string(report)
            .ok()
            .map(|text| serde_json::from_str(&text).expect("a report"));
        (Finished::from(output), report)
    })
    .await
    .expect("the check ends")
}

async fn finds(misbehaviour: Misbehaviour, expected: &str) {
    let service = service().await;
    let address = proxy(service.local_addr(), misbehaviour).await;
    let bound = Duration::from_mins(2);
    let run = check_with_key(target_at(address, "0.4"), KEY, &[]);
    let (finished, report) = tokio::time::timeout(bound, run)
        .await
        .expect("the runner never hangs");
    assert_eq!(
        finished.code, 1,
        "{misbehaviour:?}: {}{}",
        finished.stdout, finished.stderr
    );
    let report = report.expect("findings are reported");
    let fallen = report
        .checks
        .iter()
        .filter(|check| check.verdict == Verdict::Fail && check.id == expected)
        .count();
    assert!(
        fallen > 20,
        "{misbehaviour:?}: {expected} fell {fallen} times"
    );
    only_races_are_spoiled(&report);
    service.shutdown().await.expect("the service stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoke_route_that_hangs_is_a_finding() {
    finds(Misbehaviour::Hangs, "call-is-answered").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoke_route_that_resets_is_a_finding() {
    finds(Misbehaviour::Resets, "call-is-answered").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoke_route_that_sends_a_gigabyte_is_a_finding() {
    finds(Misbehaviour::SendsAGigabyte, "call-is-answered").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoke_route_that_answers_an_empty_object_is_a_finding() {
    finds(Misbehaviour::AnswersAnEmptyObject, "answer-shape").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_runs_elsewhere_passes_with_nothing_but_a_target_file() {
    let service = service().await;
    let (finished, report) =
        check_with_key(target_at(service.local_addr(), "40"), KEY, &["--strict"]).await;
    assert_eq!(finished.code, 0, "{}{}", finished.stdout, finished.stderr);
    // Its log cannot be read: that check alone is not there.
    let report = report.expect("a report");
    assert!(
        report
            .checks
            .iter()
            .all(|check| check.id != "no-secret-in-log")
    );
    service.shutdown().await.expect("the service stops");
}

/// A port that nobody listens on: it was free a moment ago.
async fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("an address")
}

/// What is shown, without what every run has its own of.
fn assert_shown(name: &str, finished: &Finished) {
    let filters = vec![
        (r"127\.0\.0\.1:\d{4,}", "ADDRESS"),
        (r"--> \S*/target\.toml", "--> FOLDER/target.toml"),
        (r"req_\w+", "REQUEST"),
    ];
    insta::with_settings!({ filters => filters, omit_expression => true }, {
        insta::assert_snapshot!(name, finished.stderr);
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_is_down_is_a_configuration_error() {
    let address = nobody().await;
    let (finished, report) = check_with_key(target_at(address, "1"), KEY, &[]).await;
    assert_eq!((finished.code, report.is_some()), (3, false));
    assert_shown("a_target_that_is_down_is_a_configuration_error", &finished);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_key_is_a_configuration_error() {
    let service = service().await;
    let (finished, report) =
        check_with_key(target_at(service.local_addr(), "1"), "ak_of-nobody", &[]).await;
    assert_eq!((finished.code, report.is_some()), (3, false));
    assert_shown("a_wrong_key_is_a_configuration_error", &finished);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_not_set_is_a_configuration_error() {
    let (finished, _) = check_with_key(target_at(nobody().await, "1"), "", &[]).await;
    assert_eq!(finished.code, 3);
    assert_shown("a_key_that_is_not_set_is_a_configuration_error", &finished);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_cannot_reach_the_provider_is_a_configuration_error() {
    let service = service().await;
    let elsewhere = nobody().await;
    let target = target_at(service.local_addr(), "1").replace(
        "base_url = \"{provider_base_url}\"",
        &format!("base_url = \"http://{elsewhere}\""),
    );
    let (finished, report) = check_with_key(target, KEY, &[]).await;
    assert_eq!((finished.code, report.is_some()), (3, false));
    assert_shown(
        "a_target_that_cannot_reach_the_provider_is_a_configuration_error",
        &finished,
    );
}

#[test]
fn a_process_that_is_never_ready_is_a_configuration_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = reference_target(&[
        ("listening on", "ready at"),
        ("ready_line", "ready_seconds = 1\nready_line"),
    ]);
    let target = write(folder.path(), "target.toml", &target);
    let finished = crate::support::run(&["check", "--target", &target]);
    assert_eq!(finished.code, 3);
    assert_shown(
        "a_process_that_is_never_ready_is_a_configuration_error",
        &finished,
    );
}

#[test]
fn provisioning_that_fails_halfway_is_the_harness_and_no_finding() {
    let folder = tempfile::tempdir().expect("a folder");
    // The target refuses an import of one status: the cases that need it cannot be run.
    let scenario = std::fs::read_to_string(
        crate::support::root().join("scenarios/connected-accounts/refusals/unknown-account.toml"),
    )
    .expect("the scenario is there")
    .replace("[\"rfc7009\"]", "[\"no-toolkit-knows-this\"]");
    let scenarios = folder.path().join("scenarios");
    std::fs::create_dir(&scenarios).expect("a folder");
    write(&scenarios, "unprovisionable.toml", &scenario);
    let profiles = folder.path().join("profiles");
    std::fs::create_dir(&profiles).expect("a folder");
    let profile =
        std::fs::read_to_string(crate::support::root().join("fixtures/providers/rfc7009.toml"))
            .expect("the profile is there");
    write(&profiles, "no-toolkit-knows-this.toml", &profile);
    let (finished, report) = check(
        folder.path(),
        &[
            "--scenarios",
            &scenarios.to_string_lossy(),
            "--profiles",
            &profiles.to_string_lossy(),
            "unprovisionable",
            "connected-accounts/success/both-killed",
        ],
    );
    assert_eq!(finished.code, 5, "{}{}", finished.stdout, finished.stderr);
    assert_eq!((report.summary.fail, report.summary.harness_error), (0, 1));
}
