//! Which tokens of a kind a grant has: the first few without memory of their own.

/// A token's place among those of its ledger.
pub(super) type Slot = u32;

/// Slots in the order of issue, so that a token's generation is its index.
#[derive(Clone, Debug)]
pub(super) enum Slots {
    Few { length: u8, slots: [Slot; 3] },
    Many(Vec<Slot>),
}

impl Default for Slots {
    fn default() -> Self {
        Self::Few {
            length: 0,
            slots: [0; 3],
        }
    }
}

impl Slots {
    pub(super) fn as_slice(&self) -> &[Slot] {
        match self {
            Self::Few { length, slots } => &slots[..usize::from(*length)],
            Self::Many(slots) => slots,
        }
    }

    pub(super) fn push(&mut self, slot: Slot) {
        match self {
            Self::Many(slots) => slots.push(slot),
            Self::Few { length, slots } => {
                if let Some(free) = slots.get_mut(usize::from(*length)) {
                    *free = slot;
                    *length += 1;
                } else {
                    let mut many = slots.to_vec();
                    many.push(slot);
                    *self = Self::Many(many);
                }
            }
        }
    }

    pub(super) fn pop(&mut self) {
        match self {
            Self::Few { length, .. } => *length = length.saturating_sub(1),
            Self::Many(slots) => {
                slots.pop();
            }
        }
    }
}

/// The slots of two kinds together, in the order of issue: slots are given out in that order.
pub(super) fn in_order<'a>(
    first: &'a [Slot],
    second: &'a [Slot],
) -> impl Iterator<Item = Slot> + 'a {
    let (mut first, mut second) = (first.iter().peekable(), second.iter().peekable());
    std::iter::from_fn(move || match (first.peek(), second.peek()) {
        (Some(one), Some(other)) if one > other => second.next(),
        (Some(_), _) => first.next(),
        (None, _) => second.next(),
    })
    .copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_those_that_were_added_and_not_taken_back(
            changes in prop::collection::vec(prop::option::weighted(0.7, any::<Slot>()), 0..30),
        ) {
            let (mut slots, mut expected) = (Slots::default(), Vec::new());
            for change in changes {
                if let Some(slot) = change {
                    slots.push(slot);
                    expected.push(slot);
                } else {
                    slots.pop();
                    expected.pop();
                }
                prop_assert_eq!(slots.as_slice(), &expected);
            }
        }

        #[test]
        fn two_kinds_come_in_the_order_of_issue(is_first in prop::collection::vec(any::<bool>(), 0..30)) {
            let of = |wanted: bool| -> Vec<Slot> {
                let all = (0..).zip(&is_first);
                all.filter(|(_, is)| **is == wanted).map(|(slot, _)| slot).collect()
            };
            let merged: Vec<Slot> = in_order(&of(true), &of(false)).collect();
            prop_assert_eq!(merged, (0..u32::try_from(is_first.len()).unwrap()).collect::<Vec<_>>());
        }
    }
}
