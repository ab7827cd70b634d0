//! What calls that overlap may do together, and what each must answer for by itself.

use rescind_model::AccountStatus;
use rescind_model::scenario::Verb;
use serde_json::json;

use super::{
    ACCESS, CallOutcome, CaseRecord, Desk, Is, REFRESH, REVOKED, check_record,
    dispatches_both_and_lists_both, empty, profile, says_revoked,
};
use crate::support::{Moment, answer, overlapping, refusal, scenario};

const TWO: [&str; 4] = [
    "start = { name = \"first\", revoke = { account = \"alice\" } }",
    "start = { name = \"second\", revoke = { account = \"alice\" } }",
    "finish = { name = \"first\" }\nexpect = { status = 200 }",
    "finish = { name = \"second\" }\nexpect = { status = 200 }",
];

const SENT_AGAIN: [&str; 4] = [
    "start = { name = \"first\", revoke = { account = \"alice\" } }",
    "give_up = { name = \"first\" }",
    "start = { name = \"second\", revoke = { account = \"alice\" } }",
    "finish = { name = \"second\" }\nexpect = { status = 200 }",
];

fn beside(other: &str) -> [String; 4] {
    [
        "start = { name = \"first\", revoke = { account = \"alice\" } }".to_owned(),
        format!("start = {{ name = \"second\", {other} = {{ account = \"alice\" }} }}"),
        "finish = { name = \"first\" }\nexpect = { status = 200 }".to_owned(),
        "finish = { name = \"second\" }".to_owned(),
    ]
}

/// What a target does and answers for each of two calls.
type Pair = [fn(&mut Desk) -> CallOutcome; 2];

fn of_two(provider: &str, held: &str, steps: &[&str], [first, second]: Pair) -> CaseRecord {
    let scenario = scenario(held, "", steps);
    overlapping(&profile(provider), &scenario, |desk, moment| match moment {
        Moment::IsLeft("first") => {
            first(desk);
            None
        }
        Moment::Answers("first") => Some(first(desk)),
        Moment::Answers(_) => Some(second(desk)),
        _ => None,
    })
}

#[track_caller]
fn check_two(id: &str, provider: &str, pair: Pair, expected: Is) {
    check_record(id, &of_two(provider, "", &TWO, pair), expected);
}

#[track_caller]
fn check_sent_again(id: &str, provider: &str, pair: Pair, expected: Is) {
    check_record(id, &of_two(provider, "", &SENT_AGAIN, pair), expected);
}

#[track_caller]
fn check_beside(id: &str, provider: &str, other: &str, pair: Pair, expected: Is) {
    let steps = beside(other);
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    check_record(id, &of_two(provider, "", &steps, pair), expected);
}

fn conflict(_: &mut Desk) -> CallOutcome {
    refusal(409)
}

fn dispatches_both(desk: &mut Desk) -> CallOutcome {
    desk.dispatch("alice", ACCESS);
    desk.dispatch("alice", REFRESH);
    refusal(500)
}

#[test]
fn of_simultaneous_revokes_one_kills_and_all_are_told() {
    let id = "concurrent-revokes-kill-once";
    let both = dispatches_both_and_lists_both;
    check_two(id, "rfc7009", [both, empty], Is::Held);
    check_two(id, "rfc7009", [empty, both], Is::Held);
    check_two(id, "rfc7009", [both, both], Is::Violated);
    check_two(id, "rfc7009", [both, conflict], Is::Violated);
    // Each kills a half: that is one dispatch for each, and two that list something.
    let access: fn(&mut Desk) -> CallOutcome = |desk| {
        desk.dispatch("alice", ACCESS);
        says_revoked(desk, &["access_token"])
    };
    let refresh: fn(&mut Desk) -> CallOutcome = |desk| {
        desk.dispatch("alice", REFRESH);
        says_revoked(desk, &["refresh_token"])
    };
    check_two(id, "rfc7009", [access, refresh], Is::Violated);
    // It is nothing of a revoke beside something else, nor of one that its client has left.
    check_beside(id, "rfc7009", "delete", [both, conflict], Is::NotMade);
    check_sent_again(id, "rfc7009", [both, empty], Is::NotMade);
    let was_revoked = of_two("rfc7009", REVOKED, &TWO, [empty, empty]);
    check_record(id, &was_revoked, Is::NotMade);
}

