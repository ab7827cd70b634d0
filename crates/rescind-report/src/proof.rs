//! What the suite made of each seeded bug and of each allowed behaviour: the proof as data, as a
//! Markdown page, and as a summary for a terminal.

mod markdown;
mod terminal;

use std::collections::{BTreeMap, BTreeSet};

use rescind_model::event::Report;
use rescind_model::proof::{DefectProof, Proof, VariantProof};
use rescind_model::verdict::{RunVerdict, Verdict};

use crate::outcome::{self, unjudged_rows};

pub use markdown::render as markdown;
pub use terminal::render as terminal;

/// How many defects should make a MUST fail, so that no single one carries the proof of it.
pub const ENOUGH_DEFECTS: usize = 2;

/// What all runs of the suite came to, and what they were to show.
#[derive(Clone, Debug)]
pub struct Runs {
    /// The runs against the service as it should be, one for each requirement set.
    pub honest: Vec<HonestRun>,
    /// A run for each seeded bug.
    pub defects: Vec<DefectRun>,
    /// A run for each allowed behaviour.
    pub variants: Vec<VariantRun>,
    /// The checks that some defect must make fail.
    pub checks: Vec<String>,
    /// The rows of level MUST.
    pub rows: Vec<RowToProve>,
    /// The names that the runs were restricted to; empty for all of them.
    pub only: Vec<String>,
}

/// A run against the service as it should be.
#[derive(Clone, Debug)]
pub struct HonestRun {
    /// The requirement set.
    pub set: String,
    /// What was found.
    pub findings: Vec<String>,
}

/// What the runs against the service with a seeded bug came to.
#[derive(Clone, Debug)]
pub struct DefectRun {
    /// The defect's name.
    pub name: String,
    /// What it does.
    pub summary: String,
    /// The public bugs that it imitates, or the row of the contract that it breaks.
    pub sources: Vec<String>,
    /// The check that it must fall to.
    pub check: String,
    /// What failed, in each run: one by every set whose own rows ask what the defect breaks.
    pub failures: Vec<Failures>,
}

/// The checks that failed in a run, each with the rows that its findings name.
pub type Failures = BTreeMap<String, BTreeSet<String>>;

/// A run against the service with an allowed behaviour.
#[derive(Clone, Debug)]
pub struct VariantRun {
    /// The variant's name.
    pub name: String,
    /// What it does.
    pub summary: String,
    /// The row that leaves the choice.
    pub row: String,
    /// What was found.
    pub findings: Vec<String>,
}

/// A row of level MUST.
#[derive(Clone, Debug)]
pub struct RowToProve {
    /// Its id.
    pub id: String,
    /// Why nothing judges it, if nothing does.
    pub excluded: Option<String>,
}

/// The checks that failed in a run.
pub fn failures(report: &Report) -> Failures {
    let mut failures = Failures::new();
    for check in &report.checks {
        if check.verdict == Verdict::Fail {
            let rows = failures.entry(check.id.clone()).or_default();
            rows.extend(check.requirements.iter().cloned());
        }
    }
    failures
}

/// Everything that keeps a run from being clean, a line each.
pub fn findings(report: &Report) -> Vec<String> {
    let bad = report
        .checks
        .iter()
        .filter(|check| check.verdict > Verdict::Pass);
    let mut findings: Vec<String> = bad
        .map(|check| {
            format!(
                "{} @ {}@{}: {}",
                check.id, check.scenario, check.profile, check.message
            )
        })
        .collect();
    let unjudged = unjudged_rows(report);
    findings.extend(unjudged.into_iter().map(|row| format!("{row}: not judged")));
    if findings.is_empty() && outcome::of(report) != RunVerdict::Pass {
        findings.push("nothing was judged".to_owned());
    }
    findings
}

impl Runs {
    /// The proof as data.
    pub fn proof(&self) -> Proof {
        Proof {
            schema: "rescind.proof/1".to_owned(),
            defects: self.defects.iter().map(DefectRun::proof).collect(),
            variants: self.variants.iter().map(VariantRun::proof).collect(),
            checks_never_failed: self.checks_never_failed(),
        }
    }

    /// Whether every defect is caught by the check that names its cause, every variant passes, and
    /// every check falls to a defect. With a service that is found wanting as it should be,
    /// nothing is proved.
    pub fn is_proved(&self) -> bool {
        let proof = self.proof();
        proof
            .defects
            .iter()
            .all(|defect| defect.caught && defect.cause_named)
            && proof.variants.iter().all(|variant| variant.passed)
            && proof.checks_never_failed.is_empty()
            && self.honest.iter().all(|run| run.findings.is_empty())
    }

    fn checks_never_failed(&self) -> Vec<String> {
        let fallen = |check: &String| {
            self.defects
                .iter()
                .flat_map(|defect| &defect.failures)
                .any(|failures| failures.contains_key(check))
        };
        let never = self.checks.iter().filter(|check| !fallen(check));
        never.cloned().collect()
    }

    /// The defects that make a row fail.
    fn breaking(&self, row: &RowToProve) -> Vec<&str> {
        self.defects
            .iter()
            .filter(|defect| {
                let mut rows = defect.failures.iter().flat_map(BTreeMap::values);
                rows.any(|rows| rows.contains(&row.id))
            })
            .map(|defect| defect.name.as_str())
            .collect()
    }

    /// The command that made the runs.
    fn command(&self) -> String {
        if self.only.is_empty() {
            "rescind prove".to_owned()
        } else {
            format!("rescind prove --only {}", self.only.join(" "))
        }
    }
}

impl DefectRun {
    fn proof(&self) -> DefectProof {
        let own = self
            .failures
            .iter()
            .map(|failures| failures.get(&self.check));
        let caught = !self.failures.is_empty() && own.clone().all(|rows| rows.is_some());
        let mut named = own.map(|rows| rows.is_some_and(|rows| !rows.is_empty()));
        DefectProof {
            name: self.name.clone(),
            sources: self.sources.clone(),
            caught,
            by: self
                .failed_checks()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            cause_named: caught && named.all(|named| named),
        }
    }

    /// The checks that failed in any of its runs.
    fn failed_checks(&self) -> BTreeSet<&str> {
        let failures = self.failures.iter().flat_map(BTreeMap::keys);
        failures.map(String::as_str).collect()
    }

    /// The rows that the findings of its own check name.
    fn broken_rows(&self) -> BTreeSet<&str> {
        let own = self
            .failures
            .iter()
            .filter_map(|failures| failures.get(&self.check));
        own.flatten().map(String::as_str).collect()
    }
}

impl VariantRun {
    fn proof(&self) -> VariantProof {
        VariantProof {
            name: self.name.clone(),
            passed: self.findings.is_empty(),
            findings: self.findings.clone(),
        }
    }
}

/// The proof as pretty-printed JSON, with a line break at its end.
///
/// # Errors
/// None that a proof's types allow; JSON's own error is passed on rather than hidden.
pub fn json(proof: &Proof) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(proof).map(|text| text + "\n")
}

#[cfg(test)]
mod tests;
