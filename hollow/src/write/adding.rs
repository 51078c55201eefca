//! Adding records: single ones by the ordinals of what they refer to, and whole trees of values.

use super::record_form::{self, Buckets, FieldKind, Shape};
use super::{FieldValue, ObjectRecord, TypeId, WriteError, WriteStateEngine};
use crate::Ordinal;
use crate::record::Value;
use crate::schema::{Kind, Schema};

/// How deep the records of one [`WriteStateEngine::add`] may be nested.
const MAX_DEPTH: usize = 128;

impl WriteStateEngine {
    /// Adds a record with all it refers to, children first, and gives its ordinal.
    ///
    /// Equal elements of a set become one. The smallest INT and LONG are null; every NaN is the same one.
    ///
    /// # Errors
    /// [`WriteError::Mismatch`] names the place where the value does not fit the schema. What was added before stays.
    pub fn add(&mut self, type_name: &str, value: &Value) -> Result<Ordinal, WriteError> {
        self.require_adding("add a record")?;
        let ty = self
            .type_id(type_name)
            .ok_or_else(|| WriteError::UnknownType(type_name.to_owned()))?;
        self.add_value(ty, value, MAX_DEPTH)
            .map_err(|error| error.at(type_name))
    }

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
            ty.previous.insert(ordinal);
        }
        if in_current {
            ty.current.insert(ordinal);
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
    fn with_scratch<T>(&mut self, work: impl FnOnce(&mut Self, &mut Vec<u8>) -> T) -> T {
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

    fn add_value(&mut self, ty: TypeId, value: &Value, depth: usize) -> Result<Ordinal, WriteError> {
        if depth == 0 {
            let at = String::new();
            return Err(WriteError::TooDeep { at, limit: MAX_DEPTH });
        }
        match (self.types[ty.index()].schema.kind(), value) {
            (Kind::Object, Value::Object(fields)) => self.add_object_value(ty, fields, depth - 1),
            (Kind::List, Value::List(elements)) => {
                let elements = self.add_elements(ty, elements, depth - 1)?;
                self.add_list(ty, &elements)
            }
            (Kind::Set, Value::Set(elements)) => {
                let mut elements = self.add_elements(ty, elements, depth - 1)?;
                elements.sort_unstable();
                elements.dedup();
                self.add_set(ty, &elements)
            }
            (Kind::Map, Value::Map(entries)) => self.add_map_value(ty, entries, depth - 1),
            (kind, _) => Err(WriteError::mismatch(kind.to_string(), describe(value))),
        }
    }

    fn add_object_value(&mut self, ty: TypeId, values: &[Value], depth: usize) -> Result<Ordinal, WriteError> {
        let num_fields = match &self.types[ty.index()].shape {
            Shape::Object(kinds) => kinds.len(),
            _ => 0,
        };
        if values.len() != num_fields {
            return Err(WriteError::mismatch(
                format!("{num_fields} fields"),
                format!("{} fields", values.len()),
            ));
        }
        self.with_scratch(|engine, out| {
            for (index, value) in values.iter().enumerate() {
                engine.push_value(ty, index, value, depth, out).map_err(|error| {
                    let name = engine.dataset.schemas()[ty.index()]
                        .as_object()
                        .map_or("", |object| object.fields[index].name.as_str());
                    error.at(name)
                })?;
            }
            engine.types[ty.index()].add(out)
        })
    }

    /// Appends a field of an object, after adding what it refers to.
    fn push_value(
        &mut self,
        ty: TypeId,
        index: usize,
        value: &Value,
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        let kind = match &self.types[ty.index()].shape {
            Shape::Object(kinds) => kinds[index],
            _ => return Ok(()),
        };
        let field = match (kind, value) {
            (_, Value::Null) => FieldValue::Null,
            (FieldKind::Reference(Some(target)), value) => FieldValue::Reference(self.add_value(target, value, depth)?),
            (_, Value::Int(value)) => FieldValue::Int(*value),
            (_, Value::Long(value)) => FieldValue::Long(*value),
            (_, Value::Boolean(value)) => FieldValue::Boolean(*value),
            (_, Value::Float(value)) => FieldValue::Float(*value),
            (_, Value::Double(value)) => FieldValue::Double(*value),
            (_, Value::String(value)) => FieldValue::Text(value),
            (_, Value::Bytes(value)) => FieldValue::Bytes(value),
            _ => return Err(self.field_mismatch(ty, index, value)),
        };
        if record_form::push_field(out, kind, field) {
            Ok(())
        } else {
            Err(self.field_mismatch(ty, index, value))
        }
    }

    fn field_mismatch(&self, ty: TypeId, index: usize, value: &Value) -> WriteError {
        let fields = self.types[ty.index()].schema.as_object().map(|object| &object.fields);
        match fields.map(|fields| &fields[index].ty) {
            Some(crate::schema::FieldType::Reference(name)) if self.type_id(name).is_none() => {
                WriteError::UnknownType(name.clone())
            }
            ty => WriteError::mismatch(ty.map_or_else(String::new, ToString::to_string), describe(value)),
        }
    }

    fn add_elements(&mut self, ty: TypeId, elements: &[Value], depth: usize) -> Result<Vec<Ordinal>, WriteError> {
        let target = self.element_type(ty, false)?;
        let add = |(index, element)| {
            self.add_value(target, element, depth)
                .map_err(|error| error.at_index(index))
        };
        elements.iter().enumerate().map(add).collect()
    }

    fn add_map_value(&mut self, ty: TypeId, entries: &[(Value, Value)], depth: usize) -> Result<Ordinal, WriteError> {
        let (key_type, value_type) = (self.element_type(ty, false)?, self.element_type(ty, true)?);
        let mut added = Vec::with_capacity(entries.len());
        for (index, (key, value)) in entries.iter().enumerate() {
            let key = self
                .add_value(key_type, key, depth)
                .map_err(|error| error.at("key").at_index(index))?;
            let value = self
                .add_value(value_type, value, depth)
                .map_err(|error| error.at("value").at_index(index))?;
            added.push((key, value));
        }
        added.sort_unstable();
        added.dedup();
        if let Some(twice) = added.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(WriteError::DuplicateKey {
                type_name: self.types[ty.index()].name().to_owned(),
                key: twice[0].0,
            });
        }
        self.add_map(ty, &added)
    }

    /// The type of elements or keys, or of the values of a map.
    fn element_type(&self, ty: TypeId, of_values: bool) -> Result<TypeId, WriteError> {
        let ty = &self.types[ty.index()];
        let resolved = match ty.shape {
            Shape::List(element) | Shape::Set(element) => element,
            Shape::Map(key, value) => {
                if of_values {
                    value
                } else {
                    key
                }
            }
            Shape::Object(_) => None,
        };
        resolved.ok_or_else(|| {
            let name = ty
                .schema
                .references()
                .get(usize::from(of_values))
                .copied()
                .unwrap_or("");
            WriteError::UnknownType(name.to_owned())
        })
    }
}

