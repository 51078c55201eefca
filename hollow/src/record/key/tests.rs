use super::*;

const SCHEMA: &str = "
    Rating @PrimaryKey(video_id, country, system.id) { long video_id; Country country; System system; int value; }
    Country { string code; }
    System { string id; string name; }
    Blob @PrimaryKey(hash, score) { bytes hash; double score; }
    Loose { long id; }";

fn dataset() -> Dataset {
    Dataset::parse(SCHEMA).expect("the schema of this test")
}

fn rating(code: Value, system: Value) -> Value {
    Value::Object(vec![
        Value::Long(7),
        Value::Object(vec![code]),
        Value::Object(vec![system, Value::Null]),
        Value::Int(3),
    ])
}

#[test]
fn a_key_follows_references_to_single_values() {
    let record = rating(Value::String("DE".into()), Value::String("DE/FSK".into()));
    let key = vec![
        KeyValue::Long(7),
        KeyValue::Text("DE".into()),
        KeyValue::Text("DE/FSK".into()),
    ];
    assert_eq!(key_of(&dataset(), "Rating", &record), Ok(key.clone()));
    assert_eq!(key_json(&key), r#"[7,"DE","DE/FSK"]"#);
    assert_eq!(parse_key(&dataset(), "Rating", br#" [7, "D\u0045","DE/FSK"]"#), Ok(key));
}

#[test]
fn bytes_and_floats_can_be_parts() {
    let key = vec![KeyValue::Bytes(vec![0xab, 1]), KeyValue::Double(0.5)];
    assert_eq!(key_json(&key), r#"["ab01",0.5]"#);
    assert_eq!(parse_key(&dataset(), "Blob", br#"["ab01",0.5]"#), Ok(key));
}

#[test]
fn no_part_may_be_null_or_of_another_type() {
    let null = |path: &str| Err(KeyError::Null { path: path.to_owned() });
    let text = || Value::String("x".into());
    assert_eq!(
        key_of(&dataset(), "Rating", &rating(Value::Null, text())),
        null("country.code")
    );
    assert_eq!(
        key_of(&dataset(), "Rating", &rating(text(), Value::Null)),
        null("system.id")
    );
    let no_country = Value::Object(vec![Value::Long(7), Value::Null, Value::Null, Value::Null]);
    assert_eq!(key_of(&dataset(), "Rating", &no_country), null("country.code"));
    assert_eq!(
        key_of(&dataset(), "Rating", &rating(Value::Int(1), text())),
        Err(KeyError::WrongShape {
            path: "country.code".into(),
            expected: FieldType::String
        })
    );
    assert!(matches!(
        key_of(&dataset(), "Rating", &Value::Object(vec![])),
        Err(KeyError::WrongShape { .. })
    ));
}

#[test]
fn key_text_is_read_strictly() {
    let refused = |json: &str| {
        parse_key(&dataset(), "Rating", json.as_bytes())
            .expect_err(json)
            .to_string()
    };
    for (json, expected) in [
        (
            "",
            "expected the key as a JSON array such as [video_id,country.code,system.id]",
        ),
        ("7", "expected the key as a JSON array"),
        (r#"[7,"DE",["x"]]"#, "expected the key as a JSON array"),
        (r#"[7,"DE","x"] 1"#, "expected the key as a JSON array"),
        (r#"[7,"DE"]"#, "the key has another number of parts, expected=3 found=2"),
        (
            r#"[7,"DE","x",1]"#,
            "the key has another number of parts, expected=3 found=4",
        ),
        (
            r#"["7","DE","x"]"#,
            "key field=video_id: expected an integer, found text \"7\"",
        ),
        (
            r#"[7,null,"x"]"#,
            "a part of the primary key is null, field=country.code",
        ),
        (r#"[99999999999999999999,"DE","x"]"#, "key field=video_id: out of range"),
    ] {
        let found = refused(json);
        assert!(
            found.starts_with(expected),
            "{json}\n expected {expected}\n found    {found}"
        );
    }
    assert!(refused(&format!("[{}]", "1,".repeat(100_000))).contains("longer than 65536 bytes"));
    refused(&"[".repeat(60_000));
}

#[test]
fn a_type_without_a_key_says_so() {
    assert_eq!(
        key_of(&dataset(), "Loose", &Value::Null),
        Err(KeyError::NoPrimaryKey("Loose".into()))
    );
    assert!(matches!(
        key_of(&dataset(), "Nothing", &Value::Null),
        Err(KeyError::Schema(SchemaError::UnknownType(_)))
    ));
}
