//! Who a client is, and whether it shows it as the endpoint declares (RFC 6749 §2.3).

use rescind_model::Subject;
use rescind_model::profile::{ClientAuthentication, Place};

use super::Context;
use super::assertion::{self, Assertion};
use super::parameters::Parameters;
use super::resolver::{self, Resolved};
use crate::clients::{Client, Clients};
use crate::journal::{Departure, Entry};
use crate::ledger::GrantId;
use crate::name::Name;

/// Who asks, as far as the credentials say.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The client.
    pub client: Option<Name>,
    /// The grant whose access token was shown.
    pub grant: Option<GrantId>,
}

/// What came of a client's credentials.
#[derive(Debug, PartialEq, Eq)]
pub enum Authenticated {
    /// By a declared method, with what is right.
    As(Caller),
    /// Two sets of credentials: not to be answered at all (RFC 6749 §2.3).
    Twice,
    /// Not.
    Not,
}

/// Holds a request's credentials against what an endpoint declares, and notes in the entry what
/// was there and what a careful client would not have done.
pub fn authenticate(
    declared: &[ClientAuthentication],
    parameters: &Parameters,
    context: &mut Context<'_>,
    entry: &mut Entry,
) -> Authenticated {
    let by_basic = client_of_basic(parameters, context.clients);
    let has_basic = by_basic.is_some() || parameters.basic().is_some();
    present(declared, parameters, has_basic, &mut entry.credentials);
    // An id beside Basic is no second set; beside a secret it is part of one.
    let sets = entry
        .credentials
        .iter()
        .filter(|kind| kind.is_proof())
        .count();
    let claimed = claimed_client(declared, parameters, context.clients);
    entry.client = claimed.map(|client| client.name.clone());
    if sets > 1 {
        entry.departures.push(Departure::CredentialsTwice);
        return Authenticated::Twice;
    }
    let used = used(declared, &entry.credentials);
    let undeclared = entry
        .credentials
        .iter()
        .any(|kind| !declared.contains(kind) && *kind != ClientAuthentication::ClientId);
    if undeclared {
        entry.departures.push(Departure::CredentialsUndeclared);
    }
    let caller = match used {
        Some(kind) => caller(kind, declared, parameters, context, claimed),
        None => declared
            .contains(&ClientAuthentication::None)
            .then(Caller::default),
    };
    match (caller, used) {
        (Some(caller), _) => return Authenticated::As(caller),
        // Whoever holds a token cannot know that it has ended: to try it is no departure.
        (None, Some(kind))
            if kind.is_by_access_token()
                && shown_access_token(kind, parameters, context).is_some() => {}
        (None, Some(_)) => entry.departures.push(Departure::CredentialsWrong),
        (None, None) => entry.departures.push(Departure::CredentialsMissing),
    }
    Authenticated::Not
}

/// The kind that counts: one that proves something before one that only names the client.
fn used<'a>(
    declared: &'a [ClientAuthentication],
    presented: &[ClientAuthentication],
) -> Option<&'a ClientAuthentication> {
    let there = |kind: &&ClientAuthentication| presented.contains(kind);
    let mut proofs = declared.iter().filter(|kind| kind.is_proof());
    proofs.find(there).or_else(|| declared.iter().find(there))
}

/// Whom credentials of a kind name; none if they are wrong.
fn caller(
    kind: &ClientAuthentication,
    declared: &[ClientAuthentication],
    parameters: &Parameters,
    context: &mut Context<'_>,
    claimed: Option<&Client>,
) -> Option<Caller> {
    if *kind == ClientAuthentication::BearerToken {
        // It is the token that the endpoint looks at.
        return Some(Caller::default());
    }
    if kind.is_by_access_token() {
        return caller_of_access_token(kind, parameters, context);
    }
    let client = claimed?;
    let is_right = client.may_authenticate_by(kind, declared)
        && ids_agree(declared, parameters, client)
        && match kind {
            ClientAuthentication::Basic => basic_is_right(parameters, context.clients),
            ClientAuthentication::Post | ClientAuthentication::JsonBody => {
                body_is_right(kind, parameters, context.clients)
            }
            ClientAuthentication::ClientSecretAt(place) => {
                let shown = parameters.only_at(place);
                shown.is_some_and(|secret| context.clients.verify(&client.client_id, secret))
            }
            // The client was found by the id.
            ClientAuthentication::ClientId | ClientAuthentication::ClientIdAt(_) => true,
            ClientAuthentication::PrivateKeyJwt
            | ClientAuthentication::ClientSecretJwt
            | ClientAuthentication::AssertionAt(_) => assertion::of(kind, parameters)
                .is_some_and(|shown| assertion::is_right(&shown, kind, client, context)),
            _ => false,
        };
    is_right.then_some(Caller {
        client: Some(client.name.clone()),
        grant: None,
    })
}

/// Whom a live access token speaks for: its grant, or its client altogether.
fn caller_of_access_token(
    kind: &ClientAuthentication,
    parameters: &Parameters,
    context: &Context<'_>,
) -> Option<Caller> {
    let token = shown_access_token(kind, parameters, context)?;
    if !token.is_accepted() {
        return None;
    }
    Some(match kind {
        ClientAuthentication::ClientAccessToken => Caller {
            client: Some(context.ledger.grant(token.id.grant)?.client.clone()),
            grant: None,
        },
        _ => Caller {
            client: None,
            grant: Some(token.id.grant),
        },
    })
}

