//! Laws of bits and bytes, over random data. Recorded values are in `tests/vectors_read`.

use super::bit_array::{self, BitArray, bits, mask};
use super::gap_list::{self, GapListError};
use super::text::{self, StoredText};
use super::var_int::{self, Decoded};
use super::{OrdinalSet, mutf8, zigzag};
use crate::Ordinal;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn ordinals(numbers: &BTreeSet<u32>) -> OrdinalSet {
    numbers.iter().filter_map(|&number| Ordinal::new(number)).collect()
}

fn numbers(set: &OrdinalSet) -> BTreeSet<u32> {
    set.iter().map(Ordinal::get).collect()
}

proptest! {
    #[test]
    fn packed_values_do_not_touch_each_other(values in vec((any::<u64>(), 0..=64u32), 0..50), rewrite in any::<u64>()) {
        let mut array = BitArray::default();
        let mut at = 0;
        let mut places = Vec::new();
        for (value, width) in values {
            prop_assert!(bits(value & mask(width)) <= width);
            array.set(at, width, value);
            places.push((at, width, value & mask(width)));
            at += u64::from(width);
        }
        if let Some((at, width, value)) = places.first_mut() {
            array.set(*at, *width, rewrite);
            *value = rewrite & mask(*width);
        }
        for (at, width, value) in places {
            prop_assert_eq!(array.get(at, width), value);
        }
        prop_assert_eq!(bit_array::get(array.words(), at + 64, 64), 0);
    }

    #[test]
    fn gap_lists_read_back(set in btree_set(0..5000u32, 0..60), short in 0..5000i64) {
        let mut bytes = Vec::new();
        gap_list::write(&mut bytes, set.iter().copied());
        prop_assert_eq!(gap_list::read(&bytes, 5000), Ok(set.iter().copied().collect()));
        let read = gap_list::read(&bytes, short);
        match set.last() {
            Some(&last) if i64::from(last) > short => {
                let too_large = matches!(read, Err(GapListError::TooLarge { .. }));
                prop_assert!(too_large);
            }
            _ => prop_assert!(read.is_ok()),
        }
    }

    #[test]
    fn any_bytes_are_a_gap_list_or_an_error(bytes in vec(any::<u8>(), 0..40), max in -1..1i64 << 29) {
        if let Ok(list) = gap_list::read(&bytes, max) {
            prop_assert!(list.is_sorted_by(|a, b| a < b));
            prop_assert!(list.last().is_none_or(|&last| i64::from(last) <= max));
        }
    }

    #[test]
    fn variable_length_integers_read_back(value in any::<u64>(), shift in 0..64u32, rest in vec(any::<u8>(), 0..3)) {
        let value = value >> shift;
        let mut bytes = Vec::new();
        var_int::write_u64(&mut bytes, value);
        let length = bytes.len();
        prop_assert_eq!(length, var_int::size_of_u64(value));
        for cut in 0..length {
            prop_assert_eq!(var_int::read_u64(&bytes[..cut]), Decoded::Truncated);
        }
        bytes.extend(rest);
        prop_assert_eq!(var_int::read_u64(&bytes), Decoded::Value(value, length));
        let narrow = var_int::read_u32(&bytes);
        prop_assert_eq!(narrow == Decoded::Value(value, length), value <= u64::from(u32::MAX));
    }

    #[test]
    fn zigzag_reverses(value in any::<i64>()) {
        prop_assert_eq!(zigzag::decode64(zigzag::encode64(value)), value);
        let narrow = value as i32;
        prop_assert_eq!(zigzag::decode32(zigzag::encode32(narrow)), narrow);
    }

    #[test]
    fn names_read_back(text in any::<String>()) {
        let bytes = mutf8::encode(&text);
        prop_assert!(!bytes.contains(&0));
        prop_assert_eq!(mutf8::decode(&bytes), Ok(text));
    }

    #[test]
    fn any_bytes_are_a_name_or_an_error(bytes in vec(any::<u8>(), 0..40)) {
        let _ = mutf8::decode(&bytes);
    }

    #[test]
    fn stored_text_reads_back(text in any::<String>(), other in any::<String>()) {
        let bytes = text::encode(&text);
        let stored = StoredText::new(&bytes);
        prop_assert!(stored.is(&text));
        prop_assert_eq!(stored.is(&other), text == other);
        prop_assert_eq!(stored.to_str(), text.as_str());
        prop_assert_eq!(stored.to_well_formed().map(|found| found.into_owned()), Some(text));
    }

    #[test]
    fn stored_text_is_total(bytes in vec(any::<u8>(), 0..40)) {
        let stored = StoredText::new(&bytes);
        let units: Vec<u16> = stored.units().collect();
        prop_assert_eq!(stored.to_str(), String::from_utf16_lossy(&units));
        prop_assert_eq!(stored.to_well_formed().is_some(), String::from_utf16(&units).is_ok());
    }

    #[test]
    fn sets_of_ordinals_are_sets(a in btree_set(0..700u32, 0..60), b in btree_set(0..700u32, 0..60)) {
        let (mut x, y) = (ordinals(&a), ordinals(&b));
        prop_assert_eq!(numbers(&x.difference(&y)), &a - &b);
        prop_assert_eq!((x.len(), x.is_empty()), (a.len(), a.is_empty()));
        prop_assert_eq!(x.last().map(Ordinal::get), a.last().copied());
        prop_assert_eq!(x == y, a == b);
        x.union_with(&y);
        prop_assert_eq!(numbers(&x), &a | &b);
        for &number in &b {
            let ordinal = Ordinal::new(number).expect("a small number");
            prop_assert!(x.contains(ordinal) && x.remove(ordinal) && !x.remove(ordinal) && !x.contains(ordinal));
        }
        prop_assert_eq!(numbers(&x), &a - &b);
        prop_assert_eq!(&x, &ordinals(&(&a - &b)));
        x.clear();
        prop_assert!(x.is_empty() && x == OrdinalSet::new());
    }
}
