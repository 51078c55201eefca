//! Many packed values at once.
//!
//! Eight values of whatever width begin and end at a full byte. With the width known when this is compiled, so is where
//! each of the eight lies: a load, a shift and a mask, all with constants. There is one such loop for each width.

use super::bits;
use super::pack::with_width;

/// Values that are unpacked together.
const GROUP: usize = 8;

/// What values are unpacked to: `u32` takes less room, and the processor has twice as many of them in a register.
pub(crate) trait Word: Copy + Eq + Default {
    /// The widest value it can have.
    const BITS: usize;
    /// The low bits of a value.
    fn of(value: u64) -> Self;
    /// As it was packed.
    fn get(self) -> u64;
}

impl Word for u32 {
    const BITS: usize = 32;

    #[inline(always)]
    fn of(value: u64) -> Self {
        value as u32
    }

    #[inline(always)]
    fn get(self) -> u64 {
        self.into()
    }
}

impl Word for u64 {
    const BITS: usize = 64;

    #[inline(always)]
    fn of(value: u64) -> Self {
        value
    }

    #[inline(always)]
    fn get(self) -> u64 {
        self
    }
}

/// Unpacks as many values of this width as there is room for, as [`bits::pack`] wrote them at the start of `bytes`.
pub(crate) fn unpack<W: Word>(bytes: &[u8], width: u32, out: &mut [W]) {
    let done: usize = with_width!(width, WIDTH => groups::<W, WIDTH>(bytes, out));
    for (number, to) in (0..).zip(out.iter_mut()).skip(done) {
        *to = W::of(bits::get(bytes, number * u64::from(width), width));
    }
}

/// Unpacks whole groups, as far as there are eight more bytes behind them; gives how many values those are.
#[inline(never)]
fn groups<W: Word, const WIDTH: usize>(bytes: &[u8], out: &mut [W]) -> usize {
    if WIDTH > W::BITS {
        return 0;
    }
    let (mut rest, mut done) = (bytes, 0);
    for group in out.as_chunks_mut::<GROUP>().0 {
        let Some(packed) = rest.get(..WIDTH + 8) else { break };
        let value = |at| W::of(value::<WIDTH>(packed, at));
        *group = [
            value(0),
            value(1),
            value(2),
            value(3),
            value(4),
            value(5),
            value(6),
            value(7),
        ];
        rest = rest.get(WIDTH..).unwrap_or_default();
        done += GROUP;
    }
    done
}

/// A value of a group; `packed` has `WIDTH + 8` bytes, which makes all of this constants but the load.
#[inline(always)]
fn value<const WIDTH: usize>(packed: &[u8], at: usize) -> u64 {
    let (byte, shift) = (at * WIDTH / 8, at * WIDTH % 8);
    let word = packed.get(byte..).and_then(|rest| rest.first_chunk());
    let mut value = word.map_or(0, |word| u64::from_le_bytes(*word)) >> shift;
    if shift + WIDTH > 64 {
        value |= packed.get(byte + 8).map_or(0, |&high| u64::from(high) << (64 - shift));
    }
    value & crate::memory::bit_array::mask(WIDTH as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of all widths and numbers, at the end of the bytes and with more behind them.
    #[test]
    fn unpacks_what_single_reads_give() {
        let mut random = crate::testing::entropy(11);
        for width in 0..=64u32 {
            let values: Vec<u64> = (0..140)
                .map(|_| random() & crate::memory::bit_array::mask(width))
                .collect();
            let mut bytes = Vec::new();
            bits::pack(&mut bytes, &values, width);
            for behind in [0, 7, 8, 9] {
                bytes.truncate((values.len() * width as usize).div_ceil(8));
                bytes.resize(bytes.len() + behind, 0xA5);
                let single = |at: u64| bits::get(&bytes, at * u64::from(width), width);
                for len in [0, 1, 7, 8, 9, 63, 64, 65, 130, 140] {
                    let expected: Vec<u64> = (0..len).map(single).collect();
                    if behind >= 8 {
                        assert_eq!(expected, values[..len as usize], "{width} bits");
                    }
                    let mut found = vec![1u64; len as usize];
                    unpack(&bytes, width, &mut found);
                    assert_eq!(found, expected, "{len} of {width} bits, {behind} bytes behind");
                    if width <= 32 {
                        let mut found = vec![1u32; len as usize];
                        unpack(&bytes, width, &mut found);
                        assert!(
                            found.iter().map(|value| value.get()).eq(expected),
                            "{len} of {width} bits"
                        );
                    }
                }
            }
        }
    }
}
