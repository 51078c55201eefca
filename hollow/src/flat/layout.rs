//! What stands where in the records of a flat record.

use super::{FlatError, FlatSchemas};
use crate::memory::text::StoredText;
use crate::memory::var_int::{Decoded, read_u32, read_u64};
use crate::memory::zigzag;
use crate::record::Value;
use crate::schema::{FieldType, Schema};
use crate::write::record_form::{NULL_DOUBLE, NULL_FLOAT};

/// Bytes with a place in the whole, for messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bytes<'b> {
    whole: &'b [u8],
    at: usize,
    end: usize,
}

impl<'b> Bytes<'b> {
    pub(super) fn new(whole: &'b [u8]) -> Self {
        let end = whole.len();
        Self { whole, at: 0, end }
    }

    /// The same bytes from another place on.
    pub(super) fn from(self, at: usize) -> Self {
        Self { at, ..self }
    }

    /// The same bytes up to a place, which must lie within them.
    pub(super) fn up_to(self, end: usize) -> Self {
        Self { end, ..self }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn is_empty(&self) -> bool {
        self.at >= self.end
    }

    pub(super) fn remaining(&self) -> usize {
        self.end.saturating_sub(self.at)
    }

    fn rest(&self) -> &'b [u8] {
        self.whole.get(self.at..self.end).unwrap_or_default()
    }

    pub(super) fn malformed(&self, expected: &'static str, found: impl ToString) -> FlatError {
        FlatError::Malformed {
            expected,
            offset: self.at,
            found: found.to_string(),
        }
    }

    fn take(&mut self, count: usize, expected: &'static str) -> Result<&'b [u8], FlatError> {
        let Some(taken) = self.rest().get(..count) else {
            return Err(self.malformed(expected, format!("{} bytes left", self.remaining())));
        };
        self.at += count;
        Ok(taken)
    }

    fn decoded(&mut self, decoded: Decoded, expected: &'static str) -> Result<Option<u64>, FlatError> {
        match decoded {
            Decoded::Value(value, length) => {
                self.at += length;
                Ok(Some(value))
            }
            Decoded::Null => {
                self.at += 1;
                Ok(None)
            }
            Decoded::Truncated => Err(self.malformed(expected, "the end")),
            Decoded::TooLong => Err(self.malformed(expected, "a number that is too long")),
        }
    }

    fn nullable_u32(&mut self, expected: &'static str) -> Result<Option<u32>, FlatError> {
        let value = self.decoded(read_u32(self.rest()), expected)?;
        Ok(value.map(|value| value as u32)) // at most 32 bits were read
    }

    pub(super) fn u32(&mut self, expected: &'static str) -> Result<u32, FlatError> {
        let before = *self;
        let value = self.nullable_u32(expected)?;
        value.ok_or_else(|| before.malformed(expected, "null"))
    }

    fn array<const N: usize>(&mut self, expected: &'static str) -> Result<[u8; N], FlatError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N, expected)?);
        Ok(array)
    }
}

/// One value in the body of a record.
#[derive(Debug)]
pub(super) enum Part<'b> {
    Null,
    Int(i32),
    Long(i64),
    Boolean(bool),
    Float(f32),
    Double(f64),
    Text(StoredText<'b>),
    Bytes(&'b [u8]),
    /// The record with this flat ordinal.
    Record(u32),
}

impl Part<'_> {
    /// The value, if it is not another record.
    pub(super) fn value(&self) -> Value {
        match self {
            Part::Null | Part::Record(_) => Value::Null,
            Part::Int(v) => Value::Int(*v),
            Part::Long(v) => Value::Long(*v),
            Part::Boolean(v) => Value::Boolean(*v),
            Part::Float(v) => Value::Float(*v),
            Part::Double(v) => Value::Double(*v),
            Part::Text(v) => Value::String(v.to_str().into_owned()),
            Part::Bytes(v) => Value::Bytes(v.to_vec()),
        }
    }
}

/// Takes a field off the front.
pub(super) fn field<'b>(bytes: &mut Bytes<'b>, ty: &FieldType) -> Result<Part<'b>, FlatError> {
    Ok(match ty {
        FieldType::Int => match bytes.nullable_u32("an INT")?.map(zigzag::decode32) {
            None | Some(i32::MIN) => Part::Null,
            Some(value) => Part::Int(value),
        },
        FieldType::Long => {
            let value = bytes.decoded(read_u64(bytes.rest()), "a LONG")?;
            match value.map(zigzag::decode64) {
                None | Some(i64::MIN) => Part::Null,
                Some(value) => Part::Long(value),
            }
        }
        FieldType::Boolean => {
            let before = *bytes;
            match bytes.array::<1>("a BOOLEAN")? {
                [0] => Part::Boolean(false),
                [1] => Part::Boolean(true),
                [0x80] => Part::Null,
                [other] => return Err(before.malformed("0 or 1 for a BOOLEAN", other)),
            }
        }
        FieldType::Float => match u32::from_be_bytes(bytes.array("a FLOAT")?) {
            NULL_FLOAT => Part::Null,
            bits => Part::Float(f32::from_bits(bits)),
        },
        FieldType::Double => match u64::from_be_bytes(bytes.array("a DOUBLE")?) {
            NULL_DOUBLE => Part::Null,
            bits => Part::Double(f64::from_bits(bits)),
        },
        FieldType::String => match bytes.nullable_u32("the length of a STRING")? {
            None => Part::Null,
            Some(length) => Part::Text(StoredText::new(bytes.take(length as usize, "a STRING")?)),
        },
        FieldType::Bytes => match bytes.nullable_u32("the length of BYTES")? {
            None => Part::Null,
            Some(length) => Part::Bytes(bytes.take(length as usize, "BYTES")?),
        },
        FieldType::Reference(_) => match bytes.nullable_u32("a flat ordinal")? {
            None => Part::Null,
            Some(flat) => Part::Record(flat),
        },
    })
}

