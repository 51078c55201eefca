//! Pages and their table against plain models.

use super::budget::Budget;
use super::collection_page::{CollectionPage, CollectionRow, Unfit};
use super::object_page::{self, FieldKind, NULL_DOUBLE, NULL_FLOAT, ObjectPage, ObjectRow};
use super::slots::{PAGE_ORDINALS, SlotBits, Slots};
use super::table::{Page, Records};
use super::{ReadState, Transition, TypeReadState};
use crate::Ordinal;
use crate::memory::hash::table_size;
use crate::schema::Kind;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

fn bits_of(slots: &BTreeSet<u32>) -> SlotBits {
    let mut bits = [0; 16];
    slots
        .iter()
        .for_each(|slot| bits[(slot >> 6) as usize] |= 1 << (slot & 63));
    bits
}

/// Slots as they occur: dense from the start, sparse, or dense with holes.
fn slots() -> impl Strategy<Value = BTreeSet<u32>> {
    let hole = btree_set(0..PAGE_ORDINALS, 0..20);
    prop_oneof![
        (0..=PAGE_ORDINALS).prop_map(|len| (0..len).collect()),
        btree_set(0..PAGE_ORDINALS, 0..40),
        (0..=PAGE_ORDINALS, hole).prop_map(|(len, holes)| (0..len).filter(|s| !holes.contains(s)).collect()),
    ]
}

#[derive(Clone, Debug)]
enum Cell {
    Null,
    Value(u64),
    Bytes(Vec<u8>),
}

fn cell(kind: FieldKind) -> BoxedStrategy<Cell> {
    let values: BoxedStrategy<u64> = match kind {
        FieldKind::Text | FieldKind::Bytes => {
            let bytes = prop_oneof![Just(Vec::new()), vec(any::<u8>(), 0..5), vec(any::<u8>(), 0..200)];
            return prop_oneof![Just(Cell::Null), bytes.prop_map(Cell::Bytes)].boxed();
        }
        FieldKind::Boolean => (0..2u64).boxed(),
        FieldKind::Int => prop_oneof![0..5u64, Just(0xFFFF_FFFE), 0..0xFFFF_FFFFu64].boxed(),
        FieldKind::Long => prop_oneof![0..5u64, Just(u64::MAX - 1), 0..u64::MAX].boxed(),
        FieldKind::Reference => (0..=u64::from(Ordinal::MAX)).boxed(),
        FieldKind::Float => (0..=u64::from(u32::MAX))
            .prop_filter("null", |&v| v != u64::from(NULL_FLOAT))
            .boxed(),
        FieldKind::Double => any::<u64>().prop_filter("null", |&v| v != NULL_DOUBLE).boxed(),
    };
    prop_oneof![1 => Just(Cell::Null), 3 => values.prop_map(Cell::Value)].boxed()
}

fn kind() -> impl Strategy<Value = FieldKind> {
    use FieldKind::{Boolean, Bytes, Double, Float, Int, Long, Reference, Text};
    prop::sample::select(vec![Int, Long, Boolean, Float, Double, Text, Bytes, Reference])
}

/// Kinds of fields, and records by slot. Some fields are null throughout, as they often are in data.
fn objects() -> impl Strategy<Value = (Vec<FieldKind>, BTreeMap<u32, Vec<Cell>>)> {
    vec((kind(), any::<bool>()), 0..6).prop_flat_map(|fields| {
        let record: Vec<BoxedStrategy<Cell>> = fields
            .iter()
            .map(|&(kind, used)| if used { cell(kind) } else { Just(Cell::Null).boxed() })
            .collect();
        let kinds = fields.into_iter().map(|(kind, _)| kind).collect::<Vec<_>>();
        (Just(kinds), btree_map(0..PAGE_ORDINALS, record, 0..40))
    })
}

impl ObjectRow for &Vec<Cell> {
    fn value(&self, field: usize) -> Option<u64> {
        match &self[field] {
            Cell::Value(value) => Some(*value),
            _ => None,
        }
    }

