//! What is put together of shards' reports that no run would make so easily.

use rescind_model::event::{
    CheckVerdict, Event, Report, RequirementVerdict, RunFinished, RunInformation, Summary,
};
use rescind_model::shard::{SameInAllShards, ShardInformation, SpoiledCase};
use rescind_model::verdict::{Strictness, Verdict};
use rescind_runner::merge::{NamedReport, Shards};

use crate::files;

fn row(id: &str, scenario: &str, verdict: Verdict, requirements: &[&str]) -> CheckVerdict {
    CheckVerdict {
        id: id.to_owned(),
        scenario: scenario.to_owned(),
        profile: "profile".to_owned(),
        requirements: requirements.iter().map(|row| (*row).to_owned()).collect(),
        verdict,
        message: String::new(),
    }
}

fn part(index: usize, checks: Vec<CheckVerdict>, spoiled: Vec<SpoiledCase>) -> NamedReport {
    let set = files::set();
    NamedReport {
        name: format!("{index}.json"),
        report: Report {
            schema: "rescind.report/1".to_owned(),
            contract: set.contract.clone(),
            set: set.name.clone(),
            target: "target".to_owned(),
            run: RunInformation {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                seed: format!("seed {index}"),
                selection: Vec::new(),
                interrupted: index == 2,
                failed_fast: index == 1,
                notes: Vec::new(),
                shard: Some(Box::new(ShardInformation {
                    index,
                    of: 2,
                    scenarios: 3,
                    cases: 3,
                    strict: false,
                    same: SameInAllShards {
                        cases: String::new(),
                        suite: String::new(),
                        target: String::new(),
                        deviations: String::new(),
                        snapshots: String::new(),
                    },
                    spoiled,
                    findings: Vec::new(),
                })),
            },
            summary: Summary {
                scenarios: 1,
                cases: 1,
                duration_ms: 5,
                ..Summary::default()
            },
            requirements: Vec::new(),
            checks,
        },
    }
}

fn end_of(parts: Vec<NamedReport>, strictness: Strictness) -> RunFinished {
    let shards = Shards::of(parts).unwrap();
    assert_eq!(shards.set(), files::set().name);
    match shards.merged(&files::set(), strictness).pop() {
        Some(Event::RunFinished(finished)) => *finished,
        _ => panic!("the end of a run is told last"),
    }
}

fn verdict_of(finished: &RunFinished, id: &str) -> Verdict {
    let rows: &Vec<RequirementVerdict> = &finished.report.requirements;
    rows.iter().find(|row| row.id == id).unwrap().verdict
}

/// A row that the target has nothing for in one shard, and that the harness spoiled in another, was
/// not judged: neither of the two knows that.
#[test]
fn what_one_shard_declares_away_and_another_could_not_run_is_not_judged() {
    let spoiled = SpoiledCase {
        scenario: "spoiled".to_owned(),
        profile: "profile".to_owned(),
        requirements: vec!["CA-CRASH".to_owned()],
    };
    let declared = row("case-ran", "away", Verdict::NotApplicable, &["CA-CRASH"]);
    let broken = row("case-ran", "spoiled", Verdict::HarnessError, &[]);
    let alone = end_of(
        vec![
            part(1, vec![declared.clone()], Vec::new()),
            part(2, Vec::new(), Vec::new()),
        ],
        Strictness::Normal,
    );
    assert_eq!(verdict_of(&alone, "CA-CRASH"), Verdict::NotApplicable);
    let both = end_of(
        vec![
            part(2, vec![broken], vec![spoiled]),
            part(1, vec![declared], Vec::new()),
        ],
        Strictness::Normal,
    );
    assert_eq!(verdict_of(&both, "CA-CRASH"), Verdict::NotRun);
    assert_eq!(both.report.summary.harness_error, 1);
}

#[test]
fn what_belongs_to_each_run_is_put_together_too() {
    let parts = || {
        let warned = row("error-envelope", "one", Verdict::Warn, &["CA-ENVELOPE"]);
        let held = row("error-envelope", "two", Verdict::Pass, &["CA-ENVELOPE"]);
        vec![
            part(2, vec![held], Vec::new()),
            part(1, vec![warned], Vec::new()),
        ]
    };
    let finished = end_of(parts(), Strictness::Normal);
    let run = &finished.report.run;
    assert_eq!(run.seed, "seed 1, seed 2");
    assert!(run.interrupted && run.failed_fast, "one of them was");
    assert!(run.shard.is_none());
    let summary = &finished.report.summary;
    assert_eq!((summary.scenarios, summary.cases), (2, 2));
    assert_eq!(
        (summary.warn, summary.pass, summary.duration_ms),
        (1, 1, 10)
    );
    assert_eq!(verdict_of(&finished, "CA-ENVELOPE"), Verdict::Warn);
    let strict = end_of(parts(), Strictness::Strict);
    assert_eq!(strict.report.summary.fail, 1);
    assert_eq!(verdict_of(&strict, "CA-ENVELOPE"), Verdict::Fail);
}
