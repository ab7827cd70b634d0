//! What a whole run came to: what its exit code says.

use rescind_model::event::{Report, Summary};
use rescind_model::verdict::Verdict;
use rescind_model::vocabulary::Level;

/// What a whole run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunVerdict {
    /// Everything that was to be judged was judged, and nothing must be mended.
    Pass,
    /// The target does not do what the contract asks, or differs from its snapshots, or a MUST was
    /// not judged.
    Findings,
    /// Nothing was judged.
    NothingJudged,
    /// The runner or its environment failed in some case, and there are no findings besides.
    HarnessError,
}

impl RunVerdict {
    /// What a report comes to.
    pub fn of(report: &Report) -> Self {
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
                return Self::HarnessError;
            }
            if judged == 0 {
                return Self::NothingJudged;
            }
            return Self::Findings;
        }
        match (harness_error, judged) {
            (1.., _) => Self::HarnessError,
            (0, 0) => Self::NothingJudged,
            _ => Self::Pass,
        }
    }
}

/// The rows that a full run should have judged and did not: of a MUST, or where the contract is
/// silent about the outcome but not about the judging. A run of a selection leaves out what it
/// leaves out.
pub fn unjudged_rows(report: &Report) -> Vec<&str> {
    if !report.run.selection.is_empty() {
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
        assert_eq!(RunVerdict::of(&report(summary, row, selection)), expected);
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
}
