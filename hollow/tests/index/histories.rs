//! After every delta and reverse delta each index finds what a scan finds, and so does that of each state still held.

use crate::oracle::{compare, scan};
use hollow::Ordinal;
use hollow::index::{DuplicateKey, IndexSpec};
use hollow::read::ReadState;
use hollow::record::{KeyValue, Value};
use hollow::write::{WriteConfig, WriteStateEngine};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ops::Bound;

const SCHEMAS: &str = "Leaf { int a; string s; Name name; } Name { string value; }
    Leaves List<Leaf>; LeafSet Set<Leaf> @HashKey(a); LeafMap Map<Leaf,Name>;
    Top @PrimaryKey(id) { long id; int n; double d; float f; boolean b; bytes y; string t; Name name; Leaf leaf;
        Leaves list; LeafSet set; LeafMap map; }";

const UNIQUE: [(&str, &[&str]); 6] = [
    ("Top", &["id"]),
    ("Top", &["n"]),
    ("Top", &["t"]),
    ("Top", &["leaf.name.value", "b", "y"]),
    ("Top", &["d", "f"]),
    ("Leaf", &["a"]),
];
const HASH: [(&str, &[&str]); 11] = [
    ("Top", &["n"]),
    ("Top", &["id"]),
    ("Top", &["name.value"]),
    ("Top", &["leaf.s", "b"]),
    ("Top", &["list.element.a"]),
    ("Top", &["list.element.a", "list.element.s"]),
    ("Top", &["list.element.name.value", "set.element.a"]),
    ("Top", &["map.key.a", "map.value.value", "d"]),
    ("Top", &["set.element.name.value"]),
    ("Top", &["y", "f"]),
    ("LeafMap", &["key.s"]),
];
const SORTED: [&str; 9] = ["id", "n", "d", "f", "b", "y", "t", "name.value", "leaf.s"];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ab]{0,2}",
        "aaaaaaaa[abz]{0,3}",
        "\\PC{0,4}",
        "[\u{e9}\u{ffff}\u{1f600}x]{0,4}"
    ]
}

fn or_null(strategy: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    prop_oneof![1 => Just(Value::Null), 4 => strategy].boxed()
}

fn name() -> BoxedStrategy<Value> {
    or_null(text().prop_map(|text| Value::Object(vec![Value::String(text)])))
}

fn leaf() -> impl Strategy<Value = Value> {
    (0i32..5, text(), name()).prop_map(|(a, s, name)| Value::Object(vec![Value::Int(a), Value::String(s), name]))
}

fn map() -> impl Strategy<Value = Value> {
    let value = text().prop_map(|text| Value::Object(vec![Value::String(text)]));
    prop::collection::vec((leaf(), value), 0..4).prop_map(|entries| {
        // One value for each key, as maps have it.
        let by_key: BTreeMap<String, _> = entries.into_iter().map(|e| (format!("{:?}", e.0), e)).collect();
        Value::Map(by_key.into_values().collect())
    })
}

fn set() -> impl Strategy<Value = Value> {
    prop::collection::vec(leaf(), 0..4).prop_map(|leaves| {
        let each: BTreeMap<String, _> = leaves.into_iter().map(|leaf| (format!("{leaf:?}"), leaf)).collect();
        Value::Set(each.into_values().collect())
    })
}

