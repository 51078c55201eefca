//! Fixed-width values packed into 64-bit words. See `docs/format.md`, section 1.4.
//!
//! Bit `k` is bit `k % 64`, counted from the least significant, of word `k / 64`. A value may straddle two words.

/// All ones of this width, 0 to 64 bits.
#[inline]
pub fn mask(width_bits: u32) -> u64 {
    if width_bits >= 64 {
        u64::MAX
    } else {
        (1 << width_bits) - 1
    }
}

/// How many bits it takes to write this value: `bits(0) = 0`, `bits(255) = 8`.
#[inline]
pub fn bits(value: u64) -> u32 {
    64 - value.leading_zeros()
}

/// Reads the value of this width at this bit. Bits beyond the end of the words read as zero.
#[inline]
pub fn get(words: &[u64], at_bit: u64, width_bits: u32) -> u64 {
    let index = (at_bit >> 6) as usize;
    let shift = (at_bit & 63) as u32;
    let low = words.get(index).copied().unwrap_or(0) >> shift;
    let value = if shift + width_bits > 64 {
        low | words.get(index + 1).copied().unwrap_or(0) << (64 - shift)
    } else {
        low
    };
    value & mask(width_bits)
}

/// A growing packed array of values of any widths, written front to back or at chosen bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BitArray {
    words: Vec<u64>,
}

impl BitArray {
    /// An array of zero bits, of this many bits rounded up to words.
    pub fn zeroed(len_bits: u64) -> Self {
        Self {
            words: vec![0; len_bits.div_ceil(64) as usize],
        }
    }

    /// The words, in order.
    #[inline]
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Gives up the words.
    pub fn into_words(self) -> Vec<u64> {
        self.words
    }

    /// Reads the value of this width at this bit.
    #[inline]
    pub fn get(&self, at_bit: u64, width_bits: u32) -> u64 {
        get(&self.words, at_bit, width_bits)
    }

    /// Writes `value` over the bits there, growing the array if needed. Bits of `value` above the width are dropped.
    #[inline]
    pub fn set(&mut self, at_bit: u64, width_bits: u32, value: u64) {
        if width_bits == 0 {
            return;
        }
        let value = value & mask(width_bits);
        let index = (at_bit >> 6) as usize;
        let shift = (at_bit & 63) as u32;
        let last = ((at_bit + u64::from(width_bits) - 1) >> 6) as usize;
        if last >= self.words.len() {
            self.words.resize(last + 1, 0);
        }
        let word = &mut self.words[index];
        *word = *word & !(mask(width_bits) << shift) | value << shift;
        if last > index {
            let spilled = shift + width_bits - 64;
            let word = &mut self.words[last];
            *word = *word & !mask(spilled) | value >> (64 - shift);
        }
    }
}
