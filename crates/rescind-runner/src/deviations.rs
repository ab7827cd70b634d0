//! What the accepted deviations make of the outcomes of a case. Pure: which day it is comes in with
//! them.

use rescind_model::RequirementSet;
use rescind_model::deviation::{self, AcceptedDeviations, Deviation};
use rescind_model::event::{CaseId, CheckVerdict, Place};
use rescind_model::verdict::Verdict;

use crate::record::CaseRecord;
use crate::verdicts::{CASE_RAN, CheckOutcome};

/// What a check came to, the deviations considered.
#[derive(Clone, Debug)]
pub struct ConsideredOutcome {
    /// What the report says.
    pub outcome: CheckOutcome,
    /// The entry to blame, if one must be mended.
    pub place: Option<Place>,
    /// An entry that would accept it, ready to paste; none for what needs none, or what no entry
    /// may accept.
    pub entry: Option<String>,
}

/// Considers the deviations of a case: each of its outcomes, and then the entries whose check
/// judged nothing there. Entries of other cases say nothing here: a part of the suite is no reason
/// to call the rest stale.
pub fn consider(
    record: &CaseRecord,
    outcomes: Vec<CheckOutcome>,
    accepted: &AcceptedDeviations,
    set: &RequirementSet,
) -> Vec<ConsideredOutcome> {
    let unjudged = unjudged(record, &outcomes, accepted, set);
    let mut considered: Vec<ConsideredOutcome> = outcomes
        .into_iter()
        .map(|outcome| considered(outcome, &record.id, accepted))
        .collect();
    considered.extend(unjudged);
    considered.sort_by(|left, right| left.outcome.verdict.id.cmp(&right.outcome.verdict.id));
    considered
}

fn considered(
    mut outcome: CheckOutcome,
    case: &CaseId,
    accepted: &AcceptedDeviations,
) -> ConsideredOutcome {
    let row = &mut outcome.verdict;
    let observed = row.message.clone();
    let can_be_accepted =
        matches!(row.verdict, Verdict::Fail | Verdict::Warn) && row.id != CASE_RAN;
    let mut place = None;
    if let Some(stated) = accepted.deviations.of(&row.id, case)
        && let Some(deviated) = stated.judge(row.verdict, &observed, accepted.today)
    {
        row.verdict = deviated.verdict;
        row.message = match observed.as_str() {
            "" => deviated.note,
            observed => format!("{observed}; {}", deviated.note),
        };
        place = deviated
            .mend_the_entry
            .then(|| place_of(stated, row.verdict, accepted));
    }
    let entry = (can_be_accepted && row.verdict != Verdict::ExpectedFail)
        .then(|| deviation::entry(&row.id, case, &observed, accepted.today));
    ConsideredOutcome {
        outcome,
        place,
        entry,
    }
}

/// What of an entry must be mended: its day, or all of it.
fn place_of(entry: &Deviation, verdict: Verdict, accepted: &AcceptedDeviations) -> Place {
    let (span, label) = if verdict == Verdict::Fail {
        (entry.expires.span(), "the last day")
    } else {
        (entry.check.span(), "in this entry")
    };
    Place {
        file: accepted.deviations.file.clone(),
        span,
        label: label.to_owned(),
    }
}

/// The entries of a case whose check judged nothing in it: nobody knows whether they still hold. Of
/// a case that broke off nothing is known anyway, and a check of another set is not asked for here.
fn unjudged(
    record: &CaseRecord,
    outcomes: &[CheckOutcome],
    accepted: &AcceptedDeviations,
    set: &RequirementSet,
) -> Vec<ConsideredOutcome> {
    if record.harness_error.is_some() || record.incapacity.is_some() {
        return Vec::new();
    }
    let entries = accepted.deviations.entries.iter();
    entries
        .filter(|entry| *entry.case == record.id)
        .filter(|entry| set.rows_of_check(&entry.check).next().is_some())
        .filter(|entry| {
            let mut ids = outcomes.iter().map(|outcome| &outcome.verdict.id);
            ids.all(|id| *id != *entry.check)
        })
        .map(|entry| ConsideredOutcome {
            outcome: CheckOutcome {
                verdict: CheckVerdict {
                    id: entry.check.get().clone(),
                    scenario: record.id.scenario.clone(),
                    profile: record.id.profile.clone(),
                    requirements: Vec::new(),
                    verdict: Verdict::NotRun,
                    message: "a deviation says that it does not hold, and nothing in this case shows it: take the entry out".to_owned(),
                },
                rows: Vec::new(),
                first_violation: None,
            },
            place: Some(place_of(entry, Verdict::NotRun, accepted)),
            entry: None,
        })
        .collect()
}
