//! Steps and expectations of a scenario, in words.

mod effect;

use std::collections::BTreeMap;

use rescind_model::Subject;
use rescind_model::explanation::StepInWords;
use rescind_model::fault::{Fault, Meets, When};
use rescind_model::scenario::{
    Awaited, Connect, Delete, Expectation, ExpectedTokenState, ExpectedTokens, HeldToken, Hold,
    Key, RequestBody, Revoke, Step, StepRole, SwitchedStatus, Verb,
};
use rescind_model::vocabulary::Endpoint;

/// A step, in words.
pub fn step(step: &Step) -> StepInWords {
    StepInWords {
        does: does(&step.verb),
        outcomes: step.outcomes.iter().map(outcome).collect(),
        positive_control: step.role == StepRole::PositiveControl,
    }
}

fn does(verb: &Verb) -> String {
    match verb {
        Verb::Connect(it) => connect(it),
        Verb::Revoke(it) => revoke(it),
        Verb::Read(it) => format!("read `{}`", *it.account),
        Verb::Delete(it) => delete(it),
        Verb::Refresh(it) => format!("have the tokens of `{}` refreshed", *it.account),
        Verb::SetStatus(it) => format!("switch `{}` {}", *it.account, way(it.to)),
        Verb::DeleteClient(it) => {
            format!("delete the registration of the client `{}`", *it.client)
        }
        Verb::SetClientStatus(it) => format!(
            "switch the registration of the client `{}` {}",
            *it.client,
            way(it.to)
        ),
        Verb::RemoveByUser(it) => format!(
            "the user of `{}` removes the app on the provider's site",
            *it.account
        ),
        Verb::Expire(it) => format!(
            "let the {} of `{}` expire at the provider",
            noun(it.token),
            *it.account
        ),
        Verb::AdvanceClock(it) => format!("move the provider's clock by {} seconds", it.seconds),
        Verb::Fail(it) => fail(it),
        Verb::Recover => "let the provider recover".to_owned(),
        Verb::Hold(it) => hold(it),
        Verb::Release(name) => format!("release gate `{}`", **name),
        Verb::Start(it) => format!("begin call `{}`: {}", *it.name, does(&it.verb)),
        Verb::Finish(it) => format!("take the answer of call `{}`", *it.name),
        Verb::GiveUp(it) => format!("break the connection of call `{}`", *it.name),
        Verb::WaitUntil(it) => match it {
            Awaited::Held(gate) => format!("wait until gate `{}` holds a request", **gate),
            Awaited::Answered(call) => format!("wait until call `{}` is answered", **call),
            Awaited::UnderWay(call) => format!("wait until call `{}` is taken up", **call),
            Awaited::Settled(call) => {
                format!(
                    "wait until call `{}` is answered, or waits for another",
                    **call
                )
            }
        },
        Verb::Kill => "kill the target's process".to_owned(),
        Verb::Restart => "start the target's process again".to_owned(),
    }
}

const fn way(to: SwitchedStatus) -> &'static str {
    match to {
        SwitchedStatus::Active => "on",
        SwitchedStatus::Inactive => "off",
    }
}

fn delete(delete: &Delete) -> String {
    let revocation = if delete.and_revoke {
        ", and have its tokens revoked"
    } else {
        ""
    };
    format!("delete `{}`{revocation}", *delete.account)
}

fn connect(connect: &Connect) -> String {
    let held = [
        (Subject::AccessToken, connect.access_token),
        (Subject::RefreshToken, connect.refresh_token),
    ];
    let held: Vec<String> = held
        .into_iter()
        .map(|(subject, state)| {
            let noun = noun(subject);
            match state {
                HeldToken::Alive => format!("a live {noun}"),
                HeldToken::Expired => format!("an expired {noun}"),
                HeldToken::ExpiredAtProvider => {
                    format!("a {noun} that has expired at the provider only")
                }
                HeldToken::Dead => format!("a {noun} that the provider has ended"),
                HeldToken::Absent => format!("no {noun}"),
            }
        })
        .collect();
    let user = connect
        .user
        .as_ref()
        .map_or(String::new(), |user| format!(", as the user `{user}`"));
    let client = if connect.client == "main" {
        String::new()
    } else {
        format!(", of the client `{}`", connect.client)
    };
    let scheme = if connect.scheme == Connect::OAUTH2 {
        String::new()
    } else {
        format!(", of the scheme {}", connect.scheme)
    };
    format!(
        "connect `{}`, {}, with {}{user}{client}{scheme}",
        *connect.account,
        connect.status,
        held.join(" and ")
    )
}

