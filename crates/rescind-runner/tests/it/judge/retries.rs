//! What a client that repeats a refused call does no harm with.

use rescind_model::scenario::Verb;

use super::{
    ACCESS, CallOutcome, DEAD_ACCESS_TOKEN, Desk, EVERYTHING_EXPIRED, FAILS, INACTIVE, Is,
    NO_REFRESH_TOKEN, REFRESH, Target, check_scenario, empty, says_revoked,
};
use crate::support::{answer, refusal, scenario, with_header};

const ID: &str = "retry-is-harmless";
const REVOKE: &str = "revoke = { account = \"alice\" }\nexpect = { status = 200 }";

/// A check of two calls, one right after the other.
#[track_caller]
fn check_twice(held: &str, before: &str, calls: [Target; 2], expected: Is) {
    check_steps(
        "rfc7009",
        &scenario(held, before, &[REVOKE, REVOKE]),
        calls,
        expected,
    );
}

#[track_caller]
fn check_steps(provider: &str, scenario: &str, calls: [Target; 2], expected: Is) {
    let mut calls = calls.into_iter();
    let target = |desk: &mut Desk, verb: &Verb| match verb {
        Verb::Revoke(_) => calls.next().unwrap()(desk),
        _ => answer(200, &serde_json::json!({})),
    };
    check_scenario(ID, provider, scenario, target, expected);
}

fn do_not_repeat(status: u16) -> CallOutcome {
    with_header(refusal(status), "x-should-retry", "false")
}

fn kills_and_fails(desk: &mut Desk) -> CallOutcome {
    desk.dispatch("alice", ACCESS);
    refusal(500)
}

#[test]
fn who_tells_a_client_not_to_repeat_may_do_what_it_likes() {
    let tells: Target = |desk| {
        kills_and_fails(desk);
        do_not_repeat(500)
    };
    check_twice("", "", [tells, kills_and_fails], Is::Held);
    let conflict: Target = |_| do_not_repeat(409);
    check_twice(INACTIVE, "", [conflict, empty], Is::Held);
    let says_otherwise: Target = |desk| {
        kills_and_fails(desk);
        with_header(refusal(500), "x-should-retry", "true")
    };
    check_twice("", "", [says_otherwise, kills_and_fails], Is::Violated);
    let in_capitals: Target = |desk| {
        kills_and_fails(desk);
        with_header(refusal(500), "x-should-retry", "False")
    };
    check_twice("", "", [in_capitals, kills_and_fails], Is::Held);
}

#[test]
fn nothing_is_killed_twice_by_a_repetition() {
    check_twice("", "", [kills_and_fails, kills_and_fails], Is::Violated);
    let kills_the_rest: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        says_revoked(desk, &["refresh_token"])
    };
    check_twice("", "", [kills_and_fails, kills_the_rest], Is::Held);
    check_twice("", "", [|_| refusal(500), kills_the_rest], Is::Held);
    // What failed may be tried again, and so may what was dead before and acknowledged.
    check_twice("", FAILS, [kills_and_fails, kills_and_fails], Is::Held);
    check_twice(
        "",
        EVERYTHING_EXPIRED,
        [kills_and_fails, kills_and_fails],
        Is::Held,
    );
    check_twice(
        DEAD_ACCESS_TOKEN,
        "",
        [kills_and_fails, kills_and_fails],
        Is::Held,
    );
    // A token that a refresh brought is another one.
    let kills_a_new_one: Target = |desk| {
        desk.refresh("alice");
        kills_and_fails(desk)
    };
    check_twice("", "", [kills_and_fails, kills_a_new_one], Is::Held);
    let account: Target = |desk| {
        desk.dispatch_account("alice");
        refusal(500)
    };
    let twice = scenario("", "", &[REVOKE, REVOKE]);
    check_steps("grant-only", &twice, [account, account], Is::Violated);
    check_steps("grant-only", &twice, [account, empty], Is::Held);
}

#[test]
fn a_conflict_stays_one_when_it_is_repeated() {
    let conflict: Target = |_| refusal(409);
    check_twice(INACTIVE, "", [conflict, conflict], Is::Held);
    check_twice(INACTIVE, "", [conflict, empty], Is::Violated);
    // Another refusal lets nothing through, and neither does a failure.
    check_twice(INACTIVE, "", [conflict, |_| refusal(429)], Is::Held);
    check_twice(INACTIVE, "", [conflict, |_| refusal(500)], Is::Held);
    // Another call was in the way, or there was nothing to kill.
    check_twice("", "", [conflict, empty], Is::Held);
    let nothing = scenario(NO_REFRESH_TOKEN, "", &[REVOKE, REVOKE]);
    check_steps("refresh-only", &nothing, [conflict, empty], Is::Held);
}

#[test]
fn only_a_repetition_at_once_is_one() {
    let conflict: Target = |_| refusal(409);
    let switched_on = "set_status = { account = \"alice\", to = \"ACTIVE\" }";
    let between = scenario(INACTIVE, "", &[REVOKE, switched_on, REVOKE]);
    check_steps("rfc7009", &between, [conflict, empty], Is::NotMade);
    let of_another = "revoke = { account = \"bob\" }";
    let another = scenario(
        INACTIVE,
        "connect = { account = \"bob\" }",
        &[REVOKE, of_another],
    );
    check_steps("rfc7009", &another, [conflict, empty], Is::NotMade);
    let by_another = "revoke = { account = \"alice\", key = \"wrong\" }";
    let another_key = scenario(INACTIVE, "", &[REVOKE, by_another]);
    check_steps(
        "rfc7009",
        &another_key,
        [conflict, |_| refusal(401)],
        Is::NotMade,
    );
    // What was not refused with one of these needs no repetition.
    check_twice("", "", [empty, empty], Is::NotMade);
    check_twice("", "", [|_| refusal(400), empty], Is::NotMade);
}
