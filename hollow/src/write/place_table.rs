//! From the bytes of a record to where they lie: open-addressing tables of places.
//!
//! ```text
//! hash: | 4 bits: which stripe | 26 bits: in the slot | ..
//! slot: | 26 bits of the hash  | 38 bits: place + 1   |     0 is empty
//! ```
//!
//! A record lies with its ordinal in the [`RecordStore`](super::record_store), so one look at the slot and one at the
//! record tell whether it is known and which ordinal it has. Linear probing, at most three quarters full; removing moves
//! later slots up, so there are no tombstones and no rehashing beyond doubling. Costs 11 to 21 bytes a record.
//!
//! Stripes are tables of their own, so that several threads can add records at once (`parallel`), and so that doubling
//! moves a sixteenth at a time.

use super::huge::HugeWords;
use super::record_store::Place;

/// Tables of a type.
pub(super) const STRIPES: usize = 16;
const MIN_SLOTS: usize = 16;
const PLACE_BITS: u32 = 38;
const HASH_BITS: u32 = 26;
const PLACE_MASK: u64 = (1 << PLACE_BITS) - 1;

/// The stripe of a hash.
#[inline]
pub(super) fn stripe_of(hash: u64) -> usize {
    (hash >> 60) as usize
}

/// The part of a hash that a slot holds.
#[inline]
fn kept(hash: u64) -> u64 {
    hash >> (60 - HASH_BITS) & ((1 << HASH_BITS) - 1)
}

/// The places of records, found by hash. Knows nothing of the records themselves: callers compare.
#[derive(Debug, Default)]
pub(super) struct PlaceTable {
    stripes: [Stripe; STRIPES],
}

impl PlaceTable {
    /// The first place with this hash that the caller recognises; of several the one that was added first.
    #[inline]
    pub(super) fn find<T>(&self, hash: u64, is_it: impl FnMut(Place) -> Option<T>) -> Option<T> {
        self.stripes[stripe_of(hash)].find(hash, is_it)
    }

    /// Adds a place. The same hash may come several times.
    #[inline]
    pub(super) fn insert(&mut self, hash: u64, place: Place) {
        self.stripes[stripe_of(hash)].insert(hash, place);
    }

    /// Removes a place; true if it was there under this hash.
    pub(super) fn remove(&mut self, hash: u64, place: Place) -> bool {
        self.stripes[stripe_of(hash)].remove(hash, place)
    }

    /// Says that what was at one place is at another; nothing if it was not there under this hash.
    pub(super) fn replace(&mut self, hash: u64, from: Place, to: Place) {
        self.stripes[stripe_of(hash)].replace(hash, from, to);
    }

    /// Bytes of memory taken.
    pub(super) fn memory_bytes(&self) -> usize {
        self.stripes
            .iter()
            .map(|stripe| stripe.slots.len() * size_of::<u64>())
            .sum()
    }

    /// Removes everything and gives up the memory.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The stripes, to be given back by [`PlaceTable::put_back`].
    pub(super) fn take_stripes(&mut self) -> [Stripe; STRIPES] {
        std::mem::take(&mut self.stripes)
    }

    pub(super) fn put_back(&mut self, stripe: usize, table: Stripe) {
        self.stripes[stripe] = table;
    }
}

/// One of the tables.
#[derive(Debug, Default)]
pub(super) struct Stripe {
    slots: HugeWords, // the length is a power of two, or nothing
    len: usize,
}

impl Stripe {
    #[inline]
    pub(super) fn find<T>(&self, hash: u64, mut is_it: impl FnMut(Place) -> Option<T>) -> Option<T> {
        let kept = kept(hash);
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = kept as usize & mask;
        loop {
            let slot = self.slots.get(at);
            if slot == 0 {
                return None;
            }
            if slot >> PLACE_BITS == kept
                && let Some(found) = is_it(Place((slot & PLACE_MASK) - 1))
            {
                return Some(found);
            }
            at = (at + 1) & mask;
        }
    }

    #[inline]
    pub(super) fn insert(&mut self, hash: u64, place: Place) {
        if (self.len + 1) * 4 > self.slots.len() * 3 {
            self.grow();
        }
        self.place(slot_of(hash, place));
        self.len += 1;
    }

