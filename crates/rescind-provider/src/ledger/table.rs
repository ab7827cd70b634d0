//! A table from texts to the places where they stand, which holds no text itself.
//!
//! To look something up takes one look into memory, since that is most of what it costs in a large
//! ledger; and to grow takes none at the texts, since a request waits meanwhile.

use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;

use super::slots::Slot;

/// A power of two, and more than there may be entries: where an entry belongs another may be, and
/// then it stands behind that one.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    entries: Vec<Entry>,
    count: usize,
    hasher: DefaultHashBuilder,
}

/// Half of a text's hash, and its slot; empty places have no slot.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    hash: u32,
    /// One more than the slot.
    slot: u32,
}

const FEWEST: usize = 16;

impl Table {
    /// The hash of a text. The tokens are this program's own, so nobody can choose texts whose
    /// hashes are alike.
    fn hash(&self, text: &[u8]) -> u32 {
        self.hasher.hash_one(text) as u32
    }

    /// The slot of a text, among those that may be its own.
    pub(super) fn find(&self, text: &[u8], is_it: impl Fn(Slot) -> bool) -> Option<Slot> {
        let hash = self.hash(text);
        let mut index = self.home(hash)?;
        loop {
            let entry = self.entries[index];
            let slot = entry.slot.checked_sub(1)?;
            if entry.hash == hash && is_it(slot) {
                return Some(slot);
            }
            index = self.next(index);
        }
    }

    /// Enters the slot of a text.
    pub(super) fn insert(&mut self, text: &[u8], slot: Slot) {
        if (self.count + 1) * 4 > self.entries.len() * 3 {
            self.grow();
        }
        let hash = self.hash(text);
        self.put(Entry {
            hash,
            slot: slot.saturating_add(1),
        });
        self.count += 1;
    }

    /// Takes out the slot of a text.
    pub(super) fn remove(&mut self, text: &[u8], slot: Slot) {
        let hash = self.hash(text);
        let Some(mut index) = self.home(hash) else {
            return;
        };
        while self.entries[index].slot != slot.saturating_add(1) {
            if self.entries[index].slot == 0 {
                return;
            }
            index = self.next(index);
        }
        self.count -= 1;
        self.close_gap(index);
    }

    /// Moves into a gap what belongs there or before it, so that no search ends at it.
    fn close_gap(&mut self, mut gap: usize) {
        let mut index = gap;
        loop {
            index = self.next(index);
            let entry = self.entries[index];
            let Some(home) = self.home(entry.hash).filter(|_| entry.slot != 0) else {
                self.entries[gap] = Entry::default();
                return;
            };
            let mask = self.entries.len() - 1;
            // How far it stands from where it belongs, and how far the gap is behind it.
            if index.wrapping_sub(home) & mask >= index.wrapping_sub(gap) & mask {
                self.entries[gap] = entry;
                gap = index;
            }
        }
    }

    fn put(&mut self, entry: Entry) {
        let Some(mut index) = self.home(entry.hash) else {
            return;
        };
        while self.entries[index].slot != 0 {
            index = self.next(index);
        }
        self.entries[index] = entry;
    }

    fn grow(&mut self) {
        let larger = (self.entries.len() * 2).max(FEWEST);
        let entries = std::mem::replace(&mut self.entries, vec![Entry::default(); larger]);
        for entry in entries.into_iter().filter(|entry| entry.slot != 0) {
            self.put(entry);
        }
    }

    /// Where an entry of that hash belongs; none in a table that has no places.
    fn home(&self, hash: u32) -> Option<usize> {
        let last = self.entries.len().checked_sub(1)?;
        Some(hash as usize & last)
    }

    const fn next(&self, index: usize) -> usize {
        (index + 1) & (self.entries.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_finds_what_was_entered_and_not_taken_out(
            changes in prop::collection::vec((0u32..60, any::<bool>()), 0..300),
        ) {
            let text = |slot: u32| format!("text {slot}").into_bytes();
            let (mut table, mut expected) = (Table::default(), BTreeSet::new());
            for (slot, comes) in changes {
                if comes && expected.insert(slot) {
                    table.insert(&text(slot), slot);
                } else if !comes {
                    table.remove(&text(slot), slot);
                    expected.remove(&slot);
                }
                for slot in 0..60 {
                    let found = table.find(&text(slot), |found| found == slot);
                    prop_assert_eq!(found, expected.get(&slot).copied());
                }
            }
        }
    }

    #[test]
    fn an_empty_one_has_nothing() {
        let mut table = Table::default();
        assert_eq!(table.find(b"text", |_| true), None);
        table.remove(b"text", 0);
        table.insert(b"text", 0);
        assert_eq!(table.find(b"text", |_| true), Some(0));
    }
}
