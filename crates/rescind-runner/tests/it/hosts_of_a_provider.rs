//! A target is told where each host of a provider lies.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use rescind_model::event::CaseId;
use rescind_model::profile::Profile;
use rescind_model::secret::Secret;
use rescind_model::{Scenario, SourceFile, Target};
use rescind_provider::Provider;
use rescind_provider::server::Address;
use rescind_runner::case::CaseRun;
use rescind_runner::plan::Case;
use rescind_runner::target::{Adapter, ApiKeys, Client};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::files::{profile, read};
use crate::support::revoke_of_alice;

/// The bodies that came, in order.
type Told = Arc<Mutex<Vec<Value>>>;

/// A target that takes everything, calls every account active, and remembers what it was told.
async fn target_that_listens() -> (String, Told) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let told = Told::default();
    let remembered = Arc::clone(&told);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Some(body) = take(stream).await else {
                continue;
            };
            remembered.lock().unwrap().extend(body);
        }
    });
    (base_url, told)
}

/// Answers one request. Returns its body, if it has one; nothing if it does not come whole.
async fn take(mut stream: TcpStream) -> Option<Option<Value>> {
    let mut request = Vec::new();
    let body = loop {
        let mut chunk = [0; 4096];
        let count = stream
            .read(&mut chunk)
            .await
            .ok()
            .filter(|count| *count > 0)?;
        request.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&request).to_lowercase();
        let Some((head, _)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        if request.len() >= head.len() + 4 + length {
            break request.split_off(head.len() + 4);
        }
    };
    let answer = r#"{"id":"ca_1","status":"ACTIVE"}"#;
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{answer}",
        answer.len()
    );
    stream.write_all(answer.as_bytes()).await.ok()?;
    Some(serde_json::from_slice(&body).ok())
}

fn target(base_url: &str, hosts: &[&str]) -> Target {
    let text = format!(
        r#"
name = "listens"
base_url = "{base_url}"
api_key = {{ header = "x-api-key", environment = "KEY" }}

[[client]]
request = {{ method = "POST", path = "/clients", json = {{ own = "{{provider_base_url}}", api = "{{provider_base_url_api_eu}}" }} }}

[[account]]
request = {{ method = "POST", path = "/accounts", json = {{ token = "{{access_token}}" }} }}
capture = {{ account_id = "/id" }}

[revoke]
request = {{ method = "POST", path = "/accounts/{{account_id}}/revoke" }}
revoked_tokens = "/revoked_tokens"
account_id = "/id"
account_status = "/status"

[read]
request = {{ method = "GET", path = "/accounts/{{account_id}}" }}
account_status = "/status"
"#
    );
    let hosts: BTreeSet<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let file = SourceFile::new("target.toml", text);
    Target::parse_for_hosts(&file, &hosts).expect("the target file is valid")
}

/// The plain provider, whose revocation route lies at a host of its own.
fn two_hosts() -> Arc<Profile> {
    let path = "fixtures/providers/rfc7009.toml";
    let text = read(path).text().to_owned();
    let route = "path = \"/oauth2/revoke\"";
    assert!(text.contains(route));
    let text = text.replacen(route, &format!("{route}\nhost = \"api-eu\""), 1);
    let hosts = "hosts = [\"api-eu\"]\nconfidence =";
    let text = text.replacen("confidence =", hosts, 1);
    let parsed = Profile::parse(&SourceFile::new(path, text));
    Arc::new(parsed.expect("the profile is valid"))
}

/// What a target is told of a provider of that profile, its own address and that of its host.
async fn told_of(profile: Arc<Profile>) -> (Value, [String; 2]) {
    let (base_url, told) = target_that_listens().await;
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let provider = Provider::start(any, "seed").await.unwrap();
    let at = Address::Below("case".to_owned());
    let tenant = provider
        .add_tenant(&at, "case", Arc::clone(&profile))
        .unwrap();
    let keys = ApiKeys {
        main: Secret::new("key"),
        read_only: None,
        other_project: None,
        headers: Vec::new(),
    };
    let client = Client::new(&base_url, None).unwrap();
    let target = target(&base_url, &["api-eu"]);
    let adapter = Arc::new(Adapter::new(target, base_url, keys, client));
    let text = revoke_of_alice("", "");
    let file = SourceFile::new("scenario.toml", text);
    let case = Case {
        id: CaseId {
            scenario: "scenario".to_owned(),
            profile: "profile".to_owned(),
        },
        scenario: Arc::new(Scenario::parse("scenario", &file).unwrap()),
        profile,
    };
    let finished = CaseRun::new(case, adapter, Arc::clone(&tenant)).run().await;
    assert_eq!(finished.record.harness_error, None);
    let addresses = tenant.addresses();
    let of_host = addresses.of_host(Some("api-eu")).to_owned();
    let first = told.lock().unwrap()[0].clone();
    (first, [addresses.own.clone(), of_host])
}

#[tokio::test]
async fn a_target_is_told_both_hosts_of_a_provider() {
    let (told, [own, api]) = told_of(two_hosts()).await;
    assert_ne!(own, api);
    assert_eq!((&told["own"], &told["api"]), (&own.into(), &api.into()));
}

#[tokio::test]
async fn a_provider_without_that_host_has_everything_at_its_own() {
    let (told, [own, _]) = told_of(profile("rfc7009")).await;
    assert_eq!(
        (&told["own"], &told["api"]),
        (&own.clone().into(), &own.into())
    );
}

#[test]
fn the_nearest_host_is_named_where_no_profile_has_the_one() {
    let file = read("fixtures/invalid/target/host-that-no-profile-has.toml");
    let hosts = ["apis", "login"].map(str::to_owned);
    let mistakes = Target::parse_for_hosts(&file, &BTreeSet::from(hosts)).unwrap_err();
    let hint = mistakes[0].hint.as_deref();
    assert_eq!(hint, Some("did you mean `provider_base_url_apis`?"));
}