fn top() -> impl Strategy<Value = Value> {
    let double = prop_oneof![any::<f64>(), Just(f64::NAN), Just(-0.0), Just(0.0), Just(1.5)];
    let float = prop_oneof![any::<f32>(), Just(f32::NAN), Just(-0.0), Just(2.5)];
    let numbers = (
        or_null(prop_oneof![0i64..8, -3i64..i64::MAX].prop_map(Value::Long)),
        or_null(prop_oneof![0i32..5, -3i32..i32::MAX].prop_map(Value::Int)),
        or_null(double.prop_map(|d| Value::Double(if d.is_nan() { f64::NAN } else { d }))),
        or_null(float.prop_map(|f| Value::Float(if f.is_nan() { f32::NAN } else { f }))),
        or_null(any::<bool>().prop_map(Value::Boolean)),
        or_null(prop::collection::vec(0u8..3, 0..11).prop_map(Value::Bytes)),
        or_null(text().prop_map(Value::String)),
    );
    let references = (
        name(),
        or_null(leaf()),
        or_null(prop::collection::vec(leaf(), 0..4).prop_map(Value::List)),
        or_null(set()),
        or_null(map()),
    );
    (numbers, references).prop_map(|((id, n, d, f, b, y, t), (name, leaf, list, set, map))| {
        Value::Object(vec![id, n, d, f, b, y, t, name, leaf, list, set, map])
    })
}

fn specs() -> Vec<IndexSpec> {
    let unique = UNIQUE
        .iter()
        .map(|(ty, paths)| IndexSpec::unique_key(ty, paths).named(&format!("u {ty} {paths:?}")));
    let hash = HASH
        .iter()
        .map(|(ty, paths)| IndexSpec::hash(ty, paths).named(&format!("h {ty} {paths:?}")));
    let sorted = SORTED
        .iter()
        .map(|path| IndexSpec::sorted("Top", path).named(&format!("s {path}")));
    unique.chain(hash).chain(sorted).collect()
}

type Key = Vec<Option<KeyValue>>;

/// Texts of keys: equal for equal ones, NaN too.
fn text_of(key: &[Option<KeyValue>]) -> String {
    let part = |part: &Option<KeyValue>| match part {
        Some(KeyValue::Double(d)) => format!("{:x}", d.to_bits()),
        Some(KeyValue::Float(f)) => format!("{:x}", f.to_bits()),
        other => format!("{other:?}"),
    };
    key.iter().map(part).collect::<Vec<_>>().join("|")
}

fn check(state: &ReadState) {
    UNIQUE.iter().for_each(|(ty, paths)| check_unique(state, ty, paths));
    HASH.iter().for_each(|(ty, paths)| check_hash(state, ty, paths));
    SORTED.iter().for_each(|path| check_sorted(state, path));
}

pub(crate) fn check_unique(state: &ReadState, ty: &str, paths: &[&str]) {
    let view = state.unique_key(&format!("u {ty} {paths:?}")).expect("an index");
    let mut found: BTreeMap<String, (Vec<KeyValue>, Ordinal)> = BTreeMap::new();
    let (mut duplicates, mut incomplete) = (Vec::new(), 0);
    for (ordinal, rows) in scan(state, ty, paths) {
        let [row] = rows.as_slice() else {
            panic!("one row for paths through references")
        };
        let Some(key) = row.iter().cloned().collect::<Option<Vec<KeyValue>>>() else {
            incomplete += 1;
            continue;
        };
        let first = found.entry(text_of(row)).or_insert((key, ordinal)).1;
        if first != ordinal {
            duplicates.push(DuplicateKey {
                found: first,
                hidden: ordinal,
            });
        }
    }
    for (key, ordinal) in found.values() {
        assert_eq!(view.find(key), Some(*ordinal), "{ty} {paths:?} {key:?}");
        match key.as_slice() {
            [KeyValue::Long(key)] => assert_eq!(view.find_long(*key), Some(*ordinal)),
            [KeyValue::Int(key)] => assert_eq!(view.find_int(*key), Some(*ordinal)),
            [KeyValue::Text(key)] => assert_eq!(view.find_str(key), Some(*ordinal)),
            _ => {}
        }
    }
    // Lists with gaps, longer than what is looked up at a time; of keys that are no LONG too.
    let longs = found.values().filter_map(|(key, _)| match key.as_slice() {
        [KeyValue::Long(key)] => Some(*key),
        _ => None,
    });
    let list: Vec<i64> = longs.flat_map(|key| [key, key.wrapping_add(1), i64::MIN + 3]).collect();
    assert!(view.find_longs(&list).eq(list.iter().map(|&key| view.find_long(key))));
    if let Some(reader) = view.long_reader() {
        assert!(list.iter().all(|&key| reader.find(key) == view.find_long(key)));
    }
    let index = view.index();
    let counts = (index.len(), index.num_duplicates(), index.incomplete());
    assert_eq!(counts, (found.len(), duplicates.len(), incomplete), "{ty} {paths:?}");
    assert_eq!(view.duplicates(), duplicates);
    for absent in [-77, 1 << 40] {
        assert_eq!(
            view.find(&[KeyValue::Long(absent)]).is_some(),
            paths == ["id"] && found.contains_key(&text_of(&[Some(KeyValue::Long(absent))]))
        );
    }
}

