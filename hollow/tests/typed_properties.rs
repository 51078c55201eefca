//! Laws of typed records with random values: what is written reads back, and the blob is byte for byte the one that the
//! dynamic way makes of the same records.

mod typed_support;

use hollow::read::ReadState;
use hollow::record::Value;
use hollow::schema::Dataset;
use hollow::typed::{EpochMillis, Hollow, Mapper, Model, RecordMap, RecordSet};
use hollow::write::{WriteConfig, WriteStateEngine};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use typed_support::{engine, read_back, snapshot};

#[derive(Hollow, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Color {
    Red,
    Green,
    Blue,
}

#[derive(Hollow, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[hollow(primary_key(a))]
struct Leaf {
    a: i32,
    s: Option<String>,
}

#[derive(Hollow, Clone, Debug, PartialEq)]
struct Top {
    tiny: i8,
    small: i16,
    byte: u8,
    word: u16,
    int: Option<i32>,
    wide: u32,
    long: Option<i64>,
    float: Option<f32>,
    double: f64,
    flag: Option<bool>,
    letter: char,
    at: EpochMillis,
    #[hollow(boxed)]
    boxed: Option<f64>,
    bytes: Option<Vec<u8>>,
    #[hollow(inline)]
    text: Option<String>,
    shared: Option<Arc<str>>,
    color: Option<Color>,
    #[hollow(inline)]
    paint: Color,
    leaf: Option<Arc<Leaf>>,
    list: Option<Vec<Leaf>>,
    nested: Vec<Vec<Arc<Leaf>>>,
    set: BTreeSet<Leaf>,
    #[hollow(hash_key(), type_name = "Plain")]
    plain: Option<RecordSet<Leaf>>,
    map: BTreeMap<Leaf, Color>,
    named: Option<RecordMap<Arc<str>, i64>>,
    below: Option<Box<Top>>,
}

fn leaf() -> impl Strategy<Value = Leaf> {
    (
        prop_oneof![0i32..6, -i32::MAX..=i32::MAX],
        prop::option::of("[ab]?|\\PC{0,5}"),
    )
        .prop_map(|(a, s)| Leaf { a, s })
}

fn color() -> impl Strategy<Value = Color> {
    prop_oneof![Just(Color::Red), Just(Color::Green), Just(Color::Blue)]
}

prop_compose! {
    fn numbers()(
        tiny in any::<i8>(), small in any::<i16>(), byte in any::<u8>(), word in any::<u16>(),
        int in prop::option::of(-i32::MAX..=i32::MAX), wide in any::<u32>(), long in prop::option::of(-i64::MAX..=i64::MAX),
        float in prop::option::of(prop::num::f32::ANY.prop_filter("NaN differs from itself", |n| !n.is_nan())),
        double in prop::num::f64::ANY.prop_filter("NaN differs from itself", |n| !n.is_nan()),
        (flag, letter, at) in (any::<Option<bool>>(), any::<char>(), -i64::MAX..=i64::MAX),
    ) -> Top {
        Top {
            tiny, small, byte, word, int, wide, long, float, double, flag, letter, at: EpochMillis(at), boxed: None,
            bytes: None, text: None, shared: None, color: None, paint: Color::Red, leaf: None, list: None,
            nested: Vec::new(), set: BTreeSet::new(), plain: None, map: BTreeMap::new(), named: None, below: None,
        }
    }
}

fn top() -> impl Strategy<Value = Top> {
    let texts = (
        prop::option::of(prop::collection::vec(any::<u8>(), 0..40)),
        prop::option::of(".{0,12}"),
        prop::option::of("[xy]{0,2}"),
        prop::option::of(0.0f64..3.0),
        prop::option::of(color()),
        color(),
    );
    let records = (
        prop::option::of(leaf()),
        prop::option::of(prop::collection::vec(leaf(), 0..5)),
        prop::collection::vec(prop::collection::vec(leaf().prop_map(Arc::new), 0..3), 0..3),
        // Leaves with one key would want one bucket: as any, they go on to the next.
        prop::collection::btree_set(leaf(), 0..12),
        prop::option::of(prop::collection::btree_set(leaf(), 0..4)),
        prop::collection::btree_map(leaf(), color(), 0..6),
        prop::option::of(prop::collection::btree_map("[a-d]{0,2}", -9i64..9, 0..6)),
    );
    let flat = (numbers(), texts, records).prop_map(|(numbers, texts, records)| {
        let (bytes, text, shared, boxed, color, paint) = texts;
        let (leaf, list, nested, set, plain, map, named) = records;
        Top {
            bytes,
            text,
            shared: shared.map(Into::into),
            boxed,
            color,
            paint,
            leaf: leaf.map(Arc::new),
            list,
            nested,
            set,
            plain: plain.map(|leaves| leaves.into_iter().collect()),
            map,
            named: named.map(|entries| entries.into_iter().map(|(key, value)| (key.into(), value)).collect()),
            ..numbers
        }
    });
    prop::collection::vec(flat, 1..4).prop_map(|tops| {
        let mut tops = tops.into_iter();
        let first = tops.next().unwrap();
        tops.fold(first, |below, top| Top {
            below: Some(Box::new(below)),
            ..top
        })
    })
}

