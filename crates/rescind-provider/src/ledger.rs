//! The ledger: every grant and token, and when and why each died. It is the truth.
//!
//! Pure: time comes in as an argument, and a token is a keyed function of the run's seed, the
//! tenant, the grant, its kind and its generation, so that no order of requests changes it.

use std::collections::HashMap;

use rescind_model::Subject;
use rescind_model::profile::{Profile, RevocationScope, TokenCharacters, TokenFormat};
use rescind_model::vocabulary::TokenState;
use serde::Serialize;

/// A moment on the provider's clock, in milliseconds since the tenant began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct Moment(pub u64);

/// A grant: what one user gave one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct GrantId(pub u32);

/// A token, named without showing it: the grant, the kind, and how many of the kind the grant had
/// before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct TokenId {
    /// Its grant.
    pub grant: GrantId,
    /// Its kind.
    pub subject: Subject,
    /// 0 for the first of its kind in the grant.
    pub generation: u32,
}

/// What one user gave one client.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The user at the provider.
    pub user: String,
    /// The client's name.
    pub client: String,
    /// The provider's id of the user's account; no secret.
    pub account_id: String,
    tokens: Vec<TokenRecord>,
}

/// A token and its fate.
#[derive(Clone, Debug)]
struct TokenRecord {
    id: TokenId,
    text: Box<str>,
    expires_at: Option<Moment>,
    death: Option<Death>,
}

/// When and why a token died.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Death {
    /// When.
    pub at: Moment,
    /// Why.
    pub cause: Cause,
}

/// Why a token died. A number is that of the journal's entry which did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A revocation presented this very token.
    Revoked(u64),
    /// A revocation presented something else of its grant or user.
    Cascade(u64),
    /// A refresh replaced it.
    Rotated(u64),
    /// The user removed the app on the provider's site.
    RemovedByUser,
    /// The provider ended it alone: an administrator, say.
    AtProvider,
}

impl std::fmt::Display for Cause {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Revoked(entry) => write!(formatter, "revoked by request {entry}"),
            Self::Cascade(entry) => write!(formatter, "died with request {entry}"),
            Self::Rotated(entry) => write!(formatter, "replaced by request {entry}"),
            Self::RemovedByUser => formatter.write_str("removed by the user"),
            Self::AtProvider => formatter.write_str("ended at the provider"),
        }
    }
}

/// What makes tokens unguessable and repeatable: the run's seed and the tenant's name.
#[derive(Clone)]
pub struct LedgerKey([u8; 32]);

impl LedgerKey {
    /// The key of a tenant in a run.
    pub fn new(seed: &str, tenant: &str) -> Self {
        let run = hmac_sha256::HMAC::mac(b"rescind ledger", seed.as_bytes());
        Self(hmac_sha256::HMAC::mac(tenant.as_bytes(), run))
    }

    /// 32 secret bytes under a name; the same name gives the same bytes.
    pub fn derive_bytes(&self, name: &str) -> [u8; 32] {
        hmac_sha256::HMAC::mac(name.as_bytes(), self.0)
    }

    /// A secret of the given format under a name; the same name gives the same secret.
    pub fn derive(&self, name: &str, format: &TokenFormat) -> String {
        let bytes = hmac_sha256::HMAC::mac(name.as_bytes(), self.0);
        let awkward: &[u8] = match format.characters {
            TokenCharacters::UrlSafe => b"-_",
            TokenCharacters::Bearer => b"-._~+/",
            TokenCharacters::Printable => b"+/=&%~.-_",
        };
        let mut text = format.prefix.clone();
        for (index, byte) in bytes.iter().enumerate() {
            // Every third character is one that a careless carrier spoils, so that none goes
            // unnoticed for want of luck.
            let character = match index % 3 {
                2 => awkward[(index / 3) % awkward.len()],
                _ => LETTERS_AND_DIGITS[usize::from(*byte) % LETTERS_AND_DIGITS.len()],
            };
            text.push(char::from(character));
        }
        text
    }
}

impl std::fmt::Debug for LedgerKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("LedgerKey(…)")
    }
}

const LETTERS_AND_DIGITS: &[u8; 62] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// What the ledger says of one token.
#[derive(Clone, Debug)]
pub struct TokenView {
    /// Which one.
    pub id: TokenId,
    /// The token itself: never to be written.
    pub text: String,
    /// Alive, expired or dead.
    pub state: TokenState,
    /// When and why it died, if it did.
    pub death: Option<Death>,
}

