//! What the target asked of the provider, and when.

use super::{
    ACCESS, Desk, EXPIRED, FAILS, FAILS_ONCE, Is, REFRESH, Target, check, check_record,
    dispatches_both_and_lists_both, empty, profile, record, revoke_of_alice, says_revoked,
};
use crate::support::{answer, refusal, scenario};

const WAIT_A_SECOND: &str =
    "fail = { endpoint = \"revocation\", nth = 1, answer = { status = 503, retry_after = 1 } }";
const WAIT_AN_HOUR: &str =
    "fail = { endpoint = \"revocation\", answer = { status = 429, retry_after = 3600 } }";
const TOO_LONG: &str =
    "fail = { endpoint = \"revocation\", answer = { status = 413, retry_after = 3600 } }";

/// Asks twice for the refresh token, with a pause between.
fn again_after(desk: &mut Desk, milliseconds: u64) -> rescind_runner::record::CallOutcome {
    desk.dispatch("alice", REFRESH);
    desk.let_pass(milliseconds);
    desk.dispatch("alice", REFRESH);
    says_revoked(desk, &["access_token", "refresh_token"])
}

#[test]
fn within_a_retry_after_nothing_is_repeated() {
    let id = "retry-after-is-respected";
    let after = |milliseconds, expected| {
        let scenario = revoke_of_alice("", WAIT_A_SECOND);
        let record = record(&profile("rfc7009"), &scenario, |desk, _| {
            again_after(desk, milliseconds)
        });
        check_record(id, &record, expected);
    };
    after(0, Is::Violated);
    after(500, Is::Violated);
    after(1000, Is::Held);
    after(5000, Is::Held);
    let stops: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        refusal(500)
    };
    check(id, "rfc7009", "", WAIT_AN_HOUR, stops, Is::Held);
    check(
        id,
        "google",
        "",
        WAIT_AN_HOUR,
        |desk| again_after(desk, 2000),
        Is::Violated,
    );
    let account: Target = |desk| {
        desk.dispatch_account("alice");
        desk.dispatch_account("alice");
        refusal(500)
    };
    check(id, "grant-only", "", WAIT_AN_HOUR, account, Is::Violated);
    // Nobody was asked to wait, or not by a status that asks for it.
    check(
        id,
        "rfc7009",
        "",
        FAILS_ONCE,
        |desk| again_after(desk, 0),
        Is::NotMade,
    );
    check(
        id,
        "rfc7009",
        "",
        TOO_LONG,
        |desk| again_after(desk, 0),
        Is::NotMade,
    );
}

/// Both may have been sent before the first answer came.
#[test]
fn two_dispatches_side_by_side_are_no_repetition() {
    let id = "retry-after-is-respected";
    let side_by_side: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        desk.dispatch("alice", REFRESH);
        refusal(500)
    };
    check(id, "rfc7009", "", WAIT_AN_HOUR, side_by_side, Is::Held);
    let and_again: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        desk.dispatch("alice", REFRESH);
        desk.dispatch("alice", ACCESS);
        refusal(500)
    };
    check(id, "rfc7009", "", WAIT_AN_HOUR, and_again, Is::Violated);
    // A new token of the same kind is no other subject.
    let and_a_new_one: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        desk.refresh("alice");
        desk.dispatch("alice", ACCESS);
        refusal(500)
    };
    check(id, "dropbox", "", WAIT_AN_HOUR, and_a_new_one, Is::Violated);
}

#[test]
fn who_is_asked_to_wait_need_not_try_the_other() {
    let stops: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        refusal(500)
    };
    let id = "every-subject-tried";
    check(id, "rfc7009", "", WAIT_AN_HOUR, stops, Is::NotMade);
    check(
        "all-failed-is-500",
        "rfc7009",
        "",
        WAIT_AN_HOUR,
        stops,
        Is::Held,
    );
    check(
        "body-is-optional",
        "rfc7009",
        "",
        WAIT_AN_HOUR,
        stops,
        Is::NotMade,
    );
}

#[test]
fn a_call_makes_no_more_dispatches_for_a_subject_than_the_target_may() {
    let id = "dispatches-are-bounded";
    let times = |provider, count: usize, expected| {
        let scenario = revoke_of_alice("", FAILS);
        let record = record(&profile(provider), &scenario, |desk, _| {
            for _ in 0..count {
                desk.dispatch("alice", REFRESH);
            }
            refusal(500)
        });
        check_record(id, &record, expected);
    };
    times("rfc7009", 3, Is::Held);
    times("rfc7009", 4, Is::Violated);
    times("google", 3, Is::Held);
    let both_thrice: Target = |desk| {
        for _ in 0..3 {
            desk.dispatch("alice", ACCESS);
            desk.dispatch("alice", REFRESH);
        }
        refusal(500)
    };
    check(id, "rfc7009", "", FAILS, both_thrice, Is::Held);
    let account: Target = |desk| {
        for _ in 0..4 {
            desk.dispatch_account("alice");
        }
        refusal(500)
    };
    check(id, "grant-only", "", FAILS, account, Is::Violated);
}

