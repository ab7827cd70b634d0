//! What a run says: a closed set of events, from which every report is made.

use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shard::ShardInformation;
use crate::source::SourceFile;
use crate::verdict::Verdict;
use crate::vocabulary::{Level, TokenState};

/// Something that happened in a run.
#[derive(Clone, Debug)]
pub enum Event {
    /// The run begins.
    RunStarted(RunStarted),
    /// A case ended and its checks are judged, but for those that wait for the end of the run.
    CaseFinished {
        /// Which one.
        case: CaseId,
        /// How many cases have ended, this one included.
        finished: usize,
        /// How many there are.
        cases: usize,
        /// The worst verdict of its checks so far.
        verdict: Verdict,
    },
    /// The run ended: everything that it found, in the order of its report.
    RunFinished(Box<RunFinished>),
}

/// How a run began.
#[derive(Clone, Debug)]
pub struct RunStarted {
    /// The contract.
    pub contract: String,
    /// The requirement set.
    pub set: String,
    /// The target's name.
    pub target: String,
    /// How many scenarios there are.
    pub scenarios: usize,
    /// How many cases there are.
    pub cases: usize,
    /// The seed.
    pub seed: String,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct RunFinished {
    /// The report's data.
    pub report: Report,
    /// Findings that need explaining, in the order of the report's checks.
    pub findings: Vec<Finding>,
}

/// A scenario run at one profile.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct CaseId {
    /// The scenario's id.
    pub scenario: String,
    /// The profile's name.
    pub profile: String,
}

impl std::fmt::Display for CaseId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}@{}", self.scenario, self.profile)
    }
}

/// The id under which a case's snapshot stands in the report. It is no check: what a target did
/// before obliges it to nothing, but nobody may change it unnoticed.
pub const SNAPSHOT: &str = "snapshot";

/// A check that needs explaining, with all that explains it. Nothing in it holds a secret.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The case.
    pub case: CaseId,
    /// The number of the step whose exchange explains it, counted from 0.
    pub step: Option<usize>,
    /// The check's id.
    pub check: String,
    /// What it came to.
    pub verdict: Verdict,
    /// What is wrong, in a sentence.
    pub message: String,
    /// The scenario's line that states what should be, and the word to put beside it.
    pub place: Option<Place>,
    /// The requirements, each with its text and source.
    pub requirements: Vec<ExplainedRequirement>,
    /// What was sent to the target and what came back.
    pub exchange: Option<Exchange>,
    /// What the provider saw during the step.
    pub provider_saw: Vec<String>,
    /// What the ledger says of the account's tokens after the step.
    pub tokens: Vec<ExplainedToken>,
    /// A line for a shell that sends the call again; its secrets are shell variables.
    pub curl: Option<String>,
    /// How the case's transcript differs from its snapshot: the lines of a unified diff.
    pub difference: Vec<String>,
    /// An entry for a file of deviations that would accept it for a while.
    pub deviation: Option<String>,
}

/// A place in a scenario.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The scenario's file.
    pub file: SourceFile,
    /// The bytes to underline.
    pub span: Range<usize>,
    /// What to put beside them: the actual value.
    pub label: String,
}

/// A requirement, as a finding shows it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ExplainedRequirement {
    /// The row's id.
    pub id: String,
    /// Its level.
    pub level: Level,
    /// What it asks.
    pub text: String,
    /// Where it is written.
    pub source: String,
}

/// A request to the target and its answer, redacted.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Exchange {
    /// The request line, headers and body.
    pub sent: Vec<String>,
    /// The status line, headers and body, or why there is none.
    pub received: Vec<String>,
}

/// A token, as a finding shows it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ExplainedToken {
    /// The account that holds it.
    pub account: String,
    /// What it is: `access_token`.
    pub kind: String,
    /// Its fingerprint.
    pub fingerprint: String,
    /// What the ledger says.
    pub state: TokenState,
    /// Why it died, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// The JSON report, `rescind.report/1`. What differs between two runs of the same code stands in
