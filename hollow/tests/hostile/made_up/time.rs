//! Nothing takes time that grows with the square of its input.

use super::build::*;
use crate::watch::Watch;
use hollow::Ordinal;
use hollow::read::{Filter, LoadOptions, MAX_VALUES, ReadState, Transition};
use hollow::record::Value;
use hollow::schema::{Dataset, SchemaError, parse};
use hollow::tools::checksum::Checksums;
use hollow::tools::rewrite::deltas;

fn bounded<T>(what: &str, work: impl Fn() -> T) -> T {
    Watch::new(1).bounded(0, || what.to_owned(), work)
}

/// Elements that are not there are null, and a list of lists of them is a list of very many nulls.
#[test]
fn trees_of_what_is_not_there() {
    const ELEMENTS: usize = 1 << 16;
    let bytes = snapshot_of(&[
        one_list("a List<b>;", ELEMENTS as u64),
        one_list("b List<c>;", ELEMENTS as u64),
    ]);
    let state = ReadState::from_snapshot(&bytes).expect("lists");
    let first = Ordinal::new(0).expect("small");
    let tree = bounded("a tree", || state.value("a", first)).expect("a list");
    fn count(value: &Value) -> usize {
        match value {
            Value::List(elements) => 1 + elements.iter().map(count).sum::<usize>(),
            _ => 1,
        }
    }
    assert_eq!(count(&state.value("b", first).expect("a list")), 1 + ELEMENTS);
    assert!(count(&tree) <= MAX_VALUES + 2, "{}", count(&tree));
}

/// The same for maps, whose keys and values both can be missing.
#[test]
fn trees_of_maps_of_what_is_not_there() {
    const BUCKETS: u64 = 1 << 16;
    const ENTRIES: u64 = BUCKETS * 7 / 10;
    let map = |text: &str| {
        let schema = parse(text).expect("a schema").remove(0);
        let mut body = Vec::new();
        // One map: end and size take 32 and 31 bits, a key one, a value none. A key of all ones is an empty bucket.
        var(&mut body, &[0, 32, 31, 1, 0, BUCKETS, 1]);
        words(&mut body, &[BUCKETS | ENTRIES << 32]);
        let empty = (BUCKETS - ENTRIES) as usize;
        let mut buckets = vec![0u64; BUCKETS as usize / 64];
        (0..empty).for_each(|at| buckets[at / 64] |= 1 << (at % 64));
        var(&mut body, &[BUCKETS / 64]);
        words(&mut body, &buckets);
        populated(&mut body, &[1]);
        frame(&schema, 1, &body)
    };
    let bytes = snapshot_of(&[map("a Map<b, c>;"), map("b Map<d, d>;")]);
    let state = ReadState::from_snapshot(&bytes).expect("maps");
    let tree = bounded("a tree", || state.value("a", Ordinal::new(0).expect("small")));
    fn count(value: &Value) -> usize {
        match value {
            Value::Map(entries) => 1 + entries.iter().map(|(k, v)| count(k) + count(v)).sum::<usize>(),
            _ => 1,
        }
    }
    let count = count(&tree.expect("a map"));
    assert!((MAX_VALUES / 2..=MAX_VALUES + 4).contains(&count), "{count}");
}

#[test]
fn schemas_of_many_names() {
    let fields: String = names(100_000).map(|name| format!("int {name};")).collect();
    let text = format!("a {{ {fields} }}");
    assert!(bounded("fields", || parse(&text)).is_ok());
    let twice = format!("a {{ {fields} int a; }}");
    let error = bounded("a field twice", || parse(&twice));
    assert!(matches!(error, Err(SchemaError::Duplicate { what: "field", .. })));

    let text: String = names(100_000).map(|name| format!("{name} {{}}")).collect();
    let schemas = bounded("types", || parse(&text)).expect("schemas");
    let error = bounded("a type twice", || parse(&format!("{text} a {{}}")));
    assert!(matches!(error, Err(SchemaError::Duplicate { what: "type", .. })));

    let dataset = Dataset::new(schemas).expect("names that differ");
    assert_eq!(bounded("order", || dataset.dependency_order().len()), 100_000);
    // Each type refers to the one before, so the order is one after the other.
    let chain: String = names(50_000)
        .zip(names(50_001).skip(1))
        .map(|(a, b)| format!("{b} List<{a}>;"))
        .collect();
    let dataset = Dataset::new(parse(&format!("a {{}} {chain}")).expect("schemas")).expect("names that differ");
    let order = bounded("chain", || {
        dataset
            .dependency_order()
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    });
    assert!(order.into_iter().eq(names(50_001)));
}

/// Fields of a blob are found by name: a type of many must not take their square.
#[test]
fn types_of_many_fields() {
    const FIELDS: usize = 32_767;
    let fields: String = names(FIELDS).map(|name| format!("long a_field_{name};")).collect();
    let (state, schema, bytes) = empty_state(&format!("a {{ {fields} }}"), &[1; FIELDS]);
    bounded("snapshot", || ReadState::from_snapshot(&bytes)).expect("a type");
    let options = LoadOptions {
        filter: Filter::everything().without_field("a", "a_field_a"),
        ..LoadOptions::default()
    };
    let filtered = bounded("filtered", || ReadState::from_snapshot_with(&bytes, &options)).expect("a type");
    let mut shard = empty_shard(&[1; FIELDS]);
    shard.drain(..5); // a delta has its changes behind the highest ordinal
    let delta = changes(&schema, NONE, &[], &[], &shard);
    let next = bounded("delta", || state.apply_delta(&delta)).expect("no changes");
    assert!(bounded("transition", || Transition::between(&filtered, &next)).is_empty());
}

/// Two states of a type of many fields each: what they have in common is found by name, too, and so is their union.
#[test]
fn two_types_of_many_fields() {
    const FIELDS: usize = 32_767;
    let state = |prefix: &str| {
        let fields: String = names(FIELDS).map(|name| format!("long {prefix}{name};")).collect();
        empty_state(&format!("a {{ {fields} }}"), &[1; FIELDS]).0
    };
    let (a, b) = (state("a_rather_long_name_"), state("another_long_name_"));
    let (of_a, of_b) = bounded("checksums", || Checksums::common(&a, &b));
    assert_eq!(of_a, of_b);
    // The format has no room for the fields of both.
    let both = bounded("deltas", || deltas(&a, &b).map(drop));
    assert!(both.is_err());
    assert!(bounded("the same", || deltas(&a, &a)).is_ok());
}

/// Records that have none of the type's fields must not take time for each of them.
#[test]
fn records_without_fields_of_a_type_of_many() {
    const FIELDS: usize = 32_767;
    const RECORDS: usize = 40 * 1024;
    let fields: String = names(FIELDS).map(|name| format!("int {name};")).collect();
    let (base, _, _) = empty_state(&format!("a {{ {fields} }}"), &[1; FIELDS]);
    let thin = parse("a {}").expect("a schema").remove(0);
    let mut gaps = vec![1; RECORDS];
    gaps[0] = 0;
    let delta = changes(&thin, RECORDS as u64 - 1, &[], &gaps, &[0]);
    let next = bounded("delta", || base.apply_delta(&delta)).expect("records");
    assert_eq!(next.object("a").map(|ty| ty.len()), Some(RECORDS));
}
