//! The interpreter: what a profile answers to a request. Pure; one file an endpoint.

mod client;
mod introspection;
mod parameters;
mod resource;
mod revocation;
mod token;

use rescind_model::profile::Profile;
use rescind_model::vocabulary::Endpoint;

use crate::clients::Clients;
use crate::journal::{Departure, Entry, Outcome, Presented};
use crate::ledger::{Ledger, Moment, TokenId};
use crate::message::{Reply, Request};
use parameters::Parameters;

/// What the endpoints work on.
struct Context<'a> {
    profile: &'a Profile,
    ledger: &'a mut Ledger,
    clients: &'a Clients,
    now: Moment,
}

/// The endpoint that a request is for, whatever its method.
pub fn endpoint_of(profile: &Profile, path: &str) -> Option<Endpoint> {
    if profile
        .revocation_routes
        .iter()
        .any(|route| *route.path == path)
    {
        Some(Endpoint::Revocation)
    } else if *profile.token_endpoint.path == path {
        Some(Endpoint::Token)
    } else if profile
        .introspection
        .as_ref()
        .is_some_and(|introspection| *introspection.path == path)
    {
        Some(Endpoint::Introspection)
    } else if *profile.resource.path == path {
        Some(Endpoint::Resource)
    } else {
        None
    }
}

/// Answers a request, changes the ledger as the profile says, and notes in the entry what came of
/// it.
pub fn answer(
    profile: &Profile,
    ledger: &mut Ledger,
    clients: &Clients,
    request: &Request,
    now: Moment,
    entry: &mut Entry,
) -> Reply {
    let parameters = Parameters::read(request);
    entry.endpoint = endpoint_of(profile, &request.path);
    let mut context = Context {
        profile,
        ledger,
        clients,
        now,
    };
    // A revocation route's method is its profile's; those of the others are the standards'.
    let method = match entry.endpoint {
        Some(Endpoint::Token | Endpoint::Introspection) => Some("POST"),
        Some(Endpoint::Resource) => Some("GET"),
        Some(Endpoint::Revocation) | None => None,
    };
    if let Some(method) = method.filter(|method| *method != request.method) {
        return wrong_method(method, entry);
    }
    match entry.endpoint {
        Some(Endpoint::Revocation) => revocation::answer(&mut context, request, &parameters, entry),
        Some(Endpoint::Token) => token::answer(&mut context, &parameters, entry),
        Some(Endpoint::Introspection) => introspection::answer(&context, &parameters, entry),
        Some(Endpoint::Resource) => resource::answer(&context, &parameters, entry),
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
    if let Some(basic) = Parameters::read(request).basic {
        texts.extend([basic.raw.0, basic.raw.1, basic.decoded.0, basic.decoded.1]);
    }
    let is_there = |secret: &str| texts.iter().any(|text| text.contains(secret));
    ledger.grants().find_map(|(id, _)| {
        let mut tokens = ledger.tokens(id, Moment(0)).into_iter();
        tokens
            .find(|token| is_there(&token.text))
            .map(|token| token.id)
    })
}

/// What a fault would be about: the endpoint, and the subject that the request names.
pub fn named_subject(
    profile: &Profile,
    ledger: &Ledger,
    request: &Request,
) -> Option<rescind_model::Subject> {
    endpoint_of(profile, &request.path)?;
    let parameters = Parameters::read(request);
    presented_values(profile, &request.path, &parameters)
        .into_iter()
        .find_map(|value| ledger.find(value))
        .map(|token| token.subject)
}

/// Every value of a request to a path that may be what it presents: not a bearer token that is
/// there to authenticate it.
fn presented_values<'a>(profile: &Profile, path: &str, parameters: &'a Parameters) -> Vec<&'a str> {
    let routes = &profile.revocation_routes;
    let bearer_authenticates = routes
        .iter()
        .any(|route| *route.path == path && route.is_authenticated_by_access_token());
    if bearer_authenticates {
        parameters.values_beside_bearer().collect()
    } else {
        parameters.values().collect()
    }
}

/// Another method than the endpoint's (RFC 9110 §15.5.6).
fn wrong_method(allowed: &str, entry: &mut Entry) -> Reply {
    entry.outcome = Outcome::NoRoute;
    let mut reply = Reply::json(405, &serde_json::json!({ "error": "method_not_allowed" }));
    reply.headers.push(("allow".into(), allowed.to_owned()));
    reply
}
