//! A hash table of ordinals that states share: pages of lines, a page copied when it is first changed.
//!
//! ```text
//! hash  | 32 bits: line | .. | 4 bits: filter | 3 + 8 bits: fingerprint |
//!
//! base     page | page | page | ..    16 lines each, one allocation, as the table was built
//! changes  for each page where it is now, if not in the base: in which segment, and how many lines it has there
//! ```
//!
//! The table knows ordinals and 11 bits of their hash, never a key: who asks compares the record. An entry stands in the
//! line of its hash or, if that is full, in one after it in the same page. Each line counts the entries that passed it
//! so, and has 16 bits that say which can have: most keys that are not there are known not to be after one line, which
//! is one line of the processor's cache. In a table as it was built the hash alone says where that line is; nothing else
//! need be read to get there.
//!
//! The number of pages is chosen when a table is built. A page that fills up is laid out anew with half as many lines
//! again, which costs the time to hash some hundred keys. When half of them were ([`Table::is_outgrown`]), which is when
//! there are a fifth more entries than it was built for, a table should be built anew.

mod changes;
mod fill;
mod line;
mod stored;
#[cfg(test)]
mod tests;

use crate::Ordinal;
use crate::memory::slab::{LINE_BYTES, Line, Slab};
use changes::{Changes, Place};
pub(super) use fill::{Filler, Keyed};
pub(super) use line::Glance;
use line::{Look, Mark, SLOTS, look};
use std::sync::Arc;
pub(super) use stored::StoredTable;

/// Lines of a page that did not grow.
const PAGE_LINES: usize = 1 << PAGE_BITS;
const PAGE_BITS: u32 = 4;
/// How full lines are when a table is built, in entries for 10 lines.
const FILL: usize = 93;

/// Ordinals by hash. A clone shares all lines.
#[derive(Clone, Debug)]
pub(super) struct Table {
    base: Arc<Slab>,
    changes: Option<Arc<Changes>>,
    pages: u32,
    len: usize,
}

/// Where an entry of some hash begins to be looked for: the page, and 32 bits that say which of its lines.
#[derive(Clone, Copy)]
struct Spread(u64);

impl Spread {
    /// The product of 32 bits of the hash with the number of pages, so that any number will do.
    #[inline]
    fn of(hash: u64, pages: u32) -> Self {
        Self((hash >> 32) * u64::from(pages))
    }

    #[inline]
    fn page(self) -> usize {
        (self.0 >> 32) as usize
    }

    /// The line in the base.
    #[inline]
    fn line(self) -> usize {
        (self.0 >> (32 - PAGE_BITS)) as usize
    }

    /// The line in a page of so many.
    #[inline]
    fn home(self, lines: usize) -> usize {
        (((self.0 & u64::from(u32::MAX)) * lines as u64) >> 32) as usize
    }
}

/// Pages for so many entries.
fn pages_for(entries: usize) -> usize {
    (entries * 10).div_ceil(PAGE_LINES * FILL).clamp(1, 1 << 24)
}

/// A page of the base.
#[inline]
fn in_base(base: &Slab, page: usize) -> &[Line] {
    let at = page * PAGE_LINES;
    base.lines().get(at..at + PAGE_LINES).unwrap_or_default()
}

impl Table {
    /// An empty table for about this many entries.
    pub(super) fn with_capacity(entries: usize) -> Self {
        let pages = pages_for(entries);
        Self {
            base: Arc::new(Slab::zeroed(pages * PAGE_LINES)),
            changes: None,
            pages: pages as u32,
            len: 0,
        }
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether so many pages had to grow that the table should be built anew, for more.
    pub(super) fn is_outgrown(&self) -> bool {
        let grown = self.changes.as_ref().map_or(0, |changes| changes.grown());
        grown * 2 > self.pages as usize
    }

    /// Bytes held.
    pub(super) fn memory_bytes(&self) -> usize {
        self.base.memory_bytes() + self.changes.as_ref().map_or(0, |changes| changes.memory_bytes())
    }

    /// The lines of each page.
    pub(super) fn pages(&self) -> impl Iterator<Item = &[Line]> {
        (0..self.pages as usize).map(|number| self.page(number))
    }

    /// All entries, in no order that means anything.
    pub(super) fn entries(&self) -> impl Iterator<Item = Ordinal> + '_ {
        self.pages().flatten().flat_map(line::entries)
    }

    fn page(&self, number: usize) -> &[Line] {
        let changed = self.changes.as_ref().and_then(|changes| changes.page(number));
        changed.unwrap_or_else(|| in_base(&self.base, number))
    }

