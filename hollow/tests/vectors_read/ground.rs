//! What stands below states: hashes, variable-length integers, checksums, schemas.

use fixtures::vectors;
use hollow::blob::{Cursor, read_schema, write_schema};
use hollow::memory::{hash, text, var_int, zigzag};
use hollow::schema::{Dataset, Schema, parse};
use hollow::tools::checksum::Checksum;
use serde_json::Value;

fn json(name: &str) -> Value {
    serde_json::from_slice(vectors::standalone(name).expect("a vector file")).expect("JSON")
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    let list = value[key].as_array().unwrap_or_else(|| panic!("no list {key}"));
    assert!(!list.is_empty(), "{key}");
    list
}

fn int(value: &Value) -> i32 {
    i32::try_from(value.as_i64().expect("an integer")).expect("32 bits")
}

fn long(value: &Value) -> i64 {
    value.as_i64().expect("an integer")
}

fn unhex(text: &Value) -> Vec<u8> {
    let text = text.as_str().expect("hexadecimal digits");
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("a byte"))
        .collect()
}

#[test]
fn hashes() {
    let vectors = json("hash-vectors.json");
    for pair in list(&vectors, "hashInt") {
        assert_eq!(hash::hash_int(int(&pair[0])), int(&pair[1]), "{pair}");
    }
    for pair in list(&vectors, "hashLong") {
        assert_eq!(hash::hash_long(long(&pair[0])), int(&pair[1]), "{pair}");
    }
    for pair in list(&vectors, "murmurBytes") {
        assert_eq!(hash::murmur(&unhex(&pair[0])), int(&pair[1]), "{pair}");
    }
    for entry in list(&vectors, "strings") {
        let Some(text) = entry["s"].as_str() else {
            let units = entry["s"]["utf16"].as_array().expect("UTF-16 units");
            let units: Vec<u16> = units.iter().map(|unit| long(unit) as u16).collect();
            let mut stored = Vec::new();
            units
                .iter()
                .for_each(|&unit| var_int::write_u32(&mut stored, unit.into()));
            assert_eq!(hash::murmur(&stored), int(&entry["murmurOfVarIntChars"]), "{entry}");
            let stored = text::StoredText::new(&stored);
            assert_eq!(stored.java_hash(), int(&entry["java"]), "{entry}");
            assert_eq!(stored.units().collect::<Vec<_>>(), units, "{entry}");
            assert_eq!(stored.to_well_formed(), None, "{entry}");
            continue;
        };
        assert_eq!(hash::murmur_str(text), int(&entry["murmurOfVarIntChars"]), "{entry}");
        assert_eq!(
            hash::java_string_hash(text.encode_utf16()),
            int(&entry["java"]),
            "{entry}"
        );
        let stored = text::encode(text);
        let stored = text::StoredText::new(&stored);
        assert_eq!(stored.java_hash(), int(&entry["java"]), "{entry}");
        assert!(stored.is(text) && stored.to_str() == text, "{entry}");
    }
    for pair in list(&vectors, "hashTableSize") {
        let size = u32::try_from(long(&pair[0])).expect("a size");
        assert_eq!(hash::table_size(size).map(i64::from), pair[1].as_i64(), "{pair}");
    }
    assert_eq!(hash::table_size(hash::MAX_COLLECTION_SIZE + 1), None);
}

#[test]
fn variable_length_integers() {
    let vectors = json("varint-vectors.json");
    for entry in list(&vectors, "writeVInt") {
        let (value, bytes) = (int(&entry[0]), unhex(&entry[1]));
        let mut written = Vec::new();
        var_int::write_i32(&mut written, value);
        assert_eq!(written, bytes, "{entry}");
        assert_eq!(
            Some(var_int::size_of_u32(value.cast_unsigned()) as i64),
            entry[2].as_i64(),
            "{entry}"
        );
        let expected = var_int::Decoded::Value(value.cast_unsigned().into(), bytes.len());
        assert_eq!(var_int::read_u32(&bytes), expected, "{entry}");
    }
    for entry in list(&vectors, "writeVLong") {
        let (value, bytes) = (long(&entry[0]), unhex(&entry[1]));
        let mut written = Vec::new();
        var_int::write_u64(&mut written, value.cast_unsigned());
        assert_eq!(written, bytes, "{entry}");
        assert_eq!(
            Some(var_int::size_of_u64(value.cast_unsigned()) as i64),
            entry[2].as_i64(),
            "{entry}"
        );
        let expected = var_int::Decoded::Value(value.cast_unsigned(), bytes.len());
        assert_eq!(var_int::read_u64(&bytes), expected, "{entry}");
    }
    for pair in list(&vectors, "zigzagInt") {
        let (value, encoded) = (int(&pair[0]), int(&pair[1]).cast_unsigned());
        assert_eq!(
            (zigzag::encode32(value), zigzag::decode32(encoded)),
            (encoded, value),
            "{pair}"
        );
    }
    for pair in list(&vectors, "zigzagLong") {
        let (value, encoded) = (long(&pair[0]), long(&pair[1]).cast_unsigned());
        assert_eq!(
            (zigzag::encode64(value), zigzag::decode64(encoded)),
            (encoded, value),
            "{pair}"
        );
    }
}

