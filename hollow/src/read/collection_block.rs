//! Blocks of list, set or map records.
//!
//! ```text
//! record   end | size
//! area     run 0: entry 0: key | value | entry 1: key | value | ..    run 1: ..     each from a full byte on
//! ```
//!
//! `end` is where the record's entries end; they begin where those of the record before it in the run end. A list has
//! an entry for each element; a set or map has one for each bucket, all ones in the key meaning empty. Only sets and
//! maps have a size, only maps have values; what a kind does not have takes no bits.

use super::bits::{self, BitWriter};
use super::block::{Block, BlockBuilder, Records, Spot, TooLarge, Workshop};
use super::slots::SlotBits;
use crate::Ordinal;
use crate::memory::bit_array::{bits, mask};
use crate::memory::hash::table_size;
use crate::schema::Kind;

/// Widths in bits; 0 for what the kind does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Widths {
    /// Entries are buckets, of which some are empty. Lists have none: every entry is an element.
    pub(crate) has_buckets: bool,
    pub(crate) end: u32,
    pub(crate) size: u32,
    pub(crate) key: u32,
    pub(crate) value: u32,
}

impl Widths {
    /// Bits of a record.
    #[inline]
    pub(crate) fn record(self) -> u32 {
        self.end + self.size
    }

    /// Bits of an entry.
    #[inline]
    pub(crate) fn entry(self) -> u32 {
        self.key + self.value
    }
}

/// A record that is to go into a block.
pub(crate) trait CollectionRow {
    /// How many entries there are: elements or buckets.
    fn num_entries(&self) -> u64;
    /// How many elements a set or map says it has.
    fn size(&self) -> u64;
    /// An entry; `None` is an empty bucket. The value is 0 for lists and sets.
    fn entry(&self, number: u64) -> Option<(u64, u64)>;
}

/// What is wrong with a record that is to go into a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// An element, key or value is above the largest ordinal.
    Reference(u64),
    /// The number of buckets does not fit the size.
    Buckets { size: u64, found: u64 },
    /// As many buckets are in use as the size does not say.
    InUse { size: u64, found: u64 },
    /// More than 4 GiB.
    TooLarge,
}

impl From<TooLarge> for Unfit {
    fn from(_: TooLarge) -> Self {
        Self::TooLarge
    }
}

/// The highest key and value of a record that is all right.
pub(super) fn check(row: &impl CollectionRow, has_buckets: bool) -> Result<(u64, u64), Unfit> {
    let num_entries = row.num_entries();
    let (mut in_use, mut max_key, mut max_value) = (0, 0, 0);
    for (key, value) in (0..num_entries).filter_map(|number| row.entry(number)) {
        in_use += 1;
        max_key = max_key.max(key);
        max_value = max_value.max(value);
    }
    if has_buckets {
        let size = row.size();
        check_size(size, num_entries, in_use)?;
    }
    match max_key.max(max_value) {
        found if found > u64::from(Ordinal::MAX) => Err(Unfit::Reference(found)),
        _ => Ok((max_key, max_value)),
    }
}

/// Whether a set or map of this size has so many buckets, of which so many are in use.
pub(super) fn check_size(size: u64, num_entries: u64, in_use: u64) -> Result<(), Unfit> {
    if u32::try_from(size).ok().and_then(table_size).map(u64::from) != Some(num_entries) {
        let found = num_entries;
        return Err(Unfit::Buckets { size, found });
    }
    if in_use != size {
        return Err(Unfit::InUse { size, found: in_use });
    }
    Ok(())
}

/// The layout of records with these widths.
pub(super) fn lay_out(widths: Widths) -> Records {
    Records {
        fields: Vec::new(),
        widths,
        record_bits: widths.record().into(),
        num_chains: 1,
    }
}

