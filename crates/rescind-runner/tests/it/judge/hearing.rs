//! What a target may know of a dispatch whose answer was lost, spoiled or not true.

use std::sync::Arc;

use rescind_model::profile::Profile;
use rescind_model::{SourceFile, Subject};

use super::{
    ACCESS, Desk, Is, REFRESH, Target, check, check_record, check_scenario,
    dispatches_both_and_lists_both, outcome_of, profile, record, revoke_of_alice, says_revoked,
};
use crate::files::read;
use crate::support::{refusal, scenario};
use rescind_runner::record::CallOutcome;

const LIES: &str = "fail = { endpoint = \"revocation\", lie = {} }";
const KILLS_LATE: &str = "fail = { endpoint = \"revocation\", late_kill = { seconds = 30 } }";
const KILLS_AND_DROPS: &str =
    "fail = { endpoint = \"revocation\", drop = { when = \"after_effect\" } }";
const DROPS: &str = "fail = { endpoint = \"revocation\", drop = {} }";
const PAGE: &str =
    "fail = { endpoint = \"revocation\", answer = { status = 200, text = \"<p>\" } }";
const NO_CONTENT: &str =
    "fail = { endpoint = \"revocation\", answer = { status = 204, text = \"\" } }";
const WITHOUT_STATUS: &str = "fail = { endpoint = \"revocation\", truncate = { at_byte = 9 } }";
const SHORT: &str = "fail = { endpoint = \"revocation\", wrong_length = { by = -1 } }";

const BOTH: [&str; 2] = ["access_token", "refresh_token"];

fn by_refresh_token(desk: &mut Desk, listed: &[&str]) -> CallOutcome {
    desk.dispatch("alice", REFRESH);
    says_revoked(desk, listed)
}

#[test]
fn who_believes_a_lie_is_right_and_who_lists_what_nobody_said_is_not() {
    for provider in ["rfc7009", "google"] {
        let believes: Target = |desk| by_refresh_token(desk, &BOTH);
        for untrue in [LIES, PAGE] {
            for id in ["listed-is-dead", "listed-is-acknowledged"] {
                check(id, provider, "", untrue, believes, Is::Held);
            }
            // All of it is excused.
            check(
                "revoked-means-dead",
                provider,
                "",
                untrue,
                believes,
                Is::NotMade,
            );
        }
        let claims: Target = |desk| says_revoked(desk, &BOTH);
        check("listed-is-dead", provider, "", LIES, claims, Is::Violated);
    }
    // What the lie was not about is no excuse.
    let spares: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        says_revoked(desk, &["access_token"])
    };
    check(
        "revoked-means-dead",
        "rfc7009",
        "",
        LIES,
        spares,
        Is::Violated,
    );
}

#[test]
fn who_looks_after_a_lie_may_answer_500() {
    let looks: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        refusal(500)
    };
    for id in [
        "body-is-optional",
        "all-failed-is-500",
        "some-acknowledged-is-200",
    ] {
        check(id, "google", "", LIES, looks, Is::NotMade);
    }
    check("body-is-optional", "google", "", "", looks, Is::Violated);
}

#[test]
fn what_is_going_to_die_of_a_revocation_counts_as_dead() {
    let both: Target = dispatches_both_and_lists_both;
    for id in [
        "listed-is-dead",
        "listed-is-acknowledged",
        "revoked-means-dead",
    ] {
        check(id, "rfc7009", "", KILLS_LATE, both, Is::Held);
    }
    // Nobody need list what they can still see alive.
    let lists_none_of_it: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        by_refresh_token(desk, &["refresh_token"])
    };
    let id = "acknowledged-is-listed";
    check(id, "rfc7009", "", KILLS_LATE, lists_none_of_it, Is::NotMade);
    check(id, "rfc7009", "", "", lists_none_of_it, Is::Violated);
}

#[test]
fn a_sibling_that_is_going_to_die_is_lost() {
    let steps = format!("connect = {{ account = \"bob\" }}\n{KILLS_LATE}");
    let kills_bobs: Target = |desk| {
        desk.dispatch("bob", REFRESH);
        dispatches_both_and_lists_both(desk)
    };
    check(
        "siblings-live",
        "rfc7009",
        "",
        &steps,
        kills_bobs,
        Is::Violated,
    );
}

