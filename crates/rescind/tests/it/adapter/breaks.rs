//! A command that keeps to the protocol, and ways to break it, each of which `adapter check` tells.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::validator;
use crate::support::{Finished, rescind, write};

const COMMAND: &str = include_str!("command.py");

/// What is named by a target file without a target, so that it may be given less time.
const TARGET: &str = r#"
name = "none"
base_url = "http://127.0.0.1:9"
api_key = { header = "x-api-key", environment = "ADAPTER_TEST_KEY" }
limits = { call_seconds = 2 }

[adapter]
command = ["python3", "{directory}/command.py"]
client_facts = ["app"]
account_facts = ["of"]
ready_seconds = 2
stop_seconds = 2

[revoke]
request = { method = "POST", path = "/{app}/{of}/{account_id}/revoke" }
revoked_tokens = "/revoked"

[read]
request = { method = "GET", path = "/{account_id}" }
account_status = "/status"
"#;

/// What `adapter check` says of the command with a text in place of another one.
fn checked(folder: &Path, from: &str, to: &str) -> Finished {
    assert!(COMMAND.contains(from), "the command has no `{from}`");
    write(folder, "command.py", &COMMAND.replacen(from, to, 1));
    let target = write(folder, "target.toml", TARGET);
    let mut command = rescind(&["adapter", "check", "--target", &target]);
    let output = command
        .env("ADAPTER_TEST_KEY", "a-key-of-this-test")
        .output();
    output.expect("the program starts").into()
}

#[test]
fn a_target_that_is_down_is_not_the_commands_fault() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "command.py", COMMAND);
    let target = write(folder.path(), "target.toml", TARGET);
    let scenario = "connected-accounts/success/both-killed";
    let mut command = rescind(&["doctor", "--target", &target, scenario]);
    let output = command
        .env("ADAPTER_TEST_KEY", "a-key-of-this-test")
        .output();
    let finished: Finished = output.expect("the program starts").into();
    assert_eq!(finished.code, 3, "{}", finished.stderr);
    for part in [
        "problem    connection",
        "ok         [adapter], client",
        "the target cannot be reached at `http://127.0.0.1:9`: a read of an account was not answered",
        "hint: start the target, or correct `base_url`",
    ] {
        assert!(
            finished.stdout.contains(part),
            "no `{part}`:\n{}",
            finished.stdout
        );
    }
}

/// What the command was asked.
fn asked(folder: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join("asked")).expect("it was asked something");
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect()
}

/// That a break is found, by the question that it concerns, with these words; and that no token is
/// shown that the command was told.
fn assert_found(from: &str, to: &str, about: &str, words: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let finished = checked(folder.path(), from, to);
    let shown = format!("{}{}", finished.stdout, finished.stderr);
    assert_eq!(finished.code, 3, "{to}:\n{shown}");
    let row = shown.lines().find(|line| {
        let line = line.trim_start();
        line.starts_with("problem") && line.contains(about)
    });
    assert!(row.is_some(), "{to}: no problem of `{about}`:\n{shown}");
    for word in words.iter().chain(&["hint: "]) {
        assert!(shown.contains(word), "{to}: no `{word}`:\n{shown}");
    }
    if folder.path().join("asked").exists() {
        for request in asked(folder.path()) {
            for secret in ["access_token", "refresh_token", "client_secret"] {
                if let Some(secret) = request[secret].as_str() {
                    assert!(!shown.contains(secret), "{to}: a secret shows:\n{shown}");
                }
            }
        }
    }
}

#[test]
fn one_that_keeps_to_the_protocol_is_asked_everything_in_its_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let finished = checked(folder.path(), "WAITING = []", "WAITING = []");
    assert_eq!(finished.code, 0, "{}{}", finished.stdout, finished.stderr);
    assert!(
        finished
            .stdout
            .contains("8, and each was answered by its `id`")
    );
    assert!(
        !finished.stdout.contains("not asked"),
        "{}",
        finished.stdout
    );
    let asked = asked(folder.path());
    let words: BTreeSet<&str> = asked
        .iter()
        .filter_map(|line| line["request"].as_str())
        .collect();
    let expected = ["account", "clean_up", "client", "hello", "no_such_request"];
    assert_eq!(words, BTreeSet::from(expected));
    let statuses: BTreeSet<&str> = asked
        .iter()
        .filter_map(|line| line["status"].as_str())
        .collect();
    assert_eq!(statuses.len(), 7);
    let validator = validator();
    for line in asked {
        // Those that make no sense are sent on purpose.
        let is_odd = line["request"] == "no_such_request"
            || line["request"] == "account" && line.get("status").is_none();
        assert_eq!(validator.is_valid(&line), !is_odd, "{line}");
    }
}

