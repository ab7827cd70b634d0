//! Redirects: no success, and no way to carry a token to another origin.

use super::{
    ACCESS, Desk, EVERYTHING_EXPIRED, Is, NO_REFRESH_TOKEN, REFRESH, Target, check,
    dispatches_both_and_lists_both, empty, says_revoked,
};
use crate::support::refusal;

const ELSEWHERE: &str =
    "fail = { endpoint = \"revocation\", redirect = { to = \"other_origin\", status = 307 } }";
const HERE_ONCE: &str = "fail = { endpoint = \"revocation\", nth = 1, redirect = { to = \"same_origin\", status = 307 } }";
const HERE: &str =
    "fail = { endpoint = \"revocation\", redirect = { to = \"same_origin\", status = 308 } }";
const REFRESH_ELSEWHERE: &str =
    "fail = { endpoint = \"token\", redirect = { to = \"other_origin\", status = 307 } }";

fn fails(desk: &mut Desk) -> rescind_runner::record::CallOutcome {
    desk.dispatch("alice", ACCESS);
    desk.dispatch("alice", REFRESH);
    refusal(500)
}

#[test]
fn nothing_but_redirects_is_no_success() {
    let id = "redirect-is-no-success";
    for fault in [ELSEWHERE, HERE] {
        check(id, "rfc7009", "", fault, fails, Is::Held);
        let claims = dispatches_both_and_lists_both;
        check(id, "rfc7009", "", fault, claims, Is::Violated);
        let refused: Target = |desk| {
            fails(desk);
            refusal(502)
        };
        check(id, "rfc7009", "", fault, refused, Is::Violated);
        let stored: Target = |desk| {
            empty(desk);
            fails(desk)
        };
        check(id, "rfc7009", "", fault, stored, Is::Violated);
        // Nothing was asked, or nothing was sent elsewhere.
        check(id, "rfc7009", "", fault, |_| refusal(500), Is::NotMade);
    }
    check(
        id,
        "rfc7009",
        "",
        "",
        dispatches_both_and_lists_both,
        Is::NotMade,
    );
}

#[test]
fn what_another_origin_answers_is_no_success_either() {
    let follows: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        desk.dispatch_elsewhere("alice", REFRESH);
        says_revoked(desk, &["access_token", "refresh_token"])
    };
    let follows_and_fails: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        desk.dispatch_elsewhere("alice", REFRESH);
        refusal(500)
    };
    let id = "redirect-is-no-success";
    check(id, "rfc7009", "", ELSEWHERE, follows, Is::Violated);
    check(id, "rfc7009", "", ELSEWHERE, follows_and_fails, Is::Held);
    check(
        "all-failed-is-500",
        "rfc7009",
        "",
        ELSEWHERE,
        follows,
        Is::Violated,
    );
}

/// CA-DEAD-BEFORE and CA-NOTHING-HELD allow a success without any acknowledgement.
#[test]
fn where_nothing_was_left_to_kill_a_redirect_does_not_matter() {
    let id = "redirect-is-no-success";
    let empty_all_the_same: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        empty(desk)
    };
    check(
        id,
        "rfc7009",
        EVERYTHING_DEAD,
        ELSEWHERE,
        empty_all_the_same,
        Is::NotMade,
    );
    check(
        id,
        "refresh-only",
        NO_REFRESH_TOKEN,
        ELSEWHERE,
        |desk| {
            desk.dispatch_unsupported("alice", ACCESS);
            empty(desk)
        },
        Is::NotMade,
    );
    let before = format!("{EVERYTHING_EXPIRED}\n{ELSEWHERE}");
    check(
        "dead-before-outcome",
        "rfc7009",
        "",
        &before,
        empty_all_the_same,
        Is::Held,
    );
}

const EVERYTHING_DEAD: &str = ", access_token = \"dead\", refresh_token = \"dead\"";

