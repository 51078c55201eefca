//! What differs between the records of object types and those of lists, sets and maps.

mod collections;
mod objects;

pub(crate) use collections::{Collections, Entries};
pub(crate) use objects::{ObjectPlace, Objects, WireObjects};

use super::block::{Block, Spot, TooLarge, Workshop};
use super::content::RecordHasher;
use super::slots::SlotBits;
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

    /// The record at a spot of a block.
    fn in_block(block: &Block, spot: Spot) -> Self::Row<'_>;

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

    /// Whether stretches of records can be copied as they are.
    fn is_verbatim(wire: &Self::Wire) -> bool;

    /// Copies a stretch of each shard into a run of its own. All stretches begin at the same position.
    fn copy(wire: &Self::Wire, blob: &[u8], workshop: &mut Workshop, stretches: &Stretches<'_>)
    -> Result<Block, Unfit>;

    /// The bits that a record takes beside what it has in the area.
    fn record_bits(row: Self::Row<'_>) -> u64;

    /// Whether two records say the same.
    fn same(plan: &Self::Plan, a: Self::Row<'_>, b: Self::Row<'_>) -> bool;

    /// Adds what a record says.
    fn hash(plan: &Self::Plan, row: Self::Row<'_>, hasher: &mut RecordHasher);

    /// The error for a record of a blob that cannot be.
    fn error(wire: &Self::Wire, frame: &Frame<'_>, unfit: Unfit) -> DecodeError;
}

/// Which records of a blob are to be copied.
pub(crate) struct Stretches<'a> {
    /// The shards, a power of two of them.
    pub(crate) shards: std::ops::Range<u32>,
    /// The position of the first record in each.
    pub(crate) first: u32,
    /// Room for so many records of each.
    pub(crate) room: u32,
    /// How many there are of the first shard and all those after it, the last of which can have one less.
    pub(crate) available: &'a dyn Fn(u32) -> u32,
    /// The slots that the records belong to, if they are to be a page.
    pub(crate) slots: Option<&'a SlotBits>,
}

/// Why records cannot go into a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// A value that its field cannot have.
    OutOfRange { field: usize, max: u64, found: u64 },
    /// A list, set or map that cannot be.
    Collection(collection_block::Unfit),
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
