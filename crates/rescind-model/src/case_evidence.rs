//! Everything that was said in a case, `rescind.evidence/1`: what was sent to the target and what
//! came back, what the provider was asked and answered, in order and timed; what the ledger says
//! after each step; what every check came to. Nothing in it holds a secret: the same fingerprint
//! stands wherever the same secret stood.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::{CheckVerdict, Exchange, ExplainedToken};

/// The name of the format.
pub const FORMAT: &str = "rescind.evidence/1";

/// A case, whole.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CaseEvidence {
    /// `rescind.evidence/1`
    pub schema: String,
    /// The scenario's id.
    pub scenario: String,
    /// The profile's name.
    pub profile: String,
    /// The scenario's title.
    pub title: String,
    /// The scenario's file.
    pub file: String,
    /// The requirement set that it was judged by.
    pub set: String,
    /// The target's name.
    pub target: String,
    /// The seed: with it every token, and so every fingerprint, is the same again.
    pub seed: String,
    /// Why the case could not be run to its end, if it could not: the runner's fault, or its
    /// environment's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub harness_error: Option<String>,
    /// Whether something is missing, because the provider's journal had dropped it.
    #[serde(default)]
    pub is_incomplete: bool,
    /// The steps that were begun, in order.
    pub steps: Vec<EvidentStep>,
    /// Every exchange, in the order in which calls were begun and requests took effect.
    pub exchanges: Vec<KeptExchange>,
    /// What every check came to, in the order of their ids.
    pub checks: Vec<CheckVerdict>,
    /// Lines for a shell that make the steps again by hand.
    pub by_hand: Vec<String>,
}

/// A step.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct EvidentStep {
    /// Its number, counted from 1.
    pub step: usize,
    /// What it does: `revoke`.
    pub verb: String,
    /// Its first line in the scenario's file, counted from 1.
    pub line: usize,
    /// What stands there, up to the next step.
    pub text: Vec<String>,
    /// When it began, in milliseconds since the case did.
    pub offset_ms: u64,
    /// The tokens that it brought into being, or that stand otherwise after it than before. Where
    /// calls overlap, the last step of them says it of all.
    pub tokens: Vec<ExplainedToken>,
}

/// A request and its answer, redacted.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct KeptExchange {
    /// Who was asked.
    pub asked: Party,
    /// What the target was asked for, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    /// The number of the step that was the last to begin before it, counted from 1.
    pub step: usize,
    /// When it began, in milliseconds since the case did.
    pub offset_ms: u64,
    /// How long it took, in milliseconds: of a call to the target until its answer was whole, of a
    /// request to the provider until its answer went.
    pub duration_ms: u64,
    /// The request and the answer, line by line.
    #[serde(flatten)]
    pub exchange: Exchange,
    /// What the provider made of it, if it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderNote>,
}

/// Who was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// The target, by the runner.
    Target,
    /// The provider, by the target.
    Provider,
}

/// What a call to the target is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To put a client or an account into it.
    Setup,
    /// What the step asks for.
    Step,
    /// To see how things stand.
    Look,
}

/// What the provider made of a request.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ProviderNote {
    /// The number of the request in its journal.
    pub number: u64,
    /// Whether it was a dispatch: a request to a revocation route.
    pub is_dispatch: bool,
    /// Whether it was answered with what the profile declares as success.
    pub is_acknowledged: bool,
    /// The fingerprint of the token that was presented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presented: Option<String>,
    /// The fingerprints of the tokens that died of it.
    pub killed: Vec<String>,
    /// The fingerprints of the tokens that it brought into being.
    pub minted: Vec<String>,
    /// The faults that it met.
    pub faults: Vec<String>,
    /// What a careful client would not have done.
    pub departures: Vec<String>,
}

impl CaseEvidence {
    /// The name of the case: `scenario@profile`.
    pub fn case(&self) -> String {
        format!("{}@{}", self.scenario, self.profile)
    }
}
