//! Records read where a snapshot's file has them.
//!
//! Nothing is read when a file is opened but what says where things are. A record is looked at when it is asked for, and
//! held against the lengths then: a file that lies gives nothing or another value, never a failure.

use super::kind::RecordKind;
use super::slots::{NO_SLOTS, PAGE_BITS, SlotBits, WORDS};
use super::wire::{Contents, Extent, Frame};
use crate::memory::MappedFile;
use std::sync::{Arc, OnceLock};

/// The records of a type in a mapped snapshot.
#[derive(Debug)]
pub(crate) struct Mapped<K: RecordKind> {
    file: Arc<MappedFile>,
    wire: K::Wire,
    populated: Extent,
    num_shards: u32,
    num_pages: u32,
    len: OnceLock<usize>,
}

impl<K: RecordKind> Mapped<K> {
    /// The records of a frame of this file.
    pub(super) fn new(file: Arc<MappedFile>, frame: &Frame<'_>, wire: K::Wire) -> Self {
        let populated = match frame.contents {
            Contents::Snapshot(extent) => extent,
            Contents::Delta(_) => Extent::default(),
        };
        Self {
            file,
            wire,
            populated,
            num_shards: frame.num_shards,
            num_pages: frame.max_ordinal.map_or(0, |max| (max.get() >> PAGE_BITS) + 1),
            len: OnceLock::new(),
        }
    }

    pub(super) fn num_pages(&self) -> u32 {
        self.num_pages
    }

    /// How many records are populated. Counts them when it is first asked for.
    pub(super) fn len(&self) -> usize {
        *self.len.get_or_init(|| {
            let words = self.populated.words(&self.file);
            (0..words.len()).map(|at| words.word(at).count_ones() as usize).sum()
        })
    }

    pub(super) fn slots(&self, number: u32) -> SlotBits {
        let words = self.populated.words(&self.file);
        let mut bits = NO_SLOTS;
        for (word, at) in bits.iter_mut().zip(number as usize * WORDS..) {
            *word = words.word(at);
        }
        bits
    }

    /// The record with this ordinal.
    pub(super) fn get(&self, ordinal: u32) -> Option<K::Row<'_>> {
        let word = self.populated.words(&self.file).word((ordinal >> 6) as usize);
        if word >> (ordinal & 63) & 1 == 0 {
            return None;
        }
        let shard = (ordinal & (self.num_shards - 1)) as usize;
        let position = ordinal >> self.num_shards.trailing_zeros();
        Some(K::in_blob(&self.wire, &self.file, shard, position))
    }
}
