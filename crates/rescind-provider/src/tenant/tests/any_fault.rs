//! Faults of every kind at every endpoint: the ledger is as the kinds say, and as they say only.

use proptest::prelude::*;
use rescind_model::fault::latency::{LONGEST_WAIT_MILLISECONDS, LogNormal, Range};
use rescind_model::fault::{
    Drip, DropConnection, Hang, LateKill, Latency, Lie, Noop, Quota, Redirect, Reset, Truncate,
    When, WrongLength,
};

use super::*;
use crate::ledger::Death;

/// A fault of any kind.
fn any_effect() -> impl Strategy<Value = Effect> {
    let when = || prop::sample::select(vec![When::BeforeEffect, When::AfterEffect]);
    let latency = prop_oneof![
        (0u32..500).prop_map(Latency::FixedMilliseconds),
        (0u32..500, 0u32..500).prop_map(|(from, more)| {
            let to = from + more;
            Latency::UniformMilliseconds(Range { from, to })
        }),
        (1u32..500, 0.0..3.0_f64).prop_map(|(median_milliseconds, sigma)| {
            Latency::LogNormal(LogNormal {
                median_milliseconds,
                sigma,
            })
        }),
    ];
    prop_oneof![
        Just(Effect::Noop(Noop {})),
        (200u16..600).prop_map(|status| Effect::Answer(Answer::of(status))),
        Just(Effect::Redirect(Redirect {
            status: 307,
            to: Origin::OtherOrigin,
        })),
        when().prop_map(|when| Effect::Hang(Hang { when })),
        when().prop_map(|when| Effect::Drop(DropConnection { when })),
        when().prop_map(|when| Effect::Reset(Reset { when })),
        Just(Effect::Lie(Lie {})),
        (1u64..4).prop_map(|seconds| Effect::LateKill(LateKill { seconds })),
        (1u32..9, 1u32..9).prop_map(|(bytes, every_milliseconds)| {
            Effect::Drip(Drip {
                bytes,
                every_milliseconds,
            })
        }),
        (1u32..300).prop_map(|at_byte| Effect::Truncate(Truncate { at_byte })),
        (-40i32..40).prop_map(|by| Effect::WrongLength(WrongLength { by })),
        latency.prop_map(Effect::Latency),
        (1u32..3, 1u64..3).prop_map(|(requests, per_seconds)| {
            Effect::Quota(Quota {
                requests,
                per_seconds,
                status: 429,
            })
        }),
    ]
}

fn any_fault() -> impl Strategy<Value = Fault> {
    (
        endpoints(),
        prop::option::weighted(0.2, 1u32..3),
        any_effect(),
    )
        .prop_map(|(endpoint, nth, effect)| {
            let mut fault = Fault::at(endpoint, effect);
            fault.meets.nth = nth;
            fault
        })
}

fn any_step() -> impl Strategy<Value = Happening> {
    let index = any::<Index>;
    prop_oneof![
        4 => index().prop_map(Happening::Revoke),
        4 => index().prop_map(Happening::Refresh),
        1 => index().prop_map(Happening::Show),
        1 => (1u16..3).prop_map(Happening::Advance),
    ]
}

/// What the kinds that have acted say of a request, each in its own words.
#[derive(Default)]
struct Foretold {
    takes_effect: bool,
    late: u64,
    is_own_answer: bool,
    is_answered: bool,
    /// The least of the bytes that go; the length that is added to the true one.
    cut: Option<u32>,
    off_by: i64,
}

