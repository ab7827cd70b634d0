//! Faults: which requests meet one, and what becomes of such a request.
//!
//! Pure, as the rest of the tenant. Each kind has a file, which changes the [`Course`] of a request
//! that meets it; several that a request meets change it one after another, in the order in which
//! they were set. `noop` is the pattern to start a new one from. What a course asks of the
//! network, the shell does.

mod answer;
mod drip;
mod drop;
mod hang;
mod late_kill;
mod latency;
mod lie;
mod noop;
mod quota;
mod redirect;
mod reset;
mod truncate;
mod wrong_length;

use rescind_model::Subject;
use rescind_model::fault::latency::Draw;
use rescind_model::fault::{Effect, Fault, Meets, When};
use rescind_model::vocabulary::Endpoint;

use crate::addresses::Addresses;
use crate::gates::Ticket;
use crate::ledger::{LedgerKey, Moment, TokenId};
use crate::message::{Delivery, Reply, Request, Spoiled};
use crate::name::Name;

/// What becomes of a request. Without faults: it takes effect at once, and its answer goes whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// When it came, if it was looked at before it took effect.
    pub came: Option<Moment>,
    /// The answer in place of the endpoint's.
    pub instead: Option<Reply>,
    /// When it takes effect.
    pub effect: TakesEffect,
    /// How long the answer waits, in milliseconds of real time.
    pub delay_milliseconds: u64,
    /// How the answer reaches the client.
    pub delivery: Delivery,
    /// The words of the faults that it met.
    pub met: Vec<&'static str>,
    /// The gates at which it stops.
    pub gates: Vec<Ticket>,
}

impl Course {
    /// Lets it go without an answer. What an earlier fault lets go without one stays as it is: a
    /// connection that hangs is not closed.
    fn go_unanswered(&mut self, delivery: Delivery, when: When) {
        if matches!(self.delivery, Delivery::Whole | Delivery::Spoiled(_)) {
            self.delivery = delivery;
        }
        if when == When::BeforeEffect {
            self.effect = TakesEffect::Never;
        }
    }

    /// How its answer's bytes are spoiled, to be made worse; none if it goes without an answer.
    fn spoiled(&mut self) -> Option<&mut Spoiled> {
        if self.delivery == Delivery::Whole {
            self.delivery = Delivery::Spoiled(Spoiled::default());
        }
        match &mut self.delivery {
            Delivery::Spoiled(spoiled) => Some(spoiled),
            Delivery::Whole | Delivery::Never | Delivery::Dropped | Delivery::Reset => None,
        }
    }
}

/// When a request takes effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TakesEffect {
    /// As it is answered.
    #[default]
    AtOnce,
    /// What it ends dies so many milliseconds later, by the provider's clock.
    After(u64),
    /// Never.
    Never,
}

/// Whom a request is from and what it is about, as far as that is told without answering it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traits {
    /// The endpoint that it reaches.
    pub endpoint: Endpoint,
    /// The subject that it names.
    pub subject: Option<Subject>,
    /// The token that it names.
    pub token: Option<TokenId>,
    /// The name of the client that its credentials name, rightly or not.
    pub client: Option<Name>,
}

impl Traits {
    /// Whether something is for requests like this, whatever their number.
    pub fn fit(&self, meets: &Meets) -> bool {
        self.endpoint == meets.endpoint
            && (meets.subject.is_none() || meets.subject == self.subject)
            && (meets.client.is_none() || meets.client.as_deref() == self.client.as_deref())
    }
}

/// A request that has come, and what there is to know of when and where it did.
#[derive(Clone, Copy)]
pub struct Arrival<'a> {
    /// The request.
    pub request: &'a Request,
    /// The tenant's addresses.
    pub addresses: &'a Addresses,
    /// What chance is drawn from.
    pub key: &'a LedgerKey,
    /// When it came.
    pub now: Moment,
}

/// What a fault may need to know of the request that meets it.
struct Circumstances<'a> {
    request: &'a Request,
    addresses: &'a Addresses,
    now: Moment,
    used: Used,
    draw: &'a dyn Fn() -> Draw,
}

/// How much of a quota is used up.
#[derive(Clone, Copy, Debug, Default)]
struct Used {
    /// How many requests there have been in the present while.
    requests: u32,
    /// When it ends.
    until: Moment,
}

