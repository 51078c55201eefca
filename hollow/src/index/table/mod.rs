//! A hash table of ordinals that states share: pages of lines, a copy of a page made when it is first changed.
//!
//! ```text
//! hash  | 32 bits: page | 1 | 20 bits: line | 3 + 8 bits: fingerprint |
//!
//! page  -> line | line | line | ..          some 64 lines, its own number of them
//!
//! line  | 12 x 8 bits of fingerprint | passed | filter | 12 x (3 bits of fingerprint, 29 bits of ordinal) |   64 bytes
//! ```
//!
//! The table knows ordinals and 11 bits of their hash, never a key: who asks compares the record. An entry stands in the
//! line of its hash or, if that is full, in one after it in the same page. Each line counts the entries that passed it
//! so, and has 16 bits that say which can have: most keys that are not there are known not to be after one line, which
//! is one line of the processor's cache.
//!
//! The number of pages is chosen when a table is built. A page that fills up is laid out anew with half as many lines
//! again, which costs the time to hash some hundred keys; there is never a pause for the whole table before it holds
//! four times what it was built for ([`Table::is_outgrown`]).

#[cfg(test)]
mod tests;

use crate::Ordinal;
use std::sync::Arc;

/// Entries of a line.
const SLOTS: usize = 12;
/// Entries a page is made for.
const PAGE_ENTRIES: usize = 600;
/// How full lines are when a table is built, in entries for 10 lines.
const FILL: usize = 93;
/// Pages behind one pointer of the upper level.
const CHUNK_PAGES: usize = 16;
const ORDINAL_BITS: u32 = 29;
const LINE_BITS: u32 = 20;

/// A line of the table: a line of the cache.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Line {
    /// Eight bits of the fingerprint; zero is an empty place.
    tags: [u8; SLOTS],
    /// Entries that would stand in this line or one before, and stand in one after it.
    passed: u16,
    /// A bit for each of them; others may be set until none has passed.
    filter: u16,
    /// Three more bits of the fingerprint, and the ordinal.
    slots: [u32; SLOTS],
}

const EMPTY: Line = Line {
    tags: [0; SLOTS],
    passed: 0,
    filter: 0,
    slots: [0; SLOTS],
};

/// What a hash says of an entry besides its page.
#[derive(Clone, Copy)]
struct Mark {
    tag: u8,
    high: u32,
    filter: u16,
    line: u32,
}

impl Mark {
    #[inline]
    fn of(hash: u64) -> Self {
        Self {
            tag: (hash as u8).max(1),
            high: (hash >> 8 & 7) as u32,
            filter: 1 << (hash >> 11 & 15),
            line: (hash >> 11) as u32 & ((1 << LINE_BITS) - 1),
        }
    }

    #[inline]
    fn home(self, lines: usize) -> usize {
        ((u64::from(self.line) * lines as u64) >> LINE_BITS) as usize
    }

    #[inline]
    fn slot(self, ordinal: Ordinal) -> u32 {
        self.high << ORDINAL_BITS | ordinal.get()
    }
}

impl Line {
    /// For each place whose tag is this one the highest bit of a byte: the first eight places, then the others.
    #[inline]
    fn marked(&self, tag: u8) -> (u64, u64) {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const LOW_BITS: u64 = ONES * 0x7F;
        const OTHERS: u64 = ONES >> 32 << 7;
        let zero_bytes = |word: u64| !(((word & LOW_BITS) + LOW_BITS) | word | LOW_BITS);
        let [a, b, c, d, e, f, g, h, i, j, k, l] = self.tags;
        let low = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        let rest = u64::from(u32::from_le_bytes([i, j, k, l]));
        let pattern = ONES * u64::from(tag);
        (zero_bytes(low ^ pattern), zero_bytes(rest ^ pattern) & OTHERS)
    }

