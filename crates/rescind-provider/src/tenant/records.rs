//! The ledger as a test in Rust sees it.

use rescind_model::TokenState;

use super::TenantState;
use crate::ledger::{Death, GrantId, Moment, TokenId};

/// A grant as the ledger has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRecord {
    /// Which one.
    pub id: GrantId,
    /// The user that gave it.
    pub user: String,
    /// The name of the client that it was given to.
    pub client: String,
    /// Its tokens.
    pub tokens: Vec<TokenRecord>,
}

/// A token as the ledger has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// Which one.
    pub id: TokenId,
    /// Alive, expired or dead.
    pub state: TokenState,
    /// When and why it died, if it did or is going to.
    pub death: Option<Death>,
}

impl TenantState {
    /// The truth about every grant and token, as it is now.
    pub fn records(&self, elapsed: Moment) -> Vec<GrantRecord> {
        let now = self.now(elapsed);
        let tokens = |grant| {
            let tokens = self.ledger().tokens(grant, now).into_iter();
            let record = tokens.map(|token| TokenRecord {
                id: token.id,
                state: token.state,
                death: token.death,
            });
            record.collect()
        };
        let grants = self.ledger().grants().map(|(id, grant)| GrantRecord {
            id,
            user: grant.user.to_string(),
            client: grant.client.to_string(),
            tokens: tokens(id),
        });
        grants.collect()
    }

    /// What a token is worth now; absent if the provider never issued it.
    pub fn state_of(&self, token: &str, elapsed: Moment) -> TokenState {
        let now = self.now(elapsed);
        let ledger = self.ledger();
        ledger
            .find(token)
            .map_or(TokenState::Absent, |token| ledger.state(token, now))
    }
}
