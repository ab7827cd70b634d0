//! What the provider says of itself (RFC 8414, OpenID Connect Discovery 1.0 §3), from its profile:
//! what it supports, and nothing else.

use rescind_model::Located;
use rescind_model::profile::{
    BodyEncoding, ClientAuthentication, HttpMethod, Pkce, Place, Profile, RevocationRoute,
};
use serde_json::{Map, Value, json};

use super::userinfo;
use super::{Context, registration};
use crate::addresses::Addresses;
use crate::journal::{Entry, Outcome};
use crate::message::Reply;

/// What assertions of clients may be signed with.
const ASSERTION_ALGORITHMS: [(ClientAuthentication, &[&str]); 2] = [
    (ClientAuthentication::PrivateKeyJwt, &["RS256", "ES256"]),
    (ClientAuthentication::ClientSecretJwt, &["HS256"]),
];

/// A document in which a provider describes itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Document {
    /// RFC 8414.
    OAuth,
    /// OpenID Connect Discovery 1.0.
    OpenId,
}

impl Document {
    /// Its well-known path. Where the provider lies below a path, RFC 8414 §3.1 puts that path
    /// behind this one and OpenID Connect Discovery 1.0 §4.1 before it; the shell understands both.
    pub const fn path(self) -> &'static str {
        match self {
            Self::OAuth => "/.well-known/oauth-authorization-server",
            Self::OpenId => "/.well-known/openid-configuration",
        }
    }

    /// The document that a provider has at a path.
    pub fn at(profile: &Profile, path: &str) -> Option<Self> {
        let metadata = &profile.metadata;
        [
            (metadata.oauth, Self::OAuth),
            (*metadata.openid, Self::OpenId),
        ]
        .into_iter()
        .find_map(|(there, document)| (there && document.path() == path).then_some(document))
    }
}

/// Answers a request for a document.
pub fn answer(context: &Context<'_>, path: &str, entry: &mut Entry) -> Reply {
    entry.outcome = Outcome::Done;
    let document = Document::at(context.profile, path).unwrap_or(Document::OAuth);
    let body = describe(document, context.profile, context.addresses);
    Reply::json(200, &body)
}

/// The document. Its name and the authorization endpoint are as a browser sees them, the other
/// endpoints as a server does.
fn describe(document: Document, profile: &Profile, addresses: &Addresses) -> Value {
    let mut says = Map::new();
    says.insert("issuer".into(), json!(addresses.issuer));
    let at = |host: &Option<Located<String>>, path: &str| {
        let host = host.as_ref().map(|host| host.as_str());
        json!(format!("{}{path}", addresses.of_host(host)))
    };
    let token = &profile.token_endpoint;
    let url = at(&token.host, &token.path);
    endpoint(&mut says, "token", &url, &token.client_authentication);
    if let Some(route) = standard_revocation(profile) {
        let url = at(&route.host, &route.path);
        endpoint(&mut says, "revocation", &url, &route.client_authentication);
    }
    if let Some(introspection) = &profile.introspection {
        let kinds = &introspection.client_authentication;
        if !names(kinds).is_empty() {
            let url = at(&introspection.host, &introspection.path);
            endpoint(&mut says, "introspection", &url, kinds);
        }
    }
    let server = |path: &str| at(&None, path);
    if let Some(keys) = &profile.signing_keys {
        says.insert("jwks_uri".into(), server(&keys.path));
    }
    if let Some(registration) = &profile.registration {
        says.insert("registration_endpoint".into(), server(&registration.path));
    }
    describe_flows(&mut says, profile, addresses);
    says.insert(
        "response_types_supported".into(),
        json!(registration::response_types(profile)),
    );
    says.insert(
        "grant_types_supported".into(),
        json!(registration::grant_types(profile)),
    );
    if document == Document::OpenId {
        describe_openid(&mut says, profile, &server);
    }
    says.into()
}

