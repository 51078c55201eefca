//! Records of object types whose references are ordinals already.

use crate::Ordinal;

/// The value of one field of an [`ObjectRecord`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FieldValue<'a> {
    /// No value. Fits every field.
    Null,
    /// For an INT field. The smallest value is null.
    Int(i32),
    /// For a LONG field. The smallest value is null.
    Long(i64),
    /// For a BOOLEAN field.
    Boolean(bool),
    /// For a FLOAT field. Every NaN is stored as the same one.
    Float(f32),
    /// For a DOUBLE field. Every NaN is stored as the same one.
    Double(f64),
    /// For a STRING field.
    Text(&'a str),
    /// For a STRING field: text in its stored form, one variable-length integer per UTF-16 unit. Also takes text that
    /// is no Rust string because of unpaired surrogates.
    StoredText(&'a [u8]),
    /// For a BYTES field.
    Bytes(&'a [u8]),
    /// For a REFERENCE field: a record of the type referred to, which must have been added before.
    Reference(Ordinal),
}

/// A record of an object type: a value for each field, in schema order. Fields left out at the end are null.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObjectRecord<'a> {
    pub(super) fields: Vec<FieldValue<'a>>,
}

impl<'a> ObjectRecord<'a> {
    /// A record of these values.
    pub fn new(fields: Vec<FieldValue<'a>>) -> Self {
        Self { fields }
    }

    /// The values.
    pub fn fields(&self) -> &[FieldValue<'a>] {
        &self.fields
    }
}

impl<'a> FromIterator<FieldValue<'a>> for ObjectRecord<'a> {
    fn from_iter<I: IntoIterator<Item = FieldValue<'a>>>(fields: I) -> Self {
        Self::new(fields.into_iter().collect())
    }
}