/// `acted` are the words of the journal: which of the faults of one endpoint it was, is told by
/// counting as they do.
fn foretell(faults: &[Fault], acted: &[&'static str], endpoint: Endpoint, turn: u32) -> Foretold {
    let mut foretold = Foretold {
        takes_effect: true,
        is_own_answer: true,
        is_answered: true,
        ..Foretold::default()
    };
    let mut acted = acted.iter().peekable();
    for fault in faults {
        let is_its_turn = fault.meets.nth.is_none_or(|nth| nth == turn);
        if fault.meets.endpoint != endpoint || !is_its_turn {
            continue;
        }
        if acted.peek() == Some(&&fault.effect.word()) {
            acted.next();
        } else {
            // Only one that counts may let a request pass.
            assert_eq!(fault.effect.word(), "quota");
            continue;
        }
        match &fault.effect {
            Effect::Noop(_) | Effect::Latency(_) | Effect::Drip(_) => {}
            Effect::Answer(_) | Effect::Redirect(_) | Effect::Quota(_) => {
                (foretold.takes_effect, foretold.is_own_answer) = (false, false);
            }
            Effect::Lie(_) => foretold.takes_effect = false,
            Effect::LateKill(late_kill) => foretold.late += late_kill.seconds * 1000,
            Effect::Hang(Hang { when })
            | Effect::Drop(DropConnection { when })
            | Effect::Reset(Reset { when }) => {
                foretold.is_answered = false;
                foretold.takes_effect &= *when == When::AfterEffect;
            }
            Effect::Truncate(Truncate { at_byte }) => {
                foretold.cut = Some(foretold.cut.map_or(*at_byte, |cut| cut.min(*at_byte)));
            }
            Effect::WrongLength(WrongLength { by }) => foretold.off_by += i64::from(*by),
        }
    }
    assert_eq!(acted.next(), None, "something acted that was not set");
    foretold
}

type Deaths = BTreeMap<TokenId, Option<Death>>;

/// Every token and its death, one that lies ahead among them.
fn deaths(tenant: &TenantState) -> Deaths {
    let ledger = tenant.ledger();
    ledger
        .grants()
        .flat_map(|(grant, _)| ledger.tokens(grant, Moment(u64::MAX)))
        .map(|token| (token.id, token.death))
        .collect()
}

/// The deaths that a request's honest ones lead to where they come later, and whose they are: what
/// dies no later of something else stays with that.
fn later(before: &Deaths, honest: Deaths, killed: &[TokenId], late: u64) -> (Deaths, Vec<TokenId>) {
    let mut expected = honest;
    let mut late_killed = killed.to_vec();
    late_killed.retain(|id| {
        let already = before[id];
        let Some(death) = expected.get_mut(id).and_then(Option::as_mut) else {
            return false;
        };
        death.at = death.at.after(late);
        if let Some(already) = already.filter(|already| already.at <= death.at) {
            *death = already;
            return false;
        }
        true
    });
    (expected, late_killed)
}

proptest! {
    #[test]
    fn a_fault_does_to_the_ledger_what_its_kind_says(
        name in prop::sample::select(NAMES.to_vec()),
        faults in prop::collection::vec(any_fault(), 0..5),
        story in prop::collection::vec(any_step(), 1..12),
    ) {
        let mut tenant = tenant(name);
        tenant.mint("user 0", "client 0", &Subject::ALL, Moment(0));
        tenant.mint("user 0", "client 0", &Subject::ALL, Moment(0));
        for fault in &faults {
            tenant.fail(fault.clone());
        }
        let mut turns: BTreeMap<String, u32> = BTreeMap::new();
        for happening in &story {
            let before = deaths(&tenant);
            let mut honest = tenant.clone();
            honest.recover();
            let honest_reaction = apply(&mut honest, happening);
            let Some(reaction) = apply(&mut tenant, happening) else {
                continue;
            };
            let honest_reaction = honest_reaction.expect("the same happened");
            let entry = tenant.journal().after(0).last().cloned().expect("a request");
            let honest_entry = honest.journal().after(0).last().cloned().expect("a request");
            let Some(endpoint) = entry.endpoint else {
                prop_assert!(entry.faults.is_empty());
                continue;
            };
            let turn = turns.entry(format!("{endpoint:?}")).or_default();
            *turn += 1;
            let foretold = foretell(&faults, &entry.faults, endpoint, *turn);

            if foretold.takes_effect {
                let (expected, killed) =
                    later(&before, deaths(&honest), &honest_entry.killed, foretold.late);
                prop_assert_eq!(deaths(&tenant), expected);
                prop_assert_eq!(&entry.killed, &killed);
                prop_assert_eq!(&entry.minted, &honest_entry.minted);
                prop_assert_eq!(entry.outcome, honest_entry.outcome);
            } else {
                prop_assert_eq!(deaths(&tenant), before);
                prop_assert!(entry.killed.is_empty() && entry.minted.is_empty());
                prop_assert_eq!(entry.outcome, Outcome::Fault);
            }
            if foretold.is_own_answer {
                prop_assert_eq!(&reaction.reply, &honest_reaction.reply);
            }
            let length = reaction.reply.body.len() as u64;
            let is_right = length.saturating_add_signed(foretold.off_by) == length;
            let is_whole = match reaction.delivery {
                Delivery::Whole => true,
                Delivery::Spoiled(spoiled) => {
                    prop_assert_eq!(spoiled.cut_at_byte, foretold.cut);
                    let written = reaction.reply.written(&spoiled, "POST");
                    written.is_whole()
                }
                Delivery::Never | Delivery::Dropped | Delivery::Reset => false,
            };
            prop_assert_eq!(
                entry.acknowledged,
                honest_entry.acknowledged && foretold.is_own_answer && is_whole && is_right
            );
            if !foretold.is_answered {
                prop_assert_eq!((entry.status, entry.retry_after), (0, None));
            } else if foretold.cut.is_none() {
                prop_assert_eq!(entry.status, reaction.reply.status);
            }
            prop_assert!(reaction.delay_milliseconds <= u64::from(LONGEST_WAIT_MILLISECONDS));
        }
    }
}
