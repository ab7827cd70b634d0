//! `check --evidence`: everything that was said in every case, also where nothing was found.

use std::path::{Path, PathBuf};

use rescind_model::case_evidence::{CaseEvidence, KeptExchange, Party, Purpose};
use rescind_model::verdict::Verdict;

use crate::support::{root, run};

/// Every file below a folder.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The evidence of a case, once it has been held against the committed schema.
fn case(folder: &Path, name: &str) -> CaseEvidence {
    let path = folder.join(format!("{name}.json"));
    let text = std::fs::read_to_string(path).expect("the case has a file");
    let schema = root().join("schemas/evidence.schema.json");
    let schema = std::fs::read_to_string(schema).expect("the schema is there");
    let schema = serde_json::from_str(&schema).expect("it is JSON");
    let validator = jsonschema::validator_for(&schema).expect("it is a schema");
    let value = serde_json::from_str(&text).expect("it is JSON");
    let mistakes: Vec<String> = validator
        .iter_errors(&value)
        .map(|error| error.to_string())
        .collect();
    assert!(mistakes.is_empty(), "{name}: {mistakes:?}");
    serde_json::from_value(value).expect("it is of its type")
}

fn asked(evidence: &CaseEvidence, party: Party) -> impl Iterator<Item = &KeptExchange> {
    let exchanges = evidence.exchanges.iter();
    exchanges.filter(move |exchange| exchange.asked == party)
}

/// The one call that the step asks for.
fn call_of(evidence: &CaseEvidence, step: usize) -> &KeptExchange {
    let mut calls = asked(evidence, Party::Target);
    let call = calls.find(|call| call.step == step && call.purpose == Some(Purpose::Step));
    call.expect("the step makes a call")
}

#[test]
fn both_sides_of_every_case_are_kept_in_order_with_fingerprints_that_correlate() {
    let folder = tempfile::tempdir().expect("a folder");
    let evidence = folder.path().join("evidence");
    let evidence = evidence.to_str().expect("text");
    let finished = run(&[
        "check",
        "connected-accounts/success",
        "--profile",
        "rfc7009",
        "--seed",
        "kept",
        "--evidence",
        evidence,
    ]);
    assert_eq!(finished.code, 0, "{}", finished.stdout);
    let folder = Path::new(evidence);
    let count = files_below(folder).len();
    assert!(
        finished.stdout.contains(&format!(" {count} cases, ")),
        "not as many files as cases: {count}"
    );
    let killed = case(folder, "connected-accounts/success/both-killed@rfc7009");
    assert_eq!(
        (killed.seed.as_str(), killed.target.as_str()),
        ("kept", "reference")
    );
    assert!(killed.checks.iter().all(|row| row.verdict == Verdict::Pass));
    let words: Vec<_> = killed.steps.iter().map(|step| step.verb.as_str()).collect();
    assert_eq!(words, ["connect", "revoke"]);
    assert!(killed.steps[1].text[1].starts_with("revoke = "));
    let scenario = std::fs::read_to_string(root().join(&killed.file)).expect("the scenario");
    for step in &killed.steps {
        let line = scenario.lines().nth(step.line - 1);
        assert_eq!(line, Some("[[step]]"), "step {}", step.step);
    }

    // The runner put the account into the target, with what the target presented to the provider.
    let revoke = call_of(&killed, 2);
    assert!(revoke.exchange.sent[0].ends_with("/revoke"));
    assert_eq!(revoke.exchange.received[0], "200");
    let setup = asked(&killed, Party::Target)
        .filter(|call| call.purpose == Some(Purpose::Setup))
        .map(|call| call.exchange.sent.join("\n"))
        .collect::<String>();
    let dispatches: Vec<_> = asked(&killed, Party::Provider).collect();
    assert_eq!(dispatches.len(), 2);
    for dispatch in dispatches {
        let note = dispatch.provider.as_ref().expect("the provider's note");
        let presented = note.presented.as_ref().expect("a token was presented");
        assert!(note.is_dispatch && note.is_acknowledged);
        assert_eq!(dispatch.step, 2);
        assert!(setup.contains(presented), "{presented} was given before");
        assert!(dispatch.exchange.sent.join("\n").contains(presented));
        let dead = killed.steps[1].tokens.iter();
        assert!(
            dead.map(|token| &token.fingerprint)
                .any(|token| token == presented)
        );
    }

    // A dispatch comes after the call that makes it, and before the read that follows.
    let kinds = killed.exchanges.iter();
    let kinds: Vec<_> = kinds.map(|one| (one.asked, one.purpose)).collect();
    assert_eq!(
        kinds[kinds.len() - 4..],
        [
            (Party::Target, Some(Purpose::Step)),
            (Party::Provider, None),
            (Party::Provider, None),
            (Party::Target, Some(Purpose::Look)),
        ]
    );
}

#[test]
fn what_faults_and_broken_connections_do_is_kept_and_timed() {
    let folder = tempfile::tempdir().expect("a folder");
    let evidence = folder.path().to_str().expect("text");
    let late = "connected-accounts/bounded/answer-is-late";
    let again = "connected-accounts/races/client-sends-again-held-after";
    let finished = run(&[
        "check",
        late,
        again,
        "--profile",
        "rfc7009",
        "--evidence",
        evidence,
    ]);
    assert_eq!(finished.code, 0, "{}", finished.stdout);
    let late = case(folder.path(), &format!("{late}@rfc7009"));
    let delayed = asked(&late, Party::Provider).find(|one| {
        let note = one.provider.as_ref();
        note.is_some_and(|note| note.faults.contains(&"latency".to_owned()))
    });
    // The fault says how long; the call that waited for it took no less.
    let delayed = delayed.expect("a dispatch met the fault");
    assert!(delayed.duration_ms >= 200, "{}", delayed.duration_ms);
    assert!(call_of(&late, delayed.step).duration_ms >= delayed.duration_ms);

    let again = case(folder.path(), &format!("{again}@rfc7009"));
    let given_up = asked(&again, Party::Target)
        .filter(|call| call.exchange.received == ["nobody waited for the answer any more"]);
    assert_eq!(given_up.count(), 1, "one client gives up");
    let verbs = again.steps.iter().map(|step| step.verb.as_str());
    assert!(verbs.collect::<Vec<_>>().contains(&"give_up"));
}

#[test]
fn a_folder_that_cannot_be_made_is_told_before_anything_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("written");
    let evidence = file.join("evidence");
    let finished = run(&["check", "--evidence", evidence.to_str().expect("text")]);
    assert_eq!((finished.code, finished.stdout.as_str()), (3, ""));
    assert!(
        finished.stderr.contains("there can be no folder"),
        "{}",
        finished.stderr
    );
}
