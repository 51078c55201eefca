//! From an archive to a record.

use super::{
    ArchivedColumns, CompactError, FALSE, LAYOUT, MAGIC, NULL, PRESENT, TRUE, archive_error, too_deep, too_many,
};
use hollow::prepared::{MOST_BYTES, PreparedRecords, Preparer};
use hollow::record::Value;
use hollow::record::json::Limits;
use hollow::schema::{Dataset, FieldType, Schema};
use rkyv::rancor;
use rkyv::util::AlignedVec;

pub(in crate::message) fn decode(
    dataset: &Dataset,
    root: &str,
    schema_hash: i32,
    archive: &[u8],
    limits: &Limits,
) -> Result<Value, CompactError> {
    if MAGIC.len() + archive.len() > limits.bytes {
        return Err(CompactError::Limit {
            what: "long",
            limit: limits.bytes,
        });
    }
    // A message lies at any address; an archive must be aligned.
    let mut aligned = AlignedVec::<16>::with_capacity(archive.len());
    aligned.extend_from_slice(archive);
    let columns = rkyv::access::<ArchivedColumns, rancor::Error>(&aligned).map_err(archive_error)?;
    if columns.layout != LAYOUT {
        return Err(CompactError::Layout {
            found: columns.layout.into(),
        });
    }
    if columns.schema != schema_hash {
        return Err(CompactError::Schema {
            expected: schema_hash,
            found: columns.schema.into(),
        });
    }
    let mut reading = Reading {
        dataset,
        limits,
        depth: 0,
        columns,
        tag: 0,
        length: 0,
        int: 0,
        long: 0,
        text: 0,
        byte: 0,
    };
    let record = reading.record(root)?;
    if record == Value::Null {
        return Err(reading.wrong_shape(root));
    }
    reading.end()?;
    Ok(record)
}

/// Prepares a record; gives its position if it is plain and has this key.
pub(in crate::message) fn prepare(
    preparer: &mut Preparer,
    key: &[u8],
    schema_hash: i32,
    archive: &[u8],
    prepared: &mut PreparedRecords,
) -> Option<usize> {
    if archive.len() > MOST_BYTES {
        return None;
    }
    let mut aligned = AlignedVec::<16>::with_capacity(archive.len());
    aligned.extend_from_slice(archive);
    let columns = rkyv::access::<ArchivedColumns, rancor::Failure>(&aligned).ok()?;
    if columns.layout != LAYOUT || columns.schema != schema_hash {
        return None;
    }
    preparer.columns(key, columns, prepared)
}

/// A walk along the columns; the numbers are positions in them.
struct Reading<'a> {
    dataset: &'a Dataset,
    limits: &'a Limits,
    columns: &'a ArchivedColumns,
    depth: usize,
    tag: usize,
    length: usize,
    int: usize,
    long: usize,
    text: usize,
    byte: usize,
}

