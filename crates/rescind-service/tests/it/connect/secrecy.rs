//! Nothing secret of a flow is at rest, in the log, or on a page.

use serde_json::json;
use wiremock::ResponseTemplate;

use super::{Browser, Consent, Link, OnFile, TOKEN, ask_for_link};
use crate::at_rest::{Finder, check_files};
use crate::support::{CLIENT_SECRET, ENCRYPTION_KEY, form, log, ok};

/// Used in no other test, because all tests share one log.
const ACCESS: &str = "flow-at_Wq3Er5Ty7Ui9Op1As2Df4Gh6";
const REFRESH: &str = "flow-rt_Zx8Cv0Bn2Ml4Kj6Hg8Fd1Sa3";
const ID_TOKEN: &str = "flow-it_Mn5Bv7Cx9Zl1Kj3Hg5Fd7Sa9";
const CODE: &str = "flow-co_Pl2Ok4Ij6Uh8Yg1Tf3Rd5Es7";
const CALLBACK_SECRET: &str = "flow-cb_Qa1Ws3Ed5Rf7Tg9Yh2Uj4Ik6";

fn echo(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(
        json!({"error": format!("{CODE} {CLIENT_SECRET}"), "refresh_token": REFRESH}),
    )
}

#[tokio::test]
async fn nothing_of_a_flow_can_be_read_at_rest_in_the_log_or_on_a_page() {
    let on_file = OnFile::start().await;
    let harness = &on_file.harness;
    let tokens = json!({"access_token": ACCESS, "refresh_token": REFRESH, "id_token": ID_TOKEN});
    let config = harness.auth_config("rfc7009", "c").await;
    let body = json!({"callback_url": format!("https://app.test/?s={CALLBACK_SECRET}")});
    // Each prefixed, because the finder looks behind a prefix.
    let mut made: Vec<String> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for answer in [ok().set_body_json(&tokens), echo(400), echo(200), echo(500)] {
        harness.provider.reset().await;
        harness.answer(TOKEN, answer).await;
        for (body, comes_back) in [(&body, true), (&json!({}), true), (&body, false)] {
            let link = Link::read(&ask_for_link(harness, &config, body.clone()).await);
            let browser = Browser::new();
            let sent = browser.get(&on_file.here(&link.url)).await;
            let consent = Consent::at(&sent);
            let (cookie, _) = browser
                .cookies
                .lock()
                .unwrap()
                .values()
                .next()
                .unwrap()
                .clone();
            let before = harness.requests().await.len();
            seen.push(sent.text);
            if comes_back {
                let back = on_file.here(&consent.back_with(&[("code", CODE)]));
                let page = browser.get(&back).await;
                seen.extend([page.text, browser.get(&back).await.text]);
                let requests = harness.requests().await;
                let (_, verifier) = form(&requests[before])
                    .into_iter()
                    .find(|(name, _)| name == "code_verifier")
                    .unwrap();
                made.push(verifier);
            }
            made.extend([link.token, consent.get("state").to_owned(), cookie]);
            seen.push(harness.read(&link.account).await.text);
        }
    }
    let made: Vec<String> = made
        .iter()
        .map(|secret| format!("prefix_{secret}"))
        .collect();
    let mut secrets = vec![
        ACCESS,
        REFRESH,
        ID_TOKEN,
        CODE,
        CALLBACK_SECRET,
        CLIENT_SECRET,
        ENCRYPTION_KEY,
    ];
    secrets.extend(made.iter().map(String::as_str));
    let finder = Finder::of(&secrets);
    for text in &seen {
        finder.check("a page", text.as_bytes());
    }
    check_files(&finder, on_file.folder.path());
    finder.check("the log", log().as_bytes());
    let list = harness.send("GET", "/api/v3.1/connected_accounts", None);
    finder.check("the list", list.await.text.as_bytes());
    let OnFile { folder, harness } = on_file;
    harness.service.shutdown().await.unwrap();
    check_files(&finder, folder.path());
}
