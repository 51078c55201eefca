//! A query finds what a plain walk over trees finds.

use crate::support::{canonical, fields, roots, state_of, top};
use hollow::record::Value;
use hollow::tools::query::Query;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// What a path from `Top` reaches, told in the words of this test: positions of fields, then what to do with
/// collections. Written down beside the paths, so that names are not resolved twice by the same idea.
#[derive(Clone, Copy, Debug)]
enum Way {
    Field(usize),
    Elements,
    Keys,
    Values,
}

use Way::{Elements, Field, Keys, Values};

const PATHS: &[(&str, &[Way])] = &[
    ("id", &[Field(0)]),
    ("f", &[Field(1)]),
    ("d", &[Field(2)]),
    ("b", &[Field(3)]),
    ("y", &[Field(4)]),
    ("t", &[Field(5)]),
    ("word", &[Field(6), Field(0)]),
    ("word.value", &[Field(6), Field(0)]),
    ("leaf", &[Field(7), Field(0)]),
    ("leaf.s", &[Field(7), Field(1)]),
    ("list", &[Field(8), Elements, Field(0)]),
    ("list.s", &[Field(8), Elements, Field(1)]),
    ("set.element.a", &[Field(9), Elements, Field(0)]),
    ("set.element", &[Field(9), Elements, Field(0)]),
    ("map.key", &[Field(10), Keys, Field(0)]),
    ("map.value.s", &[Field(10), Values, Field(1)]),
    ("`plain`", &[Field(11), Elements, Field(0)]),
];

fn reached<'v>(value: &'v Value, way: &[Way], found: &mut Vec<&'v Value>) {
    let Some((first, rest)) = way.split_first() else {
        if *value != Value::Null {
            found.push(value);
        }
        return;
    };
    match (first, value) {
        (_, Value::Null) => {}
        (Field(at), Value::Object(fields)) => reached(&fields[*at], rest, found),
        (Elements, Value::List(values) | Value::Set(values)) => {
            values.iter().for_each(|value| reached(value, rest, found));
        }
        (Keys, Value::Map(entries)) => entries.iter().for_each(|(key, _)| reached(key, rest, found)),
        (Values, Value::Map(entries)) => entries.iter().for_each(|(_, value)| reached(value, rest, found)),
        _ => panic!("{first:?} does not lead on from {value:?}"),
    }
}

#[derive(Clone, Debug)]
enum Asked {
    Test(usize, &'static str, Value),
    In(usize, bool, Vec<Value>),
    Null(usize, bool),
    Not(Box<Asked>),
    And(Vec<Asked>),
    Or(Vec<Asked>),
}

/// A value for the field at the end of a path.
fn value_for(path: usize) -> BoxedStrategy<Value> {
    let end = PATHS[path].0;
    let text = prop_oneof!["[ab]{0,2}", "[aß日𝄞]", Just("\\'\" ".to_owned())].prop_map(Value::String);
    match end {
        "id" => prop_oneof![0i64..6, any::<i64>()]
            .prop_map(|n| Value::Long(n.max(i64::MIN + 1)))
            .boxed(),
        "f" => prop_oneof![Just(0.0), Just(1.5), Just(-2.25), Just(0.1)]
            .prop_map(Value::Float)
            .boxed(),
        "d" => prop_oneof![Just(0.0), Just(1.5), Just(1e300), Just(0.1)]
            .prop_map(Value::Double)
            .boxed(),
        "b" => any::<bool>().prop_map(Value::Boolean).boxed(),
        "y" => prop::collection::vec(any::<u8>(), 0..3).prop_map(Value::Bytes).boxed(),
        "leaf" | "list" | "set.element.a" | "set.element" => (-4i32..5).prop_map(Value::Int).boxed(),
        _ => text.boxed(),
    }
}

fn operators(path: usize) -> &'static [&'static str] {
    match PATHS[path].0 {
        "b" | "y" => &["=", "!="],
        "id" | "f" | "d" | "leaf" | "list" | "set.element.a" | "set.element" => &["=", "!=", "<", "<=", ">", ">="],
        _ => &["=", "!=", "<", "<=", ">", ">=", "^", "contains"],
    }
}