/// `run` and in `summary.duration_ms` only.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// `rescind.report/1`
    pub schema: String,
    /// The contract.
    pub contract: String,
    /// The requirement set.
    pub set: String,
    /// The target's name.
    pub target: String,
    /// What belongs to this run alone.
    pub run: RunInformation,
    /// The counts.
    pub summary: Summary,
    /// A row for each requirement of the set, in its order.
    pub requirements: Vec<RequirementVerdict>,
    /// A row for each check of each case, ordered by scenario, profile and check.
    pub checks: Vec<CheckVerdict>,
}

/// What belongs to one run alone.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunInformation {
    /// The version of rescind.
    pub version: String,
    /// The seed: `--seed` with it runs the same again.
    pub seed: String,
    /// What was selected on the command line; empty for a full run.
    pub selection: Vec<String>,
    /// Whether somebody stopped the run before its end. The cases that had not ended by then stand
    /// among the checks as `case-ran`, not run.
    #[serde(default)]
    pub interrupted: bool,
    /// Whether a finding kept further cases from being begun (`--fail-fast`): they stand among the
    /// checks as `case-ran`, not run.
    #[serde(default)]
    pub failed_fast: bool,
    /// What the harness has to say that is no verdict: what it could not clean up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Of which shard this is the report, if it is none of a whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Box<ShardInformation>>,
}

/// The counts of a run. Verdicts are counted over checks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Scenarios that ran.
    pub scenarios: usize,
    /// Cases that ran.
    pub cases: usize,
    /// Checks that were judged, one for each check id and case.
    pub checks: usize,
    /// Those that hold.
    pub pass: usize,
    /// Those that do not.
    pub fail: usize,
    /// Those of a SHOULD that do not.
    pub warn: usize,
    /// Those whose positive control failed.
    pub not_run: usize,
    /// Those that fail as a deviation says.
    pub expected_fail: usize,
    /// Those that hold though a deviation says otherwise.
    pub unexpected_pass: usize,
    /// Those that the target has nothing for.
    pub not_applicable: usize,
    /// Those that this target does not let us judge.
    pub untestable: usize,
    /// Those that the runner or its environment spoiled.
    pub harness_error: usize,
    /// How long the run took, in milliseconds.
    pub duration_ms: u64,
}

impl Summary {
    /// Counts one verdict.
    pub const fn count(&mut self, verdict: Verdict) {
        self.checks += 1;
        let counter = match verdict {
            Verdict::Pass => &mut self.pass,
            Verdict::Fail => &mut self.fail,
            Verdict::Warn => &mut self.warn,
            Verdict::NotRun => &mut self.not_run,
            Verdict::ExpectedFail => &mut self.expected_fail,
            Verdict::UnexpectedPass => &mut self.unexpected_pass,
            Verdict::Untestable => &mut self.untestable,
            Verdict::HarnessError => &mut self.harness_error,
            Verdict::NotApplicable | Verdict::Excluded => &mut self.not_applicable,
        };
        *counter += 1;
    }
}

/// What a requirement came to.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RequirementVerdict {
    /// The row's id.
    pub id: String,
    /// Its level.
    pub level: Level,
    /// The worst verdict of its checks; `not_run` if none of them occurred; `excluded` if the set
    /// says so.
    pub verdict: Verdict,
    /// The ids of the checks that judge it.
    pub checks: Vec<String>,
    /// How many cases they judged.
    pub cases: usize,
    /// Why it is excluded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a check came to in one case.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CheckVerdict {
    /// The check's id.
    pub id: String,
    /// The scenario's id.
    pub scenario: String,
    /// The profile's name.
    pub profile: String,
    /// The requirements that it judges.
    pub requirements: Vec<String>,
    /// What it came to.
    pub verdict: Verdict,
    /// What was found, in a sentence; empty if it holds.
    pub message: String,
}