/// Packs records one by one: those of these slots if it is to be a page, ascending. They may take so many bits. Asks
/// each row twice for everything.
pub(super) fn pack(
    workshop: &mut Workshop,
    slots: Option<&SlotBits>,
    kind: Kind,
    rows: &[impl CollectionRow],
    limit_bits: u64,
) -> Result<Block, Unfit> {
    let has_buckets = kind != Kind::List;
    let (mut total, mut max_size, mut max_key, mut max_value) = (0, 0, 0, 0);
    for row in rows {
        let (key, value) = check(row, has_buckets)?;
        max_key = max_key.max(key);
        max_value = max_value.max(value);
        max_size = max_size.max(row.size());
        total += row.num_entries();
    }
    let widths = Widths {
        has_buckets,
        end: bits(total),
        size: if has_buckets { bits(max_size) } else { 0 },
        key: bits(max_key + u64::from(has_buckets)), // all ones stay free for empty buckets
        value: bits(max_value),
    };
    let needed = rows.len() as u64 * u64::from(widths.record()) + total * u64::from(widths.entry());
    if needed > limit_bits {
        return Err(Unfit::TooLarge);
    }
    let mut builder = BlockBuilder::new(workshop, lay_out(widths), rows.len() as u64, 0)?;
    builder.start_run(0);
    let mut records = BitWriter::new(builder.out);
    let mut end = 0;
    for row in rows {
        end += row.num_entries();
        records.push(end, widths.end);
        if has_buckets {
            records.push(row.size(), widths.size);
        }
    }
    records.finish();
    builder.end_records(slots, true);
    builder.base(0, 0, 0)?;
    let mut entries = BitWriter::new(builder.out);
    for row in rows {
        for number in 0..row.num_entries() {
            let (key, value) = row.entry(number).unwrap_or((mask(widths.key), 0));
            entries.push(key, widths.key);
            entries.push(value, widths.value);
        }
    }
    entries.finish();
    Ok(builder.finish()?)
}

impl Block {
    /// The entries of a record, empty buckets included.
    #[inline]
    pub(crate) fn span(&self, spot: Spot) -> Span<'_> {
        let (shape, widths) = (&*self.shape, &self.shape.widths);
        let (place, stands_for) = self.base(spot.run, 0).unwrap_or_default();
        let at = shape.bit_of(spot);
        let start = if spot.position == 0 {
            stands_for
        } else {
            bits::get(&self.bytes, at - shape.record_bits, widths.end) as u32
        };
        let end = bits::get(&self.bytes, at, widths.end) as u32;
        // A run without a bit of an end has no entries, whatever number stands for its first.
        let len = if widths.end == 0 { 0 } else { end.wrapping_sub(start) };
        let first = (shape.area_at + place as usize) as u64 * 8;
        Span {
            block: &self.bytes,
            at_bit: first + u64::from(start.wrapping_sub(stands_for)) * u64::from(widths.entry()),
            len,
            key_width: widths.key,
            value_width: widths.value,
            has_buckets: widths.has_buckets,
        }
    }

    /// How many elements a record has.
    #[inline]
    pub(crate) fn size(&self, spot: Spot) -> usize {
        let widths = &self.shape.widths;
        if !widths.has_buckets {
            return self.span(spot).len as usize;
        }
        let at = self.shape.bit_of(spot) + u64::from(widths.end);
        bits::get(&self.bytes, at, widths.size) as usize
    }
}

/// The entries of a record in a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span<'s> {
    block: &'s [u8],
    at_bit: u64,
    len: u32,
    key_width: u32,
    value_width: u32,
    has_buckets: bool,
}

impl Span<'_> {
    /// How many there are, empty buckets included.
    #[inline]
    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    /// The bits of all entries.
    pub(crate) fn bits(&self) -> u64 {
        u64::from(self.len) * u64::from(self.key_width + self.value_width)
    }

    /// How many entries are not empty.
    pub(crate) fn in_use(&self) -> u64 {
        let (width, empty) = (self.key_width + self.value_width, mask(self.key_width));
        let mut at = self.at_bit;
        let mut in_use = 0;
        for _ in 0..self.len {
            let key = bits::get(self.block, at, self.key_width);
            in_use += u64::from(!self.has_buckets || key != empty);
            at += u64::from(width);
        }
        in_use
    }

    /// The entry with this number; `None` for an empty bucket.
    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<(u64, u64)> {
        let width = self.key_width + self.value_width;
        let raw = bits::get(self.block, self.at_bit + u64::from(number) * u64::from(width), width);
        let key = raw & mask(self.key_width);
        if self.has_buckets && key == mask(self.key_width) {
            return None;
        }
        Some((key, raw >> self.key_width))
    }
}

/// An element of a list or set, or an entry of a map, with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) place: u32,
    pub(crate) key: Ordinal,
    pub(crate) value: Ordinal,
}
