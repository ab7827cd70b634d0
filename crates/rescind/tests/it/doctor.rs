//! `rescind doctor`: each mistake of a target file, or of the target, gives the message that its
//! author needs, and nobody is ever asked to revoke.

mod double;
mod init;

use std::net::SocketAddr;

use double::{Double, KEY, Mistake, OTHER_KEY, READ_ONLY_KEY};
use tokio::net::TcpListener;

use crate::support::{Finished, many_times, reference_target, rescind, run, write};

/// The double's target file.
const TARGET: &str = r#"name = "double"
base_url = "http://ADDRESS"

[api_key]
header = "authorization"
value = "Bearer {api_key}"
environment = "DOUBLE_KEY"

[read_only_api_key]
environment = "DOUBLE_READ_ONLY_KEY"

[other_project_api_key]
environment = "DOUBLE_OTHER_KEY"

[words.account_statuses]
ACTIVE = ["live"]
EXPIRED = ["stale"]
REVOKED = ["revoked"]

[capabilities]
profiles = ["rfc7009"]
account_statuses = ["ACTIVE", "EXPIRED", "REVOKED"]
cannot = { other_schemes = "it holds OAuth 2.0 accounts only" }

[limits]
call_seconds = 5
background_seconds = 0

[[client]]
request = { method = "POST", path = "/clients", json = { provider_url = "{provider_base_url}", id = "{client_id}", secret = "{client_secret}" } }
capture = { connector_id = "/id" }

[[account]]
request = { method = "POST", path = "/connections", json = { connector = "{connector_id}", state = "{status}", tokens = { access = "{access_token?}", refresh = "{refresh_token?}" } } }
capture = { account_id = "/id" }

[revoke]
request = { method = "POST", path = "/connections/{account_id}/revoke" }
revoked_tokens = "/revoked"

[read]
request = { method = "GET", path = "/connections/{account_id}" }
account_status = "/state"
status_reason = "/reason"

[delete]
request = { method = "DELETE", path = "/connections/{account_id}" }

[refresh]
request = { method = "POST", path = "/connections/{account_id}/refresh" }

[set_status]
request = { method = "PATCH", path = "/connections/{account_id}", json = { enabled = "{enabled}" } }

[delete_client]
request = { method = "DELETE", path = "/clients/{connector_id}" }

[set_client_status]
request = { method = "PATCH", path = "/clients/{connector_id}", json = { enabled = "{enabled}" } }
"#;

/// Runs the doctor on a target file, with keys in the environment.
async fn doctor_with(target: String, command: &'static str, key: &'static str) -> Finished {
    tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().expect("a folder");
        let path = write(folder.path(), "target.toml", &target);
        let output = rescind(&[command, "--target", &path])
            .env("DOUBLE_KEY", key)
            .env("DOUBLE_READ_ONLY_KEY", READ_ONLY_KEY)
            .env("DOUBLE_OTHER_KEY", OTHER_KEY)
            .output();
        let mut finished = Finished::from(output.expect("the program starts"));
        let folder = folder.path().to_string_lossy().into_owned();
        finished.stdout = finished.stdout.replace(&folder, "FOLDER");
        finished.stderr = finished.stderr.replace(&folder, "FOLDER");
        finished
    })
    .await
    .expect("it ends")
}

/// The file for a double, with some of its text replaced.
fn target(address: SocketAddr, replacements: &[(&str, &str)]) -> String {
    let mut text = TARGET.replace("ADDRESS", &address.to_string());
    for (from, to) in replacements {
        assert!(text.contains(from), "the target file has no `{from}`");
        text = text.replace(from, to);
    }
    text
}

fn assert_snapshot(name: &str, text: &str) {
    let filters = vec![
        (r"127\.0\.0\.1:\d+", "ADDRESS"),
        (r"(‹\w+) [0-9a-f]{8}›", "$1 …›"),
        (r"client-[\w-]+", "CLIENT"),
        // In which of several ways a connection ends is chance.
        (r"(the connection ended before a whole answer): .*", "$1: …"),
    ];
    insta::with_settings!({ filters => filters, omit_expression => true }, {
        insta::assert_snapshot!(name, text);
    });
}

