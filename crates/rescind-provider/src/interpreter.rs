//! The interpreter: what a profile answers to a request. Pure; one file an endpoint.

pub(crate) mod access_token;
mod assertion;
mod authorization;
mod client;
mod consent;
mod device;
mod form;
mod id_token;
mod identification;
mod introspection;
mod jwks;
pub(crate) mod metadata;
mod pages;
mod parameters;
mod registration;
mod resolver;
mod resource;
mod revocation;
mod token;
mod userinfo;

use rescind_model::Located;
use rescind_model::profile::{
    ClientAuthentication, Place, Profile, RevocationRoute, RevocationScope,
};
use rescind_model::vocabulary::Endpoint;

use crate::addresses::Addresses;
use crate::authority::Authority;
use crate::clients::{ClientChange, Clients};
use crate::consent::Consent;
use crate::faults::Traits;
use crate::journal::{Departure, Entry, Outcome, Presented};
use crate::ledger::{GrantId, Ledger, Moment, TokenId};
use crate::message::{Reply, Request};
use crate::name::Name;
use crate::pending::Pending;
use parameters::Parameters;

pub use identification::Identification;

/// What the endpoints work on.
pub(crate) struct Context<'a> {
    /// How the provider behaves.
    pub(crate) profile: &'a Profile,
    /// The names of its revocation routes.
    pub(crate) routes: &'a [Name],
    /// Its grants and tokens.
    pub(crate) ledger: &'a mut Ledger,
    /// Its clients.
    pub(crate) clients: &'a Clients,
    /// What the request makes of them.
    pub(crate) change: Option<ClientChange>,
    /// What else it knows.
    pub(crate) authority: &'a mut Authority,
    /// What has been begun and not ended.
    pub(crate) pending: &'a mut Pending,
    /// What users say.
    pub(crate) consent: &'a Consent,
    /// Where it is.
    pub(crate) addresses: &'a Addresses,
    /// When the request came.
    pub(crate) now: Moment,
    /// When what is revoked now is dead.
    pub(crate) bites: Moment,
}

impl Context<'_> {
    /// The provider's name among providers (RFC 8414 §2, RFC 9207 §2).
    fn issuer(&self) -> &str {
        &self.addresses.issuer
    }

    /// Where a browser finds it, without a slash at the end.
    fn browser_address(&self) -> &str {
        &self.addresses.browser
    }

    /// Ends what a revocation reaches. Returns every token that dies of it.
    fn revoke(
        &mut self,
        grant: GrantId,
        presented: Option<TokenId>,
        scope: RevocationScope,
        entry: &Entry,
    ) -> Vec<TokenId> {
        let (now, bites) = (self.now, self.bites);
        self.ledger
            .revoke(grant, presented, scope, entry.number, now, bites)
    }
}

/// The endpoint that a request is for, whatever its method: that of its path at the host that it
/// came to.
pub fn endpoint_of(profile: &Profile, request: &Request) -> Option<Endpoint> {
    endpoint_where(profile, &request.path, |host| is_at(host, request))
}

/// The endpoint of a path, at a host that is as wanted.
fn endpoint_where(
    profile: &Profile,
    path: &str,
    wanted: impl Fn(Option<&Located<String>>) -> bool,
) -> Option<Endpoint> {
    let at = |host: &Option<Located<String>>| wanted(host.as_ref());
    let (token, resource) = (&profile.token_endpoint, &profile.resource);
    let introspection = profile.introspection.as_ref();
    let mut routes = profile.revocation_routes.iter();
    if routes.any(|route| route.is_at(path) && at(&route.host)) {
        Some(Endpoint::Revocation)
    } else if *token.path == path && wanted(token.host.as_ref()) {
        Some(Endpoint::Token)
    } else if introspection.is_some_and(|one| *one.path == path && at(&one.host)) {
        Some(Endpoint::Introspection)
    } else if *resource.path == path && wanted(resource.host.as_ref()) {
        Some(Endpoint::Resource)
    } else {
        let server = || server_endpoint_of(profile, path).filter(|_| wanted(None));
        flow_endpoint_where(profile, path, at).or_else(server)
    }
}

/// The endpoint of a path, at a host that is as wanted, among those where a grant begins.
fn flow_endpoint_where(
    profile: &Profile,
    path: &str,
    at: impl Fn(&Option<Located<String>>) -> bool,
) -> Option<Endpoint> {
    let authorization = profile.authorization_endpoint.as_ref();
    let authorization = authorization.filter(|endpoint| at(&endpoint.host));
    let device = profile.device_authorization.as_ref();
    let device = device.filter(|endpoint| at(&endpoint.host));
    if authorization.is_some_and(|endpoint| *endpoint.path == path) {
        Some(Endpoint::Authorization)
    } else if authorization.is_some_and(|endpoint| endpoint.decision_path() == path) {
        Some(Endpoint::Consent)
    } else if device.is_some_and(|endpoint| *endpoint.path == path) {
        Some(Endpoint::DeviceAuthorization)
    } else if device.is_some_and(|endpoint| *endpoint.verification_path == path) {
        Some(Endpoint::DeviceVerification)
    } else {
        None
    }
}

