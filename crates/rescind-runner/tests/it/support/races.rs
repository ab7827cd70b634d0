//! A case whose calls overlapped, without HTTP: what each call does and answers is asked of a closure
//! when it ends, in the order of the scenario's steps.

use std::collections::BTreeMap;
use std::sync::Arc;

use rescind_model::SourceFile;
use rescind_model::event::CaseId;
use rescind_model::profile::Profile;
use rescind_model::scenario::{Scenario, Step, Verb};
use rescind_model::secret::FingerprintKey;
use rescind_runner::record::overlaps::{Ended, Overlap, OverlappingCall, Restarted};
use rescind_runner::record::{CallOutcome, CaseRecord, StepRecord, World};

use super::Desk;
use super::desk::call;

/// What a step of an overlap is to the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment<'a> {
    /// It answers this call.
    Answers(&'a str),
    /// The client of this call leaves: what it does until then, it has done.
    IsLeft(&'a str),
    /// Its process is killed.
    Dies,
    /// It runs again.
    RunsAgain,
}

/// Runs a scenario of one profile at a target, all of whose steps overlap but those that connect.
pub fn overlapping(
    profile: &Arc<Profile>,
    scenario: &str,
    mut target: impl FnMut(&mut Desk, Moment<'_>) -> Option<CallOutcome>,
) -> CaseRecord {
    let file = SourceFile::new("scenario.toml", scenario);
    let scenario = Scenario::parse("scenario", &file).expect("the scenario is valid");
    let mut desk = Desk::new(profile);
    let mut steps: Vec<StepRecord> = Vec::new();
    let mut overlap = Overlap {
        first: 0,
        last: scenario.steps.len() - 1,
        calls: Vec::new(),
        restarts: Vec::new(),
    };
    let mut before = World::default();
    for (index, step) in scenario.steps.iter().enumerate() {
        if matches!(step.verb, Verb::Connect(_)) {
            desk.stage(&step.verb);
            desk.observe();
            before = desk.world.clone();
            overlap.first = index + 1;
            steps.push(in_passing(index, step, &before));
            continue;
        }
        let mut record = in_passing(index, step, &before);
        let moment = match &step.verb {
            Verb::Finish(named) => Moment::Answers(&named.name),
            Verb::Revoke(_) => Moment::Answers("retry"),
            Verb::GiveUp(named) => Moment::IsLeft(&named.name),
            Verb::Kill => Moment::Dies,
            Verb::Restart => Moment::RunsAgain,
            _ => {
                steps.push(record);
                continue;
            }
        };
        let outcome = target(&mut desk, moment);
        let verb = step.verb.called().clone();
        let ended = match moment {
            Moment::Answers(_) => {
                let call = call("POST", outcome.expect("a call is answered"));
                if call.is_success() {
                    desk.note_deletion(&verb);
                }
                record.call = Some(call.clone());
                Some(Ended::Answered(Box::new(call)))
            }
            Moment::IsLeft(_) => Some(Ended::GivenUp),
            Moment::Dies => {
                // The scenarios here begin one call before.
                let started = steps.iter().find_map(|step| match &step.step.verb {
                    Verb::Start(named) => Some((*named.verb).clone()),
                    _ => None,
                });
                overlap.calls.extend(started.map(|verb| OverlappingCall {
                    step: index,
                    verb,
                    status: None,
                    ended: Ended::Killed,
                }));
                None
            }
            Moment::RunsAgain => {
                let accounts = desk.world.accounts.iter();
                let statuses =
                    accounts.map(|(name, account)| (name.clone(), account.status.clone()));
                overlap.restarts.push(Restarted {
                    step: index,
                    statuses: statuses.collect(),
                    seen: desk.tenant.journal().received(),
                });
                None
            }
        };
        overlap.calls.extend(ended.map(|ended| OverlappingCall {
            step: index,
            verb,
            status: None,
            ended,
        }));
        steps.push(record);
    }
    desk.observe();
    if let Some(last) = steps.last_mut() {
        last.after = desk.world.clone();
        last.entries = desk.tenant.journal().after(0).cloned().collect();
    }
    CaseRecord {
        id: CaseId {
            scenario: "scenario".to_owned(),
            profile: "profile".to_owned(),
        },
        scenario: Arc::new(scenario),
        profile: Arc::clone(profile),
        steps,
        overlaps: vec![overlap],
        late: Vec::new(),
        scanner: desk.tenant.scanner(FingerprintKey::of_seed("seed")),
        accounts: desk.accounts,
        log_leaks: None,
        harness_error: None,
        incapacity: None,
    }
}

fn in_passing(index: usize, step: &Step, world: &World) -> StepRecord {
    StepRecord {
        index,
        step: step.clone(),
        before: world.clone(),
        after: world.clone(),
        call: None,
        reads: BTreeMap::new(),
        entries: Vec::new(),
        strays: Vec::new(),
    }
}
