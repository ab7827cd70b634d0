//! Puts the reports of shards together to the one that a single run would have made. Pure: what the
//! requirements come to is judged anew, by what judges them at the end of a run.

use std::collections::{BTreeMap, BTreeSet};

use rescind_model::RequirementSet;
use rescind_model::event::{
    CaseId, CheckVerdict, Event, Finding, Report, RunFinished, RunInformation, RunStarted,
    SNAPSHOT, Summary,
};
use rescind_model::shard::ShardInformation;
use rescind_model::verdict::{Strictness, Verdict};
use rescind_model::vocabulary::Level;

use crate::error::Problem;
use crate::snapshots::format::path_of;
use crate::verdicts::{self, CASE_RAN, CheckOutcome};

/// A report and the name that people know it by.
#[derive(Clone, Debug)]
pub struct NamedReport {
    /// Its path.
    pub name: String,
    /// What it holds.
    pub report: Report,
}

/// The reports of all shards of one run, in the order of their numbers.
#[derive(Clone, Debug)]
pub struct Shards {
    first: Part,
    others: Vec<Part>,
}

/// The report of one shard.
#[derive(Clone, Debug)]
struct Part {
    name: String,
    report: Report,
    shard: ShardInformation,
}

impl Shards {
    /// Makes sure that reports are those of all shards of one run, made by this version.
    ///
    /// # Errors
    /// One that is no shard's, one too many or too few, and whatever differs between two of them
    /// that must not.
    pub fn of(reports: Vec<NamedReport>) -> Result<Self, Problem> {
        let parts = reports.into_iter().map(Part::of);
        let mut parts = parts.collect::<Result<Vec<Part>, Problem>>()?;
        parts.sort_by_key(|part| part.shard.index);
        if parts.is_empty() {
            return Err(Problem::new(
                "there is no report to merge",
                "name the JSON report of every shard",
            ));
        }
        let first = parts.remove(0);
        for part in &parts {
            part.is_of_the_same_run_as(&first)?;
        }
        let shards = Self {
            first,
            others: parts,
        };
        shards.are_all_there()?;
        Ok(shards)
    }

    fn parts(&self) -> impl Iterator<Item = &Part> + Clone {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Says which shard is missing, or there twice.
    fn are_all_there(&self) -> Result<(), Problem> {
        let of = self.first.shard.of;
        for (first, second) in self.parts().zip(&self.others) {
            let index = first.shard.index;
            if index == second.shard.index {
                return Err(Problem::new(
                    format!(
                        "`{}` and `{}` are both of shard {index}/{of}",
                        first.name, second.name
                    ),
                    "name one report for each shard",
                ));
            }
        }
        let there: BTreeSet<usize> = self.parts().map(|part| part.shard.index).collect();
        let missing: Vec<String> = (1..=of)
            .filter(|index| !there.contains(index))
            .map(|index| format!("{index}/{of}"))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Problem::new(
            format!("there is no report of shard {}", missing.join(", ")),
            "what was not run is not judged: run it, and name its report as well",
        ))
    }

    /// The name of the requirement set that all were judged by.
    pub fn set(&self) -> &str {
        &self.first.report.set
    }

    /// What a single run would have told, its end last. A SHOULD that does not hold fails if it
    /// failed in the shards, or is to fail now.
    pub fn merged(&self, set: &RequirementSet, strictness: Strictness) -> Vec<Event> {
        let is_strict =
            strictness == Strictness::Strict || self.parts().any(|part| part.shard.strict);
        let strictness = if is_strict {
            Strictness::Strict
        } else {
            Strictness::Normal
        };
        let rows = self.parts().flat_map(|part| &part.report.checks);
        let mut checks: Vec<CheckVerdict> = rows.cloned().collect();
        let mut findings: Vec<Finding> = self
            .parts()
            .flat_map(|part| part.shard.findings.clone())
            .collect();
        for verdict in checks
            .iter_mut()
            .map(|row| &mut row.verdict)
            .chain(findings.iter_mut().map(|finding| &mut finding.verdict))
        {
            // What warns is a SHOULD's, or a snapshot that there is none of: both fail a strict run.
            if is_strict && *verdict == Verdict::Warn {
                *verdict = Verdict::Fail;
            }
        }
        checks.sort_by(verdicts::by_place);
        findings.sort_by_cached_key(order_of);
        let requirements = verdicts::of_requirements(set, &self.outcomes(&checks, set), strictness);
        let report = Report {
            schema: "rescind.report/1".into(),
            contract: set.contract.clone(),
            set: set.name.clone(),
            target: self.first.report.target.clone(),
            run: self.run(),
            summary: self.summary(&checks),
            requirements,
            checks,
        };
        self.told(RunFinished { report, findings })
    }

