//! What a run has to say, for people and for machines: pure functions from the run's events to
//! texts. Where they go, and whether colours show, is the binary's affair.
//!
//! [`terminal`] is what a person reads at the end of a run, [`json`] the report
//! `rescind.report/1`, [`ndjson`] the events `rescind.events/1`; [`junit`], [`github`] and
//! [`markdown`] are for continuous integration. [`places`] says where each verdict stands in each
//! of them, [`evidence`] what explains a finding in all that are for people. [`replay`] shows
//! everything that was said in one case. This crate knows nothing of how a run is made: its only
//! input is what the model says of it.

pub mod evidence;
pub mod explanation;
pub mod github;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod ndjson;
pub mod outcome;
mod page;
pub mod places;
pub mod proof;
pub mod replay;
pub mod terminal;