/// Without a hash of the caller's, an ordinal is its own.
fn default_hash(ordinal: Ordinal) -> i32 {
    ordinal.get().cast_signed()
}

fn describe(value: &Value) -> String {
    let what = match value {
        Value::Null => "null",
        Value::Int(_) => "int",
        Value::Long(_) => "long",
        Value::Boolean(_) => "boolean",
        Value::Float(_) => "float",
        Value::Double(_) => "double",
        Value::String(_) => "string",
        Value::Bytes(_) => "bytes",
        Value::Object(_) => "an object",
        Value::List(_) => "a list",
        Value::Set(_) => "a set",
        Value::Map(_) => "a map",
    };
    what.to_owned()
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

impl WriteError {
    fn mismatch(expected: String, found: String) -> Self {
        WriteError::Mismatch {
            at: String::new(),
            expected,
            found,
        }
    }

    /// Says in which field of an object, or in which record, the error is.
    fn at(mut self, name: &str) -> Self {
        if let WriteError::Mismatch { at, .. } | WriteError::TooDeep { at, .. } = &mut self {
            let separator = if at.is_empty() || at.starts_with('[') { "" } else { "." };
            *at = format!("{name}{separator}{at}");
        }
        self
    }

    /// Says in which element the error is.
    fn at_index(mut self, index: usize) -> Self {
        if let WriteError::Mismatch { at, .. } | WriteError::TooDeep { at, .. } = &mut self {
            let separator = if at.is_empty() || at.starts_with('[') { "" } else { "." };
            *at = format!("[{index}]{separator}{at}");
        }
        self
    }
}
