//! The ends of texts are checked while a snapshot's pages are made, but for what no page is made of. Whichever way it is
//! done, the same blobs are refused, for the same reason: here damaged ones, held against loading nothing of a type, which
//! checks all ends by themselves.

use hollow::blob::DecodeErrorKind;
use hollow::read::{Filter, LoadOptions, ReadState};
use hollow::record::Value;
use hollow::testing::entropy;
use hollow::write::{WriteConfig, WriteStateEngine};

/// A snapshot of so many records, and of those of them that are there in the end.
fn snapshot(records: u64, kept: impl Fn(u64) -> bool, num_shards: u32) -> Vec<u8> {
    let mut engine = WriteStateEngine::new(WriteConfig::default());
    let schemas = hollow::schema::parse("T { int n; string s; bytes y; boolean b; string last; }").expect("a schema");
    for schema in schemas {
        engine.add_type(schema, Some(num_shards)).expect("a new type");
    }
    for cycle in 0..2 {
        engine.prepare_for_next_cycle(cycle + 1);
        for id in (0..records).filter(|&id| cycle == 0 || kept(id)) {
            let text = |len: u64| Value::String("text".repeat(len as usize));
            let record = vec![
                Value::Int(id as i32),
                if id % 7 == 0 { Value::Null } else { text(id % 5) },
                Value::Bytes(vec![id as u8; (id % 3) as usize]),
                Value::Boolean(id % 2 == 0),
                text(id % 11),
            ];
            engine.add("T", &Value::Object(record)).expect("a record");
        }
        engine.prepare_for_write().expect("a state");
    }
    let mut blob = Vec::new();
    engine.write_snapshot(&mut blob).expect("a snapshot");
    blob
}

/// What was found wrong with an end, if that is what a blob is refused for.
fn wrong_end(blob: &[u8], filter: &Filter) -> Option<String> {
    let options = LoadOptions {
        filter: filter.clone(),
        ..LoadOptions::default()
    };
    let error = ReadState::from_snapshot_with(blob, &options).err()?;
    let of_an_end = matches!(&error.kind, DecodeErrorKind::Invalid { what, .. } if what.starts_with("end of"));
    of_an_end.then(|| error.to_string())
}

fn all_ways_agree(blob: &[u8], seed: u64) {
    let whole = Filter::everything();
    assert_eq!(wrong_end(blob, &whole), None);
    assert!(ReadState::from_snapshot(blob).is_ok());
    let others = [
        whole,
        Filter::everything().without_field("T", "s"),
        Filter::nothing().with_field("T", "n"),
    ];
    let mut next = entropy(seed);
    let mut refused = 0;
    for _ in 0..400 {
        let mut damaged = blob.to_vec();
        let at = next() as usize % blob.len();
        damaged[at] ^= 1 << (next() % 8);
        let expected = wrong_end(&damaged, &Filter::nothing());
        refused += u32::from(expected.is_some());
        for filter in &others {
            let found = wrong_end(&damaged, filter);
            // What else is wrong with values may be found first.
            if found.is_some() || ReadState::from_snapshot(&damaged).is_ok() {
                assert_eq!(found, expected, "byte {at}, {filter:?}");
            }
            if expected.is_some() {
                let options = LoadOptions {
                    filter: filter.clone(),
                    ..LoadOptions::default()
                };
                assert!(
                    ReadState::from_snapshot_with(&damaged, &options).is_err(),
                    "byte {at}, {filter:?}"
                );
            }
        }
    }
    assert!(refused > 20, "{refused} of 400");
}

#[test]
fn of_full_pages() {
    for num_shards in [1, 2, 8] {
        all_ways_agree(&snapshot(2500, |_| true, num_shards), 1);
    }
}

#[test]
fn of_pages_with_holes_and_of_few_records() {
    for num_shards in [1, 4] {
        all_ways_agree(&snapshot(2500, |id| id % 10 != 3, num_shards), 2);
        all_ways_agree(&snapshot(2500, |id| id % 90 == 3 || id > 2400, num_shards), 3);
    }
}

#[test]
fn of_pages_without_records() {
    all_ways_agree(&snapshot(3500, |id| id > 3400, 2), 4);
    all_ways_agree(&snapshot(3500, |id| id < 600, 2), 5);
}

#[test]
fn of_more_shards_than_are_read_together() {
    all_ways_agree(&snapshot(2500, |id| id % 2 == 0, 128), 6);
}
