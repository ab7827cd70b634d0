//! What holds of the ledger, whatever is done to it.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::test_profiles::{NAMES, profile};

/// Something that happens to a ledger.
#[derive(Clone, Debug)]
enum Happening {
    Mint(u8, u8, Vec<Subject>),
    Issue(Index, Subject),
    Revoke(Index, RevocationScope),
    RevokeGrant(Index, RevocationScope),
    RotateOut(Index),
    Expire(Index, Subject),
    KillAtProvider(Index, Subject),
    RemoveByUser(Index, RevocationScope),
    Advance(u32),
}

fn subjects() -> impl Strategy<Value = Subject> {
    prop::sample::select(Subject::ALL.to_vec())
}

fn scopes() -> impl Strategy<Value = RevocationScope> {
    use RevocationScope::{Grant, Token, UserGrants};
    prop::sample::select(vec![Token, Grant, UserGrants])
}

fn happenings() -> impl Strategy<Value = Happening> {
    let any_index = any::<Index>;
    prop_oneof![
        3 => (0u8..3, 0u8..2, prop::collection::vec(subjects(), 0..3))
            .prop_map(|(user, client, kinds)| Happening::Mint(user, client, kinds)),
        2 => (any_index(), subjects()).prop_map(|(grant, kind)| Happening::Issue(grant, kind)),
        3 => (any_index(), scopes()).prop_map(|(token, scope)| Happening::Revoke(token, scope)),
        1 => (any_index(), scopes()).prop_map(|(grant, scope)| Happening::RevokeGrant(grant, scope)),
        1 => any_index().prop_map(Happening::RotateOut),
        1 => (any_index(), subjects()).prop_map(|(grant, kind)| Happening::Expire(grant, kind)),
        1 => (any_index(), subjects()).prop_map(|(grant, kind)| Happening::KillAtProvider(grant, kind)),
        1 => (any_index(), scopes()).prop_map(|(grant, scope)| Happening::RemoveByUser(grant, scope)),
        1 => (0u32..10_000).prop_map(Happening::Advance),
    ]
}

type States = BTreeMap<TokenId, (TokenState, Option<Death>)>;

fn states(ledger: &Ledger, now: Moment) -> States {
    ledger
        .grants()
        .flat_map(|(grant, _)| ledger.tokens(grant, now))
        .map(|token| (token.id, (token.state, token.death)))
        .collect()
}

/// Lets something happen. Answers what a revocation says that it killed.
fn apply(
    ledger: &mut Ledger,
    profile: &Profile,
    happening: &Happening,
    entry: u64,
    now: &mut Moment,
) -> Option<Vec<TokenId>> {
    let grants: Vec<GrantId> = ledger.grants().map(|(id, _)| id).collect();
    let tokens: Vec<TokenId> = states(ledger, *now).into_keys().collect();
    let grant = |index: &Index| (!grants.is_empty()).then(|| *index.get(&grants));
    let token = |index: &Index| (!tokens.is_empty()).then(|| *index.get(&tokens));
    match happening {
        Happening::Mint(user, client, kinds) => {
            let (user, client) = (format!("user {user}"), format!("client {client}"));
            ledger.mint(profile, &user, &client, kinds, *now);
        }
        Happening::Issue(index, kind) => {
            ledger.issue(profile, grant(index)?, *kind, *now);
        }
        Happening::Revoke(index, scope) => {
            let token = token(index)?;
            return Some(ledger.revoke(token.grant, Some(token), *scope, entry, *now, *now));
        }
        Happening::RevokeGrant(index, scope) => {
            return Some(ledger.revoke(grant(index)?, None, *scope, entry, *now, *now));
        }
        Happening::RotateOut(index) => ledger.rotate_out(token(index)?, entry, *now),
        Happening::Expire(index, kind) => {
            ledger.expire(grant(index)?, *kind, *now);
        }
        Happening::KillAtProvider(index, kind) => {
            ledger.kill_at_provider(grant(index)?, *kind, *now);
        }
        Happening::RemoveByUser(index, scope) => {
            ledger.remove_by_user(grant(index)?, *scope, *now);
        }
        Happening::Advance(seconds) => now.0 += u64::from(*seconds) * 1000,
    }
    None
}

/// Alive, then perhaps expired, then perhaps dead; and a death is for ever.
fn check_moves(before: &States, after: &States) {
    for (token, (was, death)) in before {
        let (is, later_death) = after[token];
        let allowed = match was {
            TokenState::Alive => is != TokenState::Absent,
            TokenState::Expired => matches!(is, TokenState::Expired | TokenState::Dead),
            TokenState::Dead => is == TokenState::Dead && later_death == *death,
            TokenState::Absent => false,
        };
        assert!(allowed, "{token:?} went from {was} to {is}");
        assert_eq!(is == TokenState::Dead, later_death.is_some());
    }
}

