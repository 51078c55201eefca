//! What the write engine refuses, with which words, and that it goes on afterwards.

use hollow::Ordinal;
use hollow::copy::HashPositions;
use hollow::read::ReadState;
use hollow::record::Value;
use hollow::write::{BlobPart, CompactionConfig, FieldValue, ObjectRecord, WriteConfig, WriteError, WriteStateEngine};
use std::io;

const MOVIES: &str = "Movie @PrimaryKey(id) { long id; Text title; Cast cast; Ratings ratings; }
    Text { string value; }
    Cast List<Text>;
    Ratings Map<Text,Text> @HashKey(value);";

fn engine(schemas: &str) -> WriteStateEngine {
    let mut engine = WriteStateEngine::new(WriteConfig::default());
    for schema in hollow::schema::parse(schemas).unwrap() {
        engine.add_type(schema, None).unwrap();
    }
    engine.set_next_tag(1);
    engine
}

fn snapshot(engine: &mut WriteStateEngine) -> ReadState {
    let mut bytes = Vec::new();
    engine.write_snapshot(&mut bytes).unwrap();
    ReadState::from_snapshot(&bytes).unwrap()
}

fn ordinal(number: u32) -> Ordinal {
    Ordinal::new(number).unwrap()
}

fn text(value: &str) -> Value {
    Value::Object(vec![Value::String(value.to_owned())])
}

fn movie(title: Value, cast: Value, ratings: Value) -> Value {
    Value::Object(vec![Value::Long(1), title, cast, ratings])
}

#[test]
fn a_value_that_does_not_fit_is_refused_with_its_path() {
    let mut engine = engine(MOVIES);
    let cases = [
        (
            movie(Value::Int(3), Value::Null, Value::Null),
            "record does not fit its schema, at=Movie.title expected=OBJECT found=int",
        ),
        (
            movie(
                text("Heat"),
                Value::List(vec![text("a"), Value::Object(vec![Value::Boolean(true)])]),
                Value::Null,
            ),
            "record does not fit its schema, at=Movie.cast[1].value expected=string found=boolean",
        ),
        (
            movie(
                text("Heat"),
                Value::Null,
                Value::Map(vec![(text("k"), text("v")), (text("l"), Value::Null)]),
            ),
            "record does not fit its schema, at=Movie.ratings[1].value expected=OBJECT found=null",
        ),
        (
            Value::Object(vec![Value::Long(1)]),
            "record does not fit its schema, at=Movie expected=4 fields found=1 fields",
        ),
        (
            Value::Null,
            "record does not fit its schema, at=Movie expected=OBJECT found=null",
        ),
    ];
    for (value, expected) in cases {
        assert_eq!(engine.add("Movie", &value).unwrap_err().to_string(), expected);
    }
    assert_eq!(
        engine.add("Film", &Value::Null).unwrap_err().to_string(),
        "no such type, register it before use, type=Film"
    );
    // What was added on the way stays, and the engine goes on.
    engine
        .add("Movie", &movie(text("Heat"), Value::Null, Value::Null))
        .unwrap();
    assert_eq!(snapshot(&mut engine).ty("Movie").unwrap().len(), 1);
}

#[test]
fn records_that_contain_themselves_without_end_are_refused() {
    let mut engine = engine("Node { Node next; }");
    let mut node = Value::Null;
    for _ in 0..5000 {
        node = Value::Object(vec![node]);
    }
    let error = engine.add("Node", &node).unwrap_err();
    assert!(matches!(error, WriteError::TooDeep { limit: 128, .. }), "{error}");
    std::mem::forget(node); // dropping it recursively is not what is tested
}

#[test]
fn a_map_has_one_value_for_a_key() {
    let mut engine = engine(MOVIES);
    let twice = |second: &str| Value::Map(vec![(text("k"), text("v")), (text("k"), text(second))]);
    assert!(
        engine.add("Ratings", &twice("v")).is_ok(),
        "the same entry twice is one entry"
    );
    let error = engine.add("Ratings", &twice("w")).unwrap_err();
    assert!(matches!(error, WriteError::DuplicateKey { .. }), "{error}");
}

