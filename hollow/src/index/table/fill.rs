//! Building a table.

use super::{Mark, PAGE_LINES, Slab, Spread, Table, find_in, line, pages_for, put};
use crate::Ordinal;
use std::sync::Arc;

/// What a table is filled with.
pub(in crate::index) trait Keyed {
    /// Whether two entries of the same hash have the same key.
    fn same(&self, a: Ordinal, b: Ordinal) -> bool;
}

/// Fills a table batch by batch, each in parts by place, so that what is written to lies close together.
pub(in crate::index) struct Filler {
    base: Slab,
    pages: u32,
    len: usize,
    /// The entries of a batch with their hashes, by the first bits of these.
    parts: Vec<Vec<(u64, Ordinal)>>,
    waiting: usize,
    /// Entries whose pages are full.
    left: Vec<(u64, Ordinal)>,
    /// Entries with the key of one that came before, with their hashes.
    hidden: Vec<(u64, Ordinal)>,
}

/// Entries of a batch: so many that a line which is taken into the cache gets several.
pub(super) const BATCH: usize = 1 << 22;
/// Bits of the hash that choose the part. The table's share of one fits the cache.
const PART_BITS: u32 = 8;

impl Filler {
    /// For about this many entries.
    pub(in crate::index) fn new(entries: usize) -> Self {
        let pages = pages_for(entries);
        let in_part = entries.min(BATCH) >> PART_BITS;
        Self {
            base: Slab::zeroed(pages * PAGE_LINES),
            pages: pages as u32,
            len: 0,
            parts: (0..1 << PART_BITS)
                .map(|_| Vec::with_capacity(in_part + in_part / 8))
                .collect(),
            waiting: 0,
            left: Vec::new(),
            hidden: Vec::new(),
        }
    }

    /// Adds an entry, unless one with the same key has been.
    #[inline]
    pub(in crate::index) fn push(&mut self, hash: u64, entry: Ordinal, keyed: &impl Keyed) {
        if let Some(part) = self.parts.get_mut((hash >> (u64::BITS - PART_BITS)) as usize) {
            part.push((hash, entry));
        }
        self.waiting += 1;
        if self.waiting == BATCH {
            self.flush(keyed);
        }
    }

    #[inline(never)]
    fn flush(&mut self, keyed: &impl Keyed) {
        self.waiting = 0;
        let lines = self.base.lines_mut();
        for (hash, new) in self.parts.iter_mut().flat_map(|part| part.drain(..)) {
            let (spread, mark) = (Spread::of(hash, self.pages), Mark::of(hash));
            let home = &mut lines[spread.line()];
            if line::is_without(home, mark) && line::put(home, mark, new) {
                self.len += 1;
                continue;
            }
            let start = spread.page() * PAGE_LINES;
            let page = &mut lines[start..start + PAGE_LINES];
            if find_in(page, spread, mark, |entry| keyed.same(entry, new)).is_some() {
                self.hidden.push((hash, new));
            } else if put(page, spread, mark, new) {
                self.len += 1;
            } else {
                self.left.push((hash, new));
            }
        }
    }

    /// The table, and the entries that have the key of one in it, which came before.
    pub(in crate::index) fn finish(
        mut self,
        keyed: &impl Keyed,
        hash_of: impl Fn(Ordinal) -> Option<u64>,
    ) -> (Table, Vec<(u64, Ordinal)>) {
        self.flush(keyed);
        let mut table = Table {
            base: Arc::new(self.base),
            changes: None,
            pages: self.pages,
            len: self.len,
        };
        for (hash, new) in self.left {
            match table.find(hash, |entry| keyed.same(entry, new)) {
                Some(_) => self.hidden.push((hash, new)),
                None => table.insert(hash, new, &hash_of),
            }
        }
        (table, self.hidden)
    }
}
