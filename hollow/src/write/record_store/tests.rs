use super::chunk::CHUNK;
use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn ordinal(number: u32) -> Ordinal {
    Ordinal::new(number).unwrap()
}

proptest! {
    #[test]
    fn holds_what_was_inserted_whatever_is_removed_between(
        operations in prop::collection::vec((0u32..400, prop::option::of(prop::collection::vec(any::<u8>(), 0..300))), 0..600),
    ) {
        let mut store = RecordStore::default();
        let mut model: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
        for (index, (number, record)) in operations.into_iter().enumerate() {
            store.remove_own(ordinal(number));
            model.remove(&number);
            if let Some(record) = record {
                store.insert(ordinal(number), &record);
                model.insert(number, record);
            }
            if index % 50 == 0 {
                store.garbage += MIN_GARBAGE; // as if there was enough to be worth moving
                store.reclaim(|_, _, _, _| {});
                store.garbage = store.garbage.saturating_sub(MIN_GARBAGE);
            }
        }
        for number in 0..400 {
            prop_assert_eq!(store.own(ordinal(number)), model.get(&number).map(Vec::as_slice));
        }
    }
}

#[test]
fn garbage_does_not_outgrow_the_records() {
    let mut store = RecordStore::default();
    let record = [7u8; 100];
    (0..10_000).for_each(|number| _ = store.insert(ordinal(number), &record));
    let full = store.memory_bytes();
    for round in 0..50u32 {
        // Replace one record in ten, spread over all chunks.
        for number in (round % 10..10_000).step_by(10) {
            store.remove_own(ordinal(number));
            store.insert(ordinal(number), &record);
        }
        store.reclaim(|_, _, _, _| {});
    }
    assert!((0..10_000).all(|number| store.own(ordinal(number)) == Some(&record[..])));
    assert!(
        store.memory_bytes() < full * 5 / 2,
        "{} of {full}",
        store.memory_bytes()
    );
    assert_eq!(store.live_bytes(), 10_000 * 101);
}

#[test]
fn memory_goes_back_when_everything_is_removed() {
    let mut store = RecordStore::default();
    (0..10_000).for_each(|number| _ = store.insert(ordinal(number), &[1; 100]));
    (0..10_000).for_each(|number| store.remove_own(ordinal(number)));
    assert_eq!((store.live, store.garbage), (0, 0));
    assert_eq!(
        store.chunks.iter().map(|chunk| chunk.bytes.capacity()).sum::<usize>(),
        0
    );
}

#[test]
fn a_record_at_the_highest_ordinal_costs_little() {
    let mut store = RecordStore::default();
    store.insert(ordinal(Ordinal::MAX), b"far");
    assert_eq!(store.own(ordinal(Ordinal::MAX)), Some(&b"far"[..]));
    assert_eq!(store.own(ordinal(0)), None);
    assert!(store.memory_bytes() < 40 << 20, "a pointer for 256 ordinals");
}

#[test]
fn a_detached_record_comes_back() {
    let mut store = RecordStore::default();
    store.insert(ordinal(3), b"old");
    let place = store.detach(ordinal(3)).unwrap();
    store.insert(ordinal(3), b"new");
    assert_eq!(store.own(ordinal(3)), Some(&b"new"[..]));
    store.remove_own(ordinal(3));
    store.reattach(ordinal(3), place);
    assert_eq!(store.own(ordinal(3)), Some(&b"old"[..]));
}

#[test]
fn records_larger_than_a_chunk_and_empty_ones_are_records() {
    let mut store = RecordStore::default();
    let large = vec![9; CHUNK * 3];
    store.insert(ordinal(0), &[]);
    store.insert(ordinal(1), &large);
    store.insert(ordinal(2), &[]);
    assert_eq!(store.own(ordinal(0)), Some(&[][..]));
    assert_eq!(store.own(ordinal(1)), Some(&large[..]));
    assert_eq!(store.own(ordinal(2)), Some(&[][..]));
    assert_eq!(store.own(ordinal(3)), None);
}
