//! What differs between the records of object types and those of lists, sets and maps.

mod blob_collections;
mod blob_objects;
mod collections;
mod objects;
mod windows;

pub(crate) use blob_collections::BlobRoom as CollectionRoom;
pub(crate) use blob_objects::BlobRoom as ObjectRoom;
pub(crate) use collections::{Buckets, CollectionPlace, Collections, Entries};
pub(crate) use objects::{ObjectPlace, Objects, WireObjects};

use super::block::{Block, Places, TooLarge, Workshop};
use super::content::RecordHasher;
use super::slots::{SlotBits, iter_bits};
use super::wire::Frame;
use super::{collection_block, object_block};
use crate::Ordinal;
use crate::blob::DecodeError;
use std::fmt::Debug;

/// The records of a type as they are in memory and in blobs.
pub(crate) trait RecordKind: Sized + Send + Sync + 'static {
    /// What a type's blocks have in common.
    type Plan: Clone + Debug + Send + Sync;
    /// The records in a blob.
    type Wire: Debug + Send + Sync;
    /// A record, wherever it is.
    type Row<'s>: Copy;

    /// The record at a position of a block.
    fn in_block(block: &Block, position: u32) -> Self::Row<'_>;

    /// The record at a position of a shard. The blob may lie about it.
    fn in_blob<'s>(wire: &'s Self::Wire, blob: &'s [u8], shard: usize, position: u32) -> Self::Row<'s>;

    /// Packs records one by one; those of these slots if they are to be a page. They may take so many bits beside what
    /// they have in the area.
    fn pack(
        plan: &Self::Plan,
        workshop: &mut Workshop,
        slots: Option<&SlotBits>,
        rows: &[Self::Row<'_>],
        limit_bits: u64,
    ) -> Result<Block, Unfit>;

    /// Brings so many records of each lane, and what they have in areas, close to the processor: pages hop between the
    /// lanes, and stretches of one page are too short for it to see what comes next.
    fn come_closer(_wire: &Self::Wire, _blob: &[u8], _lanes: &[Lane], _records: u32) {}

    /// Whether there are texts, the ends of which are to be checked.
    fn has_texts(_wire: &Self::Wire) -> bool {
        false
    }

    /// Checks the ends of the texts that a blob has for a page, but for those that [`RecordKind::read`] checks if the page
    /// is read.
    fn check_ends(_wire: &Self::Wire, _blob: &[u8], _lanes: &Lanes<'_>, _is_read: bool) -> Result<(), Unfit> {
        Ok(())
    }

    /// Reads records of a blob into a block.
    fn read(
        wire: &Self::Wire,
        blob: &[u8],
        plan: &Self::Plan,
        workshop: &mut Workshop,
        lanes: &Lanes<'_>,
    ) -> Result<Block, Unfit>;

    /// As [`RecordKind::pack`] for a page that exists, with other records in some slots, ascending. `None` if there is no
    /// short way.
    fn patch(
        _plan: &Self::Plan,
        _workshop: &mut Workshop,
        _slots: &SlotBits,
        _page: &Block,
        _over: &[(u32, Self::Row<'_>)],
        _limit_bits: u64,
    ) -> Option<Result<Block, Unfit>> {
        None
    }

    /// The bits that a record takes beside what it has in the area.
    fn record_bits(row: Self::Row<'_>) -> u64;

    /// Whether two records say the same.
    fn same(plan: &Self::Plan, a: Self::Row<'_>, b: Self::Row<'_>) -> bool;

    /// Adds what a record says.
    fn hash(plan: &Self::Plan, row: Self::Row<'_>, hasher: &mut RecordHasher);

    /// The error for a record of a blob that cannot be.
    fn error(wire: &Self::Wire, frame: &Frame<'_>, unfit: Unfit) -> DecodeError;
}

/// Records of a blob that are to become a block. A blob divides consecutive ordinals among its shards; what one shard has
/// of them is a lane.
#[derive(Debug)]
pub(crate) struct Lanes<'a> {
    /// A power of two. Slots go round them.
    pub(crate) lanes: &'a [Lane],
    /// The populated ones of the slots, if the records are to be a page; else all are.
    pub(crate) slots: Option<&'a SlotBits>,
    pub(crate) places: Places,
    /// The blob has records for the slots below this one, populated or not.
    pub(crate) end: u32,
}

/// Consecutive records of a shard, all of which the blob has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lane {
    pub(crate) shard: u32,
    /// Of the first one.
    pub(crate) position: u32,
}

impl Lanes<'_> {
    /// The shard of a slot, and the position in it.
    #[inline]
    pub(crate) fn at(&self, slot: u32) -> Option<(usize, u32)> {
        let lane = self.lanes.get(slot as usize & (self.lanes.len() - 1))?;
        let round = slot >> self.lanes.len().trailing_zeros();
        Some((lane.shard as usize, lane.position + round))
    }

    /// Hands over place, shard and position of each record that is there, ascending.
    pub(crate) fn each(&self, mut each: impl FnMut(usize, usize, u32)) {
        let mut place_of = |place: usize, slot: u32| {
            if let Some((shard, position)) = self.at(slot) {
                each(place, shard, position);
            }
        };
        match self.slots {
            None => (0..self.places.room).for_each(|slot| place_of(slot as usize, slot)),
            Some(slots) if self.places.are_slots() => iter_bits(slots).for_each(|slot| place_of(slot as usize, slot)),
            Some(slots) => (0..)
                .zip(iter_bits(slots))
                .for_each(|(place, slot)| place_of(place, slot)),
        }
    }
}

/// Why records cannot go into a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// A value that its field cannot have.
    OutOfRange { field: usize, max: u64, found: u64 },
    /// A list, set or map that cannot be.
    Collection(collection_block::Unfit),
    /// The text of a record ends before it begins, or beyond all texts of its shard.
    WrongEnd,
    /// More than 4 GiB, or than was allowed.
    TooLarge,
}

impl From<TooLarge> for Unfit {
    fn from(_: TooLarge) -> Self {
        Self::TooLarge
    }
}

impl From<object_block::Unfit> for Unfit {
    fn from(unfit: object_block::Unfit) -> Self {
        match unfit {
            object_block::Unfit::OutOfRange { field, max, found } => Self::OutOfRange { field, max, found },
            object_block::Unfit::TooLarge => Self::TooLarge,
        }
    }
}

impl From<collection_block::Unfit> for Unfit {
    fn from(unfit: collection_block::Unfit) -> Self {
        match unfit {
            collection_block::Unfit::TooLarge => Self::TooLarge,
            unfit => Self::Collection(unfit),
        }
    }
}

impl Unfit {
    pub(crate) fn error(self, frame: &Frame<'_>) -> DecodeError {
        use collection_block::Unfit::{Buckets, InUse, Reference, TooLarge};
        match self {
            Self::WrongEnd => frame.invalid(
                "end of variable-length data",
                "one that does not go back",
                "one that does",
            ),
            Self::OutOfRange { max, found, .. } => frame.invalid("value of a field", format!("at most {max}"), found),
            Self::Collection(Reference(found)) => {
                let expected = format!("at most {}", Ordinal::MAX);
                frame.invalid("ordinal of an element, key or value", expected, found)
            }
            Self::Collection(Buckets { size, found }) => {
                let expected = format!("the number for size={size}");
                frame.invalid("number of buckets", expected, found)
            }
            Self::Collection(InUse { size, found }) => frame.invalid("buckets in use", size.to_string(), found),
            Self::TooLarge | Self::Collection(TooLarge) => {
                let found = "more";
                frame.invalid("bytes of the records of a page", "4 GiB at most", found)
            }
        }
    }
}
