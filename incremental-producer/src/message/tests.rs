use super::*;
use hollow::schema::Schema;
use proptest::prelude::*;

const SCHEMA: &str = "
    Asset @PrimaryKey(id, language) { long id; Language language; int runs; boolean dubbed; float score; double weight;
        string note; bytes hash; Countries territory; Languages tracks; Names names; Asset parent; }
    Language { string tag; }
    Languages List<Language>;
    Country { string code; }
    Countries Set<Country> @HashKey(code);
    Names Map<Language, Country>;";

fn codec() -> Codec {
    Codec::new(Dataset::parse(SCHEMA).expect("the schema of this test"), "Asset").expect("it has a key")
}

fn bare(text: &str) -> Value {
    Value::Object(vec![Value::String(text.to_owned())])
}

fn asset(id: i64, parent: Value) -> Value {
    Value::Object(vec![
        Value::Long(id),
        bare("de"),
        Value::Int(-7),
        Value::Boolean(true),
        Value::Float(0.1),
        Value::Double(f64::INFINITY),
        Value::String("Größe".into()),
        Value::Bytes(vec![0, 255]),
        Value::Set(vec![bare("DE"), bare("FR")]),
        Value::List(vec![]),
        Value::Map(vec![(bare("de"), bare("DE"))]),
        parent,
    ])
}

const KEY: &[u8] = br#"[7,"de"]"#;

#[test]
fn a_message_is_an_upsert_in_either_form_or_a_delete() {
    let codec = codec();
    let record = asset(7, asset(8, Value::Null));
    let key = vec![KeyValue::Long(7), KeyValue::Text("de".into())];
    assert_eq!(codec.encode_key(&key), KEY);
    let upsert = Message {
        key: key.clone(),
        change: Change::Upsert(record.clone()),
    };
    let json = codec.encode_json(&record);
    assert_eq!(json.first(), Some(&b'{'));
    assert_eq!(codec.decode(Some(KEY), Some(&json)), Ok(upsert.clone()));
    let compact = codec.encode_rkyv(&record).expect("it fits");
    assert_eq!(&compact[..4], b"HRK1");
    assert_eq!(codec.decode(Some(KEY), Some(&compact)), Ok(upsert));
    let delete = Message {
        key,
        change: Change::Delete,
    };
    assert_eq!(codec.decode(Some(KEY), None), Ok(delete));
}