/// Two requests at the provider, the second of which is acknowledged.
#[test]
fn a_redirect_within_the_origin_is_judged_by_what_comes_of_it() {
    let follows: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        desk.dispatch("alice", REFRESH);
        says_revoked(desk, &["access_token", "refresh_token"])
    };
    for provider in ["rfc7009", "google", "externally-revoked"] {
        let held = |id| check(id, provider, "", HERE_ONCE, follows, Is::Held);
        held("some-acknowledged-is-200");
        held("dispatches-are-bounded");
        held("redirect-carries-no-token");
        held("listed-is-acknowledged");
        held("listed-is-dead");
        held("revoked-means-dead");
        held("every-subject-tried");
        let not_made = |id| check(id, provider, "", HERE_ONCE, follows, Is::NotMade);
        not_made("redirect-is-no-success");
        not_made("all-failed-is-500");
    }
    let account: Target = |desk| {
        desk.dispatch_account("alice");
        desk.dispatch_account("alice");
        says_revoked(desk, &["access_token", "refresh_token"])
    };
    let id = "some-acknowledged-is-200";
    check(id, "grant-only", "", HERE_ONCE, account, Is::Held);
    // Not to follow is right as well; to follow and to deny it is not.
    let leaves_it: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        refusal(500)
    };
    for id in [
        "redirect-is-no-success",
        "all-failed-is-500",
        "every-subject-tried",
    ] {
        check(id, "google", "", HERE_ONCE, leaves_it, Is::Held);
    }
    let denies: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        desk.dispatch("alice", REFRESH);
        refusal(500)
    };
    let id = "some-acknowledged-is-200";
    check(id, "rfc7009", "", HERE_ONCE, denies, Is::Violated);
}

#[test]
fn a_token_or_a_secret_does_not_follow_to_another_origin() {
    let id = "redirect-carries-no-token";
    let follows: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        desk.dispatch_elsewhere("alice", REFRESH);
        refusal(500)
    };
    let bare: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        desk.visit_elsewhere(&[], None);
        refusal(500)
    };
    let with_the_secret: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        desk.visit_elsewhere(&[], Some("alice"));
        refusal(500)
    };
    let with_the_id: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        desk.visit_elsewhere(&[("client_id", "me")], None);
        refusal(500)
    };
    check(id, "rfc7009", "", ELSEWHERE, follows, Is::Violated);
    check(id, "google", "", ELSEWHERE, follows, Is::Violated);
    check(id, "rfc7009", "", ELSEWHERE, with_the_secret, Is::Violated);
    check(id, "rfc7009", "", ELSEWHERE, bare, Is::Held);
    // An id is no secret.
    check(id, "rfc7009", "", ELSEWHERE, with_the_id, Is::Held);
    check(id, "rfc7009", "", ELSEWHERE, fails, Is::Held);
    check(
        id,
        "rfc7009",
        "",
        "",
        dispatches_both_and_lists_both,
        Is::NotMade,
    );
    let bearer: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        desk.dispatch_elsewhere("alice", ACCESS);
        refusal(500)
    };
    check(id, "dropbox", "", ELSEWHERE, bearer, Is::Violated);
    check(
        id,
        "dropbox",
        "",
        ELSEWHERE,
        |desk| {
            desk.dispatch("alice", ACCESS);
            refusal(500)
        },
        Is::Held,
    );
}

#[test]
fn a_refresh_that_is_sent_elsewhere_is_not_followed_either() {
    let id = "redirect-carries-no-token";
    let stays: Target = |desk| {
        desk.refresh("alice");
        refusal(500)
    };
    let follows: Target = |desk| {
        desk.refresh("alice");
        desk.dispatch_elsewhere("alice", ACCESS);
        refusal(500)
    };
    check(id, "dropbox", "", REFRESH_ELSEWHERE, stays, Is::Held);
    check(id, "dropbox", "", REFRESH_ELSEWHERE, follows, Is::Violated);
}
