//! Which revokes must be refused, and how; and where another refusal may win.

use rescind_model::AccountStatus;
use rescind_model::scenario::Verb;
use rescind_runner::record::CallFailure;

use super::{
    ACCESS, API_KEY, CallOutcome, Desk, INACTIVE, Is, NO_REFRESH_TOKEN, REFRESH, REVOKED, Target,
    check, check_scenario, empty, says_revoked,
};
use crate::support::{refusal, revoke_by, scenario};

/// A check of a revoke of alice, or of another id, made with a key and perhaps a method.
#[track_caller]
fn check_call(id: &str, provider: &str, held: &str, call: &str, target: Target, expected: Is) {
    let scenario = revoke_by(held, "", call);
    check_scenario(id, provider, &scenario, |desk, _| target(desk), expected);
}

const READ_ONLY: &str = "account = \"alice\", key = \"read_only\"";
const OTHER_PROJECT: &str = "account = \"alice\", key = \"other_project\"";
const NO_KEY: &str = "account = \"alice\", key = \"missing\"";

fn is_refused_and_revokes(desk: &mut Desk) -> CallOutcome {
    desk.becomes("alice", AccountStatus::Revoked);
    refusal(403)
}

#[test]
fn without_a_valid_key_the_answer_is_401() {
    let id = "key-is-required";
    for key in ["missing", "wrong"] {
        let call = format!("account = \"alice\", key = \"{key}\"");
        check_call(id, "rfc7009", "", &call, |_| refusal(401), Is::Held);
        check_call(id, "rfc7009", "", &call, |_| refusal(403), Is::Violated);
        check_call(id, "rfc7009", "", &call, empty, Is::Violated);
        // Without a key nobody learns what exists.
        let unknown = format!("unknown_like = \"alice\", key = \"{key}\"");
        check_call(id, "rfc7009", "", &unknown, |_| refusal(401), Is::Held);
        check_call(id, "rfc7009", "", &unknown, |_| refusal(404), Is::Violated);
        let expired = ", status = \"EXPIRED\"";
        check_call(
            id,
            "rfc7009",
            expired,
            &call,
            |_| refusal(409),
            Is::Violated,
        );
    }
    let revoked: Target = |desk| {
        desk.becomes("alice", AccountStatus::Revoked);
        refusal(401)
    };
    check_call(id, "rfc7009", "", NO_KEY, revoked, Is::Violated);
    let right = "account = \"alice\"";
    check_call(id, "rfc7009", "", right, |_| refusal(401), Is::NotMade);
    let hangs: Target = |_| CallOutcome::Failed(CallFailure::TimedOut(1));
    check_call(id, "rfc7009", "", NO_KEY, hangs, Is::NotMade);
}

#[test]
fn a_method_or_an_id_that_is_none_may_be_refused_before_the_key() {
    for key in ["missing", "wrong", "read_only", "other_project"] {
        let method = format!("account = \"alice\", method = \"PUT\", key = \"{key}\"");
        let id = format!("id = \"nonsense\", key = \"{key}\"");
        for check in ["key-is-required", "scope-is-required", "foreign-is-refused"] {
            check_call(check, "rfc7009", "", &method, |_| refusal(405), Is::NotMade);
            check_call(check, "rfc7009", "", &id, |_| refusal(400), Is::NotMade);
        }
    }
}

#[test]
fn a_key_that_may_only_read_is_refused() {
    let id = "scope-is-required";
    for held in ["", REVOKED] {
        check_call(id, "rfc7009", held, READ_ONLY, |_| refusal(403), Is::Held);
        check_call(id, "rfc7009", held, READ_ONLY, |_| refusal(401), Is::Held);
        check_call(id, "rfc7009", held, READ_ONLY, empty, Is::Violated);
        check_call(
            id,
            "rfc7009",
            held,
            READ_ONLY,
            |_| refusal(404),
            Is::Violated,
        );
    }
    check_call(
        id,
        "rfc7009",
        "",
        READ_ONLY,
        is_refused_and_revokes,
        Is::Violated,
    );
    let kills: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        says_revoked(desk, &["access_token", "refresh_token"])
    };
    check_call(id, "rfc7009", "", READ_ONLY, kills, Is::Violated);
    check_call(
        id,
        "rfc7009",
        "",
        OTHER_PROJECT,
        |_| refusal(404),
        Is::NotMade,
    );
}

/// CA-ORDER: the contract is silent.
#[test]
fn a_key_that_may_only_read_may_be_told_of_another_reason() {
    let id = "scope-is-required";
    for (provider, held, status) in [
        ("rfc7009", ", status = \"EXPIRED\"", 409),
        ("rfc7009", INACTIVE, 409),
        ("rfc7009", API_KEY, 400),
        ("no-revoke-route", "", 400),
        ("refresh-only", NO_REFRESH_TOKEN, 400),
    ] {
        let scenario = revoke_by(held, "", READ_ONLY);
        check_scenario(id, provider, &scenario, |_, _| refusal(status), Is::NotMade);
    }
    let unknown = "unknown_like = \"alice\", key = \"read_only\"";
    check_call(id, "rfc7009", "", unknown, |_| refusal(404), Is::NotMade);
}

