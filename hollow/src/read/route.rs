//! Paths through references as positions in a data set, and the values at their ends.

use super::{ObjectTypeState, ReadState};
use crate::Ordinal;
use crate::memory::text::StoredText;
use crate::record::KeyValue;
use crate::schema::{Dataset, FieldPath, FieldType, PathError, SchemaError};

/// A field path as positions in the data set: the references to follow, then the field with the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// Type and field of each reference on the way.
    through: Vec<(usize, usize)>,
    /// The type that has the value.
    ty: usize,
    /// The field that holds it.
    field: usize,
    holds: FieldType,
}

impl Route {
    /// The routes of these paths from a type.
    pub(crate) fn all<'p>(
        dataset: &Dataset,
        from: &str,
        paths: impl IntoIterator<Item = &'p str>,
    ) -> Result<Vec<Self>, SchemaError> {
        let paths = paths.into_iter();
        paths
            .map(|path| Self::of(dataset, &dataset.resolve(from, path)?))
            .collect()
    }

    pub(crate) fn of(dataset: &Dataset, path: &FieldPath) -> Result<Self, SchemaError> {
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
    pub(crate) fn direct(&self) -> Option<(usize, usize)> {
        self.through.is_empty().then_some((self.ty, self.field))
    }

    /// What the field at the end holds.
    pub(crate) fn holds(&self) -> &FieldType {
        &self.holds
    }

    /// The value of a record; `None` if it or a reference on the way is null or missing.
    pub(crate) fn part<'s>(&self, state: &'s ReadState, record: Ordinal) -> Option<Part<'s>> {
        self.part_at(state, self.end(state, record)?)
    }

    /// Whether this is the value of a record.
    pub(crate) fn leads_to(&self, state: &ReadState, record: Ordinal, value: &KeyValue) -> bool {
        self.part(state, record).is_some_and(|part| part.is(value))
    }

    /// The record at the end of the route, which holds the value.
    pub(crate) fn end(&self, state: &ReadState, record: Ordinal) -> Option<Ordinal> {
        let mut record = record;
        for &(ty, field) in &self.through {
            record = object(state, ty)?.reference(record, field)?;
        }
        Some(record)
    }

    /// The value of a record at the end of the route.
    pub(crate) fn part_at<'s>(&self, state: &'s ReadState, end: Ordinal) -> Option<Part<'s>> {
        Part::read(object(state, self.ty)?, &self.holds, end, self.field)
    }
}

/// The object type at this position.
#[inline]
pub(crate) fn object(state: &ReadState, ty: usize) -> Option<&ObjectTypeState> {
    state.types().as_slice().get(ty)?.as_object()
}

/// A value in a state. Equal parts are equal values: floating point numbers go by their bits, and all NaNs are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part<'s> {
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
    pub(crate) fn read(ty: &'s ObjectTypeState, holds: &FieldType, record: Ordinal, field: usize) -> Option<Self> {
        match holds {
            FieldType::Int => ty.int(record, field).map(Part::Int),
            FieldType::Long => ty.long(record, field).map(Part::Long),
            FieldType::Boolean => ty.boolean(record, field).map(Part::Boolean),
            FieldType::Float => ty.float(record, field).map(|n| Part::Float(float_bits(n))),
            FieldType::Double => ty.double(record, field).map(|n| Part::Double(double_bits(n))),
            FieldType::String => ty.text(record, field).map(Part::Text),
            FieldType::Bytes => ty.bytes(record, field).map(Part::Bytes),
            FieldType::Reference(_) => None,
        }
    }

    /// The part for an ASCII text or any other value.
    pub(crate) fn of(value: &'s KeyValue) -> Self {
        match value {
            KeyValue::Int(n) => Part::Int(*n),
            KeyValue::Long(n) => Part::Long(*n),
            KeyValue::Boolean(b) => Part::Boolean(*b),
            KeyValue::Float(n) => Part::Float(float_bits(*n)),
            KeyValue::Double(n) => Part::Double(double_bits(*n)),
            KeyValue::Text(text) => Part::Text(StoredText::new(text.as_bytes())),
            KeyValue::Bytes(bytes) => Part::Bytes(bytes),
        }
    }

    /// Whether this is the value.
    pub(crate) fn is(self, value: &KeyValue) -> bool {
        match (self, value) {
            (Part::Text(text), KeyValue::Text(other)) => text.is(other),
            (_, KeyValue::Text(_)) => false,
            _ => self == Part::of(value),
        }
    }
}

fn float_bits(n: f32) -> u32 {
    if n.is_nan() { f32::NAN.to_bits() } else { n.to_bits() }
}

fn double_bits(n: f64) -> u64 {
    if n.is_nan() { f64::NAN.to_bits() } else { n.to_bits() }
}