/// The endpoint that a path is of among those where the provider speaks of itself.
fn server_endpoint_of(profile: &Profile, path: &str) -> Option<Endpoint> {
    let openid = profile.openid.as_ref();
    let keys = profile.signing_keys.as_ref();
    if openid.is_some_and(|openid| *openid.userinfo_path == path) {
        Some(Endpoint::Userinfo)
    } else if metadata::Document::at(profile, path).is_some() {
        Some(Endpoint::Metadata)
    } else if keys.is_some_and(|keys| *keys.path == path) {
        Some(Endpoint::Jwks)
    } else if registration::is_at(profile, path) {
        Some(Endpoint::Registration)
    } else {
        None
    }
}

/// How a client may authenticate at the endpoint that a request is for.
fn authentication_at<'a>(profile: &'a Profile, request: &Request) -> &'a [ClientAuthentication] {
    let mut routes = profile.revocation_routes.iter();
    match endpoint_of(profile, request) {
        Some(Endpoint::Revocation) => routes
            .find(|route| lies_at(route, request))
            .map_or(&[], |route| &route.client_authentication),
        Some(Endpoint::Token) => &profile.token_endpoint.client_authentication,
        Some(Endpoint::DeviceAuthorization) => profile
            .device_authorization
            .as_ref()
            .map_or(&[], |endpoint| &endpoint.client_authentication),
        Some(Endpoint::Introspection) => profile
            .introspection
            .as_ref()
            .map_or(&[], |endpoint| &endpoint.client_authentication),
        _ => &[],
    }
}

/// What a request carries, at the places that its endpoint declares as everywhere else.
fn read<'a>(profile: &Profile, request: &'a Request) -> Parameters<'a> {
    let mut parameters = Parameters::read(request);
    let routes = profile.revocation_routes.iter();
    for route in routes.filter(|route| lies_at(route, request)) {
        let presented = route.token_in.iter().chain(&route.account_in);
        let shown = route.client_authentication.iter();
        let places = presented
            .chain(&route.hint_in)
            .chain(shown.filter_map(ClientAuthentication::place));
        parameters.read_places(places, &route.path, request);
    }
    let shown = authentication_at(profile, request).iter();
    let places = shown.filter_map(ClientAuthentication::place);
    parameters.read_places(places, "", request);
    parameters
}

/// Whether a request came to the host and the path of a route.
fn lies_at(route: &RevocationRoute, request: &Request) -> bool {
    route.is_at(&request.path) && is_at(route.host.as_ref(), request)
}

/// Whether a request came to the host that an endpoint states.
fn is_at(host: Option<&Located<String>>, request: &Request) -> bool {
    host.map(|host| host.as_str()) == request.host.as_deref()
}

/// The methods of an endpoint. A revocation route's are its profile's; those of the others are the
/// standards'.
fn methods(endpoint: Endpoint, profile: &Profile, path: &str) -> &'static [&'static str] {
    match endpoint {
        Endpoint::Token
        | Endpoint::Introspection
        | Endpoint::Consent
        | Endpoint::DeviceAuthorization => &["POST"],
        Endpoint::Resource | Endpoint::Metadata | Endpoint::Jwks => &["GET"],
        // RFC 6749 §3.1 and OpenID Connect Core 1.0 §5.3.1: GET must do, POST may.
        Endpoint::Authorization | Endpoint::DeviceVerification | Endpoint::Userinfo => {
            &["GET", "POST"]
        }
        Endpoint::Registration => registration::methods(profile, path),
        Endpoint::Revocation => &[],
    }
}

