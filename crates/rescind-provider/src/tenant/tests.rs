//! What holds of a tenant, whatever is sent to it.

mod any_fault;
mod any_request;
mod connecting;
mod naive_model;
mod several_tenants;
mod timing;

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use proptest::sample::Index;
use rescind_model::Located;
use rescind_model::fault::{Answer, Effect, Hang, Origin, Redirect, When};
use rescind_model::profile::{ClientAuthentication, GraceAnswer, Place, Reuse};
use rescind_model::vocabulary::Endpoint;
use rescind_model::vocabulary::TokenState;

use super::*;
use crate::ledger::TokenId;
use crate::test_profiles::{NAMES, profile};
use any_request::any_request;
use connecting::connecting;

/// Something that happens to a tenant.
#[derive(Clone, Debug)]
enum Happening {
    Mint(u8, u8),
    Revoke(Index),
    Refresh(Index),
    Show(Index),
    Connect(u8),
    RemoveByUser(Index),
    Expire(Index, Subject),
    Advance(u16),
    Fail(Fault),
    Recover,
}

fn subjects() -> impl Strategy<Value = Subject> {
    prop::sample::select(Subject::ALL.to_vec())
}

fn endpoints() -> impl Strategy<Value = Endpoint> {
    use Endpoint::{Authorization, Introspection, Resource, Revocation, Token};
    prop::sample::select(vec![
        Authorization,
        Introspection,
        Resource,
        Revocation,
        Token,
    ])
}

fn effects() -> impl Strategy<Value = Effect> {
    let answer = (200u16..600, prop::option::of(0u64..100), any::<bool>()).prop_map(
        |(status, retry_after, echo)| {
            Effect::Answer(Answer {
                retry_after,
                echo,
                ..Answer::of(status)
            })
        },
    );
    let redirect = (
        prop::sample::select(vec![301, 302, 303, 307, 308]),
        prop::sample::select(vec![Origin::SameOrigin, Origin::OtherOrigin]),
    )
        .prop_map(|(status, to)| Effect::Redirect(Redirect { status, to }));
    let when = prop::sample::select(vec![When::BeforeEffect, When::AfterEffect]);
    let hang = when.prop_map(|when| Effect::Hang(Hang { when }));
    prop_oneof![3 => answer, 1 => hang, 1 => redirect]
}

fn faults() -> impl Strategy<Value = Fault> {
    (
        endpoints(),
        prop::option::of(subjects()),
        prop::option::of(1u32..4),
        effects(),
    )
        .prop_map(|(endpoint, subject, nth, effect)| {
            let mut fault = Fault::at(endpoint, effect);
            (fault.meets.subject, fault.meets.nth) = (subject, nth);
            fault
        })
}

fn happenings() -> impl Strategy<Value = Happening> {
    let index = any::<Index>;
    prop_oneof![
        2 => (0u8..2, 0u8..2).prop_map(|(user, client)| Happening::Mint(user, client)),
        4 => index().prop_map(Happening::Revoke),
        4 => index().prop_map(Happening::Refresh),
        2 => index().prop_map(Happening::Show),
        2 => (0u8..2).prop_map(Happening::Connect),
        1 => index().prop_map(Happening::RemoveByUser),
        1 => (index(), subjects()).prop_map(|(grant, kind)| Happening::Expire(grant, kind)),
        1 => (0u16..8000).prop_map(Happening::Advance),
        1 => faults().prop_map(Happening::Fail),
        1 => Just(Happening::Recover),
    ]
}

/// Where a request goes.
#[derive(Clone, Copy, Debug)]
enum Side {
    Own,
    Elsewhere,
}

fn sides() -> impl Strategy<Value = Side> {
    prop_oneof![4 => Just(Side::Own), 1 => Just(Side::Elsewhere)]
}

type States = BTreeMap<TokenId, TokenState>;

fn tenant(name: &str) -> TenantState {
    TenantState::new(profile(name), LedgerKey::new("seed", "tenant"))
}

