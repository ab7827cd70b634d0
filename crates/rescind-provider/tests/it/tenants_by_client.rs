//! Tenants that share one address: a request leads to the one whose client it names, or that has
//! given out what it carries.

use std::sync::Arc;

use rescind_provider::server::Address;
use rescind_provider::{Provider, Tenant};
use serde_json::json;

use crate::support::{Answer, Ask, Http, loopback, mint, profile};

fn by_client(provider: &Provider, name: &str, profile_name: &str) -> Arc<Tenant> {
    let added = provider.add_tenant(&Address::Client, name, profile(profile_name));
    added.unwrap()
}

async fn send(provider: &Provider, ask: Ask) -> Answer {
    let base_url = format!("http://{}", provider.address());
    Http::new().send(&base_url, ask).await
}

#[tokio::test]
async fn a_client_leads_to_its_tenant_by_basic_body_and_query() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let [one, two] = ["one", "two"].map(|name| by_client(&provider, name, "rfc7009"));
    assert_eq!(one.base_url(), two.base_url());
    let [of_one, of_two] = [mint(&one), mint(&two)];
    let token = [("token", "never-issued")];
    let client = &of_two.client;
    let in_body = [
        ("client_id", client.client_id.as_str()),
        ("client_secret", client.client_secret.expose()),
        token[0],
    ];
    for ask in [
        Ask::post("/oauth2/revoke").basic(client).form(&token),
        Ask::post("/oauth2/revoke").basic_raw(client).form(&token),
        Ask::post("/oauth2/revoke").form(&in_body),
    ] {
        assert_eq!(send(&provider, ask).await.status, 200);
    }
    // A path that is no endpoint is found all the same, and answered by the tenant.
    let in_query = Ask::get("/nowhere").query(&[("client_id", &*client.client_id)]);
    let answer = send(&provider, in_query).await;
    assert_eq!(
        (answer.status, answer.json()),
        (404, json!({ "error": "not_found" }))
    );
    assert_eq!(two.lock().journal().received(), 4);
    assert_eq!(one.lock().journal().received(), 0);
    // A client goes before a token: the token is then a foreign tenant's, so an unknown one.
    let both = Ask::post("/oauth2/revoke")
        .basic(client)
        .form(&[("token", of_one.access())]);
    assert_eq!(send(&provider, both).await.status, 200);
    assert_eq!(two.lock().journal().received(), 5);
    let userinfo = Ask::get("/userinfo").bearer(of_one.access());
    assert_eq!(send(&provider, userinfo).await.status, 200);
}

#[tokio::test]
async fn a_token_leads_to_the_tenant_that_issued_it_dead_or_alive() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let [one, two] = ["one", "two"].map(|name| by_client(&provider, name, "google"));
    let [of_one, of_two] = [mint(&one), mint(&two)];
    let revoke = |token: &str| Ask::post("/revoke").form(&[("token", token)]);
    assert_eq!(send(&provider, revoke(of_two.refresh())).await.status, 200);
    assert_eq!(send(&provider, revoke(of_two.refresh())).await.status, 400);
    let in_query = Ask::post("/revoke").query(&[("token", of_one.access())]);
    assert_eq!(send(&provider, in_query).await.status, 200);
    assert_eq!(one.lock().journal().received(), 1);
    assert_eq!(two.lock().journal().received(), 2);
}

#[tokio::test]
async fn an_account_id_leads_to_its_tenant() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let [one, two] = ["one", "two"].map(|name| by_client(&provider, name, "grant-only"));
    mint(&one);
    let minted = mint(&two);
    let (name, account) = minted.account_id.unwrap();
    let ask = Ask::post("/nowhere").form(&[(name.as_str(), account.as_str())]);
    send(&provider, ask).await;
    assert_eq!(one.lock().journal().received(), 0);
    assert_eq!(two.lock().journal().received(), 1);
}

#[tokio::test]
async fn whoever_leads_to_none_gets_a_401_if_it_identifies_itself_and_else_a_404() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let one = by_client(&provider, "one", "rfc7009");
    let stranger = Ask::post("/oauth2/revoke")
        .basic_pair("nobody:secret")
        .form(&[("token", "never-issued")]);
    let bearer = Ask::get("/userinfo").bearer("never-issued");
    for ask in [stranger, bearer] {
        let answer = send(&provider, ask).await;
        let expected = (401, json!({ "error": "invalid_client" }));
        assert_eq!((answer.status, answer.json()), expected);
        assert_eq!(
            answer.header("www-authenticate"),
            Some("Basic realm=\"provider\"")
        );
    }
    let answer = send(&provider, Ask::get("/userinfo")).await;
    let expected = (404, json!({ "error": "no such tenant" }));
    assert_eq!((answer.status, answer.json()), expected);
    assert_eq!(one.lock().journal().received(), 0);
}

