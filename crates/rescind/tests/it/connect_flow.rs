//! The connect flow as a user goes through it: the reference service, the fake provider, and a real
//! browser between them, from the service's link to an account whose tokens can be revoked.
//!
//! The provider lies at another site than the service (`localhost`, `127.0.0.1`), as real ones do:
//! otherwise cookies would travel that do not in life.

mod application;
mod browser;
mod parties;
mod people;

use rescind_model::Subject;
use rescind_model::vocabulary::{Endpoint, TokenState};
use serde_json::json;

use application::Application;
use browser::{Browser, Browsers, Page};
use parties::{APPLICATION, Granted, Link, Party, World};

const CONSENT: &str = "main[data-page=consent]";
const OUTCOME: &str = "main[data-status]";
const PROBLEM: &str = "main[data-problem]";

/// Opens a link, up to the provider's page.
async fn open(browser: &Browser, party: &Party, link: &Link) -> Page {
    browser.go(&link.url).await;
    let page = browser.page_with(CONSENT).await;
    assert_eq!(page.status, 200);
    assert!(page.address.starts_with(&party.browser_url()), "{page:?}");
    page
}

/// Signs in at the provider and lets the application in.
async fn allow(browser: &Browser, user: &str) {
    browser.write("#user", user).await;
    browser.click("#allow").await;
}

/// The page of the service that says what came of it.
async fn outcome(browser: &Browser, world: &World, link: &Link) -> Page {
    let page = browser.page_with(OUTCOME).await;
    assert_eq!(page.status, 200);
    let callback = format!("{}/callback?", world.service_url());
    assert!(page.address.starts_with(&callback), "{page:?}");
    assert_eq!(page.about("data-connected-account-id"), link.account);
    page
}

/// A page of the service that says why nothing was done.
async fn problem(browser: &Browser) -> String {
    let page = browser.page_with(PROBLEM).await;
    assert_eq!(page.status, 400, "{page:?}");
    page.about("data-problem").to_owned()
}

/// What the ledger says of a user whose two tokens the application has, in a state.
fn both(user: &str, state: TokenState) -> Granted {
    Granted {
        user: user.to_owned(),
        client: APPLICATION.to_owned(),
        tokens: Subject::ALL.map(|subject| (subject, state)).to_vec(),
    }
}

/// What was asked of the provider, in its order.
fn endpoints(party: &Party) -> Vec<Option<Endpoint>> {
    let state = party.tenant.lock();
    let entries = state.journal().after(0);
    entries.map(|entry| entry.endpoint).collect()
}

