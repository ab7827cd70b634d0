//! Nothing waits for a fixed time, but where it is said here, and why.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::evidence::files_below;
use crate::support::root;

/// A place that waits by time, in whatever way: the file, the function, what it calls, and why it
/// may.
type Stated = (&'static str, &'static str, &'static str, &'static str);

/// All of them. A sleep is one that nothing but time ends; a poll looks every few milliseconds, and
/// ends with what it looks for or with a bound.
const WAITS: &[Stated] = &[
    // Faults that are latency.
    (
        "rescind-provider/src/server/delivery.rs",
        "wait",
        "sleep",
        "a fault that delays an answer, or gives it a little at a time, is nothing but a wait",
    ),
    // The wait for late dispatches.
    (
        "rescind-runner/src/clock.rs",
        "let_pass",
        "future::pending",
        "what must not come can only be waited for; everything that does so comes here",
    ),
    (
        "rescind-runner/src/run/surroundings.rs",
        "end",
        "let_pass",
        "at the end of a run, for as long as the target file says that dispatches may be late",
    ),
    (
        "rescind-runner/src/case/processes.rs",
        "stop_own_process",
        "let_pass",
        "the same, for a process that one case has to itself",
    ),
    (
        "rescind-runner/src/case/upkeep.rs",
        "clean_up",
        "let_pass",
        "the same, before a case's accounts are taken out of the target",
    ),
    // What a target demands.
    (
        "rescind-runner/src/clock.rs",
        "wait_out_rate_limit",
        "let_pass",
        "the time that a target demands by 429",
    ),
    (
        "rescind-runner/src/target/adapter.rs",
        "send_in_turn",
        "wait_out_rate_limit",
        "the only place that waits it out, within the target file's bound",
    ),
    // Polls of the runner: each ends with what it looks for.
    (
        "rescind-runner/src/clock.rs",
        "within",
        "interval",
        "the one poll of the runner",
    ),
    (
        "rescind-runner/src/clock.rs",
        "poll_until",
        "Looks::within",
        "the same, for what can be told without asking anybody",
    ),
    (
        "rescind-runner/src/case.rs",
        "delete",
        "Looks::within",
        "until what a deletion's job revokes is dead, within the target's bound",
    ),
    (
        "rescind-runner/src/case/processes.rs",
        "nothing_is_held",
        "Looks::within",
        "until the provider has seen the end of a killed process's connections",
    ),
    (
        "rescind-runner/src/case/races.rs",
        "wait_until",
        "poll_until",
        "until a call is answered, or by not being so shows that it waits its turn",
    ),
    (
        "rescind-runner/src/case/races.rs",
        "until_held",
        "Looks::within",
        "until a gate holds a request",
    ),
    (
        "rescind-runner/src/case/races.rs",
        "until_taken_up",
        "Looks::within",
        "until the target shows that it works on a call",
    ),
    (
        "rescind-runner/src/preflight/calls.rs",
        "provider",
        "Looks::within",
        "until the target has asked the provider for tokens",
    ),
    // What waits for somebody else, and for no time.
    (
        "rescind-runner/src/run.rs",
        "run",
        "future::pending",
        "a run that nobody stops",
    ),
    (
        "rescind/src/commands/check.rs",
        "run",
        "future::pending",
        "a run that nobody is left to stop",
    ),
    (
        "rescind-provider/src/server/listener.rs",
        "answer",
        "future::pending",
        "the connection's task takes over, and ends this one",
    ),
    (
        "rescind-provider/src/server/delivery.rs",
        "write",
        "future::pending",
        "a connection that hangs until its client leaves",
    ),
    // Polls and repetitions of servers.
    (
        "rescind-provider/src/server/listener.rs",
        "accept",
        "interval",
        "when connections cannot be accepted, it is tried again, and not at once",
    ),
    (
        "rescind-provider/src/server/delivery/tests.rs",
        "becomes",
        "interval",
        "a test looks until what was written has come",
    ),
    (
        "rescind/src/commands/provider/watching.rs",
        "until_stopped",
        "interval",
        "files are looked at for changes, as somebody asked",
    ),
    (
        "rescind-service/src/operations/waiting.rs",
        "poll_interval",
        "interval",
        "the one poll of the service: until another process has given up its claim",
    ),
    (
        "rescind-service/src/operations/waiting.rs",
        "keep_claimed",
        "interval",
        "a claim is renewed while its work goes on",
    ),
    (
        "rescind-service/src/operations/dispatching.rs",
        "pause_for",
        "interval",
        "what a provider asked for, or a moment for it to recover, before the one repetition",
    ),
];

