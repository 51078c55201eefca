//! Adding single records, by the ordinals of what they refer to.

use super::record_form::{self, Buckets, Shape};
use super::{FieldValue, ObjectRecord, TypeId, WriteError, WriteStateEngine};
use crate::Ordinal;
use crate::schema::{Kind, Schema};

impl WriteStateEngine {
    /// Adds a record of an object type and gives its ordinal.
    ///
    /// # Errors
    /// [`WriteError::WrongKind`], [`WriteError::Mismatch`], [`WriteError::OrdinalLimit`], [`WriteError::WrongPhase`].
    pub fn add_object(&mut self, ty: TypeId, record: &ObjectRecord<'_>) -> Result<Ordinal, WriteError> {
        self.add_serialized(ty, Kind::Object, |engine, out| engine.serialize_object(ty, record, out))
    }

    /// Adds a list of records added before.
    ///
    /// # Errors
    /// As [`WriteStateEngine::add_object`].
    pub fn add_list(&mut self, ty: TypeId, elements: &[Ordinal]) -> Result<Ordinal, WriteError> {
        self.add_serialized(ty, Kind::List, |_, out| {
            record_form::push_list(out, elements);
            Ok(())
        })
    }

    /// Adds a set of records added before. An element given twice is stored twice.
    ///
    /// # Errors
    /// As [`WriteStateEngine::add_object`], and [`WriteError::SizeLimit`].
    pub fn add_set(&mut self, ty: TypeId, elements: &[Ordinal]) -> Result<Ordinal, WriteError> {
        let hashed: Vec<_> = elements
            .iter()
            .map(|&element| (element, default_hash(element)))
            .collect();
        self.add_set_hashed(ty, &hashed)
    }

    /// Adds a set with a hash for each element, which decides its bucket unless the type has a hash key.
    ///
    /// # Errors
    /// As [`WriteStateEngine::add_set`].
    pub fn add_set_hashed(&mut self, ty: TypeId, elements: &[(Ordinal, i32)]) -> Result<Ordinal, WriteError> {
        self.add_serialized(ty, Kind::Set, |engine, out| {
            let fits = record_form::push_set(out, &mut elements.to_vec(), Buckets::Mixed);
            engine.check_collection(ty, fits, elements.len())
        })
    }

    /// Adds a map of keys and values added before. A key given twice is stored twice.
    ///
    /// # Errors
    /// As [`WriteStateEngine::add_set`].
    pub fn add_map(&mut self, ty: TypeId, entries: &[(Ordinal, Ordinal)]) -> Result<Ordinal, WriteError> {
        let hashed: Vec<_> = entries
            .iter()
            .map(|&(key, value)| (key, value, default_hash(key)))
            .collect();
        self.add_map_hashed(ty, &hashed)
    }

    /// Adds a map with a hash for each key, which decides its bucket unless the type has a hash key.
    ///
    /// # Errors
    /// As [`WriteStateEngine::add_set`].
    pub fn add_map_hashed(&mut self, ty: TypeId, entries: &[(Ordinal, Ordinal, i32)]) -> Result<Ordinal, WriteError> {
        self.add_serialized(ty, Kind::Map, |engine, out| {
            let fits = record_form::push_map(out, &mut entries.to_vec(), Buckets::Mixed);
            engine.check_collection(ty, fits, entries.len())
        })
    }

    /// Places a record of an object type at an ordinal, as part of the previous state, this one, both or none. When all
    /// are placed, call [`WriteStateEngine::recalculate_free_ordinals`].
    ///
    /// Memory grows with the ordinal, not with the number of records.
    ///
    /// # Errors
    /// As [`WriteStateEngine::add_object`], and [`WriteError::OrdinalTaken`].
    pub fn map_object(
        &mut self,
        ty: TypeId,
        record: &ObjectRecord<'_>,
        ordinal: Ordinal,
        in_previous: bool,
        in_current: bool,
    ) -> Result<(), WriteError> {
        self.require_adding("place a record")?;
        self.check_kind(ty, Kind::Object)?;
        let mut out = Vec::new();
        self.serialize_object(ty, record, &mut out)?;
        let ty = &mut self.types[ty.index()];
        ty.map_at(ordinal, &out)?;
        if in_previous {
            ty.members.insert_previous(ordinal);
        }
        if in_current {
            ty.members.insert(ordinal);
        }
        Ok(())
    }

    fn add_serialized(
        &mut self,
        ty: TypeId,
        kind: Kind,
        serialize: impl FnOnce(&Self, &mut Vec<u8>) -> Result<(), WriteError>,
    ) -> Result<Ordinal, WriteError> {
        self.require_adding("add a record")?;
        self.check_kind(ty, kind)?;
        self.with_scratch(|engine, out| {
            serialize(engine, out)?;
            engine.types[ty.index()].add(out)
        })
    }

    /// Lends a buffer: records are built in one for each level of nesting, over and over.
    pub(super) fn with_scratch<T>(&mut self, work: impl FnOnce(&mut Self, &mut Vec<u8>) -> T) -> T {
        let mut buffer = self.scratch.pop().unwrap_or_default();
        buffer.clear();
        let result = work(self, &mut buffer);
        self.scratch.push(buffer);
        result
    }

    fn check_kind(&self, ty: TypeId, found: Kind) -> Result<(), WriteError> {
        let schema = &self.types[ty.index()].schema;
        if schema.kind() == found {
            return Ok(());
        }
        Err(WriteError::WrongKind {
            type_name: schema.name().to_owned(),
            expected: schema.kind(),
            found,
        })
    }

    fn check_collection(&self, ty: TypeId, fits: bool, size: usize) -> Result<(), WriteError> {
        if fits {
            return Ok(());
        }
        Err(WriteError::SizeLimit {
            what: "collection",
            type_name: self.types[ty.index()].name().to_owned(),
            size: size as u64,
            limit: crate::memory::hash::MAX_COLLECTION_SIZE.into(),
        })
    }

    fn serialize_object(&self, ty: TypeId, record: &ObjectRecord<'_>, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let ty = &self.types[ty.index()];
        let (Schema::Object(schema), Shape::Object(kinds)) = (&ty.schema, &ty.shape) else {
            return Ok(()); // the kind was checked
        };
        if record.fields.len() > kinds.len() {
            let expected = format!("{} fields", kinds.len());
            return Err(WriteError::mismatch(expected, format!("{}", record.fields.len())).at(ty.name()));
        }
        let values = record.fields.iter().copied().chain(std::iter::repeat(FieldValue::Null));
        for ((&kind, field), value) in kinds.iter().zip(&schema.fields).zip(values) {
            if !record_form::push_field(out, kind, value) {
                let error = WriteError::mismatch(field.ty.to_string(), describe_field(&value));
                return Err(error.at(&field.name).at(ty.name()));
            }
        }
        Ok(())
    }
}

/// Without a hash of the caller's, an ordinal is its own.
fn default_hash(ordinal: Ordinal) -> i32 {
    ordinal.get().cast_signed()
}

fn describe_field(value: &FieldValue<'_>) -> String {
    let what = match value {
        FieldValue::Null => "null",
        FieldValue::Int(_) => "int",
        FieldValue::Long(_) => "long",
        FieldValue::Boolean(_) => "boolean",
        FieldValue::Float(_) => "float",
        FieldValue::Double(_) => "double",
        FieldValue::Text(_) | FieldValue::StoredText(_) => "string",
        FieldValue::Bytes(_) => "bytes",
        FieldValue::Reference(_) => "a reference",
    };
    what.to_owned()
}