/// Answers a request, changes the state as the profile says, and notes in the entry what came of
/// it.
pub(crate) fn answer(context: &mut Context<'_>, request: &Request, entry: &mut Entry) -> Reply {
    let parameters = read(context.profile, request);
    entry.endpoint = endpoint_of(context.profile, request);
    let methods = entry.endpoint.map_or(&[][..], |endpoint| {
        methods(endpoint, context.profile, &request.path)
    });
    if !methods.is_empty() && !methods.contains(&request.method.as_str()) {
        return wrong_method(&methods.join(", "), entry);
    }
    match entry.endpoint {
        Some(Endpoint::Revocation) => revocation::answer(context, request, &parameters, entry),
        Some(Endpoint::Token) => token::answer(context, &parameters, entry),
        Some(Endpoint::Introspection) => introspection::answer(context, &parameters, entry),
        Some(Endpoint::Resource) => resource::answer(context, &parameters, entry),
        Some(Endpoint::Authorization) => authorization::answer(context, &parameters, entry),
        Some(Endpoint::Consent) => consent::answer(context, &parameters, entry),
        Some(Endpoint::DeviceAuthorization) => device::begin(context, &parameters, entry),
        Some(Endpoint::DeviceVerification) => device::verify(context, request, &parameters, entry),
        Some(Endpoint::Userinfo) => userinfo::answer(context, &parameters, entry),
        Some(Endpoint::Metadata) => metadata::answer(context, &request.path, entry),
        Some(Endpoint::Jwks) => jwks::answer(context, entry),
        Some(Endpoint::Registration) => registration::answer(context, request, &parameters, entry),
        None if endpoint_where(context.profile, &request.path, |_| true).is_some() => {
            wrong_host(context, request, entry)
        }
        None => {
            // Whoever only reads, at a resource that the profile leaves out, say, revokes nothing.
            let reads = ["GET", "HEAD", "OPTIONS"].contains(&request.method.as_str());
            if let Some(token) = carried(context.ledger, request).filter(|_| !reads) {
                entry.presented = Presented::Token(token);
                entry.departures.push(Departure::NoSuchRoute);
            }
            Reply::json(404, &serde_json::json!({ "error": "not_found" }))
        }
    }
}

/// The token that a request carries, wherever and however: for what reaches no endpoint, whose
/// places nobody declares.
pub fn carried(ledger: &Ledger, request: &Request) -> Option<TokenId> {
    let headers = request
        .headers
        .values()
        .map(|value| String::from_utf8_lossy(value.as_bytes()));
    let mut texts: Vec<String> = headers.map(std::borrow::Cow::into_owned).collect();
    texts.push(request.path.clone());
    texts.extend(request.query.clone());
    texts.push(String::from_utf8_lossy(&request.body).into_owned());
    let decoded: Vec<String> = texts
        .iter()
        .map(|text| {
            percent_encoding::percent_decode_str(text)
                .decode_utf8_lossy()
                .into_owned()
        })
        .collect();
    texts.extend(decoded);
    if let Some(basic) = Parameters::read(request).basic() {
        let (id, secret) = basic.as_sent();
        texts.extend([id.to_owned(), secret.to_owned()]);
        let (id, secret) = basic.form_decoded();
        texts.extend([id.into_owned(), secret.into_owned()]);
    }
    let carried = texts.iter().map(|text| ledger.find_within(text.as_bytes()));
    carried.flatten().min()
}

/// What a request is for, whom it is from and which subject it names; none if it reaches no
/// endpoint.
pub fn traits(
    profile: &Profile,
    ledger: &Ledger,
    clients: &Clients,
    request: &Request,
) -> Option<Traits> {
    let endpoint = endpoint_of(profile, request)?;
    let parameters = read(profile, request);
    let token = presented_values(profile, &request.path, &parameters)
        .into_iter()
        .find_map(|value| ledger.find(value));
    let declared = authentication_at(profile, request);
    Some(Traits {
        endpoint,
        subject: token.map(|token| token.subject),
        token,
        client: client::claimed_client(declared, &parameters, clients)
            .map(|client| client.name.clone()),
    })
}

/// Every value of a request to a path that may be what it presents: not an access token that is
/// there to authenticate it.
fn presented_values<'a>(profile: &Profile, path: &str, parameters: &'a Parameters) -> Vec<&'a str> {
    let routes = profile.revocation_routes.iter();
    let authenticating: Vec<&Place> = routes
        .filter(|route| route.is_at(path))
        .flat_map(|route| &route.client_authentication)
        .filter(|kind| kind.is_by_access_token())
        .filter_map(ClientAuthentication::place)
        .collect();
    parameters.values_beside(&authenticating)
}

/// The path of an endpoint, at another of the provider's hosts than where it lies.
fn wrong_host(context: &Context<'_>, request: &Request, entry: &mut Entry) -> Reply {
    entry.endpoint = endpoint_where(context.profile, &request.path, |_| true);
    entry.outcome = Outcome::NoRoute;
    entry.departures.push(Departure::WrongHost);
    if let Some(token) = carried(context.ledger, request) {
        entry.presented = Presented::Token(token);
    }
    Reply::json(404, &serde_json::json!({ "error": "not_found" }))
}

/// Another method than the endpoint's (RFC 9110 §15.5.6).
fn wrong_method(allowed: &str, entry: &mut Entry) -> Reply {
    entry.outcome = Outcome::NoRoute;
    let mut reply = Reply::json(405, &serde_json::json!({ "error": "method_not_allowed" }));
    reply
        .headers
        .push(("allow".into(), allowed.to_owned().into()));
    reply
}
