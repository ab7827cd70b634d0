//! Authorization codes: what they are exchanged for, by whom, and how often.

use rescind_model::profile::GrantType;
use rescind_provider::journal::{Departure, Presented};
use rescind_provider::{Outcome, journal::Entry};

use crate::support::flows::{
    CHALLENGE, Pairs, VERIFIER, advance, authorization, code, code_for, exchange, let_in_as,
    refreshing, text, token, token_as, tokens,
};
use crate::support::{Ask, World};

/// An exchange that gets nothing.
async fn check(world: &World, pairs: &Pairs, error: &str, outcome: Outcome) -> Entry {
    let answer = token(world, pairs).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert_eq!(answer.json()["error"], error);
    let entry = world.last_entry();
    assert_eq!(entry.outcome, outcome);
    assert!(!entry.acknowledged && entry.minted.is_empty());
    entry
}

#[tokio::test]
async fn a_code_brings_tokens_of_a_new_grant_that_live_their_whole_life() {
    let world = World::start("rfc7009").await;
    let code = code(&world).await;
    let body = tokens(&token(&world, &exchange(&code)).await);
    let members: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        ["token_type", "access_token", "expires_in", "refresh_token"]
    );
    assert_eq!(body["expires_in"], 3600);
    let entry = world.last_entry();
    assert_eq!(
        (entry.outcome, entry.presented),
        (Outcome::Done, Presented::Code)
    );
    assert!(entry.acknowledged && entry.killed.is_empty());
    assert_eq!(entry.minted.len(), 2);
    assert_ne!(entry.minted[0].grant, world.ada.grant);
    let access_token = text(&body, "access_token");
    assert_eq!(
        let_in_as(&world, access_token).await.as_deref(),
        Some("ada")
    );

    let refreshed = tokens(&token(&world, &refreshing(text(&body, "refresh_token"))).await);
    let newer = text(&refreshed, "access_token");
    assert!(let_in_as(&world, newer).await.is_some());
    let revoke = Ask::post("/oauth2/revoke")
        .basic(&world.ada.client)
        .form(&[("token", text(&refreshed, "refresh_token"))]);
    assert_eq!(world.send(revoke).await.status, 200);
    for dead in [access_token, newer] {
        assert_eq!(let_in_as(&world, dead).await, None);
    }
    assert_eq!(
        world.noteworthy(),
        [""; 0],
        "no other grant has lost anything"
    );
}

#[tokio::test]
async fn a_code_that_is_used_again_ends_what_it_brought() {
    let world = World::start("rfc7009").await;
    let code = code(&world).await;
    let body = tokens(&token(&world, &exchange(&code)).await);
    let minted = world.last_entry().minted;
    let entry = check(&world, &exchange(&code), "invalid_grant", Outcome::Reused).await;
    assert_eq!(entry.killed, minted);
    assert_eq!(entry.departures, [Departure::CodeTwice]);
    assert_eq!(let_in_as(&world, text(&body, "access_token")).await, None);
    let refresh = refreshing(text(&body, "refresh_token"));
    check(&world, &refresh, "invalid_grant", Outcome::Dead).await;
    let ledger = world.send(Ask::get("/_rescind/ledger")).await.json();
    let died = &ledger["grants"][4]["tokens"][0]["died"]["cause"];
    assert_eq!(*died, serde_json::json!({ "reused": entry.number }));
    // It stays used, and there is nothing left to end.
    let third = check(&world, &exchange(&code), "invalid_grant", Outcome::Reused).await;
    assert_eq!(third.killed, []);
    assert_eq!(
        world.noteworthy(),
        [""; 0],
        "no other grant has lost anything"
    );
}

#[tokio::test]
async fn a_code_that_is_used_again_ends_nothing_where_the_profile_says_so() {
    const PKCE: &str = "pkce = \"s256_required\"";
    let lenient = format!("{PKCE}\ncode_reuse = \"refused\"");
    let world = World::start_changed("rfc7009", &[(PKCE, &lenient)]).await;
    let code = code(&world).await;
    let body = tokens(&token(&world, &exchange(&code)).await);
    let entry = check(&world, &exchange(&code), "invalid_grant", Outcome::Dead).await;
    assert_eq!(entry.killed, []);
    assert!(
        let_in_as(&world, text(&body, "access_token"))
            .await
            .is_some()
    );
}