#[test]
fn records_of_another_kind_and_surplus_fields_are_refused() {
    let mut engine = engine(MOVIES);
    let text = engine.type_id("Text").unwrap();
    let error = engine.add_list(text, &[]).unwrap_err();
    assert_eq!(error.to_string(), "type=Text is OBJECT, the record is LIST");
    let record = ObjectRecord::new(vec![FieldValue::Text("a"), FieldValue::Null]);
    assert!(matches!(
        engine.add_object(text, &record).unwrap_err(),
        WriteError::Mismatch { .. }
    ));
    let record = ObjectRecord::new(vec![FieldValue::Reference(ordinal(0))]);
    let error = engine.add_object(text, &record).unwrap_err();
    assert_eq!(
        error.to_string(),
        "record does not fit its schema, at=Text.value expected=string found=a reference"
    );
}

#[test]
fn types_are_registered_once_with_a_power_of_two() {
    let mut engine = engine("A { int v; }");
    let schema = |text: &str| hollow::schema::parse(text).unwrap().remove(0);
    assert!(matches!(
        engine.add_type(schema("A { int v; }"), None),
        Err(WriteError::Schema(_))
    ));
    for shards in [0, 3, 1 << 30] {
        let error = engine.add_type(schema("B { int v; }"), Some(shards)).unwrap_err();
        assert!(
            matches!(error, WriteError::ShardCount { found, .. } if found == shards),
            "{error}"
        );
    }
    assert!(engine.add_type(schema("B { int v; }"), Some(4)).is_ok());
}

#[test]
fn nothing_is_added_while_blobs_are_written() {
    let mut engine = engine("A { int v; }");
    let ty = engine.type_id("A").unwrap();
    snapshot(&mut engine);
    let record = ObjectRecord::default();
    for error in [
        engine.add_object(ty, &record).unwrap_err(),
        engine.add("A", &Value::Object(vec![Value::Int(1)])).unwrap_err(),
        engine.add_all_from_previous_cycle().unwrap_err(),
        engine.carry(ty, ordinal(0)).unwrap_err(),
        engine.remove(ty, ordinal(0)).unwrap_err(),
        engine.map_object(ty, &record, ordinal(0), false, true).unwrap_err(),
    ] {
        assert!(matches!(error, WriteError::WrongPhase { .. }), "{error}");
    }
    engine.prepare_for_next_cycle(2);
    assert!(engine.add_object(ty, &record).is_ok());
}

#[test]
fn deltas_need_a_state_before_and_blobs_a_tag() {
    let mut engine = WriteStateEngine::new(WriteConfig::default());
    assert!(matches!(engine.write_snapshot(&mut io::sink()), Err(WriteError::NoTag)));
    engine.set_next_tag(5);
    assert!(matches!(
        engine.write_delta(&mut io::sink()),
        Err(WriteError::NoPreviousState)
    ));
    assert!(matches!(
        engine.write_reverse_delta(&mut io::sink()),
        Err(WriteError::NoPreviousState)
    ));
    engine.write_snapshot(&mut io::sink()).unwrap();
    engine.prepare_for_next_cycle(6);
    engine.write_delta(&mut io::sink()).unwrap();
}

#[test]
fn only_records_of_the_state_before_can_be_carried() {
    let mut engine = engine("A { int v; }");
    let ty = engine.type_id("A").unwrap();
    engine.add_object(ty, &ObjectRecord::default()).unwrap();
    assert!(matches!(
        engine.carry(ty, ordinal(0)),
        Err(WriteError::NotInPreviousState { .. })
    ));
    snapshot(&mut engine);
    engine.prepare_for_next_cycle(2);
    assert!(engine.carry(ty, ordinal(0)).is_ok());
    assert!(matches!(
        engine.carry(ty, ordinal(1)),
        Err(WriteError::NotInPreviousState { .. })
    ));
}

