//! What a run comes to does not depend on its seed, on how many cases run at once, or on what else the
//! machine has to do.

use rescind_model::event::Report;

use crate::support::{
    check, files, many_times, reference_target, root, without_what_varies, write,
};

/// How many cases a run has at once. With few of them a run mostly waits.
const JOBS: [&str; 5] = ["64", "16", "48", "8", "32"];

/// Runs the set that has every scenario, and writes the snapshots, which must be those that are
/// committed.
fn whole_run(jobs: &str) -> Report {
    let committed = files(&root().join("fixtures/snapshots/reference"));
    assert!(committed.len() > 100, "{}", committed.len());
    let folder = tempfile::tempdir().expect("a folder");
    let named = "base_url = \"{base_url}\"\nsnapshots = \"kept\"";
    let text = reference_target(&[("base_url = \"{base_url}\"", named)]);
    let target = write(folder.path(), "target.toml", &text);
    let set = ["--set", "connected-accounts-2026-09", "--target", &target];
    let how = ["--strict", "--snapshots", "write", "--jobs", jobs];
    let (finished, report) = check(folder.path(), &[&set[..], &how].concat());
    assert_eq!(finished.code, 0, "{}", finished.stdout);
    assert!(
        files(&folder.path().join("kept")) == committed,
        "a run differs from what is committed: `rescind check --target fixtures/targets/reference.toml` shows how"
    );
    report
}

/// Ten by themselves, and ten side by side, which is more than two cores can do.
#[test]
fn twenty_runs_give_the_same_verdicts_and_write_the_same_bytes() {
    let first = whole_run("24");
    let expected = without_what_varies(&first);
    let another = |number: usize| {
        let report = whole_run(JOBS[number % JOBS.len()]);
        assert_eq!(without_what_varies(&report), expected, "run {number}");
        assert_ne!(
            report.run.seed, first.run.seed,
            "a seed is fresh for every run"
        );
    };
    (1..10).for_each(another);
    many_times(10, another);
}

#[test]
fn a_hundred_runs_of_the_races_give_the_same_verdicts() {
    let run = |jobs: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let how = ["--strict", "--jobs", jobs, "connected-accounts/races"];
        let (finished, report) = check(folder.path(), &how);
        assert_eq!(finished.code, 0, "{}", finished.stdout);
        without_what_varies(&report)
    };
    let expected = run("24");
    many_times(99, |number| {
        assert_eq!(run(JOBS[number % JOBS.len()]), expected, "run {number}");
    });
}
