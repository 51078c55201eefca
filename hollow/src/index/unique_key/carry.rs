//! A unique key index carried from one state to the next.

use super::UniqueKey;
use crate::Ordinal;
use crate::index::ordered::Entry;
use crate::index::table::Keyed;
use crate::read::{ReadState, Transition};

pub(super) fn entry((head, ordinal): (u64, Ordinal)) -> Entry {
    Entry { head, ordinal }
}

impl UniqueKey {
    /// The index of the state that follows: `after` was made of `before`, to which this one belongs, by a delta.
    ///
    /// The cost is that of the records of the type that changed, and of copying the pages of the table they stand in
    /// (4 KB each); if more than half of the records did, that of building an index. It is enough to look at the type
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
        let ordinals = |numbers: &roaring::RoaringBitmap| -> Vec<Ordinal> {
            numbers.iter().filter_map(Ordinal::new).collect()
        };
        let removed = ordinals(&changes.removed);
        let all_found = removed.iter().all(|&old| next.remove(before, old));
        if !all_found {
            // References of a state that is not whole led elsewhere when the record was indexed.
            return self.rebuilt(after);
        }
        ordinals(&changes.added).iter().for_each(|&new| next.insert(after, new));
        next
    }

    /// Takes out a record of `before`; false if it is not in the index.
    fn remove(&mut self, before: &ReadState, old: Ordinal) -> bool {
        let Some(hash) = self.keys(before).hash_of(old) else {
            return match self.incomplete.checked_sub(1) {
                Some(left) => {
                    self.incomplete = left;
                    true
                }
                None => false,
            };
        };
        if !self.table.remove(hash, old) {
            return self.hidden.remove(entry((hash, old)), |other| other.cmp(&old));
        }
        if self.hidden.is_empty() {
            return true;
        }
        // The next lower record with the key takes its place. It may be removed too, later.
        let keys = self.keys(before);
        let from = self.hidden.lower_bound(hash, |_| std::cmp::Ordering::Greater);
        let mut same_hash = self.hidden.between(from, self.hidden.end()).take_while(|entry| entry.head == hash);
        let heir = same_hash.find(|entry| keys.same(entry.ordinal, old));
        if let Some(heir) = heir {
            self.hidden.remove(heir, |other| other.cmp(&heir.ordinal));
            self.put(before, hash, heir.ordinal);
        }
        true
    }

    /// Adds a record of `after`.
    fn insert(&mut self, after: &ReadState, new: Ordinal) {
        let keys = self.keys(after);
        let Some(hash) = keys.hash_of(new) else {
            self.incomplete += 1;
            return;
        };
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
        let (shape, seeds) = (std::sync::Arc::clone(&self.shape), self.seeds);
        let keys = super::Keys::new(&shape, seeds, state);
        self.table.insert(hash, ordinal, |entry| keys.hash_of(entry));
    }
}
