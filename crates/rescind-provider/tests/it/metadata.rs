//! What the provider says of itself is what it does (RFC 8414, OpenID Connect Discovery 1.0).

use rescind_provider::server::Address;
use rescind_provider::signing::SigningAlgorithm;
use rescind_provider::signing::assertion::CLIENT_ASSERTION_TYPE;
use rescind_provider::{Addresses, Provider};
use serde_json::{Value, json};

use crate::assertions::{by_secret, claims, client_keys};
use crate::support::{
    Ask, Http, PROFILES, World, access, changed_profile, loopback, profile, refresh,
};

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

async fn document(world: &World, path: &str) -> Value {
    let answer = world.send(Ask::get(path)).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("application/json"))
    );
    answer.json()
}

/// The path of an advertised endpoint.
fn path_of(world: &World, url: &Value) -> String {
    let url = url.as_str().unwrap();
    url.strip_prefix(world.tenant.base_url())
        .unwrap()
        .to_owned()
}

fn words(value: &Value) -> Vec<&str> {
    let values = value.as_array().unwrap().iter();
    values.map(|value| value.as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_advertised_endpoint_is_there() {
    let world = World::start("openid").await;
    let mut seen = 0;
    for path in [OAUTH, OPENID] {
        let document = document(&world, path).await;
        assert_eq!(document["issuer"], world.tenant.base_url());
        for (name, value) in document.as_object().unwrap() {
            if name.ends_with("_endpoint") || name == "jwks_uri" {
                let path = path_of(&world, value);
                // Whatever it makes of such a request, it is not that there is nothing there.
                assert_ne!(world.send(Ask::get(path)).await.status, 404, "{name}");
                assert!(world.last_entry().endpoint.is_some(), "{name}");
                seen += 1;
            }
        }
    }
    // Seven that both name, and userinfo.
    assert_eq!(seen, 15);
}

#[tokio::test]
async fn every_advertised_method_works_at_its_endpoint_and_no_other_does() {
    for endpoint in ["token", "revocation", "introspection"] {
        for method in [
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
            "client_secret_jwt",
            "none",
        ] {
            let world = World::start("openid").await;
            let document = document(&world, OAUTH).await;
            let member = format!("{endpoint}_endpoint_auth_methods_supported");
            let advertised = words(&document[&member]).contains(&method);
            let path = path_of(&world, &document[&format!("{endpoint}_endpoint")]);
            let answer = world.send(authenticated(&world, &path, method)).await;
            assert_eq!(
                answer.status,
                if advertised { 200 } else { 401 },
                "{endpoint} {method}"
            );
        }
    }
}

/// A request that any of the three endpoints does something with.
fn authenticated(world: &World, path: &str, method: &str) -> Ask {
    let client = &world.ada.client;
    let token = refresh(&world.ada);
    let mut pairs = vec![
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
        ("token", token),
    ];
    let keys = client_keys(SigningAlgorithm::Es256);
    let assertion = match method {
        "private_key_jwt" => keys.sign("JWT", &claims(world, "one")).unwrap(),
        _ => by_secret(client.client_secret.expose(), &claims(world, "one")),
    };
    let mut state = world.tenant.lock();
    let registered = state.client_mut("main").unwrap();
    match method {
        "client_secret_basic" => return Ask::post(path).basic(client).form(&pairs),
        "client_secret_post" => pairs.extend([
            ("client_id", client.client_id.as_str()),
            ("client_secret", client.client_secret.expose()),
        ]),
        "none" => {
            let none = rescind_model::profile::ClientAuthentication::None;
            registered.authentication = Some(none);
            pairs.push(("client_id", &client.client_id));
        }
        _ => {
            registered.keys = Some(keys.jwks().unwrap());
            pairs.extend([
                ("client_assertion_type", CLIENT_ASSERTION_TYPE),
                ("client_assertion", &assertion),
            ]);
        }
    }
    Ask::post(path).form(&pairs)
}

#[tokio::test]
async fn the_documents_say_what_the_profile_does() {
    let world = World::start("openid").await;
    let document = document(&world, OPENID).await;
    for (name, expected) in [
        ("response_types_supported", json!(["code"])),
        (
            "grant_types_supported",
            json!([
                "authorization_code",
                "refresh_token",
                "client_credentials",
                "urn:ietf:params:oauth:grant-type:device_code"
            ]),
        ),
        ("code_challenge_methods_supported", json!(["S256", "plain"])),
        ("subject_types_supported", json!(["public"])),
        ("id_token_signing_alg_values_supported", json!(["RS256"])),
        (
            "token_endpoint_auth_signing_alg_values_supported",
            json!(["RS256", "ES256", "HS256"]),
        ),
        (
            "scopes_supported",
            json!(["openid", "profile", "email", "offline_access"]),
        ),
        (
            "authorization_response_iss_parameter_supported",
            json!(true),
        ),
    ] {
        assert_eq!(document[name], expected, "{name}");
    }
}

#[tokio::test]
async fn nothing_is_advertised_that_the_profile_leaves_out() {
    let bare = changed_profile(
        "self-authenticating",
        &[("[resource]", "[metadata]\noauth = true\n\n[resource]")],
    );
    let world = World::of(bare).await;
    let document = document(&world, OAUTH).await;
    let mut names: Vec<&str> = document
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.retain(|name| !name.starts_with("authorization") && !name.starts_with("code_challenge"));
    // Its revocation is authenticated in a way that has no name, so that a client that reads
    // this would take it for one that takes Basic.
    assert_eq!(
        names,
        [
            "issuer",
            "token_endpoint",
            "token_endpoint_auth_methods_supported",
            "response_modes_supported",
            "response_types_supported",
            "grant_types_supported"
        ]
    );
    for profile in PROFILES.into_iter().filter(|profile| *profile != "openid") {
        let world = World::start(profile).await;
        for path in [OAUTH, OPENID] {
            assert_eq!(world.send(Ask::get(path)).await.status, 404, "{profile}");
        }
    }
}

#[tokio::test]
async fn a_provider_below_a_path_has_its_documents_where_the_standards_say() {
    let provider = Provider::start(loopback(), "seed").await.unwrap();
    let below = Address::Below("one".into());
    let tenant = provider
        .add_tenant(&below, "one", profile("openid"))
        .unwrap();
    let http = Http::new();
    let root = tenant.base_url().strip_suffix("/t/one").unwrap();
    for path in [
        // RFC 8414 §3.1, and §5 for the other.
        format!("{OAUTH}/t/one"),
        format!("{OPENID}/t/one"),
        // OpenID Connect Discovery 1.0 §4.1, and what many do for the other.
        format!("/t/one{OPENID}"),
        format!("/t/one{OAUTH}"),
    ] {
        let answer = http.send(root, Ask::get(&path)).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.json()["issuer"], tenant.base_url(), "{path}");
    }
    for path in [
        format!("{OAUTH}/t/two"),
        format!("{OAUTH}/t/"),
        OAUTH.into(),
    ] {
        assert_eq!(http.send(root, Ask::get(&path)).await.status, 404, "{path}");
    }
}

#[test]
fn browsers_and_servers_are_each_told_where_they_find_it() {
    use rescind_provider::ledger::{LedgerKey, Moment};
    use rescind_provider::message::Request;
    use rescind_provider::tenant::TenantState;

    let mut addresses = Addresses::at("http://inside:8080", "http://elsewhere");
    addresses.browser = "https://login.example".into();
    addresses.issuer = "https://issuer.example".into();
    let key = LedgerKey::new("seed", "tenant");
    let mut tenant = TenantState::new(profile("openid"), key).at(addresses);
    let request = Request {
        method: "GET".into(),
        path: OPENID.into(),
        ..Request::default()
    };
    let reply = tenant.handle(&request, Moment(0)).reply;
    let document: Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!(document["issuer"], "https://issuer.example");
    assert_eq!(
        document["authorization_endpoint"],
        "https://login.example/oauth2/authorize"
    );
    for name in [
        "token_endpoint",
        "jwks_uri",
        "registration_endpoint",
        "userinfo_endpoint",
    ] {
        let url = document[name].as_str().unwrap();
        assert!(url.starts_with("http://inside:8080/"), "{name}: {url}");
    }
}

#[tokio::test]
async fn documents_are_only_read() {
    let world = World::start("openid").await;
    for path in [OAUTH, OPENID, "/oauth2/keys"] {
        let answer = world.send(Ask::post(path).bearer(access(&world.ada))).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET")));
    }
}
