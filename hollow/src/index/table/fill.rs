//! Building a table.

use super::{Mark, PAGE_LINES, Slab, Spread, Table, find_in, line, pages_for, put};
use crate::Ordinal;
use std::sync::Arc;

/// What a table is filled with.
pub(in crate::index) trait Keyed {
    /// Whether two entries of the same hash have the same key.
    fn same(&self, a: Ordinal, b: Ordinal) -> bool;
}

/// Fills a table batch by batch, each in the order of pages, so that what is written to lies close together.
pub(in crate::index) struct Filler {
    base: Slab,
    pages: u32,
    len: usize,
    batch: Vec<(u64, Ordinal)>,
    /// A batch in order.
    sorted: Vec<(u64, Ordinal)>,
    /// Entries whose pages are full.
    left: Vec<(u64, Ordinal)>,
    /// Entries with the key of one that came before, with their hashes.
    hidden: Vec<(u64, Ordinal)>,
}

/// Entries put in order together.
pub(super) const BATCH: usize = 1 << 20;
/// Parts that a batch is divided into, by the first bits of the hash and so by page.
const PARTS: usize = 256;

impl Filler {
    /// For about this many entries.
    pub(in crate::index) fn new(entries: usize) -> Self {
        let pages = pages_for(entries);
        Self {
            base: Slab::zeroed(pages * PAGE_LINES),
            pages: pages as u32,
            len: 0,
            batch: Vec::with_capacity(entries.min(BATCH)),
            sorted: Vec::new(),
            left: Vec::new(),
            hidden: Vec::new(),
        }
    }

    /// Adds an entry, unless one with the same key has been.
    #[inline]
    pub(in crate::index) fn push(&mut self, hash: u64, entry: Ordinal, keyed: &impl Keyed) {
        self.batch.push((hash, entry));
        if self.batch.len() == BATCH {
            self.flush(keyed);
        }
    }

    fn flush(&mut self, keyed: &impl Keyed) {
        let part = |hash: u64| (hash >> 56) as usize;
        let mut starts = [0usize; PARTS];
        self.batch.iter().for_each(|(hash, _)| starts[part(*hash)] += 1);
        let mut total = 0;
        for start in &mut starts {
            total += std::mem::replace(start, total);
        }
        self.sorted.clone_from(&self.batch); // only to have the length
        for entry in self.batch.drain(..) {
            let at = &mut starts[part(entry.0)];
            self.sorted[*at] = entry;
            *at += 1;
        }
        let lines = self.base.lines_mut();
        for &(hash, new) in &self.sorted {
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
