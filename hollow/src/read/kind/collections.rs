//! List, set and map records.

use super::{RecordKind, Stretches, Unfit};
use crate::Ordinal;
use crate::blob::DecodeError;
use crate::read::block::{Block, BlockBuilder, Spot, Workshop};
use crate::read::collection_block::{self, CollectionRow, Entry, Span};
use crate::read::content::RecordHasher;
use crate::read::slots::{SlotBits, contains};
use crate::read::wire::{BlobCollection, CollectionBody, Frame};
use crate::schema::Kind;

/// List, set and map records.
#[derive(Debug)]
pub(crate) enum Collections {}

/// A list, set or map record.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CollectionPlace<'s> {
    Block(&'s Block, Spot),
    Blob(BlobCollection<'s>),
}

impl<'s> CollectionPlace<'s> {
    /// How many elements there are.
    #[inline]
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Block(block, spot) => block.size(*spot),
            Self::Blob(row) => row.size() as usize,
        }
    }

    /// The entries, empty buckets included.
    #[inline]
    pub(crate) fn entries(&self) -> Buckets<'s> {
        match self {
            Self::Block(block, spot) => Buckets::Block(block.span(*spot)),
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
            Self::Block(block, spot) => block.span(*spot).len().into(),
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
            Self::Block(block, spot) => block.span(*spot).get(number as u32),
            Self::Blob(row) => row.entry(number),
        }
    }
}

impl RecordKind for Collections {
    type Plan = Kind;
    type Wire = CollectionBody;
    type Row<'s> = CollectionPlace<'s>;

    #[inline]
    fn in_block(block: &Block, spot: Spot) -> CollectionPlace<'_> {
        CollectionPlace::Block(block, spot)
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

    fn is_verbatim(_: &CollectionBody) -> bool {
        true
    }

    fn copy(
        wire: &CollectionBody,
        blob: &[u8],
        workshop: &mut Workshop,
        stretches: &Stretches<'_>,
    ) -> Result<Block, Unfit> {
        let (widths, first) = (wire.widths(), stretches.first);
        let record_bits = u64::from(widths.record());
        let shift = stretches.shards.len().trailing_zeros();
        let layout = collection_block::lay_out(widths);
        let mut builder = BlockBuilder::new(workshop, layout, stretches.room.into(), shift)?;
        for (run, shard) in stretches.shards.clone().enumerate() {
            builder.start_run(run);
            let bits = u64::from((stretches.available)(shard)) * record_bits;
            if let Some(shard) = wire.shard(shard as usize) {
                let words = shard.ends.words(blob);
                words.append_to(builder.out, u64::from(first) * record_bits, bits);
            }
        }
        builder.end_records(stretches.slots, false);
        for (run, number) in stretches.shards.clone().enumerate() {
            let Some(shard) = wire.shard(number as usize) else {
                continue;
            };
            let ends = shard.ends.words(blob);
            let end_before = |position: u32| match position.checked_sub(1) {
                Some(last) => ends.get(u64::from(last) * record_bits, widths.end),
                None => 0,
            };
            let (start, end) = (end_before(first), end_before(first + (stretches.available)(number)));
            builder.base(run, 0, start)?;
            let bits = u64::from(widths.entry());
            let words = shard.entries.words(blob);
            words.append_to(builder.out, start * bits, end.saturating_sub(start) * bits);
        }
        let block = builder.finish()?;
        check_records(&block, stretches, widths)?;
        Ok(block)
    }

    fn record_bits(row: CollectionPlace<'_>) -> u64 {
        match row {
            CollectionPlace::Block(block, spot) => block.shape.record_bits + block.span(spot).bits(),
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

/// Whether the records of a block can be.
fn check_records(block: &Block, stretches: &Stretches<'_>, widths: collection_block::Widths) -> Result<(), Unfit> {
    let has_buckets = widths.has_buckets;
    let may_be_too_high = widths.key.max(widths.value) > u32::BITS - Ordinal::MAX.leading_zeros();
    if !has_buckets && !may_be_too_high {
        return Ok(());
    }
    let shift = stretches.shards.len().trailing_zeros();
    for (run, shard) in (0..).zip(stretches.shards.clone()) {
        for position in 0..(stretches.available)(shard) {
            let is_there = |bits: &SlotBits| contains(bits, (position << shift) + run);
            if !stretches.slots.is_none_or(is_there) {
                continue;
            }
            let spot = Spot { run, position };
            let row = CollectionPlace::Block(block, spot);
            if may_be_too_high {
                collection_block::check(&row, has_buckets)?;
            } else {
                let span = block.span(spot);
                let size = row.size() as u64;
                collection_block::check_size(size, span.len().into(), span.in_use())?;
            }
        }
    }
    Ok(())
}
