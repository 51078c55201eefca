//! What is held while decoding, against the bytes that are decoded.

use super::build::*;
use allocation_counter::measure;
use hollow::blob::{DecodeError, write_utf};
use hollow::read::ReadState;
use hollow::schema::{Schema, parse};
use hollow::tools::dump::write_json;

const MIB: u64 = 1 << 20;

/// Decodes, prints what was held, and holds it to so many bytes.
fn decode(
    what: &str,
    bytes: &[u8],
    limit: u64,
    decode: impl FnOnce(&[u8]) -> Result<ReadState, DecodeError>,
) -> Result<ReadState, DecodeError> {
    let mut result = None;
    let memory = measure(|| result = Some(decode(bytes)));
    let (size, peak) = (bytes.len() as u64, memory.bytes_max);
    println!(
        "{what:<48} {size:>9} bytes, {peak:>9} held, {:>6.1} for each",
        peak as f64 / size as f64
    );
    assert!(peak <= limit, "{what}: {peak} of {limit}");
    result.expect("it was run")
}

fn snapshot(what: &str, bytes: &[u8], each: u64) -> Result<ReadState, DecodeError> {
    decode(what, bytes, each * bytes.len() as u64 + MIB, ReadState::from_snapshot)
}

fn types(suffix: &str) -> Vec<Schema> {
    let text: String = names(100_000).map(|name| format!("{name} {suffix}")).collect();
    parse(&text).expect("schemas")
}

/// What names take: a type or field that is named in a few bytes is a structure in memory.
#[test]
fn headers_full_of_names() {
    let listed = |schemas: &[Schema]| blob(schemas, Vec::new(), TAGS, &[]);
    let (objects, lists) = (types("{}"), types("List<a>;"));
    snapshot("listed object types", &listed(&objects), 24).expect("a list");
    snapshot("listed list types", &listed(&lists), 24).expect("a list");
    let frames: Vec<Vec<u8>> = objects.iter().map(|schema| empty_type(schema, &[])).collect();
    let state = snapshot("object types without records", &snapshot_of(&frames), 34).expect("types");
    assert_eq!(state.types().len(), objects.len());
    snapshot("the same, listed", &blob(&objects, Vec::new(), TAGS, &frames), 34).expect("types");

    let fields: String = names(32_767).map(|name| format!("int {name};")).collect();
    let schemas = parse(&format!("a {{ {fields} }}")).expect("a schema");
    snapshot("fields, listed", &listed(&schemas), 24).expect("a list");
    let wide = empty_type(&schemas[0], &[1; 32_767]);
    snapshot("fields of a type without records", &snapshot_of(&[wide]), 24).expect("a type");

    let mut schema = vec![6];
    write_utf(&mut schema, "a").expect("a short name");
    var(&mut schema, &[100_000]);
    (0..100_000).for_each(|_| write_utf(&mut schema, "f").expect("a short name"));
    schema.extend([0, 0]);
    let mut bytes = listed(&[]);
    bytes.truncate(20);
    var(&mut bytes, &[schema.len() as u64 + 2, 1]);
    bytes.extend_from_slice(&schema);
    bytes.extend([0, 0, 0, 0]);
    snapshot("paths of a primary key", &bytes, 24).expect("a key");
}

/// There are 32,767 header tags at most.
#[test]
fn header_tags() {
    let with = |tags: Vec<(String, String)>| blob(&[], tags, TAGS, &[]);
    let empty = with(vec![Default::default(); 32_767]);
    decode("header tags without text", &empty, 4 * MIB, ReadState::from_snapshot).expect("a header");
    let short = with(names(32_767).map(|name| (name, String::new())).collect());
    decode("short header tags", &short, 4 * MIB, ReadState::from_snapshot).expect("a header");
}

#[test]
fn shards_without_records() {
    let shards = |text: &str, num_shards: u64, shard: &[u8]| {
        let schema = &parse(text).expect("a schema")[0];
        let mut body = Vec::new();
        var(&mut body, &[NONE]);
        (0..num_shards).for_each(|_| body.extend_from_slice(shard));
        populated(&mut body, &[]);
        snapshot_of(&[frame(schema, num_shards, &body)])
    };
    let none = shards("a {}", 1 << 18, &empty_shard(&[]));
    snapshot("shards without fields", &none, 4).expect("shards");
    let text = shards("a { string s; }", 1 << 18, &empty_shard(&[2]));
    snapshot("shards with a text", &text, 4).expect("shards");
    let mut shard = Vec::new();
    var(&mut shard, &[NONE, 0, 1, 0, 0, 0]);
    snapshot("shards of a list type", &shards("a List<b>;", 1 << 18, &shard), 4).expect("shards");

    let fields: String = names(200).map(|name| format!("string {name};")).collect();
    let texts = shards(&format!("a {{ {fields} }}"), 1 << 12, &empty_shard(&[2; 200]));
    snapshot("shards with 200 texts", &texts, 8).expect("shards");
    let lie = {
        let mut bytes = shards("a { string s; }", 2, &empty_shard(&[2]));
        let at = bytes.iter().rposition(|&byte| byte == 2).expect("a width");
        bytes.truncate(at);
        bytes
    };
    snapshot("cut off", &lie, 4).expect_err("cut off");
}

