//! From judgements to verdicts: of each check in each case, and of each requirement.

use std::collections::{BTreeMap, BTreeSet};

use rescind_model::event::{CaseId, CheckVerdict, RequirementVerdict};
use rescind_model::scenario::StepRole;
use rescind_model::target::Obstacle;
use rescind_model::verdict::{Strictness, Verdict};
use rescind_model::vocabulary::Level;
use rescind_model::{RequirementSet, Scenario};

use crate::judge::checks::CHECKS;
use crate::judge::declared::{At, Irregular, Irregularity};
use crate::judge::{Judgement, Violation};
use crate::plan::Case;
use crate::record::CaseRecord;

/// The id under which a case that could not be run stands in the report. It is no check.
pub const CASE_RAN: &str = "case-ran";

/// What one check came to in one case.
#[derive(Clone, Debug)]
pub struct CheckOutcome {
    /// What the report says.
    pub verdict: CheckVerdict,
    /// The rows that it judges, each with its level.
    pub rows: Vec<(String, Level)>,
    /// The first step at which it does not hold, and why.
    pub first_violation: Option<(Option<usize>, Violation)>,
}

/// The order of a report's rows: by case, and then by check.
pub fn by_place(left: &CheckVerdict, right: &CheckVerdict) -> std::cmp::Ordering {
    fn place(row: &CheckVerdict) -> (&str, &str, &str) {
        (&row.scenario, &row.profile, &row.id)
    }
    place(left).cmp(&place(right))
}

/// The rows of the set that a scenario names, each with its level.
pub(crate) fn rows_named_by(scenario: &Scenario, set: &RequirementSet) -> Vec<(String, Level)> {
    let of_steps = scenario.steps.iter().flat_map(|step| &step.requirements);
    let named: BTreeSet<&str> = scenario
        .requirements
        .iter()
        .chain(of_steps)
        .map(|row| row.as_str())
        .collect();
    set.requirements
        .iter()
        .filter(|row| named.contains(row.id.as_str()))
        .map(|row| (row.id.get().clone(), row.level))
        .collect()
}

/// What stands in the report for a case that the target cannot be asked for, under the rows that its
/// scenario names.
pub fn left_out(case: &Case, obstacle: &Obstacle, set: &RequirementSet) -> CheckOutcome {
    let (verdict, message) = match obstacle {
        Obstacle::Declared(reason) => (Verdict::NotApplicable, reason.clone()),
        Obstacle::Unstated(capability) => (
            Verdict::Untestable,
            format!(
                "the target file says nothing of `{capability}`: state how it is done, or under `[capabilities]` why it is not: `cannot = {{ {capability} = \"…\" }}`"
            ),
        ),
    };
    of_whole_case(&case.id, &case.scenario, verdict, message, set)
}

/// What stands in the report for a case of which no check says anything.
fn of_whole_case(
    case: &CaseId,
    scenario: &Scenario,
    verdict: Verdict,
    message: String,
    set: &RequirementSet,
) -> CheckOutcome {
    let rows = rows_named_by(scenario, set);
    CheckOutcome {
        verdict: check_verdict(case, CASE_RAN, verdict, message, &rows),
        rows,
        first_violation: None,
    }
}

/// What every check came to in a case, ordered by id: one outcome for each check, however many
/// steps it judged.
pub fn of_case(
    record: &CaseRecord,
    judgements: &[Judgement],
    set: &RequirementSet,
    strictness: Strictness,
) -> Vec<CheckOutcome> {
    if let Some(reason) = &record.incapacity {
        let (verdict, reason) = (Verdict::NotApplicable, reason.clone());
        return vec![of_whole_case(
            &record.id,
            &record.scenario,
            verdict,
            reason,
            set,
        )];
    }
    let mut by_check: BTreeMap<&str, Vec<&Judgement>> = BTreeMap::new();
    for judgement in judgements
        .iter()
        .filter(|judgement| belongs(judgement, set))
    {
        by_check.entry(judgement.check).or_default().push(judgement);
    }
    let control_failed = judgements.iter().any(|judgement| {
        let step = judgement
            .step
            .and_then(|index| record.scenario.steps.get(index));
        judgement.violation.is_some()
            && step.is_some_and(|step| step.role == StepRole::PositiveControl)
    });
    let mut outcomes: Vec<CheckOutcome> = by_check
        .into_iter()
        .map(|(check, judgements)| {
            let mut outcome = of_check(record, check, &judgements, set, strictness);
            if control_failed && outcome.verdict.verdict == Verdict::Pass {
                outcome.verdict.verdict = Verdict::NotRun;
                "the positive control failed, so that a refusal proves nothing"
                    .clone_into(&mut outcome.verdict.message);
            }
            outcome
        })
        .collect();
    if let Some(error) = &record.harness_error {
        outcomes.push(CheckOutcome {
            verdict: check_verdict(
                &record.id,
                CASE_RAN,
                Verdict::HarnessError,
                error.clone(),
                &[],
            ),
            rows: rows_named_by(&record.scenario, set),
            first_violation: None,
        });
        outcomes.sort_by(|left, right| left.verdict.id.cmp(&right.verdict.id));
    }
    outcomes
}

