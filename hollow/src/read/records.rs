//! The records of a type in one state.
//!
//! ```text
//! pages      | page 0 | page 1 | page 2 |      what a snapshot said, or what was made anew since
//! overlays   |        |   *    |        |      which slots deltas changed, and where their records are:
//! log        | records of delta 1 | of delta 2 | ..
//! mapped     the snapshot's file, for ordinals without a page
//! ```
//!
//! All four are persistent: the next state shares what a delta does not touch.

use super::block::Block;
use super::content::{ContentHash, RecordHasher};
use super::kind::RecordKind;
use super::log::{Log, Moment};
use super::mapped::Mapped;
use super::overlay::{self, Found};
use super::slots::{NO_SLOTS, PAGE_BITS, PAGE_ORDINALS, SlotBits};
use super::table::Table;
use crate::Ordinal;
use std::sync::{Arc, OnceLock};

/// The records of a type in one state. Immutable; a clone shares everything.
#[derive(Debug)]
pub(crate) struct Records<K: RecordKind> {
    pub(super) plan: K::Plan,
    pub(super) pages: Table<Block>,
    pub(super) overlays: Table<Arc<[u32]>>,
    pub(super) log: Log,
    pub(super) swept: Moment,
    pub(super) mapped: Option<Arc<Mapped<K>>>,
    /// Populated records; with a mapped file, how many more there are than in the file.
    pub(super) len: isize,
    pub(crate) num_shards: u32,
    pub(crate) max_ordinal: Option<Ordinal>,
    pub(super) hash: OnceLock<ContentHash>,
}

impl<K: RecordKind> Clone for Records<K> {
    fn clone(&self) -> Self {
        Self {
            plan: self.plan.clone(),
            pages: self.pages.clone(),
            overlays: self.overlays.clone(),
            log: self.log.clone(),
            swept: self.swept,
            mapped: self.mapped.clone(),
            len: self.len,
            num_shards: self.num_shards,
            max_ordinal: self.max_ordinal,
            hash: self.hash.clone(),
        }
    }
}

/// The number of an ordinal's page, and its slot there.
#[inline]
pub(super) fn split(ordinal: u32) -> (u32, u32) {
    (ordinal >> PAGE_BITS, ordinal & (PAGE_ORDINALS - 1))
}

impl<K: RecordKind> Records<K> {
    /// No records.
    pub(crate) fn empty(plan: K::Plan) -> Self {
        Self {
            plan,
            pages: Table::empty(),
            overlays: Table::empty(),
            log: Log::empty(),
            swept: Moment::default(),
            mapped: None,
            len: 0,
            num_shards: 1,
            max_ordinal: None,
            hash: OnceLock::new(),
        }
    }

    /// How many records are populated.
    pub(crate) fn len(&self) -> usize {
        let mapped = self.mapped.as_ref().map_or(0, |mapped| mapped.len());
        mapped.saturating_add_signed(self.len)
    }

    /// The record with this ordinal if it is in a block: block and position, which fit two registers. All reads go
    /// through here, so it is always part of them.
    #[inline(always)]
    pub(crate) fn in_block(&self, ordinal: Ordinal) -> Option<(&Block, u32)> {
        let (number, slot) = split(ordinal.get());
        if let Some(overlay) = self.overlays.get(number) {
            match overlay::find(overlay, slot) {
                Found::Nothing => {}
                Found::Gone => return None,
                Found::At(place) => return self.log.get(place),
            }
        }
        let page = self.pages.get(number)?;
        Some((page, page.position(slot)?))
    }

