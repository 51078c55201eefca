//! Flat records: one record with all it refers to, in one byte string. See `docs/format.md`, section 16.
//!
//! They carry changes between processes, in Java Hollow's form: a message instead of a state.
//!
//! ```text
//! location of the top record | its length | record record .. top record | locations of the parts of its primary key
//!                                           id body
//! ```
//!
//! Inside, records refer to one another by *flat ordinals*: their position, counted over all types. A record comes behind
//! everything it refers to, and equal records are there once. What stands for a type is a small number both sides agree on:
//! [`FlatSchemas`].
//!
//! | from | to | |
//! |---|---|---|
//! | [`Value`] | bytes | [`write()`] |
//! | record of a [`ReadState`](crate::read::ReadState) | bytes | [`extract`] |
//! | records one by one | bytes | [`FlatRecordWriter`] |
//! | bytes | [`Value`] and primary key | [`read()`] |
//!
//! Input is hostile: reading bounds depth and number of values, as records that share children can stand for exponentially
//! large trees. Values have the fields of the schemas given here; whether a state has the same is not this module's matter.
//!
//! ```
//! use hollow::flat::{self, FlatSchemas};
//! use hollow::{record::Value, schema::Dataset};
//!
//! let dataset = Dataset::parse("Movie @PrimaryKey(id) { long id; Text title; } Text { string value; }")?;
//! let schemas = FlatSchemas::new(dataset, [("Movie", 0), ("Text", 1)])?;
//! let title = Value::Object(vec![Value::String("Heat".into())]);
//! let movie = Value::Object(vec![Value::Long(7), title]);
//! let message = flat::write(&schemas, "Movie", &movie)?;
//! let record = flat::read(&schemas, &message)?;
//! assert_eq!((record.type_name.as_str(), record.value), ("Movie", movie));
//! # Ok::<(), hollow::flat::FlatError>(())
//! ```

mod extract;
mod layout;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use extract::extract;
pub use read::{FlatRecord, Limits, read, read_within};
pub use write::{FlatRecordWriter, write};

use crate::record::KeyError;
#[cfg(doc)]
use crate::record::Value;
use crate::schema::{Dataset, FieldPath, Schema, SchemaError};
use std::collections::HashMap;

/// The schemas of flat records, each with the number that stands for it.
#[derive(Clone, Debug)]
pub struct FlatSchemas {
    dataset: Dataset,
    ids: Vec<Option<u32>>,      // by position in the data set
    by_id: HashMap<u32, usize>, // position in the data set
    keys: Vec<Vec<FieldPath>>,  // by position; empty for types without a primary key
}

impl FlatSchemas {
    /// Schemas with these numbers. Types without one cannot occur in flat records.
    ///
    /// # Errors
    /// [`FlatError::Schema`] if a type is not in the data set, a name or number stands twice, or a primary key leads
    /// nowhere.
    pub fn new<'n>(dataset: Dataset, ids: impl IntoIterator<Item = (&'n str, u32)>) -> Result<Self, FlatError> {
        let mut numbers = vec![None; dataset.len()];
        let mut by_id = HashMap::new();
        for (name, id) in ids {
            let position = dataset
                .position(name)
                .ok_or_else(|| SchemaError::UnknownType(name.to_owned()))?;
            if by_id.insert(id, position).is_some() || numbers[position].replace(id).is_some() {
                return Err(FlatError::NumberTwice {
                    name: name.to_owned(),
                    id,
                });
            }
        }
        let mut keys = Vec::with_capacity(dataset.len());
        for schema in dataset.schemas() {
            keys.push(match schema {
                Schema::Object(object) => dataset.primary_key(&object.name)?,
                _ => Vec::new(),
            });
        }
        Ok(Self {
            dataset,
            ids: numbers,
            by_id,
            keys,
        })
    }

    /// Schemas numbered by their order in the data set.
    ///
    /// # Errors
    /// [`FlatError::Schema`] if a primary key leads nowhere.
    pub fn in_order(dataset: Dataset) -> Result<Self, FlatError> {
        let names: Vec<String> = dataset
            .schemas()
            .iter()
            .map(|schema| schema.name().to_owned())
            .collect();
        Self::new(dataset, names.iter().map(String::as_str).zip(0..))
    }

    /// The schemas.
    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// The number of a type.
    pub fn id(&self, type_name: &str) -> Option<u32> {
        self.ids[self.dataset.position(type_name)?]
    }

    /// The type of a number: its position in the data set, and its schema.
    fn by_id(&self, id: u32) -> Option<(usize, &Schema)> {
        let position = *self.by_id.get(&id)?;
        Some((position, &self.dataset.schemas()[position]))
    }

    /// The type of this name: its number, its position, and its schema.
    fn by_name(&self, type_name: &str) -> Result<(u32, usize, &Schema), FlatError> {
        let position = self
            .dataset
            .position(type_name)
            .ok_or_else(|| SchemaError::UnknownType(type_name.to_owned()))?;
        let id = self.ids[position].ok_or_else(|| FlatError::NoNumber(type_name.to_owned()))?;
        Ok((id, position, &self.dataset.schemas()[position]))
    }
}

/// Why there is no flat record, or none can be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FlatError {
    /// A type is not there, or its primary key leads nowhere.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The primary key of a record that was read is null.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A type or a number was given twice.
    #[error("the type has a number already, or the number a type, type={name} number={id}")]
    NumberTwice {
        /// The type.
        name: String,
        /// The number.
        id: u32,
    },
    /// A type that no number stands for.
    #[error("no number was agreed on for this type, type={0}")]
    NoNumber(String),
    /// A record that does not look as its schema says.
    #[error("record does not fit its schema, type={type_name} field={field} expected={expected}")]
    Mismatch {
        /// The type.
        type_name: String,
        /// The field; empty if it is the record itself.
        field: String,
        /// What the schema asks for.
        expected: String,
    },
    /// A record of a state that is not there, or that the schemas here describe in another way.
    #[error("the state has no such record of this schema, type={type_name} ordinal={ordinal}")]
    NoRecord {
        /// The type.
        type_name: String,
        /// Its ordinal.
        ordinal: u32,
    },
    /// A map with two values for one key.
    #[error("a map has two values for one key, type={0}")]
    DuplicateKey(String),
    /// Nothing was added.
    #[error("a flat record has at least one record")]
    Empty,
    /// A part of the top record's primary key is null.
    #[error("a part of the primary key is null, type={type_name} path={path}")]
    NullKey {
        /// The type.
        type_name: String,
        /// The path to that part.
        path: String,
    },
    /// A FLOAT or DOUBLE in the primary key that Java Hollow takes for null: zero or a tiny number with a minus sign.
    #[error("Java Hollow takes this part of the primary key for null, type={type_name} path={path}")]
    UnreadableKey {
        /// The type.
        type_name: String,
        /// The path to that part.
        path: String,
    },
    /// Bytes that are no flat record of these schemas.
    #[error("not a flat record, expected {expected}, offset={offset} found={found}")]
    Malformed {
        /// What was expected.
        expected: &'static str,
        /// Where, counted from the first byte.
        offset: usize,
        /// What is there.
        found: String,
    },
    /// More than the limits allow.
    #[error("{what} beyond the limit, limit={limit}")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// How much is allowed.
        limit: usize,
    },
}
