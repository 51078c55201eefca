//! The records that deltas brought and that are not in pages yet.
//!
//! Records have places in the order in which they came. Places go round after four million; a log never holds that many.

use super::block::{Block, Spot};
use super::table::{ARC, Entry};
use std::sync::Arc;

/// The number of a record in a log, modulo [`PLACES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(u32);

/// How many places there are. One number of 22 bits is left for "none".
pub(super) const PLACES: u32 = (1 << 22) - 1;

impl Place {
    /// `None` for a number that is no place.
    #[inline]
    pub(super) fn new(number: u32) -> Option<Self> {
        (number < PLACES).then_some(Self(number))
    }

    #[inline]
    pub(super) fn get(self) -> u32 {
        self.0
    }

    /// The place so many records further on.
    pub(super) fn plus(self, records: u32) -> Self {
        Self(((u64::from(self.0) + u64::from(records)) % u64::from(PLACES)) as u32)
    }

    /// How many records further on this is than `start`.
    #[inline]
    fn since(self, start: Self) -> u32 {
        if self.0 >= start.0 {
            self.0 - start.0
        } else {
            self.0 + PLACES - start.0
        }
    }
}

/// Records that came together, in one run.
#[derive(Clone, Debug)]
pub(crate) struct LogBlock {
    /// How many records of the log stand before these.
    pub(super) before: u32,
    pub(super) len: u32,
    /// When they came: see `sweep`.
    pub(super) since: Moment,
    pub(super) block: Block,
}

/// A position of the sweep that moves records from the log into pages: how often it went over all pages, and the page it
/// is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    pub(super) round: u32,
    pub(super) page: u32,
}

/// The records that are not in pages. A clone shares everything.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    first: Place,
    blocks: Arc<[LogBlock]>,
}

impl Log {
    pub(super) fn empty() -> Self {
        Self {
            first: Place(0),
            blocks: Arc::new([]),
        }
    }

    /// How many records it holds, those no overlay speaks of any more included.
    pub(super) fn len(&self) -> u32 {
        self.blocks.last().map_or(0, |last| last.before + last.len)
    }

    /// The place of the next record.
    pub(super) fn end(&self) -> Place {
        self.first.plus(self.len())
    }

    pub(super) fn blocks(&self) -> &[LogBlock] {
        &self.blocks
    }

    /// The record at a place.
    #[inline]
    pub(crate) fn get(&self, place: Place) -> Option<(&Block, Spot)> {
        let number = place.since(self.first);
        let at = self.blocks.partition_point(|block| block.before <= number);
        let block = self.blocks.get(at.checked_sub(1)?)?;
        let position = number - block.before;
        (position < block.len).then(|| (&block.block, Spot::of(position)))
    }

    /// The log with the blocks before this moment's rounds dropped and these behind.
    pub(super) fn next(&self, swept: Moment, added: Vec<LogBlock>) -> Self {
        // A block is done with when every page was swept since.
        let done = |block: &LogBlock| {
            swept.round > block.since.round.saturating_add(1)
                || swept.round == block.since.round.saturating_add(1) && swept.page >= block.since.page
        };
        let dropped = self.blocks.iter().take_while(|block| done(block)).count();
        if dropped == 0 && added.is_empty() {
            return self.clone();
        }
        let records = self.blocks.get(dropped).map_or(self.len(), |block| block.before);
        let mut blocks = Vec::with_capacity(self.blocks.len() - dropped + added.len());
        blocks.extend(self.blocks.iter().skip(dropped).cloned());
        blocks.extend(added);
        let mut before = 0;
        for block in &mut blocks {
            block.before = before;
            before += block.len;
        }
        Self {
            first: self.first.plus(records),
            blocks: blocks.into(),
        }
    }

    /// The log with the last `number` blocks replaced by these, which hold the same records in the same order.
    pub(super) fn with_tail(&self, number: usize, tail: Vec<LogBlock>) -> Self {
        let kept = self.blocks.len() - number;
        let blocks = self.blocks.iter().take(kept).cloned().chain(tail);
        Self {
            first: self.first,
            blocks: blocks.collect(),
        }
    }

    /// Bytes held by the log that are not shared with `other`.
    pub(super) fn bytes_beside(&self, other: &Self) -> usize {
        if Arc::ptr_eq(&self.blocks, &other.blocks) {
            return 0;
        }
        let mut theirs: Vec<*const u8> = other.blocks.iter().map(|block| block.block.id()).collect();
        theirs.sort_unstable();
        let own = self.blocks.iter().filter(|block| theirs.binary_search(&block.block.id()).is_err());
        let own: usize = own.map(|block| block.block.memory_bytes()).sum();
        size_of_val(&*self.blocks) + ARC + own
    }
}
