//! What an index should find, told by looking at whole records, one after the other.

use hollow::Ordinal;
use hollow::read::ReadState;
use hollow::record::{KeyValue, Value};
use hollow::schema::{Dataset, FieldType, Schema};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// For each path its value.
pub(crate) type Row = BTreeMap<usize, Value>;

/// All combinations of values that paths lead to from a record.
pub(crate) fn combinations(dataset: &Dataset, ty: &str, record: &Value, paths: &[&str]) -> Vec<Row> {
    let paths: Vec<(usize, Vec<&str>)> = paths.iter().map(|path| path.split('.').collect()).enumerate().collect();
    walk(dataset, ty, record, &paths)
}

type Paths<'a> = Vec<(usize, Vec<&'a str>)>;

fn walk(dataset: &Dataset, ty: &str, record: &Value, paths: &[(usize, Vec<&str>)]) -> Vec<Row> {
    // Paths that begin alike go on together.
    let mut first: BTreeMap<&str, Paths<'_>> = BTreeMap::new();
    for (number, path) in paths {
        first.entry(path[0]).or_default().push((*number, path[1..].to_vec()));
    }
    let begun = |name: &str| first.get(name).cloned().unwrap_or_default();
    match (dataset.get(ty).expect("a type"), record) {
        (Schema::Object(schema), Value::Object(fields)) => {
            let mut rows = vec![Row::new()];
            for (name, rest) in &first {
                let at = schema.position(name).expect("a field");
                rows = product(&rows, &field(dataset, &schema.fields[at].ty, &fields[at], rest));
            }
            rows
        }
        (Schema::List(schema), Value::List(elements)) => {
            let rest = begun("element");
            elements
                .iter()
                .flat_map(|e| walk(dataset, &schema.element, e, &rest))
                .collect()
        }
        (Schema::Set(schema), Value::Set(elements)) => {
            let rest = begun("element");
            elements
                .iter()
                .flat_map(|e| walk(dataset, &schema.element, e, &rest))
                .collect()
        }
        (Schema::Map(schema), Value::Map(entries)) => {
            let of = |ty: &str, record: &Value, rest: &Paths<'_>| match rest.is_empty() {
                true => vec![Row::new()],
                false => walk(dataset, ty, record, rest),
            };
            let (keys, values) = (begun("key"), begun("value"));
            let rows = entries
                .iter()
                .flat_map(|(key, value)| product(&of(&schema.key, key, &keys), &of(&schema.value, value, &values)));
            rows.collect()
        }
        other => panic!("{other:?}"),
    }
}

fn field(dataset: &Dataset, holds: &FieldType, value: &Value, rest: &Paths<'_>) -> Vec<Row> {
    let target = holds.reference().and_then(|name| dataset.get(name));
    match (target, value) {
        (Some(Schema::Object(_)), Value::Null) => vec![rest.iter().map(|(number, _)| (*number, Value::Null)).collect()],
        (Some(_), Value::Null) => Vec::new(),
        (Some(schema), value) => walk(dataset, schema.name(), value, rest),
        (None, value) => vec![rest.iter().map(|(number, _)| (*number, value.clone())).collect()],
    }
}

fn product(left: &[Row], right: &[Row]) -> Vec<Row> {
    let both = |a: &Row, b: &Row| {
        a.iter()
            .chain(b)
            .map(|(number, value)| (*number, value.clone()))
            .collect()
    };
    left.iter()
        .flat_map(|a| right.iter().map(move |b| both(a, b)))
        .collect()
}

/// A value as part of a key; `None` for null.
pub(crate) fn key_value(value: &Value) -> Option<KeyValue> {
    match value {
        Value::Null => None,
        Value::Int(n) => Some(KeyValue::Int(*n)),
        Value::Long(n) => Some(KeyValue::Long(*n)),
        Value::Boolean(b) => Some(KeyValue::Boolean(*b)),
        Value::Float(n) => Some(KeyValue::Float(*n)),
        Value::Double(n) => Some(KeyValue::Double(*n)),
        Value::String(text) => Some(KeyValue::Text(text.clone())),
        Value::Bytes(bytes) => Some(KeyValue::Bytes(bytes.clone())),
        other => panic!("no part of a key: {other:?}"),
    }
}

/// The order of values of one field.
pub(crate) fn compare(a: &KeyValue, b: &KeyValue) -> Ordering {
    match (a, b) {
        (KeyValue::Int(a), KeyValue::Int(b)) => a.cmp(b),
        (KeyValue::Long(a), KeyValue::Long(b)) => a.cmp(b),
        (KeyValue::Boolean(a), KeyValue::Boolean(b)) => a.cmp(b),
        (KeyValue::Float(a), KeyValue::Float(b)) => a.total_cmp(b),
        (KeyValue::Double(a), KeyValue::Double(b)) => a.total_cmp(b),
        (KeyValue::Text(a), KeyValue::Text(b)) => a.cmp(b),
        (KeyValue::Bytes(a), KeyValue::Bytes(b)) => a.cmp(b),
        other => panic!("{other:?}"),
    }
}

/// All records of a type with the combinations of values that the paths lead to.
pub(crate) fn scan(state: &ReadState, ty: &str, paths: &[&str]) -> Vec<(Ordinal, Vec<Vec<Option<KeyValue>>>)> {
    let records = state.ty(ty).expect("a type").populated();
    records
        .map(|ordinal| {
            let value = state.value(ty, ordinal).expect("a record");
            let rows = combinations(state.dataset(), ty, &value, paths);
            (
                ordinal,
                rows.into_iter()
                    .map(|row| row.values().map(key_value).collect())
                    .collect(),
            )
        })
        .collect()
}