    fn remove(&mut self, hash: u64, place: Place) -> bool {
        let Some(mut gap) = self.position(hash, place) else {
            return false;
        };
        // Close the gap: a later slot of the same run moves up if its home is not behind the gap.
        let mask = self.slots.len() - 1;
        let mut at = gap;
        loop {
            at = (at + 1) & mask;
            let slot = self.slots.get(at);
            if slot == 0 {
                break;
            }
            let home = (slot >> PLACE_BITS) as usize & mask;
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(gap) & mask {
                self.slots.set(gap, slot);
                gap = at;
            }
        }
        self.slots.set(gap, 0);
        self.len -= 1;
        true
    }

    fn replace(&mut self, hash: u64, from: Place, to: Place) {
        if let Some(at) = self.position(hash, from) {
            self.slots.set(at, slot_of(hash, to));
        }
    }

    fn position(&self, hash: u64, place: Place) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        let wanted = slot_of(hash, place);
        let mut at = kept(hash) as usize & mask;
        while self.slots.get(at) != wanted {
            if self.slots.get(at) == 0 {
                return None;
            }
            at = (at + 1) & mask;
        }
        Some(at)
    }

    #[inline]
    fn place(&mut self, slot: u64) {
        let mask = self.slots.len() - 1;
        let mut at = (slot >> PLACE_BITS) as usize & mask;
        while self.slots.get(at) != 0 {
            at = (at + 1) & mask;
        }
        self.slots.set(at, slot);
    }

    /// Doubles the table. Records of one hash keep their order: a run that wraps around is taken from where it begins.
    #[cold]
    fn grow(&mut self) {
        let slots = HugeWords::zeroed((self.slots.len() * 2).max(MIN_SLOTS));
        let old = std::mem::replace(&mut self.slots, slots);
        let between_runs = (0..old.len()).find(|&at| old.get(at) == 0).unwrap_or(0);
        for at in (between_runs..old.len()).chain(0..between_runs) {
            let slot = old.get(at);
            if slot != 0 {
                self.place(slot);
            }
        }
    }
}

#[inline]
fn slot_of(hash: u64, place: Place) -> u64 {
    debug_assert!(place.0 < PLACE_MASK);
    kept(hash) << PLACE_BITS | (place.0 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn which(wanted: u64) -> impl FnMut(Place) -> Option<u64> {
        move |place| (place.0 == wanted).then_some(place.0)
    }

    proptest! {
        /// Few hashes, all close to the end of the table: runs are long and wrap around.
        #[test]
        fn finds_what_is_there_and_nothing_else(operations in prop::collection::vec((0u64..60, 0u8..3), 0..400)) {
            let hash_of = |number: u64| u64::MAX - ((number % 7) << (60 - HASH_BITS));
            let mut table = PlaceTable::default();
            let mut model = BTreeSet::new();
            for (number, operation) in operations {
                match operation {
                    0 | 1 if model.insert(number) => table.insert(hash_of(number), Place(number)),
                    2 => prop_assert_eq!(table.remove(hash_of(number), Place(number)), model.remove(&number)),
                    _ => {
                        // Somewhere else and back again.
                        table.replace(hash_of(number), Place(number), Place(1000));
                        prop_assert_eq!(table.find(hash_of(number), which(number)), None);
                        table.replace(hash_of(number), Place(1000), Place(number));
                    }
                }
                for number in 0..60 {
                    let found = table.find(hash_of(number), which(number));
                    prop_assert_eq!(found.is_some(), model.contains(&number));
                }
            }
        }
    }

    #[test]
    fn of_one_hash_the_first_added_is_found_first() {
        let first_of = |hash: u64, others: u64| {
            let mut table = PlaceTable::default();
            table.insert(hash, Place(6));
            table.insert(hash, Place(10));
            for other in 0..others {
                let scattered = other.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 4 | hash & (0xf << 60);
                table.insert(scattered, Place(100 + other));
            }
            table.find(hash, |place| (place.0 < 100).then_some(place.0))
        };
        for others in 0..50 {
            // The last of these begin a run at the end of the table that goes on at its start.
            for step in 0..40 {
                let hash = u64::MAX - (step << (60 - HASH_BITS));
                assert_eq!(first_of(hash, others), Some(6), "step={step} others={others}");
            }
        }
    }

    #[test]
    fn the_highest_place_has_room() {
        let mut table = PlaceTable::default();
        let last = PLACE_MASK - 1;
        table.insert(u64::MAX, Place(last));
        assert_eq!(table.find(u64::MAX, which(last)), Some(last));
        assert!(table.remove(u64::MAX, Place(last)));
    }
}
