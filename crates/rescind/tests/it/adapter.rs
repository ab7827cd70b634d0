//! Commands that put accounts into a target: the example's comes to what its HTTP steps come to, and
//! `adapter check` tells a good one from each kind of bad one.

mod breaks;

use std::collections::BTreeMap;
use std::path::Path;

use rescind_model::event::Report;
use rescind_model::verdict::Verdict;
use serde_json::Value;

use crate::support::{check, reference_target, rescind, root, run, write};

const SERVICE: &str = "examples/disconnect-service";

/// A few folders of scenarios: every status, accounts of another scheme, tokens that are dead already.
const SELECTION: [&str; 3] = [
    "connected-accounts/success",
    "connected-accounts/refusals",
    "connected-accounts/dead-before",
];

/// What every check came to, by case and check.
fn verdicts(report: &Report) -> BTreeMap<(&str, &str, &str), Verdict> {
    let checks = report.checks.iter();
    checks
        .map(|check| {
            let name = (&*check.scenario, &*check.profile, &*check.id);
            (name, check.verdict)
        })
        .collect()
}

#[test]
fn the_examples_command_comes_to_what_its_steps_come_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let judged = |file: &str| {
        let target = root().join(SERVICE).join(file).display().to_string();
        check(
            folder.path(),
            &[&["--strict", "--target", &target], &SELECTION[..]].concat(),
        )
    };
    let (by_steps, report_by_steps) = judged("target.toml");
    let (by_command, report_by_command) = judged("target-by-adapter.toml");
    assert_eq!(
        (by_steps.code, by_command.code),
        (0, 0),
        "{}",
        by_command.stdout
    );
    assert_eq!(verdicts(&report_by_command), verdicts(&report_by_steps));
    assert!(report_by_command.summary.pass > 300);
    // What the command says that the service does not have is the reason in the report.
    let mut checks = report_by_command.checks.iter();
    let of_scheme = checks.find(|check| check.scenario.ends_with("refusals/unsupported-scheme"));
    let of_scheme = of_scheme.expect("the case is there");
    assert_eq!(of_scheme.verdict, Verdict::NotApplicable);
    assert_eq!(
        of_scheme.message,
        "the adapter's command cannot do `client`: every connection is OAuth 2.0's"
    );
    // Nothing is left to say but the verdicts.
    assert!(!by_command.stderr.contains("note"), "{}", by_command.stderr);
}

#[test]
fn the_examples_command_keeps_to_the_protocol() {
    let target = root().join(SERVICE).join("target-by-adapter.toml");
    let finished = run(&[
        "adapter",
        "check",
        "--target",
        &target.display().to_string(),
    ]);
    assert_eq!(finished.code, 0, "{}{}", finished.stdout, finished.stderr);
    let folder = root().display().to_string();
    insta::assert_snapshot!(finished.stdout.replace(&format!("{folder}/"), ""));
}

#[test]
fn the_doctor_asks_the_command_and_says_so() {
    let target = root().join(SERVICE).join("target-by-adapter.toml");
    let finished = run(&["doctor", "--target", &target.display().to_string()]);
    assert_eq!(finished.code, 0, "{}{}", finished.stdout, finished.stderr);
    for row in [
        "[adapter]                it can do `account`, `clean_up`, `client`",
        "[adapter], client        put into the target",
        "[adapter], EXPIRED       put into the target, and a read says so",
        "end of [adapter]         it ends when its standard input does",
    ] {
        assert!(
            finished.stdout.contains(row),
            "no `{row}`:\n{}",
            finished.stdout
        );
    }
}

/// The target file of the example, whose command is this script beside a copy of `adapter.py`.
fn example_with(folder: &Path, script: &str) -> String {
    for file in ["service.py", "adapter.py"] {
        let from = root().join(SERVICE).join(file);
        std::fs::copy(from, folder.join(file)).expect("the example is there");
    }
    write(folder, "wrapped.py", script);
    let text = std::fs::read_to_string(root().join(SERVICE).join("target-by-adapter.toml"));
    let text = text
        .expect("the file")
        .replace("{directory}/adapter.py", "{directory}/wrapped.py");
    write(folder, "target.toml", &text)
}

