//! Laws of the write engine, with random records, operations and settings: what is written reads back; a state and its
//! delta make the next state; the next state and the reverse delta make the state before.

use hollow::Ordinal;
use hollow::copy::HashPositions;
use hollow::read::ReadState;
use hollow::record::Value;
use hollow::write::{WriteConfig, WriteStateEngine};
use proptest::prelude::*;
use std::collections::BTreeMap;

const SCHEMAS: &str = "Leaf @PrimaryKey(a) { int a; string s; }
    Leaves List<Leaf>; LeafSet Set<Leaf> @HashKey(a); LeafMap Map<Leaf,Leaf>; Plain Set<Leaf>;
    Top { long id; float f; double d; boolean b; bytes y; string t; Leaf leaf; Leaves list; LeafSet set; LeafMap map; Plain plain; }";

fn leaf() -> impl Strategy<Value = Value> {
    (prop_oneof![0i32..6, any::<i32>()], prop_oneof!["[ab]?", ".{0,5}"])
        .prop_map(|(a, s)| Value::Object(vec![Value::Int(a), Value::String(s)]))
}

fn or_null(strategy: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    prop_oneof![1 => Just(Value::Null), 4 => strategy].boxed()
}

fn leaf_map() -> impl Strategy<Value = Value> {
    prop::collection::vec((leaf(), leaf()), 0..6).prop_map(|entries| {
        // One value for each key, as maps have it.
        let by_key: BTreeMap<String, (Value, Value)> = entries
            .into_iter()
            .map(|(key, value)| (canonical(&key), (key, value)))
            .collect();
        Value::Map(by_key.into_values().collect())
    })
}

fn top() -> impl Strategy<Value = Value> {
    let numbers = (
        or_null(any::<i64>().prop_map(Value::Long)),
        or_null(any::<u32>().prop_map(|bits| Value::Float(f32::from_bits(bits)))),
        or_null(any::<u64>().prop_map(|bits| Value::Double(f64::from_bits(bits)))),
        or_null(any::<bool>().prop_map(Value::Boolean)),
    );
    let texts = (
        or_null(prop::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes)),
        or_null("\\PC{0,12}".prop_map(Value::String)),
    );
    let references = (
        or_null(leaf()),
        or_null(prop::collection::vec(leaf(), 0..5).prop_map(Value::List)),
        or_null(prop::collection::vec(leaf(), 0..12).prop_map(Value::Set)),
        or_null(leaf_map()),
        or_null(prop::collection::vec(leaf(), 0..4).prop_map(Value::Set)),
    );
    (numbers, texts, references).prop_map(|((id, f, d, b), (y, t), (leaf, list, set, map, plain))| {
        Value::Object(vec![id, f, d, b, y, t, leaf, list, set, map, plain])
    })
}

/// A value as text, the same for values that are the same record.
fn canonical(value: &Value) -> String {
    let sorted = |mut parts: Vec<String>| {
        parts.sort();
        parts.dedup();
        parts.join(",")
    };
    match value {
        Value::Int(i32::MIN) | Value::Long(i64::MIN) => "Null".to_owned(),
        Value::Float(value) if !value.is_nan() => format!("f{:08x}", value.to_bits()),
        Value::Double(value) if !value.is_nan() => format!("d{:016x}", value.to_bits()),
        Value::Object(fields) => format!("({})", fields.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::List(elements) => format!("[{}]", elements.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Set(elements) => format!("{{{}}}", sorted(elements.iter().map(canonical).collect())),
        Value::Map(entries) => {
            let entry = |(key, value): &(Value, Value)| format!("{}={}", canonical(key), canonical(value));
            format!("<{}>", sorted(entries.iter().map(entry).collect()))
        }
        other => format!("{other:?}"),
    }
}

#[derive(Clone, Debug)]
enum Op {
    Add(Box<Value>),
    KeepAll,
    Remove(usize),
    Reset,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => top().prop_map(|value| Op::Add(Box::new(value))),
        2 => Just(Op::KeepAll),
        3 => (0usize..100).prop_map(Op::Remove),
        1 => Just(Op::Reset),
    ]
}

/// How the engine of a cycle comes to be.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Begin {
    Continue,
    Restore,
    Recreate,
}

fn cycle() -> impl Strategy<Value = (Begin, Vec<Op>)> {
    let begin = prop_oneof![6 => Just(Begin::Continue), 1 => Just(Begin::Restore), 1 => Just(Begin::Recreate)];
    (begin, prop::collection::vec(op(), 0..10))
}

fn config() -> impl Strategy<Value = (WriteConfig, Option<u32>)> {
    let target = prop_oneof![Just(64u64), Just(600), Just(u64::MAX)];
    let shards = prop_oneof![Just(None), (0u32..4).prop_map(|shift| Some(1 << shift))];
    (any::<[bool; 3]>(), target, shards).prop_map(|([partitioned, focus, reshard], target, shards)| {
        let config = WriteConfig {
            partitioned_ordinal_map: partitioned,
            focus_hole_fill_in_fewest_shards: focus,
            allow_type_resharding: reshard,
            target_max_type_shard_size_bytes: target,
        };
        // A configured count must be that of the restored state, which resharding changes.
        (config, if reshard { None } else { shards })
    })
}

fn new_engine((config, num_shards): (WriteConfig, Option<u32>)) -> WriteStateEngine {
    let mut engine = WriteStateEngine::new(config);
    for schema in hollow::schema::parse(SCHEMAS).unwrap() {
        engine.add_type(schema, num_shards).unwrap();
    }
    engine
}

