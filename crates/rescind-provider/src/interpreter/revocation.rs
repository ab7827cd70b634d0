//! Revocation, as the profile's routes say (RFC 7009 and what providers made of it).

use rescind_model::profile::{Answer, Place, RevocationRoute};
use rescind_model::vocabulary::TokenState;

use super::client::{Authenticated, authenticate};
use super::parameters::Parameters;
use super::{Context, wrong_method};
use crate::journal::{Departure, Entry, Outcome, Presented};
use crate::ledger::{GrantId, TokenId};
use crate::message::{Reply, Request};

/// Answers a request to the path of a revocation route.
pub fn answer(
    context: &mut Context<'_>,
    request: &Request,
    parameters: &Parameters,
    entry: &mut Entry,
) -> Reply {
    let routes = &context.profile.revocation_routes;
    let at_path = || routes.iter().filter(|route| *route.path == request.path);
    let Some(route) = at_path().find(|route| route.method.as_str() == request.method) else {
        entry.departures.push(Departure::Method);
        note_token(context, parameters, entry);
        note_secret_in_url(context, parameters, &[], entry);
        let allowed: Vec<&str> = at_path().map(|route| route.method.as_str()).collect();
        return wrong_method(&allowed.join(", "), entry);
    };
    entry.route = Some(route.name.to_string());
    if !parameters.fits(route.encoding) {
        entry.departures.push(Departure::Encoding);
    }
    note_secret_in_url(context, parameters, &route.token_in, entry);
    let (outcome, answer) = judge(context, route, parameters, entry);
    entry.outcome = outcome;
    // Acknowledged is what looks like success, whatever the provider meant by it.
    entry.acknowledged = *answer == route.answers.success;
    Reply::of(answer)
}

fn judge<'a>(
    context: &mut Context<'a>,
    route: &'a RevocationRoute,
    parameters: &Parameters,
    entry: &mut Entry,
) -> (Outcome, &'a Answer) {
    let answers = &route.answers;
    let client = match authenticate(
        &route.client_authentication,
        parameters,
        context.clients,
        entry,
    ) {
        Authenticated::As(client) => client,
        Authenticated::Twice => {
            note_token(context, parameters, entry);
            return (Outcome::Malformed, &answers.missing);
        }
        Authenticated::Not => {
            note_token(context, parameters, entry);
            return (Outcome::Unauthenticated, &answers.unauthenticated);
        }
    };
    if let Some(place) = &route.account_in {
        return account(context, route, place, parameters, client.as_deref(), entry);
    }
    let Some(text) = only_value(&route.token_in, parameters) else {
        entry.departures.push(Departure::NothingPresented);
        return (Outcome::Malformed, &answers.missing);
    };
    let dead = answers.dead.as_ref().unwrap_or(&answers.success);
    let Some(token) = context.ledger.find(text) else {
        entry.presented = Presented::Unknown;
        let literal = ["null", "None", "undefined", "nil"].contains(&text);
        entry.departures.push(if literal {
            Departure::LiteralNull
        } else {
            Departure::UnknownToken
        });
        return (Outcome::Unknown, answers.unknown.as_ref().unwrap_or(dead));
    };
    entry.presented = Presented::Token(token);
    // RFC 7009 §2.1: the token must have been issued to the client that asks.
    if is_foreign(context, token.grant, client.as_deref()) {
        return (Outcome::Foreign, &answers.foreign);
    }
    let Some(scope) = route.ends.of(token.subject) else {
        return (Outcome::Unsupported, &answers.unsupported);
    };
    match context.ledger.state(token, context.now) {
        TokenState::Dead | TokenState::Absent => (Outcome::Dead, dead),
        TokenState::Expired => (Outcome::Expired, answers.expired.as_ref().unwrap_or(dead)),
        TokenState::Alive => {
            entry.killed =
                context
                    .ledger
                    .revoke(token.grant, Some(token), scope, entry.number, context.now);
            (Outcome::Done, &answers.success)
        }
    }
}

/// A route that takes an account id in place of a token.
fn account<'a>(
    context: &mut Context<'a>,
    route: &'a RevocationRoute,
    place: &Place,
    parameters: &Parameters,
    client: Option<&str>,
    entry: &mut Entry,
) -> (Outcome, &'a Answer) {
    let answers = &route.answers;
    let Some(text) = only_value(std::slice::from_ref(place), parameters) else {
        entry.departures.push(Departure::NothingPresented);
        return (Outcome::Malformed, &answers.missing);
    };
    let dead = answers.dead.as_ref().unwrap_or(&answers.success);
    let Some(grant) = context.ledger.find_account(text) else {
        entry.presented = Presented::Unknown;
        entry.departures.push(Departure::UnknownToken);
        return (Outcome::Unknown, answers.unknown.as_ref().unwrap_or(dead));
    };
    entry.presented = Presented::Account(grant);
    if is_foreign(context, grant, client) {
        return (Outcome::Foreign, &answers.foreign);
    }
    let Some(scope) = route.ends.account else {
        return (Outcome::Unsupported, &answers.unsupported);
    };
    entry.killed = context
        .ledger
        .revoke(grant, None, scope, entry.number, context.now);
    if entry.killed.is_empty() {
        (Outcome::Dead, dead)
    } else {
        (Outcome::Done, &answers.success)
    }
}

/// The value that stands at one of the places; none if it is missing, empty or given twice
/// (RFC 6749 §3.2: a parameter must not be repeated).
fn only_value<'a>(places: &[Place], parameters: &'a Parameters) -> Option<&'a str> {
    let values: Vec<&str> = places
        .iter()
        .flat_map(|place| parameters.at(place))
        .collect();
    match values.as_slice() {
        [value] if !value.is_empty() => Some(value),
        _ => None,
    }
}

fn is_foreign(context: &Context<'_>, grant: GrantId, client: Option<&str>) -> bool {
    let owner = context
        .ledger
        .grant(grant)
        .map(|grant| grant.client.as_str());
    client.is_some() && client != owner
}

/// Notes which token a request carries that is refused before anybody looks.
fn note_token(context: &Context<'_>, parameters: &Parameters, entry: &mut Entry) {
    let found: Option<TokenId> = parameters
        .values()
        .find_map(|value| context.ledger.find(value));
    if let Some(token) = found {
        entry.presented = Presented::Token(token);
    }
}

/// Notes a token or a client secret in the query where the route does not want it.
fn note_secret_in_url(
    context: &Context<'_>,
    parameters: &Parameters,
    wanted: &[Place],
    entry: &mut Entry,
) {
    let secret = parameters.query().any(|(name, value)| {
        let declared = wanted.contains(&Place::Query(name.to_owned()));
        !declared && (context.ledger.find(value).is_some() || context.clients.is_secret(value))
    });
    if secret {
        entry.departures.push(Departure::SecretInUrl);
    }
}