#[test]
fn a_kill_that_went_unheard_may_be_taken_for_done_and_not_be_claimed() {
    let takes_for_done: Target = |desk| by_refresh_token(desk, &[]);
    let claims: Target = |desk| by_refresh_token(desk, &BOTH);
    let gives_up: Target = |desk| {
        desk.dispatch("alice", REFRESH);
        refusal(500)
    };
    for unheard in [KILLS_AND_DROPS, WITHOUT_STATUS] {
        let id = "empty-means-revoked";
        check(id, "google", "", unheard, takes_for_done, Is::Held);
        let id = "all-failed-is-500";
        check(id, "google", "", unheard, takes_for_done, Is::NotMade);
        check(id, "google", "", unheard, gives_up, Is::NotMade);
        let id = "listed-is-acknowledged";
        check(id, "google", "", unheard, claims, Is::Violated);
    }
    // Nothing took effect, so that it was luck.
    let id = "all-failed-is-500";
    check(id, "google", "", DROPS, takes_for_done, Is::Violated);
    check(id, "google", "", DROPS, gives_up, Is::Held);
    let id = "empty-means-revoked";
    check(id, "google", "", DROPS, takes_for_done, Is::Violated);
}

#[test]
fn a_kill_that_went_unheard_need_not_be_listed_when_it_is_acknowledged_later() {
    let once = KILLS_AND_DROPS.replace("{ endpoint", "{ nth = 1, endpoint");
    let id = "acknowledged-is-listed";
    let modest: Target = |desk| {
        desk.dispatch("alice", ACCESS);
        desk.dispatch("alice", ACCESS);
        by_refresh_token(desk, &["refresh_token"])
    };
    check(id, "rfc7009", "", &once, modest, Is::Held);
    check(id, "rfc7009", "", "", modest, Is::Violated);
}

#[test]
fn a_status_counts_where_it_is_all_that_the_route_says() {
    let id = "listed-is-acknowledged";
    let claims: Target = |desk| by_refresh_token(desk, &BOTH);
    check(id, "google", "", SHORT, claims, Is::Held);
    check(id, "google", "", NO_CONTENT, claims, Is::Violated);
    // Where the body tells a success from a refusal, the status is none.
    let profile = changed(
        "google",
        "dead = { status = 400, json",
        "dead = { status = 200, json",
    );
    for fault in [SHORT, PAGE] {
        let scenario = revoke_of_alice("", fault);
        let record = record(&profile, &scenario, |desk, _| by_refresh_token(desk, &BOTH));
        assert_eq!(outcome_of(&record, id), Is::Violated, "{fault}");
    }
}

/// A profile in which something else is said.
fn changed(name: &str, from: &str, to: &str) -> Arc<Profile> {
    let path = format!("fixtures/providers/{name}.toml");
    let text = read(&path).text().to_owned();
    assert!(text.contains(from), "{path} says nothing like {from}");
    let file = SourceFile::new(path, text.replacen(from, to, 1));
    Arc::new(Profile::parse(&file).expect("the profile is valid"))
}

#[test]
fn what_was_never_given_is_not_held() {
    let lost = "fail = { endpoint = \"token\", nth = 1, drop = { when = \"after_effect\" } }";
    let steps = [
        "refresh = { account = \"alice\" }",
        "revoke = { account = \"alice\" }\nexpect = { status = 200 }",
    ];
    let scenario = scenario("", lost, &steps);
    let target = |desk: &mut Desk, verb: &rescind_model::scenario::Verb| {
        if matches!(verb, rescind_model::scenario::Verb::Refresh(_)) {
            desk.refresh("alice");
            return refusal(502);
        }
        dispatches_both_and_lists_both(desk)
    };
    for id in ["listed-is-dead", "revoked-means-dead", "token-is-exact"] {
        check_scenario(id, "rfc7009", &scenario, target, Is::Held);
    }
    let record = record(&profile("rfc7009"), &scenario, target);
    let end = &record.steps.last().unwrap().after.accounts["alice"];
    let newest = |subject: Subject| {
        let tokens = end
            .tokens
            .iter()
            .filter(|token| token.id.subject == subject);
        tokens.map(|token| token.id.generation).max()
    };
    for subject in Subject::ALL {
        assert_eq!(end.held(subject).map(|token| token.id.generation), Some(0));
        assert_eq!(newest(subject), Some(1));
    }
    check_record("revoked-means-dead", &record, Is::Held);
}

#[test]
fn to_repeat_what_went_unheard_does_no_harm() {
    let steps = ["revoke = { account = \"alice\" }\nexpect = { status = 500 }"; 2];
    let repeats = |desk: &mut Desk, _: &rescind_model::scenario::Verb| {
        desk.dispatch("alice", REFRESH);
        refusal(500)
    };
    let id = "retry-is-harmless";
    let unheard = scenario("", KILLS_AND_DROPS, &steps);
    check_scenario(id, "google", &unheard, repeats, Is::Held);
    let heard = scenario("", "", &steps);
    check_scenario(id, "google", &heard, repeats, Is::Violated);
}
