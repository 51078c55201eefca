//! The records that deltas brought and that are not in pages yet.
//!
//! Records have places in the order in which they came. Places go round after four million; a log never holds that many.

use super::block::Block;
use super::table::{ARC, Entry};
use std::sync::Arc;

/// The number of a record in a log, modulo [`PLACES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(u32);

/// Few in unit tests, so that they get to the end of them.
pub(super) const PLACE_BITS: u32 = if cfg!(test) { 12 } else { 22 };

/// How many places there are. One number is left for "none".
pub(super) const PLACES: u32 = (1 << PLACE_BITS) - 1;

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

/// A block and how many records of the log stand before it.
type Counted = (u32, Arc<LogBlock>);

/// The records that are not in pages. A clone shares everything.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    first: Place,
    len: u32,
    blocks: Arc<[Counted]>,
}

/// Blocks one after the other.
fn counted(blocks: impl Iterator<Item = Arc<LogBlock>>) -> (u32, Arc<[Counted]>) {
    let mut before = 0;
    let mut all = Vec::with_capacity(blocks.size_hint().1.unwrap_or(0));
    for block in blocks {
        let len = block.len;
        all.push((before, block));
        before += len;
    }
    (before, all.into())
}

/// Places of two logs that lead to the same records.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shared {
    first: Place,
    len: u32,
}

impl Shared {
    #[inline]
    pub(super) fn contains(self, place: Place) -> bool {
        place.since(self.first) < self.len
    }
}

impl Log {
    pub(super) fn empty() -> Self {
        Self {
            first: Place(0),
            len: 0,
            blocks: Arc::new([]),
        }
    }

    /// How many records it holds, those no overlay speaks of any more included.
    pub(super) fn len(&self) -> u32 {
        self.len
    }

    /// The place of the next record.
    pub(super) fn end(&self) -> Place {
        self.first.plus(self.len)
    }

    pub(super) fn blocks(&self) -> &[Counted] {
        &self.blocks
    }

    /// The record at a place.
    #[inline]
    pub(crate) fn get(&self, place: Place) -> Option<(&Block, u32)> {
        let number = place.since(self.first);
        let at = self.blocks.partition_point(|(before, _)| *before <= number);
        let (before, block) = self.blocks.get(at.checked_sub(1)?)?;
        let position = number - before;
        (position < block.len).then(|| (&block.block, position))
    }

    /// The log with the blocks dropped that every page was swept since, and these behind.
    pub(super) fn next(&self, swept: Moment, added: Vec<LogBlock>) -> Self {
        let done = |since: Moment| {
            let next = since.round.saturating_add(1);
            swept.round > next || swept.round == next && swept.page >= since.page
        };
        let dropped = self.blocks.iter().take_while(|(_, block)| done(block.since)).count();
        if dropped == 0 && added.is_empty() {
            return self.clone();
        }
        let records = self.blocks.get(dropped).map_or(self.len, |(before, _)| *before);
        let kept = self.blocks.iter().skip(dropped).map(|(_, block)| Arc::clone(block));
        let (len, blocks) = counted(kept.chain(added.into_iter().map(Arc::new)));
        Self {
            first: self.first.plus(records),
            len,
            blocks,
        }
    }

    /// The log with the last `number` blocks replaced by these, which hold the same records in the same order.
    pub(super) fn with_tail(&self, number: usize, tail: Vec<Arc<LogBlock>>) -> Self {
        let kept = self.blocks.iter().take(self.blocks.len() - number);
        let kept = kept.map(|(_, block)| Arc::clone(block));
        let (len, blocks) = counted(kept.chain(tail));
        debug_assert_eq!(len, self.len);
        Self {
            first: self.first,
            len,
            blocks,
        }
    }

    /// The places that lead to the same records in both, as far as the two share their blocks without a gap from the later
    /// of their beginnings on.
    pub(super) fn shared(&self, other: &Self) -> Shared {
        let first = match other.first.since(self.first) <= self.len {
            true => other.first,
            false => self.first,
        };
        let from_there = |log: &Self| {
            let records = first.since(log.first);
            let at = log.blocks.partition_point(|(before, _)| *before < records);
            let begins = log.blocks.get(at).is_some_and(|(before, _)| *before == records);
            if begins { at } else { log.blocks.len() }
        };
        let (one, two) = (from_there(self), from_there(other));
        let pairs = self.blocks.iter().skip(one).zip(other.blocks.iter().skip(two));
        let same = pairs.take_while(|((_, one), (_, two))| Arc::ptr_eq(one, two));
        Shared {
            first,
            len: same.map(|((_, block), _)| block.len).sum(),
        }
    }

    /// Bytes held by the log that are not shared with `other`.
    pub(super) fn bytes_beside(&self, other: &Self) -> usize {
        if Arc::ptr_eq(&self.blocks, &other.blocks) {
            return 0;
        }
        let mut theirs: Vec<*const u8> = other.blocks.iter().map(|(_, block)| block.block.id()).collect();
        theirs.sort_unstable();
        let own = self.blocks.iter().map(|(_, block)| block);
        let own = own.filter(|block| theirs.binary_search(&block.block.id()).is_err());
        let own: usize = own
            .map(|block| block.block.memory_bytes() + size_of::<LogBlock>() + ARC)
            .sum();
        size_of_val(&*self.blocks) + ARC + own
    }
}
