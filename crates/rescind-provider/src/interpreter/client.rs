//! Who a client is, and whether it shows it as the endpoint declares (RFC 6749 §2.3).

use rescind_model::profile::ClientAuthentication;

use super::parameters::Parameters;
use crate::clients::Clients;
use crate::journal::{Departure, Entry};

/// What came of a client's credentials.
#[derive(Debug, PartialEq, Eq)]
pub enum Authenticated {
    /// By a declared method, with what is right. Names the client where the method does.
    As(Option<String>),
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
    clients: &Clients,
    entry: &mut Entry,
) -> Authenticated {
    entry.credentials = presented(parameters);
    // `client_id` beside Basic is no second set; beside a secret it is part of one.
    let sets = entry
        .credentials
        .iter()
        .filter(|kind| **kind != ClientAuthentication::ClientId)
        .count();
    entry.client = claimed_client(parameters, clients);
    if sets > 1 {
        entry.departures.push(Departure::CredentialsTwice);
        return Authenticated::Twice;
    }
    let used = declared
        .iter()
        .copied()
        .find(|kind| entry.credentials.contains(kind));
    let undeclared = entry
        .credentials
        .iter()
        .any(|kind| !declared.contains(kind) && *kind != ClientAuthentication::ClientId);
    if undeclared {
        entry.departures.push(Departure::CredentialsUndeclared);
    }
    match used {
        Some(ClientAuthentication::BearerToken) => Authenticated::As(None),
        Some(ClientAuthentication::ClientId) if entry.client.is_some() => {
            Authenticated::As(entry.client.clone())
        }
        Some(ClientAuthentication::Basic) if basic_is_right(parameters, clients) => {
            Authenticated::As(entry.client.clone())
        }
        Some(ClientAuthentication::Post) if post_is_right(parameters, clients) => {
            Authenticated::As(entry.client.clone())
        }
        Some(_) => {
            entry.departures.push(Departure::CredentialsWrong);
            Authenticated::Not
        }
        None if declared.contains(&ClientAuthentication::None) => Authenticated::As(None),
        None => {
            entry.departures.push(Departure::CredentialsMissing);
            Authenticated::Not
        }
    }
}

/// The kinds of credentials that a request carries.
fn presented(parameters: &Parameters) -> Vec<ClientAuthentication> {
    let mut kinds = Vec::new();
    if parameters.basic.is_some() {
        kinds.push(ClientAuthentication::Basic);
    }
    if parameters.body("client_secret").is_some() {
        kinds.push(ClientAuthentication::Post);
    } else if parameters.body("client_id").is_some() {
        kinds.push(ClientAuthentication::ClientId);
    }
    if parameters.bearer().is_some() {
        kinds.push(ClientAuthentication::BearerToken);
    }
    kinds
}

/// The client that the credentials name, right or wrong.
fn claimed_client(parameters: &Parameters, clients: &Clients) -> Option<String> {
    let client = match &parameters.basic {
        // RFC 6749 §2.3.1: the id may be form-encoded too.
        Some(basic) => clients
            .by_client_id(&basic.raw.0)
            .or_else(|| clients.by_client_id(&basic.decoded.0)),
        None => clients.by_client_id(parameters.body("client_id")?),
    };
    client.map(|client| client.name.clone())
}

fn basic_is_right(parameters: &Parameters, clients: &Clients) -> bool {
    parameters.basic.as_ref().is_some_and(|basic| {
        [&basic.raw, &basic.decoded]
            .into_iter()
            .any(|(id, secret)| clients.verify(id, secret))
    })
}

fn post_is_right(parameters: &Parameters, clients: &Clients) -> bool {
    match (
        parameters.body("client_id"),
        parameters.body("client_secret"),
    ) {
        (Some(id), Some(secret)) => clients.verify(id, secret),
        _ => false,
    }
}
