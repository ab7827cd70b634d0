//! Revocation, as the profile's routes say (RFC 7009 and what providers made of it).

use rescind_model::profile::{Answer, Place, RevocationRoute};
use rescind_model::vocabulary::TokenState;

use super::client::{Authenticated, Caller, authenticate};
use super::parameters::Parameters;
use super::resolver::{self, Resolved};
use super::{Context, lies_at, presented_values, wrong_method};
use crate::journal::{Departure, Entry, Outcome, Presented};
use crate::ledger::GrantId;
use crate::message::{Reply, Request};
use crate::name::Name;

/// Answers a request to the path of a revocation route.
pub fn answer(
    context: &mut Context<'_>,
    request: &Request,
    parameters: &Parameters,
    entry: &mut Entry,
) -> Reply {
    let routes = &context.profile.revocation_routes;
    let at_path = || routes.iter().filter(|route| lies_at(route, request));
    let of_method = || at_path().filter(|route| route.method.as_str() == request.method);
    // A path that is spelled out is meant before one with a hole.
    let spelled_out = of_method().find(|route| *route.path == request.path);
    let Some(route) = spelled_out.or_else(|| of_method().next()) else {
        entry.departures.push(Departure::Method);
        note_token(context, &request.path, parameters, entry);
        note_secret_in_url(context, parameters, &[], entry);
        let allowed: Vec<&str> = at_path().map(|route| route.method.as_str()).collect();
        return wrong_method(&allowed.join(", "), entry);
    };
    let names = context.routes.iter();
    entry.route = names
        .zip(routes)
        .find(|(_, other)| std::ptr::eq(*other, route))
        .map(|(name, _)| name.clone());
    if !parameters.fits(route.encoding) {
        entry.departures.push(Departure::Encoding);
    }
    note_secret_in_url(context, parameters, &route.token_in, entry);
    let (outcome, answer) = judge(context, route, &request.path, parameters, entry);
    entry.outcome = outcome;
    // Acknowledged is what looks like success, whatever the provider meant by it.
    entry.acknowledged = *answer == route.answers.success;
    Reply::of(answer)
}

fn judge<'a>(
    context: &mut Context<'a>,
    route: &'a RevocationRoute,
    path: &str,
    parameters: &Parameters,
    entry: &mut Entry,
) -> (Outcome, &'a Answer) {
    let answers = &route.answers;
    let caller = match authenticate(&route.client_authentication, parameters, context, entry) {
        Authenticated::As(caller) => caller,
        Authenticated::Twice => {
            note_token(context, path, parameters, entry);
            return (Outcome::Malformed, &answers.missing);
        }
        Authenticated::Not => {
            note_token(context, path, parameters, entry);
            return (Outcome::Unauthenticated, &answers.unauthenticated);
        }
    };
    if let Some(place) = &route.account_in {
        return account(context, route, place, parameters, &caller, entry);
    }
    let Some(text) = only_value(&route.token_in, parameters) else {
        entry.departures.push(Departure::NothingPresented);
        return (Outcome::Malformed, &answers.missing);
    };
    let dead = answers.dead.as_ref().unwrap_or(&answers.success);
    let Some(Resolved {
        id: token,
        state,
        found,
    }) = resolver::resolve(context, text)
    else {
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
    let owner = context.ledger.client_of(&found);
    if let Some(refusal) = refusal(route, token.grant, owner, &caller, entry) {
        return refusal;
    }
    let Some(scope) = route.ends.of(token.subject) else {
        return (Outcome::Unsupported, &answers.unsupported);
    };
    match state {
        TokenState::Dead | TokenState::Absent => (Outcome::Dead, dead),
        TokenState::Expired => (Outcome::Expired, answers.expired.as_ref().unwrap_or(dead)),
        TokenState::Alive => {
            let (now, bites, killed) = (context.now, context.bites, &mut entry.killed);
            context
                .ledger
                .revoke_found(&found, scope, entry.number, now, bites, killed);
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
    caller: &Caller,
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
    let owner = context.ledger.grant(grant).map(|grant| &grant.client);
    if let Some(refusal) = refusal(route, grant, owner, caller, entry) {
        return refusal;
    }
    let Some(scope) = route.ends.account else {
        return (Outcome::Unsupported, &answers.unsupported);
    };
    // What is going to die of an earlier revocation is alive until then, and not dead already.
    let is_alive = context.ledger.reaches_alive(grant, scope, context.now);
    entry.killed = context.revoke(grant, None, scope, entry);
    if is_alive {
        (Outcome::Done, &answers.success)
    } else {
        (Outcome::Dead, dead)
    }
}

/// The value that stands at one of the places; none if it is missing, empty or given twice
/// (RFC 6749 §3.2: a parameter must not be repeated).
fn only_value<'a>(places: &'a [Place], parameters: &'a Parameters<'_>) -> Option<&'a str> {
    let mut values = places.iter().flat_map(|place| parameters.at(place));
    let first = values.next().filter(|value| !value.is_empty())?;
    values.next().is_none().then_some(first)
}

/// What a caller gets that may not end anything of a grant.
fn refusal<'a>(
    route: &'a RevocationRoute,
    grant: GrantId,
    owner: Option<&Name>,
    caller: &Caller,
    entry: &mut Entry,
) -> Option<(Outcome, &'a Answer)> {
    // An access token speaks for its own grant.
    if caller.grant.is_some_and(|own| own != grant) {
        entry.departures.push(Departure::CredentialsWrong);
        return Some((Outcome::Unauthenticated, &route.answers.unauthenticated));
    }
    // RFC 7009 §2.1: the token must have been issued to the client that asks.
    let is_foreign = caller.client.is_some() && caller.client.as_ref() != owner;
    is_foreign.then_some((Outcome::Foreign, &route.answers.foreign))
}

/// Notes which token a request carries that is refused before anybody looks.
fn note_token(context: &Context<'_>, path: &str, parameters: &Parameters, entry: &mut Entry) {
    let values = presented_values(context.profile, path, parameters);
    if let Some(token) = values
        .into_iter()
        .find_map(|value| context.ledger.find(value))
    {
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
        let is_it = |place: &Place| matches!(place, Place::Query(wanted) if wanted == name);
        !wanted.iter().any(is_it)
            && (context.ledger.find(value).is_some() || context.clients.is_secret(value))
    });
    if secret {
        entry.departures.push(Departure::SecretInUrl);
    }
}