/// Every grant and token of one tenant.
#[derive(Clone, Debug)]
pub struct Ledger {
    key: LedgerKey,
    grants: Vec<Grant>,
    by_text: HashMap<Box<str>, TokenId>,
}

impl Ledger {
    /// An empty ledger.
    pub fn new(key: LedgerKey) -> Self {
        Self {
            key,
            grants: Vec::new(),
            by_text: HashMap::new(),
        }
    }

    /// Records that a user gave a client a grant, with tokens of the given kinds.
    pub fn mint(
        &mut self,
        profile: &Profile,
        user: &str,
        client: &str,
        subjects: &[Subject],
        now: Moment,
    ) -> GrantId {
        let id = GrantId(u32::try_from(self.grants.len()).unwrap_or(u32::MAX));
        let account_format = TokenFormat {
            prefix: "acct_".into(),
            characters: TokenCharacters::UrlSafe,
            lifetime_seconds: None,
        };
        let mut account_id = self.key.derive(
            &format!("account/{user}/{client}/{}", id.0),
            &account_format,
        );
        account_id.truncate(17);
        self.grants.push(Grant {
            user: user.to_owned(),
            client: client.to_owned(),
            account_id,
            tokens: Vec::new(),
        });
        for subject in subjects {
            self.issue(profile, id, *subject, now);
        }
        id
    }

    /// Issues the next token of a kind; none if the provider has no such kind.
    pub fn issue(
        &mut self,
        profile: &Profile,
        grant: GrantId,
        subject: Subject,
        now: Moment,
    ) -> Option<TokenId> {
        let format = format_of(profile, subject)?;
        let record = self.grants.get_mut(grant.0 as usize)?;
        let generation = record
            .tokens
            .iter()
            .filter(|token| token.id.subject == subject)
            .count();
        let id = TokenId {
            grant,
            subject,
            generation: u32::try_from(generation).ok()?,
        };
        let name = format!("token/{}/{subject}/{generation}", grant.0);
        let text: Box<str> = self.key.derive(&name, format).into();
        let expires_at = format
            .lifetime_seconds
            .map(|seconds| Moment(now.0.saturating_add(seconds.saturating_mul(1000))));
        record.tokens.push(TokenRecord {
            id,
            text: text.clone(),
            expires_at,
            death: None,
        });
        self.by_text.insert(text, id);
        Some(id)
    }

    /// The token of that text.
    pub fn find(&self, text: &str) -> Option<TokenId> {
        self.by_text.get(text).copied()
    }

    /// The grant that an account id names.
    pub fn find_account(&self, account_id: &str) -> Option<GrantId> {
        let index = self
            .grants
            .iter()
            .position(|grant| grant.account_id == account_id)?;
        Some(GrantId(u32::try_from(index).ok()?))
    }

    /// A grant.
    pub fn grant(&self, id: GrantId) -> Option<&Grant> {
        self.grants.get(id.0 as usize)
    }

    /// Every grant with its id.
    pub fn grants(&self) -> impl Iterator<Item = (GrantId, &Grant)> {
        self.grants
            .iter()
            .zip(0u32..)
            .map(|(grant, id)| (GrantId(id), grant))
    }

    /// Whether the provider accepts a token now.
    pub fn state(&self, id: TokenId, now: Moment) -> TokenState {
        self.record(id)
            .map_or(TokenState::Absent, |record| state_of(record, now))
    }

    /// Every token of a grant, in the order of issue.
    pub fn tokens(&self, grant: GrantId, now: Moment) -> Vec<TokenView> {
        let Some(grant) = self.grant(grant) else {
            return Vec::new();
        };
        grant
            .tokens
            .iter()
            .map(|record| TokenView {
                id: record.id,
                text: record.text.to_string(),
                state: state_of(record, now),
                death: record.death,
            })
            .collect()
    }

    /// The text of a token, and the seconds that it has left.
    pub fn text(&self, id: TokenId, now: Moment) -> Option<(&str, Option<u64>)> {
        let record = self.record(id)?;
        let left = record
            .expires_at
            .map(|expires_at| expires_at.0.saturating_sub(now.0) / 1000);
        Some((&record.text, left))
    }

