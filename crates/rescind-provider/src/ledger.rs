//! The ledger: every grant and token, and when and why each died. It is the truth.
//!
//! Pure: time comes in as an argument, and a token is a keyed function of the run's seed, the
//! tenant, the grant, its kind and its generation, so that no order of requests changes it.

mod grants;
mod key;
mod slots;
mod table;
mod text;
mod tokens;

use rescind_model::Subject;
use rescind_model::profile::{Profile, RevocationScope, TokenCharacters, TokenFormat};
use rescind_model::vocabulary::TokenState;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::name::Name;
use crate::scope::Scope;
pub use grants::Grant;
use grants::Grants;
pub use key::LedgerKey;
use text::Text;
use tokens::{TokenRecord, Tokens};

/// A moment on the provider's clock, in milliseconds since the tenant began.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema,
)]
pub struct Moment(pub u64);

impl Moment {
    /// So many milliseconds later.
    #[must_use]
    pub const fn after(self, milliseconds: u64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// So many seconds later.
    #[must_use]
    pub const fn after_seconds(self, seconds: u64) -> Self {
        self.after(seconds.saturating_mul(1000))
    }
}

/// A grant: what one user gave one client.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct GrantId(pub u32);

/// A token, named without showing it: the grant, the kind, and how many of the kind the grant had
/// before.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct TokenId {
    /// Its grant.
    pub grant: GrantId,
    /// Its kind.
    pub subject: Subject,
    /// 0 for the first of its kind in the grant.
    pub generation: u32,
}

/// When and why a token died, or is going to die: the moment may lie ahead, and until then it is
/// alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Death {
    /// When.
    pub at: Moment,
    /// Why.
    pub cause: Cause,
}

/// Why a token died. A number is that of the journal's entry which did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A revocation presented this very token.
    Revoked(u64),
    /// A revocation presented something else of its grant or user.
    Cascade(u64),
    /// A refresh replaced it.
    Rotated(u64),
    /// A code or refresh token of its grant was used again, which only a thief would do.
    Reused(u64),
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
            Self::Reused(entry) => write!(formatter, "ended by the reuse in request {entry}"),
            Self::RemovedByUser => formatter.write_str("removed by the user"),
            Self::AtProvider => formatter.write_str("ended at the provider"),
        }
    }
}

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

/// A token that was looked up. It is good until the ledger changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which one.
    pub id: TokenId,
    /// Alive, expired or dead.
    pub state: TokenState,
    slot: slots::Slot,
    client: u32,
}

/// Every grant and token of one tenant. Nothing that it does for a request takes longer when there
/// are more of other users or clients.
#[derive(Clone, Debug)]
pub struct Ledger {
    key: LedgerKey,
    grants: Grants,
    tokens: Tokens,
    /// What has changed since an attempt began, the latest last; none if none is under way.
    attempt: Option<Vec<Undo>>,
    /// Whether nothing but time ends an access token.
    access_tokens_live_on: bool,
}

/// A change that an attempt has made, as what takes it back.
#[derive(Clone, Copy, Debug)]
enum Undo {
    Minted,
    Issued(GrantId, Subject),
    Died(TokenId, Option<Death>),
}

impl Ledger {
    /// An empty ledger.
    pub fn new(key: LedgerKey) -> Self {
        Self {
            key,
            grants: Grants::default(),
            tokens: Tokens::default(),
            attempt: None,
            access_tokens_live_on: false,
        }
    }

    /// The ledger of a provider at which nothing but time ends an access token, or not.
    #[must_use]
    pub const fn whose_access_tokens_live_on(mut self, live_on: bool) -> Self {
        self.access_tokens_live_on = live_on;
        self
    }

    /// Does something that is to leave no trace: whatever it mints, issues and ends is taken back.
    pub fn attempt<T>(&mut self, attempt: impl FnOnce(&mut Self) -> T) -> T {
        self.attempt = Some(Vec::new());
        let result = attempt(self);
        for undo in self.attempt.take().unwrap_or_default().into_iter().rev() {
            match undo {
                Undo::Minted => self.grants.pop(),
                // What is taken back last was issued first, so it is the last one of all.
                Undo::Issued(grant, subject) => {
                    self.tokens.pop();
                    if let Some(grant) = self.grants.get_mut(grant) {
                        grant.tokens_of_mut(subject).pop();
                    }
                }
                Undo::Died(id, before) => {
                    if let Some(record) = self.record_mut(id) {
                        record.death = before;
                    }
                }
            }
        }
        result
    }

    fn note(&mut self, undo: Undo) {
        if let Some(changes) = &mut self.attempt {
            changes.push(undo);
        }
    }

