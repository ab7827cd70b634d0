//! The pages of both parties, for those who use a keyboard, a small screen, a screen reader or no
//! scripts.

use rescind_model::vocabulary::Endpoint;
use serde_json::json;
use thirtyfour::Key;

use super::browser::{Browser, Browsers};
use super::parties::World;
use super::{PROBLEM, allow, endpoints, open, outcome};

/// Checks what every page owes to whoever reads it.
async fn check_page(browser: &Browser, name: &str) {
    let page = browser.page_with("main").await;
    assert!(!page.title.is_empty(), "{name}: {page:?}");
    let headings = browser.all("h1").await;
    assert_eq!(headings.len(), 1, "{name}");
    let heading = headings[0].text().await.expect("a text");
    assert!(page.title.starts_with(&heading), "{name}: {page:?}");
    assert_eq!(
        browser.evaluate("document.documentElement.lang").await,
        "en"
    );
    assert_eq!(browser.evaluate("document.compatMode").await, "CSS1Compat");
    // The page's policy lets the page's style in.
    let width = "getComputedStyle(document.querySelector('main')).maxWidth";
    assert_ne!(browser.evaluate(width).await, "none", "{name}");
    // WCAG 2.2, success criterion 1.4.10: at 320 pixels nothing has to be scrolled sideways.
    browser.resize(320, 600).await;
    let widths = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]";
    let widths = browser.evaluate(widths).await;
    assert_eq!(widths[0], widths[1], "{name}");
    let size = "parseFloat(getComputedStyle(document.querySelector('p')).fontSize)";
    let size = browser.evaluate(size).await;
    assert!(size.as_f64() >= Some(16.0), "{name}: {size}");
    browser.resize(800, 900).await;
}

#[tokio::test]
async fn every_page_can_be_read_by_everybody() {
    let browsers = Browsers::start().await;
    let browser = browsers.open().await;
    let world = World::start().await;
    let party = world.party("google").await;
    let link = world.link(&party, json!({})).await;
    open(&browser, &party, &link).await;
    check_page(&browser, "consent").await;
    browser.click("#deny").await;
    outcome(&browser, &world, &link).await;
    check_page(&browser, "denied").await;

    let link = world.link(&party, json!({})).await;
    open(&browser, &party, &link).await;
    allow(&browser, "ada").await;
    outcome(&browser, &world, &link).await;
    check_page(&browser, "connected").await;
    browser.reload().await;
    browser.page_with(PROBLEM).await;
    check_page(&browser, "problem").await;
    browser
        .go(&format!("{}/link/lk_of_nobody", world.service_url()))
        .await;
    browser.page_with(PROBLEM).await;
    check_page(&browser, "no such link").await;
    // The provider's own, where it cannot send anybody back.
    let nowhere = format!("{}/o/oauth2/v2/auth?client_id=nobody", party.browser_url());
    browser.go(&nowhere).await;
    browser.page_with("main[data-page=refused]").await;
    check_page(&browser, "refused").await;
}

#[tokio::test]
async fn the_consent_page_says_what_each_thing_is_and_obeys_the_keyboard() {
    let browsers = Browsers::start().await;
    let browser = browsers.open().await;
    let world = World::start().await;
    let party = world.party("rfc7009").await;
    let link = world.link(&party, json!({})).await;
    open(&browser, &party, &link).await;
    let controls = browser
        .all("input:not([type=hidden]), button, a, select")
        .await;
    let mut announced = Vec::new();
    for control in &controls {
        announced.push(browser.announced(control).await);
    }
    let expected = [
        ("Sign in as", "textbox"),
        ("Allow", "button"),
        ("Deny", "button"),
    ];
    let expected = expected.map(|(name, role)| (name.to_owned(), role.to_owned()));
    assert_eq!(announced, expected);

    let mut order = Vec::new();
    for _ in &controls {
        browser.press(Key::Tab).await;
        order.push(browser.focused().await);
        // WCAG 2.2, success criterion 2.4.7: it is seen what the keyboard acts on.
        let outline = "getComputedStyle(document.activeElement).outlineStyle";
        assert_ne!(browser.evaluate(outline).await, "none", "{order:?}");
    }
    assert_eq!(order, ["user", "allow", "deny"]);
    browser.press(Key::Enter).await;
    let page = outcome(&browser, &world, &link).await;
    assert_eq!(page.about("data-status"), "FAILED");
}

#[tokio::test]
async fn no_script_is_needed_and_nothing_comes_from_elsewhere() {
    let browsers = Browsers::start().await;
    let browser = browsers.open_without_scripts().await;
    let world = World::start().await;
    let party = world.party("rfc7009").await;
    // Otherwise the rest would show nothing.
    let with_a_script = "data:text/html,<main><noscript id=off></noscript><script>document.querySelector('main').id='on'</script></main>";
    browser.go(with_a_script).await;
    assert_eq!(browser.find("main").await.id().await.expect("a page"), None);

    let link = world.link(&party, json!({})).await;
    open(&browser, &party, &link).await;
    allow(&browser, "ada").await;
    let page = outcome(&browser, &world, &link).await;
    assert_eq!(page.about("data-status"), "ACTIVE");

    let origins = [world.service_url(), party.browser_url()];
    let requests = browser.requests().await;
    let of = |address: &str| {
        let path = address.split('?').next().unwrap_or_default();
        let origin = origins
            .iter()
            .find(|origin| path.starts_with(origin.as_str()));
        let (index, origin) = match origin {
            Some(origin) if *origin == origins[0] => ("service", origin.as_str()),
            Some(origin) => ("provider", origin.as_str()),
            None => ("elsewhere", ""),
        };
        let path = path
            .trim_start_matches(origin)
            .replace(&link.token, "TOKEN");
        format!("{index} {path}")
    };
    let asked = requests.iter().skip_while(|address| **address != link.url);
    let asked: Vec<String> = asked.map(|address| of(address)).collect();
    assert_eq!(
        asked,
        [
            "service /link/TOKEN",
            "provider /oauth2/authorize",
            "provider /oauth2/authorize/decision",
            "service /callback",
        ]
    );
    // Nor what a browser's record does not show, an icon say.
    let answered = [Endpoint::Authorization, Endpoint::Consent, Endpoint::Token];
    assert_eq!(endpoints(&party), answered.map(Some));
}