/// What a function may wait by, as words of code.
const WAYS: [&str; 10] = [
    "sleep",
    "sleep_until",
    "park_timeout",
    "recv_timeout",
    "future::pending",
    "interval",
    "let_pass",
    "wait_out_rate_limit",
    "poll_until",
    "Looks::within",
];

/// The places of a source that wait by time: the function, and what it calls.
fn waits_in(source: &str) -> BTreeSet<(String, &'static str)> {
    let mut found = BTreeSet::new();
    let mut function = String::new();
    for line in source.lines() {
        let code = line.split(" // ").next().unwrap_or_default();
        if code.trim_start().starts_with("//") {
            continue;
        }
        if let Some(name) = declared_in(code) {
            function = name;
        }
        for way in WAYS {
            if calls(code, way) {
                found.insert((function.clone(), way));
            }
        }
    }
    found
}

/// The name of the function that a line begins.
fn declared_in(code: &str) -> Option<String> {
    let (before, after) = code.split_once("fn ")?;
    let begins = before.is_empty() || before.ends_with([' ', '(']);
    let name = after
        .chars()
        .take_while(|character| is_of_a_name(*character));
    let name: String = name.collect();
    (begins && !name.is_empty()).then_some(name)
}

/// Whether a line names something that waits. Whoever sleeps might call it by another name: there it
/// is enough to be named.
fn calls(code: &str, way: &str) -> bool {
    let is_named_only = ["sleep", "sleep_until", "park_timeout", "future::pending"];
    code.match_indices(way).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + way.len()..]);
        let is_whole = !before.ends_with(is_of_a_name) && !after.starts_with(is_of_a_name);
        let is_declared = before.ends_with("fn ");
        let is_called = after.starts_with('(') || after.starts_with("::<");
        is_whole && !is_declared && (is_called || is_named_only.contains(&way))
    })
}

const fn is_of_a_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// Every place of every crate's sources that waits, as the list has it.
fn waits() -> BTreeSet<(String, String, &'static str)> {
    let crates = root().join("crates");
    let is_source = |path: &Path| {
        let below = path.strip_prefix(&crates).expect("below");
        let is_rust = path.extension().is_some_and(|ending| ending == "rs");
        is_rust && below.iter().nth(1).is_some_and(|folder| folder == "src")
    };
    let mut found = BTreeSet::new();
    for path in files_below(&crates).iter().filter(|path| is_source(path)) {
        let text = std::fs::read_to_string(path).expect("text");
        let file = path.strip_prefix(&crates).expect("below");
        for (function, way) in waits_in(&text) {
            found.insert((file.display().to_string(), function, way));
        }
    }
    found
}

#[test]
fn what_waits_by_time_is_listed_with_its_reason_and_nothing_else_is() {
    let listed: BTreeSet<_> = WAITS
        .iter()
        .map(|(file, function, way, reason)| {
            assert!(!reason.is_empty());
            ((*file).to_owned(), (*function).to_owned(), *way)
        })
        .collect();
    let found = waits();
    let unlisted: Vec<_> = found.difference(&listed).collect();
    assert!(
        unlisted.is_empty(),
        "these wait by time, and no reason is listed: {unlisted:#?}"
    );
    let gone: Vec<_> = listed.difference(&found).collect();
    assert!(
        gone.is_empty(),
        "these are listed and wait no more: {gone:#?}"
    );
    assert_eq!(listed.len(), WAITS.len(), "one is listed twice");
}

