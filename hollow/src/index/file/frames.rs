//! What stands in a file.

use rkyv::{Archive, Serialize};

/// A part of the file.
#[derive(Archive, Serialize)]
pub(super) enum Frame {
    /// The state the indexes belong to.
    State { tag: i64 },
    /// An index begins: what it was declared as.
    Index { declared: String, about: About },
    /// Pages of a unique key: for each the bytes of its lines.
    Lines(Vec<Vec<u8>>),
    /// Pages of a hash index.
    Keys(Vec<Keys>),
    /// Blocks of ordered entries.
    Entries(Vec<Entries>),
    /// The end, with the number of indexes.
    End { indexes: u32 },
}

/// What an index has besides pages.
#[derive(Archive, Serialize)]
pub(super) enum About {
    UniqueKey {
        seeds: [u64; 4],
        incomplete: u64,
        pages: u32,
    },
    Hash {
        seeds: [u64; 4],
        built_for: u64,
    },
    Sorted {
        nulls: u64,
    },
}

/// A page of a hash index.
#[derive(Archive, Serialize)]
pub(super) struct Keys {
    pub(super) marks: Vec<u32>,
    pub(super) key_ends: Vec<u32>,
    pub(super) keys: Vec<u8>,
    /// For each key the number of its records.
    pub(super) counts: Vec<u32>,
    pub(super) ordinals: Vec<u32>,
}

/// A block of ordered entries.
#[derive(Archive, Serialize)]
pub(super) struct Entries {
    pub(super) heads: Vec<u64>,
    pub(super) ordinals: Vec<u32>,
}
