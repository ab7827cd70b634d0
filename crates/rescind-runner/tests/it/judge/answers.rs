//! Which answer is right.

use rescind_model::AccountStatus;
use rescind_runner::record::CallFailure;

use super::{
    ACCESS, CallOutcome, DEAD_ACCESS_TOKEN, Desk, EVERYTHING_EXPIRED, EXPIRED, FAILS, FAILS_ONCE,
    INACTIVE, Is, NO_ACCESS_TOKEN, NO_REFRESH_TOKEN, REFRESH, REMOVED, REVOKED, Target, check,
    check_record, dispatches_both_and_lists_both, empty, outcome_of, profile, record,
    revoke_of_alice, says_revoked,
};
use crate::support::refusal;

#[test]
fn an_empty_list_needs_a_reason() {
    let id = "empty-means-revoked";
    check(id, "rfc7009", "", "", empty, Is::Violated);
    check(id, "rfc7009", REVOKED, "", empty, Is::Held);
    check(id, "rfc7009", "", REMOVED, empty, Is::Held);
    check(id, "rfc7009", "", EVERYTHING_EXPIRED, empty, Is::Held);
    // The refresh token lives: something killable was left.
    check(id, "rfc7009", "", EXPIRED, empty, Is::Violated);
    // The provider can kill refresh tokens only, and alice holds none.
    check(id, "refresh-only", NO_REFRESH_TOKEN, "", empty, Is::Held);
    check(id, "refresh-only", "", "", empty, Is::Violated);
    check(
        id,
        "rfc7009",
        "",
        "",
        dispatches_both_and_lists_both,
        Is::Held,
    );
    check(id, "rfc7009", "", "", |_| refusal(500), Is::NotMade);
}

#[test]
fn an_empty_list_of_a_revoked_account_comes_without_a_dispatch() {
    let asks_again: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        empty(desk)
    };
    for id in ["empty-means-revoked", "repeat-is-silent"] {
        check(id, "rfc7009", REVOKED, "", asks_again, Is::Violated);
        check(id, "rfc7009", REVOKED, "", empty, Is::Held);
    }
}

#[test]
fn what_was_dead_before_allows_these_outcomes() {
    let allowed = |provider, target| {
        check(
            "dead-before-outcome",
            provider,
            "",
            REMOVED,
            target,
            Is::Held,
        );
    };
    for provider in ["rfc7009", "externally-revoked"] {
        allowed(provider, empty);
        allowed(provider, |_| refusal(500));
        allowed(provider, |desk| {
            desk.becomes("alice", AccountStatus::Expired);
            refusal(500)
        });
    }
    // RFC 7009 §2.2: a dead token is acknowledged, and what is acknowledged may be listed.
    allowed("rfc7009", dispatches_both_and_lists_both);
    allowed("rfc7009", |desk| {
        desk.dispatch("alice", ACCESS);
        says_revoked(desk, &["access_token"])
    });
    // An acknowledged refresh token ends its grant, so that it speaks for the access token.
    allowed("rfc7009", |desk| {
        desk.dispatch("alice", REFRESH);
        says_revoked(desk, &["access_token", "refresh_token"])
    });
}

#[test]
fn what_was_dead_before_allows_no_other_outcome() {
    let forbidden = |provider, target| {
        let id = "dead-before-outcome";
        check(id, provider, "", REMOVED, target, Is::Violated);
    };
    // This provider refuses dead tokens: a list of them is a claim that it denies.
    forbidden("externally-revoked", dispatches_both_and_lists_both);
    // Nobody acknowledged what nobody dispatched.
    forbidden("rfc7009", |desk| says_revoked(desk, &["access_token"]));
    // An access token speaks for itself only.
    forbidden("rfc7009", |desk| {
        desk.dispatch("alice", ACCESS);
        says_revoked(desk, &["access_token", "refresh_token"])
    });
    // A success whose account is not REVOKED, a failure whose account is.
    forbidden("rfc7009", |desk| desk.success("alice", &[]));
    forbidden("rfc7009", |desk| {
        desk.becomes("alice", AccountStatus::Revoked);
        refusal(500)
    });
    forbidden("rfc7009", |desk| {
        desk.becomes("alice", AccountStatus::Inactive);
        refusal(500)
    });
    for status in [204, 400, 404, 409, 502] {
        let scenario = revoke_of_alice("", REMOVED);
        let record = record(&profile("rfc7009"), &scenario, |_, _| refusal(status));
        let outcome = outcome_of(&record, "dead-before-outcome");
        assert_eq!(outcome, Is::Violated, "{status}");
    }
    forbidden("rfc7009", |_| CallOutcome::Failed(CallFailure::TimedOut(1)));
}

