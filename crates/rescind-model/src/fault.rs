//! Faults: what an endpoint of a provider does while it is made to fail.
//!
//! [`Stated`] is a fault as somebody writes it; [`Fault`] is what is left once its keys have been
//! found to make sense together. Scenarios, profiles and the provider's control API share both.
//! Each kind of fault has a file, with its parameters and their units; what it does to a request is
//! the provider's affair. [`noop`] is the pattern to start a new one from.

pub mod answer;
pub mod drip;
pub mod drop;
pub mod hang;
pub mod late_kill;
pub mod latency;
pub mod lie;
pub mod noop;
pub mod quota;
pub mod redirect;
pub mod reset;
pub mod truncate;
pub mod wrong_length;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::source::{Diagnostic, Located, SourceFile};
use crate::vocabulary::{Endpoint, Subject};

pub use answer::Answer;
pub use drip::Drip;
pub use drop::DropConnection;
pub use hang::Hang;
pub use late_kill::LateKill;
pub use latency::Latency;
pub use lie::Lie;
pub use noop::Noop;
pub use quota::Quota;
pub use redirect::{Origin, Redirect};
pub use reset::Reset;
pub use truncate::Truncate;
pub use wrong_length::WrongLength;

/// A failure of an endpoint. It is written as it would be stated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fault {
    /// The requests that meet it.
    #[serde(flatten)]
    pub meets: Meets,
    /// What becomes of them.
    #[serde(flatten)]
    pub effect: Effect,
}

impl Fault {
    /// A fault that every request to an endpoint meets.
    pub const fn at(endpoint: Endpoint, effect: Effect) -> Self {
        let meets = Meets {
            endpoint,
            subject: None,
            client: None,
            nth: None,
        };
        Self { meets, effect }
    }

    /// Only the nth request that it is for, counted from 1.
    #[must_use]
    pub const fn nth(mut self, nth: u32) -> Self {
        self.meets.nth = Some(nth);
        self
    }

    /// Only requests that name this subject.
    #[must_use]
    pub const fn about(mut self, subject: Subject) -> Self {
        self.meets.subject = Some(subject);
        self
    }

    /// Only requests whose credentials name the client of this name.
    #[must_use]
    pub fn from_client(mut self, name: &str) -> Self {
        self.meets.client = Some(name.to_owned());
        self
    }
}

/// Which requests something is for: every condition that is stated must hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Meets {
    /// The endpoint that they reach.
    pub endpoint: Endpoint,
    /// Only requests that name this subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// Only requests whose credentials name the client of this name, rightly or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Only the nth such request from now, counted from 1; every one if not stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nth: Option<u32>,
}

/// What becomes of a request that meets a fault.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing.
    Noop(Noop),
    /// An answer in place of the endpoint's.
    Answer(Answer),
    /// No answer at all.
    Hang(Hang),
    /// An answer that leads elsewhere.
    Redirect(Redirect),
    /// The answer of a success, and no effect.
    Lie(Lie),
    /// An effect that comes late.
    LateKill(LateKill),
    /// A connection that is closed in place of an answer.
    Drop(DropConnection),
    /// A connection that is reset in place of an answer.
    Reset(Reset),
    /// An answer that comes a little at a time.
    Drip(Drip),
    /// An answer that ends early.
    Truncate(Truncate),
    /// An answer whose length is not what it says.
    WrongLength(WrongLength),
    /// An answer that waits before it goes.
    Latency(Latency),
    /// An answer in place of the endpoint's, once there have been too many.
    Quota(Quota),
}

/// On which side of its effect something happens to a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Before it: nothing has changed at the provider, and nothing will.
    #[default]
    BeforeEffect,
    /// After it: everything has changed, and nobody has been told.
    AfterEffect,
}

/// A fault as it is stated: which requests it is for, and exactly one kind of fault.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Only requests that name this subject.
    #[serde(default)]
    pub subject: Option<Subject>,
    /// Only requests whose credentials name this client.
    #[serde(default)]
    pub client: Option<String>,
    /// Only the nth such request from now, counted from 1; every one if not stated.
    #[serde(default)]
    pub nth: Option<u32>,
    /// Nothing happens to the request; it is only counted.
    #[serde(default)]
    pub noop: Option<Noop>,
    /// Another answer in place of the endpoint's, which does nothing.
    #[serde(default)]
    pub answer: Option<Answer>,
    /// No answer, on a connection that stays open.
    #[serde(default)]
    pub hang: Option<Hang>,
    /// An answer that leads to the same path at one of two origins; the endpoint does nothing.
    #[serde(default)]
    pub redirect: Option<Redirect>,
    /// The answer that it would have had, and no effect.
    #[serde(default)]
    pub lie: Option<Lie>,
    /// The answer at once, and its effect later.
    #[serde(default)]
    pub late_kill: Option<LateKill>,
    /// A connection that is closed without a byte of an answer.
    #[serde(default)]
    pub drop: Option<DropConnection>,
    /// A connection that is reset without a byte of an answer (RFC 9293 §3.10.7).
    #[serde(default)]
    pub reset: Option<Reset>,
    /// An answer that comes whole, a little at a time.
    #[serde(default)]
    pub drip: Option<Drip>,
    /// An answer that ends early, and the connection with it.
    #[serde(default)]
    pub truncate: Option<Truncate>,
    /// An answer whose `Content-Length` is not the length of its body.
    #[serde(default)]
    pub wrong_length: Option<WrongLength>,
    /// An answer that waits before it goes.
    #[serde(default)]
    pub latency: Option<Latency>,
    /// So many requests in a while, and no more until it has passed.
    #[serde(default)]
    pub quota: Option<Quota>,
}

