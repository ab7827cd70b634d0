//! Seeded bugs, by which the judge's checks are proved. They act at a handful of seams between
//! the pure stages of the honest code, which calls each seam once; without a defect every seam
//! hands back what it was given.
//!
//! `table` says what there is, `seams` changes what a stage came to, `hooks` answers the few
//! questions that the shell asks.

pub(crate) mod hooks;
pub(crate) mod seams;
mod table;

pub use self::table::{Defect, UnknownDefect};
