use super::*;
use proptest::prelude::*;
use serde_json::json;

const SCHEMA: &str = "
    Asset @PrimaryKey(id) { long id; int runs; boolean dubbed; float score; double weight; string note; bytes hash;
        Language language; Countries territory; Languages tracks; Names names; Scores scores; Asset parent; Part part; }
    Language { string tag; }
    Languages List<Language>;
    Country { string code; }
    Countries Set<Country> @HashKey(code);
    Number { int n; }
    Names Map<Language, Country>;
    Scores Map<Number, Number>;
    Part { string a; string b; }";

fn dataset() -> Dataset {
    Dataset::parse(SCHEMA).expect("the schema of this test")
}

fn refused(json: &str) -> String {
    parse(&dataset(), "Asset", json.as_bytes()).expect_err(json).to_string()
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn bare(text_: &str) -> Value {
    Value::Object(vec![text(text_)])
}

#[test]
fn every_kind_of_field_reads_by_its_schema() {
    let json = br#"{
        "territory": ["DE", {"code": "FR"}], "id": 81730412, "runs": -3, "dubbed": true, "score": 0.1, "weight": "-Infinity",
        "note": "\u00e9\ud83d\ude00", "hash": "00ff", "language": "de", "tracks": [], "names": {"de": "DE"},
        "scores": [[1, {"n": 2}]], "parent": null}"#;
    let expected = Value::Object(vec![
        Value::Long(81_730_412),
        Value::Int(-3),
        Value::Boolean(true),
        Value::Float(0.1),
        Value::Double(f64::NEG_INFINITY),
        text("é😀"),
        Value::Bytes(vec![0, 255]),
        bare("de"),
        Value::Set(vec![bare("DE"), bare("FR")]),
        Value::List(vec![]),
        Value::Map(vec![(bare("de"), bare("DE"))]),
        Value::Map(vec![(
            Value::Object(vec![Value::Int(1)]),
            Value::Object(vec![Value::Int(2)]),
        )]),
        Value::Null,
        Value::Null,
    ]);
    let dataset = dataset();
    let value = parse(&dataset, "Asset", json).expect("a record");
    assert_eq!(value, expected);
    assert_eq!(
        to_json(&dataset, "Asset", &value),
        json!({"id": 81_730_412, "runs": -3, "dubbed": true, "score": 0.1, "weight": "-Infinity", "note": "é😀",
            "hash": "00ff", "language": "de", "territory": ["DE", "FR"], "tracks": [], "names": {"de": "DE"},
            "scores": [[1, 2]]})
    );
    let line = String::from_utf8(to_vec(&dataset, "Asset", &value)).expect("text");
    assert!(
        line.starts_with(r#"{"id":81730412,"runs":-3,"#),
        "fields in the order of the schema: {line}"
    );
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (json, expected) in [
        (
            r#"{"id":1,"rnus":2}"#,
            "Asset: no such field, type=Asset field=\"rnus\", line=1 column=14",
        ),
        (
            r#"{"territory":["DE",null]}"#,
            "Asset.territory[1]: expected a record of type Country or its string, found null",
        ),
        (
            r#"{"territory":["DE","FR","IT",4]}"#,
            "Asset.territory[3]: expected text, found number 4",
        ),
        (
            r#"{"territory":[{"code":"DE","code":"FR"}]}"#,
            "Asset.territory[0]: stands twice, field=code",
        ),
        (
            r#"{"parent":{"parent":{"runs":2147483648}}}"#,
            "Asset.parent.parent.runs: out of range for an INT",
        ),
        (r#"{"runs":-2147483648}"#, "Asset.runs: out of range for an INT"),
        (r#"{"id":-9223372036854775808}"#, "Asset.id: out of range for a LONG"),
        (r#"{"id":9223372036854775808}"#, "Asset.id: out of range for a LONG"),
        (r#"{"id":1e30}"#, "Asset.id: out of range for a LONG"),
        (r#"{"id":1.0}"#, "Asset.id: expected an integer, found number 1"),
        (r#"{"id":"1"}"#, "Asset.id: expected an integer, found text \"1\""),
        (r#"{"score":1e39}"#, "Asset.score: out of range for a FLOAT"),
        (r#"{"score":1e-60}"#, "Asset.score: out of range for a FLOAT"),
        (
            r#"{"score":16777217}"#,
            "Asset.score: a FLOAT cannot hold this number exactly, found=16777217",
        ),
        (
            r#"{"weight":9007199254740993}"#,
            "Asset.weight: a DOUBLE cannot hold this number exactly",
        ),
        (
            r#"{"weight":"nan"}"#,
            "Asset.weight: expected a number, found text \"nan\"",
        ),
        (
            r#"{"hash":"0F"}"#,
            "Asset.hash: expected bytes as lower-case hexadecimal text, found=\"0F\"",
        ),
        (r#"{"hash":"0"}"#, "Asset.hash: expected bytes as lower-case"),
        (
            r#"{"dubbed":1}"#,
            "Asset.dubbed: expected true or false, found number 1",
        ),
        (
            r#"{"names":{"de":"DE","de":"AT"}}"#,
            "Asset.names: stands twice, field=\"de\"",
        ),
        (
            r#"{"names":{"de":5}}"#,
            "Asset.names[\"de\"]: expected text, found number 5",
        ),
        (
            r#"{"scores":{"1":2}}"#,
            "Asset.scores: expected a map of Number to Number (Scores), found an object",
        ),
        (r#"{"scores":[[1,2],[1,3]]}"#, "Asset.scores[1]: stands twice"),
        (
            r#"{"scores":[[1]]}"#,
            "Asset.scores[0]: expected a pair [key, value], found a shorter array",
        ),
        (
            r#"{"scores":[[1,2,3]]}"#,
            "Asset.scores[0]: expected a pair [key, value], found a longer array",
        ),
        (
            r#"{"scores":[[1,"x"]]}"#,
            "Asset.scores[0][1]: expected an integer, found text \"x\"",
        ),
        (
            r#"{"part":"a"}"#,
            "Asset.part: expected a record of type Part, found text \"a\"",
        ),
        (
            r#"{"language":["de"]}"#,
            "Asset.language: expected a record of type Language or its string, found an array",
        ),
        (r#"{"note":"\ud800"}"#, "Asset.note: not JSON"),
        (r#"{"id":1}{"#, "Asset: not JSON: trailing characters"),
        (r#"{"id":1"#, "Asset: not JSON: EOF"),
        ("", "Asset: not JSON: EOF"),
        ("null", "Asset: expected a record of type Asset, found null"),
        ("[]", "Asset: expected a record of type Asset, found an array"),
    ] {
        let found = refused(json);
        assert!(
            found.starts_with(expected),
            "{json}\n expected {expected}\n found    {found}"
        );
    }
}

#[test]
fn depth_bytes_and_values_are_bounded() {
    let deep = |n: usize| format!("{}{{}}{}", r#"{"parent":"#.repeat(n), "}".repeat(n));
    assert!(parse(&dataset(), "Asset", deep(47).as_bytes()).is_ok());
    assert!(refused(&deep(48)).contains("nested too deeply, limit=48"));
    refused(&deep(100_000));

    let tight = |json: &str, limits| parse_within(&dataset(), "Asset", json.as_bytes(), &limits).map_err(|e| e.reason);
    let limits = Limits {
        bytes: 40,
        depth: 2,
        values: 20,
    };
    assert_eq!(
        tight(&" ".repeat(41), limits),
        Err(JsonReason::TooLong { found: 41, limit: 40 })
    );
    assert!(tight(r#"{"territory":["DE"]}"#, Limits { depth: 3, ..limits }).is_ok());
    assert_eq!(tight(r#"{"territory":["DE"]}"#, limits), Err(JsonReason::TooDeep(2)));
    // 15 for the record and its 14 fields, then a list, then two for each wrapped text.
    assert!(tight(r#"{"tracks":["a","b"]}"#, Limits { depth: 3, ..limits }).is_ok());
    assert_eq!(
        tight(r#"{"tracks":["a","b","c"]}"#, Limits { depth: 3, ..limits }),
        Err(JsonReason::TooManyValues(20))
    );
}

#[test]
fn a_message_quotes_little_of_a_long_text() {
    let found = refused(&format!(r#"{{"id":"{}"}}"#, "ü".repeat(100_000)));
    assert!(found.len() < 300, "{found}");
}

#[test]
fn a_record_itself_is_always_an_object() {
    let dataset = dataset();
    assert_eq!(to_json(&dataset, "Language", &bare("de")), json!({"tag": "de"}));
    assert!(parse(&dataset, "Language", br#""de""#).is_err());
    assert_eq!(parse(&dataset, "Language", br#"{"tag":"de"}"#), Ok(bare("de")));
}

fn leaf(ty: &crate::schema::FieldType) -> BoxedStrategy<Value> {
    use crate::schema::FieldType as T;
    match ty {
        T::Int => prop_oneof![Just(i32::MAX), (i32::MIN + 1)..=i32::MAX]
            .prop_map(Value::Int)
            .boxed(),
        T::Long => prop_oneof![Just(i64::MIN + 1), (i64::MIN + 1)..=i64::MAX]
            .prop_map(Value::Long)
            .boxed(),
        T::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        T::Float => any::<f32>().prop_map(Value::Float).boxed(),
        T::Double => any::<f64>().prop_map(Value::Double).boxed(),
        T::String => prop_oneof!["[a-c]{0,2}".boxed(), any::<String>().boxed()]
            .prop_map(Value::String)
            .boxed(),
        T::Bytes => proptest::collection::vec(any::<u8>(), 0..5)
            .prop_map(Value::Bytes)
            .boxed(),
        T::Reference(_) => Just(Value::Null).boxed(),
    }
}

/// Any record of the type, references null below a depth.
pub(crate) fn any_record(dataset: &Dataset, name: &str, depth: usize) -> BoxedStrategy<Value> {
    let many = |ty: &str| proptest::collection::vec(any_record(dataset, ty, depth.saturating_sub(1)), 0..4);
    match dataset.get(name).expect("a type of the schema") {
        Schema::Object(object) => {
            let mut fields = Just(Vec::new()).boxed();
            for field in &object.fields {
                let value = match field.ty.reference() {
                    Some(name) if depth > 0 => any_record(dataset, name, depth - 1),
                    _ => leaf(&field.ty),
                };
                let value = prop_oneof![1 => Just(Value::Null), 3 => value];
                fields = (fields, value)
                    .prop_map(|(mut fields, value)| {
                        fields.push(value);
                        fields
                    })
                    .boxed();
            }
            fields.prop_map(Value::Object).boxed()
        }
        Schema::List(list) => many(&list.element).prop_map(Value::List).boxed(),
        Schema::Set(set) => many(&set.element).prop_map(Value::Set).boxed(),
        Schema::Map(map) => (many(&map.key), many(&map.value))
            .prop_map(|(mut keys, values)| {
                keys.sort_by_key(|key| format!("{key:?}"));
                keys.dedup_by_key(|key| format!("{key:?}"));
                Value::Map(keys.into_iter().zip(values).collect())
            })
            .boxed(),
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(value in any_record(&dataset(), "Asset", 3)) {
        let dataset = dataset();
        let text = to_vec(&dataset, "Asset", &value);
        let back = parse(&dataset, "Asset", &text).map_err(|e| TestCaseError::fail(e.to_string()))?;
        // By text, since NaN equals nothing; Debug tells -0.0 from 0.0.
        prop_assert_eq!(format!("{back:?}"), format!("{value:?}"));
        let tree = to_json(&dataset, "Asset", &value);
        let back = parse(&dataset, "Asset", tree.to_string().as_bytes()).map_err(|e| TestCaseError::fail(e.to_string()))?;
        // A tree sorts the names of its objects, so the entries of maps may come back in another order.
        prop_assert_eq!(format!("{back:?}").len(), format!("{value:?}").len());
    }

    #[test]
    fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&dataset(), "Asset", &bytes);
    }

    #[test]
    fn no_damage_to_a_text_breaks_the_reader(value in any_record(&dataset(), "Asset", 2), at in any::<prop::sample::Index>(),
            byte in any::<u8>()) {
        let dataset = dataset();
        let mut text = to_vec(&dataset, "Asset", &value);
        let at = at.index(text.len());
        text[at] = byte;
        let _ = parse(&dataset, "Asset", &text);
        prop_assert!(parse(&dataset, "Asset", &text[..at]).is_err());
    }
}