    fn bytes(&self, field: usize) -> Option<&[u8]> {
        match &self[field] {
            Cell::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

/// Elements of a record: sets and maps as buckets, of which some are empty.
type Buckets = Vec<Option<(u64, u64)>>;

impl CollectionRow for &Buckets {
    fn span(&self) -> (u64, u64) {
        (0, self.len() as u64)
    }

    fn size(&self) -> u64 {
        self.iter().flatten().count() as u64
    }

    fn entry(&self, number: u64) -> Option<(u64, u64)> {
        self[number as usize]
    }
}

fn buckets(kind: Kind) -> impl Strategy<Value = Buckets> {
    let number = prop_oneof![0..4u64, 0..=u64::from(Ordinal::MAX)];
    let value = if kind == Kind::Map {
        number.clone().boxed()
    } else {
        Just(0).boxed()
    };
    let elements = vec((number, value), 0..30);
    elements.prop_perturb(move |elements, mut rng| {
        let size = elements.len();
        let mut buckets: Buckets = elements.into_iter().map(Some).collect();
        if kind != Kind::List {
            buckets.resize(table_size(size as u32).expect("a small table") as usize, None);
            for at in (1..buckets.len()).rev() {
                buckets.swap(at, rng.random_range(0..=at));
            }
        }
        buckets
    })
}

fn collections() -> impl Strategy<Value = (Kind, BTreeMap<u32, Buckets>)> {
    let kind = prop::sample::select(vec![Kind::List, Kind::Set, Kind::Map]);
    kind.prop_flat_map(|kind| (Just(kind), btree_map(0..PAGE_ORDINALS, buckets(kind), 0..30)))
}

fn pack(slots: Slots, kinds: &[FieldKind], rows: &[impl ObjectRow]) -> Result<ObjectPage, object_page::Unfit> {
    ObjectPage::pack(slots, kinds, rows, |_| false, &Budget::unlimited())
}

proptest! {
    #[test]
    fn slots_count_what_is_before(populated in slots()) {
        let slots = Slots::new(bits_of(&populated));
        prop_assert_eq!(slots.len(), populated.len());
        prop_assert_eq!(slots.iter().collect::<BTreeSet<_>>(), populated.clone());
        let mut index = 0;
        for slot in 0..PAGE_ORDINALS {
            let expected = populated.contains(&slot).then_some(index);
            prop_assert_eq!(slots.index_of(slot), expected);
            prop_assert_eq!(slots.contains(slot), expected.is_some());
            index += usize::from(expected.is_some());
        }
        prop_assert_eq!(slots.index_of(PAGE_ORDINALS), None);
        prop_assert_eq!(slots.index_of(u32::MAX), None);
    }

    #[test]
    fn object_pages_hold_what_was_packed((kinds, records) in objects()) {
        let slots = Slots::new(bits_of(&records.keys().copied().collect()));
        let page = pack(slots, &kinds, &records.values().collect::<Vec<_>>()).expect("values in range");
        for (index, record) in records.values().enumerate() {
            for (field, (cell, &kind)) in record.iter().zip(&kinds).enumerate() {
                let (value, bytes) = match cell {
                    Cell::Null => (None, None),
                    Cell::Value(value) => (Some(*value), None),
                    Cell::Bytes(bytes) => (None, Some(bytes.as_slice())),
                };
                prop_assert_eq!(page.value(index, field), value);
                prop_assert_eq!(page.bytes(index, field), bytes);
                let other = if kind == FieldKind::Int { FieldKind::Long } else { FieldKind::Int };
                prop_assert_eq!(page.value_of(index, field, other), None);
            }
            prop_assert_eq!(page.value(index, kinds.len()), None);
            prop_assert_eq!(page.bytes(index, kinds.len()), None);
        }
    }

    #[test]
    fn collection_pages_hold_what_was_packed((kind, records) in collections()) {
        let slots = Slots::new(bits_of(&records.keys().copied().collect()));
        let page = CollectionPage::pack(slots, kind, &records.values().collect::<Vec<_>>()).expect("fitting sizes");
        for (index, record) in records.values().enumerate() {
            prop_assert_eq!(page.size(index), record.iter().flatten().count());
            let found = page.entries(index).map(|e| (e.place, (u64::from(e.key.get()), u64::from(e.value.get()))));
            let expected = (0u32..).zip(record).filter_map(|(place, entry)| Some((place, (*entry)?)));
            prop_assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        }
    }

    #[test]
    fn tables_share_what_is_not_replaced(
        steps in vec(btree_map(prop_oneof![0..5u32, 0..400u32], any::<Option<u16>>(), 0..8), 1..6),
    ) {
        let mut table: Records<Stamp> = Records::empty();
        let mut model: BTreeMap<u32, u16> = BTreeMap::new();
        for step in steps {
            let before = table.clone();
            let pages = step.iter().map(|(&number, stamp)| (number, stamp.map(|s| Arc::new(Stamp::new(s)))));
            table = before.with_pages(pages.collect());
            for (&number, stamp) in &step {
                match stamp {
                    Some(stamp) => model.insert(number, *stamp),
                    None => model.remove(&number),
                };
            }
            let found: BTreeMap<u32, u16> = table.pages().map(|(number, page)| (number, page.stamp)).collect();
            prop_assert_eq!(&found, &model);
            prop_assert_eq!(table.len(), model.len());
            prop_assert_eq!(table.last().map(Ordinal::get), model.last_key_value().map(|(n, _)| n * PAGE_ORDINALS + 7));
            let differing: BTreeSet<u32> = before.differing(&table).iter().map(|(number, ..)| *number).collect();
            prop_assert!(differing.iter().all(|number| step.contains_key(number)));
            prop_assert!(step.iter().all(|(n, stamp)| stamp.is_none() || differing.contains(n)));
        }
    }
}

/// A page of one record.
#[derive(Debug)]
struct Stamp {
    slots: Slots,
    stamp: u16,
}

impl Stamp {
    fn new(stamp: u16) -> Self {
        let slots = Slots::new(bits_of(&BTreeSet::from([7])));
        Self { slots, stamp }
    }
}

impl Page for Stamp {
    fn slots(&self) -> &Slots {
        &self.slots
    }

    fn heap_bytes(&self) -> usize {
        0
    }
}

#[test]
fn values_that_cannot_be_are_refused() {
    let one = || Slots::new(bits_of(&BTreeSet::from([3])));
    for (kind, value) in [
        (FieldKind::Boolean, 2),
        (FieldKind::Reference, u64::from(Ordinal::MAX) + 1),
    ] {
        let record = vec![Cell::Null, Cell::Value(value)];
        let refused = pack(one(), &[FieldKind::Text, kind], &[&record]).err();
        assert!(
            matches!(refused, Some(object_page::Unfit::OutOfRange { field: 1, found, .. }) if found == value),
            "{kind:?}"
        );
    }
    let refused = |kind, buckets: Buckets| CollectionPage::pack(one(), kind, &[&buckets]).err();
    let far = u64::from(Ordinal::MAX) + 1;
    assert!(matches!(refused(Kind::List, vec![Some((far, 0))]), Some(Unfit::Reference(found)) if found == far));
    assert!(matches!(
        refused(Kind::Set, vec![Some((1, 0)); 2]), // full: a look-up would never end
        Some(Unfit::Buckets { size: 2, found: 2 })
    ));
    assert!(matches!(
        refused(Kind::Map, Vec::new()),
        Some(Unfit::Buckets { size: 0, found: 0 })
    ));
    assert!(refused(Kind::List, Vec::new()).is_none());
}

#[test]
fn fields_that_are_null_throughout_take_no_room() {
    let slots = || Slots::new(bits_of(&(0..500).collect()));
    let packed = |kinds: &[FieldKind], record: Vec<Cell>| {
        let records = vec![&record; 500];
        pack(slots(), kinds, &records).expect("a page").heap_bytes()
    };
    let empty = packed(&[], Vec::new());
    let nulls = packed(&[FieldKind::Text, FieldKind::Double], vec![Cell::Null, Cell::Null]);
    assert!(nulls - empty < 50, "{nulls} {empty}");
    let longs = packed(&[FieldKind::Long], vec![Cell::Value(6)]);
    assert!(longs - empty < 50 + 500 * 3 / 8, "three bits each: {longs}");
}

/// Exactly the pages with changed records are new.
#[test]
fn a_delta_shares_every_page_that_it_does_not_touch() {
    let (mut shared, mut made) = (0, 0);
    for case in ["bitset-growth", "bitset-history", "large-random", "unchanged-types"].map(fixtures::vectors::case) {
        let first = case.snapshot(case.versions()[0]).expect("a snapshot");
        let mut state = ReadState::from_snapshot(first).expect("a state");
        for (from, to) in case.deltas() {
            let next = state
                .apply_delta(case.delta(from, to).expect("a delta"))
                .expect("a state");
            let transition = Transition::between(&state, &next);
            for (old, new) in state.types().zip(next.types()) {
                let changes = transition.changes(new.name());
                let touched = |o: u32| o / PAGE_ORDINALS;
                let touched: BTreeSet<u32> = (changes.added | changes.removed).iter().map(touched).collect();
                let differing: BTreeSet<u32> = match (old, new) {
                    (TypeReadState::Object(a), TypeReadState::Object(b)) => numbers(a.records.differing(&b.records)),
                    (TypeReadState::List(a), TypeReadState::List(b)) => numbers(a.records.differing(&b.records)),
                    (TypeReadState::Set(a), TypeReadState::Set(b)) => numbers(a.records.differing(&b.records)),
                    (TypeReadState::Map(a), TypeReadState::Map(b)) => numbers(a.records.differing(&b.records)),
                    _ => panic!("a type of another kind"),
                };
                assert_eq!(differing, touched, "{} {from} to {to}", new.name());
                let pages: BTreeSet<u32> = new.populated().map(|o| o.get() / PAGE_ORDINALS).collect();
                shared += pages.difference(&touched).count();
                made += touched.len();
            }
            state = next;
        }
    }
    assert!(shared > 10 && made > 10, "shared={shared} made={made}");
}

fn numbers<P>(differing: Vec<super::table::Differing<'_, P>>) -> BTreeSet<u32> {
    differing.into_iter().map(|(number, ..)| number).collect()
}