pub(crate) fn check_hash(state: &ReadState, ty: &str, paths: &[&str]) {
    let view = state.hash_index(&format!("h {ty} {paths:?}")).expect("an index");
    let mut expected: BTreeMap<String, (Key, Vec<Ordinal>)> = BTreeMap::new();
    for (ordinal, rows) in scan(state, ty, paths) {
        for row in rows {
            let entry = expected.entry(text_of(&row)).or_insert((row, Vec::new()));
            if entry.1.last() != Some(&ordinal) {
                entry.1.push(ordinal);
            }
        }
    }
    for (key, ordinals) in expected.values() {
        let found = view.find(key);
        assert_eq!(found.len(), ordinals.len());
        assert_eq!(found.collect::<Vec<_>>(), *ordinals, "{ty} {paths:?} {key:?}");
        assert_eq!(view.find_selected(key), *ordinals);
        let same: Option<Vec<Ordinal>> = match key.as_slice() {
            [Some(KeyValue::Long(key))] => Some(view.find_long(*key).collect()),
            [Some(KeyValue::Int(key))] => Some(view.find_int(*key).collect()),
            [Some(KeyValue::Text(key))] => Some(view.find_str(key).collect()),
            _ => None,
        };
        assert!(same.is_none_or(|same| same == *ordinals));
    }
    let entries: usize = expected.values().map(|(_, ordinals)| ordinals.len()).sum();
    assert_eq!(
        (view.index().num_keys(), view.index().num_entries()),
        (expected.len(), entries),
        "{ty} {paths:?}"
    );
}

