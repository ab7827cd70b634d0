//! Answers as ever, and an effect that never comes or comes late.

use rescind_model::TokenState;
use rescind_provider::Outcome;
use serde_json::json;

use super::{Line, NOTHING, REVOKED, ada_revokes, fail};
use crate::support::{Ask, World, access, form, refresh};

#[tokio::test]
async fn a_lie_is_answered_like_the_truth_byte_for_byte_and_nothing_dies() {
    let world = World::start("rfc7009").await;
    let fault = json!({ "endpoint": "revocation", "nth": 1, "lie": {} });
    fail(&world, &fault);
    let mut line = Line::sending(&world, &ada_revokes(&world)).await;
    assert_eq!(line.answer().await, REVOKED);
    assert_eq!(world.noteworthy(), NOTHING);
    let entry = world.last_entry();
    assert_eq!((entry.outcome, entry.status), (Outcome::Fault, 200));
    assert!(entry.acknowledged && entry.killed.is_empty());
    assert_eq!(entry.faults, ["lie"]);
    // The connection is kept, and the truth that follows looks the same.
    line.send(&ada_revokes(&world)).await;
    assert_eq!(line.answer().await, REVOKED);
    assert_eq!(world.noteworthy(), ["ada access dead"]);
    assert!(world.last_entry().faults.is_empty());
}

#[tokio::test]
async fn a_lie_about_what_would_be_refused_is_refused() {
    let world = World::start("rfc7009").await;
    fail(&world, &json!({ "endpoint": "revocation", "lie": {} }));
    let answer = world
        .send(Ask::post("/oauth2/revoke").form(&[("token", access(&world.ada))]))
        .await;
    assert_eq!(answer.status, 401);
    assert!(!world.last_entry().acknowledged);
}

#[tokio::test]
async fn a_lie_at_the_token_endpoint_gives_a_token_that_nobody_knows_and_keeps_the_old_one() {
    let world = World::start("rfc7009").await;
    fail(&world, &json!({ "endpoint": "token", "nth": 1, "lie": {} }));
    let renew = || {
        Ask::post("/oauth2/token").basic(&world.ada.client).form(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh(&world.ada)),
        ])
    };
    let answer = world.send(renew()).await;
    assert_eq!(answer.status, 200);
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(world.noteworthy(), NOTHING);
    // The journal hides it all the same.
    let key = world.tenant.fingerprints().clone();
    let scanner = world.tenant.lock().scanner(key);
    let lines = world.last_entry().answer_lines(&scanner).join("\n");
    assert!(lines.contains("access_token") && !lines.contains(&token));
    let shown = world.send(Ask::get("/userinfo").bearer(&token)).await;
    assert_eq!(shown.status, 401);
    // The truth that follows gives what the lie has promised.
    let answer = world.send(renew()).await;
    assert_eq!(answer.json()["access_token"], token);
    let shown = world.send(Ask::get("/userinfo").bearer(&token)).await;
    assert_eq!(shown.status, 200);
}

#[tokio::test]
async fn a_late_kill_is_answered_at_once_and_kills_later_by_the_providers_clock() {
    let world = World::start("rfc7009").await;
    let elapsed = world.tenant.elapsed();
    world.tenant.lock().clock_mut().freeze(elapsed);
    let fault = json!({ "endpoint": "revocation", "nth": 1, "late_kill": { "seconds": 30 } });
    fail(&world, &fault);
    let mut line = Line::sending(&world, &ada_revokes(&world)).await;
    assert_eq!(line.answer().await, REVOKED);
    let entry = world.last_entry();
    assert_eq!((entry.outcome, entry.status), (Outcome::Done, 200));
    assert!(entry.acknowledged);
    assert_eq!(entry.faults, ["late_kill"]);
    // The journal names what dies of it, and the ledger when.
    let [killed] = entry.killed[..] else {
        panic!("one token dies");
    };
    let thirty_seconds_on = entry.at.after_seconds(30);
    let death = {
        let state = world.tenant.lock();
        assert_eq!(state.ledger().state(killed, entry.at), TokenState::Alive);
        let tokens = state.ledger().tokens(world.ada.grant, thirty_seconds_on);
        tokens.into_iter().find(|token| token.id == killed)
    };
    let death = death.and_then(|token| token.death);
    assert_eq!(death.map(|death| death.at), Some(thirty_seconds_on));
    world.tenant.lock().clock_mut().advance(29);
    assert_eq!(world.noteworthy(), NOTHING);
    let ask = || Ask::get("/userinfo").bearer(access(&world.ada));
    assert_eq!(world.send(ask()).await.status, 200);
    world.tenant.lock().clock_mut().advance(1);
    assert_eq!(world.noteworthy(), ["ada access dead"]);
    assert_eq!(world.send(ask()).await.status, 401);
}

#[tokio::test]
async fn until_a_late_kill_bites_a_second_revocation_finds_the_grant_alive() {
    let world = World::start("grant-only").await;
    let late = json!({ "endpoint": "revocation", "late_kill": { "seconds": 30 } });
    fail(&world, &late);
    let (_, account_id) = world.ada.account_id.as_ref().unwrap();
    let body = form(&[("account_id", account_id)]);
    for expected in [r#"{"deauthorized":true}"#; 2] {
        let ask = Ask::post("/oauth/deauthorize").basic(&world.ada.client);
        let form = "application/x-www-form-urlencoded";
        let answer = world.send(ask.body(form, body.clone())).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, expected));
    }
    assert_eq!(world.noteworthy(), NOTHING);
    world.tenant.lock().clock_mut().advance(31);
    assert_eq!(world.noteworthy(), ["ada access dead", "ada refresh dead"]);
}

#[tokio::test]
async fn a_noop_is_counted_and_changes_nothing() {
    let world = World::start("rfc7009").await;
    fail(&world, &json!({ "endpoint": "revocation", "noop": {} }));
    let mut line = Line::sending(&world, &ada_revokes(&world)).await;
    assert_eq!(line.answer().await, REVOKED);
    assert_eq!(world.noteworthy(), ["ada access dead"]);
    let entry = world.last_entry();
    assert_eq!((entry.faults, entry.acknowledged), (vec!["noop"], true));
    let state = world.tenant.lock();
    let matched: Vec<u32> = state.faults().iter().map(|set| set.matched).collect();
    assert_eq!(matched, [1]);
}
