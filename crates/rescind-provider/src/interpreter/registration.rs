//! The registration of clients by themselves (RFC 7591), and what they do to it afterwards
//! (RFC 7592).

mod metadata;

use rescind_model::profile::{Profile, RegistrationAccess, RevocationScope};
use rescind_model::secret::Secret;
use serde_json::{Map, Value, json};

use super::Context;
use super::parameters::Parameters;
use crate::clients::{Client, ClientChange, OwnRegistration};
use crate::journal::{Departure, Entry, Outcome};
use crate::ledger::GrantId;
use crate::message::{Reply, Request};
use metadata::{Mistake, Stated};
pub(super) use metadata::{grant_types, response_types};

/// The members that the provider alone decides (RFC 7592 §2.2: no request may hold them).
const OURS: [&str; 4] = [
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
];

/// Whether a path is that of the registration endpoint, or of one client below it.
pub fn is_at(profile: &Profile, path: &str) -> bool {
    profile
        .registration
        .as_ref()
        .is_some_and(|registration| below(&registration.path, path).is_some())
}

/// The methods that a path below the registration endpoint takes.
pub fn methods(profile: &Profile, path: &str) -> &'static [&'static str] {
    let registration = profile.registration.as_ref();
    match registration.and_then(|registration| below(&registration.path, path)) {
        Some("") => &["POST"],
        _ => &["GET", "PUT", "DELETE"],
    }
}

/// The id of the client whose registration lies at a path; empty at the endpoint itself.
fn below<'a>(endpoint: &str, path: &'a str) -> Option<&'a str> {
    if path == endpoint {
        return Some("");
    }
    let id = path.strip_prefix(endpoint)?.strip_prefix('/')?;
    (!id.is_empty() && !id.contains('/')).then_some(id)
}

/// Answers a request to the registration endpoint, or to a client's own.
pub fn answer(
    context: &mut Context<'_>,
    request: &Request,
    parameters: &Parameters,
    entry: &mut Entry,
) -> Reply {
    let Some(endpoint) = &context.profile.registration else {
        return refused(entry);
    };
    let id = below(&endpoint.path, &request.path).unwrap_or_default();
    if id.is_empty() {
        let initial = context.authority.initial_access_token();
        if endpoint.access == RegistrationAccess::InitialAccessToken
            && !shows(parameters, &initial, entry)
        {
            return refused(entry);
        }
        return register(context, parameters, entry);
    }
    let client = context.clients.by_client_id(id).cloned();
    entry.client = client.as_ref().map(|client| client.name.clone());
    // RFC 7592 §2.1: of a client that is not there, nothing else is said.
    let own = client.and_then(|client| Some((client.own.clone()?, client)));
    let Some((own, client)) = own.filter(|(own, _)| shows(parameters, &own.access_token, entry))
    else {
        return refused(entry);
    };
    entry.outcome = Outcome::Done;
    match request.method.as_str() {
        "PUT" => change(context, &client, own, parameters, entry),
        "DELETE" => {
            delete(context, &client.name, endpoint.deletion_ends_grants, entry);
            // RFC 7592 §2.3
            Reply::empty(204)
        }
        _ => Reply::json(200, &registered(context, &client)),
    }
}

/// Whether the bearer token is the one that is wanted.
fn shows(parameters: &Parameters, wanted: &Secret, entry: &mut Entry) -> bool {
    match parameters.bearer() {
        Some(shown) if shown == wanted.expose() => true,
        shown => {
            entry.departures.push(match shown {
                Some(_) => Departure::CredentialsWrong,
                None => Departure::CredentialsMissing,
            });
            false
        }
    }
}

fn register(context: &mut Context<'_>, parameters: &Parameters, entry: &mut Entry) -> Reply {
    let stated = match Stated::read(context.profile, parameters.members()) {
        Ok(stated) => stated,
        Err(mistake) => return malformed(&mistake, entry),
    };
    let name = context.clients.next_registered();
    let mut client = context.authority.make_client(&name);
    stated.apply(&mut client);
    client.own = Some(OwnRegistration {
        access_token: context.authority.registration_access_token(&name),
        metadata: stated.metadata,
        issued_at: context.authority.unix(context.now),
    });
    let body = registered(context, &client);
    entry.client = Some(name);
    entry.outcome = Outcome::Done;
    context.change = Some(ClientChange::Registered(Box::new(client)));
    Reply::json(201, &body)
}

