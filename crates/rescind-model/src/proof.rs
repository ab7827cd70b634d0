//! What `rescind prove` says of the suite itself, as data: `rescind.proof/1`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether the suite finds what it is there to find, and lets pass what it must let pass. Holds
/// nothing that differs between two runs of the same code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Proof {
    /// `rescind.proof/1`
    pub schema: String,
    /// Each seeded bug of the reference service.
    pub defects: Vec<DefectProof>,
    /// Each allowed behaviour of the reference service.
    pub variants: Vec<VariantProof>,
    /// The checks that no defect made fail, though they can fail a run.
    pub checks_never_failed: Vec<String>,
}

/// What the suite made of a seeded bug.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DefectProof {
    /// The defect's name.
    pub name: String,
    /// The public bugs that it imitates, or the row of the contract that it breaks.
    pub sources: Vec<String>,
    /// Whether the check that it must fall to failed in some case.
    pub caught: bool,
    /// Every check that failed, in the order of their ids.
    pub by: Vec<String>,
    /// Whether a finding of the check that it must fall to names the requirements that are broken.
    pub cause_named: bool,
}

/// What the suite made of an allowed behaviour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VariantProof {
    /// The variant's name.
    pub name: String,
    /// Whether a strict run was without a finding.
    pub passed: bool,
    /// What was found: `check @ scenario@profile: message`.
    pub findings: Vec<String>,
}
