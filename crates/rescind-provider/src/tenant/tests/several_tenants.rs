//! Tenants of one profile and one seed, at which the same users and clients live side by side: none
//! ever notices another.

use std::sync::Arc;

use proptest::prelude::*;
use rescind_model::profile::Profile;
use rescind_model::vocabulary::Endpoint;

use super::States;
use super::naive_model::asking::{self, Asking, owner_asking};
use super::naive_model::book::What;
use super::naive_model::world::{Exchange, Operation, World, operations};
use super::naive_model::{for_each_profile, variations};
use crate::journal::{Outcome, Presented};
use crate::ledger::Moment;
use crate::message::{Reaction, Reply, Request};

/// The first two have clients of the same credentials, the third has its own.
const NAMES: [&str; 3] = ["one", "two", "three"];

fn worlds(profile: &Arc<Profile>) -> Vec<World> {
    let mut worlds: Vec<World> = NAMES.map(|name| World::new(profile, name)).into();
    for number in [0, 1] {
        let shared = worlds[0].client(number);
        worlds[1].add_client(shared.clone());
        assert_eq!(worlds[1].client(number).client_id, shared.client_id);
        assert!(worlds[2].client(number).client_id != shared.client_id);
    }
    worlds
}

/// What a tenant answers, and how everything stands there afterwards.
type Step = (Option<Reply>, States);

fn step(world: &mut World, operation: &Operation) -> (Step, Option<Exchange>) {
    let exchange = world.apply(operation);
    let reply = exchange.as_ref().map(|exchange| exchange.reply.clone());
    ((reply, world.states()), exchange)
}

/// Sends a request with which a tenant has nothing to do: nothing changes there.
fn send_to_stranger(world: &mut World, request: &Request) -> Reaction {
    let before = world.states();
    let reaction = world.tenant.handle(request, Moment(0));
    assert_eq!(world.states(), before);
    let entry = world.tenant.journal().after(0).last().unwrap();
    assert!(entry.killed.is_empty() && entry.minted.is_empty());
    let known = matches!(entry.presented, Presented::Token(_) | Presented::Account(_));
    assert!(!known, "{:?} is another tenant's", entry.presented);
    if matches!(entry.endpoint, Some(Endpoint::Revocation | Endpoint::Token)) {
        let is_strange = matches!(
            entry.outcome,
            Outcome::Unknown | Outcome::Unauthenticated | Outcome::Malformed | Outcome::Unsupported
        );
        assert!(is_strange, "{:?}", entry.outcome);
    }
    reaction
}

/// Presents a text wherever a tenant takes one, as a client of the tenant's own.
fn present_everywhere(world: &mut World, text: &str, asking: &Asking) -> Vec<Reaction> {
    let profile = world.profile();
    let mut requests = Vec::new();
    for route in 0..profile.revocation_routes.len() {
        let (request, _) = world.ask(What::Unknown, asking, |it| it.revocation(route, Some(text)));
        requests.push(request);
    }
    let (request, _) = world.ask(What::Unknown, asking, |it| it.refreshing(Some(text)));
    requests.push(request);
    requests.push(asking::showing(&profile, text));
    if let Some(introspection) = &profile.introspection {
        let request = world.ask(What::Unknown, asking, |it| {
            it.introspecting(introspection, text)
        });
        requests.push(request);
    }
    let requests = requests.iter();
    requests
        .map(|request| send_to_stranger(world, request))
        .collect()
}

/// What one tenant has to do with is nothing to another: the very request that it was sent, and
/// whatever it has given out.
fn show_to_stranger(
    world: &mut World,
    exchange: Option<&Exchange>,
    given_out: &[String],
    asking: &Asking,
) {
    if let Some(exchange) = exchange {
        send_to_stranger(world, &exchange.request);
    }
    let presented = exchange.and_then(|exchange| exchange.presented.as_ref());
    for text in given_out.iter().chain(presented) {
        let told = present_everywhere(world, text, asking);
        let invented = present_everywhere(world, "never-given-out", asking);
        assert!(told == invented, "it is told from one that nobody gave out");
    }
}

#[test]
fn no_tenant_ever_notices_what_happens_at_another() {
    let stories = (
        prop::option::weighted(0.5, variations()),
        prop::collection::vec((0..NAMES.len(), operations(), owner_asking()), 1..25),
    );
    for_each_profile(24, &stories, |profile, (variation, story)| {
        let varied = variation.map(|variation| variation.of(profile));
        let profile = varied.as_ref().unwrap_or(profile);
        let mut together = worlds(profile);
        let mut steps: Vec<Vec<Step>> = vec![Vec::new(); NAMES.len()];
        for (acting, operation, asking) in &story {
            let known = together[*acting].texts.clone();
            let (step, exchange) = step(&mut together[*acting], operation);
            steps[*acting].push(step);
            let given_out: Vec<String> = {
                let texts = together[*acting].texts.iter();
                let new = texts.filter(|(id, text)| known.get(id) != Some(text));
                new.map(|(_, text)| text.clone()).collect()
            };
            for (other, world) in together.iter_mut().enumerate() {
                if other != *acting {
                    show_to_stranger(world, exchange.as_ref(), &given_out, asking);
                }
            }
        }
        for (tenant, steps) in steps.into_iter().enumerate() {
            let mut alone = worlds(profile).swap_remove(tenant);
            let own = story.iter().filter(|(acting, ..)| *acting == tenant);
            let again: Vec<Step> = own.map(|(_, it, _)| self::step(&mut alone, it).0).collect();
            assert!(steps == again, "{} is another alone", NAMES[tenant]);
        }
    });
}
