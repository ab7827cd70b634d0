//! Drives a revoke endpoint through scenarios over HTTP and judges what it did.
//!
//! Start at [`run::run`]. The way of a run: a [`catalogue::Catalogue`] of validated files, a
//! [`plan`] of cases, the [`preflight`], each case by [`case`], which leaves a
//! [`record::CaseRecord`]; [`judge`] is a pure function from that record to judgements, and
//! [`verdicts`] makes of them what a report says.
//!
//! A target is seen here only as HTTP, and where its file says so as a process that may be
//! started and stopped and whose log may be read. This crate prints nothing: it emits events.

pub mod adapter_check;
pub mod case;
pub mod catalogue;
mod clock;
pub mod deviations;
pub mod error;
mod evidence;
pub mod exchanges;
pub mod judge;
pub mod merge;
pub mod plan;
pub mod preflight;
pub mod provider_access;
mod provision;
pub mod record;
pub mod run;
pub mod selection;
pub mod snapshots;
pub mod target;
pub mod transcript;
pub mod verdicts;

pub use catalogue::Catalogue;
pub use error::RunError;
pub use run::{RunOptions, RunOutcome, run, run_until};
pub use selection::Selection;
