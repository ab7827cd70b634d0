//! What a run costs its runner: the processor time of `rescind check` for a case, held against that
//! of a bare HTTP client that sends the same exchanges.
//!
//! The provider and the service run as processes of their own, so that nothing but the runner is
//! counted. [`recording`] writes down what it asks of either in a run that is not timed, [`replay`]
//! lets a client with nothing else to do send the same, [`parties`] starts everybody, [`comparison`]
//! measures, and [`report`] is the table and the JSON.

pub mod comparison;
pub mod parties;
pub mod processor_time;
pub mod recording;
pub mod replay;
pub mod report;