/// The records of `Top` by ordinal, whole trees.
type Model = BTreeMap<u32, String>;

fn apply(engine: &mut WriteStateEngine, op: &Op, previous: &Model, current: &mut Model) {
    let ty = engine.type_id("Top").unwrap();
    match op {
        Op::Add(value) => {
            let ordinal = engine.add("Top", value).unwrap();
            let known = current.insert(ordinal.get(), canonical(value));
            assert!(
                known.is_none_or(|known| known == canonical(value)),
                "two records with one ordinal"
            );
        }
        Op::KeepAll => {
            engine.add_all_from_previous_cycle().unwrap();
            previous.iter().for_each(|(ordinal, text)| {
                let known = current.insert(*ordinal, text.clone());
                assert!(
                    known.is_none_or(|known| known == *text),
                    "an ordinal was taken from its record"
                );
            });
        }
        Op::Remove(index) => {
            if let Some(ordinal) = current.keys().nth(index % current.len().max(1)).copied() {
                assert!(engine.remove(ty, Ordinal::new(ordinal).unwrap()).unwrap());
                current.remove(&ordinal);
            }
        }
        Op::Reset => {
            engine.reset();
            current.clear();
        }
    }
}

fn tops(state: &ReadState) -> Model {
    records(state, "Top")
}

fn records(state: &ReadState, name: &str) -> Model {
    let populated = state.ty(name).unwrap().populated();
    populated
        .map(|ordinal| (ordinal.get(), canonical(&state.value(name, ordinal).unwrap())))
        .collect()
}

fn everything(state: &ReadState) -> BTreeMap<String, Model> {
    let names = state.dataset().schemas().iter().map(|schema| schema.name());
    names.map(|name| (name.to_owned(), records(state, name))).collect()
}

fn blob(write: impl FnOnce(&mut Vec<u8>) -> Result<(), hollow::write::WriteError>) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes).unwrap();
    bytes
}

/// NaN becomes null when records are copied from a read state.
fn without_nan(text: &str) -> String {
    text.replace("Float(NaN)", "Null").replace("Double(NaN)", "Null")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn blobs_read_back_and_deltas_lead_both_ways(
        config in config(),
        cycles in prop::collection::vec(cycle(), 1..7),
    ) {
        let mut engine = new_engine(config);
        let mut before: Option<ReadState> = None;
        let mut previous = Model::new();
        for (index, (begin, ops)) in cycles.iter().enumerate() {
            if let (Some(state), Begin::Restore | Begin::Recreate) = (&before, begin) {
                engine = new_engine(config);
                match begin {
                    Begin::Restore => engine.restore(state).unwrap(),
                    _ => engine.recreate(state, HashPositions::Preserve).unwrap(),
                }
                previous.values_mut().for_each(|text| *text = without_nan(text));
            }
            engine.prepare_for_next_cycle(index as i64 + 10);
            engine.remove_header_tag("hollow.type.resharding.invoked");
            engine.set_header_tag("cycle", &index.to_string());
            let mut current = Model::new();
            for op in ops {
                apply(&mut engine, op, &previous, &mut current);
            }

            // A plan made before any blob must come to the same as one made after.
            let plan = engine.snapshot_plan().unwrap();
            let written = blob(|out| engine.write_snapshot(out));
            let snapshot = ReadState::from_snapshot(&written).unwrap();
            prop_assert_eq!(&tops(&snapshot), &current);
            let mut planned = Vec::new();
            plan.write(&snapshot, &mut planned).unwrap();
            prop_assert!(planned == written, "a snapshot written from the state differs from the engine's");
            for ty in engine.type_ids() {
                let name = snapshot.dataset().schemas()[ty.index()].name();
                let populated: Vec<Ordinal> = snapshot.ty(name).unwrap().populated().collect();
                prop_assert_eq!(populated, engine.populated(ty).iter().collect::<Vec<_>>());
            }
            if let Some(before) = &before {
                let delta = blob(|out| engine.write_delta(out));
                let reverse = blob(|out| engine.write_reverse_delta(out));
                let next = before.apply_delta(&delta).unwrap();
                if *begin == Begin::Continue {
                    let mut planned = Vec::new();
                    plan.write(&next, &mut planned).unwrap();
                    prop_assert!(planned == written, "a snapshot written from the state a delta led to differs");
                    prop_assert_eq!(everything(&next), everything(&snapshot));
                } else {
                    // Consumers keep the NaN of a record that the restored producer has as null.
                    let mut next = tops(&next);
                    next.values_mut().for_each(|text| *text = without_nan(text));
                    let mut expected = current.clone();
                    expected.values_mut().for_each(|text| *text = without_nan(text));
                    prop_assert_eq!(next, expected);
                }
                prop_assert_eq!(next.header_tags(), snapshot.header_tags());
                let back = snapshot.apply_delta(&reverse).unwrap();
                prop_assert!(tops(&back).keys().eq(previous.keys()));
                if *begin == Begin::Continue {
                    prop_assert_eq!(everything(&back), everything(before));
                }
                prop_assert_eq!(back.tag(), before.tag());
                prop_assert_eq!(back.header_tags(), before.header_tags());
                prop_assert_eq!(engine.has_changed(), populated_of(before) != populated_of(&snapshot)
                    || engine.header_tag("hollow.type.resharding.invoked").is_some());
            }
            before = Some(snapshot);
            previous = current;
        }
    }
}

fn populated_of(state: &ReadState) -> Vec<Vec<Ordinal>> {
    state.types().map(|ty| ty.populated().collect()).collect()
}
