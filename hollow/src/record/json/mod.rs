//! Records as JSON for people and for sources that have nothing better: both directions, by schema.
//!
//! | schema | JSON |
//! |---|---|
//! | OBJECT | object by field name; an absent field and `null` are both null |
//! | reference to an OBJECT whose only field is no reference | also that field's value alone: `"de"` for `Language { tag }` |
//! | LIST, SET | array |
//! | MAP | object if the key type wraps a single STRING; an array of `[key, value]` always works |
//! | INT, LONG | integer; the smallest one stands for null in blobs and is refused |
//! | FLOAT, DOUBLE | number, or `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | BYTES | lower-case hexadecimal text |
//!
//! Reading is strict, because nothing that a source gets wrong is found more cheaply later: unknown and repeated fields,
//! values of another type, numbers that do not fit or would be rounded (an integer in a FLOAT or DOUBLE field) are errors
//! that name the place, such as `Asset.territory[3]`. Input is hostile: [`Limits`] bound depth, bytes and values.

pub(crate) mod exact;
mod leaf;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use leaf::{Leaf, leaf_value};

use super::Value;
use crate::schema::{Dataset, Schema};
use std::fmt;

/// What a record may cost to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of input.
    pub bytes: usize,
    /// The most records within one another.
    pub depth: usize,
    /// The most values, null fields included. A value takes 32 bytes of memory and what it points to.
    pub values: usize,
}

impl Limits {
    /// 8 MiB, 48 records deep, a million values.
    pub const DEFAULT: Limits = Limits {
        bytes: 8 << 20,
        depth: 48,
        values: 1_000_000,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Why a text is no record of the type, and where.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{path}: {reason}{}", At(*line, *column))]
pub struct JsonError {
    /// The place in the record, from the name of the root type: `Asset.territory[3]`.
    pub path: String,
    /// The line in the text, from 1; 0 if the text was not looked into.
    pub line: usize,
    /// The column in that line, from 1.
    pub column: usize,
    /// What is wrong there.
    pub reason: JsonReason,
}

/// What is wrong with a place in a record.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonReason {
    /// The text is not JSON.
    #[error("not JSON: {0}")]
    Syntax(String),
    /// Another kind of value than the schema has here.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// What the schema allows.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A field the type does not have.
    #[error("no such field, type={type_name} field={field}")]
    UnknownField {
        /// The type.
        type_name: String,
        /// The name found.
        field: String,
    },
    /// A field, or the key of a map, that stands twice.
    #[error("stands twice, field={0}")]
    Duplicate(String),
    /// A number that the type cannot hold.
    #[error("out of range for {expected}, found={found}")]
    OutOfRange {
        /// The type, with its bounds.
        expected: &'static str,
        /// The number found.
        found: String,
    },
    /// An integer that would be rounded.
    #[error("{expected} cannot hold this number exactly, found={found}")]
    LostPrecision {
        /// The type.
        expected: &'static str,
        /// The number found.
        found: String,
    },
    /// Text that is not lower-case hexadecimal.
    #[error("expected bytes as lower-case hexadecimal text, found={0}")]
    NotHex(String),
    /// A type that is referred to, or asked for, but not part of the data set.
    #[error("no such type in the data set, type={0}")]
    UnknownType(String),
    /// More records within one another than [`Limits::depth`].
    #[error("nested too deeply, limit={0}")]
    TooDeep(usize),
    /// More values than [`Limits::values`].
    #[error("too many values, limit={0}")]
    TooManyValues(usize),
    /// More bytes than [`Limits::bytes`].
    #[error("too long, bytes={found} limit={limit}")]
    TooLong {
        /// The length found.
        found: usize,
        /// The most allowed.
        limit: usize,
    },
}

struct At(usize, usize);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return Ok(());
        }
        write!(f, ", line={} column={}", self.0, self.1)
    }
}

/// Reads a record of type `root`, within [`Limits::DEFAULT`].
///
/// # Errors
/// [`JsonError`] with the first thing that is wrong.
pub fn parse(dataset: &Dataset, root: &str, json: &[u8]) -> Result<Value, JsonError> {
    parse_within(dataset, root, json, &Limits::DEFAULT)
}

/// Reads a record of type `root`, within the given limits.
///
/// # Errors
/// [`JsonError`] with the first thing that is wrong.
pub fn parse_within(dataset: &Dataset, root: &str, json: &[u8], limits: &Limits) -> Result<Value, JsonError> {
    read::parse(dataset, root, json, limits)
}

/// The record as JSON. Null fields are left out.
///
/// A value that does not fit the schema is shown by its own shape: this also serves error messages.
pub fn to_json(dataset: &Dataset, root: &str, value: &Value) -> serde_json::Value {
    serde_json::to_value(readable(dataset, root, value)).unwrap_or_default()
}

/// The record as JSON text, fields in the order of the schema. Null fields are left out.
pub fn to_vec(dataset: &Dataset, root: &str, value: &Value) -> Vec<u8> {
    serde_json::to_vec(&readable(dataset, root, value)).unwrap_or_default()
}

/// The record in its readable form for any serde format that describes itself.
pub fn readable<'a>(dataset: &'a Dataset, root: &'a str, value: &'a Value) -> impl serde::Serialize + 'a {
    write::Readable {
        dataset,
        schema: dataset.get(root),
        value,
        is_root: true,
    }
}

/// Whether the keys of a map of this key type can be the names of a JSON object.
fn is_text_key(key: Option<&Schema>) -> bool {
    key.and_then(Schema::as_object)
        .and_then(|object| object.wrapped_field())
        .is_some_and(|field| field.ty == crate::schema::FieldType::String)
}