/// Those that were not dead before and are now.
fn newly_dead(before: &States, after: &States) -> Vec<TokenId> {
    let dead = |states: &States, token: &TokenId| {
        states
            .get(token)
            .is_some_and(|(state, _)| *state == TokenState::Dead)
    };
    after
        .keys()
        .copied()
        .filter(|token| dead(after, token) && !dead(before, token))
        .collect()
}

fn check_reach(
    ledger: &Ledger,
    happening: &Happening,
    killed: &[TokenId],
    presented: Option<TokenId>,
    grant: GrantId,
) {
    let (Happening::Revoke(_, scope) | Happening::RevokeGrant(_, scope)) = happening else {
        return;
    };
    let owner = |id: GrantId| ledger.grant(id).map(|grant| (&grant.user, &grant.client));
    for token in killed {
        match scope {
            RevocationScope::Token => assert_eq!(Some(*token), presented),
            RevocationScope::Grant => assert_eq!(token.grant, grant),
            RevocationScope::UserGrants => assert_eq!(owner(token.grant), owner(grant)),
        }
    }
}

proptest! {
    #[test]
    fn a_dead_token_never_lives_again_and_nothing_dies_unsaid(
        name in prop::sample::select(NAMES.to_vec()),
        story in prop::collection::vec(happenings(), 1..40),
    ) {
        let profile = profile(name);
        let mut ledger = Ledger::new(LedgerKey::new("seed", "tenant"));
        let mut now = Moment(0);
        for (entry, happening) in (1..).zip(&story) {
            let before = states(&ledger, now);
            let tokens: Vec<TokenId> = before.keys().copied().collect();
            let grants: Vec<GrantId> = ledger.grants().map(|(id, _)| id).collect();
            let killed = apply(&mut ledger, &profile, happening, entry, &mut now);
            let after = states(&ledger, now);
            check_moves(&before, &after);
            let died = newly_dead(&before, &after);
            match happening {
                Happening::Revoke(index, _) if !tokens.is_empty() => {
                    let presented = *index.get(&tokens);
                    check_reach(&ledger, happening, &died, Some(presented), presented.grant);
                }
                Happening::RevokeGrant(index, _) if !grants.is_empty() => {
                    check_reach(&ledger, happening, &died, None, *index.get(&grants));
                }
                Happening::Mint(..) | Happening::Issue(..) | Happening::Expire(..) | Happening::Advance(..) => {
                    prop_assert_eq!(&died, &[], "nothing dies of {:?}", happening);
                }
                Happening::KillAtProvider(..) => {
                    prop_assert!(died.len() <= 1, "more than one token died: {:?}", died);
                    for token in &died {
                        let cause = after[token].1.map(|death| death.cause);
                        prop_assert_eq!(cause, Some(Cause::AtProvider));
                    }
                }
                _ => {}
            }
            if let Some(mut killed) = killed {
                killed.sort_unstable();
                prop_assert!(killed.iter().all(|token| before[token].0 != TokenState::Dead));
                prop_assert_eq!(killed, died);
            }
        }
    }

    #[test]
    fn no_two_tokens_are_alike_and_each_is_found_by_its_text(
        name in prop::sample::select(NAMES.to_vec()),
        story in prop::collection::vec(happenings(), 1..40),
    ) {
        let profile = profile(name);
        let mut ledger = Ledger::new(LedgerKey::new("seed", "tenant"));
        let mut now = Moment(0);
        for (entry, happening) in (1..).zip(&story) {
            apply(&mut ledger, &profile, happening, entry, &mut now);
        }
        let mut seen = HashSet::new();
        for (grant, _) in ledger.grants() {
            for token in ledger.tokens(grant, now) {
                prop_assert_eq!(ledger.find(&token.text), Some(token.id));
                prop_assert!(seen.insert(token.text), "two tokens are alike");
            }
        }
        let accounts: HashSet<&str> = ledger.grants().map(|(_, grant)| &*grant.account_id).collect();
        prop_assert_eq!(accounts.len(), ledger.grants().count());
        for (id, grant) in ledger.grants() {
            prop_assert_eq!(ledger.find_account(&grant.account_id), Some(id));
        }
    }

    #[test]
    fn tokens_repeat_for_the_same_seed_and_tenant_and_differ_for_any_other(
        seed in "\\PC{0,40}", tenant in "\\PC{0,40}",
        other_seed in "\\PC{0,40}", other_tenant in "\\PC{0,40}",
    ) {
        let profile = profile("rfc7009");
        let texts = |seed: &str, tenant: &str| -> Vec<String> {
            let mut ledger = Ledger::new(LedgerKey::new(seed, tenant));
            for user in ["a", "a", "b"] {
                let grant = ledger.mint(&profile, user, "main", &Subject::ALL, Moment(0));
                ledger.issue(&profile, grant, Subject::AccessToken, Moment(0));
            }
            let grants: Vec<GrantId> = ledger.grants().map(|(id, _)| id).collect();
            grants
                .into_iter()
                .flat_map(|grant| ledger.tokens(grant, Moment(0)))
                .map(|token| token.text)
                .collect()
        };
        let tokens = texts(&seed, &tenant);
        prop_assert!(tokens == texts(&seed, &tenant));
        let distinct: HashSet<&String> = tokens.iter().collect();
        prop_assert_eq!(distinct.len(), 9);
        for (seed, tenant, differs) in [
            (&other_seed, &tenant, seed != other_seed),
            (&seed, &other_tenant, tenant != other_tenant),
            (&tenant, &seed, tenant != seed),
        ] {
            let others = texts(seed, tenant);
            prop_assert!(others.iter().all(|token| tokens.contains(token) != differs));
        }
    }

    #[test]
    fn a_token_is_the_same_whatever_was_done_before_it(
        story in prop::collection::vec(happenings(), 0..20),
    ) {
        let profile = profile("rfc7009");
        let mut ledger = Ledger::new(LedgerKey::new("seed", "tenant"));
        let mut undisturbed = ledger.clone();
        let mut now = Moment(0);
        for (entry, happening) in (1..).zip(&story) {
            apply(&mut ledger, &profile, happening, entry, &mut now);
        }
        for (_, grant) in ledger.grants() {
            undisturbed.mint(&profile, &grant.user, &grant.client, &[], Moment(0));
        }
        for token in states(&ledger, now).into_keys() {
            let again = undisturbed.issue(&profile, token.grant, token.subject, Moment(0));
            prop_assert_eq!(again, Some(token));
            let text = |ledger: &Ledger| ledger.text(token, Moment(0)).map(|(text, _)| text.to_owned());
            prop_assert!(text(&ledger) == text(&undisturbed));
        }
    }

    #[test]
    fn a_token_has_its_formats_prefix_and_characters(seed in "\\PC{0,20}", name in "\\PC{0,20}") {
        let key = LedgerKey::new(&seed, "tenant");
        for (characters, allowed) in [
            (TokenCharacters::UrlSafe, "-_"),
            (TokenCharacters::Bearer, "-._~+/"),
            (TokenCharacters::Printable, "+/=&%~.-_"),
        ] {
            let format = TokenFormat { prefix: "p.".into(), characters, lifetime_seconds: None };
            let token = key.derive(&name, &format);
            let random = token.strip_prefix("p.").unwrap();
            prop_assert_eq!(random.len(), 32);
            prop_assert!(random.chars().all(|c| c.is_ascii_alphanumeric() || allowed.contains(c)));
            prop_assert!(allowed.chars().all(|c| random.contains(c)), "every awkward character is there");
        }
    }
}

