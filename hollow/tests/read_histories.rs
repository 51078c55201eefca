//! Laws of read states over random histories: a state and its delta make the next state, the next one and the reverse
//! delta make the state before, a mapped snapshot is the same as a loaded one at every step, hashes that deltas carry on
//! are those of a state read anew, and a state that is held says the same whatever came after.

use hollow::Ordinal;
use hollow::read::{ColumnValue, HashKeyLookup, History, ObjectTypeState, ReadState, Transition, TypeReadState};
use hollow::record::{KeyValue, Value};
use hollow::schema::FieldType;
use hollow::testing::entropy;
use hollow::tools::checksum::Checksums;
use hollow::write::{WriteConfig, WriteStateEngine};
use proptest::prelude::*;
use std::time::{Duration, SystemTime};

const SCHEMAS: &str = "Tag { string name; }
    Tags List<Tag>; TagSet Set<Tag> @HashKey(name); TagMap Map<Tag,Tag> @HashKey(name);
    Top @PrimaryKey(id) { long id; int n; string s; bytes y; boolean b; double d; float f; Tag tag; Tags list; TagSet set;
        TagMap map; }";

struct Step {
    snapshot: Vec<u8>,
    /// To this state from the one before, and back.
    delta: Vec<u8>,
    reverse: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Plan {
    seed: u64,
    records: u64,
    cycles: u64,
    /// Records that change in a cycle, of a thousand; some go away and come back.
    churn: u64,
    /// Records that come new in a cycle: some deltas add pages.
    growth: u64,
    /// Records next to each other of which a cycle removes most, some of which the next ones bring back.
    hole: u64,
    num_shards: u32,
}

fn plan() -> impl Strategy<Value = Plan> {
    let records = prop_oneof![0..40u64, 900..1200u64, 2000..7000u64];
    let churn = prop_oneof![Just(1u64), 5..40u64, 100..600u64];
    let growth = prop_oneof![Just(0u64), 1..30u64, 1000..2500u64];
    let hole = prop_oneof![Just(0u64), 900..1500u64];
    (any::<u64>(), records, 2..12u64, churn, (growth, hole), 0..5u32).prop_map(
        |(seed, records, cycles, churn, (growth, hole), shift)| Plan {
            seed,
            records,
            // Growing ones become large.
            cycles: if growth > 100 { cycles.min(5) } else { cycles },
            churn,
            growth,
            hole,
            num_shards: 1 << shift,
        },
    )
}

fn tag(number: u64) -> Value {
    Value::Object(vec![Value::String(format!("tag{number}"))])
}

fn top(id: u64, random: u64) -> Value {
    let mut next = entropy(random);
    let mut or_null = |value: Value| if next().is_multiple_of(5) { Value::Null } else { value };
    let tags = |count: u64| (0..count).map(move |at| tag((random >> 7).wrapping_add(at * 13) % 200));
    Value::Object(vec![
        Value::Long(id as i64),
        or_null(Value::Int((random >> 40) as i32 - 1000)),
        or_null(Value::String("aé\u{1F600}x".repeat((random % 7) as usize))),
        or_null(Value::Bytes(random.to_le_bytes()[..(random % 9) as usize].to_vec())),
        or_null(Value::Boolean(random.is_multiple_of(3))),
        or_null(Value::Double(random as f64 / 3.0)),
        or_null(Value::Float(random as f32 / 7.0)),
        or_null(tag(random % 50)),
        or_null(Value::List(tags(random % 4).collect())),
        or_null(Value::Set(tags(random % 12).collect())),
        or_null(Value::Map(
            tags(random % 9).map(|key| (key, tag(random % 77))).collect(),
        )),
    ])
}

fn chain(plan: Plan) -> Vec<Step> {
    let mut engine = WriteStateEngine::new(WriteConfig::default());
    for schema in hollow::schema::parse(SCHEMAS).expect("schemas") {
        engine.add_type(schema, Some(plan.num_shards)).expect("a new type");
    }
    let mut next = entropy(plan.seed);
    let mut randoms: Vec<Option<u64>> = (0..plan.records).map(|_| Some(next())).collect();
    let mut steps = Vec::new();
    for cycle in 0..plan.cycles {
        engine.prepare_for_next_cycle(cycle as i64 + 10);
        for random in &mut randoms {
            if cycle > 0 && next() % 1000 < plan.churn {
                *random = (!next().is_multiple_of(4)).then(&mut next);
            }
        }
        if cycle > 0 {
            let from = next().checked_rem(randoms.len() as u64).unwrap_or(0) as usize;
            let hole = randoms.iter_mut().skip(from).take(plan.hole as usize);
            hole.for_each(|random| *random = random.filter(|_| next().is_multiple_of(12)));
            randoms.extend((0..plan.growth).map(|_| Some(next())));
        }
        for (id, random) in (0..).zip(&randoms) {
            if let Some(random) = random {
                engine.add("Top", &top(id, *random)).expect("a record");
            }
        }
        engine.prepare_for_write().expect("a state");
        let mut step = Step {
            snapshot: Vec::new(),
            delta: Vec::new(),
            reverse: Vec::new(),
        };
        engine.write_snapshot(&mut step.snapshot).expect("a snapshot");
        if cycle > 0 {
            engine.write_delta(&mut step.delta).expect("a delta");
            engine.write_reverse_delta(&mut step.reverse).expect("a reverse delta");
        }
        steps.push(step);
    }
    steps
}

fn same(what: &str, a: &ReadState, b: &ReadState) -> Result<(), TestCaseError> {
    let difference = Transition::between(a, b);
    prop_assert!(difference.is_empty(), "{}: {:?}", what, difference);
    for (x, y) in a.types().zip(b.types()) {
        prop_assert_eq!(x.len(), y.len(), "{} {}", what, x.name());
        prop_assert!(x.populated().eq(y.populated()), "{} {}", what, x.name());
        prop_assert_eq!(x.content_hash(), y.content_hash(), "{} {}", what, x.name());
    }
    prop_assert_eq!(Checksums::of(a), Checksums::of(b), "{}", what);
    Ok(())
}

/// Whether a column says what an accessor says: record after record, of any record, and of ordinals without one.
fn column<T: ColumnValue + PartialEq + std::fmt::Debug>(
    ty: &ObjectTypeState,
    at: usize,
    accessor: impl Fn(Ordinal) -> Option<T>,
) -> Result<(), TestCaseError> {
    let column = ty.column::<T>(at).expect("a field of this type");
    let expected: Vec<_> = ty.populated().map(|ordinal| (ordinal, accessor(ordinal))).collect();
    prop_assert!(column.iter().eq(expected.iter().copied()));
    let mut found = Vec::new();
    column.for_each(|ordinal, value| found.push((ordinal, value)));
    prop_assert_eq!(found, expected);
    let reader = column.reader();
    for ordinal in some_ordinals(ty) {
        prop_assert_eq!(reader.get(ordinal), accessor(ordinal), "{:?}", ordinal);
    }
    Ok(())
}

/// All ordinals, and some more.
fn some_ordinals(ty: &ObjectTypeState) -> impl Iterator<Item = Ordinal> {
    let end = ty.max_ordinal().map_or(0, |max| max.get() + 3);
    (0..end).chain([end + 5000, Ordinal::MAX]).filter_map(Ordinal::new)
}

/// Whether columns and readers say what the accessors say.
fn columns(state: &ReadState) -> Result<(), TestCaseError> {
    for ty in state.types().filter_map(TypeReadState::as_object) {
        for (at, field) in ty.schema().fields.iter().enumerate() {
            match field.ty {
                FieldType::Int => column(ty, at, |o| ty.int(o, at))?,
                FieldType::Long => column(ty, at, |o| ty.long(o, at))?,
                FieldType::Boolean => column(ty, at, |o| ty.boolean(o, at))?,
                FieldType::Double => column(ty, at, |o| ty.double(o, at))?,
                FieldType::Float => column(ty, at, |o| ty.float(o, at))?,
                FieldType::Reference(_) => column(ty, at, |o| ty.reference(o, at))?,
                FieldType::String => {
                    let reader = ty.text_reader(at).expect("a STRING");
                    let ordinals: Vec<_> = some_ordinals(ty).collect();
                    for &ordinal in &ordinals {
                        prop_assert_eq!(reader.get(ordinal), ty.text(ordinal, at), "{:?}", ordinal);
                    }
                    prop_assert!(reader.get_many(&ordinals).eq(ordinals.iter().map(|&o| ty.text(o, at))));
                }
                FieldType::Bytes => {}
            }
            prop_assert_eq!(ty.text_reader(at).is_some(), field.ty == FieldType::String);
            prop_assert_eq!(ty.column::<i32>(at).is_some(), field.ty == FieldType::Int);
        }
    }
    Ok(())
}

/// Whether each element is found by its key, and no other.
fn look_ups(state: &ReadState) -> Result<(), TestCaseError> {
    let tags = state.object("Tag").expect("a type");
    let key = |tag: Ordinal| {
        [KeyValue::Text(
            tags.text(tag, 0).map_or(String::new(), |name| name.to_string()),
        )]
    };
    let by_set = HashKeyLookup::of(state, "TagSet").expect("a hash key");
    let sets = state.set("TagSet").expect("a type");
    for set in sets.populated().take(300) {
        for element in sets.elements(set) {
            prop_assert_eq!(by_set.find_element(state, set, &key(element)), Some(element));
        }
        let other = [KeyValue::Text("tag".to_owned())];
        prop_assert_eq!(by_set.find_element(state, set, &other), None);
        prop_assert_eq!(by_set.find_entry(state, set, &other), None);
    }
    let by_map = HashKeyLookup::of(state, "TagMap").expect("a hash key");
    let maps = state.map("TagMap").expect("a type");
    for map in maps.populated().take(300) {
        for (key_ordinal, value) in maps.entries(map) {
            let found = by_map.find_entry(state, map, &key(key_ordinal));
            prop_assert_eq!(found, Some((key_ordinal, value)));
        }
        prop_assert_eq!(by_map.find_entry(state, map, &[KeyValue::Int(1)]), None);
        prop_assert_eq!(by_map.find_entry(state, map, &[]), None);
    }
    prop_assert!(HashKeyLookup::of(state, "Tags").is_err() && HashKeyLookup::of(state, "None").is_err());
    Ok(())
}

fn mapped(directory: &tempfile::TempDir, bytes: &[u8], number: usize) -> ReadState {
    let path = directory.path().join(format!("snapshot-{number}"));
    std::fs::write(&path, bytes).expect("a file");
    ReadState::open_mapped(&path).expect("a snapshot")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_way_to_a_state_leads_to_the_same(plan in plan()) {
        let steps = chain(plan);
        let directory = tempfile::tempdir().expect("a folder");
        let moment = |at: usize| SystemTime::UNIX_EPOCH + Duration::from_secs(at as u64);
        let mut state = ReadState::from_snapshot(&steps[0].snapshot).expect("a snapshot");
        let mut over_file = mapped(&directory, &steps[0].snapshot, 0);
        state.content_hash(); // from here on deltas carry it on
        let mut history = History::with_limit(100);
        same("mapped", &state, &over_file)?;
        columns(&over_file)?;
        history.push(state.clone(), moment(0));
        for (at, step) in steps.iter().enumerate().skip(1) {
            let fresh = ReadState::from_snapshot(&step.snapshot).expect("a snapshot");
            let next = state.apply_delta(&step.delta).expect("a delta");
            same("delta", &next, &fresh)?;
            columns(&next)?;
            let next_over_file = over_file.apply_delta(&step.delta).expect("a delta");
            same("delta over a file", &next_over_file, &fresh)?;
            same("delta over a file and over pages", &next_over_file, &next)?;
            columns(&next_over_file)?;
            same("mapped", &mapped(&directory, &step.snapshot, at), &fresh)?;
            same("reverse delta", &next.apply_delta(&step.reverse).expect("a reverse delta"), &state)?;
            let back_over_file = next_over_file.apply_delta(&step.reverse).expect("a reverse delta");
            same("reverse delta over a file", &back_over_file, &over_file)?;
            (state, over_file) = (next, next_over_file);
            history.push(state.clone(), moment(at));
        }
        look_ups(&state)?;
        look_ups(&over_file)?;
        prop_assert_eq!(history.len(), steps.len());
        for (at, (held, step)) in history.states().zip(&steps).enumerate() {
            same("held", held, &ReadState::from_snapshot(&step.snapshot).expect("a snapshot"))?;
            prop_assert_eq!(history.at(moment(at)).map(ReadState::tag), Some(held.tag()));
        }
        for step in steps.iter().skip(1).rev() {
            state = state.apply_delta(&step.reverse).expect("a reverse delta");
            over_file = over_file.apply_delta(&step.reverse).expect("a reverse delta");
        }
        let first = ReadState::from_snapshot(&steps[0].snapshot).expect("a snapshot");
        same("all the way back", &state, &first)?;
        same("all the way back over a file", &over_file, &first)?;
    }
}

/// So many cycles that the log goes round, pages are swept and small blocks are put together.
#[test]
fn long_histories() {
    for (records, churn, cycles, num_shards, growth, hole) in [
        (3000, 3, 300, 4, 0, 0),
        (6000, 200, 40, 2, 0, 0),
        (30, 300, 300, 1, 0, 0),
        (4000, 60, 30, 2, 300, 1100),
    ] {
        let steps = chain(Plan {
            seed: 5,
            records,
            cycles,
            churn,
            growth,
            hole,
            num_shards,
        });
        let mut state = ReadState::from_snapshot(&steps[0].snapshot).expect("a snapshot");
        state.content_hash();
        for (at, step) in steps.iter().enumerate().skip(1) {
            state = state.apply_delta(&step.delta).expect("a delta");
            if at % 17 == 0 || at + 1 == steps.len() {
                let fresh = ReadState::from_snapshot(&step.snapshot).expect("a snapshot");
                same("delta", &state, &fresh).expect("the same");
                let (bytes, expected) = (state.memory_bytes(), fresh.memory_bytes());
                assert!(bytes < 2 * expected + 200_000, "{bytes} bytes for {expected}");
            }
        }
    }
}
