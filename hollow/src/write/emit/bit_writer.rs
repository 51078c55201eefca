//! Packs values front to back into the words of a blob.

use crate::memory::bit_array::mask;
use crate::memory::var_int;
use std::io;

/// A packed array being written: words as they go on the wire, and the bits that do not fill a word yet.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    word: u64,
    filled_bits: u32,
}

impl BitWriter {
    /// With room for this many bits.
    pub(super) fn with_capacity(len_bits: u64) -> Self {
        Self {
            bytes: Vec::with_capacity(usize::try_from(len_bits.div_ceil(64) * 8).unwrap_or(0)),
            ..Self::default()
        }
    }

    /// Appends the low bits of a value.
    #[inline]
    pub(super) fn push(&mut self, value: u64, width_bits: u32) {
        if width_bits == 0 {
            return;
        }
        let value = value & mask(width_bits);
        self.word |= value << self.filled_bits;
        let free_bits = 64 - self.filled_bits;
        if width_bits < free_bits {
            self.filled_bits += width_bits;
            return;
        }
        self.bytes.extend_from_slice(&self.word.to_be_bytes());
        self.word = if free_bits == 64 { 0 } else { value >> free_bits };
        self.filled_bits = width_bits - free_bits;
    }

    /// As [`BitWriter::push`], of a value that has no bits above its width.
    #[inline]
    pub(super) fn push_fitting(&mut self, value: u64, width_bits: u32) {
        debug_assert_eq!(value & !mask(width_bits), 0);
        let filled_bits = self.filled_bits;
        self.word |= value << filled_bits;
        let end = filled_bits + width_bits;
        if end < 64 {
            self.filled_bits = end;
            return;
        }
        self.bytes.extend_from_slice(&self.word.to_be_bytes());
        // In two steps, since nothing may be left of it.
        self.word = value >> 1 >> (63 - filled_bits);
        self.filled_bits = end - 64;
    }

    /// Writes the number of words, then the words; what was not pushed is zero.
    pub(super) fn finish(mut self, num_words: u64, out: &mut dyn io::Write) -> io::Result<()> {
        if self.filled_bits > 0 {
            self.bytes.extend_from_slice(&self.word.to_be_bytes());
        }
        let written = self.bytes.len() as u64 / 8;
        debug_assert!(written <= num_words, "more bits than the array was said to have");
        let mut length = Vec::new();
        var_int::write_u64(&mut length, num_words);
        out.write_all(&length)?;
        out.write_all(&self.bytes)?;
        write_zeros(num_words.saturating_sub(written) * 8, out)
    }
}

/// Writes zero bytes.
pub(super) fn write_zeros(count: u64, out: &mut dyn io::Write) -> io::Result<()> {
    const ZEROS: [u8; 4096] = [0; 4096];
    let mut left = count;
    while left > 0 {
        let step = left.min(ZEROS.len() as u64);
        out.write_all(&ZEROS[..step as usize])?;
        left -= step;
    }
    Ok(())
}

/// The words of an array of so many entries of lists, sets and maps: an array that has entries has a word, even if
/// they take no bits.
pub(super) fn words_of_entries(num_entries: u64, width_bits: u64) -> u64 {
    match num_entries {
        0 => 0,
        _ => (num_entries * width_bits).div_ceil(64).max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn both_ways_of_pushing_pack_the_same(values in prop::collection::vec((any::<u64>(), 0u32..=64), 0..60)) {
            let (mut masked, mut fitting) = (BitWriter::default(), BitWriter::default());
            let len_bits: u64 = values.iter().map(|&(_, width)| u64::from(width)).sum();
            for &(value, width) in &values {
                masked.push(value, width);
                fitting.push_fitting(value & mask(width), width);
            }
            let (mut a, mut b) = (Vec::new(), Vec::new());
            masked.finish(len_bits.div_ceil(64), &mut a).unwrap();
            fitting.finish(len_bits.div_ceil(64), &mut b).unwrap();
            prop_assert_eq!(&a, &b);
            let words: Vec<u64> = a.split_off(var_int::size_of_u64(len_bits.div_ceil(64)))
                .as_chunks::<8>().0.iter().map(|bytes| u64::from_be_bytes(*bytes)).collect();
            let mut at_bit = 0;
            for (value, width) in values {
                prop_assert_eq!(crate::memory::bit_array::get(&words, at_bit, width), value & mask(width));
                at_bit += u64::from(width);
            }
        }
    }
}
