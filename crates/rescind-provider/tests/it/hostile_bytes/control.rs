//! Arbitrary bytes on every operation of the control API: only what is answered as done is done.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rescind_model::{Subject, TokenState};
use rescind_provider::server::{Address, control_openapi};
use rescind_provider::tenant::GrantRecord;
use rescind_provider::{Provider, Tenant};

use super::any_bytes::{AnyBytes, any_bytes, any_method, words};
use crate::support::{Ask, Http, form, loopback, profile};

/// What an operation looks for beside its body. Nobody is asked to wait.
const BESIDE: &[&str] = &[
    "after=",
    "&after=start",
    "&limit=",
    "&from=",
    "&grant=",
    "&user=ada",
    "&client=main",
    "&secrets=shown",
    "format=shell",
    "endpoint=revocation",
    "&wait_seconds=0&",
    "&holding=1",
    "0",
    "1",
    "0.1.1",
    "-1",
    "18446744073709551616",
    "start",
    "Bearer ",
    "Basic Og==",
    "%",
    "%00",
    "%ff%fe",
    "&",
    "=",
];

/// What makes a body, or part of one.
const IN_BODY: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "{\"grant\":",
    "{\"user\":\"",
    "{\"advance_seconds\":",
    "\"subject\":",
    "\"fingerprint\":\"",
    "\"name\":\"",
    "\"profile\":\"google\"",
    "null",
    "1e999",
    "-1",
    "18446744073709551616",
    "\"",
    "\\ud800",
    "\\u0000",
    "\u{feff}",
    "{}",
];

/// Bodies that some operation takes.
const TAKEN: &[&str] = &[
    "",
    "{}",
    r#"{"grant":0}"#,
    r#"{"grant":0,"subject":"access_token"}"#,
    r#"{"grant":4294967295,"subject":"refresh_token","generation":4294967295}"#,
    r#"{"user":"ada"}"#,
    r#"{"client":"main","user":"ada"}"#,
    r#"{"user":"\u0000","client":"\ud83d\ude00","subjects":[]}"#,
    r#"{"user":"eve","subjects":["access_token","access_token","refresh_token"]}"#,
    r#"{"advance_seconds":0}"#,
    r#"{"advance_seconds":18446744073709551615}"#,
    r#"{"name":"spare","profile":"google"}"#,
    r#"{"name":"by-port","profile":"rfc7009","address":"port"}"#,
    r#"{"name":"by-host","profile":"rfc7009","address":{"host":"by-host"}}"#,
    r#"{"name":"by-client","profile":"rfc7009","address":"client"}"#,
    r#"{"name":"mallory","redirect_uris":["http://127.0.0.1/cb"]}"#,
    r#"{"consent":"deny"}"#,
    r#"{"consent":"allow","user":"ada"}"#,
    r#"{"endpoint":"revocation","answer":{"status":503}}"#,
    r#"{"endpoint":"token"}"#,
];

/// What stands in the holes of a path.
const IN_HOLES: &[&str] = &[
    "spare",
    "main",
    "0",
    "1",
    "4294967296",
    "%00",
    "%ff",
    "%7b%7d",
    "%2e%2e",
];

fn bodies() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => prop::sample::select(TAKEN).prop_map(|body| body.as_bytes().to_vec()),
        2 => words(IN_BODY),
    ]
}

/// Every path of the control API, and the methods that it answers.
fn operations() -> BTreeMap<String, Vec<&'static str>> {
    let document = control_openapi();
    let paths = document["paths"].as_object().expect("paths");
    let methods = |operations: &serde_json::Value| {
        let names = ["GET", "POST", "PUT", "PATCH", "DELETE"];
        let is_there = |name: &&str| operations.get(name.to_lowercase()).is_some();
        names.into_iter().filter(is_there).collect()
    };
    let operations = paths.iter();
    operations
        .map(|(path, operations)| (path.clone(), methods(operations)))
        .collect()
}

/// All that operations can change.
#[derive(PartialEq)]
struct Standing {
    tenants: Vec<String>,
    resets: u32,
    grants: Vec<GrantRecord>,
    clients: Vec<String>,
    /// The clock, the faults, the gates, and what users answer.
    rest: String,
}

impl Standing {
    fn of(provider: &Provider, tenant: &Tenant) -> Self {
        let tenants = provider.tenants();
        let elapsed = tenant.elapsed();
        let state = tenant.lock();
        let faults: Vec<String> = state.faults().iter().map(|it| format!("{it:?}")).collect();
        let gates: Vec<String> = state.gates().iter().map(|it| format!("{it:?}")).collect();
        Self {
            tenants: tenants.iter().map(|it| it.name().to_owned()).collect(),
            resets: state.resets(),
            grants: state.records(elapsed),
            clients: state
                .clients()
                .iter()
                .map(|it| it.name.to_string())
                .collect(),
            rest: format!(
                "{:?} {faults:?} {gates:?} {:?}",
                state.clock(),
                state.consent()
            ),
        }
    }
}

