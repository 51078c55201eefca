//! Random records, and records as text to compare them by.

use super::model::Model;
use super::rng::Rng;
use super::words::{push_bytes, push_text};
use hollow::record::Value;
use hollow::schema::{Dataset, FieldType, Schema};
use std::collections::BTreeSet;
use std::fmt::Write;

/// How deep records of one type may hold one another.
const MOST_SELF: usize = 2;

/// What values may come up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kinds {
    /// NaN, which restoring turns into null, as in Java Hollow.
    pub(super) nan: bool,
}

/// A random record of a type, with all it refers to.
pub(super) fn random(model: &Model, type_name: &str, rng: &mut Rng, kinds: Kinds) -> Value {
    record(model, type_name, rng, kinds, 0)
}

fn record(model: &Model, type_name: &str, rng: &mut Rng, kinds: Kinds, depth: usize) -> Value {
    let Some(ty) = model.get(type_name) else {
        return Value::Null;
    };
    match &ty.schema {
        Schema::Object(schema) => Value::Object(
            schema
                .fields
                .iter()
                .map(|field| {
                    let is_self = field.ty.reference() == Some(type_name);
                    let may_be_null = !ty.required || matches!(field.ty, FieldType::Int | FieldType::Double);
                    if is_self && depth >= MOST_SELF || may_be_null && rng.percent(15) {
                        return Value::Null;
                    }
                    match &field.ty {
                        FieldType::Reference(target) => {
                            record(model, target, rng, kinds, if is_self { depth + 1 } else { 0 })
                        }
                        other => primitive(other, rng, kinds),
                    }
                })
                .collect(),
        ),
        Schema::List(schema) => Value::List(elements(model, &schema.element, rng, kinds, false)),
        Schema::Set(schema) => Value::Set(elements(model, &schema.element, rng, kinds, true)),
        Schema::Map(schema) => Value::Map(
            elements(model, &schema.key, rng, kinds, true)
                .into_iter()
                .map(|key| (key, record(model, &schema.value, rng, kinds, 0)))
                .collect(),
        ),
    }
}

fn elements(model: &Model, type_name: &str, rng: &mut Rng, kinds: Kinds, distinct: bool) -> Vec<Value> {
    let count = match rng.below(20) {
        0..=3 => 0,
        4..=17 => rng.between(1, 4),
        18 => rng.between(5, 9),
        // Many only of what is small: trees of trees grow fast.
        _ => match model.get(type_name).map(|ty| ty.schema.references().is_empty()) {
            Some(true) => rng.between(10, 40),
            _ => 4,
        },
    };
    let mut seen = BTreeSet::new();
    let mut elements: Vec<Value> = (0..count).map(|_| record(model, type_name, rng, kinds, 0)).collect();
    if distinct {
        elements.retain(|element| seen.insert(key(element)));
    }
    elements
}

fn primitive(ty: &FieldType, rng: &mut Rng, kinds: Kinds) -> Value {
    match ty {
        FieldType::Int => Value::Int(match rng.below(12) {
            0..=6 => rng.below(8) as i32,
            7 | 8 => rng.below(2000) as i32 - 1000,
            9 => i32::MAX - rng.below(2) as i32,
            10 => i32::MIN + 1 + rng.below(2) as i32,
            _ => rng.next() as i32 | 1,
        }),
        FieldType::Long => Value::Long(match rng.below(12) {
            0..=6 => rng.below(8) as i64,
            7 | 8 => rng.below(2_000_000) as i64 - 1_000_000,
            9 => i64::MAX - rng.below(2) as i64,
            10 => i64::MIN + 1 + rng.below(2) as i64,
            _ => (rng.next() as i64 | 1) >> rng.below(64),
        }),
        FieldType::Boolean => Value::Boolean(rng.percent(50)),
        FieldType::Float => Value::Float(match rng.below(9) {
            0 if kinds.nan => f32::NAN,
            0 | 1 => 0.0,
            2 => -0.0,
            3 => f32::INFINITY,
            4 => f32::MIN_POSITIVE / 2.0,
            5 => f32::from_bits((rng.next() as u32) & 0xff7f_ffff), // no NaN
            _ => rng.below(40) as f32 / 4.0,
        }),
        FieldType::Double => Value::Double(match rng.below(9) {
            0 if kinds.nan => f64::NAN,
            0 | 1 => 0.0,
            2 => -0.0,
            3 => f64::NEG_INFINITY,
            4 => f64::MAX,
            5 => f64::from_bits(rng.next() & 0xffef_ffff_ffff_ffff), // no NaN
            _ => rng.below(40) as f64 / 4.0,
        }),
        FieldType::String => Value::String(text(rng)),
        FieldType::Bytes => Value::Bytes((0..rng.below(6)).map(|_| rng.below(4) as u8 * 85).collect()),
        FieldType::Reference(_) => Value::Null,
    }
}