#[test]
fn a_revoke_that_is_sent_again_kills_nothing_twice() {
    let id = "repetition-kills-once";
    let both = dispatches_both_and_lists_both;
    check_sent_again(id, "rfc7009", [both, empty], Is::Held);
    check_sent_again(id, "rfc7009", [|_| refusal(500), both], Is::Held);
    check_sent_again(id, "rfc7009", [both, both], Is::Violated);
    check_sent_again(id, "rfc7009", [both, conflict], Is::Violated);
    check_sent_again(id, "rfc7009", [both, |_| refusal(500)], Is::Violated);
    // A provider that refuses dead tokens has killed nothing then.
    check_sent_again(id, "externally-revoked", [both, both], Is::Held);
    check_two(id, "rfc7009", [both, both], Is::NotMade);
}

#[test]
fn a_subject_is_listed_no_more_often_than_it_was_acknowledged() {
    let id = "listed-is-acknowledged";
    let both = dispatches_both_and_lists_both;
    let lists_both: fn(&mut Desk) -> CallOutcome =
        |desk| says_revoked(desk, &["access_token", "refresh_token"]);
    check_two(id, "rfc7009", [both, empty], Is::Held);
    // Each was told so by the provider, which acknowledges dead tokens.
    check_two(id, "rfc7009", [both, both], Is::Held);
    check_two(id, "rfc7009", [both, lists_both], Is::Violated);
    check_two(id, "rfc7009", [lists_both, empty], Is::Violated);
}

#[test]
fn what_was_acknowledged_one_of_them_lists() {
    let id = "acknowledged-is-listed";
    let both = dispatches_both_and_lists_both;
    let lists_nothing: fn(&mut Desk) -> CallOutcome = |desk| {
        dispatches_both(desk);
        empty(desk)
    };
    check_two(id, "rfc7009", [both, empty], Is::Held);
    check_two(id, "rfc7009", [lists_nothing, empty], Is::Violated);
    // Nobody heard what the first would have listed.
    check_sent_again(id, "rfc7009", [lists_nothing, empty], Is::NotMade);
}

#[test]
fn a_revoked_account_has_nothing_alive_whoever_revoked_it() {
    let id = "revoked-means-dead";
    let both = dispatches_both_and_lists_both;
    check_two(id, "rfc7009", [both, empty], Is::Held);
    check_two(id, "rfc7009", [empty, empty], Is::Violated);
    check_two(id, "rfc7009", [conflict, conflict], Is::NotMade);
}

#[test]
fn what_a_refresh_brought_is_dead_unless_it_may_be_thrown_away() {
    let id = "revoked-means-dead";
    let both = dispatches_both_and_lists_both;
    let brought: fn(&mut Desk) -> CallOutcome = |desk| {
        desk.refresh("alice");
        answer(200, &json!({}))
    };
    let thrown_away: fn(&mut Desk) -> CallOutcome = |desk| {
        desk.refresh("alice");
        refusal(409)
    };
    // The desk's calls end in the order of their steps: this refresh is after the revoke, and at a
    // provider where a dead refresh token brings nothing.
    check_beside(id, "rfc7009", "refresh", [both, brought], Is::Held);
    // One route takes access tokens alone, so that a refresh goes on working.
    let access: fn(&mut Desk) -> CallOutcome = |desk| {
        desk.dispatch("alice", ACCESS);
        says_revoked(desk, &["access_token"])
    };
    check_beside(
        id,
        "access-only",
        "refresh",
        [access, brought],
        Is::Violated,
    );
    check_beside(
        id,
        "access-only",
        "refresh",
        [access, thrown_away],
        Is::Held,
    );
    check_beside(
        "listed-is-dead",
        "access-only",
        "refresh",
        [access, brought],
        Is::Violated,
    );
    check_beside(
        "listed-is-dead",
        "access-only",
        "refresh",
        [access, thrown_away],
        Is::Held,
    );
}