#[test]
fn an_account_of_another_project_is_refused() {
    let id = "foreign-is-refused";
    for held in ["", REVOKED, INACTIVE] {
        check_call(
            id,
            "rfc7009",
            held,
            OTHER_PROJECT,
            |_| refusal(404),
            Is::Held,
        );
        check_call(
            id,
            "rfc7009",
            held,
            OTHER_PROJECT,
            |_| refusal(403),
            Is::Held,
        );
        check_call(
            id,
            "rfc7009",
            held,
            OTHER_PROJECT,
            |_| refusal(409),
            Is::Violated,
        );
        check_call(id, "rfc7009", held, OTHER_PROJECT, empty, Is::Violated);
    }
    check_call(
        id,
        "rfc7009",
        "",
        OTHER_PROJECT,
        is_refused_and_revokes,
        Is::Violated,
    );
    check_call(
        id,
        "rfc7009",
        "",
        OTHER_PROJECT,
        |_| refusal(500),
        Is::Violated,
    );
    let unknown = "unknown_like = \"alice\", key = \"other_project\"";
    check_call(id, "rfc7009", "", unknown, |_| refusal(404), Is::Held);
    check_call(id, "rfc7009", "", READ_ONLY, |_| refusal(403), Is::NotMade);
}

#[test]
fn whatever_the_key_a_refusal_changes_and_dispatches_nothing() {
    let dispatches: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        refusal(403)
    };
    for call in [READ_ONLY, OTHER_PROJECT, NO_KEY] {
        let id = "refusal-keeps-status";
        check_call(
            id,
            "rfc7009",
            "",
            call,
            is_refused_and_revokes,
            Is::Violated,
        );
        check_call(id, "rfc7009", "", call, |_| refusal(403), Is::Held);
        check_call(id, "rfc7009", REVOKED, call, |_| refusal(403), Is::Held);
        check_call(id, "rfc7009", "", call, empty, Is::NotMade);
        let id = "refusal-dispatches-nothing";
        check_call(id, "rfc7009", "", call, dispatches, Is::Violated);
        check_call(id, "rfc7009", "", call, |_| refusal(403), Is::Held);
        check_call(id, "rfc7009", "", call, |_| refusal(500), Is::NotMade);
    }
}

#[test]
fn what_is_no_oauth_account_is_unsupported() {
    let id = "unsupported-is-400";
    let dispatches: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        refusal(400)
    };
    let changes_status: Target = |desk| {
        desk.becomes("alice", AccountStatus::Expired);
        refusal(400)
    };
    for scheme in ["API_KEY", "BEARER_TOKEN", "NO_AUTH"] {
        let held = format!(", scheme = \"{scheme}\"");
        check(id, "rfc7009", &held, "", |_| refusal(400), Is::Held);
        check(id, "rfc7009", &held, "", |_| refusal(500), Is::Violated);
        check(id, "rfc7009", &held, "", |_| refusal(409), Is::Violated);
        check(id, "rfc7009", &held, "", empty, Is::Violated);
        check(id, "rfc7009", &held, "", dispatches, Is::Violated);
        check(id, "rfc7009", &held, "", changes_status, Is::Violated);
        // Which refusal wins is open (CA-ORDER).
        let expired = format!("{held}, status = \"EXPIRED\"");
        check(id, "rfc7009", &expired, "", |_| refusal(409), Is::NotMade);
        let revoked = format!("{held}{REVOKED}");
        check(id, "rfc7009", &revoked, "", empty, Is::NotMade);
    }
    check(id, "no-revoke-route", "", "", |_| refusal(400), Is::Held);
    check(id, "no-revoke-route", "", "", empty, Is::Violated);
    check(id, "rfc7009", "", "", |_| refusal(400), Is::NotMade);
}

/// Nothing that an account of another scheme holds can be revoked, so that nothing is asked of a
/// target that leaves it alone.
#[test]
fn of_what_is_no_oauth_account_nothing_is_expected_to_die() {
    for id in [
        "revoked-means-dead",
        "live-refresh-token-dies",
        "body-is-optional",
        "partial-support-is-200",
        "nothing-held-outcome",
        "dead-before-outcome",
        "all-failed-is-500",
    ] {
        check(id, "rfc7009", API_KEY, "", |_| refusal(400), Is::NotMade);
        check(id, "access-only", API_KEY, "", empty, Is::NotMade);
    }
}

#[test]
fn a_status_that_allows_no_revoke_is_a_conflict() {
    let id = "state-is-409";
    for status in ["INITIALIZING", "INITIATED", "EXPIRED", "FAILED", "INACTIVE"] {
        let held = format!(", status = \"{status}\"");
        check(id, "rfc7009", &held, "", |_| refusal(409), Is::Held);
        check(id, "rfc7009", &held, "", |_| refusal(400), Is::Violated);
        check(id, "rfc7009", &held, "", empty, Is::Violated);
        // Which refusal wins is open (CA-ORDER), and so is what an account that holds nothing
        // killable is told (CA-NOTHING-HELD).
        check(
            id,
            "no-revoke-route",
            &held,
            "",
            |_| refusal(400),
            Is::NotMade,
        );
        let scheme = format!("{held}{API_KEY}");
        check(id, "rfc7009", &scheme, "", |_| refusal(400), Is::NotMade);
        let nothing = format!("{held}{NO_REFRESH_TOKEN}");
        check(
            id,
            "refresh-only",
            &nothing,
            "",
            |_| refusal(400),
            Is::NotMade,
        );
        check(id, "rfc7009", &nothing, "", |_| refusal(400), Is::Violated);
    }
    check(id, "rfc7009", "", "", |_| refusal(409), Is::NotMade);
    check(id, "rfc7009", REVOKED, "", |_| refusal(409), Is::NotMade);
}

