//! Every token of a ledger, found by its text.

use rescind_model::vocabulary::TokenState;

use super::slots::Slot;
use super::table::Table;
use super::text::Text;
use super::{Death, Moment, TokenId, TokenView};
use crate::scope::Scope;

/// A token and its fate. What a request looks at stands side by side, in two lines of the
/// processor's cache.
#[derive(Clone, Debug)]
#[repr(C, align(128))]
pub(super) struct TokenRecord {
    pub(super) text: Text,
    pub(super) id: TokenId,
    /// The number of the client that it was issued to.
    pub(super) client: u32,
    pub(super) expires_at: Option<Moment>,
    /// One that lies ahead is that of a token which was replaced and still works for a while.
    pub(super) death: Option<Death>,
    /// Where it is good for less than its grant.
    pub(super) scope: Option<Scope>,
}

impl TokenRecord {
    pub(super) fn state(&self, now: Moment) -> TokenState {
        match (self.death, self.expires_at) {
            (Some(death), _) if death.at <= now => TokenState::Dead,
            (_, Some(expires_at)) if expires_at <= now => TokenState::Expired,
            _ => TokenState::Alive,
        }
    }

    /// What the ledger says of it, a death that lies ahead among it.
    pub(super) fn view(&self, now: Moment) -> TokenView {
        TokenView {
            id: self.id,
            text: self.text.as_str().to_owned(),
            state: self.state(now),
            death: self.death,
        }
    }
}

/// The tokens in the order of issue. Their texts stand in their records only; the table by text
/// holds slots.
#[derive(Clone, Debug, Default)]
pub(super) struct Tokens {
    records: Vec<TokenRecord>,
    by_text: Table,
    /// How long texts are, and how many of each length there are: few are as many.
    lengths: Vec<(usize, usize)>,
}

impl Tokens {
    pub(super) fn get(&self, slot: Slot) -> Option<&TokenRecord> {
        self.records.get(slot as usize)
    }

    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut TokenRecord> {
        self.records.get_mut(slot as usize)
    }

    /// Adds a token. None if no more can be told apart.
    pub(super) fn push(&mut self, record: TokenRecord) -> Option<Slot> {
        let slot = Slot::try_from(self.records.len()).ok()?;
        self.records.push(record);
        self.enter(slot);
        Some(slot)
    }

    /// Takes back the token that was added last.
    pub(super) fn pop(&mut self) {
        if let Some(last) = self.records.len().checked_sub(1) {
            self.take_out(last as Slot);
            self.records.pop();
        }
    }

    /// Gives a token another text.
    pub(super) fn replace_text(&mut self, slot: Slot, text: Text) {
        if self.get(slot).is_some() {
            self.take_out(slot);
            self.records[slot as usize].text = text;
            self.enter(slot);
        }
    }

    /// The token of that text.
    pub(super) fn find(&self, text: &[u8]) -> Option<Slot> {
        self.by_text.find(text, |slot| self.text(slot) == text)
    }

    /// Every token whose text stands somewhere in another. Each place is looked up once for every
    /// length that tokens have, so it does not take longer when there are more of them.
    pub(super) fn within(&self, text: &[u8]) -> impl Iterator<Item = &TokenRecord> {
        self.lengths
            .iter()
            .filter(|(length, count)| *length > 0 && *count > 0)
            .flat_map(|(length, _)| text.windows(*length))
            .filter_map(|window| self.get(self.find(window)?))
    }

    fn text(&self, slot: Slot) -> &[u8] {
        self.get(slot).map_or(&[], |record| record.text.as_bytes())
    }

    fn enter(&mut self, slot: Slot) {
        let text = self.records[slot as usize].text.as_bytes();
        self.by_text.insert(text, slot);
        let mut lengths = self.lengths.iter_mut();
        match lengths.find(|(length, _)| *length == text.len()) {
            Some((_, count)) => *count += 1,
            None => self.lengths.push((text.len(), 1)),
        }
    }

    fn take_out(&mut self, slot: Slot) {
        let text = self.records[slot as usize].text.as_bytes();
        self.by_text.remove(text, slot);
        let mut lengths = self.lengths.iter_mut();
        if let Some((_, count)) = lengths.find(|(length, _)| *length == text.len()) {
            *count = count.saturating_sub(1);
        }
    }
}