/// Takes the body of a record off the front, and shows its values in order, each with the type it refers to: the fields of
/// an object, the elements of a list or set, keys and values of a map by turns.
pub(super) fn body<'b>(
    bytes: &mut Bytes<'b>,
    schema: &Schema,
    mut each: impl FnMut(Part<'b>, Option<&str>, &Bytes<'b>) -> Result<(), FlatError>,
) -> Result<(), FlatError> {
    match schema {
        Schema::Object(schema) => {
            for wanted in &schema.fields {
                let before = *bytes;
                each(field(bytes, &wanted.ty)?, wanted.ty.reference(), &before)?;
            }
        }
        Schema::List(schema) => {
            for _ in 0..size(bytes)? {
                let before = *bytes;
                let flat = bytes.u32("a flat ordinal")?;
                each(Part::Record(flat), Some(&schema.element), &before)?;
            }
        }
        Schema::Set(schema) => {
            let mut element = 0;
            for _ in 0..size(bytes)? {
                let before = *bytes;
                element = next_ordinal(bytes, element)?;
                each(Part::Record(element), Some(&schema.element), &before)?;
            }
        }
        Schema::Map(schema) => {
            let mut key = 0;
            for _ in 0..size(bytes)? {
                let before = *bytes;
                key = next_ordinal(bytes, key)?;
                each(Part::Record(key), Some(&schema.key), &before)?;
                let before = *bytes;
                let value = bytes.u32("a flat ordinal")?;
                each(Part::Record(value), Some(&schema.value), &before)?;
            }
        }
    }
    Ok(())
}

/// The size of a collection, of which every element takes a byte at least.
fn size(bytes: &mut Bytes<'_>) -> Result<u32, FlatError> {
    let before = *bytes;
    let size = bytes.u32("the size of a collection")?;
    if size as usize > bytes.remaining() {
        return Err(before.malformed("a collection that fits into what is left", size));
    }
    Ok(size)
}

fn next_ordinal(bytes: &mut Bytes<'_>, previous: u32) -> Result<u32, FlatError> {
    let before = *bytes;
    let gap = bytes.u32("a flat ordinal")?;
    let next = previous.checked_add(gap);
    next.ok_or_else(|| before.malformed("a flat ordinal", format!("{previous} + {gap}")))
}

/// The records of a flat record, all of them well formed.
#[derive(Debug)]
pub(super) struct Records<'b> {
    /// The whole, of which the data section is a part.
    pub(super) bytes: Bytes<'b>,
    /// Where the data section begins.
    pub(super) data: usize,
    /// Where each record begins, from the start of the whole; at most 4 GiB.
    pub(super) starts: Vec<u32>,
}

impl<'b> Records<'b> {
    /// The type of a record, and its body.
    pub(super) fn record<'s>(
        &self,
        schemas: &'s FlatSchemas,
        flat: u32,
    ) -> Result<(usize, &'s Schema, Bytes<'b>), FlatError> {
        let start = self.starts.get(flat as usize);
        let start = start.ok_or_else(|| self.bytes.malformed("a flat ordinal of a record before", flat))?;
        let mut bytes = self.bytes.from(*start as usize);
        let before = bytes;
        let id = bytes.u32("the number of a type")?;
        let (position, schema) = schemas
            .by_id(id)
            .ok_or_else(|| before.malformed("the number of a type", id))?;
        Ok((position, schema, bytes))
    }

    /// Where the parts of the top record's primary key are, from the start of the data section, each with whether it is
    /// null; none if it has no key. A null reference on the way gives `None`.
    pub(super) fn key_locations(&self, schemas: &FlatSchemas) -> Result<Vec<Option<Location>>, FlatError> {
        let top = self.starts.len().saturating_sub(1) as u32;
        let (position, ..) = self.record(schemas, top)?;
        let paths = &schemas.keys[position];
        paths.iter().map(|path| self.locate(schemas, top, path)).collect()
    }

    fn locate(
        &self,
        schemas: &FlatSchemas,
        top: u32,
        path: &crate::schema::FieldPath,
    ) -> Result<Option<Location>, FlatError> {
        let mut flat = top;
        for (index, step) in path.steps.iter().enumerate() {
            let (_, schema, mut bytes) = self.record(schemas, flat)?;
            let fields = schema.as_object().map_or(&[][..], |object| &object.fields);
            for before in fields.iter().take(step.field) {
                field(&mut bytes, &before.ty)?;
            }
            let Some(wanted) = fields.get(step.field) else {
                return Ok(None);
            };
            let at = bytes;
            match field(&mut bytes, &wanted.ty)? {
                Part::Record(next) if index + 1 < path.steps.len() => flat = next,
                part if index + 1 == path.steps.len() => {
                    return Ok(Some(Location {
                        offset: at.at() - self.data,
                        is_null: matches!(part, Part::Null),
                        first_byte: at.rest().first().copied().unwrap_or(0),
                    }));
                }
                _ => return Ok(None),
            }
        }
        Ok(None)
    }
}

/// Where a part of a primary key is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Location {
    /// From the start of the data section.
    pub(super) offset: usize,
    pub(super) is_null: bool,
    pub(super) first_byte: u8,
}
