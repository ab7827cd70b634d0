//! The exit codes. They never change their meaning.

use rescind_model::verdict::RunVerdict;

/// Everything that was to be judged was judged, and nothing must be mended.
pub const PASS: u8 = 0;

/// The target does not do what the contract asks, or differs from its snapshots, or a MUST was not
/// judged.
pub const FINDINGS: u8 = 1;

/// The command line cannot be understood. The argument parser exits with it by itself.
pub const USAGE: u8 = 2;

/// The target, a file or the environment is not ready: nothing is said of the target's behaviour.
pub const CONFIGURATION: u8 = 3;

/// Nothing was judged, which is never green.
pub const NOTHING_JUDGED: u8 = 4;

/// The runner or its machine failed: nothing is said of the target's behaviour.
pub const HARNESS_ERROR: u8 = 5;

/// Somebody stopped the run before its end (ctrl-C, SIGTERM): what was judged by then is in the
/// reports, and the rest counts as not run.
pub const INTERRUPTED: u8 = 6;

/// What a run exits with.
pub const fn of_run(verdict: RunVerdict) -> u8 {
    match verdict {
        RunVerdict::Pass => PASS,
        RunVerdict::Findings => FINDINGS,
        RunVerdict::NothingJudged => NOTHING_JUDGED,
        RunVerdict::HarnessError => HARNESS_ERROR,
        RunVerdict::Interrupted => INTERRUPTED,
    }
}

/// Every code with its meaning, as the help shows them.
pub const MEANINGS: [(u8, &str); 7] = [
    (PASS, "pass"),
    (
        FINDINGS,
        "findings: the target does not do what the contract asks, or differs from its snapshots, or a MUST was not judged",
    ),
    (USAGE, "usage: the command line cannot be understood"),
    (
        CONFIGURATION,
        "configuration: the target, a file or the environment is not ready",
    ),
    (NOTHING_JUDGED, "nothing judged"),
    (
        HARNESS_ERROR,
        "harness error: the runner or its machine failed",
    ),
    (
        INTERRUPTED,
        "interrupted: somebody stopped the run before its end (ctrl-C, SIGTERM)",
    ),
];