#[test]
fn a_success_says_revoked_afterwards_unless_the_account_is_gone() {
    let id = "read-says-revoked";
    let both = dispatches_both_and_lists_both;
    let revives: fn(&mut Desk) -> CallOutcome = |desk| {
        desk.becomes("alice", AccountStatus::Active);
        answer(200, &json!({}))
    };
    check_beside(id, "rfc7009", "refresh", [both, conflict], Is::Held);
    check_beside(id, "rfc7009", "refresh", [both, revives], Is::Violated);
    let deletes: fn(&mut Desk) -> CallOutcome = |desk| {
        desk.disappears("alice");
        answer(200, &json!({}))
    };
    check_beside(id, "rfc7009", "delete", [both, deletes], Is::NotMade);
}

#[test]
fn neither_a_revoke_nor_a_deletion_fails_that_meet() {
    let id = "deletion-meets-revoke";
    let both = dispatches_both_and_lists_both;
    let deletes: fn(&mut Desk) -> CallOutcome = |desk| {
        desk.disappears("alice");
        answer(200, &json!({}))
    };
    check_beside(id, "rfc7009", "delete", [both, deletes], Is::Held);
    check_beside(id, "rfc7009", "delete", [both, conflict], Is::Held);
    check_beside(
        id,
        "rfc7009",
        "delete",
        [|_| refusal(404), deletes],
        Is::Held,
    );
    check_beside(
        id,
        "rfc7009",
        "delete",
        [dispatches_both, deletes],
        Is::Violated,
    );
    check_beside(
        id,
        "rfc7009",
        "delete",
        [both, |_| refusal(500)],
        Is::Violated,
    );
    check_beside(
        id,
        "rfc7009",
        "refresh",
        [both, |_| refusal(500)],
        Is::NotMade,
    );
}

#[test]
fn each_call_has_its_bound_of_dispatches() {
    let id = "dispatches-are-bounded";
    // The target's limit is three for a call and subject.
    let thrice: fn(&mut Desk) -> CallOutcome = |desk| {
        for _ in 0..3 {
            desk.dispatch("alice", ACCESS);
        }
        empty(desk)
    };
    let four_times: fn(&mut Desk) -> CallOutcome = |desk| {
        for _ in 0..4 {
            desk.dispatch("alice", ACCESS);
        }
        empty(desk)
    };
    check_two(id, "rfc7009", [thrice, thrice], Is::Held);
    check_two(id, "rfc7009", [thrice, four_times], Is::Violated);
}

#[test]
fn what_each_answers_is_judged_by_itself() {
    let both = dispatches_both_and_lists_both;
    let no_list: fn(&mut Desk) -> CallOutcome = |_| answer(200, &json!({}));
    check_two("answer-shape", "rfc7009", [both, empty], Is::Held);
    check_two("answer-shape", "rfc7009", [both, no_list], Is::Violated);
    let text: fn(&mut Desk) -> CallOutcome = |_| answer(500, &json!("no"));
    check_two("error-envelope", "rfc7009", [both, text], Is::Violated);
    check_two("error-envelope", "rfc7009", [both, conflict], Is::Held);
}

#[test]
fn a_dispatch_belongs_to_the_calls_that_overlap() {
    let both = dispatches_both_and_lists_both;
    let id = "no-late-dispatch";
    check_two(id, "rfc7009", [both, empty], Is::Held);
    check_beside(id, "rfc7009", "refresh", [both, conflict], Is::Held);
    let mut late = of_two("rfc7009", "", &TWO, [both, empty]);
    let entry = late
        .steps
        .last()
        .and_then(|last| last.entries.first())
        .cloned();
    late.late.extend(entry.clone());
    check_record(id, &late, Is::Violated);
    // One whose client has left may still be at it.
    let mut left = of_two("rfc7009", "", &SENT_AGAIN, [both, empty]);
    left.late.extend(entry);
    left.attribute_unheard();
    check_record(id, &left, Is::Held);
    assert_eq!(left.late.len(), 0);
    assert!(matches!(left.steps[1].step.verb, Verb::Start(_)));
}