/// Something in a stated fault that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Senseless {
    /// The keys that lead to it, from the fault on; none if it is the fault as a whole.
    pub path: Vec<&'static str>,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do next.
    pub hint: String,
}

impl Senseless {
    /// Something wrong at a key.
    pub fn new(path: &[&'static str], message: &str, hint: &str) -> Self {
        Self {
            path: path.to_vec(),
            message: message.to_owned(),
            hint: hint.to_owned(),
        }
    }
}

impl Effect {
    /// The words of every kind, in the order of the formats.
    pub const WORDS: [&'static str; 13] = [
        "noop",
        "answer",
        "hang",
        "redirect",
        "lie",
        "late_kill",
        "drop",
        "reset",
        "drip",
        "truncate",
        "wrong_length",
        "latency",
        "quota",
    ];

    /// The word for it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Noop(_) => "noop",
            Self::Answer(_) => "answer",
            Self::Hang(_) => "hang",
            Self::Redirect(_) => "redirect",
            Self::Lie(_) => "lie",
            Self::LateKill(_) => "late_kill",
            Self::Drop(_) => "drop",
            Self::Reset(_) => "reset",
            Self::Drip(_) => "drip",
            Self::Truncate(_) => "truncate",
            Self::WrongLength(_) => "wrong_length",
            Self::Latency(_) => "latency",
            Self::Quota(_) => "quota",
        }
    }

    /// What is wrong with its parameters.
    fn senseless(&self) -> Vec<Senseless> {
        match self {
            Self::Noop(_) | Self::Hang(_) | Self::Lie(_) | Self::Drop(_) | Self::Reset(_) => {
                Vec::new()
            }
            Self::Answer(answer) => answer.senseless(),
            Self::Redirect(redirect) => redirect.senseless(),
            Self::LateKill(late_kill) => late_kill.senseless(),
            Self::Drip(drip) => drip.senseless(),
            Self::Truncate(truncate) => truncate.senseless(),
            Self::WrongLength(wrong_length) => wrong_length.senseless(),
            Self::Latency(latency) => latency.senseless(),
            Self::Quota(quota) => quota.senseless(),
        }
    }
}

impl Stated {
    /// What the keys mean together.
    ///
    /// # Errors
    /// Everything that makes no sense.
    pub fn fault(&self) -> Result<Fault, Vec<Senseless>> {
        let mut senseless = Vec::new();
        if self.nth == Some(0) {
            senseless.push(Senseless::new(
                &["nth"],
                "a failure of the request before the first",
                "requests are counted from 1; leave `nth` out to make every one fail",
            ));
        }
        let meets = Meets {
            endpoint: self.endpoint,
            subject: self.subject,
            client: self.client.clone(),
            nth: self.nth,
        };
        let mut effects = self.effects();
        if let Some(second) = effects.get(1) {
            senseless.push(Senseless::new(
                &[second.word()],
                &format!("`{}` beside `{}`", second.word(), effects[0].word()),
                "state each as a fault of its own: a request meets all that are set, in that order",
            ));
        }
        senseless.extend(effects.iter().flat_map(Effect::senseless));
        if self.quota.is_some() && self.nth.is_some_and(|nth| nth > 0) {
            senseless.push(Senseless::new(
                &["nth"],
                "a quota of one request alone",
                "leave `nth` out: a quota counts every request that the other keys are for",
            ));
        }
        if effects.is_empty() {
            let words: Vec<String> = Effect::WORDS
                .iter()
                .map(|word| format!("`{word}`"))
                .collect();
            let hint = format!("state one of {}", words.join(", "));
            senseless.push(Senseless::new(&[], "a failure without an effect", &hint));
        }
        if senseless.is_empty() {
            let effect = effects.swap_remove(0);
            Ok(Fault { meets, effect })
        } else {
            Err(senseless)
        }
    }

    /// Every kind that is stated, in the order of [`Effect::WORDS`].
    fn effects(&self) -> Vec<Effect> {
        [
            self.noop.clone().map(Effect::Noop),
            self.answer.clone().map(Effect::Answer),
            self.hang.clone().map(Effect::Hang),
            self.redirect.clone().map(Effect::Redirect),
            self.lie.map(Effect::Lie),
            self.late_kill.map(Effect::LateKill),
            self.drop.map(Effect::Drop),
            self.reset.map(Effect::Reset),
            self.drip.map(Effect::Drip),
            self.truncate.map(Effect::Truncate),
            self.wrong_length.map(Effect::WrongLength),
            self.latency.map(Effect::Latency),
            self.quota.map(Effect::Quota),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// What a file's fault means.
///
/// # Errors
/// Everything that makes no sense, each at its place.
pub fn read(stated: &Located<Stated>, file: &SourceFile) -> Result<Fault, Vec<Diagnostic>> {
    stated.fault().map_err(|senseless| {
        let underlined = |one: Senseless| {
            let place = file.place_below(&stated.span(), &one.path);
            let place = place.unwrap_or(stated.span());
            Diagnostic::new(file, place, one.message).hint(one.hint)
        };
        senseless.into_iter().map(underlined).collect()
    })
}

#[cfg(test)]
mod tests;