/// A kind of fault.
trait Act {
    /// Whether it acts this time, which one that counts does not always.
    fn acts(&self, _used: &mut Used, _now: Moment) -> bool {
        true
    }

    /// Changes the course of a request.
    fn act(&self, course: &mut Course, circumstances: &Circumstances<'_>);
}

/// The faults that are set, and how many requests each has matched.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    set: Vec<SetFault>,
    /// How many were ever set.
    count: u32,
}

/// A fault that is set.
#[derive(Clone, Debug)]
pub struct SetFault {
    /// Its number at its tenant, counted from 1.
    pub number: u32,
    /// What it is.
    pub fault: Fault,
    /// Whether it is how the provider is, and no recovery ends it.
    pub is_lasting: bool,
    /// How many requests it has matched.
    pub matched: u32,
    used: Used,
}

impl Faults {
    /// Those of a provider that nobody has made fail yet: how it is by itself.
    pub fn lasting(faults: impl IntoIterator<Item = Fault>) -> Self {
        let mut lasting = Self::default();
        for fault in faults {
            lasting.add(fault, true);
        }
        lasting
    }

    /// Adds a fault. Returns its number.
    pub fn set(&mut self, fault: Fault) -> u32 {
        self.add(fault, false)
    }

    fn add(&mut self, fault: Fault, is_lasting: bool) -> u32 {
        self.count += 1;
        self.set.push(SetFault {
            number: self.count,
            fault,
            is_lasting,
            matched: 0,
            used: Used::default(),
        });
        self.count
    }

    /// Ends every fault but those that are how the provider is. Returns how many.
    pub fn clear(&mut self) -> usize {
        let before = self.set.len();
        self.set.retain(|set| set.is_lasting);
        before - self.set.len()
    }

    /// Ends a fault, also one that is how the provider is. False if it is not set.
    pub fn end(&mut self, number: u32) -> bool {
        let before = self.set.len();
        self.set.retain(|set| set.number != number);
        self.set.len() < before
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// Every fault that is set, in the order in which they were.
    pub fn iter(&self) -> impl Iterator<Item = &SetFault> {
        self.set.iter()
    }

    /// The course of a request. It counts against every fault that it fits.
    pub fn course(&mut self, traits: &Traits, arrival: Arrival<'_>) -> Course {
        let mut course = Course::default();
        for set in &mut self.set {
            if traits.fit(&set.fault.meets) {
                set.meet(arrival, &mut course);
            }
        }
        course
    }
}

impl SetFault {
    /// Counts a request, and changes its course if it is that one's turn.
    fn meet(&mut self, arrival: Arrival<'_>, course: &mut Course) {
        self.matched = self.matched.saturating_add(1);
        let (number, matched) = (self.number, self.matched);
        if self.fault.meets.nth.is_some_and(|nth| nth != matched) {
            return;
        }
        let kind = kind(&self.fault.effect);
        if !kind.acts(&mut self.used, arrival.now) {
            return;
        }
        // A function of what has happened here alone, so that a run can be repeated.
        let draw = || {
            Draw::of(
                arrival
                    .key
                    .derive_bytes(&format!("fault/{number}/{matched}")),
            )
        };
        let circumstances = Circumstances {
            request: arrival.request,
            addresses: arrival.addresses,
            now: arrival.now,
            used: self.used,
            draw: &draw,
        };
        course.met.push(self.fault.effect.word());
        kind.act(course, &circumstances);
    }
}

fn kind(effect: &Effect) -> &dyn Act {
    match effect {
        Effect::Noop(noop) => noop,
        Effect::Answer(answer) => answer,
        Effect::Hang(hang) => hang,
        Effect::Redirect(redirect) => redirect,
        Effect::Lie(lie) => lie,
        Effect::LateKill(late_kill) => late_kill,
        Effect::Drop(drop) => drop,
        Effect::Reset(reset) => reset,
        Effect::Drip(drip) => drip,
        Effect::Truncate(truncate) => truncate,
        Effect::WrongLength(wrong_length) => wrong_length,
        Effect::Latency(latency) => latency,
        Effect::Quota(quota) => quota,
    }
}