fn text(rng: &mut Rng) -> String {
    match rng.below(20) {
        0 => String::new(),
        1 => (0..rng.between(1, 4))
            .map(|_| {
                *rng.pick(&[
                    '\0', 'é', '\u{7f}', '\u{80}', '\u{3fff}', '\u{4000}', '日', '𝄞', '\u{ffff}',
                ])
            })
            .collect(),
        2 => "long ".repeat(rng.between(20, 80)),
        _ => format!("word{}", rng.below(30)),
    }
}

/// The record as it is after it was stored: the smallest INT and LONG are null.
fn stored(value: &Value) -> &Value {
    match value {
        Value::Int(i32::MIN) | Value::Long(i64::MIN) => &Value::Null,
        other => other,
    }
}

/// The record as text, equal for equal records: elements in order of their texts, NaN as null.
pub(super) fn key(value: &Value) -> String {
    let mut out = String::new();
    push_key(&mut out, value);
    out
}

fn push_key(out: &mut String, value: &Value) {
    let _ = match stored(value) {
        Value::Null => out.write_char('~'),
        Value::Int(v) => write!(out, "{v}"),
        Value::Long(v) => write!(out, "{v}L"),
        Value::Boolean(v) => write!(out, "{v}"),
        Value::Float(v) if v.is_nan() => out.write_char('~'),
        Value::Float(v) => write!(out, "f{:08x}", v.to_bits()),
        Value::Double(v) if v.is_nan() => out.write_char('~'),
        Value::Double(v) => write!(out, "d{:016x}", v.to_bits()),
        Value::String(v) => {
            push_text(out, v);
            Ok(())
        }
        Value::Bytes(v) => {
            push_bytes(out, v);
            Ok(())
        }
        Value::Object(fields) => {
            push_all(out, '(', ')', fields.iter().map(key).collect());
            Ok(())
        }
        Value::List(elements) => {
            push_all(out, '[', ']', elements.iter().map(key).collect());
            Ok(())
        }
        Value::Set(elements) => {
            let sorted: BTreeSet<String> = elements.iter().map(key).collect();
            push_all(out, '{', '}', sorted.into_iter().collect());
            Ok(())
        }
        Value::Map(entries) => {
            let mut entries: Vec<String> = entries.iter().map(|(k, v)| format!("{}={}", key(k), key(v))).collect();
            entries.sort_unstable();
            push_all(out, '<', '>', entries);
            Ok(())
        }
    };
}

fn push_all(out: &mut String, open: char, close: char, items: Vec<String>) {
    out.push(open);
    for item in items {
        out.push_str(&item);
        out.push(',');
    }
    out.push(close);
}

/// The records of a root type among this tree, itself included, as their texts.
pub(super) fn roots_within(
    dataset: &Dataset,
    roots: &[&str],
    type_name: &str,
    value: &Value,
    into: &mut BTreeSet<(String, String)>,
) {
    if matches!(value, Value::Null) {
        return;
    }
    if roots.contains(&type_name) {
        into.insert((type_name.to_owned(), key(value)));
    }
    match (dataset.get(type_name), value) {
        (Some(Schema::Object(schema)), Value::Object(fields)) => {
            for (field, value) in schema.fields.iter().zip(fields) {
                if let Some(target) = field.ty.reference() {
                    roots_within(dataset, roots, target, value, into);
                }
            }
        }
        (Some(Schema::List(schema)), Value::List(elements)) => {
            elements
                .iter()
                .for_each(|element| roots_within(dataset, roots, &schema.element, element, into));
        }
        (Some(Schema::Set(schema)), Value::Set(elements)) => {
            elements
                .iter()
                .for_each(|element| roots_within(dataset, roots, &schema.element, element, into));
        }
        (Some(Schema::Map(schema)), Value::Map(entries)) => {
            for (key, value) in entries {
                roots_within(dataset, roots, &schema.key, key, into);
                roots_within(dataset, roots, &schema.value, value, into);
            }
        }
        _ => {}
    }
}

