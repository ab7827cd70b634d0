//! What another program is shown that is to judge: the journal and the tokens, of one moment.

use rescind_model::secret::Secret;
use rescind_provider::Provider;
use rescind_provider::observation::{Observation, Written};
use rescind_provider::server::{Address, ProviderOptions};
use serde_json::{Value, json};

use crate::support::{Answer, Ask, Http, loopback, mint, profile};

const KEY: &str = "a-key-for-this-test";

async fn keyed() -> Provider {
    let options = ProviderOptions {
        control_key: Some(Secret::new(KEY)),
        ..ProviderOptions::new(loopback(), "seed")
    };
    Provider::start_with(options).await.unwrap()
}

async fn ask(provider: &Provider, path: &str) -> Answer {
    let base_url = format!("http://{}", provider.address());
    let ask = Ask::get(format!("/_rescind{path}")).bearer(KEY);
    Http::new().send(&base_url, ask).await
}

#[tokio::test]
async fn it_is_what_a_test_in_the_same_program_sees() {
    let provider = keyed().await;
    let tenant = provider
        .add_tenant(&Address::Root, "root", profile("rfc7009"))
        .unwrap();
    let minted = mint(&tenant);
    let base_url = format!("http://{}", provider.address());
    let userinfo = Ask::get("/userinfo").bearer(minted.access());
    Http::new().send(&base_url, userinfo).await;

    let answer = ask(&provider, "/observation?secrets=show&after=0&grants=0").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let written: Written = serde_json::from_value(answer.json()).unwrap();
    let seen = Observation::try_from(written).unwrap();
    let elapsed = tenant.elapsed();
    let own = tenant.lock().observe(0, [minted.grant], elapsed);
    assert_eq!(seen.entries.len(), 1);
    let entry = &seen.entries[0];
    assert!(entry.request_with_secrets().contains(minted.access()));
    assert_eq!(format!("{entry:?}"), format!("{:?}", own.entries[0]));
    assert_eq!(format!("{:?}", seen.tokens), format!("{:?}", own.tokens));

    let listed = ask(&provider, "/secrets?secrets=show").await.json();
    let is_there = |secret: &str| {
        let mut secrets = listed["secrets"].as_array().unwrap().iter();
        secrets.any(|listed| listed["secret"] == secret)
    };
    assert!(is_there(minted.access()) && is_there(minted.client.client_secret.expose()));
}

#[tokio::test]
async fn it_waits_for_the_next_request() {
    let provider = keyed().await;
    let tenant = provider
        .add_tenant(&Address::Root, "root", profile("rfc7009"))
        .unwrap();
    let minted = mint(&tenant);
    let base_url = format!("http://{}", provider.address());
    let http = Http::new();
    let userinfo = http.send(&base_url, Ask::get("/userinfo").bearer(minted.access()));
    let waiting = ask(&provider, "/observation?secrets=show&wait_seconds=60");
    let (seen, _) = tokio::join!(waiting, userinfo);
    assert_eq!(seen.json()["received"], 1);
    let later = ask(&provider, "/observation?secrets=show&after=1")
        .await
        .json();
    assert_eq!(
        (&later["received"], &later["entries"]),
        (&json!(1), &json!([]))
    );
}

#[tokio::test]
async fn whoever_may_not_see_secrets_sees_none_of_it() {
    let provider = keyed().await;
    provider
        .add_tenant(&Address::Root, "root", profile("rfc7009"))
        .unwrap();
    let message = |answer: &Answer| answer.json()["error"]["message"].clone();
    for path in ["/observation", "/secrets"] {
        let answer = ask(&provider, path).await;
        let expected = "the answer holds secrets, and they were not asked for";
        assert_eq!((answer.status, message(&answer)), (400, json!(expected)));
    }
    for (grants, expected) in [
        ("0,x", "`grants` holds what is no number".to_owned()),
        (&"0,".repeat(1001), "too many `grants` at once".to_owned()),
    ] {
        let path = format!("/observation?secrets=show&grants={grants}");
        let answer = ask(&provider, &path).await;
        assert_eq!((answer.status, message(&answer)), (400, json!(expected)));
    }
    // A provider on loopback without a key shows no secrets to anybody.
    let open = Provider::start(loopback(), "seed").await.unwrap();
    open.add_tenant(&Address::Root, "root", profile("rfc7009"))
        .unwrap();
    for path in ["/observation?secrets=show", "/secrets?secrets=show"] {
        assert_eq!(ask(&open, path).await.status, 403);
    }
}

#[tokio::test]
async fn of_the_same_seed_and_name_the_same_tokens_are_made_elsewhere() {
    let here = Provider::start(loopback(), "a seed").await.unwrap();
    let here = here
        .add_tenant(&Address::Root, "a case", profile("google"))
        .unwrap();
    let there = keyed().await;
    let base_url = format!("http://{}", there.address());
    let made_from = json!({ "seed": "a seed", "name": "a case" });
    let mut names = Vec::new();
    for address in [json!("path"), json!("host_of_its_name")] {
        let body = json!({ "profile": "google", "address": address, "made_from": made_from });
        let add = Ask::post("/_rescind/tenants").bearer(KEY).json(&body);
        let made: Value = Http::new().send(&base_url, add).await.json();
        names.push(made["name"].as_str().unwrap().to_owned());
    }
    assert_eq!(names, ["tenant-1", "tenant-2"]);
    let expected = mint(&here);
    for tenant in there.tenants() {
        assert_eq!(mint(&tenant).refresh(), expected.refresh());
        let [own, other] = [&tenant, &here].map(|tenant| tenant.fingerprints().fingerprint("x"));
        assert_eq!(own, other);
    }
    let host = there.tenants()[1].at().clone();
    assert_eq!(host, Address::Host("tenant-2.localhost".to_owned()));
}