/// A tenant at which replaced refresh tokens live on for a while, or betray who stole them.
fn tenant_with_rotation(name: &str, reuse: Reuse, grace: u64, answers: GraceAnswer) -> TenantState {
    let mut profile = (*profile(name)).clone();
    if profile.tokens.refresh_token_rotates {
        profile.tokens.refresh_token_reuse = Located::unplaced(reuse);
        profile.tokens.rotation_grace_seconds = Located::unplaced(grace);
        profile.tokens.rotation_grace_answers = Located::unplaced(answers);
    }
    let user = "user 0".to_owned();
    let mut tenant = TenantState::new(Arc::new(profile), LedgerKey::new("seed", "tenant"));
    tenant.set_consent(Consent::Allow { user });
    tenant
}

fn states(tenant: &TenantState) -> States {
    let now = tenant.now(Moment(0));
    let ledger = tenant.ledger();
    ledger
        .grants()
        .flat_map(|(grant, _)| ledger.tokens(grant, now))
        .map(|token| (token.id, token.state))
        .collect()
}

fn form(pairs: &[(&str, &str)]) -> bytes::Bytes {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
        .into()
}

fn form_headers() -> HeaderMap {
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    HeaderMap::from_iter([(CONTENT_TYPE, form)])
}

fn bearer(token: &str) -> HeaderMap {
    let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
    HeaderMap::from_iter([(AUTHORIZATION, value)])
}

/// The revocation of a token as its own client does it at the first route that there is.
fn revocation(tenant: &TenantState, token: TokenId) -> Request {
    let (text, _) = tenant.ledger().text(token, Moment(0)).unwrap();
    let grant = tenant.ledger().grant(token.grant).unwrap();
    let client = tenant.clients().by_name(&grant.client).unwrap();
    let Some(route) = tenant.profile().revocation_routes.first() else {
        return Request {
            method: "POST".into(),
            path: "/oauth2/revoke".into(),
            ..Request::default()
        };
    };
    let request = Request {
        method: route.method.as_str().into(),
        path: route.path.to_string(),
        ..Request::default()
    };
    let (name, value) = match (route.token_in.first(), &route.account_in) {
        (Some(Place::Bearer), _) => {
            return Request {
                headers: bearer(text),
                ..request
            };
        }
        (Some(Place::Form(name)), _) => (name, text),
        (None, Some(Place::Form(name))) => (name, &*grant.account_id),
        place => unreachable!("no fixture puts it there: {place:?}"),
    };
    let mut pairs = vec![(name.as_str(), value)];
    let mut headers = form_headers();
    if route.is_authenticated_by_access_token() {
        let tokens = tenant.ledger().tokens(token.grant, Moment(0));
        let of_grant = tokens
            .iter()
            .rfind(|token| token.id.subject == Subject::AccessToken);
        headers.extend(
            of_grant
                .map(|of_grant| bearer(&of_grant.text))
                .unwrap_or_default(),
        );
    }
    authenticate(
        &route.client_authentication,
        client,
        &mut headers,
        &mut pairs,
    );
    Request {
        headers,
        body: form(&pairs),
        ..request
    }
}

/// Adds a client's credentials by a method that an endpoint declares, if it declares one.
fn authenticate<'a>(
    declared: &[ClientAuthentication],
    client: &'a Client,
    headers: &mut HeaderMap,
    pairs: &mut Vec<(&'a str, &'a str)>,
) {
    let secret = client.client_secret.expose();
    if declared.contains(&ClientAuthentication::Post) {
        pairs.extend([("client_id", &*client.client_id), ("client_secret", secret)]);
    } else if declared.contains(&ClientAuthentication::Basic) {
        let pair = format!("{}:{secret}", client.client_id);
        let value = format!("Basic {}", STANDARD.encode(pair));
        headers.insert(AUTHORIZATION, value.parse().unwrap());
    }
}

