//! A dataset with all kinds of types, random records for it, and states made of them.

use fixtures::vectors::Case;
use hollow::Version;
use hollow::read::{LoadOptions, ReadState};
use hollow::record::Value;
use hollow::schema::{Dataset, Schema};
use hollow::write::{WriteConfig, WriteStateEngine};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const SCHEMAS: &str = "
Leaf @PrimaryKey(a) { int a; string s; }
Leaves List<Leaf>; LeafSet Set<Leaf> @HashKey(a); LeafMap Map<Word,Leaf> @HashKey(value); Plain Set<Word>;
Word { string value; }
Top @PrimaryKey(id) { long id; float f; double d; boolean b; bytes y; string t; Word word; Leaf leaf; Leaves list; LeafSet set; LeafMap map; Plain plain; }
Other @PrimaryKey(word) { Word word; Leaf leaf; }";

pub(crate) fn dataset() -> Dataset {
    Dataset::parse(SCHEMAS).expect("valid schemas")
}

fn or_null(strategy: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    prop_oneof![1 => Just(Value::Null), 5 => strategy].boxed()
}

/// Few different texts, so that records share children and conditions match; some are not ASCII.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[ab]{0,2}", "[aß日𝄞]{1,2}"]
}

pub(crate) fn word() -> impl Strategy<Value = Value> {
    text().prop_map(|text| Value::Object(vec![Value::String(text)]))
}

pub(crate) fn leaf() -> impl Strategy<Value = Value> {
    (
        prop_oneof![-3i32..4, any::<i32>()],
        or_null(text().prop_map(Value::String)),
    )
        .prop_map(|(a, s)| {
            // The smallest integer is null, and null has no place in a hash key.
            Value::Object(vec![Value::Int(a.max(i32::MIN + 1)), s])
        })
}

/// Elements that differ, as sets and keys of maps have them.
pub(crate) fn distinct(values: Vec<Value>) -> Vec<Value> {
    let by_text: BTreeMap<String, Value> = values.into_iter().map(|value| (canonical(&value), value)).collect();
    by_text.into_values().collect()
}

fn floats() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(0.0),
        Just(1.5),
        Just(-2.25),
        Just(f64::NAN),
        Just(f64::INFINITY),
        any::<f32>().prop_map(f64::from)
    ]
}

/// A record of `Top` with this id.
pub(crate) fn top(id: impl Strategy<Value = i64> + 'static) -> BoxedStrategy<Value> {
    let plain = (
        id.prop_map(Value::Long),
        or_null(floats().prop_map(|n| Value::Float(n as f32))),
        or_null(floats().prop_map(Value::Double)),
        or_null(any::<bool>().prop_map(Value::Boolean)),
        or_null(prop::collection::vec(any::<u8>(), 0..3).prop_map(Value::Bytes)),
        or_null(text().prop_map(Value::String)),
    );
    let entries = prop::collection::vec((word(), leaf()), 0..4).prop_map(|entries| {
        let (keys, values): (Vec<Value>, Vec<Value>) = entries.into_iter().unzip();
        Value::Map(distinct(keys).into_iter().zip(values).collect())
    });
    let references = (
        or_null(word()),
        or_null(leaf()),
        or_null(prop::collection::vec(leaf(), 0..4).prop_map(Value::List)),
        or_null(prop::collection::vec(leaf(), 0..6).prop_map(|values| Value::Set(distinct(values)))),
        or_null(entries),
        or_null(prop::collection::vec(word(), 0..4).prop_map(|values| Value::Set(distinct(values)))),
    );
    (plain, references)
        .prop_map(|((id, f, d, b, y, t), (word, leaf, list, set, map, plain))| {
            Value::Object(vec![id, f, d, b, y, t, word, leaf, list, set, map, plain])
        })
        .boxed()
}

/// A record of `Other`.
pub(crate) fn other() -> impl Strategy<Value = Value> {
    (word(), or_null(leaf())).prop_map(|(word, leaf)| Value::Object(vec![word, leaf]))
}

