//! Ordinals of a restored state, found by the hash of what their records have in common with those that are added.
//!
//! A slot holds 32 bits of the hash and the ordinal. Linear probing, at most three quarters full; nothing is ever removed.

use crate::Ordinal;

const MIN_SLOTS: usize = 16;

/// The ordinals of records, found by hash. Knows nothing of the records themselves: callers compare.
#[derive(Clone, Debug, Default)]
pub(super) struct OrdinalTable {
    slots: Vec<u64>, // hash << 32 | ordinal + 1, 0 is empty; the length is a power of two, or nothing
    len: usize,
}

impl OrdinalTable {
    /// The first ordinal with this hash that the caller recognises; of several the one that was added first.
    #[inline]
    pub(super) fn find(&self, hash: u32, mut is_it: impl FnMut(Ordinal) -> bool) -> Option<Ordinal> {
        if self.slots.is_empty() {
            return None;
        }
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                return None;
            }
            if slot_hash(slot) == hash
                && let Some(ordinal) = slot_ordinal(slot)
                && is_it(ordinal)
            {
                return Some(ordinal);
            }
            at = (at + 1) & mask;
        }
    }

    /// Adds an ordinal. The same hash may come several times.
    pub(super) fn insert(&mut self, hash: u32, ordinal: Ordinal) {
        if (self.len + 1) * 4 > self.slots.len() * 3 {
            self.grow();
        }
        self.place(u64::from(hash) << 32 | u64::from(ordinal.get() + 1));
        self.len += 1;
    }

    fn place(&mut self, slot: u64) {
        let mask = self.slots.len() - 1;
        let mut at = slot_hash(slot) as usize & mask;
        while self.slots[at] != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = slot;
    }

    /// Doubles the table. Records of one hash keep their order: a run that wraps around is taken from where it begins.
    fn grow(&mut self) {
        let slots = vec![0; (self.slots.len() * 2).max(MIN_SLOTS)];
        let old = std::mem::replace(&mut self.slots, slots);
        let between_runs = old.iter().position(|&slot| slot == 0).unwrap_or(0);
        let (wrapped, from_there) = old.split_at(between_runs);
        for &slot in from_there.iter().chain(wrapped).filter(|&&slot| slot != 0) {
            self.place(slot);
        }
    }
}

#[inline]
fn slot_hash(slot: u64) -> u32 {
    (slot >> 32) as u32
}

#[inline]
fn slot_ordinal(slot: u64) -> Option<Ordinal> {
    Ordinal::new((slot as u32).wrapping_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn ordinal(number: u32) -> Ordinal {
        Ordinal::new(number).unwrap()
    }

    proptest! {
        /// Few hashes, all close to the end of the table: runs are long and wrap around.
        #[test]
        fn finds_what_is_there_and_nothing_else(numbers in prop::collection::vec(0u32..60, 0..200)) {
            let hash_of = |number: u32| u32::MAX - number % 7;
            let mut table = OrdinalTable::default();
            let mut model = BTreeSet::new();
            for number in numbers {
                if model.insert(number) {
                    table.insert(hash_of(number), ordinal(number));
                }
                prop_assert_eq!(table.len, model.len());
                for number in 0..60 {
                    let found = table.find(hash_of(number), |candidate| candidate == ordinal(number));
                    prop_assert_eq!(found.is_some(), model.contains(&number));
                }
            }
        }
    }

    #[test]
    fn of_one_hash_the_first_added_is_found_first() {
        let first_of = |hash: u32, others: u32| {
            let mut table = OrdinalTable::default();
            table.insert(hash, ordinal(6));
            table.insert(hash, ordinal(10));
            (0..others).for_each(|other| table.insert(other.wrapping_mul(0x9e37_79b9), ordinal(100 + other)));
            table.find(hash, |o| o.get() < 100)
        };
        for others in 0..50 {
            // The last of these begin a run at the end of the table that goes on at its start.
            for hash in (u32::MAX - 40)..=u32::MAX {
                assert_eq!(first_of(hash, others), Some(ordinal(6)), "hash={hash} others={others}");
            }
        }
    }

    #[test]
    fn of_two_with_one_hash_the_caller_chooses() {
        let mut table = OrdinalTable::default();
        table.insert(5, ordinal(1));
        table.insert(5, ordinal(2));
        assert_eq!(table.find(5, |o| o == ordinal(2)), Some(ordinal(2)));
        assert_eq!(table.find(5, |_| false), None);
        assert_eq!(table.find(4, |_| true), None);
    }
}
