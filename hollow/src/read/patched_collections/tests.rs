use crate::read::block::{Block, Workshop};
use crate::read::kind::{Collections, RecordKind};
use crate::read::tests::{Buckets, bits_of, buckets, pack_collections};
use crate::schema::Kind;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// What becomes of a slot: its record before and after, if there is one.
type Fate = (Option<Buckets>, Option<Option<Buckets>>);

fn fates() -> impl Strategy<Value = (Kind, Vec<Fate>)> {
    let kind = prop::sample::select(vec![Kind::List, Kind::Set, Kind::Map]);
    kind.prop_flat_map(|kind| {
        let record = || prop::option::weighted(0.9, buckets(kind));
        // Most stay as they are, so that some lie next to each other.
        (
            Just(kind),
            vec((record(), prop::option::weighted(0.3, record())), 0..60),
        )
    })
}

fn packed(kind: Kind, records: &BTreeMap<u32, Buckets>) -> Block {
    let slots = bits_of(&records.keys().copied().collect());
    pack_collections(&slots, kind, &records.values().collect::<Vec<_>>()).expect("fitting sizes")
}

fn found(page: &Block, slot: u32) -> Option<(usize, Buckets)> {
    let position = page.position(slot)?;
    let span = page.span(position);
    Some((
        page.size(position),
        (0..span.len()).map(|number| span.get(number)).collect(),
    ))
}

proptest! {
    /// As if all records had been packed anew.
    #[test]
    fn patched_pages_hold_what_stays_and_what_is_new((kind, fates) in fates(), narrow in any::<bool>()) {
        let (mut before, mut after, mut over) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for (slot, (old, change)) in (0..).zip(fates) {
            let mut new = change.clone().unwrap_or_else(|| old.clone());
            if narrow && change.is_some() {
                new.iter_mut().flatten().flatten().for_each(|(key, value)| (*key, *value) = (*key % 4, *value % 4));
            }
            if let (Some(new), true) = (&new, change.is_some()) {
                over.insert(slot, new.clone());
            }
            before.extend(old.map(|old| (slot, old)));
            after.extend(new.map(|new| (slot, new)));
        }
        let (page, expected) = (packed(kind, &before), packed(kind, &after));
        let rows: BTreeMap<u32, Buckets> = (0..).zip(over.values().cloned()).collect();
        let log = packed(kind, &rows);
        let over: Vec<_> = over.keys().zip(0..).map(|(&slot, at)| (slot, Collections::in_block(&log, at))).collect();
        let slots = bits_of(&after.keys().copied().collect());
        let made = Collections::patch(&kind, &mut Workshop::default(), &slots, &page, &over, u64::MAX);
        let Some(made) = made else {
            let mut pages = [&page, &expected].into_iter();
            prop_assert!(pages.any(|page| page.positions_are_slots().is_none()), "slots are places");
            return Ok(());
        };
        let made = made.expect("fitting sizes");
        prop_assert_eq!(made.slots(), expected.slots());
        for slot in 0..64 {
            prop_assert_eq!(found(&made, slot), found(&expected, slot));
        }
        if after.values().any(|record| !record.is_empty()) {
            let refused = Collections::patch(&kind, &mut Workshop::default(), &slots, &page, &over, 0);
            prop_assert!(refused.is_some_and(|made| made.is_err()), "more bits than it may take");
        }
    }
}