fn text(value: &str) -> Value {
    Value::Object(vec![Value::String(value.to_owned())])
}

fn or_null<T>(value: &Option<T>, some: impl FnOnce(&T) -> Value) -> Value {
    value.as_ref().map_or(Value::Null, some)
}

fn leaf_value(leaf: &Leaf) -> Value {
    Value::Object(vec![Value::Int(leaf.a), or_null(&leaf.s, |s| text(s))])
}

/// The record as the dynamic way takes it, field by field as the schema has them.
fn value(top: &Top) -> Value {
    let leaves = |leaves: &[Leaf]| leaves.iter().map(leaf_value).collect();
    let name = |color: &Color| format!("{color:?}");
    Value::Object(vec![
        Value::Int(top.tiny.into()),
        Value::Int(top.small.into()),
        Value::Int(top.byte.into()),
        Value::Int(top.word.into()),
        or_null(&top.int, |n| Value::Int(*n)),
        Value::Long(top.wide.into()),
        or_null(&top.long, |n| Value::Long(*n)),
        or_null(&top.float, |n| Value::Float(*n)),
        Value::Double(top.double),
        or_null(&top.flag, |b| Value::Boolean(*b)),
        Value::Int(u32::from(top.letter) as i32),
        Value::Long(top.at.0),
        or_null(&top.boxed, |n| Value::Object(vec![Value::Double(*n)])),
        or_null(&top.bytes, |bytes| Value::Bytes(bytes.clone())),
        or_null(&top.text, |text| Value::String(text.clone())),
        or_null(&top.shared, |shared| text(shared)),
        or_null(&top.color, |color| text(&name(color))),
        Value::String(name(&top.paint)),
        or_null(&top.leaf, |leaf| leaf_value(leaf)),
        or_null(&top.list, |list| Value::List(leaves(list))),
        Value::List(
            top.nested
                .iter()
                .map(|row| Value::List(row.iter().map(|leaf| leaf_value(leaf)).collect()))
                .collect(),
        ),
        Value::Set(top.set.iter().map(leaf_value).collect()),
        or_null(&top.plain, |plain| Value::Set(leaves(&plain.0))),
        Value::Map(
            top.map
                .iter()
                .map(|(leaf, color)| (leaf_value(leaf), text(&name(color))))
                .collect(),
        ),
        or_null(&top.named, |named| {
            Value::Map(
                named
                    .iter()
                    .map(|(key, n)| (text(key), Value::Object(vec![Value::Long(*n)])))
                    .collect(),
            )
        }),
        or_null(&top.below, |below| value(below)),
    ])
}

