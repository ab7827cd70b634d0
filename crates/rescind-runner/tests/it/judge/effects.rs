//! Which tokens are dead, who may be blamed, and what may be claimed.

use super::{
    ACCESS, CallOutcome, DEAD_ACCESS_TOKEN, Desk, EXPIRED, FAILS, Is, NO_ACCESS_TOKEN, REFRESH,
    REMOVED, REVOKED, Target, check, check_record, check_scenario, dispatches_both_and_lists_both,
    empty, profile, record, revoke_of_alice, says_revoked,
};
use crate::support::{refusal, revoke_by};

#[test]
fn what_ends_a_grant_acknowledges_every_token_of_it() {
    let id = "listed-is-acknowledged";
    let refresh_token_for_both: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        says_revoked(desk, &["access_token", "refresh_token"])
    };
    let access_token_for_both: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        says_revoked(desk, &["access_token", "refresh_token"])
    };
    let account_for_both: Target = |desk| {
        desk.dispatch_account("alice");
        says_revoked(desk, &["access_token", "refresh_token"])
    };
    check(id, "rfc7009", "", "", refresh_token_for_both, Is::Held);
    // An expired access token does not die of the cascade, and is acknowledged all the same.
    check(id, "rfc7009", "", EXPIRED, refresh_token_for_both, Is::Held);
    check(id, "google", "", EXPIRED, refresh_token_for_both, Is::Held);
    check(id, "google", "", "", access_token_for_both, Is::Held);
    check(id, "grant-only", "", "", account_for_both, Is::Held);
    check(id, "grant-only", "", EXPIRED, account_for_both, Is::Held);
    // At this provider an access token ends itself alone.
    check(id, "rfc7009", "", "", access_token_for_both, Is::Violated);
    // A dispatch that failed acknowledges nothing.
    check(
        id,
        "rfc7009",
        "",
        FAILS,
        refresh_token_for_both,
        Is::Violated,
    );
}

#[test]
fn what_died_with_an_acknowledged_token_should_be_listed() {
    let id = "cascade-is-listed";
    let lists_itself: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        says_revoked(desk, &["refresh_token"])
    };
    check(id, "rfc7009", "", "", lists_itself, Is::Violated);
    // An access token that had expired did not die of it.
    check(id, "rfc7009", "", EXPIRED, lists_itself, Is::NotMade);
    check(id, "refresh-only", "", "", lists_itself, Is::NotMade);
}

#[test]
fn an_access_token_that_is_not_alive_keeps_no_refresh_token_alive() {
    let id = "live-refresh-token-dies";
    let kills: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        says_revoked(desk, &["refresh_token"])
    };
    let gives_up: Target = |_| refusal(500);
    for held in [
        DEAD_ACCESS_TOKEN,
        NO_ACCESS_TOKEN,
        ", access_token = \"expired\"",
        ", access_token = \"expired_at_provider\"",
    ] {
        for provider in ["rfc7009", "google", "refresh-only", "externally-revoked"] {
            check(id, provider, held, "", kills, Is::Held);
            check(id, provider, held, "", gives_up, Is::Violated);
            check(
                id,
                provider,
                held,
                FAILS,
                gives_up_after_trying,
                Is::NotMade,
            );
        }
        check(id, "grant-only", held, "", gives_up, Is::Violated);
        // There it takes a refresh first: that, or 500.
        for provider in ["dropbox", "self-authenticating"] {
            check(id, provider, held, "", gives_up, Is::Held);
            check(id, provider, held, "", |_| refusal(400), Is::Violated);
            check(id, provider, held, "", empty, Is::Violated);
        }
        check(
            id,
            "self-authenticating",
            held,
            "",
            refreshes_first,
            Is::Held,
        );
        check(
            "listed-is-held",
            "self-authenticating",
            held,
            "",
            refreshes_first,
            Is::Held,
        );
        check(
            "revoked-means-dead",
            "self-authenticating",
            held,
            "",
            refreshes_first,
            Is::Held,
        );
        check(
            id,
            "dropbox",
            held,
            "",
            |desk| {
                desk.refresh("alice");
                desk.dispatch("alice", ACCESS);
                says_revoked(desk, &["access_token", "refresh_token"])
            },
            Is::Held,
        );
        // It cannot be killed there.
        check(id, "access-only", held, "", gives_up, Is::NotMade);
    }
    check(id, "rfc7009", "", "", gives_up, Is::NotMade);
    check(id, "rfc7009", "", REMOVED, gives_up, Is::NotMade);
}

fn refreshes_first(desk: &mut Desk) -> CallOutcome {
    desk.refresh("alice");
    desk.dispatch("alice", REFRESH);
    desk.dispatch("alice", ACCESS);
    says_revoked(desk, &["access_token", "refresh_token"])
}

fn gives_up_after_trying(desk: &mut Desk) -> CallOutcome {
    desk.dispatch("alice", REFRESH);
    refusal(500)
}

const ACCESS_TOKEN_FAILS: &str =
    "fail = { endpoint = \"revocation\", subject = \"access_token\", answer = { status = 503 } }";

