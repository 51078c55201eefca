//! Packs values front to back into the words of a blob.

use super::buffer::Buffer;
use crate::memory::bit_array::mask;
use crate::memory::var_int;
use std::io;

const WORD: usize = size_of::<u64>();

/// A packed array being written: words as they go on the wire, and the bits that do not fill a word yet.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Buffer,
    word: u64,
    filled_bits: u32,
}

/// Where some values are pushed to a [`BitWriter`], whose state is in registers meanwhile.
#[derive(Debug)]
pub(super) struct Cursor<'w> {
    /// Words, as they go on the wire.
    room: &'w mut [[u8; WORD]],
    len: usize,
    word: u64,
    filled_bits: u32,
}

impl Cursor<'_> {
    /// Appends the low bits of a value.
    #[inline]
    pub(super) fn push(&mut self, value: u64, width_bits: u32) {
        self.push_fitting(value & mask(width_bits), width_bits);
    }

    /// As [`Cursor::push`], of a value that has no bits above its width.
    #[inline]
    pub(super) fn push_fitting(&mut self, value: u64, width_bits: u32) {
        debug_assert_eq!(value & !mask(width_bits), 0);
        self.word |= value << self.filled_bits;
        // Written each time: whether the word is full can hardly be guessed.
        if let Some(room) = self.room.get_mut(self.len) {
            *room = self.word.to_be_bytes();
        }
        let end = self.filled_bits + width_bits;
        let is_full = end >= u64::BITS;
        // What does not fit, in two steps, since nothing may be left of it.
        let rest = value >> 1 >> (63 - self.filled_bits);
        self.word = if is_full { rest } else { self.word };
        self.len += usize::from(is_full);
        self.filled_bits = end % u64::BITS;
    }
}

impl BitWriter {
    /// With room for this many bits.
    pub(super) fn with_capacity(len_bits: u64) -> Self {
        Self {
            bytes: Buffer::with_capacity((len_bits.div_ceil(64) + 1) * WORD as u64),
            ..Self::default()
        }
    }

    /// Pushes at most so many values.
    #[inline]
    pub(super) fn push_all(&mut self, max_values: usize, push: impl FnOnce(&mut Cursor<'_>)) {
        let mut cursor = Cursor {
            room: self.bytes.room((max_values + 1) * WORD).as_chunks_mut().0,
            len: 0,
            word: self.word,
            filled_bits: self.filled_bits,
        };
        push(&mut cursor);
        let Cursor {
            len, word, filled_bits, ..
        } = cursor;
        (self.word, self.filled_bits) = (word, filled_bits);
        self.bytes.advance(len * WORD);
    }

    /// Writes the number of words, then the words; what was not pushed is zero. Then it is empty and can be used again.
    pub(super) fn finish(&mut self, num_words: u64, out: &mut dyn io::Write) -> io::Result<()> {
        if self.filled_bits > 0 {
            self.bytes.extend(&self.word.to_be_bytes());
        }
        let written = self.bytes.len() as u64 / 8;
        debug_assert!(written <= num_words, "more bits than the array was said to have");
        let mut length = Vec::new();
        var_int::write_u64(&mut length, num_words);
        out.write_all(&length)?;
        out.write_all(self.bytes.as_slice())?;
        self.bytes.clear();
        (self.word, self.filled_bits) = (0, 0);
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
        fn values_are_packed_where_they_are_read(
            first in prop::collection::vec((any::<u64>(), 0u32..=64), 0..60),
            second in prop::collection::vec((any::<u64>(), 0u32..=64), 0..60),
            at_once in 1usize..5,
        ) {
            let mut writer = BitWriter::default();
            for values in [first, second] {
                for some in values.chunks(at_once) {
                    writer.push_all(some.len(), |cursor| some.iter().for_each(|&(value, width)| cursor.push(value, width)));
                }
                let len_bits: u64 = values.iter().map(|&(_, width)| u64::from(width)).sum();
                let mut bytes = Vec::new();
                writer.finish(len_bits.div_ceil(64), &mut bytes).unwrap();
                let words: Vec<u64> = bytes.split_off(var_int::size_of_u64(len_bits.div_ceil(64)))
                    .as_chunks::<8>().0.iter().map(|bytes| u64::from_be_bytes(*bytes)).collect();
                let mut at_bit = 0;
                for (value, width) in values {
                    prop_assert_eq!(crate::memory::bit_array::get(&words, at_bit, width), value & mask(width));
                    at_bit += u64::from(width);
                }
            }
        }
    }
}