/// Root records: type and record.
pub(crate) type Roots = Vec<(&'static str, Value)>;

/// Records of both root types, with keys of their own.
pub(crate) fn roots(most: usize) -> impl Strategy<Value = Roots> {
    let tops = prop::collection::btree_map(0i64..40, top(Just(0)), 0..most);
    let others = prop::collection::vec(other(), 0..most / 2 + 1);
    (tops, others).prop_map(|(tops, others)| {
        let tops = tops.into_iter().map(|(id, mut top)| {
            if let Value::Object(fields) = &mut top {
                fields[0] = Value::Long(id);
            }
            ("Top", top)
        });
        let by_key: BTreeMap<String, Value> = others
            .into_iter()
            .map(|other| (canonical(&fields(&other)[0]), other))
            .collect();
        let mut roots: Roots = tops.collect();
        roots.extend(by_key.into_values().map(|other| ("Other", other)));
        roots
    })
}

pub(crate) fn fields(record: &Value) -> &[Value] {
    match record {
        Value::Object(fields) => fields,
        _ => panic!("not an object: {record:?}"),
    }
}

pub(crate) fn engine(dataset: &Dataset) -> WriteStateEngine {
    let mut engine = WriteStateEngine::new(WriteConfig::default());
    for schema in dataset.schemas() {
        engine.add_type(schema.clone(), None).expect("a valid type");
    }
    engine
}

/// A state of these records and all they refer to.
pub(crate) fn state_of(roots: &Roots) -> ReadState {
    let mut engine = engine(&dataset());
    engine.set_next_tag(11);
    for (type_name, record) in roots {
        engine.add(type_name, record).expect("a valid record");
    }
    snapshot(&mut engine)
}

pub(crate) fn snapshot(engine: &mut WriteStateEngine) -> ReadState {
    let mut bytes = Vec::new();
    engine.write_snapshot(&mut bytes).expect("written");
    ReadState::from_snapshot(&bytes).expect("read")
}

/// A state of a recorded case from its snapshot, with all optional parts.
pub(crate) fn recorded_state(case: &Case, version: i64) -> Option<ReadState> {
    let is_part = |name: &str| name.starts_with("snapshot_") && name.ends_with(&format!("-{version}"));
    let parts = case.files.iter().filter(|(name, _)| is_part(name));
    let options = LoadOptions {
        parts: parts.map(|(_, bytes)| bytes.as_slice()).collect(),
        ..LoadOptions::default()
    };
    let state = ReadState::from_snapshot_with(case.snapshot(version)?, &options).expect("a snapshot");
    Some(state.with_version(Version(version)))
}

/// A value as text, the same for values that are the same record.
pub(crate) fn canonical(value: &Value) -> String {
    let sorted = |mut parts: Vec<String>| {
        parts.sort();
        parts.dedup();
        parts.join(",")
    };
    match value {
        Value::Float(value) => format!("f{:08x}", value.to_bits()),
        Value::Double(value) => format!("d{:016x}", value.to_bits()),
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

/// All records of a state, by type, as texts. Types without records are left out.
pub(crate) fn records(state: &ReadState) -> BTreeMap<String, BTreeSet<String>> {
    let of_type = |name: &str| -> BTreeSet<String> {
        let ty = state.ty(name).expect("a type of the state");
        let value = |ordinal| state.value(name, ordinal).expect("populated");
        ty.populated().map(|ordinal| canonical(&value(ordinal))).collect()
    };
    let types = state.types().map(|ty| (ty.name().to_owned(), of_type(ty.name())));
    types.filter(|(_, records)| !records.is_empty()).collect()
}

/// The records that trees consist of, by type: what a state made of them must hold.
pub(crate) fn parts(dataset: &Dataset, roots: &Roots) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for (type_name, record) in roots {
        collect(dataset, type_name, record, &mut found);
    }
    found
}

fn collect(dataset: &Dataset, type_name: &str, value: &Value, found: &mut BTreeMap<String, BTreeSet<String>>) {
    if *value == Value::Null {
        return;
    }
    found.entry(type_name.to_owned()).or_default().insert(canonical(value));
    match (dataset.get(type_name), value) {
        (Some(Schema::Object(object)), Value::Object(values)) => {
            for (field, value) in object.fields.iter().zip(values) {
                if let Some(to) = field.ty.reference() {
                    collect(dataset, to, value, found);
                }
            }
        }
        (Some(Schema::List(list)), Value::List(values)) => {
            values
                .iter()
                .for_each(|value| collect(dataset, &list.element, value, found));
        }
        (Some(Schema::Set(set)), Value::Set(values)) => {
            values
                .iter()
                .for_each(|value| collect(dataset, &set.element, value, found));
        }
        (Some(Schema::Map(map)), Value::Map(entries)) => {
            for (key, value) in entries {
                collect(dataset, &map.key, key, found);
                collect(dataset, &map.value, value, found);
            }
        }
        (schema, value) => panic!("{value:?} is no record of {schema:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// What the other tests take for granted.
    #[test]
    fn a_state_holds_the_parts_of_the_trees_it_is_made_of(roots in roots(20)) {
        prop_assert_eq!(records(&state_of(&roots)), parts(&dataset(), &roots));
    }
}
