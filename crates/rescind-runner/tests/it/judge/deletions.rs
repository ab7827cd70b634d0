//! What a deletion must do, and must not.

use rescind_model::scenario::Verb;
use serde_json::{Value, json};

use super::{
    ACCESS, API_KEY, CallOutcome, CaseRecord, DEAD_ACCESS_TOKEN, Desk, EVERYTHING_EXPIRED, EXPIRED,
    FAILS, INACTIVE, Is, NO_ACCESS_TOKEN, REFRESH, REMOVED, REVOKED, Target, check_record,
    check_scenario, profile, record,
};
use crate::support::{answer, refusal, scenario};

const DELETE: &str = "delete = { account = \"alice\" }\nexpect = { status = 200 }";
const DELETE_AND_REVOKE: &str =
    "delete = { account = \"alice\", and_revoke = true }\nexpect = { status = 200 }";

fn deleted(desk: &mut Desk, body: &Value) -> CallOutcome {
    desk.disappears("alice");
    answer(200, body)
}

fn names_its_job(desk: &mut Desk) -> CallOutcome {
    deleted(desk, &json!({ "success": true, "revoke_job_id": "pj_1" }))
}

fn names_none(desk: &mut Desk) -> CallOutcome {
    deleted(desk, &json!({ "success": true }))
}

#[track_caller]
fn check_deletion(
    id: &str,
    provider: &str,
    (held, before, deletion): (&str, &str, &str),
    target: Target,
    expected: Is,
) {
    let scenario = scenario(held, before, &[deletion]);
    check_scenario(id, provider, &scenario, |desk, _| target(desk), expected);
}

#[test]
fn a_deletion_alone_dispatches_and_kills_nothing() {
    let id = "delete-is-silent";
    let plain = ("", "", DELETE);
    check_deletion(id, "rfc7009", plain, names_none, Is::Held);
    let dispatches: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        names_none(desk)
    };
    check_deletion(id, "rfc7009", plain, dispatches, Is::Violated);
    check_deletion(id, "rfc7009", ("", FAILS, DELETE), dispatches, Is::Violated);
    check_deletion(id, "rfc7009", ("", REMOVED, DELETE), names_none, Is::Held);
    // It was refused, or asked to revoke.
    check_deletion(id, "rfc7009", plain, |_| refusal(404), Is::NotMade);
    let and_revoke = ("", "", DELETE_AND_REVOKE);
    check_deletion(id, "rfc7009", and_revoke, dispatches, Is::NotMade);
    // A refresh is no dispatch, and kills nothing that it does not replace.
    let refreshes: Target = |desk| {
        desk.refresh("alice");
        names_none(desk)
    };
    check_deletion(id, "rfc7009", plain, refreshes, Is::Held);
}

fn kills_both(desk: &mut Desk) -> CallOutcome {
    desk.dispatch("alice", REFRESH);
    names_its_job(desk)
}

#[test]
fn a_deletion_that_is_to_revoke_names_its_job_and_ends_in_dead_tokens() {
    let plain = ("", "", DELETE_AND_REVOKE);
    for id in ["deletion-names-its-job", "deletion-revokes"] {
        check_deletion(id, "rfc7009", plain, kills_both, Is::Held);
        check_deletion(id, "google", plain, kills_both, Is::Held);
        // Not asked for, or refused.
        check_deletion(id, "rfc7009", ("", "", DELETE), names_none, Is::NotMade);
        check_deletion(id, "rfc7009", plain, |_| refusal(500), Is::NotMade);
    }
    let id = "deletion-names-its-job";
    for body in [
        json!({ "success": true }),
        json!({ "revoke_job_id": null }),
        json!({ "revoke_job_id": "" }),
        json!({ "revoke_job_id": 7 }),
        json!([]),
    ] {
        let scenario = scenario("", "", &[DELETE_AND_REVOKE]);
        let target = |desk: &mut Desk, _: &Verb| deleted(desk, &body);
        check_scenario(id, "rfc7009", &scenario, target, Is::Violated);
    }
    let id = "deletion-revokes";
    check_deletion(id, "rfc7009", plain, names_its_job, Is::Violated);
    let kills_one: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        names_its_job(desk)
    };
    check_deletion(id, "rfc7009", plain, kills_one, Is::Violated);
    // Only this one can be killed there.
    check_deletion(id, "access-only", plain, kills_one, Is::Held);
    check_deletion(id, "dropbox", plain, kills_one, Is::Held);
}