    /// The places whose tag is this one, as bits.
    #[inline]
    fn matches(&self, tag: u8) -> u32 {
        let gather = |bytes: u64| (bytes >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        let (low, rest) = self.marked(tag);
        (gather(low) | gather(rest) << 8) as u32
    }

    /// The line as it is stored.
    pub(super) fn words(&self) -> [u64; 8] {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = self.tags;
        let [p, q] = self.passed.to_le_bytes();
        let [r, s] = self.filter.to_le_bytes();
        let mut words = [0; 8];
        words[0] = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        words[1] = u64::from_le_bytes([i, j, k, l, p, q, r, s]);
        let pairs = self.slots.as_chunks::<2>().0;
        words[2..]
            .iter_mut()
            .zip(pairs)
            .for_each(|(word, [low, high])| *word = u64::from(*low) | u64::from(*high) << 32);
        words
    }

    fn of_words(words: &[u64; 8]) -> Self {
        let mut line = EMPTY;
        let [i, j, k, l, p, q, r, s] = words[1].to_le_bytes();
        line.tags[..8].copy_from_slice(&words[0].to_le_bytes());
        line.tags[8..].copy_from_slice(&[i, j, k, l]);
        line.passed = u16::from_le_bytes([p, q]);
        line.filter = u16::from_le_bytes([r, s]);
        let pairs = line.slots.as_chunks_mut::<2>().0;
        pairs
            .iter_mut()
            .zip(&words[2..])
            .for_each(|(pair, word)| *pair = [*word as u32, (*word >> 32) as u32]);
        line
    }

    fn len(&self) -> usize {
        self.tags.iter().filter(|&&tag| tag != 0).count()
    }

    /// The entries of a line: place, and ordinal.
    fn entries(&self) -> impl Iterator<Item = Ordinal> + '_ {
        let places = self.tags.iter().zip(&self.slots);
        places
            .filter(|(tag, _)| **tag != 0)
            .filter_map(|(_, slot)| ordinal(*slot))
    }
}

#[inline]
fn ordinal(slot: u32) -> Option<Ordinal> {
    Ordinal::new(slot & Ordinal::MAX)
}

/// The page of an entry: the product of 32 bits of the hash with the number of pages, so that any number will do.
#[inline]
fn page_of(hash: u64, pages: u32) -> usize {
    (((hash >> 32) * u64::from(pages)) >> 32) as usize
}

type PageLines = Arc<[Line]>;

/// Ordinals by hash. A clone shares all pages.
#[derive(Clone, Debug)]
pub(super) struct Table {
    chunks: Arc<[Arc<[PageLines]>]>,
    pages: u32,
    len: usize,
}

impl Table {
    /// An empty table for about this many entries.
    pub(super) fn with_capacity(entries: usize) -> Self {
        Self::of_pages(empty_pages(entries))
    }

