//! Blocks of list, set or map records.
//!
//! ```text
//! columns  end | size
//! area     entry 0: key | value | entry 1: key | value | ..
//! ```
//!
//! `end` is where the record's entries end; they begin where those of the record before it end. A list has an entry for
//! each element; a set or map has one for each bucket, all ones in the key meaning empty. Only sets and maps have a
//! size, only maps have values; what a kind does not have takes no bits.

use super::bits;
use super::block::{Block, BlockBuilder, Places, TooLarge, Workshop};
use super::pack::{BitWriter, Run, count_not_ones};
use super::slots::{SlotBits, iter_bits};
use crate::Ordinal;
use crate::memory::bit_array::{bits, mask};
use crate::memory::hash::table_size;
use crate::schema::Kind;
use std::ops::Range;

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

/// Where things are in a block of such records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(super) widths: Widths,
    /// The bytes at which the columns begin.
    ends_at: u32,
    sizes_at: u32,
}

/// A record that is to go into a block.
pub(crate) trait CollectionRow {
    /// How many entries there are: elements or buckets.
    fn num_entries(&self) -> u64;
    /// How many elements a set or map says it has.
    fn size(&self) -> u64;
    /// An entry; `None` is an empty bucket. The value is 0 for lists and sets.
    fn entry(&self, number: u64) -> Option<(u64, u64)>;

    /// The widths that its keys and values fit, so that all ones stay free for empty buckets. Refuses what cannot be.
    fn widths(&self, has_buckets: bool) -> Result<(u32, u32), Unfit> {
        let (max_key, max_value) = check(self, has_buckets)?;
        Ok((bits(max_key + u64::from(has_buckets)), bits(max_value)))
    }

    /// Appends all entries with these widths, which they fit.
    fn write(&self, widths: Widths, out: &mut BitWriter<'_>) {
        for number in 0..self.num_entries() {
            let (key, value) = self.entry(number).unwrap_or((mask(widths.key), 0));
            out.push(key, widths.key);
            out.push(value, widths.value);
        }
    }
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
pub(super) fn check(row: &(impl CollectionRow + ?Sized), has_buckets: bool) -> Result<(u64, u64), Unfit> {
    let num_entries = row.num_entries();
    let (mut in_use, mut max_key, mut max_value) = (0, 0, 0);
    for (key, value) in (0..num_entries).filter_map(|number| row.entry(number)) {
        in_use += 1;
        max_key = max_key.max(key);
        max_value = max_value.max(value);
    }
    if has_buckets {
        let size = row.size();
        check_size(size, num_entries)?;
        if in_use != size {
            return Err(Unfit::InUse { size, found: in_use });
        }
    }
    match max_key.max(max_value) {
        found if found > u64::from(Ordinal::MAX) => Err(Unfit::Reference(found)),
        _ => Ok((max_key, max_value)),
    }
}

/// Whether a set or map of this size has so many buckets.
#[inline]
pub(super) fn check_size(size: u64, num_entries: u64) -> Result<(), Unfit> {
    if u32::try_from(size).ok().and_then(table_size).map(u64::from) != Some(num_entries) {
        let found = num_entries;
        return Err(Unfit::Buckets { size, found });
    }
    Ok(())
}

/// Puts records and their entries together, one after the other.
pub(super) struct Packer<'w> {
    workshop: &'w mut Workshop,
    places: Places,
    /// Key and value have these widths; those of ends and sizes are found out.
    widths: Widths,
    ends: Vec<u64>,
    sizes: Vec<u64>,
    total: u64,
    /// Whether as many buckets are to be in use as the sizes say.
    pub(super) counts: bool,
}

impl<'w> Packer<'w> {
    pub(super) fn new(workshop: &'w mut Workshop, places: Places, widths: Widths) -> Self {
        let (mut ends, mut sizes) = (
            std::mem::take(&mut workshop.values),
            std::mem::take(&mut workshop.sizes),
        );
        ends.clear();
        sizes.clear();
        Self {
            workshop,
            places,
            widths,
            ends,
            sizes,
            total: 0,
            counts: false,
        }
    }

    /// The next record, at this place at the earliest, has so many entries.
    pub(super) fn record(&mut self, place: usize, num_entries: u64, size: u64) {
        self.skip_to(place);
        self.total += num_entries;
        self.ends.push(self.total);
        if self.widths.has_buckets {
            self.sizes.push(size);
        }
    }

    /// Places up to this one have no record.
    fn skip_to(&mut self, place: usize) {
        if place > self.ends.len() {
            self.ends.resize(place, self.total);
            if self.widths.has_buckets {
                self.sizes.resize(place, 0);
            }
        }
    }

