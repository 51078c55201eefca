use super::{BitWriter, Run, count_not_ones, pack};
use crate::memory::bit_array::mask;
use crate::read::bits::{self, WireWords};
use crate::read::unpack::unpack;
use proptest::collection::vec;
use proptest::prelude::*;

/// Bits one after the other, and as packed bytes with eight more.
fn packed(bits: &[bool]) -> Vec<u8> {
    let byte = |bits: &[bool]| (0..).zip(bits).fold(0, |byte, (at, &bit)| byte | u8::from(bit) << at);
    bits.chunks(8).map(byte).chain([0xA5; 8]).collect()
}

/// The same bits as a blob has them.
fn wire(bits: &[bool]) -> Vec<u8> {
    let word = |bits: &[bool]| {
        (0..)
            .zip(bits)
            .fold(0u64, |word, (at, &bit)| word | u64::from(bit) << at)
    };
    bits.chunks(64).flat_map(|bits| word(bits).to_be_bytes()).collect()
}

fn bits_of(value: u64, width: u32) -> impl Iterator<Item = bool> {
    (0..width).map(move |at| value >> at & 1 != 0)
}

proptest! {
    #[test]
    fn what_was_packed_is_found(
        before in vec(any::<u8>(), 0..3),
        values in vec(any::<u64>(), 0..70),
        width in 0..=64u32,
    ) {
        let mut out = before.clone();
        pack(&mut out, &values, width);
        let bits: Vec<bool> = values.iter().flat_map(|&value| bits_of(value, width)).collect();
        let expected = packed(&bits);
        prop_assert_eq!(&out[..before.len()], &before[..]);
        prop_assert_eq!(&out[before.len()..], &expected[..expected.len() - 8]);
        let mut found = vec![1u64; values.len()];
        unpack(&expected, width, &mut found);
        let expected: Vec<u64> = values.iter().map(|value| value & mask(width)).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn bits_are_copied_to_any_place(
        pieces in vec((any::<bool>(), any::<u64>(), 0..=64u32, 0..300u64), 0..8),
        random in vec(any::<bool>(), 700),
    ) {
        let (bytes, words) = (packed(&random), wire(&random));
        let mut expected: Vec<bool> = Vec::new();
        let mut out = Vec::new();
        let mut writer = BitWriter::new(&mut out);
        for (from_blob, value, width, len) in pieces {
            let value = value & mask(width);
            writer.push(value, width);
            expected.extend(bits_of(value, width));
            let at = value % (701 - len);
            match from_blob {
                true => writer.copy_wire(WireWords::new(&words), at, len),
                false => writer.copy_packed(&bytes, at, len),
            }
            expected.extend(&random[at as usize..(at + len) as usize]);
        }
        writer.finish();
        let expected = packed(&expected);
        prop_assert_eq!(&out[..], &expected[..expected.len() - 8]);
    }

    #[test]
    fn values_of_ones_are_counted(
        at_bit in 0..20u64,
        width in 1..=60u32,
        low in any::<prop::sample::Index>(),
        ones in vec((any::<bool>(), any::<u64>()), 0..60),
    ) {
        let low_bits = 1 + low.index(width.min(30) as usize) as u32;
        let values: Vec<u64> = ones
            .iter()
            .map(|&(ones, value)| if ones { value | mask(low_bits) } else { value } & mask(width))
            .collect();
        let expected = values.iter().filter(|&&value| value & mask(low_bits) != mask(low_bits)).count();
        let bits: Vec<bool> = std::iter::repeat_n(true, at_bit as usize)
            .chain(values.iter().flat_map(|&value| bits_of(value, width)))
            .collect();
        let run = Run { at_bit, len: values.len() as u64, width };
        prop_assert_eq!(count_not_ones(&packed(&bits), run, low_bits), expected as u64);
    }
}

/// A blob may say that there is more than there is.
#[test]
fn what_lies_beyond_is_zero() {
    let mut out = Vec::new();
    let mut writer = BitWriter::new(&mut out);
    writer.copy_wire(WireWords::new(&[0xFF; 16]), 100, 300);
    writer.copy_packed(&[0xFF; 16], 1 << 40, 100);
    writer.finish();
    assert_eq!(out.len(), 50);
    assert_eq!((bits::get(&out, 0, 28), bits::get(&out, 28, 64)), (mask(28), 0));
    assert!(out[4..].iter().all(|&byte| byte == 0));
}