    fn of_pages(pages: Vec<PageLines>) -> Self {
        let number = pages.len() as u32;
        let len = pages.iter().flat_map(|page| page.iter()).map(Line::len).sum();
        let chunks: Vec<Arc<[PageLines]>> = pages.chunks(CHUNK_PAGES).map(Arc::from).collect();
        Self {
            chunks: chunks.into(),
            pages: number,
            len,
        }
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether the table holds so many entries that it should be built anew, for more.
    pub(super) fn is_outgrown(&self) -> bool {
        self.len > self.pages as usize * PAGE_ENTRIES * 4
    }

    /// Bytes held.
    pub(super) fn memory_bytes(&self) -> usize {
        let pages: usize = self
            .pages()
            .map(|page| size_of_val(page) + 2 * size_of::<usize>())
            .sum();
        let tables = self.pages as usize * size_of::<PageLines>() + self.chunks.len() * size_of::<Arc<[PageLines]>>();
        pages + tables
    }

    pub(super) fn pages(&self) -> impl Iterator<Item = &[Line]> {
        self.chunks.iter().flat_map(|chunk| chunk.iter()).map(|page| &**page)
    }

    #[inline]
    fn page(&self, hash: u64) -> &[Line] {
        let at = page_of(hash, self.pages);
        match self
            .chunks
            .get(at / CHUNK_PAGES)
            .and_then(|chunk| chunk.get(at % CHUNK_PAGES))
        {
            Some(page) => page,
            None => &[],
        }
    }

    fn page_mut(&mut self, hash: u64) -> Option<&mut PageLines> {
        let at = page_of(hash, self.pages);
        let chunk = Arc::make_mut(&mut self.chunks).get_mut(at / CHUNK_PAGES)?;
        Arc::make_mut(chunk).get_mut(at % CHUNK_PAGES)
    }

    /// The entry with this hash for which `same` says so.
    #[inline]
    pub(super) fn find(&self, hash: u64, same: impl FnMut(Ordinal) -> bool) -> Option<Ordinal> {
        let page = self.page(hash);
        let (at, place) = find(page, hash, same)?;
        ordinal(page[at].slots[place])
    }

    /// Adds an entry that is not there. `hash_of` tells the hash of any entry, should its page have to grow.
    pub(super) fn insert(&mut self, hash: u64, new: Ordinal, hash_of: impl Fn(Ordinal) -> Option<u64>) {
        let mark = Mark::of(hash);
        let Some(page) = self.page_mut(hash) else { return };
        let mut gone = 0;
        if is_crowded(page, mark) || !put(Arc::make_mut(page), mark, mark.slot(new)) {
            (*page, gone) = lay_out(page, (new, hash), &hash_of);
        }
        self.len = self.len + 1 - gone;
    }

    /// Puts another ordinal in the place of an entry; false if the entry is not there.
    pub(super) fn replace(&mut self, hash: u64, old: Ordinal, new: Ordinal) -> bool {
        let Some((at, place)) = find(self.page(hash), hash, |found| found == old) else {
            return false;
        };
        if let Some(page) = self.page_mut(hash) {
            Arc::make_mut(page)[at].slots[place] = Mark::of(hash).slot(new);
        }
        true
    }

    /// Removes an entry; false if it is not there.
    pub(super) fn remove(&mut self, hash: u64, old: Ordinal) -> bool {
        let Some((at, place)) = find(self.page(hash), hash, |found| found == old) else {
            return false;
        };
        let Some(page) = self.page_mut(hash) else { return false };
        let page = Arc::make_mut(page);
        page[at].tags[place] = 0;
        page[at].slots[place] = 0;
        let mut passed = Mark::of(hash).home(page.len());
        while passed != at {
            let line = &mut page[passed];
            line.passed = line.passed.saturating_sub(1);
            if line.passed == 0 {
                line.filter = 0;
            }
            passed = (passed + 1) % page.len();
        }
        self.len -= 1;
        true
    }

    /// A page of stored lines; `None` if there is none in it.
    pub(super) fn page_of_words(words: &[u64]) -> Option<PageLines> {
        let lines: Vec<Line> = words.as_chunks().0.iter().map(Line::of_words).collect();
        (!lines.is_empty()).then(|| lines.into())
    }

    /// A table of stored pages; `None` if there are none.
    pub(super) fn of_stored(pages: Vec<PageLines>) -> Option<Self> {
        (!pages.is_empty() && u32::try_from(pages.len()).is_ok()).then(|| Self::of_pages(pages))
    }

    /// All entries, in no order that means anything.
    pub(super) fn entries(&self) -> impl Iterator<Item = Ordinal> + '_ {
        self.pages().flatten().flat_map(Line::entries)
    }
}

fn empty_pages(entries: usize) -> Vec<PageLines> {
    let pages = entries.div_ceil(PAGE_ENTRIES).max(1);
    let lines = (entries * 10).div_ceil(pages * FILL).max(1);
    let page: PageLines = vec![EMPTY; lines].into();
    (0..pages).map(|_| PageLines::from(&*page)).collect()
}

#[inline]
fn find(page: &[Line], hash: u64, mut same: impl FnMut(Ordinal) -> bool) -> Option<(usize, usize)> {
    let mark = Mark::of(hash);
    let mut at = mark.home(page.len());
    for _ in 0..page.len() {
        let line = page.get(at)?;
        let (low, rest) = line.marked(mark.tag);
        if low | rest == 0 && line.filter & mark.filter == 0 {
            return None; // the short way of most keys that are not there
        }
        let mut matches = line.matches(mark.tag);
        while matches != 0 {
            let place = matches.trailing_zeros() as usize;
            matches &= matches - 1;
            let Some(&slot) = line.slots.get(place) else { break };
            if slot >> ORDINAL_BITS == mark.high && ordinal(slot).is_some_and(&mut same) {
                return Some((at, place));
            }
        }
        if line.filter & mark.filter == 0 {
            return None;
        }
        at += 1;
        if at == page.len() {
            at = 0;
        }
    }
    None
}

