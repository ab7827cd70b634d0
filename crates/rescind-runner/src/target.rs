//! The target: reached by HTTP as its file says, and run as a process where the file says so.

mod adapter;
mod client;
mod durable;
mod process;
mod provisioning;
mod rate_limit;
mod running_adapter;

pub use adapter::{Adapter, ApiKeys, CallError};
pub use client::Client;
pub use durable::{Durable, DurableProcess};
pub use process::{CapturedLog, RunningProcess};
pub use provisioning::{Connected, ConnectionFacts, ProvisioningError, ProvisioningFailure};
pub use rate_limit::{TurnedAway, Untouched};
pub use running_adapter::{AdapterEnd, AdapterFailure, AdapterStart, RunningAdapter};
