//! From the bytes of a record to where they lie: open-addressing tables of places.
//!
//! ```text
//! hash: | 4 bits: which stripe | 26 bits: which slot | .. | 8 bits: tag |
//! ```
//!
//! A record lies with its ordinal in the [`RecordStore`](super::record_store), so one look at the slot and one at the
//! record tell whether it is known and which ordinal it has. That a record is new shows without looking at either: see
//! [`Stripe`].
//!
//! Stripes are tables of their own, so that several threads can add records at once (`parallel`), and so that growing
//! moves a sixteenth at a time.

mod stripe;

use super::record_store::Place;
pub(super) use stripe::Stripe;

/// Tables of a type.
pub(super) const STRIPES: usize = 16;

/// The stripe of a hash.
#[inline]
pub(super) fn stripe_of(hash: u64) -> usize {
    (hash >> 60) as usize
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

    /// What looking for this hash reads first; nothing else is to be had from it.
    #[inline]
    pub(super) fn tags_at(&self, hash: u64) -> u64 {
        self.stripes[stripe_of(hash)].tags_at(hash)
    }

    /// The slot that looking for this hash reads next, if there is one.
    #[inline]
    pub(super) fn slot_at(&self, hash: u64) -> u64 {
        self.stripes[stripe_of(hash)].slot_at(hash)
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
        self.stripes.iter().map(Stripe::memory_bytes).sum()
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

#[cfg(test)]
mod tests;
