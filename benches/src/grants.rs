//! The grants of a measured ledger: each of a user of its own, so that nothing is shared that a
//! real provider could not share.
//!
//! A token is a keyed function of the seed, so the load generator mints the same grants in its own
//! process, and knows the server's tokens without being told.

use std::sync::Arc;

use rescind_model::secret::Secret;
use rescind_model::{Profile, Subject};
use rescind_provider::ledger::{LedgerKey, Moment};
use rescind_provider::tenant::{Minted, TenantState};

/// The name of the tenant.
pub const TENANT: &str = "measured";

/// The name of the client that every grant was given to.
pub const CLIENT: &str = "main";

/// Mints grants, and shows each to the caller.
pub fn mint(tenant: &mut TenantState, count: usize, mut look: impl FnMut(&Minted)) {
    for number in 0..count {
        let user = format!("user-{number}");
        look(&tenant.mint(&user, CLIENT, &Subject::ALL, Moment(0)));
    }
}

/// The tokens of a measured ledger, and the credentials of their client.
#[derive(Debug)]
pub struct KnownGrants {
    /// The `client_id`.
    pub client_id: String,
    /// The `client_secret`.
    pub client_secret: String,
    /// Access token and refresh token of each grant.
    pub tokens: Vec<(String, String)>,
}

impl KnownGrants {
    /// Those of a server with that seed and as many grants, in no order that a cache could follow.
    pub fn of(profile: &Arc<Profile>, seed: &str, count: usize) -> Self {
        let mut tenant = TenantState::new(Arc::clone(profile), LedgerKey::new(seed, TENANT));
        let client = tenant.client(CLIENT);
        let text = |token: &Option<Secret>| {
            let text = token.as_ref().map(Secret::expose);
            text.unwrap_or_default().to_owned()
        };
        let mut tokens = Vec::with_capacity(count);
        mint(&mut tenant, count, |minted| {
            tokens.push((text(&minted.access_token), text(&minted.refresh_token)));
        });
        // The order of the tokens' own characters is as good as random, and the same in every run.
        tokens.sort_unstable();
        Self {
            client_id: client.client_id,
            client_secret: client.client_secret.expose().to_owned(),
            tokens,
        }
    }
}
