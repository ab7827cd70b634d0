//! Faults that a profile states: how the provider is by itself.

use std::path::Path;
use std::sync::Arc;

use rescind_model::Subject;
use rescind_model::profile::Profile;
use rescind_model::source::SourceFile;
use rescind_provider::Provider;
use rescind_provider::Tenant;
use rescind_provider::server::Address;
use rescind_provider::tenant::Minted;
use serde_json::json;

use super::fault;
use crate::support::{Ask, Http, access, loopback};

const FAULTS: &str = r#"
[[fault]]
endpoint = "resource"
quota = { requests = 1, per_seconds = 60 }

[[fault]]
endpoint = "resource"
client = "rival"
answer = { status = 451 }
"#;

/// The plain profile with faults of its own.
fn profile() -> Arc<Profile> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/providers/rfc7009.toml");
    let text = std::fs::read_to_string(path).unwrap() + FAULTS;
    Arc::new(Profile::parse(&SourceFile::new("limited.toml", text)).unwrap())
}

async fn start() -> (Provider, Arc<Tenant>) {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let tenant = provider
        .add_tenant(&Address::Root, "root", profile())
        .unwrap();
    let elapsed = tenant.elapsed();
    tenant.lock().clock_mut().freeze(elapsed);
    (provider, tenant)
}

fn mint(tenant: &Tenant) -> Minted {
    let elapsed = tenant.elapsed();
    tenant.lock().mint("ada", "main", &Subject::ALL, elapsed)
}

async fn check(tenant: &Tenant, minted: &Minted, expected: &[u16]) {
    let http = Http::new();
    let mut statuses = Vec::new();
    for _ in expected {
        let ask = Ask::get("/userinfo").bearer(access(minted));
        statuses.push(http.send(tenant.base_url(), ask).await.status);
    }
    assert_eq!(statuses, expected);
}

#[tokio::test]
async fn a_profile_can_fail_by_itself_and_no_recovery_ends_that() {
    let (_provider, tenant) = start().await;
    let minted = mint(&tenant);
    tenant.lock().fail(fault(
        &json!({ "endpoint": "resource", "nth": 1, "answer": { "status": 500 } }),
    ));
    check(&tenant, &minted, &[500, 429, 429]).await;
    tenant.lock().recover();
    // Its count goes on, too.
    check(&tenant, &minted, &[429]).await;
    tenant.lock().clock_mut().advance(60);
    check(&tenant, &minted, &[200, 429]).await;
    assert_eq!(tenant.lock().faults().iter().count(), 2);
}

#[tokio::test]
async fn a_reset_begins_its_count_anew_and_ends_every_other() {
    let (_provider, tenant) = start().await;
    let minted = mint(&tenant);
    check(&tenant, &minted, &[200, 429]).await;
    tenant.lock().fail(fault(
        &json!({ "endpoint": "resource", "answer": { "status": 500 } }),
    ));
    check(&tenant, &minted, &[500]).await;
    tenant.lock().reset();
    let minted = mint(&tenant);
    check(&tenant, &minted, &[200, 429]).await;
}

#[test]
fn what_makes_no_sense_is_a_mistake_of_the_file() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/providers/rfc7009.toml");
    let text =
        std::fs::read_to_string(path).unwrap() + &FAULTS.replace("requests = 1", "requests = 0");
    let file = SourceFile::new("limited.toml", text);
    let mistakes = Profile::parse(&file).unwrap_err();
    let messages: Vec<&str> = mistakes
        .iter()
        .map(|mistake| mistake.message.as_str())
        .collect();
    assert_eq!(messages, ["a quota of no requests"]);
}
