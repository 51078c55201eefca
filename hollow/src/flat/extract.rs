//! From a record of a state to bytes.

use super::write::{FlatRecordWriter, MAX_DEPTH};
use super::{FlatError, FlatSchemas};
use crate::Ordinal;
use crate::read::{ObjectTypeState, ReadState, TypeReadState};
use crate::schema::FieldType;
use crate::write::FieldValue;
use std::collections::HashMap;

/// Writes a record of a state with all it refers to: the bytes are those that Java Hollow extracts. As there, NaN becomes
/// null.
///
/// # Errors
/// [`FlatError::NoRecord`] if there is no such record, a record it refers to is not in the state, or the state has another
/// schema for a type; else as [`write()`](super::write()).
pub fn extract(
    schemas: &FlatSchemas,
    state: &ReadState,
    type_name: &str,
    ordinal: Ordinal,
) -> Result<Vec<u8>, FlatError> {
    let mut extraction = Extraction {
        schemas,
        state,
        writer: FlatRecordWriter::new(schemas),
        done: HashMap::new(),
    };
    extraction.record(type_name, ordinal, 0)?;
    extraction.writer.finish()
}

struct Extraction<'s> {
    schemas: &'s FlatSchemas,
    state: &'s ReadState,
    writer: FlatRecordWriter<'s>,
    /// Flat ordinals by type and ordinal: what many records share is visited once.
    done: HashMap<(usize, Ordinal), Ordinal>,
}

impl<'s> Extraction<'s> {
    fn record(&mut self, type_name: &str, ordinal: Ordinal, depth: usize) -> Result<Ordinal, FlatError> {
        if depth >= MAX_DEPTH {
            return Err(FlatError::Limit {
                what: "depth of records",
                limit: MAX_DEPTH,
            });
        }
        let no_record = || FlatError::NoRecord {
            type_name: type_name.to_owned(),
            ordinal: ordinal.get(),
        };
        let (_, position, schema) = self.schemas.by_name(type_name)?;
        if let Some(&flat) = self.done.get(&(position, ordinal)) {
            return Ok(flat);
        }
        let ty = self.state.ty(type_name).filter(|ty| ty.is_populated(ordinal));
        let ty = ty.filter(|ty| ty.schema() == schema).ok_or_else(no_record)?;
        let flat = match ty {
            TypeReadState::Object(ty) => {
                let mut fields = Vec::with_capacity(ty.schema().fields.len());
                for at in 0..ty.schema().fields.len() {
                    fields.push(self.field(ty, ordinal, at, depth)?);
                }
                self.writer.add_object(type_name, &fields)?
            }
            TypeReadState::List(ty) => {
                let elements = self.records(&ty.schema().element, ty.elements(ordinal), depth)?;
                self.writer.add_list(type_name, &elements)?
            }
            TypeReadState::Set(ty) => {
                let elements = self.records(&ty.schema().element, ty.elements(ordinal), depth)?;
                self.writer.add_set(type_name, &elements)?
            }
            TypeReadState::Map(ty) => {
                let mut entries = Vec::with_capacity(ty.len_of(ordinal));
                for (key, value) in ty.entries(ordinal) {
                    let key = self.record(&ty.schema().key, key, depth + 1)?;
                    entries.push((key, self.record(&ty.schema().value, value, depth + 1)?));
                }
                self.writer.add_map(type_name, &entries)?
            }
        };
        self.done.insert((position, ordinal), flat);
        Ok(flat)
    }

    fn records(
        &mut self,
        type_name: &str,
        ordinals: impl Iterator<Item = Ordinal>,
        depth: usize,
    ) -> Result<Vec<Ordinal>, FlatError> {
        ordinals
            .map(|ordinal| self.record(type_name, ordinal, depth + 1))
            .collect()
    }

    fn field(
        &mut self,
        ty: &'s ObjectTypeState,
        ordinal: Ordinal,
        at: usize,
        depth: usize,
    ) -> Result<FieldValue<'s>, FlatError> {
        let value = match &ty.schema().fields[at].ty {
            FieldType::Int => ty.int(ordinal, at).map(FieldValue::Int),
            FieldType::Long => ty.long(ordinal, at).map(FieldValue::Long),
            FieldType::Boolean => ty.boolean(ordinal, at).map(FieldValue::Boolean),
            FieldType::Float => ty.float(ordinal, at).filter(|v| !v.is_nan()).map(FieldValue::Float),
            FieldType::Double => ty.double(ordinal, at).filter(|v| !v.is_nan()).map(FieldValue::Double),
            FieldType::String => ty.text(ordinal, at).map(|text| FieldValue::StoredText(text.bytes())),
            FieldType::Bytes => ty.bytes(ordinal, at).map(FieldValue::Bytes),
            FieldType::Reference(target) => match ty.reference(ordinal, at) {
                Some(child) => Some(FieldValue::Reference(self.record(target, child, depth + 1)?)),
                None => None,
            },
        };
        Ok(value.unwrap_or(FieldValue::Null))
    }
}
