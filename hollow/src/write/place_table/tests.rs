use super::stripe::{HASH_BITS, PLACE_MASK};
use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn which(wanted: u64) -> impl FnMut(Place) -> Option<u64> {
    move |place| (place.0 == wanted).then_some(place.0)
}

proptest! {
    /// Few hashes, all close to the end of the table: runs are long and wrap around.
    #[test]
    fn finds_what_is_there_and_nothing_else(operations in prop::collection::vec((0u64..60, 0u8..3), 0..400)) {
        let hash_of = |number: u64| u64::MAX - ((number % 7) << (60 - HASH_BITS));
        let mut table = PlaceTable::default();
        let mut model = BTreeSet::new();
        for (number, operation) in operations {
            match operation {
                0 | 1 if model.insert(number) => table.insert(hash_of(number), Place(number)),
                2 => prop_assert_eq!(table.remove(hash_of(number), Place(number)), model.remove(&number)),
                _ => {
                    // Somewhere else and back again.
                    table.replace(hash_of(number), Place(number), Place(1000));
                    prop_assert_eq!(table.find(hash_of(number), which(number)), None);
                    table.replace(hash_of(number), Place(1000), Place(number));
                }
            }
            for number in 0..60 {
                let found = table.find(hash_of(number), which(number));
                prop_assert_eq!(found.is_some(), model.contains(&number));
            }
        }
    }
}

#[test]
fn of_one_hash_the_first_added_is_found_first() {
    let first_of = |hash: u64, others: u64| {
        let mut table = PlaceTable::default();
        table.insert(hash, Place(6));
        table.insert(hash, Place(10));
        for other in 0..others {
            let scattered = other.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 4 | hash & (0xf << 60);
            table.insert(scattered, Place(100 + other));
        }
        table.find(hash, |place| (place.0 < 100).then_some(place.0))
    };
    for others in 0..50 {
        // The last of these begin a run at the end of the table that goes on at its start.
        for step in 0..40 {
            let hash = u64::MAX - (step << (60 - HASH_BITS));
            assert_eq!(first_of(hash, others), Some(6), "step={step} others={others}");
        }
    }
}

#[test]
fn the_highest_place_has_room() {
    let mut table = PlaceTable::default();
    let last = PLACE_MASK - 1;
    table.insert(u64::MAX, Place(last));
    assert_eq!(table.find(u64::MAX, which(last)), Some(last));
    assert!(table.remove(u64::MAX, Place(last)));
}

/// Large enough for whole pages, and for slots that are written later.
#[test]
fn a_large_table_finds_what_is_there_and_nothing_else() {
    const COUNT: u64 = 300_000;
    let hash_of = |number: u64| (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) & !(0xf << 60); // one stripe
    let mut table = PlaceTable::default();
    for number in 0..COUNT {
        assert_eq!(table.find(hash_of(number), which(number)), None);
        table.insert(hash_of(number), Place(number));
        assert_eq!(table.find(hash_of(number), which(number)), Some(number));
    }
    assert!((0..COUNT).all(|number| table.find(hash_of(number), which(number)).is_some()));
    for number in (0..COUNT).step_by(3) {
        assert!(table.remove(hash_of(number), Place(number)));
        table.replace(hash_of(number + 1), Place(number + 1), Place(number + COUNT));
    }
    for number in 0..COUNT {
        let expected = match number % 3 {
            0 => None,
            1 => Some(number + COUNT - 1),
            _ => Some(number),
        };
        let found = table.find(hash_of(number), |place| expected.and_then(which_is(place)));
        assert_eq!(found, expected, "number={number}");
    }
    let bytes = table.memory_bytes() as u64;
    assert!((12 * COUNT..24 * COUNT).contains(&bytes), "bytes={bytes}");
}

fn which_is(place: Place) -> impl FnOnce(u64) -> Option<u64> {
    move |wanted| (place.0 == wanted).then_some(wanted)
}