#[test]
fn of_a_deletion_without_anything_to_revoke_no_job_is_expected() {
    for id in ["deletion-names-its-job", "deletion-revokes"] {
        for (provider, held, before) in [
            ("rfc7009", REVOKED, ""),
            ("rfc7009", INACTIVE, ""),
            ("rfc7009", API_KEY, ""),
            ("no-revoke-route", "", ""),
            ("rfc7009", "", REMOVED),
            ("rfc7009", "", EVERYTHING_EXPIRED),
            ("access-only", "", EXPIRED),
            // Without a refresh first, which may be left, nothing reaches the refresh token.
            ("dropbox", "", EXPIRED),
            ("dropbox", DEAD_ACCESS_TOKEN, ""),
            ("dropbox", NO_ACCESS_TOKEN, ""),
        ] {
            let case = (held, before, DELETE_AND_REVOKE);
            check_deletion(id, provider, case, names_none, Is::NotMade);
        }
    }
    // Here the refresh token is reached as it is.
    let expired = ("", EXPIRED, DELETE_AND_REVOKE);
    check_deletion(
        "deletion-revokes",
        "rfc7009",
        expired,
        names_its_job,
        Is::Violated,
    );
}

#[test]
fn a_provider_that_fails_is_not_the_fault_of_a_deletion() {
    let tries: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        desk.dispatch("alice", ACCESS);
        names_its_job(desk)
    };
    let failing = ("", FAILS, DELETE_AND_REVOKE);
    check_deletion("deletion-revokes", "rfc7009", failing, tries, Is::NotMade);
    check_deletion(
        "deletion-names-its-job",
        "rfc7009",
        failing,
        tries,
        Is::Held,
    );
}

#[test]
fn a_deletion_that_is_to_revoke_spares_other_accounts() {
    let id = "siblings-live";
    let others = "connect = { account = \"bob\" }";
    let case = ("", others, DELETE_AND_REVOKE);
    check_deletion(id, "rfc7009", case, kills_both, Is::Held);
    let kills_bob: Target = |desk| {
        desk.dispatch("bob", REFRESH);
        names_its_job(desk)
    };
    check_deletion(id, "rfc7009", case, kills_bob, Is::Violated);
    // The user's other grants cannot be spared there, by what revokes.
    let others = "connect = { account = \"carol\", user = \"alice\" }";
    check_deletion(
        id,
        "google",
        ("", others, DELETE_AND_REVOKE),
        kills_both,
        Is::Held,
    );
    check_deletion(id, "google", ("", others, DELETE), kills_both, Is::Violated);
}

const READ: &str = "read = { account = \"alice\" }";

/// The step ends when everything is dead, which may be before the last dispatch.
#[test]
fn what_a_deletions_job_dispatches_after_the_step_was_asked_for() {
    let id = "no-late-dispatch";
    let case = |deletion: &str, whose: &'static str| -> CaseRecord {
        let text = scenario("", "connect = { account = \"bob\" }", &[deletion, READ]);
        record(&profile("rfc7009"), &text, |desk, verb| match verb {
            Verb::Delete(_) => {
                desk.dispatch("alice", REFRESH);
                desk.dispatch(whose, ACCESS);
                names_its_job(desk)
            }
            _ => refusal(404),
        })
    };
    let delayed = |mut record: CaseRecord| {
        let step = &mut record.steps[2];
        step.strays.extend(step.entries.pop());
        record
    };
    let very_late = |mut record: CaseRecord| {
        record.late.extend(record.steps[2].entries.pop());
        record
    };
    let in_the_next_step = |mut record: CaseRecord| {
        let entry = record.steps[2].entries.pop();
        record.steps[3].entries.extend(entry);
        record
    };
    for delay in [
        &delayed as &dyn Fn(CaseRecord) -> CaseRecord,
        &very_late,
        &in_the_next_step,
    ] {
        check_record(id, &delay(case(DELETE_AND_REVOKE, "alice")), Is::Held);
        check_record(id, &delay(case(DELETE_AND_REVOKE, "bob")), Is::Violated);
        check_record(id, &delay(case(DELETE, "alice")), Is::Violated);
    }
    // Before the deletion nobody had asked for it.
    let mut early = case(DELETE_AND_REVOKE, "alice");
    let entry = early.steps[2].entries.pop();
    early.steps[1].strays.extend(entry);
    check_record(id, &early, Is::Violated);
}
