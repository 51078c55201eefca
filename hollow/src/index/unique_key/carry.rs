//! A unique key index carried from one state to the next.

use super::{Keys, UniqueKey};
use crate::Ordinal;
use crate::index::ordered::Entry;
use crate::index::table::Keyed;
use crate::read::{ReadState, Transition};
use roaring::RoaringBitmap;
use std::cmp::Ordering;
use std::sync::Arc;

pub(super) fn entry((head, ordinal): (u64, Ordinal)) -> Entry {
    Entry { head, ordinal }
}

impl UniqueKey {
    /// The index of the state that follows: `after` was made of `before`, to which this one belongs, by a delta.
    ///
    /// The cost is that of the records of the type that changed, and of copying the pages of the table they stand in
    /// (1 KB each); if more than half of the records did, that of building an index. It is enough to look at the type
    /// itself: a record never changes, so where the value at the end of a path is another one now, so is the record.
    pub fn next(&self, before: &ReadState, after: &ReadState) -> Self {
        let changes = Transition::of_type(before, after, &self.type_name);
        if changes.is_empty() {
            return self.clone();
        }
        let number = changes.removed.len() + changes.added.len();
        if number > self.table.len().max(64) as u64 || self.table.is_outgrown() {
            return self.rebuilt(after);
        }
        let mut next = self.clone();
        next.table.prepare_for(number as usize);
        let (removed, without_key) = self.hashed(before, &changes.removed);
        let all_found = removed.iter().all(|&(hash, old)| next.remove(before, hash, old));
        let Some(incomplete) = self.incomplete.checked_sub(without_key).filter(|_| all_found) else {
            // References of a state that is not whole led elsewhere when the record was indexed.
            return self.rebuilt(after);
        };
        let (added, without_key) = self.hashed(after, &changes.added);
        next.incomplete = incomplete + without_key;
        added.iter().for_each(|&(hash, new)| next.insert(after, hash, new));
        next
    }

    /// Records with the hashes of their keys, in the order of the pages they stand in, and how many have no key.
    fn hashed(&self, state: &ReadState, numbers: &RoaringBitmap) -> (Vec<(u64, Ordinal)>, usize) {
        let keys = self.keys(state);
        let ordinals = numbers.iter().filter_map(Ordinal::new);
        let mut hashed: Vec<_> = ordinals
            .filter_map(|ordinal| Some((keys.hash_of(ordinal)?, ordinal)))
            .collect();
        hashed.sort_unstable();
        let without_key = numbers.len() as usize - hashed.len();
        (hashed, without_key)
    }

    /// Takes out a record of `before`; false if it is not in the index.
    fn remove(&mut self, before: &ReadState, hash: u64, old: Ordinal) -> bool {
        if !self.table.remove(hash, old) {
            return self.hidden.remove(entry((hash, old)), |other| other.cmp(&old));
        }
        if self.hidden.is_empty() {
            return true;
        }
        // The next lower record with the key takes its place. It may be removed too, later.
        let keys = self.keys(before);
        let from = self.hidden.lower_bound(hash, |_| Ordering::Greater);
        let mut same_hash = self
            .hidden
            .between(from, self.hidden.end())
            .take_while(|entry| entry.head == hash);
        let heir = same_hash.find(|entry| keys.same(entry.ordinal, old));
        if let Some(heir) = heir {
            self.hidden.remove(heir, |other| other.cmp(&heir.ordinal));
            self.put(before, hash, heir.ordinal);
        }
        true
    }

    /// Adds a record of `after`.
    fn insert(&mut self, after: &ReadState, hash: u64, new: Ordinal) {
        let keys = self.keys(after);
        let hidden = match self.table.find(hash, |found| keys.same(found, new)) {
            None => return self.put(after, hash, new),
            Some(found) if found < new => new,
            Some(found) => {
                self.table.replace(hash, found, new);
                found
            }
        };
        self.hidden.insert(entry((hash, hidden)), |other| other.cmp(&hidden));
    }

    fn put(&mut self, state: &ReadState, hash: u64, ordinal: Ordinal) {
        let (shape, seeds) = (Arc::clone(&self.shape), self.seeds);
        let keys = Keys::new(&shape, &seeds, state);
        self.table.insert(hash, ordinal, |entry| keys.hash_of(entry));
    }
}
