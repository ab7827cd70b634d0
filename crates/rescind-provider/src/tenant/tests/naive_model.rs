//! Whatever happens at whatever profile, the ledger is as a book says that is kept by hand.

pub mod asking;
pub mod book;
pub mod world;

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rescind_model::Located;
use rescind_model::profile::{AccessTokenFormat, GraceAnswer, Profile, Reuse, RevocationScope};

use crate::test_profiles::all_in_the_folder;
use world::{World, operations};

/// A provider that differs from its profile in what decides about life and death.
#[derive(Clone, Debug)]
pub struct Variation {
    rotates: bool,
    reuse: Reuse,
    grace: u64,
    grace_answers: GraceAnswer,
    bites_after: u64,
    removal_ends: RevocationScope,
    access_tokens_live_on: bool,
    /// What each route ends, one after the other.
    ends: Vec<RevocationScope>,
}

fn scopes() -> impl Strategy<Value = RevocationScope> {
    use RevocationScope::{Grant, Token, UserGrants};
    prop::sample::select(vec![Token, Grant, UserGrants])
}

pub fn variations() -> impl Strategy<Value = Variation> {
    (
        any::<bool>(),
        prop::sample::select(vec![Reuse::Refused, Reuse::EndsGrant]),
        prop::sample::select(vec![0u64, 3, 8]),
        prop::sample::select(vec![GraceAnswer::Another, GraceAnswer::Same]),
        prop::sample::select(vec![0u64, 2, 7]),
        scopes(),
        prop::bool::weighted(0.2),
        prop::collection::vec(scopes(), 6),
    )
        .prop_map(
            |(rotates, reuse, grace, grace_answers, bites_after, removal_ends, lives_on, ends)| {
                Variation {
                    rotates,
                    reuse,
                    grace,
                    grace_answers,
                    bites_after,
                    removal_ends,
                    access_tokens_live_on: lives_on,
                    ends,
                }
            },
        )
}

impl Variation {
    pub fn of(&self, profile: &Profile) -> Arc<Profile> {
        let mut profile = profile.clone();
        let tokens = &mut profile.tokens;
        tokens.refresh_token_rotates = self.rotates && tokens.refresh_token.is_some();
        tokens.refresh_token_reuse = Located::unplaced(self.reuse);
        tokens.rotation_grace_seconds = Located::unplaced(self.grace);
        tokens.rotation_grace_answers = Located::unplaced(self.grace_answers);
        profile.revocation_bites_after_seconds = self.bites_after;
        profile.removal_by_user_ends = self.removal_ends;
        let mut scopes = self.ends.iter().cycle().copied();
        for route in &mut profile.revocation_routes {
            let ends = &mut route.ends;
            for end in [&mut ends.access_token, &mut ends.refresh_token] {
                *end = end.and(scopes.next());
            }
            // Whoever names an account means no single token.
            let account = scopes.next().map(|scope| scope.max(RevocationScope::Grant));
            ends.account = ends.account.and(account);
            if self.access_tokens_live_on {
                ends.access_token = None;
            }
        }
        if self.access_tokens_live_on {
            let format = AccessTokenFormat::JwtThatLivesOn;
            profile.tokens.access_token_format = Located::unplaced(format);
        }
        Arc::new(profile)
    }
}

/// Lets something be true of every profile of the folder.
pub fn for_each_profile<S: Strategy>(
    cases: u32,
    strategy: &S,
    holds: impl Fn(&Arc<Profile>, S::Value),
) {
    let profiles: BTreeMap<String, Arc<Profile>> = all_in_the_folder();
    assert!(profiles.len() > 10, "the folder has them all");
    for (name, profile) in profiles {
        let mut runner = TestRunner::new(Config {
            cases,
            failure_persistence: None,
            ..Config::default()
        });
        let result = runner.run(strategy, |value| {
            holds(&profile, value);
            Ok(())
        });
        if let Err(error) = result {
            panic!("{name}: {error}");
        }
    }
}

#[test]
fn the_ledger_of_every_profile_is_as_a_book_says_that_is_kept_by_hand() {
    let stories = (
        prop::option::weighted(0.7, variations()),
        prop::collection::vec(operations(), 1..50),
    );
    for_each_profile(96, &stories, |profile, (variation, story)| {
        let varied = variation.map(|variation| variation.of(profile));
        let mut world = World::new(varied.as_ref().unwrap_or(profile), "tenant");
        for operation in &story {
            world.apply(operation);
        }
    });
}