/// The record as it is once it was added: of the entries of a map whose keys are the same, the first only. Keys that
/// differ in a record that is carried over are the same for one added if all they differ in is a field that is gone.
pub(super) fn with_distinct_keys(value: &Value) -> Value {
    let all = |values: &[Value]| values.iter().map(with_distinct_keys).collect();
    match value {
        Value::Object(fields) => Value::Object(all(fields)),
        Value::List(elements) => Value::List(all(elements)),
        Value::Set(elements) => Value::Set(all(elements)),
        Value::Map(entries) => {
            let mut seen = BTreeSet::new();
            let entries = entries
                .iter()
                .map(|(k, v)| (with_distinct_keys(k), with_distinct_keys(v)));
            Value::Map(entries.filter(|(k, _)| seen.insert(key(k))).collect())
        }
        other => other.clone(),
    }
}

/// A record of one data set as one of another: fields are matched by name, missing ones are null.
pub(super) fn project(from: &Dataset, to: &Dataset, type_name: &str, value: &Value) -> Value {
    let again = |name: &str, value: &Value| project(from, to, name, value);
    match (from.get(type_name), to.get(type_name), value) {
        (Some(Schema::Object(from_schema)), Some(Schema::Object(schema)), Value::Object(fields)) => Value::Object(
            schema
                .fields
                .iter()
                .map(|field| {
                    let found = from_schema.position(&field.name).and_then(|at| fields.get(at));
                    match (found, field.ty.reference()) {
                        (Some(value), Some(target)) => again(target, value),
                        (Some(value), None) => value.clone(),
                        (None, _) => Value::Null,
                    }
                })
                .collect(),
        ),
        (_, Some(Schema::List(schema)), Value::List(elements)) => {
            Value::List(elements.iter().map(|element| again(&schema.element, element)).collect())
        }
        (_, Some(Schema::Set(schema)), Value::Set(elements)) => {
            Value::Set(elements.iter().map(|element| again(&schema.element, element)).collect())
        }
        (_, Some(Schema::Map(schema)), Value::Map(entries)) => Value::Map(
            entries
                .iter()
                .map(|(key, value)| (again(&schema.key, key), again(&schema.value, value)))
                .collect(),
        ),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_entries_whose_keys_have_become_the_same_the_first_is_added() {
        let before = Dataset::parse("Key { string name; int gone; } Values Map<Key, Key>;").expect("a data set");
        let after = Dataset::parse("Key { string name; } Values Map<Key, Key>;").expect("a data set");
        let record = |name: &str, gone: i32| Value::Object(vec![Value::String(name.to_owned()), Value::Int(gone)]);
        let map = Value::Map(vec![
            (record("b", 1), record("v", 1)),
            (record("a", 2), record("w", 2)),
            (record("b", 3), record("u", 3)),
        ]);
        let carried = project(&before, &after, "Values", &map);
        assert_eq!(key(&carried), "<(sa,)=(sw,),(sb,)=(su,),(sb,)=(sv,),>");
        assert_eq!(key(&with_distinct_keys(&carried)), "<(sa,)=(sw,),(sb,)=(sv,),>");
        let within = Value::Object(vec![Value::List(vec![carried.clone()]), Value::Set(vec![carried])]);
        assert_eq!(
            key(&with_distinct_keys(&within)),
            "([<(sa,)=(sw,),(sb,)=(sv,),>,],{<(sa,)=(sw,),(sb,)=(sv,),>,},)"
        );
    }
}