    /// The rows as they were when a run judged its requirements by them.
    fn outcomes(&self, checks: &[CheckVerdict], set: &RequirementSet) -> Vec<CheckOutcome> {
        let spoiled = self.parts().flat_map(|part| &part.shard.spoiled);
        let spoiled: BTreeMap<(&str, &str), &Vec<String>> = spoiled
            .map(|case| {
                let id = (case.scenario.as_str(), case.profile.as_str());
                (id, &case.requirements)
            })
            .collect();
        checks
            .iter()
            .map(|row| {
                let is_spoiled = row.id == CASE_RAN && row.verdict == Verdict::HarnessError;
                let case = (row.scenario.as_str(), row.profile.as_str());
                // The report names no requirement there: what spoils a case blames nobody.
                let of_scenario = spoiled.get(&case).filter(|_| is_spoiled).copied();
                let named = of_scenario.unwrap_or(&row.requirements);
                CheckOutcome {
                    verdict: row.clone(),
                    rows: levels(&row.id, named, set),
                    first_violation: None,
                }
            })
            .collect()
    }

    fn run(&self) -> RunInformation {
        let mut seeds: Vec<&str> = Vec::new();
        for part in self.parts() {
            let seed = part.report.run.seed.as_str();
            if !seeds.contains(&seed) {
                seeds.push(seed);
            }
        }
        RunInformation {
            seed: seeds.join(", "),
            interrupted: self.parts().any(|part| part.report.run.interrupted),
            failed_fast: self.parts().any(|part| part.report.run.failed_fast),
            notes: self
                .parts()
                .flat_map(|part| part.report.run.notes.clone())
                .collect(),
            shard: None,
            ..self.first.report.run.clone()
        }
    }

    fn summary(&self, checks: &[CheckVerdict]) -> Summary {
        let ran: BTreeSet<&str> = checks
            .iter()
            .filter(|row| has_run(row))
            .map(|row| row.scenario.as_str())
            .collect();
        let summaries = || self.parts().map(|part| &part.report.summary);
        let mut summary = Summary {
            scenarios: ran.len(),
            cases: summaries().map(|summary| summary.cases).sum(),
            duration_ms: summaries().map(|summary| summary.duration_ms).sum(),
            ..Summary::default()
        };
        for row in checks {
            summary.count(row.verdict);
        }
        summary
    }

    /// The events of a run that ended so, its cases in their order.
    fn told(&self, finished: RunFinished) -> Vec<Event> {
        let shard = &self.first.shard;
        let report = &finished.report;
        let started = Event::RunStarted(RunStarted {
            contract: report.contract.clone(),
            set: report.set.clone(),
            target: report.target.clone(),
            scenarios: shard.scenarios,
            cases: shard.cases,
            seed: report.run.seed.clone(),
        });
        let mut worst: BTreeMap<CaseId, Verdict> = BTreeMap::new();
        for row in report.checks.iter().filter(|row| has_run(row)) {
            let case = CaseId {
                scenario: row.scenario.clone(),
                profile: row.profile.clone(),
            };
            let verdict = worst.entry(case).or_insert(row.verdict);
            *verdict = row.verdict.max(*verdict);
        }
        let cases = shard.cases;
        let ended = worst.into_iter().enumerate();
        let ended = ended.map(|(index, (case, verdict))| Event::CaseFinished {
            case,
            finished: index + 1,
            cases,
            verdict,
        });
        let mut events: Vec<Event> = std::iter::once(started).chain(ended).collect();
        events.push(Event::RunFinished(Box::new(finished)));
        events
    }
}