#[test]
fn what_means_nothing_says_why() {
    let codec = codec();
    let refused =
        |key: Option<&[u8]>, payload: Option<&[u8]>| codec.decode(key, payload).expect_err("refused").to_string();
    assert_eq!(refused(None, None), "the message has no key");
    assert_eq!(
        refused(Some(b"[7]"), None),
        "message key: the key has another number of parts, expected=2 found=1"
    );
    assert_eq!(
        refused(Some(KEY), Some(b"")),
        "the payload begins neither with { nor with HRK1, length=0 begins="
    );
    assert!(refused(Some(KEY), Some(b"HRK2abc")).contains("length=7 begins=HRK2abc"));
    assert!(refused(Some(KEY), Some(b"{\"id\":true}")).starts_with("Asset.id: expected an integer, found true"));
    assert_eq!(
        refused(Some(KEY), Some(b"{\"id\":7}")),
        "record: a part of the primary key is null, field=language.tag"
    );
    assert_eq!(
        refused(Some(KEY), Some(br#"{"id":8,"language":"de"}"#)),
        r#"the key of the message is not the key of the record, message=[7,"de"] record=[8,"de"]"#
    );
    assert!(refused(Some(KEY), Some(b"HRK1")).starts_with("compact form: not a valid archive"));
}

#[test]
fn an_element_without_its_hash_key_is_refused() {
    let codec = codec();
    let refused = |json: &str| {
        codec
            .decode(Some(KEY), Some(json.as_bytes()))
            .expect_err(json)
            .to_string()
    };
    assert_eq!(
        refused(r#"{"id":7,"language":"de","territory":["DE",{}]}"#),
        "Asset.territory[1]: the element has no value for the hash key, field=code"
    );
    assert_eq!(
        refused(r#"{"id":7,"language":"de","parent":{"territory":[{"code":null}]}}"#),
        "Asset.parent.territory[0]: the element has no value for the hash key, field=code"
    );
    // Names has no hash key, so its keys need no value.
    assert!(
        codec
            .decode(Some(KEY), Some(br#"{"id":7,"language":"de","names":[[{},"DE"]]}"#))
            .is_ok()
    );
}

#[test]
fn a_writer_with_other_schemas_is_refused() {
    let other = Dataset::parse(&SCHEMA.replace("int runs", "int plays")).expect("a schema");
    let payload = Codec::new(other, "Asset")
        .expect("it has a key")
        .encode_rkyv(&asset(7, Value::Null))
        .expect("it fits");
    assert!(matches!(
        codec().decode(Some(KEY), Some(&payload)),
        Err(DecodeFailure::Compact(CompactError::Schema { .. }))
    ));
}

#[test]
fn a_record_that_does_not_fit_is_not_written() {
    let codec = codec();
    let mut wrong = asset(7, Value::Null);
    if let Value::Object(fields) = &mut wrong {
        fields[2] = Value::Long(1);
    }
    assert!(matches!(
        codec.encode_rkyv(&wrong),
        Err(CompactError::WrongShape { .. })
    ));
    let deep = (0..60).fold(Value::Null, |parent, id| asset(id, parent));
    assert_eq!(
        codec.encode_rkyv(&deep),
        Err(CompactError::Limit {
            what: "deep",
            limit: 48
        })
    );
}

#[test]
fn long_texts_and_collections_read_back() {
    let codec = codec();
    for length in [127, 128, 16_383, 16_384, 70_000] {
        let mut record = asset(7, Value::Null);
        if let Value::Object(fields) = &mut record {
            fields[6] = Value::String("é".repeat(length));
            fields[9] = Value::List(vec![bare("de"); length]);
        }
        let payload = codec.encode_rkyv(&record).expect("it fits");
        let message = codec.decode(Some(KEY), Some(&payload)).expect("a message");
        assert_eq!(message.change, Change::Upsert(record));
    }
}

#[test]
fn a_payload_reads_at_any_address() {
    let codec = codec();
    let payload = codec.encode_rkyv(&asset(7, Value::Null)).expect("it fits");
    for shift in 0..16 {
        let mut shifted = vec![0; shift];
        shifted.extend_from_slice(&payload);
        assert!(codec.decode(Some(KEY), Some(&shifted[shift..])).is_ok());
    }
}

#[test]
fn every_truncation_and_every_flipped_bit_is_survived() {
    let codec = codec();
    let payload = codec.encode_rkyv(&asset(7, asset(8, Value::Null))).expect("it fits");
    for length in 0..payload.len() {
        assert!(
            codec.decode(Some(KEY), Some(&payload[..length])).is_err(),
            "{length} bytes"
        );
    }
    let mut damaged = payload.clone();
    let mut refused = 0;
    for at in 0..payload.len() {
        for bit in 0..8 {
            damaged[at] ^= 1 << bit;
            let outcome = codec.decode(Some(KEY), Some(&damaged));
            refused += usize::from(outcome.is_err());
            // The reason is one and the same wherever the bytes lie.
            let moved = [vec![0; 4096], damaged.clone()].concat();
            let again = codec.decode(Some(KEY), Some(&moved[4096..]));
            let reason = |failure: DecodeFailure| failure.to_string();
            assert_eq!(outcome.err().map(reason), again.err().map(reason));
            damaged[at] ^= 1 << bit;
        }
    }
    // The bits of the numbers and of ASCII text leave a valid record; those of the structure do not.
    assert!(refused > payload.len() * 3, "{refused} of {}", payload.len() * 8);
}

#[test]
fn a_hostile_archive_of_deep_records_is_refused() {
    // Tags of a chain of parents: each record, eleven null fields, then the parent.
    let codec = codec();
    let limits = Limits {
        depth: 100_000,
        ..Limits::DEFAULT
    };
    let dataset = codec.dataset().clone();
    let deep = (0..200).fold(Value::Null, |parent, id| asset(id, parent));
    let payload =
        compact::encode(&dataset, "Asset", dataset.schema_hash(), &deep, &limits).expect("without our limits");
    assert!(matches!(
        codec.decode(Some(br#"[199,"de"]"#), Some(&payload)),
        Err(DecodeFailure::Compact(CompactError::Limit { what: "deep", .. }))
    ));
}

fn any_record(dataset: &Dataset, name: &str, depth: usize) -> BoxedStrategy<Value> {
    use hollow::schema::FieldType as T;
    let many = |ty: &str| proptest::collection::vec(any_record(dataset, ty, depth.saturating_sub(1)), 0..4);
    match dataset.get(name).expect("a type of the schema") {
        Schema::Object(object) => object
            .fields
            .iter()
            .map(|field| {
                let value = match &field.ty {
                    T::Int => any::<i32>().prop_map(|n| Value::Int(n.max(1 - i32::MAX))).boxed(),
                    T::Long => any::<i64>().prop_map(|n| Value::Long(n.max(1 - i64::MAX))).boxed(),
                    T::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
                    T::Float => any::<f32>().prop_map(Value::Float).boxed(),
                    T::Double => any::<f64>().prop_map(Value::Double).boxed(),
                    T::String => any::<String>().prop_map(Value::String).boxed(),
                    T::Bytes => any::<Vec<u8>>().prop_map(Value::Bytes).boxed(),
                    T::Reference(name) if depth > 0 => any_record(dataset, name, depth - 1),
                    T::Reference(_) => Just(Value::Null).boxed(),
                };
                prop_oneof![1 => Just(Value::Null), 3 => value].boxed()
            })
            .collect::<Vec<_>>()
            .prop_map(Value::Object)
            .boxed(),
        Schema::List(list) => many(&list.element).prop_map(Value::List).boxed(),
        Schema::Set(set) => many(&set.element).prop_map(Value::Set).boxed(),
        Schema::Map(map) => (many(&map.key), many(&map.value))
            .prop_map(|(keys, values)| Value::Map(keys.into_iter().zip(values).collect()))
            .boxed(),
    }
}

proptest! {
    #[test]
    fn the_compact_form_reads_back(record in any_record(codec().dataset(), "Asset", 3)) {
        let codec = codec();
        let dataset = codec.dataset();
        let hash = dataset.schema_hash();
        let payload = codec.encode_rkyv(&record).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let back = compact::decode(dataset, "Asset", hash, &payload[4..], &Limits::DEFAULT)
            .map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(format!("{back:?}"), format!("{record:?}"));
    }

    #[test]
    fn no_payload_breaks_the_decoder(key in any::<Vec<u8>>(), mut payload in any::<Vec<u8>>(), form in 0..3usize) {
        let begin: &[u8] = [MAGIC.as_slice(), b"{ ", b""][form];
        payload.splice(0..0, begin.iter().copied());
        let _ = codec().decode(Some(&key), Some(&payload));
        let _ = codec().decode(Some(KEY), Some(&payload));
    }
}
