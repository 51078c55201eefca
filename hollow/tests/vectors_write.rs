//! The write engine: ordinals as recorded from Java Hollow, blobs that read back as what was written, refusals.
//!
//! Whole blobs are compared with Java's in the package `tests`, which replays every recorded script.

use hollow::Ordinal;
use hollow::read::ReadState;
use hollow::write::{FieldValue, ObjectRecord, WriteConfig, WriteStateEngine};
use serde_json::Value as Json;

fn engine(schemas: &str, config: WriteConfig, num_shards: Option<u32>) -> WriteStateEngine {
    let mut engine = WriteStateEngine::new(config);
    for schema in hollow::schema::parse(schemas).unwrap() {
        engine.add_type(schema, num_shards).unwrap();
    }
    engine
}

fn snapshot(engine: &mut WriteStateEngine) -> ReadState {
    let mut bytes = Vec::new();
    engine.write_snapshot(&mut bytes).unwrap();
    ReadState::from_snapshot(&bytes).unwrap()
}

fn number(json: &Json) -> u32 {
    json.as_u64().and_then(|number| u32::try_from(number).ok()).unwrap()
}

#[test]
fn ordinals_are_assigned_as_recorded() {
    let cases: Json = serde_json::from_slice(fixtures::vectors::standalone("ordinal-cases.json").unwrap()).unwrap();
    let cases = cases["cases"].as_array().unwrap();
    assert!(cases.len() > 8);
    for case in cases {
        let label = case["label"].as_str().unwrap();
        let new = || {
            let config = WriteConfig {
                partitioned_ordinal_map: case["partitionedOrdinalMap"].as_bool().unwrap(),
                focus_hole_fill_in_fewest_shards: case["focusHoleFillInFewestShards"].as_bool().unwrap(),
                ..WriteConfig::default()
            };
            engine("R { string v; }", config, Some(number(&case["numShards"])))
        };
        let mut engine = new();
        let mut before: Option<ReadState> = None;
        for (index, cycle) in case["cycles"].as_array().unwrap().iter().enumerate() {
            if cycle["restoreBefore"].as_bool().unwrap() {
                engine = new();
                engine.restore(before.as_ref().unwrap()).unwrap();
            }
            engine.prepare_for_next_cycle(index as i64 + 1);
            for op in cycle["ops"].as_array().unwrap() {
                operation(&mut engine, op, label);
            }
            let state = snapshot(&mut engine);
            let ty = state.ty("R").unwrap();
            let populated: Vec<u32> = ty.populated().map(Ordinal::get).collect();
            let expected: Vec<u32> = cycle["populated"].as_array().unwrap().iter().map(number).collect();
            assert_eq!(populated, expected, "{label}, cycle {index}");
            let max = ty.max_ordinal().map_or(-1, |max| i64::from(max.get()));
            assert_eq!(
                Some(max),
                cycle["snapshotMaxOrdinal"].as_i64(),
                "{label}, cycle {index}"
            );
            before = Some(state);
        }
    }
}

fn operation(engine: &mut WriteStateEngine, op: &Json, label: &str) {
    let ty = engine.type_id("R").unwrap();
    match op[0].as_str().unwrap() {
        "add" => {
            let record = ObjectRecord::new(vec![FieldValue::Text(op[1].as_str().unwrap())]);
            let ordinal = engine.add_object(ty, &record).unwrap();
            assert_eq!(ordinal.get(), number(&op[2]), "{label}: {op}");
        }
        "addAll" => engine.add_all_from_previous_cycle().unwrap(),
        "carry" => engine.carry(ty, Ordinal::new(number(&op[1])).unwrap()).unwrap(),
        "remove" => assert!(engine.remove(ty, Ordinal::new(number(&op[2])).unwrap()).unwrap()),
        "reset" => engine.reset(),
        other => panic!("no operation {other}"),
    }
}
