//! `rescind replay`: one case again, and everything that is said in it.

use std::path::Path;
use std::process::{Command, Stdio};

use rescind_model::case_evidence::CaseEvidence;
use rescind_model::verdict::Verdict;
use serde_json::Value;

use crate::support::{
    Finished, KEY, check, first_line_with, reference_target, rescind, run, serve, write,
};

const CASE: &str = "connected-accounts/success/both-killed@externally-revoked";

/// The reference service with a bug.
fn buggy(folder: &Path) -> String {
    let serve = "\"serve\", \"--defect\", \"access-token-only\"";
    let target = reference_target(&[("\"serve\"", serve)]);
    write(folder, "target.toml", &target)
}

#[test]
fn a_replay_shows_everything_that_is_said_in_a_case() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = buggy(folder.path());
    let finished = run(&["replay", CASE, "--seed", "fixed", "--target", &target]);
    assert_eq!(finished.code, 1, "{}", finished.stderr);
    let filters = vec![
        (r"(ca|ac)_[0-9A-Za-z]{12}", "${1}_ID"),
        (r"req_[0-9A-Za-z]{12}", "req_ID"),
        (r"127\.0\.0\.1:\d+", "ADDRESS"),
        (r"date: .*", "date: DATE"),
        (r"20\d\d-\d\d-\d\dT[0-9:.]+Z", "DATE"),
        (r"(after|for) \d+ ms", "$1 TIME"),
        // What stands above the steps may grow.
        (r"\.toml:\d+", ".toml:LINE"),
        (r"line \d+", "line LINE"),
    ];
    insta::with_settings!({ filters => filters }, {
        insta::assert_snapshot!(finished.stdout);
    });
}

#[test]
fn what_a_report_found_is_found_again_with_the_same_fingerprints() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = buggy(folder.path());
    let events = folder.path().join("events.ndjson");
    let ndjson = format!("ndjson={}", events.display());
    let scenario = "connected-accounts/success/both-killed";
    let arguments = [scenario, "--target", &target, "--report", &ndjson];
    let (finished, report) = check(folder.path(), &arguments);
    assert_eq!(finished.code, 1, "{}", finished.stderr);
    let events = std::fs::read_to_string(events).expect("the events are written");
    let findings: Vec<Value> = events
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .filter(|line: &Value| line["event"] == "finding" && line["check"] == "revoked-means-dead")
        .filter(|line: &Value| line["profile"] == "externally-revoked")
        .collect();
    let [finding] = findings.as_slice() else {
        panic!("one such finding, not {}", findings.len());
    };
    let again = finished.stdout.lines().find_map(|line| {
        let line = line.strip_prefix("to see it again, with the same target: `rescind ")?;
        line.strip_suffix('`').filter(|line| line.contains(CASE))
    });
    let again: Vec<&str> = again.expect("it says how").split(' ').collect();
    let typed = run(&[again.as_slice(), &["--target", &target]].concat());
    let from = folder.path().join("report.json");
    let from = from.to_str().expect("text");
    let named = run(&["replay", CASE, "--from", from, "--target", &target]);
    for replayed in [typed, named] {
        assert_eq!(replayed.code, 1, "{}", replayed.stderr);
        let message = finding["message"].as_str().expect("a message");
        assert!(replayed.stdout.contains(message), "{}", replayed.stdout);
        assert!(
            replayed
                .stdout
                .contains(&format!("seed {}", report.run.seed))
        );
        let tokens = finding["tokens"].as_array().expect("tokens");
        assert_eq!(tokens.len(), 2);
        for token in tokens {
            let fingerprint = token["fingerprint"].as_str().expect("a fingerprint");
            let shown = format!(
                "‹{} {fingerprint}›",
                token["kind"].as_str().expect("a kind")
            );
            assert!(replayed.stdout.contains(&shown), "{shown}");
        }
    }
    let judged = report.checks.iter();
    assert!(
        judged
            .map(|row| row.verdict)
            .any(|verdict| verdict == Verdict::Fail)
    );
}

#[test]
fn colours_are_for_terminals_and_a_seed_is_fresh() {
    let replay = [
        "replay",
        "connected-accounts/repeat/imported-as-revoked@rfc7009",
    ];
    let seed = |finished: &Finished| {
        let line = finished.stdout.lines().nth(1).expect("a second line");
        line.rsplit(' ').next().expect("the seed").to_owned()
    };
    let piped = run(&replay);
    assert_eq!(piped.code, 0, "{}", piped.stderr);
    assert!(!piped.stdout.contains('\u{1b}'));
    let mut forced = rescind(&replay);
    forced.env_remove("NO_COLOR").env("CLICOLOR_FORCE", "1");
    let forced = Finished::from(forced.output().expect("the program starts"));
    assert!(forced.stdout.contains('\u{1b}'));
    assert_ne!(seed(&piped), seed(&forced));
}

#[test]
fn a_case_that_is_not_there_names_the_nearest() {
    for (case, hint) in [
        (
            "connected-accounts/success/both-kiled@rfc7009",
            "did you mean `connected-accounts/success/both-killed@rfc7009`?",
        ),
        (
            "connected-accounts/success/both-killed",
            "name one of them: `connected-accounts/success/both-killed@",
        ),
        ("nothing-like-it", "`rescind list scenarios` shows them"),
    ] {
        let finished = run(&["replay", case]);
        assert_eq!((finished.code, finished.stdout.as_str()), (2, ""), "{case}");
        assert!(
            finished.stderr.contains(hint),
            "{case}: {}",
            finished.stderr
        );
    }
}

/// The lines for a shell really do what the steps did.
#[tokio::test]
async fn the_lines_for_a_shell_can_be_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let evidence = folder.path().join("evidence");
    let scenario = "connected-accounts/siblings/two-clients";
    let finished = run(&[
        "check",
        scenario,
        "--profile",
        "rfc7009",
        "--evidence",
        evidence.to_str().expect("text"),
    ]);
    assert_eq!(finished.code, 0, "{}", finished.stdout);
    let file = evidence.join(format!("{scenario}@rfc7009.json"));
    let text = std::fs::read_to_string(file).expect("the case is kept");
    let kept: CaseEvidence = serde_json::from_str(&text).expect("it is of its type");
    let mut provider = rescind(&["provider", "rfc7009", "--port", "0"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let line = first_line_with(&mut provider, "http://127.0.0.1:");
    let address = line
        .split_whitespace()
        .find(|word| word.starts_with("http://"));
    let address = address.expect("an address").trim_end_matches('/');
    let (_service, service) = serve(&folder.path().join("accounts.db"), Stdio::null()).await;
    let script = kept.by_hand.join("\n");
    assert!(
        script.contains("PROVIDER=http://127.0.0.1:4300"),
        "{script}"
    );
    let script = script.replace("http://127.0.0.1:4300", address);
    let output = Command::new("sh")
        .args(["-eu", "-c", &script])
        .env("BASE_URL", format!("http://{service}"))
        .env("API_KEY", KEY)
        .output()
        .expect("there is a shell");
    let output = Finished::from(output);
    provider.kill().expect("it runs");
    provider.wait().expect("it ends");
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(
        output
            .stdout
            .contains("\"revoked_tokens\":[\"access_token\",\"refresh_token\"]"),
        "{}{}",
        output.stdout,
        output.stderr
    );
}
