//! Scopes: what is granted, what is told, and how a refresh narrows it.

use rescind_provider::Outcome;
use serde_json::Value;

use crate::support::flows::{
    Pairs, authorization, authorization_path, code_for, exchange, refreshing, say_yes, sent_to,
    text, token, tokens,
};
use crate::support::{World, refresh};

/// The plain provider, with more said of scopes.
async fn world(scopes: &str) -> World {
    let changed = format!("[scopes]\n{scopes}\n\n[token_endpoint]");
    World::start_changed("rfc7009", &[("[token_endpoint]", &changed)]).await
}

async fn granted(world: &World, scope: &str) -> Value {
    let request = authorization(world).with("scope", scope);
    let code = code_for(world, &request).await;
    tokens(&token(world, &exchange(&code)).await)
}

async fn refreshed(world: &World, body: &Value, scope: Option<&str>) -> Value {
    let mut pairs = refreshing(text(body, "refresh_token"));
    if let Some(scope) = scope {
        pairs = pairs.with("scope", scope);
    }
    tokens(&token(world, &pairs).await)
}

#[tokio::test]
async fn scopes_are_told_when_they_differ_from_what_was_asked_for() {
    let world = world("default = [\"files.read\"]").await;
    assert_eq!(granted(&world, "files.write").await.get("scope"), None);
    assert_eq!(granted(&world, "").await["scope"], "files.read");
    let own = Pairs::default().with("grant_type", "client_credentials");
    let body = tokens(&token(&world, &own).await);
    assert_eq!(body["scope"], "files.read");
    let body = tokens(&token(&world, &own.with("scope", "x")).await);
    assert_eq!(body.get("scope"), None);
}

#[tokio::test]
async fn scopes_are_always_told_where_the_profile_says_so() {
    let world = world("in_response = \"always\"").await;
    let body = granted(&world, "b a b").await;
    assert_eq!(body["scope"], "b a");
    assert_eq!(refreshed(&world, &body, None).await["scope"], "b a");
    // Of a grant that nobody asked anything for, nothing is known.
    assert_eq!(granted(&world, "").await.get("scope"), None);
    let minted = tokens(&token(&world, &refreshing(refresh(&world.ada))).await);
    assert_eq!(minted.get("scope"), None);
}

#[tokio::test]
async fn google_tells_scopes_always() {
    let world = World::start("google").await;
    assert_eq!(
        granted(&world, "openid email").await["scope"],
        "openid email"
    );
}

#[tokio::test]
async fn what_is_not_known_is_not_granted() {
    let world = world("known = [\"a\", \"b\"]").await;
    granted(&world, "b a").await;
    say_yes(&world, "ada");
    let request = authorization(&world).with("scope", "a c");
    let answer = world.send(request.get(&authorization_path(&world))).await;
    assert_eq!(sent_to(&answer).1["error"], "invalid_scope");
}

#[tokio::test]
async fn a_refresh_may_ask_for_less_and_not_for_more() {
    let world = world("in_response = \"always\"").await;
    let body = granted(&world, "a b c").await;
    let narrow = refreshed(&world, &body, Some("c a")).await;
    assert_eq!(narrow["scope"], "c a");
    // The refresh token itself is as good as before.
    let wide = refreshed(&world, &narrow, None).await;
    assert_eq!(wide["scope"], "a b c");
    let more = refreshing(text(&wide, "refresh_token")).with("scope", "a d");
    for (pairs, error) in [
        (more.clone(), "invalid_scope"),
        (more.clone().with("scope", "\""), "invalid_scope"),
        (more.and("scope", "a"), "invalid_request"),
    ] {
        let answer = token(&world, &pairs).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (400, &error.into())
        );
        assert_eq!(world.last_entry().outcome, Outcome::Malformed);
        assert!(world.last_entry().minted.is_empty());
    }
    // A refusal has not replaced the refresh token.
    refreshed(&world, &wide, None).await;
}

#[tokio::test]
async fn a_minted_grant_without_scopes_may_be_refreshed_for_any() {
    let world = World::start("rfc7009").await;
    let pairs = refreshing(refresh(&world.ada)).with("scope", "whatever");
    let body = tokens(&token(&world, &pairs).await);
    assert_eq!(body.get("scope"), None, "it is what was asked for");
}
