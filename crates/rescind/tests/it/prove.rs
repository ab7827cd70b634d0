//! `rescind prove` itself. That the whole suite is proved, and `docs/proof.md` fresh, the test
//! command shows with the release build, which takes a quarter of the time.

use std::path::Path;

use crate::support::{Finished, run};

/// Runs `prove`. Returns the proof as data, and as a page.
fn prove(folder: &Path, arguments: &[&str]) -> (Finished, String, String) {
    let (json, markdown) = (folder.join("proof.json"), folder.join("proof.md"));
    let places = [
        "--json",
        &json.to_string_lossy(),
        "--markdown",
        &markdown.to_string_lossy(),
    ]
    .map(str::to_owned);
    let places: Vec<&str> = places.iter().map(String::as_str).collect();
    let finished = run(&[&["prove"], places.as_slice(), arguments].concat());
    let read = |path: &Path| {
        std::fs::read_to_string(path)
            .unwrap_or_else(|error| panic!("no proof ({error}): {}", finished.stderr))
    };
    let (json, markdown) = (read(&json), read(&markdown));
    (finished, json, markdown)
}

#[test]
fn two_proofs_are_the_same_to_the_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    let some = ["--only", "listed-twice", "list-reversed", "token-in-read"];
    let (first, json, page) = prove(folder.path(), &some);
    assert_eq!(first.code, 0, "{}{}", first.stdout, first.stderr);
    let (_, json_again, page_again) = prove(folder.path(), &[&some[..], &["--jobs", "1"]].concat());
    assert_eq!(json, json_again);
    assert_eq!(page, page_again);
    insta::assert_snapshot!(json);
    insta::assert_snapshot!(first.stdout);
}

#[test]
fn a_name_that_is_none_runs_nothing() {
    let finished = run(&["prove", "--only", "listed-twise"]);
    assert_eq!((finished.code, finished.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(finished.stderr);
}

#[test]
fn a_proof_that_cannot_be_written_is_no_success() {
    let finished = run(&[
        "prove",
        "--only",
        "list-reversed",
        "--json",
        "/no-such-folder/proof.json",
    ]);
    assert_eq!(finished.code, 5, "{}", finished.stdout);
    assert!(
        finished.stderr.contains("cannot be written"),
        "{}",
        finished.stderr
    );
}