/// Puts accounts into the reference service.
const FOR_REFERENCE: &str = r#"
import json, os, sys
import urllib.request

def post(wanted, path, body):
    request = urllib.request.Request(
        wanted["target_base_url"] + path,
        data=json.dumps(body).encode(),
        headers={"x-api-key": os.environ["KEY"], "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.loads(answer.read())

def client(wanted):
    credentials = {
        "client_id": wanted["client_id"],
        "client_secret": wanted["client_secret"],
        "base_url": wanted["provider_base_url"],
    }
    config = {"type": "use_custom_auth", "authScheme": wanted["scheme"], "credentials": credentials}
    body = {"toolkit": {"slug": wanted["profile"]}, "auth_config": config}
    created = post(wanted, "/api/v3.1/auth_configs", body)
    return {"auth_config_id": created["auth_config"]["id"], "scheme": wanted["scheme"]}

def account(wanted):
    made = wanted["client"]
    held = ("access_token", "refresh_token", "expires_in")
    tokens = {name: wanted[name] for name in held if name in wanted}
    value = {"status": wanted["target_status"], "token_type": "Bearer", **tokens}
    state = {"authScheme": made["scheme"], "val": value}
    connection = {"user_id": wanted["user"], "state": state}
    body = {"auth_config": {"id": made["auth_config_id"]}, "connection": connection}
    return {"account_id": post(wanted, "/api/v3.1/connected_accounts", body)["id"]}

for line in sys.stdin:
    wanted = json.loads(line)
    if wanted["request"] == "hello":
        can = ["client", "account"]
        answer = {"protocol": "rescind.adapter/1", "operations": can}
    else:
        answer = {"ok": {"client": client, "account": account}[wanted["request"]](wanted)}
    print(json.dumps({"id": wanted["id"], **answer}), flush=True)
"#;

#[test]
fn a_case_that_kills_its_target_has_the_command_put_its_account_into_that_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = reference_target(&[]);
    let (before, rest) = text.split_once("[[client]]").expect("it has client steps");
    let (_, after) = rest.split_once("[revoke]").expect("it says how to revoke");
    let adapter = "[adapter]\ncommand = [\"python3\", \"{directory}/for_reference.py\"]\nenvironment = { KEY = \"{api_key}\" }\nclient_facts = [\"auth_config_id\"]\n";
    let text = format!("{before}{adapter}\n[revoke]{after}");
    let target = write(folder.path(), "target.toml", &text);
    write(folder.path(), "for_reference.py", FOR_REFERENCE);
    let scenario = "connected-accounts/crashes/killed-before-the-effect";
    let profile = ["--profile", "rfc7009"];
    let arguments = [&["--strict", "--target", &target, scenario], &profile[..]].concat();
    let (finished, report) = check(folder.path(), &arguments);
    assert_eq!(finished.code, 0, "{}{}", finished.stdout, finished.stderr);
    assert!(report.summary.pass > 10, "{:?}", report.summary);
}

#[test]
fn a_command_that_ends_in_the_course_of_a_run_is_no_finding() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = r#"
import json, sys
import adapter
accounts = 0
for line in sys.stdin:
    accounts += '"request":"account"' in line
    if accounts > 1:
        sys.exit(4)
    print(json.dumps(adapter.answer_to(line)), flush=True)
"#;
    let target = example_with(folder.path(), script);
    let arguments = [
        "--target",
        &target,
        "connected-accounts/success/both-killed",
    ];
    let (finished, report) = check(folder.path(), &arguments);
    assert_eq!(finished.code, 5, "{}", finished.stdout);
    assert_eq!(report.summary.fail, 0);
    let mut checks = report.checks.iter();
    let spoiled = checks.find(|check| check.verdict == Verdict::HarnessError);
    let message = &spoiled.expect("it could not be judged").message;
    assert!(
        message.contains("the adapter's command ended with exit status: 4"),
        "{message}"
    );
    // That nobody cleaned up is said, too.
    assert!(!report.run.notes.is_empty());
    assert!(finished.stdout.contains("note: "), "{}", finished.stdout);
}

