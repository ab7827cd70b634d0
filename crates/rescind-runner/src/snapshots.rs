//! Snapshots: what a target did in each case, held against what it does. Pure: where the files
//! are, and who accepts a change, is the caller's affair.
//!
//! A contract leaves things open, and a target may do more than its scenarios ask about. A
//! snapshot pins what it chose, so that it does not change unnoticed.

pub mod format;

use std::collections::{BTreeMap, BTreeSet};

use rescind_model::Target;
use rescind_model::event::{CaseId, CheckVerdict, Finding, Report, RunFinished, SNAPSHOT, Summary};
use rescind_model::secret::SecretScanner;
use rescind_model::verdict::{Strictness, Verdict};
use similar::TextDiff;

use crate::record::CaseRecord;
use crate::transcript::transcript;

/// How many lines that are the same stand around each that differs.
const CONTEXT_LINES: usize = 3;

/// What a run does about snapshots.
#[derive(Clone, Debug, Default)]
pub enum SnapshotMode {
    /// Nothing: of a target that is meant to behave otherwise they say nothing.
    #[default]
    Ignore,
    /// It holds every case against its own.
    Compare(SnapshotSet),
}

/// The snapshots of one target.
#[derive(Clone, Debug, Default)]
pub struct SnapshotSet {
    /// How the folder is shown in messages.
    pub folder: String,
    /// The text of each file by its path below the folder.
    pub files: BTreeMap<String, String>,
    /// Whether the run has every case that a file may belong to: one that belongs to none is then
    /// left over. Of a run with a selection this is never so.
    pub complete: bool,
}

/// A case's transcript beside its snapshot, or a snapshot that no case has.
#[derive(Clone, Debug)]
pub struct SnapshotComparison {
    /// The case; what the path names if there is no such case.
    pub case: CaseId,
    /// The path of the file below the folder of its set.
    pub path: String,
    /// What came of it.
    pub state: SnapshotState,
}

/// What came of holding a transcript against a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SnapshotState {
    /// They are the same.
    Same,
    /// There is no snapshot.
    Missing {
        /// What it would hold.
        transcript: String,
    },
    /// They differ.
    Different {
        /// What the snapshot holds.
        snapshot: String,
        /// What it would hold.
        transcript: String,
    },
    /// No case has it.
    Unreferenced {
        /// What the snapshot holds.
        snapshot: String,
    },
}

impl SnapshotComparison {
    /// The lines of a unified diff from the snapshot to the transcript; none if they are the same.
    pub fn difference(&self, folder: &str) -> Vec<String> {
        let (old, new) = match &self.state {
            SnapshotState::Same => return Vec::new(),
            SnapshotState::Missing { transcript } => ("", transcript.as_str()),
            SnapshotState::Different {
                snapshot,
                transcript,
            } => (snapshot.as_str(), transcript.as_str()),
            SnapshotState::Unreferenced { snapshot } => (snapshot.as_str(), ""),
        };
        let path = format!("{folder}/{}", self.path);
        let difference = TextDiff::from_lines(old, new)
            .unified_diff()
            .context_radius(CONTEXT_LINES)
            .header(&path, "this run")
            .to_string();
        difference.lines().map(str::to_owned).collect()
    }

    /// What its file must hold once it is accepted; none if the file must go.
    pub fn accepted_file(&self) -> Option<String> {
        match &self.state {
            SnapshotState::Missing { transcript } | SnapshotState::Different { transcript, .. } => {
                Some(format::file_text(&self.case, transcript))
            }
            SnapshotState::Same | SnapshotState::Unreferenced { .. } => None,
        }
    }

    fn verdict(&self, strictness: Strictness) -> Verdict {
        match (&self.state, strictness) {
            (SnapshotState::Same, _) => Verdict::Pass,
            (SnapshotState::Missing { .. }, Strictness::Normal) => Verdict::Warn,
            _ => Verdict::Fail,
        }
    }

    fn message(&self, folder: &str) -> String {
        let path = format!("`{folder}/{}`", self.path);
        match self.state {
            SnapshotState::Same => String::new(),
            SnapshotState::Missing { .. } => format!("there is no snapshot {path}"),
            SnapshotState::Different { .. } => {
                format!("what happened differs from the snapshot {path}")
            }
            SnapshotState::Unreferenced { .. } => format!("no case has the snapshot {path}"),
        }
    }

    fn check_verdict(&self, folder: &str, strictness: Strictness) -> CheckVerdict {
        CheckVerdict {
            id: SNAPSHOT.to_owned(),
            scenario: self.case.scenario.clone(),
            profile: self.case.profile.clone(),
            requirements: Vec::new(),
            verdict: self.verdict(strictness),
            message: self.message(folder),
        }
    }

