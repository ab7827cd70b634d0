//! What a whole run came to: what its exit code says.

use rescind_model::event::{Report, SNAPSHOT, Summary};
use rescind_model::verdict::{RunVerdict, Verdict};
use rescind_model::vocabulary::Level;

/// What a report comes to.
pub fn of(report: &Report) -> RunVerdict {
    if report.run.interrupted {
        return RunVerdict::Interrupted;
    }
    let Summary {
        fail,
        not_run,
        unexpected_pass,
        untestable,
        harness_error,
        pass,
        warn,
        ..
    } = report.summary;
    let judged = pass + fail + warn + report.summary.expected_fail + unexpected_pass;
    if fail + not_run + unexpected_pass + untestable > 0 || !unjudged_rows(report).is_empty() {
        // A case that could not be run leaves rows unjudged: that is no finding.
        if harness_error > 0 && fail + unexpected_pass + untestable + not_run == 0 {
            return RunVerdict::HarnessError;
        }
        if judged == 0 {
            return RunVerdict::NothingJudged;
        }
        return RunVerdict::Findings;
    }
    match (harness_error, judged) {
        (1.., _) => RunVerdict::HarnessError,
        (0, 0) => RunVerdict::NothingJudged,
        _ => RunVerdict::Pass,
    }
}

/// What a run came to, in words for people.
pub fn in_words(report: &Report) -> &'static str {
    match of(report) {
        RunVerdict::Pass if report.run.shard.is_some() => {
            "pass, as far as this shard goes: `rescind merge` says what the whole run came to"
        }
        RunVerdict::Pass => "pass",
        RunVerdict::Findings if unjudged_rows(report).is_empty() && only_snapshots_fail(report) => {
            "findings: the target does something else than its snapshots hold"
        }
        RunVerdict::Findings => "findings: the target does not do what the contract asks",
        RunVerdict::NothingJudged => "nothing judged",
        RunVerdict::HarnessError => "harness error: some cases could not be run",
        RunVerdict::Interrupted => {
            "interrupted: somebody stopped the run, and the cases that had not ended are not run"
        }
    }
}

fn only_snapshots_fail(report: &Report) -> bool {
    let mut bad = report
        .checks
        .iter()
        .filter(|row| row.verdict > Verdict::Warn);
    bad.all(|row| row.id == SNAPSHOT)
}

/// Whether a run has only a part of the cases that there are, as it was asked to.
pub fn is_partial(report: &Report) -> bool {
    let run = &report.run;
    !run.selection.is_empty() || run.shard.is_some() || run.failed_fast
}

/// Which shard of a run it was, if it was one: `2/4`.
pub fn shard(report: &Report) -> Option<String> {
    let shard = report.run.shard.as_ref();
    shard.map(|shard| format!("{}/{}", shard.index, shard.of))
}

/// The counts that are not zero, in words: `2 failed`.
pub fn counts(summary: &Summary) -> Vec<String> {
    let words = [
        (summary.pass, "passed"),
        (summary.fail, "failed"),
        (summary.warn, "warned"),
        (summary.not_run, "not run"),
        (summary.expected_fail, "failed as expected"),
        (summary.unexpected_pass, "passed unexpectedly"),
        (summary.not_applicable, "not applicable"),
        (summary.untestable, "untestable"),
        (summary.harness_error, "spoiled by the harness"),
    ];
    words
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect()
}

/// A number with its noun.
pub fn counted(count: usize, word: &str) -> String {
    if count == 1 {
        format!("1 {word}")
    } else {
        format!("{count} {word}s")
    }
}

/// The rows that a full run should have judged and did not: of a MUST, or where the contract is
/// silent about the outcome but not about the judging. A run of a selection leaves out what it
/// leaves out, of a shard the others are judged with it, and a run that somebody or a finding stopped
/// says so itself.
pub fn unjudged_rows(report: &Report) -> Vec<&str> {
    if is_partial(report) || report.run.interrupted {
        return Vec::new();
    }
    report
        .requirements
        .iter()
        .filter(|row| {
            row.verdict == Verdict::NotRun && matches!(row.level, Level::Must | Level::Silent)
        })
        .map(|row| row.id.as_str())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rescind_model::event::{RequirementVerdict, RunInformation};

    fn report(summary: Summary, row: Verdict, selection: &[&str]) -> Report {
        Report {
            schema: "rescind.report/1".into(),
            contract: "contract".into(),
            set: "set".into(),
            target: "target".into(),
            run: RunInformation {
                version: "0".into(),
                seed: "seed".into(),
                selection: selection.iter().map(|part| (*part).to_owned()).collect(),
                interrupted: false,
                failed_fast: false,
                notes: Vec::new(),
                shard: None,
            },
            summary,
            requirements: vec![RequirementVerdict {
                id: "ROW".into(),
                level: Level::Must,
                verdict: row,
                checks: Vec::new(),
                cases: 0,
                reason: None,
            }],
            checks: Vec::new(),
        }
    }

    fn check(summary: Summary, row: Verdict, selection: &[&str], expected: RunVerdict) {
        assert_eq!(of(&report(summary, row, selection)), expected);
    }

    #[test]
    fn green_means_that_something_was_judged_and_all_of_it_holds() {
        let none = Summary::default();
        let one = Summary {
            pass: 1,
            ..none.clone()
        };
        check(one.clone(), Verdict::Pass, &[], RunVerdict::Pass);
        check(
            none.clone(),
            Verdict::NotRun,
            &[],
            RunVerdict::NothingJudged,
        );
        check(
            none.clone(),
            Verdict::NotRun,
            &["x"],
            RunVerdict::NothingJudged,
        );
        check(one.clone(), Verdict::NotRun, &[], RunVerdict::Findings);
        check(one.clone(), Verdict::NotRun, &["x"], RunVerdict::Pass);
        check(
            Summary {
                warn: 1,
                ..one.clone()
            },
            Verdict::Warn,
            &[],
            RunVerdict::Pass,
        );
        check(
            Summary {
                fail: 1,
                harness_error: 1,
                ..one.clone()
            },
            Verdict::Fail,
            &[],
            RunVerdict::Findings,
        );
        check(
            Summary {
                not_run: 1,
                ..one.clone()
            },
            Verdict::NotRun,
            &["x"],
            RunVerdict::Findings,
        );
        check(
            Summary {
                harness_error: 1,
                ..one
            },
            Verdict::NotRun,
            &[],
            RunVerdict::HarnessError,
        );
        check(
            Summary {
                harness_error: 1,
                ..none
            },
            Verdict::NotRun,
            &[],
            RunVerdict::HarnessError,
        );
    }
    #[test]
    fn an_interrupted_run_is_never_green_and_never_blames_the_target() {
        for fail in [0, 1] {
            let summary = Summary {
                pass: 1,
                fail,
                not_run: 3,
                ..Summary::default()
            };
            let mut report = report(summary, Verdict::NotRun, &[]);
            report.run.interrupted = true;
            assert_eq!(of(&report), RunVerdict::Interrupted);
            assert!(unjudged_rows(&report).is_empty());
        }
    }
}
