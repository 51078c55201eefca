//! Shards of list, set and map types. See `docs/format.md`, sections 6.3 to 6.6.

use super::bit_writer::{BitWriter, words_of_entries};
use super::{ShardRecords, ShardWriter};
use crate::memory::bit_array::mask;
use crate::memory::{hash, var_int};
use crate::write::WriteError;
use crate::write::record_form::{collection, list_elements, map_entries, set_elements};
use std::io;

/// The bucket of an element or entry that is empty.
const EMPTY: u64 = u64::MAX;

impl ShardWriter<'_> {
    pub(super) fn list<'a, I>(
        &mut self,
        element_bits: u32,
        total: u64,
        records: ShardRecords<I>,
        out: &mut dyn io::Write,
    ) -> Result<(), WriteError>
    where
        I: Iterator<Item = Option<&'a [u8]>>,
    {
        let pointer_bits = self.division.pointer_bits;
        write_head(&[pointer_bits, element_bits], total, out)?;
        let mut pointers = BitWriter::with_capacity(records.count * u64::from(pointer_bits));
        let mut elements = BitWriter::default();
        let mut end = 0u64;
        for record in records.records {
            for element in record.into_iter().flat_map(list_elements) {
                elements.push(element.into(), element_bits);
                end += 1;
            }
            pointers.push(end, pointer_bits);
        }
        pointers.finish(words_of_entries(records.count, pointer_bits.into()), out)?;
        let num_elements = records.size_for.unwrap_or(end);
        elements.finish(words_of_entries(num_elements, element_bits.into()), out)?;
        Ok(())
    }

    pub(super) fn set<'a, I>(
        &mut self,
        size_bits: u32,
        element_bits: u32,
        total: u64,
        records: ShardRecords<I>,
        out: &mut dyn io::Write,
    ) -> Result<(), WriteError>
    where
        I: Iterator<Item = Option<&'a [u8]>>,
    {
        let pointer_bits = self.division.pointer_bits;
        write_head(&[pointer_bits, size_bits, element_bits], total, out)?;
        let entry_bits = pointer_bits + size_bits;
        let mut entries = BitWriter::with_capacity(records.count * u64::from(entry_bits));
        let mut packed = BitWriter::default();
        let mut table = Vec::new();
        let mut end = 0u64;
        for record in records.records {
            let size = record.map_or(0, |record| collection(record).0);
            if let Some(record) = record {
                empty_table(&mut table, size);
                for (element, stored) in set_elements(record) {
                    let bucket = self.hash_keys.bucket(element, stored)?;
                    place(&mut table, bucket, element.into());
                }
                for &slot in &table {
                    packed.push(slot, element_bits);
                }
                end += table.len() as u64;
            }
            entries.push(end, pointer_bits);
            entries.push(size.into(), size_bits);
        }
        entries.finish(words_of_entries(records.count, entry_bits.into()), out)?;
        let num_buckets = records.size_for.unwrap_or(end);
        packed.finish(words_of_entries(num_buckets, element_bits.into()), out)?;
        Ok(())
    }

    pub(super) fn map<'a, I>(
        &mut self,
        size_bits: u32,
        (key_bits, value_bits): (u32, u32),
        total: u64,
        records: ShardRecords<I>,
        out: &mut dyn io::Write,
    ) -> Result<(), WriteError>
    where
        I: Iterator<Item = Option<&'a [u8]>>,
    {
        let pointer_bits = self.division.pointer_bits;
        write_head(&[pointer_bits, size_bits, key_bits, value_bits], total, out)?;
        let entry_bits = pointer_bits + size_bits;
        let mut entries = BitWriter::with_capacity(records.count * u64::from(entry_bits));
        let mut packed = BitWriter::default();
        let mut table = Vec::new();
        let mut end = 0u64;
        for record in records.records {
            let size = record.map_or(0, |record| collection(record).0);
            if let Some(record) = record {
                empty_table(&mut table, size);
                for (key, value, stored) in map_entries(record) {
                    let bucket = self.hash_keys.bucket(key, stored)?;
                    place(&mut table, bucket, u64::from(value) << 32 | u64::from(key));
                }
                for &slot in &table {
                    let (key, value) = if slot == EMPTY {
                        (mask(key_bits), 0)
                    } else {
                        (slot & mask(32), slot >> 32)
                    };
                    packed.push(key, key_bits);
                    packed.push(value, value_bits);
                }
                end += table.len() as u64;
            }
            entries.push(end, pointer_bits);
            entries.push(size.into(), size_bits);
        }
        entries.finish(words_of_entries(records.count, entry_bits.into()), out)?;
        let num_buckets = records.size_for.unwrap_or(end);
        packed.finish(words_of_entries(num_buckets, (key_bits + value_bits).into()), out)?;
        Ok(())
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