/// Takes in what the judge did otherwise than the case declares: a check that was to be made and was
/// not is not run, whatever it came to elsewhere in the case; one that nothing asked for is the
/// harness's own fault.
pub fn audited(
    record: &CaseRecord,
    mut outcomes: Vec<CheckOutcome>,
    irregular: &[Irregular],
    set: &RequirementSet,
) -> Vec<CheckOutcome> {
    for one in irregular {
        let rows = rows_of(record, one.check, set);
        let place = match one.step {
            Some(index) => format!("at step {}", index + 1),
            None => "of the case as a whole".to_owned(),
        };
        let (verdict, message) = match one.kind {
            // A check that came with a later set says nothing about an earlier one.
            Irregularity::Missing if rows.is_empty() => continue,
            Irregularity::Missing => (
                Verdict::NotRun,
                format!(
                    "it was to be judged {place}, and was not: please report this defect of rescind"
                ),
            ),
            Irregularity::Surplus => (
                Verdict::HarnessError,
                format!(
                    "it was judged {place}, where nothing gives occasion for it: please report this defect of rescind"
                ),
            ),
        };
        let mut known = outcomes.iter_mut().map(|outcome| &mut outcome.verdict);
        match known.find(|outcome| outcome.id == one.check) {
            // A failure has been judged, and is graver than what was not.
            Some(outcome) if outcome.verdict < verdict => {
                (outcome.verdict, outcome.message) = (verdict, message);
            }
            Some(_) => {}
            None => outcomes.push(CheckOutcome {
                verdict: check_verdict(&record.id, one.check, verdict, message, &rows),
                rows,
                first_violation: None,
            }),
        }
    }
    outcomes.sort_by(|left, right| left.verdict.id.cmp(&right.verdict.id));
    outcomes
}

/// The rows that a check judges in a case; of what a scenario states, those that it names.
fn rows_of(record: &CaseRecord, id: &str, set: &RequirementSet) -> Vec<(String, Level)> {
    let rows = set.rows_of_check(id);
    let rows: Vec<_> = rows
        .map(|(row, level)| (row.id.get().clone(), level))
        .collect();
    let mut checks = CHECKS.iter();
    let is_stated =
        checks.any(|check| check.id == id && matches!(check.at, At::Stated(_) | At::Ledger));
    if !is_stated {
        return rows;
    }
    let named = rows_named_by(&record.scenario, set);
    let both: Vec<_> = rows.into_iter().filter(|row| named.contains(row)).collect();
    if both.is_empty() { named } else { both }
}

/// What ended a run before its cases had ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// Somebody stopped it.
    Somebody,
    /// A finding, after which no further case was to begin.
    Finding,
}

/// What a case came to that had not ended, or not begun, when its run was ended.
pub fn of_case_not_run(case: &CaseId, ended_by: EndedBy) -> CheckOutcome {
    let message = match ended_by {
        EndedBy::Somebody => "somebody stopped the run before this case had ended",
        EndedBy::Finding => "another case has a finding, and no further one was begun after it",
    };
    CheckOutcome {
        verdict: check_verdict(case, CASE_RAN, Verdict::NotRun, message.to_owned(), &[]),
        rows: Vec::new(),
        first_violation: None,
    }
}

/// Whether a judgement is about a row of the set: a check that came with a later one says nothing
/// about an earlier one.
fn belongs(judgement: &Judgement, set: &RequirementSet) -> bool {
    judgement.rows.is_some() || set.rows_of_check(judgement.check).next().is_some()
}

