//! Faults that a mock server cannot show.
//!
//! wiremock takes whole answers, and sends them at once or late. What happens on the connection
//! below is out of its reach.

use rescind_model::fault::{Effect, Fault};

/// A fault that happens on the connection, where a mock server has no say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a mock server cannot show the fault `{kind}`: wiremock sends whole answers, late at most. \
     Use one of {works}, or `rescind_provider::Provider` in place of the mock server, which shows \
     every fault",
    works = shown_in_words()
)]
pub struct Unshowable {
    /// The word for the fault.
    pub kind: &'static str,
}

/// Refuses a fault that a mock server cannot show.
pub(crate) fn refuse_unshowable(fault: &Fault) -> Result<(), Unshowable> {
    let kind = fault.effect.word();
    if is_shown(&fault.effect) {
        Ok(())
    } else {
        Err(Unshowable { kind })
    }
}

/// The words of the faults that a mock server shows.
const SHOWN: [&str; 7] = [
    "noop",
    "answer",
    "redirect",
    "lie",
    "late_kill",
    "latency",
    "quota",
];

/// Whether a mock server can show a kind of fault. A new kind is one to decide here.
const fn is_shown(effect: &Effect) -> bool {
    match effect {
        Effect::Noop(_)
        | Effect::Answer(_)
        | Effect::Redirect(_)
        | Effect::Lie(_)
        | Effect::LateKill(_)
        | Effect::Latency(_)
        | Effect::Quota(_) => true,
        Effect::Hang(_)
        | Effect::Drop(_)
        | Effect::Reset(_)
        | Effect::Drip(_)
        | Effect::Truncate(_)
        | Effect::WrongLength(_) => false,
    }
}

fn shown_in_words() -> String {
    SHOWN.map(|word| format!("`{word}`")).join(", ")
}
