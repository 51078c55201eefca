//! Packing: values of one width into bytes, and bits from one place to another.
//!
//! Bits lie as `bits` says, low ones first. Eight values of a width take as many bytes as the width has bits, so they are
//! packed in groups of eight by code made for the width: all shifts in it are constants.

use super::bits::{self, WireWords};
use crate::memory::bit_array::mask;

#[cfg(test)]
mod tests;

/// Values that are packed together.
const GROUP: usize = 8;

/// Does something with the width as a constant.
macro_rules! with_width {
    ($given:expr, $width:ident => $does:expr) => {
        with_width!(@ $given, $width => $does;
            1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32
            33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64)
    };
    (@ $given:expr, $width:ident => $does:expr; $($number:literal)*) => {
        match $given {
            $($number => {
                const $width: usize = $number;
                $does
            })*
            _ => Default::default(),
        }
    };
}

pub(super) use with_width;

/// Appends the low `width` bits of these values, the first one at a full byte, up to a full byte.
pub(crate) fn pack(out: &mut Vec<u8>, values: &[u64], width: u32) {
    let start = out.len();
    let groups = values.len().div_ceil(GROUP) * width as usize;
    out.resize(start + groups + size_of::<u64>(), 0);
    let room = out.get_mut(start..).unwrap_or_default();
    with_width!(width, WIDTH => pack_groups::<WIDTH>(room, values));
    out.truncate(start + (values.len() * width as usize).div_ceil(8));
}

fn pack_groups<const WIDTH: usize>(mut out: &mut [u8], values: &[u64]) {
    let (groups, rest) = values.as_chunks::<GROUP>();
    for group in groups {
        pack_group::<WIDTH>(out, group);
        out = out.get_mut(WIDTH..).unwrap_or_default();
    }
    if !rest.is_empty() {
        let mut last = [0; GROUP];
        last.iter_mut().zip(rest).for_each(|(to, &from)| *to = from);
        pack_group::<WIDTH>(out, &last);
    }
}

/// Writes whole words: what comes behind the group is not written yet.
#[inline(always)]
fn pack_group<const WIDTH: usize>(out: &mut [u8], values: &[u64; GROUP]) {
    let Some(out) = out.get_mut(..WIDTH.div_ceil(8) * 8) else {
        return;
    };
    let mut words = out.as_chunks_mut::<8>().0.iter_mut();
    let (mut last, mut filled) = (0, 0);
    for value in values {
        let value = value & mask(WIDTH as u32);
        last |= value << filled;
        filled += WIDTH;
        if filled >= 64 {
            if let Some(word) = words.next() {
                *word = last.to_le_bytes();
            }
            filled -= 64;
            last = if filled == 0 { 0 } else { value >> (WIDTH - filled) };
        }
    }
    if let Some(word) = words.next() {
        *word = last.to_le_bytes();
    }
}

/// Values in bytes, one behind the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) at_bit: u64,
    pub(crate) len: u64,
    /// Bits from one to the next.
    pub(crate) width: u32,
}

/// How many values of a run do not have all ones in their low `low_bits`, up to 30 of them.
pub(crate) fn count_not_ones(bytes: &[u8], run: Run, low_bits: u32) -> u64 {
    let (grouped, rest) = (run.len / GROUP as u64, run.len % GROUP as u64);
    let ones = mask(low_bits);
    let counted = with_width!(run.width, WIDTH => not_ones_in_groups::<WIDTH>(bytes, run.at_bit, grouped, ones));
    let rest_at = run.at_bit + (run.len - rest) * u64::from(run.width);
    let not_ones = |number: &u64| bits::get(bytes, rest_at + number * u64::from(run.width), low_bits) != ones;
    counted + (0..rest).filter(not_ones).count() as u64
}

fn not_ones_in_groups<const WIDTH: usize>(bytes: &[u8], at_bit: u64, groups: u64, ones: u64) -> u64 {
    // A group ends a whole number of bytes after it began, so all of them begin at the same bit of a byte.
    let (mut at, shift) = ((at_bit >> 3) as usize, at_bit & 7);
    let ones: [u64; GROUP] = std::array::from_fn(|number| ones << (number * WIDTH % 8) << shift);
    let mut counted = 0;
    for _ in 0..groups {
        let Some(group) = bytes.get(at..at + WIDTH + 8) else {
            break;
        };
        for (number, ones) in ones.iter().enumerate() {
            let word = group[number * WIDTH / 8..].first_chunk();
            counted += u64::from(word.map_or(0, |word| u64::from_le_bytes(*word)) & ones != *ones);
        }
        at += WIDTH;
    }
    counted
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

    /// Appends so many bits of a blob, from this one on.
    pub(crate) fn copy_wire(&mut self, words: WireWords<'_>, at_bit: u64, len_bits: u64) {
        let (at, whole) = self.fill_up(at_bit, len_bits, |at, width| words.get_near(at, width));
        self.copy_words(whole, words.from((at >> 6) as usize), (at & 63) as u32);
        self.copy_rest(at, len_bits - (at - at_bit), |at, width| words.get_near(at, width));
    }

    /// Appends so many bits of packed values, from this one on. Eight bytes more follow them.
    pub(crate) fn copy_packed(&mut self, bytes: &[u8], at_bit: u64, len_bits: u64) {
        let (at, whole) = self.fill_up(at_bit, len_bits, |at, width| bits::get(bytes, at, width));
        let words = bytes.get((at >> 3) as usize..).unwrap_or_default().as_chunks::<8>().0;
        let words = words.iter().map(|word| u64::from_le_bytes(*word));
        self.copy_words(whole, words, (at & 7) as u32);
        self.copy_rest(at, len_bits - (at - at_bit), |at, width| bits::get(bytes, at, width));
    }

    /// Appends bits up to a full word; gives where to go on, and how many whole words there are from there on.
    #[inline]
    fn fill_up(&mut self, at_bit: u64, len_bits: u64, get: impl Fn(u64, u32) -> u64) -> (u64, usize) {
        let missing = u64::from((64 - self.filled) % 64).min(len_bits);
        self.push(get(at_bit, missing as u32), missing as u32);
        (at_bit + missing, ((len_bits - missing) / 64) as usize)
    }

    /// Appends so many words that begin at a bit of the first of these. Whole words were written so far.
    #[inline]
    fn copy_words(&mut self, whole: usize, mut words: impl Iterator<Item = u64>, shift: u32) {
        if whole == 0 {
            return;
        }
        let start = self.out.len();
        self.out.resize(start + whole * 8, 0);
        let mut to = self
            .out
            .get_mut(start..)
            .unwrap_or_default()
            .as_chunks_mut::<8>()
            .0
            .iter_mut();
        let mut low = words.next().unwrap_or(0);
        for (high, to) in words.zip(to.by_ref()) {
            let both = u128::from(high) << 64 | u128::from(low);
            *to = ((both >> (shift & 63)) as u64).to_le_bytes();
            low = high;
        }
        if let Some(to) = to.next() {
            *to = (low >> (shift & 63)).to_le_bytes();
        }
    }

    /// Appends what is left of so many bits behind the whole words.
    #[inline]
    fn copy_rest(&mut self, at_bit: u64, len_bits: u64, get: impl Fn(u64, u32) -> u64) {
        let rest = (len_bits % 64) as u32;
        self.push(get(at_bit + len_bits - u64::from(rest), rest), rest);
    }

    /// Writes what is left, up to a full byte.
    pub(crate) fn finish(self) {
        let bytes = self.last.to_le_bytes();
        self.out.extend(bytes.iter().take(self.filled.div_ceil(8) as usize));
    }
}
