//! Shards of list, set and map types. See `docs/format.md`, sections 6.3 to 6.6.

use super::HashKeys;
use super::bit_writer::{BitWriter, words_of_entries};
use crate::memory::bit_array::mask;
use crate::memory::{hash, var_int};
use crate::write::WriteError;
use crate::write::record_form::{collection, list_elements, map_entries, set_elements};
use std::io;

/// The bucket of an element or entry that is empty.
const EMPTY: u64 = u64::MAX;

/// A list shard being packed.
#[derive(Debug)]
pub(super) struct ListBody {
    pointer_bits: u32,
    element_bits: u32,
    count: u64,
    pointers: BitWriter,
    elements: BitWriter,
    end: u64,
}

impl ListBody {
    pub(super) fn new(pointer_bits: u32, element_bits: u32, count: u32) -> Self {
        Self {
            pointer_bits,
            element_bits,
            count: count.into(),
            pointers: BitWriter::with_capacity(u64::from(count) * u64::from(pointer_bits)),
            elements: BitWriter::default(),
            end: 0,
        }
    }

    pub(super) fn push(&mut self, record: Option<&[u8]>) {
        for element in record.into_iter().flat_map(list_elements) {
            self.elements.push(element.into(), self.element_bits);
            self.end += 1;
        }
        self.pointers.push(self.end, self.pointer_bits);
    }

    pub(super) fn finish(self, total: u64, size_for: Option<u64>, out: &mut dyn io::Write) -> io::Result<()> {
        write_head(&[self.pointer_bits, self.element_bits], total, out)?;
        self.pointers
            .finish(words_of_entries(self.count, self.pointer_bits.into()), out)?;
        let num_elements = size_for.unwrap_or(self.end);
        self.elements
            .finish(words_of_entries(num_elements, self.element_bits.into()), out)
    }
}

/// A set shard being packed.
#[derive(Debug)]
pub(super) struct SetBody {
    pointer_bits: u32,
    size_bits: u32,
    element_bits: u32,
    count: u64,
    entries: BitWriter,
    packed: BitWriter,
    table: Vec<u64>,
    end: u64,
}

impl SetBody {
    pub(super) fn new(pointer_bits: u32, size_bits: u32, element_bits: u32, count: u32) -> Self {
        Self {
            pointer_bits,
            size_bits,
            element_bits,
            count: count.into(),
            entries: BitWriter::with_capacity(u64::from(count) * u64::from(pointer_bits + size_bits)),
            packed: BitWriter::default(),
            table: Vec::new(),
            end: 0,
        }
    }

    pub(super) fn push(&mut self, record: Option<&[u8]>, hash_keys: &mut HashKeys<'_>) -> Result<(), WriteError> {
        let size = record.map_or(0, |record| collection(record).0);
        if let Some(record) = record {
            empty_table(&mut self.table, size);
            for (element, stored) in set_elements(record) {
                let bucket = hash_keys.bucket(element, stored)?;
                place(&mut self.table, bucket, element.into());
            }
            for &slot in &self.table {
                self.packed.push(slot, self.element_bits);
            }
            self.end += self.table.len() as u64;
        }
        self.entries.push(self.end, self.pointer_bits);
        self.entries.push(size.into(), self.size_bits);
        Ok(())
    }

    pub(super) fn finish(self, total: u64, size_for: Option<u64>, out: &mut dyn io::Write) -> io::Result<()> {
        write_head(&[self.pointer_bits, self.size_bits, self.element_bits], total, out)?;
        let entry_bits = u64::from(self.pointer_bits + self.size_bits);
        self.entries.finish(words_of_entries(self.count, entry_bits), out)?;
        let num_buckets = size_for.unwrap_or(self.end);
        self.packed
            .finish(words_of_entries(num_buckets, self.element_bits.into()), out)
    }
}

/// A map shard being packed.
#[derive(Debug)]
pub(super) struct MapBody {
    pointer_bits: u32,
    size_bits: u32,
    key_bits: u32,
    value_bits: u32,
    count: u64,
    entries: BitWriter,
    packed: BitWriter,
    table: Vec<u64>,
    end: u64,
}

impl MapBody {
    pub(super) fn new(pointer_bits: u32, size_bits: u32, (key_bits, value_bits): (u32, u32), count: u32) -> Self {
        Self {
            pointer_bits,
            size_bits,
            key_bits,
            value_bits,
            count: count.into(),
            entries: BitWriter::with_capacity(u64::from(count) * u64::from(pointer_bits + size_bits)),
            packed: BitWriter::default(),
            table: Vec::new(),
            end: 0,
        }
    }

    pub(super) fn push(&mut self, record: Option<&[u8]>, hash_keys: &mut HashKeys<'_>) -> Result<(), WriteError> {
        let size = record.map_or(0, |record| collection(record).0);
        if let Some(record) = record {
            empty_table(&mut self.table, size);
            for (key, value, stored) in map_entries(record) {
                let bucket = hash_keys.bucket(key, stored)?;
                place(&mut self.table, bucket, u64::from(value) << 32 | u64::from(key));
            }
            for &slot in &self.table {
                let (key, value) = if slot == EMPTY {
                    (mask(self.key_bits), 0)
                } else {
                    (slot & mask(32), slot >> 32)
                };
                self.packed.push(key, self.key_bits);
                self.packed.push(value, self.value_bits);
            }
            self.end += self.table.len() as u64;
        }
        self.entries.push(self.end, self.pointer_bits);
        self.entries.push(size.into(), self.size_bits);
        Ok(())
    }

    pub(super) fn finish(self, total: u64, size_for: Option<u64>, out: &mut dyn io::Write) -> io::Result<()> {
        let widths = [self.pointer_bits, self.size_bits, self.key_bits, self.value_bits];
        write_head(&widths, total, out)?;
        let entry_bits = u64::from(self.pointer_bits + self.size_bits);
        self.entries.finish(words_of_entries(self.count, entry_bits), out)?;
        let num_buckets = size_for.unwrap_or(self.end);
        let bucket_bits = u64::from(self.key_bits + self.value_bits);
        self.packed.finish(words_of_entries(num_buckets, bucket_bits), out)
    }
}

fn write_head(widths: &[u32], total: u64, out: &mut dyn io::Write) -> io::Result<()> {
    let mut head = Vec::new();
    widths.iter().for_each(|&width| var_int::write_u32(&mut head, width));
    var_int::write_u64(&mut head, total);
    out.write_all(&head)
}

fn empty_table(table: &mut Vec<u64>, size: u32) {
    let buckets = hash::table_size(size).map_or(0, |buckets| buckets as usize);
    table.clear();
    table.resize(buckets, EMPTY);
}

/// Puts an element in its bucket or the next one that is empty. There always is one: a table is never full.
fn place(table: &mut [u64], bucket: u32, slot: u64) {
    let mask = table.len() - 1;
    let mut at = bucket as usize & mask;
    while table[at] != EMPTY {
        at = (at + 1) & mask;
    }
    table[at] = slot;
}