const REFRESH_TOKEN_FAILS_ONCE: &str = "fail = { endpoint = \"revocation\", subject = \"refresh_token\", nth = 1, answer = { status = 503 } }";

/// At this provider the access token authenticates every dispatch.
#[track_caller]
fn check_order(before: &str, target: Target, expected: Is) {
    let id = "order-keeps-credentials";
    check(id, "self-authenticating", "", before, target, expected);
}

#[test]
fn what_authenticates_goes_last() {
    let access_token_first: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        desk.dispatch("alice", REFRESH);
        says_revoked(desk, &["access_token"])
    };
    let refresh_token_first: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        desk.dispatch("alice", ACCESS);
        says_revoked(desk, &["access_token", "refresh_token"])
    };
    check_order("", access_token_first, Is::Violated);
    check_order("", refresh_token_first, Is::Held);
    // A refresh brought another one to authenticate with.
    let recovers: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        desk.dispatch("alice", REFRESH);
        desk.refresh("alice");
        desk.dispatch("alice", REFRESH);
        desk.dispatch("alice", ACCESS);
        says_revoked(desk, &["access_token", "refresh_token"])
    };
    check_order("", recovers, Is::Held);
    // The access token was dead before, or never ended.
    check_order(EXPIRED, access_token_first, Is::NotMade);
    check_order("", |_| refusal(500), Is::NotMade);
    check_order(FAILS, access_token_first, Is::NotMade);
    // With credentials of its own, no order makes a dispatch impossible.
    let id = "order-keeps-credentials";
    check(id, "rfc7009", "", "", access_token_first, Is::NotMade);
    check(id, "two-routes", "", "", access_token_first, Is::NotMade);
}

/// The refresh token's turn came first, and an injected failure met it.
#[test]
fn a_repetition_that_comes_too_late_for_its_credential_is_excused() {
    let repeats: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        desk.dispatch("alice", ACCESS);
        desk.dispatch("alice", REFRESH);
        says_revoked(desk, &["access_token"])
    };
    check_order(REFRESH_TOKEN_FAILS_ONCE, repeats, Is::Held);
    for id in [
        "some-acknowledged-is-200",
        "revoked-means-dead",
        "credentials-are-declared",
    ] {
        let before = REFRESH_TOKEN_FAILS_ONCE;
        check(id, "self-authenticating", "", before, repeats, Is::Held);
    }
}

/// At this provider the access token ends everything, itself included.
#[test]
fn what_ends_a_whole_grant_leaves_nothing_to_be_made_impossible() {
    let id = "order-keeps-credentials";
    let once: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        says_revoked(desk, &["access_token", "refresh_token"])
    };
    check(id, "dropbox", "", "", once, Is::Held);
    let twice: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        desk.dispatch("alice", ACCESS);
        says_revoked(desk, &["access_token", "refresh_token"])
    };
    check(id, "dropbox", "", "", twice, Is::Held);
    check(
        id,
        "dropbox",
        "",
        FAILS,
        |desk| {
            desk.dispatch("alice", ACCESS);
            refusal(500)
        },
        Is::NotMade,
    );
    check(
        id,
        "rfc7009",
        "",
        "",
        dispatches_both_and_lists_both,
        Is::NotMade,
    );
}

const READ: &str = "read = { account = \"alice\" }";

#[test]
fn a_dispatch_that_no_call_asks_for_is_late() {
    let id = "no-late-dispatch";
    let scenario = scenario(
        "",
        "",
        &[
            "revoke = { account = \"alice\" }\nexpect = { status = 200 }",
            READ,
        ],
    );
    let case = |in_which: usize| {
        record(&profile("rfc7009"), &scenario, |desk, verb| {
            let is_second = matches!(verb, rescind_model::scenario::Verb::Read(_));
            if usize::from(is_second) == in_which {
                desk.dispatch("alice", REFRESH);
            }
            if is_second {
                answer(200, &serde_json::json!({}))
            } else {
                empty(desk)
            }
        })
    };
    check_record(id, &case(0), Is::Held);
    check_record(id, &case(1), Is::Violated);
    let mut stray = case(0);
    stray.steps[1].strays = std::mem::take(&mut stray.steps[1].entries);
    check_record(id, &stray, Is::Violated);
    let mut late = case(0);
    late.late = std::mem::take(&mut late.steps[1].entries);
    check_record(id, &late, Is::Violated);
}
