//! Hashes of serialized records: fast, and unknown to whoever makes the records.
//!
//! A table that finds records by a hash anybody can compute is as slow as somebody wants it to be. So the hash is keyed
//! by random numbers of this process. That makes no difference to any blob: where a table has several records of one
//! hash, their bytes decide, and ordinals follow from the order in which records were added.

use std::hash::{BuildHasher, RandomState};

/// A key for hashing records.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordHasher {
    seeds: [u64; 4],
}

impl Default for RecordHasher {
    fn default() -> Self {
        let random = RandomState::new();
        Self {
            seeds: [0u8, 1, 2, 3].map(|number| random.hash_one(number)),
        }
    }
}

/// The product of two words, both halves of it in one word.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

impl RecordHasher {
    /// The hash of a record. All bits are equally good.
    #[inline]
    pub(crate) fn hash(&self, record: &[u8]) -> u64 {
        let [a, b, c, d] = self.seeds;
        let mut state = a ^ record.len() as u64;
        let (blocks, tail) = record.as_chunks::<16>();
        for block in blocks {
            let (low, high) = halves(block);
            state = fold(low ^ b, high ^ state);
        }
        if !tail.is_empty() {
            // The last sixteen bytes, over some that were taken already; shorter records are filled up with zeros.
            let (low, high) = match record.last_chunk::<16>() {
                Some(block) => halves(block),
                None => {
                    let mut block = [0; 16];
                    block[..tail.len()].copy_from_slice(tail);
                    halves(&block)
                }
            };
            state = fold(low ^ c, high ^ state);
        }
        fold(state ^ d, c)
    }
}

#[inline]
fn halves(block: &[u8; 16]) -> (u64, u64) {
    let word = u128::from_le_bytes(*block);
    (word as u64, (word >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn records_that_hardly_differ_have_different_hashes() {
        let mut records: HashSet<Vec<u8>> = (0..100).map(|length| vec![0; length]).collect();
        for length in 0..70 {
            let mut record: Vec<u8> = (0..length).map(|at| at as u8).collect();
            records.insert(record.clone());
            for at in 0..length {
                for bit in 0..8 {
                    record[at] ^= 1 << bit;
                    records.insert(record.clone());
                    record[at] ^= 1 << bit;
                }
            }
        }
        let hasher = RecordHasher::default();
        // 64 bits leave no room for accidents.
        let hashes: HashSet<u64> = records.iter().map(|record| hasher.hash(record)).collect();
        assert_eq!(hashes.len(), records.len());
    }

    #[test]
    fn every_bit_of_a_hash_is_used_alike() {
        let hasher = RecordHasher::default();
        for bit in 0..64 {
            let ones = (0..4096u32)
                .filter(|n| hasher.hash(&n.to_be_bytes()) >> bit & 1 == 1)
                .count();
            assert!((1700..2400).contains(&ones), "bit {bit} is set in {ones} of 4096");
        }
    }

    #[test]
    fn two_hashers_do_not_agree() {
        assert_ne!(
            RecordHasher::default().hash(b"record"),
            RecordHasher::default().hash(b"record")
        );
    }
}
