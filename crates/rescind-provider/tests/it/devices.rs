//! Devices without a browser (RFC 8628).

use rescind_model::profile::GrantType;
use rescind_provider::Outcome;
use rescind_provider::consent::Consent;
use rescind_provider::journal::Presented;
use serde_json::Value;

use crate::support::flows::{
    Pairs, advance, element, input, let_in_as, page, refreshing, say_yes, text, token, token_as,
    tokens,
};
use crate::support::{Answer, Ask, World};

const PATH: &str = "/oauth2/device_authorization";

async fn begin(world: &World) -> Value {
    let request = Pairs::default().with("scope", "screen");
    let answer = world
        .send(request.post(PATH).basic(&world.ada.client))
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.json()
}

fn polling(device: &Value) -> Pairs {
    Pairs::default()
        .with("grant_type", "urn:ietf:params:oauth:grant-type:device_code")
        .with("device_code", text(device, "device_code"))
}

async fn check(world: &World, device: &Value, error: &str, outcome: Outcome) {
    let answer = token(world, &polling(device)).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert_eq!(answer.json()["error"], error);
    let entry = world.last_entry();
    assert_eq!((entry.outcome, entry.presented), (outcome, Presented::Code));
    assert!(entry.minted.is_empty() && !entry.acknowledged);
}

/// What a user sees who opens the address that the device shows.
async fn open(world: &World, device: &Value) -> Answer {
    let complete = text(device, "verification_uri_complete");
    let target = complete.strip_prefix(world.tenant.base_url()).unwrap();
    world.send(Ask::get(target)).await
}

fn press(page: &Answer, button: &str) -> Ask {
    Pairs::default()
        .with("consent", &input(page, "consent"))
        .with("user", "grace")
        .with("decision", button)
        .post("/device")
}

#[tokio::test]
async fn a_device_gets_its_tokens_when_its_user_has_allowed_it() {
    let world = World::start("rfc7009").await;
    let device = begin(&world).await;
    let members: Vec<&String> = device.as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        [
            "device_code",
            "user_code",
            "verification_uri",
            "verification_uri_complete",
            "expires_in",
            "interval"
        ]
    );
    assert_eq!(
        (&device["expires_in"], &device["interval"]),
        (&600.into(), &5.into())
    );
    assert_eq!(
        device["verification_uri"],
        format!("{}/device", world.tenant.base_url())
    );
    assert_eq!(world.last_entry().outcome, Outcome::Done);
    check(&world, &device, "authorization_pending", Outcome::Pending).await;

    let asked = open(&world, &device).await;
    assert_eq!(page(&asked), (200, "consent"));
    assert_eq!(element(&asked, "client"), "main");
    assert_eq!(element(&asked, "scope"), "screen");
    assert_eq!(element(&asked, "user-code"), text(&device, "user_code"));
    assert!(asked.body.contains("action=\"./device\""));
    let decided = world.send(press(&asked, "allow")).await;
    assert_eq!(page(&decided), (200, "allowed"));
    assert!(world.last_entry().acknowledged);

    let body = tokens(&token(&world, &polling(&device)).await);
    let user = let_in_as(&world, text(&body, "access_token")).await;
    assert_eq!(user.as_deref(), Some("grace"));
    tokens(&token(&world, &refreshing(text(&body, "refresh_token"))).await);
    check(&world, &device, "invalid_grant", Outcome::Dead).await;
    assert!(
        let_in_as(&world, text(&body, "access_token"))
            .await
            .is_some()
    );
}

#[tokio::test]
async fn a_device_whose_user_says_no_is_told_so() {
    let world = World::start("rfc7009").await;
    let device = begin(&world).await;
    let asked = open(&world, &device).await;
    let decided = world.send(press(&asked, "deny")).await;
    assert_eq!(page(&decided), (200, "denied"));
    assert_eq!(world.last_entry().outcome, Outcome::Denied);
    for _ in 0..2 {
        check(&world, &device, "access_denied", Outcome::Denied).await;
    }
}

#[tokio::test]
async fn a_device_that_hurries_is_slowed_down_by_the_providers_clock() {
    let world = World::start("rfc7009").await;
    let device = begin(&world).await;
    check(&world, &device, "authorization_pending", Outcome::Pending).await;
    check(&world, &device, "slow_down", Outcome::Pending).await;
    // Five seconds were enough before; now it takes ten.
    advance(&world, 6).await;
    check(&world, &device, "slow_down", Outcome::Pending).await;
    advance(&world, 15).await;
    check(&world, &device, "authorization_pending", Outcome::Pending).await;
    // Who is allowed need not wait.
    let asked = open(&world, &device).await;
    world.send(press(&asked, "allow")).await;
    tokens(&token(&world, &polling(&device)).await);
}

#[tokio::test]
async fn a_device_that_is_too_late_gets_nothing_even_if_it_was_allowed() {
    let world = World::start("rfc7009").await;
    let (allowed, open_one) = (begin(&world).await, begin(&world).await);
    let asked = open(&world, &allowed).await;
    world.send(press(&asked, "allow")).await;
    let late = open(&world, &open_one).await;
    advance(&world, 599).await;
    check(&world, &open_one, "authorization_pending", Outcome::Pending).await;
    advance(&world, 1).await;
    for device in [&allowed, &open_one] {
        check(&world, device, "expired_token", Outcome::Expired).await;
        let page_of = open(&world, device).await;
        assert_eq!(page(&page_of), (400, "user-code"));
    }
    let refused = world.send(press(&late, "allow")).await;
    assert_eq!(page(&refused), (400, "refused"));
}

