//! What records of a type look like: the four kinds of schema, their text form, and collections of schemas.
//!
//! A [`Schema`] describes one type. A [`Dataset`] is all the types of a data set, in the producer's order; it resolves
//! field paths and knows the order of dependency. The binary form belongs to `blob`.

pub(crate) mod dataset;
mod parser;
mod path;
mod print;
#[cfg(test)]
mod tests;

pub use dataset::Dataset;
pub use parser::parse;
pub use path::{FieldPath, PathError, Step};

use std::collections::HashMap;

/// What the schemas of a text or a collection have wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// The text is not a list of schemas.
    #[error("line {line}: expected {expected}, found {found}")]
    Syntax {
        /// Line of the text, from 1.
        line: usize,
        /// What could stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// The same name twice where names must differ.
    #[error("{what} is declared twice, name={name}")]
    Duplicate {
        /// "type" or "field".
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A type that is named but not there.
    #[error("no such type, type={0}")]
    UnknownType(String),
    /// A type of another kind than needed.
    #[error("type={name} is {found}, expected {expected}")]
    WrongKind {
        /// The type.
        name: String,
        /// The kind needed.
        expected: Kind,
        /// The kind it is.
        found: Kind,
    },
    /// A field path that leads nowhere.
    #[error(transparent)]
    Path(#[from] PathError),
}

/// The four kinds of types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Records with named fields.
    Object,
    /// Ordered references.
    List,
    /// Distinct references, in hash buckets.
    Set,
    /// References by reference, in hash buckets.
    Map,
}

/// The schema of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Records with named fields.
    Object(ObjectSchema),
    /// Ordered references.
    List(ListSchema),
    /// Distinct references.
    Set(SetSchema),
    /// References by reference.
    Map(MapSchema),
}

impl Schema {
    /// The type's name.
    pub fn name(&self) -> &str {
        match self {
            Schema::Object(s) => &s.name,
            Schema::List(s) => &s.name,
            Schema::Set(s) => &s.name,
            Schema::Map(s) => &s.name,
        }
    }

    /// The type's kind.
    pub fn kind(&self) -> Kind {
        match self {
            Schema::Object(_) => Kind::Object,
            Schema::List(_) => Kind::List,
            Schema::Set(_) => Kind::Set,
            Schema::Map(_) => Kind::Map,
        }
    }

    /// The object schema, if it is one.
    pub fn as_object(&self) -> Option<&ObjectSchema> {
        if let Schema::Object(schema) = self {
            Some(schema)
        } else {
            None
        }
    }

    /// The names of the types this one refers to, in order of appearance, repeated as often as they appear.
    pub fn references(&self) -> Vec<&str> {
        match self {
            Schema::Object(s) => s.fields.iter().filter_map(|f| f.ty.reference()).collect(),
            Schema::List(s) => vec![&s.element],
            Schema::Set(s) => vec![&s.element],
            Schema::Map(s) => vec![&s.key, &s.value],
        }
    }
}

/// An object type: its fields in order, and perhaps a primary key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectSchema {
    /// The type's name.
    pub name: String,
    /// The fields, in the order in which blobs store them.
    pub fields: Vec<Field>,
    /// The fields that identify a record, if declared.
    pub primary_key: Option<PrimaryKey>,
}

impl ObjectSchema {
    /// The position of the field with this name.
    pub fn position(&self, field: &str) -> Option<usize> {
        self.fields.iter().position(|f| f.name == field)
    }

    /// The positions of all fields by name, for looking up many: a type can have 32,767 of them.
    pub(crate) fn positions(&self) -> HashMap<&str, usize> {
        let fields = self.fields.iter().enumerate();
        fields.map(|(at, field)| (field.name.as_str(), at)).collect()
    }

    /// The only field, if there is exactly one and it is not a reference: such a type merely names a value.
    pub fn wrapped_field(&self) -> Option<&Field> {
        match self.fields.as_slice() {
            [field] if field.ty.reference().is_none() => Some(field),
            _ => None,
        }
    }
}

/// A field of an object type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The field's name, unique in its type.
    pub name: String,
    /// What it holds.
    pub ty: FieldType,
}

/// What a field holds. Every type has null besides its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// 32-bit signed; the smallest value is null.
    Int,
    /// 64-bit signed; the smallest value is null.
    Long,
    /// True or false.
    Boolean,
    /// 32-bit floating point.
    Float,
    /// 64-bit floating point.
    Double,
    /// UTF-16 text.
    String,
    /// Raw bytes.
    Bytes,
    /// The ordinal of a record of the type named.
    Reference(String),
}

impl FieldType {
    /// The name of the type referred to.
    pub fn reference(&self) -> Option<&str> {
        if let FieldType::Reference(name) = self {
            Some(name)
        } else {
            None
        }
    }

    /// Whether values are stored as bytes of varying number.
    pub fn is_variable_length(&self) -> bool {
        matches!(self, FieldType::String | FieldType::Bytes)
    }
}

/// A list type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListSchema {
    /// The type's name.
    pub name: String,
    /// The type of the elements.
    pub element: String,
}

/// A set type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetSchema {
    /// The type's name.
    pub name: String,
    /// The type of the elements.
    pub element: String,
    /// The fields of an element that place it in its bucket, if declared.
    pub hash_key: Option<HashKey>,
}

/// A map type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapSchema {
    /// The type's name.
    pub name: String,
    /// The type of the keys.
    pub key: String,
    /// The type of the values.
    pub value: String,
    /// The fields of a key that place its entry in its bucket, if declared.
    pub hash_key: Option<HashKey>,
}

/// The field paths that identify a record of an object type. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrimaryKey(Vec<String>);

/// The field paths of an element (a map: of a key) that decide its bucket. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashKey(Vec<String>);

macro_rules! key {
    ($name:ident) => {
        impl $name {
            /// A key over these paths; `None` if there are none.
            pub fn new<S: Into<String>>(paths: impl IntoIterator<Item = S>) -> Option<Self> {
                let paths: Vec<String> = paths.into_iter().map(Into::into).collect();
                (!paths.is_empty()).then_some(Self(paths))
            }

            /// The paths as written.
            pub fn paths(&self) -> &[String] {
                &self.0
            }
        }
    };
}
key!(PrimaryKey);
key!(HashKey);
