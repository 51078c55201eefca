//! Pages and their table against plain models.

use super::block::{Block, Workshop};
use super::collection_block::{self, CollectionRow, Unfit};
use super::derived::Derived;
use super::differing::Differing;
use super::kind::{ObjectPlace, Objects, RecordKind};
use super::object_block::{self, FieldKind, NULL_DOUBLE, NULL_FLOAT, ObjectRow};
use super::reclaim::wait_for_release;
use super::slots::{PAGE_ORDINALS, SlotBits, iter_bits};
use super::table::{Entry, Table};
use super::{ReadState, Transition, TypeReadState};
use crate::Ordinal;
use crate::memory::hash::table_size;
use crate::schema::Kind;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) fn bits_of(slots: &BTreeSet<u32>) -> SlotBits {
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
    fn num_fields(&self) -> usize {
        self.len()
    }

    fn value(&self, field: usize, _: FieldKind) -> Option<u64> {
        match &self[field] {
            Cell::Value(value) => Some(*value),
            _ => None,
        }
    }

    fn bytes(&self, field: usize, _: FieldKind) -> Option<&[u8]> {
        match &self[field] {
            Cell::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

/// Elements of a record: sets and maps as buckets, of which some are empty.
pub(super) type Buckets = Vec<Option<(u64, u64)>>;

impl CollectionRow for &Buckets {
    fn num_entries(&self) -> u64 {
        self.len() as u64
    }

    fn size(&self) -> u64 {
        self.iter().flatten().count() as u64
    }

    fn entry(&self, number: u64) -> Option<(u64, u64)> {
        self[number as usize]
    }
}

pub(super) fn buckets(kind: Kind) -> impl Strategy<Value = Buckets> {
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

fn pack(slots: &SlotBits, kinds: &[FieldKind], rows: &[impl ObjectRow]) -> Result<Block, object_block::Unfit> {
    object_block::pack(&mut Workshop::default(), Some(slots), kinds, rows, u64::MAX)
}

pub(super) fn pack_collections(slots: &SlotBits, kind: Kind, rows: &[&Buckets]) -> Result<Block, Unfit> {
    collection_block::pack(&mut Workshop::default(), Some(slots), kind, rows, u64::MAX)
}

/// Whether a block has these records in these slots.
fn holds(block: &Block, kinds: &[FieldKind], records: &BTreeMap<u32, Vec<Cell>>) -> Result<(), TestCaseError> {
    prop_assert_eq!(block.slots(), bits_of(&records.keys().copied().collect()));
    for (&slot, record) in records {
        let position = block.position(slot).expect("a populated slot");
        for (field, (cell, &kind)) in record.iter().zip(kinds).enumerate() {
            let (value, bytes) = match cell {
                Cell::Null => (None, None),
                Cell::Value(value) => (Some(*value), None),
                Cell::Bytes(bytes) => (None, Some(bytes.as_slice())),
            };
            if kind.is_variable_length() {
                prop_assert_eq!(block.text(position, field, kind), bytes);
            } else {
                prop_assert_eq!(block.value(position, field, kind), value);
                let mut stored = vec![kind.null(64); position as usize + 1];
                if let Some(column) = block.column(field, kind) {
                    column.unpack_widest(&mut stored);
                }
                let last = stored[position as usize];
                prop_assert_eq!((last != kind.null(64)).then_some(last), value);
            }
            let other = if kind == FieldKind::Int {
                FieldKind::Long
            } else {
                FieldKind::Int
            };
            prop_assert_eq!(block.value(position, field, other), None);
        }
        prop_assert_eq!(block.value(position, kinds.len(), FieldKind::Int), None);
        prop_assert_eq!(block.text(position, kinds.len(), FieldKind::Text), None);
    }
    Ok(())
}

proptest! {
    #[test]
    fn slots_have_places(populated in slots()) {
        let rows: Vec<Vec<Cell>> = populated.iter().map(|&slot| vec![Cell::Value(slot.into())]).collect();
        let rows: Vec<&Vec<Cell>> = rows.iter().collect();
        let block = pack(&bits_of(&populated), &[FieldKind::Int], &rows).expect("nothing to refuse");
        prop_assert_eq!(block.slots(), bits_of(&populated));
        for slot in 0..PAGE_ORDINALS {
            let found = block.position(slot).map(|position| block.value(position, 0, FieldKind::Int));
            let expected = populated.contains(&slot).then_some(Some(slot.into()));
            prop_assert_eq!(found, expected);
        }
        prop_assert_eq!(block.position(PAGE_ORDINALS), None);
        prop_assert_eq!(block.position(u32::MAX), None);
    }

    #[test]
    fn object_pages_hold_what_was_packed((kinds, records) in objects()) {
        let slots = bits_of(&records.keys().copied().collect());
        let page = pack(&slots, &kinds, &records.values().collect::<Vec<_>>()).expect("values in range");
        holds(&page, &kinds, &records)?;
    }

    /// Records of several blocks with widths of their own become a page.
    #[test]
    fn pages_made_anew_hold_what_their_blocks_held((kinds, records) in objects(), cuts in btree_set(0..40usize, 0..4)) {
        let rows: Vec<&Vec<Cell>> = records.values().collect();
        let mut bounds: Vec<usize> = cuts.into_iter().filter(|&cut| cut < rows.len()).collect();
        bounds.insert(0, 0);
        bounds.push(rows.len());
        let parts = bounds.windows(2).map(|part| &rows[part[0]..part[1]]);
        let blocks: Vec<(Block, usize)> = parts
            .map(|part| {
                let block = object_block::pack(&mut Workshop::default(), None, &kinds, part, u64::MAX);
                (block.expect("values in range"), part.len())
            })
            .collect();
        let places = blocks.iter().flat_map(|(block, len)| (0..*len as u32).map(move |at| Objects::in_block(block, at)));
        let places: Vec<ObjectPlace<'_>> = places.collect();
        let slots = bits_of(&records.keys().copied().collect());
        let page = pack(&slots, &kinds, &places);
        holds(&page.expect("values in range"), &kinds, &records)?;
    }

    /// A page with records of its own, others in their place, and new ones.
    #[test]
    fn patched_pages_hold_what_stays_and_what_is_new(
        (kinds, records) in objects(),
        split in any::<prop::sample::Index>(),
        (dense, fates) in (any::<bool>(), vec(0..4u8, 1..9)),
    ) {
        // Every other record is another's next version, so that both have values of the fields' kinds.
        let cells: Vec<Vec<Cell>> = records.into_values().collect();
        let half = split.index(cells.len() + 1);
        let slot_of = |at: usize| if dense { at as u32 } else { at as u32 * 2 + u32::from(at > 3) };
        let fate = |at: usize| fates[at % fates.len()];
        let before: BTreeMap<u32, Vec<Cell>> = (0..half).map(|at| (slot_of(at), cells[at].clone())).collect();
        let mut after = BTreeMap::new();
        let mut over: Vec<(u32, &Vec<Cell>)> = Vec::new();
        for at in 0..cells.len() {
            let slot = slot_of(at);
            match (before.get(&slot), fate(at)) {
                (Some(record), 0..=1) => drop(after.insert(slot, record.clone())),
                (_, 3) => {}
                _ => {
                    over.push((slot, &cells[cells.len() - 1 - at]));
                    after.insert(slot, cells[cells.len() - 1 - at].clone());
                }
            }
        }
        let slots = |records: &BTreeMap<u32, Vec<Cell>>| bits_of(&records.keys().copied().collect());
        let page = pack(&slots(&before), &kinds, &before.values().collect::<Vec<_>>()).expect("values in range");
        let rows: Vec<&Vec<Cell>> = over.iter().map(|(_, record)| *record).collect();
        let log = object_block::pack(&mut Workshop::default(), None, &kinds, &rows, u64::MAX).expect("values in range");
        let over: Vec<_> = over.iter().zip(0..).map(|((slot, _), at)| (*slot, Objects::in_block(&log, at))).collect();
        let bits = slots(&after);
        let plan = kinds.as_slice().into();
        if let Some(made) = Objects::patch(&plan, &mut Workshop::default(), &bits, &page, &over, u64::MAX) {
            holds(&made.expect("values in range"), &kinds, &after)?;
        } else {
            prop_assert!(!dense || after.len() < cells.len(), "pages without holes can be patched");
        }
    }

    #[test]
    fn collection_pages_hold_what_was_packed((kind, records) in collections()) {
        let slots = bits_of(&records.keys().copied().collect());
        let page = pack_collections(&slots, kind, &records.values().collect::<Vec<_>>()).expect("fitting sizes");
        for (&slot, record) in &records {
            let position = page.position(slot).expect("a populated slot");
            prop_assert_eq!(page.size(position), record.iter().flatten().count());
            let span = page.span(position);
            let found: Buckets = (0..span.len()).map(|number| span.get(number)).collect();
            prop_assert_eq!(&found, record);
        }
    }

    #[test]
    fn tables_share_what_is_not_replaced(
        steps in vec(btree_map(prop_oneof![0..5u32, 0..400u32], any::<Option<u16>>(), 0..8), 1..6),
    ) {
        let mut table: Table<Arc<[u32]>> = Table::empty();
        let mut model: BTreeMap<u32, u16> = BTreeMap::new();
        for step in steps {
            let before = table.clone();
            let entry = |stamp: u16| Arc::<[u32]>::from([u32::from(stamp)]);
            table = before.with(step.iter().map(|(&number, stamp)| (number, stamp.map(entry))).collect());
            for (&number, stamp) in &step {
                match stamp {
                    Some(stamp) => model.insert(number, *stamp),
                    None => model.remove(&number),
                };
            }
            let found = |number| table.get(number).map(|entry| entry[0] as u16);
            prop_assert!((0..500).all(|number| found(number) == model.get(&number).copied()));
            prop_assert_eq!(table.is_empty(), model.is_empty());
            let differing: BTreeSet<u32> = before.differences(&table).collect();
            prop_assert!(differing.iter().all(|number| step.contains_key(number)));
            prop_assert!(step.iter().all(|(n, stamp)| stamp.is_none() || differing.contains(n)));
        }
    }
}

#[test]
fn values_that_cannot_be_are_refused() {
    let one = bits_of(&BTreeSet::from([3]));
    for (kind, value) in [
        (FieldKind::Boolean, 2),
        (FieldKind::Reference, u64::from(Ordinal::MAX) + 1),
    ] {
        let record = vec![Cell::Null, Cell::Value(value)];
        let refused = pack(&one, &[FieldKind::Text, kind], &[&record]).err();
        assert!(
            matches!(refused, Some(object_block::Unfit::OutOfRange { field: 1, found, .. }) if found == value),
            "{kind:?}"
        );
    }
    let refused = |kind, buckets: Buckets| pack_collections(&one, kind, &[&buckets]).err();
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
    let slots = bits_of(&(0..500).collect());
    let packed = |kinds: &[FieldKind], record: Vec<Cell>| {
        let records = vec![&record; 500];
        pack(&slots, kinds, &records).expect("a page").memory_bytes()
    };
    let empty = packed(&[], Vec::new());
    let nulls = packed(&[FieldKind::Text, FieldKind::Double], vec![Cell::Null, Cell::Null]);
    assert!(nulls - empty < 64, "{nulls} {empty}");
    let longs = packed(&[FieldKind::Long], vec![Cell::Value(6)]);
    assert!(longs - empty < 64 + 500 * 3 / 8, "three bits each: {longs}");
}

/// Exactly the pages with changed records are new, and in those that lie below overlays exactly the changed slots differ.
#[test]
fn a_delta_shares_every_page_that_it_does_not_touch() {
    let (mut shared, mut made, mut under) = (0, 0, 0);
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
                let changed: BTreeSet<u32> = (changes.added | changes.removed).iter().collect();
                let touched: BTreeSet<u32> = changed.iter().map(|o| o / PAGE_ORDINALS).collect();
                let differing: Vec<Differing> = match (old, new) {
                    (TypeReadState::Object(a), TypeReadState::Object(b)) => a.records.differing(&b.records).collect(),
                    (TypeReadState::List(a), TypeReadState::List(b)) => a.records.differing(&b.records).collect(),
                    (TypeReadState::Set(a), TypeReadState::Set(b)) => a.records.differing(&b.records).collect(),
                    (TypeReadState::Map(a), TypeReadState::Map(b)) => a.records.differing(&b.records).collect(),
                    _ => panic!("a type of another kind"),
                };
                let numbers: BTreeSet<u32> = differing.iter().map(|page| page.number).collect();
                assert_eq!(numbers, touched, "{} {from} to {to}", new.name());
                for Differing { number, slots } in differing {
                    let Some(slots) = slots else { continue };
                    let first = number * PAGE_ORDINALS;
                    let told: BTreeSet<u32> = iter_bits(&slots).map(|slot| first + slot).collect();
                    let expected: BTreeSet<u32> = changed.range(first..first + PAGE_ORDINALS).copied().collect();
                    assert_eq!(told, expected, "{} {from} to {to}, page {number}", new.name());
                    under += 1;
                }
                let pages: BTreeSet<u32> = new.populated().map(|o| o.get() / PAGE_ORDINALS).collect();
                shared += pages.difference(&touched).count();
                made += touched.len();
            }
            state = next;
        }
    }
    assert!(
        shared > 10 && made > 10 && under > 10,
        "shared={shared} made={made} under={under}"
    );
}

/// Such a delta makes the log long enough to be swept, and most new pages at once; the last one has too few records.
#[test]
fn a_delta_that_adds_more_pages_than_there_were_keeps_the_few_records_of_the_last() {
    use crate::write::{FieldValue, WriteConfig, WriteStateEngine};
    let mut engine = WriteStateEngine::new(WriteConfig::default());
    let schema = crate::schema::parse("Thing { int number; }")
        .expect("a schema")
        .remove(0);
    let ty = engine.add_type(schema, None).expect("new");
    let add = |engine: &mut WriteStateEngine, numbers: std::ops::Range<i32>| {
        for number in numbers {
            engine.add_fields(ty, &[FieldValue::Int(number)]).expect("fits");
        }
    };
    let (mut snapshot, mut delta) = (Vec::new(), Vec::new());
    engine.prepare_for_next_cycle(1);
    add(&mut engine, 0..1000);
    engine.write_snapshot(&mut snapshot).expect("written");
    engine.prepare_for_next_cycle(2);
    engine.add_all_from_previous_cycle().expect("adding");
    let all = 5 * PAGE_ORDINALS as i32 + 10;
    add(&mut engine, 1000..all);
    engine.write_delta(&mut delta).expect("written");

    let state = ReadState::from_snapshot(&snapshot).and_then(|state| state.apply_delta(&delta));
    let state = state.expect("a state and its delta");
    let things = state.object("Thing").expect("the type");
    let numbers = things.populated().map(|ordinal| things.int(ordinal, 0));
    assert!(numbers.eq((0..all).map(Some)));
}

/// Deltas of all sizes, from a few records to more than the log has places for (in unit tests they are few).
#[test]
fn states_stay_right_when_the_log_has_no_room() {
    use crate::write::{FieldValue, WriteConfig, WriteStateEngine};
    let mut engine = WriteStateEngine::new(WriteConfig::default());
    let schema = crate::schema::parse("Thing { int number; string text; }").expect("a schema");
    let ty = engine.add_type(schema[0].clone(), None).expect("new");
    let add = |engine: &mut WriteStateEngine, numbers: &[i32]| {
        for &number in numbers {
            let text = "x".repeat(number as usize % 7);
            let fields = [FieldValue::Int(number), FieldValue::Text(&text)];
            engine.add_fields(ty, &fields).expect("fits");
        }
    };
    let mut numbers: Vec<i32> = (0..12_000).collect();
    let mut next = 12_000;
    let mut bytes = Vec::new();
    engine.prepare_for_next_cycle(1);
    add(&mut engine, &numbers);
    engine.write_snapshot(&mut bytes).expect("written");
    let mut state = ReadState::from_snapshot(&bytes).expect("a state");
    let longest_log = |state: &ReadState| state.object("Thing").expect("the type").records.log.len();
    let (mut swept, mut longest) = (0, 0);
    for (cycle, every) in [40, 9, 9, 9, 9, 9, 9, 3, 3, 3, 1, 900, 2, 2, 700, 9, 9]
        .into_iter()
        .enumerate()
    {
        for number in numbers.iter_mut().skip(cycle % every).step_by(every) {
            (*number, next) = (next, next + 1);
        }
        bytes.clear();
        engine.prepare_for_next_cycle(cycle as i64 + 2);
        add(&mut engine, &numbers);
        engine.write_delta(&mut bytes).expect("written");
        let after = state.apply_delta(&bytes).expect("the state after");
        swept += u32::from(longest_log(&after) < longest_log(&state));
        longest = longest.max(longest_log(&after));
        state = after;
        let things = state.object("Thing").expect("the type");
        assert_eq!(things.len(), numbers.len());
        let mut found: Vec<i32> = things
            .populated()
            .filter_map(|ordinal| things.int(ordinal, 0))
            .collect();
        found.sort_unstable();
        numbers.sort_unstable();
        assert!(found == numbers, "cycle {cycle}");
        for ordinal in things.populated() {
            let number = things.int(ordinal, 0).expect("never null");
            let text = things.text(ordinal, 1).expect("never null");
            assert_eq!(text.bytes().len(), number as usize % 7, "cycle {cycle}");
        }
    }
    assert!(swept > 2 && longest > 2048, "swept={swept} longest={longest}");
}

/// What is derived from a state tells which thread gives it back.
#[derive(Debug)]
struct Witness(std::sync::mpsc::Sender<Option<String>>);

impl Derived for Witness {
    fn next(&self, _: &ReadState, _: &ReadState) -> std::sync::Arc<dyn Derived> {
        std::sync::Arc::new(Self(self.0.clone()))
    }

    fn memory_bytes(&self) -> usize {
        0
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        let name = std::thread::current().name().map(str::to_owned);
        self.0.send(name).expect("the test listens");
    }
}

/// Memory of a large state is not given back by whoever drops its last handle, be that a reader.
#[test]
fn whoever_drops_a_large_state_does_not_give_its_memory_back() {
    let case = fixtures::vectors::case("large-random");
    let (tell, told) = std::sync::mpsc::channel();
    let first = case.snapshot(case.versions()[0]).expect("a snapshot");
    let state = ReadState::from_snapshot(first).expect("a state");
    assert!(state.types().map(TypeReadState::num_pages).sum::<u32>() > 2);
    let state = state.with_derived(Some(std::sync::Arc::new(Witness(tell))));
    let reader = state.clone();
    drop(state);
    assert!(told.try_recv().is_err(), "a reader still has it");
    std::thread::spawn(move || drop(reader)).join().expect("no panic");
    wait_for_release();
    assert_eq!(told.try_recv(), Ok(Some("hollow-reclaim".to_owned())));
}
