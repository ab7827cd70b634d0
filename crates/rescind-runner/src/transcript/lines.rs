//! The single lines of a transcript.

use rescind_model::profile::ClientAuthentication;
use rescind_model::scenario::{Awaited, Verb};
use rescind_model::vocabulary::Endpoint;
use rescind_model::{Subject, Target, TokenState};
use rescind_provider::ledger::{Cause, GrantId, TokenId, TokenView};
use rescind_provider::{Entry, Outcome, journal::Presented};
use serde_json::Value;

use crate::record::{Answered, Call, CallFailure, CallOutcome, CaseRecord};

/// What was answered; for a revoke that worked, what it lists, if that is not left to chance.
pub fn answer(call: &Call, verb: &Verb, target: &Target, is_certain: bool) -> Vec<String> {
    let answered = match &call.outcome {
        CallOutcome::Answered(answered) => answered,
        CallOutcome::Failed(failure) => {
            return vec![format!("not answered: {}", failure_in_words(failure))];
        }
    };
    let mut lines = vec![format!("answered: {}", answered.status)];
    if matches!(verb.called(), Verb::Revoke(_)) && answered.is_success() && is_certain {
        lines.push(format!("revoked_tokens: {}", listed(answered, target)));
    }
    lines
}

/// What a scenario waits for.
pub fn awaited(awaited: &Awaited) -> String {
    match awaited {
        Awaited::Held(gate) => format!("wait until gate `{}` holds a request", **gate),
        Awaited::Answered(call) => format!("wait until call `{}` is answered", **call),
        Awaited::UnderWay(call) => format!("wait until call `{}` is taken up", **call),
        Awaited::Settled(call) => {
            format!("wait until call `{}` is answered, or waits", **call)
        }
    }
}

/// Without what the system says of it, which differs from machine to machine.
const fn failure_in_words(failure: &CallFailure) -> &'static str {
    match failure {
        CallFailure::NotConnected(_) | CallFailure::NoTls(_) | CallFailure::NotTrusted(_) => {
            "no connection"
        }
        CallFailure::Broken(_) => "the connection ended before a whole answer",
        CallFailure::TimedOut(_) => "not within the limit",
        CallFailure::TooLong(_) => "longer than the limit",
    }
}

/// The subjects of the list, sorted: their order has no meaning.
fn listed(answered: &Answered, target: &Target) -> String {
    let json = answered.json().unwrap_or_default();
    let list = json
        .pointer(&target.revoke.revoked_tokens)
        .and_then(Value::as_array);
    let Some(list) = list else {
        return "no list".to_owned();
    };
    let mut words: Vec<&str> = list
        .iter()
        .map(|item| {
            let subject = item.as_str().and_then(|word| target.words.subject(word));
            // Whatever else stands there may be a secret.
            subject.map_or("something else", Subject::as_str)
        })
        .collect();
    words.sort_unstable();
    format!("[{}]", words.join(", "))
}

/// A request to the provider and what it was answered.
pub fn entry(record: &CaseRecord, entry: &Entry) -> String {
    let place = match (entry.endpoint, &entry.route) {
        (Some(Endpoint::Revocation), Some(route)) => format!("revocation route `{route}`"),
        (Some(Endpoint::Revocation), None) => "revocation route".to_owned(),
        (Some(Endpoint::Token), _) => "token endpoint".to_owned(),
        (Some(Endpoint::Introspection), _) => "introspection endpoint".to_owned(),
        (Some(Endpoint::Resource), _) => "resource".to_owned(),
        (Some(Endpoint::Authorization), _) => "authorization endpoint".to_owned(),
        (Some(Endpoint::Consent), _) => "consent page".to_owned(),
        (Some(Endpoint::DeviceAuthorization), _) => "device authorization endpoint".to_owned(),
        (Some(Endpoint::DeviceVerification), _) => "device page".to_owned(),
        (Some(Endpoint::Userinfo), _) => "userinfo".to_owned(),
        (Some(Endpoint::Metadata), _) => "metadata".to_owned(),
        (Some(Endpoint::Jwks), _) => "public keys".to_owned(),
        (Some(Endpoint::Registration), _) => "client registration".to_owned(),
        (None, _) => "no endpoint".to_owned(),
    };
    let kinds: Vec<&str> = entry
        .credentials
        .iter()
        .map(ClientAuthentication::as_str)
        .collect();
    let credentials = if kinds.is_empty() {
        "none".to_owned()
    } else {
        kinds.join(" and ")
    };
    let client = entry
        .client
        .as_ref()
        .map_or(String::new(), |client| format!(" of `{client}`"));
    let acknowledged = match (entry.is_dispatch(), entry.acknowledged) {
        (true, true) => ", acknowledged",
        (true, false) => ", not acknowledged",
        (false, _) => "",
    };
    let fault = match entry.outcome {
        Outcome::Fault => ", a fault".to_owned(),
        _ => unheard(entry),
    };
    format!(
        "upstream: {} {place}, {}, credentials {credentials}{client} → {}{acknowledged}{fault}",
        entry.method(),
        presented(record, entry.presented),
        entry.status
    )
}

/// The faults that a request met and took effect all the same.
fn unheard(entry: &Entry) -> String {
    let faults: Vec<&str> = entry
        .faults
        .iter()
        .copied()
        .filter(|fault| *fault != "noop")
        .collect();
    if faults.is_empty() {
        return String::new();
    }
    format!(", a fault ({})", faults.join(", "))
}

fn presented(record: &CaseRecord, presented: Presented) -> String {
    match presented {
        Presented::Nothing => "nothing presented".to_owned(),
        Presented::Token(token) => token_of(token, owner(record, token.grant)),
        Presented::Account(grant) => format!("account#1 of `{}`", owner(record, grant)),
        Presented::Code => "a code".to_owned(),
        Presented::Unknown => "something that the provider never gave out".to_owned(),
    }
}

/// The account whose grant it is.
fn owner(record: &CaseRecord, grant: GrantId) -> &str {
    let mut accounts = record.accounts.iter();
    let found = accounts.find(|(_, identity)| identity.grant == grant);
    found.map_or("nobody", |(name, _)| name)
}

/// A token by name: its kind, and the how manyth of its kind it is in its account.
pub fn token_of(token: TokenId, account: &str) -> String {
    let kind = match token.subject {
        Subject::AccessToken => "access",
        Subject::RefreshToken => "refresh",
    };
    format!("{kind}#{} of `{account}`", token.generation + 1)
}

/// How a token stands, and why it died. Without the number of the request that did it, which
/// counts also what has no meaning.
pub fn fate(token: &TokenView) -> String {
    match token.death.map(|death| death.cause) {
        None => token.state.to_string(),
        Some(cause) if token.state == TokenState::Alive => {
            format!("alive for a while ({})", cause_in_words(cause))
        }
        Some(cause) => format!("{} ({})", token.state, cause_in_words(cause)),
    }
}

const fn cause_in_words(cause: Cause) -> &'static str {
    match cause {
        Cause::Revoked(_) => "revoked",
        Cause::Cascade(_) => "by cascade",
        Cause::Rotated(_) => "replaced by a refresh",
        Cause::Reused(_) => "by the reuse of a code or refresh token",
        Cause::RemovedByUser => "removed by the user",
        Cause::AtProvider => "ended by the provider",
    }
}