/// The access token that the caller shows, in whatever state.
fn shown_access_token(
    kind: &ClientAuthentication,
    parameters: &Parameters,
    context: &Context<'_>,
) -> Option<Resolved> {
    let shown = parameters.at(kind.place()?).next()?;
    let token = resolver::resolve(context, shown)?;
    (token.id.subject == Subject::AccessToken).then_some(token)
}

/// The kinds of credentials that a request carries. What a bearer token is, and what stands at a
/// place of the provider's own, the endpoint declares.
fn present(
    declared: &[ClientAuthentication],
    parameters: &Parameters<'_>,
    has_basic: bool,
    kinds: &mut Vec<ClientAuthentication>,
) {
    if has_basic {
        kinds.push(ClientAuthentication::Basic);
    }
    if let Some(Assertion { kind, .. }) = Assertion::in_form(parameters) {
        kinds.push(kind);
    }
    let is_declared_at = |is: fn(&Place) -> bool| {
        let mut places = declared.iter().filter_map(ClientAuthentication::place);
        places.any(is)
    };
    let in_form = |place: &Place| matches!(place, Place::Form(name) if name == "client_secret");
    let in_json = |place: &Place| matches!(place, Place::Json(name) if name == "client_secret");
    if parameters.form("client_secret").is_some() && !is_declared_at(in_form) {
        kinds.push(ClientAuthentication::Post);
    } else if parameters.member("client_secret").is_some() && !is_declared_at(in_json) {
        kinds.push(ClientAuthentication::JsonBody);
    } else if parameters.body("client_id").is_some() {
        kinds.push(ClientAuthentication::ClientId);
    }
    let at_places = declared.iter().filter(|kind| {
        let place = kind.place().filter(|place| **place != Place::Bearer);
        place.is_some_and(|place| parameters.at(place).next().is_some())
    });
    kinds.extend(at_places.cloned());
    if parameters.bearer().is_some() {
        let of_bearer = |kind: &&ClientAuthentication| kind.place() == Some(&Place::Bearer);
        let kind = declared.iter().find(of_bearer);
        kinds.push(kind.cloned().unwrap_or(ClientAuthentication::BearerToken));
    }
}

/// The client that the credentials name, right or wrong.
pub fn claimed_client<'a>(
    declared: &[ClientAuthentication],
    parameters: &Parameters<'_>,
    clients: &'a Clients,
) -> Option<&'a Client> {
    let own_place = declared.iter().find_map(|kind| {
        let shown = |place| parameters.at(place).next();
        match kind {
            ClientAuthentication::ClientSecretAt(place) => clients.by_secret(shown(place)?),
            ClientAuthentication::AssertionAt(_) => {
                clients.by_client_id(&assertion::of(kind, parameters)?.claimed_client()?)
            }
            _ => None,
        }
    });
    let named = || {
        if let Some(client) = client_of_basic(parameters, clients) {
            return Some(client);
        }
        match (parameters.basic(), Assertion::in_form(parameters)) {
            // RFC 6749 §2.3.1: the id may be form-encoded too.
            (Some(basic), _) => clients
                .by_client_id(basic.as_sent().0)
                .or_else(|| clients.by_client_id(&basic.form_decoded().0)),
            (None, Some(assertion)) => clients.by_client_id(&assertion.claimed_client()?),
            (None, None) => clients.by_client_id(parameters.body("client_id")?),
        }
    };
    let by_id_alone = || {
        let mut ids = declared_ids(declared, parameters);
        ids.find_map(|id| clients.by_client_id(id))
    };
    own_place.or_else(named).or_else(by_id_alone)
}

/// The ids that stand where the endpoint takes an id alone.
fn declared_ids<'a>(
    declared: &'a [ClientAuthentication],
    parameters: &'a Parameters<'_>,
) -> impl Iterator<Item = &'a str> {
    let places = declared.iter().filter_map(|kind| match kind {
        ClientAuthentication::ClientIdAt(place) => Some(place),
        _ => None,
    });
    places.flat_map(|place| parameters.at(place))
}

/// Whether an id at a place of its own is that of the client whose credentials stand elsewhere; an
/// assertion's `client_id` beside it must be its client's too (RFC 7521 §4.2).
fn ids_agree(declared: &[ClientAuthentication], parameters: &Parameters, client: &Client) -> bool {
    let beside = Assertion::in_form(parameters).and_then(|_| parameters.body("client_id"));
    let mut ids = declared_ids(declared, parameters).chain(beside);
    ids.all(|id| id == client.client_id)
}

/// The client whose Basic credentials are right, where they are written as most clients do.
fn client_of_basic<'a>(parameters: &Parameters<'_>, clients: &'a Clients) -> Option<&'a Client> {
    clients.by_basic(parameters.basic_as_sent()?)
}

fn basic_is_right(parameters: &Parameters, clients: &Clients) -> bool {
    if client_of_basic(parameters, clients).is_some() {
        return true;
    }
    parameters.basic().is_some_and(|basic| {
        let (id, secret) = basic.as_sent();
        let encoded = || {
            let (id, secret) = basic.form_decoded();
            clients.verify(&id, &secret)
        };
        clients.verify(id, secret) || encoded()
    })
}

/// Id and secret in the body, both in the same.
fn body_is_right(kind: &ClientAuthentication, parameters: &Parameters, clients: &Clients) -> bool {
    let value = |name| match kind {
        ClientAuthentication::JsonBody => parameters.member(name),
        _ => parameters.form(name),
    };
    match (value("client_id"), value("client_secret")) {
        (Some(id), Some(secret)) => clients.verify(id, secret),
        _ => false,
    }
}