#[test]
fn one_live_token_is_not_dead_before() {
    let id = "dead-before-outcome";
    check(id, "rfc7009", "", EXPIRED, |_| refusal(500), Is::NotMade);
    check(id, "rfc7009", "", "", |_| refusal(500), Is::NotMade);
    // Already REVOKED, it is a repeat.
    check(id, "rfc7009", REVOKED, REMOVED, empty, Is::NotMade);
}

#[test]
fn a_provider_that_kills_one_kind_only_is_asked_for_that_alone() {
    let id = "partial-support-is-200";
    let kills = |desk: &mut Desk, listed: &[&str]| {
        desk.dispatch("alice", ACCESS);
        says_revoked(desk, listed)
    };
    let right: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        says_revoked(desk, &["access_token"])
    };
    check(id, "access-only", "", "", right, Is::Held);
    for listed in [
        &[][..],
        &["refresh_token"],
        &["access_token", "refresh_token"],
    ] {
        let scenario = revoke_of_alice("", "");
        let record = record(&profile("access-only"), &scenario, |desk, _| {
            kills(desk, listed)
        });
        assert_eq!(outcome_of(&record, id), Is::Violated, "{listed:?}");
    }
    check(id, "access-only", "", "", |_| refusal(500), Is::Violated);
    check(id, "access-only", "", "", |_| refusal(400), Is::Violated);
    // Who refreshes first, though nothing asks for it, leaves no token worse off.
    let refreshes: Target = |desk| {
        desk.refresh("alice");
        desk.dispatch("alice", REFRESH);
        says_revoked(desk, &["refresh_token"])
    };
    check(id, "refresh-only", "", EXPIRED, refreshes, Is::Held);
    check(id, "refresh-only", "", "", refreshes, Is::Held);
    // What is not held alive, and a provider that kills both kinds, are not its business.
    check(id, "access-only", "", EXPIRED, right, Is::NotMade);
    check(id, "access-only", NO_REFRESH_TOKEN, "", right, Is::NotMade);
    check(id, "rfc7009", "", "", right, Is::NotMade);
}

fn tries_and_says(desk: &mut Desk, status: u16) -> CallOutcome {
    desk.dispatch("alice", ACCESS);
    desk.dispatch("alice", REFRESH);
    refusal(status)
}

#[test]
fn a_provider_that_fails_altogether_makes_it_500() {
    let id = "all-failed-is-500";
    check(
        id,
        "rfc7009",
        "",
        FAILS,
        |desk| tries_and_says(desk, 500),
        Is::Held,
    );
    for other in [400, 409, 502, 503] {
        let scenario = revoke_of_alice("", FAILS);
        let case = record(&profile("rfc7009"), &scenario, |desk, _| {
            tries_and_says(desk, other)
        });
        check_record(id, &case, Is::Violated);
    }
    let stored: Target = |desk| {
        desk.becomes("alice", AccountStatus::Revoked);
        tries_and_says(desk, 500)
    };
    check(id, "rfc7009", "", FAILS, stored, Is::Violated);
    check(
        id,
        "rfc7009",
        "",
        FAILS,
        dispatches_both_and_lists_both,
        Is::Violated,
    );
    let expires: Target = |desk| {
        desk.becomes("alice", AccountStatus::Expired);
        tries_and_says(desk, 500)
    };
    check(id, "rfc7009", "", FAILS, expires, Is::Held);
    // Nothing was tried, nothing failed, or it was dead before (CA-DEAD-BEFORE).
    check(id, "rfc7009", "", FAILS, |_| refusal(500), Is::NotMade);
    check(
        id,
        "rfc7009",
        "",
        "",
        dispatches_both_and_lists_both,
        Is::NotMade,
    );
    let refused_and_empty: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        empty(desk)
    };
    check(
        id,
        "externally-revoked",
        "",
        REMOVED,
        refused_and_empty,
        Is::NotMade,
    );
}

