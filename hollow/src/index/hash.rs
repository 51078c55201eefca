//! Hashing keys so that data cannot be made to collide.

use std::hash::{BuildHasher, RandomState};

/// Secrets that a hash depends on: drawn once for a process, or kept beside an index that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seeds(pub(super) [u64; 4]);

impl Seeds {
    /// Secrets nobody outside can know.
    pub(super) fn random() -> Self {
        let source = RandomState::new();
        Self::of([0u8, 1, 2, 3].map(|number| source.hash_one(number)))
    }

    /// Secrets that were stored. Any will do.
    pub(super) fn of(words: [u64; 4]) -> Self {
        let [a, b, c, d] = words;
        Self([a, b | 1, c, d | 1]) // factors are odd, so never zero
    }

    /// Begins the hash of a key.
    #[inline]
    pub(super) fn hasher(&self) -> KeyHasher<'_> {
        KeyHasher {
            state: self.0[0],
            seeds: &self.0,
        }
    }
}

/// The hash of one key in the making: each word is mixed in by a 128-bit product with a secret, folded to 64 bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyHasher<'s> {
    state: u64,
    seeds: &'s [u64; 4],
}

impl KeyHasher<'_> {
    /// Mixes in a number.
    #[inline]
    pub(super) fn word(&mut self, word: u64) {
        self.state = fold(self.state ^ word, self.seeds[1]).wrapping_add(self.seeds[2]);
    }

    /// Mixes in bytes and their number.
    #[inline]
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.word(u64::from_le_bytes(*word)));
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.word(u64::from_le_bytes(last));
        self.word(bytes.len() as u64);
    }

    /// The hash.
    #[inline]
    pub(super) fn finish(self) -> u64 {
        fold(self.state, self.seeds[3])
    }
}

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(seeds: Seeds, bytes: &[u8]) -> u64 {
        let mut hasher = seeds.hasher();
        hasher.bytes(bytes);
        hasher.finish()
    }

    #[test]
    fn every_bit_moves_about_half_of_the_others() {
        for seeds in [
            Seeds::random(),
            Seeds::random(),
            Seeds::of([0; 4].map(|_| 0x9E37_79B9_7F4A_7C15)),
        ] {
            let mut flips = [0u32; 64];
            let mut trials = 0;
            for value in 0..200u64 {
                let of = |value: u64| {
                    let mut hasher = seeds.hasher();
                    hasher.word(value);
                    hasher.finish()
                };
                for bit in 0..64 {
                    let difference = of(value) ^ of(value ^ 1 << bit);
                    flips
                        .iter_mut()
                        .enumerate()
                        .for_each(|(at, count)| *count += (difference >> at & 1) as u32);
                    trials += 1;
                }
            }
            for count in flips {
                let share = f64::from(count) / f64::from(trials);
                assert!((0.4..0.6).contains(&share), "{share}");
            }
        }
    }

    #[test]
    fn lengths_and_secrets_count() {
        let (a, b) = (Seeds::random(), Seeds::random());
        assert_eq!(hash(a, b"key"), hash(a, b"key"));
        assert_ne!(hash(a, b"key"), hash(b, b"key"));
        assert_ne!(hash(a, b"\0"), hash(a, b""));
        assert_ne!(hash(a, b"12345678"), hash(a, b"12345678\0"));
    }
}
