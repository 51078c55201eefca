//! A page of list, set or map records, bit-packed.
//!
//! ```text
//! words   | record 0: end | size | record 1: end | size | ..  | entry 0: key | value | entry 1: key | value | ..
//! ```
//!
//! `end` is the number of entries up to and including the record's, counted from the start of the page. A list has an
//! entry for each element; a set or map has one for each bucket, all ones in the key meaning empty. Only sets and maps
//! have a size, only maps have values; what a kind does not have takes no bits.

use super::bits::BitWriter;
use super::slots::Slots;
use super::table::Page;
use crate::Ordinal;
use crate::memory::bit_array::{self, bits, mask};
use crate::memory::hash::table_size;
use crate::schema::Kind;

/// An immutable page of list, set or map records.
#[derive(Debug)]
pub(crate) struct CollectionPage {
    slots: Slots,
    end_width: u8,
    size_width: u8,
    key_width: u8,
    value_width: u8,
    /// Lists have no buckets: every entry is an element.
    has_buckets: bool,
    /// First bit of the entries.
    entries_at: u64,
    words: Box<[u64]>,
}

/// A record that is to go into a page.
pub(crate) trait CollectionRow {
    /// The record's entries (elements or buckets), by numbers that mean something to the row only: the first one and the
    /// one after the last.
    fn span(&self) -> (u64, u64);
    /// How many elements a set or map says it has.
    fn size(&self) -> u64;
    /// An entry; `None` is an empty bucket. The value is 0 for lists and sets.
    fn entry(&self, number: u64) -> Option<(u64, u64)>;
}

/// What is wrong with a record that is to go into a page.
#[derive(Debug)]
pub(crate) enum Unfit {
    /// An element, key or value is above the largest ordinal.
    Reference(u64),
    /// The number of buckets does not fit the size.
    Buckets { size: u64, found: u64 },
    /// As many buckets are in use as the size does not say.
    InUse { size: u64, found: u64 },
}

impl CollectionPage {
    /// Packs a page: a row for each populated slot, ascending. Asks each row twice for everything: for the widths, then
    /// for the values.
    pub(crate) fn pack(slots: Slots, kind: Kind, rows: &[impl CollectionRow]) -> Result<Self, Unfit> {
        debug_assert_eq!(slots.len(), rows.len());
        let has_buckets = kind != Kind::List;
        let (mut total, mut max_size, mut max_key, mut max_value) = (0, 0, 0, 0);
        for row in rows {
            let (start, end) = row.span();
            let num_entries = end.saturating_sub(start);
            let mut in_use = 0;
            for (key, value) in (start..end).filter_map(|number| row.entry(number)) {
                in_use += 1;
                max_key = max_key.max(key);
                max_value = max_value.max(value);
            }
            if has_buckets {
                let size = row.size();
                if u32::try_from(size).ok().and_then(table_size).map(u64::from) != Some(num_entries) {
                    let found = num_entries;
                    return Err(Unfit::Buckets { size, found });
                }
                if in_use != size {
                    return Err(Unfit::InUse { size, found: in_use });
                }
                max_size = max_size.max(size);
            }
            total += num_entries;
        }
        if let Some(found) = [max_key, max_value].into_iter().find(|&v| v > u64::from(Ordinal::MAX)) {
            return Err(Unfit::Reference(found));
        }
        let end_width = bits(total);
        let size_width = bits(max_size);
        let key_width = bits(max_key + u64::from(has_buckets)); // all ones stay free for empty buckets
        let value_width = bits(max_value);
        let entries_at = rows.len() as u64 * u64::from(end_width + size_width);
        let mut words = BitWriter::with_capacity_bits(entries_at + total * u64::from(key_width + value_width));
        let mut end = 0;
        for row in rows {
            let (first, after) = row.span();
            end += after.saturating_sub(first);
            words.push(end, end_width);
            if has_buckets {
                words.push(row.size(), size_width);
            }
        }
        for row in rows {
            let (start, end) = row.span();
            for number in start..end {
                let (key, value) = row.entry(number).unwrap_or((mask(key_width), 0));
                words.push(key, key_width);
                words.push(value, value_width);
            }
        }
        Ok(Self {
            slots,
            end_width: end_width as u8,
            size_width: size_width as u8,
            key_width: key_width as u8,
            value_width: value_width as u8,
            has_buckets,
            entries_at,
            words: words.finish(),
        })
    }

    /// The entries of a record: their first number and the number after the last.
    #[inline]
    pub(crate) fn span(&self, index: usize) -> (u64, u64) {
        let width = u32::from(self.end_width);
        let stride = width + u32::from(self.size_width);
        let at = index as u64 * u64::from(stride);
        let start = match at.checked_sub(stride.into()) {
            Some(before) if index > 0 => bit_array::get(&self.words, before, width),
            _ => 0,
        };
        (start, bit_array::get(&self.words, at, width))
    }

    /// How many elements a record has.
    #[inline]
    pub(crate) fn size(&self, index: usize) -> usize {
        if !self.has_buckets {
            let (start, end) = self.span(index);
            return (end - start) as usize;
        }
        let (end, size) = (u32::from(self.end_width), u32::from(self.size_width));
        bit_array::get(&self.words, index as u64 * u64::from(end + size) + u64::from(end), size) as usize
    }

    /// The entry with this number in the page; `None` for an empty bucket.
    #[inline]
    pub(crate) fn entry(&self, number: u64) -> Option<(u64, u64)> {
        let (key_width, value_width) = (u32::from(self.key_width), u32::from(self.value_width));
        let at = self.entries_at + number * u64::from(key_width + value_width);
        let key = bit_array::get(&self.words, at, key_width);
        if self.has_buckets && key == mask(key_width) {
            return None;
        }
        let value = match value_width {
            0 => 0,
            width => bit_array::get(&self.words, at + u64::from(key_width), width),
        };
        Some((key, value))
    }

    /// The entries of a record that are not empty, each with its bucket (a list: its position).
    pub(crate) fn entries(&self, index: usize) -> Entries<'_> {
        let (start, end) = self.span(index);
        Entries {
            page: self,
            start,
            at: start,
            end,
        }
    }
}

impl Page for CollectionPage {
    fn slots(&self) -> &Slots {
        &self.slots
    }

    fn heap_bytes(&self) -> usize {
        size_of_val(&*self.words)
    }
}

/// An element of a list or set, or an entry of a map, with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) place: u32,
    pub(crate) key: Ordinal,
    pub(crate) value: Ordinal,
}

/// The entries of one record that are not empty.
#[derive(Clone, Debug)]
pub(crate) struct Entries<'s> {
    page: &'s CollectionPage,
    start: u64,
    at: u64,
    end: u64,
}

impl Iterator for Entries<'_> {
    type Item = Entry;

    #[inline]
    fn next(&mut self) -> Option<Entry> {
        while self.at < self.end {
            let number = self.at;
            self.at += 1;
            if let Some((key, value)) = self.page.entry(number) {
                return Some(Entry {
                    place: (number - self.start) as u32,
                    key: Ordinal::new(key as u32)?,
                    value: Ordinal::new(value as u32)?,
                });
            }
        }
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.end - self.at) as usize;
        (if self.page.has_buckets { 0 } else { left }, Some(left))
    }
}
