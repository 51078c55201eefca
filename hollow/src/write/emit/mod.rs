//! Type states as blobs have them. See `docs/format.md`, sections 4.4, 6 and 11.6.
//!
//! Shards are packed in memory and then written. The records of a shard lie all over the type, so several shards are
//! packed in one pass over the records, as many as make about [`PACKED_BYTES`].

mod bit_writer;
mod body;
mod buffer;
mod collection;
mod hash_key;
mod object;

pub(super) use hash_key::HashKeys;

use super::layout::{Division, Layout};
use super::membership::Changes;
use super::record_form::{Records, Shape};
use super::{WriteError, type_state::TypeState};
use crate::Ordinal;
use crate::blob::write_schema;
use crate::memory::{OrdinalSet, gap_list, var_int};
use crate::schema::Schema;
use body::{Body, Size};
use std::io;

/// What the shards that are packed in one pass should not exceed together, unless one alone does.
const PACKED_BYTES: u64 = 128 << 20;

/// Which blob is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Snapshot,
    Delta,
    ReverseDelta,
}

/// The frame of a type: everything about it but the records.
pub(super) struct Frame<'e> {
    pub(super) schema: &'e Schema,
    pub(super) shape: &'e Shape,
    pub(super) layout: &'e Layout,
    pub(super) hash_keys: HashKeys<'e>,
}

/// Writes the frame of a type of an engine.
pub(super) fn write_type<'e>(
    kind: Kind,
    ty: &'e TypeState,
    layout: &'e Layout,
    hash_keys: HashKeys<'e>,
    out: &mut dyn io::Write,
) -> Result<(), WriteError> {
    let frame = Frame {
        schema: &ty.schema,
        shape: &ty.shape,
        layout,
        hash_keys,
    };
    let unchanged = Changes::default();
    let changes = ty.changes.as_ref().unwrap_or(&unchanged);
    match kind {
        Kind::Snapshot => frame.snapshot(ty.records.reader(), ty.members.current(), ty.members.num_words(), out),
        Kind::Delta => frame.delta(
            &layout.forward,
            ty.records.reader(),
            &changes.removed,
            &changes.added,
            out,
        ),
        Kind::ReverseDelta => {
            let division = layout.backward.as_ref().unwrap_or(&layout.forward);
            frame.delta(division, ty.records.reader(), &changes.added, &changes.removed, out)
        }
    }
}