#[test]
fn a_failed_dispatch_keeps_no_other_from_being_tried() {
    let id = "every-subject-tried";
    let one: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        refusal(500)
    };
    let both: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        desk.dispatch("alice", REFRESH);
        says_revoked(desk, &["access_token", "refresh_token"])
    };
    check(id, "rfc7009", "", ACCESS_TOKEN_FAILS, one, Is::Violated);
    check(id, "rfc7009", "", ACCESS_TOKEN_FAILS, both, Is::Held);
    // The route would have killed both, and failed for a reason of its own.
    check(id, "google", "", FAILS, one, Is::Held);
    check(id, "rfc7009", "", FAILS, gives_up_after_trying, Is::Held);
    // It was refused for the token's sake: the other might have done better.
    check(id, "google", DEAD_ACCESS_TOKEN, "", one, Is::Violated);
    check(id, "google", "", EXPIRED, one, Is::Violated);
    check(id, "google", DEAD_ACCESS_TOKEN, "", both, Is::Held);
    // There is no other route, or none without a refresh first (CA-DEAD-PARTNER).
    check(id, "dropbox", "", FAILS, one, Is::Held);
    check(id, "dropbox", DEAD_ACCESS_TOKEN, "", one, Is::Held);
    check(id, "self-authenticating", "", EXPIRED, one, Is::Held);
    check(
        id,
        "self-authenticating",
        "",
        ACCESS_TOKEN_FAILS,
        one,
        Is::Violated,
    );
    // Nothing failed, or everything was dead before.
    check(id, "rfc7009", "", "", both, Is::NotMade);
    check(id, "externally-revoked", "", REMOVED, one, Is::NotMade);
}

#[test]
fn revoked_means_dead_whatever_was_claimed() {
    let id = "revoked-means-dead";
    check(id, "rfc7009", "", "", empty, Is::Violated);
    check(
        id,
        "rfc7009",
        "",
        "",
        dispatches_both_and_lists_both,
        Is::Held,
    );
    check(id, "rfc7009", "", REMOVED, empty, Is::Held);
    check(id, "rfc7009", REVOKED, "", empty, Is::NotMade);
    check(id, "no-revoke-route", "", "", empty, Is::NotMade);
    check(id, "rfc7009", "", "", |_| refusal(500), Is::NotMade);
    // What a refresh brought is held, too.
    let refreshes_last: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        desk.refresh("alice");
        says_revoked(desk, &["access_token"])
    };
    check(id, "access-only", "", "", refreshes_last, Is::Violated);
    // One of two is not both.
    let kills_the_first_only: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        says_revoked(desk, &["access_token"])
    };
    check(id, "rfc7009", "", "", kills_the_first_only, Is::Violated);
    // The provider failed to refresh, which is no dispatch.
    let token_endpoint = "fail = { endpoint = \"token\", answer = { status = 503 } }";
    let before = format!("{EXPIRED}\n{token_endpoint}");
    let in_vain: Target = |desk| {
        desk.refresh("alice");
        empty(desk)
    };
    check(id, "dropbox", "", &before, in_vain, Is::Violated);
}

#[test]
fn other_accounts_are_as_alive_as_before() {
    let id = "siblings-live";
    let bob = "connect = { account = \"bob\" }";
    let carol = "connect = { account = \"carol\", user = \"alice\" }";
    let kills: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        says_revoked(desk, &["access_token", "refresh_token"])
    };
    for provider in ["rfc7009", "google"] {
        check(id, provider, "", bob, kills, Is::Held);
        check(id, provider, "", carol, kills, Is::Held);
        check(
            id,
            provider,
            "",
            bob,
            |desk| {
                desk.dispatch("bob", REFRESH);
                refusal(500)
            },
            Is::Violated,
        );
    }
    let other_client = "connect = { account = \"dave\", user = \"alice\", client = \"other\" }";
    check(id, "google", "", other_client, kills, Is::Held);
    check(id, "google", "", "", kills, Is::NotMade);
    // A target that refreshes another account's tokens meanwhile ends none of them.
    let refreshes_bob: Target = |desk| {
        desk.refresh("bob");
        desk.dispatch("alice", REFRESH);
        says_revoked(desk, &["access_token", "refresh_token"])
    };
    check(id, "rfc7009", "", bob, refreshes_bob, Is::Held);
    let refreshes_and_kills_bob: Target = |desk| {
        desk.refresh("bob");
        desk.dispatch("bob", REFRESH);
        refusal(500)
    };
    check(
        id,
        "rfc7009",
        "",
        bob,
        refreshes_and_kills_bob,
        Is::Violated,
    );
    // One of the two routes reaches further than it has to.
    let by_route = |index: usize, expected| {
        let scenario = revoke_of_alice("", carol);
        let case = record(&profile("two-routes"), &scenario, |desk, _| {
            let route = &desk.profile().revocation_routes[index];
            desk.dispatch_by("alice", route, ACCESS);
            desk.dispatch("alice", REFRESH);
            says_revoked(desk, &["access_token", "refresh_token"])
        });
        check_record(id, &case, expected);
    };
    by_route(0, Is::Held);
    by_route(1, Is::Violated);
    // Whoever is refused anyway has no reason to reach further.
    let scenario = revoke_by("", carol, "account = \"alice\", key = \"wrong\"");
    check_scenario(id, "google", &scenario, |_, _| refusal(401), Is::Held);
}