#[test]
fn a_token_expires_at_the_end_of_its_lifetime_and_not_before() {
    let profile = profile("rfc7009");
    let mut ledger = Ledger::new(LedgerKey::new("seed", "tenant"));
    let grant = ledger.mint(&profile, "user", "main", &Subject::ALL, Moment(5));
    let states = |moment| -> Vec<TokenState> {
        ledger
            .tokens(grant, Moment(moment))
            .iter()
            .map(|token| token.state)
            .collect()
    };
    assert_eq!(states(3_600_004), [TokenState::Alive, TokenState::Alive]);
    assert_eq!(states(3_600_005), [TokenState::Expired, TokenState::Alive]);
    assert_eq!(states(u64::MAX), [TokenState::Expired, TokenState::Alive]);
}

#[test]
fn what_is_not_there_is_absent_and_nothing_happens_to_it() {
    let profile = profile("rfc7009");
    let mut ledger = Ledger::new(LedgerKey::new("seed", "tenant"));
    let nowhere = GrantId(7);
    let token = TokenId {
        grant: nowhere,
        subject: Subject::AccessToken,
        generation: 0,
    };
    let now = Moment(0);
    assert_eq!(ledger.state(token, now), TokenState::Absent);
    assert!(ledger.tokens(nowhere, now).is_empty() && ledger.text(token, now).is_none());
    assert_eq!(
        ledger.issue(&profile, nowhere, Subject::AccessToken, now),
        None
    );
    assert_eq!(ledger.expire(nowhere, Subject::AccessToken, now), None);
    assert_eq!(
        ledger.kill_at_provider(nowhere, Subject::AccessToken, now),
        None
    );
    assert_eq!(
        ledger.revoke(
            nowhere,
            Some(token),
            RevocationScope::UserGrants,
            1,
            now,
            now
        ),
        []
    );
    ledger.remove_by_user(nowhere, RevocationScope::UserGrants, now);
    ledger.rotate_out(token, 1, now);
    assert_eq!(ledger.grants().count(), 0);
}

#[test]
fn keys_do_not_show_themselves() {
    assert_eq!(
        format!("{:?}", LedgerKey::new("seed", "tenant")),
        "LedgerKey(…)"
    );
}