fn of_check(
    record: &CaseRecord,
    check: &str,
    judgements: &[&Judgement],
    set: &RequirementSet,
    strictness: Strictness,
) -> CheckOutcome {
    let named: Vec<&String> = judgements
        .iter()
        .filter_map(|judgement| judgement.rows.as_ref())
        .flatten()
        .collect();
    let listing: Vec<(String, Level)> = set
        .rows_of_check(check)
        .map(|(row, level)| (row.id.get().clone(), level))
        .collect();
    // An invariant judges every row that lists it; an expectation, those among them that the
    // scenario names, or all that it names if none of them lists it.
    let mut rows: Vec<(String, Level)> = listing
        .into_iter()
        .filter(|(row, _)| named.is_empty() || named.contains(&row))
        .collect();
    if rows.is_empty() {
        rows = set
            .requirements
            .iter()
            .filter(|row| named.contains(&row.id.get()))
            .map(|row| (row.id.get().clone(), row.level))
            .collect();
    }
    let first = judgements.iter().find_map(|judgement| {
        judgement
            .violation
            .as_ref()
            .map(|violation| (judgement.step, violation.clone()))
    });
    let verdict = match &first {
        None => Verdict::Pass,
        Some(_) => rows
            .iter()
            .map(|(_, level)| Verdict::of_violation(*level, strictness))
            .max()
            .unwrap_or(Verdict::Fail),
    };
    let message = first
        .as_ref()
        .map_or_else(String::new, |(step, violation)| match step {
            Some(index) => format!("step {}: {}", index + 1, violation.message),
            None => violation.message.clone(),
        });
    CheckOutcome {
        verdict: check_verdict(&record.id, check, verdict, message, &rows),
        rows,
        first_violation: first,
    }
}

fn check_verdict(
    case: &CaseId,
    id: &str,
    verdict: Verdict,
    message: String,
    rows: &[(String, Level)],
) -> CheckVerdict {
    CheckVerdict {
        id: id.to_owned(),
        scenario: case.scenario.clone(),
        profile: case.profile.clone(),
        requirements: rows.iter().map(|(row, _)| row.clone()).collect(),
        verdict,
        message,
    }
}

/// What every row of the set came to, in its order.
pub fn of_requirements(
    set: &RequirementSet,
    outcomes: &[CheckOutcome],
    strictness: Strictness,
) -> Vec<RequirementVerdict> {
    set.requirements
        .iter()
        .map(|row| {
            let id = row.id.get();
            let judged: Vec<(&CheckOutcome, Level)> = outcomes
                .iter()
                .filter_map(|outcome| {
                    outcome
                        .rows
                        .iter()
                        .find(|(name, _)| name == id)
                        .map(|(_, level)| (outcome, *level))
                })
                .collect();
            // What the harness spoiled says nothing of the target. But then it is not that the
            // target has nothing for the row, whatever it declares away of other cases.
            let is_spoiled =
                |outcome: &CheckOutcome| outcome.verdict.verdict == Verdict::HarnessError;
            let spoiled = judged.iter().any(|(outcome, _)| is_spoiled(outcome));
            let worst = judged
                .iter()
                .filter(|(outcome, _)| !is_spoiled(outcome))
                .map(|(outcome, level)| at_level(outcome, *level, strictness))
                .max();
            let verdict = match worst {
                _ if row.excluded.is_some() => Verdict::Excluded,
                None => Verdict::NotRun,
                Some(Verdict::NotApplicable) if spoiled => Verdict::NotRun,
                Some(worst) => worst,
            };
            let was_run = |outcome: &&CheckOutcome| outcome.verdict.id != CASE_RAN;
            let declared_away = judged.iter().map(|(outcome, _)| outcome);
            let declared_away = declared_away
                .filter(|outcome| outcome.verdict.verdict == verdict && !was_run(outcome));
            let reason = declared_away.map(|outcome| outcome.verdict.message.clone());
            let reason = row.excluded.clone().or_else(|| reason.min());
            let judged: Vec<&CheckOutcome> = judged.iter().map(|(outcome, _)| *outcome).collect();
            let judged: Vec<&CheckOutcome> = judged.into_iter().filter(was_run).collect();
            let mut checks: Vec<String> = judged
                .iter()
                .map(|outcome| outcome.verdict.id.clone())
                .collect();
            checks.sort();
            checks.dedup();
            RequirementVerdict {
                id: id.clone(),
                level: row.level,
                verdict,
                checks,
                cases: judged.len(),
                reason,
            }
        })
        .collect()
}

/// A check may belong to rows of different levels: to each it weighs what that row does.
fn at_level(outcome: &CheckOutcome, level: Level, strictness: Strictness) -> Verdict {
    match outcome.verdict.verdict {
        Verdict::Fail | Verdict::Warn => Verdict::of_violation(level, strictness),
        other => other,
    }
}