#[test]
fn an_ordinal_holds_one_record() {
    let mut engine = engine("A { int v; }");
    let ty = engine.type_id("A").unwrap();
    let record = |value| ObjectRecord::new(vec![FieldValue::Int(value)]);
    engine.map_object(ty, &record(1), ordinal(7), false, true).unwrap();
    let error = engine.map_object(ty, &record(2), ordinal(7), false, true).unwrap_err();
    assert_eq!(error.to_string(), "ordinal holds another record, type=A ordinal=7");
}

#[test]
fn a_hash_key_needs_a_value() {
    let mut engine = engine("A { string v; int w; } S Set<A> @HashKey(v); T Set<A> @HashKey(w);");
    let a = engine.add("A", &Value::Object(vec![Value::Null, Value::Null])).unwrap();
    // A null number has a hash, a null text has none.
    engine.add_set(engine.type_id("T").unwrap(), &[a]).unwrap();
    snapshot(&mut engine);
    engine.prepare_for_next_cycle(2);
    engine.add_all_from_previous_cycle().unwrap();
    engine.add_set(engine.type_id("S").unwrap(), &[a]).unwrap();
    let error = engine.write_snapshot(&mut io::sink()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "hash key is null, type=S path=v element type=A element ordinal=0"
    );
    engine.reset();
    engine.add_all_from_previous_cycle().unwrap();
    assert_eq!(snapshot(&mut engine).ty("A").unwrap().len(), 1);
}

#[test]
fn a_hash_key_that_leads_nowhere_is_refused_before_anything_is_written() {
    let mut engine = engine("A { string v; } S Set<A> @HashKey(nothing);");
    let mut out = Vec::new();
    let error = engine.write_snapshot(&mut out).unwrap_err();
    assert!(matches!(error, WriteError::HashKeyPath { .. }), "{error}");
    assert!(out.is_empty());
    // The engine still takes records.
    engine.add("A", &Value::Object(vec![Value::Null])).unwrap();
}

#[test]
fn an_element_of_a_keyed_set_must_exist() {
    let mut engine = engine("A { int v; } S Set<A> @HashKey(v);");
    engine.add_set(engine.type_id("S").unwrap(), &[ordinal(3)]).unwrap();
    let error = engine.write_snapshot(&mut io::sink()).unwrap_err();
    assert!(
        matches!(error, WriteError::DanglingReference { element: 3, .. }),
        "{error}"
    );
}

#[test]
fn a_header_tag_has_a_limit() {
    let mut engine = engine("A { int v; }");
    engine.set_header_tag("long", &"x".repeat(70_000));
    let error = engine.write_snapshot(&mut io::sink()).unwrap_err();
    assert!(matches!(error, WriteError::NameTooLong { .. }), "{error}");
    engine.set_header_tag("long", &"x".repeat(65_535));
    engine.write_snapshot(&mut io::sink()).unwrap();
}

#[test]
fn a_type_goes_into_one_part() {
    let mut engine = engine("A { int v; }");
    let (mut one, mut other) = (Vec::new(), Vec::new());
    let mut parts = [
        BlobPart {
            name: "one",
            types: &["A"],
            out: &mut one,
        },
        BlobPart {
            name: "other",
            types: &["A"],
            out: &mut other,
        },
    ];
    let error = engine.write_snapshot_in_parts(&mut io::sink(), &mut parts).unwrap_err();
    assert_eq!(
        error.to_string(),
        "type is assigned to more than one optional part, name=A"
    );
}

#[test]
fn a_stream_that_fails_is_reported() {
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::from(io::ErrorKind::StorageFull))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut engine = engine("A { int v; }");
    assert!(matches!(engine.write_snapshot(&mut Full), Err(WriteError::Io(_))));
}

