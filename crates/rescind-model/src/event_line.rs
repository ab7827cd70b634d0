//! The events of a run as lines of JSON, `rescind.events/1`: one object a line, its kind in
//! `event`. They come in the order in which a run tells them: `run_started`, a `case_finished` for
//! each case, then everything that was found, `run_finished` last.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::{
    CheckVerdict, Exchange, ExplainedRequirement, ExplainedToken, RequirementVerdict, Summary,
};
use crate::verdict::{RunVerdict, Verdict};

/// The name of the format, as its first line states it.
pub const FORMAT: &str = "rescind.events/1";

/// One line.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventLine {
    /// The run begins.
    RunStarted(RunStartedLine),
    /// A case ended.
    CaseFinished(CaseFinishedLine),
    /// What a check came to in one case.
    Check(CheckVerdict),
    /// What explains a check that needs explaining.
    Finding(Box<FindingLine>),
    /// What a requirement came to.
    Requirement(RequirementVerdict),
    /// The run ended.
    RunFinished(RunFinishedLine),
}

/// How a run began.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunStartedLine {
    /// `rescind.events/1`
    pub schema: String,
    /// The contract.
    pub contract: String,
    /// The requirement set.
    pub set: String,
    /// The target's name.
    pub target: String,
    /// How many scenarios are to be run.
    pub scenarios: usize,
    /// How many cases are to be run.
    pub cases: usize,
    /// The seed.
    pub seed: String,
}

/// A case that ended and is judged, but for what waits for the end of the run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CaseFinishedLine {
    /// The scenario's id.
    pub scenario: String,
    /// The profile's name.
    pub profile: String,
    /// How many cases have ended, this one included.
    pub finished: usize,
    /// How many there are.
    pub cases: usize,
    /// The worst verdict of its checks so far.
    pub verdict: Verdict,
}

/// A check that needs explaining, with all that explains it. Nothing in it holds a secret.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct FindingLine {
    /// The check's id.
    pub check: String,
    /// The scenario's id.
    pub scenario: String,
    /// The profile's name.
    pub profile: String,
    /// The number of the step whose exchange explains it, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// What it came to.
    pub verdict: Verdict,
    /// What is wrong, in a sentence.
    pub message: String,
    /// Where it is stated what should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceLine>,
    /// The requirements, each with its text and source.
    pub requirements: Vec<ExplainedRequirement>,
    /// What was sent to the target and what came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Exchange>,
    /// What the provider saw during the step.
    pub provider_saw: Vec<String>,
    /// What the ledger says of the account's tokens after the step.
    pub tokens: Vec<ExplainedToken>,
    /// A line for a shell that sends the call again; its secrets are shell variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curl: Option<String>,
    /// How the case's transcript differs from its snapshot: the lines of a unified diff.
    pub difference: Vec<String>,
    /// An entry for a file of deviations that would accept it for a while, ready to paste.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deviation: Option<String>,
}

/// A line of a file.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PlaceLine {
    /// The file.
    pub file: String,
    /// Its line, counted from 1.
    pub line: usize,
    /// What stands beside it: the actual value.
    pub label: String,
}

/// How a run ended.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunFinishedLine {
    /// What it came to.
    pub outcome: RunVerdict,
    /// Whether somebody stopped it before its end.
    pub interrupted: bool,
    /// Whether a finding kept further cases from being begun.
    #[serde(default)]
    pub failed_fast: bool,
    /// Which shard of a run it was, if it was one: `2/4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<String>,
    /// The counts.
    pub summary: Summary,
}