async fn check_connects_and_revokes(world: &World, browser: &Browser, profile: &str) {
    let party = world.party(profile).await;
    // Somebody else, who has nothing to do with it.
    party.mint("grace");

    let link = world.link(&party, json!({})).await;
    assert_eq!(world.account(&link.account).await["status"], "INITIALIZING");
    open(browser, &party, &link).await;
    assert_eq!(world.account(&link.account).await["status"], "INITIATED");
    allow(browser, "ada").await;
    let page = outcome(browser, world, &link).await;
    assert_eq!(page.about("data-status"), "ACTIVE", "{page:?}");
    assert_eq!(page.title, "Connected");
    assert_eq!(world.account(&link.account).await["status"], "ACTIVE");
    assert_eq!(
        party.grants(),
        [
            both("grace", TokenState::Alive),
            both("ada", TokenState::Alive)
        ],
        "{profile}"
    );

    let answer = world.revoke(&link.account).await;
    assert_eq!(answer.status, 200, "{profile}: {answer:?}");
    let account = json!({"id": link.account, "status": "REVOKED"});
    assert_eq!(answer.body["connected_account"], account);
    let mut revoked: Vec<&str> = answer.body["revoked_tokens"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(serde_json::Value::as_str)
        .collect();
    revoked.sort_unstable();
    assert_eq!(revoked, ["access_token", "refresh_token"], "{profile}");
    assert_eq!(
        party.grants(),
        [
            both("grace", TokenState::Alive),
            both("ada", TokenState::Dead)
        ],
        "{profile}"
    );
    world.check_nothing_leaked(&party, &link, browser).await;
}

#[tokio::test]
async fn a_user_is_connected_and_what_they_gave_can_be_revoked() {
    let browsers = Browsers::start().await;
    let browser = browsers.open().await;
    let world = World::start().await;
    for profile in [
        "rfc7009",
        "openid",
        "google",
        "dropbox",
        "externally-revoked",
        "grant-only",
        "self-authenticating",
    ] {
        check_connects_and_revokes(&world, &browser, profile).await;
    }
}

#[tokio::test]
async fn a_user_who_denies_is_not_connected_and_gives_nothing() {
    let browsers = Browsers::start().await;
    let browser = browsers.open().await;
    let world = World::start().await;
    for profile in ["rfc7009", "google", "dropbox"] {
        let party = world.party(profile).await;
        let link = world.link(&party, json!({})).await;
        open(&browser, &party, &link).await;
        browser.click("#deny").await;
        let page = outcome(&browser, &world, &link).await;
        assert_eq!(page.about("data-status"), "FAILED", "{page:?}");
        assert_eq!(page.title, "Not connected");
        assert!(
            page.text.contains("The user denied the consent"),
            "{page:?}"
        );
        let account = world.account(&link.account).await;
        assert_eq!(account["status"], "FAILED");
        assert_eq!(account["status_reason"], "The user denied the consent");
        assert_eq!(party.grants(), []);
        assert_eq!(world.revoke(&link.account).await.status, 409);
        // No code was exchanged, and nothing revoked.
        assert_eq!(
            endpoints(&party),
            [Some(Endpoint::Authorization), Some(Endpoint::Consent)]
        );
        world.check_nothing_leaked(&party, &link, &browser).await;
    }
}

#[tokio::test]
async fn the_browser_ends_where_the_application_said() {
    let browsers = Browsers::start().await;
    let browser = browsers.open().await;
    let world = World::start().await;
    let party = world.party("rfc7009").await;
    let application = Application::start();
    for (button, status) in [("#allow", "ACTIVE"), ("#deny", "FAILED")] {
        let callback_url = application.url("/connected?own=1%262");
        let link = world
            .link(&party, json!({"callback_url": callback_url}))
            .await;
        open(&browser, &party, &link).await;
        browser.click(button).await;
        let page = browser.page_with("main#application").await;
        assert_eq!(
            page.address,
            format!(
                "{callback_url}&status={status}&connected_account_id={}",
                link.account
            )
        );
        // Where the browser came from holds a code and a state.
        assert_eq!(application.header_of("/connected", "referer"), None);
        assert_eq!(world.account(&link.account).await["status"], status);
        world.check_nothing_leaked(&party, &link, &browser).await;
    }
}

#[tokio::test]
async fn going_back_and_loading_again_change_nothing() {
    let browsers = Browsers::start().await;
    let browser = browsers.open().await;
    let world = World::start().await;
    let party = world.party("rfc7009").await;
    let link = world.link(&party, json!({})).await;
    open(&browser, &party, &link).await;
    allow(&browser, "ada").await;
    outcome(&browser, &world, &link).await;
    let connected = world.account(&link.account).await;
    assert_eq!(connected["status"], "ACTIVE");

    browser.reload().await;
    assert_eq!(problem(&browser).await, "nothing-waits");
    browser.back().await;
    // The provider asks anew, and the service does not listen any more.
    browser.page_with(CONSENT).await;
    allow(&browser, "mallory").await;
    assert_eq!(problem(&browser).await, "nothing-waits");
    browser.go(&link.url).await;
    let page = browser.page_with(PROBLEM).await;
    assert_eq!(
        (page.status, page.about("data-problem")),
        (410, "used-link")
    );

    assert_eq!(world.account(&link.account).await, connected);
    assert_eq!(party.grants(), [both("ada", TokenState::Alive)]);
    world.check_nothing_leaked(&party, &link, &browser).await;
}

#[tokio::test]
async fn another_browser_completes_nothing() {
    let browsers = Browsers::start().await;
    let (ada, mallory) = (browsers.open().await, browsers.open().await);
    let world = World::start().await;
    let party = world.party("rfc7009").await;
    let link = world.link(&party, json!({})).await;
    let consent = open(&ada, &party, &link).await;

    // What one has begun, the other cannot complete: no code of theirs gets into it.
    mallory.go(&consent.address).await;
    mallory.page_with(CONSENT).await;
    allow(&mallory, "mallory").await;
    assert_eq!(problem(&mallory).await, "other-browser");
    assert_eq!(world.account(&link.account).await["status"], "INITIATED");
    assert_eq!(party.grants(), []);

    allow(&ada, "ada").await;
    let page = outcome(&ada, &world, &link).await;
    assert_eq!(page.about("data-status"), "ACTIVE");

    // Nor can it repeat what the one has completed.
    mallory.go(&page.address).await;
    assert_eq!(problem(&mallory).await, "nothing-waits");
    assert_eq!(world.account(&link.account).await["status"], "ACTIVE");
    assert_eq!(party.grants(), [both("ada", TokenState::Alive)]);
    for browser in [&ada, &mallory] {
        world.check_nothing_leaked(&party, &link, browser).await;
    }
}