    /// Ends a token that nothing ends earlier, from a moment on that may lie ahead. Whether it did.
    fn end(record: &mut TokenRecord, death: Death, attempt: &mut Option<Vec<Undo>>) -> bool {
        if record.death.is_some_and(|before| before.at <= death.at) {
            return false;
        }
        let before = record.death.replace(death);
        if let Some(changes) = attempt {
            changes.push(Undo::Died(record.id, before));
        }
        true
    }

    /// Whether nothing but time ends tokens of a kind.
    const fn lives_on(&self, subject: Subject) -> bool {
        self.access_tokens_live_on && matches!(subject, Subject::AccessToken)
    }

    fn end_one(&mut self, id: TokenId, death: Death) -> bool {
        let slot = self.slot(id).filter(|_| !self.lives_on(id.subject));
        let record = slot.and_then(|slot| self.tokens.get_mut(slot));
        record.is_some_and(|record| Self::end(record, death, &mut self.attempt))
    }

    /// Ends those tokens of some grants that `death` has one for. Returns every one that dies of
    /// it.
    fn end_all(
        &mut self,
        reached: &[GrantId],
        death: impl Fn(&TokenRecord) -> Option<Death>,
    ) -> Vec<TokenId> {
        let mut ended = Vec::new();
        let live_on = self.access_tokens_live_on;
        for grant in reached.iter().filter_map(|id| self.grants.get(*id)) {
            for slot in grant.tokens() {
                let Some(record) = self.tokens.get_mut(slot) else {
                    continue;
                };
                if live_on && record.id.subject == Subject::AccessToken {
                    continue;
                }
                if let Some(death) = death(record)
                    && Self::end(record, death, &mut self.attempt)
                {
                    ended.push(record.id);
                }
            }
        }
        ended
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
        let id = self.grants.next_id();
        let name = format_args!("account/{user}/{client}/{}", id.0);
        let characters = self.key.derive_characters(name, TokenCharacters::UrlSafe);
        let account_id = Text::of([b"acct_", &characters[..12]]);
        self.grants.push(user, client, account_id.as_str());
        self.note(Undo::Minted);
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
        let record = self.grants.get_mut(grant)?;
        let client = record.client_number();
        let issued = record.tokens_of_mut(subject);
        let id = TokenId {
            grant,
            subject,
            generation: u32::try_from(issued.as_slice().len()).ok()?,
        };
        let name = format_args!("token/{}/{subject}/{}", grant.0, id.generation);
        let characters = self.key.derive_characters(name, format.characters);
        let expires_at = format
            .lifetime_seconds
            .map(|seconds| now.after_seconds(seconds));
        let slot = self.tokens.push(TokenRecord {
            id,
            text: Text::of([format.prefix.as_bytes(), &characters]),
            client,
            expires_at,
            scope: None,
            death: None,
        })?;
        issued.push(slot);
        self.note(Undo::Issued(grant, subject));
        Some(id)
    }

    /// Gives a token another text, before anybody is told the one that it has.
    pub fn replace_text(&mut self, id: TokenId, text: &str) {
        if let Some(slot) = self.slot(id) {
            self.tokens
                .replace_text(slot, Text::of([text.as_bytes(), b""]));
        }
    }

    /// When a token expires; none if it does not.
    pub fn expires_at(&self, id: TokenId) -> Option<Moment> {
        self.record(id)?.expires_at
    }

    /// Notes what the user allowed.
    pub fn set_scope(&mut self, grant: GrantId, scope: Option<Scope>) {
        if let Some(grant) = self.grants.get_mut(grant) {
            grant.scope = scope;
        }
    }

    /// Makes a token good for less than its grant (RFC 6749 §6).
    pub fn narrow(&mut self, token: TokenId, scope: Scope) {
        if let Some(record) = self.record_mut(token) {
            record.scope = Some(scope);
        }
    }

    /// What a token is good for; none if nobody asked for anything in particular.
    pub fn scope(&self, token: TokenId) -> Option<&Scope> {
        let grant = self.grant(token.grant)?;
        let own = self.record(token)?.scope.as_ref();
        own.or(grant.scope.as_ref())
    }

    /// The token of that text.
    pub fn find(&self, text: &str) -> Option<TokenId> {
        let slot = self.tokens.find(text.as_bytes())?;
        self.tokens.get(slot).map(|record| record.id)
    }

    /// The token of that text, and how it stands now: all in one look.
    pub fn look_up(&self, text: &str, now: Moment) -> Option<Found> {
        let slot = self.tokens.find(text.as_bytes())?;
        let record = self.tokens.get(slot)?;
        Some(Found {
            id: record.id,
            state: record.state(now),
            slot,
            client: record.client,
        })
    }