    /// The table made ready for many look-ups.
    #[inline]
    pub(super) fn lookup(&self) -> Lookup<'_> {
        Lookup {
            lines: self.base.lines(),
            changed: self.changes.as_deref().map_or(&[], Changes::places),
            changes: self.changes.as_deref(),
            pages: self.pages,
        }
    }

    /// The entry with this hash for which `same` says so.
    pub(super) fn find(&self, hash: u64, same: impl Fn(Ordinal) -> bool + Copy) -> Option<Ordinal> {
        self.lookup().find(hash, same)
    }

    /// Where an entry is: its page, line and place.
    fn locate(&self, hash: u64, entry: Ordinal) -> Option<(usize, usize, usize)> {
        let spread = Spread::of(hash, self.pages);
        let (at, place, _) = find_in(self.page(spread.page()), spread, Mark::of(hash), |found| found == entry)?;
        Some((spread.page(), at, place))
    }

    fn changes_mut(&mut self) -> &mut Changes {
        let pages = self.pages as usize;
        let changes = self.changes.get_or_insert_with(|| Arc::new(Changes::none(pages)));
        Arc::make_mut(changes)
    }

    /// A page to be changed, and so copied if other tables have it too.
    fn page_mut(&mut self, number: usize) -> &mut [Line] {
        let is_changed = self
            .changes
            .as_ref()
            .is_some_and(|changes| changes.page(number).is_some());
        if !is_changed && Arc::get_mut(&mut self.base).is_some() {
            let base = Arc::get_mut(&mut self.base).map(Slab::lines_mut).unwrap_or_default();
            return &mut base[number * PAGE_LINES..][..PAGE_LINES]; // nobody else has it
        }
        let pages = self.pages as usize;
        let changes = self.changes.get_or_insert_with(|| Arc::new(Changes::none(pages)));
        Arc::make_mut(changes).page_mut(number, in_base(&self.base, number))
    }

    /// To be called before so many changes. Makes a new base if they reach a large part of the table, or if earlier ones
    /// take too much memory beside it.
    pub(super) fn prepare_for(&mut self, number: usize) {
        let is_due = self.changes.as_ref().is_some_and(|changes| changes.is_due(&self.base));
        if is_due || number > self.pages as usize / 2 {
            let pages = self.pages as usize;
            let changes = self.changes.get_or_insert_with(|| Arc::new(Changes::none(pages)));
            let (base, changes) = changes.merge(&self.base);
            (self.base, self.changes) = (Arc::new(base), changes.map(Arc::new));
        } else {
            self.changes_mut().expect(number);
        }
    }

    /// Adds an entry that is not there. `hash_of` tells the hash of any entry, should its page have to grow.
    pub(super) fn insert(&mut self, hash: u64, new: Ordinal, hash_of: impl Fn(Ordinal) -> Option<u64>) {
        let (spread, mark) = (Spread::of(hash, self.pages), Mark::of(hash));
        self.len += 1;
        let page = self.page_mut(spread.page());
        if is_crowded(page, spread) || !put(page, spread, mark, new) {
            let pages = self.pages;
            let (page, gone) = lay_out(self.page(spread.page()), pages, (new, hash), &hash_of);
            self.changes_mut().put_page(spread.page(), &page);
            self.len -= gone;
        }
    }

    /// Puts another ordinal in the place of an entry; false if the entry is not there.
    pub(super) fn replace(&mut self, hash: u64, old: Ordinal, new: Ordinal) -> bool {
        let Some((page, at, place)) = self.locate(hash, old) else {
            return false;
        };
        line::replace(&mut self.page_mut(page)[at], place, Mark::of(hash), new);
        true
    }

    /// Removes an entry; false if it is not there.
    pub(super) fn remove(&mut self, hash: u64, old: Ordinal) -> bool {
        let Some((number, at, place)) = self.locate(hash, old) else {
            return false;
        };
        let spread = Spread::of(hash, self.pages);
        let page = self.page_mut(number);
        line::clear(&mut page[at], place);
        let mut passed = spread.home(page.len());
        while passed != at {
            line::unpass(&mut page[passed]);
            passed = (passed + 1) % page.len();
        }
        self.len -= 1;
        true
    }
}

/// A table that is looked into.
#[derive(Clone, Copy)]
pub(super) struct Lookup<'t> {
    lines: &'t [Line],
    /// Where each page is; empty if all are in the base.
    changed: &'t [Place],
    changes: Option<&'t Changes>,
    pages: u32,
}

