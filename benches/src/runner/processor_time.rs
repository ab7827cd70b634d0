//! Processor time, of this process or of those that it has waited for.

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

use crate::Failure;

/// The milliseconds of processor time that this process has used, in the system and outside of it.
pub fn of_this_process() -> Result<f64, Failure> {
    milliseconds(UsageWho::RUSAGE_SELF)
}

/// The same, of all processes that this one has started and that have ended.
pub fn of_ended_children() -> Result<f64, Failure> {
    milliseconds(UsageWho::RUSAGE_CHILDREN)
}

fn milliseconds(who: UsageWho) -> Result<f64, Failure> {
    let usage =
        getrusage(who).map_err(|error| Failure::of("processor time cannot be read", &error))?;
    let of = |time: TimeVal| time.tv_sec() as f64 * 1e3 + time.tv_usec() as f64 / 1e3;
    Ok(of(usage.user_time()) + of(usage.system_time()))
}
