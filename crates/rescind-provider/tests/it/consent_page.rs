//! The page that asks a user, and what becomes of the answer.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rescind_provider::Outcome;
use rescind_provider::consent::Consent;
use rescind_provider::journal::Presented;

use crate::support::flows::{
    Pairs, advance, authorization, element, exchange, input, let_in_as, page, sent_to, text, token,
    tokens,
};
use crate::support::{Answer, Ask, World};

const DECISION: &str = "/oauth2/authorize/decision";

async fn open(world: &World) -> Answer {
    open_with(world, &authorization(world)).await
}

async fn open_with(world: &World, request: &Pairs) -> Answer {
    let answer = world.send(request.get("/oauth2/authorize")).await;
    assert_eq!(page(&answer), (200, "consent"));
    answer
}

/// What a browser sends when a button of the page is pressed.
fn press(page: &Answer, button: &str) -> Pairs {
    Pairs::default()
        .with("consent", &input(page, "consent"))
        .with("user", "grace")
        .with("decision", button)
}

async fn decide(world: &World, decision: &Pairs) -> Answer {
    world.send(decision.post(DECISION)).await
}

/// A decision that decides nothing.
async fn check_refused(world: &World, decision: &Pairs, reason: &str) {
    let answer = decide(world, decision).await;
    assert_eq!(page(&answer), (400, "refused"));
    assert!(
        element(&answer, "reason").contains(reason),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn the_page_says_who_asks_for_what_and_lets_nothing_in_or_out() {
    let world = World::start("rfc7009").await;
    let page = open(&world).await;
    assert_eq!(element(&page, "client"), "main");
    assert_eq!(element(&page, "scope"), "files.read files.write");
    assert_eq!(
        element(&page, "redirect-uri"),
        "http://127.0.0.1:4711/callback?own=1"
    );
    assert_eq!(input(&page, "user"), "user");
    assert!(page.body.contains("action=\"./authorize/decision\""));
    assert!(
        page.body
            .contains("<button id=\"allow\" name=\"decision\" value=\"allow\">")
    );
    assert!(
        page.body
            .contains("<button id=\"deny\" name=\"decision\" value=\"deny\">")
    );
    assert!(!page.body.contains("<script") && !page.body.contains("src="));
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
    // The policy lets in the style that the page has, and nothing else.
    let style = page.body.split("<style>").nth(1).unwrap();
    let style = style.split("</style>").next().unwrap();
    let digest = STANDARD.encode(hmac_sha256::Hash::hash(style.as_bytes()));
    assert_eq!(
        page.header("content-security-policy"),
        Some(&*format!(
            "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors 'none'"
        ))
    );
    let entry = world.last_entry();
    assert_eq!((entry.outcome, entry.status), (Outcome::Pending, 200));
    assert!(!entry.acknowledged);
}

#[tokio::test]
async fn what_others_wrote_stays_text() {
    let world = World::start("rfc7009").await;
    let request = authorization(&world)
        .with("scope", "<script>alert(1)</script>&'")
        .with("login_hint", "\"><script>")
        .with("redirect_uri", "http://a/'cb'");
    let page = open_with(&world, &request).await;
    assert!(!page.body.contains("<script"));
    assert_eq!(input(&page, "user"), "&quot;&gt;&lt;script&gt;");
    assert_eq!(element(&page, "redirect-uri"), "http://a/&#39;cb&#39;");
}

#[tokio::test]
async fn allow_gives_a_code_for_the_user_who_signed_in() {
    let world = World::start("rfc7009").await;
    let page = open(&world).await;
    let answer = decide(&world, &press(&page, "allow")).await;
    let (_, sent) = sent_to(&answer);
    assert_eq!(sent["state"], "a state & more");
    assert_eq!(sent["iss"], world.tenant.base_url());
    let entry = world.last_entry();
    assert_eq!(
        (entry.outcome, entry.presented),
        (Outcome::Done, Presented::Code)
    );
    assert_eq!(entry.client.as_deref(), Some("main"));
    let body = tokens(&token(&world, &exchange(&sent["code"])).await);
    let user = let_in_as(&world, text(&body, "access_token")).await;
    assert_eq!(user.as_deref(), Some("grace"));
}

#[tokio::test]
async fn who_gives_no_name_is_called_user() {
    let world = World::start("rfc7009").await;
    for decision in [
        press(&open(&world).await, "allow").with("user", "  "),
        press(&open(&world).await, "allow").without("user"),
    ] {
        let answer = decide(&world, &decision).await;
        let code = &sent_to(&answer).1["code"];
        let body = tokens(&token(&world, &exchange(code)).await);
        let user = let_in_as(&world, text(&body, "access_token")).await;
        assert_eq!(user.as_deref(), Some("user"));
    }
}

#[tokio::test]
async fn deny_tells_the_client_that_access_is_denied() {
    let world = World::start("rfc7009").await;
    let page = open(&world).await;
    let answer = decide(&world, &press(&page, "deny")).await;
    let (_, sent) = sent_to(&answer);
    assert_eq!(
        (&*sent["error"], &*sent["state"]),
        ("access_denied", "a state & more")
    );
    assert!(!sent.contains_key("code"));
    let entry = world.last_entry();
    assert_eq!(entry.outcome, Outcome::Denied);
    assert!(!entry.acknowledged);
}

#[tokio::test]
async fn a_page_is_answered_once_and_while_it_is_fresh() {
    let world = World::start("rfc7009").await;
    let answered = press(&open(&world).await, "deny");
    sent_to(&decide(&world, &answered).await);
    check_refused(
        &world,
        &answered.with("decision", "allow"),
        "answered already",
    )
    .await;
    assert_eq!(world.last_entry().outcome, Outcome::Unknown);
    let old = press(&open(&world).await, "allow");
    advance(&world, 600).await;
    check_refused(&world, &old, "too old").await;
    let invented = old.with("consent", "invented");
    check_refused(&world, &invented, "or never was").await;
}

#[tokio::test]
async fn a_decision_that_cannot_be_read_decides_nothing() {
    let world = World::start("rfc7009").await;
    let good = press(&open(&world).await, "allow");
    for (decision, reason) in [
        (good.clone().without("consent"), "names no page"),
        (good.clone().with("consent", ""), "names no page"),
        (good.clone().and("decision", "deny"), "there twice"),
        (good.clone().without("decision"), "neither allow nor deny"),
        (
            good.clone().with("decision", "yes"),
            "neither allow nor deny",
        ),
        (
            good.clone().with("user", &"x".repeat(201)),
            "longer than 200",
        ),
    ] {
        check_refused(&world, &decision, reason).await;
    }
    assert!(sent_to(&decide(&world, &good).await).1.contains_key("code"));
}

#[tokio::test]
async fn a_page_for_a_code_is_not_answered_where_devices_are() {
    let world = World::start("rfc7009").await;
    let decision = press(&open(&world).await, "allow");
    let answer = world.send(decision.post("/device")).await;
    assert_eq!(page(&answer), (400, "refused"));
    assert!(
        sent_to(&decide(&world, &decision).await)
            .1
            .contains_key("code")
    );
}

#[tokio::test]
async fn nothing_that_could_be_used_shows_in_the_journal() {
    let world = World::start("rfc7009").await;
    let asked = open(&world).await;
    let id = input(&asked, "consent");
    let answer = decide(&world, &press(&asked, "allow")).await;
    let code = sent_to(&answer).1["code"].clone();
    let another = input(&open(&world).await, "consent");
    let body = tokens(&token(&world, &exchange(&code)).await);
    let journal = world.send(Ask::get("/_rescind/journal")).await;
    for secret in [&*id, &code, &another, text(&body, "access_token")] {
        // The page that was answered stays in the answer that showed it: it is good for nothing.
        assert!(secret == id || !journal.body.contains(secret));
    }
    assert!(!journal.body.contains(&format!("consent={id}")));
    assert!(!journal.body.contains(crate::support::flows::VERIFIER));
}

#[tokio::test]
async fn a_reset_forgets_open_pages_and_codes_and_keeps_what_users_say() {
    let world = World::start("rfc7009").await;
    let decision = press(&open(&world).await, "allow");
    let code = crate::support::flows::code(&world).await;
    world.send(Ask::post("/_rescind/reset")).await;
    check_refused(&world, &decision, "or never was").await;
    assert_eq!(token(&world, &exchange(&code)).await.status, 400);
    crate::support::flows::code(&world).await;
    world.tenant.lock().set_consent(Consent::Ask);
    open(&world).await;
}
