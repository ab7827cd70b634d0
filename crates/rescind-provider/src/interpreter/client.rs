//! Who a client is, and whether it shows it as the endpoint declares (RFC 6749 §2.3).

use rescind_model::Subject;
use rescind_model::profile::ClientAuthentication;
use rescind_model::vocabulary::TokenState;

use super::Context;
use super::parameters::Parameters;
use crate::clients::Clients;
use crate::journal::{Departure, Entry};
use crate::ledger::{GrantId, TokenId};

/// Who asks, as far as the credentials say.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The client.
    pub client: Option<String>,
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
    context: &Context<'_>,
    entry: &mut Entry,
) -> Authenticated {
    entry.credentials = presented(declared, parameters);
    // `client_id` beside Basic is no second set; beside a secret it is part of one.
    let sets = entry
        .credentials
        .iter()
        .filter(|kind| **kind != ClientAuthentication::ClientId)
        .count();
    entry.client = claimed_client(parameters, context.clients);
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
    let none_needed = declared.contains(&ClientAuthentication::None);
    let caller = match used {
        Some(kind) => caller(kind, parameters, context, entry.client.as_ref()),
        None => none_needed.then(Caller::default),
    };
    match (caller, used) {
        (Some(caller), _) => return Authenticated::As(caller),
        // Whoever holds a token cannot know that it has ended: to try it is no departure.
        (None, Some(ClientAuthentication::AccessToken))
            if bearer_access_token(parameters, context).is_some() => {}
        (None, Some(_)) => entry.departures.push(Departure::CredentialsWrong),
        (None, None) => entry.departures.push(Departure::CredentialsMissing),
    }
    Authenticated::Not
}

/// Whom credentials of a kind name; none if they are wrong.
fn caller(
    kind: ClientAuthentication,
    parameters: &Parameters,
    context: &Context<'_>,
    claimed: Option<&String>,
) -> Option<Caller> {
    let is_right = match kind {
        ClientAuthentication::Basic => basic_is_right(parameters, context.clients),
        ClientAuthentication::Post => post_is_right(parameters, context.clients),
        ClientAuthentication::ClientId => claimed.is_some(),
        // It is the token that the endpoint looks at.
        ClientAuthentication::BearerToken | ClientAuthentication::None => {
            return Some(Caller::default());
        }
        ClientAuthentication::AccessToken => {
            return live_access_token(parameters, context).map(|grant| Caller {
                client: None,
                grant: Some(grant),
            });
        }
    };
    is_right.then(|| Caller {
        client: claimed.cloned(),
        grant: None,
    })
}

/// The grant of the access token that the bearer is, if the provider accepts it now.
fn live_access_token(parameters: &Parameters, context: &Context<'_>) -> Option<GrantId> {
    let token = bearer_access_token(parameters, context)?;
    let accepted = context.ledger.state(token, context.now) == TokenState::Alive;
    accepted.then_some(token.grant)
}

/// The access token that the bearer is, in whatever state.
fn bearer_access_token(parameters: &Parameters, context: &Context<'_>) -> Option<TokenId> {
    let token = context.ledger.find(parameters.bearer()?)?;
    (token.subject == Subject::AccessToken).then_some(token)
}

/// The kinds of credentials that a request carries. What a bearer token is, the endpoint declares.
fn presented(
    declared: &[ClientAuthentication],
    parameters: &Parameters,
) -> Vec<ClientAuthentication> {
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
        let access_token = ClientAuthentication::AccessToken;
        kinds.push(if declared.contains(&access_token) {
            access_token
        } else {
            ClientAuthentication::BearerToken
        });
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