impl Lookup<'_> {
    /// The entry with this hash for which `same` says so.
    #[inline]
    pub(super) fn find(&self, hash: u64, same: impl Fn(Ordinal) -> bool + Copy) -> Option<Ordinal> {
        match self.glance(hash) {
            Glance::Nowhere => None,
            Glance::Perhaps(entry) if same(entry) => Some(entry),
            _ => self.search(hash, same),
        }
    }

    /// What the line of this hash says at first sight. Few instructions, so that the processor is at the next look-up
    /// while it waits for this one's line.
    #[inline]
    pub(super) fn glance(&self, hash: u64) -> Glance {
        let spread = Spread::of(hash, self.pages);
        if self.changed.get(spread.page()).is_some_and(|place| place.is_changed()) {
            return self.glance_at_changed(hash);
        }
        let line = self.lines.get(spread.line());
        line.map_or(Glance::Nowhere, |line| line::glance(line, Mark::of(hash)))
    }

    #[inline(never)]
    fn glance_at_changed(&self, hash: u64) -> Glance {
        let spread = Spread::of(hash, self.pages);
        let page = self.page(spread.page());
        let line = page.get(spread.home(page.len()));
        line.map_or(Glance::Nowhere, |line| line::glance(line, Mark::of(hash)))
    }

    /// As [`Lookup::find`], all the way.
    #[inline(never)]
    pub(super) fn search(&self, hash: u64, same: impl Fn(Ordinal) -> bool) -> Option<Ordinal> {
        let spread = Spread::of(hash, self.pages);
        let found = find_in(self.page(spread.page()), spread, Mark::of(hash), same);
        found.map(|(.., entry)| entry)
    }

    fn page(&self, number: usize) -> &[Line] {
        let changed = self.changes.and_then(|changes| changes.page(number));
        let start = number * PAGE_LINES;
        changed.unwrap_or_else(|| self.lines.get(start..start + PAGE_LINES).unwrap_or_default())
    }
}

/// Line and place of an entry of a page, and the entry.
fn find_in(
    page: &[Line],
    spread: Spread,
    mark: Mark,
    same: impl Fn(Ordinal) -> bool,
) -> Option<(usize, usize, Ordinal)> {
    let mut at = spread.home(page.len());
    for _ in 0..page.len() {
        match look(page.get(at)?, mark, &same) {
            Look::Here(place, found) => return Some((at, place, found)),
            Look::Nowhere => return None,
            Look::Further => at = if at + 1 == page.len() { 0 } else { at + 1 },
        }
    }
    None
}

/// Whether the lines that an entry would pass are full and so is the page, nearly.
fn is_crowded(page: &[Line], spread: Spread) -> bool {
    const LOOKED_AT: usize = 3;
    let home = spread.home(page.len());
    let free = (0..LOOKED_AT).any(|step| line::len(&page[(home + step) % page.len()]) < SLOTS);
    !free && page.iter().map(line::len).sum::<usize>() * 16 > page.len() * SLOTS * 15
}

/// Puts an entry in the first line with an empty place; false if there is none.
fn put(page: &mut [Line], spread: Spread, mark: Mark, ordinal: Ordinal) -> bool {
    let home = spread.home(page.len());
    let mut at = home;
    for _ in 0..page.len() {
        if line::put(&mut page[at], mark, ordinal) {
            let mut passed = home;
            while passed != at {
                line::pass(&mut page[passed], mark);
                passed = (passed + 1) % page.len();
            }
            return true;
        }
        at = (at + 1) % page.len();
    }
    false
}

/// The entries of a page and a new one in half as many lines again, and how many entries could not be kept: one whose key
/// can no longer be read cannot be found either.
fn lay_out(
    page: &[Line],
    pages: u32,
    new: (Ordinal, u64),
    hash_of: &impl Fn(Ordinal) -> Option<u64>,
) -> (Vec<Line>, usize) {
    let mut entries = vec![new];
    let known = page.iter().flat_map(line::entries);
    entries.extend(known.filter_map(|entry| Some((entry, hash_of(entry)?))));
    let had: usize = page.iter().map(line::len).sum();
    let mut lines = vec![Line::default(); page.len() + page.len().div_ceil(2)];
    for &(entry, hash) in &entries {
        let room = put(&mut lines, Spread::of(hash, pages), Mark::of(hash), entry);
        debug_assert!(room, "more lines have room for what fewer had, and one more");
    }
    (lines, had + 1 - entries.len())
}