/// Where grants begin.
fn describe_flows(says: &mut Map<String, Value>, profile: &Profile, addresses: &Addresses) {
    let mut say = |name: &str, value: Value| says.insert(name.into(), value);
    if let Some(authorization) = &profile.authorization_endpoint {
        let base = match &authorization.host {
            Some(host) => addresses.of_host(Some(host.as_str())),
            None => &addresses.browser,
        };
        let url = format!("{base}{}", *authorization.path);
        say("authorization_endpoint", json!(url));
        say("response_modes_supported", json!(["query"]));
        let methods: &[&str] = match authorization.pkce {
            Pkce::S256Required => &["S256"],
            Pkce::Optional | Pkce::Required => &["S256", "plain"],
        };
        say("code_challenge_methods_supported", json!(methods));
        // RFC 9207 §3
        let names_issuer = json!(authorization.names_issuer);
        say(
            "authorization_response_iss_parameter_supported",
            names_issuer,
        );
    }
    if let Some(device) = &profile.device_authorization {
        // RFC 8628 §4
        let base = addresses.of_host(device.host.as_ref().map(|host| host.as_str()));
        let url = format!("{base}{}", *device.path);
        say("device_authorization_endpoint", json!(url));
    }
    let scopes: Vec<&str> = profile
        .scopes
        .known
        .iter()
        .map(|scope| scope.as_str())
        .collect();
    if !scopes.is_empty() {
        say("scopes_supported", json!(scopes));
    }
}

/// An endpoint, and how a client may authenticate there.
fn endpoint(
    says: &mut Map<String, Value>,
    name: &str,
    url: &Value,
    kinds: &[ClientAuthentication],
) {
    says.insert(format!("{name}_endpoint"), url.clone());
    let methods = names(kinds);
    if !methods.is_empty() {
        says.insert(
            format!("{name}_endpoint_auth_methods_supported"),
            json!(methods),
        );
    }
    let algorithms: Vec<&str> = ASSERTION_ALGORITHMS
        .iter()
        .filter(|(kind, _)| kinds.contains(kind))
        .flat_map(|(_, algorithms)| *algorithms)
        .copied()
        .collect();
    if !algorithms.is_empty() {
        says.insert(
            format!("{name}_endpoint_auth_signing_alg_values_supported"),
            json!(algorithms),
        );
    }
}

/// The names that the standards have for kinds of authentication.
pub(crate) fn names(kinds: &[ClientAuthentication]) -> Vec<&'static str> {
    let mut names: Vec<&str> = Vec::new();
    for name in kinds
        .iter()
        .filter_map(ClientAuthentication::registered_name)
    {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The route that a client may call as RFC 7009 §2.1 says, authenticated in a way that has a name:
/// a client takes `client_secret_basic` for granted where none is named (RFC 8414 §2).
fn standard_revocation(profile: &Profile) -> Option<&RevocationRoute> {
    profile.revocation_routes.iter().find(|route| {
        route.method == HttpMethod::Post
            && route.encoding == BodyEncoding::Form
            && route.token_in.contains(&Place::Form("token".into()))
            && !route.path.contains('{')
            && !names(&route.client_authentication).is_empty()
    })
}

fn describe_openid(
    says: &mut Map<String, Value>,
    profile: &Profile,
    server: &impl Fn(&str) -> Value,
) {
    let (Some(openid), Some(keys)) = (&profile.openid, &profile.signing_keys) else {
        return;
    };
    says.insert("userinfo_endpoint".into(), server(&openid.userinfo_path));
    // OpenID Connect Core 1.0 §8: one name for a user, whichever client asks.
    says.insert("subject_types_supported".into(), json!(["public"]));
    says.insert(
        "id_token_signing_alg_values_supported".into(),
        json!([keys.id_tokens.as_str()]),
    );
    let mut claims = vec!["sub"];
    claims.extend(userinfo::CLAIMS.iter().flat_map(|(_, names)| *names));
    says.insert("claims_supported".into(), json!(claims));
}