/// Where the original reader drops bits that do not fit, this one refuses; all else is read alike.
#[test]
fn unusual_variable_length_integers_are_read_strictly() {
    for entry in list(&json("varint-vectors.json"), "javaReaderOnUnusualBytes") {
        let bytes = unhex(&entry["hex"]);
        let check = |decoded, limit: usize, expected: &Value| match decoded {
            var_int::Decoded::Value(value, _) => {
                let value = if limit == 5 {
                    i64::from((value as u32).cast_signed())
                } else {
                    value.cast_signed()
                };
                assert_eq!(Some(value), expected.as_i64(), "{entry}");
            }
            var_int::Decoded::Null => assert_eq!(expected, "null-error", "{entry}"),
            // Refused: too many bytes, or a value that does not fit.
            var_int::Decoded::TooLong => assert!(bytes.len() >= limit, "{entry}"),
            var_int::Decoded::Truncated => panic!("{entry}"),
        };
        check(var_int::read_u32(&bytes), 5, &entry["asInt"]);
        check(var_int::read_u64(&bytes), 10, &entry["asLong"]);
    }
}

#[test]
fn running_checksums() {
    for sequence in list(&json("checksum-vectors.json"), "sequences") {
        let mut sum = Checksum::default();
        for step in sequence.as_array().expect("steps") {
            match step[0].as_str() {
                Some("int") => sum.apply_int(int(&step[1])),
                Some("long") => sum.apply_long(long(&step[1])),
                _ => panic!("{step}"),
            }
            assert_eq!(sum.value(), int(&step[2]), "{step} in {sequence}");
        }
    }
}

#[test]
fn schemas_in_both_forms() {
    let vectors = json("schema-vectors.json");
    for entry in list(&vectors, "parse") {
        let parsed = parse(entry["text"].as_str().expect("a text"));
        if entry["error"].is_string() {
            assert!(parsed.is_err(), "{entry}");
            continue;
        }
        let parsed = parsed.unwrap_or_else(|error| panic!("{entry}: {error}"));
        let expected = list(entry, "schemas");
        assert_eq!(parsed.len(), expected.len(), "{entry}");
        for (schema, expected) in parsed.iter().zip(expected) {
            assert_eq!(Some(schema.name()), expected["name"].as_str(), "{entry}");
            assert_eq!(
                Some(schema.kind().to_string().as_str()),
                expected["kind"].as_str(),
                "{entry}"
            );
            assert_eq!(
                Some(schema.to_string().as_str()),
                expected["toString"].as_str(),
                "{entry}"
            );
            assert_eq!(
                parse(&schema.to_string()).as_deref(),
                Ok(std::slice::from_ref(schema)),
                "{entry}"
            );
            let bytes = unhex(&expected["serialized"]);
            let mut written = Vec::new();
            write_schema(&mut written, schema).expect("short names");
            assert_eq!(written, bytes, "{entry}");
            let mut cursor = Cursor::new(&bytes);
            assert_eq!(read_schema(&mut cursor).as_ref(), Ok(schema), "{entry}");
            assert_eq!(cursor.finish(), Ok(()), "{entry}");
        }
    }
    for entry in list(&vectors, "malformedOrOdd") {
        let parsed = parse(entry["text"].as_str().expect("a text"));
        let odd = entry["accepted"]
            .as_array()
            .is_some_and(|accepted| !accepted.is_empty());
        if odd || entry["error"].is_string() {
            assert!(parsed.is_err(), "{entry}"); // what Java accepts with a strange meaning is refused
        } else {
            assert_eq!(parsed, Ok(Vec::new()), "{entry}");
        }
    }
}

#[test]
fn orders_hashes_and_paths_of_schemas() {
    let vectors = json("schema-vectors.json");
    for entry in list(&vectors, "ordering") {
        let schemas = parse(entry["text"].as_str().expect("a text")).expect("schemas");
        let dataset = Dataset::new(schemas.clone()).expect("a data set");
        let order: Value = dataset.dependency_order().into();
        assert_eq!(order, entry["dependencyOrder"], "{entry}");
        assert_eq!(
            Some(dataset.schema_hash().to_string().as_str()),
            entry["schemaHash"].as_str(),
            "{entry}"
        );
        let reversed: Vec<Schema> = schemas.into_iter().rev().collect();
        assert_eq!(
            Dataset::new(reversed).map(|d| d.schema_hash()),
            Ok(dataset.schema_hash()),
            "{entry}"
        );
    }
    let text = vectors["pathSchemas"].as_str().expect("schemas");
    let dataset = Dataset::parse(text).expect("schemas");
    for entry in list(&vectors, "fieldPaths") {
        let (root, path) = (
            entry["type"].as_str().expect("a type"),
            entry["path"].as_str().expect("a path"),
        );
        let resolved = dataset.resolve(root, path);
        if entry["error"] == true {
            assert!(resolved.is_err(), "{entry}");
            continue;
        }
        let resolved = resolved.unwrap_or_else(|error| panic!("{entry}: {error}"));
        let positions: Vec<usize> = resolved.steps.iter().map(|step| step.field).collect();
        assert_eq!(Value::from(positions), entry["fieldPositions"], "{entry}");
        let expected = entry["fieldType"].as_str().expect("a type of field").to_lowercase();
        match resolved.ty.reference() {
            Some(_) => assert_eq!(expected, "reference", "{entry}"),
            None => assert_eq!(expected, resolved.ty.to_string(), "{entry}"),
        }
    }
}
