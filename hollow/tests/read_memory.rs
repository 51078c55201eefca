//! How much memory reading takes, counted by the allocator: blobs that lie about lengths get none of it.
//!
//! One test only: others would allocate at the same time.

use cap::Cap;
use hollow::blob::{Header, write_schema};
use hollow::memory::var_int;
use hollow::read::ReadState;
use hollow::schema::{Schema, parse};
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

const MIB: usize = 1 << 20;
const MAX_ORDINAL: u32 = (1 << 29) - 1;

fn var(out: &mut Vec<u8>, values: &[u64]) {
    values.iter().for_each(|&value| var_int::write_u64(out, value));
}

/// A blob with one type state: its schema, one shard, and this body after the number of shards.
fn blob(schema: &str, num_shards: u64, body: &[u8]) -> Vec<u8> {
    let schemas = parse(schema).expect("a schema");
    let mut out = header(&schemas, 1);
    write_schema(&mut out, &schemas[0]).expect("a short name");
    var(&mut out, &[2, 0, num_shards]);
    out.extend_from_slice(body);
    out
}

fn header(schemas: &[Schema], num_type_states: usize) -> Vec<u8> {
    let header = Header {
        origin_tag: 1,
        destination_tag: 2,
        schemas: Some(schemas.to_vec()),
        tags: Vec::new(),
        num_type_states,
    };
    let mut out = Vec::new();
    header.write(&mut out).expect("short names");
    out
}

fn populated(out: &mut Vec<u8>, words: impl ExactSizeIterator<Item = u64>) {
    out.extend_from_slice(&(words.len() as u32).to_be_bytes());
    words.for_each(|word| out.extend_from_slice(&word.to_be_bytes()));
}

/// Bytes taken from the allocator meanwhile, whether or not they were given back: never less than the peak.
fn allocated<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = ALLOCATOR.total_allocated();
    let result = work();
    (result, ALLOCATOR.total_allocated() - before)
}

/// The parts of a made-up body.
enum Item {
    /// A variable-length integer.
    Var(u64),
    /// A word of a packed array.
    Word(u64),
}
use Item::{Var, Word};

fn body(items: &[Item]) -> Vec<u8> {
    let mut out = Vec::new();
    for item in items {
        match item {
            Var(value) => var(&mut out, &[*value]),
            Word(word) => out.extend_from_slice(&word.to_be_bytes()),
        }
    }
    out
}

#[test]
fn memory_is_in_proportion_to_the_bytes() {
    lies_about_lengths();
    few_bytes_for_many_records();
    deltas_that_scatter();
}

fn lies_about_lengths() {
    let max = u64::from(MAX_ORDINAL);
    let huge = 1 << 40;
    let object = "A { int a; string b; }";
    let list = "A List<B>;";
    let lies: [(&str, &str, u64, &[Item]); 12] = [
        // For each: what the error must be about, schema, number of shards, the body up to the lie.
        (
            "fixed-length data: expected at least",
            object,
            1,
            &[Var(max), Var(1), Var(2), Var(0)],
        ),
        (
            "fixed-length data: expected at most",
            object,
            1,
            &[Var(3), Var(1), Var(2), Var(huge)],
        ),
        (
            "fixed-length data: expected at most",
            object,
            1,
            &[Var(3), Var(1), Var(2), Var(1 << 61)],
        ),
        (
            "fixed-length data: expected at most",
            object,
            1,
            &[Var(3), Var(1), Var(2), Var(u64::MAX)],
        ),
        (
            "of variable-length data",
            object,
            1,
            &[Var(0), Var(1), Var(2), Var(1), Word(0), Var(0), Var(huge)],
        ),
        ("number of shards", object, 1 << 31, &[Var(3)]),
        ("highest ordinal of a shard", object, 16, &[Var(max), Var(3)]),
        (
            "pointers: expected at most",
            list,
            1,
            &[Var(0), Var(64), Var(1), Var(1), Var(huge)],
        ),
        (
            "pointer: expected 0 to 64",
            list,
            1,
            &[
                Var(0),
                Var(64),
                Var(1),
                Var(huge),
                Var(1),
                Word(1 << 40),
                Var(1),
                Word(0),
            ],
        ),
        (
            "elements or buckets: expected at most",
            list,
            1,
            &[Var(0), Var(1), Var(1), Var(huge), Var(1), Word(1), Var(huge)],
        ),
        (
            "elements or buckets: expected at most",
            "A Map<B, C>;",
            1,
            &[
                Var(0),
                Var(1),
                Var(1),
                Var(1),
                Var(1),
                Var(huge),
                Var(1),
                Word(1),
                Var(huge),
            ],
        ),
        (
            "populated ordinals",
            list,
            1,
            &[Var(max), Var(0), Var(1), Var(0), Var(0), Var(0), Word(u64::MAX >> 1)],
        ),
    ];
    for (expected, schema, num_shards, items) in lies {
        let mut body = body(items);
        body.extend([0; 128]); // enough for the shards that one of them speaks of
        let bytes = blob(schema, num_shards, &body);
        let (result, taken) = allocated(|| ReadState::from_snapshot(&bytes));
        let error = result.expect_err(expected).to_string();
        assert!(error.contains(expected), "{expected}: {error}");
        assert!(
            taken < MIB / 64,
            "{expected}: {taken} bytes for {} bytes of a blob",
            bytes.len()
        );
    }
}