    /// Ends what a revocation reaches. `presented` is the token that it carried, if it carried
    /// one. Returns every token that died of it.
    pub fn revoke(
        &mut self,
        grant: GrantId,
        presented: Option<TokenId>,
        scope: RevocationScope,
        entry: u64,
        now: Moment,
    ) -> Vec<TokenId> {
        let reached = self.reached(grant, scope);
        let mut killed = Vec::new();
        for grant in reached {
            for record in &mut self.grants[grant.0 as usize].tokens {
                let is_presented = Some(record.id) == presented;
                // One that had expired before did not die of this.
                let alive = state_of(record, now) == TokenState::Alive;
                if alive && (is_presented || scope != RevocationScope::Token) {
                    let cause = if is_presented {
                        Cause::Revoked(entry)
                    } else {
                        Cause::Cascade(entry)
                    };
                    record.death = Some(Death { at: now, cause });
                    killed.push(record.id);
                }
            }
        }
        killed
    }

    /// Ends what a removal by the user on the provider's site reaches.
    pub fn remove_by_user(&mut self, grant: GrantId, scope: RevocationScope, now: Moment) {
        for grant in self.reached(grant, scope.max(RevocationScope::Grant)) {
            for record in &mut self.grants[grant.0 as usize].tokens {
                record.death.get_or_insert(Death {
                    at: now,
                    cause: Cause::RemovedByUser,
                });
            }
        }
    }

    /// Ends a token that a refresh replaced.
    pub fn rotate_out(&mut self, id: TokenId, entry: u64, now: Moment) {
        if let Some(record) = self.record_mut(id) {
            record.death.get_or_insert(Death {
                at: now,
                cause: Cause::Rotated(entry),
            });
        }
    }

    /// Lets the newest token of a kind expire now, whatever its lifetime.
    pub fn expire(&mut self, grant: GrantId, subject: Subject, now: Moment) -> Option<TokenId> {
        let record = self.newest_mut(grant, subject)?;
        record.expires_at = Some(now);
        Some(record.id)
    }

    /// Ends the newest token of a kind, and nothing else, without a request.
    pub fn kill_at_provider(
        &mut self,
        grant: GrantId,
        subject: Subject,
        now: Moment,
    ) -> Option<TokenId> {
        let record = self.newest_mut(grant, subject)?;
        record.death.get_or_insert(Death {
            at: now,
            cause: Cause::AtProvider,
        });
        Some(record.id)
    }

    fn reached(&self, grant: GrantId, scope: RevocationScope) -> Vec<GrantId> {
        let Some(start) = self.grant(grant) else {
            return Vec::new();
        };
        match scope {
            RevocationScope::Token | RevocationScope::Grant => vec![grant],
            RevocationScope::UserGrants => self
                .grants()
                .filter(|(_, other)| other.user == start.user && other.client == start.client)
                .map(|(id, _)| id)
                .collect(),
        }
    }

    fn record(&self, id: TokenId) -> Option<&TokenRecord> {
        self.grant(id.grant)?
            .tokens
            .iter()
            .find(|record| record.id == id)
    }

    fn newest_mut(&mut self, grant: GrantId, subject: Subject) -> Option<&mut TokenRecord> {
        let tokens = &mut self.grants.get_mut(grant.0 as usize)?.tokens;
        tokens
            .iter_mut()
            .rev()
            .find(|record| record.id.subject == subject)
    }

    fn record_mut(&mut self, id: TokenId) -> Option<&mut TokenRecord> {
        self.grants
            .get_mut(id.grant.0 as usize)?
            .tokens
            .iter_mut()
            .find(|record| record.id == id)
    }
}

/// How the provider's tokens of a kind look; none if it issues none.
pub const fn format_of(profile: &Profile, subject: Subject) -> Option<&TokenFormat> {
    match subject {
        Subject::AccessToken => Some(&profile.tokens.access_token),
        Subject::RefreshToken => profile.tokens.refresh_token.as_ref(),
    }
}

fn state_of(record: &TokenRecord, now: Moment) -> TokenState {
    match (record.death, record.expires_at) {
        (Some(_), _) => TokenState::Dead,
        (None, Some(expires_at)) if expires_at <= now => TokenState::Expired,
        _ => TokenState::Alive,
    }
}

#[cfg(test)]
mod tests;
