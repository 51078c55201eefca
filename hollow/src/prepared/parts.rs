//! Parts of records by their text.
//!
//! The texts are those that writers of messages chose, so the hash is one that they do not know, and how many are kept is
//! bounded.

use crate::write::RecordHasher;
use hashbrown::HashTable;
use std::ops::Range;

/// Texts that are longer are no parts: hardly any is there twice.
pub(super) const MOST_TEXT: usize = 512;
/// More of either, and they are forgotten.
const MOST_PARTS: u32 = 1 << 16;
const MOST_BYTES: usize = 4 << 20;
/// How often the text of a type may be new, beyond how often it was known, before its records are no longer looked for.
const PATIENCE: i32 = 2_000;
/// The most of that.
const MOST_PATIENCE: i32 = 16_000;

/// The parts that are known.
#[derive(Debug, Default)]
pub(super) struct Parts {
    hasher: RecordHasher,
    table: HashTable<(u64, u32)>,
    texts: Vec<u8>,
    entries: Vec<Known>,
    /// How many parts have a number. Some have no text of their own: they stand in the text of others.
    numbers: u32,
    /// By type.
    patience: Vec<i32>,
}

/// A part that was read before.
#[derive(Clone, Debug)]
pub(super) struct Known {
    ty: u32,
    text: Range<u32>,
    pub(super) number: u32,
    /// How many values it counts, and how many levels of records it adds.
    pub(super) values: u32,
    pub(super) levels: u32,
}

impl Parts {
    pub(super) fn len(&self) -> u32 {
        self.numbers
    }

    /// Bytes of all texts.
    pub(super) fn num_bytes(&self) -> usize {
        self.texts.len()
    }

    pub(super) fn are_many(&self) -> bool {
        self.numbers >= MOST_PARTS || self.texts.len() >= MOST_BYTES
    }

    pub(super) fn clear(&mut self) {
        self.table.clear();
        self.texts.clear();
        self.entries.clear();
        self.numbers = 0;
        self.patience.clear();
    }

    /// The number of the next part.
    pub(super) fn next(&mut self) -> u32 {
        self.numbers += 1;
        self.numbers - 1
    }

    /// Whether it is worth while to look for records of this type.
    #[inline]
    pub(super) fn are_worth(&self, ty: u32) -> bool {
        self.patience.get(ty as usize).is_none_or(|patience| *patience > 0)
    }

    /// The hash by which a text of this type is found.
    #[inline]
    pub(super) fn hash(&self, ty: u32, text: &[u8]) -> u64 {
        self.hasher.hash(text) ^ u64::from(ty).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    #[inline]
    pub(super) fn find(&mut self, hash: u64, ty: u32, text: &[u8]) -> Option<Known> {
        let same = |&(other, at): &(u64, u32)| {
            other == hash
                && self.entries.get(at as usize).is_some_and(|known| {
                    known.ty == ty && self.texts.get(known.text.start as usize..known.text.end as usize) == Some(text)
                })
        };
        let found = self
            .table
            .find(hash, same)
            .and_then(|&(_, at)| self.entries.get(at as usize));
        let found = found.cloned();
        let at = ty as usize;
        if self.patience.len() <= at {
            self.patience.resize(at + 1, PATIENCE);
        }
        let patience = &mut self.patience[at];
        *patience = (*patience + if found.is_some() { 1 } else { -1 }).min(MOST_PATIENCE);
        found
    }

    /// Remembers a part that was read.
    pub(super) fn insert(&mut self, hash: u64, ty: u32, text: &[u8], number: u32, values: usize, levels: usize) {
        let first = self.texts.len() as u32;
        self.texts.extend_from_slice(text);
        let at = self.entries.len() as u32;
        self.entries.push(Known {
            ty,
            text: first..self.texts.len() as u32,
            number,
            values: values as u32,
            levels: levels as u32,
        });
        self.table.insert_unique(hash, (hash, at), |(hash, _)| *hash);
    }
}