#[tokio::test]
async fn an_old_code_that_was_used_still_ends_what_it_brought() {
    let world = World::start("rfc7009").await;
    let code = code(&world).await;
    tokens(&token(&world, &exchange(&code)).await);
    advance(&world, 3000).await;
    let entry = check(&world, &exchange(&code), "invalid_grant", Outcome::Reused).await;
    assert_eq!(entry.killed.len(), 2);
}

#[tokio::test]
async fn a_code_expires_by_the_providers_clock() {
    let world = World::start("rfc7009").await;
    let (early, late) = (code(&world).await, code(&world).await);
    advance(&world, 595).await;
    tokens(&token(&world, &exchange(&early)).await);
    advance(&world, 5).await;
    check(&world, &exchange(&late), "invalid_grant", Outcome::Expired).await;
}

#[tokio::test]
async fn a_code_is_bound_to_its_client_its_address_and_its_challenge() {
    let world = World::start("rfc7009").await;
    let code = code(&world).await;
    let good = exchange(&code);
    let answer = token_as(&world, &world.rival.client, &good).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (400, &"invalid_grant".into())
    );
    assert_eq!(world.last_entry().outcome, Outcome::Foreign);
    for mismatch in [
        good.clone()
            .with("redirect_uri", "http://127.0.0.1:4711/callback"),
        good.clone().without("redirect_uri"),
        good.clone().with("code_verifier", CHALLENGE),
        good.clone().with("code_verifier", &VERIFIER.to_lowercase()),
        good.clone().with("code_verifier", ""),
        good.clone().without("code_verifier"),
    ] {
        check(&world, &mismatch, "invalid_grant", Outcome::Mismatched).await;
    }
    for (unreadable, error) in [
        (good.clone().without("code"), "invalid_request"),
        (good.clone().with("code", ""), "invalid_request"),
        (good.clone().and("code", &code), "invalid_request"),
        (
            good.clone().and("code_verifier", VERIFIER),
            "invalid_request",
        ),
        (
            good.clone().and("grant_type", "authorization_code"),
            "invalid_request",
        ),
    ] {
        check(&world, &unreadable, error, Outcome::Malformed).await;
    }
    let unknown = good.clone().with("code", "never-given-out");
    check(&world, &unknown, "invalid_grant", Outcome::Unknown).await;
    // None of this has used it up.
    tokens(&token(&world, &good).await);
}

#[tokio::test]
async fn a_plain_challenge_is_the_verifier() {
    let world = World::start("google").await;
    let request = authorization(&world)
        .with("code_challenge", VERIFIER)
        .without("code_challenge_method");
    let code = code_for(&world, &request).await;
    let wrong = exchange(&code).with("code_verifier", CHALLENGE);
    assert_eq!(token(&world, &wrong).await.status, 400);
    assert_eq!(world.last_entry().outcome, Outcome::Mismatched);
    tokens(&token(&world, &exchange(&code)).await);
}

#[tokio::test]
async fn a_verifier_without_a_challenge_is_refused() {
    let world = World::start("google").await;
    let request = authorization(&world)
        .without("code_challenge")
        .without("code_challenge_method");
    let code = code_for(&world, &request).await;
    assert_eq!(token(&world, &exchange(&code)).await.status, 400);
    assert_eq!(world.last_entry().outcome, Outcome::Mismatched);
    tokens(&token(&world, &exchange(&code).without("code_verifier")).await);
}

