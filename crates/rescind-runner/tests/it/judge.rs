//! The judge: its rules by topic, each with what holds, what does not, and what is not its business;
//! and that it judges whatever a target does, and blames none that is honest.

mod answers;
mod crashes;
mod declared;
mod deletions;
mod dispatches;
mod effects;
mod hearing;
mod honest;
mod overlaps;
mod properties;
mod reads;
mod redirects;
mod refusals;
mod retries;
mod verdicts;

use rescind_model::scenario::Verb;
use rescind_model::{AccountStatus, RequirementSet, Subject};
use rescind_runner::judge::declared::audit;
use rescind_runner::judge::{Judgement, judge};
use rescind_runner::record::{CallOutcome, CaseRecord};

use crate::files::{profile, set, sets, target};
use crate::support::{Desk, record, revoke_of_alice};

fn judgements(record: &CaseRecord) -> Vec<Judgement> {
    judgements_by(record, &set())
}

/// As the runner has it judged: what a deletion's job did counts as done by the deletion.
fn judgements_by(record: &CaseRecord, set: &RequirementSet) -> Vec<Judgement> {
    let mut record = record.clone();
    record.attribute_jobs();
    let judgements = judge(&record, &target(), set);
    // Whatever a target does: all that a case declares is judged, and nothing else.
    let irregular = audit(&record, &target(), set, &judgements);
    assert_eq!(irregular, [], "at {}", record.profile.title);
    judgements
}

/// The set of that name.
fn set_named(name: &str) -> RequirementSet {
    let set = sets().into_iter().find(|set| set.name == name);
    set.expect("there is such a set")
}

/// The set that extends the first.
fn later_set() -> RequirementSet {
    set_named("connected-accounts-2026-09")
}

/// What a check came to in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    Held,
    Violated,
    NotMade,
}

fn outcome_of(record: &CaseRecord, check: &str) -> Is {
    came_to(&judgements(record), check)
}

fn came_to(judgements: &[Judgement], check: &str) -> Is {
    let mut made = judgements
        .iter()
        .filter(|made| made.check == check)
        .peekable();
    if made.peek().is_none() {
        return Is::NotMade;
    }
    if made.any(|judgement| judgement.violation.is_some()) {
        Is::Violated
    } else {
        Is::Held
    }
}

/// What a target does and answers when alice is to be revoked.
type Target = fn(&mut Desk) -> CallOutcome;

/// A check of the revoke of `alice`, who holds what is given, after what is done with her tokens.
#[track_caller]
fn check(id: &str, provider: &str, held: &str, before: &str, target: Target, expected: Is) {
    let scenario = revoke_of_alice(held, before);
    check_scenario(id, provider, &scenario, |desk, _| target(desk), expected);
}

/// A check of a whole scenario, in which the target does something for each call.
#[track_caller]
fn check_scenario(
    id: &str,
    provider: &str,
    scenario: &str,
    target: impl FnMut(&mut Desk, &Verb) -> CallOutcome,
    expected: Is,
) {
    check_record(id, &record(&profile(provider), scenario, target), expected);
}

#[track_caller]
fn check_record(id: &str, record: &CaseRecord, expected: Is) {
    assert_eq!(
        outcome_of(record, id),
        expected,
        "`{id}` at {}: {:?}",
        record.profile.title,
        judgements(record)
    );
}

const ACCESS: Subject = Subject::AccessToken;
const REFRESH: Subject = Subject::RefreshToken;

const REMOVED: &str = "remove_by_user = { account = \"alice\" }";
const EXPIRED: &str = "expire = { account = \"alice\", token = \"access_token\" }";
const EVERYTHING_EXPIRED: &str = "expire = { account = \"alice\", token = \"access_token\" }\n\
                                  expire = { account = \"alice\", token = \"refresh_token\" }";
const FAILS: &str = "fail = { endpoint = \"revocation\", answer = { status = 503 } }";
const FAILS_ONCE: &str = "fail = { endpoint = \"revocation\", nth = 1, answer = { status = 503 } }";
const REVOKED: &str = ", status = \"REVOKED\"";
const INACTIVE: &str = ", status = \"INACTIVE\"";
const API_KEY: &str = ", scheme = \"API_KEY\"";
const NO_ACCESS_TOKEN: &str = ", access_token = \"absent\"";
const NO_REFRESH_TOKEN: &str = ", refresh_token = \"absent\"";
const DEAD_ACCESS_TOKEN: &str = ", access_token = \"dead\"";

fn says_revoked(desk: &mut Desk, listed: &[&str]) -> CallOutcome {
    desk.becomes("alice", AccountStatus::Revoked);
    desk.success("alice", listed)
}

fn empty(desk: &mut Desk) -> CallOutcome {
    says_revoked(desk, &[])
}

fn dispatches_both_and_lists_both(desk: &mut Desk) -> CallOutcome {
    desk.dispatch("alice", ACCESS);
    desk.dispatch("alice", REFRESH);
    says_revoked(desk, &["access_token", "refresh_token"])
}
