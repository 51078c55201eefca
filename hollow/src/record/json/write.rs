//! From a value to JSON, by schema.

use super::is_text_key;
use super::leaf::to_hex;
use crate::record::Value;
use crate::schema::{Dataset, ObjectSchema, Schema};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::collections::HashSet;

/// A value with what its schema says about it. Without a schema, or with one that does not fit, the value shows its own
/// shape.
pub(super) struct Readable<'a> {
    pub(super) dataset: &'a Dataset,
    pub(super) schema: Option<&'a Schema>,
    pub(super) value: &'a Value,
    /// The record itself is always an object; only a reference to one can be its single field.
    pub(super) is_root: bool,
}

impl<'a> Readable<'a> {
    fn child(&self, type_name: Option<&str>, value: &'a Value) -> Readable<'a> {
        Readable {
            dataset: self.dataset,
            schema: type_name.and_then(|name| self.dataset.get(name)),
            value,
            is_root: false,
        }
    }

    fn object<S: Serializer>(
        &self,
        object: Option<&ObjectSchema>,
        fields: &'a [Value],
        s: S,
    ) -> Result<S::Ok, S::Error> {
        if let (Some(_), [value]) = (object.and_then(ObjectSchema::wrapped_field), fields)
            && *value != Value::Null
            && !self.is_root
        {
            return self.child(None, value).serialize(s);
        }
        let mut map = s.serialize_map(None)?;
        for (position, value) in fields.iter().enumerate().filter(|(_, value)| **value != Value::Null) {
            match object.and_then(|object| object.fields.get(position)) {
                Some(field) => map.serialize_entry(&field.name, &self.child(field.ty.reference(), value))?,
                None => map.serialize_entry(&format!("#{position}"), &self.child(None, value))?,
            }
        }
        map.end()
    }

    fn map<S: Serializer>(&self, entries: &'a [(Value, Value)], s: S) -> Result<S::Ok, S::Error> {
        let (key_type, value_type) = match self.schema {
            Some(Schema::Map(map)) => (Some(map.key.as_str()), Some(map.value.as_str())),
            _ => (None, None),
        };
        if is_text_key(key_type.and_then(|name| self.dataset.get(name)))
            && let Some(names) = distinct_texts(entries)
        {
            let values = entries.iter().map(|(_, value)| self.child(value_type, value));
            return s.collect_map(names.into_iter().zip(values));
        }
        s.collect_seq(
            entries
                .iter()
                .map(|(key, value)| (self.child(key_type, key), self.child(value_type, value))),
        )
    }
}

/// The keys of the entries as names of a JSON object, if each has one of its own.
fn distinct_texts(entries: &[(Value, Value)]) -> Option<Vec<&str>> {
    let mut names = Vec::with_capacity(entries.len());
    for (key, _) in entries {
        match key {
            Value::Object(fields) => match fields.as_slice() {
                [Value::String(text)] => names.push(text.as_str()),
                _ => return None,
            },
            _ => return None,
        }
    }
    let distinct: HashSet<&str> = names.iter().copied().collect();
    (distinct.len() == names.len()).then_some(names)
}

impl Serialize for Readable<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::Null => s.serialize_unit(),
            Value::Int(n) => s.serialize_i32(*n),
            Value::Long(n) => s.serialize_i64(*n),
            Value::Boolean(b) => s.serialize_bool(*b),
            Value::Float(n) => float(shortest(*n), s),
            Value::Double(n) => float(*n, s),
            Value::String(text) => s.serialize_str(text),
            Value::Bytes(bytes) => s.serialize_str(&to_hex(bytes)),
            Value::Object(fields) => self.object(self.schema.and_then(Schema::as_object), fields, s),
            Value::List(elements) | Value::Set(elements) => {
                let element = match self.schema {
                    Some(Schema::List(list)) => Some(list.element.as_str()),
                    Some(Schema::Set(set)) => Some(set.element.as_str()),
                    _ => None,
                };
                s.collect_seq(elements.iter().map(|value| self.child(element, value)))
            }
            Value::Map(entries) => self.map(entries, s),
        }
    }
}

fn float<S: Serializer>(n: f64, s: S) -> Result<S::Ok, S::Error> {
    if n.is_nan() {
        s.serialize_str("NaN")
    } else if n.is_infinite() {
        s.serialize_str(if n > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        s.serialize_f64(n)
    }
}

/// The double with the fewest digits that narrows to `n`: 0.1 rather than 0.10000000149011612.
fn shortest(n: f32) -> f64 {
    match n.to_string().parse::<f64>() {
        Ok(short) if (short as f32).to_bits() == n.to_bits() => short,
        _ => f64::from(n),
    }
}
