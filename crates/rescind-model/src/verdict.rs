//! What a check, or a requirement, came to.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::vocabulary::Level;

/// What a check came to. Ordered from the best to the worst, so that the worst of many is their
/// maximum.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The requirement set says why this row is not judged.
    Excluded,
    /// The target declared that it has nothing that the check could judge.
    NotApplicable,
    /// It holds.
    Pass,
    /// It does not hold, and a deviation says that this is known.
    ExpectedFail,
    /// A SHOULD does not hold.
    Warn,
    /// It could not be judged with this target.
    Untestable,
    /// Its precondition never occurred, or its positive control failed.
    NotRun,
    /// It holds, though a deviation says that it does not.
    UnexpectedPass,
    /// It does not hold.
    Fail,
    /// The runner or its environment failed: never counted against the target.
    HarnessError,
}

impl Verdict {
    /// All of them, from the best to the worst.
    pub const ALL: [Self; 10] = [
        Self::Excluded,
        Self::NotApplicable,
        Self::Pass,
        Self::ExpectedFail,
        Self::Warn,
        Self::Untestable,
        Self::NotRun,
        Self::UnexpectedPass,
        Self::Fail,
        Self::HarnessError,
    ];

    /// The word in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Excluded => "excluded",
            Self::NotApplicable => "not_applicable",
            Self::Pass => "pass",
            Self::ExpectedFail => "expected_fail",
            Self::Warn => "warn",
            Self::Untestable => "untestable",
            Self::NotRun => "not_run",
            Self::UnexpectedPass => "unexpected_pass",
            Self::Fail => "fail",
            Self::HarnessError => "harness_error",
        }
    }

    /// What a judgement that does not hold comes to at a level.
    pub const fn of_violation(level: Level, strictness: Strictness) -> Self {
        match (level, strictness) {
            (Level::Must | Level::Silent, _) | (Level::Should, Strictness::Strict) => Self::Fail,
            (Level::Should, Strictness::Normal) => Self::Warn,
            (Level::May, _) => Self::Pass,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What a whole run came to. Each has an exit code of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunVerdict {
    /// Everything that was to be judged was judged, and nothing must be mended.
    Pass,
    /// The target does not do what the contract asks, or differs from its snapshots, or a deviation
    /// does not hold any more, or a MUST was not judged.
    Findings,
    /// Nothing was judged.
    NothingJudged,
    /// The runner or its environment failed in some case, and there are no findings besides.
    HarnessError,
    /// Somebody stopped the run before its end: whatever was found, there is more to judge.
    Interrupted,
}

/// Whether a SHOULD that does not hold warns or fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Strictness {
    /// It warns.
    #[default]
    Normal,
    /// It fails.
    Strict,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_them_are_listed_from_the_best_to_the_worst() {
        assert!(Verdict::ALL.is_sorted_by(|left, right| left < right));
        // A verdict that is missing from the list would be one place further on.
        assert_eq!(Verdict::HarnessError as usize + 1, Verdict::ALL.len());
    }

    #[test]
    fn a_should_fails_only_when_strict() {
        use Strictness::{Normal, Strict};
        assert_eq!(Verdict::of_violation(Level::Must, Normal), Verdict::Fail);
        assert_eq!(Verdict::of_violation(Level::Silent, Normal), Verdict::Fail);
        assert_eq!(Verdict::of_violation(Level::Should, Normal), Verdict::Warn);
        assert_eq!(Verdict::of_violation(Level::Should, Strict), Verdict::Fail);
        assert_eq!(Verdict::of_violation(Level::May, Strict), Verdict::Pass);
    }
}
