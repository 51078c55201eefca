//! What can go wrong between Rust types and records.

use crate::schema::{Kind, SchemaError};
use crate::write::WriteError;

/// A model that contradicts itself, or does not fit the schemas of a state or a write engine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Two Rust types, or two uses of one, claim the same type name with different content.
    #[error(
        "two definitions of one type, type={type_name} first={first} second={second}; \
         name one of them otherwise with #[hollow(type_name = \"...\")] on the field or #[hollow(rename = \"...\")] on the type"
    )]
    Conflict {
        /// The name.
        type_name: String,
        /// The Rust type that had it first.
        first: &'static str,
        /// The Rust type that wants it too.
        second: &'static str,
    },
    /// The schemas of the model do not go together.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The state or engine does not have a type of the model.
    #[error("the data has no type={type_name}, needed by {needed_by}")]
    MissingType {
        /// The type.
        type_name: String,
        /// The root, or the field that refers to it.
        needed_by: String,
    },
    /// The state or engine does not have a field of the model.
    #[error(
        "the data has no such field, type={type_name} field={field}; to read such data make the field an Option or add \
         #[hollow(default)]"
    )]
    MissingField {
        /// The type.
        type_name: String,
        /// The field.
        field: String,
    },
    /// A type of another kind than in the model.
    #[error("type={type_name} is of another kind, expected={expected} found={found}")]
    WrongKind {
        /// The type.
        type_name: String,
        /// The kind in the model.
        expected: Kind,
        /// The kind in the data.
        found: Kind,
    },
    /// A field, or the elements of a collection, of another type than in the model.
    #[error("another type than in the model, type={type_name} field={field} expected={expected} found={found}")]
    WrongType {
        /// The type.
        type_name: String,
        /// The field; `element`, `key` or `value` of a collection.
        field: String,
        /// What the model has.
        expected: String,
        /// What the data has.
        found: String,
    },
    /// A primary key or hash key other than in the model, where records are written.
    #[error("another key than in the model, type={type_name} expected=[{expected}] found=[{found}]")]
    WrongKey {
        /// The type.
        type_name: String,
        /// The key of the model.
        expected: String,
        /// The key of the engine.
        found: String,
    },
    /// A table was asked for of a type that is not part of the model.
    #[error("the model does not have this type, make it a root, type={0}")]
    NotInModel(&'static str),
}

/// Why a typed record was not added.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddError {
    /// The model does not fit the engine.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The record could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Why a record does not become an owned Rust value. Accessors never fail: they read what is there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Null, in a field that the model says always has a value.
    #[error(
        "null where the model has a value, type={type_name} field={field}; make it an Option or add #[hollow(default)]"
    )]
    Null {
        /// The type.
        type_name: String,
        /// The field; `element`, `key` or `value` of a collection.
        field: String,
    },
    /// There is no such record: removed meanwhile, or the stand-in for a null, or the data refers to nowhere.
    #[error("no such record, type={0}")]
    Absent(String),
    /// A number outside the range of its Rust type.
    #[error("number out of range, type={type_name} field={field} expected={expected} found={found}")]
    OutOfRange {
        /// The type.
        type_name: String,
        /// The field.
        field: String,
        /// The Rust type.
        expected: &'static str,
        /// The number.
        found: i64,
    },
    /// A name that no variant of the enum has.
    #[error(transparent)]
    UnknownName(#[from] UnknownName),
    /// Records nested deeper than [`MAX_DEPTH`](crate::read::MAX_DEPTH), as only data that goes round in circles is.
    #[error("records are nested too deep to be taken as one value")]
    TooDeep,
    /// More than [`MAX_VALUES`](crate::read::MAX_VALUES) values in one record: records that share children can stand for
    /// exponentially large trees.
    #[error("the record is too large to be taken as one value")]
    TooLarge,
}

/// A name read from data that no variant of the Rust enum has, such as one added by a newer producer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no variant of this name, enum={type_name} name={}", name.as_deref().unwrap_or("null"))]
pub struct UnknownName {
    /// The Rust enum.
    pub type_name: &'static str,
    /// The name found; `None` is null.
    pub name: Option<String>,
}
