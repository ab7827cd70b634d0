//! The faults that a mock server shows, and those that it cannot.

use std::collections::BTreeSet;
use std::time::Duration;

use rescind_model::TokenState;
use rescind_model::fault::{Effect, Fault, Stated};
use rescind_provider::Outcome;
use serde_json::{Value, json};

use crate::support::{Http, mounted};

/// A kind of fault at the revocation endpoint.
fn fault(kind: &str, parameters: Value) -> Fault {
    let mut stated = json!({ "endpoint": "revocation" });
    stated[kind] = parameters;
    let stated: Stated = serde_json::from_value(stated).unwrap();
    stated.fault().unwrap()
}

/// Every kind that is shown: its parameters, the status of the answer, and what has become of the
/// token by then.
fn shown() -> Vec<(&'static str, Value, u16, TokenState)> {
    vec![
        ("noop", json!({}), 200, TokenState::Dead),
        ("answer", json!({ "status": 503 }), 503, TokenState::Alive),
        (
            "redirect",
            json!({ "to": "other_origin" }),
            307,
            TokenState::Alive,
        ),
        ("lie", json!({}), 200, TokenState::Alive),
        (
            "late_kill",
            json!({ "seconds": 60 }),
            200,
            TokenState::Alive,
        ),
        (
            "latency",
            json!({ "fixed_milliseconds": 2 }),
            200,
            TokenState::Dead,
        ),
        (
            "quota",
            json!({ "requests": 1, "per_seconds": 60 }),
            200,
            TokenState::Dead,
        ),
    ]
}

/// Every kind that is refused.
fn refused() -> Vec<(&'static str, Value)> {
    vec![
        ("hang", json!({})),
        ("drop", json!({})),
        ("reset", json!({})),
        ("drip", json!({ "bytes": 1, "every_milliseconds": 1 })),
        ("truncate", json!({ "at_byte": 1 })),
        ("wrong_length", json!({ "by": 1 })),
    ]
}

#[tokio::test]
async fn the_faults_that_a_mock_server_shows_are_seen_on_the_wire_and_in_the_ledger() {
    for (kind, parameters, status, state) in shown() {
        let (_server, provider) = mounted("rfc7009").await;
        provider.freeze();
        let ada = provider.mint("ada");
        provider.fail(fault(kind, parameters)).unwrap();
        let (http, url) = (
            Http::new(),
            format!("{}/oauth2/revoke", provider.base_url()),
        );
        let form = [("token", ada.access())];

        let answer = http.post(&url, &ada, &form).await;

        assert_eq!(answer.status(), status, "{kind}");
        assert_eq!(provider.state_of(ada.access()), state, "{kind}");
        let met = &provider.journal()[0].faults;
        // A quota is met by the request that is one too many.
        let expected: &[&str] = if kind == "quota" { &[] } else { &[kind] };
        assert_eq!(met, expected, "{kind}");
    }
}

#[tokio::test]
async fn what_comes_late_and_what_is_too_much_show_with_time_and_number() {
    let (_server, provider) = mounted("rfc7009").await;
    provider.freeze();
    let (http, url) = (
        Http::new(),
        format!("{}/oauth2/revoke", provider.base_url()),
    );
    let ada = provider.mint("ada");
    let form = [("token", ada.access())];
    provider
        .fail(fault("late_kill", json!({ "seconds": 60 })))
        .unwrap();
    assert_eq!(http.post(&url, &ada, &form).await.status(), 200);
    provider.advance(Duration::from_secs(59));
    assert_eq!(provider.state_of(ada.access()), TokenState::Alive);
    provider.advance(Duration::from_secs(1));
    assert_eq!(provider.state_of(ada.access()), TokenState::Dead);

    provider.recover();
    let quota = json!({ "requests": 1, "per_seconds": 60 });
    provider.fail(fault("quota", quota)).unwrap();
    assert_eq!(http.post(&url, &ada, &form).await.status(), 200);
    let too_many = http.post(&url, &ada, &form).await;
    assert_eq!(too_many.status(), 429);
    assert!(too_many.headers().contains_key("retry-after"));
    provider.recover();
    assert_eq!(http.post(&url, &ada, &form).await.status(), 200);
}

#[tokio::test]
async fn what_a_redirect_leads_to_elsewhere_is_journalled_and_changes_nothing() {
    let (_server, provider) = mounted("rfc7009").await;
    let ada = provider.mint("ada");
    provider
        .fail(fault("redirect", json!({ "to": "other_origin" })))
        .unwrap();
    let (http, url) = (
        Http::new(),
        format!("{}/oauth2/revoke", provider.base_url()),
    );
    let form = [("token", ada.access())];
    let answer = http.post(&url, &ada, &form).await;
    let location = answer.headers()["location"].to_str().unwrap();
    assert_eq!(
        location,
        format!("{}/oauth2/revoke", provider.elsewhere_url())
    );
    assert_ne!(provider.elsewhere_url(), provider.base_url());

    assert_eq!(http.post(location, &ada, &form).await.status(), 200);

    assert_eq!(provider.state_of(ada.access()), TokenState::Alive);
    assert_eq!(provider.journal()[1].outcome, Outcome::Elsewhere);
}

#[tokio::test]
async fn the_faults_of_the_connection_are_refused_and_nothing_is_set() {
    let (_server, provider) = mounted("rfc7009").await;
    let ada = provider.mint("ada");
    for (kind, parameters) in refused() {
        let refusal = provider.fail(fault(kind, parameters)).unwrap_err();
        assert_eq!(refusal.kind, kind);
        assert_eq!(
            refusal.to_string(),
            format!(
                "a mock server cannot show the fault `{kind}`: wiremock sends whole answers, late at most. \
                 Use one of `noop`, `answer`, `redirect`, `lie`, `late_kill`, `latency`, `quota`, or \
                 `rescind_provider::Provider` in place of the mock server, which shows every fault"
            )
        );
    }
    let (http, url) = (
        Http::new(),
        format!("{}/oauth2/revoke", provider.base_url()),
    );
    let form = [("token", ada.access())];
    assert_eq!(http.post(&url, &ada, &form).await.status(), 200);
}

#[tokio::test]
async fn a_fault_of_the_connection_that_was_set_behind_our_back_is_no_success() {
    let (_server, provider) = mounted("rfc7009").await;
    let ada = provider.mint("ada");
    let (http, url) = (
        Http::new(),
        format!("{}/oauth2/revoke", provider.base_url()),
    );
    let form = [("token", ada.access())];
    for (kind, parameters) in refused() {
        provider.with_state(|state, _| {
            state.recover();
            state.fail(fault(kind, parameters));
        });
        let answer = http.post(&url, &ada, &form).await;
        assert_eq!(answer.status(), 500, "{kind}");
        assert_eq!(answer.body(), b"a mock server cannot send this answer");
    }
}

#[test]
fn every_kind_of_fault_is_either_shown_or_refused() {
    let shown: BTreeSet<&str> = shown().iter().map(|(kind, ..)| *kind).collect();
    let refused: BTreeSet<&str> = refused().iter().map(|(kind, _)| *kind).collect();
    assert!(shown.is_disjoint(&refused));
    assert_eq!(&shown | &refused, BTreeSet::from(Effect::WORDS));
}
