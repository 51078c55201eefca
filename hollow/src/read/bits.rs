//! Packed bits, read in memory and where a blob has them; `pack` writes them.
//!
//! In memory they lie in bytes, low bits first, so that a value is one unaligned load of eight bytes and a shift. A blob
//! has the same bits in big-endian words.

pub(crate) use super::pack::pack;

use crate::memory::bit_array::mask;

/// Reads the value of this width at this bit of `bytes`. Zero if it does not lie within, with seven bytes more.
#[inline]
pub(crate) fn get(bytes: &[u8], at_bit: u64, width: u32) -> u64 {
    let mask = mask(width);
    let (low, shift) = window(bytes, at_bit);
    if shift + width <= 64 {
        return low & mask;
    }
    (low | beyond(bytes, at_bit, shift)) & mask
}

/// As [`get`], with the mask of the width, which is not zero.
#[inline]
pub(crate) fn get_some(bytes: &[u8], at_bit: u64, width: u32) -> (u64, u64) {
    let mask = u64::MAX >> (width.wrapping_neg() & 63); // no question about the width
    let (low, shift) = window(bytes, at_bit);
    if shift + width <= 64 {
        return (low & mask, mask);
    }
    ((low | beyond(bytes, at_bit, shift)) & mask, mask)
}

/// At least 57 bits from this one on, and where in its byte that is.
#[inline(always)]
fn window(bytes: &[u8], at_bit: u64) -> (u64, u32) {
    let (at, shift) = ((at_bit >> 3) as usize, (at_bit & 7) as u32);
    let word = bytes.get(at..at + 8).and_then(|word| word.first_chunk());
    (word.map_or(0, |word| u64::from_le_bytes(*word)) >> shift, shift)
}

/// What [`window`] has not of the 64 bits from this one on, in its place.
#[cold]
fn beyond(bytes: &[u8], at_bit: u64, shift: u32) -> u64 {
    let at = (at_bit >> 3) as usize + 8;
    u64::from(bytes.get(at).copied().unwrap_or(0)) << (64 - shift)
}

/// So many values of this width, as [`pack`] wrote them at the start of `bytes`.
#[inline]
pub(crate) fn unpack(bytes: &[u8], width: u32, len: u32) -> impl Iterator<Item = u64> {
    let step = u64::from(width);
    (0..u64::from(len)).map(move |number| get(bytes, number * step, width))
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

    /// The words from this one on.
    #[inline]
    pub(crate) fn from(self, index: usize) -> impl Iterator<Item = u64> + use<'b> {
        let words = self.0.get(index..).unwrap_or_default();
        words.iter().map(|bytes| u64::from_be_bytes(*bytes))
    }

    /// The bits from this one on, in words; zero beyond the end, and the last word is.
    #[inline]
    pub(crate) fn window<const WORDS: usize>(self, at_bit: u64) -> [u64; WORDS] {
        let (index, shift) = ((at_bit >> 6) as usize, at_bit & 63);
        let words: [u64; WORDS] = match self.0.get(index..).and_then(|rest| rest.first_chunk::<WORDS>()) {
            Some(words) => words.map(u64::from_be_bytes),
            None => std::array::from_fn(|at| self.word(index + at)),
        };
        std::array::from_fn(|at| {
            let Some(&high) = words.get(at + 1) else { return 0 };
            let both = u128::from(high) << 64 | u128::from(words[at]);
            (both >> shift) as u64
        })
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
}