#[tokio::test]
async fn whoever_leads_to_none_comes_to_the_root_if_there_is_one() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    by_client(&provider, "one", "rfc7009");
    let root = provider.add_tenant(&Address::Root, "root", profile("google"));
    let ask = Ask::post("/revoke").form(&[("token", "never-issued")]);
    assert_eq!(send(&provider, ask).await.status, 400);
    assert_eq!(root.unwrap().lock().journal().received(), 1);
}

#[tokio::test]
async fn the_control_api_is_found_by_name() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let one = by_client(&provider, "one", "rfc7009");
    let address = provider.address();
    assert_eq!(
        one.control_url(),
        format!("http://{address}/t/one/_rescind")
    );
    let answer = send(&provider, Ask::get("/t/one/_rescind")).await;
    assert_eq!(answer.json()["tenant"], "one");
    assert_eq!(
        send(&provider, Ask::get("/t/one/userinfo")).await.status,
        404
    );
    let at_root = send(&provider, Ask::get("/_rescind")).await;
    assert_eq!(at_root.json()["tenant"], serde_json::Value::Null);
    assert_eq!(
        send(&provider, Ask::get("/_rescind/ledger")).await.status,
        404
    );
    assert!(provider.remove_tenant("one"));
    assert_eq!(
        send(&provider, Ask::get("/t/one/_rescind")).await.status,
        404
    );
}

#[tokio::test]
async fn a_tenant_found_by_client_is_found_elsewhere_too() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let one = by_client(&provider, "one", "rfc7009");
    let minted = mint(&one);
    let ask = Ask::post("/oauth2/revoke").form(&[("token", minted.access())]);
    let answer = Http::new().send(&one.addresses().elsewhere, ask).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "{}"));
    assert_eq!(one.lock().journal().received(), 1);
}

#[tokio::test]
async fn a_consent_page_and_a_code_lead_to_the_tenant_that_made_them() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    by_client(&provider, "one", "rfc7009");
    let two = by_client(&provider, "two", "google");
    let client = two.lock().client("main");
    let begin = Ask::get("/o/oauth2/v2/auth").query(&[
        ("response_type", "code"),
        ("client_id", &client.client_id),
        ("redirect_uri", "http://127.0.0.1:3000/callback"),
    ]);
    let page = send(&provider, begin).await;
    assert_eq!(page.status, 200);
    // The page sends back what it was opened with, and nothing that names the client.
    let id = page.body.split("name=\"consent\" value=\"").nth(1).unwrap();
    let id = id.split('"').next().unwrap();
    let decision = Ask::post("/o/oauth2/v2/auth/decision").form(&[
        ("consent", id),
        ("user", "ada"),
        ("decision", "allow"),
    ]);
    let answer = send(&provider, decision).await;
    let location = answer.header("location").unwrap_or_default();
    assert!(
        location.contains("code="),
        "{} {}",
        answer.status,
        answer.body
    );
    assert_eq!(two.lock().journal().received(), 2);
}

#[tokio::test]
async fn of_two_tenants_with_the_same_clients_the_later_one_is_meant() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let base_url = format!("http://{}", provider.address());
    for name in ["left-behind", "new"] {
        let made_from = json!({ "seed": "run", "name": "case" });
        let tenant = json!({
            "name": name, "profile": "rfc7009", "address": "client", "made_from": made_from,
        });
        let add = Ask::post("/_rescind/tenants").json(&tenant);
        assert_eq!(Http::new().send(&base_url, add).await.status, 200);
    }
    let tenants = provider.tenants();
    let received = |name: &str| {
        let tenant = tenants.iter().find(|tenant| tenant.name() == name).unwrap();
        tenant.lock().journal().received()
    };
    let minted: Vec<_> = tenants.iter().map(|tenant| mint(tenant)).collect();
    let by_client = Ask::post("/oauth2/revoke")
        .basic(&minted[0].client)
        .form(&[("token", "never-issued")]);
    assert_eq!(send(&provider, by_client).await.status, 200);
    let by_token = Ask::get("/userinfo").bearer(minted[0].access());
    assert_eq!(send(&provider, by_token).await.status, 200);
    assert_eq!((received("left-behind"), received("new")), (0, 2));
}
