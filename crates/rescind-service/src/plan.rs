//! From a toolkit and what an account holds to the ordered calls of a revoke. Pure.

use crate::account::{Held, Subject};
use crate::clock::Timestamp;
use crate::secret::Secret;
use crate::toolkit::{Ends, RevokeRoute, Toolkit};

/// The calls of one revoke, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) dispatches: Vec<Dispatch>,
}

/// One call of a revocation route.
#[derive(Clone, Debug)]
pub(crate) struct Dispatch {
    pub(crate) route: RevokeRoute,
    pub(crate) cargo: Cargo,
    /// What is dead once the provider acknowledges it: the subject whose token it carries, first,
    /// and what that takes along; or, where the route ends the whole grant, every subject held.
    pub(crate) ends: Vec<Subject>,
    pub(crate) refresh: RefreshRule,
}

/// What a dispatch names.
#[derive(Clone, Debug)]
pub(crate) enum Cargo {
    Token {
        subject: Subject,
        token: Secret,
    },
    /// The access token that a refresh is to bring first.
    AccessTokenAfterRefresh,
    AccountId(String),
}

/// Whether the access token may have to be renewed to be able to authenticate a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefreshRule {
    Never,
    /// It is known to be of no use: refresh, then dispatch.
    Before,
    /// Dispatch; if the provider says that it is dead, refresh and dispatch once more.
    IfDead,
}

/// Why there is nothing to dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlanRefusal {
    /// The provider has no programmatic revocation.
    Unsupported,
    /// It has, but for nothing that this account holds.
    NothingHeld,
}

/// The calls that end as much of what the account holds as the provider lets us end.
pub(crate) fn plan(toolkit: &Toolkit, held: &Held, now: Timestamp) -> Result<Plan, PlanRefusal> {
    if toolkit.revoke_routes.is_empty() {
        return Err(PlanRefusal::Unsupported);
    }
    let whole_grant = toolkit
        .revoke_routes
        .iter()
        .filter(|route| route.ends == Ends::Grant)
        .find_map(|route| end_the_grant(route, held, now));
    // One call that ends everything makes every other one pointless, and a second one would be
    // refused because of the first.
    if let Some(dispatch) = whole_grant {
        return Ok(Plan {
            dispatches: vec![dispatch],
        });
    }
    let dispatches = end_single_tokens(toolkit, held, now);
    if dispatches.is_empty() {
        return Err(PlanRefusal::NothingHeld);
    }
    Ok(Plan { dispatches })
}

fn end_the_grant(route: &RevokeRoute, held: &Held, now: Timestamp) -> Option<Dispatch> {
    if held.subjects().is_empty() {
        return None;
    }
    if route.carries_account_id() {
        return Some(Dispatch {
            route: route.clone(),
            cargo: Cargo::AccountId(held.provider_account_id()?),
            ends: held.subjects(),
            refresh: RefreshRule::Never,
        });
    }
    if route.authenticates_with_its_token() && route.subjects.contains(&Subject::AccessToken) {
        return Some(end_the_grant_by_its_access_token(route, held, now));
    }
    let (subject, token) = route
        .subjects
        .iter()
        .find_map(|subject| Some((*subject, held.token(*subject)?.clone())))?;
    Some(Dispatch {
        route: route.clone(),
        cargo: Cargo::Token { subject, token },
        ends: held.subjects(),
        refresh: RefreshRule::Never,
    })
}

/// Where the access token authenticates the call, one that is absent or expired would leave the
/// refresh token alive, although a refresh can get a live one.
fn end_the_grant_by_its_access_token(route: &RevokeRoute, held: &Held, now: Timestamp) -> Dispatch {
    let can_refresh = held.refresh_token.is_some();
    let subject = Subject::AccessToken;
    let (cargo, refresh) = match held.token(subject) {
        Some(token) if !(can_refresh && held.access_token_is_known_expired(now)) => (
            Cargo::Token {
                subject,
                token: token.clone(),
            },
            if can_refresh {
                RefreshRule::IfDead
            } else {
                RefreshRule::Never
            },
        ),
        _ => (Cargo::AccessTokenAfterRefresh, RefreshRule::Before),
    };
    Dispatch {
        route: route.clone(),
        cargo,
        ends: Subject::ALL
            .into_iter()
            .filter(|subject| held.token(*subject).is_some() || refresh == RefreshRule::Before)
            .collect(),
        refresh,
    }
}

