//! List, set and map records.

use super::{Lanes, RecordKind, Unfit, blob_collections};
use crate::Ordinal;
use crate::blob::DecodeError;
use crate::read::block::{Block, Workshop};
use crate::read::collection_block::{self, CollectionRow, Entry, Span, Unfit as Wrong, Widths};
use crate::read::content::RecordHasher;
use crate::read::pack::BitWriter;
use crate::read::patched_collections;
use crate::read::slots::SlotBits;
use crate::read::wire::{BlobCollection, CollectionBody, Frame};
use crate::schema::Kind;

/// List, set and map records.
#[derive(Debug)]
pub(crate) enum Collections {}

/// A list, set or map record.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CollectionPlace<'s> {
    Block(&'s Block, u32),
    Blob(BlobCollection<'s>),
}

impl<'s> CollectionPlace<'s> {
    /// How many elements there are.
    #[inline]
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Block(block, at) => block.size(*at),
            Self::Blob(row) => row.size() as usize,
        }
    }

    /// The entries, empty buckets included.
    #[inline]
    pub(crate) fn entries(&self) -> Buckets<'s> {
        match self {
            Self::Block(block, at) => Buckets::Block(block.span(*at)),
            Self::Blob(row) => Buckets::Blob(*row),
        }
    }
}

/// The entries of a record, by number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Buckets<'s> {
    Block(Span<'s>),
    Blob(BlobCollection<'s>),
}

impl Buckets<'_> {
    /// How many there are, empty ones included.
    #[inline]
    pub(crate) fn len(&self) -> u32 {
        match self {
            Self::Block(span) => span.len(),
            Self::Blob(row) => row.num_entries().min(u32::MAX.into()) as u32,
        }
    }

    /// What is in one; `None` for an empty one, and for ordinals that cannot be.
    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<Entry> {
        let (key, value) = match self {
            Self::Block(span) => span.get(number),
            Self::Blob(row) => row.entry(number.into()),
        }?;
        Some(Entry {
            place: number,
            key: Ordinal::new(key as u32)?,
            value: Ordinal::new(value as u32)?,
        })
    }
}

/// The entries of one record that are not empty.
#[derive(Clone, Debug)]
pub(crate) struct Entries<'s> {
    buckets: Buckets<'s>,
    at: u32,
    end: u32,
}

impl<'s> Entries<'s> {
    #[inline]
    pub(crate) fn of(place: CollectionPlace<'s>) -> Self {
        let buckets = place.entries();
        Self {
            buckets,
            at: 0,
            end: buckets.len(),
        }
    }
}

impl Iterator for Entries<'_> {
    type Item = Entry;

    #[inline]
    fn next(&mut self) -> Option<Entry> {
        while self.at < self.end {
            let number = self.at;
            self.at += 1;
            if let Some(entry) = self.buckets.get(number) {
                return Some(entry);
            }
        }
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some((self.end - self.at) as usize))
    }
}

impl CollectionRow for CollectionPlace<'_> {
    #[inline]
    fn num_entries(&self) -> u64 {
        match self {
            Self::Block(block, at) => block.span(*at).len().into(),
            Self::Blob(row) => row.num_entries(),
        }
    }

    #[inline]
    fn size(&self) -> u64 {
        CollectionPlace::size(self) as u64
    }

    #[inline]
    fn entry(&self, number: u64) -> Option<(u64, u64)> {
        match self {
            Self::Block(block, at) => block.span(*at).get(number as u32),
            Self::Blob(row) => row.entry(number),
        }
    }

    fn widths(&self, _: bool) -> Result<(u32, u32), Wrong> {
        let Widths { key, value, .. } = match self {
            Self::Block(block, _) => block.shape.layout.widths, // what is in a block is all right
            Self::Blob(row) => {
                blob_collections::check(row, row.body())?;
                row.body().widths()
            }
        };
        Ok((key, value))
    }

    fn write(&self, widths: Widths, out: &mut BitWriter<'_>) {
        match self {
            Self::Block(block, at) => block.span(*at).write(widths, out),
            Self::Blob(row) => row.write(widths, out),
        }
    }
}

impl RecordKind for Collections {
    type Plan = Kind;
    type Wire = CollectionBody;
    type Row<'s> = CollectionPlace<'s>;

    #[inline]
    fn in_block(block: &Block, position: u32) -> CollectionPlace<'_> {
        CollectionPlace::Block(block, position)
    }

    fn in_blob<'s>(wire: &'s CollectionBody, blob: &'s [u8], shard: usize, position: u32) -> CollectionPlace<'s> {
        CollectionPlace::Blob(wire.row(blob, shard, position))
    }

    fn pack(
        plan: &Kind,
        workshop: &mut Workshop,
        slots: Option<&SlotBits>,
        rows: &[CollectionPlace<'_>],
        limit_bits: u64,
    ) -> Result<Block, Unfit> {
        Ok(collection_block::pack(workshop, slots, *plan, rows, limit_bits)?)
    }

    fn read(
        wire: &CollectionBody,
        blob: &[u8],
        _: &Kind,
        workshop: &mut Workshop,
        lanes: &Lanes<'_>,
    ) -> Result<Block, Unfit> {
        Ok(blob_collections::read(wire, blob, workshop, lanes)?)
    }

    fn patch(
        _: &Kind,
        workshop: &mut Workshop,
        slots: &SlotBits,
        page: &Block,
        over: &[(u32, CollectionPlace<'_>)],
        limit_bits: u64,
    ) -> Option<Result<Block, Unfit>> {
        let made = patched_collections::patched(workshop, slots, page, over, limit_bits)?;
        Some(made.map_err(Into::into))
    }

    fn record_bits(row: CollectionPlace<'_>) -> u64 {
        match row {
            CollectionPlace::Block(block, at) => u64::from(block.shape.record_bits) + block.span(at).bits(),
            CollectionPlace::Blob(row) => row.bits(),
        }
    }

    fn same(plan: &Kind, a: CollectionPlace<'_>, b: CollectionPlace<'_>) -> bool {
        // The same elements in the same buckets: as many of them, and of buckets.
        let (x, y) = (a.entries(), b.entries());
        x.len() == y.len() && (*plan == Kind::List || a.size() == b.size()) && Entries::of(a).eq(Entries::of(b))
    }

    fn hash(_: &Kind, row: CollectionPlace<'_>, hasher: &mut RecordHasher) {
        hasher.value(Some(row.entries().len().into()));
        for entry in Entries::of(row) {
            let (key, value) = (u64::from(entry.key.get()), u64::from(entry.value.get()));
            hasher.value(Some(u64::from(entry.place) << 32 | key));
            hasher.value(Some(value));
        }
    }

    fn error(_: &CollectionBody, frame: &Frame<'_>, unfit: Unfit) -> DecodeError {
        unfit.error(frame)
    }
}
