//! What a run has to say, for people and for machines: pure functions from the run's events to
//! texts. Where they go, and whether colours show, is the binary's affair.
//!
//! [`terminal`] is what a person reads at the end of a run, [`json`] the report
//! `rescind.report/1`. This crate knows nothing of how a run is made: its only input is the
//! model's events.

pub mod explanation;
pub mod json;
pub mod outcome;
pub mod proof;
pub mod terminal;