fn refreshing(tenant: &TenantState, token: TokenId) -> Request {
    let (text, _) = tenant.ledger().text(token, Moment(0)).unwrap();
    let grant = tenant.ledger().grant(token.grant).unwrap();
    let client = tenant.clients().by_name(&grant.client).unwrap();
    let endpoint = &tenant.profile().token_endpoint;
    let mut pairs = vec![("grant_type", "refresh_token"), ("refresh_token", text)];
    let mut headers = form_headers();
    authenticate(
        &endpoint.client_authentication,
        client,
        &mut headers,
        &mut pairs,
    );
    Request {
        method: "POST".into(),
        path: endpoint.path.to_string(),
        headers,
        body: form(&pairs),
        ..Request::default()
    }
}

fn showing(tenant: &TenantState, token: TokenId) -> Request {
    let (text, _) = tenant.ledger().text(token, Moment(0)).unwrap();
    Request {
        method: "GET".into(),
        path: tenant.profile().resource.path.to_string(),
        headers: bearer(text),
        ..Request::default()
    }
}

/// Lets something happen; if it is a request, answers it.
fn apply(tenant: &mut TenantState, happening: &Happening) -> Option<Reaction> {
    let tokens: Vec<TokenId> = states(tenant).into_keys().collect();
    let token = |index: &Index| (!tokens.is_empty()).then(|| *index.get(&tokens));
    let request = match happening {
        Happening::Mint(user, client) => {
            tenant.mint(
                &format!("user {user}"),
                &format!("client {client}"),
                &Subject::ALL,
                Moment(0),
            );
            return None;
        }
        Happening::RemoveByUser(index) => {
            tenant.remove_by_user(token(index)?.grant, Moment(0));
            return None;
        }
        Happening::Expire(index, subject) => {
            tenant.expire(token(index)?.grant, *subject, Moment(0));
            return None;
        }
        Happening::Advance(seconds) => {
            tenant.clock_mut().advance(u64::from(*seconds));
            return None;
        }
        Happening::Fail(fault) => {
            tenant.fail(fault.clone());
            return None;
        }
        Happening::Recover => {
            tenant.recover();
            return None;
        }
        Happening::Revoke(index) => revocation(tenant, token(index)?),
        Happening::Refresh(index) => refreshing(tenant, token(index)?),
        Happening::Show(index) => showing(tenant, token(index)?),
        Happening::Connect(client) => connecting(tenant, &format!("client {client}"))?,
    };
    Some(tenant.handle(&request, Moment(0)))
}

fn check_moves(before: &States, after: &States) {
    for (token, was) in before {
        let is = after[token];
        let allowed = match was {
            TokenState::Alive => is != TokenState::Absent,
            TokenState::Expired => matches!(is, TokenState::Expired | TokenState::Dead),
            TokenState::Dead => is == TokenState::Dead,
            TokenState::Absent => false,
        };
        assert!(allowed, "{token:?} went from {was} to {is}");
    }
}

/// The status code of an answer; 0 of none.
fn status_of(reaction: &Reaction) -> u16 {
    match reaction.delivery {
        Delivery::Whole => reaction.reply.status,
        Delivery::Never | Delivery::Dropped | Delivery::Reset => 0,
        Delivery::Spoiled(_) => unreachable!("no effect of these stories spoils bytes"),
    }
}

/// The newest entry says exactly what a request did to the ledger.
fn check_entry(tenant: &TenantState, status: u16, before: &States, after: &States) {
    let entry = tenant.journal().after(0).last().unwrap();
    assert_eq!(entry.status, status);
    if [Outcome::Fault, Outcome::Elsewhere].contains(&entry.outcome) {
        assert_eq!(before, after, "a request without effect changed something");
        assert!(!entry.acknowledged);
    } else if entry.faults.is_empty() {
        assert!((200..500).contains(&status));
    }
    let minted: Vec<TokenId> = after
        .keys()
        .copied()
        .filter(|token| !before.contains_key(token))
        .collect();
    assert_eq!(entry.minted, minted);
    for token in &entry.killed {
        assert_eq!(
            (before[token], after[token]),
            (TokenState::Alive, TokenState::Dead)
        );
    }
    let changed = before
        .iter()
        .filter(|(token, state)| after[token] != **state);
    for (token, _) in changed {
        let rotated = Presented::Token(*token) == entry.presented && !minted.is_empty();
        assert!(
            entry.killed.contains(token) || rotated,
            "{token:?} changed, and the entry does not say so"
        );
    }
    if entry.outcome == Outcome::Reused {
        assert!(minted.is_empty() && !entry.acknowledged);
    } else if !entry.killed.is_empty() || !minted.is_empty() {
        // Whoever was never answered was not told of it either.
        let told = status != 0;
        assert_eq!((entry.outcome, entry.acknowledged), (Outcome::Done, told));
    }
}

