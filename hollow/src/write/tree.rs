//! Adding whole trees of values: children first, each at the place where its schema expects it.

use super::record_form::{self, FieldKind, Shape};
use super::{FieldValue, TypeId, WriteError, WriteStateEngine};
use crate::Ordinal;
use crate::record::Value;
use crate::schema::{FieldType, Kind};

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
            Some(FieldType::Reference(name)) if self.type_id(name).is_none() => WriteError::UnknownType(name.clone()),
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
        Value::Object(_) => "OBJECT",
        Value::List(_) => "LIST",
        Value::Set(_) => "SET",
        Value::Map(_) => "MAP",
    };
    what.to_owned()
}

impl WriteError {
    pub(super) fn mismatch(expected: String, found: String) -> Self {
        WriteError::Mismatch {
            at: String::new(),
            expected,
            found,
        }
    }

    /// Says in which field of an object, or in which record, the error is.
    pub(super) fn at(mut self, name: &str) -> Self {
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