#[track_caller]
fn check(source: &str, expected: &[(&str, &'static str)]) {
    let expected: BTreeSet<(String, &'static str)> = expected
        .iter()
        .map(|(function, way)| ((*function).to_owned(), *way))
        .collect();
    assert_eq!(waits_in(source), expected, "{source}");
}

#[test]
fn a_wait_is_found_wherever_it_is_planted() {
    let planted = "pub async fn end() {\n    tokio::time::sleep(SECOND).await;\n}\n";
    check(planted, &[("end", "sleep")]);
    check("fn a() {\n    std::thread::sleep(x);\n}", &[("a", "sleep")]);
    check("use tokio::time::sleep as nap;", &[("", "sleep")]);
    check(
        "fn a() {}\n    const fn b() { f.map(thread::sleep) }",
        &[("b", "sleep")],
    );
    check("fn a() {\n    sleep_until(x);\n}", &[("a", "sleep_until")]);
    check(
        "fn a() {\n    let never = std::future::pending::<()>();\n    timeout(x, never);",
        &[("a", "future::pending")],
    );
    check(
        "async fn a() {\n    let mut x = interval(y);\n    let_pass(z).await;\n    poll_until(b, c);",
        &[("a", "interval"), ("a", "let_pass"), ("a", "poll_until")],
    );
}

#[test]
fn what_only_looks_like_a_wait_is_none() {
    for source in [
        "/// sleep(1) is what it never does",
        "    // sleep",
        "fn a() { b(); } // sleep(1)",
        "fn sleep() {}",
        "pub async fn let_pass(duration: Duration) {",
        "let mut poll = poll_interval();",
        "interval.tick().await;",
        "pub interval: u64,",
        "asleep(1)",
    ] {
        check(source, &[]);
    }
}

/// The keys of scenarios that are about time: what a fault does at the provider, and its clock. No
/// verb waits for a time.
const TIMES_OF_SCENARIOS: [&str; 11] = [
    "AdvanceClock.seconds",
    "Answer.retry_after",
    "Drip.every_milliseconds",
    "LateKill.seconds",
    "Latency.fixed_milliseconds",
    "Latency.uniform_milliseconds",
    "LogNormal.median_milliseconds",
    "Quota.per_seconds",
    "Stated.late_kill",
    "Stated.latency",
    // It says for what: a gate that holds, a call that is answered.
    "StepFile.wait_until",
];

/// Every key of a schema that speaks of time, by the type that has it.
fn times_of(schema: &Value, of: &str, found: &mut BTreeSet<String>) {
    let words = [
        "wait", "sleep", "pause", "delay", "second", "milli", "after", "late", "time", "minute",
    ];
    match schema {
        Value::Object(members) => {
            let keys = members.get("properties").and_then(Value::as_object);
            for key in keys.into_iter().flat_map(|keys| keys.keys()) {
                if words.iter().any(|word| key.contains(word)) {
                    found.insert(format!("{of}.{key}"));
                }
            }
            for (name, member) in members {
                let is_type = name.starts_with(|first: char| first.is_ascii_uppercase());
                times_of(member, if is_type { name } else { of }, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| times_of(item, of, found)),
        _ => {}
    }
}

#[test]
fn no_verb_of_a_scenario_waits_for_a_time() {
    let schema = root().join("schemas/scenario.schema.json");
    let schema = std::fs::read_to_string(schema).expect("the schema is there");
    let schema: Value = serde_json::from_str(&schema).expect("it is JSON");
    let mut found = BTreeSet::new();
    times_of(&schema, "Scenario", &mut found);
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    assert_eq!(found, TIMES_OF_SCENARIOS);
    // … and a scenario can say nothing that the schema does not know.
    let text = "title = \"x\"\nprofiles = [\"rfc7009\"]\n\n[[step]]\nsleep = { seconds = 1 }\n";
    let file = rescind_model::SourceFile::new("x.toml", text);
    let mistakes = rescind_model::Scenario::parse("x", &file).expect_err("there is no such verb");
    assert!(!mistakes.is_empty());
}
