//! Type states as blobs have them. See `docs/format.md`, sections 4.4, 6 and 11.6.
//!
//! A shard is packed in memory and then written, so besides the records there is never more than one shard at a time.

mod bit_writer;
mod collection;
mod hash_key;
mod object;

pub(super) use hash_key::HashKeys;

use super::WriteError;
use super::layout::{Division, Layout, Widths};
use super::record_store::RecordStore;
use super::type_state::TypeState;
use crate::Ordinal;
use crate::blob::write_schema;
use crate::memory::{OrdinalSet, gap_list, var_int};
use std::io;

/// Which blob is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Snapshot,
    Delta,
    ReverseDelta,
}

/// Writes the frame of a type.
pub(super) fn write_type<'e>(
    kind: Kind,
    ty: &'e TypeState,
    layout: &'e Layout,
    hash_keys: HashKeys<'e>,
    out: &mut dyn io::Write,
) -> Result<(), WriteError> {
    let division = match (kind, &layout.backward) {
        (Kind::ReverseDelta, Some(backward)) => backward,
        _ => &layout.forward,
    };
    let mut head = Vec::new();
    write_schema(&mut head, &ty.schema)?;
    var_int::write_u64(&mut head, 1 + var_int::size_of_u32(division.num_shards) as u64);
    var_int::write_u32(&mut head, 0);
    var_int::write_u32(&mut head, division.num_shards);
    if division.num_shards > 1 {
        var_int::write_i32(&mut head, last_of(layout.max_ordinal));
    }
    out.write_all(&head)?;

    let writer = ShardWriter {
        records: &ty.records,
        ty,
        widths: &layout.widths,
        division,
        hash_keys,
    };
    match kind {
        Kind::Snapshot => writer.snapshot(layout.max_ordinal, out),
        Kind::Delta => writer.delta(layout.max_ordinal, ty.previous.set(), ty.current.set(), out),
        Kind::ReverseDelta => writer.delta(layout.max_ordinal, ty.current.set(), ty.previous.set(), out),
    }
}

fn last_of(max: Option<Ordinal>) -> i32 {
    max.map_or(-1, |max| max.get().cast_signed())
}

/// What all shards of a type state share.
struct ShardWriter<'e> {
    ty: &'e TypeState,
    records: &'e RecordStore,
    widths: &'e Widths,
    division: &'e Division,
    hash_keys: HashKeys<'e>,
}

/// The records of a shard in order; `None` is a hole.
struct ShardRecords<I> {
    count: u64,
    records: I,
    /// Entries to size the array of elements or buckets for, if not those of the records.
    size_for: Option<u64>,
}

impl<'e> ShardWriter<'e> {
    fn snapshot(mut self, max_ordinal: Option<Ordinal>, out: &mut dyn io::Write) -> Result<(), WriteError> {
        let (records, populated, division) = (self.records, self.ty.current.set(), self.division);
        let count = max_ordinal.map_or(0, |max| max.get() + 1);
        for shard in 0..division.num_shards {
            let shard_count = self.shard_count(count, shard);
            out.write_all(&max_of_count(shard_count))?;
            let ordinals = (0..shard_count).map(|index| index * division.num_shards + shard);
            let records = ShardRecords {
                count: shard_count.into(),
                records: ordinals.map(|number| {
                    let ordinal = Ordinal::new(number).filter(|&ordinal| populated.contains(ordinal))?;
                    records.get(ordinal)
                }),
                size_for: Some(division.entries.get(shard as usize).copied().unwrap_or(0)),
            };
            self.body(shard, records, out)?;
        }
        let num_words = self.ty.current.num_words();
        out.write_all(&num_words.to_be_bytes())?;
        let words = populated.words();
        let words = &words[..words.len().min(num_words as usize)];
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        out.write_all(&bytes)?;
        bit_writer::write_zeros((u64::from(num_words) - words.len() as u64) * 8, out)?;
        Ok(())
    }

    fn delta(
        mut self,
        max_ordinal: Option<Ordinal>,
        from: &OrdinalSet,
        to: &OrdinalSet,
        out: &mut dyn io::Write,
    ) -> Result<(), WriteError> {
        let (records, num_shards) = (self.records, self.division.num_shards);
        let count = max_ordinal.map_or(0, |max| max.get() + 1);
        let removed = by_shard(&from.difference(to), num_shards);
        let added = by_shard(&to.difference(from), num_shards);
        for (shard, (removed, added)) in (0..num_shards).zip(removed.iter().zip(&added)) {
            out.write_all(&max_of_count(self.shard_count(count, shard)))?;
            for ordinals in [removed, added] {
                let mut gaps = Vec::new();
                gap_list::write(&mut gaps, ordinals.iter().map(|ordinal| ordinal.get() / num_shards));
                let mut length = Vec::new();
                var_int::write_u64(&mut length, gaps.len() as u64);
                out.write_all(&length)?;
                out.write_all(&gaps)?;
            }
            let records = ShardRecords {
                count: added.len() as u64,
                records: added.iter().map(|&ordinal| records.get(ordinal)),
                size_for: None,
            };
            self.body(shard, records, out)?;
        }
        Ok(())
    }

    fn body<'a, I>(&mut self, shard: u32, records: ShardRecords<I>, out: &mut dyn io::Write) -> Result<(), WriteError>
    where
        I: Iterator<Item = Option<&'a [u8]>>,
    {
        let total = self.division.entries.get(shard as usize).copied().unwrap_or(0);
        match *self.widths {
            Widths::Object { .. } => self.object(records, out),
            Widths::List { element } => self.list(element, total, records, out),
            Widths::Set { size, element } => self.set(size, element, total, records, out),
            Widths::Map { size, key, value } => self.map(size, (key, value), total, records, out),
        }
    }

    /// The ordinals of a shard, of so many ordinals in all.
    fn shard_count(&self, count: u32, shard: u32) -> u32 {
        count / self.division.num_shards + u32::from(shard < count % self.division.num_shards)
    }
}

fn by_shard(ordinals: &OrdinalSet, num_shards: u32) -> Vec<Vec<Ordinal>> {
    let mut shards = vec![Vec::new(); num_shards as usize];
    for ordinal in ordinals {
        shards[(ordinal.get() & (num_shards - 1)) as usize].push(ordinal);
    }
    shards
}

fn max_of_count(count: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(5);
    var_int::write_i32(&mut out, count.cast_signed() - 1);
    out
}
