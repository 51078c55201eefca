//! Shards of list, set and map types. See `docs/format.md`, sections 6.3 to 6.6.

use super::HashKeys;
use super::bit_writer::{BitWriter, words_of_entries};
use super::body::Size;
use crate::memory::bit_array::mask;
use crate::memory::{hash, var_int};
use crate::write::WriteError;
use crate::write::record_form::{collection, list_elements, map_entries, set_elements};
use std::io;
use std::mem::take;

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
    pub(super) fn new(pointer_bits: u32, element_bits: u32, size: Size) -> Self {
        Self {
            pointer_bits,
            element_bits,
            count: 0,
            pointers: BitWriter::with_capacity(u64::from(size.count) * u64::from(pointer_bits)),
            elements: BitWriter::with_capacity(size.entries * u64::from(element_bits)),
            end: 0,
        }
    }

    pub(super) fn push(&mut self, record: Option<&[u8]>) {
        if let Some(record) = record {
            let (len, bits) = (elements_at_most(record), self.element_bits);
            let end = &mut self.end;
            self.elements.push_all(len, |elements| {
                for element in list_elements(record) {
                    elements.push(element.into(), bits);
                    *end += 1;
                }
            });
        }
        self.count += 1;
        self.pointers
            .push_all(1, |pointers| pointers.push(self.end, self.pointer_bits));
    }

    pub(super) fn finish(&mut self, total: u64, size_for: Option<u64>, out: &mut dyn io::Write) -> io::Result<()> {
        write_head(&[self.pointer_bits, self.element_bits], total, out)?;
        self.pointers
            .finish(words_of_entries(take(&mut self.count), self.pointer_bits.into()), out)?;
        let num_elements = size_for.unwrap_or(self.end);
        self.end = 0;
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
    pub(super) fn new(pointer_bits: u32, size_bits: u32, element_bits: u32, size: Size) -> Self {
        Self {
            pointer_bits,
            size_bits,
            element_bits,
            count: 0,
            entries: BitWriter::with_capacity(u64::from(size.count) * u64::from(pointer_bits + size_bits)),
            packed: BitWriter::with_capacity(size.entries * u64::from(element_bits)),
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
            let (table, bits) = (&self.table, self.element_bits);
            self.packed.push_all(table.len(), |packed| {
                table.iter().for_each(|&slot| packed.push(slot, bits));
            });
            self.end += self.table.len() as u64;
        }
        self.count += 1;
        self.entries.push_all(2, |entries| {
            entries.push(self.end, self.pointer_bits);
            entries.push(size.into(), self.size_bits);
        });
        Ok(())
    }

    pub(super) fn finish(&mut self, total: u64, size_for: Option<u64>, out: &mut dyn io::Write) -> io::Result<()> {
        write_head(&[self.pointer_bits, self.size_bits, self.element_bits], total, out)?;
        let entry_bits = u64::from(self.pointer_bits + self.size_bits);
        self.entries
            .finish(words_of_entries(take(&mut self.count), entry_bits), out)?;
        let num_buckets = size_for.unwrap_or(self.end);
        self.end = 0;
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
    pub(super) fn new(pointer_bits: u32, size_bits: u32, (key_bits, value_bits): (u32, u32), size: Size) -> Self {
        Self {
            pointer_bits,
            size_bits,
            key_bits,
            value_bits,
            count: 0,
            entries: BitWriter::with_capacity(u64::from(size.count) * u64::from(pointer_bits + size_bits)),
            packed: BitWriter::with_capacity(size.entries * u64::from(key_bits + value_bits)),
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
            let (table, key_bits, value_bits) = (&self.table, self.key_bits, self.value_bits);
            self.packed.push_all(2 * table.len(), |packed| {
                for &slot in table {
                    let (key, value) = if slot == EMPTY {
                        (mask(key_bits), 0)
                    } else {
                        (slot & mask(32), slot >> 32)
                    };
                    packed.push(key, key_bits);
                    packed.push(value, value_bits);
                }
            });
            self.end += self.table.len() as u64;
        }
        self.count += 1;
        self.entries.push_all(2, |entries| {
            entries.push(self.end, self.pointer_bits);
            entries.push(size.into(), self.size_bits);
        });
        Ok(())
    }

    pub(super) fn finish(&mut self, total: u64, size_for: Option<u64>, out: &mut dyn io::Write) -> io::Result<()> {
        let widths = [self.pointer_bits, self.size_bits, self.key_bits, self.value_bits];
        write_head(&widths, total, out)?;
        let entry_bits = u64::from(self.pointer_bits + self.size_bits);
        self.entries
            .finish(words_of_entries(take(&mut self.count), entry_bits), out)?;
        let num_buckets = size_for.unwrap_or(self.end);
        self.end = 0;
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

/// No list has more elements than bytes: the size that a record tells need not be believed.
fn elements_at_most(record: &[u8]) -> usize {
    (collection(record).0 as usize).min(record.len())
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
