//! The authorization endpoint: what it refuses, where it says so, and what it gives out.

use rescind_model::profile::GrantType;
use rescind_provider::consent::Consent;
use rescind_provider::{Outcome, Provider, server::Address};

use crate::support::flows::{
    CALLBACK, Pairs, VERIFIER, added, authorization, authorization_path, exchange, page, say_yes,
    sent_to, token, tokens,
};
use crate::support::{Ask, Http, World, loopback, profile};

async fn ask(world: &World, request: &Pairs) -> crate::support::Answer {
    world.send(request.get(&authorization_path(world))).await
}

/// A request that gets a page, and no redirect.
async fn check_page(world: &World, request: &Pairs, reason: &str) {
    let answer = ask(world, request).await;
    assert_eq!(page(&answer), (400, "refused"), "{reason}");
    assert_eq!(answer.header("location"), None);
    assert!(answer.body.contains(reason), "{reason}: {}", answer.body);
    let entry = world.last_entry();
    assert_eq!(entry.outcome, Outcome::Malformed);
    assert!(!entry.acknowledged);
}

/// A request whose error goes back to the client.
async fn check_error(world: &World, request: &Pairs, error: &str) {
    let answer = ask(world, request).await;
    let (_, sent) = sent_to(&answer);
    assert_eq!(sent["error"], error, "{sent:?}");
    assert_eq!(sent["state"], "a state & more");
    assert_eq!(sent["iss"], world.tenant.base_url());
    assert!(!sent.contains_key("code") && !sent["error_description"].is_empty());
    assert!(!world.last_entry().acknowledged);
}

#[tokio::test]
async fn a_yes_sends_the_browser_back_with_a_code_the_state_and_the_issuer() {
    let world = World::start("rfc7009").await;
    say_yes(&world, "ada");
    for path in ["GET", "POST"] {
        let request = authorization(&world);
        let asked = match path {
            "GET" => request.get("/oauth2/authorize"),
            _ => request.post("/oauth2/authorize"),
        };
        let answer = world.send(asked).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        let (_, sent) = sent_to(&answer);
        let names: Vec<&str> = sent.keys().map(String::as_str).collect();
        assert_eq!(names, ["code", "iss", "state"]);
        assert_eq!(sent["iss"], world.tenant.base_url());
        let entry = world.last_entry();
        assert_eq!(entry.outcome, Outcome::Done);
        assert!(entry.acknowledged && entry.minted.is_empty());
        assert_eq!(entry.client.as_deref(), Some("main"));
    }
}

#[tokio::test]
async fn another_method_is_refused() {
    let world = World::start("rfc7009").await;
    for (method, path, allowed) in [
        ("PUT", "/oauth2/authorize", "GET, POST"),
        ("GET", "/oauth2/authorize/decision", "POST"),
        ("GET", "/oauth2/device_authorization", "POST"),
        ("DELETE", "/device", "GET, POST"),
    ] {
        let answer = world.send(Ask::new(method, path)).await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some(allowed))
        );
    }
}

#[tokio::test]
async fn who_asks_for_whom_and_where_to_go_is_settled_on_a_page() {
    let world = World::start("rfc7009").await;
    say_yes(&world, "ada");
    let good = authorization(&world);
    let client_id = &world.ada.client.client_id;
    for (request, reason) in [
        (good.clone().without("client_id"), "client_id is missing"),
        (good.clone().with("client_id", ""), "client_id is missing"),
        (good.clone().and("client_id", client_id), "or there twice"),
        (
            good.clone().with("client_id", "nobody"),
            "no client of that",
        ),
        (
            good.clone().without("redirect_uri"),
            "redirect_uri is missing",
        ),
        (good.clone().and("redirect_uri", CALLBACK), "there twice"),
        (
            good.clone().with("redirect_uri", "app:/cb"),
            "no http or https",
        ),
        (
            good.clone().with("redirect_uri", "http://a/#b"),
            "has a fragment",
        ),
        (
            good.clone().with("redirect_uri", "http://a/\r\nb: c"),
            "no http",
        ),
        (
            good.clone().with("state", &"x".repeat(9000)),
            "longer than 8 KiB",
        ),
    ] {
        check_page(&world, &request, reason).await;
    }
}

#[tokio::test]
async fn a_registered_address_must_match_but_for_the_port_of_a_loopback_one() {
    let world = World::start("rfc7009").await;
    say_yes(&world, "ada");
    let register = |uris: &[&str]| {
        let uris = uris.iter().map(|uri| (*uri).to_owned()).collect();
        world.tenant.lock().set_redirect_uris("main", uris);
    };
    let good = authorization(&world);
    register(&["http://127.0.0.1/callback?own=1", "https://app.example/cb"]);
    sent_to(&ask(&world, &good).await);
    for uri in [
        "http://127.0.0.1:4711/callback",
        "https://app.example/cb/",
        "http://app.example/cb",
    ] {
        let request = good.clone().with("redirect_uri", uri);
        check_page(&world, &request, "none of those").await;
    }
    let none = good.clone().without("redirect_uri");
    check_page(&world, &none, "has not registered exactly one").await;
    // The only one need not be stated, here nor when the code is exchanged.
    register(&[CALLBACK]);
    let answer = ask(&world, &none).await;
    let code = &sent_to(&answer).1["code"];
    let exchange = exchange(code).without("redirect_uri");
    tokens(&token(&world, &exchange).await);
}