    /// All records are there; `fill` appends their entries.
    pub(super) fn finish(
        mut self,
        slots: Option<&SlotBits>,
        limit_bits: u64,
        fill: impl FnOnce(&mut BitWriter<'_>),
    ) -> Result<Block, Unfit> {
        self.skip_to(self.places.room as usize);
        let mut widths = self.widths;
        widths.end = bits(self.total);
        widths.size = bits(self.sizes.iter().copied().max().unwrap_or(0));
        let needed = self.ends.len() as u64 * u64::from(widths.record()) + self.total * u64::from(widths.entry());
        if needed > limit_bits || needed / 8 > u64::from(u32::MAX) {
            return Err(Unfit::TooLarge);
        }
        let mut builder = BlockBuilder::new(self.workshop, self.places);
        let layout = Layout {
            widths,
            ends_at: builder.column(&self.ends, widths.end)?,
            sizes_at: builder.column(&self.sizes, widths.size)?,
        };
        builder.area(slots, |area| {
            let mut entries = BitWriter::new(area);
            fill(&mut entries);
            entries.finish();
        });
        if self.counts && widths.has_buckets {
            self.count_buckets(builder.appended_area())?;
        }
        (self.workshop.values, self.workshop.sizes) = (self.ends, self.sizes);
        Ok(builder.finish(self.workshop, slots, Vec::new(), layout)?)
    }

    /// Whether as many buckets are in use as the sizes say.
    fn count_buckets(&self, area: &[u8]) -> Result<(), Unfit> {
        let width = self.widths.entry();
        let mut start = 0;
        for (&end, &size) in self.ends.iter().zip(&self.sizes) {
            let buckets = Run {
                at_bit: start * u64::from(width),
                len: end - start,
                width,
            };
            let found = count_not_ones(area, buckets, self.widths.key);
            if found != size {
                return Err(Unfit::InUse { size, found });
            }
            start = end;
        }
        Ok(())
    }
}

/// Packs records one by one: those of these slots if it is to be a page, ascending. They may take so many bits.
pub(super) fn pack(
    workshop: &mut Workshop,
    slots: Option<&SlotBits>,
    kind: Kind,
    rows: &[impl CollectionRow],
    limit_bits: u64,
) -> Result<Block, Unfit> {
    let mut widths = Widths {
        has_buckets: kind != Kind::List,
        ..Widths::default()
    };
    for row in rows {
        let (key, value) = row.widths(widths.has_buckets)?;
        (widths.key, widths.value) = (widths.key.max(key), widths.value.max(value));
    }
    if rows.is_empty() {
        widths.key = widths.has_buckets.into();
    }
    let places = slots.map_or(Places::in_order(rows.len()), Places::of);
    let mut packer = Packer::new(workshop, places, widths);
    match slots.filter(|_| places.are_slots()) {
        Some(slots) => iter_bits(slots)
            .zip(rows)
            .for_each(|(slot, row)| packer.record(slot as usize, row.num_entries(), row.size())),
        None => rows
            .iter()
            .enumerate()
            .for_each(|(place, row)| packer.record(place, row.num_entries(), row.size())),
    }
    packer.finish(slots, limit_bits, |entries| {
        rows.iter().for_each(|row| row.write(widths, entries));
    })
}

impl Block {
    /// The entries of a record, empty buckets included.
    #[inline]
    pub(crate) fn span(&self, position: u32) -> Span<'_> {
        let (layout, widths) = (&self.shape.layout, &self.shape.layout.widths);
        let width = u64::from(widths.end);
        let at = u64::from(layout.ends_at) * 8 + u64::from(position) * width;
        let start = match position {
            0 => 0,
            _ => bits::get(&self.bytes, at - width, widths.end),
        };
        let end = bits::get(&self.bytes, at, widths.end);
        Span {
            block: &self.bytes,
            at_bit: self.shape.area_at as u64 * 8 + start * u64::from(widths.entry()),
            len: end.saturating_sub(start) as u32,
            key_width: widths.key,
            value_width: widths.value,
            has_buckets: widths.has_buckets,
        }
    }

    /// How many elements a record has.
    #[inline]
    pub(crate) fn size(&self, position: u32) -> usize {
        let layout = &self.shape.layout;
        if !layout.widths.has_buckets {
            return self.span(position).len as usize;
        }
        let width = layout.widths.size;
        let at = u64::from(layout.sizes_at) * 8 + u64::from(position) * u64::from(width);
        bits::get(&self.bytes, at, width) as usize
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

    /// Appends all entries with these widths, which they fit.
    pub(super) fn write(&self, widths: Widths, out: &mut BitWriter<'_>) {
        if (self.key_width, self.value_width) == (widths.key, widths.value) {
            return out.copy_packed(self.block, self.at_bit, self.bits());
        }
        let (width, ones) = (self.key_width + self.value_width, mask(self.key_width));
        let mut at_bit = self.at_bit;
        for _ in 0..self.len {
            let raw = bits::get(self.block, at_bit, width);
            let (key, value) = (raw & ones, raw >> self.key_width);
            let is_empty = self.has_buckets && key == ones;
            out.push(if is_empty { mask(widths.key) } else { key }, widths.key);
            out.push(value, widths.value);
            at_bit += u64::from(width);
        }
    }

    /// Takes in the entries that come right behind these; gives false if others do.
    pub(super) fn join(&mut self, next: &Self) -> bool {
        let follows = std::ptr::eq(self.block, next.block) && self.at_bit + self.bits() == next.at_bit;
        let len = self.len.checked_add(next.len).filter(|_| follows);
        self.len = len.unwrap_or(self.len);
        len.is_some()
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

    /// Hands over number, key and value of the entries with these numbers, and whether there is one: empty buckets are
    /// handed over too.
    #[inline(always)]
    pub(crate) fn for_each(&self, numbers: Range<u32>, mut each: impl FnMut(u32, u64, u64, bool)) {
        let (width, key_mask) = (self.key_width + self.value_width, mask(self.key_width));
        let empty = if self.has_buckets { key_mask } else { u64::MAX };
        let at_bit = self.at_bit + u64::from(numbers.start) * u64::from(width);
        let bytes = self.block.get((at_bit >> 3) as usize..).unwrap_or_default();
        let mut at_bit = at_bit & 7;
        for number in numbers.start..numbers.end.min(self.len) {
            let raw = bits::get(bytes, at_bit, width);
            let key = raw & key_mask;
            at_bit += u64::from(width);
            each(number, key, raw >> self.key_width, key != empty);
        }
    }
}

/// An element of a list or set, or an entry of a map, with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) place: u32,
    pub(crate) key: Ordinal,
    pub(crate) value: Ordinal,
}
