//! A provider on a mock server answers as the provider's own server does, whatever it is asked.

use std::net::{Ipv4Addr, SocketAddr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Request, Response};
use rescind_model::Profile;
use rescind_provider::ledger::Moment;
use rescind_provider::server::Address;
use rescind_provider::tenant::TenantState;
use rescind_provider::{Addresses, Entry, Provider};
use rescind_wiremock::ProviderMock;
use wiremock::MockServer;

use crate::support::{Http, profile};

const PROFILES: [&str; 11] = [
    "access-only",
    "dropbox",
    "externally-revoked",
    "google",
    "grant-only",
    "no-revoke-route",
    "openid",
    "refresh-only",
    "rfc7009",
    "self-authenticating",
    "two-routes",
];

/// What is asked: a method, a path, a query, and headers.
struct Question {
    method: &'static str,
    target: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

/// Every path that a client of the profile goes to, and some that it has not.
fn paths(profile: &Profile) -> Vec<String> {
    let mut paths = vec![
        profile.token_endpoint.path.to_string(),
        profile.resource.path.to_string(),
        "/nowhere".to_owned(),
        "/".to_owned(),
        "/a/../b".to_owned(),
        "/.well-known/openid-configuration".to_owned(),
        "/.well-known/oauth-authorization-server".to_owned(),
    ];
    let further = [
        profile
            .introspection
            .as_ref()
            .map(|endpoint| &endpoint.path),
        profile
            .authorization_endpoint
            .as_ref()
            .map(|endpoint| &endpoint.path),
        profile
            .device_authorization
            .as_ref()
            .map(|endpoint| &endpoint.path),
        profile.signing_keys.as_ref().map(|keys| &keys.path),
        profile.openid.as_ref().map(|openid| &openid.userinfo_path),
        profile.registration.as_ref().map(|endpoint| &endpoint.path),
    ];
    let routes = profile.revocation_routes.iter().map(|route| &route.path);
    let further = further.into_iter().flatten().chain(routes);
    paths.extend(further.map(|path| path.as_str().to_owned()));
    paths
}

/// Each path, asked well and badly.
fn questions(profile: &Profile, token: &str, client: (&str, &str)) -> Vec<Question> {
    let form = |pairs: &[(&str, &str)]| {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(pairs).finish()
    };
    let tokens = [
        ("token", token),
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
    ];
    let named = [("client_id", client.0), ("client_secret", client.1)];
    let (anonymous, whole) = (form(&tokens), form(&[&tokens[..], &named[..]].concat()));
    let asks = form(&[("response_type", "code"), named[0]]);
    let media = |kind: &str| ("content-type", kind.to_owned());
    let urlencoded = || media("application/x-www-form-urlencoded");
    let bearer = || ("authorization", format!("Bearer {token}"));
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = STANDARD.encode(format!("{}:{}", encoded(client.0), encoded(client.1)));
    let basic = || ("authorization", format!("Basic {pair}"));
    let mut questions = Vec::new();
    for path in paths(profile) {
        let with = |query: &str| format!("{path}?{query}");
        questions.extend(
            [
                ("GET", path.clone(), vec![], ""),
                ("GET", path.clone(), vec![bearer()], ""),
                ("GET", with(&asks), vec![], ""),
                ("DELETE", path.clone(), vec![], ""),
                ("POST", path.clone(), vec![], ""),
                (
                    "POST",
                    path.clone(),
                    vec![media("application/json")],
                    "{\"token\":",
                ),
                ("POST", path.clone(), vec![media("text/plain")], &whole),
                ("POST", with(&whole), vec![], ""),
                (
                    "POST",
                    path.clone(),
                    vec![urlencoded()],
                    "token=%00&token=%ff",
                ),
                (
                    "POST",
                    path.clone(),
                    vec![urlencoded(), basic()],
                    &anonymous,
                ),
                ("POST", path.clone(), vec![urlencoded()], &whole),
                ("POST", path.clone(), vec![urlencoded(), bearer()], ""),
            ]
            .map(|(method, target, headers, body)| Question {
                method,
                target,
                headers,
                body: body.to_owned(),
            }),
        );
    }
    questions
}

/// What tells one answer from another: not when it was sent, nor how its end is found.
fn told(answer: &Response<Vec<u8>>) -> (u16, HeaderMap, String) {
    let mut headers = answer.headers().clone();
    for own in ["date", "content-length", "connection", "transfer-encoding"] {
        headers.remove(own);
    }
    let body = String::from_utf8_lossy(answer.body()).into_owned();
    (answer.status().as_u16(), headers, body)
}

async fn ask(http: &Http, base_url: &str, question: &Question) -> Response<Vec<u8>> {
    let mut request = Request::builder()
        .method(question.method)
        .uri(format!("{base_url}{}", question.target));
    for (name, value) in &question.headers {
        request = request.header(*name, value);
    }
    let request = request.body(question.body.clone().into_bytes()).unwrap();
    http.send(request).await.unwrap()
}

/// Takes away what must differ: both stand at the same time, and are at the same address, by what
/// they say.
fn alike(state: &mut TenantState) {
    let addresses = Addresses::at("https://provider.example", "https://elsewhere.example");
    *state = state.clone().at(addresses).begun_at(1_800_000_000);
    state.clock_mut().freeze(Moment(0));
}

#[tokio::test]
async fn every_profile_answers_alike_on_both_servers() {
    let http = Http::new();
    for name in PROFILES {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let provider = Provider::start(loopback, "seed").await.unwrap();
        let tenant = provider
            .add_tenant(&Address::Root, "", profile(name))
            .unwrap();
        let server = MockServer::start().await;
        let mounted = ProviderMock::profile_of(profile(name)).seed("seed");
        let mounted = mounted.mount(&server).await.unwrap();
        mounted.with_state(|state, _| alike(state));
        alike(&mut tenant.lock());

        let minted = mounted.mint("ada");
        let subjects = rescind_model::Subject::ALL;
        let twin = tenant.lock().mint("ada", "main", &subjects, Moment(0));
        let token = minted
            .refresh_token
            .as_ref()
            .or(minted.access_token.as_ref());
        let token = token.unwrap().expose();
        let twin_token = twin.refresh_token.as_ref().or(twin.access_token.as_ref());
        assert_eq!(twin_token.unwrap().expose(), token, "{name}");

        let client = &minted.client;
        let client = (client.client_id.as_str(), client.client_secret.expose());
        for question in questions(&profile(name), token, client) {
            let here = told(&ask(&http, mounted.base_url(), &question).await);
            let there = told(&ask(&http, tenant.base_url(), &question).await);
            let (method, target) = (question.method, &question.target);
            assert_eq!(here, there, "{name}: {method} {target}");
        }
        let told = |entry: Entry| (entry.outcome, entry.status, entry.killed, entry.minted);
        let here: Vec<_> = mounted.journal().into_iter().map(told).collect();
        let there: Vec<Entry> = tenant.lock().journal().after(0).cloned().collect();
        let there: Vec<_> = there.into_iter().map(told).collect();
        assert_eq!(here, there, "{name}");
        // Some of it took effect, so that not only refusals are alike.
        assert!(here.iter().any(|(_, status, ..)| *status == 200), "{name}");
    }
}