pub(crate) fn check_sorted(state: &ReadState, path: &str) {
    let view = state.sorted_index(&format!("s {path}")).expect("an index");
    let mut expected: Vec<(KeyValue, Ordinal)> = Vec::new();
    let mut nulls = 0;
    for (ordinal, mut rows) in scan(state, "Top", &[path]) {
        match rows.remove(0).remove(0) {
            Some(value) => expected.push((value, ordinal)),
            None => nulls += 1,
        }
    }
    expected.sort_by(|(a, x), (b, y)| compare(a, b).then(x.cmp(y)));
    let ordinals = |entries: Vec<&(KeyValue, Ordinal)>| entries.iter().map(|entry| entry.1).collect::<Vec<_>>();
    assert_eq!(
        view.iter().collect::<Vec<_>>(),
        ordinals(expected.iter().collect()),
        "{path}"
    );
    assert_eq!((view.index().len(), view.index().nulls()), (expected.len(), nulls));
    for at in [
        0,
        expected.len() / 3,
        expected.len() / 2,
        expected.len().saturating_sub(1),
    ] {
        let (Some((low, _)), Some((high, _))) = (expected.get(at), expected.iter().rev().nth(at)) else {
            continue;
        };
        for (from, to) in [
            (Bound::Included(low.clone()), Bound::Excluded(high.clone())),
            (Bound::Excluded(low.clone()), Bound::Included(high.clone())),
            (Bound::Unbounded, Bound::Included(low.clone())),
            (Bound::Excluded(low.clone()), Bound::Unbounded),
        ] {
            let is_in = |value: &KeyValue| {
                let after = match &from {
                    Bound::Included(low) => compare(value, low).is_ge(),
                    Bound::Excluded(low) => compare(value, low).is_gt(),
                    Bound::Unbounded => true,
                };
                after
                    && match &to {
                        Bound::Included(high) => compare(value, high).is_le(),
                        Bound::Excluded(high) => compare(value, high).is_lt(),
                        Bound::Unbounded => true,
                    }
            };
            let wanted = ordinals(expected.iter().filter(|(value, _)| is_in(value)).collect());
            let found = view.range((from.clone(), to.clone()));
            assert_eq!(found.len(), wanted.len(), "{path} {from:?} {to:?}");
            assert_eq!(found.collect::<Vec<_>>(), wanted, "{path} {from:?} {to:?}");
        }
        if let KeyValue::Text(text) = low {
            for length in 0..=text.chars().count().min(10) {
                let prefix: String = text.chars().take(length).collect();
                let begins = |value: &KeyValue| matches!(value, KeyValue::Text(text) if text.starts_with(&prefix));
                let wanted = ordinals(expected.iter().filter(|(value, _)| begins(value)).collect());
                assert_eq!(view.prefix(&prefix).collect::<Vec<_>>(), wanted, "{path} {prefix:?}");
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Op {
    Add(Box<Value>),
    Remove(usize),
    RemoveAll,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        12 => top().prop_map(|value| Op::Add(Box::new(value))),
        5 => (0usize..100).prop_map(Op::Remove),
        1 => Just(Op::RemoveAll),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn every_index_finds_what_a_scan_finds_in_every_state(
        first in prop::collection::vec(top(), 0..60),
        cycles in prop::collection::vec((prop::collection::vec(op(), 0..8), any::<bool>()), 1..6),
    ) {
        let mut engine = WriteStateEngine::new(WriteConfig::default());
        for schema in hollow::schema::parse(SCHEMAS).expect("schemas") {
            engine.add_type(schema, None).expect("a type");
        }
        for value in &first {
            engine.add("Top", value).expect("a record");
        }
        engine.set_next_tag(1);
        let mut bytes = Vec::new();
        engine.write_snapshot(&mut bytes).expect("a snapshot");
        let specs = specs();
        let mut state = ReadState::from_snapshot(&bytes).expect("a state").with_indexes(&specs);
        check(&state);
        let mut held = vec![state.clone()];
        for (at, (ops, returns)) in cycles.iter().enumerate() {
            engine.prepare_for_next_cycle(at as i64 + 2);
            // Parents are carried with all they refer to; what nothing refers to any more goes.
            let mut kept: Vec<Value> = state.ty("Top").expect("a type").populated()
                .map(|ordinal| state.value("Top", ordinal).expect("a record")).collect();
            for op in ops {
                match op {
                    Op::Add(value) => kept.push((**value).clone()),
                    Op::Remove(at) if !kept.is_empty() => drop(kept.remove(at % kept.len())),
                    Op::Remove(_) => {}
                    Op::RemoveAll => kept.clear(),
                }
            }
            for value in &kept {
                engine.add("Top", value).expect("a record");
            }
            let (mut delta, mut reverse) = (Vec::new(), Vec::new());
            engine.write_delta(&mut delta).expect("a delta");
            engine.write_reverse_delta(&mut reverse).expect("a reverse delta");
            let next = state.apply_delta(&delta).expect("the next state");
            check(&next);
            let before = next.apply_delta(&reverse).expect("the state before");
            check(&before);
            state = if *returns { before.apply_delta(&delta).expect("the next state again") } else { next.clone() };
            check(&state);
            held.extend([next, before]);
        }
        held.iter().for_each(check);
    }
}