/// Runs the doctor on a double that makes a mistake, or on a file that does. It finds something.
async fn finds(name: &str, mistake: Mistake, replacements: &[(&str, &str)]) {
    let double = Double::start(mistake).await;
    let finished = doctor_with(target(double.address, replacements), "doctor", KEY).await;
    assert_eq!(finished.code, 3, "{}{}", finished.stdout, finished.stderr);
    assert_eq!(finished.stderr, "");
    assert_eq!(double.revokes(), 0, "{name}");
    for secret in double.secrets().iter().map(String::as_str).chain([KEY]) {
        assert!(!finished.stdout.contains(secret), "{}", finished.stdout);
    }
    assert_snapshot(name, &finished.stdout);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_is_ready_is_said_to_be() {
    let double = Double::start(Mistake::None).await;
    let finished = doctor_with(target(double.address, &[]), "doctor", KEY).await;
    assert_eq!(finished.code, 0, "{}{}", finished.stdout, finished.stderr);
    assert_snapshot("ready", &finished.stdout);
    assert_eq!((double.revokes(), double.accounts()), (0, 0));
    assert!(double.secrets().len() >= 7, "a client and three accounts");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_file_does_not_state_is_not_asked_and_said_so() {
    let double = Double::start(Mistake::None).await;
    let text = target(double.address, &[("status_reason = \"/reason\"\n", "")]);
    let (before, _) = text.split_once("[delete]").expect("the file has it");
    let text = before
        .replace(
            "[read_only_api_key]\nenvironment = \"DOUBLE_READ_ONLY_KEY\"\n",
            "",
        )
        .replace(
            "cannot = { ",
            "cannot = { refresh = \"tokens are refreshed when they are used\", ",
        );
    let finished = doctor_with(text, "doctor", KEY).await;
    assert_eq!(finished.code, 0, "{}{}", finished.stdout, finished.stderr);
    assert_snapshot("not_stated", &finished.stdout);
}

/// A port that nobody listens on: it was free a moment ago.
async fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("an address")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_is_down() {
    let finished = doctor_with(target(nobody().await, &[]), "doctor", KEY).await;
    assert_eq!(finished.code, 3);
    assert_snapshot("down", &finished.stdout);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_cannot_be_talked_to() {
    let https = [("http://", "https://")];
    finds("tls_to_plain", Mistake::None, &https).await;
    finds("connections_ended", Mistake::EndsConnections, &[]).await;
    let short = [("call_seconds = 5", "call_seconds = 0.2")];
    finds("hangs", Mistake::Hangs, &short).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_is_not_trusted() {
    let provider = rescind_provider::Provider::builder()
        .profile("rfc7009")
        .tls(rescind_provider::server::Tls::made());
    let provider = provider.start().await.expect("the provider starts");
    let https = provider.base_url().to_owned();
    let plain = https.replace("https:", "http:");
    for (name, base_url) in [("not_trusted", https), ("plain_to_tls", plain)] {
        let text = TARGET.replace("http://ADDRESS", &base_url);
        let finished = doctor_with(text, "doctor", KEY).await;
        assert_eq!(finished.code, 3);
        let shown = finished.stdout.replace(&base_url, "BASE_URL");
        assert_snapshot(name, &shown);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_that_are_none() {
    let double = Double::start(Mistake::None).await;
    let base_url = format!("http://{}", double.address);
    let named = format!(
        "ca_certificates = \"target.toml\"\nbase_url = \"{}\"",
        base_url.replace("http:", "https:")
    );
    let text = target(
        double.address,
        &[(&format!("base_url = \"{base_url}\""), &named)],
    );
    let finished = doctor_with(text, "doctor", KEY).await;
    assert_eq!(finished.code, 3);
    assert_snapshot("certificates_that_are_none", &finished.stdout);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_are_not_good() {
    let double = Double::start(Mistake::None).await;
    let text = target(double.address, &[]);
    let finished = doctor_with(text.clone(), "doctor", "a-key-of-nobody").await;
    assert_eq!(finished.code, 3);
    assert!(!finished.stdout.contains("a-key-of-nobody"));
    assert_snapshot("wrong_key", &finished.stdout);
    let finished = doctor_with(text, "doctor", "").await;
    assert_eq!(finished.code, 3);
    assert_snapshot("key_not_set", &finished.stdout);
    finds("key_may_not_write", Mistake::KeyMayNotWrite, &[]).await;
    finds("key_not_checked", Mistake::KeyNotChecked, &[]).await;
    finds("further_keys_unknown", Mistake::FurtherKeysUnknown, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_cannot_be_put_into_the_target() {
    finds("client_fails", Mistake::ClientFails, &[]).await;
    finds("client_without_id", Mistake::ClientWithoutId, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_that_cannot_be_put_into_the_target() {
    finds("expired_refused", Mistake::RefusesExpired, &[]).await;
    finds("one_id", Mistake::OneId, &[]).await;
    let elsewhere = [("account_id = \"/id\"", "account_id = \"/account/id\"")];
    finds("account_captured_elsewhere", Mistake::None, &elsewhere).await;
    let required = [("{refresh_token?}", "{provider_account_id}")];
    finds("hole_that_is_empty", Mistake::None, &required).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_that_do_not_say_the_status() {
    finds("read_says_live", Mistake::SaysLive, &[]).await;
    finds("read_says_another_word", Mistake::SaysAnotherWord, &[]).await;
    finds("read_fails", Mistake::ReadFails, &[]).await;
    let unmapped = [(
        "account_status = \"/state\"",
        "account_status = \"/connection/status\"",
    )];
    finds("status_is_elsewhere", Mistake::None, &unmapped).await;
    let not_handed_on = [("state = \"{status}\", ", "")];
    finds("status_not_handed_on", Mistake::None, &not_handed_on).await;
    let path = [(
        "\"GET\", path = \"/connections",
        "\"GET\", path = \"/connection",
    )];
    finds("read_path", Mistake::None, &path).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_is_not_reached() {
    finds("refreshes_alone", Mistake::RefreshesAlone, &[]).await;
    finds("refreshes_elsewhere", Mistake::RefreshesElsewhere, &[]).await;
    let untold = [("provider_url = \"{provider_base_url}\", ", "")];
    finds("provider_not_handed_on", Mistake::None, &untold).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_do_not_work() {
    finds("changes_nothing", Mistake::ChangesNothing, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_asks_the_same_first_and_stops_with_the_problems_in_full() {
    let double = Double::start(Mistake::SaysAnotherWord).await;
    let finished = doctor_with(target(double.address, &[]), "check", KEY).await;
    assert_eq!((finished.code, finished.stdout.as_str()), (3, ""));
    assert_eq!(double.revokes(), 0);
    assert_snapshot("check_stops", &finished.stderr);
}

#[test]
fn a_process_that_does_not_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = r#"command = ["sh", "-c", "trap '' TERM; echo listening on http://127.0.0.1:1; exec tail -f /dev/null"]"#;
    let text = reference_target(&[("ready_line", "stop_seconds = 0\nready_line")]);
    let (before, rest) = text.split_once("command = ").expect("it has a command");
    let (_, after) = rest.split_once('\n').expect("more follows");
    let path = write(
        folder.path(),
        "target.toml",
        &format!("{before}{script}\n{after}"),
    );
    let finished = run(&["doctor", "--target", &path]);
    assert_eq!(finished.code, 3);
    let shown = finished
        .stdout
        .replace(&*folder.path().to_string_lossy(), "FOLDER");
    assert_snapshot("process_that_does_not_end", &shown);
}

#[test]
fn a_defect_is_never_taken_for_a_mistake_in_the_file() {
    let listed = |what: &str| {
        let names = run(&["list", what]).stdout;
        let names = names
            .lines()
            .filter_map(|line| line.split_whitespace().next());
        names.map(str::to_owned).collect::<Vec<String>>()
    };
    let of = |option: &'static str, what: &str| {
        let names = listed(what).into_iter();
        names.map(move |name| (option, name)).collect::<Vec<_>>()
    };
    let seeded = [of("--defect", "defects"), of("--variant", "variants")].concat();
    assert!(seeded.len() > 90, "{seeded:?}");
    let folder = tempfile::tempdir().expect("a folder");
    many_times(seeded.len(), |number| {
        let (option, name) = &seeded[number];
        let with = format!("\"serve\", \"{option}\", \"{name}\"");
        let text = reference_target(&[("\"serve\"", &with)]);
        let path = write(folder.path(), &format!("{number}.toml"), &text);
        let finished = run(&["doctor", "--target", &path]);
        assert_eq!(
            finished.code, 0,
            "{name}: {}{}",
            finished.stdout, finished.stderr
        );
    });
}