    /// The record with this ordinal.
    #[inline]
    pub(crate) fn locate(&self, ordinal: Ordinal) -> Option<K::Row<'_>> {
        match self.in_block(ordinal) {
            Some((block, position)) => Some(K::in_block(block, position)),
            None if self.mapped.is_some() => self.locate_mapped(ordinal),
            None => None,
        }
    }

    /// As [`Records::locate`], where there may be a page that is still in its file.
    #[cold]
    pub(super) fn locate_mapped(&self, ordinal: Ordinal) -> Option<K::Row<'_>> {
        let (number, slot) = split(ordinal.get());
        if let Some(overlay) = self.overlays.get(number)
            && overlay::find(overlay, slot) != Found::Nothing
        {
            return None;
        }
        self.below(number, slot)
    }

    /// The record that the page has in this slot, whatever lies over it.
    #[inline]
    pub(super) fn below(&self, number: u32, slot: u32) -> Option<K::Row<'_>> {
        match self.pages.get(number) {
            Some(page) => Some(K::in_block(page, page.position(slot)?)),
            None => self.in_file(number, slot),
        }
    }

    #[cold]
    fn in_file(&self, number: u32, slot: u32) -> Option<K::Row<'_>> {
        self.mapped.as_ref()?.get((number << PAGE_BITS) + slot)
    }

    /// The page of this number as a block, if nothing lies over it.
    pub(super) fn plain_page(&self, number: u32) -> Option<&Block> {
        match self.overlays.get(number) {
            None => self.pages.get(number),
            Some(_) => None,
        }
    }

    pub(crate) fn is_populated(&self, ordinal: Ordinal) -> bool {
        self.locate(ordinal).is_some()
    }

    /// Whether some records are still in the snapshot's file.
    #[inline]
    pub(crate) fn is_mapped(&self) -> bool {
        self.mapped.is_some()
    }

    /// The slots that the page has records for, whatever lies over it.
    pub(super) fn slots_below(&self, number: u32) -> SlotBits {
        match (self.pages.get(number), &self.mapped) {
            (Some(page), _) => page.slots(),
            (None, Some(mapped)) => mapped.slots(number),
            (None, None) => NO_SLOTS,
        }
    }

    /// The populated slots of a page.
    pub(super) fn slots(&self, number: u32) -> SlotBits {
        let mut bits = self.slots_below(number);
        if let Some(overlay) = self.overlays.get(number) {
            overlay::apply(overlay, &mut bits);
        }
        bits
    }

    /// The number of pages: all ordinals lie in pages below it.
    pub(super) fn num_pages(&self) -> u32 {
        let highest = self.max_ordinal.map_or(0, |max| split(max.get()).0 + 1);
        let tables = self.pages.end().max(self.overlays.end());
        if self.mapped.is_some() {
            return highest.max(self.overlays.end());
        }
        highest.min(tables)
    }

    /// The highest populated ordinal.
    pub(crate) fn last(&self) -> Option<Ordinal> {
        let tables = self.pages.end().max(self.overlays.end());
        let end = self
            .mapped
            .as_ref()
            .map_or(tables, |mapped| tables.max(mapped.num_pages()));
        (0..end).rev().find_map(|number| {
            let slots = self.slots(number);
            let at = slots.iter().rposition(|&word| word != 0)?;
            let slot = at as u32 * 64 + 63 - slots[at].leading_zeros();
            Ordinal::new((number << PAGE_BITS) + slot)
        })
    }

    /// The populated ordinals, ascending.
    pub(crate) fn populated(&self) -> Populated<'_> {
        Populated {
            pages: self,
            next: 0,
            end: self.num_pages(),
            first: 0,
            word: 0,
            words: NO_SLOTS,
            at: super::slots::WORDS,
        }
    }

    /// The records of a page with their slots, ascending.
    pub(super) fn page_rows(&self, number: u32) -> impl Iterator<Item = (u32, K::Row<'_>)> {
        let slots = self.slots(number);
        let page = self.pages.get(number);
        let mut over = self.overlays.get(number).map_or(&[][..], |overlay| overlay);
        let all = (0..PAGE_ORDINALS).filter(move |&slot| super::slots::contains(&slots, slot));
        all.filter_map(move |slot| {
            while let Some((&entry, rest)) = over.split_first()
                && overlay::slot_of(entry) < slot
            {
                over = rest;
            }
            let row = match (over.first(), page) {
                (Some(&entry), _) if overlay::slot_of(entry) == slot => {
                    let (block, position) = self.log.get(overlay::place_of(entry)?)?;
                    K::in_block(block, position)
                }
                (_, Some(page)) => K::in_block(page, page.position(slot)?),
                (_, None) => self.in_file(number, slot)?,
            };
            Some((slot, row))
        })
    }

    /// The hash of the records of a page.
    pub(super) fn page_hash(&self, number: u32) -> ContentHash {
        let rows = self.page_rows(number);
        let hashes = rows.map(|(slot, row)| self.record_hash((number << PAGE_BITS) + slot, row));
        hashes.fold(ContentHash::default(), ContentHash::plus)
    }

    pub(super) fn record_hash(&self, ordinal: u32, row: K::Row<'_>) -> ContentHash {
        let mut hasher = RecordHasher::new(ordinal);
        K::hash(&self.plan, row, &mut hasher);
        hasher.finish()
    }

    /// The hash of all records: made when it is first asked for, carried on by deltas from then on.
    pub(crate) fn content_hash(&self) -> ContentHash {
        *self.hash.get_or_init(|| {
            let pages = (0..self.num_pages()).map(|number| self.page_hash(number));
            pages.fold(ContentHash::default(), ContentHash::plus)
        })
    }

    /// Bytes held in memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.bytes_beside(&Self::empty(self.plan.clone()))
    }

    /// Bytes held in memory that are not shared with `other`.
    pub(crate) fn bytes_beside(&self, other: &Self) -> usize {
        self.pages.bytes_beside(&other.pages)
            + self.overlays.bytes_beside(&other.overlays)
            + self.log.bytes_beside(&other.log)
    }
}

/// What the iterator over populated ordinals needs.
trait Slots: Sync {
    fn slots_of(&self, number: u32) -> SlotBits;
}

impl<K: RecordKind> Slots for Records<K> {
    fn slots_of(&self, number: u32) -> SlotBits {
        self.slots(number)
    }
}

/// The populated ordinals of a type, ascending.
#[derive(Clone)]
pub struct Populated<'s> {
    pages: &'s dyn Slots,
    next: u32,
    end: u32,
    /// The first ordinal of the word at hand.
    first: u32,
    word: u64,
    words: SlotBits,
    at: usize,
}

impl Iterator for Populated<'_> {
    type Item = Ordinal;

    #[inline]
    fn next(&mut self) -> Option<Ordinal> {
        while self.word == 0 {
            if let Some(&word) = self.words.get(self.at) {
                (self.word, self.first) = (word, ((self.next - 1) << PAGE_BITS) + self.at as u32 * 64);
                self.at += 1;
            } else if self.next < self.end {
                self.words = self.pages.slots_of(self.next);
                (self.next, self.at) = (self.next + 1, 0);
            } else {
                return None;
            }
        }
        let bit = self.word.trailing_zeros();
        self.word &= self.word - 1;
        Ordinal::new(self.first + bit)
    }
}

impl std::fmt::Debug for Populated<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Populated")
    }
}