/// A target may repeat what failed, or leave it.
#[test]
fn a_dispatch_that_failed_and_was_repeated_is_judged_by_its_end() {
    let repeats: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        desk.dispatch("alice", REFRESH);
        says_revoked(desk, &["access_token", "refresh_token"])
    };
    let leaves_it: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        refusal(500)
    };
    let gives_up: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        desk.dispatch("alice", REFRESH);
        refusal(500)
    };
    for provider in ["rfc7009", "google", "refresh-only", "externally-revoked"] {
        let id = "some-acknowledged-is-200";
        check(id, provider, "", FAILS_ONCE, gives_up, Is::Violated);
        check(id, provider, "", FAILS_ONCE, leaves_it, Is::NotMade);
        check(
            "all-failed-is-500",
            provider,
            "",
            FAILS_ONCE,
            leaves_it,
            Is::Held,
        );
        for id in [
            id,
            "listed-is-dead",
            "revoked-means-dead",
            "dispatches-are-bounded",
        ] {
            if provider != "refresh-only" {
                check(id, provider, "", FAILS_ONCE, repeats, Is::Held);
            }
        }
        check(
            "all-failed-is-500",
            provider,
            "",
            FAILS_ONCE,
            repeats,
            Is::NotMade,
        );
    }
}

/// The first dispatch took effect, and the second was told that the token is dead.
#[test]
fn a_dispatch_that_took_effect_and_was_repeated_is_a_success() {
    let repeats: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        desk.dispatch("alice", REFRESH);
        says_revoked(desk, &["access_token", "refresh_token"])
    };
    for provider in ["externally-revoked", "google"] {
        for id in [
            "some-acknowledged-is-200",
            "listed-is-acknowledged",
            "revoked-means-dead",
            "body-is-optional",
            "every-subject-tried",
        ] {
            check(id, provider, "", "", repeats, Is::Held);
        }
        check("all-failed-is-500", provider, "", "", repeats, Is::NotMade);
    }
}

const REFRESH_TOKEN_FAILS: &str =
    "fail = { endpoint = \"revocation\", subject = \"refresh_token\", answer = { status = 503 } }";

#[test]
fn what_was_acknowledged_beside_a_failure_is_a_success() {
    let id = "some-acknowledged-is-200";
    let lists_it: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        desk.dispatch("alice", REFRESH);
        says_revoked(desk, &["access_token"])
    };
    let lists_both = dispatches_both_and_lists_both;
    check(id, "rfc7009", "", REFRESH_TOKEN_FAILS, lists_it, Is::Held);
    let denies: Target = |desk| tries_and_says(desk, 500);
    check(id, "rfc7009", "", REFRESH_TOKEN_FAILS, denies, Is::Violated);
    // The failed one is excused as long as nothing is claimed of it.
    let id = "revoked-means-dead";
    check(id, "rfc7009", "", REFRESH_TOKEN_FAILS, lists_it, Is::Held);
    check(
        id,
        "rfc7009",
        "",
        REFRESH_TOKEN_FAILS,
        lists_both,
        Is::Violated,
    );
    let id = "listed-is-acknowledged";
    check(id, "rfc7009", "", REFRESH_TOKEN_FAILS, lists_it, Is::Held);
    check(
        id,
        "rfc7009",
        "",
        REFRESH_TOKEN_FAILS,
        lists_both,
        Is::Violated,
    );
    // A failed repetition does not take the first back.
    let repeats: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        desk.dispatch("alice", REFRESH);
        desk.dispatch("alice", REFRESH);
        says_revoked(desk, &["access_token"])
    };
    let id = "some-acknowledged-is-200";
    check(id, "rfc7009", "", REFRESH_TOKEN_FAILS, repeats, Is::Held);
}