fn asked() -> impl Strategy<Value = Asked> {
    let test = (0..PATHS.len()).prop_flat_map(|path| {
        let operator = prop::sample::select(operators(path));
        let many = prop::collection::vec(value_for(path), 1..4);
        prop_oneof![
            4 => (operator, value_for(path)).prop_map(move |(operator, value)| Asked::Test(path, operator, value)),
            1 => (any::<bool>(), many).prop_map(move |(negated, values)| Asked::In(path, negated, values)),
            1 => any::<bool>().prop_map(move |negated| Asked::Null(path, negated)),
        ]
    });
    test.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|asked| Asked::Not(Box::new(asked))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Asked::And),
            prop::collection::vec(inner, 2..4).prop_map(Asked::Or),
        ]
    })
}

fn literal(value: &Value) -> String {
    match value {
        Value::Long(n) => n.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Boolean(b) => b.to_string(),
        Value::Float(n) => format!("{n:?}"),
        Value::Double(n) => format!("{n:?}"),
        Value::Bytes(bytes) => format!(
            "'{}'",
            bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        ),
        Value::String(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        other => panic!("{other:?} is no literal"),
    }
}

impl Asked {
    fn text(&self) -> String {
        let join = |parts: &[Asked], word: &str| {
            let parts: Vec<String> = parts.iter().map(|part| format!("({})", part.text())).collect();
            parts.join(word)
        };
        match self {
            Asked::Test(path, operator, value) => format!("{} {operator} {}", PATHS[*path].0, literal(value)),
            Asked::In(path, negated, values) => {
                let values: Vec<String> = values.iter().map(literal).collect();
                let not = if *negated { "not " } else { "" };
                format!("{} {not}in ({})", PATHS[*path].0, values.join(", "))
            }
            Asked::Null(path, false) => format!("{} = null", PATHS[*path].0),
            Asked::Null(path, true) => format!("{} is not null", PATHS[*path].0),
            Asked::Not(asked) => format!("not ({})", asked.text()),
            Asked::And(parts) => join(parts, " and "),
            Asked::Or(parts) => join(parts, " or "),
        }
    }

    fn is_true_of(&self, record: &Value) -> bool {
        let values = |path: usize| {
            let mut found = Vec::new();
            reached(record, PATHS[path].1, &mut found);
            found
        };
        match self {
            Asked::Test(path, "!=", value) => !values(*path).into_iter().any(|found| same(found, value)),
            Asked::Test(path, operator, value) => {
                values(*path).into_iter().any(|found| compare(found, operator, value))
            }
            Asked::In(path, negated, wanted) => {
                let any = values(*path)
                    .into_iter()
                    .any(|found| wanted.iter().any(|value| same(found, value)));
                any != *negated
            }
            Asked::Null(path, negated) => values(*path).is_empty() != *negated,
            Asked::Not(asked) => !asked.is_true_of(record),
            Asked::And(parts) => parts.iter().all(|part| part.is_true_of(record)),
            Asked::Or(parts) => parts.iter().any(|part| part.is_true_of(record)),
        }
    }
}

fn same(found: &Value, value: &Value) -> bool {
    found == value
}

fn compare(found: &Value, operator: &str, value: &Value) -> bool {
    if let (Value::String(found), Value::String(value)) = (found, value) {
        match operator {
            "^" => return found.starts_with(value),
            "contains" => return found.contains(value),
            _ => {}
        }
    }
    let order = match (found, value) {
        (Value::Int(a), Value::Int(b)) => a.partial_cmp(b),
        (Value::Long(a), Value::Long(b)) => a.partial_cmp(b),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(b),
        (Value::String(a), Value::String(b)) => a.chars().partial_cmp(b.chars()),
        _ => return operator == "=" && same(found, value),
    };
    use std::cmp::Ordering::{Equal, Greater, Less};
    match operator {
        "=" => order == Some(Equal),
        "<" => order == Some(Less),
        "<=" => matches!(order, Some(Less | Equal)),
        ">" => order == Some(Greater),
        ">=" => matches!(order, Some(Greater | Equal)),
        _ => panic!("no operator {operator}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_query_finds_what_a_walk_over_all_trees_finds(records in prop::collection::vec(top(0i64..6), 0..20),
            questions in prop::collection::vec(asked(), 1..6)) {
        let state = state_of(&records.iter().map(|record| ("Top", record.clone())).collect());
        for asked in questions {
            let text = format!("Top where {}", asked.text());
            let query = Query::parse(&text).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
            let bound = query.bind(&state).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
            for ordinal in state.ty("Top").expect("a type").populated() {
                let record = state.value("Top", ordinal).expect("populated");
                prop_assert_eq!(bound.is_match(ordinal), asked.is_true_of(&record), "{} of {:?}", text, record);
            }
        }
    }

    #[test]
    fn counting_by_a_path_counts_each_value_once_a_record(records in roots(20), path in 0..PATHS.len()) {
        let state = state_of(&records);
        let query = Query::parse(&format!("Top | count by {}", PATHS[path].0)).expect("a query");
        let groups = query.bind(&state).expect("names of the state").count_by().expect("groups");
        let mut expected: BTreeMap<String, u64> = BTreeMap::new();
        for ordinal in state.ty("Top").expect("a type").populated() {
            let record = state.value("Top", ordinal).expect("populated");
            let mut found = Vec::new();
            reached(&record, PATHS[path].1, &mut found);
            let mut texts: Vec<String> = found.into_iter().map(canonical).collect();
            texts.sort();
            texts.dedup();
            if texts.is_empty() {
                texts.push("Null".to_owned());
            }
            texts.into_iter().for_each(|text| *expected.entry(text).or_default() += 1);
        }
        let counted: BTreeMap<String, u64> = groups.iter().map(|group| (canonical(&group.value), group.records)).collect();
        prop_assert_eq!(counted.len(), groups.len());
        prop_assert_eq!(counted, expected);
        prop_assert!(groups.is_sorted_by(|a, b| a.records >= b.records));
    }

    #[test]
    fn no_text_breaks_the_parser(text in "\\PC{0,40}", noise in "[A-Za-z`'\"().,|<>=^! ]{0,60}") {
        let state = state_of(&Vec::new());
        for text in [&text, &noise, &format!("Top where {noise}")] {
            if let Ok(query) = Query::parse(text) {
                let _ = query.bind(&state);
            }
        }
    }
}

#[test]
fn a_path_can_end_at_records_only_to_ask_whether_there_are_any() {
    let with = |list: Value| {
        let mut record = vec![Value::Null; 12];
        record[0] = Value::Long(1);
        record[8] = list;
        Value::Object(record)
    };
    let one = Value::List(vec![Value::Object(vec![Value::Int(1), Value::Null])]);
    let state = state_of(&vec![("Top", with(one))]);
    let count =
        |text: &str| Query::parse(text).and_then(|query| query.bind(&state).map(|bound| bound.matching().count()));
    assert_eq!(count("Top where map = null"), Ok(1));
    assert_eq!(count("Top where map != null"), Ok(0));
    let error = count("Top where map = x").expect_err("a map is no value");
    assert_eq!(
        error.to_string(),
        "LeafMap is a record, not a value; write which of its parts: key, value, column=11"
    );
    assert_eq!(
        fields(
            &state
                .value("Top", state.ty("Top").unwrap().populated().next().unwrap())
                .unwrap()
        )
        .len(),
        12
    );
}
