//! A provider where the access token authenticates the end of either token: the refresh token has
//! to go first, and an access token that is of no use has to be replaced before.

use serde_json::{Value, json};
use wiremock::matchers::{body_string_contains, header, path};
use wiremock::{Mock, ResponseTemplate};

use crate::support::{ACCESS, Harness, REFRESH, both, error, listed, ok};

const TOOLKIT: &str = "self-authenticating";
const BOTH: [&str; 2] = ["access_token", "refresh_token"];

/// Only this access token is alive; a refresh brings it.
async fn provider_with_live(harness: &Harness, token: &str) {
    let fresh = json!({"access_token": "fresh", "refresh_token": "rotated", "expires_in": 3600});
    harness.answer("/token", ok().set_body_json(fresh)).await;
    Mock::given(path("/revoke"))
        .and(header("authorization", format!("Bearer {token}")))
        .respond_with(ok())
        .mount(&harness.provider)
        .await;
    harness.answer("/revoke", error(401, "invalid_token")).await;
}

fn presented(token: &str, hint: &str, bearer: &str) -> String {
    format!("POST /revoke [token={token} token_type_hint={hint}] Bearer {bearer}")
}

fn refreshed() -> String {
    format!("POST /token [grant_type=refresh_token refresh_token={REFRESH}] Basic")
}

#[tokio::test]
async fn the_refresh_token_goes_first_and_the_access_token_authenticates_both() {
    let harness = Harness::start().await;
    provider_with_live(&harness, ACCESS).await;
    let id = harness.account_with_both(TOOLKIT).await;
    assert_eq!(listed(&harness.revoke(&id).await), BOTH);
    assert_eq!(
        harness.journal().await,
        [
            presented(REFRESH, "refresh_token", ACCESS),
            presented(ACCESS, "access_token", ACCESS),
        ]
    );
}

#[tokio::test]
async fn an_access_token_of_no_use_is_replaced_first_and_the_new_one_is_killed() {
    let mut expired = both();
    expired["expires_in"] = (-1).into();
    let unnoticed = presented(REFRESH, "refresh_token", ACCESS);
    for (val, before) in [
        (expired, None),
        (json!({"refresh_token": REFRESH}), None),
        (both(), Some(unnoticed)),
    ] {
        let harness = Harness::start().await;
        provider_with_live(&harness, "fresh").await;
        let id = harness.account(TOOLKIT, val).await;
        assert_eq!(listed(&harness.revoke(&id).await), BOTH);
        let expected: Vec<String> = before
            .into_iter()
            .chain([
                refreshed(),
                presented("rotated", "refresh_token", "fresh"),
                presented("fresh", "access_token", "fresh"),
            ])
            .collect();
        assert_eq!(harness.journal().await, expected);
    }
}

#[tokio::test]
async fn an_access_token_alone_kills_itself_or_is_dead() {
    for (live, expected) in [(ACCESS, &BOTH[..1]), ("another", &[])] {
        let harness = Harness::start().await;
        provider_with_live(&harness, live).await;
        let val = json!({"access_token": ACCESS});
        let id = harness.account(TOOLKIT, val).await;
        assert_eq!(listed(&harness.revoke(&id).await), expected);
        assert_eq!(harness.journal().await.len(), 1);
    }
}

async fn outcome_with_refresh(val: Value, refresh: ResponseTemplate) -> (u16, String, usize) {
    let harness = Harness::start().await;
    harness.answer("/token", refresh).await;
    harness.answer("/revoke", error(401, "invalid_token")).await;
    let id = harness.account(TOOLKIT, val).await;
    let answer = harness.revoke(&id).await;
    if answer.status == 200 {
        assert!(listed(&answer).is_empty());
    }
    let dispatched = harness.journal().await.len() - 1;
    (answer.status, harness.status(&id).await, dispatched)
}

#[tokio::test]
async fn a_refused_refresh_means_dead_and_a_failed_one_means_failed() {
    let refresh_token = json!({"refresh_token": REFRESH});
    let refused = error(400, "invalid_grant");
    let failed = error(500, "oops");
    let revoked = |dispatched| (200, "REVOKED".to_owned(), dispatched);
    let unchanged = |dispatched| (500, "ACTIVE".to_owned(), dispatched);
    assert_eq!(
        outcome_with_refresh(refresh_token.clone(), refused.clone()).await,
        revoked(0)
    );
    assert_eq!(outcome_with_refresh(both(), refused).await, revoked(2));
    assert_eq!(
        outcome_with_refresh(refresh_token, failed.clone()).await,
        unchanged(0)
    );
    assert_eq!(outcome_with_refresh(both(), failed).await, unchanged(2));
}

#[tokio::test]
async fn two_routes_ends_single_tokens_and_signs_nobody_out() {
    let harness = Harness::start().await;
    Mock::given(path("/revoke"))
        .and(body_string_contains("token="))
        .respond_with(ok())
        .mount(&harness.provider)
        .await;
    let id = harness.account_with_both("two-routes").await;
    assert_eq!(listed(&harness.revoke(&id).await), BOTH);
    assert_eq!(
        harness.journal().await,
        [
            format!("POST /revoke [token={ACCESS} token_type_hint=access_token] Basic"),
            format!("POST /revoke [token={REFRESH} token_type_hint=refresh_token] Basic"),
        ]
    );
}