#[test]
fn what_comes_in_place_of_an_answer_is_shown_and_said() {
    let answer = "    number = wanted[\"id\"]\n";
    let lines = [
        (
            "print(\"listening\", flush=True)",
            "hello",
            "a line that is no JSON: listening",
        ),
        ("say([])", "hello", "a line that is no JSON object: []"),
        (
            "say({\"ok\": {}})",
            "hello",
            "has no `id` that is that of a request",
        ),
        (
            "say({\"id\": 99, \"ok\": {}})",
            "hello",
            "answered a request that is not open: {\"id\":99",
        ),
    ];
    for (line, about, words) in lines {
        assert_found(answer, &format!("{answer}    {line}\n"), about, &[words]);
    }
    let twice = "    if number == 1: say({\"id\": 1, \"ok\": {\"app\": \"app-1\"}})\n";
    assert_found(
        answer,
        &format!("{answer}{twice}"),
        "account",
        &["answered a request that is not open"],
    );
}

#[test]
fn what_it_says_of_itself_must_be_what_the_protocol_has() {
    let other = "rescind.adapter/9";
    assert_found(
        "rescind.adapter/1",
        other,
        "hello",
        &["speaks the protocol `rescind.adapter/9`"],
    );
    let misspelt = "[\"account\", \"cleanup\"]";
    let operations = "[\"client\", \"account\", \"clean_up\"]";
    assert_found(
        operations,
        misspelt,
        "hello",
        &["`cleanup`, which is no operation"],
    );
    assert_found(
        operations,
        "[]",
        "hello",
        &["does not say that it can put accounts"],
    );
    assert_found(
        operations,
        "\"all\"",
        "hello",
        &["no `operations` that are a list of texts"],
    );
}

#[test]
fn silence_and_a_sudden_end_are_said_with_what_was_asked() {
    let answer = "    number = wanted[\"id\"]\n";
    let at_account = |what| format!("{answer}    if wanted[\"request\"] == \"account\": {what}\n");
    let say = "    print(json.dumps(answer), flush=True)";
    assert_found(
        say,
        "    pass",
        "hello",
        &[
            "asked for `hello` and did not answer within 2 s",
            "ready_seconds",
        ],
    );
    let hang = at_account("import threading; threading.Event().wait()");
    assert_found(
        answer,
        &hang,
        "account",
        &[
            "asked for `account` and did not answer within 2 s",
            "call_seconds",
        ],
    );
    let end = at_account("sys.exit(3)");
    assert_found(
        answer,
        &end,
        "account",
        &["ended with exit status: 3, with requests still to come"],
    );
}

#[test]
fn an_answer_must_hold_what_it_is_asked_for() {
    let account =
        "{\"of\": wanted[\"client\"][\"app\"], \"account_id\": f\"account-{next(ACCOUNTS)}\"}";
    assert_found(
        account,
        "{\"id\": 1}",
        "account",
        &["without `account_id`, a text or a number, with id alone"],
    );
    assert_found(
        account,
        "{\"account_id\": 1, \"of\": 2}",
        "account",
        &["their `account_id` is the same"],
    );
    assert_found(
        account,
        "{\"account_id\": next(ACCOUNTS)}",
        "account",
        &["answered without `of`", "account_facts"],
    );
    assert_found(
        "{\"app\": \"app-1\"}",
        "{}",
        "client",
        &[
            "answered without `app`, with nothing at all",
            "client_facts",
        ],
    );
    // An error is shown, and the token in it is not.
    let echo = "(_ for _ in ()).throw(KeyError(wanted[\"access_token\"]))";
    assert_found(account, echo, "account", &["answered with an error: ", "‹"]);
}

#[test]
fn what_makes_no_sense_must_be_refused_and_survived() {
    let refusal = "raise KeyError(request)";
    assert_found(
        refusal,
        "return {}",
        "unknown request",
        &["answered that it is done"],
    );
    let message = "{\"message\": f\"no {missing}\"}";
    let cannot = "{\"message\": \"no\", \"cannot\": True}";
    assert_found(
        message,
        cannot,
        "request without members",
        &["answered that its target has no such thing"],
    );
    let reading = "except ValueError:\n        say";
    assert_found(
        reading,
        "except ValueError:\n        sys.exit(1)\n        say",
        "line that is no JSON",
        &["was sent a line that is no JSON, and then ended with exit status: 1"],
    );
}

#[test]
fn it_must_clean_up_keep_secrets_and_end() {
    let removal = "        REMOVED.extend(made[\"facts\"][\"account_id\"] for made in wanted[\"accounts\"])\n";
    assert_found(
        removal,
        "        raise KeyError(\"room\")\n",
        "clean_up",
        &["asked for `clean_up` and answered with an error: no 'room'"],
    );
    let start = "for line in sys.stdin:\n";
    let leak = "for line in sys.stdin:\n    print(line, file=sys.stderr)\n";
    assert_found(
        start,
        leak,
        "secrets",
        &["wrote on its standard error a part of the access_token ‹"],
    );
    let last = "    else:\n        say(answer(wanted))\n";
    let unclean = format!("{last}sys.exit(7)\n");
    assert_found(
        last,
        &unclean,
        "end",
        &["ended with exit status: 7 when its standard input had ended"],
    );
    let for_ever = format!("{last}import threading\nthreading.Event().wait()\n");
    assert_found(
        last,
        &for_ever,
        "end",
        &["did not end within 2 s of the end of its standard input, and was killed"],
    );
}