/// Records that take few bits or none: as many as there are populated bits, and no page where there are none.
fn few_bytes_for_many_records() {
    let max = u64::from(MAX_ORDINAL);
    let no_fields = [Var(max), Var(0)]; // no words of fixed-length data
    let no_elements = [Var(max), Var(0), Var(1), Var(0), Var(0), Var(0)];
    let wide = {
        let fields: String = (0..2000).map(|n| format!("int f{n};")).collect();
        format!("A {{ {fields} }}")
    };
    let mut wide_body = vec![Var(max)];
    wide_body.extend((0..2001).map(|_| Var(0))); // widths, then the number of words
    wide_body.extend((0..2000).map(|_| Var(0))); // variable-length bytes
    let every = |n: usize, word: u64| (0..1 << 16).map(move |at| if at % n == 0 { word } else { 0 });
    type Case<'c> = (&'c str, &'c str, &'c [Item], Vec<u64>, usize); // name, schema, body, populated, records
    let cases: [Case<'_>; 5] = [
        ("a lone record", "A { }", &no_fields, vec![1], 1),
        (
            "records without fields",
            "A { }",
            &no_fields,
            every(1, u64::MAX).collect(),
            1 << 22,
        ),
        (
            "one of them a page",
            "A { }",
            &no_fields,
            every(16, 1 << 63).collect(),
            1 << 12,
        ),
        (
            "empty lists",
            "A List<B>;",
            &no_elements,
            every(1, u64::MAX).collect(),
            1 << 22,
        ),
        (
            "fields without bits",
            &wide,
            &wide_body,
            every(16, u64::MAX).collect(),
            0,
        ),
    ];
    for (name, schema, items, words, records) in cases {
        let mut body = body(items);
        populated(&mut body, words.into_iter());
        let bytes = blob(schema, 1, &body);
        let (result, taken) = allocated(|| ReadState::from_snapshot(&bytes));
        println!("{name}: {taken} bytes for {} bytes of a blob", bytes.len());
        assert!(
            taken <= 4 * bytes.len() + MIB,
            "{name}: {taken} bytes for {} bytes of a blob",
            bytes.len()
        );
        match result {
            Ok(state) => assert_eq!(state.types().map(|ty| ty.len()).sum::<usize>(), records, "{name}"),
            Err(error) => assert!(
                records == 0 && error.to_string().contains("width of a field"),
                "{name}: {error}"
            ),
        }
    }
}

/// A delta can touch a page with each of its bytes. That costs small pages, not pages of full size.
fn deltas_that_scatter() {
    let mut snapshot_body = Vec::new();
    var(&mut snapshot_body, &[0xFFFF_FFFF, 0, 2, 0, 0, 0]); // no ordinal, two widths, no words, no bytes
    populated(&mut snapshot_body, std::iter::empty());
    let schema = "A { long a; string b; }";
    let mut snapshot = blob(schema, 1, &snapshot_body);
    snapshot[4..12].copy_from_slice(&0i64.to_be_bytes());
    snapshot[12..20].copy_from_slice(&1i64.to_be_bytes());
    let state = ReadState::from_snapshot(&snapshot).expect("an empty type");

    const RECORDS: u64 = 1 << 16;
    let mut additions = Vec::new();
    var(&mut additions, &[1023]);
    (1..RECORDS).for_each(|_| var(&mut additions, &[1024]));
    let mut body = Vec::new();
    var(&mut body, &[RECORDS * 1024 - 1, 0, additions.len() as u64]);
    body.extend_from_slice(&additions);
    var(&mut body, &[64, 2, RECORDS * 66 / 64]);
    body.extend(std::iter::repeat_n(0, (RECORDS * 66 / 64 * 8) as usize));
    var(&mut body, &[0, 0]);
    let delta = blob(schema, 1, &body);
    let (next, taken) = allocated(|| state.apply_delta(&delta));
    println!("scattered delta: {taken} bytes for {} bytes of a blob", delta.len());
    let next = next.expect("a delta");
    assert_eq!(next.object("A").map(|ty| ty.len() as u64), Some(RECORDS));
    let each = taken as u64 / RECORDS;
    assert!(each < 768, "{each} bytes for a page with one record");
}