#[test]
fn restoring_needs_a_fresh_engine_with_the_same_field_types() {
    let mut first = engine("A { int v; } B { int v; }");
    first.add("A", &Value::Object(vec![Value::Int(4)])).unwrap();
    let state = snapshot(&mut first);

    assert!(matches!(first.restore(&state), Err(WriteError::WrongPhase { .. })));
    let mut used = engine("A { int v; }");
    used.add("A", &Value::Object(vec![Value::Int(4)])).unwrap();
    assert!(matches!(used.restore(&state), Err(WriteError::CannotRestore { .. })));

    let error = engine("A { long v; }").restore(&state).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot restore, field v is long now and was int before, type=A"
    );
    let error = engine("X { int v; } A List<X>;").restore(&state).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot restore, the type is LIST now and was another kind before, type=A"
    );
    let mut sharded = WriteStateEngine::new(WriteConfig::default());
    sharded
        .add_type(hollow::schema::parse("A { int v; }").unwrap().remove(0), Some(8))
        .unwrap();
    assert!(matches!(sharded.restore(&state), Err(WriteError::CannotRestore { .. })));

    // Consumers have records of B that this engine does not know: B cannot come back in the same chain.
    let mut narrower = engine("A { int v; }");
    narrower.restore(&state).unwrap();
    let b = hollow::schema::parse("B { int v; }").unwrap().remove(0);
    assert!(matches!(
        narrower.add_type(b, None),
        Err(WriteError::CannotRestore { .. })
    ));
}

#[test]
fn restored_records_can_be_asked_for_before_they_are_claimed() {
    let mut first = engine(MOVIES);
    let value = movie(text("Heat"), Value::List(vec![text("Al")]), Value::Null);
    let heat = first.add("Movie", &value).unwrap();
    let state = snapshot(&mut first);
    for positions in [None, Some(HashPositions::Preserve), Some(HashPositions::Rehash)] {
        let mut second = engine(MOVIES);
        match positions {
            None => second.restore(&state).unwrap(),
            Some(positions) => second.recreate(&state, positions).unwrap(),
        }
        second.prepare_for_next_cycle(9);
        let [movie, text, cast, _] = second.type_ids().collect::<Vec<_>>()[..] else {
            panic!("four types");
        };
        assert_eq!(second.previous_tag(), 1);
        assert_eq!(
            second.references_of(movie, heat),
            [(text, ordinal(0)), (cast, ordinal(0))]
        );
        assert_eq!(second.references_of(cast, ordinal(0)), [(text, ordinal(1))]);
        assert_eq!(second.record_bytes(text, ordinal(1)).as_deref(), Some(&b"\x02Al"[..]));
        second.add_all_from_previous_cycle().unwrap();
        assert!(!second.has_changed());
        assert_eq!(second.add("Movie", &value).unwrap(), heat);
    }
}

#[test]
fn compaction_wants_an_empty_cycle() {
    let config = CompactionConfig {
        min_candidate_hole_cost_bytes: 0,
        min_candidate_hole_percentage: 10,
    };
    let mut engine = engine("A { int v; } L List<A>;");
    assert!(matches!(engine.compact(config), Err(WriteError::NoPreviousState)));
    let added: Vec<Ordinal> = (0..100)
        .map(|value| engine.add("A", &Value::Object(vec![Value::Int(value)])).unwrap())
        .collect();
    engine.add_list(engine.type_id("L").unwrap(), &added[90..]).unwrap();
    snapshot(&mut engine);
    engine.prepare_for_next_cycle(2);
    engine.add_all_from_previous_cycle().unwrap();
    assert!(matches!(engine.compact(config), Err(WriteError::WrongPhase { .. })));
    for ordinal in &added[..90] {
        engine.remove(engine.type_id("A").unwrap(), *ordinal).unwrap();
    }
    let before = snapshot(&mut engine);
    engine.prepare_for_next_cycle(3);
    assert_eq!(engine.compact(config).unwrap(), 10);
    let after = snapshot(&mut engine);
    let value = |state: &ReadState| state.value("L", state.ty("L").unwrap().populated().next().unwrap());
    assert_eq!(
        value(&before),
        value(&after),
        "the list has the elements it had, at other ordinals"
    );
    assert!(after.ty("A").unwrap().populated().map(Ordinal::get).eq(0..10));
}