impl Frame<'_> {
    /// Writes a snapshot of these records; `num_words` is the size of the bit set of those that are populated.
    pub(super) fn snapshot(
        mut self,
        mut records: impl Records,
        populated: &OrdinalSet,
        num_words: u32,
        out: &mut dyn io::Write,
    ) -> Result<(), WriteError> {
        let division = &self.layout.forward;
        self.head(division, out)?;
        let count = self.count();
        let num_shards = division.num_shards;
        let at_once = self.shards_at_once(count);
        let entries = |shard: u32| division.entries.get(shard as usize).copied().unwrap_or(0);
        let body = |shard: u32| {
            let size = Size {
                count: shard_count(count, num_shards, shard),
                entries: entries(shard),
                num_shards: Some(num_shards),
            };
            Body::new(self.shape, self.layout, division, size)
        };
        let mut bodies: Vec<Body> = (0..num_shards.min(at_once)).map(body).collect();
        let mut first = 0;
        while first < num_shards {
            let shards = first..num_shards.min(first.saturating_add(at_once));
            for row in (0..count).step_by(num_shards as usize) {
                for (shard, body) in shards.clone().zip(&mut bodies) {
                    let number = row + shard;
                    if number >= count {
                        break;
                    }
                    let ordinal = Ordinal::new(number).filter(|&ordinal| populated.contains(ordinal));
                    let record = ordinal.and_then(|ordinal| records.get(ordinal));
                    body.push(record, &mut self.hash_keys)?;
                }
            }
            for (shard, body) in shards.clone().zip(&mut bodies) {
                out.write_all(&max_of_count(shard_count(count, num_shards, shard)))?;
                let total = entries(shard);
                body.finish(total, Some(total), out)?;
            }
            first = shards.end;
        }
        out.write_all(&num_words.to_be_bytes())?;
        let words = populated.words();
        let words = &words[..words.len().min(num_words as usize)];
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        out.write_all(&bytes)?;
        bit_writer::write_zeros((u64::from(num_words) - words.len() as u64) * 8, out)?;
        Ok(())
    }

    /// Writes what removes these records and adds those.
    fn delta(
        mut self,
        division: &Division,
        mut records: impl Records,
        removed: &[Ordinal],
        added: &[Ordinal],
        out: &mut dyn io::Write,
    ) -> Result<(), WriteError> {
        self.head(division, out)?;
        let num_shards = division.num_shards;
        let count = self.count();
        let (removed, added) = (by_shard(removed, num_shards), by_shard(added, num_shards));
        for (shard, (removed, added)) in (0..num_shards).zip(removed.iter().zip(&added)) {
            out.write_all(&max_of_count(shard_count(count, num_shards, shard)))?;
            for ordinals in [removed, added] {
                let mut gaps = Vec::new();
                gap_list::write(&mut gaps, ordinals.iter().map(|ordinal| ordinal.get() / num_shards));
                let mut length = Vec::new();
                var_int::write_u64(&mut length, gaps.len() as u64);
                out.write_all(&length)?;
                out.write_all(&gaps)?;
            }
            let size = Size {
                count: added.len() as u32,
                entries: 0,
                num_shards: None,
            };
            let mut body = Body::new(self.shape, self.layout, division, size);
            for &ordinal in added {
                body.push(records.get(ordinal), &mut self.hash_keys)?;
            }
            let total = division.entries.get(shard as usize).copied().unwrap_or(0);
            body.finish(total, None, out)?;
        }
        Ok(())
    }

    /// What stands before the shards.
    fn head(&self, division: &Division, out: &mut dyn io::Write) -> Result<(), WriteError> {
        let mut head = Vec::new();
        write_schema(&mut head, self.schema)?;
        var_int::write_u64(&mut head, 1 + var_int::size_of_u32(division.num_shards) as u64);
        var_int::write_u32(&mut head, 0);
        var_int::write_u32(&mut head, division.num_shards);
        if division.num_shards > 1 {
            let last = self.layout.max_ordinal.map_or(-1, |max| max.get().cast_signed());
            var_int::write_i32(&mut head, last);
        }
        Ok(out.write_all(&head)?)
    }

    /// The number of ordinals of the type.
    fn count(&self) -> u32 {
        self.layout.max_ordinal.map_or(0, |max| max.get() + 1)
    }

    /// How many shards to pack in one pass over the records: about the same in each, since memory that is not touched
    /// need not be given.
    fn shards_at_once(&self, count: u32) -> u32 {
        let num_shards = self.layout.forward.num_shards;
        let per_shard = self.layout.packed_bytes(count) / u64::from(num_shards);
        let most = u32::try_from(PACKED_BYTES / per_shard.max(1))
            .unwrap_or(u32::MAX)
            .max(1);
        num_shards.div_ceil(num_shards.div_ceil(most))
    }
}

/// The ordinals of a shard, of so many ordinals in all.
fn shard_count(count: u32, num_shards: u32, shard: u32) -> u32 {
    count / num_shards + u32::from(shard < count % num_shards)
}

fn by_shard(ordinals: &[Ordinal], num_shards: u32) -> Vec<Vec<Ordinal>> {
    let mut shards = vec![Vec::new(); num_shards as usize];
    for &ordinal in ordinals {
        shards[(ordinal.get() & (num_shards - 1)) as usize].push(ordinal);
    }
    shards
}

fn max_of_count(count: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(5);
    var_int::write_i32(&mut out, count.cast_signed() - 1);
    out
}