proptest! {
    #[test]
    fn a_dead_token_never_lives_again_and_the_journal_says_what_died(
        name in prop::sample::select(NAMES.to_vec()),
        reuse in prop::sample::select(vec![Reuse::Refused, Reuse::EndsGrant]),
        grace in prop::sample::select(vec![0u64, 5000]),
        answers in prop::sample::select(vec![GraceAnswer::Another, GraceAnswer::Same]),
        story in prop::collection::vec(happenings(), 1..40),
    ) {
        let mut tenant = tenant_with_rotation(name, reuse, grace, answers);
        tenant.mint("user 0", "client 0", &Subject::ALL, Moment(0));
        for happening in &story {
            let before = states(&tenant);
            let reaction = apply(&mut tenant, happening);
            let after = states(&tenant);
            check_moves(&before, &after);
            if let Some(reaction) = reaction {
                check_entry(&tenant, status_of(&reaction), &before, &after);
            }
        }
        tenant.recover();
        for (token, state) in states(&tenant) {
            // To show a token that was replaced may end the others.
            let mut tenant = tenant.clone();
            let alive = state == TokenState::Alive;
            let shown = status_of(&tenant.handle(&showing(&tenant, token), Moment(0)));
            prop_assert_eq!(shown == 200, alive && token.subject == Subject::AccessToken);
            let refreshed = status_of(&tenant.handle(&refreshing(&tenant, token), Moment(0)));
            prop_assert_eq!(refreshed == 200, alive && token.subject == Subject::RefreshToken);
        }
    }

    #[test]
    fn any_request_is_answered_without_a_5xx_and_changes_only_what_its_entry_says(
        name in prop::sample::select(NAMES.to_vec()),
        requests in prop::collection::vec((sides(), any_request()), 1..8),
    ) {
        let mut tenant = tenant(name);
        let minted = tenant.mint("user", "main", &Subject::ALL, Moment(0));
        tenant.mint("user", "rival", &Subject::ALL, Moment(0));
        for (side, request) in requests {
            let request = request.fill(&tenant, &minted);
            let before = states(&tenant);
            let status = match side {
                Side::Own => status_of(&tenant.handle(&request, Moment(0))),
                Side::Elsewhere => tenant.handle_elsewhere(&request, Moment(0)).status,
            };
            prop_assert!((200..500).contains(&status));
            let after = states(&tenant);
            check_moves(&before, &after);
            check_entry(&tenant, status, &before, &after);
            let scanner = tenant.scanner(FingerprintKey::of_seed("seed"));
            let entry = tenant.journal().after(0).last().unwrap();
            for lines in [entry.request_lines(&scanner), entry.answer_lines(&scanner)] {
                prop_assert!(scanner.find(&lines.join("\n")).is_empty(), "a secret shows");
            }
        }
    }

    #[test]
    fn the_same_requests_get_the_same_answers(
        name in prop::sample::select(NAMES.to_vec()),
        story in prop::collection::vec(happenings(), 1..20),
    ) {
        let (mut one, mut two) = (tenant(name), tenant(name));
        for happening in &story {
            prop_assert!(apply(&mut one, happening) == apply(&mut two, happening));
        }
        prop_assert_eq!(states(&one), states(&two));
    }
}
