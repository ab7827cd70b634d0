//! What a dispatch did, and what its client could know of it: the one place that tells them apart.
//!
//! Without faults they are the same. A fault can keep an effect from being heard of (a connection
//! that breaks, an answer that ends early), make an answer say what is not so (a lie, a kill that
//! comes late), or let a client wait for longer than it is willing to. What nobody can know is not
//! held against a target, and neither is what it was made to believe.

use rescind_model::TokenState;
use rescind_model::profile::RevocationRoute;
use rescind_provider::ledger::{Cause, TokenView};
use rescind_provider::{Entry, Outcome};

/// The faults after which an answer does not come, or not as it should.
const BREAK_THE_ANSWER: [&str; 5] = ["drop", "reset", "hang", "truncate", "wrong_length"];

/// Those that spoil an answer after it has begun to come.
const SPOIL_THE_ANSWER: [&str; 2] = ["truncate", "wrong_length"];

/// Those after which a client may have stopped waiting.
const DELAY_THE_ANSWER: [&str; 2] = ["latency", "drip"];

/// Those that make an acknowledgement false, for good or for a while.
const BELIE_THE_ANSWER: [&str; 2] = ["lie", "late_kill"];

/// Whether a request met a fault: anything that a provider does not do by itself.
pub fn met_a_fault(entry: &Entry) -> bool {
    entry.outcome == Outcome::Fault || entry.faults.iter().any(|fault| *fault != "noop")
}

/// Whether the client was told what came of its request, all of it and nothing else, in a way that
/// no client can miss.
pub fn is_told_plainly(entry: &Entry) -> bool {
    let mut unclear = BREAK_THE_ANSWER
        .iter()
        .chain(&DELAY_THE_ANSWER)
        .chain(&BELIE_THE_ANSWER);
    !unclear.any(|fault| entry.faults.contains(fault))
}

/// Whether a dispatch took effect without its client's hearing of it for certain.
pub fn may_have_ended_unheard(entry: &Entry) -> bool {
    let is_delayed = DELAY_THE_ANSWER
        .iter()
        .any(|fault| entry.faults.contains(fault));
    entry.outcome == Outcome::Done && (!entry.acknowledged || is_delayed)
}

/// Whether a client may take a dispatch for acknowledged: it was, or its answer cannot be told from
/// one that acknowledges. Of what broke off, or was put in an answer's place, that is so if it says
/// the status of a success, and the route says nothing else with that status: then the body means
/// nothing (RFC 7009 §2.2), and nobody has to read it.
pub fn may_be_believed(entry: &Entry, route: Option<&RevocationRoute>) -> bool {
    if entry.acknowledged {
        return true;
    }
    let is_spoiled = SPOIL_THE_ANSWER
        .iter()
        .any(|fault| entry.faults.contains(fault));
    let is_another = entry.outcome == Outcome::Fault;
    (is_spoiled || is_another) && route.is_some_and(|route| says_success(route, entry.status))
}

/// Whether a status alone is a route's word for success.
fn says_success(route: &RevocationRoute, status: u16) -> bool {
    let answers = route.answers.all();
    let mut others = answers.iter().filter(|(key, _)| *key != "success");
    let success = &route.answers.success;
    // One that says the same with the same body means the same: a dead token is a success there.
    status == success.status
        && others.all(|(_, answer)| {
            answer.is_none_or(|answer| answer == success || answer.status != success.status)
        })
}

/// Whether what an acknowledgement says is not so, and never was: a lie, or an answer that was put
/// in the place of the route's.
pub fn is_deceptive(entry: &Entry, route: Option<&RevocationRoute>) -> bool {
    entry.outcome == Outcome::Fault && may_be_believed(entry, route)
}

/// Whether a token is at its end: it is not alive, or has been ended and dies by itself. When a
/// revocation bites is the provider's affair. One that a refresh replaced works for as long as it
/// does.
pub fn is_ended(token: &TokenView) -> bool {
    let dies = token
        .death
        .is_some_and(|death| !matches!(death.cause, Cause::Rotated(_)));
    token.state != TokenState::Alive || dies
}