/// A delta can name an ordinal with each byte.
#[test]
fn deltas_full_of_ordinals() {
    let (base, schema, _) = empty_state("a {}", &[]);
    let mut gaps = vec![1; 2_000_000];
    let apply = |bytes: &[u8]| base.apply_delta(bytes);
    let removals = changes(&schema, 2_000_000, &gaps, &[], &[0]);
    let limit = 4 * removals.len() as u64 + MIB;
    decode("removed ordinals that are not there", &removals, limit, apply).expect_err("not there");
    gaps[0] = 0;
    let additions = changes(&schema, 2_000_000, &[], &gaps, &[0]);
    let next = decode("added ordinals without fields", &additions, limit, apply).expect("records");
    assert_eq!(next.object("a").map(|ty| ty.len()), Some(2_000_000));
}

/// A page is held for a single record too, and a part of the table for a single page.
#[test]
fn deltas_that_scatter() {
    let (base, schema, _) = empty_state("a {}", &[]);
    let apply = |bytes: &[u8]| base.apply_delta(bytes);
    let scattered = |number: usize, gap: u64| {
        let mut gaps = Vec::new();
        var(&mut gaps, &vec![gap; number]);
        changes(&schema, gap * number as u64, &[], &gaps, &[0])
    };
    let pages = scattered(200_000, 1024);
    let next = decode("a record without fields a page", &pages, 200_000 * 288, apply).expect("records");
    assert_eq!(next.object("a").map(|ty| ty.len()), Some(200_000));
    let parts = scattered(4000, 131_072);
    decode("a record without fields in 128 pages", &parts, 4000 * 1400, apply).expect("records");

    let fields: String = names(10_000).map(|name| format!("int {name};")).collect();
    let (base, schema, snapshot) = empty_state(&format!("a {{ {fields} }}"), &[1; 10_000]);
    let mut gaps = Vec::new();
    var(&mut gaps, &[1024; 100]);
    let mut records = Vec::new();
    var(&mut records, &[1; 10_000]);
    var(&mut records, &[100 * 10_000 / 64]);
    words(&mut records, &[0; 100 * 10_000 / 64]);
    var(&mut records, &[0; 10_000]);
    let bytes = changes(&schema, 1024 * 100, &[], &gaps, &records);
    let limit = 100 * 10_000 * 16 + 4 * snapshot.len() as u64 + MIB;
    let apply = |bytes: &[u8]| base.apply_delta(bytes);
    decode("a record of 10,000 fields a page", &bytes, limit, apply).expect("records");
}

/// Fields that a delta does not have are null in the records it adds, so a record of no bytes can be one of many fields.
/// Such fields take nothing.
#[test]
fn deltas_without_most_fields() {
    const FIELDS: usize = 32_767;
    let fields: String = names(FIELDS).map(|name| format!("int {name};")).collect();
    let text = format!("a {{ {fields} }}");
    let (base, _, snapshot) = empty_state(&text, &[1; FIELDS]);
    let thin = parse("a {}").expect("a schema").remove(0);
    let mut gaps = Vec::new();
    var(&mut gaps, &[1024; 300]);
    let bytes = changes(&thin, 1024 * 300, &[], &gaps, &[0]);
    let limit = 256 * bytes.len() as u64 + 4 * snapshot.len() as u64 + 17 * MIB;
    let result = decode("a record without any of 32,767 fields a page", &bytes, limit, |bytes| {
        base.apply_delta(bytes)
    });
    assert_eq!(result.expect("records").object("a").map(|ty| ty.len()), Some(300));

    // The records of a page would take what the widest of them takes, so they are left where they are.
    let (base, wide, _) = empty_state(&text, &[1; FIELDS]);
    let mut records = Vec::new();
    var(&mut records, &[1; FIELDS]);
    var(&mut records, &[(10 * FIELDS).div_ceil(64) as u64]);
    words(&mut records, &vec![0; (10 * FIELDS).div_ceil(64)]);
    var(&mut records, &[0; FIELDS]);
    let mut gaps = Vec::new();
    var(&mut gaps, &[1024; 10]);
    let base = base
        .apply_delta(&changes(&wide, 1024 * 10, &[], &gaps, &records))
        .expect("wide records");
    let thin_records: Vec<u64> = (0..11 * 1024).filter(|at| *at == 0 || at % 1024 != 0).collect();
    let gaps = {
        let mut out = Vec::new();
        let before = std::iter::once(0).chain(thin_records.iter().copied());
        let gaps: Vec<u64> = thin_records
            .iter()
            .zip(before)
            .map(|(at, before)| at - before)
            .collect();
        var(&mut out, &gaps);
        out
    };
    let mut bytes = changes(&thin, 11 * 1024, &[], &gaps, &[0]);
    bytes[4..20].copy_from_slice(&[0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3]);
    let limit = 256 * bytes.len() as u64 + 4 * 10 * FIELDS as u64 / 8 + 19 * MIB;
    let result = decode("1,023 such records besides one of all", &bytes, limit, |bytes| {
        base.apply_delta(bytes)
    });
    assert_eq!(result.expect("records").object("a").map(|ty| ty.len()), Some(11 * 1024));
}