#[test]
fn of_what_holds_nothing_killable_these_outcomes_are_allowed() {
    let id = "nothing-held-outcome";
    for (provider, held) in [
        ("refresh-only", NO_REFRESH_TOKEN),
        ("access-only", NO_ACCESS_TOKEN),
        (
            "dropbox",
            ", access_token = \"absent\", refresh_token = \"dead\"",
        ),
        (
            "self-authenticating",
            ", access_token = \"absent\", refresh_token = \"expired\"",
        ),
        (
            "rfc7009",
            ", access_token = \"absent\", refresh_token = \"absent\"",
        ),
    ] {
        for status in [400, 409, 500] {
            let scenario = revoke_of_alice(held, "");
            let case = record(&profile(provider), &scenario, |_, _| refusal(status));
            check_record(id, &case, Is::Held);
        }
        check(id, provider, held, "", empty, Is::Held);
        check(id, provider, held, "", |_| refusal(404), Is::Violated);
        check(id, provider, held, "", |_| refusal(502), Is::Violated);
        let claims: Target = |desk| says_revoked(desk, &["refresh_token"]);
        check(id, provider, held, "", claims, Is::Violated);
        check("empty-means-revoked", provider, held, "", empty, Is::Held);
        check("body-is-optional", provider, held, "", empty, Is::NotMade);
        check(id, provider, INACTIVE, "", |_| refusal(409), Is::NotMade);
    }
    let asks_in_vain: Target = |desk| {
        desk.dispatch_unsupported("alice", ACCESS);
        refusal(500)
    };
    check(
        id,
        "refresh-only",
        NO_REFRESH_TOKEN,
        "",
        asks_in_vain,
        Is::Held,
    );
    check(
        "all-failed-is-500",
        "refresh-only",
        NO_REFRESH_TOKEN,
        "",
        asks_in_vain,
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

/// It is then held, and the rest of the contract is about it.
#[test]
fn what_a_refresh_brings_may_be_killed_and_listed() {
    let refreshes_and_kills: Target = |desk| {
        desk.refresh("alice");
        desk.dispatch("alice", ACCESS);
        says_revoked(desk, &["access_token"])
    };
    for id in [
        "nothing-held-outcome",
        "listed-is-held",
        "listed-is-dead",
        "listed-is-acknowledged",
    ] {
        check(
            id,
            "access-only",
            NO_ACCESS_TOKEN,
            "",
            refreshes_and_kills,
            Is::Held,
        );
    }
    let refreshes_and_claims: Target = |desk| {
        desk.refresh("alice");
        says_revoked(desk, &["access_token"])
    };
    let id = "listed-is-dead";
    check(
        id,
        "access-only",
        NO_ACCESS_TOKEN,
        "",
        refreshes_and_claims,
        Is::Violated,
    );
}

/// Where the access token must be presented, a target may refresh first, or leave it.
#[test]
fn what_takes_a_refresh_first_is_no_ordinary_revoke() {
    for held in [
        DEAD_ACCESS_TOKEN,
        NO_ACCESS_TOKEN,
        ", access_token = \"expired\"",
    ] {
        let not_made = |id| {
            for provider in ["dropbox", "self-authenticating"] {
                check(id, provider, held, "", |_| refusal(500), Is::NotMade);
            }
        };
        not_made("body-is-optional");
        not_made("nothing-held-outcome");
        not_made("dead-before-outcome");
        not_made("all-failed-is-500");
        let refreshes: Target = |desk| {
            desk.refresh("alice");
            desk.dispatch("alice", ACCESS);
            says_revoked(desk, &["access_token", "refresh_token"])
        };
        for id in [
            "listed-is-held",
            "listed-is-acknowledged",
            "revoked-means-dead",
        ] {
            check(id, "dropbox", held, "", refreshes, Is::Held);
        }
        check(
            "empty-means-revoked",
            "dropbox",
            held,
            "",
            empty,
            Is::Violated,
        );
        check(
            "revoked-means-dead",
            "dropbox",
            held,
            "",
            empty,
            Is::Violated,
        );
    }
    check(
        "body-is-optional",
        "dropbox",
        "",
        "",
        |_| refusal(500),
        Is::Violated,
    );
}
