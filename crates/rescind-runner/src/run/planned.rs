//! What a run was to consist of, and which part of a larger run it is.

use rescind_model::event::{CaseId, RunFinished};
use rescind_model::shard::{SameInAllShards, Shard, ShardInformation, SpoiledCase, digest};
use rescind_model::target::Obstacle;
use rescind_model::verdict::Strictness;
use rescind_model::{RequirementSet, Target};

use super::RunOptions;
use crate::plan::{Case, Elsewhere, Plan};
use crate::record::CaseRecord;
use crate::snapshots::SnapshotMode;
use crate::verdicts;

/// What a run was to consist of.
pub(super) struct Planned {
    /// The cases that were to be run.
    pub(super) cases: Vec<CaseId>,
    /// Those that the target cannot be asked for.
    pub(super) left_out: Vec<(Case, Obstacle)>,
    /// Those that are run by other shards.
    pub(super) elsewhere: Vec<CaseId>,
    /// Which shard it is, if it is one.
    shard: Option<PlannedShard>,
}

/// A shard of a run.
struct PlannedShard {
    shard: Shard,
    scenarios: usize,
    cases: usize,
    same: SameInAllShards,
}

impl Planned {
    /// What a plan consists of, and its cases, ready to be run.
    pub(super) fn of(plan: Plan, target: &Target, options: &RunOptions) -> (Self, Vec<Case>) {
        let shard = options.selection.shard.map(|shard| {
            let whole = Whole::of(&plan);
            PlannedShard {
                shard,
                scenarios: super::count_scenarios(&whole.cases),
                cases: whole.cases.len(),
                same: whole.digests(target, options),
            }
        });
        let ids = |cases: &[Case]| cases.iter().map(|case| case.id.clone()).collect();
        let planned = Self {
            cases: ids(&plan.cases),
            left_out: plan.left_out,
            elsewhere: ids(&plan.elsewhere.cases),
            shard,
        };
        (planned, plan.cases)
    }

    /// Whether a snapshot that nothing has is this run's to tell: of several shards, the first one's.
    pub(super) fn tells_of_left_over_snapshots(&self) -> bool {
        let shard = self.shard.as_ref();
        shard.is_none_or(|planned| planned.shard.index() == 1)
    }

    /// Adds to the end of a shard what the report of the whole run is made from.
    pub(super) fn describe(
        &self,
        finished: &mut RunFinished,
        records: &[CaseRecord],
        set: &RequirementSet,
        strictness: Strictness,
    ) {
        let Some(planned) = &self.shard else {
            return;
        };
        let spoiled = records
            .iter()
            .filter(|record| record.harness_error.is_some())
            .map(|record| SpoiledCase {
                scenario: record.id.scenario.clone(),
                profile: record.id.profile.clone(),
                requirements: verdicts::rows_named_by(&record.scenario, set)
                    .into_iter()
                    .map(|(row, _)| row)
                    .collect(),
            });
        finished.report.run.shard = Some(Box::new(ShardInformation {
            index: planned.shard.index(),
            of: planned.shard.of(),
            scenarios: planned.scenarios,
            cases: planned.cases,
            strict: strictness == Strictness::Strict,
            same: planned.same.clone(),
            spoiled: spoiled.collect(),
            findings: finished.findings.clone(),
        }));
    }
}

/// The whole run that a shard is a part of.
struct Whole {
    cases: Vec<Case>,
    left_out: Vec<Case>,
}

impl Whole {
    fn of(plan: &Plan) -> Self {
        let Elsewhere { cases, left_out } = &plan.elsewhere;
        let of_left_out = |(case, _): &(Case, Obstacle)| case.clone();
        let mut whole = Self {
            cases: plan.cases.iter().chain(cases).cloned().collect(),
            left_out: plan
                .left_out
                .iter()
                .chain(left_out)
                .map(of_left_out)
                .collect(),
        };
        for part in [&mut whole.cases, &mut whole.left_out] {
            part.sort_by(|left, right| left.id.cmp(&right.id));
        }
        whole
    }

    fn digests(&self, target: &Target, options: &RunOptions) -> SameInAllShards {
        let names = |cases: &[Case]| -> Vec<String> {
            cases.iter().map(|case| case.id.to_string()).collect()
        };
        let (cases, left_out) = (names(&self.cases), names(&self.left_out));
        let between = ["left out".to_owned()];
        let cases = cases.iter().chain(&between).chain(&left_out);
        // What a profile states is all that there is of it: its text is gone.
        let suite = self.cases.iter().chain(&self.left_out);
        let suite: Vec<[String; 2]> = suite
            .map(|case| {
                let scenario = case.scenario.file.text().to_owned();
                [scenario, format!("{:?}", case.profile)]
            })
            .collect();
        let snapshots: Vec<&str> = match &options.snapshots {
            SnapshotMode::Ignore => Vec::new(),
            SnapshotMode::Compare(set) => {
                let files = set.files.iter();
                let files = files.flat_map(|(path, text)| [path.as_str(), text.as_str()]);
                std::iter::once("compared").chain(files).collect()
            }
        };
        SameInAllShards {
            cases: digest(cases.map(String::as_str)),
            suite: digest(suite.iter().flatten().map(String::as_str)),
            target: digest([target.file.text()]),
            deviations: digest([options.deviations.deviations.file.text()]),
            snapshots: digest(snapshots),
        }
    }
}