/// The same, whatever the order of sets and maps without one.
fn sorted(mut top: Top) -> Top {
    if let Some(plain) = &mut top.plain {
        plain.0.sort();
    }
    if let Some(named) = &mut top.named {
        named.0.sort();
    }
    top.below = top.below.map(|below| Box::new(sorted(*below)));
    top
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_reads_back(tops in prop::collection::vec(top(), 1..5)) {
        let model = Model::of::<Top>().unwrap();
        let mut engine = engine(&model);
        let mut mapper = Mapper::new(&mut engine);
        let ordinals: Vec<_> = tops.iter().map(|top| mapper.add(top).unwrap()).collect();
        let mut blob = Vec::new();
        engine.write_snapshot(&mut blob).unwrap();
        let typed = model.bind(&ReadState::from_snapshot(&blob).unwrap()).unwrap();
        let table = typed.table::<Top>().unwrap();
        for (top, ordinal) in tops.into_iter().zip(ordinals) {
            let read = table.record(ordinal).unwrap();
            prop_assert_eq!(sorted(read.to_owned().unwrap()), sorted(top));
        }
    }

    #[test]
    fn the_blob_is_the_one_of_the_dynamic_way(tops in prop::collection::vec(top(), 1..5)) {
        let mut engine = engine(&Model::of::<Top>().unwrap());
        for top in &tops {
            engine.add("Top", &value(top)).unwrap();
        }
        let mut dynamic = Vec::new();
        engine.write_snapshot(&mut dynamic).unwrap();
        prop_assert!(snapshot(&tops) == dynamic);
    }

    /// An engine may have the fields in another order, and fields that the model does not have: those are null.
    #[test]
    fn fields_go_where_the_engine_has_them(leaves in prop::collection::vec(leaf(), 1..9)) {
        let schemas = "String { string value; } Leaf @PrimaryKey(a) { float f; String s; double d; int a; string t; String u; }";
        let dataset = Dataset::parse(schemas).unwrap();
        let new = || {
            let mut engine = WriteStateEngine::new(WriteConfig::default());
            for schema in dataset.schemas() {
                engine.add_type(schema.clone(), None).unwrap();
            }
            engine.set_next_tag(1);
            engine
        };
        let (mut typed, mut dynamic) = (new(), new());
        for leaf in &leaves {
            Mapper::new(&mut typed).add(leaf).unwrap();
            let s = or_null(&leaf.s, |s| text(s));
            let fields = vec![Value::Null, s, Value::Null, Value::Int(leaf.a), Value::Null, Value::Null];
            dynamic.add("Leaf", &Value::Object(fields)).unwrap();
        }
        let blob = |mut engine: WriteStateEngine| {
            let mut blob = Vec::new();
            engine.write_snapshot(&mut blob).unwrap();
            blob
        };
        prop_assert!(blob(typed) == blob(dynamic));
    }

    /// Sets and maps are asked by key as by a search through all elements.
    #[test]
    fn keys_find_what_a_search_finds(top in top(), key in -1i32..7) {
        let state = read_back(std::slice::from_ref(&top));
        let typed = Model::of::<Top>().unwrap().bind(&state).unwrap();
        for read in typed.table::<Top>().unwrap().iter() {
            let owned = read.to_owned().unwrap();
            let found = read.set().find(key).map(|leaf| leaf.to_owned().unwrap());
            prop_assert_eq!(found.is_some(), owned.set.iter().any(|leaf| leaf.a == key));
            prop_assert!(found.is_none_or(|leaf| leaf.a == key && owned.set.contains(&leaf)));
            prop_assert_eq!(read.map().contains_key(key), owned.map.keys().any(|leaf| leaf.a == key));
            for (name, n) in owned.named.iter().flat_map(RecordMap::iter) {
                prop_assert_eq!(read.named().unwrap().get(name), Some(*n));
            }
            prop_assert_eq!(read.plain().is_some_and(|plain| plain.contains(key)), owned.plain.iter().flat_map(RecordSet::iter).any(|leaf| leaf.a == key));
        }
    }
}

#[test]
fn numbers_that_stand_for_null_are_refused_by_name() {
    let least = Leaf { a: i32::MIN, s: None };
    let mut engine = engine(&Model::of::<Leaf>().unwrap());
    let error = Mapper::new(&mut engine).add(&least).unwrap_err().to_string();
    assert!(error.contains("at=Leaf.a") && error.contains("-2147483648"), "{error}");
}

#[test]
fn records_nested_without_end_are_refused_and_the_engine_goes_on() {
    #[derive(Hollow)]
    struct Node {
        id: i32,
        next: Option<Box<Node>>,
    }
    let chain = |length: i32| {
        (0..length)
            .fold(None, |next, id| Some(Box::new(Node { id, next })))
            .unwrap()
    };
    let mut engine = engine(&Model::of::<Node>().unwrap());
    let mut mapper = Mapper::new(&mut engine);
    assert!(mapper.add(&*chain(200)).is_err());
    let ordinal = mapper.add(&*chain(100)).unwrap();
    let mut blob = Vec::new();
    engine.write_snapshot(&mut blob).unwrap();
    let typed = Model::of::<Node>()
        .unwrap()
        .bind(&ReadState::from_snapshot(&blob).unwrap())
        .unwrap();
    let node = typed.table::<Node>().unwrap().record(ordinal).unwrap();
    assert_eq!(std::iter::successors(Some(node), |node| node.next()).count(), 100);
    // As a value it would go deeper than the reading of values goes.
    assert!(node.to_owned().is_err());
    assert_eq!(node.id(), 99);
}

/// One shared value, whose `Arc` others hold, is added once; the blob does not show it.
#[test]
fn what_an_arc_shares_is_the_same_record() {
    #[derive(Hollow)]
    struct Shares {
        one: Arc<Leaf>,
        two: Arc<Leaf>,
        name: Arc<str>,
    }
    #[derive(Hollow)]
    #[hollow(rename = "Shares")]
    struct Owns {
        one: Leaf,
        two: Leaf,
        name: String,
    }
    let leaf = |a| Leaf {
        a,
        s: Some("x".to_owned()),
    };
    let (first, name) = (Arc::new(leaf(1)), Arc::<str>::from("x"));
    let shares: Vec<Shares> = (0..20)
        .map(|n| Shares {
            one: first.clone(),
            two: Arc::new(leaf(n / 2)),
            name: name.clone(),
        })
        .collect();
    let owns: Vec<Owns> = (0..20)
        .map(|n| Owns {
            one: leaf(1),
            two: leaf(n / 2),
            name: "x".to_owned(),
        })
        .collect();
    assert!(snapshot(&shares) == snapshot(&owns));
}