    fn finding(&self, folder: &str, strictness: Strictness, scanner: &SecretScanner) -> Finding {
        let difference = match self.state {
            SnapshotState::Different { .. } => self.difference(folder),
            // The whole transcript would be shown, and says nothing by itself.
            _ => Vec::new(),
        };
        Finding {
            case: self.case.clone(),
            step: None,
            check: SNAPSHOT.to_owned(),
            verdict: self.verdict(strictness),
            message: self.message(folder),
            place: None,
            requirements: Vec::new(),
            exchange: None,
            provider_saw: Vec::new(),
            tokens: Vec::new(),
            curl: None,
            difference: difference.iter().map(|line| scanner.redact(line)).collect(),
            deviation: None,
        }
    }
}

/// What has a snapshot though it is not run here.
#[derive(Clone, Copy, Debug)]
pub struct NotHere<'a> {
    /// The ids of the scenarios of other sets.
    pub of_other_sets: &'a BTreeSet<String>,
    /// The cases that other shards run.
    pub elsewhere: &'a [CaseId],
}

/// Holds every case that ran to its end against its snapshot, ordered by path.
pub fn compare(
    records: &[CaseRecord],
    target: &Target,
    set: &SnapshotSet,
    not_here: &NotHere<'_>,
) -> Vec<SnapshotComparison> {
    let mut comparisons: Vec<SnapshotComparison> = records
        .iter()
        // Of a case that broke off nothing is known.
        .filter(|record| record.harness_error.is_none() && record.incapacity.is_none())
        .map(|record| {
            let path = format::path_of(&record.id);
            let transcript = transcript(record, target);
            let snapshot = set.files.get(&path).map(|file| format::transcript_in(file));
            let state = match snapshot {
                None => SnapshotState::Missing { transcript },
                Some(snapshot) if snapshot.trim_end() == transcript.trim_end() => {
                    SnapshotState::Same
                }
                Some(snapshot) => SnapshotState::Different {
                    snapshot,
                    transcript,
                },
            };
            let case = record.id.clone();
            SnapshotComparison { case, path, state }
        })
        .collect();
    if set.complete {
        let known: BTreeSet<String> = records
            .iter()
            .map(|record| &record.id)
            .chain(not_here.elsewhere)
            .map(format::path_of)
            .collect();
        let is_elsewhere = |path: &str| {
            not_here
                .of_other_sets
                .contains(&format::case_of(path).scenario)
        };
        let left_over = set
            .files
            .iter()
            .filter(|(path, _)| !known.contains(*path) && !is_elsewhere(path));
        comparisons.extend(left_over.map(|(path, file)| SnapshotComparison {
            case: format::case_of(path),
            path: path.clone(),
            state: SnapshotState::Unreferenced {
                snapshot: format::transcript_in(file),
            },
        }));
    }
    comparisons.sort_by(|left, right| left.path.cmp(&right.path));
    comparisons
}

/// Adds to a run's end what its snapshots came to: a row for each, and a finding for each that
/// does not hold.
pub fn report(
    finished: &mut RunFinished,
    comparisons: &[SnapshotComparison],
    set: &SnapshotSet,
    strictness: Strictness,
    scanner: &SecretScanner,
) {
    for comparison in comparisons {
        let row = comparison.check_verdict(&set.folder, strictness);
        if row.verdict > Verdict::Pass {
            let finding = comparison.finding(&set.folder, strictness, scanner);
            finished.findings.push(finding);
        }
        finished.report.checks.push(row);
    }
    finished.report.checks.sort_by(|left, right| {
        let key = |row: &CheckVerdict| (row.scenario.clone(), row.profile.clone(), row.id.clone());
        key(left).cmp(&key(right))
    });
    recount(&mut finished.report);
}

/// Corrects a run's end once a person has accepted what a case does now: its snapshot holds, and
/// one that no case has is gone.
pub fn accept(finished: &mut RunFinished, comparison: &SnapshotComparison) {
    let case = &comparison.case;
    let is_its_row = |row: &CheckVerdict| {
        row.id == SNAPSHOT && row.scenario == case.scenario && row.profile == case.profile
    };
    let rows = &mut finished.report.checks;
    if matches!(comparison.state, SnapshotState::Unreferenced { .. }) {
        rows.retain(|row| !is_its_row(row));
    }
    for row in rows.iter_mut().filter(|row| is_its_row(row)) {
        row.verdict = Verdict::Pass;
        row.message.clear();
    }
    let stays = |finding: &Finding| finding.check != SNAPSHOT || finding.case != *case;
    finished.findings.retain(stays);
    if let Some(shard) = &mut finished.report.run.shard {
        shard.findings.retain(stays);
    }
    recount(&mut finished.report);
}

fn recount(report: &mut Report) {
    let mut summary = Summary {
        scenarios: report.summary.scenarios,
        cases: report.summary.cases,
        duration_ms: report.summary.duration_ms,
        ..Summary::default()
    };
    for row in &report.checks {
        summary.count(row.verdict);
    }
    report.summary = summary;
}