    /// The name of the client that a token was issued to.
    pub fn client_of(&self, found: &Found) -> Option<&Name> {
        self.grants.client_of_number(found.client)
    }

    /// The token whose text stands somewhere in another; of several, one of the first grant that
    /// has one.
    pub fn find_within(&self, text: &[u8]) -> Option<TokenId> {
        self.tokens.within(text).map(|record| record.id).min()
    }

    /// The grant that an account id names.
    pub fn find_account(&self, account_id: &str) -> Option<GrantId> {
        self.grants.find_account(account_id)
    }

    /// A grant.
    pub fn grant(&self, id: GrantId) -> Option<&Grant> {
        self.grants.get(id)
    }

    /// Every grant with its id.
    pub fn grants(&self) -> impl Iterator<Item = (GrantId, &Grant)> {
        self.grants.iter()
    }

    /// Whether the provider accepts a token now.
    pub fn state(&self, id: TokenId, now: Moment) -> TokenState {
        self.record(id)
            .map_or(TokenState::Absent, |record| record.state(now))
    }

    /// Every token of a grant, in the order of issue.
    pub fn tokens(&self, grant: GrantId, now: Moment) -> Vec<TokenView> {
        let mut tokens = self.tokens_with_what_lies_ahead(grant, now);
        for token in &mut tokens {
            token.death = token.death.filter(|death| death.at <= now);
        }
        tokens
    }

    /// Every token of a grant, in the order of issue, with the deaths that lie ahead.
    pub fn tokens_with_what_lies_ahead(&self, grant: GrantId, now: Moment) -> Vec<TokenView> {
        let slots = self.grants.get(grant).into_iter().flat_map(Grant::tokens);
        let records = slots.filter_map(|slot| self.tokens.get(slot));
        records.map(|record| record.view(now)).collect()
    }

    /// The newest token of a kind in a grant.
    pub fn newest(&self, grant: GrantId, subject: Subject) -> Option<TokenId> {
        let slot = self.grant(grant)?.tokens_of(subject).as_slice().last()?;
        self.tokens.get(*slot).map(|record| record.id)
    }

    /// What the ledger says of a token.
    pub fn token(&self, id: TokenId, now: Moment) -> Option<TokenView> {
        self.record(id).map(|record| record.view(now))
    }

    /// The text of a token, and the seconds that it has left.
    pub fn text(&self, id: TokenId, now: Moment) -> Option<(&str, Option<u64>)> {
        let record = self.record(id)?;
        let left = record
            .expires_at
            .map(|expires_at| expires_at.0.saturating_sub(now.0) / 1000);
        Some((record.text.as_str(), left))
    }

    /// Ends what a revocation reaches, from the moment `bites` on. `presented` is the token that it
    /// carried, if it carried one. Returns every token that dies of it.
    pub fn revoke(
        &mut self,
        grant: GrantId,
        presented: Option<TokenId>,
        scope: RevocationScope,
        entry: u64,
        now: Moment,
        bites: Moment,
    ) -> Vec<TokenId> {
        let death = |record: &TokenRecord| {
            let cause = if Some(record.id) == presented {
                Cause::Revoked(entry)
            } else if scope == RevocationScope::Token {
                return None;
            } else {
                Cause::Cascade(entry)
            };
            // One that had expired before does not die of this.
            (record.state(now) == TokenState::Alive).then_some(Death { at: bites, cause })
        };
        self.end_reached(grant, scope, death)
    }

    /// Ends what the revocation of a token reaches that was looked up. Tells every token that dies
    /// of it.
    pub fn revoke_found(
        &mut self,
        found: &Found,
        scope: RevocationScope,
        entry: u64,
        now: Moment,
        bites: Moment,
        killed: &mut Vec<TokenId>,
    ) {
        if scope != RevocationScope::Token {
            let (grant, presented) = (found.id.grant, Some(found.id));
            killed.extend(self.revoke(grant, presented, scope, entry, now, bites));
            return;
        }
        // It alone: its grant need not be looked at.
        let lives_on = self.lives_on(found.id.subject);
        let alive = |record: &&mut TokenRecord| record.state(now) == TokenState::Alive;
        let record = self.tokens.get_mut(found.slot).filter(alive);
        let cause = Cause::Revoked(entry);
        if let Some(record) = record.filter(|record| record.id == found.id && !lives_on)
            && Self::end(record, Death { at: bites, cause }, &mut self.attempt)
        {
            killed.push(found.id);
        }
    }

