//! Ordinals in an order of their own, shared between states: blocks, copied when they are first changed.
//!
//! Each entry has a *head*, eight bytes that come first in the order; only between equal heads must the records be
//! asked. Looking something up is two binary searches over numbers that lie side by side.

#[cfg(test)]
mod tests;

use crate::Ordinal;
use std::cmp::Ordering;
use std::sync::Arc;

/// Entries of a block at most.
const BLOCK: usize = 512;
/// Entries of a block when a list is built.
const FILL: usize = 384;

/// An ordinal with the first part of what it is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) head: u64,
    pub(super) ordinal: Ordinal,
}

#[derive(Clone, Debug, Default)]
struct Block {
    heads: Vec<u64>,
    ordinals: Vec<Ordinal>,
}

#[derive(Clone, Debug)]
struct Top {
    /// The head of the first entry of the block.
    first: u64,
    block: Arc<Block>,
}

/// An ordered list of entries. A clone shares all blocks.
#[derive(Clone, Debug, Default)]
pub(super) struct Ordered {
    tops: Arc<Vec<Top>>, // no block is empty
    len: usize,
}

/// A place in the list: block, and index in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(usize, usize);

impl Place {
    /// The place of the first entry.
    pub(super) const START: Self = Self(0, 0);
}

impl Block {
    fn entry(&self, at: usize) -> Option<Entry> {
        Some(Entry {
            head: *self.heads.get(at)?,
            ordinal: *self.ordinals.get(at)?,
        })
    }

    fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.heads.capacity() * 8 + self.ordinals.capacity() * 4
    }
}

impl Ordered {
    /// A list of entries that are in order.
    pub(super) fn build(entries: &[Entry]) -> Self {
        let blocks = entries.chunks(FILL).map(|entries| Top {
            first: entries.first().map_or(0, |entry| entry.head),
            block: Arc::new(Block {
                heads: entries.iter().map(|entry| entry.head).collect(),
                ordinals: entries.iter().map(|entry| entry.ordinal).collect(),
            }),
        });
        Self {
            tops: Arc::new(blocks.collect()),
            len: entries.len(),
        }
    }

    /// Appends entries that are not before any there is, as blocks of their own.
    pub(super) fn push(&mut self, entries: &[Entry]) {
        let more = Self::build(entries);
        Arc::make_mut(&mut self.tops).extend(more.tops.iter().cloned());
        self.len += more.len;
    }

    /// The blocks: heads and ordinals, ascending.
    pub(super) fn blocks(&self) -> impl Iterator<Item = (&[u64], &[Ordinal])> {
        self.tops.iter().map(|top| (&*top.block.heads, &*top.block.ordinals))
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes held.
    pub(super) fn memory_bytes(&self) -> usize {
        let blocks: usize = self.tops.iter().map(|top| top.block.memory_bytes() + 16).sum();
        blocks + self.tops.capacity() * size_of::<Top>()
    }

    /// The first entry that is not before what is looked for: `head` first, then `order` of an entry with that head.
    pub(super) fn lower_bound(&self, head: u64, mut order: impl FnMut(Ordinal) -> Ordering) -> Place {
        let mut is_before = |first: u64, entry: &dyn Fn() -> Option<Ordinal>| match first.cmp(&head) {
            Ordering::Equal => entry().is_some_and(|ordinal| order(ordinal) == Ordering::Less),
            different => different == Ordering::Less,
        };
        let after = self
            .tops
            .partition_point(|top| is_before(top.first, &|| top.block.ordinals.first().copied()));
        let Some(at) = after.checked_sub(1) else {
            return Place::START;
        };
        let block = &self.tops[at].block;
        // Between entries of other heads no record need be asked.
        let from = block.heads.partition_point(|&other| other < head);
        let mut within = 0;
        if block.heads.get(from) == Some(&head) {
            let to = from + block.heads[from..].partition_point(|&other| other == head);
            within = block.ordinals[from..to].partition_point(|&ordinal| is_before(head, &|| Some(ordinal)));
        }
        match from + within {
            index if index == block.heads.len() => Place(at + 1, 0),
            index => Place(at, index),
        }
    }

    /// The entry at a place.
    pub(super) fn get(&self, place: Place) -> Option<Entry> {
        self.tops.get(place.0)?.block.entry(place.1)
    }

    /// The entries from one place up to another, ascending.
    pub(super) fn between(&self, from: Place, to: Place) -> Entries<'_> {
        Entries { list: self, from, to }
    }

