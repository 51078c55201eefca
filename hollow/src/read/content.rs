//! Hashes of what records say.
//!
//! The hash of a record covers its ordinal and its values, and nothing of how it is stored. The hash of a page or a type
//! is the sum of its records' hashes: it does not depend on the order, and taking a record out or putting one in changes
//! it by that record alone. It finds mistakes, not forgery.

use super::object_block::NULL_DOUBLE;

/// The hash of some records: the sum of theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentHash(u64);

impl ContentHash {
    /// As a number.
    pub fn get(self) -> u64 {
        self.0
    }

    /// The hash of these records as those of a type with this name.
    pub(crate) fn of_type(self, name: &str) -> Self {
        let mut hasher = RecordHasher(self.0);
        hasher.bytes(Some(name.as_bytes()));
        hasher.finish()
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self(self.0.wrapping_sub(other.0))
    }
}

/// Hashes one record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordHasher(u64);

const MULTIPLIER: u64 = 0xA076_1D64_78BD_642F;
/// Stands for null: a value that no field has but one that is as good as any other.
const NULL: u64 = NULL_DOUBLE.rotate_left(17);

impl RecordHasher {
    pub(crate) fn new(ordinal: u32) -> Self {
        Self(mix(u64::from(ordinal) ^ 0xE703_7ED1_A0B4_28DB, MULTIPLIER))
    }

    #[inline]
    fn word(&mut self, word: u64) {
        self.0 = mix(self.0 ^ word, MULTIPLIER);
    }

    /// A value, or null.
    #[inline]
    pub(crate) fn value(&mut self, value: Option<u64>) {
        match value {
            Some(value) => self.word(value),
            None => self.0 = mix(self.0.rotate_left(29) ^ NULL, MULTIPLIER),
        }
    }

    /// Bytes, or null.
    #[inline]
    pub(crate) fn bytes(&mut self, bytes: Option<&[u8]>) {
        let Some(bytes) = bytes else {
            return self.value(None);
        };
        self.word(bytes.len() as u64);
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.word(u64::from_le_bytes(*word)));
        if !rest.is_empty() {
            let last = rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
            self.word(last);
        }
    }

    pub(crate) fn finish(self) -> ContentHash {
        ContentHash(mix(self.0, 0x8EBC_6AF0_9C88_C6E3))
    }
}

/// Multiplies to 128 bits and folds. Zero times anything would swallow what follows, so it is not let through.
#[inline]
fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a ^ 0x9E37_79B9_7F4A_7C15) * u128::from(b);
    (product as u64) ^ (product >> 64) as u64
}