#[test]
fn a_repetition_is_silent_where_nothing_else_speaks_against_it() {
    let id = "repeat-is-silent";
    check(id, "rfc7009", REVOKED, "", empty, Is::Held);
    check(id, "rfc7009", REVOKED, "", |_| refusal(409), Is::Violated);
    check(
        id,
        "no-revoke-route",
        REVOKED,
        "",
        |_| refusal(400),
        Is::NotMade,
    );
    let nothing = format!("{REVOKED}{NO_REFRESH_TOKEN}");
    check(
        id,
        "refresh-only",
        &nothing,
        "",
        |_| refusal(400),
        Is::NotMade,
    );
    check(id, "rfc7009", &nothing, "", |_| refusal(400), Is::Violated);
}

/// A target that deletes alice, or the client that she was connected through, and then answers a
/// revoke of her.
fn deleted_and_then(delete: u16, revoke: Target) -> impl FnMut(&mut Desk, &Verb) -> CallOutcome {
    move |desk, verb| match verb {
        Verb::Revoke(_) => revoke(desk),
        _ if delete == 200 => {
            desk.disappears("alice");
            crate::support::answer(200, &serde_json::json!({ "success": true }))
        }
        _ => refusal(delete),
    }
}

const REVOKE: &str = "revoke = { account = \"alice\" }\nexpect = { status = 404 }";

#[test]
fn what_is_deleted_is_not_found() {
    let id = "deleted-is-404";
    let dispatches: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        refusal(404)
    };
    for deletion in [
        "delete = { account = \"alice\" }",
        "delete = { account = \"alice\", and_revoke = true }",
        "delete_client = { client = \"main\" }",
    ] {
        let check_deleted = |provider, held, delete, target: Target, expected| {
            let scenario = scenario(held, deletion, &[REVOKE]);
            check_scenario(
                id,
                provider,
                &scenario,
                deleted_and_then(delete, target),
                expected,
            );
        };
        check_deleted("rfc7009", "", 200, |_| refusal(404), Is::Held);
        check_deleted("rfc7009", "", 200, |_| refusal(400), Is::Violated);
        check_deleted("rfc7009", "", 200, |_| refusal(409), Is::Violated);
        check_deleted(
            "rfc7009",
            "",
            200,
            |desk| desk.success("alice", &[]),
            Is::Violated,
        );
        // What comes after a deletion that revokes counts as its job's.
        let expected = if deletion.contains("and_revoke") {
            Is::Held
        } else {
            Is::Violated
        };
        check_deleted("rfc7009", "", 200, dispatches, expected);
        // Which refusal wins is open (CA-ORDER).
        check_deleted("no-revoke-route", "", 200, |_| refusal(400), Is::NotMade);
        check_deleted("rfc7009", API_KEY, 200, |_| refusal(400), Is::NotMade);
        // Nothing was deleted.
        check_deleted("rfc7009", "", 500, |_| refusal(404), Is::NotMade);
    }
}

#[test]
fn accounts_of_another_client_are_not_deleted_with_one() {
    let lines = "connect = { account = \"bob\", client = \"other\" }\n\
                 delete_client = { client = \"other\" }";
    let scenario = scenario("", lines, &[REVOKE]);
    let target = |desk: &mut Desk, verb: &Verb| match verb {
        Verb::Revoke(_) => {
            desk.dispatch("alice", REFRESH);
            says_revoked(desk, &["access_token", "refresh_token"])
        }
        _ => crate::support::answer(200, &serde_json::json!({})),
    };
    check_scenario("deleted-is-404", "rfc7009", &scenario, target, Is::NotMade);
    check_scenario("body-is-optional", "rfc7009", &scenario, target, Is::Held);
}

#[test]
fn an_unknown_id_is_not_found() {
    let id = "unknown-is-404";
    let unknown = "unknown_like = \"alice\"";
    check_call(id, "rfc7009", "", unknown, |_| refusal(404), Is::Held);
    check_call(id, "rfc7009", "", unknown, |_| refusal(400), Is::Violated);
    let dispatches: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        refusal(404)
    };
    check_call(id, "rfc7009", "", unknown, dispatches, Is::Violated);
    let method = "unknown_like = \"alice\", method = \"PUT\"";
    check_call(id, "rfc7009", "", method, |_| refusal(405), Is::NotMade);
    let literal = "id = \"nonsense\"";
    check_call(id, "rfc7009", "", literal, |_| refusal(400), Is::NotMade);
}
