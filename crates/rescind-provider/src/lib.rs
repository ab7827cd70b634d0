//! A fake OAuth provider that knows the truth about every token.
//!
//! Two layers. The pure one: [`ledger::Ledger`] (every grant and token, when and why each died)
//! and [`tenant::TenantState`] (a profile, a ledger, a journal, faults), which answers a request
//! at a given time and knows neither clock nor network. The shell: [`server::Provider`], a hyper
//! server with any number of tenants, and its control API.
//!
//! This crate knows nothing of targets, scenarios or verdicts. No provider has code of its own
//! here: what one does stands in its profile.

pub mod clients;
pub mod describe;
pub mod fault;
pub mod interpreter;
pub mod journal;
pub mod ledger;
pub mod message;
pub mod server;
pub mod signing;
pub mod tenant;
#[cfg(test)]
mod test_profiles;

pub use journal::{Departure, Entry, Outcome};
pub use ledger::{GrantId, Ledger, TokenId};
pub use server::{Provider, Tenant};
