//! Blobs that no golden vector has: older headers, changed models, records that refer to themselves.

use crate::chains::dump_of;
use fixtures::vectors;
use hollow::Ordinal;
use hollow::blob::{Header, write_schema};
use hollow::memory::var_int;
use hollow::read::{MAX_DEPTH, MAX_VALUES, ReadState};
use hollow::record::Value;
use hollow::schema::parse;
use serde_json::json;

fn tiny(name: &str) -> &'static [u8] {
    vectors::case("tiny").blob(name).expect("a blob")
}

/// Replaces every occurrence; there must be this many.
fn replace(bytes: &[u8], from: &[u8], to: &[u8], times: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut at, mut found) = (0, 0);
    while at < bytes.len() {
        if bytes[at..].starts_with(from) {
            out.extend_from_slice(to);
            (at, found) = (at + from.len(), found + 1);
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    assert_eq!(found, times, "occurrences of {from:?}");
    out
}

/// The blob as Hollow before 2.1.0 wrote it: no list of schemas, no numbers of shards.
fn aged(blob: &[u8]) -> Vec<u8> {
    let mut cursor = hollow::blob::Cursor::new(blob);
    let header = Header::read(&mut cursor).expect("a header");
    let frames = blob[cursor.offset() as usize..].to_vec();
    let schemas = header.schemas.clone().expect("a list of schemas");
    let mut out = Vec::new();
    let old = Header {
        schemas: None,
        ..header
    };
    old.write(&mut out).expect("short names");
    let frames = schemas.iter().fold(frames, |frames, schema| {
        let mut new = Vec::new();
        write_schema(&mut new, schema).expect("short names");
        let (mut with_shards, mut without) = (new.clone(), new);
        with_shards.extend([2, 0, 1]);
        without.push(0);
        replace(&frames, &with_shards, &without, 1)
    });
    out.extend(frames);
    out
}

#[test]
fn blobs_with_older_headers_read_the_same() {
    let state = ReadState::from_snapshot(&aged(tiny("snapshot-1"))).expect("an old snapshot");
    assert_eq!(
        dump_of(&state),
        vectors::case("tiny").json("state-1.json").expect("a state")
    );
    let next = state.apply_delta(&aged(tiny("delta-1-2"))).expect("an old delta");
    assert_eq!(
        dump_of(&next),
        vectors::case("tiny").json("state-2.json").expect("a state")
    );
    assert_eq!(next.header_tags(), state.header_tags());
    let back = next
        .apply_delta(&aged(tiny("reversedelta-2-1")))
        .expect("an old reverse delta");
    assert_eq!(dump_of(&back), dump_of(&state));
}

/// Between 2.1.0 and 2.2.0 there were numbers of shards, and no list of schemas yet.
#[test]
fn each_older_form_is_read_on_its_own() {
    let recorded = vectors::case("tiny").json("state-1.json").expect("a state");
    let blob = tiny("snapshot-1");
    let mut cursor = hollow::blob::Cursor::new(blob);
    let header = Header::read(&mut cursor).expect("a header");
    let frames = &blob[cursor.offset() as usize..];
    let mut unlisted = Vec::new();
    let old = Header {
        schemas: None,
        ..header
    };
    old.write(&mut unlisted).expect("short names");
    unlisted.extend_from_slice(frames);
    let state = ReadState::from_snapshot(&unlisted).expect("a snapshot without a list");
    assert_eq!(dump_of(&state), recorded);
}

/// The blob with something in the areas that are reserved for versions to come: behind the list of schemas, and in each
/// type state.
fn with_reserved_areas(blob: &[u8]) -> Vec<u8> {
    let mut cursor = hollow::blob::Cursor::new(blob);
    let header = Header::read(&mut cursor).expect("a header");
    let schemas = header.schemas.expect("a list of schemas");
    let mut list = Vec::new();
    var_int::write_u64(&mut list, schemas.len() as u64);
    schemas
        .iter()
        .for_each(|schema| write_schema(&mut list, schema).expect("short names"));
    let mut envelope = Vec::new();
    var_int::write_u64(&mut envelope, list.len() as u64 + 1);
    // Version and two tags stand before it; the size of the area, zero, behind it.
    let list_at = 20 + envelope.len();
    let area_at = list_at + list.len();
    assert_eq!((&blob[20..list_at], blob[area_at]), (envelope.as_slice(), 0));
    let mut out = blob[..20].to_vec();
    var_int::write_u64(&mut out, list.len() as u64 + 1 + 3);
    out.extend_from_slice(&list);
    out.extend([3, 0xff, 0x80, 0x00]);
    let rest = schemas.iter().fold(blob[area_at + 1..].to_vec(), |rest, schema| {
        let mut plain = Vec::new();
        write_schema(&mut plain, schema).expect("short names");
        let mut reserved = plain.clone();
        plain.extend([2, 0, 1]);
        reserved.extend([4, 2, 0xff, 0x00, 1]);
        replace(&rest, &plain, &reserved, 1)
    });
    out.extend(rest);
    out
}

#[test]
fn what_later_versions_may_add_is_skipped() {
    let recorded = |version: i64| {
        vectors::case("tiny")
            .json(&format!("state-{version}.json"))
            .expect("a state")
    };
    let state = ReadState::from_snapshot(&with_reserved_areas(tiny("snapshot-1"))).expect("a snapshot");
    assert_eq!(dump_of(&state), recorded(1));
    let next = state
        .apply_delta(&with_reserved_areas(tiny("delta-1-2")))
        .expect("a delta");
    assert_eq!(dump_of(&next), recorded(2));
    let back = next
        .apply_delta(&with_reserved_areas(tiny("reversedelta-2-1")))
        .expect("a reverse delta");
    assert_eq!(dump_of(&back), recorded(1));
}

/// The delta calls `id` something else: unknown there, so null in what it adds; kept where it was.
#[test]
fn fields_that_a_delta_does_not_have_are_null_in_what_it_adds() {
    let state = ReadState::from_snapshot(tiny("snapshot-1")).expect("a snapshot");
    let renamed = replace(tiny("delta-1-2"), b"\x00\x02id\x00\x03INT", b"\x00\x02no\x00\x03INT", 2);
    let next = state.apply_delta(&renamed).expect("a delta of a changed model");
    assert_eq!(
        dump_of(&next)["Movie"]["records"],
        json!({"0": [1, "A"], "2": [null, null]})
    );
    assert_eq!(dump_of(&next)["Movie"]["fields"], json!(["id", "title"]));
}

#[test]
fn fields_and_types_that_changed_their_meaning_are_refused() {
    let state = ReadState::from_snapshot(tiny("snapshot-1")).expect("a snapshot");
    let long = replace(tiny("delta-1-2"), b"\x00\x03INT", b"\x00\x04LONG", 2);
    let error = state
        .apply_delta(&long)
        .expect_err("a field of another type")
        .to_string();
    assert!(
        error.contains("int id") && error.contains("long id") && error.contains("type=Movie"),
        "{error}"
    );
    let other = replace(
        tiny("delta-1-2"),
        b"\x00\x08MovieSet\x00\x05Movie",
        b"\x00\x08MovieSet\x00\x05Films",
        2,
    );
    let error = state
        .apply_delta(&other)
        .expect_err("a set of another type")
        .to_string();
    assert!(error.contains("Set<Movie>") && error.contains("Set<Films>"), "{error}");
    // Header and type state must agree with each other, too.
    let at = tiny("snapshot-1")
        .windows(5)
        .rposition(|w| w == b"title")
        .expect("the field");
    let mut torn = tiny("snapshot-1").to_vec();
    torn[at] = b'T';
    let error = ReadState::from_snapshot(&torn).expect_err("two schemas").to_string();
    assert!(error.contains("as in the header"), "{error}");
}

#[test]
fn types_that_a_reader_does_not_have_are_skipped() {
    let options = hollow::read::LoadOptions {
        filter: hollow::read::Filter::nothing().with_type("MovieSet"),
        ..Default::default()
    };
    let state = ReadState::from_snapshot_with(tiny("snapshot-1"), &options).expect("a snapshot");
    let next = state.apply_delta(tiny("delta-1-2")).expect("a delta");
    assert_eq!(
        dump_of(&next),
        json!({"MovieSet": {"kind": "SET", "records": {"1": [[0, 2], [2, 0]]}}})
    );
    // The elements are of a type that is not there: missing, not an error.
    let tree = next.value("MovieSet", Ordinal::new(1).expect("an ordinal"));
    assert_eq!(tree, Some(Value::Set(vec![Value::Null, Value::Null])));
}

/// A snapshot of `A` whose record k has these references in its fields, five bits each.
fn references(schema: &str, records: &[&[u64]]) -> ReadState {
    let schemas = parse(schema).expect("a schema");
    let header = Header {
        origin_tag: 0,
        destination_tag: 1,
        schemas: Some(schemas.clone()),
        tags: Vec::new(),
        num_type_states: 1,
    };
    let mut out = Vec::new();
    header.write(&mut out).expect("short names");
    write_schema(&mut out, &schemas[0]).expect("a short name");
    let mut packed = hollow::memory::bit_array::BitArray::default();
    let values = records.iter().copied().flatten();
    (0..)
        .step_by(5)
        .zip(values)
        .for_each(|(at, &value)| packed.set(at, 5, value));
    let fields = records[0].len();
    let mut numbers = vec![2, 0, 1, records.len() as u64 - 1];
    numbers.extend(std::iter::repeat_n(5, fields));
    numbers.push(packed.words().len() as u64);
    numbers.iter().for_each(|&number| var_int::write_u64(&mut out, number));
    packed
        .words()
        .iter()
        .for_each(|word| out.extend_from_slice(&word.to_be_bytes()));
    out.extend(std::iter::repeat_n(0, fields));
    out.extend_from_slice(&1u32.to_be_bytes());
    out.extend_from_slice(&((1u64 << records.len()) - 1).to_be_bytes());
    ReadState::from_snapshot(&out).expect("a snapshot")
}

fn depth_and_size(value: &Value) -> (usize, usize) {
    match value {
        Value::Object(fields) => {
            let below: Vec<_> = fields.iter().map(depth_and_size).collect();
            let depth = below.iter().map(|(depth, _)| depth).max().copied().unwrap_or_default();
            (depth + 1, below.iter().map(|(_, size)| size).sum::<usize>() + 1)
        }
        _ => (0, 1),
    }
}

#[test]
fn trees_of_records_that_refer_to_themselves_end() {
    let first = Ordinal::new(0).expect("an ordinal");
    let circle = references("A { A again; }", &[&[0]]);
    let (depth, _) = depth_and_size(&circle.value("A", first).expect("a record"));
    assert_eq!(depth, MAX_DEPTH + 1);

    // Thirty records stand for a tree of two to the thirtieth.
    let doubling: Vec<[u64; 2]> = (1..30).map(|next| [next, next]).chain([[31, 31]]).collect();
    let records: Vec<&[u64]> = doubling.iter().map(|record| record.as_slice()).collect();
    let state = references("A { A left; A right; }", &records);
    let (depth, size) = depth_and_size(&state.value("A", first).expect("a record"));
    assert!(
        depth == 30 && size <= 2 * MAX_VALUES && size > MAX_VALUES / 4,
        "{depth} {size}"
    );
}