    /// Whether a revocation of that scope reaches anything that is alive now.
    pub fn reaches_alive(&self, grant: GrantId, scope: RevocationScope, now: Moment) -> bool {
        let alive = |slot| {
            let record = self.tokens.get(slot);
            record.is_some_and(|record| record.state(now) == TokenState::Alive)
        };
        let reached = self.reached(grant, scope);
        let mut reached = reached.iter().filter_map(|id| self.grant(*id));
        reached.any(|grant| grant.tokens().any(alive))
    }

    /// Ends what a removal by the user on the provider's site reaches. Returns every token that dies
    /// of it.
    pub fn remove_by_user(
        &mut self,
        grant: GrantId,
        scope: RevocationScope,
        now: Moment,
    ) -> Vec<TokenId> {
        let death = Death {
            at: now,
            cause: Cause::RemovedByUser,
        };
        let scope = scope.max(RevocationScope::Grant);
        self.end_reached(grant, scope, |_| Some(death))
    }

    /// Ends every live token of a grant whose code or refresh token was used again. Returns those
    /// that died of it.
    pub fn end_reused(
        &mut self,
        grant: GrantId,
        entry: u64,
        now: Moment,
        bites: Moment,
    ) -> Vec<TokenId> {
        let death = Death {
            at: bites,
            cause: Cause::Reused(entry),
        };
        self.end_all(&[grant], |record| {
            (record.state(now) == TokenState::Alive).then_some(death)
        })
    }

    /// Ends a token that a refresh replaced, at once or at a moment ahead. The first replacement
    /// decides when.
    pub fn rotate_out(&mut self, id: TokenId, entry: u64, at: Moment) {
        let cause = Cause::Rotated(entry);
        self.end_one(id, Death { at, cause });
    }

    /// Whether a refresh has replaced a token, be it dead or still good for a while.
    pub fn is_replaced(&self, id: TokenId) -> bool {
        let death = self.record(id).and_then(|record| record.death);
        matches!(death.map(|death| death.cause), Some(Cause::Rotated(_)))
    }

    /// Lets the newest token of a kind expire now, whatever its lifetime.
    pub fn expire(&mut self, grant: GrantId, subject: Subject, now: Moment) -> Option<TokenId> {
        let id = self.newest(grant, subject)?;
        self.record_mut(id)?.expires_at = Some(now);
        Some(id)
    }

    /// Ends the newest token of a kind, and nothing else, without a request.
    pub fn kill_at_provider(
        &mut self,
        grant: GrantId,
        subject: Subject,
        now: Moment,
    ) -> Option<TokenId> {
        let id = self.newest(grant, subject)?;
        let cause = Cause::AtProvider;
        self.end_one(id, Death { at: now, cause });
        (!self.lives_on(subject)).then_some(id)
    }

    fn end_reached(
        &mut self,
        grant: GrantId,
        scope: RevocationScope,
        death: impl Fn(&TokenRecord) -> Option<Death>,
    ) -> Vec<TokenId> {
        let reached = self.reached(grant, scope);
        self.end_all(&reached, death)
    }

    /// Lets a token expire now, whatever its lifetime. False if there is none.
    pub fn expire_token(&mut self, id: TokenId, now: Moment) -> bool {
        let record = self.record_mut(id);
        record.map(|record| record.expires_at = Some(now)).is_some()
    }

    /// Ends a token, and nothing else, without a request. False if it does not die of this.
    pub fn kill_token(&mut self, id: TokenId, now: Moment) -> bool {
        let cause = Cause::AtProvider;
        self.end_one(id, Death { at: now, cause })
    }

    fn reached(&self, grant: GrantId, scope: RevocationScope) -> Vec<GrantId> {
        match scope {
            RevocationScope::Token | RevocationScope::Grant => vec![grant],
            RevocationScope::UserGrants => self.grants.of_same_owner(grant),
        }
    }

    fn slot(&self, id: TokenId) -> Option<slots::Slot> {
        let issued = self.grant(id.grant)?.tokens_of(id.subject).as_slice();
        issued.get(id.generation as usize).copied()
    }

    fn record(&self, id: TokenId) -> Option<&TokenRecord> {
        self.tokens.get(self.slot(id)?)
    }

    fn record_mut(&mut self, id: TokenId) -> Option<&mut TokenRecord> {
        self.tokens.get_mut(self.slot(id)?)
    }
}

/// How the provider's tokens of a kind look; none if it issues none.
pub const fn format_of(profile: &Profile, subject: Subject) -> Option<&TokenFormat> {
    match subject {
        Subject::AccessToken => Some(&profile.tokens.access_token),
        Subject::RefreshToken => profile.tokens.refresh_token.as_ref(),
    }
}

#[cfg(test)]
mod tests;