impl Part {
    fn of(named: NamedReport) -> Result<Self, Problem> {
        let NamedReport { name, mut report } = named;
        let Some(shard) = report.run.shard.take() else {
            return Err(Problem::new(
                format!("`{name}` is the report of a whole run: there is nothing to merge"),
                "name the reports of `rescind check --shard I/N`, one for each I",
            ));
        };
        let version = env!("CARGO_PKG_VERSION");
        if report.run.version != version {
            return Err(Problem::new(
                format!(
                    "`{name}` was written by version {} of rescind, and this is {version}",
                    report.run.version
                ),
                "merge with the version that ran the shards",
            ));
        }
        Ok(Self {
            name,
            report,
            shard: *shard,
        })
    }

    /// Says what makes it another run's.
    fn is_of_the_same_run_as(&self, first: &Self) -> Result<(), Problem> {
        let (own, others) = (&self.shard, &first.shard);
        let (report, of_first) = (&self.report, &first.report);
        let same_command = "run every shard by the same command, but for `--shard`";
        let differences = [
            (own.of == others.of, "number of shards", same_command),
            (
                report.set == of_first.set && report.contract == of_first.contract,
                "requirement set",
                same_command,
            ),
            (report.target == of_first.target, "target", same_command),
            (
                own.same.target == others.same.target,
                "target file",
                "run every shard with the same text of it",
            ),
            (
                report.run.selection == of_first.run.selection,
                "selection",
                same_command,
            ),
            (
                own.same.cases == others.same.cases,
                "list of cases",
                "run every shard with the same scenarios, and the same report of `--failed-last-time`",
            ),
            (
                own.same.suite == others.same.suite,
                "scenarios or profiles",
                "run every shard with the same files",
            ),
            (
                own.same.deviations == others.same.deviations,
                "file of deviations",
                "run every shard with the same one",
            ),
            (
                own.same.snapshots == others.same.snapshots,
                "snapshots",
                "run every shard with the same ones, and with the same `--snapshots`",
            ),
            (own.strict == others.strict, "`--strict`", same_command),
        ];
        match differences.into_iter().find(|(is_same, _, _)| !is_same) {
            None => Ok(()),
            Some((_, what, hint)) => Err(Problem::new(
                format!(
                    "`{}` and `{}` are not of the same run: they differ in their {what}",
                    first.name, self.name
                ),
                hint,
            )),
        }
    }
}

/// The rows that a check judges, each with the level at which it does.
fn levels(check: &str, named: &[String], set: &RequirementSet) -> Vec<(String, Level)> {
    let rows = set.requirements.iter();
    let rows = rows.filter(|row| named.contains(row.id.get()));
    rows.map(|row| {
        (
            row.id.get().clone(),
            row.level_of(check).unwrap_or(row.level),
        )
    })
    .collect()
}

/// Whether a row says something of a case that was run to its end.
fn has_run(row: &CheckVerdict) -> bool {
    match row.id.as_str() {
        SNAPSHOT => false,
        CASE_RAN => row.verdict == Verdict::HarnessError,
        _ => true,
    }
}

/// Where a run puts a finding: what its cases show, then the cases that were left out, then the
/// snapshots by their paths.
fn order_of(finding: &Finding) -> (u8, String, String, String) {
    let CaseId { scenario, profile } = finding.case.clone();
    match (finding.check.as_str(), finding.verdict) {
        (SNAPSHOT, _) => (2, path_of(&finding.case), String::new(), String::new()),
        (CASE_RAN, Verdict::Untestable) => (1, scenario, profile, finding.check.clone()),
        _ => (0, scenario, profile, finding.check.clone()),
    }
}