fn revoke(revoke: &Revoke) -> String {
    let whom = match (&revoke.account, &revoke.unknown_like, &revoke.id) {
        (Some(account), _, _) => format!("`{}`", **account),
        (None, Some(like), _) => format!("an id that is like that of `{}` and nobody's", **like),
        (None, None, Some(id)) => format!("the id `{}`", **id),
        (None, None, None) => "nothing".to_owned(),
    };
    let key = match revoke.key {
        Key::Right => "",
        Key::ReadOnly => " with a key that may only read",
        Key::OtherProject => " with a key of another project",
        Key::Wrong => " with a wrong key",
        Key::Missing => " without a key",
    };
    let body = match revoke.body {
        RequestBody::Absent => "",
        RequestBody::EmptyJson => ", with a JSON content type and no body",
        RequestBody::EmptyObject => ", with `{}` as its body",
    };
    let method = revoke
        .method
        .as_ref()
        .map_or(String::new(), |method| format!(", by {}", **method));
    format!("revoke {whom}{key}{body}{method}")
}

fn fail(fail: &Fault) -> String {
    let endpoint = endpoint(fail.meets.endpoint);
    let whose = whose(&fail.meets);
    let effect = effect::effect(&fail.effect);
    format!("from now on {endpoint} of the provider, asked by{whose}, {effect}")
}

fn hold(hold: &Hold) -> String {
    let side = match hold.gate.when {
        When::BeforeEffect => "before it takes effect",
        When::AfterEffect => "after it has taken effect",
    };
    let whose = match hold.gate.meets.nth {
        None => whose(&Meets {
            nth: Some(1),
            ..hold.gate.meets.clone()
        }),
        Some(_) => whose(&hold.gate.meets),
    };
    format!(
        "at gate `{}`, {} of the provider holds{whose}, {side}",
        *hold.name,
        endpoint(hold.gate.meets.endpoint)
    )
}

const fn endpoint(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Token => "the token endpoint",
        Endpoint::Revocation => "every revocation route",
        Endpoint::Introspection => "introspection",
        Endpoint::Resource => "the protected resource",
        Endpoint::Authorization => "the authorization endpoint",
        Endpoint::Consent => "the user's decision",
        Endpoint::DeviceAuthorization => "the device authorization endpoint",
        Endpoint::DeviceVerification => "the page for devices",
        Endpoint::Userinfo => "userinfo",
        Endpoint::Metadata => "the metadata documents",
        Endpoint::Jwks => "the public keys",
        Endpoint::Registration => "client registration",
    }
}

/// The requests that something is for.
fn whose(meets: &Meets) -> String {
    let which = match meets.nth {
        None => " any request".to_owned(),
        Some(nth) => format!(" request number {nth} from now"),
    };
    let about = meets.subject.map_or(String::new(), |subject| {
        format!(" that names the {}", noun(subject))
    });
    let client = meets
        .client
        .as_ref()
        .map_or(String::new(), |client| format!(" of client `{client}`"));
    format!("{which}{client}{about}")
}

fn outcome(expected: &Expectation) -> String {
    let mut parts = Vec::new();
    if let Some(status) = &expected.status {
        parts.push(format!("{}", **status));
    }
    if let Some(listed) = &expected.revoked_tokens {
        let names: Vec<&str> = listed.iter().map(|subject| subject.as_str()).collect();
        parts.push(if names.is_empty() {
            "an empty list".to_owned()
        } else {
            format!("listing {}", names.join(" and "))
        });
    }
    if let Some(status) = &expected.account_status {
        parts.push(format!("the account is {}", **status));
    }
    if let Some(dispatches) = &expected.dispatches {
        parts.push(match **dispatches {
            0 => "no dispatch".to_owned(),
            1 => "one dispatch".to_owned(),
            count => format!("{count} dispatches"),
        });
    }
    let text = parts.join(", ");
    match &expected.reason {
        Some(reason) => format!("{text}: {reason}"),
        None => text,
    }
}

/// What the ledger must say at the end, an account a line.
pub fn ledger(ledger: &BTreeMap<String, ExpectedTokens>) -> Vec<String> {
    let lines = ledger.iter().map(|(account, tokens)| {
        format!(
            "the access token of `{account}` {}, its refresh token {}",
            state(*tokens.access_token),
            state(*tokens.refresh_token)
        )
    });
    lines.collect()
}

const fn state(state: ExpectedTokenState) -> &'static str {
    match state {
        ExpectedTokenState::Alive => "is alive",
        ExpectedTokenState::Expired => "has expired",
        ExpectedTokenState::Dead => "is dead",
        ExpectedTokenState::Gone => "is dead or has expired",
        ExpectedTokenState::Absent => "does not exist",
        ExpectedTokenState::Any => "may be in any state",
    }
}

const fn noun(subject: Subject) -> &'static str {
    match subject {
        Subject::AccessToken => "access token",
        Subject::RefreshToken => "refresh token",
    }
}