/// Replaces what a client said of itself (RFC 7592 §2.2): what it leaves out, it has no longer.
fn change(
    context: &mut Context<'_>,
    client: &Client,
    own: OwnRegistration,
    parameters: &Parameters,
    entry: &mut Entry,
) -> Reply {
    let members = parameters.members();
    let same = |name: &str, value: &str| members.get(name).and_then(Value::as_str) == Some(value);
    let ours = OURS.iter().find(|name| members.contains_key(**name));
    if let Some(name) = ours {
        return malformed(
            &Mistake::metadata(format!("`{name}` is not the client's to state")),
            entry,
        );
    }
    if !same("client_id", &client.client_id) {
        let message = "`client_id` must be there, and the client's own".to_owned();
        return malformed(&Mistake::metadata(message), entry);
    }
    let secret = members.contains_key("client_secret");
    if secret && !same("client_secret", client.client_secret.expose()) {
        let message = "`client_secret` is not the client's, and it cannot choose one".to_owned();
        return malformed(&Mistake::metadata(message), entry);
    }
    let stated = match Stated::read(context.profile, members) {
        Ok(stated) => stated,
        Err(mistake) => return malformed(&mistake, entry),
    };
    let mut changed = client.clone();
    stated.apply(&mut changed);
    changed.own = Some(OwnRegistration {
        metadata: stated.metadata,
        ..own
    });
    let body = registered(context, &changed);
    context.change = Some(ClientChange::Changed(Box::new(changed)));
    Reply::json(200, &body)
}

fn delete(context: &mut Context<'_>, client: &str, ends_grants: bool, entry: &mut Entry) {
    context.change = Some(ClientChange::Deleted(client.into()));
    if !ends_grants {
        return;
    }
    let of_client =
        |(id, grant): (GrantId, &crate::ledger::Grant)| (grant.client == client).then_some(id);
    let grants: Vec<GrantId> = context.ledger.grants().filter_map(of_client).collect();
    for grant in grants {
        let killed = context.revoke(grant, None, RevocationScope::Grant, entry);
        entry.killed.extend(killed);
    }
}

/// What a client is told of itself (RFC 7591 §3.2.1, RFC 7592 §3).
fn registered(context: &Context<'_>, client: &Client) -> Value {
    let mut says = Map::new();
    says.insert("client_id".into(), json!(client.client_id));
    if client.has_secret() {
        says.insert("client_secret".into(), json!(client.client_secret.expose()));
        says.insert("client_secret_expires_at".into(), json!(0));
    }
    let path = context.profile.registration.as_ref();
    let path = path.map_or("", |registration| registration.path.as_str());
    let server = &context.addresses.own;
    if let Some(own) = &client.own {
        says.insert("client_id_issued_at".into(), json!(own.issued_at));
        let token = own.access_token.expose();
        says.insert("registration_access_token".into(), json!(token));
        let uri = format!("{server}{path}/{}", client.client_id);
        says.insert("registration_client_uri".into(), json!(uri));
        says.extend(own.metadata.clone());
    }
    says.into()
}

/// RFC 6750 §3.1
fn refused(entry: &mut Entry) -> Reply {
    entry.outcome = Outcome::Unauthenticated;
    let mut reply = Reply::json(401, &json!({ "error": "invalid_token" }));
    let challenge = (
        "www-authenticate".into(),
        "Bearer error=\"invalid_token\"".into(),
    );
    reply.headers.push(challenge);
    reply
}

fn malformed(mistake: &Mistake, entry: &mut Entry) -> Reply {
    entry.outcome = Outcome::Malformed;
    let body = json!({ "error": mistake.error, "error_description": mistake.message });
    Reply::json(400, &body)
}
