//! Gates: interleavings that cannot happen otherwise, each ten times out of ten.

use std::cell::Cell;
use std::time::Duration;

use rescind_model::Subject;
use rescind_model::gate::Gate;
use rescind_model::vocabulary::Endpoint;
use rescind_provider::Outcome;
use rescind_provider::gates::GateState;
use rescind_provider::server::{Address, GateHandle};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::{Answer, Ask, Http, World, access, profile, refresh};

const TIMES: usize = 10;

fn refreshing(world: &World) -> Ask {
    Ask::post("/oauth2/token").basic(&world.ada.client).form(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh(&world.ada)),
    ])
}

fn revoking(world: &World, token: &str) -> Ask {
    Ask::post("/oauth2/revoke")
        .basic(&world.ada.client)
        .form(&[("token", token)])
}

async fn is_accepted(world: &World, token: &str) -> bool {
    let answer = world.send(Ask::get("/userinfo").bearer(token)).await;
    answer.status == 200
}

/// Sends a request that a gate holds, does something meanwhile, and releases it. Returns its
/// answer.
async fn while_held(
    world: &World,
    gate: &GateHandle,
    held: Ask,
    meanwhile: impl AsyncFnOnce(),
) -> Answer {
    let is_answered = Cell::new(false);
    let sending = async {
        let answer = world.send(held).await;
        is_answered.set(true);
        answer
    };
    let doing = async {
        assert_eq!(gate.wait_until_held().await, GateState::Holding);
        meanwhile().await;
        assert!(!is_answered.get(), "it was not held");
        assert!(gate.release());
    };
    tokio::join!(sending, doing).0
}

#[tokio::test]
async fn a_refresh_held_after_its_effect_is_answered_with_a_token_that_is_dead_by_then() {
    for _ in 0..TIMES {
        let world = World::start("rfc7009").await;
        let gate = world.tenant.hold(Gate::after(Endpoint::Token));
        let answer = while_held(&world, &gate, refreshing(&world), async || {
            // The provider has issued what nobody has been told yet.
            assert_eq!(gate.held()[0].entry, Some(1));
            world.remove_by_user(&world.ada);
        })
        .await;
        assert_eq!(answer.status, 200);
        let token = answer.json()["access_token"].as_str().unwrap().to_owned();
        assert!(!is_accepted(&world, &token).await);
    }
}

#[tokio::test]
async fn a_refresh_held_before_its_effect_finds_its_token_revoked() {
    for _ in 0..TIMES {
        let world = World::start("rfc7009").await;
        let gate = world.tenant.hold(Gate::before(Endpoint::Token));
        let answer = while_held(&world, &gate, refreshing(&world), async || {
            let revoked = world.send(revoking(&world, refresh(&world.ada))).await;
            assert_eq!(revoked.status, 200);
        })
        .await;
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (400, &json!("invalid_grant"))
        );
        // It takes effect, and its number, when it is let through: after the revocation.
        let entry = world.last_entry();
        assert_eq!((entry.number, entry.endpoint), (2, Some(Endpoint::Token)));
    }
}

#[tokio::test]
async fn a_revocation_held_before_its_effect_comes_too_late_for_what_a_refresh_rotated() {
    for _ in 0..TIMES {
        let world = World::start("rfc7009").await;
        let gate = world.tenant.hold(Gate::before(Endpoint::Revocation));
        let revocation = revoking(&world, refresh(&world.ada));
        let fresh = Cell::new(None);
        let answer = while_held(&world, &gate, revocation, async || {
            let refreshed = world.send(refreshing(&world)).await;
            assert_eq!(refreshed.status, 200);
            fresh.set(Some(refreshed.json()));
        })
        .await;
        assert_eq!(answer.status, 200);
        assert_eq!(world.last_entry().outcome, Outcome::Dead);
        let fresh = fresh.take().unwrap();
        assert!(is_accepted(&world, fresh["access_token"].as_str().unwrap()).await);
    }
}

