//! Signed tokens: the provider's keys, JWTs made with them, and the JWTs by which clients prove
//! who they are.
//!
//! Pure, like the ledger: a key is a function of the run's seed, the tenant, the algorithm and the
//! generation, and both algorithms sign the same bytes with the same signature, so a replayed run
//! hands out the same tokens.
//!
//! No key is made before it is first needed, for an RSA key takes a while. Who runs on an async
//! thread asks [`KeySet::is_warm`] first, and calls [`KeySet::warm`] on a blocking thread where it
//! is not: a clone of a set shares its keys, so nothing needs to be locked meanwhile.

pub mod assertion;
mod compact;
mod generator;
mod hash_claims;
mod key;
mod key_set;
mod public_key;
mod refusal;

pub use compact::{LONGEST_TOKEN, Verified, verify};
pub use hash_claims::{at_hash, c_hash};
pub use key::{SigningAlgorithm, SigningError, SigningKey};
pub use key_set::{KeySet, MOST_GENERATIONS};
pub use public_key::{IgnoredKey, MOST_KEYS, PublicKeys, WhyIgnored};
pub use refusal::{Part, Refusal};

#[cfg(test)]
mod tests;
