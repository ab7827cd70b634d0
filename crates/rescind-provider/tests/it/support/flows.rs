//! What clients, browsers and users do to get tokens.

use std::collections::BTreeMap;

use rescind_provider::clients::Client;
use rescind_provider::consent::Consent;
use serde_json::Value;

use super::{Answer, Ask, World};

/// The pair of RFC 7636 appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Where the client waits for the browser.
pub const CALLBACK: &str = "http://127.0.0.1:4711/callback?own=1";

/// The parameters of a request in the making.
#[derive(Clone, Debug, Default)]
pub struct Pairs(Vec<(String, String)>);

impl Pairs {
    /// One more, in place of those of the name.
    pub fn with(self, name: &str, value: &str) -> Self {
        let mut pairs = self.without(name);
        pairs.0.push((name.to_owned(), value.to_owned()));
        pairs
    }

    /// One more, whatever else there is.
    pub fn and(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(own, _)| own != name);
        self
    }

    fn borrowed(&self) -> Vec<(&str, &str)> {
        let pairs = self.0.iter();
        pairs.map(|(name, value)| (&**name, &**value)).collect()
    }

    pub fn get(&self, path: &str) -> Ask {
        Ask::get(path).query(&self.borrowed())
    }

    pub fn post(&self, path: &str) -> Ask {
        Ask::post(path).form(&self.borrowed())
    }
}

/// What a careful client asks for at the authorization endpoint.
pub fn authorization(world: &World) -> Pairs {
    Pairs::default()
        .with("response_type", "code")
        .with("client_id", &world.ada.client.client_id)
        .with("redirect_uri", CALLBACK)
        .with("state", "a state & more")
        .with("scope", "files.read files.write")
        .with("code_challenge", CHALLENGE)
        .with("code_challenge_method", "S256")
}

/// What it sends to exchange the code.
pub fn exchange(code: &str) -> Pairs {
    Pairs::default()
        .with("grant_type", "authorization_code")
        .with("code", code)
        .with("redirect_uri", CALLBACK)
        .with("code_verifier", VERIFIER)
}

/// The user of that name says yes to whatever is asked.
pub fn say_yes(world: &World, user: &str) {
    let user = user.to_owned();
    world.tenant.lock().set_consent(Consent::Allow { user });
}

/// Where an answer sends the browser: the address without what was added, and what was added.
pub fn sent_to(answer: &Answer) -> (String, BTreeMap<String, String>) {
    assert_eq!(answer.status, 303, "{}", answer.body);
    let location = answer.header("location").unwrap();
    let added = location.strip_prefix(CALLBACK).expect("the callback");
    let added = added.strip_prefix('&').expect("something added");
    let pairs: Vec<(String, String)> = form_urlencoded::parse(added.as_bytes())
        .into_owned()
        .collect();
    let count = pairs.len();
    let pairs: BTreeMap<String, String> = pairs.into_iter().collect();
    assert_eq!(pairs.len(), count, "something is there twice");
    (CALLBACK.to_owned(), pairs)
}

/// What was added to the callback, as `name=value`, in the order of the names.
pub fn added(answer: &Answer) -> Vec<String> {
    let (_, pairs) = sent_to(answer);
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| format!("{name}={value}"))
        .collect()
}

/// The code that comes of a request to which the user says yes.
pub async fn code_for(world: &World, request: &Pairs) -> String {
    say_yes(world, "ada");
    let path = authorization_path(world);
    let answer = world.send(request.get(&path)).await;
    sent_to(&answer).1["code"].clone()
}

/// The code that comes of a careful client's request.
pub async fn code(world: &World) -> String {
    code_for(world, &authorization(world)).await
}

pub fn authorization_path(world: &World) -> String {
    let state = world.tenant.lock();
    let endpoint = state.profile().authorization_endpoint.as_ref().unwrap();
    endpoint.path.to_string()
}

/// A request to the token endpoint, by the main client.
pub async fn token(world: &World, pairs: &Pairs) -> Answer {
    token_as(world, &world.ada.client, pairs).await
}

/// A request to the token endpoint, by any client.
pub async fn token_as(world: &World, client: &Client, pairs: &Pairs) -> Answer {
    let path = world
        .tenant
        .lock()
        .profile()
        .token_endpoint
        .path
        .to_string();
    world.send(pairs.post(&path).basic(client)).await
}

/// A token response, held against what it must have.
pub fn tokens(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body = answer.json();
    assert_eq!(body["token_type"], "Bearer");
    body
}

/// A member of an answer that is a text.
pub fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().expect(name)
}

/// Whether the resource lets an access token in, and as whom.
pub async fn let_in_as(world: &World, token: &str) -> Option<String> {
    let path = world.tenant.lock().profile().resource.path.to_string();
    let answer = world.send(Ask::get(path).bearer(token)).await;
    let is_in = answer.status == 200;
    is_in.then(|| text(&answer.json(), "sub").to_owned())
}

/// A refresh with a refresh token.
pub fn refreshing(token: &str) -> Pairs {
    Pairs::default()
        .with("grant_type", "refresh_token")
        .with("refresh_token", token)
}

/// The value of an input of a page.
pub fn input(page: &Answer, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.body.split_once(&start).expect("the input");
    rest.split('"').next().unwrap().to_owned()
}

/// The text of the element of that id.
pub fn element<'a>(page: &'a Answer, id: &str) -> &'a str {
    let (_, rest) = page.body.split_once(&format!("id=\"{id}\">")).expect(id);
    rest.split('<').next().unwrap()
}

/// The name of a page.
pub fn page(answer: &Answer) -> (u16, &str) {
    let (_, rest) = answer.body.split_once("data-page=\"").expect("a page");
    (answer.status, rest.split('"').next().unwrap())
}

/// Moves the clock by the control API.
pub async fn advance(world: &World, seconds: u64) {
    let body = serde_json::json!({ "advance_seconds": seconds });
    let answer = world.send(Ask::post("/_rescind/clock").json(&body)).await;
    assert_eq!(answer.status, 200);
}
