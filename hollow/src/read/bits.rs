//! Packed words written front to back, and packed words read where a blob has them.

use crate::memory::bit_array::mask;

/// Packs values one after the other, low bits first.
#[derive(Debug)]
pub(crate) struct BitWriter {
    words: Vec<u64>,
    last: u64,
    filled: u32,
}

impl BitWriter {
    pub(crate) fn with_capacity_bits(len_bits: u64) -> Self {
        Self {
            words: Vec::with_capacity(len_bits.div_ceil(64) as usize),
            last: 0,
            filled: 0,
        }
    }

    /// Appends the low `width` bits of a value that has no others.
    #[inline]
    pub(crate) fn push(&mut self, value: u64, width: u32) {
        debug_assert_eq!(value & !mask(width), 0);
        self.last |= value << self.filled;
        let end = self.filled + width;
        if end < 64 {
            self.filled = end;
            return;
        }
        self.words.push(self.last);
        let written = 64 - self.filled;
        self.last = if written == 64 { 0 } else { value >> written };
        self.filled = end - 64;
    }

    pub(crate) fn finish(mut self) -> Box<[u64]> {
        if self.filled > 0 {
            self.words.push(self.last);
        }
        self.words.into()
    }
}

/// The words of a packed array in a blob: big-endian, at any address.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WireWords<'b>(&'b [[u8; 8]]);

impl<'b> WireWords<'b> {
    /// Over these bytes; a rest of less than a word is left out.
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self(bytes.as_chunks().0)
    }

    pub(crate) fn len(self) -> usize {
        self.0.len()
    }

    pub(crate) fn len_bits(self) -> u64 {
        self.0.len() as u64 * 64
    }

    /// A word; zero beyond the end.
    #[inline]
    pub(crate) fn word(self, index: usize) -> u64 {
        self.0.get(index).map_or(0, |bytes| u64::from_be_bytes(*bytes))
    }

    /// Reads the value of this width at this bit. Bits beyond the end read as zero.
    #[inline]
    pub(crate) fn get(self, at_bit: u64, width: u32) -> u64 {
        let index = (at_bit >> 6) as usize;
        let shift = (at_bit & 63) as u32;
        let low = self.word(index) >> shift;
        let value = if shift + width > 64 {
            low | self.word(index + 1) << (64 - shift)
        } else {
            low
        };
        value & mask(width)
    }
}