/// A provider at which every operation finds what it may be about.
struct Stage {
    provider: Provider,
    tenant: Arc<Tenant>,
    /// What every operation was answered, by its path.
    statuses: RefCell<BTreeMap<String, BTreeSet<u16>>>,
}

impl Stage {
    async fn start() -> Self {
        let provider = Provider::start(loopback(), "seed").await.unwrap();
        let tenant = provider
            .add_tenant(&Address::Root, "root", profile("rfc7009"))
            .unwrap();
        Self {
            provider,
            tenant,
            statuses: RefCell::default(),
        }
    }

    fn set(&self) {
        let elapsed = self.tenant.elapsed();
        self.tenant
            .lock()
            .mint("ada", "main", &Subject::ALL, elapsed);
        let spare = Address::Below("spare".to_owned());
        self.provider
            .add_tenant(&spare, "spare", profile("google"))
            .unwrap();
    }

    /// Sends a request to a path. Whatever is refused, and whoever only looks, changes nothing.
    async fn check(&self, request: &AnyBytes, form: &str, path: &str) -> Result<(), String> {
        let before = Standing::of(&self.provider, &self.tenant);
        let status = request.send(self.provider.address(), path).await?;
        let is_done = status.is_some_and(|status| status < 300);
        if !is_done || request.method == "GET" {
            let after = Standing::of(&self.provider, &self.tenant);
            if after != before {
                return Err(format!("it changes something and says {status:?}"));
            }
        }
        let mut statuses = self.statuses.borrow_mut();
        statuses.entry(form.to_owned()).or_default().extend(status);
        Ok(())
    }
}

/// The path with all its holes filled.
fn filled(form: &str, with: &str) -> String {
    let parts = form.split('/').map(|part| {
        let is_hole = part.starts_with('{');
        if is_hole { with } else { part }
    });
    parts.collect::<Vec<&str>>().join("/")
}

#[test]
fn every_operation_answers_whatever_bytes_come_and_does_only_what_it_says() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stage = runtime.block_on(Stage::start());
    for (form, methods) in operations() {
        stage.set();
        for (method, body) in methods
            .iter()
            .flat_map(|method| TAKEN.iter().map(move |body| (*method, *body)))
        {
            let request = AnyBytes::json(method, body);
            for hole in ["spare", "0"] {
                let path = filled(&form, hole);
                let checked = runtime.block_on(stage.check(&request, &form, &path));
                assert_eq!(checked, Ok(()), "{method} {form} with {body}");
            }
        }
        stage.set();
        let own = prop::sample::select(methods);
        let method = prop_oneof![3 => own, 1 => any_method()];
        let requests = any_bytes(method, words(BESIDE), bodies());
        let cases = (requests, prop::sample::select(IN_HOLES));
        let mut runner = TestRunner::new(Config {
            cases: 48,
            failure_persistence: None,
            ..Config::default()
        });
        let result = runner.run(&cases, |(request, hole)| {
            let path = filled(&form, hole);
            let checked = runtime.block_on(stage.check(&request, &form, &path));
            checked.map_err(TestCaseError::fail)
        });
        if let Err(error) = result {
            panic!("{form}: {error}");
        }
    }
    check_that_each_was_done_and_refused(&stage);
    runtime.block_on(check_that_all_is_well(&stage.provider));
}

/// None of what changes something was only ever refused, or only ever done.
fn check_that_each_was_done_and_refused(stage: &Stage) {
    let statuses = stage.statuses.borrow();
    for operation in [
        "/events",
        "/reset",
        "/expire",
        "/kill",
        "/user-removal",
        "/clock",
        "/clock/freeze",
        "/clock/thaw",
        "/grants",
        "/tenants",
        "/tenants/{tenant}",
        "/faults",
        "/gates",
        "/clients",
        "/consent",
    ] {
        let statuses = &statuses[&format!("/_rescind{operation}")];
        assert!(statuses.contains(&200), "{operation}: {statuses:?}");
        assert!(
            statuses.iter().any(|it| *it >= 400),
            "{operation}: {statuses:?}"
        );
    }
}

/// A new tenant has tokens that live and die.
async fn check_that_all_is_well(provider: &Provider) {
    let at = Address::Below("new".to_owned());
    let tenant = provider.add_tenant(&at, "new", profile("google")).unwrap();
    let elapsed = tenant.elapsed();
    let minted = tenant.lock().mint("ada", "main", &Subject::ALL, elapsed);
    let http = Http::new();
    let revoke = Ask::post("/revoke").body(super::FORM, form(&[("token", minted.refresh())]));
    assert_eq!(http.send(tenant.base_url(), revoke).await.status, 200);
    let state = tenant.lock().state_of(minted.access(), tenant.elapsed());
    assert_eq!(state, TokenState::Dead);
    let root = format!("http://{}", provider.address());
    let health = http.send(&root, Ask::get("/_rescind/health"));
    assert_eq!(health.await.status, 200);
}