#[test]
fn what_a_command_cannot_do_before_a_run_stops_it_with_the_next_step() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = r#"
import json, sys
import adapter
for line in sys.stdin:
    if '"request":"account"' in line:
        wanted = json.loads(line)
        message = f"no room for {wanted['access_token']}"
        print(json.dumps({"id": wanted["id"], "error": {"message": message}}), flush=True)
        open("TOKEN", "w").write(wanted["access_token"])
    else:
        print(json.dumps(adapter.answer_to(line)), flush=True)
"#;
    let file = folder.path().join("token");
    let script = script.replace("TOKEN", &file.display().to_string());
    let target = example_with(folder.path(), &script);
    let finished = run(&[
        "check",
        "--target",
        &target,
        "connected-accounts/success/both-killed",
    ]);
    assert_eq!(finished.code, 3, "{}", finished.stdout);
    let token = std::fs::read_to_string(file).expect("an account was asked for");
    let shown = format!("{}{}", finished.stdout, finished.stderr);
    assert!(!shown.contains(&token), "{shown}");
    for part in [
        "was asked for `account` and answered with an error: no room for ‹",
        "target.toml:",
        "command = [\"python3\"",
        "hint: mend what it says",
    ] {
        assert!(shown.contains(part), "no `{part}`:\n{shown}");
    }
}

#[test]
fn a_target_file_without_a_command_has_none_to_test() {
    let target = root()
        .join(SERVICE)
        .join("target.toml")
        .display()
        .to_string();
    let finished = run(&["adapter", "check", "--target", &target]);
    assert_eq!(finished.code, 3);
    assert!(
        finished.stderr.contains("has no `[adapter]`"),
        "{}",
        finished.stderr
    );
    let finished: crate::support::Finished = rescind(&["adapter", "check"])
        .output()
        .expect("the program starts")
        .into();
    assert_eq!(finished.code, 2, "{}", finished.stderr);
}

/// What holds lines of the protocol against its schema.
fn validator() -> jsonschema::Validator {
    let text = std::fs::read_to_string(root().join("schemas/adapter.schema.json"));
    let schema: Value = serde_json::from_str(&text.expect("the schema")).expect("it is JSON");
    jsonschema::validator_for(&schema).expect("a schema")
}

#[test]
fn the_pages_example_is_of_the_protocol() {
    let page = std::fs::read_to_string(root().join("docs/adapter.md")).expect("the page");
    let example = page.split("```json-lines\n").nth(1).expect("the example");
    let lines = example.split("```").next().unwrap_or_default().lines();
    let validator = validator();
    let mut sides = [0, 0];
    for line in lines {
        let (side, line) = line.split_at(2);
        sides[usize::from(side == "< ")] += 1;
        let value: Value = serde_json::from_str(line).expect(line);
        let mistakes: Vec<String> = validator
            .iter_errors(&value)
            .map(|mistake| mistake.to_string())
            .collect();
        assert!(mistakes.is_empty(), "{line}: {mistakes:?}");
    }
    assert_eq!(sides, [6, 6]);
    for wrong in [
        r#"{"id":1}"#,
        r#"{"id":1,"ok":"done"}"#,
        r#"{"request":"hello"}"#,
    ] {
        let value: Value = serde_json::from_str(wrong).expect("it is JSON");
        assert!(!validator.is_valid(&value), "{wrong}");
    }
}
