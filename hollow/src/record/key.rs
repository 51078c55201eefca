//! Primary keys as values: taken out of a record, and as the JSON arrays that name records in messages and tools.
//!
//! A key is the list of values at the ends of the primary key's paths, such as `[81730412,"de"]`; a path that ends at a
//! reference goes on to the single value behind it. No part of a key is null.

#[cfg(test)]
mod tests;

use super::json::{JsonReason, Leaf, leaf_value};
use super::{KeyValue, Value};
use crate::schema::{Dataset, FieldPath, FieldType, SchemaError};
use serde::de::{self, Visitor};
use std::fmt;

/// Why there is no key.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The type is not there, is no object type, or its key leads nowhere.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The type declares no primary key.
    #[error("the type has no primary key, type={0}")]
    NoPrimaryKey(String),
    /// A part of the key is null, or a record on the way to it is.
    #[error("a part of the primary key is null, field={path}")]
    Null {
        /// The path to that part.
        path: String,
    },
    /// The record does not have the shape of its schema.
    #[error("the record does not fit its schema, field={path} expected={expected}")]
    WrongShape {
        /// The path to the part.
        path: String,
        /// The type of field expected at its end.
        expected: FieldType,
    },
    /// The text is not a JSON array of single values.
    #[error("expected the key as a JSON array such as {example}: {reason}")]
    NotJson {
        /// The fields of the key.
        example: String,
        /// What is wrong.
        reason: String,
    },
    /// The array is shorter or longer than the primary key.
    #[error("the key has another number of parts, expected={expected} found={found}")]
    WrongLength {
        /// Parts of the primary key.
        expected: usize,
        /// Parts of the array.
        found: usize,
    },
    /// A part of the array is not of its field's type.
    #[error("key field={path}: {reason}")]
    Part {
        /// The path of that part.
        path: String,
        /// What is wrong with it.
        reason: JsonReason,
    },
}

/// The primary key of a type, resolved once for many records.
#[derive(Clone, Debug)]
pub struct KeyPaths {
    paths: Vec<FieldPath>,
}

impl KeyPaths {
    /// Resolves the primary key of `root`.
    ///
    /// # Errors
    /// [`KeyError::Schema`] and [`KeyError::NoPrimaryKey`].
    pub fn resolve(dataset: &Dataset, root: &str) -> Result<Self, KeyError> {
        let paths = dataset.primary_key(root)?;
        if paths.is_empty() {
            return Err(KeyError::NoPrimaryKey(root.to_owned()));
        }
        Ok(Self { paths })
    }

    /// The paths, in the order of the key's parts.
    pub fn paths(&self) -> &[FieldPath] {
        &self.paths
    }

    /// The key of a record.
    ///
    /// # Errors
    /// [`KeyError::Null`] and [`KeyError::WrongShape`].
    pub fn of(&self, record: &Value) -> Result<Vec<KeyValue>, KeyError> {
        self.paths.iter().map(|path| part_of(path, record)).collect()
    }

    /// Reads a key from a JSON array.
    ///
    /// # Errors
    /// [`KeyError::NotJson`], [`KeyError::WrongLength`], [`KeyError::Part`] and, for a null part, [`KeyError::Null`].
    pub fn parse(&self, json: &[u8]) -> Result<Vec<KeyValue>, KeyError> {
        let not_json = |error: serde_json::Error| KeyError::NotJson {
            example: format!(
                "[{}]",
                self.paths
                    .iter()
                    .map(FieldPath::full_name)
                    .collect::<Vec<_>>()
                    .join(",")
            ),
            reason: error.to_string(),
        };
        // A key is short; a long one would only be carried around until it is refused.
        const MOST_BYTES: usize = 64 << 10;
        if json.len() > MOST_BYTES {
            return Err(not_json(de::Error::custom(format!("longer than {MOST_BYTES} bytes"))));
        }
        let parts: Vec<Part> = serde_json::from_slice(json).map_err(not_json)?;
        if parts.len() != self.paths.len() {
            return Err(KeyError::WrongLength {
                expected: self.paths.len(),
                found: parts.len(),
            });
        }
        let parts = self.paths.iter().zip(&parts);
        parts.map(|(path, part)| part.value(path)).collect()
    }
}

/// The key of a record of type `root`. Resolves the paths each time: for many records use [`KeyPaths`].
///
/// # Errors
/// As [`KeyPaths::resolve`] and [`KeyPaths::of`].
pub fn key_of(dataset: &Dataset, root: &str, record: &Value) -> Result<Vec<KeyValue>, KeyError> {
    KeyPaths::resolve(dataset, root)?.of(record)
}

/// Reads the key of a record of type `root` from a JSON array. For many keys use [`KeyPaths`].
///
/// # Errors
/// As [`KeyPaths::resolve`] and [`KeyPaths::parse`].
pub fn parse_key(dataset: &Dataset, root: &str, json: &[u8]) -> Result<Vec<KeyValue>, KeyError> {
    KeyPaths::resolve(dataset, root)?.parse(json)
}

