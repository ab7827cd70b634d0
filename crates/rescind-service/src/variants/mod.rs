//! Deliberately different, but allowed, behaviours: where the contract leaves a choice, a variant
//! makes the other one, to show that the judge fails nobody for it. They act as defects do: honest
//! code calls a seam once and knows nothing of what it does; without a variant every seam hands
//! back what it was given.
//!
//! `table` says what there is, `seams` changes what a stage came to, `forms` writes form bodies in
//! other ways, `answers` writes the service's own answers in other ways, `turns` lets calls wait for
//! each other, `hooks` answers the few questions that the shell asks.

pub(crate) mod answers;
mod forms;
pub(crate) mod hooks;
pub(crate) mod seams;
mod table;
mod turns;

pub use self::table::{UnknownVariant, Variant};