/// What a delta needs by right, it gets: pages that become 64 times as wide for one record each.
#[test]
fn deltas_that_widen() {
    const PAGES: u64 = 500;
    let fields: String = names(40).map(|name| format!("long {name};")).collect();
    let (base, schema, _) = empty_state(&format!("a {{ {fields} }}"), &[1; 40]);
    let add = |from: i64, gaps: Vec<u64>, width: u64, record: u64| {
        let mut out = Vec::new();
        var(&mut out, &gaps);
        let mut records = Vec::new();
        var(&mut records, &[width; 40]);
        let num_words = (gaps.len() as u64 * 40 * width).div_ceil(64);
        var(&mut records, &[num_words]);
        words(&mut records, &vec![record; num_words as usize]);
        var(&mut records, &[0; 40]);
        let mut bytes = changes(&schema, PAGES * 1024 - 1, &[], &out, &records);
        bytes[4..12].copy_from_slice(&from.to_be_bytes());
        bytes[12..20].copy_from_slice(&(from + 1).to_be_bytes());
        bytes
    };
    // All but the last ordinal of each page, in fields of one bit that are zero; then the last ones, in 64 bits.
    let mut gaps = vec![1; PAGES as usize * 1023];
    (1..PAGES as usize).for_each(|page| gaps[page * 1023] = 2);
    gaps[0] = 0;
    let base = base.apply_delta(&add(1, gaps, 1, 0)).expect("narrow records");
    let mut gaps = vec![1024; PAGES as usize];
    gaps[0] = 1023;
    let bytes = add(2, gaps, 64, 1 << 62);
    let limit = 40 * 8 * PAGES * 1024 + 4 * bytes.len() as u64 + MIB;
    let next = decode("a wide record a page", &bytes, limit, |bytes| base.apply_delta(bytes)).expect("records");
    assert_eq!(next.object("a").map(|ty| ty.len() as u64), Some(PAGES * 1024));
}

/// The same for pages of wide types that become emptier: 32 MB of pages, and a delta of a few kilobytes.
#[test]
fn deltas_that_thin_out() {
    const PAGES: usize = 4000;
    const FIELDS: usize = 500;
    let fields: String = names(FIELDS).map(|name| format!("int {name};")).collect();
    let (base, schema, _) = empty_state(&format!("a {{ {fields} }}"), &[1; FIELDS]);
    // Two records in each page, the ordinals 0 and 1 of it.
    let gaps: Vec<u64> = (0..2 * PAGES)
        .map(|at| {
            if at == 0 {
                0
            } else if at % 2 == 0 {
                1023
            } else {
                1
            }
        })
        .collect();
    let mut additions = Vec::new();
    var(&mut additions, &gaps);
    let num_words = (2 * PAGES * FIELDS).div_ceil(64);
    let mut records = Vec::new();
    var(&mut records, &[1; FIELDS]);
    var(&mut records, &[num_words as u64]);
    words(&mut records, &vec![0; num_words]);
    var(&mut records, &[0; FIELDS]);
    let max = PAGES as u64 * 1024;
    let base = base
        .apply_delta(&changes(&schema, max, &[], &additions, &records))
        .expect("records");
    let mut removals = Vec::new();
    var(&mut removals, &[1]);
    var(&mut removals, &[1024; PAGES - 1]);
    let mut none = vec![1; FIELDS];
    none.push(0);
    none.extend([0; FIELDS]);
    let mut bytes = changes(&schema, max, &removals, &[], &none);
    bytes[4..20].copy_from_slice(&[0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3]);
    let limit = 2 * base.memory_bytes() as u64 + 4 * bytes.len() as u64 + MIB;
    let next = decode("one of two records of a page removed", &bytes, limit, |bytes| {
        base.apply_delta(bytes)
    });
    assert_eq!(next.expect("records").object("a").map(|ty| ty.len()), Some(PAGES));
}

/// A record of very many elements is printed element by element, not made a tree of first.
#[test]
fn records_of_many_elements_are_printed_as_they_come() {
    let state = ReadState::from_snapshot(&snapshot_of(&[one_list("a List<b>;", 1 << 20)])).expect("a list");
    let mut printed = Ok(());
    let memory = measure(|| printed = write_json(&state, &mut std::io::sink()));
    printed.expect("a sink takes all");
    assert!(memory.bytes_max < MIB / 8, "{} bytes held", memory.bytes_max);
}
