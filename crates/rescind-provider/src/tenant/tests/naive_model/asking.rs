//! Requests as a profile wants them, whichever: what is presented and who asks, at the places that
//! it declares.

use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use proptest::prelude::*;
use proptest::sample::Index;
use rescind_model::profile::{
    BodyEncoding, ClientAuthentication, Introspection, Place, Profile, path_template,
};
use rescind_model::source::Located;
use serde_json::{Map, Value, json};

use super::book::Shown;
use crate::clients::Client;
use crate::ledger::{LedgerKey, TokenId};
use crate::message::Request;
use crate::signing::assertion::CLIENT_ASSERTION_TYPE;
use crate::signing::{KeySet, SigningAlgorithm};
use crate::tenant::tests::form;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// Whose token it is.
    Owner,
    /// Another client, or one with another grant's access token.
    Other,
    /// Somebody that shows nothing.
    Nobody,
    /// Somebody that shows what is wrong.
    Liar,
}

/// Who asks, and in which of the ways that there are.
#[derive(Clone, Debug)]
pub struct Asking {
    pub asker: Asker,
    pub way: Index,
    pub place: Index,
    pub hint: Option<&'static str>,
}

pub fn asking() -> impl Strategy<Value = Asking> {
    let asker = prop_oneof![
        8 => Just(Asker::Owner),
        1 => Just(Asker::Other),
        1 => Just(Asker::Nobody),
        1 => Just(Asker::Liar),
    ];
    let hints = prop::sample::select(vec!["access_token", "refresh_token", "pet", ""]);
    (
        asker,
        any::<Index>(),
        any::<Index>(),
        prop::option::of(hints),
    )
        .prop_map(|(asker, way, place, hint)| Asking {
            asker,
            way,
            place,
            hint,
        })
}

/// Whose token it is, asks.
pub fn owner_asking() -> impl Strategy<Value = Asking> {
    asking().prop_map(|asking| Asking {
        asker: Asker::Owner,
        ..asking
    })
}

/// What the asker can show.
pub struct Credentials<'a> {
    pub client: &'a Client,
    /// An access token, if there is one, and which it is.
    pub access_token: Option<(&'a str, TokenId)>,
    /// What makes an assertion unlike all others.
    pub nonce: String,
    pub unix_seconds: u64,
}

/// The keys that clients sign with, made once for all tests.
pub static CLIENT_KEYS: LazyLock<KeySet> =
    LazyLock::new(|| KeySet::new(LedgerKey::new("clients", "client"), SigningAlgorithm::Es256));

/// A request in the making.
#[derive(Debug, Default)]
struct Draft {
    request: Request,
    form: Vec<(String, String)>,
    json: Map<String, Value>,
    query: Vec<(String, String)>,
    holes: Vec<(String, String)>,
}

impl Draft {
    fn begin(method: &str, host: Option<&Located<String>>) -> Self {
        let request = Request {
            method: method.to_owned(),
            host: host.map(|host| Arc::from(host.as_str())),
            ..Request::default()
        };
        Self {
            request,
            ..Self::default()
        }
    }

    fn put(&mut self, place: &Place, value: &str) {
        let pair = |name: &String| (name.clone(), value.to_owned());
        match place {
            Place::Form(name) => self.form.push(pair(name)),
            Place::Query(name) => self.query.push(pair(name)),
            Place::Path(name) => self.holes.push(pair(name)),
            Place::Json(name) => {
                self.json.insert(name.clone(), json!(value));
            }
            Place::Bearer => self.authorize("Bearer", value),
            Place::Scheme(scheme) => self.authorize(scheme, value),
            Place::Header(name) => {
                let name: HeaderName = name.parse().unwrap();
                let value = HeaderValue::from_str(value).unwrap();
                self.request.headers.append(name, value);
            }
        }
    }

    fn authorize(&mut self, scheme: &str, value: &str) {
        let value = HeaderValue::from_str(&format!("{scheme} {value}")).unwrap();
        self.request.headers.append(AUTHORIZATION, value);
    }

    /// In the body, which is JSON or a form.
    fn put_in_body(&mut self, encoding: BodyEncoding, name: &str, value: &str) {
        let name = name.to_owned();
        self.put(
            &match encoding {
                BodyEncoding::Json => Place::Json(name),
                BodyEncoding::Form | BodyEncoding::None => Place::Form(name),
            },
            value,
        );
    }

