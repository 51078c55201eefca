//! States as text and back.

use crate::support::{dataset, parts, recorded_state, records as records_of, roots, state_of};
use fixtures::vectors::cases;
use hollow::read::ReadState;
use hollow::tools::checksum::Checksums;
use hollow::tools::dump::write_json;
use hollow::tools::text::{ImportReason, lossless, records};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

fn lossless_text(state: &ReadState) -> String {
    let mut out = Vec::new();
    lossless::write(state, &mut out).expect("written");
    String::from_utf8(out).expect("text")
}

fn dump(state: &ReadState) -> String {
    let mut out = Vec::new();
    write_json(state, &mut out).expect("written");
    String::from_utf8(out).expect("text")
}

#[test]
fn every_recorded_state_comes_back_as_it_was() {
    let mut compared = 0;
    for case in cases() {
        for version in case.versions() {
            let Some(state) = recorded_state(case, version) else {
                continue;
            };
            let place = format!("case={} version={version}", case.name);
            let text = lossless_text(&state);
            let back = lossless::read(text.as_bytes()).unwrap_or_else(|error| panic!("{place}: {error}"));
            // The recorded checksum is Java's, over ordinals, shards, buckets and bits.
            let recorded = case.text(&format!("checksum-{version}.txt")).expect("recorded");
            assert_eq!(
                Checksums::of(&back).to_string().trim_end(),
                recorded.trim_end(),
                "{place}"
            );
            assert_eq!(dump(&back), dump(&state), "{place}");
            assert_eq!(back.header_tags(), state.header_tags(), "{place}");
            assert_eq!(
                (back.tag(), back.origin_tag(), back.version()),
                (state.tag(), state.origin_tag(), state.version())
            );
            assert_eq!(back.dataset(), state.dataset(), "{place}");
            assert_eq!(lossless_text(&back), text, "{place}");
            compared += 1;
        }
    }
    assert!(compared > 150, "{compared}");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Text as one of the three forms in which it is written; each is the only one for its bytes.
fn any_text() -> impl Strategy<Value = Json> {
    let unpaired = (
        prop::collection::vec(any::<u16>(), 0..3),
        0xD800u16..0xDC00,
        prop::collection::vec(0u16..0xD800, 0..3),
    );
    prop_oneof![
        3 => any::<String>().prop_map(Json::from),
        // A leading surrogate without a trailing one behind it.
        1 => unpaired.prop_map(|(before, alone, after)| {
            let units = [before, vec![alone], after].concat();
            json!({"utf16": units})
        }),
        // Bytes whose last group does not end; or that begin with one that is empty.
        1 => prop::collection::vec(0x80u8..=0xff, 1..4).prop_map(|bytes| json!({"stored": hex(&bytes)})),
        1 => (0u8..0x80).prop_map(|byte| json!({"stored": hex(&[0x80, byte])})),
    ]
}

fn or_null(strategy: impl Strategy<Value = Json> + 'static) -> BoxedStrategy<Json> {
    prop_oneof![1 => Just(Json::Null), 4 => strategy].boxed()
}

fn any_object() -> impl Strategy<Value = Json> {
    // The patterns that stand for null are written as null.
    let float = any::<u32>().prop_filter("null", |bits| *bits != 0x7FC0_0001);
    let nan = (0x7F80_0001u32..=0x7FFF_FFFF).prop_filter("null", |bits| *bits != 0x7FC0_0001);
    let double = any::<u64>().prop_filter("null", |bits| *bits != 0x7FF8_0000_0000_0001);
    (
        or_null(any::<i32>().prop_map(|n| json!(n.max(i32::MIN + 1)))),
        or_null(any::<i64>().prop_map(|n| json!(n.max(i64::MIN + 1)))),
        or_null(any::<bool>().prop_map(Json::from)),
        or_null(prop_oneof![float, nan].prop_map(|bits| json!(format!("{bits:08x}")))),
        or_null(double.prop_map(|bits| json!(format!("{bits:016x}")))),
        or_null(any_text()),
        or_null(prop::collection::vec(any::<u8>(), 0..5).prop_map(|bytes| json!(hex(&bytes)))),
        or_null((0u32..9).prop_map(Json::from)),
    )
        .prop_map(|(i, l, b, f, d, s, y, r)| json!([i, l, b, f, d, s, y, r]))
}

/// Distinct buckets of a table that is as large as the number of elements asks for: `docs/format.md`, section 2.
fn in_buckets(size: usize) -> impl Strategy<Value = Vec<u32>> {
    let buckets = match size {
        0 => 1,
        1 => 2,
        2 => 4,
        n => (n as u32 * 10 / 7).next_power_of_two(),
    };
    prop::sample::subsequence((0..buckets).collect::<Vec<u32>>(), size)
}

fn any_set() -> impl Strategy<Value = Json> {
    (0usize..5).prop_flat_map(|size| {
        (in_buckets(size), prop::collection::vec(0u32..9, size)).prop_map(|(buckets, elements)| {
            buckets
                .into_iter()
                .zip(elements)
                .map(|(bucket, element)| json!([bucket, element]))
                .collect()
        })
    })
}

fn any_map() -> impl Strategy<Value = Json> {
    (0usize..5).prop_flat_map(|size| {
        let entries = prop::collection::vec((0u32..9, 0u32..9), size);
        (in_buckets(size), entries).prop_map(|(buckets, entries)| {
            let entries = buckets.into_iter().zip(entries);
            entries
                .map(|(bucket, (key, value))| json!([bucket, key, value]))
                .collect()
        })
    })
}

fn any_records(of: impl Strategy<Value = Json>) -> impl Strategy<Value = Vec<(u32, Json)>> {
    prop::collection::btree_map(prop_oneof![5 => 0u32..30, 1 => 0u32..3000], of, 0..12)
        .prop_map(|records| records.into_iter().collect())
}

/// A whole state, written down by this test: references may lead anywhere, buckets be any, ordinals have gaps.
fn any_state() -> impl Strategy<Value = String> {
    let types = (
        any_records(any_object()),
        any_records(prop::collection::vec(0u32..9, 0..5).prop_map(Json::from)),
        any_records(any_set()),
        any_records(any_map()),
    );
    let shards = prop::collection::vec(0u32..4, 4);
    let tags = prop::collection::btree_map("\\PC{0,6}", any::<String>(), 0..3);
    (any::<(i64, i64)>(), tags, shards, types).prop_map(|((tag, origin), tags, shards, (a, b, c, d))| {
        let field = |name: &str, ty: &str| json!({"name": name, "type": ty});
        let schemas = [
            json!({"name": "A b", "kind": "OBJECT", "fields": [field("i", "INT"), field("l", "LONG"), field("b", "BOOLEAN"),
                field("f", "FLOAT"), field("d", "DOUBLE"), field("s", "STRING"), field("y", "BYTES"),
                {"name": "r", "type": "REFERENCE", "to": "A b"}], "primary_key": ["r!"]}),
            json!({"name": "L", "kind": "LIST", "element": "M"}),
            json!({"name": "S", "kind": "SET", "element": "A b", "hash_key": ["i", "s"]}),
            json!({"name": "M", "kind": "MAP", "key": "Missing", "value": "S"}),
        ];
        let records = [("A b", a), ("L", b), ("S", c), ("M", d)];
        let heads = schemas.iter().zip(&shards).zip(&records).map(|((schema, shards), (_, records))| {
            json!({"schema": schema, "num_shards": 1 << shards, "records": records.len()})
        });
        let head = json!({"hollow": "state", "form": 1, "tag": tag, "origin_tag": origin, "version": null, "header_tags": tags,
            "types": heads.collect::<Vec<_>>()});
        let lines = records.iter().flat_map(|(name, records)| {
            records.iter().map(move |(ordinal, record)| json!([name, ordinal, record]).to_string())
        });
        [vec![head.to_string()], lines.collect()].concat().join("\n")
    })
}

/// Lines as values: whether `{"a":1}` or `{ "a": 1 }` is written makes no difference.
fn parsed(text: &str) -> Vec<Json> {
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_state_written_by_hand_comes_back_line_by_line(text in any_state()) {
        let state = lossless::read(text.as_bytes()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(parsed(&lossless_text(&state)), parsed(&text));
    }

    #[test]
    fn no_damage_breaks_the_reader(text in any_state(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = text.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = lossless::read(bytes.as_slice());
        // Only a line break that ends nothing can be missing.
        let cut = lossless::read(&bytes[..at]);
        prop_assert!(cut.is_err(), "cut at {}", at);
    }

    #[test]
    fn readable_lines_give_the_same_records(roots in roots(15)) {
        let state = state_of(&roots);
        let mut text = Vec::new();
        records::write(&state, &records::roots(state.dataset()), &mut text).expect("written");
        prop_assert_eq!(text.iter().filter(|byte| **byte == b'\n').count(), 1 + roots.len());
        let back = records::read(text.as_slice(), &records::ReadOptions::default(), 5).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(records_of(&back), parts(&dataset(), &roots));
        prop_assert_eq!(back.tag(), 5);
    }
}

fn reason(text: &str) -> (u64, String) {
    let error = lossless::read(text.as_bytes()).expect_err(text);
    (error.line, error.reason.to_string())
}

#[test]
fn what_is_no_state_is_refused_with_its_line() {
    let head = |types: &str| {
        format!(
            "{{\"hollow\":\"state\",\"form\":1,\"tag\":1,\"origin_tag\":0,\"version\":null,\"header_tags\":{{}},\"types\":[{types}]}}"
        )
    };
    let a = r#"{"schema":{"name":"A","kind":"OBJECT","fields":[{"name":"i","type":"INT"},{"name":"f","type":"FLOAT"}]},"num_shards":1,"records":1}"#;
    let s = r#"{"schema":{"name":"S","kind":"SET","element":"A"},"num_shards":1,"records":1}"#;
    let with = |types: &str, line: &str| reason(&format!("{}\n\n{line}\n", head(types)));
    let expect = |(line, found): (u64, String), at: u64, part: &str| {
        assert!(line == at && found.contains(part), "line {line}: {found}");
    };
    expect(reason(""), 1, "the text is empty");
    expect(reason("{}"), 1, "missing field `hollow`");
    expect(
        reason(&head("").replace("\"form\":1", "\"form\":2")),
        1,
        "found state in form 2",
    );
    expect(reason(&head(&a.replace("INT", "REFERENCE"))), 1, "a type to lead to");
    expect(reason(&head(&a.replace("OBJECT", "LIST"))), 1, "an OBJECT with fields");
    expect(
        reason(&head(&a.replace("\"f\"", "\"i\""))),
        1,
        "fields of different names",
    );
    expect(reason(&head(&a.replace("shards\":1", "shards\":3"))), 1, "power of two");
    expect(
        reason(&head(&a.replace("shards\":1", "shards\":131072"))),
        1,
        "at most 65536 shards",
    );
    expect(reason(&head(&format!("{a},{a}"))), 1, "declared twice");
    expect(with(a, r#"["A",0,[1,null]"#), 3, "a record [type, ordinal, content]");
    expect(with(a, r#"["B",0,[1,null]]"#), 3, "no such type, type=B");
    expect(
        with(a, r#"["A",0,[1]]"#),
        3,
        "invalid length 1, expected an array of 2 fields",
    );
    expect(with(a, r#"["A",0,[1,null,1]]"#), 3, "invalid length 3");
    expect(with(a, r#"["A",0,[1.5,null]]"#), 3, "field 0, which is int");
    expect(with(a, r#"["A",0,[-2147483648,null]]"#), 3, "stands for null");
    expect(with(a, r#"["A",0,[1,"3fc000"]]"#), 3, "expected 8 hexadecimal digits");
    expect(with(a, r#"["A",0,[1,"3FC00000"]]"#), 3, "lower-case hexadecimal digits");
    expect(
        with(a, r#"["A",536870911,[1,null]]"#),
        3,
        "too far from those of the other records",
    );
    expect(
        with(a, "[\"A\",0,[1,null]]\n[\"A\",0,[1,null]]"),
        4,
        "ordinals must ascend",
    );
    expect(
        with(a, ""),
        4,
        "another number of records than announced, type=A expected=1 found=0",
    );
    expect(
        with(s, r#"["S",0,[[0,1],[0,2]]]"#),
        3,
        "expected buckets below 4, each once, found 0",
    );
    expect(
        with(s, r#"["S",0,[[2,1]]]"#),
        3,
        "expected buckets below 2, each once, found 2",
    );
    expect(with(s, r#"["S",0,[[1,536870912]]]"#), 3, "an ordinal above 2^29 - 1");
}

#[test]
fn readable_lines_without_a_beginning_of_their_own() {
    let read = |text: &str, options: &records::ReadOptions| records::read(text.as_bytes(), options, 1);
    let alone = records::ReadOptions {
        dataset: Some(dataset()),
        type_name: Some("Other".to_owned()),
    };
    let state = read("{\"word\":\"a\",\"leaf\":{\"a\":1}}\n{\"word\":\"b\"}", &alone).expect("records");
    let found: BTreeSet<String> = records_of(&state).remove("Other").expect("some");
    assert_eq!(found.len(), 2);
    let typed = records::ReadOptions {
        dataset: Some(dataset()),
        type_name: None,
    };
    let state = read("{\"type\":\"Word\",\"record\":{\"value\":\"x\"}}", &typed).expect("records");
    assert_eq!(state.ty("Word").map(|ty| ty.len()), Some(1));
    let none = records::ReadOptions::default();
    let refused = |text: &str, options: &records::ReadOptions| read(text, options).expect_err("refused");
    assert!(matches!(
        *refused("{\"type\":\"Word\",\"record\":{}}", &none).reason,
        ImportReason::Syntax { .. }
    ));
    assert_eq!(refused("{\"word\":\"a\"}\n{\"wort\":\"b\"}", &alone).line, 2);
    assert!(
        matches!(*refused("{\"type\":\"No\",\"record\":{}}", &typed).reason, ImportReason::UnknownType(name) if name == "No")
    );
    assert!(matches!(
        *refused("{\"word\":null}\n", &typed).reason,
        ImportReason::Syntax { .. }
    ));
}