/// Whether the lines that an entry would pass are full and so is the page, nearly.
fn is_crowded(page: &[Line], mark: Mark) -> bool {
    const LOOKED_AT: usize = 3;
    let home = mark.home(page.len());
    let free = (0..LOOKED_AT.min(page.len())).any(|step| page[(home + step) % page.len()].len() < SLOTS);
    !free && page.iter().map(Line::len).sum::<usize>() * 8 > page.len() * SLOTS * 7
}

/// Puts an entry in the first line with an empty place; false if there is none.
fn put(page: &mut [Line], mark: Mark, slot: u32) -> bool {
    let home = mark.home(page.len());
    let mut at = home;
    for _ in 0..page.len() {
        // Found without a branch for each place: they cannot be foreseen.
        let free = page[at].matches(0);
        if free != 0 {
            let place = free.trailing_zeros() as usize;
            page[at].tags[place] = mark.tag;
            page[at].slots[place] = slot;
            let mut passed = home;
            while passed != at {
                page[passed].passed = page[passed].passed.saturating_add(1); // a page has far fewer
                page[passed].filter |= mark.filter;
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
fn lay_out(page: &[Line], new: (Ordinal, u64), hash_of: &impl Fn(Ordinal) -> Option<u64>) -> (PageLines, usize) {
    let mut entries = vec![new];
    let known = page.iter().flat_map(Line::entries);
    entries.extend(known.filter_map(|entry| Some((entry, hash_of(entry)?))));
    let had: usize = page.iter().map(Line::len).sum();
    let mut lines = vec![EMPTY; page.len() + page.len().div_ceil(2)];
    for (entry, hash) in &entries {
        let mark = Mark::of(*hash);
        let room = put(&mut lines, mark, mark.slot(*entry));
        debug_assert!(room, "more lines have room for what fewer had, and one more");
    }
    (lines.into(), had + 1 - entries.len())
}

/// What a table is filled with.
pub(super) trait Keyed {
    /// Whether two entries of the same hash have the same key.
    fn same(&self, a: Ordinal, b: Ordinal) -> bool;
}

/// Fills a table batch by batch, each in the order of pages, so that what is written to lies close together.
pub(super) struct Filler {
    pages: Vec<PageLines>,
    batch: Vec<(u64, Ordinal)>,
    /// Entries with the key of one that came before, with their hashes.
    hidden: Vec<(u64, Ordinal)>,
}

/// Entries put in order together.
const BATCH: usize = 1 << 20;
/// Parts that a batch is divided into, by the first bits of the hash and so by page.
const PARTS: usize = 256;

impl Filler {
    /// For about this many entries.
    pub(super) fn new(entries: usize) -> Self {
        Self {
            pages: empty_pages(entries),
            batch: Vec::with_capacity(entries.min(BATCH)),
            hidden: Vec::new(),
        }
    }

    /// Adds an entry, unless one with the same key has been.
    #[inline]
    pub(super) fn push(&mut self, hash: u64, entry: Ordinal, keyed: &impl Keyed) {
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
        let mut sorted = self.batch.clone();
        for entry in self.batch.drain(..) {
            let at = &mut starts[part(entry.0)];
            sorted[*at] = entry;
            *at += 1;
        }
        let number = self.pages.len() as u32;
        let mut pages: Vec<&mut [Line]> = self.pages.iter_mut().map(Arc::make_mut).collect();
        for (hash, new) in sorted {
            let page = &mut *pages[page_of(hash, number)];
            if find(page, hash, |entry| keyed.same(entry, new)).is_some() {
                self.hidden.push((hash, new));
                continue;
            }
            let mark = Mark::of(hash);
            if !put(page, mark, mark.slot(new)) {
                self.batch.push((hash, new)); // its page is full: all the others first
            }
        }
    }

    /// The table, and the entries that have the key of one in it, which came before.
    pub(super) fn finish(
        mut self,
        keyed: &impl Keyed,
        hash_of: impl Fn(Ordinal) -> Option<u64>,
    ) -> (Table, Vec<(u64, Ordinal)>) {
        self.flush(keyed);
        let mut table = Table::of_pages(self.pages);
        for (hash, new) in self.batch {
            match table.find(hash, |entry| keyed.same(entry, new)) {
                Some(_) => self.hidden.push((hash, new)),
                None => table.insert(hash, new, &hash_of),
            }
        }
        (table, self.hidden)
    }
}