    /// All entries, ascending.
    pub(super) fn iter(&self) -> Entries<'_> {
        self.between(Place::START, self.end())
    }

    /// The place after the last entry.
    pub(super) fn end(&self) -> Place {
        Place(self.tops.len(), 0)
    }

    /// How many entries there are from one place up to another. Looks at each block between them.
    pub(super) fn count(&self, from: Place, to: Place) -> usize {
        if to <= from {
            return 0;
        }
        let blocks = self.tops.get(from.0..to.0).unwrap_or_default();
        blocks.iter().map(|top| top.block.heads.len()).sum::<usize>() + to.1 - from.1
    }

    /// Adds an entry before the first that is not before it, by `order` of those with the same head.
    pub(super) fn insert(&mut self, entry: Entry, order: impl FnMut(Ordinal) -> Ordering) {
        let mut place = self.lower_bound(entry.head, order);
        let tops = Arc::make_mut(&mut self.tops);
        // At the border of two blocks either will do, and the last one has no block after it.
        if place.1 == 0 && place.0 > 0 {
            place = Place(place.0 - 1, tops[place.0 - 1].block.heads.len());
        }
        if tops.is_empty() {
            tops.push(Top {
                first: entry.head,
                block: Arc::default(),
            });
        }
        let top = &mut tops[place.0];
        let block = Arc::make_mut(&mut top.block);
        block.heads.insert(place.1, entry.head);
        block.ordinals.insert(place.1, entry.ordinal);
        top.first = block.heads[0];
        if block.heads.len() > BLOCK {
            let upper = Block {
                heads: block.heads.split_off(BLOCK / 2),
                ordinals: block.ordinals.split_off(BLOCK / 2),
            };
            let first = upper.heads[0];
            let block = Arc::new(upper);
            tops.insert(place.0 + 1, Top { first, block });
        }
        self.len += 1;
    }

    /// Removes an entry; false if it is not there. `order` compares those with the same head with it.
    pub(super) fn remove(&mut self, entry: Entry, order: impl FnMut(Ordinal) -> Ordering) -> bool {
        let place = self.lower_bound(entry.head, order);
        if self.get(place) != Some(entry) {
            return false;
        }
        let tops = Arc::make_mut(&mut self.tops);
        let top = &mut tops[place.0];
        let block = Arc::make_mut(&mut top.block);
        block.heads.remove(place.1);
        block.ordinals.remove(place.1);
        match block.heads.first() {
            Some(&first) => top.first = first,
            None => drop(tops.remove(place.0)),
        }
        self.join_small(place.0);
        self.join_small(place.0.saturating_sub(1));
        self.len -= 1;
        true
    }

    /// Joins a block with the one after it if both are small, so that blocks do not dwindle.
    fn join_small(&mut self, at: usize) {
        let [left, right] = match self.tops.get(at..at + 2) {
            Some([left, right]) => [left, right],
            _ => return,
        };
        if left.block.heads.len() + right.block.heads.len() > BLOCK / 4 {
            return;
        }
        let tops = Arc::make_mut(&mut self.tops);
        let right = tops.remove(at + 1);
        let left = Arc::make_mut(&mut tops[at].block);
        left.heads.extend_from_slice(&right.block.heads);
        left.ordinals.extend_from_slice(&right.block.ordinals);
    }
}

/// Entries of an ordered list, ascending.
#[derive(Clone, Debug)]
pub(super) struct Entries<'a> {
    list: &'a Ordered,
    from: Place,
    to: Place,
}

impl Entries<'_> {
    /// The place of the next entry, and the one after the last.
    pub(super) fn ends(&self) -> (Place, Place) {
        (self.from, self.to)
    }
}

impl Iterator for Entries<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        loop {
            if self.from >= self.to {
                return None;
            }
            let block = &self.list.tops.get(self.from.0)?.block;
            if let Some(entry) = block.entry(self.from.1) {
                self.from.1 += 1;
                return Some(entry);
            }
            self.from = Place(self.from.0 + 1, 0);
        }
    }
}