    fn finish(self, path: &str) -> Request {
        let borrowed = |pairs: &[(String, String)]| {
            let pairs: Vec<(&str, &str)> = pairs.iter().map(|(a, b)| (&**a, &**b)).collect();
            form(&pairs)
        };
        let mut request = self.request;
        request.path = path.to_owned();
        for hole in path_template::holes(path) {
            let value = self.holes.iter().find(|(name, _)| name == hole);
            let value = value.map_or("anything", |(_, value)| value.as_str());
            let encoded =
                percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
            request.path = request
                .path
                .replace(&format!("{{{hole}}}"), &encoded.to_string());
        }
        if !self.query.is_empty() {
            let query = borrowed(&self.query);
            request.query = Some(String::from_utf8(query.to_vec()).unwrap());
        }
        let content_type = if self.json.is_empty() {
            request.body = borrowed(&self.form);
            "application/x-www-form-urlencoded"
        } else {
            request.body = Value::Object(self.json).to_string().into();
            "application/json"
        };
        if !request.body.is_empty() {
            let value = HeaderValue::from_static(content_type);
            request.headers.insert(http::header::CONTENT_TYPE, value);
        }
        request
    }
}

/// A request in whose name, and of what provider.
pub struct Question<'a> {
    pub profile: &'a Profile,
    pub asking: &'a Asking,
    pub credentials: &'a Credentials<'a>,
}

