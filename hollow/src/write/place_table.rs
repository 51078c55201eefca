//! From the bytes of a record to where they lie: open-addressing tables of places.
//!
//! ```text
//! hash:  | 4 bits: which stripe | 26 bits: where, and in the slot | 7 bits: tag | ..
//! tags:  a byte for each slot   | 1 | 7 bits of the hash  |               0 is empty
//! slots: | 26 bits of the hash  | 38 bits: place          |
//! ```
//!
//! A look at eight tags tells for most records that are new that they are: the tags of ten million records are sixteen
//! megabytes, which a cache holds, while the slots are not even read. A record lies with its ordinal in the
//! [`RecordStore`](super::record_store), so for one that is known a slot and the record itself are looked at.
//!
//! Linear probing, at most three quarters full; removing moves later slots up, so there are no tombstones and no
//! rehashing beyond doubling. Costs 12 to 24 bytes a record.
//!
//! Stripes are tables of their own, so that several threads can add records at once (`parallel`), and so that doubling
//! moves a sixteenth at a time.

use super::huge::HugeBytes;
use super::record_store::Place;

/// Tables of a type.
pub(super) const STRIPES: usize = 16;
const MIN_SLOTS: usize = 16;
/// Bytes of a slot.
const SLOT: usize = size_of::<u64>();
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

/// The part of a hash that a tag holds.
#[inline]
fn tag_of(hash: u64) -> u8 {
    0x80 | (hash >> (60 - HASH_BITS - 7)) as u8
}

/// The lowest bit of each byte, and the highest.
const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = LOW << 7;
/// Tags that are looked at together.
const GROUP: usize = 8;

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
        self.stripes.iter().map(|stripe| stripe.bytes.len()).sum()
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
    /// The tags, the first of them once more at the end, then the slots.
    bytes: HugeBytes,
    /// The number of slots: a power of two, or none.
    size: usize,
    len: usize,
}

impl Stripe {
    fn with_size(size: usize) -> Self {
        Self {
            bytes: HugeBytes::zeroed(size + GROUP + size * SLOT),
            size,
            len: 0,
        }
    }

    #[inline]
    pub(super) fn find<T>(&self, hash: u64, mut is_it: impl FnMut(Place) -> Option<T>) -> Option<T> {
        if self.size == 0 {
            return None;
        }
        let (kept, tag) = (kept(hash), tag_of(hash));
        let mut at = kept as usize & (self.size - 1);
        loop {
            let tags = self.tags(at);
            let empty = !tags & HIGH;
            // Bytes that are equal to the tag, before the first that is empty; some others may be among them.
            let differing = tags ^ (u64::from(tag) * LOW);
            let mut equal = differing.wrapping_sub(LOW) & !differing & HIGH;
            if empty != 0 {
                equal &= (empty & empty.wrapping_neg()) - 1;
            }
            while equal != 0 {
                let slot = self.slot((at + equal.trailing_zeros() as usize / 8) & (self.size - 1));
                if slot >> PLACE_BITS == kept
                    && let Some(found) = is_it(Place(slot & PLACE_MASK))
                {
                    return Some(found);
                }
                equal &= equal - 1;
            }
            if empty != 0 {
                return None;
            }
            at = (at + GROUP) & (self.size - 1);
        }
    }

    #[inline]
    pub(super) fn insert(&mut self, hash: u64, place: Place) {
        if (self.len + 1) * 4 > self.size * 3 {
            self.grow();
        }
        self.put(tag_of(hash), slot_of(hash, place));
        self.len += 1;
    }

    fn remove(&mut self, hash: u64, place: Place) -> bool {
        let Some(mut gap) = self.position(hash, place) else {
            return false;
        };
        // Close the gap: a later slot of the same run moves up if its home is not behind the gap.
        let mask = self.size - 1;
        let mut at = gap;
        loop {
            at = (at + 1) & mask;
            let tag = self.tag(at);
            if tag == 0 {
                break;
            }
            let slot = self.slot(at);
            let home = (slot >> PLACE_BITS) as usize & mask;
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(gap) & mask {
                self.set(gap, tag, slot);
                gap = at;
            }
        }
        self.set(gap, 0, 0);
        self.len -= 1;
        true
    }

    fn replace(&mut self, hash: u64, from: Place, to: Place) {
        if let Some(at) = self.position(hash, from) {
            self.set(at, tag_of(hash), slot_of(hash, to));
        }
    }

    fn position(&self, hash: u64, place: Place) -> Option<usize> {
        let mask = self.size.checked_sub(1)?;
        let wanted = slot_of(hash, place);
        let mut at = kept(hash) as usize & mask;
        while self.tag(at) != 0 {
            if self.slot(at) == wanted {
                return Some(at);
            }
            at = (at + 1) & mask;
        }
        None
    }

    /// Puts a slot in the first place from its home that is empty.
    #[inline]
    fn put(&mut self, tag: u8, slot: u64) {
        let mask = self.size - 1;
        let mut at = (slot >> PLACE_BITS) as usize & mask;
        let empty = loop {
            let empty = !self.tags(at) & HIGH;
            if empty != 0 {
                break empty;
            }
            at = (at + GROUP) & mask;
        };
        self.set((at + empty.trailing_zeros() as usize / 8) & mask, tag, slot);
    }

    /// Doubles the table. Records of one hash keep their order: a run that wraps around is taken from where it begins.
    #[cold]
    fn grow(&mut self) {
        let size = (self.size * 2).max(MIN_SLOTS);
        let old = std::mem::replace(self, Self::with_size(size));
        let between_runs = (0..old.size).find(|&at| old.tag(at) == 0).unwrap_or(0);
        for at in (between_runs..old.size).chain(0..between_runs) {
            let tag = old.tag(at);
            if tag != 0 {
                self.put(tag, old.slot(at));
            }
        }
        self.len = old.len;
    }

    #[inline]
    fn tag(&self, at: usize) -> u8 {
        self.bytes[at]
    }

    /// Eight tags from this one on.
    #[inline]
    fn tags(&self, at: usize) -> u64 {
        let tags = self.bytes[at..].first_chunk::<GROUP>();
        tags.map_or(0, |tags| u64::from_le_bytes(*tags))
    }

    #[inline]
    fn slot(&self, at: usize) -> u64 {
        let slot = self.bytes[self.size + GROUP + at * SLOT..].first_chunk::<SLOT>();
        slot.map_or(0, |slot| u64::from_le_bytes(*slot))
    }

    #[inline]
    fn set(&mut self, at: usize, tag: u8, slot: u64) {
        self.bytes[at] = tag;
        if at < GROUP {
            let again = self.size + at;
            self.bytes[again] = tag;
        }
        let from = self.size + GROUP + at * SLOT;
        self.bytes[from..from + SLOT].copy_from_slice(&slot.to_le_bytes());
    }
}

#[inline]
fn slot_of(hash: u64, place: Place) -> u64 {
    debug_assert!(place.0 <= PLACE_MASK);
    kept(hash) << PLACE_BITS | place.0
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
        let last = PLACE_MASK;
        table.insert(u64::MAX, Place(last));
        assert_eq!(table.find(u64::MAX, which(last)), Some(last));
        assert!(table.remove(u64::MAX, Place(last)));
    }
}