#[tokio::test]
async fn a_revocation_held_after_its_effect_has_killed_before_anybody_is_told() {
    for _ in 0..TIMES {
        let world = World::start("rfc7009").await;
        let gate = world.tenant.hold(Gate::after(Endpoint::Revocation));
        let revocation = revoking(&world, access(&world.ada));
        let answer = while_held(&world, &gate, revocation, async || {
            assert!(!is_accepted(&world, access(&world.ada)).await);
            // Nothing is acknowledged that has not been said.
            let journal = world.tenant.lock().journal().clone();
            let entry = journal.after(0).next().unwrap();
            assert_eq!((entry.acknowledged, entry.status), (false, 0));
            assert_eq!(entry.killed.len(), 1);
        })
        .await;
        assert_eq!(answer.status, 200);
        let state = world.tenant.lock();
        let entry = state.journal().after(0).next().unwrap();
        assert_eq!((entry.acknowledged, entry.status), (true, 200));
        assert_eq!(entry.gates, [gate.id()]);
    }
}

#[tokio::test]
async fn two_revocations_at_once_are_both_there_before_either_takes_effect() {
    for _ in 0..TIMES {
        let world = World::start("rfc7009").await;
        let gate = world
            .tenant
            .hold(Gate::before(Endpoint::Revocation).count(2));
        let revocation = || world.send(revoking(&world, refresh(&world.ada)));
        let doing = async {
            assert_eq!(gate.wait_until_it_holds(2).await, GateState::Holding);
            assert_eq!(world.tenant.lock().journal().received(), 0);
            assert_eq!(world.noteworthy(), [""; 0]);
            assert!(gate.release());
        };
        let (one, other, ()) = tokio::join!(revocation(), revocation(), doing);
        assert_eq!([one.status, other.status], [200, 200]);
        let state = world.tenant.lock();
        let outcomes: Vec<Outcome> = state
            .journal()
            .after(0)
            .map(|entry| entry.outcome)
            .collect();
        assert_eq!(outcomes, [Outcome::Done, Outcome::Dead]);
    }
}

