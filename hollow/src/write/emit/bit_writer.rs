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
