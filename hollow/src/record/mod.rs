//! Records as plain values, by schema: what messages carry and what goes into a write state.
//!
//! A [`Value`] is a whole record with everything it refers to, as a tree. It belongs to no state. [`json`] is its readable
//! form; [`key`] takes its primary key out of it.

pub mod json;
pub mod key;
pub(crate) mod key_bytes;

pub use key::{KeyError, KeyPaths, key_json, key_of, parse_key};

/// A record or a part of one, independent of any state.
///
/// Which variant stands where is decided by the schema: fields of an object are in the order of its schema, one value
/// each; a reference holds the record referred to.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// An INT field.
    Int(i32),
    /// A LONG field.
    Long(i64),
    /// A BOOLEAN field.
    Boolean(bool),
    /// A FLOAT field.
    Float(f32),
    /// A DOUBLE field.
    Double(f64),
    /// A STRING field.
    String(String),
    /// A BYTES field.
    Bytes(Vec<u8>),
    /// A record of an object type: a value for each field, in schema order.
    Object(Vec<Value>),
    /// A record of a list type: its elements.
    List(Vec<Value>),
    /// A record of a set type: its elements, in any order.
    Set(Vec<Value>),
    /// A record of a map type: its entries, in any order.
    Map(Vec<(Value, Value)>),
}

/// One part of a primary key or hash key: the value at the end of a field path. Never null.
#[derive(Clone, Debug, PartialEq)]
pub enum KeyValue {
    /// An INT field.
    Int(i32),
    /// A LONG field.
    Long(i64),
    /// A BOOLEAN field.
    Boolean(bool),
    /// A FLOAT field.
    Float(f32),
    /// A DOUBLE field.
    Double(f64),
    /// A STRING field.
    Text(String),
    /// A BYTES field.
    Bytes(Vec<u8>),
}
