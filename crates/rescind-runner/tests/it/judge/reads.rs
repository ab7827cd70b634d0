//! What a read of a revoked account says.

use rescind_model::AccountStatus;
use rescind_model::scenario::Verb;
use serde_json::{Value, json};

use super::{ACCESS, Desk, Is, REVOKED, check_scenario, says_revoked};
use crate::support::{refusal, revoke_of_alice};

const ID: &str = "revoked-read-is-explained";

/// A check of what a read says after alice was revoked.
#[track_caller]
fn check_read(body: &Value, expected: Is) {
    check_read_of("", body, expected);
}

#[track_caller]
fn check_read_of(held: &str, body: &Value, expected: Is) {
    let scenario = revoke_of_alice(held, "");
    let target = |desk: &mut Desk, _: &Verb| {
        desk.reads("alice", body);
        desk.dispatch("alice", ACCESS);
        says_revoked(desk, &["access_token"])
    };
    check_scenario(ID, "rfc7009", &scenario, target, expected);
}

const REASON: &str = "Revoked via user-initiated revoke endpoint";

#[test]
fn a_read_of_a_revoked_account_says_why() {
    check_read(
        &json!({ "status": "REVOKED", "status_reason": REASON }),
        Is::Held,
    );
    check_read(&json!({ "status": "REVOKED" }), Is::Violated);
    for reason in [
        json!(null),
        json!(""),
        json!("  "),
        json!(7),
        json!([REASON]),
    ] {
        check_read(
            &json!({ "status": "REVOKED", "status_reason": reason }),
            Is::Violated,
        );
    }
}

#[test]
fn a_read_of_a_revoked_account_has_no_member_of_a_token() {
    let with =
        |state: Value| json!({ "status": "REVOKED", "status_reason": REASON, "state": state });
    check_read(
        &with(json!({ "val": { "status": "REVOKED", "revoked_at": "2026-09-01" } })),
        Is::Held,
    );
    check_read(
        &with(json!({ "val": { "access_token": "redacted" } })),
        Is::Violated,
    );
    check_read(
        &with(json!([{ "refresh_token": "redacted" }])),
        Is::Violated,
    );
    // A word is no member.
    check_read(
        &with(json!({ "revoked": ["access_token", "refresh_token"] })),
        Is::Held,
    );
}

#[test]
fn no_reason_is_expected_of_what_was_not_revoked_here() {
    let bare = json!({ "status": "REVOKED", "access_token": "redacted" });
    // Connected as REVOKED: nobody has told the target why.
    check_read_of(REVOKED, &bare, Is::NotMade);
    let scenario = revoke_of_alice("", "");
    let stays = |desk: &mut Desk, _: &Verb| {
        desk.reads("alice", &bare);
        refusal(500)
    };
    check_scenario(ID, "rfc7009", &scenario, stays, Is::NotMade);
    let expires = |desk: &mut Desk, _: &Verb| {
        desk.reads("alice", &bare);
        desk.becomes("alice", AccountStatus::Expired);
        refusal(500)
    };
    check_scenario(ID, "rfc7009", &scenario, expires, Is::NotMade);
}

#[test]
fn no_read_shows_a_secret() {
    let scenario = revoke_of_alice("", "");
    let id = "no-secret-elsewhere";
    let shows = |desk: &mut Desk, _: &Verb| {
        let token = desk.token("alice", ACCESS).unwrap().text;
        desk.reads("alice", &json!({ "hint": token[..12] }));
        refusal(500)
    };
    check_scenario(id, "rfc7009", &scenario, shows, Is::Violated);
    let hides = |desk: &mut Desk, _: &Verb| {
        desk.reads("alice", &json!({ "hint": "ab…" }));
        refusal(500)
    };
    check_scenario(id, "rfc7009", &scenario, hides, Is::Held);
}
