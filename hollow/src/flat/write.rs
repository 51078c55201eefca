//! From values and single records to bytes.

use super::layout::{Bytes, Records};
use super::{FlatError, FlatSchemas};
use crate::Ordinal;
use crate::memory::var_int::write_u32;
use crate::record::Value;
use crate::schema::{FieldType, Schema};
use crate::write::FieldValue;
use crate::write::record_form::{self, FieldKind};
use std::collections::HashMap;

/// How deep the records of one [`write()`] may be nested.
pub(super) const MAX_DEPTH: usize = 64;

/// Puts records together, one after the other; the last one is the top.
#[derive(Clone, Debug)]
pub struct FlatRecordWriter<'s> {
    schemas: &'s FlatSchemas,
    data: Vec<u8>,
    starts: Vec<u32>,
    types: Vec<u32>,              // position in the data set, by flat ordinal
    known: HashMap<Vec<u8>, u32>, // number and body to flat ordinal
}

impl<'s> FlatRecordWriter<'s> {
    /// Without a record yet.
    pub fn new(schemas: &'s FlatSchemas) -> Self {
        Self {
            schemas,
            data: Vec::new(),
            starts: Vec::new(),
            types: Vec::new(),
            known: HashMap::new(),
        }
    }

    /// Adds a record of an object type and gives its flat ordinal; one that is there already keeps the one it has. Fields
    /// left out at the end are null. References are flat ordinals.
    ///
    /// # Errors
    /// [`FlatError::Mismatch`] if a value does not fit its field, or a reference leads to no record of its type;
    /// [`FlatError::NoNumber`] and [`FlatError::Schema`] for a type that cannot occur.
    pub fn add_object(&mut self, type_name: &str, fields: &[FieldValue<'_>]) -> Result<Ordinal, FlatError> {
        self.add(type_name, |writer, schema, out| {
            let Schema::Object(schema) = schema else {
                return Err(mismatch(type_name, "", schema.kind()));
            };
            if fields.len() > schema.fields.len() {
                return Err(mismatch(type_name, "", format!("{} fields", schema.fields.len())));
            }
            let values = fields.iter().copied().chain(std::iter::repeat(FieldValue::Null));
            for (field, value) in schema.fields.iter().zip(values) {
                if let (FieldValue::Reference(flat), Some(target)) = (value, field.ty.reference()) {
                    writer.check_reference(type_name, &field.name, target, flat)?;
                }
                if !record_form::push_field(out, kind_of(&field.ty), value) {
                    return Err(mismatch(type_name, &field.name, &field.ty));
                }
            }
            Ok(())
        })
    }

    /// Adds a list of records by their flat ordinals.
    ///
    /// # Errors
    /// As [`FlatRecordWriter::add_object`].
    pub fn add_list(&mut self, type_name: &str, elements: &[Ordinal]) -> Result<Ordinal, FlatError> {
        self.add(type_name, |writer, schema, out| {
            let Schema::List(schema) = schema else {
                return Err(mismatch(type_name, "", schema.kind()));
            };
            for &element in elements {
                writer.check_reference(type_name, "element", &schema.element, element)?;
            }
            record_form::push_list(out, elements);
            Ok(())
        })
    }

    /// Adds a set of records by their flat ordinals.
    ///
    /// # Errors
    /// As [`FlatRecordWriter::add_object`].
    pub fn add_set(&mut self, type_name: &str, elements: &[Ordinal]) -> Result<Ordinal, FlatError> {
        self.add(type_name, |writer, schema, out| {
            let Schema::Set(schema) = schema else {
                return Err(mismatch(type_name, "", schema.kind()));
            };
            let mut elements = elements.to_vec();
            elements.sort_unstable();
            write_u32(out, elements.len() as u32);
            let mut previous = 0;
            for element in elements {
                writer.check_reference(type_name, "element", &schema.element, element)?;
                write_u32(out, element.get() - previous);
                previous = element.get();
            }
            Ok(())
        })
    }

    /// Adds a map of keys and values by their flat ordinals.
    ///
    /// # Errors
    /// As [`FlatRecordWriter::add_object`].
    pub fn add_map(&mut self, type_name: &str, entries: &[(Ordinal, Ordinal)]) -> Result<Ordinal, FlatError> {
        self.add(type_name, |writer, schema, out| {
            let Schema::Map(schema) = schema else {
                return Err(mismatch(type_name, "", schema.kind()));
            };
            let mut entries = entries.to_vec();
            entries.sort_unstable();
            write_u32(out, entries.len() as u32);
            let mut previous = 0;
            for (key, value) in entries {
                writer.check_reference(type_name, "key", &schema.key, key)?;
                writer.check_reference(type_name, "value", &schema.value, value)?;
                write_u32(out, key.get() - previous);
                write_u32(out, value.get());
                previous = key.get();
            }
            Ok(())
        })
    }

    fn add(
        &mut self,
        type_name: &str,
        serialize: impl FnOnce(&Self, &Schema, &mut Vec<u8>) -> Result<(), FlatError>,
    ) -> Result<Ordinal, FlatError> {
        let (id, position, schema) = self.schemas.by_name(type_name)?;
        let mut record = Vec::new();
        write_u32(&mut record, id);
        serialize(self, schema, &mut record)?;
        let flat = self.starts.len() as u32;
        let too_long = FlatError::Limit {
            what: "bytes",
            limit: i32::MAX as usize,
        };
        if self.data.len() + record.len() > i32::MAX as usize {
            return Err(too_long);
        }
        let known = *self.known.entry(record).or_insert_with_key(|record| {
            self.starts.push(self.data.len() as u32);
            self.types.push(position as u32);
            self.data.extend_from_slice(record);
            flat
        });
        Ordinal::new(known).ok_or(too_long)
    }

    fn check_reference(&self, type_name: &str, field: &str, target: &str, flat: Ordinal) -> Result<(), FlatError> {
        let found = self.types.get(flat.index()).map(|&position| position as usize);
        match found.is_some() && found == self.schemas.dataset().position(target) {
            true => Ok(()),
            false => Err(mismatch(type_name, field, format!("the flat ordinal of a {target}"))),
        }
    }

    /// The bytes. The top record is the last one that was not there already.
    ///
    /// # Errors
    /// [`FlatError::Empty`]; [`FlatError::NullKey`] and [`FlatError::UnreadableKey`] if the top record has no key that can
    /// be read.
    pub fn finish(self) -> Result<Vec<u8>, FlatError> {
        let top = *self.starts.last().ok_or(FlatError::Empty)? as usize;
        let records = Records {
            bytes: Bytes::new(&self.data),
            data: 0,
            starts: self.starts,
        };
        let locations = records.key_locations(self.schemas)?;
        let (position, schema, _) = records.record(self.schemas, records.starts.len() as u32 - 1)?;
        let mut keys = Vec::new();
        for (location, path) in locations.into_iter().zip(&self.schemas.keys[position]) {
            let (type_name, path_text) = (schema.name().to_owned(), || path.full_name());
            match location {
                Some(location) if !location.is_null => {
                    // Java looks at the first byte whatever the type: a float's can be that of null.
                    if location.first_byte == crate::memory::var_int::NULL {
                        let path = path_text();
                        return Err(FlatError::UnreadableKey { type_name, path });
                    }
                    write_u32(&mut keys, location.offset as u32);
                }
                _ => {
                    let path = path_text();
                    return Err(FlatError::NullKey { type_name, path });
                }
            }
        }
        let mut out = Vec::with_capacity(self.data.len() + keys.len() + 10);
        write_u32(&mut out, top as u32);
        write_u32(&mut out, (self.data.len() - top) as u32);
        out.extend_from_slice(&self.data);
        out.extend_from_slice(&keys);
        Ok(out)
    }
}

fn kind_of(ty: &FieldType) -> FieldKind {
    FieldKind::of(ty, |_| None) // what a reference leads to does not matter for its bytes
}

pub(super) fn mismatch(type_name: &str, field: &str, expected: impl ToString) -> FlatError {
    FlatError::Mismatch {
        type_name: type_name.to_owned(),
        field: field.to_owned(),
        expected: expected.to_string(),
    }
}

/// Writes a record with all it refers to, children first.
///
/// Equal elements of a set become one. The smallest INT and LONG are null; every NaN is the same one.
///
/// # Errors
/// As the methods of [`FlatRecordWriter`], and [`FlatError::DuplicateKey`], [`FlatError::Limit`] for records nested too
/// deeply.
pub fn write(schemas: &FlatSchemas, root: &str, value: &Value) -> Result<Vec<u8>, FlatError> {
    let mut writer = FlatRecordWriter::new(schemas);
    writer.add_value(root, value, 0)?;
    writer.finish()
}

impl FlatRecordWriter<'_> {
    fn add_value(&mut self, type_name: &str, value: &Value, depth: usize) -> Result<Ordinal, FlatError> {
        if depth >= MAX_DEPTH {
            return Err(FlatError::Limit {
                what: "depth of records",
                limit: MAX_DEPTH,
            });
        }
        let (_, _, schema) = self.schemas.by_name(type_name)?;
        match (schema, value) {
            (Schema::Object(schema), Value::Object(values)) if values.len() == schema.fields.len() => {
                let mut fields = Vec::with_capacity(values.len());
                for (field, value) in schema.fields.iter().zip(values) {
                    fields.push(match (&field.ty, value) {
                        (_, Value::Null) => FieldValue::Null,
                        (FieldType::Reference(target), value) => {
                            FieldValue::Reference(self.add_value(target, value, depth + 1)?)
                        }
                        (_, Value::Int(v)) => FieldValue::Int(*v),
                        (_, Value::Long(v)) => FieldValue::Long(*v),
                        (_, Value::Boolean(v)) => FieldValue::Boolean(*v),
                        (_, Value::Float(v)) => FieldValue::Float(*v),
                        (_, Value::Double(v)) => FieldValue::Double(*v),
                        (_, Value::String(v)) => FieldValue::Text(v),
                        (_, Value::Bytes(v)) => FieldValue::Bytes(v),
                        (ty, _) => return Err(mismatch(type_name, &field.name, ty)),
                    });
                }
                self.add_object(type_name, &fields)
            }
            (Schema::List(schema), Value::List(elements)) => {
                let elements = self.add_values(&schema.element, elements, depth)?;
                self.add_list(type_name, &elements)
            }
            (Schema::Set(schema), Value::Set(elements)) => {
                let mut elements = self.add_values(&schema.element, elements, depth)?;
                elements.sort_unstable();
                elements.dedup();
                self.add_set(type_name, &elements)
            }
            (Schema::Map(schema), Value::Map(entries)) => {
                let mut added = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    let key = self.add_value(&schema.key, key, depth + 1)?;
                    added.push((key, self.add_value(&schema.value, value, depth + 1)?));
                }
                added.sort_unstable();
                added.dedup();
                if added.windows(2).any(|pair| pair[0].0 == pair[1].0) {
                    return Err(FlatError::DuplicateKey(type_name.to_owned()));
                }
                self.add_map(type_name, &added)
            }
            (schema, _) => Err(mismatch(type_name, "", schema.kind())),
        }
    }

    fn add_values(&mut self, type_name: &str, values: &[Value], depth: usize) -> Result<Vec<Ordinal>, FlatError> {
        let added = values.iter().map(|value| self.add_value(type_name, value, depth + 1));
        added.collect()
    }
}
