//! What may be left behind by a crash, and what a call comes to that is made again after it.

use rescind_model::AccountStatus;

use super::{
    ACCESS, CallOutcome, CaseRecord, Desk, Is, NO_ACCESS_TOKEN, REFRESH, REVOKED, check_record,
    dispatches_both_and_lists_both, empty, profile, says_revoked,
};
use crate::support::{Moment, overlapping, refusal, scenario};

const KILLED: [&str; 4] = [
    "start = { name = \"first\", revoke = { account = \"alice\" } }",
    "kill = {}",
    "restart = {}",
    "revoke = { account = \"alice\" }\nexpect = { status = 200 }",
];

const CONVERGES: &str = "retry-after-crash-converges";

/// What a target did before it was killed, and what it does and answers after it runs again.
fn killed(
    provider: &str,
    held: &str,
    before: fn(&mut Desk),
    retry: fn(&mut Desk) -> CallOutcome,
) -> CaseRecord {
    let scenario = scenario(held, "", &KILLED);
    overlapping(&profile(provider), &scenario, |desk, moment| match moment {
        Moment::Dies => {
            before(desk);
            None
        }
        Moment::Answers(_) => Some(retry(desk)),
        _ => None,
    })
}

#[track_caller]
fn check(
    id: &str,
    provider: &str,
    before: fn(&mut Desk),
    retry: fn(&mut Desk) -> CallOutcome,
    expected: Is,
) {
    check_record(id, &killed(provider, "", before, retry), expected);
}

fn nothing(_: &mut Desk) {}

fn kills_one(desk: &mut Desk) {
    desk.dispatch("alice", ACCESS);
}

fn kills_both(desk: &mut Desk) {
    desk.dispatch("alice", ACCESS);
    desk.dispatch("alice", REFRESH);
}

fn is_revoked_already(desk: &mut Desk) {
    desk.becomes("alice", AccountStatus::Revoked);
}

fn fails(_: &mut Desk) -> CallOutcome {
    refusal(500)
}

#[test]
fn nobody_is_revoked_whose_tokens_were_never_dispatched() {
    let id = "crash-is-no-success";
    let both = dispatches_both_and_lists_both;
    check(id, "rfc7009", nothing, both, Is::Held);
    check(id, "rfc7009", is_revoked_already, empty, Is::Violated);
    let at_the_first: fn(&mut Desk) = |desk| {
        kills_one(desk);
        is_revoked_already(desk);
    };
    check(id, "rfc7009", at_the_first, empty, Is::Violated);
    let at_both: fn(&mut Desk) = |desk| {
        kills_both(desk);
        is_revoked_already(desk);
    };
    check(id, "rfc7009", at_both, empty, Is::Held);
    // There the first takes the other along.
    check(id, "google", at_the_first, empty, Is::Held);
    check_record(id, &killed("rfc7009", REVOKED, nothing, empty), Is::NotMade);
}

#[test]
fn a_revoke_after_a_crash_ends_in_dead_tokens() {
    let both = dispatches_both_and_lists_both;
    check(CONVERGES, "rfc7009", nothing, both, Is::Held);
    check(CONVERGES, "rfc7009", kills_one, both, Is::Held);
    check(CONVERGES, "rfc7009", kills_both, empty, Is::Held);
    check(CONVERGES, "rfc7009", kills_one, empty, Is::Violated);
    check(CONVERGES, "rfc7009", nothing, fails, Is::Violated);
    check(
        CONVERGES,
        "rfc7009",
        nothing,
        |_| refusal(409),
        Is::Violated,
    );
    let stays_active: fn(&mut Desk) -> CallOutcome = |desk| {
        let answered = dispatches_both_and_lists_both(desk);
        desk.becomes("alice", AccountStatus::Active);
        answered
    };
    check(CONVERGES, "rfc7009", nothing, stays_active, Is::Violated);
}

#[test]
fn where_dead_tokens_are_refused_nobody_need_know_whose_kill_it_was() {
    let tries_again: fn(&mut Desk) -> CallOutcome = |desk| {
        kills_both(desk);
        refusal(500)
    };
    check(CONVERGES, "google", kills_one, tries_again, Is::Held);
    // This one says that they are dead now.
    check(CONVERGES, "rfc7009", kills_both, tries_again, Is::Violated);
    // It has not asked, or has killed and says that it failed.
    check(CONVERGES, "google", kills_one, fails, Is::Violated);
    check(CONVERGES, "google", nothing, tries_again, Is::Violated);
    let expires: fn(&mut Desk) -> CallOutcome = |desk| {
        kills_both(desk);
        desk.becomes("alice", AccountStatus::Expired);
        refusal(500)
    };
    check(CONVERGES, "google", kills_one, expires, Is::Held);
    let had_expired: fn(&mut Desk) -> CallOutcome = |desk| {
        kills_both(desk);
        desk.becomes("alice", AccountStatus::Expired);
        refusal(409)
    };
    check(CONVERGES, "google", kills_one, had_expired, Is::Held);
    let conflict: fn(&mut Desk) -> CallOutcome = |desk| {
        kills_both(desk);
        refusal(409)
    };
    check(CONVERGES, "google", kills_one, conflict, Is::Violated);
}

#[test]
fn what_takes_a_refresh_first_may_be_left_after_a_crash_too() {
    let without_access_token = killed("dropbox", NO_ACCESS_TOKEN, nothing, fails);
    check_record(CONVERGES, &without_access_token, Is::NotMade);
    let without_access_token = killed("rfc7009", NO_ACCESS_TOKEN, nothing, fails);
    check_record(CONVERGES, &without_access_token, Is::Violated);
}

#[test]
fn nobody_need_list_what_a_killed_call_killed() {
    let retry: fn(&mut Desk) -> CallOutcome = |desk| {
        desk.dispatch("alice", REFRESH);
        says_revoked(desk, &["refresh_token"])
    };
    let record = killed("rfc7009", "", kills_one, retry);
    check_record("acknowledged-is-listed", &record, Is::NotMade);
    check_record(CONVERGES, &record, Is::Held);
    check_record("listed-is-acknowledged", &record, Is::Held);
}