#[tokio::test]
async fn a_request_may_be_held_on_both_sides_of_its_effect() {
    let world = World::start("rfc7009").await;
    let before = world.tenant.hold(Gate::before(Endpoint::Revocation));
    let after = world.tenant.hold(Gate::after(Endpoint::Revocation));
    let doing = async {
        before.wait_until_held().await;
        assert!(is_accepted(&world, access(&world.ada)).await);
        assert_eq!(after.state(), GateState::Waiting);
        before.release();
        after.wait_until_held().await;
        assert!(!is_accepted(&world, access(&world.ada)).await);
        after.release();
    };
    let revocation = world.send(revoking(&world, access(&world.ada)));
    let (answer, ()) = tokio::join!(revocation, doing);
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn only_the_requests_that_a_gate_is_for_are_held() {
    let world = World::start("rfc7009").await;
    let of_rival = Gate::before(Endpoint::Revocation)
        .about(Subject::AccessToken)
        .from_client("rival")
        .nth(2);
    let gate = world.tenant.hold(of_rival);
    let by_rival = |token| {
        Ask::post("/oauth2/revoke")
            .basic(&world.rival.client)
            .form(&[("token", token)])
    };
    for passes in [
        revoking(&world, access(&world.ada)),
        by_rival(access(&world.rival)),
        by_rival(refresh(&world.bob)),
    ] {
        world.send(passes).await;
        assert_eq!(gate.state(), GateState::Waiting);
    }
    let held = by_rival(access(&world.rival));
    while_held(&world, &gate, held, async || {
        let held = &gate.held()[0];
        assert_eq!((held.nth, held.client.as_deref()), (2, Some("rival")));
        assert_eq!(held.token.unwrap().grant, world.rival.grant);
    })
    .await;
}

/// An answer that says which gate's time was over.
fn check_timed_out(answer: &Answer, gate: &GateHandle) {
    assert_eq!(
        (answer.status, answer.json()),
        (503, json!({ "error": "gate_timed_out", "gate": gate.id() }))
    );
}

#[tokio::test]
async fn what_is_held_too_long_before_its_effect_never_takes_effect() {
    let world = World::start("rfc7009").await;
    let one_second = Gate::before(Endpoint::Revocation).timeout_seconds(1);
    let gate = world.tenant.hold(one_second);
    let answer = world.send(revoking(&world, access(&world.ada))).await;
    check_timed_out(&answer, &gate);
    assert_eq!(world.noteworthy(), [""; 0]);
    let entry = world.last_entry();
    assert_eq!((entry.outcome, entry.status), (Outcome::Fault, 503));
    assert!(!entry.acknowledged && entry.killed.is_empty());
    assert_eq!(gate.state(), GateState::TimedOut);
    // It holds no other.
    let answer = world.send(revoking(&world, access(&world.ada))).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn what_is_held_too_long_after_its_effect_has_taken_it() {
    let world = World::start("rfc7009").await;
    let one_second = Gate::after(Endpoint::Revocation).timeout_seconds(1);
    let gate = world.tenant.hold(one_second);
    let answer = world.send(revoking(&world, access(&world.ada))).await;
    check_timed_out(&answer, &gate);
    assert_eq!(world.noteworthy(), ["ada access dead"]);
    let entry = world.last_entry();
    assert_eq!((entry.outcome, entry.status), (Outcome::Done, 503));
    assert!(!entry.acknowledged);
    assert_eq!(entry.killed.len(), 1);
}

/// A gate whose client leaves while it is held.
async fn leave(world: &World, gate: Gate) -> GateHandle {
    let gate = world.tenant.hold(gate);
    let mut stream = TcpStream::connect(world.provider.address()).await.unwrap();
    let token = access(&world.ada);
    let request = format!(
        "GET /userinfo HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(gate.wait_until_held().await, GateState::Holding);
    drop(stream);
    // More than it can ever hold, so that it waits for the end.
    assert_eq!(gate.wait_until_it_holds(9).await, GateState::Abandoned);
    gate
}

#[tokio::test]
async fn a_client_that_leaves_before_the_effect_leaves_none() {
    let world = World::start("rfc7009").await;
    let gate = leave(&world, Gate::before(Endpoint::Resource)).await;
    let entry = world.last_entry();
    assert_eq!((entry.outcome, entry.status), (Outcome::Fault, 0));
    assert_eq!((entry.gates, entry.acknowledged), (vec![gate.id()], false));
    assert!(!gate.release(), "it is over");
}

#[tokio::test]
async fn a_client_that_leaves_after_the_effect_is_never_answered() {
    let world = World::start("rfc7009").await;
    leave(&world, Gate::after(Endpoint::Resource)).await;
    let entry = world.last_entry();
    assert_eq!((entry.outcome, entry.status), (Outcome::Done, 0));
    assert!(!entry.acknowledged);
}

/// Ends a gate from outside while it holds a request, and returns the answer to that.
async fn end_while_held(world: World, end: impl AsyncFnOnce(World)) -> (Answer, GateHandle) {
    let gate = world.tenant.hold(Gate::before(Endpoint::Revocation));
    let base_url = world.tenant.base_url().to_owned();
    let revocation = revoking(&world, access(&world.ada));
    let http = Http::new();
    let doing = async {
        gate.wait_until_held().await;
        end(world).await;
    };
    let (answer, ()) = tokio::join!(http.send(&base_url, revocation), doing);
    (answer, gate)
}

#[tokio::test]
async fn a_stop_answers_what_is_held() {
    let world = World::start("rfc7009").await;
    let (answer, gate) = end_while_held(world, async |world| world.provider.stop().await).await;
    check_timed_out(&answer, &gate);
    assert_eq!(gate.state(), GateState::TimedOut);
}

#[tokio::test]
async fn the_end_of_a_tenant_answers_what_is_held() {
    let world = World::start("rfc7009").await;
    let (answer, gate) = end_while_held(world, async |world| {
        world
            .provider
            .add_tenant(&Address::Root, "newer", profile("google"))
            .unwrap();
    })
    .await;
    check_timed_out(&answer, &gate);
}

#[tokio::test]
async fn a_reset_answers_what_is_held_and_leaves_no_trace_of_it() {
    let world = World::start("rfc7009").await;
    let tenant = std::sync::Arc::clone(&world.tenant);
    let (answer, gate) = end_while_held(world, async |world| world.tenant.lock().reset()).await;
    check_timed_out(&answer, &gate);
    assert_eq!(tenant.lock().journal().received(), 0);
}

async fn control(world: &World, ask: Ask) -> Value {
    let answer = world.send(ask).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

#[tokio::test]
async fn gates_are_set_watched_and_released_from_outside() {
    let world = World::start("rfc7009").await;
    let gate = json!({ "endpoint": "revocation", "when": "before_effect", "timeout_seconds": 60 });
    let set = control(&world, Ask::post("/_rescind/gates").json(&gate)).await;
    assert_eq!(
        (&set["gate"], &set["state"]),
        (&json!(1), &json!("waiting"))
    );
    assert_eq!(set["holds"]["timeout_seconds"], 60);
    let doing = async {
        let held = control(&world, Ask::get("/_rescind/gates/1?wait_seconds=60")).await;
        let fingerprint = world.tenant.fingerprints().fingerprint(access(&world.ada));
        assert_eq!(
            (&held["state"], &held["holding"]),
            (&json!("holding"), &json!(1))
        );
        assert_eq!(
            held["requests"][0],
            json!({
                "nth": 1, "state": "held", "method": "POST", "client": "main",
                "token": { "grant": 0, "subject": "access_token", "generation": 0 },
                "fingerprint": fingerprint, "entry": null,
            })
        );
        let list = control(&world, Ask::get("/_rescind/gates?wait_seconds=60")).await;
        assert_eq!(list["gates"][0], held);
        let released = control(&world, Ask::post("/_rescind/gates/1/release")).await;
        assert_eq!(released["state"], "released");
    };
    let (answer, ()) = tokio::join!(world.send(revoking(&world, access(&world.ada))), doing);
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn every_gate_is_released_at_once() {
    let world = World::start("rfc7009").await;
    for endpoint in ["token", "revocation"] {
        let gate = json!({ "endpoint": endpoint });
        control(&world, Ask::post("/_rescind/gates").json(&gate)).await;
    }
    let doing = async {
        let path = "/_rescind/gates?wait_seconds=60&holding=2";
        control(&world, Ask::get(path)).await;
        let released = control(&world, Ask::post("/_rescind/gates/release")).await;
        assert_eq!(released, json!({ "released": [1, 2] }));
        let again = control(&world, Ask::post("/_rescind/gates/release")).await;
        assert_eq!(again, json!({ "released": [] }));
    };
    let revocation = world.send(revoking(&world, access(&world.bob)));
    let (refreshed, revoked, ()) = tokio::join!(world.send(refreshing(&world)), revocation, doing);
    assert_eq!([refreshed.status, revoked.status], [200, 200]);
}

#[tokio::test]
async fn a_gate_that_makes_no_sense_is_refused() {
    let world = World::start("rfc7009").await;
    for gate in [
        json!({ "endpoint": "token", "nth": 0 }),
        json!({ "endpoint": "token", "count": 0 }),
        json!({ "endpoint": "token", "timeout_seconds": 301 }),
        json!({ "endpoint": "token", "when": "during" }),
        json!({ "when": "before_effect" }),
    ] {
        let answer = world.send(Ask::post("/_rescind/gates").json(&gate)).await;
        assert_eq!(answer.status, 400, "{gate}");
    }
    let gates = control(&world, Ask::get("/_rescind/gates")).await;
    assert_eq!(gates, json!({ "gates": [] }));
}

#[tokio::test]
async fn whoever_waits_for_a_gate_that_holds_nothing_is_told_so() {
    let world = World::start("rfc7009").await;
    let gate = world.tenant.hold(Gate::before(Endpoint::Token));
    let none = tokio::time::timeout(Duration::from_millis(20), gate.wait_until_held()).await;
    assert!(none.is_err());
    let shown = control(&world, Ask::get("/_rescind/gates/1?wait_seconds=1")).await;
    assert_eq!(shown["state"], "waiting");
}