#[tokio::test]
async fn a_device_code_is_its_clients() {
    let world = World::start("rfc7009").await;
    let device = begin(&world).await;
    let answer = token_as(&world, &world.rival.client, &polling(&device)).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (400, &"invalid_grant".into())
    );
    assert_eq!(world.last_entry().outcome, Outcome::Foreign);
    // What another asks does not count as the device's own haste.
    check(&world, &device, "authorization_pending", Outcome::Pending).await;
    for (pairs, error) in [
        (
            polling(&device).with("device_code", "invented"),
            "invalid_grant",
        ),
        (polling(&device).with("device_code", ""), "invalid_request"),
        (polling(&device).without("device_code"), "invalid_request"),
        (polling(&device).and("device_code", "x"), "invalid_request"),
    ] {
        let answer = token(&world, &pairs).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (400, &error.into())
        );
    }
}

#[tokio::test]
async fn a_user_may_enter_the_code_by_hand() {
    let world = World::start("rfc7009").await;
    let device = begin(&world).await;
    let empty = world.send(Ask::get("/device")).await;
    assert_eq!(page(&empty), (200, "user-code"));
    assert!(
        empty
            .body
            .contains("<form method=\"get\" action=\"./device\">")
    );
    assert_eq!(world.last_entry().outcome, Outcome::Pending);
    let entered = text(&device, "user_code").to_lowercase().replace('-', " ");
    let asked = world
        .send(Ask::get("/device").query(&[("user_code", &entered)]))
        .await;
    assert_eq!(page(&asked), (200, "consent"));
    let wrong = world
        .send(Ask::get("/device").query(&[("user_code", "<b>")]))
        .await;
    assert_eq!(page(&wrong), (400, "user-code"));
    assert!(!wrong.body.contains("<b>"));
    assert_eq!(world.last_entry().outcome, Outcome::Unknown);
}

#[tokio::test]
async fn two_open_pages_of_one_device_decide_once() {
    let world = World::start("rfc7009").await;
    let device = begin(&world).await;
    let (one, two) = (open(&world, &device).await, open(&world, &device).await);
    assert_eq!(
        page(&world.send(press(&one, "deny")).await),
        (200, "denied")
    );
    assert_eq!(
        page(&world.send(press(&two, "allow")).await),
        (400, "refused")
    );
    assert_eq!(world.last_entry().outcome, Outcome::Expired);
    check(&world, &device, "access_denied", Outcome::Denied).await;
    // The page of a device is not answered where clients' codes are.
    let another = begin(&world).await;
    let decision = press(&open(&world, &another).await, "allow");
    let elsewhere = Pairs::default()
        .with("consent", &input(&open(&world, &another).await, "consent"))
        .with("decision", "allow")
        .post("/oauth2/authorize/decision");
    assert_eq!(page(&world.send(elsewhere).await), (400, "refused"));
    assert_eq!(page(&world.send(decision).await), (200, "allowed"));
}

#[tokio::test]
async fn for_tests_users_answer_at_once() {
    let world = World::start("rfc7009").await;
    say_yes(&world, "ada");
    let body = tokens(&token(&world, &polling(&begin(&world).await)).await);
    let user = let_in_as(&world, text(&body, "access_token")).await;
    assert_eq!(user.as_deref(), Some("ada"));
    world.tenant.lock().set_consent(Consent::Deny);
    let device = begin(&world).await;
    check(&world, &device, "access_denied", Outcome::Denied).await;
}

#[tokio::test]
async fn who_begins_wrongly_gets_no_codes() {
    let world = World::start("rfc7009").await;
    let plain = Pairs::default().with("scope", "screen");
    let client = &world.ada.client;
    for (ask, status, error) in [
        (plain.post(PATH), 401, "invalid_client"),
        (
            plain.post(PATH).basic_pair("nobody:wrong"),
            401,
            "invalid_client",
        ),
        (
            plain.clone().with("scope", "\"").post(PATH).basic(client),
            400,
            "invalid_scope",
        ),
        (
            plain.clone().and("scope", "b").post(PATH).basic(client),
            400,
            "invalid_request",
        ),
        (
            plain
                .with("scope", &"x".repeat(9000))
                .post(PATH)
                .basic(client),
            400,
            "invalid_request",
        ),
    ] {
        let answer = world.send(ask).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (status, &error.into())
        );
    }
    let only = Some(vec![GrantType::AuthorizationCode]);
    world.tenant.lock().set_grant_types("main", only);
    let answer = world.send(Ask::post(PATH).basic(client)).await;
    assert_eq!(answer.json()["error"], "unauthorized_client");
}

#[tokio::test]
async fn a_profile_without_devices_has_no_such_paths_and_no_such_grant() {
    let world = World::start("google").await;
    for ask in [
        Ask::post(PATH).basic(&world.ada.client),
        Ask::get("/device"),
    ] {
        assert_eq!(world.send(ask).await.status, 404);
    }
    let poll = Pairs::default()
        .with("grant_type", "urn:ietf:params:oauth:grant-type:device_code")
        .with("device_code", "x");
    let answer = token(&world, &poll).await;
    assert_eq!(answer.json()["error"], "unsupported_grant_type");
}
