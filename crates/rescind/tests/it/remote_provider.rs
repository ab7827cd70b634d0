//! A run with a provider that runs elsewhere: the verdicts are those of one in this program, and what
//! is wrong with it is said at its line of the target file.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;

use rescind_model::event::Report;

use crate::provider::Running;
use crate::support::{Finished, check, reference_target, rescind, write};

/// The environment variable that holds the control key, and the key.
const VARIABLE: &str = "FAKE_PROVIDER_KEY";
const KEY: &str = "a-control-key-for-this-test";

/// Scenarios that ask everything of a provider that there is to ask: faults, gates, a crash, tokens
/// that expire and die at the provider, a removal by the user, a clock that is moved.
const SELECTION: [&str; 9] = [
    "connected-accounts/crashes/killed-before-the-effect",
    "connected-accounts/dead-before",
    "connected-accounts/delete/and-revoke",
    "connected-accounts/failure",
    "connected-accounts/races/revoke-during-refresh-held-after",
    "connected-accounts/races/client-sends-again-held-before",
    "connected-accounts/redirects",
    "connected-accounts/success/both-killed",
    "connected-accounts/token-states",
];

/// The set that judges all of them.
const SET: [&str; 3] = ["--strict", "--set", "connected-accounts-2026-09"];

/// A provider process on loopback.
fn provider(folder: &Path, has_key: bool) -> (Running, String) {
    let key = write(folder, "control.key", KEY);
    let mut arguments = vec!["rfc7009", "--port", "0"];
    if has_key {
        arguments.extend(["--control-key-file", key.as_str()]);
    }
    let running = Running::with(&arguments);
    let url = running.address().to_owned();
    (running, url)
}

/// The reference target with that provider.
fn target(folder: &Path, url: &str, tenants: &str) -> String {
    let table = format!(
        "[provider]\ntenants = \"{tenants}\"\n\
         control = {{ url = \"{url}\", key_from_environment = \"{VARIABLE}\" }}\n\n[limits]"
    );
    let text = reference_target(&[("[limits]", &table)]);
    write(folder, &format!("{tenants}.toml"), &text)
}

fn run_with_key(arguments: &[&str], key: &str) -> Finished {
    let finished = rescind(arguments).env(VARIABLE, key).output();
    finished.expect("the program starts").into()
}

/// What does not vary from run to run.
fn verdicts(mut report: Report) -> Report {
    report.run.seed = String::new();
    report.run.selection = Vec::new();
    report.summary.duration_ms = 0;
    report
}

#[test]
fn the_verdicts_are_those_of_a_provider_in_this_program() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = write(folder.path(), "here.toml", &reference_target(&[]));
    let arguments = [&SET[..], &["--target", &here], &SELECTION[..]].concat();
    let (finished, here) = check(folder.path(), &arguments);
    assert_eq!(finished.code, 0, "{}", finished.stdout);
    assert!(here.summary.cases > 50, "{}", here.summary.cases);
    let here = verdicts(here);

    let (running, url) = provider(folder.path(), true);
    for (tenants, selection) in [("path", &SELECTION[..]), ("client", &SELECTION[7..])] {
        let target = target(folder.path(), &url, tenants);
        let path = folder.path().join("there.json");
        let report = format!("json={}", path.display());
        let arguments = ["check", "--target", &target, "--report", &report];
        let finished = run_with_key(&[&arguments, &SET[..], selection].concat(), KEY);
        assert_eq!(
            finished.code, 0,
            "{tenants}: {}{}",
            finished.stdout, finished.stderr
        );
        let text = std::fs::read_to_string(&path).expect("a report");
        assert!(!text.contains(KEY) && !finished.stdout.contains(KEY));
        let there: Report = serde_json::from_str(&text).expect("the report is of its type");
        if selection.len() == SELECTION.len() {
            assert_eq!(format!("{:#?}", verdicts(there)), format!("{here:#?}"));
        }
    }
    assert_eq!(tenants_of(&url), 1, "none is left behind but its own");
    drop(running);
}

/// How many tenants a provider has.
fn tenants_of(url: &str) -> usize {
    let answer = ask(url, "/_rescind/tenants");
    answer.matches("control_url").count()
}

/// The answer to a request with the key.
fn ask(url: &str, path: &str) -> String {
    let address = url.strip_prefix("http://").expect("plain HTTP");
    let mut stream = std::net::TcpStream::connect(address).expect("it listens");
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nx-rescind-key: {KEY}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("it reads");
    let lines = BufReader::new(stream).lines();
    lines.map_while(Result::ok).collect::<Vec<_>>().join("\n")
}

/// What the doctor says of that provider.
#[track_caller]
fn check_problem(url: &str, key: &str, underlined: &str, expected: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let target = target(folder.path(), url, "path");
    for command in ["doctor", "check"] {
        let finished = run_with_key(&[command, "--target", &target], key);
        let said = format!("{}{}", finished.stdout, finished.stderr);
        assert_eq!(finished.code, 3, "{command}: {said}");
        for expected in expected {
            assert!(said.contains(expected), "no `{expected}` in {said}");
        }
        // The line is shown, with the marks below what is meant.
        let (line, at) = said
            .lines()
            .find_map(|line| {
                Some((
                    line,
                    line.find(underlined)
                        .filter(|_| line.contains("control = "))?,
                ))
            })
            .unwrap_or_else(|| panic!("{said}"));
        let mut lines = said.lines().skip_while(|other| *other != line);
        let marks = lines.nth(1).unwrap_or_default();
        assert_eq!(marks.find('^'), Some(at - 1), "{said}");
        assert!(key.is_empty() || !said.contains(key), "{said}");
    }
}

/// An address where something listens that answers every request with this.
fn listener_that_answers(body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut lines = BufReader::new(stream.try_clone().expect("a handle")).lines();
            while lines
                .next()
                .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
            {}
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
            let answer = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            // Whoever has left need not be answered.
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

#[test]
fn one_that_does_not_answer_is_a_configuration_error() {
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", closed.local_addr().expect("it is bound"));
    drop(closed);
    let expected = [
        "did not answer `GET /_rescind/health`",
        "start it, `rescind provider",
    ];
    check_problem(&url, KEY, &format!("{url}\""), &expected);
}

#[test]
fn what_is_no_provider_is_a_configuration_error() {
    let url = listener_that_answers("{\"hello\":\"world\"}");
    let expected = [
        "cannot be read",
        "the address of a `rescind provider` of this version",
    ];
    check_problem(&url, KEY, &format!("{url}\""), &expected);
}

#[test]
fn one_of_another_version_is_a_configuration_error() {
    let url =
        listener_that_answers("{\"status\":\"ok\",\"version\":\"0.0.0\",\"uptime_seconds\":1}");
    let own = env!("CARGO_PKG_VERSION");
    let is = format!("is rescind 0.0.0, and this is {own}");
    let expected = [is.as_str(), "let both be of the same version"];
    check_problem(&url, KEY, &format!("{url}\""), &expected);
}

#[test]
fn a_wrong_key_and_one_that_it_does_not_have_are_configuration_errors() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_running, url) = provider(folder.path(), true);
    let place = format!("{VARIABLE}\"");
    let expected = [
        "does not take this control key",
        "that the provider was started with",
    ];
    check_problem(&url, "another-key-than-it-has", &place, &expected);
    let (_running, url) = provider(folder.path(), false);
    let expected = ["has no control key", "RESCIND_CONTROL_KEY"];
    check_problem(&url, KEY, &place, &expected);
}