/// One dispatch for each subject held, by the first route that takes it.
fn end_single_tokens(toolkit: &Toolkit, held: &Held, now: Timestamp) -> Vec<Dispatch> {
    let mut dispatches: Vec<Dispatch> = Vec::new();
    let routes = toolkit
        .revoke_routes
        .iter()
        .filter(|route| route.ends == Ends::Token);
    for route in routes {
        let refresh = refresh_to_authenticate(route, held, now);
        for subject in route.subjects.iter().copied() {
            let is_planned = dispatches
                .iter()
                .any(|dispatch| dispatch.ends.first() == Some(&subject));
            let Some(cargo) = cargo(held, subject, refresh).filter(|_| !is_planned) else {
                continue;
            };
            dispatches.push(Dispatch {
                route: route.clone(),
                cargo,
                ends: std::iter::once(subject)
                    .chain(taken_along(route, subject, held))
                    .collect(),
                // The refresh that precedes the refresh token's end serves both: after it, no
                // other one is possible.
                refresh: match subject {
                    Subject::RefreshToken => refresh,
                    Subject::AccessToken => RefreshRule::Never,
                },
            });
        }
    }
    // Stable: where nothing depends on it, the toolkit's order stays.
    dispatches.sort_by_key(|dispatch| !must_precede_the_access_tokens_end(dispatch));
    dispatches
}

/// What a dispatch of a single token carries; none if the account neither holds nor gets it.
fn cargo(held: &Held, subject: Subject, refresh: RefreshRule) -> Option<Cargo> {
    match (subject, held.token(subject)) {
        // What the refresh brings is alive, and has to die with the rest.
        (Subject::AccessToken, _) if refresh == RefreshRule::Before => {
            Some(Cargo::AccessTokenAfterRefresh)
        }
        (subject, token) => Some(Cargo::Token {
            subject,
            token: token?.clone(),
        }),
    }
}

/// Whether an access token has to be got to authenticate the end of the refresh token.
fn refresh_to_authenticate(route: &RevokeRoute, held: &Held, now: Timestamp) -> RefreshRule {
    let ends_the_refresh_token =
        held.refresh_token.is_some() && route.subjects.contains(&Subject::RefreshToken);
    if !route.authenticates_with_the_access_token() || !ends_the_refresh_token {
        return RefreshRule::Never;
    }
    if held.access_token.is_none() || held.access_token_is_known_expired(now) {
        return RefreshRule::Before;
    }
    RefreshRule::IfDead
}

/// Where the access token authenticates the end of the refresh token, its own end would make the
/// other one impossible.
fn must_precede_the_access_tokens_end(dispatch: &Dispatch) -> bool {
    dispatch.route.authenticates_with_the_access_token()
        && dispatch.ends.first() == Some(&Subject::RefreshToken)
}

/// What is held and dies with a token.
fn taken_along(route: &RevokeRoute, subject: Subject, held: &Held) -> Vec<Subject> {
    let declared = route.takes_along.get(&subject);
    let taken = declared.into_iter().flatten().copied();
    taken.filter(|other| held.token(*other).is_some()).collect()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use serde_json::{Value, json};

    use super::{Cargo, Plan, PlanRefusal, plan};
    use crate::account::Held;
    use crate::clock::Timestamp;
    use crate::toolkit;

    const NOW: Timestamp = Timestamp(10_000);

    fn describe(plan: &Plan) -> String {
        let lines: Vec<String> = plan
            .dispatches
            .iter()
            .map(|dispatch| {
                let cargo = match &dispatch.cargo {
                    Cargo::Token { subject, token } => {
                        format!("{}={}", subject.name(), token.expose())
                    }
                    Cargo::AccessTokenAfterRefresh => "access_token (new)".to_owned(),
                    Cargo::AccountId(id) => format!("account_id={id}"),
                };
                let ends: Vec<&str> = dispatch.ends.iter().map(|subject| subject.name()).collect();
                format!(
                    "{} {cargo} ends [{}] refresh {:?}",
                    dispatch.route.path,
                    ends.join(" "),
                    dispatch.refresh
                )
            })
            .collect();
        lines.join("; ")
    }

    #[test]
    fn every_toolkit_with_everything_an_account_may_hold() {
        let accounts = [
            ("both", json!({"access_token": "A", "refresh_token": "R"})),
            ("access", json!({"access_token": "A"})),
            ("refresh", json!({"refresh_token": "R"})),
            (
                "both, access expired",
                json!({"access_token": "A", "refresh_token": "R", "expires_in": -1}),
            ),
            (
                "access, expired",
                json!({"access_token": "A", "expires_in": -1}),
            ),
            (
                "both, account id",
                json!({"access_token": "A", "refresh_token": "R", "account_id": "acct_1"}),
            ),
            ("account id only", json!({"account_id": "acct_1"})),
            ("nothing", json!({})),
        ];
        let mut table = String::new();
        for (slug, toolkit) in toolkit::load().unwrap() {
            writeln!(table, "{slug}").unwrap();
            for (name, fields) in &accounts {
                let Value::Object(fields) = fields.clone() else {
                    panic!("an object was expected")
                };
                let held = Held::from_fields(fields, NOW);
                let outcome = match plan(&toolkit, &held, NOW) {
                    Ok(plan) => describe(&plan),
                    Err(PlanRefusal::Unsupported) => "unsupported".to_owned(),
                    Err(PlanRefusal::NothingHeld) => "nothing held".to_owned(),
                };
                writeln!(table, "  {name}: {outcome}").unwrap();
            }
        }
        insta::assert_snapshot!(table);
    }
}