#[tokio::test]
async fn what_else_is_wrong_is_told_to_the_client() {
    let world = World::start("rfc7009").await;
    say_yes(&world, "ada");
    let good = authorization(&world);
    for (request, error) in [
        (good.clone().without("response_type"), "invalid_request"),
        (good.clone().with("response_type", ""), "invalid_request"),
        (
            good.clone().with("response_type", "token"),
            "unsupported_response_type",
        ),
        (
            good.clone().with("response_mode", "fragment"),
            "invalid_request",
        ),
        (good.clone().and("scope", "again"), "invalid_request"),
        (good.clone().and("x", "1").and("x", "2"), "invalid_request"),
        (
            good.clone().with("request", "e30."),
            "request_not_supported",
        ),
        (
            good.clone().with("request_uri", "urn:x"),
            "request_uri_not_supported",
        ),
        (good.clone().with("scope", "a \"b\""), "invalid_scope"),
        (good.clone().with("prompt", "none login"), "invalid_request"),
    ] {
        check_error(&world, &request, error).await;
    }
    // RFC 8707 §2: this one may be there twice.
    let resources = good
        .clone()
        .and("resource", "http://a")
        .and("resource", "http://b");
    assert!(
        sent_to(&ask(&world, &resources).await)
            .1
            .contains_key("code")
    );
    // Which of two states is the client's, nobody can say.
    let states = ask(&world, &good.and("state", "another")).await;
    let (_, sent) = sent_to(&states);
    assert_eq!(sent["error"], "invalid_request");
    assert!(!sent.contains_key("state"));
}

#[tokio::test]
async fn a_client_that_may_not_use_codes_gets_none() {
    let world = World::start("rfc7009").await;
    say_yes(&world, "ada");
    let only = Some(vec![GrantType::ClientCredentials]);
    world.tenant.lock().set_grant_types("main", only);
    check_error(&world, &authorization(&world), "unauthorized_client").await;
}

#[tokio::test]
async fn what_is_demanded_of_pkce_is_the_profiles() {
    const DEMAND: &str = "pkce = \"s256_required\"";
    for (pkce, none, plain) in [
        ("pkce = \"optional\"", true, true),
        ("pkce = \"required\"", false, true),
        (DEMAND, false, false),
    ] {
        let world = World::start_changed("rfc7009", &[(DEMAND, pkce)]).await;
        say_yes(&world, "ada");
        let s256 = authorization(&world);
        let without = s256
            .clone()
            .without("code_challenge")
            .without("code_challenge_method");
        let by_default = s256
            .clone()
            .with("code_challenge", VERIFIER)
            .without("code_challenge_method");
        let plainly = by_default.clone().with("code_challenge_method", "plain");
        for (request, taken) in [
            (s256.clone(), true),
            (without, none),
            (by_default, plain),
            (plainly, plain),
            (s256.clone().with("code_challenge_method", "S512"), false),
            (s256.clone().with("code_challenge", "short"), false),
            (s256.clone().without("code_challenge"), false),
        ] {
            if taken {
                assert!(sent_to(&ask(&world, &request).await).1.contains_key("code"));
            } else {
                check_error(&world, &request, "invalid_request").await;
            }
        }
    }
}

#[tokio::test]
async fn a_no_and_a_question_that_may_not_be_asked_come_back_as_errors() {
    let world = World::start("rfc7009").await;
    let silent = authorization(&world).with("prompt", "none");
    check_error(&world, &silent, "interaction_required").await;
    assert_eq!(world.last_entry().outcome, Outcome::Pending);
    world.tenant.lock().set_consent(Consent::Deny);
    for request in [silent.clone(), authorization(&world)] {
        check_error(&world, &request, "access_denied").await;
        assert_eq!(world.last_entry().outcome, Outcome::Denied);
    }
    say_yes(&world, "ada");
    assert!(sent_to(&ask(&world, &silent).await).1.contains_key("code"));
}

#[tokio::test]
async fn a_provider_that_does_not_name_itself_adds_no_issuer() {
    let world = World::start("dropbox").await;
    world.tenant.lock().set_consent(Consent::Deny);
    let answer = ask(&world, &authorization(&world)).await;
    assert_eq!(
        added(&answer),
        [
            "error=access_denied",
            "error_description=the user said no",
            "state=a state & more"
        ]
    );
}

#[tokio::test]
async fn every_profile_gives_out_codes_at_its_own_path() {
    for name in crate::support::PROFILES {
        let world = World::start(name).await;
        say_yes(&world, "ada");
        // Whatever scopes it knows.
        let request = authorization(&world).without("scope");
        let (_, sent) = sent_to(&ask(&world, &request).await);
        let answer = token(&world, &exchange(&sent["code"])).await;
        tokens(&answer);
    }
}

#[tokio::test]
async fn a_tenant_below_a_path_is_its_own_issuer() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let at = Address::Below("one".into());
    let tenant = provider.add_tenant(&at, "one", profile("rfc7009")).unwrap();
    tenant.lock().set_consent(Consent::Deny);
    let client = tenant.lock().client("main");
    let request = Ask::get("/oauth2/authorize").query(&[
        ("response_type", "code"),
        ("client_id", &client.client_id),
        ("redirect_uri", CALLBACK),
    ]);
    let answer = Http::new().send(tenant.base_url(), request).await;
    assert_eq!(sent_to(&answer).1["iss"], tenant.base_url());
    assert!(tenant.base_url().ends_with("/t/one"));
}