impl Reading<'_> {
    fn wrong_shape(&self, expected: &str) -> CompactError {
        CompactError::WrongShape {
            at: self.tag.saturating_sub(1),
            expected: expected.to_owned(),
        }
    }

    fn next_tag(&mut self) -> Result<u8, CompactError> {
        let tag = self.columns.tags.get(self.tag).copied();
        self.tag += 1;
        if self.tag > self.limits.values {
            return Err(too_many(self.limits));
        }
        tag.ok_or(CompactError::Column("tags"))
    }

    fn next_length(&mut self) -> Result<usize, CompactError> {
        let mut length = 0_u64;
        for shift in (0..35).step_by(7) {
            let byte = *self
                .columns
                .lengths
                .get(self.length)
                .ok_or(CompactError::Column("lengths"))?;
            self.length += 1;
            length |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return usize::try_from(length).map_err(|_| CompactError::Column("lengths"));
            }
        }
        Err(CompactError::Column("lengths"))
    }

    fn next_int(&mut self) -> Result<i32, CompactError> {
        let n = self.columns.ints.get(self.int).ok_or(CompactError::Column("ints"))?;
        self.int += 1;
        Ok(n.to_native())
    }

    fn next_long(&mut self) -> Result<i64, CompactError> {
        let n = self.columns.longs.get(self.long).ok_or(CompactError::Column("longs"))?;
        self.long += 1;
        Ok(n.to_native())
    }

    fn record(&mut self, type_name: &str) -> Result<Value, CompactError> {
        match self.next_tag()? {
            NULL => return Ok(Value::Null),
            PRESENT => {}
            _ => return Err(self.wrong_shape(type_name)),
        }
        let schema = self.dataset.get(type_name).ok_or_else(|| self.wrong_shape(type_name))?;
        if self.depth >= self.limits.depth {
            return Err(too_deep(self.limits));
        }
        self.depth += 1;
        let value = match schema {
            Schema::Object(object) => {
                let mut fields = Self::room(object.fields.len());
                for field in &object.fields {
                    fields.push(match field.ty.reference() {
                        Some(type_name) => self.record(type_name)?,
                        None => self.leaf(&field.ty)?,
                    });
                }
                Value::Object(fields)
            }
            Schema::List(list) => Value::List(self.elements(&list.element)?),
            Schema::Set(set) => Value::Set(self.elements(&set.element)?),
            Schema::Map(map) => {
                let length = self.next_length()?;
                let mut entries = Self::room(length);
                for _ in 0..length {
                    entries.push((self.element(&map.key)?, self.element(&map.value)?));
                }
                Value::Map(entries)
            }
        };
        self.depth -= 1;
        Ok(value)
    }

    /// Room for so many values as are announced, unless that is more than a first guess should cost: those that are
    /// announced may not be there, again and again, on every level.
    fn room<T>(announced: usize) -> Vec<T> {
        Vec::with_capacity(announced.min(16))
    }

    fn elements(&mut self, element: &str) -> Result<Vec<Value>, CompactError> {
        let length = self.next_length()?;
        let mut elements = Self::room(length);
        for _ in 0..length {
            elements.push(self.element(element)?);
        }
        Ok(elements)
    }

    /// A record in a collection: never null.
    fn element(&mut self, type_name: &str) -> Result<Value, CompactError> {
        match self.record(type_name)? {
            Value::Null => Err(self.wrong_shape(type_name)),
            value => Ok(value),
        }
    }

    fn leaf(&mut self, ty: &FieldType) -> Result<Value, CompactError> {
        let tag = self.next_tag()?;
        Ok(match (ty, tag) {
            (_, NULL) => Value::Null,
            (FieldType::Boolean, FALSE) => Value::Boolean(false),
            (FieldType::Boolean, TRUE) => Value::Boolean(true),
            (FieldType::Int, PRESENT) => match self.next_int()? {
                i32::MIN => return Err(self.wrong_shape("an int above the one that stands for null")),
                n => Value::Int(n),
            },
            (FieldType::Long, PRESENT) => match self.next_long()? {
                i64::MIN => return Err(self.wrong_shape("a long above the one that stands for null")),
                n => Value::Long(n),
            },
            (FieldType::Float, PRESENT) => Value::Float(f32::from_bits(self.next_int()?.cast_unsigned())),
            (FieldType::Double, PRESENT) => Value::Double(f64::from_bits(self.next_long()?.cast_unsigned())),
            (FieldType::String, PRESENT) => {
                let length = self.next_length()?;
                let text = self.columns.text.get(self.text..self.text.saturating_add(length));
                let text = text.ok_or(CompactError::Column("text"))?;
                self.text += length;
                Value::String(text.to_owned())
            }
            (FieldType::Bytes, PRESENT) => {
                let length = self.next_length()?;
                let bytes = self.columns.bytes.get(self.byte..self.byte.saturating_add(length));
                let bytes = bytes.ok_or(CompactError::Column("bytes"))?;
                self.byte += length;
                Value::Bytes(bytes.to_vec())
            }
            _ => return Err(self.wrong_shape(&ty.to_string())),
        })
    }

    /// Everything must have been used.
    fn end(&self) -> Result<(), CompactError> {
        let columns = self.columns;
        for (name, used, length) in [
            ("tags", self.tag, columns.tags.len()),
            ("lengths", self.length, columns.lengths.len()),
            ("ints", self.int, columns.ints.len()),
            ("longs", self.long, columns.longs.len()),
            ("text", self.text, columns.text.len()),
            ("bytes", self.byte, columns.bytes.len()),
        ] {
            if used != length {
                return Err(CompactError::Column(name));
            }
        }
        Ok(())
    }
}
