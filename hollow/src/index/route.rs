//! Paths through references as positions in a data set, and the values at their ends.

use super::hash::KeyHasher;
use crate::Ordinal;
use crate::memory::text::{self, StoredText};
use crate::read::{ObjectTypeState, ReadState};
use crate::record::KeyValue;
use crate::schema::{Dataset, FieldPath, FieldType, PathError, SchemaError};

/// A field path as positions in the data set: the references to follow, then the field with the value.
#[derive(Clone, Debug)]
pub(super) struct Route {
    /// Type and field of each reference on the way.
    through: Vec<(usize, usize)>,
    /// The type that has the value.
    ty: usize,
    /// The field that holds it.
    field: usize,
    holds: FieldType,
}

impl Route {
    pub(super) fn of(dataset: &Dataset, path: &FieldPath) -> Result<Self, SchemaError> {
        let not_a_value = || PathError::NotTraversable {
            path: path.full_name(),
            through: path.root.clone(),
        };
        if let FieldType::Reference(name) = &path.ty {
            return Err(SchemaError::Path(PathError::NotExpandable {
                path: path.full_name(),
                name: name.clone(),
            }));
        }
        let mut through = Vec::with_capacity(path.steps.len());
        for step in &path.steps {
            through.push((dataset.position(&step.type_name).ok_or_else(not_a_value)?, step.field));
        }
        let (ty, field) = through.pop().ok_or_else(not_a_value)?;
        let holds = path.ty.clone();
        Ok(Self {
            through,
            ty,
            field,
            holds,
        })
    }

    /// The type and field if the value stands in the record itself.
    pub(super) fn direct(&self) -> Option<(usize, usize)> {
        self.through.is_empty().then_some((self.ty, self.field))
    }

    /// What the field at the end holds.
    pub(super) fn holds(&self) -> &FieldType {
        &self.holds
    }

    /// The value of a record; `None` if it or a reference on the way is null or missing.
    pub(super) fn part<'s>(&self, state: &'s ReadState, record: Ordinal) -> Option<Part<'s>> {
        self.part_at(state, self.end(state, record)?)
    }

    /// The record at the end of the route, which holds the value.
    pub(super) fn end(&self, state: &ReadState, record: Ordinal) -> Option<Ordinal> {
        let mut record = record;
        for &(ty, field) in &self.through {
            record = object(state, ty)?.reference(record, field)?;
        }
        Some(record)
    }

    /// The value of a record at the end of the route.
    pub(super) fn part_at<'s>(&self, state: &'s ReadState, end: Ordinal) -> Option<Part<'s>> {
        Part::read(object(state, self.ty)?, &self.holds, end, self.field)
    }
}

/// The object type at this position.
#[inline]
pub(super) fn object(state: &ReadState, ty: usize) -> Option<&ObjectTypeState> {
    state.types().as_slice().get(ty)?.as_object()
}

/// A value in a state. Equal parts are equal values; all NaNs of a blob are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'s> {
    Int(i32),
    Long(i64),
    Boolean(bool),
    Float(u32),
    Double(u64),
    Text(StoredText<'s>),
    Bytes(&'s [u8]),
}

impl<'s> Part<'s> {
    #[inline]
    pub(super) fn read(ty: &'s ObjectTypeState, holds: &FieldType, record: Ordinal, field: usize) -> Option<Self> {
        match holds {
            FieldType::Int => ty.int(record, field).map(Part::Int),
            FieldType::Long => ty.long(record, field).map(Part::Long),
            FieldType::Boolean => ty.boolean(record, field).map(Part::Boolean),
            FieldType::Float => ty.float(record, field).map(|v| Part::Float(v.to_bits())),
            FieldType::Double => ty.double(record, field).map(|v| Part::Double(v.to_bits())),
            FieldType::String => ty.text(record, field).map(Part::Text),
            FieldType::Bytes => ty.bytes(record, field).map(Part::Bytes),
            FieldType::Reference(_) => None,
        }
    }

    /// The part for an ASCII text or any other value.
    fn of(value: &'s KeyValue) -> Self {
        match value {
            KeyValue::Int(n) => Part::Int(*n),
            KeyValue::Long(n) => Part::Long(*n),
            KeyValue::Boolean(b) => Part::Boolean(*b),
            KeyValue::Float(n) => Part::Float(n.to_bits()),
            KeyValue::Double(n) => Part::Double(n.to_bits()),
            KeyValue::Text(text) => Part::Text(StoredText::new(text.as_bytes())),
            KeyValue::Bytes(bytes) => Part::Bytes(bytes),
        }
    }

    /// Whether this is the value.
    pub(super) fn is(self, value: &KeyValue) -> bool {
        match (self, value) {
            (Part::Text(text), KeyValue::Text(other)) => text.is(other),
            (_, KeyValue::Text(_)) => false,
            _ => self == Part::of(value),
        }
    }

    #[inline]
    pub(super) fn hash(self, hasher: &mut KeyHasher<'_>) {
        match self {
            Part::Int(n) => hasher.word(u64::from(n.cast_unsigned())),
            Part::Long(n) => hasher.word(n.cast_unsigned()),
            Part::Boolean(b) => hasher.word(u64::from(b)),
            Part::Float(bits) => hasher.word(u64::from(bits)),
            Part::Double(bits) => hasher.word(bits),
            Part::Text(text) => hasher.bytes(text.bytes()),
            Part::Bytes(bytes) => hasher.bytes(bytes),
        }
    }
}

/// Mixes in a value as [`Part::hash`] does if it stands in a state. Allocates for text beyond ASCII only.
#[inline]
pub(super) fn hash_value(value: &KeyValue, hasher: &mut KeyHasher<'_>) {
    match value {
        KeyValue::Text(text) => hash_text(text, hasher),
        value => Part::of(value).hash(hasher),
    }
}

/// As [`hash_value`], for text.
#[inline]
pub(super) fn hash_text(text: &str, hasher: &mut KeyHasher<'_>) {
    if text.is_ascii() {
        hasher.bytes(text.as_bytes());
    } else {
        hasher.bytes(&text::encode(text));
    }
}