#[tokio::test]
async fn a_refresh_token_comes_as_the_profile_says() {
    for (profile, asked, comes) in [
        ("google", None, false),
        ("google", Some(("access_type", "online")), false),
        ("google", Some(("access_type", "offline")), true),
        ("dropbox", None, false),
        ("dropbox", Some(("token_access_type", "offline")), true),
        ("rfc7009", None, true),
    ] {
        let world = World::start(profile).await;
        let mut request = authorization(&world);
        if let Some((name, value)) = asked {
            request = request.with(name, value);
        }
        let code = code_for(&world, &request).await;
        let body = tokens(&token(&world, &exchange(&code)).await);
        assert_eq!(
            body.get("refresh_token").is_some(),
            comes,
            "{profile} {asked:?}"
        );
        assert_eq!(world.last_entry().minted.len(), 1 + usize::from(comes));
    }
}

#[tokio::test]
async fn a_refresh_token_may_want_a_scope() {
    const ROTATES: &str = "refresh_token_rotates = true";
    let changed = format!("{ROTATES}\nrefresh_token_when = {{ scope = \"offline_access\" }}");
    let world = World::start_changed("rfc7009", &[(ROTATES, &changed)]).await;
    for (scope, comes) in [("files", false), ("files offline_access", true)] {
        let request = authorization(&world).with("scope", scope);
        let code = code_for(&world, &request).await;
        let body = tokens(&token(&world, &exchange(&code)).await);
        assert_eq!(body.get("refresh_token").is_some(), comes, "{scope}");
    }
}

#[tokio::test]
async fn a_public_client_says_who_it_is_and_proves_it_by_the_verifier() {
    let methods = ("[\"basic\", \"post\"]", "[\"client_id\"]");
    let world = World::start_changed("rfc7009", &[methods]).await;
    let good = exchange(&code(&world).await);
    let send = |pairs: Pairs| world.send(pairs.post("/oauth2/token"));
    let main = &world.ada.client.client_id;
    let anonymous = send(good.clone()).await;
    assert_eq!(
        (anonymous.status, &anonymous.json()["error"]),
        (401, &"invalid_client".into())
    );
    let rival = send(
        good.clone()
            .with("client_id", &world.rival.client.client_id),
    )
    .await;
    assert_eq!(
        (rival.status, world.last_entry().outcome),
        (400, Outcome::Foreign)
    );
    tokens(&send(good.with("client_id", main)).await);
}

#[tokio::test]
async fn where_no_client_authenticates_one_says_who_it_is() {
    let methods = ("[\"basic\", \"post\"]", "[\"none\"]");
    let world = World::start_changed("rfc7009", &[methods]).await;
    let good = exchange(&code(&world).await);
    let anonymous = world.send(good.post("/oauth2/token")).await;
    assert_eq!(anonymous.json()["error"], "invalid_request");
    let main = good.with("client_id", &world.ada.client.client_id);
    tokens(&world.send(main.post("/oauth2/token")).await);
}

#[tokio::test]
async fn a_grant_that_the_provider_or_the_client_does_not_have_is_refused() {
    let world = World::start("google").await;
    let own = Pairs::default().with("grant_type", "client_credentials");
    let answer = token(&world, &own).await;
    assert_eq!(answer.json()["error"], "unsupported_grant_type");
    let good = exchange(&code(&world).await);
    let only = Some(vec![GrantType::RefreshToken]);
    world.tenant.lock().set_grant_types("main", only);
    check(&world, &good, "unauthorized_client", Outcome::Unsupported).await;
}

#[tokio::test]
async fn an_exchange_that_takes_no_effect_leaves_the_code_as_it_was() {
    let world = World::start("rfc7009").await;
    let code = code(&world).await;
    let fault = serde_json::json!({ "endpoint": "token", "answer": { "status": 503 }, "nth": 1 });
    let set = world.send(Ask::post("/_rescind/faults").json(&fault)).await;
    assert_eq!(set.status, 200, "{}", set.body);
    let failed = token(&world, &exchange(&code)).await;
    assert_eq!(failed.status, 503);
    let entry = world.last_entry();
    assert!(entry.minted.is_empty() && !entry.acknowledged);
    tokens(&token(&world, &exchange(&code)).await);
}