impl Question<'_> {
    /// A revocation at a route. What is presented, if anything, is a token or an account's id.
    pub fn revocation(&self, route: usize, presented: Option<&str>) -> (Request, Shown) {
        let route = &self.profile.revocation_routes[route];
        let mut draft = Draft::begin(route.method.as_str(), route.host.as_ref());
        let declared = &route.client_authentication;
        let places: Vec<&Place> = route.token_in.iter().chain(&route.account_in).collect();
        let by_itself = way(declared, self.asking) == Some(&ClientAuthentication::BearerToken);
        let place = if by_itself && places.contains(&&Place::Bearer) {
            &Place::Bearer
        } else {
            self.asking.place.get(&places)
        };
        if let Some(presented) = presented {
            draft.put(place, presented);
            if by_itself && *place != Place::Bearer {
                draft.put(&Place::Bearer, presented);
            }
        }
        if let (Some(place), Some(hint)) = (&route.hint_in, self.asking.hint) {
            draft.put(place, hint);
        }
        let shown = if by_itself && presented.is_none() {
            // Without a token there is nothing that could stand for itself.
            Shown::Nothing
        } else {
            self.identify(&mut draft, declared, route.encoding)
        };
        (draft.finish(&route.path), shown)
    }

    /// A refresh.
    pub fn refreshing(&self, presented: Option<&str>) -> (Request, Shown) {
        let endpoint = &self.profile.token_endpoint;
        let mut draft = Draft::begin("POST", endpoint.host.as_ref());
        draft.put(&Place::Form("grant_type".into()), "refresh_token");
        if let Some(presented) = presented {
            draft.put(&Place::Form("refresh_token".into()), presented);
        }
        let declared = &endpoint.client_authentication;
        let shown = self.identify(&mut draft, declared, BodyEncoding::Form);
        (draft.finish(&endpoint.path), shown)
    }

    /// A question about a token.
    pub fn introspecting(&self, endpoint: &Introspection, presented: &str) -> Request {
        let mut draft = Draft::begin("POST", endpoint.host.as_ref());
        draft.put(&Place::Form("token".into()), presented);
        let declared = &endpoint.client_authentication;
        self.identify(&mut draft, declared, BodyEncoding::Form);
        draft.finish(&endpoint.path)
    }

    /// Shows who asks, in one of the ways that are declared.
    fn identify(
        &self,
        draft: &mut Draft,
        declared: &[ClientAuthentication],
        encoding: BodyEncoding,
    ) -> Shown {
        let Some(way) = way(declared, self.asking) else {
            return Shown::Nothing;
        };
        let shown = self.show(draft, way, encoding);
        // Some want the client's id at a place of its own, whatever proves the rest.
        if way.is_proof() && matches!(shown, Shown::Client(_)) {
            for beside in declared {
                if let ClientAuthentication::ClientIdAt(place) = beside {
                    draft.put(place, &self.credentials.client.client_id);
                }
            }
        }
        shown
    }

    /// Shows who asks in a way.
    fn show(&self, draft: &mut Draft, way: &ClientAuthentication, encoding: BodyEncoding) -> Shown {
        let client = self.credentials.client;
        let lies = self.asking.asker == Asker::Liar;
        let truth_or_lie = |truth: &str| {
            if lies {
                "a lie".to_owned()
            } else {
                truth.to_owned()
            }
        };
        let secret = truth_or_lie(client.client_secret.expose());
        match way {
            ClientAuthentication::None => return Shown::Nothing,
            ClientAuthentication::BearerToken => return Shown::Itself,
            ClientAuthentication::AccessToken
            | ClientAuthentication::ClientAccessToken
            | ClientAuthentication::AccessTokenAt(_) => {
                let access_token = self.credentials.access_token.filter(|_| !lies);
                let text = access_token.map_or("never-given-out", |(text, _)| text);
                draft.put(way.place().unwrap(), text);
                return Shown::AccessToken(access_token.map(|(_, id)| id));
            }
            ClientAuthentication::Basic => {
                let pair = [client.client_id.as_str(), &secret]
                    .map(|text| {
                        form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
                    })
                    .join(":");
                draft.authorize("Basic", &STANDARD.encode(pair));
            }
            ClientAuthentication::Post => {
                draft.put_in_body(BodyEncoding::Form, "client_id", &client.client_id);
                draft.put_in_body(BodyEncoding::Form, "client_secret", &secret);
            }
            ClientAuthentication::JsonBody => {
                draft.put_in_body(BodyEncoding::Json, "client_id", &client.client_id);
                draft.put_in_body(BodyEncoding::Json, "client_secret", &secret);
            }
            ClientAuthentication::ClientId => {
                draft.put_in_body(encoding, "client_id", &truth_or_lie(&client.client_id));
            }
            ClientAuthentication::ClientSecretAt(place) => draft.put(place, &secret),
            ClientAuthentication::ClientIdAt(place) => {
                draft.put(place, &truth_or_lie(&client.client_id));
            }
            ClientAuthentication::PrivateKeyJwt | ClientAuthentication::ClientSecretJwt => {
                draft.put_in_body(encoding, "client_assertion_type", CLIENT_ASSERTION_TYPE);
                let assertion = self.assertion(way, lies);
                draft.put_in_body(encoding, "client_assertion", &assertion);
            }
            ClientAuthentication::AssertionAt(place) => {
                draft.put(place, &self.assertion(way, lies));
            }
        }
        if lies {
            Shown::Wrong
        } else {
            Shown::Client(client.name.to_string())
        }
    }

    /// An assertion of the client's (RFC 7523 §3).
    fn assertion(&self, way: &ClientAuthentication, lies: bool) -> String {
        let credentials = self.credentials;
        let id = &credentials.client.client_id;
        let now = credentials.unix_seconds;
        let audience = if lies {
            "https://elsewhere.example"
        } else {
            &self.profile.token_endpoint.path
        };
        let claims = json!({
            "iss": id, "sub": id, "aud": audience, "jti": credentials.nonce, "iat": now,
            "exp": now + 60,
        });
        if *way == ClientAuthentication::ClientSecretJwt {
            let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            let input = format!("{}.{}", encode(&json!({ "alg": "HS256" })), encode(&claims));
            let secret = credentials.client.client_secret.expose();
            let mac = hmac_sha256::HMAC::mac(input.as_bytes(), secret.as_bytes());
            return format!("{input}.{}", URL_SAFE_NO_PAD.encode(mac));
        }
        CLIENT_KEYS.sign("JWT", &claims).unwrap()
    }
}

/// A look at the protected resource.
pub fn showing(profile: &Profile, presented: &str) -> Request {
    let mut draft = Draft::begin("GET", profile.resource.host.as_ref());
    draft.put(&Place::Bearer, presented);
    draft.finish(&profile.resource.path)
}

/// The way in which the asker authenticates: not by an id alone where something proves more.
fn way<'a>(
    declared: &'a [ClientAuthentication],
    asking: &Asking,
) -> Option<&'a ClientAuthentication> {
    let proves = declared.iter().any(ClientAuthentication::is_proof);
    let will_do = |way: &&ClientAuthentication| {
        !proves || way.is_proof() || **way == ClientAuthentication::None
    };
    let ways: Vec<&ClientAuthentication> = declared.iter().filter(will_do).collect();
    let way = (!ways.is_empty()).then(|| *asking.way.get(&ways))?;
    // What is presented is there whoever asks, and so shows itself.
    let is_itself = *way == ClientAuthentication::BearerToken;
    (asking.asker != Asker::Nobody || is_itself).then_some(way)
}