/// The key as a JSON array, without white space: equal keys have equal texts.
pub fn key_json(key: &[KeyValue]) -> String {
    // The readable form of a list without a schema is exactly this.
    let parts = key.iter().cloned().map(Value::from).collect();
    let bytes = super::json::to_vec(&Dataset::default(), "", &Value::List(parts));
    String::from_utf8(bytes).unwrap_or_default()
}

fn part_of(path: &FieldPath, record: &Value) -> Result<KeyValue, KeyError> {
    let mut value = record;
    for step in &path.steps {
        let fields = match value {
            Value::Object(fields) => fields,
            Value::Null => return Err(null(path)),
            _ => return Err(wrong_shape(path)),
        };
        value = fields.get(step.field).ok_or_else(|| wrong_shape(path))?;
    }
    Ok(match (value, &path.ty) {
        (Value::Null, _) => return Err(null(path)),
        (Value::Int(n), FieldType::Int) => KeyValue::Int(*n),
        (Value::Long(n), FieldType::Long) => KeyValue::Long(*n),
        (Value::Boolean(b), FieldType::Boolean) => KeyValue::Boolean(*b),
        (Value::Float(n), FieldType::Float) => KeyValue::Float(*n),
        (Value::Double(n), FieldType::Double) => KeyValue::Double(*n),
        (Value::String(text), FieldType::String) => KeyValue::Text(text.clone()),
        (Value::Bytes(bytes), FieldType::Bytes) => KeyValue::Bytes(bytes.clone()),
        _ => return Err(wrong_shape(path)),
    })
}

fn null(path: &FieldPath) -> KeyError {
    KeyError::Null { path: path.full_name() }
}

fn wrong_shape(path: &FieldPath) -> KeyError {
    KeyError::WrongShape {
        path: path.full_name(),
        expected: path.ty.clone(),
    }
}

impl From<KeyValue> for Value {
    fn from(part: KeyValue) -> Self {
        match part {
            KeyValue::Int(n) => Value::Int(n),
            KeyValue::Long(n) => Value::Long(n),
            KeyValue::Boolean(b) => Value::Boolean(b),
            KeyValue::Float(n) => Value::Float(n),
            KeyValue::Double(n) => Value::Double(n),
            KeyValue::Text(text) => Value::String(text),
            KeyValue::Bytes(bytes) => Value::Bytes(bytes),
        }
    }
}

/// One element of the array: a JSON scalar.
enum Part {
    Null,
    Boolean(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(String),
}

/// The value of a field of this type that a JSON scalar stands for; none if it stands for none.
pub(crate) fn single_value(ty: &FieldType, json: &[u8]) -> Option<Value> {
    let part: Part = serde_json::from_slice(json).ok()?;
    leaf_value(ty, &part.leaf()?).ok()
}

impl Part {
    /// What it is, unless it is null.
    fn leaf(&self) -> Option<Leaf<'_>> {
        Some(match self {
            Part::Null => return None,
            Part::Boolean(b) => Leaf::Boolean(*b),
            Part::Unsigned(n) => Leaf::Unsigned(*n),
            Part::Signed(n) => Leaf::Signed(*n),
            Part::Float(n) => Leaf::Float(*n),
            Part::Text(text) => Leaf::Text(text),
        })
    }

    fn value(&self, path: &FieldPath) -> Result<KeyValue, KeyError> {
        let leaf = self.leaf().ok_or_else(|| null(path))?;
        let value = leaf_value(&path.ty, &leaf).map_err(|reason| KeyError::Part {
            path: path.full_name(),
            reason,
        })?;
        match value {
            Value::Int(n) => Ok(KeyValue::Int(n)),
            Value::Long(n) => Ok(KeyValue::Long(n)),
            Value::Boolean(b) => Ok(KeyValue::Boolean(b)),
            Value::Float(n) => Ok(KeyValue::Float(n)),
            Value::Double(n) => Ok(KeyValue::Double(n)),
            Value::String(text) => Ok(KeyValue::Text(text)),
            Value::Bytes(bytes) => Ok(KeyValue::Bytes(bytes)),
            _ => Err(wrong_shape(path)),
        }
    }
}

impl<'de> de::Deserialize<'de> for Part {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scalar;
        impl Visitor<'_> for Scalar {
            type Value = Part;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a single value")
            }
            fn visit_unit<E: de::Error>(self) -> Result<Part, E> {
                Ok(Part::Null)
            }
            fn visit_bool<E: de::Error>(self, v: bool) -> Result<Part, E> {
                Ok(Part::Boolean(v))
            }
            fn visit_u64<E: de::Error>(self, v: u64) -> Result<Part, E> {
                Ok(Part::Unsigned(v))
            }
            fn visit_i64<E: de::Error>(self, v: i64) -> Result<Part, E> {
                Ok(Part::Signed(v))
            }
            fn visit_f64<E: de::Error>(self, v: f64) -> Result<Part, E> {
                Ok(Part::Float(v))
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Part, E> {
                Ok(Part::Text(v.to_owned()))
            }
        }
        deserializer.deserialize_any(Scalar)
    }
}
