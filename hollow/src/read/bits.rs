//! Packed bits: written and read in memory, and read where a blob has them.
//!
//! In memory they lie in bytes, low bits first, so that a value is one unaligned load of eight bytes and a shift. A blob
//! has the same bits in big-endian words.

use crate::memory::bit_array::mask;

/// Reads the value of this width at this bit of `bytes`. Zero if it does not lie within, with seven bytes more.
#[inline]
pub(crate) fn get(bytes: &[u8], at_bit: u64, width: u32) -> u64 {
    let (at, shift) = ((at_bit >> 3) as usize, (at_bit & 7) as u32);
    let Some(&word) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else {
        return 0;
    };
    let low = u64::from_le_bytes(word) >> shift;
    if shift + width <= 64 {
        return low & mask(width);
    }
    let high = u64::from(bytes.get(at + 8).copied().unwrap_or(0));
    (low | high << (64 - shift)) & mask(width)
}

/// Appends packed values to bytes, the first one at a full byte.
#[derive(Debug)]
pub(crate) struct BitWriter<'o> {
    out: &'o mut Vec<u8>,
    last: u64,
    filled: u32,
}

impl<'o> BitWriter<'o> {
    pub(crate) fn new(out: &'o mut Vec<u8>) -> Self {
        Self {
            out,
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
        self.out.extend_from_slice(&self.last.to_le_bytes());
        let written = 64 - self.filled;
        self.last = if written == 64 { 0 } else { value >> written };
        self.filled = end - 64;
    }

    /// Writes what is left, up to a full byte.
    pub(crate) fn finish(self) {
        let bytes = self.last.to_le_bytes();
        self.out.extend(bytes.iter().take(self.filled.div_ceil(8) as usize));
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

    /// As [`WireWords::get`], faster where another word follows.
    #[inline]
    pub(crate) fn get_near(self, at_bit: u64, width: u32) -> u64 {
        let index = (at_bit >> 6) as usize;
        let Some([low, high]) = self.0.get(index..).and_then(|rest| rest.first_chunk()) else {
            return self.get(at_bit, width);
        };
        let both = u128::from(u64::from_be_bytes(*high)) << 64 | u128::from(u64::from_be_bytes(*low));
        (both >> (at_bit & 63)) as u64 & mask(width)
    }

    /// Appends so many bits from this one on to `out`, as [`get`] reads them, up to a full byte. Bits beyond the end are
    /// zero.
    pub(crate) fn append_to(self, out: &mut Vec<u8>, at_bit: u64, len_bits: u64) {
        let (index, shift) = ((at_bit >> 6) as usize, (at_bit & 63) as u32);
        let num_words = (len_bits / 64) as usize;
        let words = self.0.get(index..).unwrap_or_default();
        let start = out.len();
        out.resize(start + num_words * 8, 0);
        let whole = out[start..].as_chunks_mut::<8>().0.iter_mut();
        if shift == 0 {
            for (to, from) in whole.zip(words) {
                *to = u64::from_be_bytes(*from).to_le_bytes();
            }
        } else if let Some((first, rest)) = words.split_first() {
            let mut low = u64::from_be_bytes(*first) >> shift;
            let mut filled = 0;
            for (to, from) in whole.zip(rest) {
                let word = u64::from_be_bytes(*from);
                *to = (low | word << (64 - shift)).to_le_bytes();
                low = word >> shift;
                filled += 1;
            }
            if filled < num_words
                && let Some(to) = out
                    .get_mut(start + filled * 8..)
                    .and_then(|rest| rest.first_chunk_mut())
            {
                *to = low.to_le_bytes();
            }
        }
        let rest = (len_bits % 64) as u32;
        let last = self.get(at_bit + num_words as u64 * 64, rest).to_le_bytes();
        out.extend(last.iter().take(rest.div_ceil(8) as usize));
    }
}
